/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for children where another thread traces them: waitpid() would take the tracer's stops, and take a stop for an end.
 */
#ifndef SKEP_BASE_CHILD_H
#define SKEP_BASE_CHILD_H

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

/* Reap a child that has ended (P_PID and its number, or P_ALL): its number; 0: none has; -1: there is none. Does not wait. */
static inline pid_t child_ended(idtype_t type, pid_t id, int *ret_status)
{
	siginfo_t si = { .si_code = 0 };

	si.si_pid = 0;
	if (waitid(type, (id_t)id, &si, WEXITED | WNOHANG | WNOWAIT))
		return errno == EINTR ? 0 : -1;
	if (!si.si_pid || (si.si_code != CLD_EXITED && si.si_code != CLD_KILLED && si.si_code != CLD_DUMPED))
		return 0;
	return waitpid(si.si_pid, ret_status, WNOHANG);
}

/* Is `tid` a process of its own, and a child of this one? */
static inline bool child_own(pid_t tid)
{
	char text[4096];

	text_of(text, sizeof(text), "/proc/%d/status", tid);
	return text_number(text, "Tgid", 10) == (u64)tid && text_number(text, "PPid", 10) == (u64)getpid();
}

/*
 * waitpid(tid, ret_status, __WALL | flags) for a tracer whose process can be the tracee's parent, too: the end of a child is told
 * and left for the thread that waits for children.
 */
static inline pid_t tracee_wait(pid_t tid, int *ret_status, int flags)
{
	siginfo_t si = { .si_code = 0 };

	si.si_pid = 0;
	if (waitid(P_PID, (id_t)tid, &si, WEXITED | WSTOPPED | WNOWAIT | __WALL | (flags & WNOHANG)))
		return -1;
	if (!si.si_pid)
		return 0;
	if ((si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED) && child_own(tid)) {
		*ret_status = si.si_code == CLD_EXITED ? (si.si_status & 0xff) << 8 : si.si_status & 0x7f;
		return tid;
	}
	return waitpid(tid, ret_status, __WALL | WNOHANG);
}

#endif
