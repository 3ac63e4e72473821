/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: memory that programs and user space share at one address; and struct_ops, whose kernel interfaces skep has none of.
 *
 * The arena's pages are the start of the file, there from the beginning and only taken when touched.
 * Invariant: an arena lies within one 4 GB window of addresses, so that 32 bits name a byte of it.
 */
#include "map/priv.h"

#include <errno.h>

static int arena_layout(const struct map_attr *a, struct map_geom *g)
{
	u64 bytes = (u64)a->max_entries * MAP_PAGE;

	if (a->key_size || a->value_size || !a->max_entries || !(a->flags & BPF_F_MMAPABLE) ||
	    (a->flags & ~(u32)(BPF_F_MMAPABLE | UAPI_F_SEGV_ON_FAULT | UAPI_F_NO_USER_CONV)))
		return -EINVAL;
	if (a->extra & (MAP_PAGE - 1))
		return -EINVAL;
	if (bytes > (u64)1 << 32)
		return -E2BIG;
	if (a->extra >> 32 != (a->extra + bytes - 1) >> 32)
		return -ERANGE;
	g->size = g->mmap_size = g->lane = bytes;
	return 0;
}

static int arena_init(struct map *m, const struct map_attr *a)
{
	m->desc.user_va = a->extra;
	return 0;
}

static int arena_mmap_ok(struct map *m, u64 offset, u64 size, bool writable)
{
	(void)writable;
	if (offset)
		return -EINVAL;
	return size > m->mmap_size ? -E2BIG : 0;
}

static int arena_push(struct map *m, const void *value, u64 flags)
{
	(void)m;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

static int arena_pop(struct map *m, void *value)
{
	(void)m;
	(void)value;
	return -EOPNOTSUPP;
}

static int ops_check(const struct map_attr *a)
{
	return a->key_size != sizeof(u32) || a->max_entries != 1 ||
	       (a->flags & ~(u32)(UAPI_F_LINK | UAPI_F_VTYPE_BTF_OBJ_FD)) || !a->btf_vmlinux_value ? -EINVAL : 0;
}

/* Programs that implement a kernel interface are verified; nothing here calls them, so the map holds no registration. */
static int ops_layout(const struct map_attr *a, struct map_geom *g)
{
	(void)a;
	geom_add(g, MAP_LINE);
	return 0;
}

const struct map_ops map_ops_ARENA = {
	.push = arena_push, .pop = arena_pop, .peek = arena_pop, .no_update = -EOPNOTSUPP,
	.no_delete = -EOPNOTSUPP,
};
const struct map_type map_type_ARENA = {
	.ops = &map_ops_ARENA, .layout = arena_layout, .init = arena_init, .mmap_ok = arena_mmap_ok,
	.no_lookup = -EINVAL, .no_next = -EOPNOTSUPP, .btf = BTF_OPTIONAL,
};
const struct map_ops map_ops_STRUCT_OPS = { .no_update = -EOPNOTSUPP, .no_delete = -EOPNOTSUPP };
const struct map_type map_type_STRUCT_OPS = {
	.ops = &map_ops_STRUCT_OPS, .check = ops_check, .layout = ops_layout,
	.btf = BTF_ANSWER_EINVAL,
};
