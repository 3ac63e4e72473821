# bpf_get_ns_current_pid_tgid: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls get_ns_current_pid_tgid: plain
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: dev=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: dev=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: dev=2
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 2
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: dev=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = -1
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: ino=0
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: ino=1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 1
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: ino=2
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 2
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: ino=-1
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = -1
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: size=4
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 0
r3 = r10
r3 += -64
r4 = 4
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: size=28
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 0
r3 = r10
r3 += -64
r4 = 28
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls get_ns_current_pid_tgid: size=64
-- prog sched_cls
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 0
r3 = r10
r3 += -64
r4 = 64
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp get_ns_current_pid_tgid: plain
-- prog xdp
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_get_ns_current_pid_tgid
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case nsdata is a number
-- prog sched_cls
r6 = r1
r1 = 0
r2 = 0
r3 = 1
r4 = 8
call bpf_get_ns_current_pid_tgid
out:
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
