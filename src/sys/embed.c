/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running loaded programs directly: what an application that embeds skep calls per event.
 *
 * Nothing is allocated and no lock is taken: the run lives on the caller's stack, so any number of threads may run a program.
 */
#include <errno.h>

#include "base/grace.h"
#include "helper/run_env.h"
#include "prog/prog.h"
#include "skep/skep.h"
#include "sys/sys.h"

/* struct skep_prog is struct prog under its public name. */
static struct prog *inner(struct skep_prog *p)
{
	return (struct prog *)(void *)p;
}

int skep_prog_get(struct skep *s, int fd, struct skep_prog **ret_prog)
{
	struct obj *o;
	int err = obj_by_fd(&s->tab, fd, OBJ_PROG, &o, NULL);

	if (err)
		return err;
	err = *prog_of(o)->unrunnable ? -EOPNOTSUPP : prog_ready(prog_of(o));
	if (err)
		obj_put(o);
	else
		*ret_prog = (struct skep_prog *)(void *)prog_of(o);
	return err;
}

void skep_prog_put(struct skep_prog *p)
{
	prog_put(p ? inner(p) : NULL);
}

static u64 run_once(struct prog *p, void *ctx, struct run_env *env)
{
	struct run run;
	u64 ret;

	run_init(&run, &p->image, env);
	run.prog_type = p->type;
	grace_enter();
	ret = run_image(&run, ctx);
	grace_leave();
	return ret;
}

/* Not inlined: the stack that a run needs is not for programs that need none. */
static __attribute__((noinline)) u64 run_packet(struct prog *p, void *ctx, struct run_pkt *pkt)
{
	struct run_env env = { .pkt = pkt };

	return run_once(p, ctx, &env);
}

/* The packet as an XDP or skb program sees it; back into the caller's structure afterwards. */
uint32_t skep_prog_run_packet(struct skep_prog *prog, struct skep_packet *pkt)
{
	struct prog *p = inner(prog);
	struct native_xdp xdp = { .md = { .ingress_ifindex = pkt->ifindex, .rx_queue_index = pkt->rx_queue } };
	struct native_skb skb = { .skb = { .ifindex = pkt->ifindex, .ingress_ifindex = pkt->ifindex,
					   .queue_mapping = pkt->rx_queue } };
	struct run_pkt rp = { .buf = pkt->buf, .limit = (u8 *)pkt->buf + pkt->buf_size, .data = pkt->data, .meta = pkt->data,
			      .end = (u8 *)pkt->data + pkt->len, .mac = pkt->data,
			      .network = pkt->len >= 14 ? (u8 *)pkt->data + 14 : pkt->data };
	bool is_xdp = p->type == BPF_PROG_TYPE_XDP;
	u64 ret;

	rp.native = is_xdp ? &xdp.pkt : &skb.pkt;
	if (!is_xdp) {
		rp.skb = &skb.skb;
		if (pkt->len >= 14)
			skb.skb.protocol = (u32)rp.mac[12] | (u32)rp.mac[13] << 8;
	}
	pkt_publish(&rp);
	ret = p->image.bare ? p->image.entry(is_xdp ? (void *)&xdp : (void *)&skb, NULL) :
			      run_packet(p, is_xdp ? (void *)&xdp : (void *)&skb, &rp);
	pkt->data = rp.data;
	pkt->len = (u32)(rp.end - rp.data);
	return (uint32_t)ret;
}

static __attribute__((noinline)) u64 run_alone(struct prog *p, void *ctx)
{
	struct run_env env = { .pkt = NULL };

	return run_once(p, ctx, &env);
}

uint64_t skep_prog_run_raw(struct skep_prog *prog, void *ctx)
{
	struct prog *p = inner(prog);

	return likely(p->image.bare) ? p->image.entry(ctx, NULL) : run_alone(p, ctx);
}
