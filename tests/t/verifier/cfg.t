# Control flow: what can be reached, loops, functions that call each other.

-- case code that is never reached
-- prog socket_filter
r0 = 0
exit
r0 = 1
exit
-- reject REJ_UNREACHABLE "unreachable insn 2"

-- case code behind an endless jump
-- prog socket_filter
r0 = 0
goto -1
exit
-- reject REJ_UNREACHABLE

-- case a jump into a 64-bit immediate
-- prog socket_filter
r0 = 0
if r0 == 0 goto +1
r1 = 0x1122334455667788 ll
exit
-- reject REJ_INTO_LDIMM64

-- case loops need a privilege
-- prog socket_filter caps=none
r0 = 0
again:
r0 += 1
if r0 < 4 goto again
exit
-- reject REJ_BACK_EDGE "back-edge from insn 2 to 1"

-- case a bounded loop
-- prog socket_filter
r0 = 0
again:
r0 += 1
if r0 < 10 goto again
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 10

-- case a loop in which nothing changes
-- prog socket_filter
r0 = 0
again:
r1 = 1
if r0 == 0 goto again
exit
-- reject REJ_INFINITE_LOOP "infinite loop detected at insn 1"

-- case a loop that goes on for longer than anyone looks
-- prog socket_filter quiet
r0 = 0
again:
r0 += 1
if r0 < 100000000 goto again
exit
-- reject REJ_TOO_LARGE

-- case more open branches than anyone remembers
-- prog socket_filter quiet
r0 = *(u32 *)(r1 +0)
repeat 8200: if r0 == {1+i} goto out
out:
r0 = 0
exit
-- reject REJ_TOO_COMPLEX "The sequence of 8193 jumps is too complex."

-- case may_goto ends a loop without a bound
-- prog socket_filter
r0 = 0
again:
may_goto out
r0 += 1
goto again
out:
r0 = 7
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 7

-- case functions call each other eight deep
-- prog socket_filter
call f1
exit
f1:
call f2
exit
f2:
call f3
exit
f3:
call f4
exit
f4:
call f5
exit
f5:
call f6
exit
f6:
call f7
exit
f7:
r0 = 3
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 3

-- case functions call each other nine deep
-- prog socket_filter
call f1
exit
f1:
call f2
exit
f2:
call f3
exit
f3:
call f4
exit
f4:
call f5
exit
f5:
call f6
exit
f6:
call f7
exit
f7:
call f8
exit
f8:
r0 = 3
exit
-- reject REJ_FRAMES "the call stack of 9 frames is too deep"

-- case nine deep where no path leads
-- prog socket_filter
r0 = 0
if r0 == 0 goto out
call f1
out:
exit
f1:
call f2
exit
f2:
call f3
exit
f3:
call f4
exit
f4:
call f5
exit
f5:
call f6
exit
f6:
call f7
exit
f7:
call f8
exit
f8:
r0 = 3
exit
-- reject REJ_FRAMES_STATIC

-- case recursion
-- prog socket_filter
call f
exit
f:
r0 = 0
call f
exit
-- reject REJ_FRAMES

-- case a function with more than 512 bytes of stack in sum
-- prog socket_filter
*(u64 *)(r10 -300) = 0
call f
exit
f:
*(u64 *)(r10 -300) = 0
r0 = 0
exit
-- reject REJ_MISALIGNED

-- case two functions with 608 bytes of stack together
-- prog socket_filter
*(u64 *)(r10 -304) = 0
call f
exit
f:
*(u64 *)(r10 -304) = 0
r0 = 0
exit
-- reject REJ_STACK_SUM "combined stack size of 2 calls is"

-- case tail calls below a large stack
-- prog socket_filter
-- btf
-- map m prog_array 4 4 1
*(u64 *)(r10 -256) = 0
call f
exit
f:
r2 = map[m]
r3 = 0
call bpf_tail_call
r0 = 0
exit
-- reject REJ_TAIL_CALL_STACK
