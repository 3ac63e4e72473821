# bpf_map_push_elem: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls map_push_elem: plain
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 0
call bpf_map_push_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls map_push_elem: flags=1
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 1
call bpf_map_push_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls map_push_elem: flags=2147483648
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 2147483648 ll
call bpf_map_push_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls map_push_elem: flags=4294967296
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 4294967296 ll
call bpf_map_push_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls map_push_elem: flags=-1
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = -1
call bpf_map_push_elem
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp map_push_elem: plain
-- prog xdp
-- map m queue 0 8 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 0
call bpf_map_push_elem
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
r3 = 0
call bpf_map_push_elem
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"

-- case value is a number
-- prog sched_cls
-- map m queue 0 8 2
r6 = r1
r1 = map[m]
r2 = 1
r3 = 0
call bpf_map_push_elem
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
