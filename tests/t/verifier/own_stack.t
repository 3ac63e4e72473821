# Programs that never run twice at once on a CPU have a stack for each function; others share 512 bytes among those that call each other.

-- case functions with stacks of their own
-- prog raw_tracepoint
*(u64 *)(r10 -512) = 1
*(u64 *)(r10 -8) = 2
call f
r1 = *(u64 *)(r10 -512)
r2 = *(u64 *)(r10 -8)
r0 += r1
r0 += r2
exit
f:
*(u64 *)(r10 -512) = 10
*(u64 *)(r10 -8) = 20
call g
r1 = *(u64 *)(r10 -512)
r2 = *(u64 *)(r10 -8)
r0 += r1
r0 += r2
exit
g:
*(u64 *)(r10 -512) = 100
*(u64 *)(r10 -8) = 200
call h
r1 = *(u64 *)(r10 -512)
r2 = *(u64 *)(r10 -8)
r0 += r1
r0 += r2
exit
h:
*(u64 *)(r10 -512) = 1000
*(u64 *)(r10 -8) = 2000
r0 = *(u64 *)(r10 -512)
exit
-- accept
-- run -> 1333

-- case functions that share a stack
-- prog sched_cls
*(u64 *)(r10 -264) = 1
call f
r0 = 0
exit
f:
*(u64 *)(r10 -256) = 10
r0 = 0
exit
-- reject REJ_STACK_SUM "combined stack size of 2 calls is 528. Too large"

-- case functions that share a stack, which just fits
-- prog sched_cls
*(u64 *)(r10 -256) = 1
call f
r1 = *(u64 *)(r10 -256)
r0 += r1
exit
f:
*(u64 *)(r10 -256) = 10
r0 = *(u64 *)(r10 -256)
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 11
