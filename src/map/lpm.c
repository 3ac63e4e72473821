/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lpm_trie: values under prefixes; a lookup finds the longest prefix of its key.
 *
 * A binary trie of elements, each with its whole prefix, and of joints, where two subtrees part and nothing has its value: a joint is
 * its two children, always both, and the length of what they have in common, which any element below it says. So a lookup
 * goes down by the key's bits, compares at elements only, and ends at the first that is no prefix of the key. Elements and
 * joints lie apart; an index with JOINT set is a joint's.
 * Writers hold the map's one lock, and each change takes effect by one store of a child index. Readers take none:
 * head->seq changes before a place may be used anew, and a reader who sees it changed starts over.
 * Invariant: a child's prefix is longer than its parent's, which bounds every walk; what is neither linked nor on a free
 * list belonged to a writer that died, and repair() finds it.
 */
#include "map/priv.h"

#include <errno.h>

#include "map/os.h"

#define JOINT    (1u << 31)
#define LEN_BITS 12u             /* of a place's meta; above: the repair that last saw it linked */
#define LEN_MASK ((1u << LEN_BITS) - 1)
#define RETRIES  64
#define DATA_MIN 1u
#define DATA_MAX 256u
#define VALUE_MAX (KMALLOC_MAX - DATA_MAX - 40)
#define SPARE    1u              /* an element more: while one is replaced there are both */

struct prefix { u32 len; u8 data[]; } __attribute__((packed)); /* the caller's key may lie anywhere */

/* What elements and joints begin with; free ones are linked by child[0]. An element's prefix follows, in whole words. */
struct place { u32 child[2]; u32 meta; };

static int lpm_check(const struct map_attr *a)
{
	(void)a;
	return 0;
}

static int lpm_layout(const struct map_attr *a, struct map_geom *g)
{
	if (!a->max_entries || !(a->flags & BPF_F_NO_PREALLOC) ||
	    map_flags_unknown(a) || !map_access_ok(a->flags) || a->key_size < 4 + DATA_MIN || a->key_size > 4 + DATA_MAX || !a->value_size ||
	    a->value_size > VALUE_MAX)
		return -EINVAL;
	g->key_off = sizeof(struct place);
	g->value_off = ROUND_UP(g->key_off + ROUND_UP(a->key_size - 4, 4u), 8u);
	g->node_size = g->value_off + ROUND_UP(a->value_size, 8u);
	g->nnodes = (u32)MIN((u64)a->max_entries + SPARE, (u64)JOINT - 1);
	g->aux_n = g->nnodes;
	g->nodes = geom_add(g, ((u64)g->nnodes + 1) * g->node_size);
	g->aux = geom_add(g, ((u64)g->aux_n + 1) * sizeof(struct place));
	return g->size > (u64)1 << 46 ? -ENOMEM : 0;
}

