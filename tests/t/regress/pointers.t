# Published bugs about pointers, references and the stack; others stand beside their rule in ../verifier.

-- case CVE-2022-23222: arithmetic before the comparison with NULL
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
r6 = r0
r6 += 1
if r0 == 0 goto out
r1 = r0
r2 = 0
call bpf_ringbuf_submit
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_NULL

-- case CVE-2021-4204: behind a record
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
*(u64 *)(r0 +8) = 1
r1 = r0
r2 = 0
call bpf_ringbuf_submit
out:
r0 = 0
exit
-- reject REJ_MEM_BOUNDS

-- case CVE-2022-0500: a store to what may only be read
-- prog socket_filter
-- map m array 4 8 1 80
r1 = map[m][0]+0
*(u64 *)(r1 +0) = 1
r0 = 0
exit
-- reject REJ_MAP_WRITE

-- case CVE-2026-90177: an atomic on a socket
-- prog cgroup_skb
r2 = *(u64 *)(r1 +168)
if r2 == 0 goto out
r3 = 1
lock *(u32 *)(r2 +4) += r3
out:
r0 = 0
exit
-- reject REJ_ATOMIC_STORE

-- case CVE-2022-0264: an exchange of a stored pointer
-- prog socket_filter caps=bpf
*(u64 *)(r10 -8) = r10
r0 = 0
r1 = 0
r0 = atomic64_cmpxchg((u64 *)(r10 -8), r0, r1)
r0 = 0
exit
-- reject REJ_LEAK_SPILL

-- case CVE-2024-58098: packet pointers do not survive a change
-- prog sched_cls
r6 = r1
r7 = *(u32 *)(r1 +76)
r3 = *(u32 *)(r1 +80)
r4 = r7
r4 += 14
if r4 > r3 goto out
r2 = 64
call bpf_skb_pull_data
r0 = *(u8 *)(r7 +0)
out:
r0 = 0
exit
-- reject REJ_INVALID_MEM

-- case CVE-2024-58100: nor a function that changes the packet
-- prog sched_cls
r6 = r1
r7 = *(u32 *)(r1 +76)
r3 = *(u32 *)(r1 +80)
r4 = r7
r4 += 14
if r4 > r3 goto out
call f
r0 = *(u8 *)(r7 +0)
out:
r0 = 0
exit
f:
r2 = 64
call bpf_skb_pull_data
r0 = 0
exit
-- reject REJ_INVALID_MEM

-- case CVE-2023-52462: a partly overwritten pointer is no pointer
-- prog socket_filter
*(u64 *)(r10 -8) = r1
*(u8 *)(r10 -8) = 0
r1 = *(u64 *)(r10 -8)
r0 = *(u32 *)(r1 +0)
exit
-- reject REJ_INVALID_MEM

-- case 2024: a narrow spill over a wide one
-- prog socket_filter
r6 = *(u32 *)(r1 +0)
r7 = 5
*(u64 *)(r10 -8) = r7
*(u32 *)(r10 -8) = r6
r0 = *(u64 *)(r10 -8)
if r0 == 6 goto sink
r0 = 0
exit
sink:
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case 2024: a wide spill, read in part
-- prog sched_cls
r6 = 0x1122334455667788 ll
*(u64 *)(r10 -8) = r6
r0 = *(u32 *)(r10 -4)
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x11223344

-- case CVE-2017-17856: pointers are stored aligned
-- prog socket_filter
*(u64 *)(r10 -12) = r1
r0 = 0
exit
-- reject REJ_MISALIGNED

-- case off by two: greater is not greater or equal
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 8
if r4 > r3 goto out
r0 = *(u8 *)(r2 +8)
out:
r0 = 1
exit
-- reject REJ_PKT_BOUNDS

-- case off by two: below the end, one byte more
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 8
r0 = 1
if r4 >= r3 goto out
r0 = *(u8 *)(r2 +8)
out:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x88

-- case a packet pointer that moved is compared afresh
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 8
if r4 > r3 goto out
r5 = *(u8 *)(r2 +0)
r2 += r5
r0 = *(u8 *)(r2 +0)
out:
r0 = 1
exit
-- reject REJ_PKT_BOUNDS

-- case CVE-2026-31526: a function ends with a lock held
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r1 = r0
call f
out:
r0 = 0
exit
f:
call bpf_spin_lock
r0 = 0
exit
-- reject REJ_IN_SECTION

-- case CVE-2026-98048: a load that a jump leads to is not removed
-- prog sched_cls
r6 = *(u32 *)(r1 +0)
r1 = 5
*(u64 *)(r10 -8) = r1
if r6 == 77777 goto fill
*(u64 *)(r10 -8) = r1
call bpf_get_smp_processor_id
fill:
r1 = *(u64 *)(r10 -8)
r0 = r1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 5

-- case a constant key says nothing about the CPU
-- prog xdp
-- map m percpu_array 4 8 1
*(u32 *)(r10 -4) = 0
r2 = r10
r2 += -4
r1 = map[m]
r3 = 99
call bpf_map_lookup_percpu_elem
r0 = *(u64 *)(r0 +0)
exit
-- reject REJ_INVALID_MEM "map_value_or_null"

-- case an inner map of any size promises no element
-- prog xdp
-- map inner array 4 8 8 0x1000
-- map outer array_of_maps 4 4 1
lookup outer
if r0 == 0 goto out
*(u32 *)(r10 -8) = 4
r1 = r0
r2 = r10
r2 += -8
call bpf_map_lookup_elem
r0 = *(u64 *)(r0 +0)
out:
exit
-- reject REJ_INVALID_MEM "map_value_or_null"

-- case an inner map of one size does
-- prog xdp
-- map inner array 4 8 8 0x0
-- map outer array_of_maps 4 4 1
lookup outer
if r0 == 0 goto out
*(u32 *)(r10 -8) = 4
r1 = r0
r2 = r10
r2 += -8
call bpf_map_lookup_elem
r0 = *(u64 *)(r0 +0)
out:
exit
-- accept
