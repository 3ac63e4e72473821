/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lpm_trie: values under prefixes; a lookup finds the longest prefix of its key.
 *
 * A binary trie of nodes, each with its whole prefix and two children; nodes without a value ("joints") are where two
 * subtrees part, and always have both children. Writers hold the map's one lock, and each change takes effect by one
 * store of a child index. Readers take none: head->seq changes before a node may be used anew, and a reader who sees
 * it changed starts over. A node's words are used so: next and hash are the children, meta is length | JOINT.
 * Invariant: a child's prefix is longer than its parent's, which bounds every walk.
 */
#include "map/priv.h"

#include <errno.h>

#include "map/os.h"

#define JOINT    (1u << 31)
#define MARK     (1u << 31) /* in link, which only free nodes need */
#define RETRIES  64
#define DATA_MIN 1u
#define DATA_MAX 256u
#define VALUE_MAX (KMALLOC_MAX - DATA_MAX - 40)

struct prefix { u32 len; u8 data[]; } __attribute__((packed)); /* the caller's key may lie anywhere */

static int lpm_check(const struct map_attr *a)
{
	(void)a;
	return 0;
}

static int lpm_layout(const struct map_attr *a, struct map_geom *g)
{
	if (!a->max_entries || !(a->flags & BPF_F_NO_PREALLOC) ||
	    (a->flags & ~(u32)(BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG |
			       BPF_F_WRONLY_PROG)) ||
	    !map_access_ok(a->flags) || a->key_size < 4 + DATA_MIN || a->key_size > 4 + DATA_MAX || !a->value_size ||
	    a->value_size > VALUE_MAX)
		return -EINVAL;
	g->key_off = sizeof(struct node);
	g->value_off = g->key_off + ROUND_UP(a->key_size - 4, 8u);
	g->node_size = g->value_off + ROUND_UP(a->value_size, 8u);
	g->nnodes = (u32)MIN((u64)a->max_entries * 2 + POOL_EXTRA, (u64)U32_MAX - 1);
	g->nodes = geom_add(g, ((u64)g->nnodes + 1) * g->node_size);
	return g->size > (u64)1 << 46 ? -ENOMEM : 0;
}

