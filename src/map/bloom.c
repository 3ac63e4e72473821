/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bloom_filter: a set that answers "perhaps" or "no". push sets bits, peek looks at them.
 * Invariant: bits are only ever set, each by one atomic operation, so there is nothing to lock or to repair.
 */
#include "map/priv.h"

#include <errno.h>

#define DEFAULT_HASHES 5

static int bloom_check(const struct map_attr *a)
{
	return a->value_size > KMALLOC_MAX ? -E2BIG : 0;
}

static u32 hashes(u64 extra) { return extra ? (u32)extra : DEFAULT_HASHES; }

/* About entries * hashes / ln 2 bits, as a power of two. */
static u32 bit_mask(const struct map_attr *a)
{
	u64 bits = (u64)a->max_entries * hashes(a->extra);

	if (bits > U32_MAX || (bits = bits / 5 * 7) > (u64)1 << 31)
		return U32_MAX;
	return bits <= 64 ? 63 : round_up_pow2((u32)bits) - 1;
}

static int bloom_layout(const struct map_attr *a, struct map_geom *g)
{
	if (a->key_size || !a->value_size || !a->max_entries || !map_access_ok(a->flags) || (a->extra & ~(u64)0xf) ||
	    map_flags_unknown(a))
		return -EINVAL;
	g->table_mask = bit_mask(a);
	g->table = geom_add(g, ((u64)g->table_mask + 1) / 8);
	return 0;
}

static u64 *word_of(const struct map *m, u32 bit) { return (u64 *)m->table + bit / 64; }

/* Two halves of one strong hash make all the others. */
static u64 hash_value_bytes(const struct map *m, const u8 *p, u32 n)
{
	u64 h = m->seed ^ n, v;

	for (; n; p += MIN(n, 8u), n -= MIN(n, 8u)) {
		v = 0;
		memcpy(&v, p, MIN(n, 8u));
		unsigned __int128 x = (unsigned __int128)(h ^ v ^ 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull;
		h = (u64)x ^ (u64)(x >> 64);
	}
	return h ^ h >> 29;
}

static int bloom_push(struct map *m, const void *value, u64 flags)
{
	u64 h;

	if (flags != BPF_ANY)
		return -EINVAL;
	h = hash_value_bytes(m, value, m->desc.value_size);
	for (u32 i = 0, n = hashes(m->desc.extra); i < n; i++) {
		u32 bit = ((u32)h + i * ((u32)(h >> 32) | 1)) & m->table_mask;

		__atomic_fetch_or(word_of(m, bit), (u64)1 << bit % 64, __ATOMIC_RELAXED);
	}
	return 0;
}

static int bloom_peek(struct map *m, void *value)
{
	u64 h = hash_value_bytes(m, value, m->desc.value_size);

	for (u32 i = 0, n = hashes(m->desc.extra); i < n; i++) {
		u32 bit = ((u32)h + i * ((u32)(h >> 32) | 1)) & m->table_mask;

		if (!(__atomic_load_n(word_of(m, bit), __ATOMIC_RELAXED) & (u64)1 << bit % 64))
			return -ENOENT;
	}
	return 0;
}

static int bloom_pop(struct map *m, void *value)
{
	(void)m;
	(void)value;
	return -EOPNOTSUPP;
}

const struct map_ops map_ops_BLOOM_FILTER = {
	.push = bloom_push, .peek = bloom_peek, .pop = bloom_pop, .no_update = -EINVAL,
	.no_delete = -EOPNOTSUPP,
};
const struct map_type map_type_BLOOM_FILTER = {
	.ops = &map_ops_BLOOM_FILTER, .check = bloom_check, .layout = bloom_layout,
	.no_next = -EOPNOTSUPP, .btf = BTF_NO_KEY, .queue = true,
};
