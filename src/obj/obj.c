/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects by descriptor and id: see obj.h.
 *
 * Why descriptors are re-opened: a memfd opened again through /proc/self/fd is a new open file on the same inode. When
 * its last duplicate anywhere is closed (close, exec, exit, SIGKILL) the kernel reports IN_CLOSE on the inode, which is the
 * one event a library can see of a client's close(2).
 */
#include "obj/obj.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_MIN 64

int objtab_init(struct objtab *t)
{
	*t = (struct objtab){ .inotify = -1, .hash_size = HASH_MIN };
	t->hash = calloc(HASH_MIN, sizeof(*t->hash));
	if (!t->hash)
		return -ENOMEM;
	for (int k = 0; k < OBJ_KINDS; k++)
		t->next_id[k] = 1;
	pthread_mutex_init(&t->lock, NULL);
	t->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	t->owner_pid = (s32)getpid();
	return 0;
}

static u32 hash_slot(const struct objtab *t, u64 dev, u64 ino)
{
	return (u32)((ino * 0x9e3779b97f4a7c15ull + dev) >> 32) & (t->hash_size - 1);
}

static void hash_grow(struct objtab *t)
{
	u32 old_size = t->hash_size;
	struct obj **old = t->hash, **bigger = calloc((size_t)old_size * 2, sizeof(*bigger));

	if (!bigger)
		return; /* longer chains, nothing worse */
	t->hash = bigger;
	t->hash_size = old_size * 2;
	for (u32 i = 0; i < old_size; i++)
		for (struct obj *o = old[i], *next; o; o = next) {
			u32 slot = hash_slot(t, o->dev, o->ino);
			next = o->hash_next;
			o->hash_next = bigger[slot];
			bigger[slot] = o;
		}
	free(old);
}

static struct obj *hash_find(struct objtab *t, u64 dev, u64 ino)
{
	struct obj *o = t->hash[hash_slot(t, dev, ino)];

	while (o && (o->ino != ino || o->dev != dev))
		o = o->hash_next;
	return o;
}

static void hash_remove(struct objtab *t, struct obj *o)
{
	struct obj **p = &t->hash[hash_slot(t, o->dev, o->ino)];

	while (*p && *p != o)
		p = &(*p)->hash_next;
	if (*p) {
		*p = o->hash_next;
		t->count--;
	}
}

/* Ids grow and are not reused until they wrap, as Linux's cyclic allocation. Under tab->lock. */
static int id_alloc(struct objtab *t, struct obj *o)
{
	u32 k = o->kind, id = t->next_id[k];

	if (id >= t->nids[k]) {
		u32 n = t->nids[k] ? t->nids[k] * 2 : 64;
		struct obj **ids = realloc(t->ids[k], n * sizeof(*ids));
		if (!ids)
			return -ENOMEM;
		memset(ids + t->nids[k], 0, (n - t->nids[k]) * sizeof(*ids));
		t->ids[k] = ids;
		t->nids[k] = n;
	}
	t->ids[k][id] = o;
	t->next_id[k] = id + 1;
	o->id = id;
	return 0;
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
	}
	if (fstat(memfd, &st)) {
		err = -errno;
		goto out_close;
	}
	*o = (struct obj){ .ops = ops, .tab = t, .kind = (u8)kind, .refs = 1, .memfd = memfd, .watch = -1,
			   .dev = st.st_dev, .ino = st.st_ino };
	pthread_mutex_lock(&t->lock);
	err = id_alloc(t, o);
	if (!err) {
		if (t->count > t->hash_size)
			hash_grow(t);
		u32 slot = hash_slot(t, o->dev, o->ino);
		o->hash_next = t->hash[slot];
		t->hash[slot] = o;
		t->count++;
	}
	pthread_mutex_unlock(&t->lock);
	if (!err)
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

/* Unpublish under the lock: nobody can find an object whose count reached zero. */
static void obj_destroy(struct obj *o)
{
	struct objtab *t = o->tab;
	int memfd = o->memfd, watch = o->watch;

	pthread_mutex_lock(&t->lock);
	hash_remove(t, o);
	if (o->id)
		t->ids[o->kind][o->id] = NULL;
	if (watch >= 0) {
		t->by_watch[watch] = NULL;
		if (t->owner_pid == (s32)getpid())
			inotify_rm_watch(t->inotify, watch);
	}
	pthread_mutex_unlock(&t->lock);
	o->ops->destroy(o);
	if (memfd >= 0)
		close(memfd);
}

void obj_put(struct obj *o)
{
	if (o && __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL) == 0)
		obj_destroy(o);
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

/* Have closes of the object's open files reported. Best effort: without it the object lives as long as the table. */
static void watch_closes(struct objtab *t, struct obj *o, const char *path)
{
	int wd;

	if (t->inotify < 0 || o->watch >= 0 || t->owner_pid != (s32)getpid())
		return;
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

	snprintf(path, sizeof(path), "/proc/self/fd/%d", o->memfd);
	pthread_mutex_lock(&t->lock);
	watch_closes(t, o, path);
	fd = open(path, (flags & O_ACCMODE) | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
	} else {
		o->open_files++;
		if (!o->fd_ref) {
			o->fd_ref = true;
			obj_get(o);
		}
	}
	pthread_mutex_unlock(&t->lock);
	return err ? err : fd;
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
	if (id < t->nids[kind])
		o = t->ids[kind][id];
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
	int err = -ENOENT;

	pthread_mutex_lock(&t->lock);
	for (u32 id = after + 1; id && id < t->nids[kind]; id++)
		if (t->ids[kind][id]) {
			*ret_id = id;
			err = 0;
			break;
		}
	pthread_mutex_unlock(&t->lock);
	return err;
}

/*
 * Closes seen since the last call. Our own short-lived opens of the inode would count too, so nothing in skep opens an
 * object's memfd through a path but obj_new_fd().
 */
void obj_reap(struct objtab *t)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	if (t->inotify < 0 || t->owner_pid != (s32)getpid())
		return; /* a forked child shares the queue: its events are the parent's */
	while ((n = read(t->inotify, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *ev = (const void *)(buf + at);
			struct obj *drop = NULL, *o;

			at += (ssize_t)(sizeof(*ev) + ev->len);
			if (!(ev->mask & IN_CLOSE))
				continue;
			pthread_mutex_lock(&t->lock);
			o = ev->wd >= 0 && (u32)ev->wd < t->nwatch ? t->by_watch[ev->wd] : NULL;
			if (o && o->open_files && --o->open_files == 0 && o->fd_ref) {
				o->fd_ref = false;
				drop = o;
			}
			pthread_mutex_unlock(&t->lock);
			check_released(drop);
			obj_put(drop);
		}
	}
}

/* Objects refer to each other (programs to maps, links to programs): go round until none is left. */
void objtab_destroy(struct objtab *t)
{
	bool again = true;

	while (again) {
		again = false;
		for (int k = OBJ_KINDS - 1; k > OBJ_NONE; k--)
			for (u32 id = 0; id < t->nids[k]; id++) {
				struct obj *o = t->ids[k][id];
				if (o && o->fd_ref) {
					o->fd_ref = false;
					again = true;
					check_released(o);
					obj_put(o);
				}
			}
	}
	for (int k = 0; k < OBJ_KINDS; k++)
		free(t->ids[k]);
	free(t->hash);
	free(t->by_watch);
	if (t->inotify >= 0)
		close(t->inotify);
	pthread_mutex_destroy(&t->lock);
}
