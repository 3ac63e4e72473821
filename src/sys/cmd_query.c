/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_QUERY. Nothing attaches to cgroups, devices, namespaces and socket maps here yet, so the answer is an empty list; whether
 * the question is a good one is checked as Linux does, each kind of target by its own rules.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "map/map.h"
#include "sys/sys.h"

#define CGROUP2_MAGIC 0x63677270

static int nothing(struct call *c, bool revision)
{
	struct attr_query *q = &c->a.query;

	q->attach_flags = 0;
	q->count = 0;
	q->revision = 1;
	if (CALL_PUT(c, query.attach_flags) || CALL_PUT(c, query.count))
		return -EFAULT;
	return revision && CALL_PUT(c, query.revision) ? -EFAULT : 0;
}

/* The caller's descriptor as a path: 0 or -EBADF. */
static int target_path(struct call *c, char path[48])
{
	snprintf(path, 48, "/proc/%u/fd/%d", caller_known(c->who)->pid, (int)c->a.query.target_fd);
	return access(path, F_OK) ? call_fail(c, -EBADF, "descriptor %d is closed", (int)c->a.query.target_fd) : 0;
}

static int query_cgroup(struct call *c)
{
	const struct attr_query *q = &c->a.query;
	bool effective = q->query_flags & BPF_F_QUERY_EFFECTIVE;
	struct statfs fs;
	char path[48];
	int err = target_path(c, path);

	if (err)
		return err;
	if (statfs(path, &fs) || fs.f_type != CGROUP2_MAGIC)
		return call_fail(c, -EBADF, "descriptor %d is not a cgroup", (int)q->target_fd);
	if (effective && q->prog_attach_flags)
		return call_fail(c, -EINVAL, "prog_attach_flags are not for effective programs");
	if (!strcmp(attach_spec[q->attach_type].name, "lsm_cgroup") && !effective && q->count && q->prog_ids && !q->prog_attach_flags)
		return call_fail(c, -EINVAL, "lsm_cgroup needs prog_attach_flags");
	return nothing(c, true);
}

static int query_netns(struct call *c)
{
	char path[48], target[16] = "";
	int err = c->a.query.query_flags ? call_fail(c, -EINVAL, "query_flags must be 0 for network namespaces") :
					   target_path(c, path);

	if (err)
		return err;
	if (readlink(path, target, sizeof(target) - 1) < 5 || strncmp(target, "net:[", 5))
		return call_fail(c, -EINVAL, "descriptor %d is not a network namespace", (int)c->a.query.target_fd);
	return nothing(c, false);
}

static int query_sock_map(struct call *c)
{
	struct obj *o;
	int err = c->a.query.query_flags ? call_fail(c, -EINVAL, "query_flags must be 0 for socket maps") :
					   call_obj(c, (int)c->a.query.target_fd, OBJ_MAP, &o, NULL);
	u32 type;

	if (err)
		return err;
	type = map_of(o)->desc.type;
	obj_put(o);
	if (type != BPF_MAP_TYPE_SOCKMAP && type != BPF_MAP_TYPE_SOCKHASH)
		return call_fail(c, -EOPNOTSUPP, "the map is not a socket map");
	return nothing(c, false);
}

static int query_device(struct call *c)
{
	const struct attr_query *q = &c->a.query;
	char name[IF_NAMESIZE];

	if (!if_indextoname(q->target_fd, name))
		return call_fail(c, -ENODEV, "there is no device with index %u", q->target_fd);
	if (q->query_flags || q->attach_flags)
		return call_fail(c, -EINVAL, "query_flags and attach_flags must be 0 for devices");
	return nothing(c, true);
}

int cmd_prog_query(struct call *c)
{
	const struct attr_query *q = &c->a.query;
	const struct attach_spec *t = q->attach_type < UAPI_ATTACH_TYPES ? &attach_spec[q->attach_type] : NULL;

	if (q->query_flags & ~(u32)BPF_F_QUERY_EFFECTIVE)
		return call_fail(c, -EINVAL, "query_flags 0x%x has unknown bits", q->query_flags);
	if (t && (!strncmp(t->name, "cgroup_", 7) || !strcmp(t->name, "lsm_cgroup")))
		return query_cgroup(c);
	switch (q->attach_type) {
	case BPF_FLOW_DISSECTOR:
	case BPF_SK_LOOKUP:
		return query_netns(c);
	case BPF_SK_SKB_STREAM_PARSER:
	case BPF_SK_SKB_STREAM_VERDICT:
	case BPF_SK_MSG_VERDICT:
	case BPF_SK_SKB_VERDICT:
		return query_sock_map(c);
	default:
		break;
	}
	if (t && !strncmp(t->name, "tcx_", 4))
		return query_device(c);
	if (t && (!strncmp(t->name, "netkit_", 7) || !strcmp(t->name, "lirc_mode2")))
		return call_fail(c, -EOPNOTSUPP, "%s: %s", t->name, t->why_not ? t->why_not : "not here");
	return call_fail(c, -EINVAL, "attach_type %u cannot be queried", q->attach_type);
}
