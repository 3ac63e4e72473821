# bpf_copy_from_user: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls copy_from_user: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: plain, what is in dst
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_copy_from_user
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: size=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 0
r3 = 0
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: size=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 4
r3 = 0
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: size=28
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 28
r3 = 0
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: size=64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 64
r3 = 0
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: user_ptr=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: user_ptr=0, what is in dst
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_copy_from_user
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: user_ptr=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 1
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: user_ptr=1, what is in dst
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 1
call bpf_copy_from_user
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: user_ptr=2
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 2
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: user_ptr=2, what is in dst
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 2
call bpf_copy_from_user
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: user_ptr=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = -1
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case sched_cls copy_from_user: user_ptr=-1, what is in dst
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = -1
call bpf_copy_from_user
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case xdp copy_from_user: plain
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case xdp copy_from_user: plain, what is in dst
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_copy_from_user
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"

-- case dst is a number
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 8
r3 = 0
call bpf_copy_from_user
out:
exit
-- reject REJ_HELPER_SLEEP "helper call might sleep in a non-sleepable prog"
