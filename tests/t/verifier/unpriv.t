# Loaders without CAP_PERFMON: pointers stay pointers, and arithmetic on them can be masked.

-- case an index of unknown sign
-- prog socket_filter caps=bpf
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
r0 += r1
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_UNBOUNDED

-- case a packet pointer moved by a variable
-- prog cgroup_skb caps=bpf
r2 = *(u32 *)(r1 +76)
r3 = *(u32 *)(r1 +0)
r3 &= 7
r2 += r3
r0 = 0
exit
-- reject REJ_MASK_TYPE

-- case CVE-2021-33200: one addition, two directions
-- prog socket_filter caps=bpf
-- map m array 4 64 1
r7 = *(u32 *)(r1 +0)
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
r2 = r0
r2 += 32
if r7 == 0 goto other
r1 &= 7
goto add
other:
r1 &= 7
r1 += 1
r1 = -r1
add:
r2 += r1
r0 = *(u8 *)(r2 +0)
out:
r0 = 0
exit
-- reject REJ_MASK_MAP_RANGE

-- case CVE-2021-29155: one addition, two limits
-- prog socket_filter caps=bpf
-- map m array 4 64 1
r7 = *(u32 *)(r1 +0)
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
r1 &= 7
r2 = r0
if r7 == 0 goto add
r1 &= 3
add:
r2 += r1
r0 = *(u8 *)(r2 +0)
out:
r0 = 0
exit
-- reject REJ_MASK_PATHS

-- case a pointer leaves its value for a moment
-- prog socket_filter caps=bpf
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r0 += 100
r0 += -100
r0 = *(u8 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_MASK_MAP_RANGE

-- case a pointer leaves its value by a variable
-- prog socket_filter caps=bpf
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
r1 &= 127
r0 += r1
out:
r0 = 0
exit
-- reject REJ_MASK_MAP_RANGE

-- case CVE-2022-0264: fetching a stored pointer
-- prog socket_filter caps=bpf
-- map m array 4 8 1
*(u64 *)(r10 -8) = r10
r1 = 0
r1 = atomic64_fetch_add((u64 *)(r10 -8), r1)
r0 = 0
exit
-- reject REJ_LEAK_SPILL

-- case a pointer is exchanged into a value
-- prog socket_filter caps=bpf
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r10
r1 = atomic64_xchg((u64 *)(r0 +0), r1)
out:
r0 = 0
exit
-- reject REJ_LEAK_STORE

-- case a loop without the privilege
-- prog socket_filter caps=none
r0 = 0
again:
r0 += 1
if r0 < 4 goto again
exit
-- reject REJ_BACK_EDGE

-- case uninitialised stack by an index
-- prog socket_filter caps=none
*(u64 *)(r10 -16) = 0
r0 = *(u64 *)(r10 -8)
exit
-- reject REJ_STACK_READ

-- case a kernel function
-- prog socket_filter caps=none
call bpf_rcu_read_lock#btf
r0 = 0
exit
-- reject REJ_CALLS_NEED_BPF

-- case nothing special
-- prog socket_filter caps=none
r0 = *(u32 *)(r1 +0)
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

# Without CAP_PERFMON there is no bpf_copy_from_user_task(), so a function that calls it may not sleep: it is wrong for another reason.
-- case a global function with a helper that the caller may not use does not sleep
-- prog lwt_out caps=bpf
-- btf global
r6 = r1
r1 = 0
call f
r0 = *(u64 *)(r6 +16)
exit
f:
call bpf_copy_from_user_task
exit
-- reject REJ_CTX_ACCESS "invalid bpf_context access off=16 size=8"

-- case a global function that sleeps
-- prog sched_cls
-- btf global
r1 = 0
call f
r0 = 0
exit
f:
call bpf_copy_from_user_task
exit
-- reject REJ_GLOBAL_SLEEP
