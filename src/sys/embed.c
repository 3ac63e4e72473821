/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running loaded programs directly: what an application that embeds skep calls per event.
 *
 * Nothing is allocated and no lock is taken: the run lives on the caller's stack, so any number of threads may run a program.
 */
#include <errno.h>

#include "base/grace.h"
#include "prog/prog.h"
#include "skep/skep.h"
#include "sys/embed.h"
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
	struct embed_packet e;
	u64 ret;

	embed_packet_begin(&e, pkt, pkt->ifindex, p->type == BPF_PROG_TYPE_XDP);
	ret = p->image.bare ? p->image.entry(&e.ctx, NULL) : run_packet(p, &e.ctx, &e.run);
	embed_packet_end(&e, pkt);
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
