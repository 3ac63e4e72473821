/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes in the box, and reaching their memory and descriptors.
 *
 * Invariant: a process is held by pidfd and by an open /proc/PID/mem. Both die with it, so what is stale fails instead of hitting
 * whoever got the number next; which process a thread belongs to is asked of the kernel at each call.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/text.h"
#include "box/priv.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* What only this file knows of a client. */
struct process {
	struct client c;
	pthread_rwlock_t mem_lock; /* c.mem is in use, or changes */
	struct box_source exit;
};

static struct process *inner(struct client *c) { return container_of(c, struct process, c); }

static struct client **chain(struct box *b, pid_t pid) { return &b->clients[(u32)pid % BOX_CLIENTS]; }

struct client *client_get(struct client *c)
{
	__atomic_fetch_add(&c->refs, 1, __ATOMIC_RELAXED);
	return c;
}

void client_put(struct client *c)
{
	if (!c || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL))
		return;
	close(c->pidfd);
	if (c->mem >= 0)
		close(c->mem);
	pthread_rwlock_destroy(&inner(c)->mem_lock);
	free(inner(c));
}

/* Thread group of a thread and its name; 0 when it is gone. */
static pid_t read_status(pid_t tid, char comm[16])
{
	char text[512];

	text_of(text, sizeof(text), "/proc/%d/status", tid);
	comm[0] = '\0';
	sscanf(text_value(text, "Name"), " %15[^\n]", comm);
	return (pid_t)text_number(text, "Tgid", 10);
}

static struct client *find(struct box *b, pid_t pid)
{
	struct client *c = *chain(b, pid);

	while (c && c->pid != pid)
		c = c->next;
	return c;
}

bool client_known(struct box *b, pid_t pid)
{
	bool is;

	pthread_mutex_lock(&b->lock);
	is = find(b, pid);
	pthread_mutex_unlock(&b->lock);
	return is;
}

/* Take it out of the table; true: it was there, and the table's reference is the caller's. Under b->lock. */
static bool unlink_client(struct box *b, struct client *c)
{
	struct client **p = chain(b, c->pid);

	while (*p && *p != c)
		p = &(*p)->next;
	if (!*p)
		return false;
	*p = c->next;
	c->gone = true;
	b->nclients--;
	return true;
}

static void drop(struct box *b, struct client *c)
{
	struct box_watcher *w;
	bool mine;

	pthread_mutex_lock(&b->lock);
	mine = unlink_client(b, c);
	w = b->watchers;
	pthread_mutex_unlock(&b->lock);
	if (!mine)
		return;
	for (; w; w = w->next)
		if (w->exited)
			w->exited(w->ctx, c);
	client_put(c);
}

static void on_exit_event(struct box *b, struct box_source *s, u32 events)
{
	struct client *c = s->ctx;

	(void)events;
	box_unpoll(b, s);
	drop(b, c);
	client_put(c); /* the loop's */
}

void clients_forget_all(struct box *b)
{
	for (u32 i = 0; i < BOX_CLIENTS; i++)
		while (b->clients[i]) {
			struct client *c = b->clients[i];

			drop(b, c);
		}
}

void clients_signal(struct box *b, int sig)
{
	pthread_mutex_lock(&b->lock);
	for (u32 i = 0; i < BOX_CLIENTS; i++)
		for (const struct client *c = b->clients[i]; c; c = c->next)
			syscall(SYS_pidfd_send_signal, c->pidfd, sig, NULL, 0);
	pthread_mutex_unlock(&b->lock);
}

/* Does the thread belong to this process, and does that live? What the kernel says now. */
static bool is_of(const struct client *c, pid_t tid)
{
	if (syscall(SYS_pidfd_send_signal, c->pidfd, 0, NULL, 0) && errno == ESRCH)
		return false;
	return tid == c->pid || !syscall(SYS_tgkill, c->pid, tid, 0) || errno == EPERM;
}

static struct client *make(struct notif *n, pid_t pid, const char *comm)
{
	struct process *p = calloc(1, sizeof(*p));
	struct box *b = n->box;
	struct box_watcher *w;
	struct client *old;

