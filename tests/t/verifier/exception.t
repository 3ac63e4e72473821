# Exceptions: who catches them.

-- case caught
-- prog sched_cls
-- tag 0 -1 exception_callback:f1
-- func 1 global int u64
-- func_info 8 0:0 4:1
r1 = 7
call bpf_throw#btf
r0 = 0
exit
r0 = r1
r0 += 1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 8

-- case two exception callbacks
-- prog sched_cls
-- tag 0 -1 exception_callback:f1
-- tag 0 -1 exception_callback:f2
-- func 1 global int u64
-- func_info 8 0:0 4:1
r1 = 7
call bpf_throw#btf
r0 = 0
exit
r0 = 0
exit
-- reject REJ_EXC_CB_MANY

-- case an exception callback that does not exist
-- prog sched_cls
-- tag 0 -1 exception_callback:nobody
-- func_info 8 0:0
r1 = 7
call bpf_throw#btf
r0 = 0
exit
-- reject REJ_EXC_CB_NOT_FOUND

-- case a static exception callback
-- prog sched_cls
-- tag 0 -1 exception_callback:f1
-- func_info 8 0:0 4:1
r1 = 7
call bpf_throw#btf
r0 = 0
exit
r0 = 0
exit
-- reject REJ_EXC_CB_LINKAGE

-- case the main function as exception callback
-- prog sched_cls
-- tag 0 -1 exception_callback:main
-- func_info 8 0:0
r1 = 7
call bpf_throw#btf
r0 = 0
exit
-- reject REJ_EXC_CB_MAIN

-- case an exception callback of another program
-- prog sched_cls
-- tag 0 -1 exception_callback:f1
-- func 1 global int u64
-- func_info 8 0:0
r1 = 7
call bpf_throw#btf
r0 = 0
exit
-- reject REJ_EXC_CB_NO_INFO

-- case an exception callback with two arguments
-- prog sched_cls
-- tag 0 -1 exception_callback:f1
-- func 1 global int u64 u64
-- func_info 8 0:0 4:1
r1 = 7
call bpf_throw#btf
r0 = 0
exit
r0 = 0
exit
-- reject REJ_EXC_CB_ARGS

-- case an exception callback, called
-- prog sched_cls
-- tag 0 -1 exception_callback:f1
-- func 1 global int u64
-- func_info 8 0:0 3:1
r1 = 7
call f
exit
f:
r0 = 0
exit
-- reject REJ_EXCEPTION_CB_CALL

-- case an exception callback with a tail call that is never made
-- prog sched_cls
-- map t prog_array 4 4 1
-- tag 0 -1 exception_callback:f1
-- func 1 global int u64
-- func_info 8 0:0 4:1
r1 = 7
call bpf_throw#btf
r0 = 0
exit
r6 = 0
if r6 == 0 goto out
r2 = map[t]
r3 = 0
call bpf_tail_call
out:
r0 = 0
exit
-- accept
