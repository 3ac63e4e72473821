/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Points, their lists, and the providers that are told of them: see source.h and hook.h.
 *
 * Events read lists without a lock: a read section is counted in one of two generations, and who replaces a list waits until the
 * generation that may have seen the old one is empty. Everything else happens under the attach lock.
 * Invariant: a point is in the table exactly while it has programs or an open draft.
 */
#include "hook/link.h"
#include "hook/tracepoint.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#define CHAINS 256
#define SHARDS 16
#define PROVIDERS 16

/* A published list: what providers see, and the programs behind it. */
struct list {
	struct prog **prog;      /* referenced */
	struct hook_list pub;    /* last: ends in an array */
};

struct hook_point {
	struct hook_place place;
	struct hook_point *next; /* chain; readers follow it */
	struct list *now;        /* NULL: nothing */
	struct list *then;       /* what the transaction is about to publish */
	struct hook_item *draft;
	u32 ndraft, cap;
	bool open;               /* there is a draft */
	u32 gen;
};

struct slot {
	struct prog *prog;       /* referenced; NULL: free */
};

struct hooks {
	struct objtab *tab;
	pthread_mutex_t lock, slots_lock;
	struct hook_point *chain[CHAINS];
	u32 active[HOOK_KINDS];  /* points with programs; atomic */
	const struct hook_provider *provider[PROVIDERS];
	u32 nproviders;
	u64 accepted;
	const u32 *stats_users;
	const struct btf *kernel_btf;
	struct slot *slot;
	u32 nslots;
	struct cgroup_node *cgroups;
	struct netdev_list *netdevs;
	struct single *singles;
	struct tracepoints *tracepoints;
	struct declared { struct declared *next; char name[128]; u32 writable; } *declared;
	void (*printk)(struct run_env *env, const char *text, u32 len);
	void *printk_cookie;
	u32 epoch;               /* atomic: its lowest bit is the generation that new sections join */
	struct { u64 in[2]; u64 pad[6]; } readers[SHARDS];
};

static const char *const kind_name[HOOK_KINDS] = {
	[HOOK_UPROBE] = "function entry", [HOOK_URETPROBE] = "function return", [HOOK_SYS_ENTER] = "system call entry",
	[HOOK_SYS_EXIT] = "system call exit", [HOOK_RAW_ENTER] = "entry of every system call",
	[HOOK_RAW_EXIT] = "exit of every system call", [HOOK_FORK] = "process fork", [HOOK_EXEC] = "process exec",
	[HOOK_EXIT] = "thread exit", [HOOK_SAMPLE] = "clock sample", [HOOK_CGROUP] = "cgroup", [HOOK_LSM] = "security hook",
	[HOOK_NETDEV] = "network device", [HOOK_NETNS] = "network namespace", [HOOK_NETFILTER] = "netfilter hook",
	[HOOK_SOCKMAP] = "socket map", [HOOK_NAMED] = "declared tracepoint",
};

struct hooks *hooks_new(struct objtab *tab)
{
	struct hooks *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->tab = tab;
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_init(&h->slots_lock, NULL);
	return h;
}

static void list_free(struct list *l)
{
	for (u32 i = 0; l && i < l->pub.n; i++)
		prog_put(l->prog[i]);
	if (l)
		free(l->prog);
	free(l);
}

static void point_free(struct hook_point *pt)
{
	list_free(pt->now);
	free(pt->draft);
	free(pt);
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	cgroups_free(h);
	netdevs_free(h);
	singles_free(h);
	tracepoints_free(h);
	for (struct declared *d = h->declared, *next; d; d = next) {
		next = d->next;
		free(d);
	}
	for (u32 i = 0; i < CHAINS; i++)
		for (struct hook_point *pt = h->chain[i], *next; pt; pt = next) {
			next = pt->next;
			point_free(pt);
		}
	for (u32 i = 1; i < h->nslots; i++)
		prog_put(h->slot[i].prog);
	free(h->slot);
	pthread_mutex_destroy(&h->lock);
	pthread_mutex_destroy(&h->slots_lock);
	free(h);
}

