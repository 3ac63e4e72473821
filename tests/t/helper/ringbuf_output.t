# bpf_ringbuf_output: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls ringbuf_output: plain
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 8
r4 = 0
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_output: size=0
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 0
r4 = 0
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_output: size=4
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 4
r4 = 0
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_output: size=28
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
r1 = map[m]
r2 = r10
r2 += -64
r3 = 28
r4 = 0
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_output: size=64
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
*(u64 *)(r10 -32) = 117
*(u64 *)(r10 -24) = 125
*(u64 *)(r10 -16) = 133
*(u64 *)(r10 -8) = 141
r1 = map[m]
r2 = r10
r2 += -64
r3 = 64
r4 = 0
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_output: flags=1
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 8
r4 = 1
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_output: flags=2147483648
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 8
r4 = 2147483648 ll
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls ringbuf_output: flags=4294967296
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 8
r4 = 4294967296 ll
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls ringbuf_output: flags=-1
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 8
r4 = -1
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp ringbuf_output: plain
-- prog xdp
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = map[m]
r2 = r10
r2 += -64
r3 = 8
r4 = 0
call bpf_ringbuf_output
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case ringbuf is a number
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = r10
r2 += -64
r3 = 8
r4 = 0
call bpf_ringbuf_output
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"

-- case data is a number
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
r1 = map[m]
r2 = 1
r3 = 8
r4 = 0
call bpf_ringbuf_output
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
