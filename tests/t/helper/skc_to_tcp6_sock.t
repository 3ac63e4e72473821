# bpf_skc_to_tcp6_sock: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skc_to_tcp6_sock: plain
-- prog sched_cls
r0 = 0
r6 = r1
r7 = *(u64 *)(r6 +168)
if r7 == 0 goto out
r1 = r7
call bpf_skc_to_tcp6_sock
if r0 == 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp skc_to_tcp6_sock: plain
-- prog xdp
r0 = 0
r6 = r1
r7 = *(u64 *)(r6 +168)
if r7 == 0 goto out
r1 = r7
call bpf_skc_to_tcp6_sock
if r0 == 0 goto out
r0 = 1
out:
exit
-- reject REJ_CTX_ACCESS "invalid bpf_context access off=168 size=8"

-- case sk is a number
-- prog sched_cls
r6 = r1
r1 = 1
call bpf_skc_to_tcp6_sock
if r0 == 0 goto out
r0 = 1
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_"
