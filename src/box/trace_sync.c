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
#define LEAVE_NS 10000000ull

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

static struct proc_site *site_at(struct proc *p, u64 addr) { return proc_site_at(p, addr, AGENT_UPROBE); }

struct locate { struct proc *p; const struct point *pt; int err; };

/* ---- returns: where a function is left by its return instructions alone they are seen there, and its frame is as ever ---- */
static bool by_exits(const struct proc_site *s) { return s->nexits > 0 && !s->no_exits; }

static void look_for_exits(struct proc *p, struct vma *v, struct proc_site *s)
{
	u64 at[PROC_EXITS];

	if (s->nexits)
		return;
	s->nexits = maps_exits(p->pid, v, s->addr, at, PROC_EXITS, &s->go);
	if (!s->nexits)
		s->nexits = -ENOENT; /* it never returns */
	for (s32 i = 0; i < s->nexits; i++)
		s->exit_at[i] = (s32)(at[i] - s->addr);
}

/* Some return instruction is another's too, that is probed: the return of this one is trapped. */
static void give_up_exits(struct proc *p, struct proc_site *f)
{
	f->no_exits = f->wanted = true;
	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].want_exit && p->sites[i].entry == f->addr) {
			p->sites[i].want_exit = NULL;
			p->sites[i].wanted = p->sites[i].want_enter || p->sites[i].want_leave;
		}
}

/* Sites at the return instructions of the function at site `which`. */
static void want_exits(struct locate *l, struct vma *v, u32 which)
{
	for (s32 i = 0; i < l->p->sites[which].nexits; i++) {
		struct proc_site *s, *f = &l->p->sites[which];
		u64 addr = f->addr + (u64)(s64)f->exit_at[i], entry = f->go ? 0 : f->addr;

		s = site_at(l->p, addr);
		if (s && s->want_exit && s->entry != entry) {
			give_up_exits(l->p, f);
			return;
		}
		if (!s)
			s = proc_new_site(l->p, addr, AGENT_UPROBE);
		if (!s) {
			l->err = -ENOMEM;
			return;
		}
		if (!s->func.end)
			maps_function(l->p->pid, v, addr, &s->func);
		s->wanted = true;
		s->want_exit = l->pt;
		s->entry = entry;
	}
}

/* The mapping holds the probed instruction: it has, or gets, a site. */
static int want_here(void *arg, struct vma *v)
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
	if (at->kind == HOOK_UPROBE) {
		s->wanted = true;
		s->want_enter = l->pt;
		return 0;
	}
	look_for_exits(l->p, v, s);
	s->want_leave = l->pt;
	s->wanted |= !s->go || !by_exits(s);
	if (by_exits(s))
		want_exits(l, v, (u32)(s - l->p->sites));
	return l->err != 0;
}

/* Is its return trapped? Then who reads stacks is to find what was there. */
static bool wants_traps(const struct proc_site *s) { return s->want_leave && !by_exits(s); }

static void want_unwinder(void *arg, u64 addr, u32 unwinds, const struct maps_func *f)
{
	struct locate *l = arg;
	struct proc_site *s = site_at(l->p, addr);

	if (!s)
		s = proc_new_site(l->p, addr, AGENT_UPROBE);
	if (!s) {
		l->err = -ENOMEM;
		return;
	}
	s->want_unwinds = unwinds;
	s->wanted |= !s->hopeless;
	if (!s->func.end)
		s->func = *f;
}

static int want_unwinders(void *arg, struct vma *v)
{
	struct locate *l = arg;

	if (v->exec && v->ino && *v->path == '/' && !v->shared)
		maps_unwinders(l->p->pid, v, want_unwinder, l);
	return l->err != 0;
}

