# bpf_skb_get_xfrm_state: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_get_xfrm_state: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: plain, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_xfrm_state: index=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: index=0, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_xfrm_state: index=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 1
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: index=1, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 1
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_xfrm_state: index=2
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 2
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: index=2, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 2
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_xfrm_state: index=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = -1
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: index=-1, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = -1
r3 = r10
r3 += -64
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_xfrm_state: size=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 4
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: size=28
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 28
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: size=64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 64
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: flags=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 1
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: flags=1, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 1
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_xfrm_state: flags=2147483648
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 2147483648 ll
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: flags=2147483648, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 2147483648 ll
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_xfrm_state: flags=4294967296
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 4294967296 ll
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: flags=4294967296, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = 4294967296 ll
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_get_xfrm_state: flags=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = -1
call bpf_skb_get_xfrm_state
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_get_xfrm_state: flags=-1, what is in xfrm_state
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
r5 = -1
call bpf_skb_get_xfrm_state
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

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
call bpf_skb_get_xfrm_state
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case xfrm_state is a number
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 8
r5 = 0
call bpf_skb_get_xfrm_state
out:
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
