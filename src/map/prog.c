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
	if (cpu >= m->ncpu || !m->type->percpu || !m->type->lookup)
		return NULL;
	return m->type->lookup(m, key, cpu);
}

HOT int map_prog_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	return likely(m->type->update != NULL) ? m->type->update(m, key, value, flags, cpu) :
	       m->type->no_update ? m->type->no_update : -ENOTSUPP;
}

HOT int map_prog_delete(struct map *m, const void *key, u32 cpu)
{
	return likely(m->type->remove != NULL) ? m->type->remove(m, key, cpu) :
	       m->type->no_delete ? m->type->no_delete : -ENOTSUPP;
}

int map_prog_push(struct map *m, const void *value, u64 flags)
{
	return m->type->push ? m->type->push(m, value, flags) : -ENOTSUPP;
}

int map_prog_pop(struct map *m, void *value)
{
	return m->type->pop ? m->type->pop(m, value) : -ENOTSUPP;
}

int map_prog_peek(struct map *m, void *value)
{
	return m->type->peek ? m->type->peek(m, value) : -ENOTSUPP;
}

s64 map_prog_for_each(struct map *m, map_visit fn, void *ctx, u64 flags, u32 cpu)
{
	if (flags)
		return -EINVAL;
	return m->type->for_each ? m->type->for_each(m, fn, ctx, cpu) : -EOPNOTSUPP;
}