static int want_all(struct tracer *t, struct proc *p, struct maps *m)
{
	struct locate l = { .p = p };

	for (u32 i = 0; i < p->nsites; i++) {
		p->sites[i].wanted = false;
		p->sites[i].want_enter = p->sites[i].want_leave = p->sites[i].want_exit = NULL;
		p->sites[i].want_unwinds = AGENT_UNWINDS_NOT;
	}
	for (u32 i = 0; i < t->npoints; i++) {
		l.pt = &t->points[i];
		if (!is_code(l.pt) || !point_wanted(l.pt, p))
			continue;
		for (u32 k = 0; k < m->n && !l.err; k++)
			want_here(&l, &m->v[k]);
		if (l.err)
			return l.err;
	}
	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].kind == AGENT_UPROBE && p->sites[i].wanted && wants_traps(&p->sites[i])) {
			for (u32 k = 0; k < m->n && !l.err; k++)
				want_unwinders(&l, &m->v[k]);
			break;
		}
	return l.err;
}

static bool list_differs(const struct point *pt, const struct proc_list *l)
{
	return pt ? (u64)(uintptr_t)pt->id != l->id || pt->list->gen != l->gen : l->id != 0;
}

static bool wants_returns(const struct proc_site *s) { return s->kind == AGENT_SYSCALL ? s->want_returns : wants_traps(s); }
static bool wants_records(const struct proc_site *s) { return s->want_leave && by_exits(s) && !s->go; }

/* Its trampoline cannot do what is wanted now. */
static bool outgrown(const struct proc_site *s)
{
	return (wants_returns(s) && !s->returns) || (wants_records(s) && !s->records && !s->returns) || (s->want_gate && !s->gate);
}

/* What traps returns keeps its trampoline, so it can have no guests. */
static bool is_stuck(const struct proc_site *s) { return s->hosts && wants_returns(s) && !s->returns; }
static bool is_to_go(const struct proc_site *s) { return !s->wanted || (outgrown(s) && !is_stuck(s)); }

static bool site_differs(const struct proc_site *s)
{
	if ((s->wanted ? !s->plan.tramp && !s->host : s->plan.tramp != 0) || (s->wanted && outgrown(s)) || s->want_unwinds != s->unwinds)
		return true;
	return s->kind == AGENT_UPROBE && (list_differs(s->want_enter, &s->enter) || list_differs(s->want_leave, &s->leave) ||
					   list_differs(s->want_exit, &s->exit));
}

/* ---- lists ---- */
static u64 list_size(u32 n) { return sizeof(struct agent_list) + n * sizeof(struct agent_ref); }

int proc_put_list(struct tracer *t, struct proc *p, struct stop *s, const struct point *pt, struct proc_list *ret,
		  struct str *why)
{
	u32 n = pt->list->n;
	struct agent_list *l = calloc(1, list_size(n));
	int err = l ? 0 : -ENOMEM;
	bool bare = false;
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
		l->sessions |= (r->flags & HOOK_F_SESSION) != 0;
		l->ref[l->n++] = (struct agent_ref){ .entry = (u64(*)(void *, struct run *))prog->entry,
						     .image = (const struct image *)prog->image,
						     .cookie = r->cookie,
						     .pid = r->pid,
						     .prog_type = r->prog_type,
						     .session = r->session,
						     .func = r->func,
						     .flags = prog->flags | (r->flags & HOOK_F_SESSION ? AGENT_SESSION : 0),
						     .slot = r->slot,
						     .reads = prog->reads };
		bare = prog->bare;
	}
	if (!err) {
		l->gen = n; /* what it was made for: says its size */
		at = proc_alloc(p, list_size(n));
		err = at ? stop_write(s, at, l, list_size(n)) : -ENOMEM;
	}
	if (!err)
		*ret = (struct proc_list){ .at = at, .id = (u64)(uintptr_t)pt->id, .gen = pt->list->gen, .n = n,
					   .plain = l->n == 1 && !l->ref[0].flags ? l->ref[0].prog_type : 0, .bare = bare };
	free(l);
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

struct which { const struct point *want; struct proc_list *have; u64 at; };

/* A list of a site becomes what the point says. */
static int set_list(struct tracer *t, struct proc *p, struct stop *s, const struct proc_site *site, struct which w,
		    struct olds *olds, struct str *why)
{
	struct proc_list new = { 0 };
	int err = 0;

	if (!list_differs(w.want, w.have))
		return 0;
	if (w.want)
		err = proc_put_list(t, p, s, w.want, &new, why);
	if (!err && site->remote)
		err = stop_write(s, site->remote + w.at, &new.at, 8);
	if (err)
		return err;
	olds_add(olds, w.have->at, w.have->n);
	*w.have = new;
	return 0;
}

