/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash and percpu_hash, and what the LRU forms and hash_of_maps share with them.
 *
 * Buckets are chains of node indices. Writers hold the bucket's lock; each change of a chain is one store (a new node in front, or
 * a link moved past or onto another node), so a writer killed anywhere leaves a correct chain and at most a node that belongs
 * to nobody, which sweep() finds. Readers take no lock: a node that left its bucket keeps its chain link, and the
 * bucket's seq changes before the node may be used again, so a reader that missed, or copied, looks whether seq is the same.
 * Invariant: a node in a chain is complete (key, value, hash) before the store that links it.
 */
#include "map/priv.h"

#include <errno.h>

#include "map/here.h"

#define MIX       0x9e3779b97f4a7c15ull
#define RETRIES   64

static inline u64 fold(u64 a, u64 b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
}

static inline __attribute__((always_inline)) u32 hash_of(u64 seed, const void *key, u32 n)
{
	const u8 *p = key;
	u64 h = seed ^ n, v;

	if (n == 4) {
		u32 k;
		__builtin_memcpy(&k, p, 4);
		v = fold(k ^ seed ^ MIX, MIX);
		return (u32)(v ^ v >> 32);
	}
	for (; n >= 8; n -= 8, p += 8) {
		__builtin_memcpy(&v, p, 8);
		h = fold(h ^ v ^ MIX, MIX);
	}
	if (n) {
		v = 0;
		for (u32 i = 0; i < n; i++)
			v |= (u64)p[i] << (8 * i);
		h = fold(h ^ v ^ MIX, MIX);
	}
	return (u32)(h ^ h >> 32);
}

u32 hash_key(const struct map *m, const void *key)
{
	switch (m->key_len) {
	case 4: return hash_of(m->seed, key, 4);
	case 8: return hash_of(m->seed, key, 8);
	case 16: return hash_of(m->seed, key, 16);
	case 24: return hash_of(m->seed, key, 24);
	default: return hash_of(m->seed, key, m->key_len);
	}
}

struct bucket *hash_bucket(const struct map *m, u32 hash)
{
	return (struct bucket *)m->table + (hash & m->table_mask);
}

/* Node keys start 8-aligned; the caller's may lie anywhere. */
static inline __attribute__((always_inline)) bool key_equal(const struct map *m, struct node *n, u32 hash,
							    const void *key, u32 size)
{
	const u8 *a = node_key(m, n), *b = key;
	u64 v;

	if (size != 4 && size != 8 && load32(&n->hash) != hash)
		return false;
	for (; size >= 8; size -= 8, a += 8, b += 8) {
		__builtin_memcpy(&v, b, 8);
		if (__atomic_load_n((const u64 *)(const void *)a, __ATOMIC_RELAXED) != v)
			return false;
	}
	if (size & 4) {
		u32 w;
		__builtin_memcpy(&w, b, 4);
		if (load32((const u32 *)(const void *)a) != w)
			return false;
		a += 4, b += 4;
	}
	for (size &= 3; size; size--, a++, b++)
		if (__atomic_load_n(a, __ATOMIC_RELAXED) != *b)
			return false;
	return true;
}

/* Without a lock; the bucket's seq as it was before, so that a caller who copies can look again. */
static inline __attribute__((always_inline)) u32 find(const struct map *m, const void *key, u32 size, u32 hash,
						      u32 *ret_seq)
{
	struct bucket *b = hash_bucket(m, hash);
	u32 i, steps, seq;

	for (u32 tries = 0; tries < RETRIES; tries++) {
		seq = *ret_seq = __atomic_load_n(&b->seq, __ATOMIC_ACQUIRE);
		i = node_check(m, __atomic_load_n(&b->head, __ATOMIC_ACQUIRE));
		for (steps = m->nnodes; i && steps; steps--) {
			struct node *n = node_at(m, i);

			if (key_equal(m, n, hash, key, size))
				break;
			i = node_check(m, __atomic_load_n(&n->next, __ATOMIC_ACQUIRE));
		}
		/* A long key may be half of one and half of another element while its node is used anew. */
		if (i && size <= 8)
			return i;
		os_read_fence();
		if (likely(load32(&b->seq) == seq))
			return steps ? i : 0;
	}
	return ~0u;
}

