/* SPDX-License-Identifier: BSD-2-Clause */
/* Links in words: BPF_OBJ_GET_INFO_BY_FD of a link, BPF_TASK_FD_QUERY. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/ksys.h"
#include "hook/perf.h"
#include "sys/attach.h"

/* struct bpf_link_info of Linux 6.18. */
struct link_info {
	u32 type, id, prog_id, pad;
	union {
		struct { u64 tp_name; u32 tp_name_len, pad; u64 cookie; } raw_tp;
		struct { u32 attach_type, target_obj_id, target_btf_id, pad; u64 cookie; } tracing;
		struct { u64 cgroup_id; u32 attach_type; } cgroup;
		struct {
			u64 target_name;
			u32 target_name_len, map_id;
			union {
				struct { u64 cgroup_id; u32 order; } cgroup;
				struct { u32 tid, pid; } task;
			};
		} iter;
		struct { u32 netns_ino, attach_type; } netns;
		struct { u32 ifindex; } xdp;
		struct { u32 map_id; } struct_ops;
		struct { u32 pf, hooknum; s32 priority; u32 flags; } netfilter;
		struct { u64 addrs; u32 count, flags; u64 missed, cookies; } kprobes;
		struct { u64 path, offsets, ref_ctr_offsets, cookies; u32 path_size, count, flags, pid; } uprobes;
		struct {
			u32 type, pad;
			union {
				struct { u64 file_name; u32 name_len, offset; u64 cookie, ref_ctr_offset; } uprobe;
				struct { u64 func_name; u32 name_len, offset; u64 addr, missed, cookie; } kprobe;
				struct { u64 tp_name; u32 name_len, pad; u64 cookie; } tracepoint;
				struct { u64 config; u32 type, pad; u64 cookie; } event;
			};
		} perf;
		struct { u32 ifindex, attach_type; } device; /* tcx, netkit */
		struct { u32 map_id, attach_type; } sockmap;
	};
};
_Static_assert(sizeof(struct link_info) <= LINK_INFO_SIZE, "what is known of links");

enum {
#define L(id, ...) LTYPE_##id,
#include "spec/link.def"
};

/* A name into the caller's buffer as far as it goes: 0, -ENOSPC when it was cut, -EINVAL, -EFAULT. */
static int put_name(struct call *c, u64 dst, u32 *len, const char *name)
{
	u32 room = *len, need = (u32)strlen(name) + 1;
	int err;

	if (!dst != !room)
		return call_fail(c, -EINVAL, "a name buffer and its length go together");
	*len = need;
	if (!dst)
		return 0;
	err = call_out(c, dst, name, MIN(room, need) - 1);
	if (!err)
		err = call_out(c, dst + MIN(room, need) - 1, "", 1);
	return err ? err : room < need ? call_fail(c, -ENOSPC, "the name needs %u bytes", need) : 0;
}

static int info_perf(struct call *c, const struct link *l, struct link_info *i)
{
	enum {
		EVENT_TYPE_UPROBE = 1,
		EVENT_TYPE_URETPROBE,
		EVENT_TYPE_KPROBE,
		EVENT_TYPE_KRETPROBE,
		EVENT_TYPE_TRACEPOINT,
		EVENT_TYPE_EVENT
	};
	const struct perf_event *e = l->perf.event;
	const char *name;
	u64 offset;

	perf_event_what(e, &name, &offset);
	switch (e->kind) {
	case PERF_TRACEPOINT:
		i->perf.type = EVENT_TYPE_TRACEPOINT;
		i->perf.tracepoint.cookie = l->cookie;
		return put_name(c, i->perf.tracepoint.tp_name, &i->perf.tracepoint.name_len, name);
	case PERF_PROBE:
		i->perf.type = e->at.kind == HOOK_URETPROBE ? EVENT_TYPE_URETPROBE : EVENT_TYPE_UPROBE;
		i->perf.uprobe.offset = (u32)offset;
		i->perf.uprobe.cookie = l->cookie;
		i->perf.uprobe.ref_ctr_offset = e->ref_ctr_offset;
		return put_name(c, i->perf.uprobe.file_name, &i->perf.uprobe.name_len, name);
	case PERF_KPROBE:
		i->perf.type = e->at.kind == HOOK_SYS_EXIT ? EVENT_TYPE_KRETPROBE : EVENT_TYPE_KPROBE;
		i->perf.kprobe.addr = ksys_address((u32)e->at.number);
		i->perf.kprobe.cookie = l->cookie;
		return put_name(c, i->perf.kprobe.func_name, &i->perf.kprobe.name_len, name);
	default:
		i->perf.type = EVENT_TYPE_EVENT;
		i->perf.event.type = e->attr.type;
		i->perf.event.config = e->attr.config;
		i->perf.event.cookie = l->cookie;
		return 0;
	}
}