static int set_lists(struct tracer *t, struct proc *p, struct stop *s, struct proc_site *site, struct olds *olds, struct str *why)
{
	const struct which lists[] = { { site->want_enter, &site->enter, offsetof(struct agent_site, enter) },
				       { site->want_leave, &site->leave, offsetof(struct agent_site, leave) },
				       { site->want_exit, &site->exit, offsetof(struct agent_site, exit) } };
	int err = 0;

	for (u32 i = 0; i < ARRAY_SIZE(lists) && !err; i++)
		err = set_list(t, p, s, site, lists[i], olds, why);
	site->unwinds = site->want_unwinds;
	return err || !site->remote ? err : site_mark(s, site);
}

/* ---- USDT semaphores: a counter in the process's data says that somebody listens ---- */
struct counter { const struct proc *p; const struct hook_place *at; u64 offset, addr; };

static int find_counter(void *arg, struct vma *v)
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

	if (!pt || site->ref_ctr)
		return;
	c.at = &pt->place;
	for (u32 i = 0; i < pt->list->n && !c.offset; i++)
		c.offset = pt->list->ref[i].ref_ctr_offset;
	if (c.offset && maps_each(p->pid, find_counter, &c) == 1)
		site_count(s, site, c.addr);
}

/* ---- one process ---- */
static int sync_site(struct tracer *t, struct proc *p, struct stop *s, struct proc_site *site, struct olds *olds, struct str *why)
{
	bool returns = wants_returns(site), records = wants_records(site);
	int err = 0;

	if (site->wanted && returns && site->go) {
		trace_say(
			why,
			"process %d, address 0x%llx: Go moves its stacks, so returns are seen at return instructions, and this function "
			"has none that are known",
			p->pid, (unsigned long long)site->addr);
		return -EOPNOTSUPP;
	}
	/* a trampoline that cannot do what is wanted must be made anew */
	if (site->plan.tramp && is_to_go(site))
		err = site_remove(p, &t->blob, s, site);
	if (!err && site->kind == AGENT_UPROBE)
		err = set_lists(t, p, s, site, olds, why);
	if (!site->wanted)
		site_uncount(p, s, site);
	if (!err && site->wanted && (is_stuck(site) || (site->host && (returns || records)))) {
		trace_say(why, "process %d, address 0x%llx: %s", p->pid, (unsigned long long)site->addr, patch_why(-EEXIST));
		return -EOPNOTSUPP;
	}
	if (!err && site->wanted && site->host)
		count_in(p, s, site, site->want_enter);
	if (err || !site->wanted || site->plan.tramp || site->host)
		return err;
	if (returns && !site->returns)
		site->tramp = 0; /* another kind; what is there stays */
	site->returns |= returns;
	site->records |= records;
	err = site_insert(p, &t->blob, s, site, why);
	if (!err)
		count_in(p, s, site, site->want_enter);
	return err;
}

/* A return instruction that cannot be rewritten: where stacks stay where they are the return itself is trapped. */
static bool trap_instead(struct proc *p, const struct proc_site *site)
{
	struct proc_site *f = site->entry ? site_at(p, site->entry) : NULL;

	if (!f || f->no_exits)
		return false;
	f->no_exits = p->replan = true;
	return true;
}

static bool exit_only(const struct proc_site *s) { return s->want_exit && !s->want_enter && !s->want_leave; }

/* A return instruction whose jump holds bytes of what is to be rewritten now gives way: its function has another means. */
static void make_room(struct proc *p, const struct blob *b, struct stop *s, const struct proc_site *site)
{
	for (u32 i = proc_first_site(p, site->addr - PATCH_MAX_COVER); i < p->nsites; i++) {
		struct proc_site *o = &p->sites[p->order[i]];

		if (o->addr > site->addr + PATCH_MAX_COVER)
			break;
		if (o->plan.tramp && exit_only(o) && o->plan.form == PATCH_PUN && site->addr + 5 > o->plan.start &&
		    site->addr < o->plan.start + o->plan.holds && trap_instead(p, o) && !site_remove(p, b, s, o))
			o->wanted = false;
	}
}