struct objtab *hooks_objects(const struct hooks *h) { return h->tab; }
void hooks_stats(struct hooks *h, const u32 *users) { h->stats_users = users; }
void hooks_kernel_btf(struct hooks *h, const struct btf *b) { h->kernel_btf = b; }
struct cgroup_node **hook_cgroups(struct hooks *h) { return &h->cgroups; }
struct netdev_list **hook_netdevs(struct hooks *h) { return &h->netdevs; }
struct single **hook_singles(struct hooks *h) { return &h->singles; }
struct tracepoints **hook_tracepoints(struct hooks *h) { return &h->tracepoints; }
void hook_lock(struct hooks *h) { pthread_mutex_lock(&h->lock); }
void hook_unlock(struct hooks *h) { pthread_mutex_unlock(&h->lock); }

bool hook_counts(const struct hooks *h)
{
	return h->stats_users && __atomic_load_n(h->stats_users, __ATOMIC_RELAXED);
}

const struct btf *hook_btf(const struct hooks *h)
{
	return h->kernel_btf;
}

/* ---- read sections ---- */
u32 hook_enter(struct hooks *h)
{
	u32 shard = ((u32)(uintptr_t)__builtin_frame_address(0) >> 13) % SHARDS; /* threads have stacks of their own */
	u32 gen = __atomic_load_n(&h->epoch, __ATOMIC_SEQ_CST) & 1;

	__atomic_fetch_add(&h->readers[shard].in[gen], 1, __ATOMIC_SEQ_CST);
	return shard << 1 | gen;
}

void hook_leave(struct hooks *h, u32 token)
{
	__atomic_fetch_sub(&h->readers[token >> 1].in[token & 1], 1, __ATOMIC_RELEASE);
}

static bool busy(const struct hooks *h, u32 gen)
{
	u64 n = 0;

	for (u32 i = 0; i < SHARDS; i++)
		n += __atomic_load_n(&h->readers[i].in[gen], __ATOMIC_SEQ_CST);
	return n != 0;
}

/* Twice: a section may have read the epoch before the first turn, and counted itself in after it. */
static void wait_readers(struct hooks *h)
{
	for (int turn = 0; turn < 2; turn++) {
		u32 old = __atomic_fetch_add(&h->epoch, 1, __ATOMIC_SEQ_CST) & 1;
		while (busy(h, old))
			sched_yield();
	}
}

/* ---- finding ---- */
static u32 chain_of(const struct hook_place *at)
{
	u64 x = at->number * 31 + at->kind * 7 + at->sub;

	x = (x ^ at->ino) * 0x9e3779b97f4a7c15ull + at->offset + at->dev;
	for (const char *s = at->name; *s; s++)
		x = x * 33 + (u8)*s;
	return (u32)((x * 0x9e3779b97f4a7c15ull) >> 40) % CHAINS;
}

static bool same_place(const struct hook_place *a, const struct hook_place *b)
{
	return a->kind == b->kind && a->sub == b->sub && a->number == b->number && a->dev == b->dev && a->ino == b->ino &&
	       a->offset == b->offset && !strcmp(a->name, b->name);
}

static struct hook_point *find(struct hooks *h, const struct hook_place *at)
{
	struct hook_point *pt = __atomic_load_n(&h->chain[chain_of(at)], __ATOMIC_ACQUIRE);

	while (pt && !same_place(&pt->place, at))
		pt = __atomic_load_n(&pt->next, __ATOMIC_ACQUIRE);
	return pt;
}

struct hook_point *hook_point_find(struct hooks *h, const struct hook_place *at)
{
	struct hook_point *pt = hook_any(h, at->kind) ? find(h, at) : NULL;

	return pt && __atomic_load_n(&pt->now, __ATOMIC_ACQUIRE) ? pt : NULL;
}

bool hook_any(const struct hooks *h, enum hook_kind kind)
{
	return kind < HOOK_KINDS && __atomic_load_n(&h->active[kind], __ATOMIC_ACQUIRE) != 0;
}

const struct hook_place *hook_point_place(const struct hook_point *pt) { return &pt->place; }

const struct hook_list *hook_point_list(const struct hook_point *pt)
{
	struct list *l = __atomic_load_n(&pt->now, __ATOMIC_ACQUIRE);

	return l ? &l->pub : NULL;
}

const struct hook_list *hook_point_next(const struct hook_point *pt)
{
	return pt->then ? &pt->then->pub : NULL;
}

