/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching, on the running kernel and on skep: the same scenes are played on both, each call's result and what it wrote goes into a
 * record, and the records must be equal line by line.
 *
 * The kernel's side attaches to cgroups of the test's own, which have no processes, and to a network namespace of its own.
 * Invariant: nothing stays behind: links end with their descriptors, cgroups are removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skep/skep.h>

#include "base/types.h"
#include "base/uapi.h"

#define LINES 4000
#define MOV0(k) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = (k) }
#define EXIT_ { .code = BPF_JMP | BPF_EXIT }

/* attach types newer than the system's header */
enum { NETFILTER = 45, TCX_IN = 46, TCX_EG = 47, UPROBES = 48, UNIX_CONNECT = 49, NETKIT_PRI = 54 };
enum { BEFORE = 8, AFTER = 16, BY_ID = 32, PREORDER = 64, BY_LINK = 1 << 13, REPLACE = 4, MULTI = 2, OVERRIDE = 1 };

/* words of union bpf_attr */
union words {
	union bpf_attr a;
	u32 w[40];
	u64 d[20];
};

struct side {
	struct skep *s; /* NULL: the kernel */
	char *line[LINES];
	int n;
	const char *scene;
	u32 known[64];  /* ids in the order they were met: records show their places */
	int nknown;
};
static char base[256]; /* cgroup of the test */

static long raw_bpf(int cmd, void *attr, u32 size)
{
	long r = syscall(SYS_bpf, cmd, attr, size);

	return r < 0 ? -errno : r;
}

static long call(struct side *sd, int cmd, union words *u, u32 size)
{
	return sd->s ? skep_bpf_in(sd->s, cmd, &u->a, size) : raw_bpf(cmd, u, size);
}

static void __attribute__((format(printf, 2, 3))) note(struct side *sd, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	int n = snprintf(text, sizeof(text), "%s: ", sd->scene);

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	if (sd->n < LINES)
		sd->line[sd->n++] = strdup(text);
}

/* What a call gave: "ok" for descriptors and 0. */
static const char *res(long r)
{
	const char *name = r < 0 ? strerrorname_np((int)-r) : "ok";

	return name ? name : "ENOTSUPP";
}

/* ---- programs ---- */
static int load(struct side *sd, u32 type, u32 attach, int ret)
{
	struct bpf_insn insn[] = { MOV0(ret), EXIT_ };
	union words u = { .w = { 0 } };
	long fd;

	u.w[0] = type;
	u.w[1] = 2;
	u.d[1] = (u64)(uintptr_t)insn;
	u.d[2] = (u64)(uintptr_t)"GPL";
	u.a.expected_attach_type = attach;
	fd = call(sd, BPF_PROG_LOAD, &u, 128);
	if (fd < 0)
		note(sd, "load type %u attach %u: %s", type, attach, res(fd));
	return (int)fd;
}

static u32 id_of(struct side *sd, int fd)
{
	u8 info[256] = { 0 };
	union words u = { .w = { 0 } };
	u32 id;

	u.w[0] = (u32)fd;
	u.w[1] = sizeof(info);
	u.d[1] = (u64)(uintptr_t)info;
	if (call(sd, BPF_OBJ_GET_INFO_BY_FD, &u, 16) < 0)
		return 0;
	memcpy(&id, info + 4, 4);
	return id;
}

static int place_of(struct side *sd, u32 id)
{
	if (!id)
		return 0;
	for (int i = 0; i < sd->nknown; i++)
		if (sd->known[i] == id)
			return i + 1;
	if (sd->nknown < 64)
		sd->known[sd->nknown++] = id;
	return sd->nknown;
}

static void meet(struct side *sd, int fd)
{
	place_of(sd, id_of(sd, fd));
}

/* ---- calls with a record ---- */
static int link_create(struct side *sd, const char *what, int prog, u32 target, u32 attach, u32 flags, const u64 *more, int nmore)
{
	union words u = { .w = { (u32)prog, target, attach, flags } };
	long r;

	for (int i = 0; i < nmore; i++)
		u.d[2 + i] = more[i];
	r = call(sd, BPF_LINK_CREATE, &u, 64);
	note(sd, "LINK_CREATE %s: %s", what, res(r));
	return (int)r;
}

static void update(struct side *sd, const char *what, int link, int prog, u32 flags, int old)
{
	union words u = { .w = { (u32)link, (u32)prog, flags, (u32)old } };

	note(sd, "LINK_UPDATE %s: %s", what, res(call(sd, BPF_LINK_UPDATE, &u, 16)));
}

static void detach_link(struct side *sd, const char *what, int link)
{
	union words u = { .w = { (u32)link } };

	note(sd, "LINK_DETACH %s: %s", what, res(call(sd, BPF_LINK_DETACH, &u, 4)));
}

