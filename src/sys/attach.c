/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors and rules that the attaching commands share: see attach.h. */
#include "sys/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270

int call_prog(struct call *c, int fd, struct prog **ret)
{
	struct obj *o;
	int err = call_obj(c, fd, OBJ_PROG, &o, NULL);

	if (err)
		return err;
	err = prog_ready(prog_of(o));
	if (err) {
		obj_put(o);
		return call_fail(c, err, "the program cannot be compiled: %s", strerror(-err));
	}
	*ret = prog_of(o);
	return 0;
}

int call_prog_type(struct call *c, int fd, u32 type, struct prog **ret)
{
	struct prog *p;
	int err = call_prog(c, fd, &p);

	if (err)
		return err;
	if (p->type != type) {
		prog_put(p);
		return call_fail(c, -EINVAL, "descriptor %d is a program of another type than %s", fd,
				 type < UAPI_PROG_TYPES ? progtype_spec[type].name : "asked for");
	}
	*ret = p;
	return 0;
}

int call_link(struct call *c, int fd, struct link **ret)
{
	struct obj *o;
	int err = call_obj(c, fd, OBJ_LINK, &o, NULL);

	if (!err)
		*ret = link_of(o);
	return err;
}

u32 attach_prog_type(u32 attach_type)
{
	const struct attach_spec *a = attach_row(attach_type);

	if (!a)
		return BPF_PROG_TYPE_UNSPEC;
	switch (a->target) {
	case TARGET_NONE:
	case TARGET_NETFILTER:
	case TARGET_PERF:
	case TARGET_KPROBES:
	case TARGET_UPROBES:
	case TARGET_STRUCT_OPS:
		return BPF_PROG_TYPE_UNSPEC;
	default:
		return (u32)__builtin_ctzll(a->progs);
	}
}

bool target_is_cgroup(u32 prog_type, u32 attach_type, bool check)
{
	for (u32 i = 0; i < UAPI_ATTACH_TYPES; i++)
		if (attach_spec[i].target == TARGET_CGROUP && attach_spec[i].progs & PT_BIT(prog_type))
			return prog_type != BPF_PROG_TYPE_LSM || !check || attach_type == ATTACH_LSM_CGROUP;
	return false;
}

static bool in_family(const struct prog *p, u32 attach_type)
{
	const struct attach_spec *a = attach_row(attach_type);

	if (!a)
		return false;
	switch (p->type) {
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_SK_LOOKUP:
		return attach_type == p->attach_type;
	case BPF_PROG_TYPE_CGROUP_SKB:
		return a->progs & PT_BIT(p->type); /* results of egress mean the same at ingress, where only bit 0 counts */
	case UAPI_PROG_TYPE_NETFILTER:
		return a->target == TARGET_NETFILTER;
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_TRACEPOINT:
		return a->target == TARGET_PERF;
	case BPF_PROG_TYPE_SCHED_CLS:
		return a->target == TARGET_TCX || a->target == TARGET_NETKIT;
	default:
		return attach_prog_type(attach_type) == p->type;
	}
}

/* Programs loaded for many probes at once attach so only. */
static bool kprobe_ok(const struct prog *p, u32 attach_type)
{
	const struct attach_spec *a = attach_row(attach_type), *own = &attach_spec[p->attach_type];

	if ((own->target == TARGET_KPROBES || own->target == TARGET_UPROBES) && attach_type != p->attach_type)
		return false;
	return a && (a->target == TARGET_PERF || a->target == TARGET_KPROBES || a->target == TARGET_UPROBES);
}

int check_attach(struct call *c, const struct prog *p, u32 attach_type)
{
	const struct attach_spec *a = attach_row(attach_type);

	if (p->type == BPF_PROG_TYPE_EXT)
		return 0;
	if (p->type == BPF_PROG_TYPE_CGROUP_SKB && !call_capable(c, CAPB_NET_ADMIN))
		return call_fail(c, -EPERM, "attaching to a cgroup needs CAP_NET_ADMIN");
	if (p->type == BPF_PROG_TYPE_KPROBE ? kprobe_ok(p, attach_type) : in_family(p, attach_type))
		return 0;
	return call_fail(c, -EINVAL, "a program of type %s, loaded for %s, does not attach as %s", p->spec->name,
			 attach_spec[p->attach_type].name, a ? a->name : "an unknown attach type");
}