static u32 bits_of(const struct map *m) { return (m->desc.key_size - 4) * 8; }
static u32 bit_at(const u8 *data, u32 i) { return data[i / 8] >> (7 - i % 8) & 1; }
static u32 load32(const u32 *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static u32 len_of(struct node *n) { return load32(&n->meta) & ~JOINT; }
static bool is_joint(struct node *n) { return load32(&n->meta) & JOINT; }
/* No branch: nobody can predict a key's bits. */
_Static_assert(offsetof(struct node, hash) == offsetof(struct node, next) + sizeof(u32), "the children stand together");
static inline u32 *child(struct node *n, u32 bit) { return &n->next + bit; }

/* What is looked for, its first 64 bits as a number. */
struct probe { const struct prefix *key; u64 head; };

static inline struct probe probe_of(const struct map *m, const struct prefix *key)
{
	u32 n = m->desc.key_size - 4, w;
	u64 head = 0;

	if (n >= 8) {
		__builtin_memcpy(&head, key->data, 8);
	} else if (n == 4) {
		__builtin_memcpy(&w, key->data, 4);
		head = w;
	} else {
		for (u32 i = 0; i < n; i++)
			head |= (u64)key->data[i] << 8 * i;
	}
	return (struct probe){ key, __builtin_bswap64(head) };
}

/* Leading bits that node and key have in common, at most `limit`. A node's prefix is followed by zeros up to 8 bytes. */
static inline u32 match(const struct map *m, struct node *n, const struct probe *p, u32 limit)
{
	const u8 *data = node_key(m, n), *key = p->key->data;
	u32 bytes = (limit + 7) / 8, i = 8;
	u64 a = __builtin_bswap64(__atomic_load_n((const u64 *)(const void *)data, __ATOMIC_RELAXED)) ^ p->head, b;

	if (a)
		return MIN((u32)__builtin_clzll(a), limit);
	for (; i + 8 <= bytes; i += 8) {
		a = __atomic_load_n((const u64 *)(const void *)(data + i), __ATOMIC_RELAXED);
		__builtin_memcpy(&b, key + i, 8);
		if (a != b)
			return MIN(i * 8 + (u32)__builtin_clzll(__builtin_bswap64(a ^ b)), limit);
	}
	for (; i < bytes; i++) {
		u8 diff = (u8)(__atomic_load_n(data + i, __ATOMIC_RELAXED) ^ key[i]);
		if (diff)
			return MIN(i * 8 + (u32)__builtin_clz(diff) - 24, limit);
	}
	return limit;
}

static inline u32 bit_of(const struct probe *p, u32 i)
{
	return likely(i < 64) ? (u32)(p->head >> (63 - i)) & 1 : bit_at(p->key->data, i);
}

static inline u32 walk(const struct map *m, const struct prefix *key)
{
	u32 i = load32(&m->head->root), found = 0, len, got, bits = bits_of(m), steps = bits + 1, meta;
	struct probe p = probe_of(m, key);

	while (i && likely(i <= m->nnodes) && steps--) {
		struct node *n = node_at(m, i);

		meta = load32(&n->meta);
		len = meta & ~JOINT;
		got = match(m, n, &p, MIN(len, key->len));
		if (got == bits)
			return i;
		if (got < len)
			break;
		if (!(meta & JOINT))
			found = i;
		if (len >= bits)
			break; /* torn: the caller looks at seq */
		i = load32(child(n, bit_of(&p, len)));
	}
	return found;
}

static int lock(struct map *m);

/* Find, and copy when there is somewhere to copy to. */
static u32 find(struct map *m, const void *key_, void *copy)
{
	const struct prefix *key = key_;
	u32 seq, i;

	if (key->len > bits_of(m))
		return 0;
	for (u32 tries = 0; tries < RETRIES; tries++) {
		seq = load32(&m->head->seq);
		i = walk(m, key);
		if (i && copy)
			value_out(m, copy, node_value(m, node_at(m, i)));
		os_read_fence();
		if (likely(__atomic_load_n(&m->head->seq, __ATOMIC_RELAXED) == seq))
			return i;
	}
	if (lock(m))
		return 0;
	i = walk(m, key);
	if (i && copy)
		value_out(m, copy, node_value(m, node_at(m, i)));
	lease_unlock(&m->head->lock);
	return i;
}

static void *lpm_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = find(m, key, NULL);

	(void)cpu;
	return i ? node_value(m, node_at(m, i)) : NULL;
}

static int lpm_copy_out(struct map *m, const void *key, void *value, u64 flags)
{
	(void)flags;
	return find(m, key, value) ? 0 : -ENOENT;
}

/* ---- changes ---- */

/* After a death: count anew, and collect the nodes of nobody: those the walk did not mark. */
static COLD void repair(struct map *m)
{
	u32 todo[DATA_MAX * 8 + 4], top = MIN(m->head->pool.fresh, m->nnodes), round = ++m->head->pool.rounds, count = 0, n = 0, i;

	__atomic_fetch_add(&m->head->seq, 1, __ATOMIC_RELEASE);
	todo[n++] = node_check(m, m->head->root);
	while (n) {
		struct node *at = node_at(m, i = todo[--n]);

		if (!i || at->link == (round | MARK))
			continue;
		at->link = round | MARK;
		count += !is_joint(at);
		if (n + 2 > ARRAY_SIZE(todo))
			continue;
		todo[n++] = node_check(m, at->next);
		todo[n++] = node_check(m, at->hash);
	}
	pool_reset(m);
	for (i = 1; i <= top; i++)
		if (node_at(m, i)->link != (round | MARK))
			pool_put(m, i, 0);
	m->head->count = count;
}

static int lock(struct map *m)
{
	int got = lease_lock(&m->head->lock, m->self);

	if (unlikely(got == LEASE_STOLEN))
		repair(m);
	return got < 0 ? got : 0;
}

