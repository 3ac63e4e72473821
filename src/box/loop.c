/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supervisor's main thread: exits of clients, closes of descriptors, visitors, timers.
 *
 * Invariant: a source's function runs on this thread only, so whoever is called here may drop its source without races.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/priv.h"

static struct box_source closes, stop;
static bool stopped;

int box_poll(struct box *b, struct box_source *s, u32 events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	return epoll_ctl(b->loop, EPOLL_CTL_ADD, s->fd, &e) ? -errno : 0;
}

void box_unpoll(struct box *b, struct box_source *s)
{
	epoll_ctl(b->loop, EPOLL_CTL_DEL, s->fd, NULL);
}

static void on_close(struct box *b, struct box_source *s, u32 events)
{
	(void)s;
	(void)events;
	obj_reap(&b->skep->tab);
	if (!events_awake(b))
		events_tick(b); /* waiters of objects that are gone */
}

static void on_stop(struct box *b, struct box_source *s, u32 events)
{
	(void)b;
	(void)s;
	(void)events;
	stopped = true;
}

int loop_init(struct box *b)
{
	int err;

	b->loop = epoll_create1(EPOLL_CLOEXEC);
	if (b->loop < 0)
		return -errno;
	stop = (struct box_source){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .fn = on_stop };
	err = box_poll(b, &stop, EPOLLIN);
	if (!err && b->skep->tab.inotify >= 0) {
		closes = (struct box_source){ .fd = b->skep->tab.inotify, .fn = on_close };
		err = box_poll(b, &closes, EPOLLIN);
	}
	return err;
}

void loop_stop(struct box *b)
{
	u64 one = 1;

	(void)b;
	if (write(stop.fd, &one, sizeof(one)) < 0)
		stopped = true;
}

void loop_run(struct box *b)
{
	struct epoll_event ev[1];
	u64 ticked = 0;

	while (!stopped) {
		/* A close that left something open is asked about again for a second (obj.c). */
		bool awake = events_awake(b);
		int n = epoll_wait(b->loop, ev, 1, awake ? EVENTS_TICK_MS : obj_reap_soon(&b->skep->tab) ? 20 : -1);

		if (n < 0 && errno != EINTR)
			break;
		if (n <= 0 && obj_reap_soon(&b->skep->tab))
			obj_reap(&b->skep->tab);
		if (awake && (n <= 0 || clock_ns(CLOCK_MONOTONIC) - ticked >= EVENTS_TICK_MS * 1000000ull)) {
			events_tick(b);
			ticked = clock_ns(CLOCK_MONOTONIC);
		}
		for (int i = 0; i < n; i++) {
			struct box_source *s = ev[i].data.ptr;

			s->fn(b, s, ev[i].events);
		}
	}
}