struct prog *hook_point_prog(const struct hook_point *pt, const struct hook_list *l, u32 i)
{
	(void)pt;
	return container_of(l, struct list, pub)->prog[i];
}

/* ---- providers ---- */
static bool serves(const struct hook_provider *p, u32 kind)
{
	return p->kinds >> kind & 1;
}

int hook_served(struct hooks *h, enum hook_kind kind, struct str *why)
{
	if (h->accepted >> kind & 1)
		return 0;
	for (u32 i = 0; i < h->nproviders; i++)
		if (serves(h->provider[i], kind))
			return 0;
	if (why && !why->len)
		str_printf(
			why,
			kind == HOOK_NETDEV || kind == HOOK_NETNS || kind == HOOK_NETFILTER
				? "no packet passes by skep here (%s): run the program on packets of yours, or fire it from your application"
				: "nothing here sees a %s happen: attach inside `skep exec`, or fire it yourself",
			kind_name[kind]);
	return -EOPNOTSUPP;
}

void hook_accept(struct hooks *h, u64 kinds)
{
	hook_lock(h);
	h->accepted |= kinds;
	hook_unlock(h);
}

bool hook_declared(struct hooks *h, const char *name, u32 *ret_writable)
{
	struct declared *d = __atomic_load_n(&h->declared, __ATOMIC_ACQUIRE);

	while (d && strcmp(d->name, name))
		d = d->next;
	if (d)
		*ret_writable = d->writable;
	return d != NULL;
}

int hook_declare(struct hooks *h, const char *name, u32 writable)
{
	struct declared *d = calloc(1, sizeof(*d));
	int err = d ? strlen(name) >= sizeof(d->name) ? -EINVAL : 0 : -ENOMEM;
	u32 other;

	if (!err)
		strcpy(d->name, name);
	hook_lock(h);
	if (!err && hook_declared(h, name, &other))
		err = -EEXIST;
	if (!err) {
		d->writable = writable;
		d->next = h->declared;
		__atomic_store_n(&h->declared, d, __ATOMIC_RELEASE);
		h->accepted |= (u64)1 << HOOK_NAMED;
		d = NULL;
	}
	hook_unlock(h);
	free(d);
	return err;
}

void hook_printk(struct hooks *h, void (*fn)(struct run_env *env, const char *text, u32 len), void *cookie)
{
	h->printk_cookie = cookie;
	__atomic_store_n(&h->printk, fn, __ATOMIC_RELEASE);
}

void hook_printk_to(struct hooks *h, struct run_env *env)
{
	env->printk = __atomic_load_n(&h->printk, __ATOMIC_ACQUIRE);
	env->printk_cookie = h->printk_cookie;
}

/* Tell one provider of those points that it serves. 0 when there are none. */
static int tell(const struct hook_provider *p, struct hook_point *const *pt, u32 n, struct str *why, u64 *ret_told)
{
	struct hook_point **mine = malloc((n ? n : 1) * sizeof(*mine));
	u32 m = 0;
	int err;

	if (!mine)
		return -ENOMEM;
	for (u32 i = 0; i < n; i++)
		if (serves(p, pt[i]->place.kind))
			mine[m++] = pt[i];
	err = m ? p->update(p->ctx, mine, m, why) : 0;
	if (!err && ret_told)
		for (u32 i = 0; i < m; i++)
			*ret_told |= (u64)1 << mine[i]->place.kind;
	free(mine);
	return err;
}

/* Points that have programs already are news to a provider that comes, and to be given up by one that goes. */
static int tell_present(struct hooks *h, const struct hook_provider *p, bool going)
{
	struct hook_point **pt = NULL;
	u32 n = 0, cap = 0;
	int err = 0;

	for (u32 i = 0; i < CHAINS && !err; i++)
		for (struct hook_point *it = h->chain[i]; it && !err; it = it->next) {
			if (!it->now || !serves(p, it->place.kind))
				continue;
			if (n == cap) {
				struct hook_point **more = realloc(pt, (cap = cap * 2 + 16) * sizeof(*pt));
				if (!more) {
					err = -ENOMEM;
					break;
				}
				pt = more;
			}
			it->then = going ? NULL : it->now;
			pt[n++] = it;
		}
	if (!err && n)
		err = tell(p, pt, n, NULL, NULL);
	for (u32 i = 0; i < n; i++)
		pt[i]->then = NULL;
	free(pt);
	return err;
}

