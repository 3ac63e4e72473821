# Timers: the errors of each call. That they fire is shown with objects compiled from C.

-- case not set up
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto none
r1 = r0
r2 = 0
r3 = 0
call bpf_timer_start
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case cancelled without having been set up
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto none
r1 = r0
call bpf_timer_cancel
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case set up with an unknown clock
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto none
r1 = r0
r2 = map[m]
r3 = 2
call bpf_timer_init
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case set up twice
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto none
r6 = r0
r1 = r0
r2 = map[m]
r3 = 1
call bpf_timer_init
r1 = r6
r2 = map[m]
r3 = 1
call bpf_timer_init
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -16

-- case started without a function
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto none
r6 = r0
r1 = r0
r2 = map[m]
r3 = 7
call bpf_timer_init
r1 = r6
r2 = 0
r3 = 0
call bpf_timer_start
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case started and cancelled: it was waiting; again: it was not
-- prog sched_cls
-- btf
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto none
r6 = r0
r1 = r0
r2 = map[m]
r3 = 7
call bpf_timer_init
r1 = r6
r2 = subprog[cb]
call bpf_timer_set_callback
r7 = r0
r1 = r6
r2 = 1000000000000 ll
r3 = 0
call bpf_timer_start
r7 += r0
r1 = r6
call bpf_timer_cancel
r0 *= 10
r7 += r0
r1 = r6
call bpf_timer_cancel
r0 += r7
none:
exit
cb:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 10

-- case unknown flags of the start
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto none
r6 = r0
r1 = r0
r2 = map[m]
r3 = 7
call bpf_timer_init
r1 = r6
r2 = 0
r3 = 4
call bpf_timer_start
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case a timer that is a number
-- prog sched_cls
r1 = 1
call bpf_timer_cancel
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected="
