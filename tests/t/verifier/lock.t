# bpf_spin_lock: one at a time, given back on every path.

-- case lock and unlock
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r6 = r0
r1 = r0
call bpf_spin_lock
r2 = *(u64 *)(r6 +8)
r2 += 1
*(u64 *)(r6 +8) = r2
r1 = r6
call bpf_spin_unlock
out:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case a lock that is kept
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r1 = r0
call bpf_spin_lock
out:
r0 = 0
exit
-- reject REJ_IN_SECTION "BPF_EXIT instruction in main prog cannot be used inside bpf_spin_lock-ed region"

-- case the same lock twice
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r6 = r0
r1 = r0
call bpf_spin_lock
r1 = r6
call bpf_spin_lock
out:
r0 = 0
exit
-- reject REJ_CALL_IN_LOCK

-- case unlock without a lock
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r1 = r0
call bpf_spin_unlock
out:
r0 = 0
exit
-- reject REJ_UNLOCK_NONE "bpf_spin_unlock without taking a lock"

-- case unlock of another lock
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r6 = r0
lookup m
if r0 == 0 goto out
r7 = r0
r1 = r6
call bpf_spin_lock
r1 = r7
call bpf_spin_unlock
out:
r0 = 0
exit
-- reject REJ_UNLOCK_OTHER "bpf_spin_unlock of different lock"

-- case a call with the lock held
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r6 = r0
r1 = r0
call bpf_spin_lock
call bpf_ktime_get_ns
r1 = r6
call bpf_spin_unlock
out:
r0 = 0
exit
-- reject REJ_CALL_IN_LOCK

-- case a tail call with the lock held
-- prog sched_cls
-- map m array 4 16 1 0 lock
-- map t prog_array 4 4 1
r7 = r1
lookup m
if r0 == 0 goto out
r6 = r0
r1 = r0
call bpf_spin_lock
r1 = r7
r2 = map[t]
r3 = 0
call bpf_tail_call
out:
r0 = 0
exit
-- reject REJ_CALL_IN_LOCK

-- case not the lock's place
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r1 = r0
r1 += 4
call bpf_spin_lock
out:
r0 = 0
exit
-- reject REJ_LOCK_OFFSET "off 4 doesn't point to 'struct bpf_spin_lock' that is at 0"

-- case a lock at a variable place
-- prog sched_cls
-- map m array 4 16 1 0 lock
r6 = *(u32 *)(r1 +0)
r6 &= 4
lookup m
if r0 == 0 goto out
r1 = r0
r1 += r6
call bpf_spin_lock
out:
r0 = 0
exit
-- reject REJ_LOCK_NOT_CONST

-- case a map without BTF
-- prog sched_cls
-- map m array 4 16 1
lookup m
if r0 == 0 goto out
r1 = r0
call bpf_spin_lock
out:
r0 = 0
exit
-- reject REJ_LOCK_NO_BTF

-- case a value without a lock
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto out
r1 = r0
call bpf_spin_lock
out:
r0 = 0
exit
-- reject REJ_LOCK_NONE

-- case a packet load with the lock held
-- prog sched_cls
-- map m array 4 16 1 0 lock
r6 = r1
lookup m
if r0 == 0 goto out
r1 = r0
call bpf_spin_lock
r0 = *(u8 *)skb[0]
out:
r0 = 0
exit
-- reject REJ_IN_SECTION

-- case a timer of another map
-- prog sched_cls
-- map m array 4 24 1 0 timer
-- map n array 4 24 1 0 timer
lookup m
if r0 == 0 goto out
r1 = r0
r2 = map[n]
r3 = 0
call bpf_timer_init
out:
r0 = 0
exit
-- reject REJ_TIMER_MAP

-- case not the timer's place
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto out
r1 = r0
r1 += 8
r2 = map[m]
r3 = 0
call bpf_timer_init
out:
r0 = 0
exit
-- reject REJ_FIELD_OFFSET

-- case a timer at a variable place
-- prog sched_cls
-- map m array 4 24 1 0 timer
r6 = *(u32 *)(r1 +0)
r6 &= 8
lookup m
if r0 == 0 goto out
r1 = r0
r1 += r6
r2 = map[m]
r3 = 0
call bpf_timer_init
out:
r0 = 0
exit
-- reject REJ_FIELD_NOT_CONST

-- case a timer in a map without BTF
-- prog sched_cls
-- map m array 4 24 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = map[m]
r3 = 0
call bpf_timer_init
out:
r0 = 0
exit
-- reject REJ_FIELD_NO_BTF

-- case a value without a timer
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r1 = r0
r1 += 8
r2 = map[m]
r3 = 0
call bpf_timer_init
out:
r0 = 0
exit
-- reject REJ_FIELD_NONE
