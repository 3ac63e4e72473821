/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that belong to something else: a socket, an inode, a task, a cgroup.
 *
 * They can be made, so that objects that declare them load; the things themselves come with the hooks that own them, and
 * until then every descriptor names nothing that has storage (map.def says so). Invariant: nothing is stored here.
 */
#include "map/priv.h"

#include <errno.h>

#define STORAGE_MAX (65535u - 128u) /* a 16-bit size that includes what Linux keeps with a value */

static int local_check(const struct map_attr *a)
{
	if ((a->flags & ~(u32)(BPF_F_NO_PREALLOC | BPF_F_CLONE)) || !(a->flags & BPF_F_NO_PREALLOC) || a->max_entries ||
	    a->key_size != sizeof(s32) || !a->value_size || !a->btf_key || !a->btf_value)
		return -EINVAL;
	return a->value_size > STORAGE_MAX ? -E2BIG : 0;
}

static int no_memory_layout(const struct map_attr *a, struct map_geom *g)
{
	(void)a;
	geom_add(g, MAP_LINE);
	return 0;
}

static int cgroup_layout(const struct map_attr *a, struct map_geom *g)
{
	bool percpu = a->type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;

	if (a->key_size != sizeof(struct bpf_cgroup_storage_key) && a->key_size != sizeof(u64))
		return -EINVAL;
	if (!a->value_size)
		return -EINVAL;
	if (a->value_size > (percpu ? PERCPU_MAX : STORAGE_MAX))
		return -E2BIG;
	if ((a->flags & ~(u32)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) ||
	    !map_access_ok(a->flags))
		return -EINVAL;
	return a->max_entries ? -EINVAL : no_memory_layout(a, g);
}

static int none_out(struct map *m, const void *key, void *value, u64 flags)
{
	(void)m;
	(void)key;
	(void)value;
	(void)flags;
	return -ENOENT;
}

static int cgroup_update(struct map *m, const void *key, const void *value, u64 flags)
{
	(void)m;
	(void)key;
	(void)value;
	return flags & ~(u64)(BPF_F_LOCK | BPF_EXIST) ? -EINVAL : -ENOENT;
}

static int none_next(struct map *m, const void *key, void *next)
{
	(void)m;
	(void)key;
	(void)next;
	return -ENOENT;
}

static int local_update(struct map *m, const void *key, const void *value, u64 flags)
{
	(void)m;
	(void)key;
	(void)value;
	return (flags & ~(u64)BPF_F_LOCK) > BPF_EXIST ? -EINVAL : -EOPNOTSUPP;
}

static int local_remove(struct map *m, const void *key)
{
	(void)m;
	(void)key;
	return -ENOENT;
}

#define LOCAL(id)                                                                                         \
	const struct map_ops map_ops_##id = { .lookup = NULL };                                           \
	const struct map_type map_type_##id = {                                                           \
		.ops = &map_ops_##id, .check = local_check, .layout = no_memory_layout, .copy_out = none_out, \
		.copy_in = local_update, .remove_sys = local_remove, .btf = BTF_INT_KEY,                  \
	}
LOCAL(SK_STORAGE);
LOCAL(INODE_STORAGE);
LOCAL(TASK_STORAGE);
LOCAL(CGRP_STORAGE);

const struct map_ops map_ops_CGROUP_STORAGE = { .no_delete = -EINVAL };
const struct map_type map_type_CGROUP_STORAGE = {
	.ops = &map_ops_CGROUP_STORAGE, .layout = cgroup_layout, .copy_out = none_out, .copy_in = cgroup_update,
	.next_key = none_next, .btf = BTF_ANY_KEY,
};
const struct map_ops map_ops_PERCPU_CGROUP_STORAGE = { .no_delete = -EINVAL, .percpu = true };
const struct map_type map_type_PERCPU_CGROUP_STORAGE = {
	.ops = &map_ops_PERCPU_CGROUP_STORAGE, .layout = cgroup_layout, .copy_out = none_out, .copy_in = cgroup_update,
	.next_key = none_next, .btf = BTF_ANY_KEY,
};
