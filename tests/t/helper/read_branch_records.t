# bpf_read_branch_records: results at the edges of its arguments, and each pointer refused when it is a number.

-- case perf_event read_branch_records: plain
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 0
call bpf_read_branch_records
out:
r0 = 0
exit
-- accept

-- case perf_event read_branch_records: size=0
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 0
r4 = 0
call bpf_read_branch_records
out:
r0 = 0
exit
-- accept

-- case perf_event read_branch_records: size=4
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 4
r4 = 0
call bpf_read_branch_records
out:
r0 = 0
exit
-- accept

-- case perf_event read_branch_records: size=28
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
r1 = r6
r2 = r10
r2 += -64
r3 = 28
r4 = 0
call bpf_read_branch_records
out:
r0 = 0
exit
-- accept

-- case perf_event read_branch_records: size=64
-- prog perf_event
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
r2 = r10
r2 += -64
r3 = 64
r4 = 0
call bpf_read_branch_records
out:
r0 = 0
exit
-- accept

-- case perf_event read_branch_records: flags=1
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 1
call bpf_read_branch_records
out:
r0 = 0
exit
-- accept

-- case perf_event read_branch_records: flags=2147483648
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 2147483648 ll
call bpf_read_branch_records
out:
r0 = 0
exit
-- accept

-- case perf_event read_branch_records: flags=4294967296
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 4294967296 ll
call bpf_read_branch_records
out:
r0 = 0
exit
-- accept

-- case perf_event read_branch_records: flags=-1
-- prog perf_event
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = -1
call bpf_read_branch_records
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
r4 = 0
call bpf_read_branch_records
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
r4 = 0
call bpf_read_branch_records
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
