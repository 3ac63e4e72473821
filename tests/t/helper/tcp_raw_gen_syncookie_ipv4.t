# bpf_tcp_raw_gen_syncookie_ipv4: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls tcp_raw_gen_syncookie_ipv4: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = r10
r2 += -128
r3 = 8
call bpf_tcp_raw_gen_syncookie_ipv4
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls tcp_raw_gen_syncookie_ipv4: th_len=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = r10
r2 += -128
r3 = 0
call bpf_tcp_raw_gen_syncookie_ipv4
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls tcp_raw_gen_syncookie_ipv4: th_len=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = r10
r2 += -128
r3 = 4
call bpf_tcp_raw_gen_syncookie_ipv4
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls tcp_raw_gen_syncookie_ipv4: th_len=28
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -128) = 85
*(u64 *)(r10 -120) = 93
*(u64 *)(r10 -112) = 101
*(u64 *)(r10 -104) = 109
r1 = r10
r1 += -64
r2 = r10
r2 += -128
r3 = 28
call bpf_tcp_raw_gen_syncookie_ipv4
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls tcp_raw_gen_syncookie_ipv4: th_len=64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
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
r2 = r10
r2 += -128
r3 = 64
call bpf_tcp_raw_gen_syncookie_ipv4
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp tcp_raw_gen_syncookie_ipv4: plain
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = r10
r2 += -128
r3 = 8
call bpf_tcp_raw_gen_syncookie_ipv4
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case iph is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = r10
r2 += -64
r3 = 8
call bpf_tcp_raw_gen_syncookie_ipv4
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"

-- case th is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
r1 = r10
r1 += -64
r2 = 1
r3 = 8
call bpf_tcp_raw_gen_syncookie_ipv4
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
