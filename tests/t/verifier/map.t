# Map values, and what map types take.

-- case a value that may be NULL
-- prog socket_filter
-- map m hash 4 8 1
lookup m
r0 = *(u64 *)(r0 +0)
exit
-- reject REJ_INVALID_MEM "R0 invalid mem access 'map_value_or_null'"

-- case behind the value
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r0 = *(u64 *)(r0 +1)
out:
r0 = 0
exit
-- reject REJ_MAP_VALUE_BOUNDS "invalid access to map value, value_size=8 off=1 size=8"

-- case before the value
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r0 = *(u8 *)(r0 -1)
out:
r0 = 0
exit
-- reject REJ_MAP_VALUE_BOUNDS

-- case an index that may be negative
-- prog socket_filter
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
if r1 s> 8 goto out
if r1 s< -8 goto out
r0 += r1
r0 = *(u8 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_MIN_NEGATIVE_INDEX

-- case an index without an upper bound
-- prog socket_filter
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
r0 += r1
r0 = *(u8 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_UNBOUNDED_ACCESS

-- case an index with too high a bound
-- prog socket_filter
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
r1 &= 127
r0 += r1
r0 = *(u8 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_MAX_OUTSIDE

-- case an index that starts before the value
-- prog socket_filter
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
r1 &= 15
r0 += -8
r0 += r1
r0 = *(u8 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_MIN_OUTSIDE

-- case an index with the right bound
-- prog socket_filter
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
r1 &= 63
r0 += r1
r0 = *(u8 *)(r0 +0)
exit
out:
r0 = 5
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case a map that programs may only read
-- prog socket_filter
-- map m array 4 8 1 80
lookup m
if r0 == 0 goto out
*(u64 *)(r0 +0) = 1
out:
r0 = 0
exit
-- reject REJ_MAP_WRITE "write into map forbidden, value_size=8 off=0 size=8"

-- case a map that programs may only write
-- prog socket_filter
-- map m array 4 8 1 100
r1 = map[m][0]+0
r0 = *(u64 *)(r1 +0)
exit
-- reject REJ_MAP_READ "read from map forbidden, value_size=8 off=0 size=8"

-- case a helper writes a map that programs may only read
-- prog socket_filter
-- map m array 4 8 1 80
*(u64 *)(r10 -8) = 0
r1 = map[m]
r2 = r10
r2 += -8
r3 = r2
r4 = 0
call bpf_map_update_elem
r0 = 0
exit
-- reject REJ_MAP_WRITE_HELPER

-- case CVE-2024-49861: a helper fills a value that programs may only read
-- prog socket_filter
-- map m array 4 8 1 80
r6 = r1
lookup m
if r0 == 0 goto out
r1 = r6
r2 = 0
r3 = r0
r4 = 8
call bpf_skb_load_bytes
out:
r0 = 0
exit
-- reject REJ_MAP_WRITE

-- case an atomic on a value that programs may only read
-- prog socket_filter
-- map m array 4 8 1 80
lookup m
if r0 == 0 goto out
r1 = 1
lock *(u64 *)(r0 +0) += r1
out:
r0 = 0
exit
-- reject REJ_MAP_WRITE

-- case a pointer stored in a value
-- prog socket_filter caps=bpf
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
*(u64 *)(r0 +0) = r10
out:
r0 = 0
exit
-- reject REJ_LEAK_STORE "R10 leaks addr into map"

-- case lookup in a program array
-- prog socket_filter
-- map m prog_array 4 4 1
lookup m
r0 = 0
exit
-- reject REJ_MAP_FUNC "cannot pass map_type 3 into func bpf_map_lookup_elem#1"

-- case push on an array
-- prog socket_filter
-- map m array 4 8 1
*(u64 *)(r10 -8) = 0
r1 = map[m]
r2 = r10
r2 += -8
r3 = 0
call bpf_map_push_elem
r0 = 0
exit
-- reject REJ_MAP_FUNC

-- case tail call into an array
-- prog socket_filter
-- map m array 4 4 1
r2 = map[m]
r3 = 0
call bpf_tail_call
r0 = 0
exit
-- reject REJ_TAIL_CALL_MAP

-- case the lock itself is read
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r0 = *(u32 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_FIELD_DIRECT "bpf_spin_lock cannot be accessed directly by load/store"

-- case the timer itself is read
-- prog sched_cls
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto out
r0 = *(u64 *)(r0 +8)
out:
r0 = 0
exit
-- reject REJ_FIELD_DIRECT "bpf_timer cannot be accessed directly by load/store"

-- case a helper reads the lock
-- prog sched_cls
-- map m array 4 16 1 0 lock
-- map n hash 16 8 1
lookup m
if r0 == 0 goto out
r1 = map[n]
r2 = r0
call bpf_map_lookup_elem
out:
r0 = 0
exit
-- reject REJ_FIELD_DIRECT

-- case the size of ring buffer memory
-- prog socket_filter
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
*(u64 *)(r0 +8) = 0
out:
r0 = 0
exit
-- reject REJ_MEM_BOUNDS "invalid access to memory, mem_size=8 off=8 size=8"

-- case the key in a callback is not written
-- prog socket_filter
-- btf
-- map m array 4 8 1
r1 = map[m]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_for_each_map_elem
r0 = 0
exit
cb:
*(u32 *)(r2 +0) = 1
r0 = 0
exit
-- reject REJ_KEY_WRITE "write to change key R2 not allowed"

-- case behind the key in a callback
-- prog socket_filter
-- btf
-- map m array 4 8 1
r1 = map[m]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_for_each_map_elem
r0 = 0
exit
cb:
r0 = *(u32 *)(r2 +4)
r0 = 0
exit
-- reject REJ_MAP_KEY_BOUNDS "invalid access to map key, key_size=4 off=4 size=4"

-- case a cgroup's storage, with flags
-- prog cgroup_skb
-- map s cgroup_storage 8 8 0
r1 = map[s]
r2 = 1
call bpf_get_local_storage
r0 = 0
exit
-- reject REJ_STORAGE_FLAGS

-- case two storages of a cgroup
-- prog cgroup_skb
-- map s cgroup_storage 8 8 0
-- map t cgroup_storage 8 8 0
r1 = map[s]
r2 = 0
call bpf_get_local_storage
r1 = map[t]
r2 = 0
call bpf_get_local_storage
r0 = 0
exit
-- reject REJ_ONE_CGROUP_STORAGE

-- case sockets put into a map where a socket may be locked
-- prog cgroup_skb
-- map s sockmap 4 4 1
*(u64 *)(r10 -8) = 0
r6 = *(u64 *)(r1 +168)
if r6 == 0 goto out
r1 = map[s]
r2 = r10
r2 += -8
r3 = r6
r4 = 0
call bpf_map_update_elem
out:
r0 = 0
exit
-- reject REJ_SOCKMAP_UPDATE