COLD int bucket_got(struct map *m, struct bucket *b, int got)
{
	if (got == LEASE_STOLEN) {
		/* The chain is right at any instruction; a node may be lost, and readers must not trust one that was leaving. */
		bucket_moves(b);
		__atomic_store_n(&m->head->pool.lost, 1, __ATOMIC_RELAXED);
		return 0;
	}
	return got;
}

static inline __attribute__((always_inline)) u32 find_link(const struct map *m, struct bucket *b, u32 hash, const void *key,
							   u32 size, u32 **ret_link)
{
	u32 *link = &b->head, i, steps = m->nnodes;

	for (; (i = node_check(m, load32(link))) && steps; steps--) {
		if (key_equal(m, node_at(m, i), hash, key, size))
			break;
		link = &node_at(m, i)->next;
	}
	*ret_link = link;
	return steps ? i : 0;
}

u32 bucket_find(const struct map *m, struct bucket *b, u32 hash, const void *key, u32 **ret_link)
{
	switch (m->key_len) {
	case 4: return find_link(m, b, hash, key, 4, ret_link);
	case 8: return find_link(m, b, hash, key, 8, ret_link);
	case 16: return find_link(m, b, hash, key, 16, ret_link);
	default: return find_link(m, b, hash, key, m->key_len, ret_link);
	}
}

void bucket_unlink(struct map *m, struct bucket *b, u32 *link, u32 i)
{
	__atomic_store_n(link, load32(&node_at(m, i)->next), __ATOMIC_RELEASE);
	bucket_moves(b);
}

/* A reader that could not finish beside busy writers goes through the lock. */
static COLD u32 find_locked(const struct map *cm, const void *key, u32 hash)
{
	struct map *m = (struct map *)(uintptr_t)cm;
	struct bucket *b = hash_bucket(m, hash);
	u32 *link, i;

	if (bucket_lock(m, b))
		return 0;
	i = bucket_find(m, b, hash, key, &link);
	lease_unlock(&b->lock);
	return i;
}

#define FIND_BY_SIZE(name, size)                                                                          \
	static u32 name(const struct map *m, const void *key)                                             \
	{                                                                                                 \
		u32 seq, hash = hash_of(m->seed, key, size), i = find(m, key, size, hash, &seq);          \
		return likely(i != ~0u) ? i : find_locked(m, key, hash);                                  \
	}
FIND_BY_SIZE(find_4, 4)
FIND_BY_SIZE(find_8, 8)
FIND_BY_SIZE(find_16, 16)
FIND_BY_SIZE(find_24, 24) /* struct map_owner */
FIND_BY_SIZE(find_any, m->key_len)

u32 hash_find(struct map *m, const void *key)
{
	switch (m->key_len) {
	case 4: return find_4(m, key);
	case 8: return find_8(m, key);
	case 16: return find_16(m, key);
	case 24: return find_24(m, key);
	default: return find_any(m, key);
	}
}

void *hash_value(struct map *m, u32 i, u32 cpu)
{
	if (m->ops->percpu)
		return m->data + (cpu < m->ncpu ? cpu : 0) * m->lane + (u64)i * m->stride;
	return node_value(m, node_at(m, i));
}

static void *hash_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = hash_find(m, key);

	return i ? hash_value(m, i, cpu) : NULL;
}

/* Lookups of plain hashes, made for the sizes that keys mostly have. */
#define LOOKUP_BY_SIZE(n)                                                                                 \
	static HOT void *lookup_##n(struct map *m, const void *key, u32 cpu)                              \
	{                                                                                                 \
		u32 i = find_##n(m, key);                                                                 \
		(void)cpu;                                                                                \
		return i ? node_value(m, node_at(m, i)) : NULL;                                           \
	}
