/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Targets with few programs: network namespaces (one flow dissector, or up to 64 sk_lookup links), socket maps (one program of each
 * kind), netfilter hooks (links by priority).
 *
 * Invariant: entries of a target are in the order they run, and its point says the same.
 */
#include "hook/link.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define MAX_PROGS 64

struct entry {
	struct prog *prog;   /* referenced */
	struct link *link;
	u32 slot;
	s32 priority;
};

struct single {
	struct single *next;
	struct hook_place at;
	struct entry entry[MAX_PROGS];
	u32 n;
};

static struct single *find(struct hooks *h, u32 kind, u32 sub, u64 number)
{
	struct single *s = *hook_singles(h);

	while (s && (s->at.kind != kind || s->at.sub != sub || s->at.number != number))
		s = s->next;
	return s;
}

static struct single *get(struct hooks *h, u32 kind, u32 sub, u64 number)
{
	struct single *s = find(h, kind, sub, number);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->at = (struct hook_place){ .kind = kind, .sub = sub, .number = number };
	s->next = *hook_singles(h);
	*hook_singles(h) = s;
	return s;
}

static int refresh(struct hook_tx *tx, const struct single *s)
{
	struct hook_point *pt = hook_draft(tx, &s->at);

	if (pt)
		hook_clear(pt);
	for (u32 i = 0; pt && i < s->n; i++) {
		struct hook_ref ref = { .pid = -1, .slot = s->entry[i].slot, .link_id = s->entry[i].link ? s->entry[i].link->obj.id : 0 };
		hook_append(tx, pt, s->entry[i].prog, &ref);
	}
	return hook_apply(tx);
}

/* Put an entry in, or in place of `over`. Ends the transaction. */
static int put_in(struct hooks *h, struct hook_tx *tx, struct single *s, struct prog *p, struct link *l, s32 priority, int over)
{
	struct entry e = { p, l, l ? l->slot : hook_slot_new(h, p), priority }, was = { 0 };
	u32 at = over < 0 ? 0 : (u32)over;
	int err;

	if (!e.slot)
		return hook_abort(tx, -ENOMEM);
	if (over < 0) {
		while (at < s->n && s->entry[at].priority <= priority)
			at++;
		memmove(&s->entry[at + 1], &s->entry[at], (s->n++ - at) * sizeof(e));
	} else {
		was = s->entry[at];
	}
	obj_get(&p->obj);
	s->entry[at] = e;
	err = refresh(tx, s);
	if (err && over < 0)
		memmove(&s->entry[at], &s->entry[at + 1], (--s->n - at) * sizeof(e));
	else if (err)
		s->entry[at] = was;
	hook_end(tx);
	if (err)
		was = e;
	if (was.prog && !was.link)
		hook_slot_free(h, was.slot);
	prog_put(was.prog);
	return err;
}

static int take_out(struct hooks *h, struct hook_tx *tx, struct single *s, u32 at)
{
	struct entry e = s->entry[at];
	int err;

	memmove(&s->entry[at], &s->entry[at + 1], (--s->n - at) * sizeof(e));
	err = refresh(tx, s);
	hook_end(tx);
	if (!e.link)
		hook_slot_free(h, e.slot);
	prog_put(e.prog);
	return err;
}

static struct single *link_entry(struct link *l, u32 *ret_at)
{
	for (struct single *s = *hook_singles(l->hooks); s; s = s->next)
		for (u32 i = 0; i < s->n; i++)
			if (s->entry[i].link == l) {
				*ret_at = i;
				return s;
			}
	return NULL;
}

static void single_release(struct link *l)
{
	struct hook_tx tx;
	struct single *s;
	u32 at;

	hook_begin(l->hooks, &tx, NULL);
	s = link_entry(l, &at);
	if (s)
		take_out(l->hooks, &tx, s, at);
	else
		hook_abort(&tx, 0);
}

static int exchange(struct link *l, struct prog *p, struct str *why)
{
	struct hook_tx tx;
	struct single *s;
	struct prog *was;
	u32 at;
	int err;

	hook_begin(l->hooks, &tx, why);
	s = link_entry(l, &at);
	if (!s)
		return hook_abort(&tx, -ENOENT);
	was = s->entry[at].prog;
	obj_get(&p->obj);
	s->entry[at].prog = p;
	err = refresh(&tx, s);
	if (err)
		s->entry[at].prog = was;
	hook_end(&tx);
	prog_put(err ? p : was);
	if (!err)
		link_set_prog(l, p);
	return err;
}

