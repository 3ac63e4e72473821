/* SPDX-License-Identifier: BSD-2-Clause */
/* The box's tracer: from the first attachment on every client is traced, from its first stopped call on and over execve. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box/priv.h"
#include "box/src.h"
#include "box/trace.h"
#include "box/trace_stop.h"

#define MAX_TOLD 4096u

void trace_tell(struct box *b)
{
	struct str all = { 0 };
	char *line, *rest;

	if (!b->tracer)
		return;
	tracer_complaints(b->tracer, &all);
	rest = all.len ? strdup(str_text(&all)) : NULL;
	for (char *at = rest; (line = strsep(&at, "\n"));) {
		if (!*line)
			continue;
		if (b->log)
			log_unprobed(b, line);
		pthread_mutex_lock(&b->lock);
		if (b->unprobed.len < MAX_TOLD && !strstr(str_text(&b->unprobed), line))
			str_printf(&b->unprobed, "%s\n", line);
		pthread_mutex_unlock(&b->lock);
	}
	free(rest);
	str_free(&all);
}

static void seen(void *ctx, struct client *c) { tracer_add(((struct box *)ctx)->tracer, c->pid, NULL); }

static void exited(void *ctx, struct client *c)
{
	struct box *b = ctx;

	if (!b->tracer)
		return;
	tracer_gone(b->tracer, c->pid);
	trace_tell(b);
}

static void exec(void *ctx, struct client *c, pid_t tid) { tracer_exec(((struct box *)ctx)->tracer, c->pid, tid); }

/*
 * The first attachment. Who is in the table already was not told of; who comes from here on is. (A client is in the table before watchers
 * are called, so none is missed.)
 */
static void at_first(void *ctx)
{
	static struct box_watcher w = { .seen = seen, .exec = exec, .exited = exited };
	struct box *b = ctx;
	pid_t *pids = NULL;
	u32 n = 0;

	w.ctx = b;
	box_watch(b, &w);
	pthread_mutex_lock(&b->lock);
	if (b->nclients)
		pids = calloc(b->nclients, sizeof(*pids));
	for (u32 i = 0; pids && i < BOX_CLIENTS; i++)
		for (struct client *c = b->clients[i]; c && n < b->nclients; c = c->next)
			pids[n++] = c->pid;
	pthread_mutex_unlock(&b->lock);
	for (u32 i = 0; i < n; i++)
		tracer_add(b->tracer, pids[i], NULL);
	free(pids);
}

int trace_open(struct box *b)
{
	struct str why = { 0 };
	int err = tracer_new(b->skep->hooks, &b->tracer, &why);

	str_free(&why);
	if (err == -EOPNOTSUPP)
		return 0; /* attaching will say that nobody makes such events here */
	if (err)
		return err;
	stop_expect_filters(stop_own_filters() + 1); /* the box's */
	tracer_family(b->tracer, getpid()); /* those whose parents are gone become ours */
	tracer_net(b->tracer, b->opts.all_calls);
	tracer_at_first(b->tracer, at_first, b);
	return 0;
}

/* May we look into it? */
static int reachable(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	close(fd);
	return 0;
}

int trace_join(struct box *b, pid_t pid, struct str *why)
{
	int err = b->tracer ? reachable(pid) : -EOPNOTSUPP;

	if (err)
		str_printf(why, "process %d: %s", pid, err == -EACCES || err == -EPERM ? "it belongs to somebody else" : strerror(-err));
	if (!err)
		err = src_add(b->src, pid);
	return err ? err : tracer_add(b->tracer, pid, why);
}

void trace_close(struct box *b)
{
	trace_tell(b);
	tracer_free(b->tracer);
	b->tracer = NULL;
}