/* Of system calls the few that cannot be rewritten are passed by; of functions each was asked for, but there may be other means. */
static int sync_one_site(struct tracer *t, struct proc *p, struct stop *s, struct proc_site *site, struct olds *olds,
			 struct str *why)
{
	bool asked = site->kind == AGENT_UPROBE && (site->want_enter || site->want_leave);
	int err;

	if (asked && site->wanted && !site->plan.tramp)
		make_room(p, &t->blob, s, site);
	err = sync_site(t, p, s, site, olds, asked || (exit_only(site) && !site->entry) ? why : NULL);
	if (!err || err == -ESRCH)
		return err;
	site->wanted = false;
	if (site->kind == AGENT_SYSCALL || (site->want_unwinds && !asked && !site->want_exit))
		site->hopeless = true;
	else if (!exit_only(site) || !trap_instead(p, site))
		return err;
	return 0;
}

/* Before one does: from then on what runs at a place is not all there is to do there. */
static int tell_unwinds(const struct tracer *t, struct proc *p, struct stop *s)
{
	u32 any = 0;
	int err;

	for (u32 i = 0; i < p->nsites && !any; i++)
		any = p->sites[i].want_unwinds || p->sites[i].unwinds;
	if (p->unwinds == (any != 0))
		return 0;
	err = stop_write(s, p->base + t->blob.exp->head + offsetof(struct agent_head, unwinds), &any, sizeof(any));
	if (!err)
		p->unwinds = any;
	return err;
}

/* Entries first: returns have other means. */
static int sync_sites(struct tracer *t, struct proc *p, struct stop *s, struct olds *olds, struct str *why)
{
	int first = tell_unwinds(t, p, s);

	p->wants = 0;
	sites_restore(p, &t->blob, s, is_to_go);
	for (u32 i = 0; i < p->nsites; i++)
		p->wants += p->sites[i].wanted && !p->sites[i].tramp;
	for (u32 pass = 0; pass < 2; pass++)
		for (u32 i = 0; i < p->nsites; i++) {
			struct proc_site *site = &p->sites[i];
			int err = exit_only(site) == pass && site_differs(site) ? sync_one_site(t, p, s, site, olds, why) : 0;

			if (err == -ESRCH)
				return err;
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

/* Its record stays in the list, for the next one. */
static void spare(struct proc *p, u64 at)
{
	struct piece *f = at ? malloc(sizeof(*f)) : NULL;

	if (f) {
		*f = (struct piece){ at, p->spare };
		p->spare = f;
	}
}

static void drop_unwanted(struct proc *p)
{
	u32 n = 0;

	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].tramp || p->sites[i].wanted || p->sites[i].hopeless || p->sites[i].host)
			p->sites[n++] = p->sites[i];
		else
			spare(p, p->sites[i].remote);
	if (p->nsites == n)
		return;
	p->nsites = n;
	proc_unindex(p);
}

/* Two agents would take each other's blocks of threads for their own. */
static int is_agent(void *arg, struct vma *v)
{
	(void)arg;
	return strstr(v->path, "memfd:skep-agent") != NULL;
}

/* What cannot go now is asked again, less and less often. */
static void leave(struct tracer *t, struct proc *p, struct stop *s)
{
	if (!proc_eject(p, &t->blob, s)) {
		p->leave_wait = 0;
		proc_forget(p);
		return;
	}
	p->leave_wait = MIN(MAX(p->leave_wait * 2, LEAVE_NS), 64 * LEAVE_NS);
	p->leave_at = clock_ns(CLOCK_MONOTONIC) + p->leave_wait;
}

