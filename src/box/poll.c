/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll(2) and select(2) on ring buffers and perf events, whose descriptors are memfds that the kernel calls ready at all times.
 *
 * A set without such a descriptor is the kernel's business. With one, the supervisor waits in the client's place: on duplicates of its
 * other descriptors and on the rings' eventfds. Invariant: what is reported readable has something to read; a signal for the client, or
 * its death, ends the wait within SLICE_MS.
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "box/priv.h"

#define MAX_FDS 64      /* larger sets go to the kernel */
#define MAX_WAITING 32  /* threads that wait for clients */
#define SLICE_MS 50

struct set {
	struct pollfd want[MAX_FDS]; /* the client's numbers */
	struct pollfd ours[MAX_FDS + 2];
	struct obj *ring[MAX_FDS];   /* referenced; NULL: any other descriptor */
	u32 n, nrings;
	int kicks;                   /* epoll of the rings' eventfds, edge-triggered */
};
static u32 waiting;

static void close_set(struct set *s)
{
	for (u32 i = 0; i < s->n; i++) {
		obj_put(s->ring[i]);
		if (s->ours[i].fd >= 0)
			close(s->ours[i].fd);
	}
	if (s->kicks >= 0)
		close(s->kicks);
}

/* Duplicates of everything. False: none is a ring, or it cannot be done; then nothing is held. */
static bool open_set(struct notif *n, struct set *s)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };

	s->kicks = -1;
	for (u32 i = 0; i < s->n; i++) {
		struct obj *o;
		int fd = s->want[i].fd < 0 ? -1 : client_fd(n->client, s->want[i].fd);

		s->ours[i] = (struct pollfd){ .fd = fd, .events = s->want[i].events };
		s->ring[i] = NULL;
		if (fd < 0 || obj_by_fd(&n->box->skep->tab, fd, OBJ_NONE, &o, NULL))
			continue;
		if (!events_is_ring(o)) {
			obj_put(o);
			continue;
		}
		if (s->kicks < 0)
			s->kicks = epoll_create1(EPOLL_CLOEXEC);
		s->ring[i] = o;
		s->nrings++;
		close(fd);
		s->ours[i].fd = -1;
		epoll_ctl(s->kicks, EPOLL_CTL_ADD, events_wake_fd(o), &e); /* the same ring twice: EEXIST, which is fine */
	}
	if (s->nrings)
		return true;
	close_set(s);
	return false;
}

/* What is ready of one of them, after poll() on ours. */
static short revents(struct set *s, u32 i)
{
	u64 reader;

	if (s->ring[i])
		return (short)(events_pending(s->ring[i], &reader) ? s->want[i].events & (POLLIN | POLLRDNORM) : 0);
	if (s->ours[i].fd >= 0)
		return s->ours[i].revents;
	return s->want[i].fd >= 0 ? POLLNVAL : 0;
}

/* What is ready now; `wait_ms` at most until something is. */
static int look(struct notif *n, struct set *s, int wait_ms)
{
	struct epoll_event drop[8];
	int ready = 0;

	s->ours[s->n] = (struct pollfd){ .fd = s->kicks, .events = POLLIN };
	s->ours[s->n + 1] = (struct pollfd){ .fd = n->client->pidfd, .events = POLLIN };
	if (poll(s->ours, s->n + 2, wait_ms) > 0 && s->ours[s->n].revents)
		while (epoll_wait(s->kicks, drop, 8, 0) > 0)
			;
	for (u32 i = 0; i < s->n; i++) {
		s->want[i].revents = revents(s, i);
		ready += s->want[i].revents != 0;
	}
	return ready;
}

/* Wait in the client's place: number of ready ones, -EINTR. `ns` < 0: for ever. */
static int wait_set(struct notif *n, struct set *s, s64 ns)
{
	u64 end = ns < 0 ? U64_MAX : clock_ns(CLOCK_MONOTONIC) + (u64)ns, now;
	int ready = look(n, s, 0);

	while (!ready && (now = clock_ns(CLOCK_MONOTONIC)) < end) {
		u64 left = (end - now + 999999) / 1000000;

		ready = look(n, s, (int)MIN(left, (u64)SLICE_MS));
		if (!ready && (!notif_alive(n) || client_signalled(n->tid, false)))
			return -EINTR;
	}
	return ready;
}

