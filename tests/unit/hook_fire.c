/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching and firing in one process: order, results, exchange while events run, providers, rings. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skep/skep.h>

#include "hook/source.h"
#include "sys/sys.h"
#include "unit/test.h"

#define TCX_IN 46
#define BEFORE 8

union words {
	union bpf_attr a;
	u32 w[40];
	u64 d[20];
};

static struct skep *new_skep(u32 flags)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1, .flags = flags };
	struct skep *s = NULL;

	CHECK(!skep_new(&o, &s));
	return s;
}

static int command(struct skep *s, int cmd, union words u, u32 size)
{
	return skep_bpf_in(s, cmd, &u.a, size);
}

static int array(struct skep *s)
{
	return command(s, BPF_MAP_CREATE, (union words){ .w = { BPF_MAP_TYPE_ARRAY, 4, 8, 1 } }, 72);
}

static u64 count_of(struct skep *s, int map)
{
	union words u = { .w = { (u32)map } };
	u64 v = 0;
	u32 key = 0;

	u.d[1] = (u64)(uintptr_t)&key;
	u.d[2] = (u64)(uintptr_t)&v;
	CHECK(!command(s, BPF_MAP_LOOKUP_ELEM, u, 32));
	return v;
}

static int load_insns(struct skep *s, u32 type, u32 attach, const struct bpf_insn *insn, u32 n)
{
	union words u = { .w = { type, n } };

	u.d[1] = (u64)(uintptr_t)insn;
	u.d[2] = (u64)(uintptr_t)"GPL";
	u.a.expected_attach_type = attach;
	return command(s, BPF_PROG_LOAD, u, 128);
}

/* Adds 1 to the map (if there is one) and returns `ret`. */
static int load(struct skep *s, u32 type, u32 attach, int map, int ret)
{
	struct bpf_insn insn[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map }, { 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 1, .src_reg = 2, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = ret }, { .code = BPF_JMP | BPF_EXIT },
	};
	u32 skip = map < 0 ? 4 : 0;

	return load_insns(s, type, attach, insn + skip, 6 - skip);
}

static int link_to(struct skep *s, int prog, u32 target, u32 attach, u32 flags)
{
	return command(s, BPF_LINK_CREATE, (union words){ .w = { (u32)prog, target, attach, flags } }, 64);
}

static int link_update(struct skep *s, int link, int prog)
{
	return command(s, BPF_LINK_UPDATE, (union words){ .w = { (u32)link, (u32)prog } }, 16);
}

static int link_detach(struct skep *s, int link)
{
	return command(s, BPF_LINK_DETACH, (union words){ .w = { (u32)link } }, 4);
}

static int raw_tp(struct skep *s, int prog, const char *name)
{
	union words u = { .w = { 0 } };

	u.d[0] = (u64)(uintptr_t)name;
	u.w[2] = (u32)prog;
	return command(s, BPF_RAW_TRACEPOINT_OPEN, u, 24);
}

static s64 packet(struct skep *s, u32 attach)
{
	static __thread u8 room[512];
	struct skep_packet p = { .buf = room, .buf_size = sizeof(room), .data = room + 128, .len = 64 };

	return skep_fire_packet(s, 1, attach, &p);
}

TEST(tracepoints)
{
	struct skep *s = new_skep(0);
	int map = array(s), p = load(s, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, map, 0), l, m;
	u64 args[2] = { 1, 2 };

	CHECK_EQ(raw_tp(s, p, "my_event"), -ENOENT);
	CHECK_EQ(skep_tracepoint(s, "my_event"), 0);
	CHECK_EQ(skep_tracepoint(s, "my_event"), -EEXIST);
	l = raw_tp(s, p, "my_event");
	CHECK(l >= 0);
	skep_fire_tracepoint(s, "my_event", args, 2);
	skep_fire_tracepoint(s, "other", args, 2);
	CHECK_EQ(count_of(s, map), 1);
	m = raw_tp(s, p, "my_event");
	skep_fire_tracepoint(s, "my_event", args, 2);
	CHECK_EQ(count_of(s, map), 3);
	close(l);
	close(m);
	CHECK_EQ(raw_tp(s, p, "sys_enter"), -EOPNOTSUPP); /* nobody makes these happen here */
	CHECK(strstr(skep_reason(), "every system call"));
	CHECK(array(s) >= 0); /* a command that creates: closes have been noticed by then */
	skep_fire_tracepoint(s, "my_event", args, 2);
	CHECK_EQ(count_of(s, map), 3);
	skep_free(s);
}

