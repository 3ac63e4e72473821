/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps used directly: what an application that embeds skep calls instead of bpf(2). The caller's memory is used in place.
 */
#include <errno.h>

#include "map/map.h"
#include "skep/skep.h"
#include "sys/sys.h"

/* struct skep_map is struct map under its public name. */
static struct map *inner(struct skep_map *m)
{
	return (struct map *)(void *)m;
}

int skep_map_get(struct skep *s, int fd, struct skep_map **ret_map)
{
	struct obj *o;
	int err = obj_by_fd(&s->tab, fd, OBJ_MAP, &o, NULL);

	if (!err)
		*ret_map = (struct skep_map *)(void *)map_of(o);
	return err;
}

void skep_map_put(struct skep_map *m)
{
	if (m)
		obj_put(&inner(m)->obj);
}

int skep_map_lookup(struct skep_map *m, const void *key, void *value, uint64_t flags)
{
	return map_key_names(inner(m)) ? -ENOTSUPP : map_lookup(inner(m), key, value, flags);
}

int skep_map_update(struct skep_map *m, const void *key, const void *value, uint64_t flags)
{
	/* keys and values that are descriptors go through bpf(2) */
	if (map_value_obj(inner(m)) != OBJ_NONE || map_value_names(inner(m)) || map_key_names(inner(m)))
		return -ENOTSUPP;
	return map_update(inner(m), key, value, flags);
}

int skep_map_delete(struct skep_map *m, const void *key)
{
	return map_key_names(inner(m)) ? -ENOTSUPP : map_delete(inner(m), key);
}

int skep_map_next_key(struct skep_map *m, const void *key, void *next_key)
{
	return map_next_key(inner(m), key, next_key);
}
