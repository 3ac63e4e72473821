/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN: see test_run.h. A packet lives in one buffer with the head and tail room Linux's test run has, because
 * programs can observe both (adjust_head fails beyond them).
 */
#include "hook/test_run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/grace.h"
#include "base/str.h"
#include "helper/async.h"
#include "helper/packet.h"
#include "helper/sk.h"
#include "helper/storage.h"
#include "hook/live.h"
#include "hook/hook.h"

#define PAGE 4096u
#define XDP_HEADROOM 256u
#define SKB_HEADROOM 64u   /* as Linux allocates */
#define SKB_GROWTH 8192u   /* what Linux would reallocate for when helpers push headers */
#define TAILROOM 320u    /* struct skb_shared_info, aligned */
#define MAX_GROWN 65536u   /* of the tail: the largest packet */
#define XDP_FRAME 40u    /* struct xdp_frame at the start of the head room */
#define LIVE_BATCH_MAX 256u
#define LIVE_HEAD 112u   /* struct xdp_page_head, in the head room of live frames */
#define GSO_MAX 65536u
#define GSO_SEGS_MAX 65535u

/* An environment whose printk is collected. */
struct test_env {
	struct run_env env; /* first */
	struct str *printk;
	struct test_run *run;
};

static void collect_printk(struct run_env *env, const char *text, u32 len)
{
	struct test_env *t = (struct test_env *)env;

	if (t->printk)
		str_putn(t->printk, text, len);
}

/* What an iterator writes is the data a test run gives back. */
static int collect_seq(struct run_env *env, const void *text, u32 len)
{
	struct test_env *t = (struct test_env *)env;
	u8 *more = realloc(t->run->data_out, (size_t)t->run->data_size_out + len + 1);

	if (!more)
		return -EOVERFLOW;
	memcpy(more + t->run->data_size_out, text, len);
	t->run->data_out = more;
	t->run->data_size_out += len;
	return 0;
}

static int fail(struct test_run *t, int err, const char *why)
{
	t->why = why;
	return err;
}

/* The processor that the run is told, and whose part of per-CPU maps it has; 0 in runs that are to be the same each time. */
static u32 lane(const struct test_run *t)
{
	int cpu = t->flags & BPF_F_TEST_RUN_ON_CPU ? (int)t->cpu : t->beyond ? 0 : sched_getcpu();

	return cpu < 0 || (u32)cpu >= map_possible_cpus() ? 0 : (u32)cpu;
}

/* Run `repeat` times on the same context, as it is left by the run before. */
static void run_repeat(struct prog *p, void *ctx, struct test_env *env, struct test_run *t)
{
	u32 n = t->repeat ? t->repeat : 1;
	struct run run;
	u64 start, mean;

	run_init(&run, &p->image, &env->env);
	run.prog_type = p->type;
	run.cpu = lane(t);
	start = clock_ns(CLOCK_MONOTONIC);
	for (u32 i = 0; i < n; i++) {
		run.image = &p->image;
		run.tail_left = RUN_MAX_TAIL_CALLS;
		grace_enter();
		t->retval = (u32)run_image(&run, ctx);
		grace_leave();
		t->stopped |= run.stopped;
	}
	mean = (clock_ns(CLOCK_MONOTONIC) - start) / n;
	t->duration = mean > U32_MAX ? U32_MAX : (u32)mean;
	__atomic_fetch_add(&p->stats.runs, n, __ATOMIC_RELAXED);
}

/* The context as given, cut or extended with zeros to `size`. What we do not know must be zero. */
static int take_ctx(struct test_run *t, void *dst, u32 size)
{
	for (u32 i = size; i < t->ctx_size_in; i++)
		if (((const u8 *)t->ctx_in)[i])
			return fail(t, -E2BIG, "the context is longer than this program type's, and the rest is not zero");
	if (t->ctx_size_in)
		memcpy(dst, t->ctx_in, MIN(size, t->ctx_size_in));
	return 0;
}

static int give_ctx(struct test_run *t, const void *src, u32 size)
{
	if (!t->has_ctx_out)
		return 0;
	t->ctx_out = malloc(size);
	if (!t->ctx_out)
		return -ENOMEM;
	memcpy(t->ctx_out, src, size);
	t->ctx_size_out = size;
	return 0;
}

