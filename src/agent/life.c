/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Life of a traced process: code that it maps, children that it forks, execve. Seen at system calls. Some of these the supervisor
 * must know before the thread goes on (new code is to be rewritten before it runs).
 */
#include "agent/priv.h"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>

#include "map/map.h"
#include "map/os.h"

/* ---- at system calls ---- */
/* Will it kill to make what calls the agent makes? Nobody knows: there are none from then on. */
static bool seals(u64 nr, const struct agent_regs *r)
{
	if (nr == __NR_prctl)
		return (u32)r->di == PR_SET_SECCOMP;
	return nr == __NR_seccomp && ((u32)r->di == SECCOMP_SET_MODE_STRICT || (u32)r->di == SECCOMP_SET_MODE_FILTER);
}

void life_enter(struct agent_thread *t, u64 nr)
{
	switch (nr) {
	case __NR_execve:
	case __NR_execveat:
		agent_tell(t, AGENT_REQ_EXEC, 0, 0);
		break;
	case __NR_clone:
	case __NR_clone3:
		agent_head.clone_nr = (u32)nr;
		break;
	case __NR_prctl:
	case __NR_seccomp:
		if (!agent_sealed && seals(nr, &t->regs)) {
			agent_tid();
			agent_seal();
			t->seals = agent_sealed = 1;
		}
		break;
	case __NR_arch_prctl:
		if (t->regs.di == ARCH_SET_FS)
			t->fs = t->regs.si; /* it comes back as the same thread */
		break;
	default:
		break;
	}
}

/* A child with memory of its own: a copy of all this. */
static void born(struct agent_thread *t)
{
	u32 pid = (u32)os_call4(__NR_getpid, 0, 0, 0, 0), parent = agent_head.known_pid;

	if (agent_sealed) {
		agent_head.known_pid = t->in_vfork ? parent : 0; /* it cannot ask who it is */
		return;
	}
	if (pid == parent || t->in_vfork)
		return;
	agent_head.known_pid = pid;
	agent_tell(t, AGENT_REQ_FORKED, parent, 0);
}

void life_exit(struct agent_thread *t, u64 nr, s64 ret)
{
	const struct agent_regs *r = &t->regs;

	switch (nr) {
	case __NR_mmap:
		if (ret > 0 && (r->dx & PROT_EXEC) && !(r->r10 & MAP_ANONYMOUS))
			agent_tell(t, AGENT_REQ_MAPPED, (u64)ret, 0);
		break;
	case __NR_prctl:
	case __NR_seccomp:
		if (t->seals && ret < 0)
			agent_sealed = 0; /* it was refused */
		else if (t->seals &&
			 (nr == __NR_prctl ? (u32)r->si == SECCOMP_MODE_STRICT : (u32)r->di == SECCOMP_SET_MODE_STRICT))
			agent_head.vdso_clock = 0; /* the processor's counter was given up too */
		t->seals = 0;
		break;
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
		if (ret)
			break;
		net_born();
		born(t);
		break;
	default:
		break;
	}
}
