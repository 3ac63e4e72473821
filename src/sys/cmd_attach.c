/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_ATTACH, _DETACH and _QUERY: attachments without links, to cgroups, devices, namespaces and socket maps; each kind of target
 * by its own rules. The order of checks is Linux's.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

#include "map/map.h"
#include "sys/attach.h"

#define BASE_FLAGS (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI | BPF_F_REPLACE | F_PREORDER)
#define ORDER_FLAGS (BPF_F_REPLACE | F_BEFORE | F_AFTER | F_ID | F_LINK)

static bool no_device(u32 ifindex)
{
	char name[IF_NAMESIZE];

	return !if_indextoname(ifindex, name);
}

static int said(struct call *c, int err)
{
	if (err && c->reason && !c->reason->len)
		call_fail(c, err, "%s: %s", cmd_spec[c->cmd].uapi, strerror(-err));
	return err;
}

/* ---- attach ---- */
static int check_flags(struct call *c, u32 type)
{
	const struct attr_attach *a = &c->a.attach;
	bool ordered = type == BPF_PROG_TYPE_SCHED_CLS, cgroup = target_is_cgroup(type, 0, false);
	u32 known = ordered ? ORDER_FLAGS : cgroup ? BASE_FLAGS | ORDER_FLAGS : BASE_FLAGS;

	if (a->attach_flags & ~known)
		return call_fail(c, -EINVAL, "attach_flags 0x%x are not for this attach type", a->attach_flags);
	if (!ordered && !cgroup && (a->relative_fd || a->expected_revision))
		return call_fail(c, -EINVAL, "relative_fd and expected_revision are for ordered lists");
	return 0;
}

static int attach_cgroup(struct call *c, struct prog *p)
{
	const struct attr_attach *a = &c->a.attach;
	struct cgroup_ref *cg = malloc(sizeof(*cg));
	struct prog *replace = NULL;
	struct anchor at;
	int err = cg ? call_cgroup(c, (int)a->target_fd, cg) : -ENOMEM;

	if (!err && a->attach_flags & BPF_F_ALLOW_MULTI && a->attach_flags & BPF_F_REPLACE)
		err = call_prog_type(c, (int)a->replace_bpf_fd, p->type, &replace);
	if (!err) {
		call_anchor(c, a->relative_fd, a->attach_flags, a->expected_revision, &at);
		err = cgroup_attach(c->s->hooks, cg, p, NULL, replace, a->attach_type, &at, c->reason);
		anchor_put(&at);
	}
	prog_put(replace);
	free(cg);
	return err;
}

static int attach_device(struct call *c, struct prog *p)
{
	const struct attr_attach *a = &c->a.attach;
	struct prog *replace = NULL;
	struct anchor at;
	int err = 0;

	if (no_device(a->target_fd))
		return call_fail(c, -ENODEV, "there is no device with index %u", a->target_fd);
	if (attach_spec[a->attach_type].target == TARGET_NETKIT)
		return call_fail(c, -EINVAL, "the device is not a netkit device");
	if (a->attach_flags & BPF_F_REPLACE)
		err = call_prog_type(c, (int)a->replace_bpf_fd, p->type, &replace);
	if (err)
		return err;
	call_anchor(c, a->relative_fd, a->attach_flags & ~(u32)BPF_F_REPLACE, a->expected_revision, &at);
	at.flags = a->attach_flags;
	err = netdev_attach(c->s->hooks, a->target_fd, p, NULL, replace, a->attach_type, &at, c->reason);
	anchor_put(&at);
	prog_put(replace);
	return err;
}

static int sockmap_target(struct call *c, struct obj **ret)
{
	const struct attr_attach *a = &c->a.attach;

	if (a->attach_flags || a->replace_bpf_fd)
		return call_fail(c, -EINVAL, "attach_flags and replace_bpf_fd must be 0 for socket maps");
	return call_obj(c, (int)a->target_fd, OBJ_MAP, ret, NULL);
}

