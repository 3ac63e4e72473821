/* SPDX-License-Identifier: BSD-2-Clause */
/* The box's tracer: every client is traced, from its first stopped call on and over execve. */
#include <errno.h>
#include <unistd.h>

#include "box/box.h"
#include "box/trace.h"

static void seen(void *ctx, struct client *c) { tracer_add(ctx, c->pid, NULL); }
static void exec(void *ctx, struct client *c, pid_t tid) { tracer_exec(ctx, c->pid, tid); }
static void exited(void *ctx, struct client *c) { tracer_gone(ctx, c->pid); }

int trace_open(struct box *b)
{
	static struct box_watcher w = { .seen = seen, .exec = exec, .exited = exited };
	struct str why = { 0 };
	int err = tracer_new(b->skep->hooks, &b->tracer, &why);

	str_free(&why);
	if (err == -EOPNOTSUPP)
		return 0; /* attaching will say that nobody makes such events here */
	if (err)
		return err;
	tracer_family(b->tracer, getpid()); /* those whose parents are gone become ours */
	w.ctx = b->tracer;
	box_watch(b, &w);
	return 0;
}

void trace_close(struct box *b)
{
	tracer_free(b->tracer);
	b->tracer = NULL;
}
