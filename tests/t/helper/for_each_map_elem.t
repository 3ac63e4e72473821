# bpf_for_each_map_elem: each element once, stopped early, flags; each pointer refused when it is a number.

-- case all elements of an array
-- prog sched_cls
-- btf
-- map m array 4 8 4
*(u64 *)(r10 -8) = 0
r1 = map[m]
r2 = subprog[cb]
r3 = r10
r3 += -8
r4 = 0
call bpf_for_each_map_elem
r1 = *(u64 *)(r10 -8)
r0 *= 100
r0 += r1
exit
cb:
r1 = *(u32 *)(r2 +0)
r2 = *(u64 *)(r4 +0)
r2 += r1
*(u64 *)(r4 +0) = r2
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 406

-- case an empty hash
-- prog sched_cls
-- btf
-- map m hash 4 8 4
r1 = map[m]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_for_each_map_elem
exit
cb:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case stopped by the second
-- prog sched_cls
-- btf
-- map m array 4 8 4
r1 = map[m]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_for_each_map_elem
exit
cb:
r1 = *(u32 *)(r2 +0)
r0 = 0
if r1 != 1 goto on
r0 = 1
on:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 2

-- case flags
-- prog sched_cls
-- btf
-- map m array 4 8 4
r1 = map[m]
r2 = subprog[cb]
r3 = 0
r4 = 1
call bpf_for_each_map_elem
exit
cb:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case map is a number
-- prog sched_cls
-- btf
-- map m array 4 8 4
r1 = 1
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_for_each_map_elem
exit
cb:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"
