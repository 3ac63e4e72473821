/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that belong to something else: a socket, an inode, a task, a cgroup.
 *
 * Each is a hash whose keys say what the value belongs to, so everything that holds for hashes holds for them: any process that
 * has the file can use it, and no writer's death harms it. Linux sets no limit to their number; here the file has room for a
 * fixed one, with holes where nothing was stored. Invariant: user space never sees a key of the local storages.
 */
#include "map/priv.h"

#include <errno.h>

#define STORAGE_MAX  (65535u - 128u) /* a 16-bit size that includes what Linux keeps with a value */
#define ROOM         (1u << 28)      /* bytes of addresses for the values of one map */
#define ELEMENTS_MIN 1024u
#define ELEMENTS_MAX 65536u

static int local_check(const struct map_attr *a)
{
	if (map_flags_unknown(a) || !(a->flags & BPF_F_NO_PREALLOC) || a->max_entries ||
	    a->key_size != sizeof(s32) || !a->value_size || !a->btf_key || !a->btf_value)
		return -EINVAL;
	return a->value_size > STORAGE_MAX ? -E2BIG : 0;
}

static int as_hash(const struct map_attr *a, struct map_geom *g, u32 type, u32 key_size)
{
	struct map_attr h = *a;
	u32 cpus = type == BPF_MAP_TYPE_PERCPU_HASH ? map_possible_cpus() : 1;
	u64 fit = ROOM / ((u64)ROUND_UP(a->value_size, 8u) * cpus);
	int err;

	h.type = type;
	h.key_size = key_size;
	h.flags = 0;
	h.max_entries = (u32)(fit < ELEMENTS_MIN ? ELEMENTS_MIN : MIN(fit, ELEMENTS_MAX));
	err = map_types[type]->layout(&h, g);
	g->key_len = key_size;
	return err;
}

static int local_layout(const struct map_attr *a, struct map_geom *g)
{
	return as_hash(a, g, BPF_MAP_TYPE_HASH, sizeof(struct map_owner));
}

/* A full hash is too big; a storage that cannot be made has no memory. */
static int no_memory(int err) { return err == -E2BIG ? -ENOMEM : err; }

static int local_update(struct map *m, const void *key, const void *value, u64 flags)
{
	return (flags & ~(u64)BPF_F_LOCK) > BPF_EXIST ? -EINVAL : no_memory(hash_update(m, key, value, flags, 0, false));
}

#define LOCAL(id, what)                                                                                   \
	const struct map_type map_type_##id = {                                                           \
		.ops = &map_ops_##id, .check = local_check, .layout = local_layout,                       \
		.copy_out = hash_sys_lookup, .copy_in = local_update, .btf = BTF_INT_KEY, .key_names = what, \
	}
LOCAL(SK_STORAGE, MAP_NAMES_SOCKET);
LOCAL(INODE_STORAGE, MAP_NAMES_FILE);
LOCAL(TASK_STORAGE, MAP_NAMES_TASK);
LOCAL(CGRP_STORAGE, MAP_NAMES_CGROUP);

/* ---- the old form: keyed by cgroup and attach type, made when a program is attached ---- */
static int cgroup_layout(const struct map_attr *a, struct map_geom *g)
{
	bool percpu = a->type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;

	if (a->key_size != sizeof(struct bpf_cgroup_storage_key) && a->key_size != sizeof(u64))
		return -EINVAL;
	if (!a->value_size)
		return -EINVAL;
	if (a->value_size > (percpu ? PERCPU_MAX : STORAGE_MAX))
		return -E2BIG;
	if (map_flags_unknown(a) || !map_access_ok(a->flags))
		return -EINVAL;
	return a->max_entries ? -EINVAL :
	       as_hash(a, g, percpu ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH, a->key_size);
}

/* The padding behind the attach type is no part of a key. */
static const void *cgroup_key(const struct map *m, const void *key, struct bpf_cgroup_storage_key *k)
{
	memset(k, 0, sizeof(*k));
	memcpy(k, key, m->desc.key_size);
	if (m->desc.key_size == sizeof(*k))
		*k = (struct bpf_cgroup_storage_key){ .cgroup_inode_id = k->cgroup_inode_id, .attach_type = k->attach_type };
	return k;
}

static int cgroup_lookup(struct map *m, const void *key, void *value, u64 flags)
{
	struct bpf_cgroup_storage_key k;

	return hash_sys_lookup(m, cgroup_key(m, key, &k), value, flags);
}

static int cgroup_update(struct map *m, const void *key, const void *value, u64 flags)
{
	struct bpf_cgroup_storage_key k;
	int err;

	if (m->ops->percpu ? flags != BPF_ANY && flags != BPF_EXIST : (flags & ~(u64)(BPF_F_LOCK | BPF_EXIST)) != 0)
		return -EINVAL;
	err = hash_update(m, cgroup_key(m, key, &k), value, BPF_EXIST | (flags & BPF_F_LOCK), 0, m->ops->percpu);
	return no_memory(err);
}

static int cgroup_next(struct map *m, const void *key, void *next)
{
	struct bpf_cgroup_storage_key k;

	if (key && !hash_find(m, cgroup_key(m, key, &k)))
		return -ENOENT;
	return hash_next(m, key ? &k : NULL, next);
}

static int cgroup_remove(struct map *m, const void *key)
{
	(void)m, (void)key;
	return -EINVAL;
}

#define OF_CGROUPS(id)                                                                                    \
	const struct map_type map_type_##id = {                                                           \
		.ops = &map_ops_##id, .remove_sys = cgroup_remove, .layout = cgroup_layout,               \
		.copy_out = cgroup_lookup, .copy_in = cgroup_update, .next_key = cgroup_next, .btf = BTF_ANY_KEY, \
	}
OF_CGROUPS(CGROUP_STORAGE);
OF_CGROUPS(PERCPU_CGROUP_STORAGE);