static int give_data(struct test_run *t, const void *a, u32 na, const void *b, u32 nb)
{
	t->data_out = malloc(na + nb + 1u);
	if (!t->data_out)
		return -ENOMEM;
	if (na)
		memcpy(t->data_out, a, na);
	if (nb)
		memcpy((u8 *)t->data_out + na, b, nb);
	t->data_size_out = na + nb;
	return 0;
}

/* ---- XDP ---- */
struct xdp_input {
	struct xdp_md md;
	u32 meta, linear, headroom;
};

static int xdp_ctx_in(struct test_run *t, struct xdp_input *in)
{
	struct xdp_md *md = &in->md;
	char name[IF_NAMESIZE];
	int err = take_ctx(t, md, sizeof(*md));

	if (err)
		return err;
	if (!t->has_ctx_in && !t->has_ctx_out)
		return 0;
	if (!t->has_ctx_in) {
		/* an all-zero context says the packet is empty; Linux takes it literally */
		if (md->data_end > t->data_size_in)
			return -EINVAL;
	}
	if (md->data_meta || md->data_end > t->data_size_in || md->data > md->data_end)
		return fail(t, -EINVAL, "xdp_md: data_meta must be 0 and data <= data_end <= the packet's size");
	in->meta = md->data;
	if (in->meta % 4 || in->meta > 255 || in->meta > in->headroom - XDP_FRAME)
		return fail(t, -EINVAL, "xdp_md: metadata is at most 216 bytes, in units of 4");
	if (md->egress_ifindex || (!md->ingress_ifindex && md->rx_queue_index))
		return fail(t, -EINVAL, "xdp_md: egress_ifindex must be 0, and a queue needs an ingress_ifindex");
	if (md->ingress_ifindex && !if_indextoname(md->ingress_ifindex, name))
		return fail(t, -ENODEV, "xdp_md: no interface with this ingress_ifindex");
	in->headroom -= in->meta;
	in->linear = md->data_end;
	return 0;
}

static int xdp_check(struct prog *p, struct test_run *t)
{
	if (p->attach_type == BPF_XDP_DEVMAP || p->attach_type == BPF_XDP_CPUMAP)
		return fail(t, -EINVAL, "programs for devmap and cpumap entries cannot be test-run");
	if (t->flags & ~(u32)BPF_F_TEST_XDP_LIVE_FRAMES)
		return fail(t, -EINVAL, "unknown flags");
	if (t->flags)
		return t->batch_size > LIVE_BATCH_MAX ? fail(t, -E2BIG, "batch_size is at most 256") : 0;
	return t->batch_size ? fail(t, -EINVAL, "batch_size is for live frames") : 0;
}

/* One page for the linear part, one for each fragment. */
static int xdp_fragments(struct test_run *t, struct run_pkt *pkt, u32 linear)
{
	u32 n = (t->data_size_in - linear + PAGE - 1) / PAGE;

	if (n > PKT_MAX_FRAGS)
		return fail(t, -ENOMEM, "a packet has at most 17 pages of fragments");
	pkt->buf = calloc(1 + n, PAGE);
	if (!pkt->buf)
		return -ENOMEM;
	for (u32 at = linear; at < t->data_size_in; at += PAGE) {
		struct run_frag *f = &pkt->frag[pkt->nfrags++];
		*f = (struct run_frag){ pkt->buf + pkt->nfrags * PAGE, 0, MIN(t->data_size_in - at, PAGE) };
		memcpy(f->page, (const u8 *)t->data_in + at, f->size);
	}
	return 0;
}

static int xdp_data_out(struct test_run *t, const struct run_pkt *pkt)
{
	u32 size = (u32)(pkt->data - pkt->meta) + pkt_len(pkt);
	struct run_pkt whole = *pkt;

	t->data_out = malloc(size + 1u);
	if (!t->data_out)
		return -ENOMEM;
	whole.data = whole.meta;
	pkt_copy(&whole, 0, t->data_out, size, false);
	t->data_size_out = size;
	return 0;
}

