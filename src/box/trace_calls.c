/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls of a process: their sites, which are rewritten while a program is attached to any, and the lists by number.
 *
 * Calls that change what there is to trace (mapping code, fork, execve) are seen as long as the process is traced at all: their
 * sites alone are rewritten when nothing is attached to calls.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "box/trace_maps.h"
#include "box/trace_priv.h"

/* Of struct agent_sys, as one array: raw entry, raw exit, entries by number, exits by number. */
enum { RAW_ENTER, RAW_EXIT, FIRST_ENTER, FIRST_EXIT = FIRST_ENTER + AGENT_SYSCALLS };
enum { LISTS = offsetof(struct agent_sys, raw_enter) };
_Static_assert(offsetof(struct agent_sys, raw_exit) == LISTS + RAW_EXIT * 8 &&
	       offsetof(struct agent_sys, exit) == LISTS + FIRST_EXIT * 8 &&
	       offsetof(struct agent_sys, enter) == LISTS + FIRST_ENTER * 8,
	       "lists are numbered as they lie there");

static int list_number(const struct hook_place *at)
{
	switch (at->kind) {
	case HOOK_RAW_ENTER: return RAW_ENTER;
	case HOOK_RAW_EXIT: return RAW_EXIT;
	case HOOK_SYS_ENTER: return at->number < AGENT_SYSCALLS ? FIRST_ENTER + (int)at->number : -1;
	case HOOK_SYS_EXIT: return at->number < AGENT_SYSCALLS ? FIRST_EXIT + (int)at->number : -1;
	default: return -1;
	}
}

/* Calls by which there is more, or less, to trace, or by which system calls are given up; -1: any, as the instruction's number is not known. */
static bool changes_life(s64 nr)
{
	switch (nr) {
	case SYS_mmap: case SYS_clone: case SYS_fork: case SYS_vfork: case SYS_clone3: case SYS_execve: case SYS_execveat:
	case SYS_prctl: case SYS_seccomp: case -1:
		return true;
	default:
		return false;
	}
}

static bool is_exit(const struct hook_place *at) { return at->kind == HOOK_RAW_EXIT || at->kind == HOOK_SYS_EXIT; }

/* ---- sites ---- */
struct plan { struct proc *p; bool calls, life, exits; int err; };

static int want_call(void *arg, u64 addr, const struct maps_func *func, s64 nr)
{
	struct plan *pl = arg;
	struct proc_site *s;

	if (!pl->calls && !changes_life(nr))
		return 0;
	s = proc_site_at(pl->p, addr, AGENT_SYSCALL);
	if (!s) {
		s = proc_new_site(pl->p, addr, AGENT_SYSCALL);
		if (!s) {
			pl->err = -ENOMEM;
			return 1;
		}
		s->func = *func;
	}
	s->wanted = !s->hopeless;
	s->want_returns = pl->exits || changes_life(nr);
	s->want_gate = pl->p->want_net;
	return 0;
}

static int want_mapping(void *arg, struct vma *v)
{
	struct plan *pl = arg;

	if (v->exec && v->ino && *v->path == '/' && !v->shared)
		maps_calls(pl->p->pid, v, want_call, pl);
	return pl->err;
}

int calls_plan(struct tracer *t, struct proc *p, struct maps *m)
{
	struct plan pl = { .p = p };

	for (u32 i = 0; i < t->npoints; i++)
		if (point_wanted(&t->points[i], p)) {
			pl.life = true;
			pl.calls |= list_number(&t->points[i].place) >= 0;
			pl.exits |= is_exit(&t->points[i].place);
		}
	p->want_net = t->net && pl.calls;
	for (u32 i = 0; pl.life && !pl.err && i < m->n; i++)
		want_mapping(&pl, &m->v[i]);
	return pl.err;
}

/* ---- lists ---- */
bool calls_differ(const struct tracer *t, const struct proc *p)
{
	u32 n = 0;

	for (u32 i = 0; i < t->npoints; i++) {
		const struct point *pt = &t->points[i];
		int at = list_number(&pt->place);

		if (at < 0 || !point_wanted(pt, p))
			continue;
		n++;
		if (!p->calls || p->calls->list[at].id != (u64)(uintptr_t)pt->id || p->calls->list[at].gen != pt->list->gen)
			return true;
	}
	return p->calls && n != p->calls->n;
}

