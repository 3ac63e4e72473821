# bpf_xdp_adjust_head: results at the edges of its arguments, and each pointer refused when it is a number.

-- case xdp xdp_adjust_head: plain
-- prog xdp
r6 = r1
r1 = r6
r2 = 0
call bpf_xdp_adjust_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_adjust_head: delta=4
-- prog xdp
r6 = r1
r1 = r6
r2 = 4
call bpf_xdp_adjust_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_adjust_head: delta=-4
-- prog xdp
r6 = r1
r1 = r6
r2 = -4
call bpf_xdp_adjust_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_adjust_head: delta=-14
-- prog xdp
r6 = r1
r1 = r6
r2 = -14
call bpf_xdp_adjust_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_adjust_head: delta=-60
-- prog xdp
r6 = r1
r1 = r6
r2 = -60
call bpf_xdp_adjust_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_adjust_head: delta=256
-- prog xdp
r6 = r1
r1 = r6
r2 = 256
call bpf_xdp_adjust_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp xdp_adjust_head: delta=-1
-- prog xdp
r6 = r1
r1 = r6
r2 = -1
call bpf_xdp_adjust_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp_md is a number
-- prog xdp
r6 = r1
r1 = 1
r2 = 0
call bpf_xdp_adjust_head
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