	if (!p)
		return NULL;
	p->c = (struct client){ .box = b, .refs = 1, .pid = pid, .last = n->tid, .mem = -1, .caps = b->opts.caps };
	p->c.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->c.pidfd < 0 || !notif_alive(n)) {
		if (p->c.pidfd >= 0)
			close(p->c.pidfd);
		free(p);
		return NULL;
	}
	snprintf(p->c.comm, sizeof(p->c.comm), "%s", comm);
	pthread_rwlock_init(&p->mem_lock, NULL);
	identity_init(&p->c);
	pthread_mutex_lock(&b->lock);
	old = find(b, pid);
	if (old && is_of(old, pid)) { /* another thread of it was faster */
		client_get(old);
		pthread_mutex_unlock(&b->lock);
		client_put(&p->c);
		return old;
	}
	p->c.refs += 2; /* the table's and the loop's */
	p->c.next = *chain(b, pid);
	*chain(b, pid) = &p->c;
	b->nclients++;
	w = b->watchers;
	pthread_mutex_unlock(&b->lock);
	p->exit = (struct box_source){ .fd = p->c.pidfd, .fn = on_exit_event, .ctx = &p->c };
	if (box_poll(b, &p->exit, EPOLLIN))
		client_put(&p->c);
	if (w)
		serve_slow(n->from); /* the tracer may be making some process do calls that stop here */
	for (; w; w = w->next)
		if (w->seen)
			w->seen(w->ctx, &p->c);
	return &p->c;
}

/* Who had the number last, referenced, or NULL; and of which process it was then. */
static struct client *recall(struct box *b, pid_t tid, bool *ret_first)
{
	u32 slot = (u32)tid % BOX_THREADS;
	struct client *c;
	pid_t pid;

	pthread_mutex_lock(&b->lock);
	pid = b->threads[slot].tid == tid ? b->threads[slot].pid : tid;
	c = find(b, pid);
	if (c)
		client_get(c);
	pthread_mutex_unlock(&b->lock);
	*ret_first = pid == tid;
	return c;
}

/*
 * Asking whether the process still lives costs a sixth of an empty call. For calls whose functions notice by themselves that it does not,
 * or that do nothing with it (`believe`), the number of a first thread is enough: what is left of another process with that number is no
 * memory and no descriptors. Numbers of other threads are asked about always: they come to belong to other processes unseen.
 */
struct client *client_of(struct notif *n, bool believe)
{
	struct box *b = n->box;
	char comm[16];
	bool first;
	struct client *c = recall(b, n->tid, &first);
	u32 slot = (u32)n->tid % BOX_THREADS;
	pid_t pid;

	n->believed = c && believe && first && !c->nimages;
	if (n->believed || (c && is_of(c, n->tid))) {
		__atomic_store_n(&c->last, n->tid, __ATOMIC_RELAXED);
		return c;
	}
	client_put(c);
	pid = read_status(n->tid, comm);
	if (!pid || !notif_alive(n))
		return NULL;
	pthread_mutex_lock(&b->lock);
	b->threads[slot].tid = n->tid;
	b->threads[slot].pid = pid;
	c = find(b, pid);
	if (c)
		client_get(c);
	pthread_mutex_unlock(&b->lock);
	if (c && is_of(c, n->tid)) {
		__atomic_store_n(&c->last, n->tid, __ATOMIC_RELAXED);
		return c;
	}
	if (c) {
		drop(b, c);
		client_put(c);
	}
	return make(n, pid, comm);
}

bool client_certain(struct notif *n)
{
	if (n->believed && is_of(n->client, n->tid))
		n->believed = false;
	return !n->believed;
}

bool client_sure(struct notif *n)
{
	client_put(n->client);
	n->client = client_of(n, false);
	n->doubt = false;
	return n->client != NULL;
}

const char *client_name(struct client *c)
{
	char name[16] = "";

	if (!__atomic_exchange_n(&c->renamed, false, __ATOMIC_RELAXED))
		return c->comm;
	if (text_of(name, sizeof(name), "/proc/%d/comm", c->pid) > 0) {
		name[strcspn(name, "\n")] = '\0';
		memcpy(c->comm, name, sizeof(name));
	}
	return c->comm;
}

bool client_signalled(pid_t tid, bool handled)
{
	char text[4096];
	u64 waiting;

	text_of(text, sizeof(text), "/proc/%d/status", tid);
	waiting = (text_number(text, "SigPnd", 16) | text_number(text, "ShdPnd", 16)) & ~text_number(text, "SigBlk", 16);
	return waiting & (handled ? text_number(text, "SigCgt", 16) : U64_MAX);
}

