# Typed arguments of tracepoints and iterators: which are pointers, which may be NULL, which can be trusted.

-- case the socket that a dropped packet was received on may be missing
-- prog tracing attach=23 on=btf_trace_kfree_skb
r1 = *(u64 *)(r1 +24)
r0 = *(u16 *)(r1 +16)
r0 = 0
exit
-- reject REJ_INVALID_MEM "R1 invalid mem access 'trusted_ptr_or_null_'"
-- log "func 'kfree_skb' arg3 has btf_id"

-- case and once it is checked it can be read
-- prog tracing attach=23 on=btf_trace_kfree_skb
r1 = *(u64 *)(r1 +24)
if r1 == 0 goto out
r0 = *(u16 *)(r1 +16)
out:
r0 = 0
exit
-- accept
-- log "R1=trusted_ptr_sock()"

-- case the packet itself is always there
-- prog tracing attach=23 on=btf_trace_kfree_skb
r1 = *(u64 *)(r1 +0)
r0 = *(u32 *)(r1 +112)
r0 = 0
exit
-- accept
-- log "func 'kfree_skb' arg0 has btf_id"

-- case the task of an iterator over tasks can be trusted
-- prog tracing attach=28 on=bpf_iter_task
r2 = *(u64 *)(r1 +8)
r0 = 0
exit
-- accept
-- log "R2=trusted_ptr_or_null_task_struct(id=1)"

-- case that of an iterator over open files cannot
-- prog tracing attach=28 on=bpf_iter_task_file
r2 = *(u64 *)(r1 +8)
r0 = 0
exit
-- accept
-- log "R2=ptr_or_null_task_struct(id=1)"

-- case socket options while walking TCP sockets
-- prog tracing attach=28 on=bpf_iter_tcp
r1 = *(u64 *)(r1 +8)
if r1 == 0 goto out
r2 = 6
r3 = 13
*(u64 *)(r10 -16) = 0
r4 = r10
r4 += -16
r5 = 16
call bpf_getsockopt
out:
r0 = 0
exit
-- accept

-- case but not while walking UDP sockets
-- prog tracing attach=28 on=bpf_iter_udp
r1 = *(u64 *)(r1 +8)
if r1 == 0 goto out
r2 = 6
r3 = 13
*(u64 *)(r10 -16) = 0
r4 = r10
r4 += -16
r5 = 16
call bpf_getsockopt
out:
r0 = 0
exit
-- reject REJ_HELPER_TYPE "program of this type cannot use helper bpf_getsockopt#57"

-- case half of a tracepoint's argument, by the tracepoint's name
-- prog tracing attach=23 on=btf_trace_sched_switch
r0 = *(u32 *)(r1 +8)
r0 = 0
exit
-- reject REJ_CTX_ACCESS "func 'sched_switch' size 4 must be 8"

-- case a tracepoint's argument askew
-- prog tracing attach=23 on=btf_trace_sched_switch
r0 = *(u32 *)(r1 +4)
r0 = 0
exit
-- reject REJ_CTX_ACCESS "func 'sched_switch' offset 4 is not multiple of 8"
