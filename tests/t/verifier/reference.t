# What is acquired is released, once, on every path.

-- case a record that is never submitted
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
r0 = 0
exit
-- reject REJ_UNRELEASED "Unreleased reference id=2 alloc_insn=4"

-- case a record submitted on one path only
-- prog socket_filter
-- map r ringbuf 0 0 4096
r6 = *(u32 *)(r1 +0)
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
if r6 == 0 goto out
r1 = r0
r2 = 0
call bpf_ringbuf_submit
out:
r0 = 0
exit
-- reject REJ_UNRELEASED

-- case a record submitted
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
*(u64 *)(r0 +0) = 1
r1 = r0
r2 = 0
call bpf_ringbuf_submit
r0 = 1
exit
out:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 1

-- case a record submitted twice
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
r6 = r0
r1 = r0
r2 = 0
call bpf_ringbuf_submit
r1 = r6
r2 = 0
call bpf_ringbuf_submit
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ringbuf_mem"

-- case a record used after it was submitted
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
r6 = r0
r1 = r0
r2 = 0
call bpf_ringbuf_submit
*(u64 *)(r6 +0) = 1
out:
r0 = 0
exit
-- reject REJ_INVALID_MEM "R6 invalid mem access 'scalar'"

-- case CVE-2021-4204: a moved record is submitted
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
r1 = r0
r1 += 8
r2 = 0
call bpf_ringbuf_submit
out:
r0 = 0
exit
-- reject REJ_RELEASE_OFFSET

-- case a map value is no record
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 0
call bpf_ringbuf_submit
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE

-- case a tail call with a record in hand
-- prog socket_filter
-- map r ringbuf 0 0 4096
-- map t prog_array 4 4 1
r6 = r1
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
r1 = r6
r2 = map[t]
r3 = 0
call bpf_tail_call
r0 = 0
exit
-- reject REJ_REF_LEAK "tail_call would lead to reference leak"

-- case a packet load with a record in hand
-- prog socket_filter
-- map r ringbuf 0 0 4096
r6 = r1
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
r0 = *(u8 *)skb[0]
exit
-- reject REJ_REF_LEAK "BPF_LD_[ABS|IND] would lead to reference leak"

-- case a socket is looked up and forgotten
-- prog sched_cls
*(u64 *)(r10 -16) = 0
*(u64 *)(r10 -8) = 0
r2 = r10
r2 += -16
r3 = 12
r4 = 0
r5 = 0
call bpf_sk_lookup_tcp
r0 = 0
exit
-- reject REJ_UNRELEASED

-- case the context's socket is not ours to release
-- prog sched_cls
r1 = *(u64 *)(r1 +168)
if r1 == 0 goto out
call bpf_sk_release
out:
r0 = 0
exit
-- reject REJ_RELEASE_UNREF "R1 must be referenced when passed to release function"

-- case ring buffer dynptr in place of memory
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
r4 = r10
r4 += -16
call bpf_ringbuf_reserve_dynptr
r0 = 0
exit
-- reject REJ_UNRELEASED
