/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for children where another thread traces them: waitpid() would take the tracer's stops, and take a stop for an end.
 */
#ifndef SKEP_BASE_CHILD_H
#define SKEP_BASE_CHILD_H

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

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

#endif