/* ---- memory ---- */
static pid_t last_of(const struct client *c) { return __atomic_load_n(&c->last, __ATOMIC_RELAXED); }

void client_exec(struct client *c)
{
	struct process *p = inner(c);

	pthread_rwlock_wrlock(&p->mem_lock);
	if (c->mem >= 0)
		close(c->mem);
	c->mem = -1;
	pthread_rwlock_unlock(&p->mem_lock);
	__atomic_store_n(&c->renamed, true, __ATOMIC_RELAXED);
}

/* With mem_lock held for reading and the memory open; false: neither. */
static bool mem_begin(struct process *p)
{
	char path[40];

	pthread_rwlock_rdlock(&p->mem_lock);
	while (p->c.mem < 0) {
		int fd;

		pthread_rwlock_unlock(&p->mem_lock);
		snprintf(path, sizeof(path), "/proc/%d/mem", last_of(&p->c));
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return false;
		/* The number was its own while we opened, if it lives still. */
		if (syscall(SYS_pidfd_send_signal, p->c.pidfd, 0, NULL, 0) && errno == ESRCH) {
			close(fd);
			return false;
		}
		pthread_rwlock_wrlock(&p->mem_lock);
		if (p->c.mem < 0)
			p->c.mem = fd;
		else
			close(fd);
		pthread_rwlock_unlock(&p->mem_lock);
		pthread_rwlock_rdlock(&p->mem_lock);
	}
	return true;
}

int client_read(struct client *c, void *dst, u64 src, size_t n)
{
	struct process *p = inner(c);
	size_t done = 0;

	if (!mem_begin(p))
		return -EFAULT;
	while (done < n) {
		ssize_t got = pread(c->mem, (u8 *)dst + done, n - done, (off_t)(src + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	pthread_rwlock_unlock(&p->mem_lock);
	return done == n ? 0 : -EFAULT;
}

/*
 * /proc/PID/mem writes also where the process itself may not: read-only pages must stay as they are. process_vm_writev respects
 * them, but goes by number; the caller is stopped, so the number is its own as long as the call is alive.
 */
int client_write(struct client *c, u64 dst, const void *src, size_t n)
{
	struct iovec here = { .iov_base = (void *)(uintptr_t)src, .iov_len = n };
	struct iovec there = { .iov_base = (void *)(uintptr_t)dst, .iov_len = n };

	ssize_t got = process_vm_writev(last_of(c), &here, 1, &there, 1, 0);

	if (got < 0 && errno == ESRCH) /* another thread of it has called since, and ended */
		got = process_vm_writev(c->pid, &here, 1, &there, 1, 0);
	return got == (ssize_t)n ? 0 : -EFAULT;
}

int client_string(struct client *c, char *dst, u64 src, size_t max)
{
	size_t at = 0;

	while (at < max) {
		size_t n = MIN(max - at, 4096 - (size_t)((src + at) & 4095)), len;

		n = MIN(n, at ? n : (size_t)128); /* most are short */
		if (client_read(c, dst + at, src + at, n))
			return -EFAULT;
		len = strnlen(dst + at, n);
		at += len;
		if (len < n)
			return (int)at;
	}
	return -ENAMETOOLONG;
}

int client_fd(struct client *c, int fd)
{
	long got = syscall(SYS_pidfd_getfd, c->pidfd, fd, 0);

	if (got < 0 && last_of(c) != c->pid && (errno == EBADF || errno == ESRCH)) { /* its first thread may have ended */
		int thread = (int)syscall(SYS_pidfd_open, last_of(c), PIDFD_THREAD);

		if (thread >= 0) {
			got = syscall(SYS_pidfd_getfd, thread, fd, 0);
			close(thread);
		} else {
			errno = EBADF;
		}
	}
	return got >= 0 ? (int)got : errno == EPERM || errno == ENOSYS ? -EPERM : -EBADF;
}

void box_watch(struct box *b, struct box_watcher *w)
{
	pthread_mutex_lock(&b->lock);
	w->next = b->watchers;
	b->watchers = w;
	pthread_mutex_unlock(&b->lock);
}