static int xdp_run(struct prog *p, struct test_env *env, struct test_run *t)
{
	struct xdp_input in = { .linear = t->data_size_in, .headroom = XDP_HEADROOM };
	struct native_xdp ctx = { .md = { 0 } };
	struct run_frag frag[PKT_MAX_FRAGS];
	struct run_pkt pkt = { .native = &ctx.pkt, .frag = frag };
	u32 room;
	int err = xdp_check(p, t);

	if (!err)
		err = xdp_ctx_in(t, &in);
	if (err)
		return err;
	if (t->flags && (t->has_ctx_in || t->has_ctx_out) && (t->has_data_out || t->has_ctx_out))
		return fail(t, -EINVAL, "live frames with a context give nothing back");
	room = PAGE - in.headroom - TAILROOM - (t->flags ? LIVE_HEAD : 0);
	in.linear = MIN(in.linear, room);
	if (t->flags && t->data_size_in > in.linear)
		return fail(t, -EINVAL, "a live frame is in one piece, of at most 3408 bytes");
	if (t->data_size_in - in.meta < ETH_HLEN)
		return fail(t, -EINVAL, "a packet has at least 14 bytes");
	if (!t->data_in)
		return fail(t, -EFAULT, "the packet is at address 0");
	err = xdp_fragments(t, &pkt, in.linear);
	if (err)
		return err;
	pkt.limit = pkt.buf + PAGE - TAILROOM;
	pkt.meta = pkt.buf + in.headroom;
	pkt.data = pkt.meta + in.meta;
	pkt.end = pkt.meta + in.linear;
	memcpy(pkt.meta, t->data_in, in.linear);
	ctx.md = in.md;
	if (!ctx.md.ingress_ifindex)
		ctx.md.ingress_ifindex = 1; /* loopback */
	pkt_publish(&pkt);
	env->env.pkt = &pkt;
	if (t->flags)
		err = live_frames(p, &env->env, t, &ctx);
	else
		run_repeat(p, &ctx, env, t);
	if (!err)
		err = xdp_data_out(t, &pkt);
	in.md.data = (u32)(pkt.data - pkt.meta);
	in.md.data_end = (u32)(pkt.end - pkt.meta);
	if (!err && (t->has_ctx_in || t->has_ctx_out))
		err = give_ctx(t, &in.md, sizeof(in.md));
	free(pkt.buf);
	return err;
}

/* ---- types with a __sk_buff ---- */
static bool zero_between(const struct __sk_buff *s, size_t from, size_t to)
{
	const u8 *b = (const u8 *)s;

	for (size_t i = from; i < to; i++)
		if (b[i])
			return false;
	return true;
}
#define END_OF(f) (offsetof(struct __sk_buff, f) + sizeof(((struct __sk_buff *)0)->f))

/* Only what a test run can honour may be set. */
static int skb_ctx_in(struct test_run *t, struct __sk_buff *s, u32 len)
{
	static const size_t gap[][2] = {
		{ 0, offsetof(struct __sk_buff, mark) },
		{ END_OF(mark), offsetof(struct __sk_buff, priority) },
		{ END_OF(ifindex), offsetof(struct __sk_buff, cb) },
		{ END_OF(cb), offsetof(struct __sk_buff, tstamp) },
		{ END_OF(gso_segs), offsetof(struct __sk_buff, gso_size) },
		{ END_OF(gso_size), offsetof(struct __sk_buff, hwtstamp) },
		{ END_OF(hwtstamp), sizeof(*s) },
	};
	char name[IF_NAMESIZE];
	int err = take_ctx(t, s, sizeof(*s));

	if (err)
		return err;
	if (s->ifindex > 1 && !if_indextoname(s->ifindex, name))
		return fail(t, -ENODEV, "__sk_buff: no interface with this ifindex");
	for (size_t i = 0; i < ARRAY_SIZE(gap); i++)
		if (!zero_between(s, gap[i][0], gap[i][1]))
			return fail(t, -EINVAL, "__sk_buff: only mark, priority, ifindex, ingress_ifindex, cb, tstamp, wire_len, "
						"gso_segs, gso_size and hwtstamp may be given");
	if (s->wire_len && (s->wire_len < len || s->wire_len > GSO_MAX))
		return fail(t, -EINVAL, "__sk_buff: wire_len is smaller than the packet or larger than 65536");
	if (s->gso_segs > GSO_SEGS_MAX)
		return fail(t, -EINVAL, "__sk_buff: gso_segs is too large");
	if (!s->wire_len && (t->has_ctx_in || t->has_ctx_out))
		s->wire_len = len;
	if (!s->ifindex)
		s->ifindex = 1;
	return 0;
}

