// SPDX-License-Identifier: BSD-2-Clause
// A static server whose handlers run on goroutines that move between threads and stacks that grow.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// Without a check of the stack, which would enter it a second time where the stack grows.
//
//go:noinline
//go:nosplit
func work(n int) int {
	var room [64]int
	for i := range room {
		room[i] = n + i
	}
	return room[n&63] - n
}

//go:noinline
func deep(n int) int {
	var room [32]int
	if n == 0 {
		return room[0]
	}
	room[n&31] = n
	return deep(n-1) + room[n&31] - n
}

var total int64

//go:noinline
func handle(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("n"))
	var g sync.WaitGroup
	for i := 0; i < 10; i++ {
		g.Add(1)
		go func() {
			defer g.Done()
			deep(200)
			for j := 0; j < n/10; j++ {
				atomic.AddInt64(&total, int64(work(j)-j&63))
				syscall.Getpgid(0)
			}
		}()
	}
	g.Wait()
	fmt.Fprintf(w, "done %d\n", n)
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	os.WriteFile(os.Args[1], []byte(l.Addr().String()), 0644)
	http.HandleFunc("/", handle)
	http.HandleFunc("/total", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, atomic.LoadInt64(&total)) })
	http.Serve(l, nil)
}
