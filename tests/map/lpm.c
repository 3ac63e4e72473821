/* SPDX-License-Identifier: BSD-2-Clause */
/* Laws of lpm_trie, and its answers against a plain list of prefixes. */
#include "map/kit.h"

struct key { u32 len; u8 data[16]; };

/* All kinds of lengths, in a small space so that prefixes contain one another. */
static void lpm_key(void *key, u32 n)
{
	struct key *k = key;
	u32 h = n * 2654435761u;

	memset(k->data, 0, 4);
	k->len = 32;
	k->data[0] = 10;
	k->data[1] = (u8)(h >> 28);
	k->data[2] = (u8)(n >> 8);
	k->data[3] = (u8)n;
}

static struct law lpm(u32 n)
{
	return (struct law){ .attr = { .type = BPF_MAP_TYPE_LPM_TRIE, .key_size = 8, .value_size = 8, .max_entries = n,
				       .flags = BPF_F_NO_PREALLOC },
			     .keys = n, .key = lpm_key };
}

TEST(laws)
{
	struct law l = lpm(100);

	law_elements(&l);
	law_delete(&l);
	law_full(&l, -ENOSPC);
	law_freeze(&l);
	law_batch(&l, false);
}

TEST(concurrent)
{
	struct law l = lpm(200);

	law_concurrent(&l, false, 4, 5000);
	law_concurrent(&l, true, 20, 500);
}

TEST(killed)
{
	struct law l = lpm(64);

	law_killed(&l, 150);
}

struct model { struct key k; u64 v; bool used; };

static bool covers(const struct key *p, const struct key *k)
{
	for (u32 i = 0; i < p->len; i++)
		if ((p->data[i / 8] ^ k->data[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return p->len <= k->len;
}

TEST(against_a_list)
{
	struct map *m;
	struct model model[300] = { { .used = false } };
	u32 seed = 1, used = 0;

	for (u32 bytes = 1; bytes <= 16; bytes += 5) {
		struct map_attr a = { .type = BPF_MAP_TYPE_LPM_TRIE, .key_size = 4 + bytes, .value_size = 8,
				      .max_entries = 100, .flags = BPF_F_NO_PREALLOC };

		m = kit_map(a);
		memset(model, 0, sizeof(model));
		used = 0;
		for (u32 n = 0; n < 20000; n++) {
			struct key k = { .len = 0 };
			struct model *best = NULL, *same = NULL, *hole = NULL;
			u64 v = n;
			int err;

			seed = seed * 1664525 + 1013904223;
			k.len = (seed >> 20) % (bytes * 8 + 1);
			for (u32 i = 0; i < bytes; i++)
				k.data[i] = (u8)((seed >> (8 + i % 3)) & 0x81);
			for (u32 i = 0; i < ARRAY_SIZE(model); i++) {
				if (!model[i].used) {
					hole = &model[i];
					continue;
				}
				if (covers(&model[i].k, &k) && (!best || model[i].k.len > best->k.len))
					best = &model[i];
				if (model[i].k.len == k.len && covers(&model[i].k, &k))
					same = &model[i];
			}
			switch (seed >> 16 & 3) {
			case 0:
				err = map_delete(m, &k);
				CHECK_EQ(err, same ? 0 : -ENOENT);
				if (!err && same) {
					same->used = false;
					used--;
				}
				break;
			case 1:
				err = map_update(m, &k, &v, BPF_ANY);
				CHECK_EQ(err, same || used < 100 ? 0 : -ENOSPC);
				if (!err) {
					used += !same;
					*(same ? same : hole) = (struct model){ k, v, true };
				}
				break;
			default:
				err = map_lookup(m, &k, &v, 0);
				CHECK_EQ(err, best ? 0 : -ENOENT);
				if (!err && best)
					CHECK_EQ(v, best->v);
			}
		}
		CHECK_EQ(kit_count(m), used);
		kit_put(m);
	}
}
