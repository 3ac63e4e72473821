# bpf_skb_get_tunnel_opt: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_get_tunnel_opt: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
call bpf_skb_get_tunnel_opt
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls skb_get_tunnel_opt: plain, what is in opt
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
call bpf_skb_get_tunnel_opt
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_tunnel_opt: size=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 4
call bpf_skb_get_tunnel_opt
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls skb_get_tunnel_opt: size=28
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 28
call bpf_skb_get_tunnel_opt
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls skb_get_tunnel_opt: size=64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 64
call bpf_skb_get_tunnel_opt
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case skb is a number
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = r10
r2 += -64
r3 = 8
call bpf_skb_get_tunnel_opt
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case opt is a number
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 1
r3 = 8
call bpf_skb_get_tunnel_opt
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
