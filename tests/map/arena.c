/* SPDX-License-Identifier: BSD-2-Clause */
/* Arenas: one memory for programs and user space, pages in use, the address that only mmap(2) knew. */
#include "map/kit.h"
#include "vm/sem.h"

static struct map *arena(u32 pages, u64 at)
{
	return kit_map((struct map_attr){ .type = UAPI_MAP_TYPE_ARENA, .max_entries = pages, .flags = BPF_F_MMAPABLE, .extra = at });
}

TEST(user_space_and_programs_share)
{
	struct map *m = arena(8, 0);
	u8 *user = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, m->obj.memfd, 0);
	u64 at = (u64)(uintptr_t)user, page;
	const struct ins_arena *a;

	CHECK(!map_arena(m));
	CHECK_EQ(map_arena_place(m, 0xfffff000, 8 * 4096), -ERANGE);
	CHECK_EQ(map_arena_place(m, at, 9 * 4096), -ERANGE);
	CHECK_EQ(map_arena_place(m, at, 8 * 4096), 0);
	CHECK_EQ(map_arena_place(m, at, 8 * 4096), 0);
	CHECK_EQ(map_arena_place(m, at + 4096, 8 * 4096), -EBUSY);
	a = map_arena(m);
	CHECK(a && a->user_va == at);
	user[4096] = 5; /* user space takes a page by touching it */
	page = map_arena_alloc(m, 0, 2, -1, 0);
	CHECK_EQ(page, at + 2 * 4096);
	CHECK_EQ(map_arena_alloc(m, at + 4096, 1, -1, 0), 0);
	CHECK_EQ(map_arena_alloc(m, at + 1, 1, -1, 0), 0);
	CHECK_EQ(map_arena_alloc(m, at, 9, -1, 0), 0);
	CHECK_EQ(map_arena_alloc(m, at, 1, -1, 1), 0);
	*(u64 *)(uintptr_t)op_arena(page, 8, 8 | INS_ARENA_WRITE, a) = 77;
	CHECK_EQ(*(u64 *)(void *)(user + 2 * 4096 + 8), 77);
	CHECK_EQ(*(u8 *)(uintptr_t)op_arena(at, 4096, 1, a), 5);
	map_arena_free(m, page, 2);
	CHECK_EQ(map_arena_alloc(m, page, 1, -1, 0), page);
	CHECK_EQ(*(u64 *)(void *)(user + 2 * 4096 + 8), 0);
	munmap(user, 8 * 4096);
	kit_put(m);
}

/* The last bytes are inside; one more is not. */
TEST(borders)
{
	struct map *m = arena(2, 0x7000f0000);
	const struct ins_arena *a = map_arena(m);

	CHECK_EQ(op_arena(0x7000f0000, 0, 8, a), a->data);
	CHECK_EQ(op_arena(0x7000f0000, 8184, 8, a), a->data + 8184);
	CHECK_EQ(op_arena(0x7000f0000, 8185, 8, a), a->sink);
	CHECK_EQ(op_arena(0x7000f0000, 8191, 1, a), a->data + 8191);
	CHECK_EQ(op_arena(0x7000f0000, (u64)-1, 1 | INS_ARENA_WRITE, a), a->sink + 16);
	CHECK_EQ(op_arena(0x0f0000, 4, 4, a), a->data + 4); /* the low half alone counts */
	kit_put(m);
}

TEST(the_smallest_hole_that_fits)
{
	struct map *m = arena(200, 0x700000000);
	u64 at = 0x700000000, p;

	CHECK_EQ(map_arena_reserve(m, at + 10 * 4096, 1), 0);
	CHECK_EQ(map_arena_reserve(m, at + 10 * 4096, 1), -EBUSY);
	CHECK_EQ(map_arena_reserve(m, at + 13 * 4096, 50), 0);
	CHECK_EQ(map_arena_reserve(m, at + 199 * 4096, 2), -EINVAL);
	CHECK_EQ(map_arena_alloc(m, 0, 2, -1, 0), at + 11 * 4096);
	CHECK_EQ(map_arena_alloc(m, 0, 10, -1, 0), at);
	p = map_arena_alloc(m, 0, 100, -1, 0);
	CHECK_EQ(p, at + 63 * 4096);
	CHECK_EQ(map_arena_alloc(m, 0, 100, -1, 0), 0);
	map_arena_free(m, p, 1000); /* to the end and no further */
	CHECK_EQ(map_arena_alloc(m, 0, 137, -1, 0), at + 63 * 4096);
	kit_put(m);
}

