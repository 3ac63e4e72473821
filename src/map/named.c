/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps whose values name something by descriptor: xskmap, sockmap, sockhash, reuseport_sockarray, cgroup_array.
 *
 * The file holds the number that the kernel gave the socket (its cookie) or cgroup (its id). A map keeps no socket open: whoever
 * made the map says whether a cookie still is a socket, and what programs get for it; one that is closed is as good as gone.
 * Invariant: in the arrays, 0 is an empty place.
 */
#include "map/priv.h"

#include <errno.h>

#define KEY_STACK_MAX 512u

static u32 index_of(const void *key)
{
	u32 i;

	memcpy(&i, key, sizeof(i));
	return i;
}

static u64 number_of(const void *value)
{
	u64 v;

	memcpy(&v, value, sizeof(v));
	return v;
}

static u64 *place(const struct map *m, u32 i) { return (u64 *)(void *)(m->data + (u64)i * m->stride); }

static bool is_open(const struct map *m, u64 cookie)
{
	return cookie && (!m->socket_open || m->socket_open(cookie));
}

/* What is in a place; 0: nothing, or not any more. */
static u64 in_place(const struct map *m, u32 i)
{
	u64 v = __atomic_load_n(place(m, i), __ATOMIC_ACQUIRE), was = v;

	if (v && !is_open(m, v)) {
		__atomic_compare_exchange_n(place(m, i), &was, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
		return 0;
	}
	return v;
}

static int words_layout(const struct map_attr *a, struct map_geom *g)
{
	g->stride = sizeof(u64);
	g->value_len = sizeof(u64);
	g->lane = (u64)a->max_entries * g->stride;
	g->data = geom_add(g, g->lane);
	return 0;
}

static int sock_layout(const struct map_attr *a, struct map_geom *g)
{
	if (!a->max_entries || a->max_entries > S32_MAX || a->key_size != 4 ||
	    (a->value_size != 4 && a->value_size != 8) || map_flags_unknown(a))
		return -EINVAL;
	return words_layout(a, g);
}

/* A program's lookup: an object with a reference of its own. */
static void *for_program(struct map *m, u64 cookie)
{
	return cookie && m->socket ? m->socket(m, cookie) : NULL;
}

static void *array_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = index_of(key);

	(void)cpu;
	return i < m->desc.max_entries ? for_program(m, __atomic_load_n(place(m, i), __ATOMIC_ACQUIRE)) : NULL;
}

static int array_copy_out(struct map *m, const void *key, void *value, u64 flags)
{
	u32 i = index_of(key);
	u64 v;

	(void)flags;
	if (m->desc.value_size != sizeof(u64))
		return -ENOSPC;
	v = i < m->desc.max_entries ? in_place(m, i) : 0;
	memcpy(value, &v, sizeof(v));
	return v ? 0 : -ENOENT;
}

static int check_place(const struct map *m, u32 i, u64 flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	return i >= m->desc.max_entries ? -E2BIG : 0;
}

static int array_set(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	u32 i = index_of(key);
	u64 old;
	int err = check_place(m, i, flags);

	(void)cpu;
	if (err)
		return err;
	old = in_place(m, i);
	err = hash_update_flags(flags, old != 0);
	if (!err)
		__atomic_store_n(place(m, i), number_of(value), __ATOMIC_RELEASE);
	return err;
}

static int sock_set(struct map *m, const void *key, const void *value, u64 flags)
{
	return value ? array_set(m, key, value, flags, 0) : 0;
}

/* -EINVAL: there was nothing. */
static int array_clear(struct map *m, const void *key, u32 cpu)
{
	u32 i = index_of(key);

	(void)cpu;
	if (i >= m->desc.max_entries || !in_place(m, i))
		return -EINVAL;
	return __atomic_exchange_n(place(m, i), 0, __ATOMIC_ACQ_REL) ? 0 : -EINVAL;
}

/* ---- sockhash ---- */
static int hash_of_socks_layout(const struct map_attr *a, struct map_geom *g)
{
	struct map_attr h = *a;

	if (!a->max_entries || !a->key_size || (a->value_size != 4 && a->value_size != 8) || map_flags_unknown(a))
		return -EINVAL;
	if (a->key_size > KEY_STACK_MAX)
		return -E2BIG;
	h.type = BPF_MAP_TYPE_HASH;
	h.value_size = g->value_len = sizeof(u64);
	return map_types[BPF_MAP_TYPE_HASH]->layout(&h, g) ? -EINVAL : 0;
}

/* The socket under a key; a closed one goes. */
static u64 under_key(struct map *m, const void *key)
{
	u64 v = 0;

	if (hash_sys_lookup(m, key, &v, 0))
		return 0;
	if (!is_open(m, v)) {
		map_ops_HASH.remove(m, key, 0);
		return 0;
	}
	return v;
}

static void *hash_lookup_sock(struct map *m, const void *key, u32 cpu)
{
	u64 v;

	(void)cpu;
	return hash_sys_lookup(m, key, &v, 0) ? NULL : for_program(m, v);
}

static int hash_copy_sock(struct map *m, const void *key, void *value, u64 flags)
{
	u64 v;

	(void)flags;
	if (m->desc.value_size != sizeof(u64))
		return -ENOSPC;
	v = under_key(m, key);
	memcpy(value, &v, sizeof(v));
	return v ? 0 : -ENOENT;
}

static int hash_set_sock(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	under_key(m, key);
	return hash_update(m, key, value, flags, cpu, false);
}

static int hash_set_sys(struct map *m, const void *key, const void *value, u64 flags)
{
	return value ? hash_set_sock(m, key, value, flags, 0) : 0;
}

