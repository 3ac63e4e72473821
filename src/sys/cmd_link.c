/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_LINK_CREATE, _UPDATE, _DETACH, BPF_RAW_TRACEPOINT_OPEN. The order of checks is Linux's: it decides the errno. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hook/ext.h"
#include "hook/ksys.h"
#include "hook/perf.h"
#include "sys/attach.h"
#include "sys/struct_ops.h"

#define PROBES_MAX (1u << 20)
#define LINK_TYPE(name) LTYPE_##name
enum {
#define L(id, ...) LTYPE_##id,
#include "spec/link.def"
};

/* Attached: it goes to the caller. Not: away with it. */
static int finish(struct call *c, struct link *l, int err)
{
	if (!err) {
		l->dead = false;
		err = call_new_fd(c, &l->obj, O_RDWR);
	} else if (c->reason && !c->reason->len) {
		call_fail(c, err, "cannot attach: %s", strerror(-err));
	}
	obj_put(&l->obj);
	return err;
}

static int new_link(struct call *c, u32 type, u32 attach_type, const struct link_ops *ops, struct prog *p, struct link **ret)
{
	int err = link_new(c->s->hooks, &c->s->tab, type, attach_type, ops, p, ret);

	return err ? call_fail(c, err, "cannot make a link: %s", strerror(-err)) : 0;
}

static int no_flags(struct call *c)
{
	return c->a.link_create.flags ? call_fail(c, -EINVAL, "flags must be 0") : 0;
}

/* ---- targets ---- */
static int create_cgroup(struct call *c, struct prog *p)
{
	const struct attr_link_create *a = &c->a.link_create;
	struct cgroup_ref *cg;
	struct anchor at;
	struct link *l;
	int err;

	if (a->flags & ~(u32)(F_ID | F_BEFORE | F_AFTER | F_PREORDER | F_LINK))
		return call_fail(c, -EINVAL, "flags 0x%x are not for links to cgroups", a->flags);
	cg = malloc(sizeof(*cg));
	err = cg ? call_cgroup(c, (int)a->target_fd, cg) : -ENOMEM;
	if (!err)
		err = new_link(c, LINK_TYPE(CGROUP), a->attach_type, &cgroup_link_ops, p, &l);
	if (!err) {
		call_anchor(c, a->order.relative_fd, a->flags | BPF_F_ALLOW_MULTI, a->order.expected_revision, &at);
		err = cgroup_attach(c->s->hooks, cg, p, l, NULL, a->attach_type, &at, c->reason);
		anchor_put(&at);
		err = finish(c, l, err);
	}
	free(cg);
	return err;
}

static int create_netns(struct call *c, struct prog *p)
{
	struct link *l;
	u64 ino;
	int err = no_flags(c);

	if (!err)
		err = call_netns(c, (int)c->a.link_create.target_fd, &ino);
	if (!err)
		err = new_link(c, LINK_TYPE(NETNS), c->a.link_create.attach_type, &netns_link_ops, p, &l);
	return err ? err : finish(c, l, netns_link_attach(c->s->hooks, l, ino, c->reason));
}

static int create_sockmap(struct call *c, struct prog *p)
{
	struct link *l;
	struct obj *m;
	int err = no_flags(c);

	if (!err)
		err = call_obj(c, (int)c->a.link_create.target_fd, OBJ_MAP, &m, NULL);
	if (err)
		return err;
	if (map_of(m)->desc.type != BPF_MAP_TYPE_SOCKMAP && map_of(m)->desc.type != BPF_MAP_TYPE_SOCKHASH)
		err = call_fail(c, -EINVAL, "the map is not a socket map");
	if (!err)
		err = new_link(c, LINK_TYPE(SOCKMAP), c->a.link_create.attach_type, &sockmap_link_ops, p, &l);
	if (err) {
		obj_put(m);
		return err;
	}
	l->map.map = map_of(m);
	return finish(c, l, sockmap_attach(c->s->hooks, map_of(m), l->attach_type, p, l, c->reason));
}