TEST(devices)
{
	struct skep *s = new_skep(SKEP_F_FIRES);
	int drop = load(s, BPF_PROG_TYPE_XDP, BPF_XDP, -1, XDP_DROP), tx = load(s, BPF_PROG_TYPE_XDP, BPF_XDP, -1, XDP_TX), l;
	int map = array(s), next = load(s, BPF_PROG_TYPE_SCHED_CLS, 0, map, -1), shot = load(s, BPF_PROG_TYPE_SCHED_CLS, 0, map, 2);
	int b;

	CHECK_EQ(packet(s, BPF_XDP), XDP_PASS);
	l = link_to(s, drop, 1, BPF_XDP, 2);
	CHECK(l >= 0);
	CHECK_EQ(packet(s, BPF_XDP), XDP_DROP);
	CHECK_EQ(link_update(s, l, tx), 0);
	CHECK_EQ(packet(s, BPF_XDP), XDP_TX);
	CHECK_EQ(link_detach(s, l), 0);
	CHECK_EQ(packet(s, BPF_XDP), XDP_PASS);

	CHECK_EQ(packet(s, TCX_IN), -1);
	CHECK(link_to(s, next, 1, TCX_IN, 0) >= 0);
	CHECK_EQ(packet(s, TCX_IN), -1);
	CHECK_EQ(count_of(s, map), 1);
	b = link_to(s, shot, 1, TCX_IN, 0);
	CHECK_EQ(packet(s, TCX_IN), 2);
	CHECK_EQ(count_of(s, map), 3); /* the first passes on to the second */
	CHECK_EQ(link_detach(s, b), 0);
	CHECK(link_to(s, shot, 1, TCX_IN, BEFORE) >= 0);
	CHECK_EQ(packet(s, TCX_IN), 2);
	CHECK_EQ(count_of(s, map), 4); /* the first decides */
	skep_free(s);
}

/* Cgroups need the hierarchy to be mounted; the root is always there. */
TEST(cgroups)
{
	const char *root = access("/sys/fs/cgroup/cgroup.controllers", F_OK) ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
	struct skep *s = new_skep(SKEP_F_FIRES);
	u32 type = BPF_CGROUP_INET4_CONNECT;
	int map = array(s), allow = load(s, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, type, map, 1);
	int deny = load(s, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, type, map, 0);
	int fd = open(root, O_RDONLY | O_CLOEXEC), l = fd < 0 ? -1 : link_to(s, allow, (u32)fd, type, 0);
	struct bpf_sock_addr ctx = { .user_port = 1 };

	if (l >= 0) {
		CHECK_EQ(skep_fire_cgroup(s, "/", type, &ctx), 0);
		CHECK_EQ(skep_fire_cgroup(s, "/some/where", type, &ctx), 0);
		CHECK_EQ(count_of(s, map), 2);
		CHECK_EQ(skep_fire_cgroup(s, "/", BPF_CGROUP_INET6_CONNECT, &ctx), 0);
		CHECK_EQ(count_of(s, map), 2);
		CHECK(link_to(s, deny, (u32)fd, type, 0) >= 0);
		CHECK(link_to(s, allow, (u32)fd, type, 0) >= 0);
		CHECK_EQ(skep_fire_cgroup(s, "/some", type, &ctx), -EPERM);
		CHECK_EQ(count_of(s, map), 5); /* all run, one forbids */
	}
	if (fd >= 0)
		close(fd);
	skep_free(s);
}

/* ---- providers ---- */
static struct { u32 updates, points, refs; int err; } told;

static int on_update(void *ctx, struct hook_point *const *pt, u32 n, struct str *why)
{
	(void)ctx;
	told.updates++;
	told.points = n;
	told.refs = 0;
	for (u32 i = 0; i < n; i++) {
		const struct hook_list *l = hook_point_next(pt[i]);
		told.refs += l ? l->n : 0;
	}
	if (told.err && why)
		str_printf(why, "it does not want to");
	return told.err;
}

TEST(providers)
{
	struct skep *s = new_skep(0);
	struct hook_provider pr = { .name = "test", .kinds = (u64)1 << HOOK_RAW_ENTER | (u64)1 << HOOK_RAW_EXIT, .update = on_update };
	int p = load(s, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, -1, 0);
	struct hook_place at = { .kind = HOOK_RAW_ENTER };

	CHECK_EQ(hook_provider_add(s->hooks, &pr), 0);
	told.err = -EBUSY;
	CHECK_EQ(raw_tp(s, p, "sys_enter"), -EBUSY);
	CHECK_STR(skep_reason(), "it does not want to");
	CHECK(!hook_any(s->hooks, HOOK_RAW_ENTER) && !hook_point_find(s->hooks, &at));
	told.err = 0;
	CHECK(raw_tp(s, p, "sys_enter") >= 0);
	CHECK(told.refs == 1 && told.points == 1);
	CHECK(hook_any(s->hooks, HOOK_RAW_ENTER) && hook_point_find(s->hooks, &at));
	CHECK(raw_tp(s, p, "sys_enter") >= 0);
	CHECK_EQ(told.refs, 2);
	hook_provider_del(s->hooks, &pr);
	CHECK_EQ(told.refs, 0); /* it was told to give them up */
	CHECK_EQ(hook_provider_add(s->hooks, &pr), 0);
	CHECK_EQ(told.refs, 2);
	skep_free(s);
	CHECK_EQ(told.refs, 0);
}

