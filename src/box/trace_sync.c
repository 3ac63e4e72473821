/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing a process in step with the points: which addresses they are in it, which sites are missing or too many, whose
 * lists have changed.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "box/trace_maps.h"
#include "box/trace_priv.h"

/* ---- which sites a process should have ---- */
static bool ref_wanted(const struct hook_ref *r, const struct proc *p) { return r->pid < 0 || r->pid == p->pid; }

bool point_wanted(const struct point *pt, const struct proc *p)
{
	for (u32 i = 0; pt->list && i < pt->list->n; i++)
		if (ref_wanted(&pt->list->ref[i], p))
			return true;
	return false;
}

static bool is_code(const struct point *pt)
{
	return pt->place.kind == HOOK_UPROBE || pt->place.kind == HOOK_URETPROBE;
}

static struct proc_site *site_at(struct proc *p, u64 addr)
{
	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].addr == addr && p->sites[i].kind == AGENT_UPROBE)
			return &p->sites[i];
	return NULL;
}

struct proc_site *proc_new_site(struct proc *p, u64 addr, u32 kind)
{
	struct proc_site *v = p->sites;

	if (p->nsites == p->sitecap) {
		u32 cap = p->sitecap ? p->sitecap * 2 : 32;

		v = realloc(v, cap * sizeof(*v));
		if (!v)
			return NULL;
		p->sites = v;
		p->sitecap = cap;
	}
	v[p->nsites] = (struct proc_site){ .addr = addr, .kind = kind };
	return &v[p->nsites++];
}

struct locate { struct proc *p; const struct point *pt; int err; };

/* The mapping holds the probed instruction: it has, or gets, a site. */
static int want_here(void *arg, const struct vma *v)
{
	struct locate *l = arg;
	const struct hook_place *at = &l->pt->place;
	struct proc_site *s;
	u64 addr = v->start + (at->offset - v->off);

	if (!v->exec || at->offset < v->off || addr >= v->end || !maps_same_file(l->p->pid, v, at->dev, at->ino))
		return 0;
	s = site_at(l->p, addr);
	if (!s)
		s = proc_new_site(l->p, addr, AGENT_UPROBE);
	if (!s) {
		l->err = -ENOMEM;
		return 1;
	}
	s->wanted = true;
	if (at->kind == HOOK_UPROBE)
		s->want_enter = l->pt;
	else
		s->want_leave = l->pt;
	return 0;
}

static int want_all(struct tracer *t, struct proc *p)
{
	struct locate l = { .p = p };

	for (u32 i = 0; i < p->nsites; i++) {
		p->sites[i].wanted = false;
		p->sites[i].want_enter = p->sites[i].want_leave = NULL;
	}
	for (u32 i = 0; i < t->npoints; i++) {
		l.pt = &t->points[i];
		if (!is_code(l.pt) || !point_wanted(l.pt, p))
			continue;
		if (maps_each(p->pid, want_here, &l) < 0)
			return -ESRCH;
		if (l.err)
			return l.err;
	}
	return 0;
}

static bool list_differs(const struct point *pt, u64 id, u32 gen)
{
	return pt ? (u64)(uintptr_t)pt->id != id || pt->list->gen != gen : id != 0;
}

static bool site_differs(const struct proc_site *s)
{
	if (s->kind != AGENT_UPROBE)
		return false;
	return s->wanted != (s->plan.tramp != 0) || list_differs(s->want_enter, s->enter_point, s->enter_gen) ||
	       list_differs(s->want_leave, s->leave_point, s->leave_gen);
}

/* ---- lists ---- */
static u64 list_size(u32 n) { return sizeof(struct agent_list) + n * sizeof(struct agent_ref); }

int proc_put_list(struct tracer *t, struct proc *p, struct stop *s, const struct point *pt, u64 *ret, struct str *why)
{
	u32 n = pt->list->n;
	struct agent_list *l = calloc(1, list_size(n));
	int err = l ? 0 : -ENOMEM;
	u64 at = 0;

	for (u32 i = 0; !err && i < n; i++) {
		const struct hook_ref *r = &pt->list->ref[i];
		const struct proc_prog *prog;

		if (!ref_wanted(r, p))
			continue;
		err = proc_prog(p, &t->blob, s, pt->progs[i], &prog, why);
		if (err)
			break;
		l->ref[l->n++] = (struct agent_ref){ .entry = (u64 (*)(void *, struct run *))prog->entry,
						     .image = (const struct image *)prog->image, .cookie = r->cookie,
						     .pid = r->pid, .prog_type = r->prog_type, .flags = prog->flags,
						     .slot = r->slot };
	}
	if (!err) {
		l->gen = n; /* what it was made for: says its size */
		at = proc_alloc(p, list_size(n));
		err = at ? stop_write(s, at, l, list_size(n)) : -ENOMEM;
	}
	free(l);
	*ret = at;
	return err;
}

/* Lists that were replaced, to be reused when no thread can be looking at them. */
struct old { u64 at; u32 n; };
struct olds { struct old *v; u32 n, cap; };

static void retire(struct olds *o, u64 at, u32 n)
{
	if (!at)
		return;
	if (o->n == o->cap) {
		u32 cap = o->cap ? o->cap * 2 : 32;
		struct old *v = realloc(o->v, cap * sizeof(*v));

		if (!v)
			return; /* lost to this process */
		o->v = v;
		o->cap = cap;
	}
	o->v[o->n++] = (struct old){ at, n };
}

struct list_slot { u64 *at, *id; u32 *gen, *n; const struct point *want; u64 remote; };

