/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf_event_open(2) and the ioctls of its descriptors, as Linux checks them. The events themselves: hook/perf.h.
 */
#include "hook/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/version.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sys/attach.h"
#include "sys/sys.h"

#define ATTR_SIZE_0 64u      /* of the first version */
#define ATTR_SIZE_6_18 144u
#define FLAGS_KNOWN (PERF_FLAG_FD_NO_GROUP | PERF_FLAG_FD_OUTPUT | PERF_FLAG_PID_CGROUP | PERF_FLAG_FD_CLOEXEC)
#define MAX_RATE 100000u     /* sysctl perf_event_max_sample_rate's default */

/* The caller's attr is of a size we do not know: say which we do. */
static int wrong_size(struct call *c, u64 uattr)
{
	u32 size = ATTR_SIZE_6_18;

	call_out(c, uattr + offsetof(struct perf_event_attr, size), &size, sizeof(size));
	return call_fail(c, -E2BIG, "perf_event_attr: size, or a field beyond what is known, is set");
}

static int copy_attr(struct call *c, u64 uattr, struct perf_event_attr *a)
{
	u8 raw[4096] = { 0 };
	u32 size;
	int err = call_in(c, &size, uattr + offsetof(struct perf_event_attr, size), sizeof(size));

	if (err)
		return err;
	if (!size)
		size = ATTR_SIZE_0;
	if (size < ATTR_SIZE_0 || size > sizeof(raw))
		return wrong_size(c, uattr);
	err = call_in(c, raw, uattr, size);
	if (err)
		return err;
	for (u32 i = ATTR_SIZE_6_18; i < size; i++)
		if (raw[i])
			return wrong_size(c, uattr);
	memcpy(a, raw, sizeof(*a));
	a->size = size;
	return 0;
}

static int check_attr(struct call *c, const struct perf_event_attr *a)
{
	if (a->__reserved_1 || a->__reserved_2 || a->__reserved_3)
		return call_fail(c, -EINVAL, "perf_event_attr: reserved fields are set");
	if (a->sample_type & ~(u64)(PERF_SAMPLE_MAX - 1) || a->read_format & ~(u64)31)
		return call_fail(c, -EINVAL, "perf_event_attr: sample_type or read_format has unknown bits");
	if (a->freq ? a->sample_freq > MAX_RATE : a->sample_period >> 63)
		return call_fail(c, -EINVAL,
				 "perf_event_attr: the period or frequency is too large (at most %u samples a second)",
				 MAX_RATE);
	return 0;
}

/* Whom may the caller look at: as with kernel.perf_event_paranoid 2. */
static int check_privilege(struct call *c, const struct perf_event_attr *a, s32 pid)
{
	bool able = call_capable(c, CAPB_PERFMON);

	if (able)
		return 0;
	if (a->type == PERF_TYPE_TRACEPOINT || a->type == perf_type_uprobe() || a->type == perf_type_kprobe())
		return call_fail(c, -EACCES, "probes and tracepoints need CAP_PERFMON");
	if (pid < 0 || !a->exclude_kernel)
		return call_fail(c, -EACCES, "without CAP_PERFMON only processes of one's own, and exclude_kernel");
	return 0;
}

static int check_target(struct call *c, s32 pid, s32 cpu, int group_fd, u64 flags)
{
	struct obj *o;

	if (flags & PERF_FLAG_PID_CGROUP)
		return pid < 0 || cpu < 0 ? call_fail(c, -EINVAL, "PERF_FLAG_PID_CGROUP needs a cgroup and a CPU") :
					    call_fail(c, -EOPNOTSUPP, "events of cgroups are not seen here");
	if (group_fd != -1) {
		if (call_obj(c, group_fd, OBJ_PERF, &o, NULL))
			return -EBADF;
		obj_put(o);
	}
	if (pid > 0 && kill(pid, 0) && errno == ESRCH)
		return call_fail(c, -ESRCH, "there is no process %d", pid);
	if (pid < 0 && cpu < 0)
		return call_fail(c, -EINVAL, "an event of all processes is of one CPU");
	if (cpu >= (s32)map_possible_cpus())
		return call_fail(c, -EINVAL, "there is no CPU %d", cpu);
	return 0;
}

