# bpf_loop: number of calls, stopped early, limits; each pointer refused when it is a number.

-- case all calls
-- prog sched_cls
-- btf
*(u64 *)(r10 -8) = 0
r1 = 5
r2 = subprog[cb]
r3 = r10
r3 += -8
r4 = 0
call bpf_loop
r1 = *(u64 *)(r10 -8)
r0 *= 100
r0 += r1
exit
cb:
r3 = *(u64 *)(r2 +0)
r3 += r1
*(u64 *)(r2 +0) = r3
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 510

-- case stopped by the third call
-- prog sched_cls
-- btf
r1 = 50
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_loop
exit
cb:
r0 = 0
if r1 != 2 goto on
r0 = 1
on:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 3

-- case no calls
-- prog sched_cls
-- btf
r1 = 0
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_loop
exit
cb:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case too many
-- prog sched_cls
-- btf
r1 = 0x800001
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_loop
exit
cb:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -7

-- case flags
-- prog sched_cls
-- btf
r1 = 3
r2 = subprog[cb]
r3 = 0
r4 = 1
call bpf_loop
exit
cb:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case callback_fn is a number
-- prog sched_cls
-- btf
r1 = 3
r2 = 1
r3 = 0
r4 = 0
call bpf_loop
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=func"

-- case callback_ctx is a number
-- prog sched_cls
-- btf
r1 = 3
r2 = subprog[cb]
r3 = 1
r4 = 0
call bpf_loop
exit
cb:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp"
