/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the threads of a stopped process are, and what signal handlers that they are in return to: neither may be left in code that
 * changes, nor in what goes.
 *
 * A handler's frame, which the kernel wrote on the thread's stack or its alternate one, holds the address that was interrupted. Frames are
 * looked for where stacks end, by what the kernel puts beside that address; they are moved like instruction pointers.
 */
#include "box/trace_proc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <ucontext.h>
#include <unistd.h>

#define ROUNDS     1000u          /* of 20 us and more: for threads to leave the agent */
#define HANDLER    20u            /* rounds for one that is in a signal handler */
#define LOOK       (16u << 10)    /* of each stack; */
#define LOOK_LONG  (1u << 20)     /* where some signal is blocked, as it is in most handlers */
#define PART       (64u << 10)
#define STACKS     8u

/* What a frame has beside the address: the code and stack segments of 64-bit programs. */
#define SEGMENTS   0x002b000000000033ull

/* Does code of the agent, or a program, run there? In a system call made for the process it does not. */
static bool in_agent(const struct proc *p, const struct blob *b, const struct stop *s, u64 ip)
{
	u64 to;

	return ip - p->base < p->size && ip - p->gates >= PROC_GATES * PATCH_GATE && !net_stub_back(p, b, s, ip, &to);
}

/* ---- blocks of threads ---- */
static void look_at_thread(const struct proc *p, const struct blob *b, const struct stop *s, struct stop_thread *th)
{
	struct agent_thread *t = proc_block(p, b, s, th);
	u64 ip = th->regs.rip;
	bool waits = t && t->waiting;

	th->inside = !waits && ((t && t->busy) || in_agent(p, b, s, ip));
	th->below = t && t->busy ? t->saved_sp : 0;
	free(t);
}

bool proc_inside(const struct proc *p, const struct blob *b, const struct stop *s, u32 i)
{
	struct stop_thread *th = &s->th[i];

	if (!th->stopped || !p->base)
		return false;
	if (th->inside < 0)
		look_at_thread(p, b, s, th);
	return th->inside;
}

/* ---- frames ---- */
struct stacks { u64 at[STACKS], from[STACKS], to[STACKS]; u32 n; };

static void add_stack(struct stacks *l, u64 at)
{
	at &= ~7ull;
	for (u32 i = 0; i < l->n; i++)
		if (at >= l->from[i] && at < l->to[i])
			return;
	if (at && l->n < STACKS) {
		l->at[l->n] = l->from[l->n] = l->to[l->n] = at;
		l->n++;
	}
}

