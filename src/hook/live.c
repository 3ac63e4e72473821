/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live frames of BPF_PROG_TEST_RUN: verdicts are followed. A frame that is redirected passes the programs of device and CPU map entries and
 * leaves by the device, as do frames that go back where they came from; what passes ends here, as skep has no network stack.
 *
 * Invariant: each frame starts from the caller's bytes, whatever programs did to the one before.
 */
#include "hook/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/grace.h"
#include "hook/test_run.h"

#define MAX_HOPS 2 /* a CPU map's program may redirect once more */

struct live {
	struct test_run *t;
	struct run_env *env;
	struct run_pkt *pkt;
	struct native_xdp *ctx;
	int sock, err;
};

static u32 run_once(struct live *l, struct prog *p, struct run *run)
{
	u32 act;

	run_init(run, &p->image, l->env);
	run->prog_type = p->type;
	run->redirect_kind = 0;
	grace_enter();
	act = (u32)run_image(run, l->ctx);
	grace_leave();
	l->t->stopped |= run->stopped;
	__atomic_fetch_add(&p->stats.runs, 1, __ATOMIC_RELAXED);
	return act;
}

static void send_frame(struct live *l, u32 ifindex)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)ifindex, .sll_halen = ETH_ALEN };

	if (l->sock < 0 && !l->err)
		l->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (l->sock < 0) {
		l->err = -EPERM;
		return;
	}
	if (l->pkt->end - l->pkt->data < ETH_HLEN)
		return;
	memcpy(to.sll_addr, l->pkt->data, ETH_ALEN);
	/* a device that is down or full drops it */
	(void)!sendto(l->sock, l->pkt->data, (size_t)(l->pkt->end - l->pkt->data), MSG_DONTWAIT, (const struct sockaddr *)&to,
		      sizeof(to));
}

static void follow(struct live *l, struct run *run, u32 act, u32 hops);

/* One entry of a map: its program decides, then the frame goes on. */
static void to_entry(struct live *l, struct map *m, u32 key, u32 hops)
{
	bool cpu = m->desc.type == BPF_MAP_TYPE_CPUMAP;
	u32 first, act = XDP_PASS, ingress = l->ctx->md.ingress_ifindex, egress = l->ctx->md.egress_ifindex;
	struct obj *o;
	struct run run;

	if (!map_device_target(m, key, &first, &o))
		return;
	if (o) {
		l->ctx->md.egress_ifindex = cpu ? 0 : first;
		act = run_once(l, prog_of(o), &run);
		l->ctx->md.egress_ifindex = egress;
		l->ctx->md.ingress_ifindex = ingress;
	}
	if (act == XDP_PASS && !cpu)
		send_frame(l, first);
	else if (o && cpu && act == XDP_REDIRECT)
		follow(l, &run, act, hops + 1);
	if (o)
		obj_put(o);
}

/* To every device of the map but the one it came from, if that is asked. Each gets the frame as it is now. */
static void broadcast(struct live *l, struct map *m, u32 flags)
{
	const struct run_pkt pkt = *l->pkt;
	size_t size = (size_t)(pkt.limit - pkt.buf);
	u8 *saved = malloc(size);
	u32 key, next, first, left = m->desc.max_entries; /* lists in memory that others write may be rings */
	struct obj *o;

	if (!saved) {
		l->err = -ENOMEM;
		return;
	}
	memcpy(saved, pkt.buf, size);
	for (int err = map_next_key(m, NULL, &next); !err && left; err = map_next_key(m, &key, &next), left--) {
		key = next;
		if (!map_device_target(m, key, &first, &o))
			continue;
		if (o)
			obj_put(o);
		if ((flags & BPF_F_EXCLUDE_INGRESS) && first == l->ctx->md.ingress_ifindex)
			continue;
		memcpy(pkt.buf, saved, size);
		*l->pkt = pkt;
		pkt_publish(l->pkt);
		to_entry(l, m, key, 0);
	}
	free(saved);
}

static void follow(struct live *l, struct run *run, u32 act, u32 hops)
{
	struct map *m = run->redirect_kind > 1 ? run->redirect_map : NULL;

	if (act == XDP_TX)
		send_frame(l, l->ctx->md.ingress_ifindex);
	if (act != XDP_REDIRECT || !run->redirect_kind || hops >= MAX_HOPS)
		return;
	if (!m)
		send_frame(l, run->redirect_ifindex);
	else if (m->desc.type == BPF_MAP_TYPE_XSKMAP)
		return; /* its socket's rings are between the application and the kernel */
	else if (run->redirect_flags & BPF_F_BROADCAST)
		broadcast(l, m, run->redirect_flags);
	else
		to_entry(l, m, (u32)run->redirect_key, hops);
}

int live_frames(struct prog *p, struct run_env *env, struct test_run *t, struct native_xdp *ctx)
{
	struct live l = { .t = t, .env = env, .pkt = env->pkt, .ctx = ctx, .sock = -1 };
	const struct run_pkt pkt = *env->pkt;
	const struct native_xdp first = *ctx;
	size_t size = (size_t)(pkt.limit - pkt.buf);
	u32 n = t->repeat ? t->repeat : 1;
	u8 *saved = malloc(size);
	struct run run;
	u64 start = clock_ns(CLOCK_MONOTONIC), mean;

	if (!saved)
		return -ENOMEM;
	memcpy(saved, pkt.buf, size);
	for (u32 i = 0; i < n && !l.err && !t->stopped; i++) {
		if (i)
			memcpy(pkt.buf, saved, size);
		*l.pkt = pkt;
		*ctx = first;
		follow(&l, &run, run_once(&l, p, &run), 0);
	}
	mean = (clock_ns(CLOCK_MONOTONIC) - start) / n;
	t->duration = mean > U32_MAX ? U32_MAX : (u32)mean;
	memcpy(pkt.buf, saved, size);
	*l.pkt = pkt;
	*ctx = first;
	free(saved);
	if (l.sock >= 0)
		close(l.sock);
	if (l.err == -EPERM)
		t->why = "sending frames to a device needs CAP_NET_RAW";
	return l.err;
}
