# bpf_perf_event_read_value: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls perf_event_read_value: plain
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_read_value: plain, what is in buf
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls perf_event_read_value: flags=1
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 1
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_read_value: flags=1, what is in buf
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 1
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls perf_event_read_value: flags=2147483648
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 2147483648 ll
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_read_value: flags=2147483648, what is in buf
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 2147483648 ll
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls perf_event_read_value: flags=4294967296
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 4294967296 ll
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_read_value: flags=4294967296, what is in buf
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 4294967296 ll
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls perf_event_read_value: flags=-1
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = -1
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_read_value: flags=-1, what is in buf
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = -1
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls perf_event_read_value: buf_size=4
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 0
r3 = r10
r3 += -64
r4 = 4
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_read_value: buf_size=28
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 0
r3 = r10
r3 += -64
r4 = 28
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_read_value: buf_size=64
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 0
r3 = r10
r3 += -64
r4 = 64
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp perf_event_read_value: plain
-- prog xdp
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp perf_event_read_value: plain, what is in buf
-- prog xdp
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
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
-- map m perf_event_array 4 4 2
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_perf_event_read_value
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"

-- case buf is a number
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
r3 = 1
r4 = 8
call bpf_perf_event_read_value
out:
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
