/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lru_hash and lru_percpu_hash: hashes that make room by dropping what was not used lately. The choice is lru.c's; buckets and
 * readers are hash.c's. Invariant: a bucket's lock is never held while a list's is taken.
 */
#include "map/priv.h"

#include <errno.h>

#include "map/here.h"

static void *lru_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = hash_find(m, key);

	if (!i)
		return NULL;
	lru_touch(m, i);
	return hash_value(m, i, cpu);
}

/* Take a node out of whatever bucket it is in. The marker says who has it from now on. */
static void leave(struct map *m, struct bucket *b, u32 *link, u32 i)
{
	__atomic_store_n(&lru_at(m, i)->owner, lease_short(map_ident(m->self)), __ATOMIC_RELAXED);
	bucket_unlink(m, b, link, i);
}

bool lru_unhash(struct map *m, u32 want)
{
	struct bucket *b = hash_bucket(m, load32(&node_at(m, want)->hash));
	u32 *link = &b->head, i, steps = m->nnodes;

	if (bucket_lock(m, b))
		return false;
	while ((i = node_check(m, load32(link))) && i != want && steps--)
		link = &node_at(m, i)->next;
	if (i == want) {
		leave(m, b, link, i);
		hash_value_gone(m, i);
	}
	lease_unlock(&b->lock);
	return i == want;
}

static void link_first(struct map *m, struct bucket *b, u32 i)
{
	__atomic_store_n(&node_at(m, i)->next, load32(&b->head), __ATOMIC_RELAXED);
	__atomic_store_n(&b->head, i, __ATOMIC_RELEASE);
}

static int lru_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	u32 hash, new, old, *link;
	struct bucket *b;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	hash = hash_key(m, key);
	b = hash_bucket(m, hash);
	__builtin_prefetch(b, 1);
	new = lru_get(m, hash, cpu);
	if (!new)
		return -ENOMEM;
	hash_fill(m, new, hash, key, value, cpu, false);
	err = bucket_lock(m, b);
	if (err) {
		lru_put(m, new);
		return err;
	}
	old = bucket_find(m, b, hash, key, &link);
	err = hash_update_flags(flags, old != 0);
	if (!err && old) {
		/* One store puts the new element in the old one's place. */
		__atomic_store_n(&node_at(m, new)->next, load32(&node_at(m, old)->next), __ATOMIC_RELAXED);
		lru_touch(m, new);
		__atomic_store_n(&lru_at(m, old)->owner, lease_short(map_ident(m->self)), __ATOMIC_RELAXED);
		__atomic_store_n(link, new, __ATOMIC_RELEASE);
		bucket_moves(b);
		hash_value_gone(m, old);
	} else if (!err) {
		link_first(m, b, new);
	}
	lease_unlock(&b->lock);
	if (err || old)
		lru_put(m, err ? new : old);
	return err;
}

/*
 * The element is there, and a node that Linux would take for nothing and put back is at hand: nothing would change but the value.
 */
static bool percpu_in_place(struct map *m, struct bucket *b, u32 hash, const void *key, const void *value, u32 cpu, bool all)
{
	u32 *link, i;

	if (!lru_spare(m, cpu) || !hash_find(m, key) || bucket_lock(m, b))
		return false;
	i = bucket_find(m, b, hash, key, &link);
	if (i) {
		lru_touch(m, i);
		hash_set_lanes(m, i, value, cpu, all);
	}
	lease_unlock(&b->lock);
	return i != 0;
}

static int percpu_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu, bool all)
{
	u32 hash, new = 0, old, *link;
	struct bucket *b;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	hash = hash_key(m, key);
	b = hash_bucket(m, hash);
	__builtin_prefetch(b, 1);
	if (flags == BPF_ANY && percpu_in_place(m, b, hash, key, value, cpu, all))
		return 0;
	if (flags != BPF_EXIST) {
		new = lru_get(m, hash, cpu);
		if (!new)
			return -ENOMEM;
	}
	err = bucket_lock(m, b);
	if (!err) {
		old = bucket_find(m, b, hash, key, &link);
		err = hash_update_flags(flags, old != 0);
		if (!err && old) {
			lru_touch(m, old);
			hash_set_lanes(m, old, value, cpu, all);
		} else if (!err) {
			hash_fill(m, new, hash, key, value, cpu, all);
			link_first(m, b, new);
			new = 0;
		}
		lease_unlock(&b->lock);
	}
	if (new)
		lru_put(m, new);
	return err;
}

static int lru_percpu_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	return percpu_update(m, key, value, flags, cpu, false);
}

static int lru_percpu_copy_in(struct map *m, const void *key, const void *value, u64 flags)
{
	return percpu_update(m, key, value, flags, cpu_here(), true);
}

static int take(struct map *m, const void *key, void *value, u64 flags)
{
	u32 hash = hash_key(m, key), i, *link;
	struct bucket *b = hash_bucket(m, hash);
	int err = bucket_lock(m, b);

	if (err)
		return err;
	i = bucket_find(m, b, hash, key, &link);
	if (i) {
		if (value)
			hash_copy(m, i, value, flags);
		leave(m, b, link, i);
		hash_value_gone(m, i);
	}
	lease_unlock(&b->lock);
	if (!i)
		return -ENOENT;
	lru_put(m, i);
	return 0;
}

static int lru_remove(struct map *m, const void *key, u32 cpu)
{
	(void)cpu;
	return take(m, key, NULL, 0);
}

const struct map_ops map_ops_LRU_HASH = {
	.lookup = lru_lookup, .update = lru_update, .remove = lru_remove, .for_each = hash_for_each,
};
const struct map_type map_type_LRU_HASH = {
	.ops = &map_ops_LRU_HASH,
	.check = hash_check,
	.layout = hash_layout,
	.init = lru_init,
	.next_key = hash_next,
	.copy_out = hash_sys_lookup,
	.take = take,
	.batch_out = hash_batch,
	.btf = BTF_ANY_KEY,
	.batch_change = true,
};
const struct map_ops map_ops_LRU_PERCPU_HASH = {
	.lookup = lru_lookup, .update = lru_percpu_update, .remove = lru_remove,
	.for_each = hash_for_each, .percpu = true,
};
const struct map_type map_type_LRU_PERCPU_HASH = {
	.ops = &map_ops_LRU_PERCPU_HASH, .check = hash_check, .layout = hash_layout,
	.init = lru_init, .next_key = hash_next, .copy_out = hash_sys_lookup,
	.copy_in = lru_percpu_copy_in, .take = take, .batch_out = hash_batch, .btf = BTF_ANY_KEY,
	.batch_change = true,
};