static int info_uprobes(struct call *c, const struct link *l, struct link_info *i)
{
	u32 room = i->uprobes.count, n = l->uprobe.n;
	int err;

	if (!i->uprobes.path != !i->uprobes.path_size ||
	    ((i->uprobes.offsets || i->uprobes.ref_ctr_offsets || i->uprobes.cookies) && !room))
		return call_fail(c, -EINVAL, "arrays and their lengths go together");
	i->uprobes.count = n;
	i->uprobes.flags = l->uprobe.flags;
	i->uprobes.pid = (u32)l->uprobe.pid;
	if (i->uprobes.path && i->uprobes.path_size < strlen(l->uprobe.path) + 1)
		return call_fail(c, -ENAMETOOLONG, "the path needs %zu bytes", strlen(l->uprobe.path) + 1);
	err = put_name(c, i->uprobes.path, &i->uprobes.path_size, l->uprobe.path);
	for (u32 k = 0; k < MIN(room, n) && !err; k++) {
		const struct link_uprobe *u = &l->uprobe.at[k];

		if (i->uprobes.offsets)
			err = call_out(c, i->uprobes.offsets + 8 * k, &u->offset, 8);
		if (!err && i->uprobes.ref_ctr_offsets)
			err = call_out(c, i->uprobes.ref_ctr_offsets + 8 * k, &u->ref_ctr_offset, 8);
		if (!err && i->uprobes.cookies)
			err = call_out(c, i->uprobes.cookies + 8 * k, &u->cookie, 8);
	}
	if (!err && room && room < n)
		err = call_fail(c, -ENOSPC, "%u places, room for %u", n, room);
	return err;
}

static int info_kprobes(struct call *c, const struct link *l, struct link_info *i)
{
	u32 room = i->kprobes.count, n = l->kprobe.n;
	int err = 0;

	if (!i->kprobes.addrs != !room || (i->kprobes.cookies && !room))
		return call_fail(c, -EINVAL, "arrays and their lengths go together");
	i->kprobes.count = n;
	i->kprobes.flags = l->kprobe.flags;
	for (u32 k = 0; k < MIN(room, n) && !err; k++) {
		u64 at = ksys_address(l->kprobe.at[k].nr);

		err = call_out(c, i->kprobes.addrs + 8 * k, &at, 8);
		if (!err && i->kprobes.cookies)
			err = call_out(c, i->kprobes.cookies + 8 * k, &l->kprobe.at[k].cookie, 8);
	}
	if (!err && room && room < n)
		err = call_fail(c, -ENOSPC, "%u places, room for %u", n, room);
	return err;
}

static int info_iter(struct call *c, const struct link *l, struct link_info *i)
{
	int err = put_name(c, i->iter.target_name, &i->iter.target_name_len, l->iter.name);

	if (l->iter.map)
		i->iter.map_id = l->iter.map->obj.id;
	if (l->iter.cgroup_id) {
		i->iter.cgroup.cgroup_id = l->iter.cgroup_id;
		i->iter.cgroup.order = l->iter.order;
	} else {
		i->iter.task.tid = l->iter.tid;
		i->iter.task.pid = l->iter.pid;
	}
	return err;
}

static int info_of(struct call *c, const struct link *l, struct link_info *i)
{
	switch (l->type) {
	case LTYPE_RAW_TRACEPOINT:
		i->raw_tp.cookie = l->cookie;
		return put_name(c, i->raw_tp.tp_name, &i->raw_tp.tp_name_len, l->raw_tp.name);
	case LTYPE_TRACING:
		i->tracing.attach_type = l->attach_type;
		i->tracing.target_obj_id = l->tracing.target ? l->tracing.target->obj.id : 0;
		i->tracing.target_btf_id = l->tracing.target ? l->tracing.target_btf : l->prog->attach_btf_id;
		i->tracing.cookie = l->cookie;
		return 0;
	case LTYPE_CGROUP:
		i->cgroup.cgroup_id = l->dead ? 0 : cgroup_node_id(l->cgroup.node);
		i->cgroup.attach_type = l->attach_type;
		return 0;
	case LTYPE_ITER:
		return info_iter(c, l, i);
	case LTYPE_NETNS:
		i->netns.netns_ino = l->dead ? 0 : (u32)l->netns.ino;
		i->netns.attach_type = l->attach_type;
		return 0;
	case LTYPE_XDP:
		i->xdp.ifindex = l->dead ? 0 : l->netdev.ifindex;
		return 0;
	case LTYPE_TCX:
	case LTYPE_NETKIT:
		i->device.ifindex = l->dead ? 0 : l->netdev.ifindex;
		i->device.attach_type = l->attach_type;
		return 0;
	case LTYPE_PERF_EVENT:
		return info_perf(c, l, i);
	case LTYPE_STRUCT_OPS:
		i->struct_ops.map_id = l->map.map ? l->map.map->obj.id : 0;
		return 0;
	case LTYPE_NETFILTER:
		i->netfilter.pf = l->netfilter.pf;
		i->netfilter.hooknum = l->netfilter.hooknum;
		i->netfilter.priority = l->netfilter.priority;
		i->netfilter.flags = l->netfilter.flags;
		return 0;
	case LTYPE_UPROBE_MULTI:
		return info_uprobes(c, l, i);
	case LTYPE_KPROBE_MULTI:
		return info_kprobes(c, l, i);
	case LTYPE_SOCKMAP:
		i->sockmap.map_id = l->map.map && !l->dead ? l->map.map->obj.id : 0;
		i->sockmap.attach_type = l->attach_type;
		return 0;
	default:
		return 0;
	}
}

