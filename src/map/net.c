/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of places to redirect frames to: devmap, devmap_hash, cpumap.
 *
 * They hold their values; what a value means is for whoever moves frames. Invariant: in the arrays, a first word of zero is an
 * empty place.
 */
#include "map/priv.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

#define CPUMAP_QUEUE   16384u

struct devmap_value { u32 ifindex; s32 prog; /* id, in updates that give one */ };

static u32 index_of(const void *key)
{
	u32 i;

	memcpy(&i, key, sizeof(i));
	return i;
}

static u8 *place(const struct map *m, u32 i) { return m->data + (u64)i * m->stride; }

static int slots_layout(const struct map_attr *a, struct map_geom *g)
{
	g->stride = 8;
	g->lane = (u64)a->max_entries * g->stride;
	g->data = geom_add(g, g->lane);
	return 0;
}

static void *slot_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = index_of(key);

	(void)cpu;
	if (i >= m->desc.max_entries || !__atomic_load_n((u32 *)(void *)place(m, i), __ATOMIC_ACQUIRE))
		return NULL;
	return place(m, i);
}

/* What cpumap and devmap ask of every update. */
static int slot_flags(const struct map *m, u32 i, u64 flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (i >= m->desc.max_entries)
		return -E2BIG;
	return flags == BPF_NOEXIST ? -EEXIST : 0;
}

static int slot_remove(struct map *m, const void *key)
{
	u32 i = index_of(key);

	if (i >= m->desc.max_entries)
		return -EINVAL;
	shm_zero(place(m, i), m->stride);
	return 0;
}

/* ---- devices ---- */

static int dev_check(const struct map_attr *a)
{
	if (!a->max_entries || a->key_size != 4 || (a->value_size != 4 && a->value_size != 8) || map_flags_unknown(a))
		return -EINVAL;
	return a->type == BPF_MAP_TYPE_DEVMAP_HASH && a->max_entries > 1u << 31 ? -EINVAL : 0;
}

/* Linux lets no program write to a device map, whatever was asked for. */
static int dev_init(struct map *m, const struct map_attr *a)
{
	(void)a;
	m->head->flags |= BPF_F_RDONLY_PROG;
	m->desc.flags |= BPF_F_RDONLY_PROG;
	return 0;
}

static int dev_value(const struct map *m, const void *value, struct devmap_value *ret)
{
	char name[IF_NAMESIZE];

	*ret = (struct devmap_value){ 0, 0 };
	memcpy(ret, value, m->desc.value_size);
	if (ret->prog > 0 && !ret->ifindex)
		return -EINVAL;
	if (ret->ifindex && !if_indextoname(ret->ifindex, name))
		return -EINVAL;
	ret->prog = MAX(ret->prog, 0);
	return 0;
}

static int dev_update(struct map *m, const void *key, const void *value, u64 flags)
{
	struct devmap_value v;
	u32 i = index_of(key);
	int err = slot_flags(m, i, flags);

	if (!err)
		err = dev_value(m, value, &v);
	if (!err)
		shm_write(place(m, i), &v, sizeof(v));
	return err;
}

static int dev_hash_layout(const struct map_attr *a, struct map_geom *g)
{
	return map_types[BPF_MAP_TYPE_HASH]->layout(a, g);
}

static int dev_hash_update(struct map *m, const void *key, const void *value, u64 flags)
{
	struct devmap_value v;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	memcpy(&v.ifindex, value, sizeof(v.ifindex));
	if (!v.ifindex)
		return -EINVAL;
	if (flags == BPF_NOEXIST && hash_find(m, key))
		return -EEXIST;
	err = dev_value(m, value, &v);
	/* BPF_EXIST asks nothing here. */
	return err ? err : hash_update(m, key, &v, flags == BPF_EXIST ? BPF_ANY : flags, 0, false);
}

static void *dev_hash_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = hash_find(m, key);

	return i ? hash_value(m, i, cpu) : NULL;
}

static int dev_hash_remove(struct map *m, const void *key)
{
	return map_ops_HASH.remove(m, key, 0);
}

/* ---- CPUs ---- */

static int cpu_check(const struct map_attr *a)
{
	(void)a;
	return 0;
}

static int cpu_layout(const struct map_attr *a, struct map_geom *g)
{
	if (!a->max_entries || a->key_size != 4 || (a->value_size != 4 && a->value_size != 8) || map_flags_unknown(a))
		return -EINVAL;
	return a->max_entries > map_kernel_cpus() ? -E2BIG : slots_layout(a, g);
}

static int cpu_update(struct map *m, const void *key, const void *value, u64 flags)
{
	struct { u32 qsize; s32 prog; } v = { 0, 0 };
	u32 i = index_of(key);
	int err;

	memcpy(&v, value, m->desc.value_size);
	err = slot_flags(m, i, flags);
	if (err)
		return err;
	if (v.qsize > CPUMAP_QUEUE)
		return -EOVERFLOW;
	if (i >= map_possible_cpus())
		return -ENODEV;
	v.prog = v.qsize ? MAX(v.prog, 0) : 0;
	shm_write(place(m, i), &v, sizeof(v));
	return 0;
}

/* ---- the programs ---- */
/* What the map refers to; one may be there several times. */
struct held { struct obj **o; u32 n, cap; };