/* The socket of a test packet takes its addresses from the packet. */
static int skb_socket(struct test_run *t, const struct run_pkt *pkt, struct __sk_buff *s, struct bpf_sock *sk)
{
	u32 len = (u32)(pkt->end - pkt->network);
	const u8 *n = pkt->network;

	if (s->protocol == htons(ETH_P_IP)) {
		if (len < 20)
			return fail(t, -EINVAL, "an IPv4 packet has at least 20 bytes");
		s->family = sk->family = AF_INET;
		memcpy(&s->local_ip4, n + 12, 4);
		memcpy(&s->remote_ip4, n + 16, 4);
		sk->src_ip4 = s->local_ip4;
		sk->dst_ip4 = s->remote_ip4;
	} else if (s->protocol == htons(ETH_P_IPV6)) {
		if (len < 40)
			return fail(t, -EINVAL, "an IPv6 packet has at least 40 bytes");
		s->family = sk->family = AF_INET6;
		memcpy(s->local_ip6, n + 8, 16);
		memcpy(s->remote_ip6, n + 24, 16);
		memcpy(sk->src_ip6, s->local_ip6, 16);
		memcpy(sk->dst_ip6, s->remote_ip6, 16);
	}
	return 0;
}

static u8 packet_type(const u8 *mac)
{
	static const u8 none[6];

	if (mac[0] & 1)
		return mac[0] == 0xff ? 1 : 2; /* broadcast, multicast */
	return memcmp(mac, none, 6) ? 3 : 0;   /* other host unless it is loopback's address */
}

static bool is_l2(u32 type)
{
	return type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_SCHED_ACT;
}

static int skb_prepare(struct prog *p, struct test_run *t, struct run_pkt *pkt, struct native_skb *ctx, struct bpf_sock *sk)
{
	struct __sk_buff *s = &ctx->skb;
	u32 size = t->data_size_in;
	int err;

	pkt->limit = pkt->buf + SKB_GROWTH + PAGE + MAX_GROWN;
	pkt->mac = pkt->buf + SKB_GROWTH;
	pkt->network = pkt->mac + ETH_HLEN;
	pkt->end = pkt->mac + size;
	pkt->data = is_l2(p->type) ? pkt->mac : pkt->network;
	pkt->meta = pkt->data;
	memcpy(pkt->mac, t->data_in, size);
	err = skb_ctx_in(t, s, is_l2(p->type) ? size : size - ETH_HLEN);
	if (err)
		return err;
	s->protocol = (u32)pkt->mac[12] | (u32)pkt->mac[13] << 8;
	if (ntohs((u16)s->protocol) < 0x600)
		s->protocol = htons(ETH_P_802_2);
	s->pkt_type = packet_type(pkt->mac);
	sk->state = BPF_TCP_CLOSE;
	sk->rx_queue_mapping = -1;
	s->sk = sk;
	pkt_publish(pkt);
	return skb_socket(t, pkt, s, sk);
}

static int skb_result(struct prog *p, struct test_run *t, struct run_pkt *pkt, const struct __sk_buff *s)
{
	static const u8 no_header[ETH_HLEN];
	struct __sk_buff out = { 0 };
	int err;

	if (is_l2(p->type))
		err = give_data(t, pkt->data, (u32)(pkt->end - pkt->data), NULL, 0);
	else
		err = give_data(t, no_header, ETH_HLEN, pkt->data, (u32)(pkt->end - pkt->data));
	if (err || (!t->has_ctx_in && !t->has_ctx_out))
		return err;
	if (t->ctx_size_in)
		memcpy(&out, t->ctx_in, MIN(t->ctx_size_in, (u32)sizeof(out)));
	out.mark = s->mark;
	out.priority = s->priority;
	out.ingress_ifindex = s->ingress_ifindex;
	out.ifindex = s->ifindex;
	out.tstamp = s->tstamp;
	memcpy(out.cb, s->cb, sizeof(out.cb));
	out.wire_len = s->wire_len;
	out.gso_segs = s->gso_segs;
	out.hwtstamp = s->hwtstamp;
	return give_ctx(t, &out, sizeof(out));
}

