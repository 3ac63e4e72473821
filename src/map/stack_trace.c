/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack_trace: call stacks by number. A stack's number is its hash, cut to the table; a place holds one stack.
 * Invariant: places change and are copied under the map's lock; a place is filled before its count says so.
 */
#include "map/priv.h"

#include <errno.h>

#define MAX_FRAMES    127u /* Linux's sysctl perf_event_max_stack */
#define BUILD_ID_SIZE 32u

struct place { u32 hash, bytes; u8 data[]; };

static int stack_layout(const struct map_attr *a, struct map_geom *g)
{
	u32 frame = a->flags & BPF_F_STACK_BUILD_ID ? BUILD_ID_SIZE : 8;

	if (map_flags_unknown(a) || !a->max_entries || a->key_size != 4 || a->value_size < 8 || a->value_size % 8 ||
	    a->value_size % frame || a->value_size / frame > MAX_FRAMES)
		return -EINVAL;
	if (a->max_entries > 1u << 31)
		return -E2BIG;
	g->table_mask = round_up_pow2(a->max_entries) - 1;
	g->stride = (u32)sizeof(struct place) + a->value_size;
	g->lane = ((u64)g->table_mask + 1) * g->stride;
	g->data = geom_add(g, g->lane);
	return g->size > (u64)1 << 46 ? -ENOMEM : 0;
}

static struct place *place(const struct map *m, u32 id)
{
	return (struct place *)(void *)(m->data + (u64)id * m->stride);
}

static u32 bytes_of(const struct map *m, u32 id)
{
	return MIN(__atomic_load_n(&place(m, id)->bytes, __ATOMIC_ACQUIRE), m->desc.value_size);
}

static u32 id_of(const void *key)
{
	u32 id;

	memcpy(&id, key, sizeof(id));
	return id;
}

static int lock(struct map *m)
{
	int got = lease_lock(&m->head->lock, m->self);

	return got < 0 ? got : 0;
}

s64 map_stack_id(struct map *m, const u64 *ips, u32 n, u64 flags)
{
	u32 bytes = MIN(n * 8, m->desc.value_size), hash, id;
	struct place *p;
	u64 h = m->seed;
	s64 ret;

	if (m->desc.type != BPF_MAP_TYPE_STACK_TRACE || !bytes)
		return -EFAULT;
	for (u32 i = 0; i < bytes / 8; i++) {
		unsigned __int128 x = (unsigned __int128)(h ^ ips[i] ^ 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull;
		h = (u64)x ^ (u64)(x >> 64);
	}
	hash = (u32)(h ^ h >> 32);
	id = hash & m->table_mask;
	ret = lock(m);
	if (ret)
		return ret;
	p = place(m, id);
	ret = id;
	if (p->bytes && p->hash == hash &&
	    ((flags & BPF_F_FAST_STACK_CMP) || (p->bytes == bytes && !memcmp(p->data, ips, bytes))))
		goto out;
	if (p->bytes && !(flags & BPF_F_REUSE_STACKID)) {
		ret = -EEXIST;
		goto out;
	}
	if (!p->bytes && m->head->count >= m->desc.max_entries) {
		ret = -ENOMEM;
		goto out;
	}
	m->head->count += !p->bytes;
	__atomic_store_n(&p->bytes, 0, __ATOMIC_RELEASE);
	shm_write(p->data, ips, bytes);
	p->hash = hash;
	__atomic_store_n(&p->bytes, bytes, __ATOMIC_RELEASE);
out:
	lease_unlock(&m->head->lock);
	return ret;
}

static int copy_out(struct map *m, const void *key, void *value, bool take)
{
	u32 id = id_of(key), bytes;
	int err;

	if (id > m->table_mask)
		return -ENOENT;
	err = lock(m);
	if (err)
		return err;
	bytes = bytes_of(m, id);
	shm_read(value, place(m, id)->data, bytes);
	if (take && bytes) {
		m->head->count--;
		__atomic_store_n(&place(m, id)->bytes, 0, __ATOMIC_RELEASE);
	}
	lease_unlock(&m->head->lock);
	memset((u8 *)value + bytes, 0, m->desc.value_size - bytes);
	return bytes ? 0 : -ENOENT;
}

static int stack_copy_out(struct map *m, const void *key, void *value, u64 flags)
{
	(void)flags;
	return copy_out(m, key, value, false);
}

static int stack_take(struct map *m, const void *key, void *value, u64 flags)
{
	(void)flags;
	return copy_out(m, key, value, true);
}

static int stack_remove(struct map *m, const void *key, u32 cpu)
{
	u32 id = id_of(key), bytes;
	int err;

	(void)cpu;
	if (id > m->table_mask)
		return -E2BIG;
	err = lock(m);
	if (err)
		return err;
	bytes = bytes_of(m, id);
	if (bytes)
		m->head->count--;
	__atomic_store_n(&place(m, id)->bytes, 0, __ATOMIC_RELEASE);
	lease_unlock(&m->head->lock);
	return bytes ? 0 : -ENOENT;
}

static int stack_next(struct map *m, const void *key, void *next)
{
	u64 id = 0;

	if (key) {
		id = id_of(key);
		id = id > m->table_mask || !bytes_of(m, (u32)id) ? 0 : id + 1;
	}
	while (id <= m->table_mask && !bytes_of(m, (u32)id))
		id++;
	if (id > m->table_mask)
		return -ENOENT;
	memcpy(next, &(u32){ (u32)id }, sizeof(u32));
	return 0;
}

const struct map_ops map_ops_STACK_TRACE = {
	.remove = stack_remove, .no_update = -EINVAL,
};
const struct map_type map_type_STACK_TRACE = {
	.ops = &map_ops_STACK_TRACE, .layout = stack_layout, .copy_out = stack_copy_out,
	.take = stack_take, .next_key = stack_next, .btf = BTF_NOT_SUPPORTED,
};