static bool no_device(u32 ifindex)
{
	char name[IF_NAMESIZE];

	return !if_indextoname(ifindex, name);
}

static int create_xdp(struct call *c, struct prog *p)
{
	const struct attr_link_create *a = &c->a.link_create;
	struct link *l;
	int err;

	if (no_device(a->target_fd))
		return call_fail(c, -EINVAL, "there is no device with index %u", a->target_fd);
	err = new_link(c, LINK_TYPE(XDP), a->attach_type, &xdp_link_ops, p, &l);
	if (err)
		return err;
	l->netdev.ifindex = a->target_fd;
	return finish(c, l, xdp_link_attach(c->s->hooks, l, a->target_fd, a->flags, c->reason));
}

static int create_tcx(struct call *c, struct prog *p)
{
	const struct attr_link_create *a = &c->a.link_create;
	struct anchor at;
	struct link *l;
	int err;

	if (no_device(a->target_fd))
		return call_fail(c, -ENODEV, "there is no device with index %u", a->target_fd);
	if (attach_spec[a->attach_type].target == TARGET_NETKIT)
		return call_fail(c, -EINVAL, "the device is not a netkit device");
	err = new_link(c, LINK_TYPE(TCX), a->attach_type, &tcx_link_ops, p, &l);
	if (err)
		return err;
	l->netdev.ifindex = a->target_fd;
	call_anchor(c, a->order.relative_fd, a->flags, a->order.expected_revision, &at);
	err = netdev_attach(c->s->hooks, a->target_fd, p, l, NULL, a->attach_type, &at, c->reason);
	anchor_put(&at);
	return finish(c, l, err);
}

static int create_netfilter(struct call *c, struct prog *p)
{
	const struct attr_link_create *a = &c->a.link_create;
	struct link *l;
	int err = no_flags(c);

	if (!err)
		err = new_link(c, LINK_TYPE(NETFILTER), a->attach_type, &netfilter_link_ops, p, &l);
	if (err)
		return err;
	l->netfilter.pf = a->netfilter.pf;
	l->netfilter.hooknum = a->netfilter.hooknum;
	l->netfilter.priority = a->netfilter.priority;
	l->netfilter.flags = a->netfilter.flags;
	return finish(c, l, netfilter_attach(c->s->hooks, l, c->reason));
}

static int create_perf(struct call *c, struct prog *p)
{
	const struct attr_link_create *a = &c->a.link_create;
	struct link *l;
	struct obj *e;
	int err = no_flags(c);

	if (!err && call_obj(c, (int)a->target_fd, OBJ_PERF, &e, NULL))
		err = call_fail(c, -EBADF, "descriptor %d is not a perf event", (int)a->target_fd);
	if (err)
		return err;
	err = new_link(c, LINK_TYPE(PERF_EVENT), a->attach_type, &perf_link_ops, p, &l);
	if (err) {
		obj_put(e);
		return err;
	}
	l->perf.event = perf_of(e);
	l->cookie = a->perf.cookie;
	return finish(c, l, perf_event_set_prog(perf_of(e), p, a->perf.cookie, l, c->reason));
}

/* ---- tracepoints, functions, security hooks ---- */
static int open_raw_tp(struct call *c, struct prog *p, const char *name, u64 cookie)
{
	struct link *l;
	int err = new_link(c, LINK_TYPE(RAW_TRACEPOINT), p->attach_type, &raw_tp_link_ops, p, &l);

	sys_kernel_btf(c->s); /* it says which tracepoints a kernel would have */
	return err ? err : finish(c, l, raw_tp_attach(c->s->hooks, l, name, cookie, c->reason));
}

static int create_lsm(struct call *c, struct prog *p)
{
	struct link *l;
	int err = new_link(c, LINK_TYPE(TRACING), p->attach_type, &raw_tp_link_ops, p, &l);

	if (err)
		return err;
	l->type = LINK_TYPE(TRACING);
	return finish(c, l, lsm_attach(c->s->hooks, l, p->attach_name, c->reason));
}

