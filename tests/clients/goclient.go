// SPDX-License-Identifier: BSD-2-Clause
// A Go client: maps, a program, a ring buffer read through epoll. Static, with cilium/ebpf.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
)

var failed bool

func check(ok bool, what string, args ...interface{}) {
	if ok {
		fmt.Println("ok " + what)
		return
	}
	failed = true
	fmt.Println("not ok "+what, fmt.Sprint(args...))
}

func main() {
	check(rlimit.RemoveMemlock() == nil, "memlock")
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "numbers", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 100})
	check(err == nil, "map", err)
	if err != nil {
		os.Exit(1)
	}
	for i := uint32(0); i < 50; i++ {
		err = m.Put(i, uint64(i)*uint64(i))
	}
	check(err == nil, "put", err)
	var v uint64
	check(m.Lookup(uint32(7), &v) == nil && v == 49, "lookup", v)
	n := 0
	var k uint32
	it := m.Iterate()
	for it.Next(&k, &v) {
		n++
	}
	check(n == 50 && it.Err() == nil, "iterate", n, it.Err())
	check(m.Delete(uint32(7)) == nil && m.Lookup(uint32(7), &v) != nil, "delete")
	keys, values := make([]uint32, 64), make([]uint64, 64)
	got, _ := m.BatchLookup(nil, &k, keys, values, nil)
	check(got == 49, "batch", got)
	os.Mkdir("/sys/fs/bpf/goclient", 0700)
	check(m.Pin("/sys/fs/bpf/goclient/m") == nil, "pin")
	again, err := ebpf.LoadPinnedMap("/sys/fs/bpf/goclient/m", nil)
	check(err == nil && again.Lookup(uint32(5), &v) == nil && v == 25, "pinned", err)
	check(m.Unpin() == nil, "unpin")
	os.Remove("/sys/fs/bpf/goclient")

	ring, err := ebpf.NewMap(&ebpf.MapSpec{Name: "ring", Type: ebpf.RingBuf, MaxEntries: 4096})
	check(err == nil, "ring", err)
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "send", Type: ebpf.XDP, License: "GPL", Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R1, 4242),
		asm.StoreMem(asm.RFP, -8, asm.R1, asm.DWord),
		asm.LoadMapPtr(asm.R1, ring.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -8),
		asm.Mov.Imm(asm.R3, 8),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnRingbufOutput.Call(),
		asm.Mov.Imm(asm.R0, 2),
		asm.Return(),
	}})
	check(err == nil, "program", err)
	if err != nil {
		os.Exit(1)
	}
	info, err := prog.Info()
	check(err == nil && info.Name == "send", "info", err)
	rd, err := ringbuf.NewReader(ring)
	check(err == nil, "reader", err)
	const records = 1000
	go func() {
		for i := 0; i < records; i++ {
			ret, _, err := prog.Test(make([]byte, 64))
			if err != nil || ret != 2 {
				check(false, "run", err)
			}
			if i%100 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	time.AfterFunc(20*time.Second, func() { fmt.Println("not ok ring: not all records came"); os.Exit(1) })
	good := 0
	for i := 0; i < records; i++ {
		r, err := rd.Read()
		if err == nil && binary.LittleEndian.Uint64(r.RawSample) == 4242 {
			good++
		}
	}
	check(good == records, "records", good)
	rd.Close()
	if failed {
		os.Exit(1)
	}
}