static int add_frame(struct stop *s, u32 th, u64 at, u64 ip)
{
	if (s->nframes == s->framecap) {
		u32 cap = s->framecap ? s->framecap * 2 : 16;
		struct stop_frame *v = realloc(s->frames, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->frames = v;
		s->framecap = cap;
	}
	s->frames[s->nframes++] = (struct stop_frame){ at, ip, th };
	return 0;
}

/* A stack from its end on. What a frame interrupted may have been on another one. */
static int search_stack(struct stop *s, u32 th, struct stacks *l, u32 which, u64 look, u64 *buf)
{
	enum { CS = REG_CSGSFS - REG_RIP, FLAGS = REG_EFL - REG_RIP };
	u64 end = l->at[which] + look, keep = 0; /* words of the part before */
	int err = 0;

	for (u64 at = l->at[which]; !err && at < end;) {
		u64 part = MIN(PART - at % PART, end - at), n;
		ssize_t got = pread(s->mem, buf + keep, part, (off_t)at);

		if (got < 8) /* the mapping ends there */
			break;
		n = keep + (u64)got / 8;
		for (u64 i = 1; !err && i + CS < n; i++)
			if (buf[i + CS] == SEGMENTS && buf[i + FLAGS] >> 22 == 0) {
				err = add_frame(s, th, at + i * 8 - keep * 8, buf[i]);
				add_stack(l, buf[i - 1]); /* REG_RSP */
			}
		keep = MIN(n, CS + 1u);
		memmove(buf, buf + n - keep, keep * 8);
		at += (u64)got & ~7ull;
		l->to[which] = at;
	}
	return err;
}

static bool blocks_signals(const struct stop *s, u32 i)
{
	u64 mask = 0;

	if (!i && s->working)
		return s->mask != 0;
	return s->th[i].stopped && (ptrace(PTRACE_GETSIGMASK, s->th[i].tid, (void *)8, &mask) || mask);
}

int stand_look(const struct proc *p, const struct blob *b, struct stop *s)
{
	u64 *buf;
	int err = 0;

	if (s->framed)
		return 0;
	buf = malloc(PART + 64);
	if (!buf)
		return -ENOMEM;
	s->nframes = 0;
	for (u32 i = 0; !err && i < s->n; i++) {
		const struct stop_thread *th = &s->th[i];
		u64 look = blocks_signals(s, i) ? LOOK_LONG : LOOK;
		struct stacks l = { .n = 0 };

		proc_inside(p, b, s, i);
		add_stack(&l, th->stopped ? th->regs.rsp : th->sp);
		if (th->stopped)
			add_stack(&l, th->below);
		for (u32 k = 0; !err && k < l.n; k++)
			err = search_stack(s, i, &l, k, look, buf);
	}
	free(buf);
	s->framed = !err;
	return err;
}

static bool inside_area(const struct proc *p, u64 ip)
{
	for (u32 k = 0; k < p->nareas; k++)
		if (ip - p->areas[k].at < p->areas[k].size)
			return true;
	return false;
}

/* Does a handler of thread `i` return into the agent? Of any thread: ~0. */
static bool handler_inside(const struct proc *p, const struct blob *b, const struct stop *s, u32 i)
{
	for (u32 k = 0; k < s->nframes; k++)
		if ((i == ~0u || s->frames[k].th == i) && in_agent(p, b, s, s->frames[k].ip))
			return true;
	return false;
}

int stand_clear(const struct proc *p, const struct blob *b, struct stop *s)
{
	int err = stand_look(p, b, s);

	if (err)
		return err;
	for (u32 k = 0; k < s->nframes; k++)
		if (s->frames[k].ip - p->base < p->size || inside_area(p, s->frames[k].ip))
			return -EBUSY;
	for (u32 i = 0; i < s->n; i++) {
		u64 ip = s->th[i].stopped ? s->th[i].regs.rip : s->th[i].pc;

		if (ip - p->base < p->size || inside_area(p, ip))
			return -EBUSY;
	}
	return 0;
}

/* ---- threads go on until they are elsewhere: all that have to, at the same time ---- */
int stand_leave(struct proc *p, const struct blob *b, struct stop *s, bool (*stays)(const struct proc *p, u64 ip))
{
	for (u32 round = 0;; round++) {
		u32 n = 0;
		int err;

		for (u32 i = 0; i < s->n; i++) {
			struct stop_thread *th = &s->th[i];

			th->go = proc_inside(p, b, s, i) || (th->stopped && stays && stays(p, th->regs.rip));
			n += th->go;
		}
		if (!n)
			return 0;
		if (round == HANDLER) {
			err = stand_look(p, b, s);
			for (u32 i = 0; !err && i < s->n; i++)
				if (s->th[i].go && handler_inside(p, b, s, i))
					return -EBUSY;
		}
		err = round < ROUNDS ? stop_step_some(s) : -EBUSY;
		if (err)
			return err;
	}
}

int proc_quiet(struct proc *p, const struct blob *b, struct stop *s)
{
	int err = stand_leave(p, b, s, NULL);

	if (!err)
		err = stand_look(p, b, s);
	return !err && handler_inside(p, b, s, ~0u) ? -EBUSY : err;
}

/* ---- code that changes ---- */
int stand_may_change(const struct proc *p, const struct blob *b, struct stop *s, const struct patch_plan *plan)
{
	int err = stand_look(p, b, s);
	u64 to;

	for (u32 i = 0; !err && i < s->n; i++) {
		u64 ip = s->th[i].stopped ? s->th[i].regs.rip : s->th[i].pc;

		err = patch_ip_forward(plan, ip, &to);
		if (!err && !s->th[i].stopped && to != ip)
			err = -EAGAIN;
	}
	for (u32 k = 0; !err && k < s->nframes; k++)
		err = patch_ip_forward(plan, s->frames[k].ip, &to);
	return err;
}

static void move_frame(struct stop *s, struct stop_frame *f, u64 to)
{
	if (to != f->ip && !stop_write(s, f->at, &to, 8))
		f->ip = to;
}

void stand_forward(struct stop *s, const struct patch_plan *plan)
{
	u64 to;

	for (u32 i = 0; i < s->n; i++)
		if (s->th[i].stopped && !patch_ip_forward(plan, s->th[i].regs.rip, &to))
			stop_move(s, i, to);
	for (u32 k = 0; k < s->nframes; k++)
		if (!patch_ip_forward(plan, s->frames[k].ip, &to))
			move_frame(s, &s->frames[k], to);
}

int stand_off_net(const struct proc *p, const struct blob *b, struct stop *s)
{
	int err = stand_look(p, b, s);
	u64 to;

	for (u32 i = 0; !err && i < s->n; i++)
		if (s->th[i].stopped && net_stub_back(p, b, s, s->th[i].regs.rip, &to))
			stop_move(s, i, to);
	for (u32 k = 0; !err && k < s->nframes; k++)
		if (net_stub_back(p, b, s, s->frames[k].ip, &to))
			move_frame(s, &s->frames[k], to);
	return err;
}

/* Does it come back from the agent, where it waits for us, to this stub? */
static bool came_from(const struct stop *s, const struct stop_thread *th, const struct patch_plan *plan)
{
	u64 ret, to;

	return th->stopped && th->below && !stop_read(s, th->below + THUNK_FRAME, &ret, 8) && patch_ip_back(plan, ret, &to) != -ENOENT;
}

int stand_back(const struct proc *p, const struct blob *b, struct stop *s, const struct patch_plan *plan)
{
	int first = stand_look(p, b, s), err;
	u64 to;

	for (u32 i = 0; i < s->n; i++) {
		u64 ip = s->th[i].stopped ? s->th[i].regs.rip : s->th[i].pc;

		err = proc_inside(p, b, s, i) ? -EAGAIN : patch_ip_back(plan, ip, &to);
		if (!err && s->th[i].stopped)
			stop_move(s, i, to);
		else if (err != -ENOENT || came_from(s, &s->th[i], plan))
			first = -EAGAIN;
	}
	for (u32 k = 0; k < s->nframes; k++) {
		err = patch_ip_back(plan, s->frames[k].ip, &to);
		if (!err)
			move_frame(s, &s->frames[k], to);
		else if (err != -ENOENT)
			first = -EAGAIN;
	}
	/* an interrupted program, or what called it, comes back to the stub */
	return handler_inside(p, b, s, ~0u) ? -EAGAIN : first;
}