/* ---- events while lists change ---- */
static bool stop;
static void *firing(void *arg)
{
	u64 n = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		s64 v = packet(arg, BPF_XDP);
		if (v != XDP_DROP && v != XDP_TX && v != XDP_PASS)
			return (void *)1;
		n++;
	}
	return n ? NULL : (void *)2;
}

TEST(changes_under_load)
{
	struct skep *s = new_skep(SKEP_F_FIRES);
	int drop = load(s, BPF_PROG_TYPE_XDP, BPF_XDP, -1, XDP_DROP), tx = load(s, BPF_PROG_TYPE_XDP, BPF_XDP, -1, XDP_TX);
	pthread_t t[2];
	void *bad[2];

	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&t[i], NULL, firing, s));
	for (int i = 0; i < 200; i++) {
		int l = link_to(s, drop, 1, BPF_XDP, 2);
		CHECK(l >= 0);
		CHECK_EQ(link_update(s, l, tx), 0);
		CHECK_EQ(link_detach(s, l), 0);
		close(l);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &bad[i]);
		CHECK(!bad[i]);
	}
	skep_free(s);
}

/* ---- perf rings ---- */
static int sender(struct skep *s, int map)
{
	struct bpf_insn insn[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8, .imm = 0x1234 },
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map }, { 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 4, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 4, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 5, .imm = 8 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_perf_event_output },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0 }, { .code = BPF_JMP | BPF_EXIT },
	};

	return load_insns(s, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, insn, ARRAY_SIZE(insn));
}

static int put_event(struct skep *s, int map, u32 index, int fd)
{
	union words u = { .w = { (u32)map } };

	u.d[1] = (u64)(uintptr_t)&index;
	u.d[2] = (u64)(uintptr_t)&fd;
	return command(s, BPF_MAP_UPDATE_ELEM, u, 32);
}

TEST(perf_ring)
{
	struct skep *s = new_skep(0);
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_BPF_OUTPUT, .sample_period = 1,
				     .sample_type = PERF_SAMPLE_RAW, .wakeup_events = 1 };
	int map = command(s, BPF_MAP_CREATE, (union words){ .w = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4 } }, 72);
	int e = skep_perf_event_open_in(s, &a, -1, 0, -1, PERF_FLAG_FD_CLOEXEC), wake = skep_wake_fd(s, e);
	u64 args[2] = { 0 }, kicks = 0;
	struct perf_event_mmap_page *page;
	cpu_set_t one;
	int fired = 0;

	CHECK(e >= 0 && wake >= 0);
	page = mmap(NULL, 9 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, e, 0);
	CHECK(page != MAP_FAILED);
	CHECK_EQ(skep_perf_ioctl_in(s, e, PERF_EVENT_IOC_ENABLE, 0), 0);
	CHECK_EQ(page->data_size, 8 * 4096);
	CHECK_EQ(page->data_offset, 4096);
	CHECK_EQ(put_event(s, map, 4, e), -E2BIG);
	CHECK_EQ(put_event(s, map, 0, map), -EBADF);
	CHECK_EQ(put_event(s, map, 0, e), 0);
	CHECK(!skep_tracepoint(s, "out") && raw_tp(s, sender(s, map), "out") >= 0);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (!sched_setaffinity(0, sizeof(one), &one)) /* the event is of CPU 0 */
		for (; fired < 3; fired++)
			skep_fire_tracepoint(s, "out", args, 2);
	CHECK_EQ(page->data_head, fired * 24);
	if (fired) {
		u64 word;
		memcpy(&word, (u8 *)page + 4096 + 12, sizeof(word));
		CHECK_EQ(word, 0x1234);
		CHECK_EQ(read(wake, &kicks, sizeof(kicks)), sizeof(kicks));
		CHECK_EQ(kicks, 3);
	}
	CHECK_EQ(skep_perf_ioctl_in(s, map, PERF_EVENT_IOC_ENABLE, 0), -ENOTTY);
	munmap(page, 9 * 4096);
	skep_free(s);
}