static int skb_run(struct prog *p, struct test_env *env, struct test_run *t)
{
	struct native_skb ctx = { .skb = { 0 } };
	struct run_tunnel tunnel = { .set = false };
	struct run_pkt pkt = { .native = &ctx.pkt, .skb = &ctx.skb, .tunnel = &tunnel };
	struct sk sk = { .cookie = 0 };
	int err;

	if ((t->flags & ~1u /* BPF_F_TEST_SKB_CHECKSUM_COMPLETE */) || t->cpu || t->batch_size)
		return fail(t, -EINVAL, "unknown flags, or cpu or batch_size given");
	if (t->data_size_in < ETH_HLEN)
		return fail(t, -EINVAL, "a packet has at least 14 bytes");
	if (!t->data_in)
		return fail(t, -EFAULT, "the packet is at address 0");
	if (t->data_size_in > PAGE - SKB_HEADROOM - TAILROOM)
		return fail(t, -EINVAL, "a test packet has at most 3712 bytes");
	pkt.buf = calloc(1, SKB_GROWTH + PAGE + MAX_GROWN);
	if (!pkt.buf)
		return -ENOMEM;
	err = skb_prepare(p, t, &pkt, &ctx, &sk.s);
	if (!err) {
		env->env.pkt = &pkt;
		env->env.sk = &sk;
		run_repeat(p, &ctx, env, t);
		storage_run_gone(p->maps, p->nmaps, &sk);
		err = skb_result(p, t, &pkt, &ctx.skb);
	}
	free(pkt.buf);
	return err;
}

/* ---- the flow dissector ---- */

/* It sees the frame, and writes keys of which the offsets must stay inside it. */
static int flow_run(struct prog *p, struct test_env *env, struct test_run *t)
{
	struct native_skb ctx = { .skb = { 0 } };
	struct run_pkt pkt = { .native = &ctx.pkt, .skb = &ctx.skb };
	struct bpf_flow_keys keys = { 0 }, given = { 0 };
	int err;

	if (t->flags || t->cpu || t->batch_size)
		return fail(t, -EINVAL, "no flags, cpu or batch_size for flow dissectors");
	if (t->data_size_in < ETH_HLEN)
		return fail(t, -EINVAL, "a packet has at least 14 bytes");
	if (!t->data_in)
		return fail(t, -EFAULT, "the packet is at address 0");
	err = take_ctx(t, &given, sizeof(given));
	if (err)
		return err;
	keys.flags = given.flags;
	given.flags = 0;
	for (size_t i = 0; i < sizeof(given); i++)
		if (((const u8 *)&given)[i])
			return fail(t, -EINVAL, "bpf_flow_keys: only flags may be given");
	pkt.buf = malloc(t->data_size_in);
	if (!pkt.buf)
		return -ENOMEM;
	memcpy(pkt.buf, t->data_in, t->data_size_in);
	pkt.data = pkt.mac = pkt.meta = pkt.buf;
	pkt.network = pkt.buf + ETH_HLEN;
	pkt.end = pkt.limit = pkt.buf + t->data_size_in;
	memcpy(&keys.n_proto, pkt.buf + 12, sizeof(keys.n_proto));
	keys.nhoff = keys.thoff = ETH_HLEN;
	ctx.skb.flow_keys = &keys;
	pkt_publish(&pkt);
	env->env.pkt = &pkt;
	run_repeat(p, &ctx, env, t);
	keys.nhoff = (u16)MIN(MAX(keys.nhoff, (u16)ETH_HLEN), MAX(t->data_size_in, (u32)ETH_HLEN));
	keys.thoff = (u16)MIN(MAX(keys.thoff, keys.nhoff), MAX(t->data_size_in, (u32)keys.nhoff));
	err = give_data(t, (const u8 *)&keys, sizeof(keys), NULL, 0);
	if (!err && (t->has_ctx_in || t->has_ctx_out)) {
		given = (struct bpf_flow_keys){ .flags = keys.flags };
		err = give_ctx(t, &given, sizeof(given));
	}
	free(pkt.buf);
	return err;
}

