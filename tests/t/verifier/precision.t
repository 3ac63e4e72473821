# What pruning may forget: every case reaches one instruction with two values of which only one is fine.

-- case offset through a copy
-- prog socket_filter flags=0x8
call bpf_get_prandom_u32
r6 = -8
if r0 == 0 goto join
r6 = 8
join:
r7 = r6
r1 = r10
r1 += r7
*(u64 *)(r1 +0) = 0
r0 = 0
exit
-- reject REJ_STACK_BOUNDS "invalid write to stack R1 off=8 size=8"

-- case offset through a spill
-- prog socket_filter flags=0x8
call bpf_get_prandom_u32
r6 = -8
if r0 == 0 goto join
r6 = 8
join:
*(u64 *)(r10 -16) = r6
r6 = 0
r7 = *(u64 *)(r10 -16)
r1 = r10
r1 += r7
*(u64 *)(r1 +0) = 0
r0 = 0
exit
-- reject REJ_STACK_BOUNDS "invalid write to stack R1 off=8 size=8"

-- case offset through a call and its result
-- prog socket_filter flags=0x8
call bpf_get_prandom_u32
r1 = -8
if r0 == 0 goto join
r1 = 8
join:
call same
r1 = r10
r1 += r0
*(u64 *)(r1 +0) = 0
r0 = 0
exit
same:
r0 = r1
exit
-- reject REJ_STACK_BOUNDS "invalid write to stack R1 off=8 size=8"

-- case offset through the caller's stack
-- prog socket_filter flags=0x8
call bpf_get_prandom_u32
r6 = -8
if r0 == 0 goto join
r6 = 8
join:
*(u64 *)(r10 -24) = 0
r1 = r10
r1 += -24
r2 = r6
call store
r7 = *(u64 *)(r10 -24)
r1 = r10
r1 += r7
*(u64 *)(r1 +0) = 0
r0 = 0
exit
store:
*(u64 *)(r1 +0) = r2
r0 = 0
exit
-- reject REJ_STACK_BOUNDS "invalid write to stack R1 off=8 size=8"

-- case a branch decided by the value
-- prog socket_filter flags=0x8
call bpf_get_prandom_u32
r6 = 1
if r0 == 0 goto join
r6 = 2
join:
r7 = r6
r7 += 3
if r7 == 4 goto fine
r0 = *(u64 *)(r10 -8)
r1 = r10
r1 += 8
*(u64 *)(r1 +0) = r0
fine:
r0 = 0
exit
-- reject REJ_STACK_BOUNDS "invalid write to stack R1 off=8 size=8"

-- case a 32-bit sum tells of its base only modulo 2^32
-- prog socket_filter
call bpf_get_prandom_u32
w6 = w0
r7 = r6
w7 += 16
if r7 > 20 goto out
r1 = r10
r1 += -64
r1 += r6
*(u8 *)(r1 +0) = 1
out:
r0 = 0
exit
-- reject REJ_STACK_UNBOUNDED "invalid unbounded variable-offset write to stack R1"
