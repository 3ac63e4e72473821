/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions about files: opening them, executing them, making and removing directories and names.
 *
 * Invariant: the file that is opened is the one that was judged: the path is walked once, to an O_PATH descriptor, which programs see
 * and which is then opened. An execve(2) can only be made by its caller: there what the client has become is compared with
 * what was allowed at its next stopped call (decide_image), before that call is answered.
 */
#include "box/decide.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "helper/file.h"
#include "hook/hook.h"
#include "hook/mirror.h"

#define INTERPRETERS 5 /* a script's interpreter may be a script */

static int again(int fd, int flags)
{
	char path[40];
	int got;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	got = open(path, flags | O_CLOEXEC);
	return got < 0 ? -errno : got;
}

/* ---- asking ---- */
static s64 judge_device(struct notif *n, const struct who *w, const struct stat *st, u64 flags)
{
	bool block = S_ISBLK(st->st_mode);
	u32 access = (flags & O_ACCMODE) == O_RDONLY ? BPF_DEVCG_ACC_READ :
		     (flags & O_ACCMODE) == O_WRONLY ? BPF_DEVCG_ACC_WRITE : BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
	struct bpf_cgroup_dev_ctx c = { .access_type = access << 16 | (block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
					.major = major(st->st_rdev), .minor = minor(st->st_rdev) };
	struct hook_event ev = { .ctx = &c };

	return block || S_ISCHR(st->st_mode) ? decide_cgroup(n, w, BPF_CGROUP_DEVICE, &ev) : 0;
}

/* Programs see the file by our descriptor, which stays ours. */
static s64 judge_file(struct notif *n, const struct who *w, int fd, u64 flags)
{
	struct stat st;
	u64 file;
	s64 ret = 0;

	if (decides_cgroup(n->box, BPF_CGROUP_DEVICE))
		ret = fstat(fd, &st) ? -errno : judge_device(n, w, &st, flags);
	if (ret || !decides(n->box, SEC_file_open))
		return ret;
	file = file_new(dup(fd));
	if (!file)
		return -ENFILE;
	file_opened(file, (u32)flags);
	ret = decide_security(n, w, SEC_file_open, &file, 1);
	file_put(file);
	return ret;
}

/* ---- opening ---- */
/* /dev/tty is whoever's terminal the caller has: the client's. */
static int open_tty(const struct notif *n, int flags)
{
	char path[40], text[1024], *at;
	int fd, tty;

	text_of(text, sizeof(text), "/proc/%d/stat", n->tid);
	at = text_stat(text, 7);
	tty = at ? atoi(at) : 0;
	if ((tty >> 8 & 0xfff) < 136 || (tty >> 8 & 0xfff) > 143)
		return -ENXIO;
	snprintf(path, sizeof(path), "/dev/pts/%d", ((tty >> 8 & 0xfff) - 136) * 256 + (tty & 0xff));
	fd = open(path, flags | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The end of a pipe waits for the other end, in the client's place. */
static int open_fifo(struct notif *n, int at, int flags)
{
	int fd = again(at, flags | O_NONBLOCK), err;

	while (fd == -ENXIO && (flags & O_ACCMODE) == O_WRONLY) {
		err = wait_for(n, -1, 0, 5);
		if (err != -EAGAIN)
			return err;
		fd = again(at, flags | O_NONBLOCK);
	}
	if (fd < 0)
		return fd;
	err = (flags & O_ACCMODE) == O_RDONLY ? wait_for(n, fd, POLLIN | POLLHUP, -1) : 0;
	if (err) {
		close(fd);
		return err;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

static int open_found(struct notif *n, int at, u64 flags)
{
	int how = (int)flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fstat(at, &st))
		return -errno;
	if (flags & O_DIRECTORY && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (flags & O_CREAT && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 0))
		return open_tty(n, how);
	if (S_ISFIFO(st.st_mode) && !(flags & O_NONBLOCK) && (flags & O_ACCMODE) != O_RDWR)
		return open_fifo(n, at, how);
	return again(at, how | O_NOCTTY);
}

static int open_new(const struct walk *k, const struct who *w, u64 flags, u64 mode)
{
	mode_t old = umask((mode_t)w->umask);
	int fd = openat(k->dir, k->last, (int)flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode & 07777);

	if (fd < 0)
		fd = -errno;
	umask(old);
	return fd;
}

/* Walk, judge, open: a descriptor or -errno. */
static int open_judged(struct notif *n, const struct who *w, const char *path, const struct open_call *o)
{
	bool nofollow = o->flags & O_NOFOLLOW || (o->flags & O_CREAT && o->flags & O_EXCL);
	bool tmpfile = (o->flags & O_TMPFILE) == O_TMPFILE;
	struct walk k;
	int fd, err = walk(n, o->dirfd, path, nofollow, &k);

	if (err)
		return err;
	if (k.at >= 0 && o->flags & O_CREAT && o->flags & O_EXCL) {
		fd = -EEXIST;
	} else if (k.at >= 0 && !tmpfile) {
		fd = (int)judge_file(n, w, k.at, o->flags);
		fd = fd ? fd : open_found(n, k.at, o->flags);
	} else if (k.at < 0 && !(o->flags & O_CREAT)) {
		fd = -ENOENT;
	} else {
		fd = tmpfile ? openat(k.at, ".", (int)o->flags | O_CLOEXEC, (mode_t)(o->mode & 07777 & ~(u64)w->umask)) :
			       open_new(&k, w, o->flags, o->mode);
		if (fd == -1)
			fd = -errno;
		err = fd < 0 ? 0 : (int)judge_file(n, w, fd, o->flags);
		if (err) {
			close(fd);
			fd = err;
		}
	}
	walk_end(&k);
	return fd;
}

bool decides_open(const struct box *b)
{
	return decides(b, SEC_file_open) || decides_cgroup(b, BPF_CGROUP_DEVICE);
}

s64 decide_open(struct notif *n, const char *path, const struct open_call *o)
{
	struct acting act;
	struct who w;
	int fd;

	if (!decides_open(n->box) || o->flags & O_PATH) /* that opens nothing: opening it is judged later */
		return BOX_PASS;
	if (o->resolve)
		return -EINVAL; /* as a kernel that does not know these limits on where paths lead */
	serve_slow(n->from);
	if (!who_is(n, &w))
		return -EINTR;
	fd = act_begin(n, &w, &act);
	if (!fd) {
		fd = open_judged(n, &w, path, o);
		act_end(&act);
	}
	return fd < 0 ? fd : notif_give(n, fd, o->flags & O_CLOEXEC);
}

s64 box_creat(struct notif *n)
{
	struct open_call o = { .dirfd = AT_FDCWD, .flags = O_CREAT | O_WRONLY | O_TRUNC, .mode = n->args[1] };
	char path[4096];
	int len;

	if (!decides_open(n->box))
		return BOX_PASS;
	len = client_string(n->client, path, n->args[0], sizeof(path));
	return len < 0 ? len : decide_open(n, path, &o);
}

/* Files by numbers have no path to walk. */
s64 box_open_by_handle(struct notif *n)
{
	return decides_open(n->box) ? -EPERM : BOX_PASS;
}

/* ---- executing ---- */
static void remember(struct client *c, int fd)
{
	struct stat st;

	if (c->nimages < ARRAY_SIZE(c->images) && !fstat(fd, &st))
		c->images[c->nimages++] = (struct exec_file){ st.st_dev, st.st_ino };
}

static bool same_image(const struct exec_file *a, const struct exec_file *b) { return a->dev == b->dev && a->ino == b->ino; }

static s64 judge_program(struct notif *n, const struct who *w, int fd, const char *name)
{
	struct mirrors m = { .btf = hook_btf(n->box->skep->hooks) };
	struct mirror bprm;
	jmp_buf oom;
	s64 ret = judge_file(n, w, fd, O_RDONLY);
	u64 file, arg = 0;

	if (ret || !decides(n->box, SEC_bprm_check_security))
		return ret;
	file = file_new(dup(fd));
	m.arena.oom = &oom;
	ret = -ENOMEM;
	if (file && !setjmp(oom)) {
		if (m.btf) {
			bprm = mirror_new(&m, "linux_binprm");
			mirror_u64(&m, bprm, "file", file);
			mirror_u64(&m, bprm, "filename", (u64)(uintptr_t)name);
			mirror_u64(&m, bprm, "interp", (u64)(uintptr_t)name);
			arg = (u64)(uintptr_t)bprm.mem;
		}
		ret = decide_security(n, w, SEC_bprm_check_security, &arg, 1);
	}
	if (file)
		file_put(file);
	arena_free(&m.arena);
	return ret;
}

/* The interpreter that a script names: true and its path. */
static bool interpreter(int fd, char path[256])
{
	int in = again(fd, O_RDONLY);
	char head[257];
	ssize_t got = in < 0 ? 0 : read(in, head, sizeof(head) - 1);
	size_t at, len;

	if (in >= 0)
		close(in);
	head[got > 0 ? got : 0] = '\0';
	if (strncmp(head, "#!", 2))
		return false;
	at = 2 + strspn(head + 2, " \t");
	len = strcspn(head + at, " \t\n");
	memcpy(path, head + at, len);
	path[len] = '\0';
	return len > 0;
}

static s64 judge_exec(struct notif *n, const struct who *w, int dirfd, const char *path, int flags)
{
	char next[256], link[40];
	struct walk k;
	s64 ret = 0;
	int self;

	snprintf(link, sizeof(link), "/proc/%d/exe", n->tid);
	self = open(link, O_PATH | O_CLOEXEC);
	if (self < 0)
		return -errno;
	n->client->nimages = 0;
	remember(n->client, self); /* the call may fail */
	close(self);
	for (u32 i = 0; i < INTERPRETERS && !ret; i++) {
		if (!path[0] && flags & AT_EMPTY_PATH)
			k = (struct walk){ .at = client_fd(n->client, dirfd), .dir = -1 };
		else
			ret = walk(n, dirfd, path, flags & AT_SYMLINK_NOFOLLOW, &k);
		if (ret || k.at < 0) {
			walk_end(&k);
			return BOX_PASS; /* the kernel says what is wrong with it */
		}
		ret = judge_program(n, w, k.at, path);
		remember(n->client, k.at);
		path = !ret && interpreter(k.at, next) ? next : NULL;
		walk_end(&k);
		if (!path)
			break;
		dirfd = AT_FDCWD;
		flags = 0;
	}
	return ret ? ret : BOX_PASS;
}

s64 decide_exec(struct notif *n, int dirfd, u64 at, int flags)
{
	char path[4096];
	struct acting act;
	struct who w;
	s64 ret;

	if (!decides(n->box, SEC_bprm_check_security) && !decides(n->box, SEC_file_open))
		return BOX_PASS;
	serve_slow(n->from);
	ret = client_string(n->client, path, at, sizeof(path));
	if (ret < 0)
		return ret;
	if (!who_is(n, &w))
		return -EINTR;
	ret = act_begin(n, &w, &act);
	if (!ret) {
		ret = judge_exec(n, &w, dirfd, path, flags);
		act_end(&act);
	}
	return ret;
}

bool decide_image(struct notif *n)
{
	struct client *c = n->client;
	char path[40];
	struct stat st;

	if (!c->nimages)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/exe", n->tid);
	if (stat(path, &st)) {
		if (!notif_alive(n))
			return true; /* it is gone */
		st = (struct stat){ .st_ino = 0 }; /* a program that hides is none that was allowed */
	}
	for (u32 i = 0; i < c->nimages; i++) {
		if (c->images[i].dev != st.st_dev || c->images[i].ino != st.st_ino)
			continue;
		if (i && !same_image(&c->images[i], &c->images[0]))
			c->nimages = 0; /* the call has succeeded: it is what it is until the next one */
		return true;
	}
	syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
	return false;
}

/* ---- names ---- */
/* struct dentry, as programs read its name. */
static struct mirror dentry_of(struct mirrors *m, const char *name, u64 inode)
{
	struct mirror d = mirror_new(m, "dentry");

	mirror_u64(m, d, "d_name.name", (u64)(uintptr_t)name);
	mirror_u32(m, d, "d_name.len", (u32)strlen(name));
	mirror_u64(m, d, "d_inode", inode);
	return d;
}

/* A name that is to change: its directory and, if it is there, itself, for as long as programs are asked. */
struct changed { u64 dir, file; const char *name; };

static bool changed_begin(struct changed *c, const struct walk *k)
{
	*c = (struct changed){ .dir = file_new(dup(k->dir)), .file = k->at >= 0 ? file_new(dup(k->at)) : 0, .name = k->last };
	return c->dir;
}

static void changed_end(const struct changed *c)
{
	if (c->dir)
		file_put(c->dir);
	if (c->file)
		file_put(c->file);
}

/*
 * path_X(dir, dentry, extra) and inode_X(dir, dentry, extra); for rename the second name follows the first. `by_path`, `by_inode`: the
 * hooks; extra is given to as many arguments as they have.
 */
static s64 judge_names(struct notif *n, const struct who *w, enum security by_path, enum security by_inode,
		       const struct changed *c, u32 names, u64 extra)
{
	struct mirrors m = { .btf = hook_btf(n->box->skep->hooks) };
	u64 paths[5] = { 0 }, inodes[5] = { 0 };
	jmp_buf oom;
	s64 ret = -ENOMEM;

	m.arena.oom = &oom;
	if (!setjmp(oom)) {
		for (u32 i = 0; i < names; i++) {
			paths[2 * i] = c[i].dir;
			inodes[2 * i] = file_inode(c[i].dir);
			if (m.btf)
				paths[2 * i + 1] = inodes[2 * i + 1] =
					(u64)(uintptr_t)dentry_of(&m, c[i].name, c[i].file ? file_inode(c[i].file) : 0).mem;
		}
		paths[2 * names] = inodes[2 * names] = extra;
		ret = decide_security(n, w, by_path, paths, 2 * names + 1);
		if (!ret)
			ret = decide_security(n, w, by_inode, inodes, 2 * names + 1);
	}
	arena_free(&m.arena);
	return ret;
}

/* unlinkat or mkdirat on the directory that was judged. */
static s64 change_name(struct notif *n, enum security by_path, enum security by_inode, int dirfd, int at, int flags, u32 mode)
{
	bool make = by_path == SEC_path_mkdir;
	struct changed c = { .dir = 0 };
	char path[4096];
	struct acting act;
	struct who w;
	struct walk k;
	s64 ret;

	if (!decides(n->box, by_path) && !decides(n->box, by_inode))
		return BOX_PASS;
	serve_slow(n->from);
	ret = client_string(n->client, path, n->args[at], sizeof(path));
	if (ret < 0)
		return ret;
	if (!who_is(n, &w))
		return -EINTR;
	ret = act_begin(n, &w, &act);
	if (ret)
		return ret;
	ret = walk(n, dirfd, path, true, &k);
	if (!ret) {
		mode_t old = umask((mode_t)w.umask);

		ret = make && k.at >= 0	       ? -EEXIST
		      : !make && k.at < 0      ? -ENOENT
		      : k.dir < 0	       ? -EBUSY
		      : !changed_begin(&c, &k) ? -ENFILE
					       : 0;
		if (!ret)
			ret = judge_names(n, &w, by_path, by_inode, &c, 1, mode);
		if (!ret)
			ret = (make ? mkdirat(k.dir, k.last, mode) : unlinkat(k.dir, k.last, flags)) ? -errno : 0;
		umask(old);
		changed_end(&c);
		walk_end(&k);
	}
	act_end(&act);
	return ret;
}

/* Both directories are walked to, the names are changed there. */
static s64 rename_judged(struct notif *n, const struct who *w, const int dirfd[2], char (*path)[4096], u32 flags)
{
	struct changed c[2] = { { .dir = 0 }, { .dir = 0 } };
	struct walk k[2];
	s64 ret = walk(n, dirfd[0], path[0], true, &k[0]);

	if (ret)
		return ret;
	ret = walk(n, dirfd[1], path[1], true, &k[1]);
	if (!ret) {
		ret = k[0].at < 0 ? -ENOENT : k[0].dir < 0 || k[1].dir < 0 ? -EBUSY :
		      !changed_begin(&c[0], &k[0]) || !changed_begin(&c[1], &k[1]) ? -ENFILE : 0;
		if (!ret)
			ret = judge_names(n, w, SEC_path_rename, SEC_inode_rename, c, 2, flags);
		if (!ret)
			ret = syscall(SYS_renameat2, k[0].dir, k[0].last, k[1].dir, k[1].last, flags) ? -errno : 0;
		changed_end(&c[0]);
		changed_end(&c[1]);
		walk_end(&k[1]);
	}
	walk_end(&k[0]);
	return ret;
}

s64 decide_rename(struct notif *n, const int dirfd[2], int from, int to, u64 flags)
{
	char path[2][4096];
	struct acting act;
	struct who w;
	s64 ret;

	if (!decides(n->box, SEC_path_rename) && !decides(n->box, SEC_inode_rename))
		return BOX_PASS;
	serve_slow(n->from);
	ret = client_string(n->client, path[0], n->args[from], sizeof(path[0]));
	if (ret >= 0)
		ret = client_string(n->client, path[1], n->args[to], sizeof(path[1]));
	if (ret < 0)
		return ret;
	if (!who_is(n, &w))
		return -EINTR;
	ret = act_begin(n, &w, &act);
	if (!ret) {
		ret = rename_judged(n, &w, dirfd, path, (u32)flags);
		act_end(&act);
	}
	return ret;
}

s64 decide_remove(struct notif *n, int dirfd, int at, int flags)
{
	bool dir = flags & AT_REMOVEDIR;

	return change_name(n, dir ? SEC_path_rmdir : SEC_path_unlink, dir ? SEC_inode_rmdir : SEC_inode_unlink, dirfd, at,
			   flags, 0);
}

s64 decide_mkdir(struct notif *n, int dirfd, int at, u32 mode)
{
	return change_name(n, SEC_path_mkdir, SEC_inode_mkdir, dirfd, at, 0, mode);
}
