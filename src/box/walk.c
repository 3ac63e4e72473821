/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a client's path leads, step by step, as the kernel would lead the client: from its root and its working directory, with its
 * /proc/self, through its mounts. Names are looked up with O_PATH, which opens nothing.
 */
#include "box/decide.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PROC_FS 0x9fa0
#define PROC_ROOT 1
#define MAX_LINKS 40
#define LOOK (O_PATH | O_CLOEXEC)

struct walker {
	struct notif *n;
	int root, cur;
	char rest[8192]; /* what is still to be walked */
	u32 links;
};

static int of_client(const struct notif *n, const char *what)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", n->tid, what);
	fd = open(path, LOOK | O_DIRECTORY);
	if (fd >= 0 && !notif_alive(n)) {
		close(fd);
		return -EINTR;
	}
	return fd < 0 ? -errno : fd;
}

static void move(struct walker *k, int fd)
{
	close(k->cur);
	k->cur = fd;
}

static bool same(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/*
 * Names below /proc/PID that tell nothing but to who may look into the process. The kernel asks whether the supervisor may, which may look
 * into everybody: for processes that are not of the box the client, which is fenced off them, is told that it may not.
 */
static bool is_public(const char *name)
{
	static const char *const names[] = { "task", "stat", "statm", "status", "comm", "cmdline", "cgroup", "limits", "mounts", "mountinfo",
					     "oom_score", "oom_score_adj", "oom_adj", "sched", "schedstat", "sessionid", "loginuid", "net",
					     "uid_map", "gid_map", "setgroups", "attr", "wchan", "cpuset", "." };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return name[strspn(name, "0123456789")] == '\0'; /* a thread */
}

/* The process that a directory of /proc belongs to; 0: none, -1: unknown. */
static pid_t owner_of(int dir)
{
	int at = dup(dir);
	pid_t pid = -1;

	for (int depth = 0; depth < 8 && at >= 0; depth++) {
		struct statfs fs;
		struct stat st;
		char text[512];
		ssize_t got;
		int fd, above;

		if (fstatfs(at, &fs) || fs.f_type != PROC_FS || fstat(at, &st))
			break;
		fd = openat(at, "status", O_RDONLY | O_CLOEXEC);
		got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		text[got > 0 ? got : 0] = '\0';
		if (got > 0 && strstr(text, "\nTgid:")) {
			pid = atoi(strstr(text, "\nTgid:") + 6);
			break;
		}
		if (st.st_ino == PROC_ROOT) {
			pid = 0;
			break;
		}
		above = openat(at, "..", LOOK | O_DIRECTORY);
		close(at);
		at = above;
	}
	if (at >= 0)
		close(at);
	return pid;
}

static bool may_look(const struct walker *k, const char *name)
{
	struct statfs fs;
	struct stat st;
	pid_t pid;

	if (fstatfs(k->cur, &fs) || fs.f_type != PROC_FS || fstat(k->cur, &st) || st.st_ino == PROC_ROOT || is_public(name))
		return true;
	pid = owner_of(k->cur);
	return !pid || (pid != getpid() && (!k->n->box->opts.enforce || client_known(k->n->box, pid)));
}

/* Text of a link in the current directory, which is put before the rest. 0, -errno, 1: it is followed by the kernel only. */
static int link_text(struct walker *k, const char *name, int link, bool dir)
{
	char text[4096];
	struct statfs fs;
	struct stat st;
	ssize_t len;

	if (!fstatfs(k->cur, &fs) && fs.f_type == PROC_FS) {
		if (fstat(k->cur, &st) || st.st_ino != PROC_ROOT)
			return 1;
		if (!strcmp(name, "self"))
			len = snprintf(text, sizeof(text), "%d", k->n->client->pid);
		else if (!strcmp(name, "thread-self"))
			len = snprintf(text, sizeof(text), "%d/task/%d", k->n->client->pid, k->n->tid);
		else
			len = readlinkat(link, "", text, sizeof(text) - 1);
	} else {
		len = readlinkat(link, "", text, sizeof(text) - 1);
	}
	if (len < 0)
		return -errno;
	if ((size_t)len + strlen(k->rest) + 2 > sizeof(k->rest))
		return -ENAMETOOLONG;
	memmove(k->rest + len + 1, k->rest, strlen(k->rest) + 1);
	memcpy(k->rest, text, (size_t)len);
	k->rest[len] = '/';
	if (!k->rest[len + 1] && !dir)
		k->rest[len] = '\0'; /* it was the last: what it leads to need not be a directory */
	if (k->rest[0] == '/')
		move(k, dup(k->root));
	return 0;
}

/* One step down to `name`: 0, -errno; `found` is the file when it was the last one, else the walk goes on in it. */
static int step(struct walker *k, const char *name, bool last, bool nofollow, bool dir, int *ret_found)
{
	int fd = may_look(k, name) ? openat(k->cur, name, LOOK | O_NOFOLLOW) : (errno = EACCES, -1), err;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		err = -errno;
		close(fd);
		return err;
	}
	if (S_ISLNK(st.st_mode) && !(last && nofollow && !dir)) {
		err = ++k->links > MAX_LINKS ? -ELOOP : link_text(k, name, fd, dir);
		close(fd);
		if (err <= 0)
			return err;
		fd = openat(k->cur, name, LOOK);
		if (fd < 0)
			return -errno;
		fstat(fd, &st);
	}
	if ((!last || dir) && !S_ISDIR(st.st_mode)) {
		close(fd);
		return -ENOTDIR;
	}
	if (last)
		*ret_found = fd;
	else
		move(k, fd);
	return 0;
}

