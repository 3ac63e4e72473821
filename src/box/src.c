/* SPDX-License-Identifier: BSD-2-Clause */
/* The event sources of the supervisor: their thread, and what the subsystem is told. See src.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "box/src_priv.h"

#define KIND(k) ((u64)1 << HOOK_##k)
#define POLL_MS 50

static void *thread_main(void *arg)
{
	struct src *s = arg;
	struct epoll_event ev[32];
	u64 word;

	prctl(PR_SET_NAME, "skep-events", 0, 0, 0);
	for (;;) {
		int n = epoll_wait(s->epoll, ev, ARRAY_SIZE(ev), s->clocks || s->life ? POLL_MS : -1);

		if (n < 0 && errno != EINTR)
			break;
		while (read(s->wake, &word, sizeof(word)) > 0)
			;
		pthread_mutex_lock(&s->lock);
		if (s->stop) {
			pthread_mutex_unlock(&s->lock);
			break;
		}
		clocks_work(s);
		life_work(s);
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static int start(struct src *s)
{
	sigset_t all, old;
	int err;

	if (s->running)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&s->thread, NULL, thread_main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->running = !err;
	return -err;
}

static void kick(struct src *s)
{
	u64 one = 1;

	if (write(s->wake, &one, sizeof(one)) < 0)
		return; /* it is awake */
}

/* The thread holds the lock while it fires, so when this returns no program that has gone is running. */
static int update(void *ctx, struct hook_point *const *pt, u32 n, struct str *why)
{
	struct src *s = ctx;
	int err = 0;

	pthread_mutex_lock(&s->lock);
	err = start(s);
	for (u32 i = 0; i < n && !err; i++) {
		const struct hook_list *l = hook_point_next(pt[i]);
		bool on = l && l->n;

		err = hook_point_place(pt[i])->kind == HOOK_SAMPLE ? clock_update(s, pt[i], on, why)
								   : life_update(s, pt[i], on, why);
	}
	pthread_mutex_unlock(&s->lock);
	kick(s);
	return err;
}

static int check(void *ctx, const struct hook_place *at, struct str *why)
{
	(void)ctx;
	return at->kind == HOOK_SAMPLE ? clock_check(at, why) : 0;
}

int src_new(struct hooks *h, struct src **ret)
{
	struct src *s = calloc(1, sizeof(*s));
	struct epoll_event ev = { .events = EPOLLIN };
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->hooks = h;
	pthread_mutex_init(&s->lock, NULL);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->wake < 0 || s->epoll < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->wake, &ev))
		err = -errno;
	s->provider = (struct hook_provider){ .name = "clocks and process life", .ctx = s, .update = update, .check = check,
					      .kinds = KIND(SAMPLE) | KIND(FORK) | KIND(EXEC) | KIND(EXIT) };
	if (!err)
		err = hook_provider_add(h, &s->provider);
	if (err) {
		s->hooks = NULL;
		src_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void src_free(struct src *s)
{
	if (!s)
		return;
	if (s->hooks)
		hook_provider_del(s->hooks, &s->provider);
	if (s->running) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_mutex_unlock(&s->lock);
		kick(s);
		pthread_join(s->thread, NULL);
	}
	clocks_free(s);
	life_free(s);
	tasks_free(s);
	if (s->wake >= 0)
		close(s->wake);
	if (s->epoll >= 0)
		close(s->epoll);
	pthread_mutex_destroy(&s->lock);
	free(s->given);
	free(s);
}

int src_add(struct src *s, pid_t pid)
{
	pid_t *more;
	int err = kill(pid, 0) && errno == ESRCH ? -ESRCH : 0;

	pthread_mutex_lock(&s->lock);
	more = err ? NULL : realloc(s->given, (s->ngiven + 1) * sizeof(*more));
	if (more) {
		s->given = more;
		s->given[s->ngiven++] = pid;
	} else if (!err) {
		err = -ENOMEM;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

u64 src_lost(const struct src *s)
{
	return s->lost;
}