static u32 new_node(struct map *m, const u8 *data, u32 len, const void *value)
{
	u32 i = pool_get(m, 0);
	struct node *n;

	if (!i)
		return 0;
	n = node_at(m, i);
	shm_write(node_key(m, n), data, m->desc.key_size - 4);
	if (value)
		value_in(m, node_value(m, n), value);
	__atomic_store_n(&n->meta, len | (value ? 0 : JOINT), __ATOMIC_RELAXED);
	__atomic_store_n(&n->next, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&n->hash, 0, __ATOMIC_RELAXED);
	return i;
}

static void set(u32 *where, u32 i) { __atomic_store_n(where, i, __ATOMIC_RELEASE); }

/* Nodes that are linked no more: readers look at seq before anyone can use them again. */
static void drop(struct map *m, u32 a, u32 b)
{
	__atomic_fetch_add(&m->head->seq, 1, __ATOMIC_RELEASE);
	if (a)
		pool_put(m, a, 0);
	if (b)
		pool_put(m, b, 0);
}

static int may_add(struct map *m, u64 flags)
{
	if (flags == BPF_EXIST)
		return -ENOENT;
	return m->head->count >= m->desc.max_entries ? -ENOSPC : 0;
}

/* Part a subtree: `old` and the new key differ (or one ends) at bit `at`. */
static int split(struct map *m, u32 *slot, u32 old, const struct prefix *key, u32 at, const void *value)
{
	u32 new = new_node(m, key->data, key->len, value), joint;
	u8 data[DATA_MAX];

	if (!new)
		return -ENOMEM;
	shm_read(data, node_key(m, node_at(m, old)), m->desc.key_size - 4);
	if (at == key->len) { /* the new prefix contains the old one */
		set(child(node_at(m, new), bit_at(data, at)), old);
		set(slot, new);
		return 0;
	}
	joint = new_node(m, data, at, NULL);
	if (!joint) {
		pool_put(m, new, 0);
		return -ENOMEM;
	}
	set(child(node_at(m, joint), bit_at(key->data, at)), new);
	set(child(node_at(m, joint), bit_at(key->data, at) ^ 1), old);
	set(slot, joint);
	return 0;
}

static int replace(struct map *m, u32 *slot, u32 old, const struct prefix *key, const void *value)
{
	u32 new = new_node(m, key->data, key->len, value);
	struct node *o = node_at(m, old);

	if (!new)
		return -ENOMEM;
	set(&node_at(m, new)->next, o->next);
	set(&node_at(m, new)->hash, o->hash);
	set(slot, new);
	drop(m, old, 0);
	return 0;
}

static int insert(struct map *m, const struct prefix *key, const void *value, u64 flags)
{
	u32 *slot = &m->head->root, i, got = 0, len, steps = bits_of(m) + 1;
	const struct probe p = probe_of(m, key);
	bool adds = true;
	int err;

	for (; (i = node_check(m, *slot)) && steps; steps--) {
		len = len_of(node_at(m, i));
		got = match(m, node_at(m, i), &p, MIN(len, key->len));
		if (len != got || len == key->len || len >= bits_of(m))
			break;
		slot = child(node_at(m, i), bit_at(key->data, len));
	}
	if (i && len_of(node_at(m, i)) == got && !is_joint(node_at(m, i))) {
		if (flags == BPF_NOEXIST)
			return -EEXIST;
		adds = false;
	}
	err = adds ? may_add(m, flags) : 0;
	if (err)
		return err;
	if (!i) {
		i = new_node(m, key->data, key->len, value);
		if (i)
			set(slot, i);
		err = i ? 0 : -ENOMEM;
	} else if (len_of(node_at(m, i)) == got) {
		err = replace(m, slot, i, key, value);
	} else {
		err = split(m, slot, i, key, got, value);
	}
	if (!err && adds)
		m->head->count++;
	return err;
}

static int lpm_update(struct map *m, const void *key_, const void *value, u64 flags, u32 cpu)
{
	const struct prefix *key = key_;
	int err;

	(void)cpu;
	if (flags > BPF_EXIST || key->len > bits_of(m))
		return -EINVAL;
	err = lock(m);
	if (err)
		return err;
	err = insert(m, key, value, flags);
	lease_unlock(&m->head->lock);
	return err;
}

