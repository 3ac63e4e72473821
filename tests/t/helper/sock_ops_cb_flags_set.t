# bpf_sock_ops_cb_flags_set: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sock_ops sock_ops_cb_flags_set: plain
-- prog sock_ops
r6 = r1
r1 = r6
r2 = 0
call bpf_sock_ops_cb_flags_set
out:
r0 = 1
exit
-- accept

-- case sock_ops sock_ops_cb_flags_set: argval=0
-- prog sock_ops
r6 = r1
r1 = r6
r2 = 0
call bpf_sock_ops_cb_flags_set
out:
r0 = 1
exit
-- accept

-- case sock_ops sock_ops_cb_flags_set: argval=1
-- prog sock_ops
r6 = r1
r1 = r6
r2 = 1
call bpf_sock_ops_cb_flags_set
out:
r0 = 1
exit
-- accept

-- case sock_ops sock_ops_cb_flags_set: argval=2
-- prog sock_ops
r6 = r1
r1 = r6
r2 = 2
call bpf_sock_ops_cb_flags_set
out:
r0 = 1
exit
-- accept

-- case sock_ops sock_ops_cb_flags_set: argval=-1
-- prog sock_ops
r6 = r1
r1 = r6
r2 = -1
call bpf_sock_ops_cb_flags_set
out:
r0 = 1
exit
-- accept

-- case bpf_sock is a number
-- prog sock_ops
r6 = r1
r1 = 1
r2 = 0
call bpf_sock_ops_cb_flags_set
out:
r0 = 1
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