/* A file as the caller names it, as a path of this process. */
static void as_ours(struct call *c, const char *path, char *out, size_t n)
{
	u32 pid = caller_known(c->who)->pid;

	if (pid == (u32)getpid())
		snprintf(out, n, "%s", path);
	else
		snprintf(out, n, "/proc/%u/%s%s", pid, *path == '/' ? "root" : "cwd/", path);
}

static int open_event(struct call *c, struct perf_want *w, struct perf_event **ret)
{
	char path[PATH_MAX], full[PATH_MAX + 64];
	int err;

	if (w->attr.type == perf_type_uprobe() && w->attr.type > PERF_TYPE_MAX) {
		if (!w->attr.config1)
			return call_fail(c, -EINVAL, "uprobe: no path is given");
		err = call_in_string(c, path, w->attr.config1, sizeof(path));
		if (err)
			return err == -E2BIG ? -EINVAL : err;
		as_ours(c, path, full, sizeof(full));
		w->path = path;
		w->full = full;
	}
	if (w->attr.type == perf_type_kprobe() && w->attr.type > PERF_TYPE_MAX && w->attr.config1) {
		err = call_in_string(c, path, w->attr.config1, sizeof(path));
		if (err)
			return err == -E2BIG ? -EINVAL : err;
		w->path = path;
	}
	return perf_event_new(c->s->hooks, &c->s->tab, w, ret, c->reason);
}

int sys_perf_event_open(struct skep *s, struct caller *who, u64 uattr, s32 pid, s32 cpu, int group_fd, u64 flags,
			struct str *reason)
{
	struct call c = { .s = s, .who = who, .reason = reason };
	struct perf_want w = { .pid = pid, .cpu = cpu };
	struct perf_event *e;
	int err;

	obj_reap(&s->tab);
	if (flags & ~(u64)FLAGS_KNOWN)
		return call_fail(&c, -EINVAL, "perf_event_open: flags 0x%llx", (unsigned long long)flags);
	err = copy_attr(&c, uattr, &w.attr);
	if (!err)
		err = check_attr(&c, &w.attr);
	if (!err)
		err = check_privilege(&c, &w.attr, pid);
	if (!err)
		err = check_target(&c, pid, cpu, group_fd, flags);
	if (err)
		return err;
	w.opener = caller_known(who)->pid;
	if (!pid)
		w.pid = (s32)w.opener;
	err = open_event(&c, &w, &e);
	if (err)
		return reason && !reason->len ? call_fail(&c, err, "perf_event_open: %s", strerror(-err)) : err;
	err = call_new_fd(&c, &e->obj, O_RDWR);
	obj_put(&e->obj);
	return err;
}

int perf_map_update(struct call *c, struct map *m, const void *key, const void *value, u64 flags)
{
	struct perf_event *e;
	struct obj *o;
	u32 index;
	s32 fd;
	int err;

	memcpy(&index, key, sizeof(index));
	memcpy(&fd, value, sizeof(fd));
	if (flags != BPF_ANY)
		return call_fail(c, -EINVAL, "flags must be BPF_ANY");
	if (index >= m->desc.max_entries)
		return call_fail(c, -E2BIG, "index %u: the map has %u elements", index, m->desc.max_entries);
	if (call_obj(c, fd, OBJ_PERF, &o, NULL))
		return call_fail(c, -EBADF, "descriptor %d is not a perf event", fd);
	e = perf_of(o);
	perf_event_find_ring(e, caller_known(c->who)->pid);
	err = e->attr.inherit ? call_fail(c, -EOPNOTSUPP, "the event is inherited by children")
			      : map_perf_set(m, index, &e->sink);
	obj_put(o);
	return err;
}

