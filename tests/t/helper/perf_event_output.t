# bpf_perf_event_output: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls perf_event_output: plain
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = map[m]
r3 = 0
r4 = r10
r4 += -64
r5 = 8
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls perf_event_output: flags=1
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = map[m]
r3 = 1
r4 = r10
r4 += -64
r5 = 8
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls perf_event_output: flags=2147483648
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = map[m]
r3 = 2147483648 ll
r4 = r10
r4 += -64
r5 = 8
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -7

-- case sched_cls perf_event_output: flags=4294967296
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = map[m]
r3 = 4294967296 ll
r4 = r10
r4 += -64
r5 = 8
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls perf_event_output: flags=-1
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = map[m]
r3 = -1
r4 = r10
r4 += -64
r5 = 8
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_output: size=0
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = map[m]
r3 = 0
r4 = r10
r4 += -64
r5 = 0
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls perf_event_output: size=4
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = map[m]
r3 = 0
r4 = r10
r4 += -64
r5 = 4
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls perf_event_output: size=28
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
r1 = r6
r2 = map[m]
r3 = 0
r4 = r10
r4 += -64
r5 = 28
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls perf_event_output: size=64
-- prog sched_cls
-- map m perf_event_array 4 4 2
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
r2 = map[m]
r3 = 0
r4 = r10
r4 += -64
r5 = 64
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case xdp perf_event_output: plain
-- prog xdp
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = map[m]
r3 = 0
r4 = r10
r4 += -64
r5 = 8
call bpf_perf_event_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case ctx is a number
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = map[m]
r3 = 0
r4 = r10
r4 += -64
r5 = 8
call bpf_perf_event_output
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case map is a number
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 1
r3 = 0
r4 = r10
r4 += -64
r5 = 8
call bpf_perf_event_output
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=map_ptr"

-- case data is a number
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
r1 = r6
r2 = map[m]
r3 = 0
r4 = 1
r5 = 8
call bpf_perf_event_output
out:
exit
-- reject REJ_ARG_TYPE "R4 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