LOOKUP_BY_SIZE(4)
LOOKUP_BY_SIZE(8)
LOOKUP_BY_SIZE(16)
LOOKUP_BY_SIZE(24)

/* A bucket's seq changes before a node that left it is used anew. */
void map_hint_prepare(struct map *m, const struct map_owner *o, struct map_hint *h)
{
	const struct bucket *b = hash_bucket(m, hash_key(m, o));

	*h = (struct map_hint){ .map = m, .where = &b->seq, .seq = __atomic_load_n(&b->seq, __ATOMIC_ACQUIRE) };
}

/* ---- creation ---- */

int hash_check(const struct map_attr *a)
{
	bool percpu = map_types[a->type]->ops->percpu;
	bool lru = a->type == BPF_MAP_TYPE_LRU_HASH || a->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	bool percpu_lru = a->flags & BPF_F_NO_COMMON_LRU;

	if ((a->flags & BPF_F_ZERO_SEED) && a->no_zero_seed)
		return -EPERM;
	if ((a->flags & ~(u32)(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY |
			       BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG | BPF_F_ZERO_SEED)) || !map_access_ok(a->flags))
		return -EINVAL;
	if (!lru && percpu_lru)
		return -EINVAL;
	if (lru && (a->flags & BPF_F_NO_PREALLOC))
		return -ENOTSUPP;
	if (map_numa(a) != -1 && (percpu || percpu_lru))
		return -EINVAL;
	if (!a->max_entries || !a->key_size || !a->value_size)
		return -EINVAL;
	if ((u64)a->key_size + a->value_size >= KMALLOC_MAX - 48)
		return -E2BIG;
	if (percpu && ROUND_UP(a->value_size, 8u) > PERCPU_MAX)
		return -E2BIG;
	return 0;
}

int hash_layout(const struct map_attr *a, struct map_geom *g)
{
	bool percpu = map_types[a->type]->ops->percpu;
	bool lru = a->type == BPF_MAP_TYPE_LRU_HASH || a->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	u32 entries = a->max_entries, buckets, cpus = map_possible_cpus();

	if (a->flags & BPF_F_NO_COMMON_LRU) {
		/* each CPU the same number */
		entries = (u32)MIN(ROUND_UP((u64)entries, cpus), U32_MAX);
		if (entries < a->max_entries)
			entries -= entries % cpus;
		g->max_entries = entries;
	}
	buckets = round_up_pow2(entries);
	if (!buckets || buckets > U32_MAX / sizeof(struct bucket))
		return -E2BIG;
	g->key_off = lru ? sizeof(struct lru_node) : sizeof(struct node);
	g->value_off = g->key_off + ROUND_UP(a->key_size, 8u);
	g->node_size = g->value_off + (percpu ? 0 : ROUND_UP(a->value_size, 8u));
	g->nnodes = entries + (lru ? 0 : POOL_EXTRA);
	g->table_mask = buckets - 1;
	g->table = geom_add(g, (u64)buckets * sizeof(struct bucket));
	g->nodes = geom_add(g, ((u64)g->nnodes + 1) * g->node_size);
	if (percpu) {
		g->stride = ROUND_UP(a->value_size, 8u);
		g->lane = ROUND_UP(((u64)g->nnodes + 1) * g->stride, (u64)MAP_LINE);
		g->data = geom_add(g, g->lane * cpus);
	}
	if (lru)
		lru_layout(a, g);
	return g->size > (u64)1 << 46 ? -ENOMEM : 0;
}

static void hash_pick(struct map *m)
{
	switch (m->key_len) {
	case 4: m->lookup = lookup_4; break;
	case 8: m->lookup = lookup_8; break;
	case 16: m->lookup = lookup_16; break;
	case 24: m->lookup = lookup_24; break;
	default: break;
	}
}

/* ---- nodes of nobody ---- */