/* ---- ioctls ---- */
static int ioctl_query(struct call *c, struct perf_event *e, u64 arg)
{
	struct { u32 ids_len, prog_cnt; } q;
	u32 ids[64], n;
	int err;

	if (!call_capable(c, CAPB_PERFMON))
		return call_fail(c, -EPERM, "PERF_EVENT_IOC_QUERY_BPF needs CAP_PERFMON");
	if (e->attr.type != PERF_TYPE_TRACEPOINT)
		return call_fail(c, -EINVAL, "only tracepoints are asked for their programs");
	err = call_in(c, &q, arg, sizeof(q));
	if (err)
		return err;
	if (q.ids_len > ARRAY_SIZE(ids))
		return -E2BIG;
	n = perf_event_query(e, ids, q.ids_len);
	q.prog_cnt = n;
	err = call_out(c, arg + 4, &q.prog_cnt, 4);
	if (!err)
		err = call_out(c, arg + 8, ids, MIN(n, q.ids_len) * 4);
	return err ? err : n && q.ids_len < n ? -ENOSPC : n ? 0 : q.ids_len ? -ENOENT : 0;
}

static int ioctl_set_bpf(struct call *c, struct perf_event *e, int fd)
{
	struct prog *p;
	int err = call_prog(c, fd, &p);

	if (err)
		return err;
	err = perf_event_set_prog(e, p, 0, NULL, c->reason);
	prog_put(p);
	return err;
}

static int ioctl_id(struct call *c, struct perf_event *e, u64 arg)
{
	u64 id = e->obj.id;

	return call_out(c, arg, &id, sizeof(id));
}

static int ioctl_period(struct call *c, struct perf_event *e, u64 arg)
{
	u64 value;
	int err = call_in(c, &value, arg, sizeof(value));

	return err ? err : perf_event_period(e, value);
}

static int ioctl_pause(struct perf_event *e, bool on)
{
	if (!e->page)
		return -EINVAL;
	e->paused = on;
	return 0;
}

static int perf_ioctl(struct call *c, struct perf_event *e, u32 request, u64 arg)
{
	switch (request) {
	case PERF_EVENT_IOC_ENABLE:
	case PERF_EVENT_IOC_DISABLE:
		return perf_event_enable(e, request == PERF_EVENT_IOC_ENABLE, c->reason);
	case PERF_EVENT_IOC_REFRESH:
		return e->attr.sample_period ? perf_event_enable(e, true, c->reason) : -EINVAL;
	case PERF_EVENT_IOC_RESET:
		__atomic_store_n(&e->count, 0, __ATOMIC_RELAXED);
		return 0;
	case PERF_EVENT_IOC_PERIOD:
		return ioctl_period(c, e, arg);
	case PERF_EVENT_IOC_SET_OUTPUT:
		return call_fail(c, -EOPNOTSUPP, "each perf event has a ring of its own here");
	case PERF_EVENT_IOC_SET_FILTER:
		return e->kind == PERF_TRACEPOINT || e->kind == PERF_PROBE || e->kind == PERF_KPROBE ?
			       call_fail(c, -EOPNOTSUPP, "filters of records: let the program decide") : -EINVAL;
	case PERF_EVENT_IOC_ID:
		return ioctl_id(c, e, arg);
	case PERF_EVENT_IOC_SET_BPF:
		return ioctl_set_bpf(c, e, (int)arg);
	case PERF_EVENT_IOC_PAUSE_OUTPUT:
		return ioctl_pause(e, arg != 0);
	case PERF_EVENT_IOC_QUERY_BPF:
		return ioctl_query(c, e, arg);
	default:
		return -ENOTTY;
	}
}

int sys_perf_ioctl(struct skep *s, struct caller *who, int fd, u32 request, u64 arg, struct str *reason)
{
	struct call c = { .s = s, .who = who, .reason = reason };
	struct obj *o;
	int err;

	if (request == PERF_EVENT_IOC_SET_BPF || request == PERF_EVENT_IOC_QUERY_BPF)
		obj_reap(&s->tab); /* links that were closed have let go of it */
	if ((request >> 8 & 0xff) != '$' || call_obj(&c, fd, OBJ_PERF, &o, NULL))
		return -ENOTTY;
	err = perf_ioctl(&c, perf_of(o), request, arg);
	obj_put(o);
	return err;
}