static u32 bits_of(const struct map *m) { return (m->desc.key_size - 4) * 8; }
static u32 bit_at(const u8 *data, u32 i) { return data[i / 8] >> (7 - i % 8) & 1; }
static u32 load32_acq(const u32 *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void set(u32 *where, u32 i) { __atomic_store_n(where, i, __ATOMIC_RELEASE); }

static inline struct place *joint_at(const struct map *m, u32 i) { return (struct place *)(void *)m->aux + i; }
static inline struct place *element_at(const struct map *m, u32 i)
{
	return (struct place *)(void *)(m->nodes + (u64)i * m->node_size);
}
static inline struct place *place_at(const struct map *m, u32 i)
{
	return i & JOINT ? joint_at(m, i & ~JOINT) : element_at(m, i);
}
static inline u32 *data_of(const struct map *m, u32 i)
{
	return (u32 *)(void *)(m->nodes + (u64)i * m->node_size + sizeof(struct place));
}
static inline void *value_of(const struct map *m, u32 i) { return m->nodes + (u64)i * m->node_size + m->value_off; }
static inline u32 checked(const struct map *m, u32 i) { return likely((i & ~JOINT) <= m->nnodes && i != JOINT) ? i : 0; }
static inline u32 len_at(const struct place *p) { return load32_acq(&p->meta) & LEN_MASK; }

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

static inline u32 bit_of(const struct probe *p, u32 i)
{
	return likely(i < 64) ? (u32)(p->head >> (63 - i)) & 1 : bit_at(p->key->data, i);
}

/* Word w of the key, as an element has it. */
static inline u32 key_word(const struct map *m, const struct prefix *key, u32 w)
{
	u32 n = m->desc.key_size - 4 - 4 * w, v = 0;

	if (likely(n >= 4))
		__builtin_memcpy(&v, key->data + 4 * w, 4);
	else
		for (u32 i = 0; i < n; i++)
			v |= (u32)key->data[4 * w + i] << 8 * i;
	return v;
}

/* Leading bits that element and key have in common, at most `limit`. */
static u32 match(const struct map *m, u32 i, const struct prefix *key, u32 limit)
{
	const u32 *data = data_of(m, i);

	for (u32 w = 0; w * 32 < limit; w++) {
		u32 diff = __builtin_bswap32(__atomic_load_n(&data[w], __ATOMIC_RELAXED) ^ key_word(m, key, w));

		if (diff)
			return MIN(w * 32 + (u32)__builtin_clz(diff), limit);
	}
	return limit;
}

/* Is the element, of this length, a prefix of the key? */
static inline bool is_prefix(const struct map *m, u32 i, u32 len, const struct probe *p)
{
	u32 first;

	if (len > p->key->len)
		return false;
	first = __builtin_bswap32(__atomic_load_n(data_of(m, i), __ATOMIC_RELAXED)) ^ (u32)(p->head >> 32);
	if (likely(len <= 32))
		return !((u64)first >> (32 - len));
	return !first && match(m, i, p->key, len) == len;
}

static inline u32 walk(const struct map *m, const struct prefix *key)
{
	u32 i = checked(m, load32_acq(&m->head->root)), found = 0, len, bits = bits_of(m), steps = bits + 2;
	struct probe p = probe_of(m, key);

	while (i && steps--) {
		const struct place *at;

		if (i & JOINT) {
			at = joint_at(m, i & ~JOINT);
			len = len_at(at);
		} else {
			at = element_at(m, i);
			len = len_at(at);
			if (!is_prefix(m, i, len, &p))
				break;
			found = i;
		}
		if (len >= bits)
			break;
		i = checked(m, load32_acq(&at->child[bit_of(&p, len)]));
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
		seq = load32_acq(&m->head->seq);
		i = walk(m, key);
		if (i && copy)
			value_out(m, copy, value_of(m, i));
		os_read_fence();
		if (likely(__atomic_load_n(&m->head->seq, __ATOMIC_RELAXED) == seq))
			return i;
	}
	if (lock(m))
		return 0;
	i = walk(m, key);
	if (i && copy)
		value_out(m, copy, value_of(m, i));
	lease_unlock(&m->head->lock);
	return i;
}

static void *lpm_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = find(m, key, NULL);

	(void)cpu;
	return i ? value_of(m, i) : NULL;
}

static int lpm_copy_out(struct map *m, const void *key, void *value, u64 flags)
{
	(void)flags;
	return find(m, key, value) ? 0 : -ENOENT;
}

/* ---- free places: lists under the lock, and a border of those never used ---- */

static u32 *free_list(struct map *m, u32 i) { return i & JOINT ? &m->head->free_joint : &m->head->free_node; }

/* `kind` is JOINT or 0. 0: there is none. */
static u32 take_place(struct map *m, u32 kind)
{
	u32 *fresh = kind ? &m->head->pool.extra_fresh : &m->head->pool.fresh, *list = free_list(m, kind), i = *list & ~JOINT;

	if (i && i <= m->nnodes) {
		*list = place_at(m, i | kind)->child[0];
		return i | kind;
	}
	return *fresh < m->nnodes ? ++*fresh | kind : 0;
}

/* It is linked no more, and head->seq has changed since. */
static void give_place(struct map *m, u32 i)
{
	u32 *list = free_list(m, i);

	set(&place_at(m, i)->child[0], *list);
	*list = i;
}

/* Readers look at seq before anyone can use these again. */
static void drop(struct map *m, u32 a, u32 b)
{
	set(&m->head->seq, m->head->seq + 1);
	if (a)
		give_place(m, a);
	if (b)
		give_place(m, b);
}

