# Arenas: pages, both kinds of addresses, accesses of every form, and what lies beyond.

-- case pages are zero, hold what is written, and are reached by offset and by address
-- prog syscall flags=0x10
-- map a arena 0 0 4 400
r1 = map[a]
r2 = 0
r3 = 2
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
r8 = r0
r6 = addr_space_cast(r0, 0, 1)
r7 = *(u64 *)(r6 +4096)
if r7 != 0 goto bad
r1 = 0x11223344 ll
*(u64 *)(r6 +4088) = r1
*(u32 *)(r6 +0) = 7
r2 = *(u32 *)(r6 +4088)
if r2 != r1 goto bad
r9 = addr_space_cast(r6, 1, 0)
if r9 != r8 goto bad
r3 = *(u32 *)(r6 +0)
r0 = r3
exit
bad:
r0 = 1
exit
-- accept
-- run -> 7

-- case sizes, signs and byte stores
-- prog syscall flags=0x10
-- map a arena 0 0 4 400
r1 = map[a]
r2 = 0
r3 = 1
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
r6 = addr_space_cast(r0, 0, 1)
*(u8 *)(r6 +1) = 255
*(u16 *)(r6 +2) = -2
r0 = *(s8 *)(r6 +1)
r1 = *(u8 *)(r6 +1)
r0 += r1
r1 = *(s16 *)(r6 +2)
r0 += r1
r1 = *(u16 *)(r6 +2)
r0 += r1
exit
-- accept
-- run -> 65786

-- case a store of the pointer itself, and through the highest registers
-- prog syscall flags=0x10
-- map a arena 0 0 4 400
r1 = map[a]
r2 = 0
r3 = 1
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
r9 = addr_space_cast(r0, 0, 1)
r8 = 5
*(u64 *)(r9 +8) = r9
*(u64 *)(r9 +16) = r8
r1 = *(u64 *)(r9 +8)
r0 = 0
if r1 != r9 goto out
r0 = *(u64 *)(r9 +16)
out:
exit
-- accept
-- run -> 5

-- case atomics
-- prog syscall flags=0x10
-- map a arena 0 0 4 400
r1 = map[a]
r2 = 0
r3 = 1
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
r9 = addr_space_cast(r0, 0, 1)
r1 = 40
lock *(u64 *)(r9 +8) += r1
r1 = 2
r1 = atomic64_fetch_add((u64 *)(r9 +8), r1)
r0 = r1
r2 = 9
r0 = 42
r0 = atomic64_cmpxchg((u64 *)(r9 +8), r0, r2)
r3 = *(u64 *)(r9 +8)
r0 += r3
r0 += r1
exit
-- accept
-- run -> 91

-- case beyond the arena, and where no page was asked for, nothing is read and nothing written
-- prog syscall flags=0x10
-- map a arena 0 0 4 400
r1 = map[a]
r2 = 0
r3 = 1
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
r6 = addr_space_cast(r0, 0, 1)
r7 = r6
r7 += 1048576
r1 = 9
*(u64 *)(r7 +0) = r1
r0 = *(u64 *)(r7 +0)
r1 = *(u64 *)(r6 -8)
r0 += r1
r1 = *(u32 *)(r6 +16383)
r0 += r1
exit
-- accept
-- run -> 0

-- case pages run out, come back, and are zero again
-- prog syscall flags=0x10
-- map a arena 0 0 2 400
r1 = map[a]
r2 = 0
r3 = 3
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
if r0 != 0 goto bad
r1 = map[a]
r2 = 0
r3 = 2
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
r6 = addr_space_cast(r0, 0, 1)
if r6 != 0 goto first
bad:
r0 = 1
exit
first:
r1 = 77
*(u64 *)(r6 +0) = r1
r1 = map[a]
r2 = 0
r3 = 1
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
if r0 != 0 goto bad
r2 = addr_space_cast(r6, 1, 0)
r1 = map[a]
r3 = 1
call bpf_arena_free_pages#btf
r1 = map[a]
r2 = 0
r3 = 1
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
r1 = addr_space_cast(r0, 0, 1)
r0 = 3
if r1 != r6 goto out
r0 = *(u64 *)(r1 +0)
r0 += 100
out:
exit
-- accept
-- run -> 100

-- case reserved pages are not given away
-- prog syscall flags=0x10
-- map a arena 0 0 2 400
r1 = map[a]
r2 = 17592186109952 ll
r3 = 1
call bpf_arena_reserve_pages#btf
r6 = r0
r1 = map[a]
r2 = 0
r3 = 2
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
if r0 != 0 goto bad
r1 = map[a]
r2 = 0
r3 = 1
r4 = -1
r5 = 0
call bpf_arena_alloc_pages#btf
if r0 == 0 goto bad
r1 = map[a]
r2 = 17592186109952 ll
r3 = 1
call bpf_arena_reserve_pages#btf
r0 += r6
exit
bad:
r0 = 1
exit
-- accept
-- run -> -16

-- case an access needs no check, but a cast needs an arena
-- prog syscall flags=0x10
r1 = 1
r0 = addr_space_cast(r1, 0, 1)
exit
-- reject REJ_CAST_NO_ARENA

-- case one arena at most
-- prog syscall flags=0x10
-- map a arena 0 0 2 400
-- map b arena 0 0 2 400
r1 = map[a]
r1 = map[b]
r0 = 0
exit
-- reject REJ_ONE_ARENA
