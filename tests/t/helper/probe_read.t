# bpf_probe_read: results at the edges of its arguments, and each pointer refused when it is a number.

-- case raw_tracepoint probe_read: plain
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case raw_tracepoint probe_read: plain, what is in dst
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_probe_read
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> 0

-- case raw_tracepoint probe_read: size=0
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 0
r3 = 0
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> 0

-- case raw_tracepoint probe_read: size=4
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 4
r3 = 0
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case raw_tracepoint probe_read: size=28
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 28
r3 = 0
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case raw_tracepoint probe_read: size=64
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 64
r3 = 0
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case raw_tracepoint probe_read: unsafe_ptr=0
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case raw_tracepoint probe_read: unsafe_ptr=0, what is in dst
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_probe_read
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> 0

-- case raw_tracepoint probe_read: unsafe_ptr=1
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 1
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case raw_tracepoint probe_read: unsafe_ptr=1, what is in dst
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 1
call bpf_probe_read
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> 0

-- case raw_tracepoint probe_read: unsafe_ptr=2
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 2
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case raw_tracepoint probe_read: unsafe_ptr=2, what is in dst
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 2
call bpf_probe_read
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> 0

-- case raw_tracepoint probe_read: unsafe_ptr=-1
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = -1
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case raw_tracepoint probe_read: unsafe_ptr=-1, what is in dst
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = -1
call bpf_probe_read
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> 0

-- case syscall probe_read: plain
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_probe_read
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14

-- case syscall probe_read: plain, what is in dst
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
call bpf_probe_read
r7 = r0
r0 = *(u8 *)(r10 -64)
r1 = *(u8 *)(r10 -63)
r0 <<= 8
r0 |= r1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> 0

-- case dst is a number
-- prog raw_tracepoint
r6 = r1
r1 = 1
r2 = 8
r3 = 0
call bpf_probe_read
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
