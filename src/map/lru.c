/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which element an LRU hash drops: the lists behind lru_hash and lru_percpu_hash, with Linux's choices.
 *
 * The common form has one set of lists (active, inactive, free) and for each CPU a list of free nodes fetched in batches
 * and one of nodes handed out since ("pending"), so that most updates stay on their CPU. With BPF_F_NO_COMMON_LRU each CPU
 * has its own three lists instead. Every node is on one list: its place (list, CPU) stands in the node, so the lists
 * behind a lock whose holder died are rebuilt from the nodes. A node taken off a free list names its taker until
 * it is in a bucket, so that one whose taker died on the way is found when it comes up for eviction.
 * Lock order: local lists by CPU, then the common lists, then a bucket. Invariant: a node's place changes under the lock of
 * the list it leaves and that of the list it enters.
 */
#include "map/priv.h"

#include <errno.h>

enum { ACTIVE, INACTIVE, FREE, LOCAL_FREE, LOCAL_PENDING };

#define COMMON_SCANS  128u
#define COMMON_TARGET 128u
#define PERCPU_SCANS  4u
#define PERCPU_TARGET 4u

struct list { u32 first, last; };

/* Nodes never used so far, start .. end, count as being at the end of the free list. */
struct lru_lists {
	lease lock;
	struct list list[3];
	u32 counts[2];
	u32 turn;            /* where the next rotation of the inactive list starts; 0: its end */
	u32 fresh, fresh_end;
} __attribute__((aligned(64)));

struct lru_local {
	lease lock;
	struct list free, pending;
	u32 next_steal;
} __attribute__((aligned(64)));

/* Bytes of node.meta */
static u8 *place_of(struct lru_node *n) { return (u8 *)&n->n.meta; }
static u8 *ref_of(struct lru_node *n) { return (u8 *)&n->n.meta + 1; }
static u16 *cpu_of(struct lru_node *n) { return (u16 *)(void *)&n->n.meta + 1; }

static bool is_percpu(const struct map *m) { return m->desc.flags & BPF_F_NO_COMMON_LRU; }
static u32 cpus(const struct map *m) { return m->aux_n; }
static struct lru_lists *lists_of(const struct map *m, u32 cpu)
{
	return (struct lru_lists *)(void *)m->aux + (is_percpu(m) ? cpu : 0);
}
static struct lru_local *local_of(const struct map *m, u32 cpu)
{
	return (struct lru_local *)(void *)(m->aux + sizeof(struct lru_lists)) + cpu;
}
static u32 scans(const struct map *m) { return is_percpu(m) ? PERCPU_SCANS : COMMON_SCANS; }
static u32 target_free(const struct map *m)
{
	u32 t = m->nnodes / cpus(m) / 2;

	return t < 1 ? 1 : MIN(t, COMMON_TARGET);
}