/* What is not said of an attachment is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
struct how { u32 flags; int replace; u32 relative; u64 revision; };
static void attach(struct side *sd, const char *what, u32 target, int prog, u32 type, struct how h)
{
	union words u = { .w = { target, (u32)prog, type, h.flags, (u32)h.replace, h.relative } };

	u.d[3] = h.revision;
	note(sd, "PROG_ATTACH %s: %s", what, res(call(sd, BPF_PROG_ATTACH, &u, 32)));
}

static void detach(struct side *sd, const char *what, u32 target, int prog, u32 type, struct how h)
{
	union words u = { .w = { target, (u32)prog, type, h.flags, (u32)h.replace, h.relative } };

	u.d[3] = h.revision;
	note(sd, "PROG_DETACH %s: %s", what, res(call(sd, BPF_PROG_DETACH, &u, 32)));
}

static void query(struct side *sd, const char *what, u32 target, u32 type, u32 flags, u32 room, bool links)
{
	u32 ids[64] = { 0 }, lids[64] = { 0 }, pf[64];
	union words u = { .w = { target, type, flags } };
	char text[300];
	long r;
	int n;

	memset(pf, 0xee, sizeof(pf));
	u.d[2] = (u64)(uintptr_t)ids;
	u.w[6] = room;
	u.d[4] = flags ? 0 : (u64)(uintptr_t)pf;
	u.d[5] = links ? (u64)(uintptr_t)lids : 0;
	r = call(sd, BPF_PROG_QUERY, &u, 64);
	n = snprintf(text, sizeof(text), "%s flags %x count %u rev %llu:", res(r), u.w[3], u.w[6], (unsigned long long)u.d[7]);
	for (u32 i = 0; i < 8 && i < u.w[6] && i < room; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %d/%d/%x", place_of(sd, ids[i]), lids[i] ? 1 : 0, flags ? 0 : pf[i]);
	note(sd, "PROG_QUERY %s: %s", what, text);
}

/* The information on a link, in words from the 12th byte on; those that are ids or inodes are left out. */
static void info(struct side *sd, const char *what, int link, u32 len, u32 from, u32 to)
{
	u8 raw[256] = { 0 };
	u32 w[64];
	union words u = { .w = { (u32)link, len } };
	char text[300];
	int n;
	long r;

	u.d[1] = (u64)(uintptr_t)raw;
	r = call(sd, BPF_OBJ_GET_INFO_BY_FD, &u, 16);
	memcpy(w, raw, sizeof(w));
	n = snprintf(text, sizeof(text), "%s len %u type %u prog %d:", res(r), u.w[1], w[0], place_of(sd, w[2]));
	for (u32 i = from; i < to; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %x", w[i]);
	note(sd, "info %s: %s", what, text);
}

/* ---- scenes ---- */
static int cgroup(const char *name)
{
	char path[320];

	snprintf(path, sizeof(path), "%s%s", base, name);
	mkdir(path, 0755);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void scene_cgroup_basic(struct side *sd)
{
	u32 in = BPF_CGROUP_INET_INGRESS, out = BPF_CGROUP_INET_EGRESS;
	int a = cgroup("/a"), b = cgroup("/a/b"), c = cgroup("/a/b/c");
	int p[4];

	for (int i = 0; i < 4; i++) {
		p[i] = load(sd, BPF_PROG_TYPE_CGROUP_SKB, i < 3 ? in : out, 1);
		meet(sd, p[i]);
	}
	query(sd, "empty", (u32)a, in, 0, 8, false);
	attach(sd, "plain", (u32)a, p[0], in, (struct how){ 0 });
	attach(sd, "plain below plain", (u32)b, p[1], in, (struct how){ 0 });
	attach(sd, "override below plain", (u32)b, p[1], in, (struct how){ OVERRIDE });
	attach(sd, "multi below plain", (u32)b, p[1], in, (struct how){ MULTI });
	attach(sd, "again", (u32)a, p[0], in, (struct how){ 0 });
	attach(sd, "another in its place", (u32)a, p[1], in, (struct how){ 0 });
	query(sd, "replaced", (u32)a, in, 0, 8, false);
	attach(sd, "override on plain", (u32)a, p[0], in, (struct how){ OVERRIDE });
	attach(sd, "wrong expected type", (u32)a, p[3], in, (struct how){ 0 });
	attach(sd, "egress", (u32)a, p[3], out, (struct how){ 0 });
	query(sd, "effective below", (u32)c, in, BPF_F_QUERY_EFFECTIVE, 8, false);
	detach(sd, "no descriptor", (u32)a, -1, in, (struct how){ 0 });
	detach(sd, "again", (u32)a, p[1], in, (struct how){ 0 });
	attach(sd, "override", (u32)a, p[0], in, (struct how){ OVERRIDE });
	attach(sd, "plain below override", (u32)b, p[1], in, (struct how){ 0 });
	query(sd, "effective b", (u32)b, in, BPF_F_QUERY_EFFECTIVE, 8, false);
	query(sd, "effective c", (u32)c, in, BPF_F_QUERY_EFFECTIVE, 8, false);
	attach(sd, "plain below plain below override", (u32)c, p[2], in, (struct how){ 0 });
	detach(sd, "b", (u32)b, p[1], in, (struct how){ 0 });
	attach(sd, "multi below override", (u32)c, p[2], in, (struct how){ MULTI });
	query(sd, "effective c", (u32)c, in, BPF_F_QUERY_EFFECTIVE, 8, false);
	query(sd, "effective with flags", (u32)c, in, 2, 8, false);
	detach(sd, "c", (u32)c, p[2], in, (struct how){ 0 });
	detach(sd, "a", (u32)a, p[0], in, (struct how){ 0 });
	detach(sd, "a out", (u32)a, p[3], out, (struct how){ 0 });
	detach(sd, "bad flags", (u32)a, p[3], out, (struct how){ 1 });
	attach(sd, "bad flags", (u32)a, p[0], in, (struct how){ 128 });
	attach(sd, "both", (u32)a, p[0], in, (struct how){ MULTI | OVERRIDE });
	attach(sd, "replace alone", (u32)a, p[0], in, (struct how){ REPLACE, p[1] });
	attach(sd, "no cgroup", (u32)p[0], p[0], in, (struct how){ 0 });
	attach(sd, "no program", (u32)a, a, in, (struct how){ 0 });
	attach(sd, "closed", (u32)a, 999, in, (struct how){ 0 });
	attach(sd, "no attach type", (u32)a, p[0], 99, (struct how){ 0 });
	attach(sd, "perf type", (u32)a, p[0], BPF_PERF_EVENT, (struct how){ 0 });
	for (int i = 0; i < 4; i++)
		close(p[i]);
	close(a), close(b), close(c);
}

static void scene_cgroup_multi(struct side *sd)
{
	u32 t = BPF_CGROUP_INET4_CONNECT;
	int a = cgroup("/a"), b = cgroup("/a/b"), p[6], l[3];
	u32 pid[6];
	u64 more[2] = { 0 };

	for (int i = 0; i < 6; i++) {
		p[i] = load(sd, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, t, 1);
		pid[i] = id_of(sd, p[i]);
		place_of(sd, pid[i]);
	}
	attach(sd, "1", (u32)a, p[0], t, (struct how){ MULTI });
	attach(sd, "2", (u32)a, p[1], t, (struct how){ MULTI });
	attach(sd, "2 again", (u32)a, p[1], t, (struct how){ MULTI });
	query(sd, "two", (u32)a, t, 0, 8, false);
	query(sd, "room for one", (u32)a, t, 0, 1, false);
	query(sd, "no room", (u32)a, t, 0, 0, false);
	attach(sd, "first", (u32)a, p[2], t, (struct how){ MULTI | BEFORE });
	attach(sd, "after 1", (u32)a, p[3], t, (struct how){ MULTI | AFTER, 0, (u32)p[0] });
	attach(sd, "before 2 by id", (u32)a, p[4], t, (struct how){ MULTI | BEFORE | BY_ID, 0, pid[1] });
	query(sd, "five", (u32)a, t, 0, 8, false);
	attach(sd, "before and after", (u32)a, p[5], t, (struct how){ MULTI | BEFORE | AFTER });
	attach(sd, "relative without side", (u32)a, p[5], t, (struct how){ MULTI, 0, (u32)p[0] });
	attach(sd, "relative to a stranger", (u32)a, p[5], t, (struct how){ MULTI | BEFORE, 0, (u32)p[5] });
	attach(sd, "relative to a link flag", (u32)a, p[5], t, (struct how){ MULTI | BEFORE | BY_LINK, 0, (u32)p[0] });
	attach(sd, "id 0", (u32)a, p[5], t, (struct how){ MULTI | BEFORE | BY_ID });
	attach(sd, "preorder beside not", (u32)a, p[5], t, (struct how){ MULTI | BEFORE | PREORDER, 0, (u32)p[0] });
	attach(sd, "stale", (u32)a, p[5], t, (struct how){ MULTI, 0, 0, 77 });
	attach(sd, "replace", (u32)a, p[5], t, (struct how){ MULTI | REPLACE, p[3] });
	query(sd, "replaced", (u32)a, t, 0, 8, false);
	attach(sd, "replace a stranger", (u32)a, p[3], t, (struct how){ MULTI | REPLACE, p[3] });
	attach(sd, "replace by itself", (u32)a, p[5], t, (struct how){ MULTI | REPLACE, p[5] });
	attach(sd, "replace with side", (u32)a, p[3], t, (struct how){ MULTI | REPLACE | BEFORE, p[5] });
	attach(sd, "replace no program", (u32)a, p[3], t, (struct how){ MULTI | REPLACE, 999 });
	attach(sd, "below", (u32)b, p[3], t, (struct how){ MULTI });
	query(sd, "effective b", (u32)b, t, BPF_F_QUERY_EFFECTIVE, 16, false);
	attach(sd, "preorder", (u32)b, p[0], t, (struct how){ MULTI | PREORDER });
	attach(sd, "preorder above", (u32)a, p[3], t, (struct how){ MULTI | PREORDER });
	query(sd, "effective b with preorder", (u32)b, t, BPF_F_QUERY_EFFECTIVE, 16, false);
	query(sd, "a", (u32)a, t, 0, 16, false);
	l[0] = link_create(sd, "to a", p[0], (u32)a, t, 0, NULL, 0);
	l[1] = link_create(sd, "to a, again", p[0], (u32)a, t, 0, NULL, 0);
	more[0] = (u32)l[0];
	l[2] = link_create(sd, "before the link", p[1], (u32)a, t, BEFORE | BY_LINK, more, 1);
	query(sd, "with links", (u32)a, t, 0, 16, false);
	info(sd, "link", l[0], 64, 6, 8);
	info(sd, "link, 24 bytes", l[0], 24, 6, 8);
	update(sd, "other program", l[0], p[4], 0, 0);
	update(sd, "old without flag", l[0], p[4], 0, p[0]);
	update(sd, "wrong old", l[0], p[4], REPLACE, p[0]);
	update(sd, "right old", l[0], p[2], REPLACE, p[4]);
	update(sd, "flags", l[0], p[2], 2, 0);
	update(sd, "no link", p[0], p[2], 0, 0);
	update(sd, "closed", 999, p[2], 0, 0);
	update(sd, "no program", l[0], a, 0, 0);
	query(sd, "updated", (u32)a, t, 0, 16, false);
	detach(sd, "a link's program", (u32)a, p[2], t, (struct how){ 0 });
	query(sd, "after it", (u32)a, t, 0, 16, false);
	detach_link(sd, "one", l[0]);
	detach_link(sd, "one again", l[0]);
	info(sd, "detached", l[0], 64, 4, 6);
	update(sd, "detached", l[0], p[2], 0, 0);
	close(l[1]);
	query(sd, "after close", (u32)a, t, 0, 16, false);
	detach(sd, "no descriptor", (u32)a, -1, t, (struct how){ 0 });
	detach(sd, "relative", (u32)a, p[0], t, (struct how){ 0, 0, 3 });
	detach(sd, "stale", (u32)a, p[0], t, (struct how){ 0, 0, 0, 1000 });
	for (int i = 0; i < 6; i++) {
		detach(sd, "a", (u32)a, p[i], t, (struct how){ 0 });
		detach(sd, "b", (u32)b, p[i], t, (struct how){ 0 });
	}
	query(sd, "end", (u32)a, t, 0, 16, false);
	link_create(sd, "bad flags", p[0], (u32)a, t, MULTI, NULL, 0);
	link_create(sd, "wrong type", p[0], (u32)a, BPF_CGROUP_INET6_CONNECT, 0, NULL, 0);
	link_create(sd, "no cgroup", p[0], (u32)p[0], t, 0, NULL, 0);
	close(l[0]), close(l[2]);
	for (int i = 0; i < 6; i++)
		close(p[i]);
	close(a), close(b);
}

static void scene_tcx(struct side *sd)
{
	u32 lo = if_nametoindex("lo"), pid[6];
	int p[6], l[2], other = load(sd, BPF_PROG_TYPE_SOCKET_FILTER, 0, 0);
	u64 more[2] = { 0 };

	for (int i = 0; i < 6; i++) {
		p[i] = load(sd, BPF_PROG_TYPE_SCHED_CLS, 0, 0);
		pid[i] = id_of(sd, p[i]);
		place_of(sd, pid[i]);
	}
	query(sd, "empty", lo, TCX_IN, 0, 8, true);
	query(sd, "no device", 9999, TCX_IN, 0, 8, true);
	query(sd, "netkit", lo, NETKIT_PRI, 0, 8, true);
	detach(sd, "nothing there", lo, p[0], TCX_IN, (struct how){ 0 });
	attach(sd, "1", lo, p[0], TCX_IN, (struct how){ 0 });
	attach(sd, "1 again", lo, p[0], TCX_IN, (struct how){ 0 });
	attach(sd, "2", lo, p[1], TCX_IN, (struct how){ 0 });
	attach(sd, "first", lo, p[2], TCX_IN, (struct how){ BEFORE });
	attach(sd, "last", lo, p[3], TCX_IN, (struct how){ AFTER });
	query(sd, "four", lo, TCX_IN, 0, 8, true);
	query(sd, "room for two", lo, TCX_IN, 0, 2, true);
	attach(sd, "between", lo, p[4], TCX_IN, (struct how){ BEFORE, 0, (u32)p[1] });
	attach(sd, "by id", lo, p[5], TCX_IN, (struct how){ AFTER | BY_ID, 0, pid[0] });
	query(sd, "six", lo, TCX_IN, 0, 8, true);
	detach(sd, "one", lo, p[5], TCX_IN, (struct how){ 0 });
	attach(sd, "both sides", lo, p[5], TCX_IN, (struct how){ BEFORE | AFTER, 0, (u32)p[0] });
	attach(sd, "relative without side", lo, p[5], TCX_IN, (struct how){ 0, 0, (u32)p[0] });
	attach(sd, "relative to a stranger", lo, p[5], TCX_IN, (struct how){ BEFORE, 0, (u32)p[5] });
	attach(sd, "relative of another type", lo, p[5], TCX_IN, (struct how){ BEFORE, 0, (u32)other });
	attach(sd, "relative link", lo, p[5], TCX_IN, (struct how){ BEFORE | BY_LINK, 0, (u32)p[0] });
	attach(sd, "id without id", lo, p[5], TCX_IN, (struct how){ BEFORE | BY_ID });
	attach(sd, "link without", lo, p[5], TCX_IN, (struct how){ BEFORE | BY_LINK });
	attach(sd, "stale", lo, p[5], TCX_IN, (struct how){ 0, 0, 0, 99 });
	attach(sd, "replace", lo, p[5], TCX_IN, (struct how){ REPLACE, p[1] });
	attach(sd, "replace a stranger", lo, p[1], TCX_IN, (struct how){ REPLACE, p[1] });
	attach(sd, "replace, wrong side", lo, p[1], TCX_IN, (struct how){ REPLACE | BEFORE, p[5], (u32)p[5] });
	attach(sd, "bad flags", lo, p[1], TCX_IN, (struct how){ MULTI });
	attach(sd, "no device", 9999, p[1], TCX_IN, (struct how){ 0 });
	attach(sd, "netkit", lo, p[1], NETKIT_PRI, (struct how){ 0 });
	query(sd, "now", lo, TCX_IN, 0, 8, true);
	l[0] = link_create(sd, "egress", p[0], lo, TCX_EG, 0, NULL, 0);
	info(sd, "egress", l[0], 64, 4, 6);
	l[1] = link_create(sd, "same program", p[0], lo, TCX_EG, 0, NULL, 0);
	more[0] = (u32)l[0];
	l[1] = link_create(sd, "before the link", p[1], lo, TCX_EG, BEFORE | BY_LINK, more, 1);
	query(sd, "links", lo, TCX_EG, 0, 8, true);
	detach(sd, "a link's", lo, p[0], TCX_EG, (struct how){ 0 });
	detach(sd, "first", lo, 0, TCX_EG, (struct how){ BEFORE });
	update(sd, "to one that is there", l[0], p[1], 0, 0);
	update(sd, "new", l[0], p[2], 0, 0);
	update(sd, "same", l[0], p[2], 0, 0);
	update(sd, "wrong old", l[0], p[3], REPLACE, p[0]);
	update(sd, "of another type", l[0], other, 0, 0);
	query(sd, "updated", lo, TCX_EG, 0, 8, true);
	detach_link(sd, "egress", l[0]);
	update(sd, "detached", l[0], p[2], 0, 0);
	info(sd, "detached", l[0], 64, 4, 6);
	close(l[0]), close(l[1]);
	query(sd, "closed", lo, TCX_EG, 0, 8, true);
	link_create(sd, "no device", p[0], 9999, TCX_EG, 0, NULL, 0);
	detach(sd, "first", lo, 0, TCX_IN, (struct how){ BEFORE });
	detach(sd, "last", lo, 0, TCX_IN, (struct how){ AFTER });
	detach(sd, "before one", lo, 0, TCX_IN, (struct how){ BEFORE, 0, (u32)p[4] });
	query(sd, "now", lo, TCX_IN, 0, 8, true);
	for (int i = 0; i < 6; i++)
		detach(sd, "each", lo, p[i], TCX_IN, (struct how){ 0 });
	detach(sd, "nothing left", lo, 0, TCX_IN, (struct how){ 0 });
	query(sd, "end", lo, TCX_IN, 0, 8, true);
	for (int i = 0; i < 6; i++)
		close(p[i]);
	close(other);
}

static void scene_xdp(struct side *sd)
{
	u32 lo = if_nametoindex("lo");
	int p = load(sd, BPF_PROG_TYPE_XDP, BPF_XDP, 2), q = load(sd, BPF_PROG_TYPE_XDP, BPF_XDP, 2), d = load(sd, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 2);
	int n = load(sd, BPF_PROG_TYPE_XDP, 0, 2), l, m;

	meet(sd, p), meet(sd, q), meet(sd, d), meet(sd, n);
	l = link_create(sd, "skb mode", p, lo, BPF_XDP, 2, NULL, 0);
	m = link_create(sd, "second", q, lo, BPF_XDP, 2, NULL, 0);
	info(sd, "link", l, 64, 4, 6);
	update(sd, "other", l, q, 0, 0);
	update(sd, "for devmaps", l, d, 0, 0);
	update(sd, "no attach type", l, n, 0, 0);
	update(sd, "wrong old", l, p, REPLACE, p);
	update(sd, "right old", l, p, REPLACE, q);
	info(sd, "updated", l, 64, 4, 6);
	attach(sd, "PROG_ATTACH", lo, p, BPF_XDP, (struct how){ 0 });
	detach(sd, "PROG_DETACH", lo, p, BPF_XDP, (struct how){ 0 });
	query(sd, "xdp", lo, BPF_XDP, 0, 8, false);
	detach_link(sd, "xdp", l);
	update(sd, "detached", l, q, 0, 0);
	link_create(sd, "two modes", p, lo, BPF_XDP, 6, NULL, 0);
	link_create(sd, "flags", p, lo, BPF_XDP, 1, NULL, 0);
	link_create(sd, "hardware", p, lo, BPF_XDP, 8, NULL, 0);
	link_create(sd, "no device", p, 9999, BPF_XDP, 0, NULL, 0);
	link_create(sd, "devmap", d, lo, BPF_XDP, 2, NULL, 0);
	link_create(sd, "devmap type", d, lo, BPF_XDP_DEVMAP, 2, NULL, 0);
	close(l);
	if (m >= 0)
		close(m);
	close(p), close(q), close(d), close(n);
}

static void scene_netns(struct side *sd)
{
	u32 look = BPF_SK_LOOKUP, flow = BPF_FLOW_DISSECTOR;
	int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int p = load(sd, BPF_PROG_TYPE_SK_LOOKUP, look, 1), q = load(sd, BPF_PROG_TYPE_SK_LOOKUP, look, 1), r;
	int f = load(sd, BPF_PROG_TYPE_FLOW_DISSECTOR, flow, 0), g = load(sd, BPF_PROG_TYPE_FLOW_DISSECTOR, flow, 0), l[3];

	meet(sd, p), meet(sd, q), meet(sd, f), meet(sd, g);
	query(sd, "empty", (u32)ns, look, 0, 8, false);
	l[0] = link_create(sd, "lookup", p, (u32)ns, look, 0, NULL, 0);
	l[1] = link_create(sd, "second", q, (u32)ns, look, 0, NULL, 0);
	l[2] = link_create(sd, "same", p, (u32)ns, look, 0, NULL, 0);
	query(sd, "three", (u32)ns, look, 0, 8, false);
	info(sd, "lookup", l[0], 64, 5, 6);
	update(sd, "other", l[0], q, 0, 0);
	update(sd, "wrong old", l[0], q, REPLACE, p);
	update(sd, "wrong type", l[0], f, 0, 0);
	detach_link(sd, "first", l[0]);
	update(sd, "detached", l[0], q, 0, 0);
	query(sd, "two", (u32)ns, look, 0, 8, false);
	link_create(sd, "flags", p, (u32)ns, look, 1, NULL, 0);
	link_create(sd, "no namespace", p, (u32)file, look, 0, NULL, 0);
	link_create(sd, "closed", p, 999, look, 0, NULL, 0);
	attach(sd, "lookup without link", 0, p, look, (struct how){ 0 });
	detach(sd, "lookup without link", 0, p, look, (struct how){ 0 });
	close(l[0]), close(l[1]), close(l[2]);
	query(sd, "none", (u32)ns, look, 0, 8, false);
	attach(sd, "dissector", 0, f, flow, (struct how){ 0 });
	attach(sd, "dissector again", 0, f, flow, (struct how){ 0 });
	attach(sd, "another", 0, g, flow, (struct how){ 0 });
	query(sd, "dissector", (u32)ns, flow, 0, 8, false);
	r = link_create(sd, "beside it", f, (u32)ns, flow, 0, NULL, 0);
	detach(sd, "the one before", 0, f, flow, (struct how){ 0 });
	detach(sd, "dissector", 0, g, flow, (struct how){ 0 });
	r = link_create(sd, "dissector link", f, (u32)ns, flow, 0, NULL, 0);
	link_create(sd, "two", g, (u32)ns, flow, 0, NULL, 0);
	attach(sd, "beside the link", 0, g, flow, (struct how){ 0 });
	detach(sd, "a link's", 0, f, flow, (struct how){ 0 });
	attach(sd, "with target", (u32)ns, g, flow, (struct how){ 0 });
	attach(sd, "with flags", 0, g, flow, (struct how){ MULTI });
	close(r);
	close(p), close(q), close(f), close(g), close(ns), close(file);
}

static int sockmap(struct side *sd, u32 type)
{
	union words u = { .w = { type, 4, 4, 4 } };

	return (int)call(sd, BPF_MAP_CREATE, &u, 72);
}

static void scene_sockmap(struct side *sd)
{
	u32 parser = BPF_SK_SKB_STREAM_PARSER, verdict = BPF_SK_SKB_STREAM_VERDICT, alone = BPF_SK_SKB_VERDICT, msg = BPF_SK_MSG_VERDICT;
	int m = sockmap(sd, BPF_MAP_TYPE_SOCKMAP), other = sockmap(sd, BPF_MAP_TYPE_ARRAY);
	int p = load(sd, BPF_PROG_TYPE_SK_SKB, 0, 1), q = load(sd, BPF_PROG_TYPE_SK_SKB, verdict, 1), k = load(sd, BPF_PROG_TYPE_SK_MSG, msg, 1), l;

	meet(sd, p), meet(sd, q), meet(sd, k);
	query(sd, "empty", (u32)m, verdict, 0, 8, false);
	query(sd, "array", (u32)other, verdict, 0, 8, false);
	attach(sd, "parser", (u32)m, p, parser, (struct how){ 0 });
	attach(sd, "verdict", (u32)m, q, verdict, (struct how){ 0 });
	attach(sd, "verdict without parser", (u32)m, q, alone, (struct how){ 0 });
	attach(sd, "verdict again", (u32)m, q, verdict, (struct how){ 0 });
	attach(sd, "msg", (u32)m, k, msg, (struct how){ 0 });
	attach(sd, "msg as parser", (u32)m, k, parser, (struct how){ 0 });
	attach(sd, "array", (u32)other, q, verdict, (struct how){ 0 });
	attach(sd, "flags", (u32)m, q, verdict, (struct how){ MULTI });
	attach(sd, "no map", (u32)q, q, verdict, (struct how){ 0 });
	query(sd, "parser", (u32)m, parser, 0, 8, false);
	query(sd, "verdict", (u32)m, verdict, 0, 8, false);
	query(sd, "other verdict", (u32)m, alone, 0, 8, false);
	detach(sd, "wrong program", (u32)m, p, verdict, (struct how){ 0 });
	detach(sd, "verdict", (u32)m, q, verdict, (struct how){ 0 });
	l = link_create(sd, "verdict", q, (u32)m, verdict, 0, NULL, 0);
	attach(sd, "beside a link", (u32)m, q, verdict, (struct how){ 0 });
	detach(sd, "a link's", (u32)m, q, verdict, (struct how){ 0 });
	link_create(sd, "second", q, (u32)m, verdict, 0, NULL, 0);
	link_create(sd, "array", q, (u32)other, verdict, 0, NULL, 0);
	info(sd, "verdict", l, 64, 5, 6);
	update(sd, "other attach type", l, p, 0, 0);
	update(sd, "same", l, q, 0, 0);
	detach_link(sd, "verdict", l);
	info(sd, "detached", l, 64, 4, 6);
	update(sd, "detached", l, q, 0, 0);
	detach(sd, "parser", (u32)m, p, parser, (struct how){ 0 });
	detach(sd, "msg", (u32)m, k, msg, (struct how){ 0 });
	close(l), close(p), close(q), close(k), close(m), close(other);
}

static void scene_netfilter(struct side *sd)
{
	int p = load(sd, 32, NETFILTER, 1), l, m;
	u64 more[2];
#define NF(pf, hook, prio, flags) (more[0] = (u64)(hook) << 32 | (pf), more[1] = (u64)(flags) << 32 | (u32)(prio), more)

	meet(sd, p);
	l = link_create(sd, "ipv4 in", p, 0, NETFILTER, 0, NF(2u, 1u, -128, 0u), 2);
	m = link_create(sd, "same priority", p, 0, NETFILTER, 0, NF(2u, 1u, -128, 0u), 2);
	info(sd, "link", l, 64, 4, 8);
	update(sd, "other", l, p, 0, 0);
	link_create(sd, "family", p, 0, NETFILTER, 0, NF(7u, 1u, -128, 0u), 2);
	link_create(sd, "hook", p, 0, NETFILTER, 0, NF(2u, 5u, -128, 0u), 2);
	link_create(sd, "flags of netfilter", p, 0, NETFILTER, 0, NF(2u, 1u, 5, 2u), 2);
	link_create(sd, "first", p, 0, NETFILTER, 0, NF(2u, 1u, 0x80000000, 0u), 2);
	link_create(sd, "last", p, 0, NETFILTER, 0, NF(2u, 1u, 0x7fffffff, 0u), 2);
	link_create(sd, "flags", p, 0, NETFILTER, 1, NF(2u, 1u, 5, 0u), 2);
	detach_link(sd, "link", l);
	attach(sd, "without link", 0, p, NETFILTER, (struct how){ 0 });
	close(l);
	if (m >= 0)
		close(m);
	close(p);
}

/* ---- events ---- */
static long perf_open(struct side *sd, struct perf_event_attr *a, int pid, int cpu, int group, unsigned long flags)
{
	long r;

	if (sd->s)
		return skep_perf_event_open_in(sd->s, a, pid, cpu, group, flags);
	r = syscall(SYS_perf_event_open, a, pid, cpu, group, flags);
	return r < 0 ? -errno : r;
}

static long perf_ioctl(struct side *sd, int fd, unsigned long req, unsigned long arg)
{
	if (sd->s)
		return skep_perf_ioctl_in(sd->s, fd, (unsigned)req, arg);
	return ioctl(fd, req, arg) < 0 ? -errno : 0;
}

static int event(struct side *sd, const char *what, u32 type, u64 config, int pid, int cpu)
{
	struct perf_event_attr a = { .type = type, .size = sizeof(a), .config = config, .sample_period = 1000000, .disabled = 1 };
	long r = perf_open(sd, &a, pid, cpu, -1, 8);

	note(sd, "perf_event_open %s: %s", what, res(r));
	return (int)r;
}

static void scene_perf(struct side *sd)
{
	int t = load(sd, BPF_PROG_TYPE_TRACEPOINT, 0, 0), e = load(sd, BPF_PROG_TYPE_PERF_EVENT, 0, 0), k = load(sd, BPF_PROG_TYPE_KPROBE, 0, 0);
	int clock = event(sd, "clock", 1, 0, 0, -1), ring = event(sd, "ring", 1, 10, -1, 0), dummy = event(sd, "dummy", 1, 9, 0, -1), l;
	struct perf_event_attr a = { .type = 1, .size = sizeof(a), .disabled = 1 };
	u64 big[32] = { 0 };

	meet(sd, t), meet(sd, e), meet(sd, k);
	event(sd, "everywhere", 1, 0, -1, -1);
	event(sd, "no software event", 1, 99, 0, -1);
	event(sd, "no type", 12345, 0, 0, -1);
	event(sd, "no tracepoint", 2, 999999, -1, 0);
	event(sd, "no CPU", 1, 0, 0, 99999);
	event(sd, "no process", 1, 0, 0x3fffffff, -1);
	note(sd, "flags: %s", res(perf_open(sd, &a, 0, -1, -1, 1024)));
	note(sd, "group: %s", res(perf_open(sd, &a, 0, -1, 999, 0)));
	a.size = 8;
	note(sd, "size 8: %s, size %u", res(perf_open(sd, &a, 0, -1, -1, 0)), a.size);
	memcpy(big, &a, sizeof(a));
	((struct perf_event_attr *)(void *)big)->size = sizeof(big);
	big[31] = 1;
	note(sd, "unknown tail: %s, size %u", res(perf_open(sd, (void *)big, 0, -1, -1, 0)), ((struct perf_event_attr *)(void *)big)->size);
	a.size = sizeof(a);
	a.freq = 1;
	a.sample_freq = 1000000000;
	note(sd, "frequency: %s", res(perf_open(sd, &a, 0, -1, -1, 0)));
	a.freq = 0;
	a.sample_freq = 1ull << 63;
	note(sd, "period: %s", res(perf_open(sd, &a, 0, -1, -1, 0)));
	l = link_create(sd, "tracepoint program at a clock", t, (u32)clock, BPF_PERF_EVENT, 0, NULL, 0);
	l = link_create(sd, "kprobe program at a clock", k, (u32)clock, BPF_PERF_EVENT, 0, NULL, 0);
	l = link_create(sd, "clock", e, (u32)clock, BPF_PERF_EVENT, 0, (u64[]){ 77 }, 1);
	info(sd, "clock", l, 64, 4, 8);  /* then the type, a number of the running kernel's own */
	info(sd, "clock", l, 64, 10, 12);
	link_create(sd, "second", e, (u32)clock, BPF_PERF_EVENT, 0, NULL, 0);
	note(sd, "SET_BPF on it: %s", res(perf_ioctl(sd, clock, PERF_EVENT_IOC_SET_BPF, (unsigned long)e)));
	update(sd, "perf link", l, e, 0, 0);
	detach_link(sd, "perf link", l);
	close(l);
	note(sd, "SET_BPF: %s", res(perf_ioctl(sd, clock, PERF_EVENT_IOC_SET_BPF, (unsigned long)e)));
	note(sd, "SET_BPF again: %s", res(perf_ioctl(sd, clock, PERF_EVENT_IOC_SET_BPF, (unsigned long)e)));
	note(sd, "SET_BPF no program: %s", res(perf_ioctl(sd, dummy, PERF_EVENT_IOC_SET_BPF, (unsigned long)clock)));
	note(sd, "SET_BPF closed: %s", res(perf_ioctl(sd, dummy, PERF_EVENT_IOC_SET_BPF, 999)));
	note(sd, "QUERY_BPF of a clock: %s", res(perf_ioctl(sd, clock, PERF_EVENT_IOC_QUERY_BPF, (unsigned long)big)));
	note(sd, "ENABLE: %s", res(perf_ioctl(sd, dummy, PERF_EVENT_IOC_ENABLE, 0)));
	note(sd, "DISABLE: %s", res(perf_ioctl(sd, dummy, PERF_EVENT_IOC_DISABLE, 0)));
	note(sd, "RESET: %s", res(perf_ioctl(sd, dummy, PERF_EVENT_IOC_RESET, 0)));
	note(sd, "ID: %s", res(perf_ioctl(sd, dummy, PERF_EVENT_IOC_ID, (unsigned long)big)));
	note(sd, "unknown: %s", res(perf_ioctl(sd, dummy, _IO('$', 99), 0)));
	note(sd, "SET_FILTER: %s", res(perf_ioctl(sd, dummy, PERF_EVENT_IOC_SET_FILTER, (unsigned long)"x")));
	note(sd, "PAUSE without ring: %s", res(perf_ioctl(sd, ring, PERF_EVENT_IOC_PAUSE_OUTPUT, 1)));
	big[0] = 5000000;
	note(sd, "PERIOD: %s", res(perf_ioctl(sd, clock, PERF_EVENT_IOC_PERIOD, (unsigned long)big)));
	big[0] = 0;
	note(sd, "PERIOD 0: %s", res(perf_ioctl(sd, clock, PERF_EVENT_IOC_PERIOD, (unsigned long)big)));
	link_create(sd, "no event", e, (u32)-1, BPF_PERF_EVENT, 0, NULL, 0);
	link_create(sd, "not an event", e, (u32)e, BPF_PERF_EVENT, 0, NULL, 0);
	link_create(sd, "flags", e, (u32)dummy, BPF_PERF_EVENT, 1, NULL, 0);
	link_create(sd, "wrong attach type", e, (u32)dummy, BPF_CGROUP_DEVICE, 0, NULL, 0);
	attach(sd, "PROG_ATTACH", (u32)dummy, e, BPF_PERF_EVENT, (struct how){ 0 });
	close(t), close(e), close(k), close(clock), close(ring), close(dummy);
}

static int raw_tp(struct side *sd, const char *what, int prog, const char *name)
{
	union words u = { .w = { 0 } };
	long r;

	u.d[0] = (u64)(uintptr_t)name;
	u.w[2] = (u32)prog;
	u.d[2] = 0x1234;
	r = call(sd, BPF_RAW_TRACEPOINT_OPEN, &u, 24);
	note(sd, "RAW_TRACEPOINT_OPEN %s: %s", what, res(r));
	return (int)r;
}

static void scene_raw_tp(struct side *sd)
{
	int p = load(sd, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0), q = load(sd, BPF_PROG_TYPE_SOCKET_FILTER, 0, 0), l, m;
	char name[32] = { 0 };
	u8 raw[64] = { 0 };
	union words u = { .w = { 0 } };
	u32 w[16];
	u64 ptr = (u64)(uintptr_t)name;

	meet(sd, p), meet(sd, q);
	l = raw_tp(sd, "sys_enter", p, "sys_enter");
	m = raw_tp(sd, "again", p, "sys_enter");
	info(sd, "sys_enter", l, 64, 6, 7);
	for (u32 room = 0; room < 16; room += 5) {
		memcpy(raw + 16, &ptr, 8);
		memcpy(raw + 24, &room, 4);
		u = (union words){ .w = { (u32)l, sizeof(raw) } };
		u.d[1] = (u64)(uintptr_t)raw;
		memset(name, 0, sizeof(name));
		note(sd, "name, room %u: %s", room, res(call(sd, BPF_OBJ_GET_INFO_BY_FD, &u, 16)));
		memcpy(w, raw, sizeof(w));
		note(sd, "name \"%s\", len %u", name, w[6]);
	}
	u = (union words){ .w = { (u32)l, 65 } };
	memset(raw, 0, sizeof(raw));
	u.d[1] = (u64)(uintptr_t)raw;
	update(sd, "raw tracepoint", l, p, 0, 0);
	detach_link(sd, "raw tracepoint", l);
	raw_tp(sd, "no such", p, "no_such_tracepoint");
	raw_tp(sd, "empty", p, "");
	raw_tp(sd, "socket filter", q, "sys_enter");
	raw_tp(sd, "no program", l, "sys_enter");
	raw_tp(sd, "closed", 999, "sys_enter");
	link_create(sd, "raw tracepoint program", p, 0, BPF_TRACE_RAW_TP, 0, NULL, 0);
	link_create(sd, "socket filter", q, 0, BPF_PERF_EVENT, 0, NULL, 0);
	link_create(sd, "no program", l, 0, BPF_PERF_EVENT, 0, NULL, 0);
	link_create(sd, "struct_ops", q, 0, 44, 0, NULL, 0);
	close(l), close(m), close(p), close(q);
}

static __attribute__((noinline)) int probed(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x;
}

static __attribute__((noinline)) int probed_too(int x)
{
	__asm__ volatile("nop" : "+r"(x));
	return x;
}

/* Where an address of this program is in its file. */
static u64 file_offset(u64 addr)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long from, to, off = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %lx", &from, &to, &off) == 3 && addr >= from && addr < to)
			break;
	if (f)
		fclose(f);
	return addr - from + off;
}

static void scene_uprobes(struct side *sd)
{
	int p = load(sd, BPF_PROG_TYPE_KPROBE, UPROBES, 0), k = load(sd, BPF_PROG_TYPE_KPROBE, 0, 0), l;
	u64 off[2] = { file_offset((u64)(uintptr_t)probed), file_offset((u64)(uintptr_t)probed_too) }, bad[2] = { (u64)-1, 0 }, cookie[2] = { 7, 8 }, got[2] = { 0 };
	u64 more[6] = { (u64)(uintptr_t)"/proc/self/exe", (u64)(uintptr_t)off, 0, (u64)(uintptr_t)cookie, 2, 0 };
	u8 raw[64] = { 0 };
	union words u = { .w = { 0 } };
	u64 ptr = (u64)(uintptr_t)got;
	u32 two = 2;

	meet(sd, p), meet(sd, k);
	l = link_create(sd, "two", p, 0, UPROBES, 0, more, 6);
	info(sd, "two", l, 64, 12, 16);
	memcpy(raw + 40, &ptr, 8);
	memcpy(raw + 52, &two, 4);
	u.w[0] = (u32)l;
	u.w[1] = 64;
	u.d[1] = (u64)(uintptr_t)raw;
	note(sd, "cookies: %s", res(call(sd, BPF_OBJ_GET_INFO_BY_FD, &u, 16)));
	note(sd, "cookies %llu %llu", (unsigned long long)got[0], (unsigned long long)got[1]);
	update(sd, "uprobes", l, p, 0, 0);
	detach_link(sd, "uprobes", l);
	close(l);
	link_create(sd, "not loaded for it", k, 0, UPROBES, 0, more, 6);
	link_create(sd, "as perf", p, 0, BPF_PERF_EVENT, 0, more, 6);
	more[1] = (u64)(uintptr_t)bad;
	link_create(sd, "negative offset", p, 0, UPROBES, 0, more, 6);
	more[1] = 0;
	link_create(sd, "no offsets", p, 0, UPROBES, 0, more, 6);
	more[1] = (u64)(uintptr_t)off;
	more[0] = (u64)(uintptr_t)"/no/such/file";
	link_create(sd, "no file", p, 0, UPROBES, 0, more, 6);
	more[0] = (u64)(uintptr_t)"/proc";
	link_create(sd, "a directory", p, 0, UPROBES, 0, more, 6);
	more[0] = 0;
	link_create(sd, "no path", p, 0, UPROBES, 0, more, 6);
	more[0] = (u64)(uintptr_t)"/proc/self/exe";
	more[4] = 0;
	link_create(sd, "none", p, 0, UPROBES, 0, more, 6);
	more[4] = 1u << 21;
	link_create(sd, "too many", p, 0, UPROBES, 0, more, 6);
	more[4] = 2 | 4ull << 32;
	link_create(sd, "uprobe flags", p, 0, UPROBES, 0, more, 6);
	more[4] = 2;
	more[5] = 0x3fffffff;
	link_create(sd, "no process", p, 0, UPROBES, 0, more, 6);
	more[5] = 0xffffffff;
	link_create(sd, "negative pid", p, 0, UPROBES, 0, more, 6);
	close(p), close(k);
}

/* ---- the play ---- */
static const struct { const char *name; void (*play)(struct side *sd); } scenes[] = {
	{ "cgroup", scene_cgroup_basic }, { "multi", scene_cgroup_multi }, { "tcx", scene_tcx }, { "xdp", scene_xdp }, { "netns", scene_netns },
	{ "sockmap", scene_sockmap }, { "netfilter", scene_netfilter }, { "perf", scene_perf }, { "raw_tp", scene_raw_tp },
	{ "uprobes", scene_uprobes },
};

static void play(struct side *sd, u32 i)
{
	sd->scene = scenes[i].name;
	sd->n = sd->nknown = 0;
	scenes[i].play(sd);
}

static int compare(const struct side *k, const struct side *s)
{
	int bad = 0;

	for (int i = 0; i < k->n || i < s->n; i++) {
		const char *a = i < k->n ? k->line[i] : "(nothing)", *b = i < s->n ? s->line[i] : "(nothing)";
		if (!strcmp(a, b))
			continue;
		bad++;
		printf("difference:\n  kernel: %s\n  skep:   %s\n", a, b);
	}
	return bad;
}

static bool kernel_permits(void)
{
	struct side k = { .scene = "" };
	int fd = load(&k, BPF_PROG_TYPE_SOCKET_FILTER, 0, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int main(int argc, char **argv)
{
	static struct side k, s;
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1, .flags = SKEP_F_FIRES };
	const char *mount = access("/sys/fs/cgroup/cgroup.controllers", F_OK) ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
	int passed = 0, failed = 0, skipped = 0;

	snprintf(base, sizeof(base), "%s/skep-test-%d", mount, (int)getpid());
	if (!kernel_permits() || unshare(CLONE_NEWNET) || (mkdir(base, 0755) && errno != EEXIST)) {
		printf("0 passed, 0 failed, %zu skipped\n", ARRAY_SIZE(scenes));
		return 0;
	}
	for (u32 i = 0; i < ARRAY_SIZE(scenes); i++) {
		const char *only = argc > 1 ? argv[1] : NULL;
		int bad;

		if (only && strcmp(only, scenes[i].name))
			continue;
		if (skep_new(&o, &s.s))
			return 1;
		play(&k, i);
		play(&s, i);
		bad = compare(&k, &s);
		passed += k.n - bad;
		failed += bad;
		for (int n = 0; n < k.n; n++)
			free(k.line[n]);
		for (int n = 0; n < s.n; n++)
			free(s.line[n]);
		skep_free(s.s);
	}
	for (const char *const *d = (const char *const[]){ "/a/b/c", "/a/b", "/a", "", NULL }; *d; d++) {
		char path[320];
		snprintf(path, sizeof(path), "%s%s", base, *d);
		rmdir(path);
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed != 0;
}
