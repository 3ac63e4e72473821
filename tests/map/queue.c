/* SPDX-License-Identifier: BSD-2-Clause */
/* Laws of queue, stack and bloom_filter. */
#include "map/kit.h"

static struct map_attr attr(u32 type, u32 value_size, u32 n)
{
	return (struct map_attr){ .type = type, .value_size = value_size, .max_entries = n };
}

TEST(order)
{
	static const u32 sizes[] = { 4, 8, 1, 2, 12, 100 };

	for (u32 s = 0; s < ARRAY_SIZE(sizes); s++)
		for (u32 stack = 0; stack < 2; stack++) {
			struct map *m = kit_map(attr(stack ? BPF_MAP_TYPE_STACK : BPF_MAP_TYPE_QUEUE, sizes[s], 10));
			u8 v[104], zero[104] = { 0 };

			memset(v, 0xff, sizeof(v));
			CHECK_EQ(map_lookup(m, NULL, v, 0), -ENOENT);
			CHECK(!memcmp(v, zero, sizes[s]));
			for (u8 i = 0; i < 10; i++) {
				memset(v, i, sizeof(v));
				CHECK_EQ(map_update(m, NULL, v, BPF_ANY), 0);
			}
			CHECK_EQ(map_update(m, NULL, v, BPF_ANY), -E2BIG);
			CHECK_EQ(map_update(m, NULL, v, BPF_NOEXIST), -EINVAL);
			memset(v, 10, sizeof(v));
			CHECK_EQ(map_update(m, NULL, v, BPF_EXIST), 0);
			CHECK_EQ(map_lookup(m, NULL, v, 0), 0);
			CHECK_EQ(v[0], stack ? 10 : 1);
			for (u8 i = 1; i <= 10; i++) {
				CHECK_EQ(map_lookup_and_delete(m, NULL, v, 0), 0);
				CHECK_EQ(v[sizes[s] - 1], stack ? 11 - i : i);
			}
			CHECK_EQ(map_lookup_and_delete(m, NULL, v, 0), -ENOENT);
			CHECK_EQ(map_delete(m, NULL), -EINVAL);
			CHECK_EQ(map_next_key(m, NULL, v), -EINVAL);
			kit_put(m);
		}
}

/* Each pushed value is popped once. */
struct pump { struct map *m; u32 *seen; u32 each; };

static void pump(void *arg, u32 i)
{
	struct pump *p = arg;
	u32 v, got = 0;

	for (u32 n = 0; n < p->each || got < p->each;) {
		if (n < p->each) {
			v = i * p->each + n;
			if (!map_prog_push(p->m, &v, 0))
				n++;
		}
		if (got < p->each && !map_prog_pop(p->m, &v)) {
			got++;
			__atomic_fetch_add(&p->seen[v], 1, __ATOMIC_RELAXED);
		}
	}
}

TEST(nothing_twice)
{
	for (u32 round = 0; round < 4; round++) {
		struct map *m = kit_map(attr(round & 1 ? BPF_MAP_TYPE_STACK : BPF_MAP_TYPE_QUEUE, 4, 50));
		struct pump p = { m, kit_shared(8 * 2000 * 4), 2000 };

		if (round & 2)
			CHECK(kit_forks(8, pump, &p));
		else
			kit_threads(8, pump, &p);
		for (u32 i = 0; i < 8 * 2000; i++)
			CHECK_EQ(p.seen[i], 1);
		munmap(p.seen, 8 * 2000 * 4);
		kit_put(m);
	}
}

/* Killed pushers: values come out in order, each whole. */
TEST(killed)
{
	struct map *m = kit_map(attr(BPF_MAP_TYPE_QUEUE, 64, 100));

	for (u32 i = 0; i < 100; i++) {
		u64 v[8], last = 0;
		pid_t pid = fork();

		if (!pid)
			for (u64 n = 1;; n++) {
				for (u32 k = 0; k < 8; k++)
					v[k] = n;
				map_prog_push(m, v, BPF_EXIST);
			}
		usleep(200 + i * 31 % 500);
		kill(pid, SIGKILL);
		while (!map_prog_pop(m, v)) {
			CHECK(v[0] > last);
			last = v[0];
			for (u32 k = 1; k < 8; k++)
				CHECK_EQ(v[k], v[0]);
		}
		waitpid(pid, NULL, 0);
	}
	kit_put(m);
}

TEST(bloom)
{
	struct map *m = kit_map(attr(BPF_MAP_TYPE_BLOOM_FILTER, 8, 1000));
	u32 wrong = 0;
	u64 v;

	for (v = 0; v < 1000; v++)
		CHECK_EQ(map_update(m, NULL, &v, 0), 0);
	for (v = 0; v < 1000; v++)
		CHECK_EQ(map_lookup(m, NULL, &v, 0), 0);
	for (v = 1000; v < 11000; v++)
		wrong += !map_lookup(m, NULL, &v, 0);
	CHECK(wrong < 500);
	CHECK_EQ(map_update(m, NULL, &v, BPF_NOEXIST), -EINVAL);
	CHECK_EQ(map_delete(m, NULL), -EOPNOTSUPP);
	CHECK_EQ(map_next_key(m, NULL, &v), -EOPNOTSUPP);
	CHECK_EQ(map_lookup_and_delete(m, NULL, &v, 0), -ENOTSUPP);
	kit_put(m);
}
