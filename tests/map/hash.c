/* SPDX-License-Identifier: BSD-2-Clause */
/* Laws of hash and percpu_hash, for the key sizes that have code of their own and those that have not. */
#include "map/kit.h"

static struct law hash(u32 type, u32 key_size, u32 value_size, u32 n, u32 flags)
{
	return (struct law){ .attr = { .type = type, .key_size = key_size, .value_size = value_size, .max_entries = n,
				       .flags = flags },
			     .keys = n };
}

#define EACH_HASH(law_call)                                                                               \
	do {                                                                                              \
		static const u32 keys[] = { 4, 8, 16, 12, 5, 100 }, values[] = { 4, 8, 20, 64, 1000 };    \
		for (u32 k_ = 0; k_ < ARRAY_SIZE(keys); k_++)                                             \
			for (u32 v_ = 0; v_ < ARRAY_SIZE(values); v_++)                                   \
				for (u32 f_ = 0; f_ < 2; f_++) {                                          \
					struct law l = hash(f_ ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH, keys[k_], \
							    values[v_], 100, v_ % 2 ? BPF_F_NO_PREALLOC : 0); \
					law_call;                                                         \
				}                                                                         \
	} while (0)

TEST(elements) { EACH_HASH(law_elements(&l)); }
TEST(flags) { EACH_HASH(law_flags(&l)); }
TEST(delete) { EACH_HASH(law_delete(&l)); }
TEST(full) { EACH_HASH(law_full(&l, -E2BIG)); }
TEST(freeze) { EACH_HASH(law_freeze(&l)); }
TEST(batch) { EACH_HASH(law_batch(&l, true)); }

TEST(threads)
{
	struct law l = hash(BPF_MAP_TYPE_HASH, 4, 8, 512, 0);

	law_concurrent(&l, false, 4, 20000);
	l = hash(BPF_MAP_TYPE_PERCPU_HASH, 8, 8, 512, 0);
	law_concurrent(&l, false, 4, 20000);
	l = hash(BPF_MAP_TYPE_HASH, 20, 100, 64, BPF_F_NO_PREALLOC);
	law_concurrent(&l, false, 8, 20000);
}

TEST(forks)
{
	struct law l = hash(BPF_MAP_TYPE_HASH, 4, 8, 1000, 0);

	law_concurrent(&l, true, 50, 2000);
}

TEST(killed)
{
	struct law l = hash(BPF_MAP_TYPE_HASH, 4, 8, 64, 0);

	law_killed(&l, 150);
	l = hash(BPF_MAP_TYPE_HASH, 12, 200, 16, BPF_F_NO_PREALLOC);
	law_killed(&l, 150);
	l = hash(BPF_MAP_TYPE_PERCPU_HASH, 8, 8, 64, 0);
	law_killed(&l, 100);
}

/* A value is never seen half written by lookups, as replacing is by a new node. */
static struct map *torn_map;
static u32 torn_stop;

static void torn_worker(void *arg, u32 me)
{
	_Alignas(8) u8 v[256];
	u32 k = 1, seen = 0;

	(void)arg;
	if (me == 0) {
		for (u32 n = 0; n < 100000; n++) {
			memset(v, (int)(n % 251), sizeof(v));
			CHECK_EQ(map_update(torn_map, &k, v, 0), 0);
		}
		__atomic_store_n(&torn_stop, 1, __ATOMIC_SEQ_CST);
		return;
	}
	while (!__atomic_load_n(&torn_stop, __ATOMIC_SEQ_CST)) {
		if (map_lookup(torn_map, &k, v, 0))
			continue;
		for (u32 i = 1; i < sizeof(v); i++)
			seen += v[i] != v[0];
	}
	CHECK_EQ(seen, 0);
}

TEST(lookups_are_whole)
{
	torn_map = kit_map(hash(BPF_MAP_TYPE_HASH, 4, 256, 4, 0).attr);
	torn_stop = 0;
	kit_threads(3, torn_worker, NULL);
	kit_put(torn_map);
}

static u64 sum_visit(struct map *m, const void *key, void *value, void *ctx)
{
	u32 v;

	(void)m;
	(void)key;
	memcpy(&v, value, 4);
	*(u64 *)ctx += v;
	return v == 77;
}

TEST(programs_side)
{
	struct law l = hash(BPF_MAP_TYPE_HASH, 8, 8, 10, 0);
	struct map *m = kit_map(l.attr);
	u64 key = 5, value = 50, sum = 0, *p;

	CHECK(!map_prog_lookup(m, &key, 0));
	CHECK_EQ(map_prog_update(m, &key, &value, BPF_ANY, 0), 0);
	p = map_prog_lookup(m, &key, 0);
	CHECK(p && *p == 50);
	if (p)
		*p = 51;
	CHECK_EQ(map_lookup(m, &key, &value, 0), 0);
	CHECK_EQ(value, 51);
	for (u64 i = 0; i < 4; i++)
		CHECK_EQ(map_prog_update(m, &i, &i, BPF_NOEXIST, 1), 0);
	CHECK_EQ(map_prog_for_each(m, sum_visit, &sum, 0, 0), 5);
	CHECK_EQ(sum, 51 + 6);
	CHECK_EQ(map_prog_for_each(m, sum_visit, &sum, 1, 0), -EINVAL);
	CHECK_EQ(map_prog_delete(m, &key, 0), 0);
	CHECK_EQ(map_prog_delete(m, &key, 0), -ENOENT);
	CHECK_EQ(map_prog_push(m, &key, 0), -ENOTSUPP);
	kit_put(m);
}

/* Another view of the file, as a process that got the descriptor has. */
TEST(attached)
{
	struct law l = hash(BPF_MAP_TYPE_HASH, 4, 8, 10, 0);
	struct map *m = kit_map(l.attr), *other = NULL;

	CHECK_EQ(kit_update(&l, m, 1, 2, 0), 0);
	CHECK_EQ(map_attach(m->obj.memfd, &other), 0);
	if (other) {
		CHECK_EQ(kit_lookup(&l, other, 1), 2);
		CHECK_EQ(kit_update(&l, other, 3, 4, 0), 0);
		map_detach(other);
	}
	CHECK_EQ(kit_lookup(&l, m, 3), 4);
	kit_put(m);
}

/* Garbage in the file must neither crash nor hang whoever uses it. */
TEST(garbage)
{
	struct law l = hash(BPF_MAP_TYPE_HASH, 4, 8, 64, 0);

	for (u32 round = 0; round < 30; round++) {
		struct map *m = kit_map(l.attr);
		u32 seed = round + 1;

		for (u32 i = 0; i < 64; i++)
			kit_update(&l, m, i, i, 0);
		for (u64 off = 0; off + 4096 < m->file_size; off += 4) {
			seed = seed * 1664525 + 1013904223;
			/* every other word: not the locks, whose owners would be waited for */
			if (off % 16 >= 8)
				*(u32 *)(void *)(m->base + off) = seed >> (seed & 31);
		}
		for (u32 i = 0; i < 100; i++) {
			kit_lookup(&l, m, i);
			kit_delete(&l, m, i);
			kit_update(&l, m, i, i, 0);
		}
		kit_put(m);
	}
}
