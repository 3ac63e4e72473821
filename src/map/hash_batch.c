/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batches out of hashes: whole buckets at a time, so that the place to go on from is a bucket's number.
 * Invariant: a bucket is given whole or not at all.
 */
#include "map/priv.h"

#include <errno.h>
#include <stdlib.h>

#include "map/here.h"

static u32 bucket_count(const struct map *m, const struct bucket *b)
{
	u32 n = 0;

	for (u32 i = node_check(m, load32(&b->head)); i && n < m->nnodes; i = node_check(m, load32(&node_at(m, i)->next)))
		n++;
	return n;
}

/* Copy a locked bucket out from element `at` on. */
static void bucket_out(struct map *m, struct bucket *b, struct map_batch *out, u32 at)
{
	u32 ks = m->key_len, vs = map_user_value_size(m);

	for (u32 i = node_check(m, load32(&b->head)); i; i = node_check(m, load32(&node_at(m, i)->next)), at++) {
		shm_read((u8 *)out->keys + (u64)at * ks, node_key(m, node_at(m, i)), ks);
		hash_copy(m, i, (u8 *)out->values + (u64)at * vs, out->elem_flags);
	}
}

/* Empty a locked bucket; an LRU's nodes, which go back without the lock, are chained at *ret_later. */
static void bucket_clear(struct map *m, struct bucket *b, u32 *ret_later)
{
	u32 i, cpu = cpu_here();

	while ((i = node_check(m, load32(&b->head)))) {
		if (map_is_lru(m))
			__atomic_store_n(&lru_at(m, i)->owner, lease_short(map_ident(m->self)), __ATOMIC_RELAXED);
		bucket_unlink(m, b, &b->head, i);
		hash_value_gone(m, i);
		if (m->objs)
			objs_put(__atomic_exchange_n(&m->objs[i], NULL, __ATOMIC_ACQ_REL));
		if (map_is_lru(m)) {
			__atomic_store_n(&node_at(m, i)->next, *ret_later, __ATOMIC_RELAXED);
			*ret_later = i;
		} else {
			pool_put(m, i, cpu);
		}
	}
}

/* 0, -ENOSPC when the bucket does not fit, or -EBUSY. */
static int one_bucket(struct map *m, struct bucket *b, struct map_batch *out, u32 room, u32 *total, bool take)
{
	u32 n, later = 0, next;
	int err;

	if (!load32(&b->head))
		return 0;
	err = bucket_lock(m, b);
	if (err)
		return err;
	n = bucket_count(m, b);
	if (n > room - *total) {
		lease_unlock(&b->lock);
		return -ENOSPC;
	}
	bucket_out(m, b, out, *total);
	*total += n;
	if (take)
		bucket_clear(m, b, &later);
	lease_unlock(&b->lock);
	for (; later; later = next) {
		next = load32(&node_at(m, later)->next);
		lru_put(m, later);
	}
	return 0;
}

int hash_batch(struct map *m, struct map_batch *b, bool take)
{
	u32 room = b->count, at = 0, total = 0;
	int err = 0;

	if ((b->elem_flags & ~(u64)BPF_F_LOCK) || ((b->elem_flags & BPF_F_LOCK) && !value_has_lock(m)) || b->flags)
		return -EINVAL;
	if (!room)
		return 0;
	b->count = 0;
	if (b->in_batch)
		memcpy(&at, b->in_batch, sizeof(at));
	if (at > m->table_mask)
		return -ENOENT;
	for (; at <= m->table_mask; at++) {
		err = one_bucket(m, (struct bucket *)m->table + at, b, room, &total, take);
		if (err)
			break;
	}
	if (err == -ENOSPC && total)
		err = 0;
	else if (!err)
		err = -ENOENT;
	b->count = total;
	b->token = b->out_batch != NULL;
	if (b->token)
		memcpy(b->out_batch, &at, sizeof(at));
	return err;
}
