/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net for system calls that are not made at rewritten sites (agent/net.c): a thread's calls from outside of the agent's reservation
 * become signals. Then rewritten sites make theirs inside of it, at gates.
 *
 * Invariant: while some thread's calls are dispatched, the handler is in place and every rewritten site has its gate.
 */
#include "box/trace_proc.h"

#include <errno.h>
#include <linux/prctl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#ifndef PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG /* Linux 6.4 */
#define PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG 0x4210
#define PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG 0x4211
#endif
#define SA_RESTORER_FLAG 0x04000000u
#define SIGSYS_BIT (1ull << (SIGSYS - 1))
#define USER_DISPATCH 2 /* si_code */
#define ROUNDS 1000u

struct dispatch { u64 mode, selector, offset, len; };

static long dispatch_of(pid_t tid, struct dispatch *d)
{
	return ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, tid, (void *)sizeof(*d), d);
}

static long dispatch_to(pid_t tid, const struct dispatch *d)
{
	return ptrace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, tid, (void *)sizeof(*d), d);
}

/* ---- gates ---- */
struct gate { u8 code[8]; u64 back; };
_Static_assert(sizeof(struct gate) == PATCH_GATE, "patch_ip_back() knows it");

int net_gate(struct proc *p, struct stop *s, u64 *ret)
{
	s64 err;

	if (!p->ngates) {
		err = stop_syscall(s, SYS_mprotect, p->gates, PROC_GATES * PATCH_GATE, PROT_READ | PROT_EXEC, 0, 0, 0);
		if (err)
			return (int)err;
	}
	if (p->ngates == PROC_GATES)
		return -ENOMEM;
	*ret = p->gates + p->ngates++ * PATCH_GATE;
	return 0;
}

/* The instruction, and a jump to what follows it. */
int net_open_gate(struct stop *s, u64 gate, u64 back)
{
	struct gate g = { { 0x0f, 0x05, 0xff, 0x25, 0, 0, 0, 0 }, back };

	return stop_write(s, gate, &g, sizeof(g));
}

/* ---- stubs of the agent: where a thread that is in a system call by one of them is, for the program ---- */
bool net_stub_back(const struct proc *p, const struct blob *b, const struct stop *s, u64 ip, u64 *ret)
{
	u64 off = ip - (p->base + b->exp->net_stubs), at = off % NET_STUB_SIZE, after;

	if (off >= NET_STUBS * NET_STUB_SIZE || (at != NET_AFTER && at != NET_AFTER - 2) ||
	    stop_read(s, p->base + b->exp->net_at + off / NET_STUB_SIZE * 8, &after, 8))
		return false;
	*ret = after - (NET_AFTER - at);
	return true;
}

/* ---- on and off ---- */
static u64 head_field(const struct proc *p, const struct blob *b, size_t field) { return p->base + b->exp->head + field; }

static int set_action(struct proc *p, struct stop *s, const struct agent_action *a, struct agent_action *old)
{
	u64 at = proc_alloc(p, 2 * sizeof(*a));
	s64 err = at ? stop_write(s, at, a, sizeof(*a)) : -ENOMEM;

	if (!err)
		err = stop_syscall(s, SYS_rt_sigaction, SIGSYS, at, at + sizeof(*a), 8, 0, 0);
	if (!err && old)
		err = stop_read(s, at + sizeof(*a), old, sizeof(*old));
	proc_release(p, at, 2 * sizeof(*a));
	return (int)err;
}

static int catch_signal(struct proc *p, const struct blob *b, struct stop *s)
{
	struct agent_action old, a = { .handler = p->base + b->exp->sigsys,
				       .flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK | SA_RESTART | SA_RESTORER_FLAG,
				       .restorer = p->base + b->exp->sigreturn };
	u32 on = 1;
	int err = set_action(p, s, &a, &old);

	if (!err)
		err = stop_write(s, head_field(p, b, offsetof(struct agent_head, action)), &old, sizeof(old));
	return err ? err : stop_write(s, head_field(p, b, offsetof(struct agent_head, net)), &on, sizeof(on));
}

/* A thread in which the signal is blocked would be killed by it. */
static void unblock(struct stop *s, u32 i)
{
	u64 mask;

	if (!i && s->working) {
		s->mask &= ~SIGSYS_BIT;
	} else if (!ptrace(PTRACE_GETSIGMASK, s->th[i].tid, (void *)8, &mask) && mask & SIGSYS_BIT) {
		mask &= ~SIGSYS_BIT;
		ptrace(PTRACE_SETSIGMASK, s->th[i].tid, (void *)8, &mask);
	}
}

int net_on(struct proc *p, const struct blob *b, struct stop *s, struct str *why)
{
	struct dispatch want = { PR_SYS_DISPATCH_ON, 0, p->base, p->size }, has;
	int err = 0;

	for (u32 i = 0; i < s->n; i++) {
		if (!s->th[i].stopped)
			continue;
		if (dispatch_of(s->th[i].tid, &has)) {
			trace_say(why, "process %d: system calls of code without a file are seen with Linux 6.4 and later", p->pid);
			return -EOPNOTSUPP;
		}
		if (has.mode && has.offset != p->base) {
			trace_say(why, "process %d: it dispatches system calls itself", p->pid);
			return -EOPNOTSUPP;
		}
	}
	if (!p->net)
		err = catch_signal(p, b, s);
	if (err)
		return err;
	p->net = true;
	for (u32 i = 0; i < s->n; i++) {
		if (!s->th[i].stopped) {
			err = -EAGAIN;
			continue;
		}
		unblock(s, i);
		if (dispatch_to(s->th[i].tid, &want))
			return -ESRCH;
	}
	return err;
}

/* Has its call been caught, and nobody heard yet? */
static bool is_caught(pid_t tid)
{
	struct __ptrace_peeksiginfo_args a = { .nr = 8 };
	siginfo_t si[8];
	long n = ptrace(PTRACE_PEEKSIGINFO, tid, &a, si);

	for (long i = 0; i < n; i++)
		if (si[i].si_signo == SIGSYS && si[i].si_code == USER_DISPATCH)
			return true;
	return false;
}

/* Calls that were caught last are made: by the handler, while it is there. */
static int drain(struct stop *s)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		u32 n = 0;
		int err;

		for (u32 i = 0; i < s->n; i++) {
			s->th[i].go = s->th[i].stopped && is_caught(s->th[i].tid);
			n += s->th[i].go;
		}
		err = n ? stop_step_some(s) : 0;
		if (err || !n)
			return err;
	}
	return -EBUSY;
}

int net_off(struct proc *p, const struct blob *b, struct stop *s)
{
	struct dispatch none = { 0 }, has;
	struct agent_action a;
	u32 off = 0;
	int err = 0;

	if (!p->net)
		return 0;
	for (u32 i = 0; i < s->n; i++)
		if (!s->th[i].stopped)
			err = -EBUSY;
		else if (!dispatch_of(s->th[i].tid, &has) && has.mode && has.offset == p->base)
			dispatch_to(s->th[i].tid, &none);
	if (!err)
		err = drain(s);
	if (!err)
		err = stop_read(s, head_field(p, b, offsetof(struct agent_head, action)), &a, sizeof(a));
	if (!err)
		err = set_action(p, s, &a, NULL);
	if (!err)
		err = stop_write(s, head_field(p, b, offsetof(struct agent_head, net)), &off, sizeof(off));
	p->net = err != 0;
	return err;
}