int hook_provider_add(struct hooks *h, const struct hook_provider *p)
{
	int err = 0;

	hook_lock(h);
	if (h->nproviders == PROVIDERS)
		err = -ENOMEM;
	else if (!(err = tell_present(h, p, false)))
		h->provider[h->nproviders++] = p;
	hook_unlock(h);
	return err;
}

void hook_provider_del(struct hooks *h, const struct hook_provider *p)
{
	hook_lock(h);
	for (u32 i = 0; i < h->nproviders; i++)
		if (h->provider[i] == p) {
			h->provider[i] = h->provider[--h->nproviders];
			tell_present(h, p, true);
			break;
		}
	hook_unlock(h);
}

/* ---- transactions ---- */
void hook_begin(struct hooks *h, struct hook_tx *tx, struct str *why)
{
	*tx = (struct hook_tx){ .h = h, .why = why };
	hook_lock(h);
}

static struct hook_point *point_new(struct hooks *h, const struct hook_place *at)
{
	struct hook_point **head = &h->chain[chain_of(at)], *pt = calloc(1, sizeof(*pt));

	if (!pt)
		return NULL;
	pt->place = *at;
	pt->next = *head;
	__atomic_store_n(head, pt, __ATOMIC_RELEASE);
	return pt;
}

static bool room(struct hook_item **v, u32 n, u32 *cap)
{
	struct hook_item *more;

	if (n < *cap)
		return true;
	more = realloc(*v, (*cap * 2 + 4) * sizeof(**v));
	if (!more)
		return false;
	*v = more;
	*cap = *cap * 2 + 4;
	return true;
}

static bool open_draft(struct hook_point *pt)
{
	struct list *l = pt->now;

	pt->ndraft = 0;
	pt->open = true;
	for (u32 i = 0; l && i < l->pub.n; i++) {
		if (!room(&pt->draft, pt->ndraft, &pt->cap))
			return false;
		pt->draft[pt->ndraft++] = (struct hook_item){ l->prog[i], l->pub.ref[i] };
	}
	return true;
}

struct hook_point *hook_draft(struct hook_tx *tx, const struct hook_place *at)
{
	struct hook_point *pt = find(tx->h, at);

	if (tx->err || (pt && pt->open))
		return tx->err ? NULL : pt;
	if (tx->n == tx->cap) {
		u32 cap = tx->cap * 2 + 8;
		struct hook_point **more = realloc(tx->pt, cap * sizeof(*more));
		if (!more) {
			tx->err = -ENOMEM;
			return NULL;
		}
		tx->pt = more;
		tx->cap = cap;
	}
	if (!pt)
		pt = point_new(tx->h, at);
	if (!pt) {
		tx->err = -ENOMEM;
		return NULL;
	}
	tx->pt[tx->n++] = pt;
	if (!open_draft(pt))
		tx->err = -ENOMEM;
	return tx->err ? NULL : pt;
}

u32 hook_draft_count(const struct hook_point *pt) { return pt->ndraft; }
void hook_clear(struct hook_point *pt) { pt->ndraft = 0; }

/* Before position i, or at the end. */
static void hook_insert(struct hook_tx *tx, struct hook_point *pt, u32 i, struct prog *p, const struct hook_ref *ref)
{
	if (!pt || tx->err)
		return;
	if (!room(&pt->draft, pt->ndraft, &pt->cap)) {
		tx->err = -ENOMEM;
		return;
	}
	i = MIN(i, pt->ndraft);
	memmove(&pt->draft[i + 1], &pt->draft[i], (pt->ndraft - i) * sizeof(*pt->draft));
	pt->draft[i] = (struct hook_item){ p, *ref };
	pt->ndraft++;
}

void hook_append(struct hook_tx *tx, struct hook_point *pt, struct prog *p, const struct hook_ref *ref)
{
	hook_insert(tx, pt, U32_MAX, p, ref);
}

static void hook_remove(struct hook_point *pt, u32 i)
{
	memmove(&pt->draft[i], &pt->draft[i + 1], (--pt->ndraft - i) * sizeof(*pt->draft));
}

