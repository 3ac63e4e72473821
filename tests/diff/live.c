/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live frames of XDP test runs: what is refused is what the running kernel refuses; and in a network namespace with a pair of devices,
 * frames that skep's programs redirect arrive at the other end as the programs of the maps' entries left them.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>

#include "kit.h"

#define LIVE 2u
#define XDP_DEVMAP 33
#define XDP_CPUMAP 35
#define MARK 0xab

static struct prog prog;

static int load(const struct backend *be, struct prog *p, u32 attach)
{
	p->attach = attach;
	return (int)prog_load(be, p, kit_log, sizeof(kit_log));
}

/* Returns `act`. */
static int simple(const struct backend *be, s32 act, u32 attach)
{
	struct prog *p = &prog;

	prog_start(p, BPF_PROG_TYPE_XDP);
	MOV_K(0, act);
	EXIT();
	return load(be, p, attach);
}

/* Redirects to entry `key` of a map. */
static int redirects(const struct backend *be, int map, s32 key, s32 flags)
{
	struct prog *p = &prog;

	prog_start(p, BPF_PROG_TYPE_XDP);
	emit(p, 0x18, 1, 1, 0, map);
	emit(p, 0, 0, 0, 0, 0);
	MOV_K(2, key);
	MOV_K(3, flags);
	CALL_HELPER(BPF_FUNC_redirect_map);
	EXIT();
	return load(be, p, 0);
}

/* Writes MARK and the device it leaves by into bytes 14 and 15, counts itself in a map, and returns `act`. */
static int marks(const struct backend *be, int counter, s32 act, u32 attach)
{
	struct prog *p = &prog;

	prog_start(p, BPF_PROG_TYPE_XDP);
	emit(p, 0x61, 7, 1, 0, 0);
	emit(p, 0x61, 2, 1, 4, 0);
	MOV_K(9, 0);
	if (attach == XDP_DEVMAP)
		emit(p, 0x61, 9, 1, 20, 0);
	MOV_X(3, 7);
	ADD_K(3, 16);
	emit(p, 0x3d, 2, 3, 2, 0);
	MOV_K(0, 1);
	EXIT();
	emit(p, 0x72, 7, 0, 14, (s32)MARK);
	emit(p, 0x73, 7, 9, 15, 0);
	emit(p, 0x18, 1, 2, 0, counter); /* the address of its value */
	emit(p, 0, 0, 0, 0, 0);
	MOV_K(2, 1);
	emit(p, 0xdb, 1, 2, 0, 0);
	MOV_K(0, act);
	EXIT();
	return load(be, p, attach);
}

static long run(const struct backend *be, int fd, u32 n, u32 repeat, u32 flags, u32 batch, u32 given, u32 out, u32 *ret)
{
	static u8 data[8192], back[8192];
	struct xdp_md md = { .data_end = n };
	union bpf_attr a;
	long err;

	memset(&a, 0, sizeof(a));
	memset(data, 0, sizeof(data));
	memset(data, 0xff, 6);
	data[12] = 0x88;
	data[13] = 0xb5; /* an Ethernet type for experiments */
	a.test.prog_fd = (u32)fd;
	a.test.data_in = ptr(data);
	a.test.data_size_in = n;
	a.test.repeat = repeat;
	a.test.flags = flags;
	a.test.batch_size = batch;
	if (given) {
		a.test.ctx_in = ptr(&md);
		a.test.ctx_size_in = sizeof(md);
	}
	if (out) {
		a.test.data_out = ptr(back);
		a.test.data_size_out = sizeof(back);
	}
	err = be_bpf(be, BPF_PROG_TEST_RUN, &a);
	*ret = a.test.retval;
	return err;
}

static void refusals(void)
{
	static const struct { u32 n, repeat, flags, batch, given, out, attach; } c[] = {
		{ 64, 1, LIVE, 0, 0, 0, 0 }, { 64, 4, LIVE, 2, 0, 0, 0 }, { 64, 1, LIVE, 256, 0, 0, 0 }, { 64, 1, LIVE, 257, 0, 0, 0 },
		{ 64, 1, 0, 1, 0, 0, 0 }, { 64, 1, LIVE | 1, 0, 0, 0, 0 }, { 64, 1, 4, 0, 0, 0, 0 }, { 13, 1, LIVE, 0, 0, 0, 0 },
		{ 14, 1, LIVE, 0, 0, 0, 0 }, { 3408, 1, LIVE, 0, 0, 0, 0 }, { 3409, 1, LIVE, 0, 0, 0, 0 }, { 5000, 1, LIVE, 0, 0, 0, 0 },
		{ 64, 1, LIVE, 0, 1, 0, 0 }, { 64, 1, LIVE, 0, 1, 1, 0 }, { 64, 1, LIVE, 0, 0, 1, 0 }, { 64, 1, LIVE, 0, 0, 0, XDP_DEVMAP },
		{ 64, 1, LIVE, 0, 0, 0, XDP_CPUMAP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		long err[BACKENDS];
		u32 ret[BACKENDS];

		for (u32 b = 0; b < kit.nbe; b++) {
			int fd = simple(&kit.be[b], XDP_DROP, c[i].attach);

			err[b] = run(&kit.be[b], fd, c[i].n, c[i].repeat, c[i].flags, c[i].batch, c[i].given, c[i].out, &ret[b]);
			close(fd);
		}
		for (u32 b = 1; b < kit.nbe; b++)
			if (err[0] == err[b] && ret[0] == ret[b])
				kit_agree();
			else
				kit_differ("live run %zu: kernel %s %u, %s %s %u", i, err_name(err[0]), ret[0], kit.be[b].name, err_name(err[b]), ret[b]);
	}
}

/* ---- where frames go ---- */
static int listener(u32 ifindex)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(0x88b5), .sll_ifindex = (int)ifindex };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x88b5));

	return fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)) ? fd : -1;
}

