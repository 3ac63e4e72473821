/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for ring buffers and perf events: perf_event_open(2), the perf ioctls, epoll_ctl(2).
 *
 * Objects are memfds, which cannot be polled. What the client gives to its epoll is replaced by the object's eventfd, edge-triggered: we
 * put it into the client's own epoll, with the client's data word, so its epoll_wait is untouched. Producers kick the eventfd only when
 * the reader had read everything; readers publish their position without a full fence, so a kick can be missing. Therefore a watchdog:
 * from the first kick on it looks every few milliseconds whether something lies there unread and untouched, and kicks again; when
 * nothing has been there for a while it goes back to sleep.
 * Invariant: an eventfd is only ever emptied when nothing waits to be read, and what came meanwhile is kicked for again.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/priv.h"
#include "hook/perf.h"
#include "map/map.h"

#define QUIET_TICKS 5

struct waiter {
	struct waiter *next;
	struct box_source kick;  /* our duplicate of the object's eventfd */
	u64 dev, ino;            /* the object; it may be gone */
	u64 seen;                /* where its reader was a tick ago */
	u32 quiet;
	bool awake;
};
struct events {
	pthread_mutex_t lock;
	struct waiter *all;
	u32 awake;
	bool any;
};

int events_init(struct box *b)
{
	b->events = calloc(1, sizeof(*b->events));
	if (!b->events)
		return -ENOMEM;
	pthread_mutex_init(&b->events->lock, NULL);
	return 0;
}

/* ---- what can be waited for ---- */
bool events_is_ring(const struct obj *o)
{
	return o->kind == OBJ_PERF ||
	       (o->kind == OBJ_MAP && (container_of(o, struct map, obj)->desc.type == BPF_MAP_TYPE_RINGBUF ||
				       container_of(o, struct map, obj)->desc.type == BPF_MAP_TYPE_USER_RINGBUF));
}

int events_wake_fd(struct obj *o)
{
	return o->kind == OBJ_PERF ? perf_event_wake_fd(perf_of(o)) : map_ring_event_fd(map_of(o));
}

u64 events_pending(struct obj *o, u64 *ret_reader)
{
	const struct perf_event_mmap_page *page;

	if (o->kind == OBJ_MAP) {
		*ret_reader = map_ring_query(map_of(o), BPF_RB_CONS_POS);
		return map_ring_query(map_of(o), BPF_RB_AVAIL_DATA);
	}
	page = (const void *)__atomic_load_n(&perf_of(o)->page, __ATOMIC_ACQUIRE);
	*ret_reader = page ? __atomic_load_n(&page->data_tail, __ATOMIC_RELAXED) : 0;
	return perf_event_pending(perf_of(o));
}

bool events_any(const struct box *b) { return __atomic_load_n(&b->events->any, __ATOMIC_RELAXED); }

void events_seen(struct box *b, u64 dev, u64 ino)
{
	struct obj *o;

	if (events_any(b) || obj_by_inode(&b->skep->tab, dev, ino, OBJ_NONE, &o))
		return;
	if (events_is_ring(o))
		__atomic_store_n(&b->events->any, true, __ATOMIC_RELAXED);
	obj_put(o);
}

static void kick(const struct waiter *w)
{
	const u64 one = 1;

	if (write(w->kick.fd, &one, sizeof(one)) < 0)
		return; /* full: it is readable */
}

/* ---- the watchdog ---- */
static void on_kick(struct box *b, struct box_source *s, u32 events)
{
	struct waiter *w = s->ctx;

	(void)events;
	pthread_mutex_lock(&b->events->lock);
	if (!w->awake) {
		w->awake = true;
		w->quiet = 0;
		w->seen = U64_MAX;
		b->events->awake++;
	}
	pthread_mutex_unlock(&b->events->lock);
}

static void sleep_again(struct box *b, struct waiter *w, struct obj *o)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET | EPOLLONESHOT, .data.ptr = &w->kick };
	u64 drain, reader;

	w->awake = false;
	b->events->awake--;
	if (read(w->kick.fd, &drain, sizeof(drain)) < 0)
		drain = 0; /* it was empty */
	epoll_ctl(b->loop, EPOLL_CTL_MOD, w->kick.fd, &e);
	if (events_pending(o, &reader))
		kick(w);
}

/* False: its object is gone. */
static bool look_after(struct box *b, struct waiter *w)
{
	struct obj *o;
	u64 reader;

	if (obj_by_inode(&b->skep->tab, w->dev, w->ino, OBJ_NONE, &o))
		return false;
	if (w->awake) {
		if (!events_pending(o, &reader)) {
			if (++w->quiet > QUIET_TICKS)
				sleep_again(b, w, o);
		} else {
			w->quiet = 0;
			if (reader == w->seen)
				kick(w);
			w->seen = reader;
		}
	}
	obj_put(o);
	return true;
}