bool map_is_lru(const struct map *m)
{
	return m->desc.type == BPF_MAP_TYPE_LRU_HASH || m->desc.type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

void lru_layout(const struct map_attr *a, struct map_geom *g)
{
	u32 n = map_possible_cpus();

	g->aux_n = n;
	if (a->flags & BPF_F_NO_COMMON_LRU)
		g->aux = geom_add(g, n * sizeof(struct lru_lists));
	else
		g->aux = geom_add(g, sizeof(struct lru_lists) + n * sizeof(struct lru_local));
}

int lru_init(struct map *m, const struct map_attr *a)
{
	u32 n = cpus(m), each = m->nnodes / n;

	(void)a;
	if (is_percpu(m)) {
		for (u32 c = 0; c < n; c++) {
			lists_of(m, c)->fresh = c * each;
			lists_of(m, c)->fresh_end = c + 1 == n ? m->nnodes : (c + 1) * each;
		}
		return 0;
	}
	lists_of(m, 0)->fresh_end = m->nnodes;
	for (u32 c = 0; c < n; c++)
		local_of(m, c)->next_steal = c;
	return 0;
}

/* ---- lists ---- */

static void set32(u32 *p, u32 v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); }
static u32 older(const struct map *m, u32 i) { return node_check(m, load32(&node_at(m, i)->link)); }
static u32 newer(const struct map *m, u32 i) { return node_check(m, load32(&lru_at(m, i)->prev)); }
static u32 first(const struct map *m, const struct list *l) { return node_check(m, l->first); }
static u32 last(const struct map *m, const struct list *l) { return node_check(m, l->last); }
static u32 turn(const struct map *m, const struct lru_lists *l) { return node_check(m, load32(&l->turn)); }
static bool is_ref(const struct map *m, u32 i) { return __atomic_load_n(ref_of(lru_at(m, i)), __ATOMIC_RELAXED); }
static u8 place(const struct map *m, u32 i) { return __atomic_load_n(place_of(lru_at(m, i)), __ATOMIC_RELAXED); }
static u32 node_cpu(const struct map *m, u32 i)
{
	return below(__atomic_load_n(cpu_of(lru_at(m, i)), __ATOMIC_RELAXED), cpus(m));
}
/* Its element was not used since. */
static void set_place_unused(struct map *m, u32 i, u8 p)
{
	__atomic_store_n((u16 *)(void *)place_of(lru_at(m, i)), p, __ATOMIC_RELAXED);
}
static void set_place(struct map *m, u32 i, u8 p) { __atomic_store_n(place_of(lru_at(m, i)), p, __ATOMIC_RELAXED); }
static void set_cpu(struct map *m, u32 i, u32 cpu) { __atomic_store_n(cpu_of(lru_at(m, i)), (u16)cpu, __ATOMIC_RELAXED); }

/*
 * Free nodes are given out in the order in which Linux has them, the newest first: their lists are stacks without links back, which only
 * the first leaves. Callers know the place, so that the compiler does.
 */
static inline __attribute__((always_inline)) bool is_stack(u8 p) { return p == FREE || p == LOCAL_FREE; }

static inline __attribute__((always_inline)) void unlink_node(struct map *m, struct list *l, u32 i, u8 from)
{
	u32 p, n = older(m, i);

	if (is_stack(from)) {
		set32(&l->first, n); /* lru_spare() looks without the lock */
		return;
	}
	p = newer(m, i);
	if (p)
		set32(&node_at(m, p)->link, n);
	else
		l->first = n;
	if (n)
		set32(&lru_at(m, n)->prev, p);
	else
		l->last = p;
}

/* At the front of the list that belongs to this place. */
static inline __attribute__((always_inline)) void link_first(struct map *m, struct list *l, u32 i, u8 to)
{
	u32 n = first(m, l);

	set32(&node_at(m, i)->link, n);
	if (is_stack(to)) {
		set32(&l->first, i);
		return;
	}
	set32(&lru_at(m, i)->prev, 0);
	if (n)
		set32(&lru_at(m, n)->prev, i);
	else
		l->last = i;
	l->first = i;
}

static inline __attribute__((always_inline)) void count(struct lru_lists *l, u8 p, u32 by)
{
	if (p <= INACTIVE)
		l->counts[p] += by;
}

/* A node leaves a list of `l`. */
static inline __attribute__((always_inline)) void leave(struct map *m, struct lru_lists *l, u32 i, u8 from)
{
	if (from == INACTIVE && l->turn == i)
		l->turn = newer(m, i);
	unlink_node(m, &l->list[from], i, from);
	count(l, from, -1u);
}

/* And enters one, at the front. */
static inline __attribute__((always_inline)) void enter(struct map *m, struct lru_lists *l, u32 i, u8 to)
{
	count(l, to, 1);
	set_place_unused(m, i, to);
	link_first(m, &l->list[to], i, to);
}

static inline __attribute__((always_inline)) void move(struct map *m, struct lru_lists *l, u32 i, u8 from, u8 to)
{
	leave(m, l, i, from);
	enter(m, l, i, to);
}

