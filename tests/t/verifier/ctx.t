# The context: fields by table, whole or in part, for reading or writing.

-- case a field behind the end
-- prog socket_filter
r0 = *(u32 *)(r1 +4000)
exit
-- reject REJ_CTX_ACCESS "invalid bpf_context access off=4000 size=4"

-- case a read-only field is written
-- prog socket_filter
*(u32 *)(r1 +0) = 1
r0 = 0
exit
-- reject REJ_CTX_ACCESS

-- case a field of another program type
-- prog socket_filter
r0 = *(u32 *)(r1 +76)
exit
-- reject REJ_CTX_ACCESS

-- case two bytes of a field of four
-- prog socket_filter
r0 = *(u16 *)(r1 +0)
exit
-- accept

-- case half a packet pointer
-- prog xdp
r0 = *(u16 *)(r1 +0)
exit
-- reject REJ_CTX_ACCESS

-- case CVE-2024-47702: a packet pointer sign-extended
-- prog xdp
r0 = *(s32 *)(r1 +0)
exit
-- reject REJ_CTX_ACCESS

-- case CVE-2025-38591: half a socket pointer
-- prog cgroup_skb
r0 = *(u8 *)(r1 +168)
exit
-- reject REJ_CTX_ACCESS

-- case misaligned
-- prog socket_filter
r0 = *(u32 *)(r1 +2)
exit
-- reject REJ_CTX_ACCESS

-- case below the context
-- prog socket_filter
r0 = *(u32 *)(r1 -4)
exit
-- reject REJ_CTX_ACCESS

-- case a context that was moved down
-- prog socket_filter
r1 += -4
r0 = *(u32 *)(r1 +0)
exit
-- reject REJ_NEGATIVE_OFF_PTR

-- case a moved context
-- prog socket_filter
r1 += 4
r0 = *(u32 *)(r1 +0)
exit
-- reject REJ_MODIFIED_PTR "dereference of modified ctx ptr R1 off=4 disallowed"

-- case a context moved by a variable
-- prog socket_filter
r2 = *(u32 *)(r1 +0)
r2 &= 4
r1 += r2
r0 = *(u32 *)(r1 +0)
exit
-- reject REJ_VARIABLE_PTR "variable ctx access var_off=(0x0; 0x4) disallowed"

-- case a pointer stored in the context
-- prog sched_cls caps=bpf
*(u64 *)(r1 +152) = r1
r0 = 0
exit
-- reject REJ_LEAK_STORE "R1 leaks addr into ctx"

-- case atomics on the context
-- prog sched_cls
r2 = 1
lock *(u32 *)(r1 +8) += r2
r0 = 0
exit
-- reject REJ_ATOMIC_STORE "BPF_ATOMIC stores into R1 ctx is not allowed"

-- case an acquiring load of the context
-- prog sched_cls
r0 = load_acquire((u32 *)(r1 +8))
exit
-- reject REJ_ATOMIC_LOAD

-- case one load of two kinds of pointers
-- prog socket_filter
r2 = *(u32 *)(r1 +0)
*(u64 *)(r10 -176) = 0
r3 = r10
r3 += -176
if r2 == 0 goto both
r3 = r1
both:
r0 = *(u32 *)(r3 +0)
exit
-- reject REJ_MIXED_POINTERS

-- case a number is no pointer
-- prog socket_filter
r1 = 8
r0 = *(u32 *)(r1 +0)
exit
-- reject REJ_INVALID_MEM "R1 invalid mem access 'scalar'"

-- case a map is no memory
-- prog socket_filter
-- map m array 4 8 1
r1 = map[m]
*(u32 *)(r1 +0) = 0
r0 = 0
exit
-- reject REJ_MAP_PTR_WRITE "only read from bpf_array is supported"

-- case fields of a map
-- prog socket_filter
-- map m array 4 8 1
r1 = map[m]
r0 = *(u32 *)(r1 -4)
exit
-- reject REJ_MAP_PTR_NEGATIVE

-- case fields of a map need a privilege
-- prog socket_filter caps=bpf
-- map m array 4 8 1
r1 = map[m]
r0 = *(u32 *)(r1 +0)
exit
-- reject REJ_MAP_PTR_PERFMON

-- case CVE-2024-26589: flow keys at a variable offset
-- prog flow_dissector
r2 = *(u64 *)(r1 +144)
r3 = *(u32 *)(r1 +0)
r3 &= 1
r2 += r3
r0 = *(u8 *)(r2 +0)
exit
-- reject REJ_CTX_ACCESS

-- case a flow key
-- prog flow_dissector
r2 = *(u64 *)(r1 +144)
r0 = *(u16 *)(r2 +0)
r0 = 0
exit
-- accept

-- case behind the flow keys
-- prog flow_dissector
r2 = *(u64 *)(r1 +144)
r0 = *(u32 *)(r2 +4000)
exit
-- reject REJ_FLOW_KEYS_BOUNDS "invalid access to flow keys off=4000 size=4"

-- case a field that no socket has
-- prog cgroup_skb
r2 = *(u64 *)(r1 +168)
if r2 == 0 goto out
r0 = *(u32 *)(r2 +4000)
out:
r0 = 0
exit
-- reject REJ_SOCK_ACCESS "invalid sock_common access off=4000 size=4"

-- case a socket before the comparison with NULL
-- prog cgroup_skb
r2 = *(u64 *)(r1 +168)
r0 = *(u32 *)(r2 +4)
exit
-- reject REJ_INVALID_MEM "R2 invalid mem access 'sock_common_or_null'"

-- case a socket is written
-- prog cgroup_skb
r2 = *(u64 *)(r1 +168)
if r2 == 0 goto out
*(u32 *)(r2 +4) = 1
out:
r0 = 0
exit
-- reject REJ_CANNOT_WRITE "R2 cannot write into sock_common"

-- case a buffer of no known size below its start
-- prog raw_tracepoint_writable
r2 = *(u64 *)(r1 +0)
r0 = *(u64 *)(r2 -8)
exit
-- reject REJ_BUF_BOUNDS "R2 invalid tracepoint buffer access: off=-8, size=8"

-- case a buffer of no known size at a variable offset
-- prog raw_tracepoint_writable
r2 = *(u64 *)(r1 +0)
call bpf_get_prandom_u32
r0 = 0
exit
-- accept