/* ---- types whose context is plain memory ---- */

/* What pointers of such a context point to: no caller's number is ever one. */
struct stand_in {
	struct bpf_sock sock;
	u8 keys[sizeof(struct bpf_flow_keys)];
	u8 buffer[1 << 16];  /* programs that reach farther into one do not run */
	u8 *data;            /* the data that was given: a packet, a message, an option's value; never NULL */
	u32 len;
};

#define DATA_MAX 65536u    /* of it */

static void put_pointers(const struct prog *p, u8 *ctx, u32 size, struct stand_in *o)
{
	const struct ctx_spec *c = p->spec->ctx;

	for (u32 i = 0; i < c->nfields; i++) {
		const struct ctx_field *f = &c->fields[i];
		const void *to = NULL;

		switch ((enum ctx_kind)f->kind) {
		case CK_SCALAR:
		case CK_PTR_BTF: /* read as memory that may be missing */
			continue;
		case CK_PKT: case CK_PKT_META: to = o->data; break;
		case CK_PKT_END: to = o->data + o->len; break;
		case CK_SOCKET: to = &o->sock; break;
		case CK_FLOW_KEYS: to = o->keys; break;
		case CK_TP_BUFFER: case CK_BUF_RDWR: case CK_BUF_RDONLY: to = o->buffer; break;
		case CK_SK: case CK_SOCKET_NULL: break;
		}
		if ((f->progs & PT_BIT(p->type)) && f->native_off + sizeof(to) <= size)
			memcpy(ctx + f->native_off, &to, sizeof(to));
	}
}

/* The data as it is after the run; helpers may have made a message longer or shorter. */
static int raw_data(struct test_run *t, struct test_env *env, struct stand_in *o)
{
	if (!t->data_size_in)
		return 0;
	return give_data(t, o->data, env->env.msg ? env->env.msg->len : o->len, NULL, 0);
}

static int raw_run(struct prog *p, struct test_env *env, struct test_run *t, u32 size)
{
	u32 room = MAX(MAX(size, t->ctx_size_in), (u32)p->spec->ctx->native_size) + 8;
	struct stand_in *o = calloc(1, sizeof(*o) + DATA_MAX);
	struct run_msg msg = { .room = DATA_MAX };
	u8 *ctx = calloc(1, room);
	int err = -ENOMEM;

	if (!ctx || !o)
		goto out;
	if (MAX(p->max_tp_access, MAX(p->max_rdonly, p->max_rdwr)) > sizeof(o->buffer)) {
		err = fail(t, -E2BIG, "the program reaches farther than 65536 bytes into a buffer of its context");
		goto out;
	}
	err = fail(t, t->data_size_in > DATA_MAX ? -E2BIG : -EFAULT, "at most 65536 bytes of data, and not at address 0");
	if (t->data_size_in > DATA_MAX || (t->data_size_in && !t->data_in))
		goto out;
	o->data = (u8 *)(o + 1);
	o->len = t->data_size_in;
	if (o->len)
		memcpy(o->data, t->data_in, o->len);
	if (t->ctx_size_in)
		memcpy(ctx, t->ctx_in, t->ctx_size_in);
	put_pointers(p, ctx, room, o);
	if (p->type == BPF_PROG_TYPE_SK_MSG) {
		msg.buf = o->data;
		msg.len = o->len;
		msg.md = (void *)ctx;
		msg.md->size = o->len;
		env->env.msg = &msg;
	}
	run_repeat(p, ctx, env, t);
	err = raw_data(t, env, o);
	t->ctx_out = ctx;
	t->ctx_size_out = t->ctx_size_in;
	ctx = NULL;
out:
	free(ctx);
	free(o);
	return err;
}

