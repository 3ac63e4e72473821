/* SPDX-License-Identifier: BSD-2-Clause */
/* The box's tracer: every client is traced, from its first stopped call on and over execve. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "box/priv.h"
#include "box/trace.h"
#include "box/trace_stop.h"

/* What could not be probed in processes that came while something was attached already. */
static void log_complaints(struct box *b)
{
	struct str all = { 0 };
	char *line, *rest;

	if (!b->log)
		return;
	tracer_complaints(b->tracer, &all);
	rest = all.len ? strdup(str_text(&all)) : NULL;
	for (char *at = rest; (line = strsep(&at, "\n"));)
		if (*line)
			log_unprobed(b, line);
	free(rest);
	str_free(&all);
}

static void seen(void *ctx, struct client *c) { tracer_add(((struct box *)ctx)->tracer, c->pid, NULL); }

static void exited(void *ctx, struct client *c)
{
	struct box *b = ctx;

	tracer_gone(b->tracer, c->pid);
	log_complaints(b);
}

static void exec(void *ctx, struct client *c, pid_t tid) { tracer_exec(((struct box *)ctx)->tracer, c->pid, tid); }

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
	stop_expect_filters(stop_own_filters() + 1); /* the box's */
	tracer_family(b->tracer, getpid()); /* those whose parents are gone become ours */
	w.ctx = b;
	box_watch(b, &w);
	return 0;
}

void trace_close(struct box *b)
{
	if (b->tracer)
		log_complaints(b);
	tracer_free(b->tracer);
	b->tracer = NULL;
}
