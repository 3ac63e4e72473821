/* SPDX-License-Identifier: BSD-2-Clause */
/* Iterators: links to them, and BPF_ITER_CREATE, whose descriptor is an ordinary file with what the program wrote. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "hook/iter.h"
#include "sys/attach.h"

/* union bpf_iter_link_info */
union iter_info {
	struct { u32 map_fd; } map;
	struct { u32 order, cgroup_fd; u64 cgroup_id; } cgroup;
	struct { u32 tid, pid, pid_fd; } task;
};

enum {
#define L(id, ...) LTYPE_##id,
#include "spec/link.def"
};

static int copy_info(struct call *c, union iter_info *ret)
{
	const struct attr_link_create *a = &c->a.link_create;
	int err;

	if (!a->iter.info != !a->iter.info_len)
		return call_fail(c, -EINVAL, "iter_info and iter_info_len go together");
	err = call_info_tail(c, a->iter.info, sizeof(*ret), a->iter.info_len);
	return err ? err : call_in(c, ret, a->iter.info, MIN(a->iter.info_len, (u32)sizeof(*ret)));
}

static int take_map(struct call *c, struct prog *p, const union iter_info *info, struct link *l)
{
	struct obj *o;
	int err;

	if (!info->map.map_fd)
		return call_fail(c, -EBADF, "this iterator needs a map");
	err = call_obj(c, (int)info->map.map_fd, OBJ_MAP, &o, NULL);
	if (err)
		return err;
	err = iter_map_ok(p, map_of(o));
	if (err) {
		obj_put(o);
		return call_fail(c, err, err == -EACCES ? "the program accesses more than the map's keys or values have" :
							  "elements of maps of this type are not walked");
	}
	l->iter.map = map_of(o);
	return 0;
}

static int take_task(struct call *c, const union iter_info *info, struct link *l)
{
	char text[1024];
	s64 pid;

	if (!!info->task.tid + !!info->task.pid + !!info->task.pid_fd > 1)
		return call_fail(c, -EINVAL, "one of tid, pid and pid_fd");
	l->iter.tid = info->task.tid;
	l->iter.pid = info->task.pid;
	if (!info->task.pid_fd)
		return 0;
	text_of(text, sizeof(text), "/proc/%u/fdinfo/%u", caller_known(c->who)->pid, info->task.pid_fd);
	pid = strtol(text_value(text, "Pid"), NULL, 10);
	l->iter.pid = (u32)pid;
	return pid > 0 ? 0 : call_fail(c, -EBADF, "pid_fd %u is not a descriptor of a process", info->task.pid_fd);
}

int iter_link_create(struct call *c, struct prog *p, struct link **ret)
{
	const struct attr_link_create *a = &c->a.link_create;
	union iter_info info = { .cgroup = { 0 } };
	const char *name, *why;
	struct link *l;
	int target, err;

	if (a->target_fd || a->flags)
		return call_fail(c, -EINVAL, "target_fd and flags must be 0 for iterators");
	err = copy_info(c, &info);
	if (err)
		return err;
	sys_kernel_btf(c->s);
	target = iter_target(p, &name, &why);
	if (target < 0)
		return call_fail(c, target, "%s is not something to walk", p->attach_name);
	if (why)
		return call_fail(c, -EOPNOTSUPP, "%s: %s", name, why);
	err = link_new(c->s->hooks, &c->s->tab, LTYPE_ITER, p->attach_type, &iter_link_ops, p, &l);
	if (err)
		return call_fail(c, err, "cannot make a link: %s", strerror(-err));
	l->iter.name = name;
	l->iter.target = (u32)target;
	if (target == ITER_BPF_MAP_ELEM)
		err = take_map(c, p, &info, l);
	else if (target >= ITER_TASK && target <= ITER_TASK_VMA)
		err = take_task(c, &info, l);
	if (err) {
		obj_put(&l->obj);
		return err;
	}
	*ret = l;
	return 0;
}

/* The text as a file that is only read. */
static int text_fd(const struct str *text)
{
	int fd = memfd_create("bpf_iter", MFD_CLOEXEC | MFD_ALLOW_SEALING), ro = -1;
	char path[40];

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (text->len && write(fd, text->s, text->len) != (ssize_t)text->len)
		ro = -ENOSPC;
	else
		ro = open(path, O_RDONLY | O_CLOEXEC);
	if (ro == -1)
		ro = -errno;
	close(fd);
	return ro;
}

int cmd_iter_create(struct call *c)
{
	struct str text = { 0 };
	struct link *l;
	int err;

	if (c->a.iter_create.flags)
		return call_fail(c, -EINVAL, "flags must be 0");
	obj_reap(&c->s->tab);
	err = call_link(c, (int)c->a.iter_create.link_fd, &l);
	if (err)
		return err;
	if (l->type != LTYPE_ITER) {
		obj_put(&l->obj);
		return call_fail(c, -EINVAL, "a %s link is not an iterator", link_spec[l->type].name);
	}
	err = iter_walk(l, &text);
	obj_put(&l->obj);
	if (!err)
		err = text_fd(&text);
	str_free(&text);
	if (err >= 0)
		err = c->who->fd_give(c->who, err);
	return err < 0 ? call_fail(c, err, "cannot walk: %s", strerror(-err)) : err;
}
