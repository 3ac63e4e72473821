/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects: what a process can hold by file descriptor (maps, programs, BTF, links), their ids and their lifetimes.
 *
 * Every object is backed by a memfd and found by (device, inode), so dup, fork, SCM_RIGHTS and close behave by themselves. A
 * descriptor handed out is the memfd opened again, and locked shared (flock): when inotify tells of a close, whether any such open
 * file is left anywhere is asked by trying the exclusive lock.
 * Invariant: refs counts references from other objects and from the code, plus 1 while any handed-out open file may exist.
 */
#ifndef SKEP_OBJ_OBJ_H
#define SKEP_OBJ_OBJ_H

#include <pthread.h>

#include "base/types.h"

enum obj_kind { OBJ_NONE, OBJ_MAP, OBJ_PROG, OBJ_BTF, OBJ_LINK, OBJ_STATS, OBJ_PERF, OBJ_KINDS };

struct obj;
struct objtab;
struct obj_ops {
	const char *name;              /* "map": also the memfd's name prefix */
	void (*destroy)(struct obj *o); /* frees the object; the memfd is closed by obj.c */
	void (*released)(struct obj *o); /* user space's last descriptor or pin is gone; NULL: nothing to do */
};

struct obj {
	const struct obj_ops *ops;
	struct objtab *tab;
	u8 kind;
	u32 id;           /* 1.., per kind; 0: not published */
	u32 refs;         /* atomic */
	bool fd_ref;      /* one reference stands for all open files; under tab->lock */
	bool cached;      /* may be in tab->fds */
	u32 pins;         /* names that hold it; atomic */
	int memfd;        /* ours; -1: none yet */
	u64 dev, ino;     /* of memfd */
	int watch;        /* inotify watch descriptor, -1: none */
	struct obj *hash_next, *id_next;   /* chains of tab->hash and tab->id_hash */
	struct obj *kind_prev, *kind_next; /* all of a kind, by id */
	u64 closed_ns;    /* when a close was last seen that left something open, or 1: not watched yet; 0: settled */
	struct obj *recheck_next;
};

/* What a descriptor's number meant when last looked at: a struct obj *, and in its two lowest bits the mode. 0: not known. */
#define FD_SLOTS 1024

/* One subsystem's objects. */
struct objtab {
	pthread_mutex_t lock;
	struct obj **hash, **id_hash; /* by inode; by kind and id */
	u32 hash_size, count;
	struct obj *first[OBJ_KINDS], *last[OBJ_KINDS]; /* by id */
	u32 next_id[OBJ_KINDS];
	u64 mark;                  /* top bits of the position of every open file of ours; random */
	struct obj *recheck;       /* to be asked about: new, or something was open still shortly after a close was seen */
	u64 *fds;                  /* FD_SLOTS of them when this process tells of each close (obj_fds_closed), else NULL */
	struct obj_later { u64 since; u32 id, kind; } *later; /* nlater, in this order, of which some are asked about already */
	u32 nlater, asked, latercap;
	struct obj **by_watch;     /* by inotify watch descriptor */
	u32 nwatch;
	int inotify;
	pthread_mutex_t reaping;   /* recursive: closes are taken out of the queue, and what they end is ended */
	s32 owner_pid;             /* process the inotify belongs to: a forked child must not read it */
};

int objtab_init(struct objtab *t);
/* This process will tell of each close (obj_fds_closed), so that what a number means may be remembered. 0, -ENOMEM. */
int objtab_hear_closes(struct objtab *t);
void objtab_drop(struct objtab *t);    /* the same, without the table's end */
void objtab_destroy(struct objtab *t); /* drops what open files still hold, then frees */

/*
 * Initialise the common part and publish: with memfd < 0 one is made. Takes over `memfd`. Returns 0 or -errno (then nothing is
 * taken over). The caller holds the first reference.
 */
int obj_init(struct obj *o, struct objtab *t, enum obj_kind kind, const struct obj_ops *ops, int memfd);
struct obj *obj_get(struct obj *o);
void obj_put(struct obj *o); /* NULL is fine */
/* A reference that counts as user space's: of a name. */
struct obj *obj_pin(struct obj *o);
void obj_unpin(struct obj *o);
static inline bool obj_has_user(const struct obj *o) { return o->fd_ref || o->pins; }

/* A new descriptor for the object (O_CLOEXEC). `flags`: O_RDONLY, O_WRONLY or O_RDWR. fd or -errno. */
int obj_new_fd(struct obj *o, int flags);
/* The object behind a descriptor, referenced; -EBADF when it is closed, -EINVAL when it is another thing. `ret_mode`: O_ACCMODE. */
int obj_by_fd(struct objtab *t, int fd, enum obj_kind kind, struct obj **ret_obj, int *ret_mode);
/*
 * The same for a number looked up before; NULL: look closer. For tables that hear of closes. obj_peek() takes no reference: what it
 * gives is there until the thread, which has called grace_enter(), calls grace_leave().
 */
struct obj *obj_by_number(struct objtab *t, int fd, enum obj_kind kind, int *ret_mode);
static inline struct obj *obj_peek(struct objtab *t, int fd, enum obj_kind kind, int *ret_mode)
{
	u64 v = t->fds && fd >= 0 && fd < FD_SLOTS ? __atomic_load_n(&t->fds[fd], __ATOMIC_ACQUIRE) : 0;
	struct obj *o = (struct obj *)(uintptr_t)(v & ~3ull);

	*ret_mode = (int)(v & 3);
	return o && o->kind == kind ? o : NULL;
}
void obj_remember(struct objtab *t, int fd, struct obj *o, int mode);
/* These numbers were closed or mean something else now. */
void obj_fds_closed(struct objtab *t, u32 from, u32 to);
/* The same by the position of its open file, which says what it is (one cheap system call); NULL: look closer. */
struct obj *obj_by_position(struct objtab *t, int fd, enum obj_kind kind, int *ret_mode);
/* The same by inode, for descriptors of another process. -EINVAL. */
int obj_by_inode(struct objtab *t, u64 dev, u64 ino, enum obj_kind kind, struct obj **ret_obj);
int obj_by_id(struct objtab *t, u32 id, enum obj_kind kind, struct obj **ret_obj); /* -ENOENT */
int obj_next_id(struct objtab *t, u32 after, enum obj_kind kind, u32 *ret_id);     /* -ENOENT at the end */
/* Process closes seen since; called before commands that create or list objects. */
void obj_reap(struct objtab *t);
/* Is it to be called in a moment even if nothing happens? */
bool obj_reap_soon(struct objtab *t);

#endif
