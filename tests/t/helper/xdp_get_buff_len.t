# bpf_xdp_get_buff_len: results at the edges of its arguments, and each pointer refused when it is a number.

-- case xdp xdp_get_buff_len: plain
-- prog xdp
r6 = r1
r1 = r6
call bpf_xdp_get_buff_len
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 64

-- case syscall xdp_get_buff_len: plain
-- prog syscall flags=0x10
r6 = r1
r1 = r6
call bpf_xdp_get_buff_len
out:
exit
-- reject REJ_ARG_TYPE "R1 type=ctx expected=ptr_, trusted_ptr_, rcu_ptr_"

-- case xdp_md is a number
-- prog xdp
r6 = r1
r1 = 1
call bpf_xdp_get_buff_len
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