/* From a list of `l` to the free list of a CPU, or where there are no such lists to that of `l`. */
static inline __attribute__((always_inline)) void move_free(struct map *m, struct lru_lists *l, u32 i, u8 from, u32 cpu)
{
	leave(m, l, i, from);
	if (is_percpu(m)) {
		set_place(m, i, FREE);
		link_first(m, &l->list[FREE], i, FREE);
	} else {
		set_cpu(m, i, cpu);
		set_place(m, i, LOCAL_FREE);
		link_first(m, &local_of(m, cpu)->free, i, LOCAL_FREE);
	}
}

/* ---- after a death ---- */

/* The lists behind one lock, anew from what the nodes say. Order is lost, elements are not. */
static COLD void rebuild(struct map *m, struct lru_lists *l, struct lru_local *loc, u32 cpu)
{
	u32 lo = 1, hi = m->nnodes;

	if (loc) {
		loc->free = loc->pending = (struct list){ 0, 0 };
		hi = MIN(lists_of(m, 0)->fresh, hi);
	} else {
		memset(l->list, 0, sizeof(l->list));
		memset(l->counts, 0, sizeof(l->counts));
		l->turn = 0;
		lo = is_percpu(m) ? cpu * (m->nnodes / cpus(m)) + 1 : 1;
		hi = MIN(l->fresh, hi);
	}
	for (u32 i = lo; i <= hi; i++) {
		u8 p = place(m, i);

		if (loc && p >= LOCAL_FREE && node_cpu(m, i) == cpu) {
			link_first(m, p == LOCAL_FREE ? &loc->free : &loc->pending, i, p);
		} else if (!loc && p <= FREE) {
			link_first(m, &l->list[p], i, p);
			count(l, p, 1);
		}
	}
}

static int lock_lists(struct map *m, struct lru_lists *l, u32 cpu)
{
	int got = lease_lock(&l->lock, m->self);

	if (unlikely(got == LEASE_STOLEN))
		rebuild(m, l, NULL, cpu);
	return got < 0 ? got : 0;
}

static int lock_local(struct map *m, u32 cpu)
{
	struct lru_local *loc = local_of(m, cpu);
	int got = lease_lock(&loc->lock, m->self);

	if (unlikely(got == LEASE_STOLEN))
		rebuild(m, NULL, loc, cpu);
	return got < 0 ? got : 0;
}

/* May the node be taken from its element (which then is gone)? */
static bool evict(struct map *m, u32 i)
{
	u32 owner;

	if (lru_unhash(m, i))
		return true;
	/* In no bucket: somebody is about to insert it or to give it back, or died doing so. */
	owner = load32(&lru_at(m, i)->owner);
	return owner && owner != lease_short(map_ident(m->self)) && lease_short_dead(owner);
}

/* ---- Linux's ageing ---- */

/* Oldest first: used ones stay active, the others become inactive. */
static void rotate_active(struct map *m, struct lru_lists *l)
{
	u32 end = first(m, &l->list[ACTIVE]), i = last(m, &l->list[ACTIVE]), next;

	for (u32 n = 0; i && n < scans(m); n++, i = next) {
		next = newer(m, i);
		if (is_ref(m, i))
			move(m, l, i, ACTIVE, ACTIVE);
		else
			move(m, l, i, ACTIVE, INACTIVE);
		if (i == end)
			break;
	}
}

/* Used ones become active; goes on where it stopped last time, around the list's end (0) if need be. */
static void rotate_inactive(struct map *m, struct lru_lists *l)
{
	struct list *in = &l->list[INACTIVE];
	u32 stop, cur, next = 0;

	if (!first(m, in))
		return;
	cur = turn(m, l);
	stop = cur ? older(m, cur) : first(m, in);
	if (!stop)
		stop = first(m, in);
	for (u32 n = 0; n < scans(m);) {
		if (!cur) {
			cur = last(m, in);
			if (!cur)
				break;
			continue;
		}
		next = newer(m, cur);
		if (is_ref(m, cur))
			move(m, l, cur, INACTIVE, ACTIVE);
		if (cur == stop)
			break;
		cur = next;
		n++;
	}
	l->turn = next;
}