static int attach_sockmap(struct call *c, struct prog *p)
{
	const struct attr_attach *a = &c->a.attach;
	struct obj *m;
	int err = sockmap_target(c, &m);

	if (err)
		return err;
	err = sockmap_attach(c->s->hooks, map_of(m), a->attach_type, p, NULL, c->reason);
	obj_put(m);
	return err;
}

static int attach_netns(struct call *c, struct prog *p)
{
	const struct attr_attach *a = &c->a.attach;

	if (a->target_fd || a->attach_flags || a->replace_bpf_fd)
		return call_fail(c, -EINVAL, "only the caller's network namespace can be attached to without a link");
	return netns_attach(c->s->hooks, caller_netns(c), a->attach_type, p, c->reason);
}

int cmd_prog_attach(struct call *c)
{
	const struct attr_attach *a = &c->a.attach;
	u32 type = attach_prog_type(a->attach_type);
	struct prog *p;
	int err;

	obj_reap(&c->s->tab);
	if (type == BPF_PROG_TYPE_UNSPEC)
		return call_fail(c, -EINVAL, "attach_type %u is not one that programs are attached to so", a->attach_type);
	err = check_flags(c, type);
	if (!err)
		err = call_prog_type(c, (int)a->attach_bpf_fd, type, &p);
	if (err)
		return err;
	if (check_attach(c, p, a->attach_type)) {
		prog_put(p);
		return -EINVAL;
	}
	if (target_is_cgroup(type, p->attach_type, true))
		err = attach_cgroup(c, p);
	else if (attach_spec[a->attach_type].target == TARGET_SOCKMAP)
		err = attach_sockmap(c, p);
	else if (attach_spec[a->attach_type].target == TARGET_NETNS && type == BPF_PROG_TYPE_FLOW_DISSECTOR)
		err = attach_netns(c, p);
	else if (type == BPF_PROG_TYPE_SCHED_CLS)
		err = attach_device(c, p);
	else if (type == BPF_PROG_TYPE_LIRC_MODE2)
		err = call_fail(c, -EINVAL, "lirc_mode2: %s", attach_spec[a->attach_type].why_not);
	else
		err = call_fail(c, -EINVAL, "%s is attached to by a link", attach_spec[a->attach_type].name);
	prog_put(p);
	return said(c, err);
}

/* ---- detach ---- */
static int detach_cgroup(struct call *c, u32 type)
{
	const struct attr_attach *a = &c->a.attach;
	struct cgroup_ref *cg = malloc(sizeof(*cg));
	struct prog *p = NULL;
	int err = cg ? call_cgroup(c, (int)a->target_fd, cg) : -ENOMEM;

	if (!err) {
		if (call_prog_type(c, (int)a->attach_bpf_fd, type, &p))
			p = NULL; /* where one program is attached at most its descriptor does not matter */
		if (c->reason)
			str_clear(c->reason);
		err = cgroup_detach(c->s->hooks, cg, p, a->attach_type, a->expected_revision, c->reason);
		prog_put(p);
	}
	free(cg);
	return err;
}

static int detach_device(struct call *c)
{
	const struct attr_attach *a = &c->a.attach;
	struct prog *p = NULL;
	struct anchor at;
	int err = 0;

	if (a->attach_flags & ~(u32)ORDER_FLAGS)
		return call_fail(c, -EINVAL, "attach_flags 0x%x", a->attach_flags);
	if (a->attach_bpf_fd)
		err = call_prog_type(c, (int)a->attach_bpf_fd, BPF_PROG_TYPE_SCHED_CLS, &p);
	if (!err && no_device(a->target_fd))
		err = call_fail(c, -ENODEV, "there is no device with index %u", a->target_fd);
	if (!err && attach_spec[a->attach_type].target == TARGET_NETKIT)
		err = call_fail(c, -EINVAL, "the device is not a netkit device");
	if (!err) {
		call_anchor(c, a->relative_fd, a->attach_flags, a->expected_revision, &at);
		err = netdev_detach(c->s->hooks, a->target_fd, p, a->attach_type, &at, c->reason);
		anchor_put(&at);
	}
	prog_put(p);
	return err;
}

