# bpf_xdp_store_bytes: results at the edges of its arguments, and each pointer refused when it is a number.

-- case xdp xdp_store_bytes: plain
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_store_bytes: offset=1
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 1
r3 = r10
r3 += -64
r4 = 8
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_store_bytes: offset=14
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 14
r3 = r10
r3 += -64
r4 = 8
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_store_bytes: offset=57
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 57
r3 = r10
r3 += -64
r4 = 8
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp xdp_store_bytes: offset=65536
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 65536
r3 = r10
r3 += -64
r4 = 8
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case xdp xdp_store_bytes: offset=-1
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = -1
r3 = r10
r3 += -64
r4 = 8
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case xdp xdp_store_bytes: len=4
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 4
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_store_bytes: len=28
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 28
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp xdp_store_bytes: len=64
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
*(u64 *)(r10 -32) = 117
*(u64 *)(r10 -24) = 125
*(u64 *)(r10 -16) = 133
*(u64 *)(r10 -8) = 141
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 64
call bpf_xdp_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp_md is a number
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_xdp_store_bytes
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case buf is a number
-- prog xdp
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 8
call bpf_xdp_store_bytes
out:
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