void hook_drop_slot(struct hook_tx *tx, struct hook_point *pt, u32 slot)
{
	(void)tx;
	for (u32 i = 0; pt && i < pt->ndraft;)
		if (pt->draft[i].ref.slot == slot)
			hook_remove(pt, i);
		else
			i++;
}

static int make_list(struct hook_point *pt)
{
	struct list *l = NULL;

	if (!pt->ndraft)
		goto out;
	l = calloc(1, sizeof(*l) + pt->ndraft * sizeof(struct hook_ref));
	if (!l)
		return -ENOMEM;
	l->prog = calloc(pt->ndraft, sizeof(struct prog *));
	if (!l->prog) {
		free(l);
		return -ENOMEM;
	}
	for (u32 i = 0; i < pt->ndraft; i++) {
		struct prog *p = pt->draft[i].prog;

		obj_get(&p->obj);
		l->prog[i] = p;
		l->pub.ref[i] = pt->draft[i].ref;
		l->pub.ref[i].prog_id = p->obj.id;
		l->pub.ref[i].prog_type = p->type;
		l->pub.ref[i].flags |= p->sleepable ? HOOK_F_SLEEPABLE : 0;
		l->pub.n++;
	}
	l->pub.gen = pt->gen + 1;
out:
	pt->then = l;
	return 0;
}

/* May these points have programs: somebody serves them, and does not object. */
static int check_new(struct hook_tx *tx)
{
	for (u32 i = 0; i < tx->n; i++) {
		struct hook_point *pt = tx->pt[i];
		int err = pt->now || !pt->then ? 0 : hook_served(tx->h, pt->place.kind, tx->why);

		for (u32 k = 0; !err && pt->then && !pt->now && k < tx->h->nproviders; k++) {
			const struct hook_provider *p = tx->h->provider[k];
			if (serves(p, pt->place.kind) && p->check)
				err = p->check(p->ctx, &pt->place, tx->why);
		}
		if (err)
			return err;
	}
	return 0;
}

/* Some took lists that are not to be: tell them of the old ones again. */
static void take_back(struct hook_tx *tx)
{
	for (u32 i = 0; i < tx->n; i++) {
		struct list *l = tx->pt[i]->then;
		tx->pt[i]->then = tx->pt[i]->now;
		tx->pt[i]->now = l;
	}
	for (u32 i = 0; i < tx->h->nproviders; i++)
		tell(tx->h->provider[i], tx->pt, tx->n, NULL, NULL);
	for (u32 i = 0; i < tx->n; i++) {
		struct list *l = tx->pt[i]->then;
		tx->pt[i]->then = tx->pt[i]->now;
		tx->pt[i]->now = l;
	}
}

/* Providers in turn. It holds when each kind has one that took it, or needs none. */
static int tell_all(struct hook_tx *tx)
{
	struct hooks *h = tx->h;
	u64 told = 0, grown = 0;
	int err = 0;

	for (u32 i = 0; i < tx->n; i++)
		if (tx->pt[i]->then)
			grown |= (u64)1 << tx->pt[i]->place.kind;
	for (u32 i = 0; i < h->nproviders; i++) {
		int e = tell(h->provider[i], tx->pt, tx->n, tx->why, &told);
		if (e && !err)
			err = e;
	}
	if (!(grown & ~told & ~h->accepted))
		return 0;
	take_back(tx);
	return err ? err : -EOPNOTSUPP;
}

static void unlink_point(struct hooks *h, struct hook_point *pt)
{
	struct hook_point **p = &h->chain[chain_of(&pt->place)];

	while (*p && *p != pt)
		p = &(*p)->next;
	if (*p)
		__atomic_store_n(p, pt->next, __ATOMIC_RELEASE);
}

/* Close the drafts; points without programs go, once nobody can be looking at them. */
static void close_drafts(struct hook_tx *tx, bool wait)
{
	for (u32 i = 0; i < tx->n; i++) {
		tx->pt[i]->open = false;
		if (!tx->pt[i]->now) {
			unlink_point(tx->h, tx->pt[i]);
			wait = true;
		}
	}
	if (wait)
		wait_readers(tx->h);
	for (u32 i = 0; i < tx->n; i++)
		if (tx->pt[i]->now)
			tx->pt[i] = NULL; /* it stays, and is no longer ours to look at */
}