/* A function of the kernel is entered or left. */
static int create_func(struct call *c, struct prog *p, u64 cookie)
{
	bool exit = p->attach_type == BPF_TRACE_FEXIT;
	struct link *l;
	int err;

	if (!exit && p->attach_type != BPF_TRACE_FENTRY)
		return call_fail(c, -EOPNOTSUPP, "%s: nothing of the kernel is changed; " KSYS_ONLY ", at entry and return",
				 attach_spec[p->attach_type].name);
	err = new_link(c, LINK_TYPE(TRACING), p->attach_type, &raw_tp_link_ops, p, &l);
	return err ? err : finish(c, l, func_attach(c->s->hooks, l, p->attach_name, exit, cookie, c->reason));
}

/* BPF_PROG_TYPE_EXT, or tracing of a program: the target at load, or one that is given here. */
static int create_on_prog(struct call *c, struct prog *p, u32 target_fd, u32 btf_id, u64 cookie)
{
	struct prog *target = NULL;
	struct link *l;
	int err = 0;

	if (target_fd)
		err = call_prog(c, (int)target_fd, &target);
	if (!err)
		err = new_link(c, LINK_TYPE(TRACING), p->attach_type, &ext_link_ops, p, &l);
	if (err) {
		prog_put(target);
		return err;
	}
	l->cookie = cookie;
	err = finish(c, l, ext_attach(l, target, btf_id, c->reason));
	prog_put(target);
	return err;
}

static int create_tracing(struct call *c, struct prog *p, u32 target_fd, u32 btf_id, u64 cookie)
{
	bool ok = p->type == BPF_PROG_TYPE_EXT ? !p->attach_type
		  : p->type == BPF_PROG_TYPE_LSM
			  ? p->attach_type == BPF_LSM_MAC
			  : p->type == BPF_PROG_TYPE_TRACING && attach_spec[p->attach_type].target == TARGET_FUNC;

	if (!ok)
		return call_fail(c, -EINVAL, "a program of type %s, loaded for %s, does not attach to functions", p->spec->name,
				 attach_spec[p->attach_type].name);
	if (!target_fd != !btf_id)
		return call_fail(c, -EINVAL, "target_fd and target_btf_id go together");
	if (target_fd && p->type != BPF_PROG_TYPE_EXT)
		return call_fail(c, -EINVAL, "only extensions take another target than at load");
	if (p->type == BPF_PROG_TYPE_EXT || (p->attach_obj && p->attach_obj->kind == OBJ_PROG))
		return create_on_prog(c, p, target_fd, btf_id, cookie);
	if (p->type == BPF_PROG_TYPE_LSM)
		return create_lsm(c, p);
	return create_func(c, p, cookie);
}

static int create_typed(struct call *c, struct prog *p)
{
	const struct attr_link_create *a = &c->a.link_create;
	struct link *l = NULL;
	int err;

	if (p->type != BPF_PROG_TYPE_EXT && a->attach_type != p->attach_type)
		return call_fail(c, -EINVAL, "the program was loaded for %s", attach_spec[p->attach_type].name);
	if (p->type == BPF_PROG_TYPE_EXT)
		return create_tracing(c, p, a->target_fd, a->tracing.target_btf_id, a->tracing.cookie);
	switch (attach_spec[p->attach_type].target) {
	case TARGET_RAW_TP:
		return open_raw_tp(c, p, p->attach_name, a->tracing.cookie);
	case TARGET_ITER:
		err = iter_link_create(c, p, &l);
		return err ? err : finish(c, l, 0);
	case TARGET_CGROUP:
		return create_cgroup(c, p);
	default:
		return create_tracing(c, p, a->target_fd, a->tracing.target_btf_id, a->tracing.cookie);
	}
}