static void rotate(struct map *m, struct lru_lists *l)
{
	if (l->counts[INACTIVE] < l->counts[ACTIVE])
		rotate_active(m, l);
	rotate_inactive(m, l);
}

/* Evict unused inactive elements, `want` of them at most; if there are none, one element whatever its use. */
static u32 shrink(struct map *m, struct lru_lists *l, u32 want, u32 cpu)
{
	u32 i, next, got = 0, n = 0;
	u8 from;

	for (i = last(m, &l->list[INACTIVE]); i; i = next) {
		next = newer(m, i);
		if (is_ref(m, i)) {
			move(m, l, i, INACTIVE, ACTIVE);
		} else if (evict(m, i)) {
			move_free(m, l, i, INACTIVE, cpu);
			if (++got == want)
				break;
		}
		if (++n == scans(m))
			break;
	}
	if (got)
		return got;
	n = 0; /* who writes into the map's memory may have made a ring of the list */
	from = first(m, &l->list[INACTIVE]) ? INACTIVE : ACTIVE;
	for (i = last(m, &l->list[from]); i && n++ < m->nnodes; i = newer(m, i))
		if (evict(m, i)) {
			move_free(m, l, i, from, cpu);
			return 1;
		}
	return 0;
}

/* The next free node of `l`, those never used last. It stays on the free list, or enters it. */
static u32 free_of(struct map *m, struct lru_lists *l, u32 cpu)
{
	u32 i = first(m, &l->list[FREE]), used = load32(&l->fresh);

	if (i || used >= l->fresh_end || used >= m->nnodes)
		return i;
	i = used + 1;
	set_cpu(m, i, cpu);
	set_place(m, i, FREE);
	link_first(m, &l->list[FREE], i, FREE);
	l->fresh = i;
	return i;
}

/* ---- the common form ---- */

static void flush_pending(struct map *m, struct lru_lists *l, struct lru_local *loc)
{
	u32 next, n = 0;

	for (u32 i = last(m, &loc->pending); i && n++ < m->nnodes; i = next) {
		next = newer(m, i);
		if (is_ref(m, i))
			enter(m, l, i, ACTIVE);
		else
			enter(m, l, i, INACTIVE);
	}
	loc->pending = (struct list){ 0, 0 };
}

static void fetch_free(struct map *m, u32 cpu)
{
	struct lru_local *loc = local_of(m, cpu);
	struct lru_lists *l = lists_of(m, 0);
	u32 n = 0, i, want = target_free(m);

	if (lock_lists(m, l, 0))
		return;
	flush_pending(m, l, loc);
	rotate(m, l);
	while (n < want && (i = free_of(m, l, cpu))) {
		move_free(m, l, i, FREE, cpu);
		n++;
	}
	if (n < want)
		shrink(m, l, want - n, cpu);
	lease_unlock(&l->lock);
}

/* Hand out a node that is on a list of `loc`: it becomes pending on this CPU. Both CPUs' locks are held. */
static inline __attribute__((always_inline)) void hand_out(struct map *m, struct lru_local *loc, u32 i, u8 from, u32 cpu, u32 hash)
{
	unlink_node(m, from == LOCAL_FREE ? &loc->free : &loc->pending, i, from);
	set32(&lru_at(m, i)->owner, lease_short(map_ident(m->self)));
	set32(&node_at(m, i)->hash, hash);
	set32(&node_at(m, i)->meta, LOCAL_PENDING | cpu << 16);
	link_first(m, &local_of(m, cpu)->pending, i, LOCAL_PENDING);
}