static int query(struct hooks *h, u32 kind, u32 sub, u64 number, struct attach_list *ret)
{
	struct single *s;
	int err = 0;

	hook_lock(h);
	s = find(h, kind, sub, number);
	for (u32 i = 0; s && i < s->n && !err; i++)
		err = attach_list_add(ret, s->entry[i].prog->obj.id, s->entry[i].link ? s->entry[i].link->obj.id : 0, 0);
	hook_unlock(h);
	return err;
}

/* ---- network namespaces ---- */
int netns_link_attach(struct hooks *h, struct link *l, u64 ino, struct str *why)
{
	u32 max = l->attach_type == BPF_FLOW_DISSECTOR ? 1 : MAX_PROGS;
	struct single *s;
	struct hook_tx tx;

	hook_begin(h, &tx, why);
	s = get(h, HOOK_NETNS, l->attach_type, ino);
	if (!s)
		return hook_abort(&tx, -ENOMEM);
	if (s->n && !s->entry[0].link)
		return hook_abort(&tx, -EEXIST); /* a program attached without link */
	if (s->n >= max)
		return hook_abort(&tx, -E2BIG);
	l->netns.ino = ino;
	return put_in(h, &tx, s, l->prog, l, 0, -1);
}

int netns_attach(struct hooks *h, u64 ino, u32 type, struct prog *p, struct str *why)
{
	struct single *s;
	struct hook_tx tx;

	hook_begin(h, &tx, why);
	s = get(h, HOOK_NETNS, type, ino);
	if (!s)
		return hook_abort(&tx, -ENOMEM);
	if (s->n && s->entry[0].link)
		return hook_abort(&tx, -EEXIST);
	if (type != BPF_FLOW_DISSECTOR || (s->n && s->entry[0].prog == p))
		return hook_abort(&tx, -EINVAL);
	return put_in(h, &tx, s, p, NULL, 0, s->n ? 0 : -1);
}

int netns_detach(struct hooks *h, u64 ino, u32 type, struct prog *p, struct str *why)
{
	struct single *s;
	struct hook_tx tx;

	hook_begin(h, &tx, why);
	s = find(h, HOOK_NETNS, type, ino);
	if (s && s->n && s->entry[0].link)
		return hook_abort(&tx, -EINVAL);
	if (!s || !s->n || s->entry[0].prog != p)
		return hook_abort(&tx, -ENOENT);
	return take_out(h, &tx, s, 0);
}

int netns_query(struct hooks *h, u64 ino, u32 type, struct attach_list *ret)
{
	return query(h, HOOK_NETNS, type, ino, ret);
}

static int netns_update(struct link *l, struct prog *p, struct prog *old, struct str *why)
{
	if (old && l->prog != old)
		return -EPERM;
	if (p->type != l->prog->type)
		return -EINVAL;
	if (l->dead)
		return -ENOLINK;
	return exchange(l, p, why);
}

const struct link_ops netns_link_ops = { .release = single_release, .can_detach = true, .update = netns_update };

/* ---- socket maps ---- */
static bool is_sockmap(const struct map *m)
{
	return m->desc.type == BPF_MAP_TYPE_SOCKMAP || m->desc.type == BPF_MAP_TYPE_SOCKHASH;
}

/* A verdict with a parser and one without exclude each other. */
static int sockmap_slot(struct hooks *h, struct map *m, u32 type, struct single **ret)
{
	u32 other = type == BPF_SK_SKB_STREAM_VERDICT ? BPF_SK_SKB_VERDICT
		    : type == BPF_SK_SKB_VERDICT      ? BPF_SK_SKB_STREAM_VERDICT
						      : 0;
	struct single *s;

	if (!is_sockmap(m))
		return -EOPNOTSUPP;
	s = other ? find(h, HOOK_SOCKMAP, other, m->obj.id) : NULL;
	if (s && s->n)
		return -EBUSY;
	*ret = get(h, HOOK_SOCKMAP, type, m->obj.id);
	return *ret ? 0 : -ENOMEM;
}

