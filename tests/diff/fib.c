/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_fib_lookup in a network namespace made for it, with routes of every kind: what it returns and what it leaves in its
 * parameters are the running kernel's, for many destinations and all flags, from XDP and tc.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>

#include "kit.h"

static struct prog prog;
static int fds[BACKENDS];

#define PARAMS 64

/* The parameters are the packet's bytes from 64 on; they go to the stack, and back. The flags are before them. */
static void build(u32 type)
{
	struct prog *p = &prog;
	bool xdp = type == BPF_PROG_TYPE_XDP;

	prog_start(p, type);
	MOV_X(6, 1);
	emit(p, 0x61, 7, 1, xdp ? 0 : 76, 0);
	emit(p, 0x61, 2, 1, xdp ? 4 : 80, 0);
	MOV_X(3, 7);
	ADD_K(3, 64 + PARAMS);
	emit(p, 0xbd, 3, 2, 2, 0);
	MOV_K(0, 99);
	EXIT();
	for (s32 i = 0; i < PARAMS; i += 8) {
		LD8(1, 7, (s16)(64 + i));
		STX8(10, (s16)(i - PARAMS), 1);
	}
	MOV_X(1, 6);
	MOV_X(2, 10);
	ADD_K(2, -PARAMS);
	MOV_K(3, PARAMS);
	emit(p, 0x61, 4, 7, 56, 0);
	CALL_HELPER(BPF_FUNC_fib_lookup);
	for (s32 i = 0; i < PARAMS; i += 8) {
		LD8(1, 10, (s16)(i - PARAMS));
		STX8(7, (s16)(64 + i), 1);
	}
	EXIT();
}

static void compare(const struct bpf_fib_lookup *in, u32 flags, const char *what)
{
	u8 pkt[256] = { [12] = 8 }, out[BACKENDS][256];
	struct bpf_fib_lookup *o[BACKENDS];
	struct run r[BACKENDS];
	long err[BACKENDS];

	memcpy(pkt + 56, &flags, 4);
	memcpy(pkt + 64, in, sizeof(*in));
	for (u32 b = 0; b < kit.nbe; b++) {
		r[b] = (struct run){ .data_in = pkt, .data_size_in = 128, .data_out = out[b], .data_size_out = sizeof(out[b]) };
		err[b] = test_run(&kit.be[b], fds[b], &r[b]);
		o[b] = (void *)(out[b] + 64);
	}
	for (u32 b = 1; b < kit.nbe; b++)
		if (err[0] == err[b] && r[0].retval == r[b].retval && !memcmp(o[0], o[b], sizeof(*in))) {
			kit_agree();
		} else {
			const u8 *k = (const u8 *)o[0], *s = (const u8 *)o[b];

			kit_differ("%s, flags %u: kernel %d, %s %d", what, flags, (s32)r[0].retval, kit.be[b].name, (s32)r[b].retval);
			for (u32 i = 0; i < sizeof(*in); i++)
				if (k[i] != s[i])
					printf("  byte %u: kernel %02x, skep %02x\n", i, k[i], s[i]);
		}
}

static const char *const to[] = {
	"10.1.0.2", "10.1.0.9", "10.1.0.1", "10.1.0.255", "10.2.0.77", "10.9.1.1", "10.9.2.1", "10.9.3.1", "10.8.0.1", "10.8.5.1", "10.7.0.1",
	"10.6.0.1", "127.0.0.1", "224.0.0.1", "8.8.8.8", "0.0.0.0", "10.5.0.1", "10.4.0.1",
	"fd00:1::2", "fd00:1::9", "fd00:1::1", "fd00:2::77", "fd00:9:1::1", "fd00:9:2::1", "fd00:9:3::1", "fd00:8::1", "fd00:8:5::1", "fe80::1", "::1",
	"ff02::1", "2001:db8::1", "fd00:5::1", "fd00:6::1",
};