int proc_sync_stopped(struct tracer *t, struct proc *p, struct stop *s, struct str *why)
{
	struct olds olds = { 0 };
	struct str unheard = { 0 };
	int err = 0;

	if (!why)
		why = &unheard;
	__atomic_store_n(&t->working, p->pid, __ATOMIC_RELEASE);
	if (p->base)
		proc_guard(p, &t->blob, s);
	if (!p->base && anything(p)) {
		err = maps_each(p->pid, is_agent, NULL) ? proc_clean(p->pid, &t->blob, s, why) : 0;
		if (!err)
			err = proc_inject(p, &t->blob, s, why);
	}
	if (p->base && p->net && !p->want_net)
		err = net_off(p, &t->blob, s);
	if (p->base && !err)
		err = calls_sync(t, p, s, &olds, why);
	p->replan = false;
	if (p->base && !err)
		err = sync_sites(t, p, s, &olds, why);
	if (p->replan && err != -ESRCH) {
		int again = proc_plan(t, p);

		if (!again)
			again = sync_sites(t, p, s, &olds, why);
		err = err ? err : again;
	}
	if (p->base && !err && p->want_net)
		err = net_on(p, &t->blob, s, why);
	if (olds.n && !proc_quiet(p, &t->blob, s))
		for (u32 i = 0; i < olds.n; i++)
			proc_release(p, olds.v[i].at, list_size(olds.v[i].n));
	free(olds.v);
	drop_unwanted(p);
	p->leaving = p->base && !anything(p);
	if (p->leaving)
		leave(t, p, s);
	p->gen++;
	if (p->base)
		stop_write(s, p->base + t->blob.exp->head + offsetof(struct agent_head, gen), &p->gen, 4);
	p->pending = err == -EAGAIN;
	__atomic_store_n(&t->working, 0, __ATOMIC_RELEASE);
	if (err && err != -EAGAIN && err != -ESRCH)
		tracer_complain(t, &unheard);
	str_free(&unheard);
	return err;
}

int proc_plan(struct tracer *t, struct proc *p)
{
	struct maps m;
	int err = maps_open(&m, p->pid);

	if (err)
		return err == -ENOMEM ? err : -ESRCH;
	err = want_all(t, p, &m);
	if (!err)
		err = calls_plan(t, p, &m);
	maps_close(&m);
	return err;
}

/* What takes long and can be done before the process is stopped. */
static void prepare(const struct tracer *t, struct proc *p)
{
	for (u32 i = 0; i < t->npoints; i++) {
		const struct point *pt = &t->points[i];

		for (u32 k = 0; pt->list && k < pt->list->n; k++)
			if (ref_wanted(&pt->list->ref[k], p))
				proc_prepare(p, pt->progs[k]);
	}
}

/*
 * Programs that are to go from a process that cannot be stopped now (its thread waits for the answer to the very call that detaches
 * them) see nothing from here on; their lists and sites go when it can.
 */
static void hush(const struct tracer *t, const struct proc *p)
{
	u64 none[3] = { 0 };

	if (!p->base)
		return;
	calls_hush(t, p);
	for (u32 i = 0; i < p->nsites; i++) {
		const struct proc_site *site = &p->sites[i];
		const struct which lists[] = { { site->want_enter, NULL, offsetof(struct agent_site, enter) },
					       { site->want_leave, NULL, offsetof(struct agent_site, leave) },
					       { site->want_exit, NULL, offsetof(struct agent_site, exit) } };
		const u64 has[] = { site->enter.at, site->leave.at, site->exit.at };

		if (site->kind != AGENT_UPROBE || !site->remote)
			continue;
		for (u32 k = 0; k < ARRAY_SIZE(lists); k++)
			if (has[k] && !lists[k].want) {
				stop_poke(p->pid, site->remote + offsetof(struct agent_site, bare), none, sizeof(none));
				stop_poke(p->pid, site->remote + lists[k].at, none, 8);
			}
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
	any = calls_differ(t, p) || p->want_net != p->net;
	for (u32 i = 0; i < p->nsites && !any; i++)
		any = site_differs(&p->sites[i]);
	any |= p->leaving && clock_ns(CLOCK_MONOTONIC) >= p->leave_at;
	p->pending = false;
	if (err || !any)
		return err;
	prepare(t, p);
	err = stop_begin(&s, p->pid, why);
	if (err)
		proc_unprepare(p);
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
	proc_unprepare(p);
	t->stats.stops++;
	t->stats.stop_ns += took;
	t->stats.longest_ns = MAX(t->stats.longest_ns, took);
	return err;
}
