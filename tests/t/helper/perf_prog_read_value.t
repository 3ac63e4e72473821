# bpf_perf_prog_read_value: results at the edges of its arguments, and each pointer refused when it is a number.

-- case perf_event perf_prog_read_value: plain
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
call bpf_perf_prog_read_value
out:
r0 = 0
exit
-- accept

-- case perf_event perf_prog_read_value: plain, what is in buf
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
call bpf_perf_prog_read_value
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
r0 = 0
exit
-- accept

-- case perf_event perf_prog_read_value: buf_size=4
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 4
call bpf_perf_prog_read_value
out:
r0 = 0
exit
-- accept

-- case perf_event perf_prog_read_value: buf_size=28
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 28
call bpf_perf_prog_read_value
out:
r0 = 0
exit
-- accept

-- case perf_event perf_prog_read_value: buf_size=64
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 64
call bpf_perf_prog_read_value
out:
r0 = 0
exit
-- accept

-- case ctx is a number
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = r10
r2 += -64
r3 = 8
call bpf_perf_prog_read_value
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case buf is a number
-- prog perf_event
r6 = r1
r1 = r6
r2 = 1
r3 = 8
call bpf_perf_prog_read_value
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