/* Frames that arrived, and how many bear the mark and the device's number. */
static u32 arrived(int fd, u32 device, u32 *ret_marked)
{
	u8 buf[4096];
	u32 n = 0;

	*ret_marked = 0;
	while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, n ? 20 : 200) > 0) {
		ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		n += got >= 64;
		*ret_marked += got >= 64 && buf[14] == MARK && buf[15] == device;
	}
	return n;
}

static void expect(const char *what, u64 got, u64 want)
{
	if (got == want)
		kit_agree();
	else
		kit_differ("%s: %llu, not %llu", what, (unsigned long long)got, (unsigned long long)want);
}

static u64 counted(const struct backend *be, int map)
{
	u64 v = 0;
	u32 zero = 0;

	map_op(be, BPF_MAP_LOOKUP_ELEM, map, &zero, &v, 0);
	return v;
}

static void effects(const struct backend *be, u32 v0, u32 w0, int at_v1, int at_w1)
{
	struct { u32 first; s32 prog; } entry;
	int counter = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0), dev = (int)map_new(be, BPF_MAP_TYPE_DEVMAP, 4, 8, 4, 0);
	int cpu = (int)map_new(be, BPF_MAP_TYPE_CPUMAP, 4, 8, 2, 0), fd;
	u32 key = 0, marked, ret;

	entry.first = v0;
	entry.prog = marks(be, counter, XDP_PASS, XDP_DEVMAP);
	expect("a device with a program", (u64)map_op(be, BPF_MAP_UPDATE_ELEM, dev, &key, &entry, 0), 0);
	key = 1;
	entry.first = w0;
	entry.prog = -1;
	expect("a device", (u64)map_op(be, BPF_MAP_UPDATE_ELEM, dev, &key, &entry, 0), 0);
	fd = redirects(be, dev, 0, 0);
	expect("live frames", (u64)run(be, fd, 64, 5, LIVE, 0, 0, 0, &ret), 0);
	expect("frames through a program", arrived(at_v1, v0, &marked), 5);
	expect("frames that it marked", marked, 5);
	expect("its runs", counted(be, counter), 5);
	expect("a run that is not live", (u64)run(be, fd, 64, 5, 0, 0, 0, 0, &ret), 0);
	expect("its frames stay", arrived(at_v1, v0, &marked), 0);
	close(fd);
	fd = redirects(be, dev, 3, XDP_PASS);
	run(be, fd, 64, 2, LIVE, 0, 0, 0, &ret);
	expect("frames to nowhere", arrived(at_v1, v0, &marked), 0);
	close(fd);
	fd = redirects(be, dev, 0, 8 /* BPF_F_BROADCAST */);
	run(be, fd, 64, 3, LIVE, 0, 0, 0, &ret);
	expect("broadcast, the device with a program", arrived(at_v1, v0, &marked), 3);
	expect("broadcast, marked", marked, 3);
	expect("broadcast, the other device", arrived(at_w1, w0, &marked), 3);
	expect("broadcast, not marked", marked, 0);
	close(fd);
	key = 0;
	entry.first = 64;
	entry.prog = marks(be, counter, XDP_DROP, XDP_CPUMAP);
	expect("a CPU with a program", (u64)map_op(be, BPF_MAP_UPDATE_ELEM, cpu, &key, &entry, 0), 0);
	fd = redirects(be, cpu, 0, 0);
	run(be, fd, 64, 4, LIVE, 0, 0, 0, &ret);
	expect("frames to a CPU", counted(be, counter), 5 + 3 + 4);
	close(fd);
	fd = simple(be, XDP_TX, 0);
	expect("back to loopback", (u64)run(be, fd, 64, 1, LIVE, 0, 0, 0, &ret), 0);
	close(fd);
}

int main(int argc, char **argv)
{
	static const char setup[] = "set -e; PATH=$PATH:/usr/sbin:/sbin; ip link set lo up; ip link add v0 type veth peer name v1\n"
				    "ip link add w0 type veth peer name w1; for d in v0 v1 w0 w1; do ip link set $d up; done\n";

	kit_start("live", argc, argv, 1, 1u << JIT | 1u << INTERP);
	if (unshare(CLONE_NEWNET) || system(setup)) {
		printf("live: network namespaces or ip(8) are missing\n0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	refusals();
	for (u32 b = 1; b < kit.nbe; b++) {
		int at_v1 = listener(if_nametoindex("v1")), at_w1 = listener(if_nametoindex("w1"));

		effects(&kit.be[b], if_nametoindex("v0"), if_nametoindex("w0"), at_v1, at_w1);
		close(at_v1);
		close(at_w1);
	}
	return kit_end();
}
