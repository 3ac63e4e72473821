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

/* The record of one call, or the arguments of a raw tracepoint. */
static void run_calls(struct agent_thread *t, const struct agent_list *l, u64 *record, u64 *raw)
{
	for (u32 i = 0; l && i < l->n; i++)
		if (agent_wanted(t, &l->ref[i]))
			agent_run(t, &l->ref[i], l->ref[i].prog_type == BPF_PROG_TYPE_TRACEPOINT ? (void *)record : (void *)raw);
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

/* Non-zero: the call is not to be made, its result is in the place of rax. */
HOT u64 agent_sys_enter(struct agent_thread *t)
{
	const struct agent_sys *s = agent_head.sys;
	struct agent_regs *r = &t->regs;
	u64 nr = r->ax, args[6] = { r->di, r->si, r->dx, r->r10, r->r8, r->r9 };
	u64 raw[2] = { (u64)(uintptr_t)r, nr };

	t->sys_nr = nr;
	if (unlikely(t->in_vfork && (u32)os_call4(__NR_getpid, 0, 0, 0, 0) == agent_pid()))
		t->in_vfork = 0;
	if (unlikely(is_vfork(nr, r))) {
		t->vfork_nr = nr;
		t->in_vfork = 1;
	}
	agent_at(t, r->ip);
	r->orig_ax = nr;
	r->ax = (u64)-ENOSYS;
	r->flags = 0x202;
	t->record[0] = 0;
	t->record[1] = nr;
	memcpy(t->record + 2, args, sizeof(args));
	run_calls(t, LIST(s->raw_enter), t->record, raw);
	t->record[1] = (u32)nr;
	if (nr < AGENT_SYSCALLS)
		run_calls(t, LIST(s->enter[nr]), t->record, raw);
	r->ax = nr;
	r->orig_ax = ~0ull;
	life_enter(t, nr);
	return 0;
}

HOT void agent_sys_exit(struct agent_thread *t)
{
	const struct agent_sys *s;
	struct agent_regs *r = &t->regs;
	u64 nr = t->sys_nr, ret = r->ax, raw[2] = { (u64)(uintptr_t)r, ret };

	if (unlikely(t->in_vfork && ret && agent_tgid() == agent_pid())) {
		nr = t->vfork_nr; /* the child is on its own now: this is the parent again */
		t->in_vfork = 0;
	}
	life_exit(t, nr, (s64)ret);
	s = agent_head.sys;
	agent_at(t, r->ip);
	r->orig_ax = nr;
	r->flags = 0x202;
	t->record[0] = 0;
	t->record[1] = nr;
	t->record[2] = ret;
	run_calls(t, LIST(s->raw_exit), t->record, raw);
	t->record[1] = (u32)nr;
	if (nr < AGENT_SYSCALLS)
		run_calls(t, LIST(s->exit[nr]), t->record, raw);
	r->orig_ax = ~0ull;
}