static int make_tables(struct tracer *t, struct proc *p, struct stop *s)
{
	struct agent_sys *zero;
	int err;

	if (p->calls)
		return 0;
	zero = calloc(1, sizeof(*zero));
	p->calls = calloc(1, sizeof(*p->calls));
	if (!zero || !p->calls) {
		free(zero);
		free(p->calls);
		p->calls = NULL;
		return -ENOMEM;
	}
	p->calls->at = proc_alloc(p, sizeof(*zero));
	err = p->calls->at ? stop_write(s, p->calls->at, zero, sizeof(*zero)) : -ENOMEM;
	if (!err)
		err = stop_write(s, p->base + t->blob.exp->head + offsetof(struct agent_head, sys), &p->calls->at, 8);
	free(zero);
	return err;
}

static const struct point *wanted_at(const struct tracer *t, const struct proc *p, int at)
{
	for (u32 i = 0; i < t->npoints; i++)
		if (list_number(&t->points[i].place) == at && point_wanted(&t->points[i], p))
			return &t->points[i];
	return NULL;
}

/* List `at` becomes what the point says. */
static int set_call(struct tracer *t, struct proc *p, struct stop *s, int at, const struct point *pt, struct olds *olds,
		    struct str *why)
{
	struct proc_list *l = &p->calls->list[at];
	struct proc_list new = { 0 };
	int err = 0;

	if (pt ? l->id == (u64)(uintptr_t)pt->id && l->gen == pt->list->gen : !l->id)
		return 0;
	if (pt)
		err = proc_put_list(t, p, s, pt, &new, why);
	if (!err)
		err = stop_write(s, p->calls->at + LISTS + (u64)at * 8, &new.at, 8);
	if (err)
		return err;
	olds_add(olds, l->at, l->n);
	p->calls->n += pt != NULL;
	p->calls->n -= l->id != 0;
	*l = new;
	return 0;
}

/* Calls that are entered by the shortest way. */
static int mark_bare(struct proc *p, struct stop *s)
{
	u64 bare[AGENT_SYSCALLS];

	for (u32 nr = 0; nr < AGENT_SYSCALLS; nr++) {
		const struct proc_list *l = &p->calls->list[FIRST_ENTER + nr];
		bool is = l->plain == BPF_PROG_TYPE_TRACEPOINT && l->bare && !p->calls->list[RAW_ENTER].at && !changes_life(nr) &&
			  nr != SYS_rt_sigaction && nr != SYS_rt_sigprocmask; /* the net looks at these */

		bare[nr] = is ? l->at + offsetof(struct agent_list, ref) : 0;
	}
	return stop_write(s, p->calls->at + offsetof(struct agent_sys, bare), bare, sizeof(bare));
}

int calls_sync(struct tracer *t, struct proc *p, struct stop *s, struct olds *olds, struct str *why)
{
	int err, marked;

	err = make_tables(t, p, s); /* sites of calls look there */
	if (err || !calls_differ(t, p))
		return err;
	for (int at = 0; !err && at < FIRST_EXIT + (int)AGENT_SYSCALLS; at++) {
		bool has = p->calls->list[at].id != 0;
		const struct point *pt = NULL;

		if (has)
			pt = wanted_at(t, p, at);
		if (has)
			err = set_call(t, p, s, at, pt, olds, why);
	}
	for (u32 i = 0; !err && i < t->npoints; i++) {
		int at = list_number(&t->points[i].place);

		if (at >= 0 && point_wanted(&t->points[i], p))
			err = set_call(t, p, s, at, &t->points[i], olds, why);
	}
	marked = mark_bare(p, s);
	return err ? err : marked;
}

/* Lists that are to go, as far as that can be without stopping the process: no event after this; the rest when it is stopped. */
void calls_hush(const struct tracer *t, const struct proc *p)
{
	u64 none = 0;

	for (int at = 0; p->calls && at < FIRST_EXIT + (int)AGENT_SYSCALLS; at++)
		if (p->calls->list[at].id && !wanted_at(t, p, at)) {
			if (at >= FIRST_ENTER && at < FIRST_EXIT)
				stop_poke(p->pid, p->calls->at + (u64)(at - FIRST_ENTER) * 8, &none, 8);
			stop_poke(p->pid, p->calls->at + LISTS + (u64)at * 8, &none, 8);
		}
}