/* Of another CPU (or this one): a free node, else its oldest pending element, unused ones first. */
static u32 steal_from(struct map *m, u32 victim, u8 *ret_from)
{
	struct lru_local *loc = local_of(m, victim);
	u32 i = first(m, &loc->free), n;

	*ret_from = LOCAL_FREE;
	if (i)
		return i;
	*ret_from = LOCAL_PENDING;
	for (int force = 0; force < 2; force++)
		for (i = last(m, &loc->pending), n = 0; i && n++ < m->nnodes; i = newer(m, i))
			if ((force || !is_ref(m, i)) && evict(m, i))
				return i;
	return 0;
}

static u32 common_get(struct map *m, u32 hash, u32 cpu)
{
	struct lru_local *loc = local_of(m, cpu);
	u32 i, victim, start;
	u8 from;

	if (lock_local(m, cpu))
		return 0;
	i = first(m, &loc->free);
	if (!i) {
		fetch_free(m, cpu);
		i = first(m, &loc->free);
	}
	if (i)
		hand_out(m, loc, i, LOCAL_FREE, cpu, hash);
	start = victim = below(loc->next_steal, cpus(m));
	lease_unlock(&loc->lock);
	while (!i) {
		u32 lo = MIN(cpu, victim), hi = MAX(cpu, victim);

		if (lock_local(m, lo))
			return 0;
		if (hi != lo && lock_local(m, hi)) {
			lease_unlock(&local_of(m, lo)->lock);
			return 0;
		}
		i = steal_from(m, victim, &from);
		if (i)
			hand_out(m, local_of(m, victim), i, from, cpu, hash);
		victim = (victim + 1) % cpus(m);
		loc->next_steal = victim;
		if (hi != lo)
			lease_unlock(&local_of(m, hi)->lock);
		lease_unlock(&local_of(m, lo)->lock);
		if (victim == start)
			break;
	}
	return i;
}

static u32 percpu_get(struct map *m, u32 hash, u32 cpu)
{
	struct lru_lists *l = lists_of(m, cpu);
	u32 i;

	if (lock_lists(m, l, cpu))
		return 0;
	rotate(m, l);
	i = free_of(m, l, cpu);
	if (!i) {
		shrink(m, l, PERCPU_TARGET, cpu);
		i = first(m, &l->list[FREE]);
	}
	if (i) {
		set32(&lru_at(m, i)->owner, lease_short(map_ident(m->self)));
		set32(&node_at(m, i)->hash, hash);
		move(m, l, i, FREE, INACTIVE);
	}
	lease_unlock(&l->lock);
	return i;
}

bool lru_spare(const struct map *m, u32 cpu)
{
	return !is_percpu(m) && __atomic_load_n(&local_of(m, below(cpu, cpus(m)))->free.first, __ATOMIC_RELAXED);
}

u32 lru_get(struct map *m, u32 hash, u32 cpu)
{
	cpu = below(cpu, cpus(m));
	return is_percpu(m) ? percpu_get(m, hash, cpu) : common_get(m, hash, cpu);
}

void lru_put(struct map *m, u32 i)
{
	u32 cpu = node_cpu(m, i);
	struct lru_lists *l = lists_of(m, cpu);
	u8 from;

	if (!is_percpu(m) && place(m, i) == LOCAL_PENDING) {
		struct lru_local *loc = local_of(m, cpu);

		if (lock_local(m, cpu))
			return;
		if (place(m, i) == LOCAL_PENDING && node_cpu(m, i) == cpu) {
			unlink_node(m, &loc->pending, i, LOCAL_PENDING);
			set_place_unused(m, i, LOCAL_FREE);
			link_first(m, &loc->free, i, LOCAL_FREE);
			lease_unlock(&loc->lock);
			return;
		}
		lease_unlock(&loc->lock);
	}
	if (lock_lists(m, l, cpu))
		return;
	from = place(m, i);
	if (from < FREE)
		move(m, l, i, from, FREE);
	lease_unlock(&l->lock);
}

void lru_touch(struct map *m, u32 i)
{
	u8 *ref = ref_of(lru_at(m, i));

	if (!__atomic_load_n(ref, __ATOMIC_RELAXED))
		__atomic_store_n(ref, 1, __ATOMIC_RELAXED);
}
