# bpf_probe_write_user: results at the edges of its arguments, and each pointer refused when it is a number.

-- case raw_tracepoint probe_write_user: plain
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = r10
r2 += -64
r3 = 8
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case raw_tracepoint probe_write_user: dst=0
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = r10
r2 += -64
r3 = 8
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case raw_tracepoint probe_write_user: dst=1
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = r10
r2 += -64
r3 = 8
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case raw_tracepoint probe_write_user: dst=2
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 2
r2 = r10
r2 += -64
r3 = 8
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case raw_tracepoint probe_write_user: dst=-1
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = -1
r2 = r10
r2 += -64
r3 = 8
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case raw_tracepoint probe_write_user: len=4
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = r10
r2 += -64
r3 = 4
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case raw_tracepoint probe_write_user: len=28
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
r1 = 0
r2 = r10
r2 += -64
r3 = 28
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case raw_tracepoint probe_write_user: len=64
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
*(u64 *)(r10 -32) = 117
*(u64 *)(r10 -24) = 125
*(u64 *)(r10 -16) = 133
*(u64 *)(r10 -8) = 141
r1 = 0
r2 = r10
r2 += -64
r3 = 64
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case syscall probe_write_user: plain
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = r10
r2 += -64
r3 = 8
call bpf_probe_write_user
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "kernels may be built without it"

-- case src is a number
-- prog raw_tracepoint
r6 = r1
r1 = 0
r2 = 1
r3 = 8
call bpf_probe_write_user
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
-- kernel differs "kernels may be built without it"