/*
 * Count every linked node and put all others on the free stacks. Called with no lock held; takes every bucket's lock, so no
 * live writer has a node in its hands. Rare: only when nodes ran out after a writer died.
 */
static COLD void sweep(struct map *m)
{
	struct pool *p = &m->head->pool;
	u32 nb = m->table_mask + 1, held, used = 0, i, steps, round;

	for (held = 0; held < nb; held++)
		if (bucket_lock(m, (struct bucket *)m->table + held))
			goto out;
	__atomic_store_n(&p->lost, 0, __ATOMIC_RELAXED);
	round = ++p->rounds;
	for (u32 b = 0; b < nb; b++) {
		steps = m->nnodes;
		for (i = node_check(m, load32(&((struct bucket *)m->table)[b].head)); i && steps--;
		     i = node_check(m, load32(&node_at(m, i)->next))) {
			node_at(m, i)->meta = round;
			used++;
		}
	}
	pool_reset(m);
	for (i = 1; i <= m->nnodes; i++) {
		if (node_at(m, i)->meta == round)
			continue;
		/* as many as there are elements missing to max_entries, the rest stands in for replacements */
		if (used < m->nnodes - POOL_EXTRA) {
			used++;
			pool_put(m, i, i);
		} else {
			pool_put_extra(m, i);
		}
	}
	__atomic_store_n(&p->fresh, m->nnodes - POOL_EXTRA, __ATOMIC_RELAXED);
	__atomic_store_n(&p->extra_fresh, POOL_EXTRA, __ATOMIC_RELAXED);
out:
	while (held--)
		lease_unlock(&((struct bucket *)m->table)[held].lock);
}

/* Did some writer die that nobody has noticed? Looks at every lock, so only now and then. */
static COLD bool lock_of_dead(struct map *m)
{
	u64 last = 0;

	for (u32 b = 0; b <= m->table_mask; b++) {
		u64 v = __atomic_load_n(&((struct bucket *)m->table)[b].lock, __ATOMIC_RELAXED) & LEASE_OWNER;

		if (v && v != last && lease_owner_dead(v))
			return true;
		last = v ? v : last;
	}
	return false;
}

/* The map looks full: are there nodes that belong to nobody? True when it is worth another try. */
static COLD bool reclaim(struct map *m)
{
	struct pool *p = &m->head->pool;
	u32 fails = __atomic_fetch_add(&p->fails, 1, __ATOMIC_RELAXED);

	if (!__atomic_load_n(&p->lost, __ATOMIC_RELAXED) && (fails % 4096 || !lock_of_dead(m)))
		return false;
	sweep(m);
	return true;
}

/* ---- changes ---- */

void hash_value_gone(struct map *m, u32 i)
{
	if (likely(!m->field_free))
		return;
	for (u32 cpu = 0; cpu < m->ncpu; cpu++)
		value_gone(m, hash_value(m, i, cpu));
}

int hash_update_flags(u64 flags, bool found)
{
	flags &= ~(u64)BPF_F_LOCK;
	if (found && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!found && flags == BPF_EXIST)
		return -ENOENT;
	return 0;
}

static void fill_lanes(struct map *m, u32 i, const void *value, u32 cpu, bool all)
{
	u64 off = (u64)i * m->stride;

	if (all && value) {
		lanes_in(m, off, value);
		return;
	}
	for (u32 c = 0; c < m->ncpu; c++)
		if (c == cpu && value)
			value_in(m, m->data + c * m->lane + off, value);
		else
			shm_zero(m->data + c * m->lane + off, m->stride);
}

void hash_fill(struct map *m, u32 i, u32 hash, const void *key, const void *value, u32 cpu, bool all)
{
	struct node *n = node_at(m, i);

	shm_write(node_key(m, n), key, m->key_len);
	__atomic_store_n(&n->hash, hash, __ATOMIC_RELAXED);
	if (m->ops->percpu)
		fill_lanes(m, i, value, cpu, all);
	else if (likely(value != NULL))
		value_in(m, node_value(m, n), value);
	else
		shm_zero(node_value(m, n), value_room(m));
}