static int hash_clear_sock(struct map *m, const void *key, u32 cpu)
{
	under_key(m, key);
	return map_ops_HASH.remove(m, key, cpu);
}

u64 map_prog_socket(struct map *m, const void *key)
{
	u64 v = 0;
	u32 i;

	if (m->desc.type == BPF_MAP_TYPE_SOCKHASH)
		return hash_sys_lookup(m, key, &v, 0) ? 0 : v;
	i = index_of(key);
	return i < m->desc.max_entries ? __atomic_load_n(place(m, i), __ATOMIC_ACQUIRE) : 0;
}

/* ---- reuseport_sockarray ---- */
static int reuseport_check(const struct map_attr *a)
{
	return a->value_size != 4 && a->value_size != 8 ? -EINVAL : array_check(a);
}

static int reuseport_set(struct map *m, const void *key, const void *value, u64 flags)
{
	return value ? array_set(m, key, value, flags, 0) : check_place(m, index_of(key), flags);
}

static int reuseport_clear(struct map *m, const void *key)
{
	u32 i = index_of(key);

	if (i >= m->desc.max_entries)
		return -E2BIG;
	return array_clear(m, key, 0) ? -ENOENT : 0;
}

/* ---- xskmap ---- */
static int xsk_layout(const struct map_attr *a, struct map_geom *g)
{
	if (!a->max_entries || a->key_size != 4 || a->value_size != 4 || map_flags_unknown(a))
		return -EINVAL;
	return words_layout(a, g);
}

static int xsk_set(struct map *m, const void *key, const void *value, u64 flags)
{
	u32 i = index_of(key);
	int err = check_place(m, i, flags);

	if (err || !value)
		return err;
	return in_place(m, i) == number_of(value) ? 0 : array_set(m, key, value, flags, 0);
}

static int xsk_clear(struct map *m, const void *key)
{
	if (index_of(key) >= m->desc.max_entries)
		return -EINVAL;
	array_clear(m, key, 0);
	return 0;
}

static int xsk_out(struct map *m, const void *key, void *value, u64 flags)
{
	(void)m, (void)key, (void)value, (void)flags;
	return -EOPNOTSUPP;
}

/* ---- cgroup_array ---- */
static int cgroup_set(struct map *m, const void *key, const void *value, u64 flags)
{
	u32 i = index_of(key);

	if (flags != BPF_ANY)
		return -EINVAL;
	if (i >= m->desc.max_entries)
		return -E2BIG;
	if (value)
		__atomic_store_n(place(m, i), number_of(value), __ATOMIC_RELEASE);
	return 0;
}

static int cgroup_clear(struct map *m, const void *key)
{
	u32 i = index_of(key);

	if (i >= m->desc.max_entries)
		return -E2BIG;
	return __atomic_exchange_n(place(m, i), 0, __ATOMIC_ACQ_REL) ? 0 : -ENOENT;
}

/* Where the cgroup's id stands. */
static void *cgroup_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = index_of(key);

	(void)cpu;
	return i < m->desc.max_entries && __atomic_load_n(place(m, i), __ATOMIC_ACQUIRE) ? place(m, i) : NULL;
}

/* As a map of a type without lookups. */
static int cgroup_out(struct map *m, const void *key, void *value, u64 flags)
{
	(void)m, (void)key, (void)value, (void)flags;
	return -ENOTSUPP;
}

const struct map_ops map_ops_SOCKMAP = { .lookup = array_lookup, .update = array_set, .remove = array_clear };
const struct map_type map_type_SOCKMAP = {
	.ops = &map_ops_SOCKMAP, .copy_in = sock_set, .layout = sock_layout, .copy_out = array_copy_out,
	.next_key = array_next_key, .btf = BTF_NOT_SUPPORTED, .value_names = MAP_NAMES_SOCKET,
};
const struct map_ops map_ops_SOCKHASH = { .lookup = hash_lookup_sock, .update = hash_set_sock, .remove = hash_clear_sock };
const struct map_type map_type_SOCKHASH = {
	.ops = &map_ops_SOCKHASH, .copy_in = hash_set_sys, .layout = hash_of_socks_layout, .copy_out = hash_copy_sock,
	.next_key = hash_next, .btf = BTF_NOT_SUPPORTED, .value_names = MAP_NAMES_SOCKET,
};
const struct map_ops map_ops_REUSEPORT_SOCKARRAY = { .lookup = array_lookup };
const struct map_type map_type_REUSEPORT_SOCKARRAY = {
	.ops = &map_ops_REUSEPORT_SOCKARRAY, .copy_in = reuseport_set, .remove_sys = reuseport_clear,
	.check = reuseport_check, .layout = words_layout, .copy_out = array_copy_out, .next_key = array_next_key,
	.btf = BTF_ANSWER_EINVAL, .value_names = MAP_NAMES_SOCKET,
};
const struct map_ops map_ops_XSKMAP = { .lookup = array_lookup };
const struct map_type map_type_XSKMAP = {
	.ops = &map_ops_XSKMAP, .copy_in = xsk_set, .remove_sys = xsk_clear, .layout = xsk_layout, .next_key = array_next_key,
	.copy_out = xsk_out, .btf = BTF_NOT_SUPPORTED, .value_names = MAP_NAMES_XSK,
};
const struct map_ops map_ops_CGROUP_ARRAY = { .lookup = cgroup_lookup };
const struct map_type map_type_CGROUP_ARRAY = {
	.ops = &map_ops_CGROUP_ARRAY, .copy_in = cgroup_set, .remove_sys = cgroup_clear, .copy_out = cgroup_out,
	.check = fd_array_check, .layout = words_layout, .next_key = array_next_key, .btf = BTF_NOT_SUPPORTED,
	.value_names = MAP_NAMES_CGROUP,
};
