/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of programs: bpf_sys_bpf() and bpf_sys_close(), as the loaders of light skeletons make them.
 *
 * Invariant: a program's memory is this process's, its descriptors and rights are those of who runs it. Pointers that a program
 * gives are tried, not trusted: a bad one is EFAULT, as in Linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "helper/run_env.h"
#include "sys/sys.h"
#include "vm/abi.h"

struct prog_caller {
	struct caller who; /* first */
	struct caller *runner;
};

static struct caller *runner(struct caller *w)
{
	return container_of(w, struct prog_caller, who)->runner;
}

static int in(struct caller *w, void *dst, u64 src, size_t n)
{
	(void)w;
	return n > U32_MAX ? -EFAULT : probe_read(dst, src, (u32)n);
}

static int out(struct caller *w, u64 dst, const void *src, size_t n)
{
	(void)w;
	return n > U32_MAX ? -EFAULT : probe_write(dst, src, (u32)n);
}

static int ident(struct caller *w, int fd, u64 *ret_dev, u64 *ret_ino, int *ret_mode)
{
	return runner(w)->fd_ident(runner(w), fd, ret_dev, ret_ino, ret_mode);
}

static int give(struct caller *w, int fd)
{
	return runner(w)->direct ? fd : runner(w)->fd_add(runner(w), fd);
}

static int take(struct caller *w, int fd)
{
	if (runner(w)->direct)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	else
		return runner(w)->fd_take ? runner(w)->fd_take(runner(w), fd) : -EOPNOTSUPP;
	return fd < 0 ? -EBADF : fd;
}

static int path(struct caller *w, int dir, const char *name, char *out, size_t size)
{
	return runner(w)->pin_path(runner(w), dir, name, out, size);
}

static void task(struct caller *w, struct run_task *ret)
{
	runner(w)->task(runner(w), ret);
}

s64 prog_sys_bpf(struct run_env *env, u32 cmd, void *attr, u32 size)
{
	const struct call *c = env->sys_cookie;
	struct caller *by = caller_known(c->who);
	struct prog_caller p = { .who = { .caps = by->caps, .uid = by->uid, .pid = by->pid, .copy_in = in, .copy_out = out,
					  .fd_ident = ident, .fd_give = give, .fd_take = take, .pin_path = by->pin_path ? path : NULL,
					  .task = by->task ? task : NULL },
				 .runner = by };

	return sys_bpf(c->s, &p.who, cmd, (u64)(uintptr_t)attr, size, NULL);
}

/* Only what stands for an object can be closed: other descriptors are none of a program's business. */
s64 prog_sys_close(struct run_env *env, int fd)
{
	const struct call *c = env->sys_cookie;
	struct obj *o;
	u64 dev, ino;
	int mode, err = fd < 0 ? -EBADF : c->who->fd_ident(c->who, fd, &dev, &ino, &mode);

	if (err || obj_by_inode(&c->s->tab, dev, ino, OBJ_NONE, &o))
		return -EBADF;
	obj_put(o);
	if (!c->who->direct)
		return c->who->fd_close(c->who, fd);
	return close(fd) ? -errno : 0;
}