static int detach_sockmap(struct call *c, u32 type)
{
	const struct attr_attach *a = &c->a.attach;
	struct prog *p;
	struct obj *m;
	int err = sockmap_target(c, &m);

	if (err)
		return err;
	err = call_prog_type(c, (int)a->attach_bpf_fd, type, &p);
	if (!err) {
		err = sockmap_detach(c->s->hooks, map_of(m), a->attach_type, p, c->reason);
		prog_put(p);
	}
	obj_put(m);
	return err;
}

static int detach_netns(struct call *c)
{
	const struct attr_attach *a = &c->a.attach;
	struct prog *p;
	int err;

	if (a->target_fd)
		return call_fail(c, -EINVAL, "target_fd must be 0");
	err = call_prog_type(c, (int)a->attach_bpf_fd, BPF_PROG_TYPE_FLOW_DISSECTOR, &p);
	if (err)
		return err;
	err = netns_detach(c->s->hooks, caller_netns(c), a->attach_type, p, c->reason);
	prog_put(p);
	return err;
}

int cmd_prog_detach(struct call *c)
{
	const struct attr_attach *a = &c->a.attach;
	u32 type = attach_prog_type(a->attach_type);

	obj_reap(&c->s->tab);
	if (type == BPF_PROG_TYPE_SCHED_CLS)
		return said(c, detach_device(c));
	if (target_is_cgroup(type, 0, false)) {
		if (a->attach_flags || a->relative_fd)
			return call_fail(c, -EINVAL, "attach_flags and relative_fd must be 0");
		if (attach_spec[a->attach_type].target != TARGET_CGROUP)
			return call_fail(c, -EINVAL, "%s is not attached to cgroups", attach_spec[a->attach_type].name);
		return said(c, detach_cgroup(c, type));
	}
	if (a->attach_flags || a->relative_fd || a->expected_revision)
		return call_fail(c, -EINVAL, "attach_flags, relative_fd and expected_revision must be 0");
	if (type != BPF_PROG_TYPE_UNSPEC && attach_spec[a->attach_type].target == TARGET_SOCKMAP)
		return said(c, detach_sockmap(c, type));
	if (type == BPF_PROG_TYPE_FLOW_DISSECTOR)
		return said(c, detach_netns(c));
	return call_fail(c, -EINVAL, "attach_type %u is not one that programs are detached from so", a->attach_type);
}

/* ---- query ---- */
/* What is attached, as far as the caller's arrays go. */
enum { WITH_REVISION = 1, WITH_FLAGS = 2, WITH_LINKS = 4 };
static int put_list(struct call *c, const struct attach_list *l, u32 with, u32 flags)
{
	struct attr_query *q = &c->a.query;
	u32 room = q->count, n = MIN(room, l->n), zero = 0;
	int err = 0;

	q->attach_flags = flags;
	q->count = l->n;
	q->revision = l->revision;
	if (CALL_PUT(c, query.attach_flags) || CALL_PUT(c, query.count) || (with & WITH_REVISION && CALL_PUT(c, query.revision)))
		return -EFAULT;
	if (!room || !q->prog_ids || !l->n)
		return 0;
	for (u32 i = 0; i < n && !err; i++) {
		err = call_out(c, q->prog_ids + 4 * i, &l->prog[i], 4);
		if (!err && with & WITH_FLAGS && q->prog_attach_flags)
			err = call_out(c, q->prog_attach_flags + 4 * i, &l->prog_flags[i], 4);
		if (!err && with & WITH_LINKS && q->link_ids)
			err = call_out(c, q->link_ids + 4 * i, &l->link[i], 4);
		if (!err && with & WITH_LINKS && q->link_attach_flags)
			err = call_out(c, q->link_attach_flags + 4 * i, &zero, 4);
	}
	return err ? err : room < l->n ? call_fail(c, -ENOSPC, "%u programs are attached, there is room for %u", l->n, room) : 0;
}

