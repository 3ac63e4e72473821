# Small static functions are put where they are called: results are those of calls.

-- case called twice, with several exits
-- prog sched_cls
-- btf
r6 = 3
r7 = 70
r8 = 800
r9 = 9000
r1 = 1
r2 = 5
call f
r6 += r0
r1 = 9
r2 = 4
call f
r0 += r6
r0 += r7
r0 += r8
r0 += r9
exit
f:
if r1 > r2 goto big
r0 = r2
r0 -= r1
exit
big:
r0 = r1
r0 *= r2
if r0 s> 30 goto more
exit
more:
r0 += 100000
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 109913

-- case a body that ends with a jump
-- prog sched_cls
-- btf
r1 = 4
call f
r6 = r0
r1 = 6
call f
r0 *= 100
r0 += r6
exit
f:
r0 = 0
goto test
out:
exit
test:
r0 += r1
r1 -= 1
if r1 == 0 goto out
goto test
-- accept
-- run data=00112233445566778899aabbccdd -> 2110

-- case arguments of the caller are gone, its own registers not
-- prog sched_cls
-- btf
r6 = r1
r1 = *(u32 *)(r6 +0)
r2 = 7
r3 = 11
r4 = 13
r5 = 17
call f
r2 = *(u32 *)(r6 +0)
r1 = r2
r1 -= 1
r2 = 1
r3 = 1
r4 = 1
r5 = 1
r7 = r0
call f
r0 -= r7
exit
f:
r0 = r1
r1 = r2
r1 += r3
r1 *= r4
r1 += r5
r0 += r1
r2 = 0
r3 = 0
r4 = 0
r5 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -249

-- case helpers and lookups in a body
-- prog sched_cls
-- map counts array 4 8 4
-- btf
r6 = 0
*(u32 *)(r10 -4) = 0
r1 = r10
r1 += -4
r2 = 40
call f
r6 = r0
*(u32 *)(r10 -4) = 9
r1 = r10
r1 += -4
r2 = 2
call f
r0 *= 1000
r0 += r6
exit
f:
r0 = r2
r2 = r1
r1 = map[counts]
call bpf_map_lookup_elem
if r0 == 0 goto none
r1 = *(u64 *)(r0 +0)
r1 += 5
*(u64 *)(r0 +0) = r1
r0 = r1
exit
none:
r0 = 7
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 7005

-- case a loop's callback with two exits and a lookup
-- prog sched_cls
-- map counts array 4 8 4
-- btf
*(u64 *)(r10 -16) = 0
r6 = 1000000
r7 = 2000000
r8 = 4000000
r1 = 100
r2 = subprog[cb]
r3 = r10
r3 += -16
r4 = 0
call bpf_loop
r0 *= 1000
r1 = *(u64 *)(r10 -16)
r0 += r1
r0 += r6
r0 += r7
r0 += r8
exit
cb:
r3 = *(u64 *)(r2 +0)
r3 += r1
*(u64 *)(r2 +0) = r3
if r1 == 10 goto stop
r0 = 0
exit
stop:
r0 = 1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 7011055

-- case two loops, one in a function
-- prog sched_cls
-- btf
*(u64 *)(r10 -8) = 0
r1 = 5
r2 = subprog[cb]
r3 = r10
r3 += -8
r4 = 0
call bpf_loop
r1 = r10
r1 += -8
call f
r1 = *(u64 *)(r10 -8)
r0 *= 100
r0 += r1
exit
f:
r3 = r1
r1 = 3
r2 = subprog[cb]
r4 = 0
call bpf_loop
exit
cb:
r3 = *(u64 *)(r2 +0)
r3 += r1
*(u64 *)(r2 +0) = r3
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 313

-- case functions that are too much for it: stack, kept registers, calls
-- prog sched_cls
-- btf
r6 = 5
r1 = 1
call stack
r6 += r0
r1 = 2
call kept
r6 += r0
r1 = 3
call calls
r0 += r6
exit
stack:
*(u64 *)(r10 -8) = r1
r0 = *(u64 *)(r10 -8)
r0 *= 10
exit
kept:
r6 = r1
r7 = r6
r7 *= 100
r0 = r7
exit
calls:
call leaf
r0 *= 1000
exit
leaf:
r0 = r1
r0 += 1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 4215

-- case a body without CAP_PERFMON
-- prog sched_cls caps=bpf
-- map counts array 4 16 1
-- btf
lookup counts
if r0 == 0 goto out
r1 = r0
r2 = *(u64 *)(r0 +0)
call f
out:
exit
f:
r2 &= 7
r1 += r2
r3 = *(u8 *)(r1 +8)
r0 = r3
r0 += 3
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 3