static int hold(struct map *m, struct obj *o)
{
	struct held *h = m->user;
	struct obj **more;

	if (!h) {
		h = calloc(1, sizeof(*h));
		if (!h)
			return -ENOMEM;
		m->user = h;
	}
	if (h->n == h->cap) {
		more = realloc(h->o, (h->cap + 16) * sizeof(struct obj *));
		if (!more)
			return -ENOMEM;
		h->o = more;
		h->cap += 16;
	}
	h->o[h->n++] = obj_get(o);
	return 0;
}

static void let_go(struct map *m, u32 id)
{
	struct held *h = m->user;

	for (u32 i = 0; id && h && i < h->n; i++)
		if (h->o[i]->id == id) {
			objs_put(h->o[i]);
			h->o[i] = h->o[--h->n];
			return;
		}
}

static void dev_destroy(struct map *m)
{
	struct held *h = m->user;

	for (u32 i = 0; h && i < h->n; i++)
		obj_put(h->o[i]);
	if (h)
		free(h->o);
	free(h);
}

static u32 prog_there(struct map *m, const void *key)
{
	struct devmap_value v = { 0, 0 };
	const void *at = map_value_has_prog(m) && m->ops->lookup ? m->ops->lookup(m, key, 0) : NULL;

	if (at)
		shm_read(&v, at, sizeof(v));
	return (u32)v.prog;
}

bool map_value_has_prog(const struct map *m)
{
	return m->desc.value_size == 8 && (m->type->copy_in == dev_update || m->type->copy_in == dev_hash_update ||
					   m->type->copy_in == cpu_update);
}

bool map_device_target(struct map *m, u32 key, u32 *ret_first, struct obj **ret_prog)
{
	const struct held *h = m->user;
	struct devmap_value v = { 0, 0 };
	const void *at;

	*ret_prog = NULL;
	pthread_mutex_lock(&m->objs_lock);
	at = m->ops->lookup ? m->ops->lookup(m, &key, 0) : NULL;
	if (at)
		shm_read(&v, at, m->desc.value_size);
	for (u32 i = 0; v.prog && h && i < h->n && !*ret_prog; i++)
		if (h->o[i]->id == (u32)v.prog)
			*ret_prog = obj_get(h->o[i]);
	pthread_mutex_unlock(&m->objs_lock);
	*ret_first = v.ifindex;
	return at != NULL;
}

int map_update_check(struct map *m, const void *key, const void *value, u64 flags)
{
	u32 i, first;
	int err;

	memcpy(&first, value, sizeof(first));
	if (m->type->copy_in == dev_hash_update)
		return flags > BPF_EXIST || !first ? -EINVAL : flags == BPF_NOEXIST && hash_find(m, key) ? -EEXIST : 0;
	i = index_of(key);
	err = slot_flags(m, i, flags);
	if (err || m->type->copy_in == dev_update)
		return err;
	return first > CPUMAP_QUEUE ? -EOVERFLOW : i >= map_possible_cpus() ? -ENODEV : 0;
}

int map_update_with_prog(struct map *m, const void *key, const void *value, struct obj *prog, u64 flags)
{
	struct devmap_value v;
	u32 before;
	int err;

	if (map_frozen(m))
		return -EPERM;
	memcpy(&v, value, sizeof(v));
	v.prog = prog ? (s32)prog->id : 0;
	pthread_mutex_lock(&m->objs_lock);
	before = prog_there(m, key);
	err = prog ? hold(m, prog) : 0;
	if (!err) {
		err = m->type->copy_in(m, key, &v, flags);
		let_go(m, err ? (u32)v.prog : before);
	}
	pthread_mutex_unlock(&m->objs_lock);
	return err;
}

static int drop_prog(struct map *m, const void *key, int (*remove)(struct map *m, const void *key))
{
	u32 before;
	int err;

	pthread_mutex_lock(&m->objs_lock);
	before = prog_there(m, key);
	err = remove(m, key);
	if (!err)
		let_go(m, before);
	pthread_mutex_unlock(&m->objs_lock);
	return err;
}

static int dev_take(struct map *m, const void *key) { return drop_prog(m, key, slot_remove); }
static int dev_hash_take(struct map *m, const void *key) { return drop_prog(m, key, dev_hash_remove); }

const struct map_ops map_ops_DEVMAP = { .lookup = slot_lookup };
const struct map_type map_type_DEVMAP = {
	.ops = &map_ops_DEVMAP, .copy_in = dev_update, .remove_sys = dev_take, .destroy = dev_destroy, .check = dev_check,
	.layout = slots_layout, .init = dev_init, .next_key = array_next_key, .btf = BTF_NOT_SUPPORTED,
};
const struct map_ops map_ops_DEVMAP_HASH = { .lookup = dev_hash_lookup };
const struct map_type map_type_DEVMAP_HASH = {
	.ops = &map_ops_DEVMAP_HASH, .copy_in = dev_hash_update, .remove_sys = dev_hash_take, .destroy = dev_destroy,
	.check = dev_check, .layout = dev_hash_layout, .init = dev_init, .next_key = hash_next,
	.btf = BTF_NOT_SUPPORTED,
};
const struct map_ops map_ops_CPUMAP = { .lookup = slot_lookup };
const struct map_type map_type_CPUMAP = {
	.ops = &map_ops_CPUMAP, .copy_in = cpu_update, .remove_sys = dev_take, .destroy = dev_destroy, .check = cpu_check,
	.layout = cpu_layout, .next_key = array_next_key, .btf = BTF_NOT_SUPPORTED,
};