/* Value of a per-CPU element that exists: changed where it is. */
void hash_set_lanes(struct map *m, u32 i, const void *value, u32 cpu, bool all)
{
	if (all)
		lanes_in(m, (u64)i * m->stride, value);
	else
		value_in(m, hash_value(m, i, cpu), value);
}

/* A node for a new element (old: for its replacement). Holding the bucket's lock. 0: there is none. */
static u32 take_node(struct map *m, bool replaces, u32 cpu, bool *ret_extra)
{
	u32 i;

	*ret_extra = replaces;
	if (!replaces)
		return pool_get(m, cpu);
	for (u32 n = 0; n < 1000; n++) {
		i = pool_get_extra(m);
		if (i)
			return i;
		*ret_extra = false;
		i = pool_get(m, cpu);
		if (i)
			return i;
		*ret_extra = true;
		os_yield(); /* more replacements at once than there are stand-ins */
	}
	return 0;
}

struct change {
	const void *key, *value;
	u64 flags;
	u32 cpu, hash;
	bool all;
	struct obj *o;    /* hash_of_maps: the new value */
	struct obj *gone; /* and the one it replaced */
};

/* Holding the bucket's lock. -EAGAIN: nodes ran out. */
static int put_element(struct map *m, struct bucket *b, struct change *c)
{
	u32 *link, old = bucket_find(m, b, c->hash, c->key, &link), new;
	int err = hash_update_flags(c->flags, old != 0);
	bool extra;

	if (err)
		return err;
	if (old && m->ops->percpu) {
		hash_set_lanes(m, old, c->value, c->cpu, c->all);
		return 0;
	}
	if (old && (c->flags & BPF_F_LOCK)) {
		value_in_locked(m, node_value(m, node_at(m, old)), c->value);
		return 0;
	}
	new = take_node(m, old != 0, c->cpu, &extra);
	if (!new)
		return old ? -EBUSY : -EAGAIN;
	hash_fill(m, new, c->hash, c->key, c->value, c->cpu, c->all);
	if (m->objs)
		__atomic_store_n(&m->objs[new], c->o, __ATOMIC_RELEASE);
	__atomic_store_n(&node_at(m, new)->next, load32(old ? &node_at(m, old)->next : &b->head), __ATOMIC_RELAXED);
	__atomic_store_n(old ? link : &b->head, new, __ATOMIC_RELEASE);
	if (!old)
		return 0;
	bucket_moves(b);
	if (m->objs)
		c->gone = __atomic_exchange_n(&m->objs[old], NULL, __ATOMIC_ACQ_REL);
	hash_value_gone(m, old);
	if (extra)
		pool_put_extra(m, old);
	else
		pool_put(m, old, c->cpu);
	return 0;
}

static int change_element(struct map *m, struct change *c)
{
	struct bucket *b;
	int err;

	c->hash = hash_key(m, c->key);
	b = hash_bucket(m, c->hash);
	do {
		err = bucket_lock(m, b);
		if (err)
			return err;
		err = put_element(m, b, c);
		lease_unlock(&b->lock);
	} while (err == -EAGAIN && reclaim(m));
	return err == -EAGAIN ? -E2BIG : err;
}

int hash_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu, bool all_lanes)
{
	struct change c = { .key = key, .value = value, .flags = flags, .cpu = cpu, .all = all_lanes };
	u32 i;
	int err;

	if (unlikely((m->ops->percpu ? flags : flags & ~(u64)BPF_F_LOCK) > BPF_EXIST))
		return -EINVAL;
	if (unlikely(flags & BPF_F_LOCK)) {
		if (!value_has_lock(m))
			return -EINVAL;
		i = hash_find(m, key);
		err = hash_update_flags(flags, i != 0);
		if (err)
			return err;
		if (i) {
			value_in_locked(m, node_value(m, node_at(m, i)), value);
			return 0;
		}
	}
	return change_element(m, &c);
}

