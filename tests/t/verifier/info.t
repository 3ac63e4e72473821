# What a loader says of functions and lines, malformed.

-- case a func_info record that is too short
-- prog sched_cls
-- btf
-- func_info 4 0:0
r0 = 0
exit
-- reject REJ_FUNC_INFO_SIZE

-- case a func_info record of a newer kernel
-- prog sched_cls
-- btf
-- func_info 12 0:0
r0 = 0
exit
-- reject REJ_FUNC_INFO_TAIL

-- case func_info does not begin at the first instruction
-- prog sched_cls
-- btf
-- func_info 8 1:0
r0 = 0
exit
-- reject REJ_FUNC_INFO_FIRST

-- case func_info goes backwards
-- prog sched_cls
-- btf
-- func_info 8 0:0 3:1 2:1
call f
exit
f:
r0 = 0
exit
-- reject REJ_FUNC_INFO_ORDER

-- case func_info names no function
-- prog sched_cls
-- btf
-- func_info 8 0:100000
r0 = 0
exit
-- reject REJ_FUNC_INFO_TYPE

-- case func_info lacks a function
-- prog sched_cls
-- btf
-- func_info 8 0:0
call f
exit
f:
r0 = 0
exit
-- reject REJ_FUNC_INFO_COUNT

-- case func_info has a function elsewhere
-- prog sched_cls
-- btf
-- func_info 8 0:0 3:1
call f
exit
f:
r0 = 0
exit
-- reject REJ_FUNC_INFO_LAYOUT

-- case a line_info record of a newer kernel
-- prog sched_cls
-- btf
-- line_info 20 0:1
r0 = 0
exit
-- reject REJ_LINE_INFO_TAIL

-- case line_info goes backwards
-- prog sched_cls
-- btf
-- line_info 16 0:1 1:1 1:1
r0 = 0
exit
-- reject REJ_LINE_INFO_ORDER

-- case line_info beyond the program
-- prog sched_cls
-- btf
-- line_info 16 0:1 2:1
r0 = 0
exit
-- reject REJ_LINE_INFO_ORDER

-- case a line in the middle of an instruction
-- prog sched_cls
-- btf
-- line_info 16 0:1 1:1
r0 = 0x100000000 ll
exit
-- reject REJ_LINE_INFO_CODE

-- case a line whose text is beyond the strings
-- prog sched_cls
-- btf
-- line_info 16 0:1000000
r0 = 0
exit
-- reject REJ_LINE_INFO_STR

-- case a function whose first instruction has no line
-- prog sched_cls
-- btf
-- line_info 16 0:1 3:1
call f
exit
f:
r0 = 0
exit
-- reject REJ_LINE_INFO_FUNC

-- case functions without lines
-- prog sched_cls
-- btf
-- line_info 16 0:1
call f
exit
f:
r0 = 0
exit
-- reject REJ_LINE_INFO_FUNCS

-- case a packet load in a function that returns no number
-- prog socket_filter
-- type p ptr int
-- func 1 static p u64
r6 = r1
call f
r0 = 0
exit
f:
r6 = r1
r0 = *(u8 *)skb[0]
r0 = 0
exit
-- reject REJ_LDABS_RETURN

-- case a tail call in a function that returns no number
-- prog socket_filter
-- map t prog_array 4 4 1
-- type p ptr int
-- func 1 static p u64
call f
r0 = 0
exit
f:
r2 = map[t]
r3 = 0
call bpf_tail_call
r0 = 0
exit
-- reject REJ_TAIL_CALL_RETURN
