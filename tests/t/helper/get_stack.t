# bpf_get_stack: results at the edges of its arguments, and each pointer refused when it is a number.

-- case raw_tracepoint get_stack: plain
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 0
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "skep has no kernel stack"

-- case raw_tracepoint get_stack: size=0
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 0
r4 = 0
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "skep has no kernel stack"

-- case raw_tracepoint get_stack: size=4
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 4
r4 = 0
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case raw_tracepoint get_stack: size=28
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 28
r4 = 0
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case raw_tracepoint get_stack: size=64
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 64
r4 = 0
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "skep has no kernel stack"

-- case raw_tracepoint get_stack: flags=1
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 1
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "skep has no kernel stack"

-- case raw_tracepoint get_stack: flags=2147483648
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 2147483648 ll
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case raw_tracepoint get_stack: flags=4294967296
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 4294967296 ll
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case raw_tracepoint get_stack: flags=-1
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = -1
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case syscall get_stack: plain
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = r10
r2 += -64
r3 = 8
r4 = 0
call bpf_get_stack
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -14
-- kernel differs "skep has no kernel stack"

-- case ctx is a number
-- prog raw_tracepoint
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = r10
r2 += -64
r3 = 8
r4 = 0
call bpf_get_stack
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case buf is a number
-- prog raw_tracepoint
r6 = r1
r1 = r6
r2 = 1
r3 = 8
r4 = 0
call bpf_get_stack
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