static struct list_slot slot_of(struct proc_site *s, bool leave)
{
	if (leave)
		return (struct list_slot){ &s->leave, &s->leave_point, &s->leave_gen, &s->leave_n, s->want_leave,
					   s->remote ? s->remote + offsetof(struct agent_site, leave) : 0 };
	return (struct list_slot){ &s->enter, &s->enter_point, &s->enter_gen, &s->enter_n, s->want_enter,
				   s->remote ? s->remote + offsetof(struct agent_site, enter) : 0 };
}

static int set_list(struct tracer *t, struct proc *p, struct stop *s, struct list_slot l, struct olds *olds, struct str *why)
{
	u64 at = 0;
	int err = 0;

	if (!list_differs(l.want, *l.id, *l.gen))
		return 0;
	if (l.want)
		err = proc_put_list(t, p, s, l.want, &at, why);
	if (!err && l.remote)
		err = stop_write(s, l.remote, &at, 8);
	if (err)
		return err;
	retire(olds, *l.at, *l.n);
	*l.at = at;
	*l.id = l.want ? (u64)(uintptr_t)l.want->id : 0;
	*l.gen = l.want ? l.want->list->gen : 0;
	*l.n = l.want ? l.want->list->n : 0;
	return 0;
}

/* ---- USDT semaphores: a counter in the process's data says that somebody listens ---- */
struct counter { const struct proc *p; const struct hook_place *at; u64 offset, addr; };

static int find_counter(void *arg, const struct vma *v)
{
	struct counter *c = arg;

	if (!v->write || c->offset < v->off || c->offset - v->off >= v->end - v->start ||
	    !maps_same_file(c->p->pid, v, c->at->dev, c->at->ino))
		return 0;
	c->addr = v->start + (c->offset - v->off);
	return 1;
}

static void count_in(struct proc *p, struct stop *s, struct proc_site *site, const struct point *pt)
{
	struct counter c = { .p = p };
	u16 n;

	if (!pt || site->ref_ctr)
		return;
	c.at = &pt->place;
	for (u32 i = 0; i < pt->list->n && !c.offset; i++)
		c.offset = pt->list->ref[i].ref_ctr_offset;
	if (!c.offset || maps_each(p->pid, find_counter, &c) != 1 || stop_read(s, c.addr, &n, 2))
		return;
	n++;
	if (!stop_write(s, c.addr, &n, 2))
		site->ref_ctr = c.addr;
}

static void count_out(struct stop *s, struct proc_site *site)
{
	u16 n;

	if (site->ref_ctr && !stop_read(s, site->ref_ctr, &n, 2) && n) {
		n--;
		stop_write(s, site->ref_ctr, &n, 2);
	}
	site->ref_ctr = 0;
}

/* ---- one process ---- */
static int sync_site(struct tracer *t, struct proc *p, struct stop *s, struct proc_site *site, struct olds *olds, struct str *why)
{
	bool returns = site->want_leave != NULL;
	int err;

	/* a trampoline that cannot trap returns must be made anew */
	if (site->plan.tramp && (!site->wanted || (returns && !site->returns))) {
		err = site_remove(p, s, site);
		if (err)
			return err;
	}
	err = set_list(t, p, s, slot_of(site, false), olds, why);
	if (!err)
		err = set_list(t, p, s, slot_of(site, true), olds, why);
	if (!site->wanted)
		count_out(s, site);
	if (err || !site->wanted || site->plan.tramp)
		return err;
	site->returns = returns;
	err = site_insert(p, &t->blob, s, site, why);
	if (!err)
		count_in(p, s, site, site->want_enter);
	return err;
}

static bool anything(const struct proc *p)
{
	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].wanted || p->sites[i].plan.tramp)
			return true;
	return false;
}

static void drop_unwanted(struct proc *p)
{
	u32 n = 0;

	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].plan.tramp || p->sites[i].wanted)
			p->sites[n++] = p->sites[i];
		else
			proc_release(p, p->sites[i].remote, sizeof(struct agent_site));
	p->nsites = n;
}

int proc_sync_stopped(struct tracer *t, struct proc *p, struct stop *s, struct str *why)
{
	struct olds olds = { 0 };
	int err = 0, first = 0;

	if (!p->base && anything(p))
		first = proc_inject(p, &t->blob, s, why);
	for (u32 i = 0; i < p->nsites && p->base; i++)
		if (site_differs(&p->sites[i])) {
			err = sync_site(t, p, s, &p->sites[i], &olds, why);
			if (err) {
				p->sites[i].wanted = false;
				first = first ? first : err;
			}
		}
	if (p->base && !first)
		first = calls_sync(t, p, s, why);
	if (olds.n && !proc_quiet(p, &t->blob, s))
		for (u32 i = 0; i < olds.n; i++)
			proc_release(p, olds.v[i].at, list_size(olds.v[i].n));
	free(olds.v);
	drop_unwanted(p);
	if (p->base && !p->nsites && !proc_eject(p, &t->blob, s))
		proc_forget(p);
	return first;
}

int proc_sync(struct tracer *t, struct proc *p, struct str *why)
{
	struct stop s;
	u64 took;
	bool any = false;
	int err = want_all(t, p);

	if (err)
		return err;
	err = calls_plan(t, p, &any);
	for (u32 i = 0; i < p->nsites && !any; i++)
		any = site_differs(&p->sites[i]);
	if (err || !any)
		return err;
	err = stop_begin(&s, p->pid, why);
	if (err)
		return err;
	took = s.since_ns;
	err = proc_sync_stopped(t, p, &s, why);
	stop_end(&s);
	took = clock_ns(CLOCK_MONOTONIC) - took;
	t->stats.stops++;
	t->stats.stop_ns += took;
	t->stats.longest_ns = MAX(t->stats.longest_ns, took);
	return err;
}
