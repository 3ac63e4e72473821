/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * array and percpu_array: values under the numbers 0 .. max_entries - 1.
 *
 * The values start at offset 0 of the file, at a stride of value_size rounded up to 8, as a client that maps them expects; a
 * per-CPU array has one such run (a lane) for each possible CPU. Invariant: no locks; whatever is written is complete words.
 */
#include "base/nospec.h"
#include "map/priv.h"

#include <errno.h>

int array_check(const struct map_attr *a)
{
	bool percpu = a->type == BPF_MAP_TYPE_PERCPU_ARRAY;

	if (!a->max_entries || a->key_size != 4 || !a->value_size ||
	    (a->flags & ~(u32)(BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG |
			       BPF_F_WRONLY_PROG | BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP)) ||
	    !map_access_ok(a->flags) || (percpu && map_numa(a) != -1))
		return -EINVAL;
	if (a->type != BPF_MAP_TYPE_ARRAY && (a->flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP)))
		return -EINVAL;
	if (a->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY && (a->flags & BPF_F_PRESERVE_ELEMS))
		return -EINVAL;
	if (a->value_size > S32_MAX)
		return -E2BIG;
	if (percpu && ROUND_UP(a->value_size, 8u) > PERCPU_MAX)
		return -E2BIG;
	return 0;
}

static int array_layout(const struct map_attr *a, struct map_geom *g)
{
	bool percpu = map_types[a->type]->ops->percpu;
	u32 pow2 = round_up_pow2(a->max_entries);

	g->stride = ROUND_UP(a->value_size, 8u);
	g->index_mask = pow2 ? pow2 - 1 : U32_MAX;
	g->lane = ROUND_UP((u64)a->max_entries * g->stride, (u64)MAP_LINE);
	g->data = geom_add(g, g->lane * (percpu ? map_possible_cpus() : 1));
	if (a->flags & BPF_F_MMAPABLE) {
		g->size = g->mmap_size = ROUND_UP((u64)a->max_entries * g->stride, (u64)MAP_PAGE);
		g->data = 0;
	}
	return g->size > (u64)1 << 46 ? -ENOMEM : 0;
}

static inline u32 key_index(const void *key)
{
	u32 i;

	__builtin_memcpy(&i, key, sizeof(i));
	return i;
}

static void *array_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = key_index(key);

	(void)cpu;
	return likely(i < m->desc.max_entries) ? m->data + (u64)index_nospec(i, m->desc.max_entries) * m->stride : NULL;
}

static void *percpu_array_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = key_index(key);

	if (unlikely(i >= m->desc.max_entries || cpu >= m->ncpu))
		return NULL;
	return m->data + cpu * m->lane + (u64)index_nospec(i, m->desc.max_entries) * m->stride;
}

static int array_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	u32 i = key_index(key);
	u8 *at;

	if (unlikely((flags & ~(u64)BPF_F_LOCK) > BPF_EXIST))
		return -EINVAL;
	if (unlikely(i >= m->desc.max_entries))
		return -E2BIG;
	if (unlikely(flags & BPF_NOEXIST))
		return -EEXIST;
	if (unlikely((flags & BPF_F_LOCK) && !value_has_lock(m)))
		return -EINVAL;
	at = m->data + (cpu < m->ncpu ? cpu : 0) * m->lane + (u64)i * m->stride;
	if (flags & BPF_F_LOCK)
		value_in_locked(m, at, value);
	else
		value_in(m, at, value);
	value_gone(m, at);
	return 0;
}

static int shared_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	(void)cpu;
	return array_update(m, key, value, flags, 0);
}

static int percpu_copy_out(struct map *m, const void *key, void *value, u64 flags)
{
	u32 i = key_index(key);

	(void)flags;
	if (i >= m->desc.max_entries)
		return -ENOENT;
	lanes_out(m, value, (u64)i * m->stride);
	return 0;
}

static int percpu_copy_in(struct map *m, const void *key, const void *value, u64 flags)
{
	u32 i = key_index(key);

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (i >= m->desc.max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	lanes_in(m, (u64)i * m->stride, value);
	return 0;
}

int array_next_key(struct map *m, const void *key, void *next)
{
	u32 i = key ? key_index(key) : U32_MAX, n;

	if (i < m->desc.max_entries && i == m->desc.max_entries - 1)
		return -ENOENT;
	n = i >= m->desc.max_entries ? 0 : i + 1;
	__builtin_memcpy(next, &n, sizeof(n));
	return 0;
}

static s64 array_for_each(struct map *m, map_visit fn, void *ctx, u32 cpu)
{
	s64 n = 0;

	for (u32 i = 0; i < m->desc.max_entries; i++) {
		n++;
		if (fn(m, &i, m->data + (cpu < m->ncpu ? cpu : 0) * m->lane + (u64)i * m->stride, ctx))
			break;
	}
	return n;
}

const struct map_ops map_ops_ARRAY = {
	.lookup = array_lookup, .update = shared_update, .for_each = array_for_each,
	.no_delete = -EINVAL,
};
const struct map_type map_type_ARRAY = {
	.ops = &map_ops_ARRAY, .check = array_check, .layout = array_layout,
	.next_key = array_next_key, .btf = BTF_ARRAY_KEY, .batch = true,
	.batch_change = true,
};
const struct map_ops map_ops_PERCPU_ARRAY = {
	.lookup = percpu_array_lookup, .update = array_update, .for_each = array_for_each,
	.no_delete = -EINVAL, .percpu = true,
};
const struct map_type map_type_PERCPU_ARRAY = {
	.ops = &map_ops_PERCPU_ARRAY, .check = array_check, .layout = array_layout,
	.copy_out = percpu_copy_out, .copy_in = percpu_copy_in, .next_key = array_next_key,
	.btf = BTF_ARRAY_KEY, .batch = true, .batch_change = true,
};