int cmd_raw_tracepoint_open(struct call *c)
{
	const struct attr_raw_tp *a = &c->a.raw_tp;
	char name[128] = "";
	struct prog *p;
	int err = call_prog(c, (int)a->prog_fd, &p);

	if (err)
		return err;
	switch (p->type) {
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_EXT:
	case BPF_PROG_TYPE_LSM:
		if (a->name)
			err = call_fail(c, -EINVAL, "what a program of type %s attaches to is said at load: name must be 0",
					p->spec->name);
		else if (p->type == BPF_PROG_TYPE_TRACING && p->attach_type == BPF_TRACE_RAW_TP)
			err = open_raw_tp(c, p, p->attach_name, a->cookie);
		else
			err = create_tracing(c, p, 0, 0, 0);
		break;
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		err = call_in_string(c, name, a->name, sizeof(name));
		if (err == -E2BIG)
			err = 0; /* cut, as Linux does: no tracepoint is called so */
		name[sizeof(name) - 1] = '\0';
		if (!err)
			err = open_raw_tp(c, p, name, a->cookie);
		break;
	default:
		err = call_fail(c, -EINVAL, "programs of type %s do not attach to raw tracepoints", p->spec->name);
		break;
	}
	prog_put(p);
	return err;
}

/* ---- many probes ---- */
static int copy_kprobes(struct call *c, struct link *l)
{
	const struct attr_link_create *a = &c->a.link_create;

	l->kprobe.at = calloc(a->kprobes.cnt, sizeof(*l->kprobe.at));
	if (!l->kprobe.at)
		return -ENOMEM;
	for (u32 i = 0; i < a->kprobes.cnt; i++) {
		u64 at, cookie = 0;
		char name[128] = "";
		int err = call_in(c, &at, (a->kprobes.syms ? a->kprobes.syms : a->kprobes.addrs) + (u64)i * 8, 8), nr;

		if (!err && a->kprobes.syms)
			err = call_in_string(c, name, at, sizeof(name));
		if (!err && a->kprobes.cookies)
			err = call_in(c, &cookie, a->kprobes.cookies + (u64)i * 8, 8);
		if (err)
			return err == -E2BIG ? -EINVAL : err;
		nr = a->kprobes.syms ? ksys_number(name) : ksys_at(at);
		if (nr < 0)
			return call_fail(c, -EOPNOTSUPP, "kprobe_multi: %s: " KSYS_ONLY, *name ? name : "an address");
		l->kprobe.at[i] = (struct link_kprobe){ .cookie = cookie, .nr = (u32)nr };
	}
	l->kprobe.n = a->kprobes.cnt;
	l->kprobe.flags = a->kprobes.flags;
	return 0;
}

static int create_kprobes(struct call *c, struct prog *p)
{
	const struct attr_link_create *a = &c->a.link_create;
	struct link *l;
	int err = no_flags(c);

	if (err)
		return err;
	if (attach_spec[p->attach_type].target != TARGET_KPROBES || p->sleepable || a->kprobes.flags & ~1u ||
	    !a->kprobes.addrs == !a->kprobes.syms || !a->kprobes.cnt)
		return call_fail(c, -EINVAL, "kprobe_multi: the program, flags, addresses or symbols do not go together");
	if (a->kprobes.cnt > PROBES_MAX)
		return call_fail(c, -E2BIG, "kprobe_multi: %u functions", a->kprobes.cnt);
	if (p->attach_type != ATTACH_TRACE_KPROBE_MULTI)
		return call_fail(c, -EOPNOTSUPP, "%s: entry and return of a call are not joined; probe each",
				 attach_spec[p->attach_type].name);
	err = new_link(c, LINK_TYPE(KPROBE_MULTI), a->attach_type, &kprobe_link_ops, p, &l);
	if (err)
		return err;
	err = copy_kprobes(c, l);
	return finish(c, l, err ? err : kprobe_multi_attach(c->s->hooks, l, c->reason));
}