/* The caller's descriptor as a path of ours: 0 or -EBADF. */
static int fd_path(struct call *c, int fd, char path[48])
{
	snprintf(path, 48, "/proc/%u/fd/%d", caller_known(c->who)->pid, fd);
	return access(path, F_OK) ? call_fail(c, -EBADF, "descriptor %d is closed", fd) : 0;
}

/* Where the hierarchy begins on the way up from `path`: length of the mount point. */
static size_t mount_len(const char *path)
{
	char up[4096];
	size_t n = strlen(path), at = n;
	struct statfs fs;

	while (at > 1) {
		size_t next = at;

		while (next > 1 && path[next - 1] != '/')
			next--;
		next = next > 1 ? next - 1 : 1;
		snprintf(up, sizeof(up), "%.*s", (int)next, path);
		if (statfs(up, &fs) || fs.f_type != CGROUP2_MAGIC)
			break;
		at = next;
	}
	return at;
}

int call_cgroup(struct call *c, int fd, struct cgroup_ref *ret)
{
	char path[48], target[4096];
	struct statfs fs;
	struct stat st;
	ssize_t n;
	size_t m;
	int err = fd_path(c, fd, path);

	if (err)
		return err;
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0 || statfs(path, &fs) || fs.f_type != CGROUP2_MAGIC || stat(path, &st) || !S_ISDIR(st.st_mode))
		return call_fail(c, -EBADF, "descriptor %d is not a cgroup", fd);
	target[n] = '\0';
	m = mount_len(target);
	if (m >= sizeof(ret->mount))
		return call_fail(c, -ENAMETOOLONG, "the path of the cgroup hierarchy is too long");
	ret->id = st.st_ino;
	snprintf(ret->mount, sizeof(ret->mount), "%.*s", (int)m, target);
	snprintf(ret->path, sizeof(ret->path), "%s", target[m] ? target + m : "/");
	return 0;
}

static u64 netns_of(const char *path)
{
	char target[32] = "";
	struct stat st;

	if (readlink(path, target, sizeof(target) - 1) < 5 || strncmp(target, "net:[", 5) || stat(path, &st))
		return 0;
	return st.st_ino;
}

int call_netns(struct call *c, int fd, u64 *ret_ino)
{
	char path[48];
	int err = fd_path(c, fd, path);

	if (err)
		return err;
	*ret_ino = netns_of(path);
	return *ret_ino ? 0 : call_fail(c, -EINVAL, "descriptor %d is not a network namespace", fd);
}

u64 caller_netns(struct call *c)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%u/ns/net", caller_known(c->who)->pid);
	return netns_of(path);
}

static int anchor_obj(struct call *c, u32 fd_or_id, bool id, enum obj_kind kind, struct obj **ret)
{
	if (id)
		return fd_or_id ? obj_by_id(&c->s->tab, fd_or_id, kind, ret) : -ENOENT;
	return fd_or_id ? call_obj(c, (int)fd_or_id, kind, ret, NULL) : -EINVAL;
}

void call_anchor(struct call *c, u32 fd_or_id, u32 flags, u64 revision, struct anchor *a)
{
	struct obj *o = NULL;

	*a = (struct anchor){ .flags = flags, .revision = revision, .given = fd_or_id || flags & F_ID };
	if (!a->given && !(flags & F_LINK))
		return;
	a->err = anchor_obj(c, fd_or_id, flags & F_ID, flags & F_LINK ? OBJ_LINK : OBJ_PROG, &o);
	if (a->err)
		return;
	if (flags & F_LINK) {
		a->link = link_of(o);
		a->prog = a->link->prog;
	} else {
		a->prog = prog_of(o);
	}
}

void anchor_put(struct anchor *a)
{
	if (a->link)
		obj_put(&a->link->obj);
	else
		prog_put(a->prog);
}