static int update_prog(struct map *m, const void *key, const void *value, u64 flags, u32 cpu)
{
	return hash_update(m, key, value, flags, cpu, false);
}

static int hash_set_obj(struct map *m, const void *key, struct obj *o, u64 flags)
{
	u32 id = o ? o->id : 0;
	struct change c = { .key = key, .value = &id, .flags = flags, .o = o };
	int err = o ? objs_check(m, o) : 0;

	if (err || !o)
		return err;
	if (flags > BPF_EXIST)
		return -EINVAL;
	obj_get(o);
	err = change_element(m, &c);
	objs_put(err ? o : c.gone);
	return err;
}

/* Take an element out; *ret_gone: the object it held. */
static int drop(struct map *m, const void *key, u32 cpu, void *copy, u64 flags, struct obj **ret_gone)
{
	u32 hash = hash_key(m, key), *link, i;
	struct bucket *b = hash_bucket(m, hash);
	int err = bucket_lock(m, b);

	if (err)
		return err;
	i = bucket_find(m, b, hash, key, &link);
	if (i) {
		if (copy)
			hash_copy(m, i, copy, flags);
		bucket_unlink(m, b, link, i);
		if (ret_gone)
			*ret_gone = __atomic_exchange_n(&m->objs[i], NULL, __ATOMIC_ACQ_REL);
		hash_value_gone(m, i);
		pool_put(m, i, cpu);
	}
	lease_unlock(&b->lock);
	return i ? 0 : -ENOENT;
}

static int hash_remove(struct map *m, const void *key, u32 cpu)
{
	return drop(m, key, cpu, NULL, 0, NULL);
}

/* ---- bpf(2)'s side ---- */

void hash_copy(struct map *m, u32 i, void *value, u64 flags)
{
	if (m->ops->percpu)
		lanes_out(m, value, (u64)i * m->stride);
	else if (m->objs)
		shm_read(value, node_value(m, node_at(m, i)), sizeof(u32));
	else if (flags & BPF_F_LOCK)
		value_out_locked(m, value, node_value(m, node_at(m, i)));
	else
		value_out(m, value, node_value(m, node_at(m, i)));
}

/* A copy that no reuse of the node disturbed: the same seq before finding and after copying. */
int hash_sys_lookup(struct map *m, const void *key, void *value, u64 flags)
{
	u32 hash = hash_key(m, key), seq, i, *link;
	struct bucket *b = hash_bucket(m, hash);
	int err;

	for (u32 tries = 0; tries < RETRIES; tries++) {
		i = find(m, key, m->key_len, hash, &seq);
		if (!i)
			return -ENOENT;
		if (i == ~0u)
			break;
		hash_copy(m, i, value, flags);
		os_read_fence();
		if (load32(&b->seq) == seq)
			return 0;
	}
	err = bucket_lock(m, b);
	if (err)
		return err;
	i = bucket_find(m, b, hash, key, &link);
	if (i)
		hash_copy(m, i, value, flags);
	lease_unlock(&b->lock);
	return i ? 0 : -ENOENT;
}

static int percpu_sys_update(struct map *m, const void *key, const void *value, u64 flags)
{
	return hash_update(m, key, value, flags, cpu_here(), true);
}

static int hash_take(struct map *m, const void *key, void *value, u64 flags)
{
	return drop(m, key, cpu_here(), value, flags, NULL);
}

int hash_next(struct map *m, const void *key, void *next)
{
	u32 b = 0, i = 0;

	if (key) {
		i = hash_find(m, key);
		if (i) {
			b = (hash_key(m, key) & m->table_mask) + 1;
			i = node_check(m, load32(&node_at(m, i)->next));
		}
	}
	for (; !i && b <= m->table_mask; b++)
		i = node_check(m, __atomic_load_n(&((struct bucket *)m->table)[b].head, __ATOMIC_ACQUIRE));
	if (!i)
		return -ENOENT;
	shm_read(next, node_key(m, node_at(m, i)), m->key_len);
	return 0;
}

