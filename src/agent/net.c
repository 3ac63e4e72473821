/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net for system calls of code that no file has (JITs'), and of sites that cannot be rewritten: syscall user dispatch.
 *
 * While it is on, calls are made by instructions inside the agent's reservation alone; the kernel answers all others with SIGSYS. Its handler
 * sends the thread to one of the stubs in entry.S instead, which does what the trampoline of a rewritten site does and goes on
 * behind the instruction: nothing is kept on the thread's stack, so calls that return twice, or on another one, are no
 * exception. Invariant: a stub belongs to one address for as long as the agent is there.
 */
#include "agent/priv.h"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/prctl.h>

#define SIGSYS       31u
#define SIGSYS_BIT   (1ull << (SIGSYS - 1))
#define SIG_DFL      0u
#define SIG_IGN      1u
#define SIG_BLOCK    0u
#define SIG_SETMASK  2u
#define USER_DISPATCH 2  /* si_code */
#define SI_CODE      8u  /* in siginfo_t */
#define UC_RIP       168u /* in ucontext_t */

u64 agent_net_at[NET_STUBS]; /* where each goes on; 0: free */

static void dispatch(bool on)
{
	syscall_anyway(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, on ? PR_SYS_DISPATCH_ON : PR_SYS_DISPATCH_OFF,
		       on ? (long)agent_head.base : 0, on ? (long)agent_head.size : 0, 0, 0);
}

void net_born(void)
{
	if (agent_head.net && !agent_sealed)
		dispatch(true);
}

static bool stub_is(u32 i, u64 after)
{
	u64 none = 0;

	return __atomic_load_n(&agent_net_at[i], __ATOMIC_RELAXED) == after ||
	       __atomic_compare_exchange_n(&agent_net_at[i], &none, after, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
	       none == after;
}

/* The address behind the instruction becomes that of a stub. With all taken the thread's calls are made as if there were no net. */
static void catch(u64 *ip)
{
	for (u32 k = 0, i = (u32)(*ip >> 1); k < NET_STUBS; k++, i++)
		if (stub_is(i % NET_STUBS, *ip)) {
			*ip = (u64)(uintptr_t)agent_net_stubs + (u64)(i % NET_STUBS) * NET_STUB_SIZE;
			return;
		}
	dispatch(false);
	*ip -= 2;
}

/* What was there before us. */
static void hand_on(int sig, u8 *info, u8 *uc)
{
	struct agent_action a = agent_head.action, none = { 0 };

	if (a.handler > SIG_IGN) {
		((void (*)(int, void *, void *))a.handler)(sig, info, uc);
	} else if (a.handler == SIG_DFL) { /* the instruction is made again, with nobody to hear of it */
		syscall6(__NR_rt_sigaction, SIGSYS, (long)&none, 0, 8, 0, 0);
		syscall6(__NR_tgkill, (long)os_call4(__NR_getpid, 0, 0, 0, 0), (long)os_call4(__NR_gettid, 0, 0, 0, 0), SIGSYS, 0, 0, 0);
	}
}

void agent_sigsys(int sig, u8 *info, u8 *uc)
{
	if (*(s32 *)(void *)(info + SI_CODE) == USER_DISPATCH)
		catch((u64 *)(void *)(uc + UC_RIP));
	else
		hand_on(sig, info, uc);
}

/* ---- the program's own dealings with that signal ---- */
static s64 set_action(const struct agent_regs *r)
{
	struct agent_action a;

	if (r->si && probe_read(&a, r->si, sizeof(a)))
		return -EFAULT;
	if (r->di != SIGSYS) {
		a.mask &= ~SIGSYS_BIT;
		return syscall6(__NR_rt_sigaction, (long)r->di, (long)&a, (long)r->dx, 8, 0, 0);
	}
	if (r->dx && probe_write(r->dx, &agent_head.action, sizeof(a)))
		return -EFAULT;
	if (r->si)
		agent_head.action = a;
	return 0;
}

/* A thread whose SIGSYS is blocked would die of a call that is caught. */
static s64 set_mask(const struct agent_regs *r, u64 mask)
{
	mask &= ~SIGSYS_BIT;
	return syscall6(__NR_rt_sigprocmask, (long)r->di, (long)&mask, (long)r->dx, 8, 0, 0);
}

bool net_call(u64 nr, const struct agent_regs *r, s64 *ret)
{
	struct agent_action a;
	u64 mask;

	if (r->r10 != 8 || agent_sealed)
		return false;
	if (nr == __NR_rt_sigaction) {
		if ((u32)r->di != SIGSYS && (!r->si || probe_read(&a, r->si, sizeof(a)) || !(a.mask & SIGSYS_BIT)))
			return false;
		*ret = set_action(r);
		return true;
	}
	if (nr != __NR_rt_sigprocmask || !r->si || ((u32)r->di != SIG_BLOCK && (u32)r->di != SIG_SETMASK) ||
	    probe_read(&mask, r->si, sizeof(mask)) || !(mask & SIGSYS_BIT))
		return false;
	*ret = set_mask(r, mask);
	return true;
}