/* The file as the caller sees it, as a path of this process. */
static void path_of_caller(struct call *c, const char *path, char *out, size_t n)
{
	u32 pid = caller_known(c->who)->pid;

	if (pid == (u32)getpid())
		snprintf(out, n, "%s", path);
	else if (!strncmp(path, "/proc/self/", 11))
		snprintf(out, n, "/proc/%u/%s", pid, path + 11);
	else if (*path == '/')
		snprintf(out, n, "/proc/%u/root%s", pid, path);
	else
		snprintf(out, n, "/proc/%u/cwd/%s", pid, path);
}

static int copy_probes(struct call *c, struct link *l)
{
	const struct attr_link_create *a = &c->a.link_create;
	u64 from[3] = { a->uprobes.offsets, a->uprobes.ref_ctr_offsets, a->uprobes.cookies };

	l->uprobe.at = calloc(a->uprobes.cnt, sizeof(*l->uprobe.at));
	if (!l->uprobe.at)
		return -ENOMEM;
	for (u32 i = 0; i < a->uprobes.cnt; i++) {
		u64 v[3] = { 0 };

		for (int k = 0; k < 3; k++) {
			int err = from[k] ? call_in(c, &v[k], from[k] + (u64)i * 8, 8) : 0;
			if (err)
				return err;
			if (!k && (s64)v[0] < 0)
				return call_fail(c, -EINVAL, "offset %u is negative", i);
		}
		l->uprobe.at[i] = (struct link_uprobe){ v[0], v[1], v[2] };
	}
	l->uprobe.n = a->uprobes.cnt;
	return 0;
}

/* Path, file and process. `ret` is malloc'ed. */
static int probed_file(struct call *c, char **ret, struct stat *st)
{
	const struct attr_link_create *a = &c->a.link_create;
	char path[PATH_MAX], full[PATH_MAX + 64];
	int err = call_in_string(c, path, a->uprobes.path, sizeof(path));

	if (err)
		return err == -E2BIG ? -EINVAL : err;
	path_of_caller(c, path, full, sizeof(full));
	if (stat(full, st))
		return call_fail(c, -errno, "cannot find %s", path);
	if (!S_ISREG(st->st_mode))
		return call_fail(c, -EBADF, "%s is not a regular file", path);
	if (a->uprobes.pid && (syscall(SYS_tgkill, a->uprobes.pid, a->uprobes.pid, 0) && errno == ESRCH))
		return call_fail(c, -ESRCH, "there is no process %d", a->uprobes.pid);
	*ret = realpath(full, NULL);
	if (!*ret || !strncmp(*ret, "/proc/", 6)) {
		free(*ret);
		*ret = strdup(path);
	}
	return *ret ? 0 : -ENOMEM;
}

static int create_uprobes(struct call *c, struct prog *p)
{
	const struct attr_link_create *a = &c->a.link_create;
	char *path = NULL;
	struct stat st;
	struct link *l;
	int err;

	if (attach_spec[p->attach_type].target != TARGET_UPROBES)
		return call_fail(c, -EINVAL, "the program was not loaded for trace_uprobe_multi");
	if (a->uprobes.flags & ~1u)
		return call_fail(c, -EINVAL, "uprobe_multi: flags 0x%x", a->uprobes.flags);
	if (a->flags)
		return call_fail(c, -EINVAL, "flags must be 0");
	if (!a->uprobes.path || !a->uprobes.offsets || !a->uprobes.cnt || a->uprobes.pid < 0)
		return call_fail(c, -EINVAL, "uprobe_multi: path, offsets and cnt are needed, and pid is not negative");
	if (a->uprobes.cnt > PROBES_MAX)
		return call_fail(c, -E2BIG, "uprobe_multi: %u places", a->uprobes.cnt);
	err = probed_file(c, &path, &st);
	if (!err)
		err = new_link(c, LINK_TYPE(UPROBE_MULTI), a->attach_type, &uprobe_link_ops, p, &l);
	if (err) {
		free(path);
		return err;
	}
	l->uprobe.path = path;
	l->uprobe.dev = st.st_dev;
	l->uprobe.ino = st.st_ino;
	l->uprobe.flags = a->uprobes.flags;
	l->uprobe.pid = a->uprobes.pid;
	err = copy_probes(c, l);
	return finish(c, l, err ? err : uprobe_multi_attach(c->s->hooks, l, c->reason));
}

