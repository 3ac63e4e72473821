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

#define PARK_NS 1000000000ull

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
	if (!s->func.end)
		maps_function(l->p->pid, v, addr, &s->func);
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

static bool list_differs(const struct point *pt, const struct proc_list *l)
{
	return pt ? (u64)(uintptr_t)pt->id != l->id || pt->list->gen != l->gen : l->id != 0;
}

static bool wants_returns(const struct proc_site *s) { return s->kind == AGENT_SYSCALL ? s->want_returns : s->want_leave != NULL; }

static bool site_differs(const struct proc_site *s)
{
	if (s->wanted != (s->plan.tramp != 0) || (s->wanted && wants_returns(s) && !s->returns))
		return true;
	return s->kind == AGENT_UPROBE && (list_differs(s->want_enter, &s->enter) || list_differs(s->want_leave, &s->leave));
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
		err = proc_fill(p, &t->blob, s, why);
		if (err)
			break;
		proc_rings(t, p);
		l->ref[l->n++] = (struct agent_ref){ .entry = (u64 (*)(void *, struct run *))prog->entry,
						     .image = (const struct image *)prog->image, .cookie = r->cookie,
						     .pid = r->pid, .prog_type = r->prog_type, .session = r->session,
						     .flags = prog->flags | (r->flags & HOOK_F_SESSION ? AGENT_SESSION : 0),
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

void olds_add(struct olds *o, u64 at, u32 n)
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

/* The list of a site's entry or return becomes what the point says. */
static int set_list(struct tracer *t, struct proc *p, struct stop *s, struct proc_site *site, bool leave, struct olds *olds,
		    struct str *why)
{
	const struct point *want = leave ? site->want_leave : site->want_enter;
	struct proc_list *l = leave ? &site->leave : &site->enter;
	u64 at = 0;
	int err = 0;

	if (!list_differs(want, l))
		return 0;
	if (want)
		err = proc_put_list(t, p, s, want, &at, why);
	if (!err && site->remote)
		err = stop_write(s, site->remote + (leave ? offsetof(struct agent_site, leave) : offsetof(struct agent_site, enter)),
				 &at, 8);
	if (err)
		return err;
	olds_add(olds, l->at, l->n);
	*l = (struct proc_list){ .at = at, .id = want ? (u64)(uintptr_t)want->id : 0, .gen = want ? want->list->gen : 0,
				 .n = want ? want->list->n : 0 };
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
	bool returns = wants_returns(site);
	int err = 0;

	/* a trampoline that cannot trap returns must be made anew */
	if (site->plan.tramp && (!site->wanted || (returns && !site->returns)))
		err = site_remove(p, &t->blob, s, site);
	if (!err && site->kind == AGENT_UPROBE)
		err = set_list(t, p, s, site, false, olds, why);
	if (!err && site->kind == AGENT_UPROBE)
		err = set_list(t, p, s, site, true, olds, why);
	if (!site->wanted)
		count_out(s, site);
	if (err || !site->wanted || site->plan.tramp)
		return err;
	if (returns && !site->returns)
		site->tramp = 0; /* another kind; what is there stays */
	site->returns |= returns;
	err = site_insert(p, &t->blob, s, site, why);
	if (!err)
		count_in(p, s, site, site->want_enter);
	return err;
}

/* Of system calls the few that cannot be rewritten are passed by; of functions each was asked for. */
static int sync_sites(struct tracer *t, struct proc *p, struct stop *s, struct olds *olds, struct str *why)
{
	int first = 0;

	for (u32 i = 0; i < p->nsites; i++) {
		struct proc_site *site = &p->sites[i];
		int err = site_differs(site) ? sync_site(t, p, s, site, olds, site->kind == AGENT_SYSCALL ? NULL : why) : 0;

		if (!err)
			continue;
		if (err == -ESRCH)
			return err;
		site->wanted = false;
		if (site->kind == AGENT_SYSCALL)
			site->hopeless = true;
		else
			first = first ? first : err;
	}
	return first;
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
		if (p->sites[i].tramp || p->sites[i].wanted || p->sites[i].hopeless)
			p->sites[n++] = p->sites[i];
		else
			proc_release(p, p->sites[i].remote, sizeof(struct agent_site));
	p->nsites = n;
}

/* Two agents would take each other's blocks of threads for their own. */
static int is_agent(void *arg, const struct vma *v)
{
	(void)arg;
	return strstr(v->path, "memfd:skep-agent") != NULL;
}

int proc_sync_stopped(struct tracer *t, struct proc *p, struct stop *s, struct str *why)
{
	struct olds olds = { 0 };
	int err = 0;

	__atomic_store_n(&t->working, p->pid, __ATOMIC_RELEASE);
	if (!p->base && anything(p)) {
		err = maps_each(p->pid, is_agent, NULL) ? -EBUSY : proc_inject(p, &t->blob, s, why);
		if (err == -EBUSY)
			trace_say(why, "process %d: another skep traces it, or did when it was killed", p->pid);
	}
	if (p->base)
		err = calls_sync(t, p, s, &olds, why);
	if (p->base && !err)
		err = sync_sites(t, p, s, &olds, why);
	if (olds.n && !proc_quiet(p, &t->blob, s))
		for (u32 i = 0; i < olds.n; i++)
			proc_release(p, olds.v[i].at, list_size(olds.v[i].n));
	free(olds.v);
	drop_unwanted(p);
	if (p->base && !anything(p) && !proc_eject(p, &t->blob, s))
		proc_forget(p);
	p->gen++;
	if (p->base)
		stop_write(s, p->base + t->blob.exp->head + offsetof(struct agent_head, gen), &p->gen, 4);
	p->pending = err == -EAGAIN;
	__atomic_store_n(&t->working, 0, __ATOMIC_RELEASE);
	return err;
}

int proc_plan(struct tracer *t, struct proc *p)
{
	int err = want_all(t, p);

	return err ? err : calls_plan(t, p);
}

/*
 * Programs that are to go from a process that cannot be stopped now (its thread waits for the answer to the very call that detaches
 * them) see nothing from here on; their lists and sites go when it can.
 */
static void hush(const struct tracer *t, const struct proc *p)
{
	u64 none = 0;

	if (!p->base)
		return;
	calls_hush(t, p);
	for (u32 i = 0; i < p->nsites; i++) {
		const struct proc_site *site = &p->sites[i];

		if (site->kind != AGENT_UPROBE || !site->remote)
			continue;
		if (site->enter.at && !site->want_enter)
			stop_poke(p->pid, site->remote + offsetof(struct agent_site, enter), &none, 8);
		if (site->leave.at && !site->want_leave)
			stop_poke(p->pid, site->remote + offsetof(struct agent_site, leave), &none, 8);
	}
}

/*
 * Somebody else traces it. Where that one holds it at its execve (bpftrace does so with its command) it waits until it can be
 * had; but not for long, as it would spin.
 */
static bool wait_parked(struct proc *p)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);

	if (!p->parked) {
		if (stop_park(p->pid, &p->parked, p->parked_old))
			p->parked = 0;
		p->parked_ns = now;
	} else if (!stop_is_held(p->pid)) {
		if (now - p->parked_ns > PARK_NS) {
			stop_unpark(p->pid, p->parked, p->parked_old);
			p->parked = 0;
		}
	} else {
		p->parked_ns = now;
	}
	return p->parked != 0;
}

int proc_sync(struct tracer *t, struct proc *p, struct str *why)
{
	struct stop s;
	u64 took;
	bool any;
	int err;

	if (p->suspect && p->base && !tracer_agent_in(t, p->pid))
		proc_forget(p);
	p->suspect = false;
	err = proc_plan(t, p);
	any = calls_differ(t, p);
	for (u32 i = 0; i < p->nsites && !any; i++)
		any = site_differs(&p->sites[i]);
	p->pending = false;
	if (err || !any)
		return err;
	err = stop_begin(&s, p->pid, why);
	if (err == -EPERM)
		err = wait_parked(p) ? -EAGAIN : err;
	p->pending = err == -EAGAIN;
	if (p->pending)
		hush(t, p);
	if (err)
		return err;
	if (p->parked)
		stop_write(&s, p->parked, p->parked_old, 2);
	p->parked = 0;
	took = s.since_ns;
	err = proc_sync_stopped(t, p, &s, why);
	stop_end(&s);
	took = clock_ns(CLOCK_MONOTONIC) - took;
	t->stats.stops++;
	t->stats.stop_ns += took;
	t->stats.longest_ns = MAX(t->stats.longest_ns, took);
	return err;
}
