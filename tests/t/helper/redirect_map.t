# bpf_redirect_map: results at the edges of its arguments, and each pointer refused when it is a number.

-- case xdp redirect_map: plain
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
r3 = 0
call bpf_redirect_map
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp redirect_map: key=0
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
r3 = 0
call bpf_redirect_map
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp redirect_map: key=1
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = map[m]
r2 = 1
r3 = 0
call bpf_redirect_map
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp redirect_map: key=5
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = map[m]
r2 = 5
r3 = 0
call bpf_redirect_map
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp redirect_map: flags=1
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
r3 = 1
call bpf_redirect_map
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case xdp redirect_map: flags=2147483648
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
r3 = 2147483648 ll
call bpf_redirect_map
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp redirect_map: flags=4294967296
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
r3 = 4294967296 ll
call bpf_redirect_map
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp redirect_map: flags=-1
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
r3 = -1
call bpf_redirect_map
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case map is a number
-- prog xdp
-- map m devmap 4 4 2
r6 = r1
r1 = 1
r2 = 0
r3 = 0
call bpf_redirect_map
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"
