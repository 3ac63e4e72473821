# Published bugs of pruning and precision: a state may only be dropped for one that allows everything it does.

-- case CVE-2017-17855: a pointer is not a number
-- prog socket_filter
-- map m array 4 8 1
r6 = *(u32 *)(r1 +0)
lookup m
if r0 == 0 goto out
r7 = r0
if r6 == 0 goto join
r7 = 1
join:
*(u64 *)(r7 +0) = 1
out:
r0 = 0
exit
-- reject REJ_INVALID_MEM

-- case CVE-2023-2163: operands of branches are precise
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
r9 = *(u64 *)(r0 +0)
r7 = 0
if r6 > 5 goto one
r7 = 1000
one:
if r9 s<= 3 goto two
r7 += 0
two:
r0 += r7
r0 = *(u8 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_MIN_OUTSIDE

-- case CVE-2023-52920: a spill by another register than r10
-- prog socket_filter
r6 = *(u32 *)(r1 +0)
*(u64 *)(r10 -8) = 0
*(u64 *)(r10 -16) = 0
*(u64 *)(r10 -24) = 0
r8 = r10
r8 += -16
r1 = -8
if r6 == 0 goto join
r1 = 600
join:
*(u64 *)(r8 +0) = r1
r2 = *(u64 *)(r10 -16)
r3 = r10
r3 += r2
r0 = *(u8 *)(r3 +0)
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case CVE-2025-38279: a comparison with the frame pointer
-- prog socket_filter
r6 = *(u32 *)(r1 +0)
r2 = r10
r2 += -8
*(u64 *)(r10 -8) = 0
if r10 > r2 goto a
r6 = 0
a:
r6 &= 7
r3 = r10
r3 += -8
r3 += r6
r0 = *(u8 *)(r3 +0)
exit
-- accept

-- case a negation is precise
-- prog socket_filter
r6 = *(u32 *)(r1 +0)
*(u64 *)(r10 -8) = 0
r1 = 8
if r6 == 0 goto join
r1 = 600
join:
r1 = -r1
r3 = r10
r3 += r1
r0 = *(u8 *)(r3 +0)
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case a byte swap is precise
-- prog socket_filter
r6 = *(u32 *)(r1 +0)
*(u64 *)(r10 -8) = 0
r1 = 0
if r6 == 0 goto join
r1 = 0x100
join:
r1 = be16 r1
r3 = r10
r3 += -8
r3 += r1
r3 += 7
r0 = *(u8 *)(r3 +0)
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case arguments of functions are precise
-- prog socket_filter
r6 = *(u32 *)(r1 +0)
r1 = -8
if r6 == 0 goto join
r1 = 600
join:
call f
exit
f:
*(u64 *)(r10 -8) = 0
r3 = r10
r3 += r1
r0 = *(u8 *)(r3 +0)
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case CVE-2024-45020: a deeper stack is another state
-- prog socket_filter caps=bpf
r6 = *(u32 *)(r1 +0)
*(u64 *)(r10 -8) = 0
if r6 == 0 goto join
*(u64 *)(r10 -512) = 0
join:
r0 = *(u64 *)(r10 -512)
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case a callback may run any number of times
-- prog socket_filter
-- btf
-- map m array 4 8 1
*(u64 *)(r10 -8) = 0
r1 = 10
r2 = subprog[cb]
r3 = r10
r3 += -8
r4 = 0
call bpf_loop
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r10 -8)
if r1 > 3 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
cb:
r3 = *(u64 *)(r2 +0)
r3 += 1
*(u64 *)(r2 +0) = r3
r0 = 0
exit
-- reject REJ_DIV_ZERO

-- case marks that come late pass through all of a path that was stopped in a loop
-- prog socket_filter flags=0x8
r7 = 1
call bpf_get_prandom_u32
if r0 > 7 goto big
again:
may_goto out
call bpf_get_prandom_u32
if r0 > 7 goto use
r1 = 1
r1 = 2
r1 = 3
r1 = 4
r1 = 5
r1 = 6
if r0 == 1 goto c
r1 = 7
c:
r1 = 1
r1 = 2
r1 = 3
r1 = 4
r1 = 5
r1 = 6
if r0 == 3 goto t
r1 = 7
t:
r1 = 1
r1 = 2
r1 = 3
r1 = 4
r1 = 5
r1 = 6
if r0 == 5 goto u
r1 = 7
u:
r1 = 2
r1 = 3
r1 = 4
goto again
use:
if r7 > 50 goto sink
r0 = 0
exit
big:
r7 = 100
goto c
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO
