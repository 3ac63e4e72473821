/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking stopped calls off a listener, dispatching them by calls.def, answering.
 *
 * A thread blocks in RECV. One only while calls are short: each call wakes all that are blocked there, which costs as much again as the
 * switch that is needed. A call that may take long first sees to it that another thread listens (serve_slow); should one take long that
 * nobody expected to (memory of a client that somebody has to fetch first), parked threads notice it after some milliseconds.
 * Invariant: each call is answered exactly once, or its thread is dead.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "box/decide.h"
#include "box/files.h"
#include "box/priv.h"

#define MAX_THREADS 64
#define FEW 64           /* quick calls after which one listener is enough again */
#define WATCH_MS 20      /* how often parked threads look whether somebody listens, */
#define QUIET_LOOKS 50   /* and when they cease to, as nobody calls */

#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif

/* ---- answers ---- */
static void answer(struct notif *n, s64 val, s32 error, u32 flags)
{
	struct seccomp_notif_resp r = { .id = n->id, .val = val, .error = error, .flags = flags };

	n->reply = N_DONE;
	while (ioctl(n->from->fd, SECCOMP_IOCTL_NOTIF_SEND, &r) && errno == EINTR)
		; /* ENOENT: it died, and nobody waits for this */
}

bool notif_alive(const struct notif *n)
{
	return !ioctl(n->from->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id);
}

/*
 * Our own copy is closed before the client goes on: what it closes at once has then ended with it. Before Linux 5.19 a signal could come
 * between the two and leave it a descriptor that it does not know of: there both are one step.
 */
s64 notif_give(struct notif *n, int fd, bool cloexec)
{
	bool at_once = !filter_killable() && !n->box->log; /* its record is written before the client goes on */
	struct seccomp_notif_addfd a = { .id = n->id, .flags = at_once ? SECCOMP_ADDFD_FLAG_SEND : 0, .srcfd = (u32)fd,
					 .newfd_flags = cloexec ? O_CLOEXEC : 0 };
	int got;

	do
		got = ioctl(n->from->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a);
	while (got < 0 && (errno == EINTR || errno == EINPROGRESS));
	if (got < 0 && errno == EINVAL && at_once) { /* before Linux 5.14 */
		at_once = false;
		a.flags = 0;
		got = ioctl(n->from->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a);
	}
	if (got < 0)
		got = errno == ENOENT ? -EINTR : -errno;
	else if (at_once)
		n->reply = N_DONE;
	close(fd);
	return got;
}

int notif_replace(struct notif *n, int fd, int at, bool cloexec)
{
	struct seccomp_notif_addfd a = { .id = n->id, .flags = SECCOMP_ADDFD_FLAG_SETFD, .srcfd = (u32)fd, .newfd = (u32)at,
					 .newfd_flags = cloexec ? O_CLOEXEC : 0 };

	return ioctl(n->from->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a) < 0 ? -errno : 0;
}

/* ---- the client as the front door's caller ---- */
static struct notif *of(struct caller *w) { return container_of(w, struct notif, who); }

static int copy_in(struct caller *w, void *dst, u64 src, size_t n)
{
	struct ahead *a = &of(w)->ahead;
	int err;

	if (a->on) {
		if (src <= a->base && a->base - src <= AHEAD_MAX)
			a->before = MAX(a->before, (u32)(a->base - src));
		if (src >= a->base && n <= AHEAD_MAX && src - a->base <= AHEAD_MAX - n)
			a->after = MAX(a->after, (u32)(src + n - a->base));
	}
	if (n <= a->len && src >= a->at && src - a->at <= a->len - n) {
		memcpy(dst, a->bytes + (src - a->at), n);
		return 0;
	}
	err = client_read(of(w)->client, dst, src, n);
	of(w)->doubt |= err != 0;
	return err;
}

static int copy_out(struct caller *w, u64 dst, const void *src, size_t n)
{
	return client_write(of(w)->client, dst, src, n);
}

/* Where taking a descriptor is not allowed (containers): what /proc says of it. */
static int ident_by_proc(const struct notif *n, int fd, struct stat *st, int *ret_mode)
{
	char path[64], text[256], *at;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", n->tid, fd);
	if (stat(path, st))
		return -EBADF;
	text_of(text, sizeof(text), "/proc/%d/fdinfo/%d", n->tid, fd);
	at = text_value(text, "flags");
	if (!*at || !notif_alive(n))
		return -EBADF;
	*ret_mode = (int)strtoul(at, NULL, 8);
	return 0;
}

static int fd_ident(struct caller *w, int fd, u64 *ret_dev, u64 *ret_ino, int *ret_mode)
{
	int ours = client_fd(of(w)->client, fd), mode;
	struct stat st;

	if (ours == -EPERM) { /* by number: it does not show whose memory was read */
		of(w)->doubt |= !client_certain(of(w));
		if (of(w)->doubt || ident_by_proc(of(w), fd, &st, &mode))
			return -EBADF;
	} else {
		mode = ours < 0 ? -1 : fcntl(ours, F_GETFL);
		if (mode < 0 || syscall(SYS_fstat, ours, &st) /* libc's looks a path up */)
			mode = -1;
		if (ours >= 0)
			close(ours);
		of(w)->doubt |= mode < 0;
		if (mode < 0)
			return -EBADF;
	}
	*ret_dev = of(w)->obj_dev = st.st_dev;
	*ret_ino = of(w)->obj_ino = st.st_ino;
	*ret_mode = mode & O_ACCMODE;
	return 0;
}

static int fd_take(struct caller *w, int fd) { return client_fd(of(w)->client, fd); }

/* The answer to the call is the descriptor: nothing may be left to be done after this. */
static int fd_give(struct caller *w, int fd)
{
	struct notif *n = of(w);
	struct stat st;

	if ((n->box->log || !events_any(n->box)) && !fstat(fd, &st)) {
		n->obj_dev = st.st_dev;
		n->obj_ino = st.st_ino;
		events_seen(n->box, st.st_dev, st.st_ino);
	}
	return (int)notif_give(n, fd, true);
}

/* The number that was closed in its place, if it is still empty, or -1; nobody else gets it then. */
static int spare_fd(struct client *c)
{
	u64 ino = __atomic_exchange_n(&c->closed_ino, 0, __ATOMIC_ACQUIRE);
	int at = c->closed_fd, fd = ino ? client_fd(c, at) : -1;
	struct stat st;
	bool is = fd >= 0 && !fstat(fd, &st) && st.st_dev == c->closed_dev && st.st_ino == ino;

	if (fd >= 0)
		close(fd);
	return is ? at : -1;
}

/* A descriptor for the client while its call waits. */
static int fd_add(struct caller *w, int fd)
{
	struct notif *n = of(w);
	struct seccomp_notif_addfd a = { .id = n->id, .srcfd = (u32)fd, .newfd_flags = O_CLOEXEC };
	int got, at = spare_fd(n->client);

	if (at >= 0) {
		a.flags = SECCOMP_ADDFD_FLAG_SETFD;
		a.newfd = (u32)at;
	}
	got = ioctl(n->from->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a);
	got = got >= 0 ? got : errno == ENOENT ? -EINTR : -errno;
	close(fd);
	return got;
}

/*
 * Nobody can close a descriptor of another process: an empty file takes its place, so that what it stood for is released, and the
 * number is the next to be given out.
 */
static int fd_close(struct caller *w, int fd)
{
	struct notif *n = of(w);
	int empty = memfd_create("closed", MFD_CLOEXEC), err = 0;
	struct stat st;

	if (empty < 0 || fstat(empty, &st))
		err = -errno;
	if (!err)
		err = notif_replace(n, empty, fd, true);
	if (!err) {
		n->client->closed_dev = st.st_dev;
		n->client->closed_fd = fd;
		__atomic_store_n(&n->client->closed_ino, st.st_ino, __ATOMIC_RELEASE);
	}
	if (empty >= 0)
		close(empty);
	return err;
}

/* Pins live in bpf file systems only. */
static int pin_path(struct caller *w, int dir, const char *path, char *out, size_t size)
{
	struct notif *n = of(w);
	char whole[4096], link[48];
	ssize_t len = 0;
	int got;

	if (path[0] != '/') {
		snprintf(link, sizeof(link), dir == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", n->tid, dir);
		len = readlink(link, whole, sizeof(whole) - 1);
		if (len < 0)
			return -EBADF;
	}
	if (snprintf(whole + len, sizeof(whole) - (size_t)len, "%s%s", len ? "/" : "", path) >=
	    (int)(sizeof(whole) - (size_t)len))
		return -ENAMETOOLONG;
	path_clean(whole);
	len = (ssize_t)strlen(n->box->dir);
	if (!strncmp(whole, n->box->dir, (size_t)len) && whole[len] == '/') { /* through a directory that we opened for it */
		snprintf(out, size, "%s", whole);
		return 0;
	}
	got = files_mounted(n->box, whole, out, size);
	return got < 0 ? got : got ? 0 : -EPERM;
}

/* All threads of an ordinary user's box are the user's. */
static void task(struct caller *w, struct run_task *ret)
{
	struct notif *n = of(w);
	char path[24];
	struct stat st = { .st_uid = getuid(), .st_gid = getgid() };

	snprintf(path, sizeof(path), "/proc/%d", n->tid);
	if (n->box->real_root && stat(path, &st))
		st = (struct stat){ .st_uid = 65534, .st_gid = 65534 };
	*ret = (struct run_task){ .tid = (u32)n->tid, .tgid = (u32)n->client->pid, .uid = st.st_uid, .gid = st.st_gid, .mem_fd = -1 };
	snprintf(ret->comm, sizeof(ret->comm), "%.15s", client_name(n->client));
}

static void identify(struct caller *w) { identity_fill(of(w)); }

/* Where a client runs that may run anywhere means nothing: one look, and no move, for most. */
static void join_cpu(struct caller *w)
{
	struct notif *n = of(w);
	cpu_set_t its;

	if (sched_getaffinity(n->tid, sizeof(its), &its) || CPU_COUNT(&its) != 1)
		return;
	n->moved = !sched_setaffinity(0, sizeof(its), &its);
}

static void leave_cpu(struct notif *n)
{
	if (n->moved)
		sched_setaffinity(0, sizeof(n->from->where), &n->from->where);
}

struct caller *notif_caller(struct notif *n)
{
	n->who = (struct caller){ .identify = identify, .copy_in = copy_in, .copy_out = copy_out, .fd_ident = fd_ident,
				  .fd_give = fd_give, .fd_add = fd_add, .fd_close = fd_close, .task = task, .fd_take = fd_take,
				  .join_cpu = join_cpu, .pin_path = pin_path };
	return &n->who;
}

int notif_path(struct notif *n, int dir, int i, char *out, size_t size)
{
	char path[4096], link[64];
	ssize_t len;
	int got = client_string(n->client, path, n->args[i], sizeof(path)), fd = dir < 0 ? AT_FDCWD : (int)n->args[dir];

	if (got < 0)
		return got;
	if (path[0] == '/') {
		snprintf(out, size, "%s", path);
		return 0;
	}
	if (!path[0])
		return -ENOENT;
	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", n->tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", n->tid, fd);
	len = readlink(link, out, size - 1);
	if (len < 0)
		return -EBADF;
	out[len] = '\0';
	if ((size_t)len + 1 + (size_t)got >= size)
		return -ENAMETOOLONG;
	snprintf(out + len, size - (size_t)len, "/%s", path);
	return 0;
}

/* ---- dispatch ---- */
struct row { u32 nr; notif_fn fn; bool lax; };
static const struct row rows[] = {
#define SYS(name, when, fn) { __NR_##name, box_##fn, false },
#define LAX(name, when, fn) { __NR_##name, box_##fn, true },
#include "box/calls.def"
};
static struct row by_number[512]; /* before the first thread serves */

static void sort_rows(void)
{
	for (u32 i = ARRAY_SIZE(rows); i--;) /* of a call's rows the first is the one: it knows what box it is in */
		if (rows[i].nr < ARRAY_SIZE(by_number))
			by_number[rows[i].nr] = rows[i];
}

static void dispatch(struct notif *n)
{
	const struct row *row = n->nr < ARRAY_SIZE(by_number) ? &by_number[n->nr] : NULL;
	/* a client that cannot be looked at gets nothing, least of all the kernel's own answer; but it may end */
	const s64 none = n->nr == __NR_exit_group ? BOX_PASS : -ENFILE;
	s64 ret = none;

	n->client = row && row->fn ? client_of(n, row->lax) : NULL;
	if (n->client) {
		__atomic_fetch_add(&n->client->calls, 1, __ATOMIC_RELAXED);
		ret = decide_image(n) ? row->fn(n) : -EPERM;
		if (ret == BOX_SURE)
			ret = !client_sure(n) ? none : decide_image(n) ? row->fn(n) : -EPERM;
	}
	if (n->reply == N_DONE || ret == BOX_DONE)
		;
	else if (ret == BOX_PASS)
		answer(n, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else if (ret < 0)
		answer(n, 0, (s32)ret, 0);
	else
		answer(n, ret, 0, 0);
	leave_cpu(n);
	client_put(n->client);
	str_free(&n->reason);
}

/* ---- threads ---- */
static void *serve(void *arg);
static void *serve_later(void *arg);

/* A thread that listens at once, or one that waits until it is wanted. */
static void add_thread(struct listener *l, bool at_once)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 1 << 20);
	__atomic_fetch_add(&l->threads, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(at_once ? &l->idle : &l->parked, 1, __ATOMIC_RELAXED); /* it will be in a moment */
	if (pthread_create(&t, &attr, at_once ? serve : serve_later, l)) {
		__atomic_fetch_sub(&l->threads, 1, __ATOMIC_RELAXED);
		__atomic_fetch_sub(at_once ? &l->idle : &l->parked, 1, __ATOMIC_RELAXED);
	}
	pthread_attr_destroy(&attr);
}

/* One more that listens. Another one takes its place as who notices when the others are stuck. */
static void another(struct listener *l)
{
	bool woke = false;

	pthread_mutex_lock(&l->lock);
	if (__atomic_load_n(&l->parked, __ATOMIC_RELAXED) > l->wakes) {
		l->wakes++;
		woke = true;
		pthread_cond_signal(&l->wanted);
	}
	pthread_mutex_unlock(&l->lock);
	if (!woke && __atomic_load_n(&l->threads, __ATOMIC_RELAXED) < MAX_THREADS)
		add_thread(l, true);
}

/* Where one call is slow the next may be: from here on two are to be idle, so that a second one is not woken for each. */
void serve_slow(struct listener *l)
{
	__atomic_store_n(&l->want, 2, __ATOMIC_RELAXED);
	__atomic_store_n(&l->run, 0, __ATOMIC_RELAXED);
	if (!__atomic_load_n(&l->idle, __ATOMIC_RELAXED))
		another(l);
}

static bool pending(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && p.revents & POLLIN;
}

/* After many quick calls one listener is enough, unless there is another call beside the one that was just taken. */
static void note_begun(struct listener *l)
{
	u32 active;

	if (__atomic_add_fetch(&l->run, 1, __ATOMIC_RELAXED) % FEW)
		return;
	if (!pending(l->fd)) {
		__atomic_store_n(&l->want, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&l->want, 2, __ATOMIC_RELAXED);
	active = __atomic_load_n(&l->threads, __ATOMIC_RELAXED) - __atomic_load_n(&l->parked, __ATOMIC_RELAXED) - 1;
	if (!__atomic_load_n(&l->idle, __ATOMIC_RELAXED) && active < l->cpus)
		another(l); /* as many as can run, whoever waits */
}

/* One look of a parked thread. True: nobody listens, and no call was begun since the last look: those that are served are stuck. */
static bool stuck(struct listener *l, u32 *last, u32 *looks)
{
	struct timespec until;
	u32 begun = __atomic_load_n(&l->begun, __ATOMIC_SEQ_CST);

	if (begun != *last) {
		*last = begun;
		*looks = 0;
	} else if (!__atomic_load_n(&l->idle, __ATOMIC_SEQ_CST)) {
		if (*looks)
			return true;
	} else if (*looks >= QUIET_LOOKS) {
		__atomic_store_n(&l->unwatched, true, __ATOMIC_SEQ_CST);
		if (begun == __atomic_load_n(&l->begun, __ATOMIC_SEQ_CST)) { /* else whoever began it did not see that */
			pthread_cond_wait(&l->wanted, &l->lock);
			*looks = 0;
			return false;
		}
		__atomic_store_n(&l->unwatched, false, __ATOMIC_RELAXED);
	}
	++*looks;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WATCH_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&l->wanted, &l->lock, &until);
	return false;
}

/* More listen than are needed: wait until one is wanted. It is counted as parked. */
static void park(struct listener *l)
{
	u32 last = 0, looks = 0;

	pthread_mutex_lock(&l->lock);
	while (!l->wakes && !__atomic_load_n(&l->hung_up, __ATOMIC_RELAXED) && !stuck(l, &last, &looks))
		;
	l->wakes -= l->wakes > 0;
	__atomic_fetch_sub(&l->parked, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&l->lock);
}

/* A call after a quiet time: parked threads are to look again. */
static void watch_again(struct listener *l)
{
	pthread_mutex_lock(&l->lock);
	__atomic_store_n(&l->unwatched, false, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&l->wanted);
	pthread_mutex_unlock(&l->lock);
}

/* Its last thread is gone. */
static void end_listener(struct listener *l)
{
	close(l->fd);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->wanted);
	free(l);
}

/* All tasks under the filter are gone: then RECV says ENOENT for ever (Linux 6.11), which it also does when one was killed. */
static bool deserted(int listener)
{
	struct pollfd p = { .fd = listener };

	return poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
}

bool serve_deserted(struct box *b)
{
	bool all = true;

	pthread_mutex_lock(&b->lock);
	for (const struct listener *l = b->listeners; l && all; l = l->next)
		all = deserted(l->fd);
	pthread_mutex_unlock(&b->lock);
	return all;
}

static void *serve(void *arg)
{
	struct listener *l = arg;
	struct seccomp_notif_sizes sizes = { 0 };
	struct seccomp_notif *req;
	u8 bytes[2 * AHEAD_MAX];
	size_t size;

	unshare(CLONE_FS); /* a working directory and a umask of its own, to lend to clients (walk_enter) */
	syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
	size = MAX(sizes.seccomp_notif, sizeof(*req));
	req = calloc(1, size);
	while (req) {
		struct notif n;

		memset(req, 0, size);
		if (ioctl(l->fd, SECCOMP_IOCTL_NOTIF_RECV, req)) {
			if ((errno != EINTR && errno != ENOENT) || __atomic_load_n(&l->hung_up, __ATOMIC_RELAXED) ||
			    deserted(l->fd))
				break;
			continue;
		}
		__atomic_fetch_add(&l->begun, 1, __ATOMIC_SEQ_CST);
		if (__atomic_fetch_sub(&l->idle, 1, __ATOMIC_SEQ_CST) == 1 && !__atomic_load_n(&l->parked, __ATOMIC_RELAXED) &&
		    __atomic_load_n(&l->threads, __ATOMIC_RELAXED) < MAX_THREADS)
			add_thread(l, false); /* else nobody would notice when this one is stuck */
		if (__atomic_load_n(&l->unwatched, __ATOMIC_SEQ_CST))
			watch_again(l);
		n = (struct notif){ .box = l->box, .from = l, .id = req->id, .tid = (pid_t)req->pid, .nr = (u32)req->data.nr,
				    .arch = req->data.arch, .ahead.bytes = bytes };
		memcpy(n.args, req->data.args, sizeof(n.args));
		note_begun(l);
		dispatch(&n);
		if (__atomic_fetch_add(&l->idle, 1, __ATOMIC_RELAXED) >= __atomic_load_n(&l->want, __ATOMIC_RELAXED)) {
			__atomic_fetch_add(&l->parked, 1, __ATOMIC_RELAXED);
			__atomic_fetch_sub(&l->idle, 1, __ATOMIC_RELAXED);
			park(l);
			__atomic_fetch_add(&l->idle, 1, __ATOMIC_RELAXED);
		}
	}
	free(req);
	if (!__atomic_sub_fetch(&l->threads, 1, __ATOMIC_ACQ_REL))
		end_listener(l);
	return NULL;
}

static void *serve_later(void *arg)
{
	struct listener *l = arg;

	park(l);
	__atomic_fetch_add(&l->idle, 1, __ATOMIC_RELAXED);
	return serve(l);
}

static void on_hangup(struct box *b, struct box_source *s, u32 events)
{
	struct listener *l = s->ctx, **p;

	if (!(events & EPOLLHUP))
		return;
	box_unpoll(b, s);
	__atomic_store_n(&l->hung_up, true, __ATOMIC_RELAXED);
	pthread_mutex_lock(&b->lock);
	for (p = &b->listeners; *p && *p != l; p = &(*p)->next)
		;
	if (*p)
		*p = l->next;
	pthread_mutex_unlock(&b->lock);
	/* Its threads end, and the last one with it the listener. (Before Linux 6.11 those that are blocked in RECV stay.) */
	pthread_mutex_lock(&l->lock);
	l->wakes = __atomic_load_n(&l->parked, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&l->wanted);
	pthread_mutex_unlock(&l->lock);
	if (!__atomic_sub_fetch(&l->threads, 1, __ATOMIC_ACQ_REL)) /* the main loop's share */
		end_listener(l);
	box_may_end(b);
}

int serve_start(struct box *b, int fd)
{
	struct listener *l = calloc(1, sizeof(*l));
	pthread_condattr_t clock;
	int err;

	if (!l) {
		close(fd);
		return -ENOMEM;
	}
	l->box = b;
	l->fd = fd;
	l->want = 2;
	l->cpus = (u32)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L);
	sched_getaffinity(0, sizeof(l->where), &l->where);
	l->threads = 1; /* the main loop, until it sees the hang-up */
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&l->wanted, &clock);
	pthread_condattr_destroy(&clock);
	filter_tune(fd);
	l->hup = (struct box_source){ .fd = fd, .fn = on_hangup, .ctx = l };
	err = box_poll(b, &l->hup, 0);
	if (err) {
		close(fd);
		free(l);
		return err;
	}
	pthread_mutex_lock(&b->lock);
	if (!by_number[__NR_bpf].fn)
		sort_rows();
	l->next = b->listeners;
	b->listeners = l;
	pthread_mutex_unlock(&b->lock);
	for (u32 i = 0; i < l->want; i++)
		add_thread(l, true);
	return 0;
}