int sockmap_attach(struct hooks *h, struct map *m, u32 type, struct prog *p, struct link *l, struct str *why)
{
	struct single *s = NULL;
	struct hook_tx tx;
	int err;

	hook_begin(h, &tx, why);
	err = sockmap_slot(h, m, type, &s);
	if (!err && s->n && s->entry[0].link)
		err = -EBUSY;
	return err ? hook_abort(&tx, err) : put_in(h, &tx, s, p, l, 0, s->n ? 0 : -1);
}

int sockmap_detach(struct hooks *h, struct map *m, u32 type, struct prog *p, struct str *why)
{
	struct single *s = NULL;
	struct hook_tx tx;
	int err;

	hook_begin(h, &tx, why);
	err = sockmap_slot(h, m, type, &s);
	if (!err && s->n && s->entry[0].link)
		err = -EBUSY;
	if (!err && (!s->n || s->entry[0].prog != p))
		err = -ENOENT;
	return err ? hook_abort(&tx, err) : take_out(h, &tx, s, 0);
}

int sockmap_query(struct hooks *h, struct map *m, u32 type, struct attach_list *ret)
{
	struct single *s = NULL;
	int err;

	hook_lock(h);
	err = sockmap_slot(h, m, type, &s);
	hook_unlock(h);
	return err ? err : query(h, HOOK_SOCKMAP, type, m->obj.id, ret);
}

static int sockmap_update(struct link *l, struct prog *p, struct prog *old, struct str *why)
{
	if (old && l->prog != old)
		return -EPERM;
	if (l->prog->type != p->type || l->prog->attach_type != p->attach_type)
		return -EINVAL;
	return l->dead ? -ENOLINK : exchange(l, p, why);
}

static void map_link_free(struct link *l)
{
	if (l->map.map)
		obj_put(&l->map.map->obj);
}

const struct link_ops sockmap_link_ops = { .release = single_release, .free = map_link_free, .can_detach = true, .update = sockmap_update };

/* ---- netfilter ---- */
#define PF_IPV4 2
#define PF_IPV6 10
#define HOOKS 5
#define IP_DEFRAG 1u
#define DEFRAG_PRIORITY (-400)

int netfilter_attach(struct hooks *h, struct link *l, struct str *why)
{
	struct single *s;
	struct hook_tx tx;

	if (l->netfilter.pf != PF_IPV4 && l->netfilter.pf != PF_IPV6) {
		str_printf(why, "protocol family %u: 2 (IPv4) or 10 (IPv6)", l->netfilter.pf);
		return -EAFNOSUPPORT;
	}
	if (l->netfilter.hooknum >= HOOKS) {
		str_printf(why, "hook %u: 0 to 4", l->netfilter.hooknum);
		return -EPROTO;
	}
	if (l->netfilter.flags & ~IP_DEFRAG)
		return -EOPNOTSUPP;
	if (l->netfilter.priority == INT_MIN || l->netfilter.priority == INT_MAX ||
	    (l->netfilter.flags & IP_DEFRAG && l->netfilter.priority <= DEFRAG_PRIORITY)) {
		str_printf(why, "priority %d is the kernel's own", l->netfilter.priority);
		return -ERANGE;
	}
	hook_begin(h, &tx, why);
	s = get(h, HOOK_NETFILTER, l->netfilter.pf << 8 | l->netfilter.hooknum, 0);
	if (!s)
		return hook_abort(&tx, -ENOMEM);
	for (u32 i = 0; i < s->n; i++)
		if (s->entry[i].priority == l->netfilter.priority)
			return hook_abort(&tx, -EBUSY); /* two programs at one priority have no order */
	return s->n == MAX_PROGS ? hook_abort(&tx, -E2BIG) : put_in(h, &tx, s, l->prog, l, l->netfilter.priority, -1);
}

static int netfilter_update(struct link *l, struct prog *p, struct prog *old, struct str *why)
{
	(void)l, (void)p, (void)old;
	str_printf(why, "a netfilter link keeps its program");
	return -EOPNOTSUPP;
}

const struct link_ops netfilter_link_ops = { .release = single_release, .can_detach = true, .update = netfilter_update };

void singles_free(struct hooks *h)
{
	struct single *s = *hook_singles(h), *next;

	for (; s; s = next) {
		next = s->next;
		for (u32 i = 0; i < s->n; i++)
			prog_put(s->entry[i].prog);
		free(s);
	}
	*hook_singles(h) = NULL;
}
