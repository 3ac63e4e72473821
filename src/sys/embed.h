/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet of the application's (struct skep_packet) as programs see it, and back: for a run by itself and for attached programs. */
#ifndef SKEP_SYS_EMBED_H
#define SKEP_SYS_EMBED_H

#include "helper/run_env.h"
#include "skep/skep.h"
#include "spec/ctx_native.h"

struct embed_packet {
	union {
		struct native_xdp xdp;
		struct native_skb skb;
	} ctx;
	struct run_pkt run;
};

/* Inline: a run costs little more than it. */
static inline void embed_packet_begin(struct embed_packet *e, const struct skep_packet *pkt, u32 ifindex, bool is_xdp)
{
	e->run = (struct run_pkt){ .buf = pkt->buf, .limit = (u8 *)pkt->buf + pkt->buf_size, .data = pkt->data, .meta = pkt->data,
				   .end = (u8 *)pkt->data + pkt->len, .mac = pkt->data,
				   .native = is_xdp ? &e->ctx.xdp.pkt : &e->ctx.skb.pkt,
				   .network = pkt->len >= 14 ? (u8 *)pkt->data + 14 : pkt->data };
	if (is_xdp) {
		e->ctx.xdp = (struct native_xdp){ .md = { .ingress_ifindex = ifindex, .rx_queue_index = pkt->rx_queue } };
	} else {
		e->ctx.skb = (struct native_skb){ .skb = { .ifindex = ifindex, .ingress_ifindex = ifindex,
							   .queue_mapping = pkt->rx_queue } };
		e->run.skb = &e->ctx.skb.skb;
		if (pkt->len >= 14)
			e->ctx.skb.skb.protocol = (u32)e->run.mac[12] | (u32)e->run.mac[13] << 8;
	}
	pkt_publish(&e->run);
}

static inline void embed_packet_end(const struct embed_packet *e, struct skep_packet *pkt)
{
	pkt->data = e->run.data;
	pkt->len = (u32)(e->run.end - e->run.data);
}

#endif