void events_tick(struct box *b)
{
	struct waiter **p, *w;

	pthread_mutex_lock(&b->events->lock);
	for (p = &b->events->all; (w = *p);) {
		if (look_after(b, w)) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		b->events->awake -= w->awake;
		box_unpoll(b, &w->kick);
		close(w->kick.fd);
		free(w);
	}
	pthread_mutex_unlock(&b->events->lock);
}

bool events_awake(const struct box *b) { return __atomic_load_n(&b->events->awake, __ATOMIC_RELAXED) != 0; }

/* The object's waiter; made when there is none. Under lock. */
static int waiter_of(struct box *b, struct obj *o, struct waiter **ret)
{
	struct waiter *w;
	int fd, err;

	for (w = b->events->all; w; w = w->next)
		if (w->ino == o->ino && w->dev == o->dev) {
			*ret = w;
			return 0;
		}
	fd = events_wake_fd(o);
	if (fd < 0)
		return fd;
	fd = dup(fd);
	w = calloc(1, sizeof(*w));
	if (fd < 0 || !w) {
		free(w);
		return -ENOMEM;
	}
	*w = (struct waiter){ .dev = o->dev, .ino = o->ino, .kick = { .fd = fd, .fn = on_kick, .ctx = w } };
	err = box_poll(b, &w->kick, EPOLLIN | EPOLLET | EPOLLONESHOT);
	if (err) {
		close(fd);
		free(w);
		return err;
	}
	w->next = b->events->all;
	b->events->all = w;
	*ret = w;
	return 0;
}

/* ---- epoll_ctl(2) ---- */
static s64 ctl(struct notif *n, struct obj *o, int epoll)
{
	struct epoll_event e = { 0 };
	int op = (int)n->args[1], err = 0;
	struct waiter *w;
	u64 reader;

	if (op != EPOLL_CTL_DEL && client_read(n->client, &e, n->args[3], sizeof(e)))
		return -EFAULT;
	pthread_mutex_lock(&n->box->events->lock);
	err = waiter_of(n->box, o, &w);
	if (!err) {
		e.events = (e.events & ~(u32)EPOLLOUT) | EPOLLET;
		if (epoll_ctl(epoll, op, w->kick.fd, &e))
			err = -errno;
		else if (op != EPOLL_CTL_DEL && events_pending(o, &reader))
			kick(w); /* what was there before anybody waited */
	}
	pthread_mutex_unlock(&n->box->events->lock);
	return err;
}

s64 box_epoll_ctl(struct notif *n)
{
	int fd = client_fd(n->client, (int)n->args[2]), epoll;
	struct obj *o;
	s64 ret;

	if (fd < 0)
		return BOX_PASS;
	if (obj_by_fd(&n->box->skep->tab, fd, OBJ_NONE, &o, NULL)) {
		close(fd);
		return BOX_PASS;
	}
	close(fd);
	if (!events_is_ring(o)) {
		obj_put(o);
		return BOX_PASS;
	}
	epoll = client_fd(n->client, (int)n->args[0]);
	ret = epoll < 0 ? -EBADF : ctl(n, o, epoll);
	if (epoll >= 0)
		close(epoll);
	obj_put(o);
	return ret;
}

/* ---- perf events ---- */
s64 box_perf_event_open(struct notif *n)
{
	u64 began = n->box->log ? clock_ns(CLOCK_REALTIME) : 0;
	int ret;

	serve_slow(n->from);
	ret = sys_perf_event_open(n->box->skep, notif_caller(n), n->args[0], (s32)n->args[1], (s32)n->args[2], (int)n->args[3],
				  n->args[4], &n->reason);
	if (n->box->log)
		log_call(n, "perf_event_open", ret, began);
	if (ret < 0)
		note_attach(n, ret);
	return ret;
}

s64 box_ioctl(struct notif *n)
{
	u64 began = n->box->log ? clock_ns(CLOCK_REALTIME) : 0;
	int ret;

	serve_slow(n->from); /* enabling may stop processes for a moment */
	ret = sys_perf_ioctl(n->box->skep, notif_caller(n), (int)n->args[0], (u32)n->args[1], n->args[2], &n->reason);
	if (ret == -ENOTTY)
		return BOX_PASS;
	if (ret < 0 && n->box->log)
		log_call(n, "ioctl", ret, began);
	if (ret < 0 || (u32)n->args[1] == PERF_EVENT_IOC_SET_BPF)
		note_attach(n, ret);
	return ret;
}
