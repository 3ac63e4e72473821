# Values of sockets, in a test run: made, found again, deleted.

-- case a packet's socket keeps a value
-- prog sched_cls
-- map values sk_storage 4 4 0 1 int
r6 = r1
r2 = *(u64 *)(r6 +168)
r0 = 1
if r2 == 0 goto out
r1 = r2
call bpf_sk_fullsock
r7 = r0
r0 = 2
if r7 == 0 goto out
r1 = map[values]
r2 = r7
r3 = 0
r4 = 0
call bpf_sk_storage_get
r1 = r0
r0 = 3
if r1 != 0 goto out
*(u32 *)(r10 -8) = 40
r1 = map[values]
r2 = r7
r3 = r10
r3 += -8
r4 = 1
call bpf_sk_storage_get
r1 = r0
r0 = 4
if r1 == 0 goto out
r2 = *(u32 *)(r1 +0)
r2 += 2
*(u32 *)(r1 +0) = r2
r1 = map[values]
r2 = r7
r3 = 0
r4 = 0
call bpf_sk_storage_get
r8 = r0
r0 = 5
if r8 == 0 goto out
r8 = *(u32 *)(r8 +0)
r1 = map[values]
r2 = r7
call bpf_sk_storage_delete
r8 += r0
r1 = map[values]
r2 = r7
call bpf_sk_storage_delete
r0 += r8
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 40

-- case a number is no socket
-- prog sched_cls
-- map values sk_storage 4 4 0 1 int
r1 = map[values]
r2 = 1
r3 = 0
r4 = 1
call bpf_sk_storage_get
r0 = 0
exit
-- reject REJ_ARG_TYPE

-- case the map is of another kind
-- prog sched_cls
-- map values hash 4 4 1
r6 = r1
r2 = *(u64 *)(r6 +168)
r0 = 1
if r2 == 0 goto out
r1 = map[values]
r3 = 0
r4 = 1
call bpf_sk_storage_get
r0 = 0
out:
exit
-- reject REJ_MAP_FUNC

-- case a value that is a number
-- prog sched_cls
-- map values sk_storage 4 4 0 1 int
r6 = r1
r2 = *(u64 *)(r6 +168)
r0 = 1
if r2 == 0 goto out
r1 = r2
call bpf_sk_fullsock
r0 = r0
if r0 == 0 goto out
r2 = r0
r1 = map[values]
r3 = 5
r4 = 1
call bpf_sk_storage_get
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp"

-- case an array of sockets is empty
-- prog sched_cls
-- map socks sockmap 4 8 4
*(u32 *)(r10 -4) = 1
r1 = map[socks]
r2 = r10
r2 += -4
call bpf_map_lookup_elem
r6 = 7
if r0 == 0 goto out
r6 = *(u32 *)(r0 +4)
r1 = r0
call bpf_sk_release
out:
r0 = r6
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 7

-- case a socket from a map is not given back
-- prog sched_cls
-- map socks sockmap 4 8 4
*(u32 *)(r10 -4) = 1
r1 = map[socks]
r2 = r10
r2 += -4
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_UNRELEASED
