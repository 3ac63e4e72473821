# bpf_spin_lock and bpf_spin_unlock.

-- case taken and given back
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto none
r6 = r0
r1 = r0
call bpf_spin_lock
r7 = *(u32 *)(r6 +4)
r7 += 3
*(u32 *)(r6 +4) = r7
r1 = r6
call bpf_spin_unlock
r0 = r7
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 3
-- run data=00112233445566778899aabbccdd -> 6

-- case a lock that is a number
-- prog sched_cls
r1 = 1
call bpf_spin_lock
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected="
