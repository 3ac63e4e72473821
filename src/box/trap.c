/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an outer filter swallows bpf(2), as Docker's default profile does: its ERRNO wins over our notification, and our TRAP over its
 * ERRNO. So the calls it swallows are trapped, and a *turner* process, which traces all clients, sees the signal before it is delivered
 * and has the thread make the same call again under a number that nobody uses otherwise and everybody lets pass (*_old, which no kernel
 * implements). That one is a notification like all others.
 *
 * No client contains anything of ours, so static programs are served alike; only trapped calls cost more. Invariant: the thread's
 * registers are as after a system call: only the result differs.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box/priv.h"

#if defined(__x86_64__)
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* si_code */
#endif

/* What is trapped, and the number under which it comes again: rows of calls.def. */
static const struct { long nr, again; } turned[] = {
	{ __NR_bpf, __NR_epoll_ctl_old }, { __NR_perf_event_open, __NR_epoll_wait_old },
};

int trap_install(void)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_perf_event_open, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(insns), .filter = (struct sock_filter *)(uintptr_t)insns };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) ? -errno : 0;
}

/* The thread stands before SIGSYS: true when it was ours, and makes the call again now. */
static bool turn(pid_t tid)
{
	struct user_regs_struct r;
	siginfo_t si;

	if (ptrace(PTRACE_GETSIGINFO, tid, 0, &si) || si.si_code != SYS_SECCOMP || ptrace(PTRACE_GETREGS, tid, 0, &r))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(turned); i++) {
		if (si.si_syscall != turned[i].nr)
			continue;
		r.rax = (u64)turned[i].again;
		r.orig_rax = (u64)-1; /* it is in no system call that could be restarted */
		r.rip -= 2;
		return !ptrace(PTRACE_SETREGS, tid, 0, &r);
	}
	return false;
}

static void on_stop(pid_t tid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_STOP && (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)) {
		ptrace(PTRACE_LISTEN, tid, 0, 0); /* a stop of the whole group: let it be */
		return;
	}
	if (event || (sig == SIGSYS && turn(tid)))
		sig = 0;
	ptrace(PTRACE_CONT, tid, 0, sig);
}

static _Noreturn void turner(pid_t first, int ready)
{
	const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	int status, err;
	pid_t tid;

	err = ptrace(PTRACE_SEIZE, first, 0, options) ? -errno : 0;
	if (write(ready, &err, sizeof(err)) != sizeof(err) || err)
		_exit(1);
	prctl(PR_SET_NAME, "skep-turner", 0, 0, 0);
	syscall(SYS_close_range, 3, ~0u, 0); /* it outlives nobody's pipes */
	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (tid > 0 && WIFSTOPPED(status))
			on_stop(tid, status);
	_exit(0);
}

int trap_start(pid_t first)
{
	int ready[2], err = -ECHILD;
	pid_t pid;

	if (pipe(ready))
		return -errno;
	pid = fork();
	if (!pid) {
		close(ready[0]);
		turner(first, ready[1]);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &err, sizeof(err)) != sizeof(err))
		err = pid < 0 ? -errno : -ECHILD;
	close(ready[0]);
	return err;
}
#else
int trap_install(void) { return -EOPNOTSUPP; }
int trap_start(pid_t first) { (void)first; return -EOPNOTSUPP; }
#endif
