# bpf_map_delete_elem: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls map_delete_elem: plain
-- prog sched_cls
-- map m hash 4 8 4
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = map[m]
r2 = r10
r2 += -64
call bpf_map_delete_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case xdp map_delete_elem: plain
-- prog xdp
-- map m hash 4 8 4
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = map[m]
r2 = r10
r2 += -64
call bpf_map_delete_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case map is a number
-- prog sched_cls
-- map m hash 4 8 4
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = 1
r2 = r10
r2 += -64
call bpf_map_delete_elem
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"

-- case key is a number
-- prog sched_cls
-- map m hash 4 8 4
r6 = r1
r1 = map[m]
r2 = 1
call bpf_map_delete_elem
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
