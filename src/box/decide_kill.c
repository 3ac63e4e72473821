/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions about signals. Whom and what are numbers in registers, so the kernel sends what was allowed. A signal to many is sent
 * when each of them may get it.
 */
#include "box/decide.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "helper/handle.h"

static s64 judge_kill(struct notif *n, const struct who *w, u32 tid, u64 sig)
{
	u64 args[4] = { handle_of(HANDLE_TASK, tid), 0, (u32)sig, 0 };

	return decide_security(n, w, SEC_task_kill, args, ARRAY_SIZE(args));
}

static s64 to_one(struct notif *n, s64 tid, u64 sig)
{
	struct who w;
	s64 ret;

	if (!decides(n->box, SEC_task_kill) || tid <= 0)
		return BOX_PASS;
	if (!who_is(n, &w))
		return -EINTR;
	ret = judge_kill(n, &w, (u32)tid, sig);
	return ret ? ret : BOX_PASS;
}

/* kill(0), kill(-group), kill(-1) */
static s64 to_many(struct notif *n, s32 whom, u64 sig)
{
	pid_t group = whom ? -whom : getpgid(n->client->pid);
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct who w;
	s64 ret = 0;

	if (!d || !who_is(n, &w))
		ret = -EINTR;
	while (!ret && (e = readdir(d))) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid > 1 && (whom == -1 ? pid != n->client->pid : getpgid(pid) == group))
			ret = judge_kill(n, &w, (u32)pid, sig);
	}
	if (d)
		closedir(d);
	return ret ? ret : BOX_PASS;
}

s64 box_kill(struct notif *n)
{
	s32 whom = (s32)n->args[0];

	if (!decides(n->box, SEC_task_kill))
		return BOX_PASS;
	return whom > 0 ? to_one(n, whom, n->args[1]) : to_many(n, whom, n->args[1]);
}

s64 box_tkill(struct notif *n) { return to_one(n, (s32)n->args[0], n->args[1]); }
s64 box_tgkill(struct notif *n) { return to_one(n, (s32)n->args[1], n->args[2]); }

/* Which process a descriptor names could be changed before the kernel looks: the signal is sent from here. */
s64 box_pidfd_kill(struct notif *n)
{
	struct acting act;
	char text[1024];
	struct who w;
	s64 ret, pid;
	int fd;

	if (!decides(n->box, SEC_task_kill))
		return BOX_PASS;
	if (n->args[2])
		return -EPERM; /* with data of its own, which only the kernel may vouch for */
	fd = client_fd(n->client, (int)n->args[0]);
	if (fd < 0)
		return fd;
	text_of(text, sizeof(text), "/proc/self/fdinfo/%d", fd);
	pid = strtol(text_value(text, "Pid"), NULL, 10);
	ret = pid <= 0 ? -EBADF : !who_is(n, &w) ? -EINTR : judge_kill(n, &w, (u32)pid, n->args[1]);
	if (!ret)
		ret = act_begin(n, &w, &act);
	if (!ret) {
		ret = syscall(SYS_pidfd_send_signal, fd, (int)n->args[1], NULL, (unsigned)n->args[3]) ? -errno : 0;
		act_end(&act);
	}
	close(fd);
	return ret;
}
