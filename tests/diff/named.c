/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps whose keys or values name something by descriptor: sockets, tasks, files, cgroups. The same real descriptors go to the
 * kernel's maps and skep's, in the same random order; errno and contents must stay equal. Then programs: socket lookups,
 * storages, cookies of the host's own sockets.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <bpf/btf.h>

#include "kit.h"

enum { CMD_LOOKUP = 1, CMD_UPDATE = 2, CMD_DELETE = 3, CMD_NEXT = 4 };

/* ---- descriptors of every kind ---- */
static int things[64];
static u32 nthings;
static u16 tcp_port, udp_port;

static int add(int fd)
{
	if (fd >= 0 && nthings < ARRAY_SIZE(things))
		things[nthings++] = fd;
	return fd;
}

static int bound(int family, int type, u16 *ret_port, bool reuse)
{
	union { struct sockaddr a; struct sockaddr_in in; struct sockaddr_in6 in6; } u;
	socklen_t n = family == AF_INET ? sizeof(u.in) : sizeof(u.in6);
	int fd = socket(family, type | SOCK_CLOEXEC, 0), one = 1;

	memset(&u, 0, sizeof(u));
	u.a.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		u.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		u.in6.sin6_addr = in6addr_loopback;
	if (reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (bind(fd, &u.a, n))
		return fd;
	getsockname(fd, &u.a, &n);
	*ret_port = ntohs(family == AF_INET ? u.in.sin_port : u.in6.sin6_port);
	return fd;
}

static void make_things(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int pair[2], listener, client;
	u16 port;

	while (nthings)
		close(things[--nthings]);

	listener = add(bound(AF_INET, SOCK_STREAM, &tcp_port, false));
	listen(listener, 5);
	client = add(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	to.sin_port = htons(tcp_port);
	if (!connect(client, (struct sockaddr *)&to, sizeof(to)))
		add(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	add(bound(AF_INET, SOCK_DGRAM, &udp_port, false));
	add(bound(AF_INET, SOCK_STREAM, &port, false)); /* bound, neither listening nor connected */
	listen(add(bound(AF_INET, SOCK_STREAM, &port, true)), 5);
	add(bound(AF_INET6, SOCK_DGRAM, &port, true));
	add(bound(AF_INET, SOCK_DGRAM, &port, true));
	add(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	add(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		add(pair[0]), add(pair[1]);
	if (!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		add(pair[0]), add(pair[1]);
	add(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	add(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
	add(socket(44 /* AF_XDP */, SOCK_RAW | SOCK_CLOEXEC, 0));
	add(socket(44, SOCK_RAW | SOCK_CLOEXEC, 0));
	if (!pipe2(pair, O_CLOEXEC))
		add(pair[0]), add(pair[1]);
	add(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	add(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	add(open("/", O_PATH | O_CLOEXEC));
	add(open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	add(open("/sys/fs/cgroup/init.scope", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	add(open("/sys/fs/cgroup/system.slice", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	add((int)syscall(SYS_pidfd_open, getpid(), 0));
	add((int)syscall(SYS_pidfd_open, getppid(), 0));
	add((int)syscall(SYS_pidfd_open, 1, 0));
}

static int any_thing(void)
{
	static const int wrong[] = { -1, 0, 999999, -2147483647 };

	return chance(5) ? wrong[below(ARRAY_SIZE(wrong))] : things[below(nthings)];
}

/* ---- maps ---- */
/* An int and a 4-byte value: what storages want to know. */
static int int_btf(const struct backend *be)
{
	static int fd[BACKENDS];
	static const struct { struct btf_header h; u32 types[4]; char strings[8]; } blob = {
		.h = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(struct btf_header), .type_len = 16, .str_off = 16,
		       .str_len = 8 },
		.types = { 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32 },
		.strings = "\0int\0\0\0",
	};
	union bpf_attr a;

	if (fd[be->at])
		return fd[be->at];
	memset(&a, 0, sizeof(a));
	a.btf = ptr(&blob);
	a.btf_size = sizeof(blob);
	return fd[be->at] = (int)be_bpf(be, BPF_BTF_LOAD, &a);
}

static const struct kind { const char *name; u32 type, value_size; bool key_fd; } kinds[] = {
	{ "sockmap", BPF_MAP_TYPE_SOCKMAP, 8, false },
	{ "sockmap 4", BPF_MAP_TYPE_SOCKMAP, 4, false },
	{ "sockhash", BPF_MAP_TYPE_SOCKHASH, 8, false },
	{ "sockhash 4", BPF_MAP_TYPE_SOCKHASH, 4, false },
	{ "reuseport_sockarray", BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 8, false },
	{ "xskmap", BPF_MAP_TYPE_XSKMAP, 4, false },
	{ "cgroup_array", BPF_MAP_TYPE_CGROUP_ARRAY, 4, false },
	{ "sk_storage", BPF_MAP_TYPE_SK_STORAGE, 4, true },
	{ "inode_storage", BPF_MAP_TYPE_INODE_STORAGE, 4, true },
	{ "task_storage", BPF_MAP_TYPE_TASK_STORAGE, 4, true },
	{ "cgrp_storage", UAPI_MAP_TYPE_CGRP_STORAGE, 4, true },
};

static int make_map(const struct backend *be, const struct kind *k)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = k->type;
	a.key_size = 4;
	a.value_size = k->value_size;
	a.max_entries = k->key_fd ? 0 : 6;
	a.map_flags = k->key_fd ? BPF_F_NO_PREALLOC : 0;
	if (k->key_fd) {
		a.btf_fd = (u32)int_btf(be);
		a.btf_key_type_id = a.btf_value_type_id = 1;
	}
	return (int)be_bpf(be, BPF_MAP_CREATE, &a);
}

/* The keys of a map as a set. */
static u64 walk(const struct backend *be, int fd, long *ret_end)
{
	u32 key, next;
	u64 set = 0;

	for (bool first = true;; first = false, key = next) {
		*ret_end = map_op(be, CMD_NEXT, fd, first ? NULL : &key, &next, 0);
		if (*ret_end || set & 1ull << (next & 63))
			return set;
		set |= 1ull << (next & 63);
	}
}

static void one_op(const struct kind *k, const int fds[BACKENDS])
{
	static const char *const names[] = { "", "lookup", "update", "delete", "next key" };
	static const u64 flag[] = { 0, 0, 0, 0, 1, 2, 3, 4, 8 };
	int cmd = 1 + (int)below(k->key_fd ? 3 : 4), thing = any_thing();
	u32 key = k->key_fd ? (u32)thing : below(8);
	u64 value = k->key_fd ? rnd() & 0xffff : k->value_size == 8 && chance(90) ? (u64)(u32)thing : (u64)(s64)thing;
	u64 flags = cmd == CMD_UPDATE ? flag[below(ARRAY_SIZE(flag))] : 0, out[BACKENDS];
	long r[BACKENDS];

	for (u32 b = 0; b < kit.nbe; b++) {
		out[b] = cmd == CMD_UPDATE ? value : 0;
		r[b] = map_op(&kit.be[b], cmd, fds[b], cmd == CMD_NEXT && key == 7 ? NULL : &key, &out[b], flags);
		if (r[b])
			out[b] = 0;
	}
	if (cmd == CMD_NEXT && k->type == BPF_MAP_TYPE_SOCKHASH) {
		/* the order of a hash is nobody's promise */
		for (u32 b = 0; b < kit.nbe; b++)
			out[b] = walk(&kit.be[b], fds[b], &r[b]);
	}
	if (kit.nbe < 2 || (r[0] == r[1] && out[0] == out[1]))
		kit_agree();
	else if (kit_differ("%s %s: kernel %s, %s %s", k->name, names[cmd], err_name(r[0]), kit.be[1].name, err_name(r[1])))
		printf("  key %d, value %lld, flags %llu: %llx, %llx\n", (int)key, (long long)value, (unsigned long long)flags,
		       (unsigned long long)out[0], (unsigned long long)out[1]);
}

static void sequence(const struct kind *k)
{
	int fds[BACKENDS];

	kit_case(k->name);
	make_things(); /* anew: the kernel takes its time to let go of sockets in maps that are closed */
	for (u32 b = 0; b < kit.nbe; b++) {
		fds[b] = make_map(&kit.be[b], k);
		if (fds[b] < 0) {
			kit_differ("%s cannot be made: %s, %s", k->name, kit.be[b].name, err_name(fds[b]));
			return;
		}
	}
	for (u32 i = 0; i < 200; i++)
		one_op(k, fds);
	for (u32 b = 0; b < kit.nbe; b++)
		close(fds[b]);
}

/* A socket that is closed leaves the map by itself. */
static void closing(void)
{
	static const struct kind k = { "closed socket", BPF_MAP_TYPE_SOCKMAP, 8, false };
	u32 key = 1;

	kit_case(k.name);
	for (u32 b = 0; b < kit.nbe; b++) {
		int m = make_map(&kit.be[b], &k);
		u16 port;
		int fd = bound(AF_INET, SOCK_STREAM, &port, false), copy;
		u64 v, value = (u64)(u32)fd;
		long up, in, dup_in, gone;

		listen(fd, 1);
		up = map_op(&kit.be[b], CMD_UPDATE, m, &key, &value, 0);
		in = map_op(&kit.be[b], CMD_LOOKUP, m, &key, &v, 0);
		copy = dup(fd);
		close(fd);
		dup_in = map_op(&kit.be[b], CMD_LOOKUP, m, &key, &v, 0);
		close(copy);
		gone = map_op(&kit.be[b], CMD_LOOKUP, m, &key, &v, 0);
		if (!up && !in && !dup_in && gone == -ENOENT)
			kit_agree();
		else
			kit_differ("%s: %s: update %s, in %s, duplicate %s, gone %s", k.name, kit.be[b].name, err_name(up), err_name(in),
				   err_name(dup_in), err_name(gone));
		close(m);
	}
}

/* ---- programs ---- */
/* Look a socket up by the tuple on the stack and return one of its fields, or 1000 when there is none. */
static void lookup_prog(struct prog *p, u32 helper, u32 saddr, u32 daddr, u16 sport, u16 dport, s32 off)
{
	prog_start(p, BPF_PROG_TYPE_SCHED_CLS);
	MOV_X(6, 1);
	emit(p, 0x62, 10, 0, -12, (s32)htonl(saddr));
	emit(p, 0x62, 10, 0, -8, (s32)htonl(daddr));
	emit(p, 0x62, 10, 0, -4, (s32)((u32)htons(sport) | (u32)htons(dport) << 16));
	MOV_X(2, 10);
	ADD_K(2, -12);
	MOV_K(3, 12);
	MOV_K(4, -1);
	MOV_K(5, 0);
	CALL_HELPER((s32)helper);
	emit(p, 0x55, 0, 0, 2, 0); /* if r0 != 0 */
	MOV_K(0, 1000);
	EXIT();
	MOV_X(1, 0);
	if (off < 0)
		MOV_K(7, 77);
	else
		emit(p, off == 48 ? 0x69 : 0x61, 7, 0, off, 0);
	CALL_HELPER(86);
	MOV_X(0, 7);
	EXIT();
}

static void lookups(void)
{
	static const struct { u32 helper; s32 off; } what[] = { { 84, -1 }, { 84, 4 }, { 84, 8 }, { 84, 12 }, { 84, 24 }, { 84, 44 },
		{ 84, 48 }, { 84, 52 }, { 84, 72 }, { 85, -1 }, { 85, 8 }, { 85, 44 }, { 85, 72 }, { 99, -1 }, { 99, 72 } };
	u8 pkt[64] = { [12] = 8 };
	static struct prog p;

	for (u32 i = 0; i < ARRAY_SIZE(what); i++)
		for (u32 hit = 0; hit < 2; hit++) {
			u32 got[BACKENDS] = { 0 };
			int fds[BACKENDS];
			char name[64];
			u16 port = what[i].helper == 85 ? udp_port : tcp_port;

			snprintf(name, sizeof(name), "lookup by helper %u, offset %d", what[i].helper, what[i].off);
			kit_case(name);
			lookup_prog(&p, what[i].helper, INADDR_LOOPBACK, INADDR_LOOPBACK, 9, (u16)(hit ? port : 1), what[i].off);
			if (!load_all(&p, "lookup", name, fds) || fds[0] < 0)
				continue;
			for (u32 b = 0; b < kit.nbe; b++) {
				struct run r = { .data_in = pkt, .data_size_in = sizeof(pkt) };
				test_run(&kit.be[b], fds[b], &r);
				got[b] = r.retval;
				close(fds[b]);
			}
			if (kit.nbe < 2 || got[0] == got[1])
				kit_agree();
			else
				kit_differ("%s: kernel %u, %s %u", name, got[0], kit.be[1].name, got[1]);
		}
}

/* ---- programs behind places to redirect frames to ---- */
static int xdp_prog(const struct backend *be, u32 attach)
{
	static struct prog prog;
	struct prog *p = &prog;

	prog_start(p, BPF_PROG_TYPE_XDP);
	p->attach = attach;
	MOV_K(0, 2);
	EXIT();
	return (int)prog_load(be, p, NULL, 0);
}

static void redirects(void)
{
	static const u32 type[] = { BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_CPUMAP };
	static const char *const name[] = { "devmap", "devmap_hash", "cpumap" };
	int prog[BACKENDS][4], map[BACKENDS][3];

	for (u32 b = 0; b < kit.nbe; b++) {
		for (u32 i = 0; i < 3; i++) {
			static const u32 attach[] = { BPF_XDP_DEVMAP, BPF_XDP_CPUMAP, 0 };
			prog[b][i] = xdp_prog(&kit.be[b], attach[i]);
			map[b][i] = (int)map_new(&kit.be[b], type[i], 4, 8, 2, 0);
		}
		prog[b][3] = 0;
	}
	for (u64 n = 0; n < kit.n * 50; n++) {
		u32 m = below(3), cmd = 1 + below(3), key = below(4), first = m == 2 ? PICK(((u32[]){ 0, 1, 64, 20000 })) : below(3), which = below(5);
		u64 flags = cmd == CMD_UPDATE && chance(20) ? below(4) : 0;
		u32 value[BACKENDS][2];
		long r[BACKENDS];

		kit_case(name[m]);
		for (u32 b = 0; b < kit.nbe; b++) {
			value[b][0] = cmd == CMD_UPDATE ? first : 0;
			value[b][1] = cmd != CMD_UPDATE ? 0 : which == 4 ? 999 : (u32)prog[b][which];
			r[b] = map_op(&kit.be[b], (int)cmd, map[b][m], &key, value[b], flags);
			if (cmd != CMD_LOOKUP || r[b])
				value[b][0] = value[b][1] = 0;
			value[b][1] = value[b][1] != 0; /* ids differ by nature */
		}
		if (kit.nbe < 2 || (r[0] == r[1] && !memcmp(value[0], value[1], 8)))
			kit_agree();
		else if (kit_differ("%s with programs, command %u: kernel %s, %s %s", name[m], cmd, err_name(r[0]), kit.be[1].name,
				    err_name(r[1])))
			printf("  key %u, value %u, program %u, flags %llu: %u %u, %u %u\n", key, first, which, (unsigned long long)flags,
			       value[0][0], value[0][1], value[1][0], value[1][1]);
	}
	for (u32 b = 0; b < kit.nbe; b++)
		for (u32 i = 0; i < 3; i++)
			close(prog[b][i]), close(map[b][i]);
}

/* ---- the current task, by its fields ---- */
static s32 offset_of(const struct btf *b, const char *type, const char *member)
{
	s32 id = btf__find_by_name_kind(b, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(b, (u32)id) : NULL;

	for (u32 i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(b, btf_members(t)[i].name_off), member))
			return (s32)(btf_member_bit_offset(t, i) / 8);
	return -1;
}

/* r7 = the 8 bytes at r7 + off, or their low half. */
static void follow(struct prog *p, s32 off, bool word)
{
	MOV_X(1, 10);
	ADD_K(1, -8);
	ST8(10, -8, 0);
	MOV_K(2, word ? 4 : 8);
	MOV_X(3, 7);
	ADD_K(3, off);
	CALL_HELPER(113);
	LD8(7, 10, -8);
}

static void current_task(void)
{
	static const struct { const char *via, *via_type, *member; bool word; } field[] = {
		{ NULL, "task_struct", "pid", true }, { NULL, "task_struct", "tgid", true }, { NULL, "task_struct", "static_prio", true },
		{ NULL, "task_struct", "policy", true }, { NULL, "task_struct", "exit_signal", true },
		{ NULL, "task_struct", "comm", false }, { "real_parent", "task_struct", "pid", true },
		{ "group_leader", "task_struct", "tgid", true }, { "cred", "cred", "uid", true }, { "cred", "cred", "egid", true },
		{ "mm", "mm_struct", "arg_start", false }, { "mm", "mm_struct", "start_stack", false },
	};
	struct btf *b = btf__load_vmlinux_btf();
	static struct prog prog;
	struct prog *p = &prog;

	for (u32 i = 0; b && i < ARRAY_SIZE(field); i++) {
		s32 off = offset_of(b, field[i].via_type, field[i].member);
		u32 got[BACKENDS] = { 0 };
		int fds[BACKENDS];

		kit_case(field[i].member);
		prog_start(p, BPF_PROG_TYPE_RAW_TRACEPOINT);
		CALL_HELPER(35);
		MOV_X(7, 0);
		if (field[i].via)
			follow(p, offset_of(b, "task_struct", field[i].via), false);
		follow(p, off, field[i].word);
		MOV_X(0, 7);
		EXIT();
		if (off < 0 || !load_all(p, "current task", field[i].member, fds) || fds[0] < 0)
			continue;
		for (u32 k = 0; k < kit.nbe; k++) {
			struct run r = { .ctx_in = NULL };
			test_run(&kit.be[k], fds[k], &r);
			got[k] = r.retval;
			close(fds[k]);
		}
		if (kit.nbe < 2 || got[0] == got[1])
			kit_agree();
		else
			kit_differ("current task's %s: kernel %x, %s %x", field[i].member, got[0], kit.be[1].name, got[1]);
	}
	btf__free(b);
}

/* ---- struct_ops: a table of programs ---- */
#define STRUCT_OPS 26
struct ops_names { s32 value_type, type; u32 value_size, data_off, member[4], off[4]; };

static bool find_names(struct ops_names *n)
{
	static const char *const name[4] = { "ssthresh", "undo_cwnd", "cong_avoid", "name" };
	struct btf *b = btf__load_vmlinux_btf();
	const struct btf_type *t;

	memset(n, 0, sizeof(*n));
	if (!b)
		return false;
	n->type = btf__find_by_name_kind(b, "tcp_congestion_ops", BTF_KIND_STRUCT);
	n->value_type = btf__find_by_name_kind(b, "bpf_struct_ops_tcp_congestion_ops", BTF_KIND_STRUCT);
	if (n->type < 0 || n->value_type < 0) {
		btf__free(b);
		return false;
	}
	t = btf__type_by_id(b, (u32)n->value_type);
	n->value_size = t->size;
	n->data_off = btf_members(t)[btf_vlen(t) - 1].offset / 8;
	t = btf__type_by_id(b, (u32)n->type);
	for (u32 i = 0; i < btf_vlen(t); i++)
		for (u32 k = 0; k < 4; k++)
			if (!strcmp(btf__name_by_offset(b, btf_members(t)[i].name_off), name[k])) {
				n->member[k] = i;
				n->off[k] = btf_members(t)[i].offset / 8;
			}
	btf__free(b);
	return true;
}

static int ops_prog(const struct backend *be, const struct ops_names *n, u32 k)
{
	static struct prog prog;
	struct prog *p = &prog;
	union bpf_attr a;

	prog_start(p, BPF_PROG_TYPE_STRUCT_OPS);
	MOV_K(0, 4);
	EXIT();
	memset(&a, 0, sizeof(a));
	a.prog_type = p->type;
	a.insns = ptr(p->insn);
	a.insn_cnt = p->n;
	a.license = ptr("GPL");
	a.attach_btf_id = (u32)n->type;
	a.expected_attach_type = n->member[k];
	return (int)be_bpf(be, BPF_PROG_LOAD, &a);
}

/* The owner of an interface calls the program behind a member. */
static void call_member(const struct backend *be, int fd)
{
	struct skep_map *m = NULL;
	u64 arg = 0, ret = 0;

	if (!skep_map_get(be->s, fd, &m) && !skep_ops_call(m, "ssthresh", &arg, 1, &ret) && ret == 4 &&
	    skep_ops_call(m, "set_state", &arg, 1, &ret) == -ENOENT && skep_ops_call(m, "nothing", &arg, 1, &ret) == -ENOENT)
		kit_agree();
	else
		kit_differ("struct_ops: a member is called: %llu", (unsigned long long)ret);
	skep_map_put(m);
}

/* A table that is registered by a link, replaced, and gone with the link. */
static void ops_links(const struct ops_names *n)
{
	static u8 value[4096] __attribute__((aligned(8)));
	long r[BACKENDS][24] = { { 0 } };
	u32 steps = 0;

	for (u32 b = 0; b < kit.nbe; b++) {
		const struct backend *be = &kit.be[b];
		int fd[3] = { ops_prog(be, n, 0), ops_prog(be, n, 1), ops_prog(be, n, 2) }, m[2], l, plain;
		struct skep_map *got = NULL;
		struct { u32 link, new, flags, old; } up;
		struct { u32 map, target, type, flags; u64 rest[4]; } create;
		u32 key = 0, at = 0;
		union bpf_attr a;
		u64 word;

#define STEP(x) (r[b][at++] = (x))
#define CREATE(map_) (create = (typeof(create)){ .map = (u32)(map_), .type = 44 }, memset(&a, 0, sizeof(a)), memcpy(&a, &create, sizeof(create)), \
		      (int)be_bpf(be, BPF_LINK_CREATE, &a))
#define UPDATE(new_, flags_, old_) (up = (typeof(up)){ (u32)l, (u32)(new_), flags_, (u32)(old_) }, memset(&a, 0, sizeof(a)), \
				    memcpy(&a, &up, sizeof(up)), be_bpf(be, BPF_LINK_UPDATE, &a))
		plain = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
		for (u32 i = 0; i < 2; i++) {
			memset(&a, 0, sizeof(a));
			a.map_type = STRUCT_OPS;
			a.key_size = 4;
			a.value_size = n->value_size;
			a.max_entries = 1;
			a.map_flags = UAPI_F_LINK;
			a.btf_vmlinux_value_type_id = (u32)n->value_type;
			a.btf_fd = (u32)int_btf(be);
			m[i] = (int)be_bpf(be, BPF_MAP_CREATE, &a);
			STEP(m[i] < 0 ? m[i] : 0);
		}
		STEP(CREATE(plain));
		STEP(CREATE(m[0])); /* no table yet */
		memset(value, 0, sizeof(value));
		for (u32 k = 0; k < 3; k++) {
			word = (u64)fd[k];
			memcpy(value + n->data_off + n->off[k], &word, 8);
		}
		memcpy(value + n->data_off + n->off[3], "skep_link", 10);
		STEP(map_op(be, CMD_UPDATE, m[0], &key, value, 0));
		STEP(map_op(be, CMD_UPDATE, m[0], &key, value, 0));
		STEP(map_op(be, CMD_DELETE, m[0], &key, NULL, 0));
		l = CREATE(m[0]);
		STEP(l < 0 ? l : 0);
		STEP(UPDATE(m[1], 0, 0)); /* no table yet */
		for (u32 k = 0; k < 3; k++) {
			word = (u64)fd[k];
			memcpy(value + n->data_off + n->off[k], &word, 8);
		}
		STEP(map_op(be, CMD_UPDATE, m[1], &key, value, 0));
		STEP(UPDATE(plain, 0, 0));
		STEP(UPDATE(m[1], 0, m[0]));
		STEP(UPDATE(m[1], BPF_F_REPLACE, m[1]));
		STEP(UPDATE(m[1], BPF_F_REPLACE, plain));
		STEP(UPDATE(m[1], BPF_F_REPLACE, m[0]));
		STEP(UPDATE(m[0], 0, 0));
		STEP(UPDATE(m[0], 8, 0));
		if (be->s) {
			u64 arg = 0, ret = 0;

			if (skep_ops_get(be->s, "tcp_congestion_ops", &got) || skep_ops_call(got, "ssthresh", &arg, 1, &ret) || ret != 4 ||
			    skep_ops_get(be->s, "tcp_congestion", &got) != -ENOENT)
				kit_differ("struct_ops: the table of a link is not found: %llu", (unsigned long long)ret);
			skep_map_put(got);
		}
		memset(&a, 0, sizeof(a));
		a.link_detach.link_fd = (u32)l;
		STEP(be_bpf(be, BPF_LINK_DETACH, &a));
		STEP(UPDATE(m[1], 0, 0));
		if (be->s && skep_ops_get(be->s, "tcp_congestion_ops", &got) != -ENOENT)
			kit_differ("struct_ops: a table without a link is found");
		steps = at;
#undef STEP
#undef CREATE
#undef UPDATE
		for (u32 k = 0; k < 3; k++)
			close(fd[k]);
		close(l);
		close(m[0]);
		close(m[1]);
		close(plain);
	}
	for (u32 i = 0; i < steps && kit.nbe > 1; i++) {
		if (r[0][i] == r[1][i])
			kit_agree();
		else
			kit_differ("struct_ops link, step %u: kernel %s, %s %s", i, err_name(r[0][i]), kit.be[1].name, err_name(r[1][i]));
	}
}

static void struct_ops(void)
{
	static u8 value[4096] __attribute__((aligned(8)));
	struct ops_names n;
	long r[BACKENDS][16];
	u32 steps = 0;

	if (!find_names(&n) || n.value_size > sizeof(value))
		return;
	kit_case("struct_ops links");
	ops_links(&n);
	kit_case("struct_ops");
	for (u32 b = 0; b < kit.nbe; b++) {
		const struct backend *be = &kit.be[b];
		int fd[3] = { ops_prog(be, &n, 0), ops_prog(be, &n, 1), ops_prog(be, &n, 2) }, m;
		u32 key = 0, one = 1, next;
		union bpf_attr a;
		u64 word, at = 0;

		memset(&a, 0, sizeof(a));
		a.map_type = STRUCT_OPS;
		a.key_size = 4;
		a.value_size = n.value_size;
		a.max_entries = 1;
		a.btf_vmlinux_value_type_id = (u32)n.value_type;
		a.btf_fd = (u32)int_btf(be);
		m = (int)be_bpf(be, BPF_MAP_CREATE, &a);
#define STEP(x) (r[b][at++] = (x))
		STEP(m < 0 ? m : fd[0] < 0 ? fd[0] : fd[1] < 0 ? fd[1] : fd[2] < 0 ? fd[2] : 0);
		memset(value, 0, sizeof(value));
		STEP(map_op(be, CMD_LOOKUP, m, &key, value, 0));
		STEP(map_op(be, CMD_DELETE, m, &key, NULL, 0));
		STEP(map_op(be, CMD_NEXT, m, NULL, &next, 0));
		STEP(map_op(be, CMD_NEXT, m, &key, &next, 0));
		memset(value, 0, sizeof(value));
		for (u32 k = 0; k < 3; k++) {
			word = (u64)fd[k];
			memcpy(value + n.data_off + n.off[k], &word, 8);
		}
		memcpy(value + n.data_off + n.off[3], "skep_test", 10);
		STEP(map_op(be, CMD_UPDATE, m, &one, value, 0));
		STEP(map_op(be, CMD_UPDATE, m, &key, value, 1));
		word = (u64)fd[1];
		memcpy(value + n.data_off + n.off[0], &word, 8); /* for another member */
		STEP(map_op(be, CMD_UPDATE, m, &key, value, 0));
		word = (u64)fd[0];
		memcpy(value + n.data_off + n.off[0], &word, 8);
		value[0] = 1;
		STEP(map_op(be, CMD_UPDATE, m, &key, value, 0));
		value[0] = 0;
		STEP(map_op(be, CMD_UPDATE, m, &key, value, 0));
		STEP(map_op(be, CMD_UPDATE, m, &key, value, 0));
		STEP(map_op(be, CMD_LOOKUP, m, &key, value, 0));
		memcpy(&word, value, 8);
		STEP((long)word);
		if (be->s)
			call_member(be, m);
		STEP(map_op(be, CMD_DELETE, m, &key, NULL, 0));
		STEP(map_op(be, CMD_DELETE, m, &key, NULL, 0));
		steps = (u32)at;
#undef STEP
		for (u32 k = 0; k < 3; k++)
			close(fd[k]);
		close(m);
	}
	for (u32 i = 0; i < steps && kit.nbe > 1; i++) {
		if (r[0][i] == r[1][i])
			kit_agree();
		else
			kit_differ("struct_ops, step %u: kernel %s (%lx), %s %s (%lx)", i, err_name(r[0][i]), (u64)r[0][i], kit.be[1].name,
				   err_name(r[1][i]), (u64)r[1][i]);
	}
}

int main(int argc, char **argv)
{
	kit_start("named", argc, argv, 20, 1u << JIT);
	make_things();
	for (u64 i = 0; i < kit.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			if (kit_wanted(kinds[k].name))
				sequence(&kinds[k]);
	if (kit_wanted("closed socket"))
		closing();
	if (kit_wanted("lookup"))
		lookups();
	if (kit_wanted("redirect"))
		redirects();
	if (kit_wanted("task"))
		current_task();
	if (kit_wanted("struct_ops"))
		struct_ops();
	return kit_end();
}
