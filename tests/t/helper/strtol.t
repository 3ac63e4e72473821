# bpf_strtol: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls strtol: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls strtol: plain, what is in res
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
r4 = r10
r4 += -128
call bpf_strtol
r7 = r0
r0 = *(u8 *)(r10 -128)
r1 = *(u8 *)(r10 -127)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls strtol: buf_len=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 4
r3 = 0
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls strtol: buf_len=28
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 28
r3 = 0
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls strtol: buf_len=64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
*(u64 *)(r10 -32) = 117
*(u64 *)(r10 -24) = 125
*(u64 *)(r10 -16) = 133
*(u64 *)(r10 -8) = 141
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 64
r3 = 0
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls strtol: flags=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 1
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls strtol: flags=1, what is in res
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 1
r4 = r10
r4 += -128
call bpf_strtol
r7 = r0
r0 = *(u8 *)(r10 -128)
r1 = *(u8 *)(r10 -127)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls strtol: flags=2147483648
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 2147483648 ll
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls strtol: flags=2147483648, what is in res
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 2147483648 ll
r4 = r10
r4 += -128
call bpf_strtol
r7 = r0
r0 = *(u8 *)(r10 -128)
r1 = *(u8 *)(r10 -127)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls strtol: flags=4294967296
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 4294967296 ll
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls strtol: flags=4294967296, what is in res
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 4294967296 ll
r4 = r10
r4 += -128
call bpf_strtol
r7 = r0
r0 = *(u8 *)(r10 -128)
r1 = *(u8 *)(r10 -127)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls strtol: flags=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = -1
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls strtol: flags=-1, what is in res
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = -1
r4 = r10
r4 += -128
call bpf_strtol
r7 = r0
r0 = *(u8 *)(r10 -128)
r1 = *(u8 *)(r10 -127)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp strtol: plain
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
r4 = r10
r4 += -128
call bpf_strtol
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp strtol: plain, what is in res
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
r4 = r10
r4 += -128
call bpf_strtol
r7 = r0
r0 = *(u8 *)(r10 -128)
r1 = *(u8 *)(r10 -127)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case buf is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 8
r3 = 0
r4 = r10
r4 += -64
call bpf_strtol
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"

-- case res is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
r4 = 1
call bpf_strtol
out:
exit
-- reject REJ_ARG_TYPE "R4 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