s64 hash_for_each(struct map *m, map_visit fn, void *ctx, u32 cpu)
{
	s64 n = 0;
	u32 i, next, steps;

	for (u32 b = 0; b <= m->table_mask; b++) {
		steps = m->nnodes;
		for (i = node_check(m, __atomic_load_n(&((struct bucket *)m->table)[b].head, __ATOMIC_ACQUIRE)); i && steps--;
		     i = next) {
			next = node_check(m, __atomic_load_n(&node_at(m, i)->next, __ATOMIC_ACQUIRE));
			n++;
			if (fn(m, node_key(m, node_at(m, i)), hash_value(m, i, cpu), ctx))
				return n;
		}
	}
	return n;
}

/* ---- hash_of_maps ---- */

static int of_maps_check(const struct map_attr *a)
{
	return a->value_size != sizeof(u32) ? -EINVAL : hash_check(a);
}

static void *of_maps_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = hash_find(m, key);

	(void)cpu;
	return i ? objs_map(m, i, load32((const u32 *)node_value(m, node_at(m, i)))) : NULL;
}

static int of_maps_remove(struct map *m, const void *key)
{
	struct obj *gone = NULL;
	int err = drop(m, key, cpu_here(), NULL, 0, &gone);

	objs_put(gone);
	return err;
}

static int of_maps_view(struct map *m)
{
	return objs_view(m, m->nnodes + 1);
}

const struct map_ops map_ops_HASH = {
	.pick = hash_pick, .lookup = hash_lookup, .update = update_prog, .remove = hash_remove,
	.for_each = hash_for_each,
};
const struct map_type map_type_HASH = {
	.ops = &map_ops_HASH, .check = hash_check, .layout = hash_layout,
	.next_key = hash_next, .copy_out = hash_sys_lookup, .take = hash_take,
	.batch_out = hash_batch, .btf = BTF_ANY_KEY, .batch_change = true,
};
const struct map_ops map_ops_PERCPU_HASH = {
	.lookup = hash_lookup, .update = update_prog, .remove = hash_remove,
	.for_each = hash_for_each, .percpu = true,
};
const struct map_type map_type_PERCPU_HASH = {
	.ops = &map_ops_PERCPU_HASH, .check = hash_check, .layout = hash_layout,
	.next_key = hash_next, .copy_out = hash_sys_lookup, .copy_in = percpu_sys_update,
	.take = hash_take, .batch_out = hash_batch, .btf = BTF_ANY_KEY, .batch_change = true,
};
/* Storages: map_prog_storage() looks up and updates; user space has its own way (storage.c). */
#define STORAGE(id, lanes)                                                                                \
	const struct map_ops map_ops_##id = {                                                             \
		.lookup = hash_lookup, .update = update_prog, .remove = hash_remove, .for_each = hash_for_each, \
		.pick = lanes ? NULL : hash_pick, .percpu = lanes,                                        \
	}
STORAGE(SK_STORAGE, false);
STORAGE(INODE_STORAGE, false);
STORAGE(TASK_STORAGE, false);
STORAGE(CGRP_STORAGE, false);
STORAGE(CGROUP_STORAGE, false);
STORAGE(PERCPU_CGROUP_STORAGE, true);

const struct map_ops map_ops_HASH_OF_MAPS = {
	.lookup = of_maps_lookup,
};
const struct map_type map_type_HASH_OF_MAPS = {
	.ops = &map_ops_HASH_OF_MAPS, .check = of_maps_check, .layout = hash_layout,
	.init = of_maps_init, .view = of_maps_view, .destroy = objs_destroy, .next_key = hash_next,
	.copy_out = hash_sys_lookup, .remove_sys = of_maps_remove, .set_obj = hash_set_obj, .batch_out = hash_batch,
	.btf = BTF_NOT_SUPPORTED, .batch_change = true, .obj_kind = OBJ_MAP,
};