/* Emulate: BOX_PASS when no ring is among them. */
static s64 serve_set(struct notif *n, struct set *s, s64 ns)
{
	s64 ret = BOX_PASS;

	if (__atomic_add_fetch(&waiting, 1, __ATOMIC_RELAXED) <= MAX_WAITING && open_set(n, s)) {
		serve_slow(n->from);
		ret = wait_set(n, s, ns);
		close_set(s);
	}
	__atomic_sub_fetch(&waiting, 1, __ATOMIC_RELAXED);
	return ret;
}

/* ---- poll ---- */
static s64 do_poll(struct notif *n, s64 ns)
{
	struct set s = { .n = (u32)n->args[1] };
	s64 ret;

	if (!events_any(n->box) || n->args[1] > MAX_FDS || client_read(n->client, s.want, n->args[0], s.n * sizeof(s.want[0])))
		return BOX_PASS;
	ret = serve_set(n, &s, ns);
	if (ret != BOX_PASS && ret >= 0 && client_write(n->client, n->args[0], s.want, s.n * sizeof(s.want[0])))
		return -EFAULT;
	return ret;
}

s64 box_poll_call(struct notif *n)
{
	int ms = (int)n->args[2];

	return do_poll(n, ms < 0 ? -1 : (s64)ms * 1000000);
}

/* Nanoseconds of a timespec (unit 1) or timeval (unit 1000) of the client; -1: none. */
static int read_time(struct notif *n, u64 at, s64 unit, s64 *ret)
{
	s64 t[2];

	*ret = -1;
	if (!at)
		return 0;
	if (client_read(n->client, t, at, sizeof(t)) || t[0] < 0 || t[1] < 0)
		return -EINVAL;
	*ret = t[0] > 1000000000 ? -1 : t[0] * 1000000000 + t[1] * unit;
	return 0;
}

s64 box_ppoll(struct notif *n)
{
	s64 ns;

	return !events_any(n->box) || read_time(n, n->args[2], 1, &ns) ? BOX_PASS : do_poll(n, ns);
}

/* ---- select ---- */
static const short select_in[3] = { POLLIN, POLLOUT, POLLPRI };
static const short select_out[3] = { POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI };

static s64 do_select(struct notif *n, s64 ns)
{
	u32 nfds = (u32)n->args[0], bytes = ROUND_UP(nfds, 64u) / 8;
	u8 sets[3][FD_SETSIZE / 8] = { { 0 } };
	struct set s = { .n = 0 };
	s64 ret, bits = 0;

	for (int k = 0; k < 3; k++)
		if (n->args[1 + k] && client_read(n->client, sets[k], n->args[1 + k], bytes))
			return BOX_PASS;
	for (u32 fd = 0; fd < nfds; fd++) {
		short want = 0;

		for (int k = 0; k < 3; k++)
			if (sets[k][fd / 8] >> fd % 8 & 1)
				want |= select_in[k];
		if (!want)
			continue;
		if (s.n == MAX_FDS)
			return BOX_PASS;
		s.want[s.n++] = (struct pollfd){ .fd = (int)fd, .events = want };
	}
	ret = serve_set(n, &s, ns);
	if (ret == BOX_PASS || ret < 0)
		return ret;
	for (u32 i = 0; i < s.n; i++)
		for (int k = 0; k < 3; k++) {
			u32 fd = (u32)s.want[i].fd;
			bool asked = s.want[i].events & select_in[k], is = s.want[i].revents & select_out[k];

			if (asked && !is)
				sets[k][fd / 8] &= (u8)~(1u << fd % 8);
			bits += asked && is;
		}
	for (int k = 0; k < 3; k++)
		if (n->args[1 + k] && client_write(n->client, n->args[1 + k], sets[k], bytes))
			return -EFAULT;
	return bits;
}

s64 box_select(struct notif *n)
{
	s64 ns;

	if (!events_any(n->box) || n->args[0] > FD_SETSIZE || read_time(n, n->args[4], n->nr == __NR_pselect6 ? 1 : 1000, &ns))
		return BOX_PASS;
	return do_select(n, ns);
}