void hook_end(struct hook_tx *tx)
{
	hook_unlock(tx->h);
	for (u32 i = 0; i < tx->n; i++) {
		if (tx->old)
			list_free(tx->old[i]);
		if (tx->pt[i])
			point_free(tx->pt[i]);
	}
	free(tx->old);
	free(tx->pt);
	*tx = (struct hook_tx){ .h = tx->h };
}

static void drop_drafts(struct hook_tx *tx)
{
	for (u32 i = 0; i < tx->n; i++) {
		list_free(tx->pt[i]->then);
		tx->pt[i]->then = NULL;
	}
	close_drafts(tx, false);
}

int hook_abort(struct hook_tx *tx, int err)
{
	drop_drafts(tx);
	hook_end(tx);
	return err;
}

static void publish(struct hook_tx *tx)
{
	for (u32 i = 0; i < tx->n; i++) {
		struct hook_point *pt = tx->pt[i];
		bool was = pt->now != NULL, is = pt->then != NULL;

		tx->old[i] = pt->now;
		pt->gen++;
		__atomic_store_n(&pt->now, pt->then, __ATOMIC_RELEASE);
		pt->then = NULL;
		if (is && !was)
			__atomic_fetch_add(&tx->h->active[pt->place.kind], 1, __ATOMIC_RELEASE);
		else if (was && !is)
			__atomic_fetch_sub(&tx->h->active[pt->place.kind], 1, __ATOMIC_RELEASE);
	}
}

int hook_apply(struct hook_tx *tx)
{
	struct list **old = calloc(tx->n ? tx->n : 1, sizeof(*old));
	int err = old ? tx->err : -ENOMEM;

	for (u32 i = 0; i < tx->n && !err; i++)
		err = make_list(tx->pt[i]);
	if (!err)
		err = check_new(tx);
	if (!err)
		err = tell_all(tx);
	if (err) {
		free(old);
		drop_drafts(tx);
		return err;
	}
	tx->old = old;
	publish(tx);
	close_drafts(tx, true);
	return 0;
}

int hook_commit(struct hook_tx *tx)
{
	int err = hook_apply(tx);

	hook_end(tx);
	return err;
}

/* ---- slots: numbers of attachments ---- */
u32 hook_slot_new(struct hooks *h, struct prog *p)
{
	u32 i;

	pthread_mutex_lock(&h->slots_lock);
	for (i = 1; i < h->nslots && h->slot[i].prog; i++)
		;
	if (i >= h->nslots) {
		u32 n = h->nslots * 2 + 16;
		struct slot *more = realloc(h->slot, n * sizeof(*more));
		if (!more) {
			pthread_mutex_unlock(&h->slots_lock);
			return 0;
		}
		memset(more + h->nslots, 0, (n - h->nslots) * sizeof(*more));
		h->slot = more;
		i = MAX(h->nslots, 1u);
		h->nslots = n;
	}
	h->slot[i] = (struct slot){ .prog = prog_of(obj_get(&p->obj)) };
	pthread_mutex_unlock(&h->slots_lock);
	return i;
}

/* Exchange the program of a slot (NULL: the slot is free again). */
void hook_slot_prog(struct hooks *h, u32 slot, struct prog *p)
{
	struct prog *old = NULL;

	if (p)
		obj_get(&p->obj);
	pthread_mutex_lock(&h->slots_lock);
	if (slot && slot < h->nslots) {
		old = h->slot[slot].prog;
		h->slot[slot].prog = p;
	}
	pthread_mutex_unlock(&h->slots_lock);
	prog_put(old);
}

void hook_slot_free(struct hooks *h, u32 slot)
{
	hook_slot_prog(h, slot, NULL);
}

void hook_account(struct hooks *h, u32 slot, u64 runs, u64 time_ns, u64 missed)
{
	pthread_mutex_lock(&h->slots_lock);
	if (slot < h->nslots && h->slot[slot].prog) {
		struct prog_stats *st = &h->slot[slot].prog->stats;

		__atomic_fetch_add(&st->runs, runs, __ATOMIC_RELAXED);
		if (hook_counts(h)) {
			__atomic_fetch_add(&st->counted, runs, __ATOMIC_RELAXED);
			__atomic_fetch_add(&st->time_ns, time_ns, __ATOMIC_RELAXED);
		}
		__atomic_fetch_add(&st->misses, missed, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&h->slots_lock);
}
