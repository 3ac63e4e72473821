# bpf_map_peek_elem: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls map_peek_elem: plain
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
call bpf_map_peek_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls map_peek_elem: plain, what is in value
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
call bpf_map_peek_elem
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp map_peek_elem: plain
-- prog xdp
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
call bpf_map_peek_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case xdp map_peek_elem: plain, what is in value
-- prog xdp
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
call bpf_map_peek_elem
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case map is a number
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = r10
r2 += -64
call bpf_map_peek_elem
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"

-- case value is a number
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
r1 = map[m]
r2 = 1
call bpf_map_peek_elem
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
