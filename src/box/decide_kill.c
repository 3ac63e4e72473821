/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions about signals. Whom and what are numbers in registers, so the kernel sends what was allowed. A signal to many is sent
 * when each of them may get it.
 */
#include "box/decide.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "helper/handle.h"

/* ---- whom a client means ---- */
/* Its numbers of processes: those of a namespace that lies `below` levels under this process's. */
struct numbers { u64 ns; u32 below; };

/* What a line of a status file (NSpid, NSpgid) has for the namespace `below` levels down; 0: that is none of its namespaces. */
static pid_t number_there(char *text, const char *key, u32 below)
{
	char *at = text_value(text, key);
	long v = strtol(at, &at, 10);

	while (below-- && v)
		v = *at == '\n' ? 0 : strtol(at, &at, 10);
	return (pid_t)v;
}

static int numbers_of(const struct notif *n, struct numbers *ret)
{
	char path[40], text[4096];
	struct stat its, ours;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", n->tid);
	if (stat(path, &its) || stat("/proc/self/ns/pid", &ours))
		return -EPERM;
	*ret = (struct numbers){ .ns = its.st_ino };
	if (its.st_ino == ours.st_ino)
		return 0;
	text_of(text, sizeof(text), "/proc/%d/status", n->tid);
	while (number_there(text, "NSpid", ret->below + 1))
		ret->below++;
	return ret->below ? 0 : -EPERM;
}

/* Is the process in that namespace, or in one below it? */
static bool is_there(const struct numbers *in, pid_t pid)
{
	char path[40], text[4096];
	struct stat st = { 0 };
	u32 depth = 0;
	int fd, up;

	if (!in->below)
		return true;
	text_of(text, sizeof(text), "/proc/%d/status", pid);
	while (number_there(text, "NSpid", depth + 1))
		depth++;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	fd = depth < in->below ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	for (; fd >= 0 && depth > in->below; depth--, fd = up) {
		up = ioctl(fd, NS_GET_PARENT);
		close(fd);
	}
	if (fd < 0 || fstat(fd, &st))
		st.st_ino = 0;
	if (fd >= 0)
		close(fd);
	return st.st_ino == in->ns;
}

/* Our number for its thread (or, by "NSpgid", for its group); 0: it has none of that number. */
static pid_t ours_of(const struct numbers *in, pid_t its, const char *key)
{
	DIR *d = in->below ? opendir("/proc") : NULL, *threads;
	pid_t found = in->below ? 0 : its;
	char path[40], text[4096];
	struct dirent *e;

	while (d && !found && (e = readdir(d))) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid <= 0 || !is_there(in, pid))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task", pid);
		threads = opendir(path);
		while (threads && !found && (e = readdir(threads))) {
			text_of(text, sizeof(text), "%s/%s/status", path, e->d_name);
			if (number_there(text, key, in->below) == its)
				found = number_there(text, key, 0);
		}
		if (threads)
			closedir(threads);
	}
	if (d)
		closedir(d);
	return found;
}

/* ---- asking ---- */
static s64 judge_kill(struct notif *n, const struct who *w, u32 tid, u64 sig)
{
	u64 args[4] = { handle_of(HANDLE_TASK, tid), 0, (u32)sig, 0 };

	return decide_security(n, w, SEC_task_kill, args, ARRAY_SIZE(args));
}

static s64 to_one(struct notif *n, s64 tid, u64 sig)
{
	struct numbers in;
	struct who w;
	pid_t pid;
	s64 ret;

	if (!decides(n->box, SEC_task_kill) || tid <= 0)
		return BOX_PASS;
	if (!who_is(n, &w))
		return -EINTR;
	ret = numbers_of(n, &in);
	pid = ret ? 0 : ours_of(&in, (pid_t)tid, "NSpid");
	if (!ret)
		ret = pid ? judge_kill(n, &w, (u32)pid, sig) : -ESRCH;
	return ret ? ret : BOX_PASS;
}

/* kill(0), kill(-group), kill(-1) */
static s64 to_many(struct notif *n, s32 whom, u64 sig)
{
	pid_t group = whom ? 0 : getpgid(n->client->pid);
	struct numbers in = { 0, 0 };
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct who w;
	s64 ret = !d || !who_is(n, &w) ? -EINTR : numbers_of(n, &in);

	if (!ret && whom < -1)
		group = ours_of(&in, -whom, "NSpgid");
	if (!ret && whom != -1 && !group)
		ret = -ESRCH;
	while (!ret && (e = readdir(d))) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid > 1 && (whom == -1 ? pid != n->client->pid && is_there(&in, pid) : getpgid(pid) == group))
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
