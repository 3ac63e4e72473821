# Functions that may be left by something other than exit.

-- case a tail call returns to the function's caller with anything
-- prog sched_cls
-- map jumps prog_array 4 4 2
r6 = r1
call f
r2 = r10
r2 += -8
r2 += r0
*(u8 *)(r2 +0) = 1
r0 = 0
exit
f:
r2 = map[jumps]
r3 = 0
call bpf_tail_call
r0 = 0
exit
-- reject REJ_TAIL_CALL_NO_BTF "tail_call is not allowed in subprogs without BTF"
