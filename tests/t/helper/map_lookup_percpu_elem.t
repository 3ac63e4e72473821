# bpf_map_lookup_percpu_elem: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls map_lookup_percpu_elem: plain
-- prog sched_cls
-- map m percpu_array 4 8 2
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = map[m]
r2 = r10
r2 += -64
r3 = 0
call bpf_map_lookup_percpu_elem
if r0 == 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case sched_cls map_lookup_percpu_elem: cpu=0
-- prog sched_cls
-- map m percpu_array 4 8 2
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = map[m]
r2 = r10
r2 += -64
r3 = 0
call bpf_map_lookup_percpu_elem
if r0 == 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case sched_cls map_lookup_percpu_elem: cpu=1
-- prog sched_cls
-- map m percpu_array 4 8 2
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = map[m]
r2 = r10
r2 += -64
r3 = 1
call bpf_map_lookup_percpu_elem
if r0 == 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case sched_cls map_lookup_percpu_elem: cpu=100
-- prog sched_cls
-- map m percpu_array 4 8 2
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = map[m]
r2 = r10
r2 += -64
r3 = 100
call bpf_map_lookup_percpu_elem
if r0 == 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp map_lookup_percpu_elem: plain
-- prog xdp
-- map m percpu_array 4 8 2
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = map[m]
r2 = r10
r2 += -64
r3 = 0
call bpf_map_lookup_percpu_elem
if r0 == 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case map is a number
-- prog sched_cls
-- map m percpu_array 4 8 2
r6 = r1
*(u64 *)(r10 -64) = 0
r1 = 1
r2 = r10
r2 += -64
r3 = 0
call bpf_map_lookup_percpu_elem
if r0 == 0 goto out
r0 = 1
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"

-- case key is a number
-- prog sched_cls
-- map m percpu_array 4 8 2
r6 = r1
r1 = map[m]
r2 = 1
r3 = 0
call bpf_map_lookup_percpu_elem
if r0 == 0 goto out
r0 = 1
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
