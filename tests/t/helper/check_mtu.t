# bpf_check_mtu: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls check_mtu: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: plain, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: ifindex=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: ifindex=0, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: ifindex=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 1
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: ifindex=1, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 1
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: ifindex=99999
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 99999
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -19

-- case sched_cls check_mtu: ifindex=99999, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 99999
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 21760

-- case sched_cls check_mtu: ifindex=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = -1
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -19

-- case sched_cls check_mtu: ifindex=-1, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = -1
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 21760

-- case sched_cls check_mtu: len_diff=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=0, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 4
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=4, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 4
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=20
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 20
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=20, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 20
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -4
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-4, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -4
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-20
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -20
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-20, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -20
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-30
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -30
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-30, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -30
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -64
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-64, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -64
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=4096
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 4096
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=4096, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 4096
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-4096
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -4096
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: len_diff=-4096, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = -4096
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls check_mtu: flags=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 1
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls check_mtu: flags=1, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 1
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 21760

-- case sched_cls check_mtu: flags=2147483648
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 2147483648 ll
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls check_mtu: flags=2147483648, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 2147483648 ll
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 21760

-- case sched_cls check_mtu: flags=4294967296
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 4294967296 ll
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls check_mtu: flags=4294967296, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 4294967296 ll
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 21760

-- case sched_cls check_mtu: flags=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = -1
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls check_mtu: flags=-1, what is in mtu_len
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = -1
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 21760

-- case xdp check_mtu: plain
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp check_mtu: plain, what is in mtu_len
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case ctx is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 0
r3 = r10
r3 += -64
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case mtu_len is a number
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 0
r5 = 0
call bpf_check_mtu
out:
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
