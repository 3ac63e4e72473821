# bpf_get_stackid: results at the edges of its arguments, and each pointer refused when it is a number.

-- case raw_tracepoint get_stackid: plain
-- prog raw_tracepoint
-- map m stack_trace 4 64 4
r6 = r1
r1 = r6
r2 = map[m]
r3 = 0
call bpf_get_stackid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "skep has no kernel stack"

-- case raw_tracepoint get_stackid: flags=1
-- prog raw_tracepoint
-- map m stack_trace 4 64 4
r6 = r1
r1 = r6
r2 = map[m]
r3 = 1
call bpf_get_stackid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "skep has no kernel stack"

-- case raw_tracepoint get_stackid: flags=2147483648
-- prog raw_tracepoint
-- map m stack_trace 4 64 4
r6 = r1
r1 = r6
r2 = map[m]
r3 = 2147483648 ll
call bpf_get_stackid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case raw_tracepoint get_stackid: flags=4294967296
-- prog raw_tracepoint
-- map m stack_trace 4 64 4
r6 = r1
r1 = r6
r2 = map[m]
r3 = 4294967296 ll
call bpf_get_stackid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case raw_tracepoint get_stackid: flags=-1
-- prog raw_tracepoint
-- map m stack_trace 4 64 4
r6 = r1
r1 = r6
r2 = map[m]
r3 = -1
call bpf_get_stackid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case syscall get_stackid: plain
-- prog syscall flags=0x10
-- map m stack_trace 4 64 4
r6 = r1
r1 = r6
r2 = map[m]
r3 = 0
call bpf_get_stackid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- reject REJ_MAP_SLEEPABLE "Sleepable programs can only use array, hash, ringbuf and local storage maps"

-- case ctx is a number
-- prog raw_tracepoint
-- map m stack_trace 4 64 4
r6 = r1
r1 = 1
r2 = map[m]
r3 = 0
call bpf_get_stackid
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case map is a number
-- prog raw_tracepoint
-- map m stack_trace 4 64 4
r6 = r1
r1 = r6
r2 = 1
r3 = 0
call bpf_get_stackid
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=map_ptr"