static int up(struct walker *k)
{
	int fd;

	if (same(k->cur, k->root))
		return 0;
	fd = openat(k->cur, "..", LOOK | O_DIRECTORY);
	if (fd < 0)
		return -errno;
	move(k, fd);
	return 0;
}

static int run(struct walker *k, bool nofollow, struct walk *w)
{
	char name[256];
	int err = 0;

	while (!err && w->at == -ENOENT) {
		size_t skip = strspn(k->rest, "/"), len = strcspn(k->rest + skip, "/"), after = skip + len;
		bool dir = k->rest[after] == '/', last;

		after += strspn(k->rest + after, "/");
		last = !k->rest[after];
		if (len >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, k->rest + skip, len);
		name[len] = '\0';
		memmove(k->rest, k->rest + after, strlen(k->rest + after) + 1);
		if (!len || !strcmp(name, "."))
			err = 0;
		else if (!strcmp(name, ".."))
			err = up(k);
		else
			err = step(k, name, last, nofollow, dir, &w->at);
		if (w->at >= 0 || (err == -ENOENT && last && !dir)) {
			snprintf(w->last, sizeof(w->last), "%s", name);
			w->dir = dup(k->cur);
			return 0;
		}
		if (!err && !k->rest[0]) /* it ended in a directory: "/", "..", a link to one */
			w->at = dup(k->cur);
	}
	return err;
}

int walk(struct notif *n, int dirfd, const char *path, bool nofollow, struct walk *w)
{
	struct walker k = { .n = n, .root = of_client(n, "root"), .cur = -1 };
	int err;

	*w = (struct walk){ .at = -ENOENT, .dir = -1 };
	if (!path[0])
		err = -ENOENT;
	else if (k.root < 0)
		err = k.root;
	else {
		k.cur = path[0] == '/' ? dup(k.root) : dirfd == AT_FDCWD ? of_client(n, "cwd") : client_fd(n->client, dirfd);
		snprintf(k.rest, sizeof(k.rest), "%s", path);
		err = k.cur < 0 ? k.cur : run(&k, nofollow, w);
	}
	if (k.root >= 0)
		close(k.root);
	if (k.cur >= 0)
		close(k.cur);
	if (err)
		walk_end(w);
	return err;
}

void walk_end(struct walk *w)
{
	if (w->at >= 0)
		close(w->at);
	if (w->dir >= 0)
		close(w->dir);
	*w = (struct walk){ .at = -ENOENT, .dir = -1 };
}

/* ---- calls that take a path themselves: names of sockets ---- */
int walk_enter(struct notif *n, const struct who *w)
{
	int root = of_client(n, "root"), cwd = of_client(n, "cwd"), ours = open("/", LOOK), err = 0;

	/* threads that serve have a working directory of their own (serve.c), but no root */
	if (root < 0 || cwd < 0 || ours < 0 || !same(root, ours) || fchdir(cwd))
		err = -EPERM;
	umask((mode_t)w->umask);
	if (root >= 0)
		close(root);
	if (cwd >= 0)
		close(cwd);
	if (ours >= 0)
		close(ours);
	return err;
}

void walk_leave(void)
{
	umask(077);
	if (chdir("/"))
		return;
}
