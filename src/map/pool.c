/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Free nodes of a hash or trie, as stacks of indices in the file, one per group of CPUs.
 *
 * Nodes 1 .. nnodes - POOL_EXTRA hold elements; the last POOL_EXTRA stand in while an element is replaced, so that a full map
 * can be updated. Any node may be in either role: a replaced one joins the stack its successor came from.
 * Invariant: a node is on at most one stack. Nodes are taken and given back only under the lock of what they are taken for,
 * so when all those locks are held, a node neither linked nor on a stack belonged to a process that died.
 */
#include "map/priv.h"

static u32 stack_pop(struct map *m, struct pool_stack *s)
{
	u64 v = __atomic_load_n(&s->top, __ATOMIC_ACQUIRE), want;
	u32 i;

	do {
		i = node_check(m, (u32)v);
		if (!i)
			return 0;
		want = ((v >> 32) + 1) << 32 | __atomic_load_n(&node_at(m, i)->link, __ATOMIC_RELAXED);
	} while (!__atomic_compare_exchange_n(&s->top, &v, want, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return i;
}

static void stack_push(struct map *m, struct pool_stack *s, u32 i)
{
	u64 v = __atomic_load_n(&s->top, __ATOMIC_RELAXED), want;

	do {
		__atomic_store_n(&node_at(m, i)->link, (u32)v, __ATOMIC_RELAXED);
		want = ((v >> 32) + 1) << 32 | i;
	} while (!__atomic_compare_exchange_n(&s->top, &v, want, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}

/* The next node never used so far, up to `n`; 0 when all have been. */
static u32 take_fresh(u32 *fresh, u32 n)
{
	u32 v = __atomic_load_n(fresh, __ATOMIC_RELAXED);

	do {
		if (v >= n)
			return 0;
	} while (!__atomic_compare_exchange_n(fresh, &v, v + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return v + 1;
}

static u32 shards(const struct map *m) { return m->pool_shards; }

u32 pool_get(struct map *m, u32 cpu)
{
	struct pool *p = &m->head->pool;
	u32 n = shards(m), mine = below(cpu, n), i;

	i = stack_pop(m, &p->shard[mine]);
	if (likely(i))
		return i;
	i = take_fresh(&p->fresh, m->nnodes - POOL_EXTRA);
	if (i)
		return i;
	for (u32 s = mine + 1; s < mine + n; s++) {
		i = stack_pop(m, &p->shard[s % n]);
		if (i)
			return i;
	}
	return 0;
}

void pool_put(struct map *m, u32 i, u32 cpu)
{
	stack_push(m, &m->head->pool.shard[below(cpu, shards(m))], i);
}

u32 pool_get_extra(struct map *m)
{
	struct pool *p = &m->head->pool;
	u32 i = stack_pop(m, &p->extra);

	if (likely(i))
		return i;
	i = take_fresh(&p->extra_fresh, POOL_EXTRA);
	return i ? m->nnodes - POOL_EXTRA + i : 0;
}

void pool_put_extra(struct map *m, u32 i)
{
	stack_push(m, &m->head->pool.extra, i);
}

void pool_reset(struct map *m)
{
	struct pool *p = &m->head->pool;

	for (u32 s = 0; s < POOL_SHARDS; s++)
		__atomic_store_n(&p->shard[s].top, ((p->shard[s].top >> 32) + 1) << 32, __ATOMIC_RELAXED);
	__atomic_store_n(&p->extra.top, ((p->extra.top >> 32) + 1) << 32, __ATOMIC_RELAXED);
}
