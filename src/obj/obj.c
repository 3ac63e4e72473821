/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects by descriptor and id: see obj.h.
 *
 * Why descriptors are re-opened: a memfd opened again through /proc/self/fd is a new open file on the same inode. When
 * its last duplicate anywhere is closed (close, exec, exit, SIGKILL) the kernel reports IN_CLOSE on the inode, which is the
 * one event a library can see of a client's close(2).
 */
#include "obj/obj.h"
#include "base/clock.h"
#include "base/grace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_MIN 64

/* Position of an open file: 0, mark (26 bits), kind (3), id (31), mode (2). Nobody reads or writes a map's file by position. */
#define MARK_MASK 0x7ffffff000000000ull
static u64 position_of(const struct objtab *t, const struct obj *o, int mode)
{
	return t->mark | (u64)o->kind << 33 | (u64)o->id << 2 | (u32)(mode & 3);
}

int objtab_init(struct objtab *t)
{
	pthread_mutexattr_t recursive;

	*t = (struct objtab){ .inotify = -1, .hash_size = HASH_MIN };
	t->hash = calloc(HASH_MIN, sizeof(*t->hash));
	t->id_hash = calloc(HASH_MIN, sizeof(*t->id_hash));
	if (!t->hash || !t->id_hash) {
		free(t->hash);
		free(t->id_hash);
		*t = (struct objtab){ .inotify = -1 };
		return -ENOMEM;
	}
	for (int k = 0; k < OBJ_KINDS; k++)
		t->next_id[k] = 1;
	if (getrandom(&t->mark, sizeof(t->mark), GRND_NONBLOCK) != sizeof(t->mark))
		t->mark = (u64)(uintptr_t)t * 0x9e3779b97f4a7c15ull;
	t->mark = (t->mark & MARK_MASK) | (u64)1 << 60;
	pthread_mutex_init(&t->lock, NULL);
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&t->reaping, &recursive);
	pthread_mutexattr_destroy(&recursive);
	t->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	t->owner_pid = (s32)getpid();
	return 0;
}

int objtab_hear_closes(struct objtab *t)
{
	t->fds = calloc(FD_SLOTS, sizeof(*t->fds));
	return t->fds ? 0 : -ENOMEM;
}

static u32 hash_slot(const struct objtab *t, u64 dev, u64 ino)
{
	return (u32)((ino * 0x9e3779b97f4a7c15ull + dev) >> 32) & (t->hash_size - 1);
}

static u32 id_slot(const struct objtab *t, u32 kind, u32 id)
{
	return (id * 4 + kind) & (t->hash_size - 1);
}

static void hash_add(struct objtab *t, struct obj *o)
{
	struct obj **by_inode = &t->hash[hash_slot(t, o->dev, o->ino)], **by_id = &t->id_hash[id_slot(t, o->kind, o->id)];

	o->hash_next = *by_inode;
	*by_inode = o;
	o->id_next = *by_id;
	*by_id = o;
}

static void hash_grow(struct objtab *t)
{
	size_t n = (size_t)t->hash_size * 2;
	struct obj **hash = calloc(n, sizeof(*hash)), **id_hash = calloc(n, sizeof(*id_hash));

	if (!hash || !id_hash) {
		free(hash);
		free(id_hash);
		return; /* longer chains, nothing worse */
	}
	free(t->hash);
	free(t->id_hash);
	t->hash = hash;
	t->id_hash = id_hash;
	t->hash_size *= 2;
	for (u32 k = 0; k < OBJ_KINDS; k++)
		for (struct obj *o = t->first[k]; o; o = o->kind_next)
			hash_add(t, o);
}

static struct obj *hash_find(struct objtab *t, u64 dev, u64 ino)
{
	struct obj *o = t->hash[hash_slot(t, dev, ino)];

	while (o && (o->ino != ino || o->dev != dev))
		o = o->hash_next;
	return o;
}

static struct obj *id_find(struct objtab *t, u32 kind, u32 id)
{
	struct obj *o = t->id_hash[id_slot(t, kind, id)];

	while (o && (o->id != id || o->kind != kind))
		o = o->id_next;
	return o;
}

static void unlink_from(struct obj **p, struct obj *o, size_t next)
{
	while (*p && *p != o)
		p = (struct obj **)(void *)((u8 *)*p + next);
	if (*p)
		memcpy(p, (u8 *)o + next, sizeof(*p));
}