static int take_out(struct map *m, const struct prefix *key)
{
	u32 *slot = &m->head->root, *above = slot, i, parent = 0, got = 0, len, other, steps = bits_of(m) + 1;
	const struct probe p = probe_of(m, key);
	struct node *n;

	for (; (i = node_check(m, *slot)) && steps; steps--) {
		len = len_of(node_at(m, i));
		got = match(m, node_at(m, i), &p, MIN(len, key->len));
		if (len != got || len == key->len)
			break;
		parent = i;
		above = slot;
		slot = child(node_at(m, i), bit_at(key->data, len));
	}
	if (!i || len_of(node_at(m, i)) != key->len || got != key->len || is_joint(node_at(m, i)))
		return -ENOENT;
	n = node_at(m, i);
	m->head->count--;
	if (n->next && n->hash) {
		__atomic_store_n(&n->meta, key->len | JOINT, __ATOMIC_RELEASE);
		return 0;
	}
	if (!n->next && !n->hash && parent && is_joint(node_at(m, parent))) {
		other = node_at(m, parent)->next == i ? node_at(m, parent)->hash : node_at(m, parent)->next;
		set(above, other);
		drop(m, i, parent);
		return 0;
	}
	set(slot, n->next ? n->next : n->hash);
	drop(m, i, 0);
	return 0;
}

static int lpm_remove(struct map *m, const void *key_, u32 cpu)
{
	const struct prefix *key = key_;
	int err;

	(void)cpu;
	if (key->len > bits_of(m))
		return -EINVAL;
	err = lock(m);
	if (err)
		return err;
	err = take_out(m, key);
	lease_unlock(&m->head->lock);
	return err;
}

/* ---- iteration: longer prefixes before the shorter ones that contain them ---- */

static u32 leftmost(const struct map *m, u32 i)
{
	u32 last = 0;

	while (i) {
		struct node *n = node_at(m, i);

		if (is_joint(n)) {
			i = node_check(m, n->next);
		} else {
			last = i;
			i = node_check(m, n->next ? n->next : n->hash);
		}
	}
	return last;
}

static u32 after(const struct map *m, const struct prefix *key)
{
	u32 path[DATA_MAX * 8 + 2], n = 0, i = node_check(m, m->head->root), got = 0, len = 0;
	struct probe p;

	if (!key || key->len > bits_of(m))
		return leftmost(m, i);
	p = probe_of(m, key);
	while (i && n < bits_of(m) + 1) {
		path[n++] = i;
		len = len_of(node_at(m, i));
		got = match(m, node_at(m, i), &p, MIN(len, key->len));
		if (len != got || len == key->len)
			break;
		i = node_check(m, *child(node_at(m, i), bit_at(key->data, len)));
	}
	if (!i || len != got || is_joint(node_at(m, i)))
		return leftmost(m, node_check(m, m->head->root));
	for (; n > 1; n--) {
		struct node *up = node_at(m, path[n - 2]);

		if (up->next == path[n - 1] && up->hash)
			return leftmost(m, node_check(m, up->hash));
		if (!is_joint(up))
			return path[n - 2];
	}
	return 0;
}

static int lpm_next(struct map *m, const void *key, void *next_)
{
	struct prefix *next = next_;
	u32 i;
	int err = lock(m);

	if (err)
		return err;
	i = after(m, key);
	if (i) {
		next->len = len_of(node_at(m, i));
		shm_read(next->data, node_key(m, node_at(m, i)), m->desc.key_size - 4);
	} else {
		err = -ENOENT;
	}
	lease_unlock(&m->head->lock);
	return err;
}

const struct map_ops map_ops_LPM_TRIE = {
	.lookup = lpm_lookup, .update = lpm_update, .remove = lpm_remove,
};
const struct map_type map_type_LPM_TRIE = {
	.ops = &map_ops_LPM_TRIE, .check = lpm_check, .layout = lpm_layout,
	.copy_out = lpm_copy_out, .next_key = lpm_next, .btf = BTF_STRUCT_KEY, .batch = true,
	.batch_change = true,
};
