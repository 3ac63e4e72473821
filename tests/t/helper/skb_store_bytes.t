# bpf_skb_store_bytes: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_store_bytes: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_store_bytes: offset=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 1
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_store_bytes: offset=14
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 14
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_store_bytes: offset=57
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 57
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls skb_store_bytes: offset=65536
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 65536
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls skb_store_bytes: offset=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = -1
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls skb_store_bytes: len=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 4
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_store_bytes: len=28
-- prog sched_cls
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
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_store_bytes: len=64
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
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 64
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_store_bytes: flags=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 1
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_store_bytes: flags=2147483648
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 2147483648 ll
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_store_bytes: flags=4294967296
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 4294967296 ll
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_store_bytes: flags=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = -1
call bpf_skb_store_bytes
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case skb is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case from is a number
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 8
r5 = 0
call bpf_skb_store_bytes
out:
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