static int create_struct_ops(struct call *c)
{
	struct map *m;
	struct link *l;
	int err = ops_link_map(c, (int)c->a.link_create.prog_fd, &m);

	if (err)
		return err;
	err = new_link(c, LINK_TYPE(STRUCT_OPS), ATTACH_STRUCT_OPS, &ops_link_ops, NULL, &l);
	if (err) {
		obj_put(&m->obj);
		return err;
	}
	l->map.map = m;
	return finish(c, l, 0);
}

/* ---- commands ---- */
static int create(struct call *c, struct prog *p)
{
	switch (attach_spec[c->a.link_create.attach_type].target) {
	case TARGET_CGROUP:
		return p->type == BPF_PROG_TYPE_LSM ? create_typed(c, p) : create_cgroup(c, p);
	case TARGET_NETNS:
		return create_netns(c, p);
	case TARGET_SOCKMAP:
		return create_sockmap(c, p);
	case TARGET_XDP:
		return create_xdp(c, p);
	case TARGET_TCX:
	case TARGET_NETKIT:
		return create_tcx(c, p);
	case TARGET_NETFILTER:
		return create_netfilter(c, p);
	case TARGET_PERF:
		return create_perf(c, p);
	case TARGET_KPROBES:
		return create_kprobes(c, p);
	case TARGET_UPROBES:
		return create_uprobes(c, p);
	case TARGET_RAW_TP:
	case TARGET_FUNC:
	case TARGET_LSM:
	case TARGET_ITER:
		return create_typed(c, p);
	default:
		return call_fail(c, -EINVAL, "%s is not attached to by a link", attach_spec[c->a.link_create.attach_type].name);
	}
}

int cmd_link_create(struct call *c)
{
	const struct attr_link_create *a = &c->a.link_create;
	struct prog *p;
	int err;

	obj_reap(&c->s->tab);
	if (a->attach_type == ATTACH_STRUCT_OPS)
		return create_struct_ops(c);
	err = call_prog(c, (int)a->prog_fd, &p);
	if (err)
		return err;
	err = check_attach(c, p, a->attach_type);
	if (!err)
		err = p->type == BPF_PROG_TYPE_EXT ? create_typed(c, p) : create(c, p);
	prog_put(p);
	return err;
}

int cmd_link_update(struct call *c)
{
	const struct attr_link_update *a = &c->a.link_update;
	struct prog *p = NULL, *old = NULL;
	struct link *l;
	int err;

	if (a->flags & ~(u32)BPF_F_REPLACE)
		return call_fail(c, -EINVAL, "flags 0x%x: only BPF_F_REPLACE is known", a->flags);
	err = call_link(c, (int)a->link_fd, &l);
	if (err)
		return err;
	if (l->ops == &ops_link_ops) {
		err = ops_link_update(c, l);
		obj_put(&l->obj);
		return err;
	}
	err = call_prog(c, (int)a->new_fd, &p);
	if (!err && a->flags & BPF_F_REPLACE)
		err = call_prog(c, (int)a->old_fd, &old);
	else if (!err && a->old_fd)
		err = call_fail(c, -EINVAL, "old_prog_fd is set without BPF_F_REPLACE");
	if (!err) {
		err = link_update(l, p, old, c->reason);
		if (err && c->reason && !c->reason->len)
			call_fail(c, err, "the link does not take the program: %s", strerror(-err));
	}
	prog_put(old);
	prog_put(p);
	obj_put(&l->obj);
	return err;
}

int cmd_link_detach(struct call *c)
{
	struct link *l;
	int err = call_link(c, (int)c->a.link_detach.link_fd, &l);

	if (err)
		return err;
	err = link_detach(l);
	if (err)
		call_fail(c, err, "a %s link ends with its last descriptor, and not before", link_spec[l->type].name);
	obj_put(&l->obj);
	return err;
}
