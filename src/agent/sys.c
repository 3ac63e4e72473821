/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls inside a traced process: the programs on their entry and exit.
 *
 * Between entry and exit nothing is kept on the thread's stack, which a vfork child shares; the block keeps the number. A record
 * is what the tracepoint's format file says: 8 bytes that are common to all, then the fields.
 */
#include "agent/priv.h"

#include <errno.h>
#include <linux/sched.h>

#include "map/os.h"
#include "spec/spec.h"

#define LIST(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)

/*
 * What the kernel's function of the call is entered with: its own registers, the first argument of which leads to the caller's. At its
 * return the result is in ax.
 */
static __attribute__((noinline)) void run_func(struct agent_thread *t, const struct agent_ref *ref)
{
	u64 frame[2] = { 0 };
	struct agent_regs r = { .di = (u64)(uintptr_t)&t->regs, .si = t->regs.orig_ax, .ax = t->regs.ax, .orig_ax = ~0ull, .ip = ref->func,
				.cs = 0x10, .ss = 0x18, .flags = 0x246, .sp = (u64)(uintptr_t)frame };

	agent_run(t, ref, &r);
}

/* The record of one call, or the arguments of a raw tracepoint. */
static void run_calls(struct agent_thread *t, const struct agent_list *l, u64 *record, u64 *raw)
{
	for (u32 i = 0; l && i < l->n; i++)
		if (!agent_wanted(t, &l->ref[i])) {
			continue;
		} else if (l->ref[i].prog_type == BPF_PROG_TYPE_KPROBE) {
			run_func(t, &l->ref[i]);
		} else {
			t->env.func_args = l->ref[i].func != 0; /* the registers */
			agent_run(t, &l->ref[i], l->ref[i].prog_type == BPF_PROG_TYPE_TRACEPOINT ? (void *)record : (void *)raw);
		}
}

/* Does the child of this call run on the caller's stack, in the caller's block? */
static bool is_vfork(u64 nr, const struct agent_regs *r)
{
	u64 flags = 0;

	if (nr == __NR_vfork)
		return true;
	if (nr == __NR_clone)
		flags = r->di;
	else if (nr == __NR_clone3)
		probe_read(&flags, r->di, sizeof(flags));
	return (flags & (CLONE_VM | CLONE_VFORK)) == (CLONE_VM | CLONE_VFORK);
}

static bool changes_life(u64 nr)
{
	return nr - __NR_clone <= __NR_execve - __NR_clone || nr == __NR_clone3 || nr == __NR_execveat ||
	       nr - __NR_prctl <= __NR_arch_prctl - __NR_prctl || nr == __NR_seccomp;
}

/* Before and after the programs: registers as the kernel shows them at a call. */
static void show_regs(struct agent_thread *t, u64 nr, u64 ax)
{
	agent_at(t, t->regs.ip);
	t->regs.orig_ax = nr;
	t->regs.ax = ax;
	t->regs.flags = 0x202;
}

/* One program that asks for nothing, and only sees the record. */
static inline bool run_plain(struct agent_thread *t, const struct agent_list *raw, const struct agent_list *one)
{
	const struct agent_ref *ref = &one->ref[0];

	if (unlikely(raw || one->n != 1 || ref->flags || ref->prog_type != BPF_PROG_TYPE_TRACEPOINT ||
		     (ref->pid >= 0 && (u32)ref->pid != agent_head.self->pid)))
		return false;
	ref->entry(t->record, &t->run);
	return true;
}

static __attribute__((noinline)) void run_enter(struct agent_thread *t, const struct agent_list *raw,
						const struct agent_list *one, u64 nr)
{
	struct agent_regs *r = &t->regs;
	u64 args[2] = { (u64)(uintptr_t)r, nr }, *rec = t->record;

	show_regs(t, nr, (u64)-ENOSYS);
	t->env.func_returned = false;
	run_calls(t, raw, rec, args);
	rec[1] = (u32)nr;
	run_calls(t, one, rec, args);
	r->orig_ax = ~0ull;
}

static __attribute__((noinline)) void run_exit(struct agent_thread *t, const struct agent_list *raw,
					       const struct agent_list *one, u64 nr, u64 ret)
{
	u64 args[2] = { (u64)(uintptr_t)&t->regs, ret }, *rec = t->record;

	show_regs(t, nr, ret);
	t->env.func_returned = true;
	run_calls(t, raw, rec, args);
	rec[1] = (u32)nr;
	run_calls(t, one, rec, args);
	t->regs.orig_ax = ~0ull;
}

/* At its first call a new program says that it has come out of execve. */
static __attribute__((noinline)) void came_from_exec(struct agent_thread *t)
{
	u64 nr = agent_head.exec_nr, ax = t->regs.ax, flags = t->regs.flags;

	agent_head.exec_nr = 0;
	t->record[1] = nr;
	t->record[2] = 0;
	run_exit(t, LIST(agent_head.sys->raw_exit), LIST(agent_head.sys->exit[nr]), nr, 0);
	t->regs.ax = ax;
	t->regs.flags = flags;
}

static void set_vfork(struct agent_thread *t, u32 in)
{
	__atomic_fetch_add(&agent_head.vforks, in - t->in_vfork, __ATOMIC_RELAXED);
	t->in_vfork = in;
}

/* Non-zero: the call is not to be made, its result is in the place of rax. */
HOT u64 agent_sys_enter(struct agent_thread *t)
{
	const struct agent_sys *s = agent_head.sys;
	u64 nr = t->regs.ax;
	s64 ret;
	const struct agent_list *raw = LIST(s->raw_enter), *one = nr < AGENT_SYSCALLS ? LIST(s->enter[nr]) : NULL;

	if (unlikely(agent_head.exec_nr))
		came_from_exec(t);
	t->sys_nr = nr;
	if (unlikely(t->in_vfork && (u32)os_call4(__NR_getpid, 0, 0, 0, 0) == agent_pid()))
		set_vfork(t, 0);
	if (unlikely(changes_life(nr)) && is_vfork(nr, &t->regs)) {
		agent_self();
		t->vfork_nr = nr;
		set_vfork(t, 1);
	}
	if (raw || one) {
		const struct agent_regs *r = &t->regs;
		u64 *rec = t->record;

		rec[1] = nr;
		rec[2] = r->di, rec[3] = r->si, rec[4] = r->dx, rec[5] = r->r10, rec[6] = r->r8, rec[7] = r->r9;
		if (!one || !run_plain(t, raw, one))
			run_enter(t, raw, one, nr);
	}
	if (unlikely(changes_life(nr)))
		life_enter(t, nr);
	if (unlikely(agent_head.net) && net_call(nr, &t->regs, &ret)) {
		t->regs.ax = (u64)ret;
		agent_sys_exit(t);
		return 1;
	}
	return 0;
}

HOT void agent_sys_exit(struct agent_thread *t)
{
	u64 nr = t->sys_nr, ret = t->regs.ax;
	const struct agent_list *raw, *one;

	if (unlikely(t->in_vfork && ret && agent_tgid() == agent_pid())) {
		nr = t->vfork_nr; /* the child is on its own now: this is the parent again */
		set_vfork(t, 0);
	}
	if (unlikely(nr == __NR_mmap || changes_life(nr)))
		life_exit(t, nr, (s64)ret);
	raw = LIST(agent_head.sys->raw_exit);
	one = nr < AGENT_SYSCALLS ? LIST(agent_head.sys->exit[nr]) : NULL;
	if (raw || one) {
		t->record[1] = nr;
		t->record[2] = ret;
		if (!one || !run_plain(t, raw, one))
			run_exit(t, raw, one, nr, ret);
	}
}