/* Ids grow and are used again after they wrapped, as Linux's cyclic allocation. Under tab->lock. */
static void publish(struct objtab *t, struct obj *o)
{
	u32 k = o->kind;
	struct obj *before;

	do {
		if (t->next_id[k] >= (u32)S32_MAX)
			t->next_id[k] = 1;
		o->id = t->next_id[k]++;
	} while (id_find(t, k, o->id));
	for (before = t->last[k]; before && before->id > o->id; before = before->kind_prev)
		;
	o->kind_prev = before;
	o->kind_next = before ? before->kind_next : t->first[k];
	*(before ? &before->kind_next : &t->first[k]) = o;
	*(o->kind_next ? &o->kind_next->kind_prev : &t->last[k]) = o;
	if (t->count++ > t->hash_size)
		hash_grow(t); /* which adds it */
	if (id_find(t, k, o->id) != o)
		hash_add(t, o);
}

static void unpublish(struct objtab *t, struct obj *o)
{
	unlink_from(&t->hash[hash_slot(t, o->dev, o->ino)], o, offsetof(struct obj, hash_next));
	unlink_from(&t->id_hash[id_slot(t, o->kind, o->id)], o, offsetof(struct obj, id_next));
	*(o->kind_prev ? &o->kind_prev->kind_next : &t->first[o->kind]) = o->kind_next;
	*(o->kind_next ? &o->kind_next->kind_prev : &t->last[o->kind]) = o->kind_prev;
	if (o->closed_ns)
		unlink_from(&t->recheck, o, offsetof(struct obj, recheck_next));
	t->count--;
}

int obj_init(struct obj *o, struct objtab *t, enum obj_kind kind, const struct obj_ops *ops, int memfd)
{
	struct stat st;
	char name[32];
	int err, made = -1;

	if (memfd < 0) {
		snprintf(name, sizeof(name), "bpf-%s", ops->name);
		memfd = made = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (memfd < 0)
			return -errno;
		fchmod(memfd, 0600); /* a descriptor for reading stays one in other users' hands */
	}
	if (fstat(memfd, &st)) {
		err = -errno;
		goto out_close;
	}
	*o = (struct obj){ .ops = ops, .tab = t, .kind = (u8)kind, .refs = 1, .memfd = memfd, .watch = -1,
			   .dev = st.st_dev, .ino = st.st_ino };
	pthread_mutex_lock(&t->lock);
	publish(t, o);
	pthread_mutex_unlock(&t->lock);
	return 0;
out_close:
	if (made >= 0)
		close(made);
	return err;
}

struct obj *obj_get(struct obj *o)
{
	__atomic_fetch_add(&o->refs, 1, __ATOMIC_RELAXED);
	return o;
}