static int raw_tp_run(struct prog *p, struct test_env *env, struct test_run *t)
{
	int err;

	if (t->has_data_in || t->has_data_out || t->has_ctx_out || t->duration_in || t->repeat || t->batch_size)
		return fail(t, -EINVAL, "raw tracepoints take a context and nothing else");
	if (t->ctx_size_in < p->max_ctx_off || t->ctx_size_in > 12 * sizeof(u64))
		return fail(t, -EINVAL, "the context is shorter than what the program reads, or longer than 12 arguments");
	if (!(t->flags & 1) && t->cpu)
		return fail(t, -EINVAL, "cpu needs BPF_F_TEST_RUN_ON_CPU");
	if (t->flags & ~1u)
		return fail(t, -EINVAL, "unknown flags");
	if (t->flags & 1 && t->cpu >= map_possible_cpus())
		return fail(t, -ENXIO, "there is no such CPU");
	err = raw_run(p, env, t, 0);
	t->only_retval = true;
	t->ctx_size_out = 0;
	return err;
}

static int syscall_run(struct prog *p, struct test_env *env, struct test_run *t)
{
	int err;

	if (t->has_data_in || t->has_data_out || t->has_ctx_out || t->duration_in || t->repeat || t->flags || t->batch_size)
		return fail(t, -EINVAL, "syscall programs take a context and nothing else");
	if (t->ctx_size_in < p->max_ctx_off || t->ctx_size_in > 0xffff)
		return fail(t, -EINVAL, "the context is shorter than what the program reads, or longer than 65535 bytes");
	err = raw_run(p, env, t, 0);
	t->only_retval = true;
	t->ctx_back = true;
	return err;
}

/* Types that Linux cannot test-run: any context of at least the bytes the type may read. */
static int other_run(struct prog *p, struct test_env *env, struct test_run *t)
{
	if (p->spec->why_not && !p->spec->given)
		return fail(t, -ENOTSUPP, p->spec->why_not);
	if (p->spec->skb)
		return skb_run(p, env, t);
	if (p->type == BPF_PROG_TYPE_TRACING || p->type == BPF_PROG_TYPE_LSM) {
		/* the arguments, and behind them the result where there is one */
		env->env.func_returned = p->attach_type == BPF_TRACE_FEXIT || p->attach_type == BPF_MODIFY_RETURN;
		env->env.func_args = t->ctx_size_in / 8 - (env->env.func_returned && t->ctx_size_in >= 8);
	}
	return raw_run(p, env, t, p->spec->ctx->size);
}

static int run_as(struct prog *p, struct test_env *env, struct test_run *t)
{
	if (p->type == BPF_PROG_TYPE_XDP)
		return xdp_run(p, env, t);
	if (p->type == BPF_PROG_TYPE_RAW_TRACEPOINT)
		return t->beyond && (t->repeat || t->has_ctx_out) ? other_run(p, env, t) : raw_tp_run(p, env, t);
	if (p->type == BPF_PROG_TYPE_SYSCALL)
		return t->beyond && (t->repeat || t->has_ctx_out) ? other_run(p, env, t) : syscall_run(p, env, t);
	if (p->type == BPF_PROG_TYPE_FLOW_DISSECTOR)
		return flow_run(p, env, t);
	if (p->spec->skb && p->spec->test_run)
		return skb_run(p, env, t);
	if (t->beyond)
		return other_run(p, env, t);
	return fail(t, -ENOTSUPP, "Linux has no test run for this program type");
}

int prog_test_run(struct prog *p, const struct btf *kernel_btf, struct test_run *t)
{
	struct test_env env = { .env = { .kernel_btf = kernel_btf, .printk = collect_printk, .sys_bpf = t->sys_bpf,
					 .sys_close = t->sys_close, .sys_cookie = t->cookie, .seq_write = collect_seq,
					 .returns = true },
				.printk = t->printk, .run = t };
	int err;

	env.env.task = t->task;
	if (!t->printk && t->hooks)
		hook_printk_to(t->hooks, &env.env);
	if (*p->unrunnable)
		return fail(t, -EOPNOTSUPP, p->unrunnable);
	err = run_as(p, &env, t);
	async_returns(t->task ? t->task->tid : (u32)gettid());
	return err || !t->stopped ? err : fail(t, -ETIME, "the run took longer than its budget and was stopped");
}
