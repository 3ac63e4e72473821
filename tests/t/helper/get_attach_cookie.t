# bpf_get_attach_cookie: results at the edges of its arguments, and each pointer refused when it is a number.

-- case raw_tracepoint get_attach_cookie: plain
-- prog raw_tracepoint
r6 = r1
r1 = r6
call bpf_get_attach_cookie
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> 0

-- case ctx is a number
-- prog raw_tracepoint
r6 = r1
r1 = 1
call bpf_get_attach_cookie
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
