# bpf_csum_diff: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls csum_diff: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65535

-- case sched_cls csum_diff: from_size=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 0
r3 = r10
r3 += -128
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 85

-- case sched_cls csum_diff: from_size=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 4
r3 = r10
r3 += -128
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65535

-- case sched_cls csum_diff: from_size=28
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
r3 = r10
r3 += -128
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65232

-- case sched_cls csum_diff: from_size=64
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
r3 = r10
r3 += -128
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 64716

-- case sched_cls csum_diff: to_size=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 0
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65450

-- case sched_cls csum_diff: to_size=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 4
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65535

-- case sched_cls csum_diff: to_size=28
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
*(u64 *)(r10 -120) = 93
*(u64 *)(r10 -112) = 101
*(u64 *)(r10 -104) = 109
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 28
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 303

-- case sched_cls csum_diff: to_size=64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
*(u64 *)(r10 -120) = 93
*(u64 *)(r10 -112) = 101
*(u64 *)(r10 -104) = 109
*(u64 *)(r10 -96) = 117
*(u64 *)(r10 -88) = 125
*(u64 *)(r10 -80) = 133
*(u64 *)(r10 -72) = 141
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 64
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 819

-- case sched_cls csum_diff: seed=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65535

-- case sched_cls csum_diff: seed=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 8
r5 = 1
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case sched_cls csum_diff: seed=2
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 8
r5 = 2
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 2

-- case sched_cls csum_diff: seed=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 8
r5 = -1
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65535

-- case xdp csum_diff: plain
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = r10
r3 += -128
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65535

-- case from is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 8
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"

-- case to is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 1
r4 = 8
r5 = 0
call bpf_csum_diff
out:
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"

# The sum of nothing is one of ones' complement's two zeros, and which one depends on what is given.

-- case bytes taken away that are all zero
-- prog sched_cls
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 4
r3 = 0
r4 = 0
r5 = 0
call bpf_csum_diff
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case bytes taken away that are all ones
-- prog sched_cls
r1 = 0xffff0000 ll
*(u64 *)(r10 -8) = r1
r1 = r10
r1 += -8
r2 = 4
r3 = 0
r4 = 0
r5 = 0xffff
call bpf_csum_diff
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 65535
