// SPDX-License-Identifier: BSD-2-Clause
// Goroutines whose stacks grow and move while functions on them are probed.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

//go:noinline
func deep(n int) int {
	var pad [64]int
	if n == 0 {
		return 0
	}
	pad[n%64] = n
	return deep(n-1) + pad[n%64] - n + 1
}

//go:noinline
func add(a, b int) int {
	if a > 1000000 {
		panic("big")
	}
	return a + b
}

func main() {
	var wg sync.WaitGroup
	bad := 0
	var mu sync.Mutex
	for g := 0; g < 8; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < 100; i++ {
				if deep(200) != 200 || add(i, 2) != i+2 {
					mu.Lock()
					bad++
					mu.Unlock()
				}
				if i%10 == 0 {
					runtime.GC()
				}
			}
		}()
	}
	wg.Wait()
	fmt.Println("bad", bad)
	if bad != 0 {
		os.Exit(1)
	}
}