/* After a death: count anew, and collect the places of nobody: those the walk did not mark. */
static COLD void repair(struct map *m)
{
	struct map_head *h = m->head;
	u32 todo[DATA_MAX * 8 + 4], round = (++h->pool.rounds << LEN_BITS) & ~LEN_MASK, count = 0, n = 0, i;

	set(&h->seq, h->seq + 1);
	todo[n++] = checked(m, h->root);
	while (n) {
		struct place *at = place_at(m, i = todo[--n]);

		if (!i || (at->meta & ~LEN_MASK) == round)
			continue;
		__atomic_store_n(&at->meta, (at->meta & LEN_MASK) | round, __ATOMIC_RELAXED);
		count += !(i & JOINT);
		if (n + 2 > ARRAY_SIZE(todo))
			continue;
		todo[n++] = checked(m, at->child[0]);
		todo[n++] = checked(m, at->child[1]);
	}
	h->free_node = h->free_joint = 0;
	for (u32 kind = 0; kind <= JOINT; kind += JOINT) {
		u32 top = MIN(kind ? h->pool.extra_fresh : h->pool.fresh, m->nnodes);

		for (i = 1; i <= top; i++)
			if ((place_at(m, i | kind)->meta & ~LEN_MASK) != round)
				give_place(m, i | kind);
		if (kind)
			break;
	}
	h->count = count;
}

static int lock(struct map *m)
{
	int got = lease_lock(&m->head->lock, m->self);

	if (unlikely(got == LEASE_STOLEN))
		repair(m);
	return got < 0 ? got : 0;
}

/* ---- changes ---- */

static void fill_place(struct place *p, u32 len, u32 child0, u32 child1)
{
	__atomic_store_n(&p->child[0], child0, __ATOMIC_RELAXED);
	__atomic_store_n(&p->child[1], child1, __ATOMIC_RELAXED);
	__atomic_store_n(&p->meta, len, __ATOMIC_RELAXED);
}

static u32 new_element(struct map *m, const struct prefix *key, const void *value, u32 child0, u32 child1)
{
	u32 i = take_place(m, 0), words = (m->desc.key_size - 4 + 3) / 4;

	if (!i)
		return 0;
	for (u32 w = 0; w < words; w++)
		__atomic_store_n(&data_of(m, i)[w], key_word(m, key, w), __ATOMIC_RELAXED);
	value_in(m, value_of(m, i), value);
	fill_place(element_at(m, i), key->len, child0, child1);
	return i;
}

static u32 new_joint(struct map *m, u32 len, u32 child0, u32 child1)
{
	u32 i = take_place(m, JOINT);

	if (i)
		fill_place(place_at(m, i), len, child0, child1);
	return i;
}

/* Any element at or below it. */
static u32 sample(const struct map *m, u32 i)
{
	for (u32 steps = bits_of(m) + 1; (i & JOINT) && steps; steps--)
		i = checked(m, place_at(m, i)->child[0]);
	return i & JOINT ? 0 : i;
}

/* Where a key leads: the last place on the way that is not longer than what it has in common with the key, and what is behind. */
struct spot {
	u32 *slot, *above;  /* where the place hangs; and its parent */
	u32 at, parent;     /* 0: none */
	u32 like;           /* an element that begins as all on the way do */
	u32 got;            /* leading bits that it and the key have in common */
};

static struct spot locate(struct map *m, const struct prefix *key, const struct probe *p)
{
	struct spot s = { .slot = &m->head->root };
	u32 i, last = 0, len = 0, bits = bits_of(m), steps = bits + 2;

	/* by the key's bits as far as they go: all on this way begin as the last of them does */
	for (i = checked(m, m->head->root); i && steps; steps--) {
		last = i;
		len = len_at(place_at(m, i));
		if (len >= key->len || len >= bits)
			break;
		i = checked(m, place_at(m, i)->child[bit_of(p, len)]);
	}
	s.like = sample(m, last);
	if (!s.like)
		return s;
	s.got = match(m, s.like, key, MIN(len_at(element_at(m, s.like)), key->len));
	for (steps = bits + 2; (s.at = checked(m, *s.slot)) && steps; steps--) {
		len = len_at(place_at(m, s.at));
		if (len > s.got || len == key->len || len >= bits)
			break;
		s.parent = s.at;
		s.above = s.slot;
		s.slot = &place_at(m, s.at)->child[bit_of(p, len)];
	}
	return s;
}

/* Does the key name the very place it leads to? */
static bool is_there(const struct map *m, const struct spot *s, const struct prefix *key)
{
	return s->at && len_at(place_at(m, s->at)) == key->len && s->got >= key->len;
}

static int may_add(struct map *m, u64 flags)
{
	if (flags == BPF_EXIST)
		return -ENOENT;
	return m->head->count >= m->desc.max_entries ? -ENOSPC : 0;
}