int link_info(struct call *c, struct link *l, u64 dst, u32 len)
{
	struct link_info i = { 0 };
	int err = call_in(c, &i, dst, MIN(len, (u32)sizeof(i)));

	if (err)
		return err;
	i.type = l->type;
	i.id = l->obj.id;
	i.prog_id = l->prog ? l->prog->obj.id : 0;
	err = info_of(c, l, &i);
	return err ? err : call_out(c, dst, &i, MIN(len, (u32)sizeof(i)));
}

/* ---- what a process's descriptor is attached to ---- */
static int put_task_fd(struct call *c, u32 prog_id, u32 type, const char *name, u64 offset)
{
	struct attr_task_fd *a = &c->a.task_fd;
	u32 room = a->buf_len, len = name ? (u32)strlen(name) : 0;
	int err = 0;

	a->prog_id = prog_id;
	a->fd_type = type;
	a->probe_offset = offset;
	a->probe_addr = 0;
	a->buf_len = len;
	if (CALL_PUT(c, task_fd.buf_len))
		return -EFAULT;
	if (a->buf && room) {
		u32 n = MIN(len, room - 1);
		if (call_out(c, a->buf, name ? name : "", n) || call_out(c, a->buf + n, "", 1))
			return -EFAULT;
		if (n < len)
			err = call_fail(c, -ENOSPC, "the name needs %u bytes", len + 1);
	}
	if (CALL_PUT(c, task_fd.prog_id) || CALL_PUT(c, task_fd.fd_type) || CALL_PUT(c, task_fd.probe_offset) ||
	    CALL_PUT(c, task_fd.probe_addr))
		return -EFAULT;
	return err;
}

static int task_fd(struct call *c, struct obj *o)
{
	if (o->kind == OBJ_LINK && link_of(o)->type == LTYPE_RAW_TRACEPOINT)
		return put_task_fd(c, link_of(o)->prog->obj.id, 0, link_of(o)->raw_tp.name, 0);
	if (o->kind == OBJ_PERF) {
		struct perf_event *e = perf_of(o);
		const char *name;
		u64 offset;
		u32 type = perf_event_what(e, &name, &offset);

		if (!e->prog)
			return call_fail(c, -ENOENT, "the perf event has no program");
		if (!name)
			return call_fail(c, -EOPNOTSUPP, "programs at clocks have no name");
		return put_task_fd(c, e->prog->obj.id, type, name, offset);
	}
	return call_fail(c, -ENOTSUPP, "the descriptor is not a perf event or a raw tracepoint link");
}

int cmd_task_fd_query(struct call *c)
{
	const struct attr_task_fd *a = &c->a.task_fd;
	char path[48], exe[16];
	struct stat st;
	struct obj *o;
	int err = call_need(c);

	if (err)
		return err;
	if (a->flags)
		return call_fail(c, -EINVAL, "flags must be 0");
	snprintf(path, sizeof(path), "/proc/%u", a->pid);
	if (!a->pid || access(path, F_OK))
		return call_fail(c, -ENOENT, "there is no process %u", a->pid);
	snprintf(path, sizeof(path), "/proc/%u/exe", a->pid);
	if (readlink(path, exe, sizeof(exe)) < 0 && errno == EACCES)
		return call_fail(c, -EPERM, "process %u is none of the caller's to look at", a->pid);
	snprintf(path, sizeof(path), "/proc/%u/fd/%u", a->pid, a->fd);
	if (stat(path, &st))
		return call_fail(c, -EBADF, "process %u has no descriptor %u", a->pid, a->fd);
	if (obj_by_inode(&c->s->tab, st.st_dev, st.st_ino, OBJ_NONE, &o))
		return call_fail(c, -ENOTSUPP, "the descriptor is not an object of this subsystem");
	err = task_fd(c, o);
	obj_put(o);
	return err;
}
