/* SPDX-License-Identifier: BSD-2-Clause */
/* Event sources without a box: see live.h. */
#include "box/live.h"

#include <errno.h>
#include <stdlib.h>

#include "box/src.h"
#include "box/trace.h"
#include "hook/perf.h"
#include "hook/tracepoint.h"
#include "sys/sys.h"

struct live {
	struct skep *s;
	struct src *src;
	struct tracer *tracer;
	void (*printk)(void *ctx, const char *comm, u32 pid, const char *text, u32 len);
	void *ctx;
};

int live_new(struct skep *s, bool all_calls, struct live **ret, struct str *why)
{
	struct live *l = calloc(1, sizeof(*l));
	int err = l ? 0 : -ENOMEM;

	if (err)
		return err;
	l->s = s;
	err = src_new(s->hooks, &l->src);
	if (!err)
		err = tracer_new(s->hooks, &l->tracer, why);
	if (err) {
		live_free(l);
		return err;
	}
	tracer_net(l->tracer, all_calls);
	*ret = l;
	return 0;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	tracer_free(l->tracer);
	src_free(l->src);
	hook_printk(l->s->hooks, NULL, NULL);
	free(l);
}

int live_add(struct live *l, pid_t pid, bool before_exec, struct str *why)
{
	int err = before_exec ? 0 : src_add(l->src, pid); /* a child of ours is in the set by itself */

	if (!err)
		err = tracer_add(l->tracer, pid, why);
	if (!err && before_exec)
		tracer_exec(l->tracer, pid, pid);
	return err;
}

static void printed(struct run_env *env, const char *text, u32 len)
{
	const struct live *l = env->printk_cookie;
	const struct run_task *t = env->task;

	l->printk(l->ctx, t ? t->comm : "skep", t ? t->tid : 0, text, len);
}

void live_printk(struct live *l, void (*fn)(void *ctx, const char *comm, u32 pid, const char *text, u32 len), void *ctx)
{
	l->printk = fn;
	l->ctx = ctx;
	hook_printk(l->s->hooks, printed, l);
}

u32 live_tracepoint(struct live *l, const char *group, const char *name)
{
	const struct tracepoint *tp = tracepoint_by_name(l->s->hooks, group, name);

	return tp ? tp->id : 0;
}

u64 live_lost(const struct live *l)
{
	return src_lost(l->src);
}

void live_complaints(struct live *l, struct str *ret) { tracer_complaints(l->tracer, ret); }

u32 live_kprobe_type(void) { return perf_type_kprobe(); }
