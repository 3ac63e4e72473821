# Loops: bounded ones are walked, endless ones are noticed, may_goto ends any.

-- case endless
-- prog socket_filter
r0 = 0
l:
goto l
exit
-- reject REJ_UNREACHABLE "unreachable insn 2"

-- case endless with an exit
-- prog socket_filter
r0 = 0
r6 = 1
l:
if r6 == 1 goto l
exit
-- reject REJ_INFINITE_LOOP "infinite loop detected at insn 2"

-- case endless by an unknown value that never changes
-- prog socket_filter
call bpf_get_prandom_u32
r6 = r0
r0 = 0
l:
if r6 > 7 goto l
exit
-- reject REJ_INFINITE_LOOP "infinite loop detected at insn 3"

-- case nested
-- prog socket_filter
r0 = 0
r6 = 0
o:
r7 = 0
i:
r0 += 1
r7 += 1
if r7 < 5 goto i
r6 += 1
if r6 < 5 goto o
exit
-- accept
-- run data=00112233445566778899aabbccddeeff -> 25

-- case may_goto ends what has no bound
-- prog socket_filter
r6 = 0
l:
may_goto out
r6 += 1
if r6 != 100 goto l
out:
r0 = 7
exit
-- accept
-- run data=00112233445566778899aabbccddeeff -> 7

-- case a counter in memory
-- prog socket_filter
*(u64 *)(r10 -8) = 0
l:
r1 = *(u64 *)(r10 -8)
r1 += 1
*(u64 *)(r10 -8) = r1
if r1 < 10 goto l
r0 = *(u64 *)(r10 -8)
exit
-- accept
-- run data=00112233445566778899aabbccddeeff -> 10
