# bpf_setsockopt, bpf_getsockopt, bpf_bind: who may call them, and each pointer refused when it is a number.

-- case a socket option is set and read
-- prog sock_ops
r6 = r1
*(u32 *)(r10 -8) = 1
r2 = 6
r3 = 1
r4 = r10
r4 += -8
r5 = 4
call bpf_setsockopt
r1 = r6
r2 = 6
r3 = 1
r4 = r10
r4 += -16
r5 = 4
call bpf_getsockopt
r0 = 1
exit
-- accept

-- case the value to set is a number
-- prog sock_ops
r2 = 6
r3 = 1
r4 = 5
r5 = 4
call bpf_setsockopt
r0 = 1
exit
-- reject REJ_ARG_TYPE "R4 type=scalar expected=fp"

-- case the place to read to is a number
-- prog sock_ops
r2 = 6
r3 = 1
r4 = 5
r5 = 4
call bpf_getsockopt
r0 = 1
exit
-- reject REJ_ARG_TYPE "R4 type=scalar expected=fp"

-- case the socket is a number
-- prog sock_ops
*(u32 *)(r10 -8) = 1
r1 = 5
r2 = 6
r3 = 1
r4 = r10
r4 += -8
r5 = 4
call bpf_setsockopt
r0 = 1
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case a connecting socket is bound
-- prog cgroup_sock_addr attach=10
*(u64 *)(r10 -16) = 2
*(u64 *)(r10 -8) = 0
r2 = r10
r2 += -16
r3 = 16
call bpf_bind
r0 = 1
exit
-- accept

-- case an address that is a number
-- prog cgroup_sock_addr attach=10
r2 = 1
r3 = 16
call bpf_bind
r0 = 1
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp"

-- case binding where nothing connects
-- prog cgroup_sock_addr attach=14
*(u64 *)(r10 -16) = 2
*(u64 *)(r10 -8) = 0
r2 = r10
r2 += -16
r3 = 16
call bpf_bind
r0 = 1
exit
-- reject REJ_HELPER_TYPE
