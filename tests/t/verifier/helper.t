# Calls of helpers: who may, and with what.

-- case a helper that is none
-- prog socket_filter
raw 0x85 0 0 0 9999
exit
-- reject REJ_INVALID_FUNC "invalid func unknown#9999"

-- case a helper of another program type
-- prog socket_filter
r1 = 1
call bpf_redirect
exit
-- reject REJ_HELPER_TYPE "program of this type cannot use helper bpf_redirect#23"

-- case a helper for GPL programs only
-- prog kprobe license=BSD
r1 = r10
r1 += -8
r2 = 8
r3 = 0
call bpf_probe_read_kernel
r0 = 0
exit
-- reject REJ_GPL

-- case a helper that sleeps
-- prog kprobe
r1 = r10
r1 += -8
r2 = 8
r3 = 0
call bpf_copy_from_user
r0 = 0
exit
-- reject REJ_HELPER_SLEEP

-- case a number where a map belongs
-- prog socket_filter
r1 = 0
r2 = r10
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"

-- case a number where memory belongs
-- prog socket_filter
-- map m array 4 8 1
r1 = map[m]
r2 = 0
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value"

-- case the context where a map belongs
-- prog socket_filter
r2 = r10
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=ctx expected=map_ptr"

-- case something that is not the context
-- prog socket_filter
r1 = r10
r2 = 0
r3 = r10
r3 += -8
r4 = 8
call bpf_skb_load_bytes
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=fp expected=ctx"

-- case a value that may be NULL
-- prog socket_filter
-- map m hash 4 8 1
lookup m
r1 = map[m]
r2 = r0
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_ARG_TYPE "R2 type=map_value_or_null expected=fp, pkt, pkt_meta, map_key, map_value"

-- case a size that may be negative
-- prog socket_filter
r6 = *(u32 *)(r1 +0)
r4 = r6
r4 -= 10
r2 = 0
r3 = r10
r3 += -8
*(u64 *)(r10 -8) = 0
call bpf_skb_load_bytes
r0 = 0
exit
-- reject REJ_MIN_NEGATIVE_SIZE

-- case a size without an upper bound
-- prog socket_filter
-- map m array 4 8 1
r6 = r1
lookup m
if r0 == 0 goto out
r4 = *(u64 *)(r0 +0)
if r4 s< 1 goto out
r3 = r0
r1 = r6
r2 = 0
call bpf_skb_load_bytes
out:
r0 = 0
exit
-- reject REJ_UNBOUNDED_SIZE

-- case a size that may be 0
-- prog socket_filter
r4 = *(u32 *)(r1 +0)
r4 &= 7
r2 = 0
r3 = r10
r3 += -8
*(u64 *)(r10 -8) = 0
call bpf_skb_load_bytes
r0 = 0
exit
-- reject REJ_ZERO_SIZE

-- case a size larger than the memory
-- prog socket_filter
-- map m array 4 8 1
r6 = r1
lookup m
if r0 == 0 goto out
r3 = r0
r1 = r6
r2 = 0
r4 = 9
call bpf_skb_load_bytes
out:
r0 = 0
exit
-- reject REJ_MAP_VALUE_BOUNDS

-- case CVE-2024-35905: a size near 2^31
-- prog socket_filter
r2 = 0
r3 = r10
r3 += -8
r4 = 0x7fffffff
call bpf_skb_load_bytes
r0 = 0
exit
-- reject REJ_UNBOUNDED_SIZE

-- case a pointer passed as a number
-- prog socket_filter caps=bpf
r2 = r10
r3 = r10
r3 += -8
r4 = 8
call bpf_skb_load_bytes
r0 = 0
exit
-- reject REJ_LEAK_HELPER "R2 leaks addr into helper function"

-- case the size of the output is not known
-- prog socket_filter
-- map m ringbuf 0 0 4096
r2 = *(u32 *)(r1 +0)
r1 = map[m]
r3 = 0
call bpf_ringbuf_reserve
r0 = 0
exit
-- reject REJ_NOT_CONST "R2 is not a known constant'"

-- case a format that lives in writable memory
-- prog socket_filter
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 8
r3 = r1
r4 = r1
r5 = 0
call bpf_snprintf
r0 = 0
exit
-- reject REJ_ARG_TYPE

-- case a format in a map that can change
-- prog socket_filter
-- map m array 4 8 1
r3 = map[m][0]+0
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 8
r4 = r1
r5 = 0
call bpf_snprintf
r0 = 0
exit
-- reject REJ_STR_NOT_RDONLY

-- case a helper gets a packet it would have to copy
-- prog lwt_xmit
-- map m array 4 8 1
r6 = r1
r3 = *(u32 *)(r6 +76)
r4 = *(u32 *)(r6 +80)
r5 = r3
r5 += 8
if r5 > r4 goto out
r1 = r6
r2 = 0
r4 = 8
call bpf_skb_load_bytes
out:
r0 = 0
exit
-- reject REJ_HELPER_PKT

-- case tail calls through two maps, without privilege
-- prog socket_filter caps=none
-- map m prog_array 4 4 1
-- map n prog_array 4 4 1
r0 = *(u32 *)(r1 +0)
r2 = map[m]
if r0 == 0 goto call
r2 = map[n]
call:
r3 = 0
call bpf_tail_call
r0 = 0
exit
-- reject REJ_TAIL_CALL_MAPS