static int query_cgroup(struct call *c)
{
	const struct attr_query *q = &c->a.query;
	bool all = q->query_flags & BPF_F_QUERY_EFFECTIVE;
	struct cgroup_ref *cg = malloc(sizeof(*cg));
	struct attach_list l = { .n = 0 };
	int err = cg ? call_cgroup(c, (int)q->target_fd, cg) : -ENOMEM;

	if (!err && all && q->prog_attach_flags)
		err = call_fail(c, -EINVAL, "prog_attach_flags are not for effective programs");
	if (!err && q->attach_type == ATTACH_LSM_CGROUP && !all && q->count && q->prog_ids && !q->prog_attach_flags)
		err = call_fail(c, -EINVAL, "lsm_cgroup needs prog_attach_flags");
	if (!err)
		err = cgroup_query(c->s->hooks, cg, q->attach_type, all, &l);
	if (!err)
		err = put_list(c, &l, WITH_REVISION | WITH_FLAGS, all ? 0 : l.flags);
	attach_list_free(&l);
	free(cg);
	return err;
}

static int query_netns(struct call *c)
{
	const struct attr_query *q = &c->a.query;
	struct attach_list l = { .n = 0 };
	u64 ino;
	int err = q->query_flags ? call_fail(c, -EINVAL, "query_flags must be 0 for network namespaces") :
				   call_netns(c, (int)q->target_fd, &ino);

	if (!err)
		err = netns_query(c->s->hooks, ino, q->attach_type, &l);
	if (!err)
		err = put_list(c, &l, 0, 0);
	attach_list_free(&l);
	return err;
}

static int query_sockmap(struct call *c)
{
	const struct attr_query *q = &c->a.query;
	struct attach_list l = { .n = 0 };
	struct obj *m;
	int err = q->query_flags ? call_fail(c, -EINVAL, "query_flags must be 0 for socket maps") :
				   call_obj(c, (int)q->target_fd, OBJ_MAP, &m, NULL);

	if (err)
		return err;
	err = sockmap_query(c->s->hooks, map_of(m), q->attach_type, &l);
	obj_put(m);
	if (put_list(c, &l, 0, 0))
		err = -EFAULT;
	else if (err)
		call_fail(c, err, err == -EBUSY ? "the other kind of verdict is attached" : "the map is not a socket map");
	attach_list_free(&l);
	return err;
}

static int query_device(struct call *c)
{
	const struct attr_query *q = &c->a.query;
	struct attach_list l = { .n = 0 };
	int err;

	if (no_device(q->target_fd))
		return call_fail(c, -ENODEV, "there is no device with index %u", q->target_fd);
	if (q->query_flags || q->attach_flags)
		return call_fail(c, -EINVAL, "query_flags and attach_flags must be 0 for devices");
	err = netdev_query(c->s->hooks, q->target_fd, q->attach_type, &l);
	if (!err)
		err = put_list(c, &l, WITH_REVISION | WITH_FLAGS | WITH_LINKS, 0);
	attach_list_free(&l);
	return err;
}

int cmd_prog_query(struct call *c)
{
	const struct attr_query *q = &c->a.query;
	const struct attach_spec *t = attach_row(q->attach_type);

	obj_reap(&c->s->tab);
	if (q->query_flags & ~(u32)BPF_F_QUERY_EFFECTIVE)
		return call_fail(c, -EINVAL, "query_flags 0x%x has unknown bits", q->query_flags);
	switch (t ? t->target : TARGET_NONE) {
	case TARGET_CGROUP:
		return query_cgroup(c);
	case TARGET_NETNS:
		return query_netns(c);
	case TARGET_SOCKMAP:
		return query_sockmap(c);
	case TARGET_TCX:
		return query_device(c);
	case TARGET_NETKIT:
		return no_device(q->target_fd) ? call_fail(c, -ENODEV, "there is no device with index %u", q->target_fd) :
						 call_fail(c, -EINVAL, "the device is not a netkit device");
	case TARGET_LIRC: /* as a kernel without infrared receivers */
		return call_fail(c, -EINVAL, "%s: %s", t->name, t->why_not ? t->why_not : "not here");
	default:
		return call_fail(c, -EINVAL, "attach_type %u cannot be queried", q->attach_type);
	}
}
