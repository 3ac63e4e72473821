/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as programs see them: each operation goes to its type. Freestanding.
 *
 * Invariant: the verifier has let through only operations that the type offers programs; a missing one answers -ENOTSUPP all
 * the same.
 */
#include "map/priv.h"

#include <errno.h>

HOT void *map_prog_lookup(struct map *m, const void *key, u32 cpu)
{
	return likely(m->lookup != NULL) ? m->lookup(m, key, cpu) : NULL;
}

void *map_prog_lookup_percpu(struct map *m, const void *key, u32 cpu)
{
	if (cpu >= m->ncpu || !m->ops->percpu || !m->ops->lookup)
		return NULL;
	return m->ops->lookup(m, key, cpu);
}

HOT int map_prog_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	return likely(m->ops->update != NULL) ? m->ops->update(m, key, value, flags, cpu) :
	       m->ops->no_update ? m->ops->no_update : -ENOTSUPP;
}

HOT int map_prog_delete(struct map *m, const void *key, u32 cpu)
{
	return likely(m->ops->remove != NULL) ? m->ops->remove(m, key, cpu) :
	       m->ops->no_delete ? m->ops->no_delete : -ENOTSUPP;
}

void *map_prog_storage(struct map *m, const struct map_owner *o, const void *value, bool create, u32 cpu)
{
	void *at = map_prog_lookup(m, o, cpu);

	if (!at && create && m->ops->update) {
		m->ops->update(m, o, value, BPF_NOEXIST, cpu); /* or another made it meanwhile */
		at = map_prog_lookup(m, o, cpu);
	}
	return at;
}

int map_prog_push(struct map *m, const void *value, u64 flags)
{
	return m->ops->push ? m->ops->push(m, value, flags) : -ENOTSUPP;
}

int map_prog_pop(struct map *m, void *value)
{
	return m->ops->pop ? m->ops->pop(m, value) : -ENOTSUPP;
}

int map_prog_peek(struct map *m, void *value)
{
	return m->ops->peek ? m->ops->peek(m, value) : -ENOTSUPP;
}

s64 map_prog_for_each(struct map *m, map_visit fn, void *ctx, u64 flags, u32 cpu)
{
	if (flags)
		return -EINVAL;
	return m->ops->for_each ? m->ops->for_each(m, fn, ctx, cpu) : -EOPNOTSUPP;
}