/* A reference, unless the object is already on its way out. Under tab->lock. */
static bool try_get(struct obj *o)
{
	u32 n = __atomic_load_n(&o->refs, __ATOMIC_RELAXED);

	while (n)
		if (__atomic_compare_exchange_n(&o->refs, &n, n + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* ---- numbers of descriptors ---- */

/* Slots of these numbers; only those that hold `o`, unless that is NULL. */
static void forget(struct objtab *t, u32 from, u32 to, const struct obj *o)
{
	for (u32 i = from; t->fds && i <= to && i < FD_SLOTS; i++) {
		u64 v = __atomic_load_n(&t->fds[i], __ATOMIC_RELAXED);

		if (v && (!o || (v & ~3ull) == (u64)(uintptr_t)o))
			__atomic_compare_exchange_n(&t->fds[i], &v, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
}

void obj_fds_closed(struct objtab *t, u32 from, u32 to)
{
	forget(t, from, to, NULL);
}

struct obj *obj_by_number(struct objtab *t, int fd, enum obj_kind kind, int *ret_mode)
{
	struct obj *o;

	grace_enter();
	o = obj_peek(t, fd, kind, ret_mode);
	if (o && !try_get(o))
		o = NULL;
	grace_leave();
	return o;
}

void obj_remember(struct objtab *t, int fd, struct obj *o, int mode)
{
	/* What ends by taking locks of its own (a link leaves its target) must end at once, not when somebody else puts something. */
	if (!t->fds || fd < 0 || fd >= FD_SLOTS || (o->kind != OBJ_MAP && o->kind != OBJ_PROG && o->kind != OBJ_BTF))
		return;
	__atomic_store_n(&o->cached, true, __ATOMIC_RELAXED);
	__atomic_store_n(&t->fds[fd], (u64)(uintptr_t)o | (u64)(mode & 3), __ATOMIC_RELEASE);
}

static void obj_free(void *arg)
{
	struct obj *o = arg;
	int memfd = o->memfd;

	o->ops->destroy(o);
	if (memfd >= 0)
		close(memfd);
}

/* Unpublish under the lock: nobody can find an object whose count reached zero. */
static void obj_destroy(struct obj *o)
{
	struct objtab *t = o->tab;
	int watch = o->watch;

	if (o->cached)
		forget(t, 0, FD_SLOTS - 1, o);
	pthread_mutex_lock(&t->lock);
	unpublish(t, o);
	if (watch >= 0) {
		t->by_watch[watch] = NULL;
		if (t->owner_pid == (s32)getpid())
			inotify_rm_watch(t->inotify, watch);
	}
	pthread_mutex_unlock(&t->lock);
	if (o->cached) /* somebody may be looking at it still */
		grace_defer(obj_free, o);
	else
		obj_free(o);
}

void obj_put(struct obj *o)
{
	if (o && __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL) == 0)
		obj_destroy(o);
}

static void path_of(const struct obj *o, char path[40])
{
	snprintf(path, 40, "/proc/self/fd/%d", o->memfd);
}

/* Have closes of the object's open files reported. Best effort: without it the object lives as long as the table. */
static void watch_closes(struct objtab *t, struct obj *o)
{
	char path[40];
	int wd;

	if (t->inotify < 0 || o->watch >= 0 || t->owner_pid != (s32)getpid())
		return;
	path_of(o, path);
	wd = inotify_add_watch(t->inotify, path, IN_CLOSE);
	if (wd < 0)
		return;
	if ((u32)wd >= t->nwatch) {
		u32 n = MAX(t->nwatch * 2, (u32)wd + 64);
		struct obj **w = realloc(t->by_watch, n * sizeof(*w));
		if (!w) {
			inotify_rm_watch(t->inotify, wd);
			return;
		}
		memset(w + t->nwatch, 0, (n - t->nwatch) * sizeof(*w));
		t->by_watch = w;
		t->nwatch = n;
	}
	t->by_watch[wd] = o;
	o->watch = wd;
}

/*
 * What is handed out for the first time is watched from the next obj_reap() on, if it is there still: programs and maps that somebody
 * only tries to make are gone by then, and a watch is a third of what they cost. Closed files of other kinds have effects of
 * their own, which do not wait.
 */
static void watch_later(struct objtab *t, struct obj *o)
{
	if (t->inotify < 0 || o->watch >= 0 || o->closed_ns)
		return;
	if (o->kind != OBJ_MAP && o->kind != OBJ_PROG && o->kind != OBJ_BTF) {
		watch_closes(t, o);
		return;
	}
	o->closed_ns = 1;
	o->recheck_next = t->recheck;
	t->recheck = o;
}

/* User space may have let go of it. */
static void check_released(struct obj *o)
{
	if (o && !obj_has_user(o) && o->ops->released)
		o->ops->released(o);
}

struct obj *obj_pin(struct obj *o)
{
	__atomic_fetch_add(&o->pins, 1, __ATOMIC_RELAXED);
	return obj_get(o);
}

void obj_unpin(struct obj *o)
{
	if (!__atomic_sub_fetch(&o->pins, 1, __ATOMIC_ACQ_REL))
		check_released(o);
	obj_put(o);
}

int obj_new_fd(struct obj *o, int flags)
{
	struct objtab *t = o->tab;
	char path[40];
	int fd, err = 0;

	path_of(o, path);
	pthread_mutex_lock(&t->lock);
	watch_later(t, o);
	fd = open(path, (flags & O_ACCMODE) | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
	} else {
		lseek(fd, (off_t)position_of(t, o, flags & O_ACCMODE), SEEK_SET);
		while (flock(fd, LOCK_SH) && errno == EINTR)
			;
		if (!o->fd_ref) {
			o->fd_ref = true;
			obj_get(o);
		}
	}
	pthread_mutex_unlock(&t->lock);
	return err ? err : fd;
}

struct obj *obj_by_position(struct objtab *t, int fd, enum obj_kind kind, int *ret_mode)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	u64 pos = (u64)at;
	struct obj *o;

	if (at < 0 || (pos & MARK_MASK) != t->mark || (pos >> 33 & 7) != kind)
		return NULL;
	pthread_mutex_lock(&t->lock);
	o = id_find(t, kind, (u32)(pos >> 2) & (u32)S32_MAX);
	if (o && !try_get(o))
		o = NULL;
	pthread_mutex_unlock(&t->lock);
	*ret_mode = (int)(pos & 3);
	return o;
}

int obj_by_inode(struct objtab *t, u64 dev, u64 ino, enum obj_kind kind, struct obj **ret_obj)
{
	struct obj *o;

	pthread_mutex_lock(&t->lock);
	o = hash_find(t, dev, ino);
	if (o && !try_get(o))
		o = NULL;
	pthread_mutex_unlock(&t->lock);
	if (!o)
		return -EINVAL;
	if (kind != OBJ_NONE && o->kind != kind) {
		obj_put(o);
		return -EINVAL;
	}
	*ret_obj = o;
	return 0;
}

int obj_by_fd(struct objtab *t, int fd, enum obj_kind kind, struct obj **ret_obj, int *ret_mode)
{
	struct stat st;
	int mode = O_RDWR, err;

	if (fd < 0 || fstat(fd, &st))
		return -EBADF;
	if (ret_mode) {
		mode = fcntl(fd, F_GETFL);
		if (mode < 0)
			return -EBADF;
	}
	err = obj_by_inode(t, st.st_dev, st.st_ino, kind, ret_obj);
	if (!err && ret_mode)
		*ret_mode = mode & O_ACCMODE;
	return err;
}

int obj_by_id(struct objtab *t, u32 id, enum obj_kind kind, struct obj **ret_obj)
{
	struct obj *o = NULL;

	pthread_mutex_lock(&t->lock);
	o = id_find(t, kind, id);
	if (o && !try_get(o))
		o = NULL;
	pthread_mutex_unlock(&t->lock);
	if (!o)
		return -ENOENT;
	*ret_obj = o;
	return 0;
}

int obj_next_id(struct objtab *t, u32 after, enum obj_kind kind, u32 *ret_id)
{
	struct obj *o;

	pthread_mutex_lock(&t->lock);
	o = id_find(t, kind, after);
	if (o)
		o = o->kind_next;
	else
		for (o = t->first[kind]; o && o->id <= after; o = o->kind_next)
			;
	if (o)
		*ret_id = o->id;
	pthread_mutex_unlock(&t->lock);
	return o ? 0 : -ENOENT;
}

/* ---- closes ---- */
/*
 * After a close: is a handed-out file open still? The kernel tells of a close a moment before it drops the file's lock, and several
 * closes may be told as one, so for a while it is asked again. Under tab->lock; true: the reference is the caller's to drop.
 */
#define RECHECK_NS 1000000000ull
static bool all_closed(struct obj *o)
{
	if (!o->fd_ref || flock(o->memfd, LOCK_EX | LOCK_NB))
		return false;
	flock(o->memfd, LOCK_UN);
	o->fd_ref = false;
	return true;
}

static void let_go(struct obj *o)
{
	check_released(o);
	obj_put(o);
}

static void saw_close(struct objtab *t, s32 wd)
{
	struct obj *o, *drop = NULL;

	pthread_mutex_lock(&t->lock);
	o = wd >= 0 && (u32)wd < t->nwatch ? t->by_watch[wd] : NULL;
	if (o && o->fd_ref) {
		if (all_closed(o)) {
			drop = o;
		} else {
			if (!o->closed_ns) {
				o->recheck_next = t->recheck;
				t->recheck = o;
			}
			o->closed_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
		}
	}
	pthread_mutex_unlock(&t->lock);
	if (drop)
		let_go(drop);
}

/* Events were lost: ask about every object. */
static void ask_all(struct objtab *t)
{
	pthread_mutex_lock(&t->lock);
	for (u32 k = 0; k < OBJ_KINDS; k++)
		for (struct obj *o = t->first[k]; o; o = o->kind_next)
			if (o->fd_ref) {
				if (!o->closed_ns) {
					o->recheck_next = t->recheck;
					t->recheck = o;
				}
				o->closed_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
			}
	pthread_mutex_unlock(&t->lock);
}

/* To be asked about once more, when what was being closed as its watch began is closed. Without memory for that: again and again. */
static void ask_later(struct objtab *t, struct obj *o)
{
	if (t->nlater == t->latercap && t->asked) {
		memmove(t->later, t->later + t->asked, (t->nlater -= t->asked) * sizeof(*t->later));
		t->asked = 0;
	}
	if (t->nlater == t->latercap) {
		u32 n = MAX(t->latercap * 2, 16u);
		struct obj_later *l = realloc(t->later, n * sizeof(*l));

		if (!l) {
			o->closed_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
			return;
		}
		t->later = l;
		t->latercap = n;
	}
	t->later[t->nlater++] = (struct obj_later){ .since = clock_ns(CLOCK_MONOTONIC_COARSE), .id = o->id, .kind = o->kind };
}

/* One object whose time has come and that is all closed. */
static struct obj *ask_one(struct objtab *t)
{
	struct obj *drop = NULL;

	pthread_mutex_lock(&t->lock);
	while (t->asked < t->nlater && !drop && clock_ns(CLOCK_MONOTONIC_COARSE) - t->later[t->asked].since >= RECHECK_NS) {
		const struct obj_later *l = &t->later[t->asked++];
		struct obj *o = id_find(t, l->kind, l->id);

		drop = o && all_closed(o) ? o : NULL;
	}
	if (t->asked == t->nlater)
		t->asked = t->nlater = 0;
	pthread_mutex_unlock(&t->lock);
	return drop;
}

/* One object of the list that is all closed; those that are old leave the list. */
static struct obj *recheck_one(struct objtab *t)
{
	struct obj **p = &t->recheck, *o, *drop = NULL;

	pthread_mutex_lock(&t->lock);
	while ((o = *p) && !drop) {
		drop = all_closed(o) ? o : NULL;
		if (!drop && o->watch < 0 && o->fd_ref) {
			watch_closes(t, o);
			drop = all_closed(o) ? o : NULL; /* between the two */
			if (!drop)
				ask_later(t, o);
		}
		if (!drop && o->fd_ref && clock_ns(CLOCK_MONOTONIC_COARSE) - o->closed_ns < RECHECK_NS) {
			p = &o->recheck_next;
			continue;
		}
		*p = o->recheck_next;
		o->closed_ns = 0;
	}
	pthread_mutex_unlock(&t->lock);
	return drop;
}

/*
 * Who comes while another thread is at it waits: what was closed before a command began has ended when the command looks. Not for ever:
 * ending a link may stop a process that stands in such a command.
 */
#define REAP_NS 50000000
static bool begin_reap(struct objtab *t)
{
	struct timespec until;

	if (!pthread_mutex_trylock(&t->reaping))
		return true;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += REAP_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return !pthread_mutex_timedlock(&t->reaping, &until);
}

void obj_reap(struct objtab *t)
{
	char buf[4096] __attribute__((aligned(8)));
	struct obj *o;
	bool locked;
	ssize_t n;

	if (t->inotify < 0 || t->owner_pid != (s32)getpid())
		return; /* a forked child shares the queue: its events are the parent's */
	locked = begin_reap(t);
	do { /* events of files have no names: a short answer was the last */
		n = read(t->inotify, buf, sizeof(buf));
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *ev = (const void *)(buf + at);

			at += (ssize_t)(sizeof(*ev) + ev->len);
			if (ev->mask & IN_CLOSE)
				saw_close(t, ev->wd);
			else if (ev->mask & IN_Q_OVERFLOW)
				ask_all(t);
		}
	} while (n == (ssize_t)sizeof(buf));
	while ((o = recheck_one(t)) || (o = ask_one(t)))
		let_go(o);
	if (locked)
		pthread_mutex_unlock(&t->reaping);
}

bool obj_reap_soon(struct objtab *t)
{
	bool soon;

	pthread_mutex_lock(&t->lock);
	soon = t->recheck || t->nlater;
	pthread_mutex_unlock(&t->lock);
	return soon;
}

/* Objects refer to each other (programs to maps, links to programs): go round until none is left. */
void objtab_drop(struct objtab *t)
{
	bool again = true;

	while (again) {
		again = false;
		for (int k = OBJ_KINDS - 1; k > OBJ_NONE && !again; k--)
			for (struct obj *o = t->first[k], *next; o && !again; o = next) {
				next = o->kind_next;
				if (o->fd_ref) {
					o->fd_ref = false;
					again = true; /* from the start: others may go with it */
					let_go(o);
				}
			}
	}
}

void objtab_destroy(struct objtab *t)
{
	if (!t->hash)
		return;
	objtab_drop(t);
	free(t->hash);
	free(t->id_hash);
	free(t->fds);
	free(t->by_watch);
	free(t->later);
	if (t->inotify >= 0)
		close(t->inotify);
	pthread_mutex_destroy(&t->reaping);
	pthread_mutex_destroy(&t->lock);
}