static void all(u32 type, const u32 *ifindex, u32 n)
{
	static const u32 flags[] = { 0, 1, 2, 3, 4, 8, 9, 12, 16, 20, 21, 5, 28, 29, 64 };
	static const u16 lens[] = { 0, 100, 1280, 1400, 1450, 1500, 9000 };
	char what[96];

	build(type);
	if (!load_all(&prog, "load", "the program", fds))
		return;
	for (u32 i = 0; i < n; i++)
		for (size_t d = 0; d < ARRAY_SIZE(to); d++)
			for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
				for (size_t l = 0; l < ARRAY_SIZE(lens); l += f ? 5 : 1) {
					struct bpf_fib_lookup p = { .family = strchr(to[d], ':') ? AF_INET6 : AF_INET, .tot_len = lens[l],
								    .ifindex = ifindex[i] };

					if (flags[f] & 8)
						memcpy(&p.h_vlan_proto, &(u32){ d & 1 ? 100 : 77 }, 4); /* tbid, where headers name it */
					inet_pton(p.family, to[d], p.family == AF_INET ? (void *)&p.ipv4_dst : (void *)p.ipv6_dst);
					snprintf(what, sizeof(what), "type %u, device %u to %s, length %u", type, ifindex[i], to[d], lens[l]);
					if (kit_wanted(what))
						compare(&p, flags[f], what);
				}
	close_all(fds);
}

static const char setup[] =
	"set -e; PATH=$PATH:/usr/sbin:/sbin; ip link set lo up; ip link add v0 type veth peer name v1; ip link add w0 type veth peer name w1; ip link set w0 mtu 1400\n"
	"for d in v0 v1 w0 w1; do ip link set $d up; done\n"
	"ip addr add 10.1.0.1/24 dev v0; ip addr add 10.2.0.1/24 dev w0; ip addr add fd00:1::1/64 dev v0 nodad; ip addr add fd00:2::1/64 dev w0 nodad\n"
	"echo 1 >/proc/sys/net/ipv4/conf/v0/forwarding; echo 1 >/proc/sys/net/ipv6/conf/v0/forwarding\n"
	"ip neigh add 10.1.0.2 lladdr 02:00:00:00:00:02 dev v0 nud permanent; ip neigh add 10.2.0.77 lladdr 02:00:00:00:00:77 dev w0 nud stale\n"
	"ip neigh add fd00:1::2 lladdr 02:00:00:00:01:02 dev v0 nud permanent; ip neigh add fd00:2::77 lladdr 02:00:00:00:01:77 dev w0 nud stale\n"
	"ip route add blackhole 10.9.1.0/24; ip route add unreachable 10.9.2.0/24; ip route add prohibit 10.9.3.0/24\n"
	"ip route add 10.8.0.0/16 via 10.1.0.2 metric 50; ip route add 10.8.5.0/24 via 10.2.0.77 metric 70; ip route add 10.8.0.0/16 via 10.2.0.77 metric 90\n"
	"ip route add 10.7.0.0/24 via inet6 fd00:1::2 dev v0; ip route add 10.6.0.0/24 via 10.1.0.2 src 10.2.0.1 mtu lock 1300\n"
	"ip route add throw 10.5.0.0/24; ip route add 10.4.0.0/24 via 10.1.0.2 table 100; ip route add default via 10.2.0.77 table 100\n"
	"ip -6 route add blackhole fd00:9:1::/48; ip -6 route add unreachable fd00:9:2::/48; ip -6 route add prohibit fd00:9:3::/48\n"
	"ip -6 route add fd00:8::/32 via fd00:1::2 metric 50; ip -6 route add fd00:8:5::/48 via fd00:2::77; ip -6 route add fd00:5::/48 via fd00:1::2 src fd00:2::1\n"
	"ip -6 route add fd00:6::/48 via fd00:1::2 table 100\n";

int main(int argc, char **argv)
{
	u32 ifindex[3];

	kit_start("fib", argc, argv, 1, 1u << JIT);
	if (unshare(CLONE_NEWNET) || system(setup)) {
		printf("fib: network namespaces or ip(8) are missing\n0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	ifindex[0] = if_nametoindex("v0");
	ifindex[1] = if_nametoindex("w0"); /* it does not forward */
	ifindex[2] = 4242;
	all(BPF_PROG_TYPE_SCHED_CLS, ifindex, 3);
	all(BPF_PROG_TYPE_XDP, ifindex, 3);
	return kit_end();
}
