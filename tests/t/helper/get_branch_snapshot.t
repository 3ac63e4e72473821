# bpf_get_branch_snapshot: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls get_branch_snapshot: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
call bpf_get_branch_snapshot
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls get_branch_snapshot: size=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 0
call bpf_get_branch_snapshot
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls get_branch_snapshot: size=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 4
call bpf_get_branch_snapshot
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls get_branch_snapshot: size=28
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 28
call bpf_get_branch_snapshot
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls get_branch_snapshot: size=64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 64
call bpf_get_branch_snapshot
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case xdp get_branch_snapshot: plain
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
call bpf_get_branch_snapshot
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2
-- kernel differs "what is not written stays as it was"

-- case entries is a number
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 8
call bpf_get_branch_snapshot
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