/* Part the subtree at s: it and the new key differ (or one ends) at bit `got`. */
static int split(struct map *m, const struct spot *s, const struct prefix *key, const void *value)
{
	u32 side = data_of(m, s->like)[s->got / 32], new, joint;

	side = __builtin_bswap32(side) >> (31 - s->got % 32) & 1;
	if (s->got == key->len) { /* the new prefix contains the old one */
		new = new_element(m, key, value, side ? 0 : s->at, side ? s->at : 0);
		if (!new)
			return -ENOMEM;
		set(s->slot, new);
		return 0;
	}
	new = new_element(m, key, value, 0, 0);
	joint = new ? new_joint(m, s->got, side ? new : s->at, side ? s->at : new) : 0;
	if (!joint) {
		if (new)
			drop(m, new, 0);
		return -ENOMEM;
	}
	set(s->slot, joint);
	return 0;
}

static int insert(struct map *m, const struct prefix *key, const void *value, u64 flags)
{
	const struct probe p = probe_of(m, key);
	struct spot s = locate(m, key, &p);
	bool there = is_there(m, &s, key), adds = !there || (s.at & JOINT);
	struct place *old = there ? place_at(m, s.at) : NULL;
	u32 new;
	int err;

	if (!adds && flags == BPF_NOEXIST)
		return -EEXIST;
	err = adds ? may_add(m, flags) : 0;
	if (err)
		return err;
	if (s.at && !there) {
		err = split(m, &s, key, value);
	} else {
		new = new_element(m, key, value, old ? old->child[0] : 0, old ? old->child[1] : 0);
		if (!new)
			return -ENOMEM;
		set(s.slot, new);
		if (old)
			drop(m, s.at, 0);
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
	const struct probe p = probe_of(m, key);
	struct spot s = locate(m, key, &p);
	u32 c0, c1, joint;
	struct place *n;

	if (!is_there(m, &s, key) || (s.at & JOINT))
		return -ENOENT;
	n = element_at(m, s.at);
	c0 = n->child[0];
	c1 = n->child[1];
	if (c0 && c1) {
		joint = new_joint(m, key->len, c0, c1);
		if (!joint)
			return -ENOMEM;
		set(s.slot, joint);
		drop(m, s.at, 0);
	} else if (!c0 && !c1 && (s.parent & JOINT)) {
		struct place *up = place_at(m, s.parent);

		set(s.above, up->child[0] == s.at ? up->child[1] : up->child[0]);
		drop(m, s.at, s.parent);
	} else {
		set(s.slot, c0 ? c0 : c1);
		drop(m, s.at, 0);
	}
	m->head->count--;
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

	for (u32 steps = bits_of(m) + 2; i && steps; steps--) {
		const struct place *p = place_at(m, i);

		last = i & JOINT ? last : i;
		i = checked(m, p->child[0] ? p->child[0] : p->child[1]);
	}
	return last;
}

static u32 after(const struct map *m, const struct prefix *key)
{
	u32 path[DATA_MAX * 8 + 2], n = 0, i = checked(m, m->head->root), len = 0;
	struct probe p;

	if (!key || key->len > bits_of(m))
		return leftmost(m, i);
	p = probe_of(m, key);
	while (i && n < bits_of(m) + 1) {
		path[n++] = i;
		len = len_at(place_at(m, i));
		if (len >= key->len)
			break;
		i = checked(m, place_at(m, i)->child[bit_of(&p, len)]);
	}
	if (!i || (i & JOINT) || len != key->len || !is_prefix(m, i, len, &p))
		return leftmost(m, checked(m, m->head->root));
	for (; n > 1; n--) {
		const struct place *up = place_at(m, path[n - 2]);

		if (up->child[0] == path[n - 1] && up->child[1])
			return leftmost(m, checked(m, up->child[1]));
		if (!(path[n - 2] & JOINT))
			return path[n - 2];
	}
	return 0;
}

static int lpm_next(struct map *m, const void *key, void *next_)
{
	struct prefix *next = next_;
	u32 i, n = m->desc.key_size - 4;
	int err = lock(m);

	if (err)
		return err;
	i = after(m, key);
	if (i) {
		next->len = len_at(element_at(m, i));
		for (u32 w = 0; w * 4 < n; w++) {
			u32 v = __atomic_load_n(&data_of(m, i)[w], __ATOMIC_RELAXED);

			__builtin_memcpy(next->data + 4 * w, &v, MIN(n - 4 * w, 4u));
		}
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
