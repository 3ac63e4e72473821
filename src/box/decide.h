/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions: programs of cgroups and security hooks that say whether a client's call is made, and with what.
 *
 * What a program judged is what is done: arguments are copied once, and where they lie in memory or name a descriptor the
 * supervisor makes the call itself, on the copy, on its own duplicate of the descriptor, as the client (act_begin). A call goes on
 * to the kernel only when the decision was about numbers in registers. Invariant: while nothing is attached every call goes on.
 */
#ifndef SKEP_BOX_DECIDE_H
#define SKEP_BOX_DECIDE_H

#include "box/priv.h"
#include "helper/cgroup.h"
#include "hook/source.h"

struct sk;

enum security {
#define CGROUP(type, where)
#define SECURITY(name, where) SEC_##name,
#include "box/decide.def"
	SECURITIES
};

int decide_init(struct box *b);
/* Is any program attached there? */
bool decides_cgroup(const struct box *b, u32 attach_type);
bool decides(const struct box *b, enum security s);

/* The client's thread, as programs and the kernel see it. */
struct who {
	struct run_task task;
	char cgroup[CGROUP_PATH_MAX];
	u32 uid[4], gid[4]; /* real, effective, saved, of file systems */
	u64 caps;
	u32 umask;
	u32 ngroups, groups[64];
};
/* False: it is gone. */
bool who_is(struct notif *n, struct who *w);

/* Run the programs: 0, -errno, or (cgroups, ev->flags_out) what they said beyond it. */
s64 decide_security(struct notif *n, const struct who *w, enum security s, const u64 *args, u32 nargs);
s64 decide_cgroup(struct notif *n, const struct who *w, u32 attach_type, struct hook_event *ev);

/* From here to act_end() this thread has the client's rights: 0, -EPERM. */
struct acting { bool on; u32 ngroups; u32 groups[64]; };
int act_begin(const struct notif *n, const struct who *w, struct acting *a);
void act_end(const struct acting *a);

/* Wait in the client's place: 0 when poll(2) says so, -EAGAIN after `ms` (-1: never), -EINTR: a signal is there for it, or it is gone. */
int wait_for(struct notif *n, int fd, short events, s64 ms);

/* ---- walk.c: where a path leads the client ---- */
struct walk {
	int at;         /* O_PATH descriptor of the file; -ENOENT: it is not there, but could be made */
	int dir;        /* of the directory it is or would be in; -1: unknown */
	char last[256]; /* its name there; "": it has none (".", "/") */
};
/* 0 or -errno. `nofollow`: of a link the link itself. Close with walk_end(). */
int walk(struct notif *n, int dirfd, const char *path, bool nofollow, struct walk *w);
/* In the same root and working directory as the client from here on, or -errno; walk_leave() ends it. */
int walk_enter(struct notif *n, const struct who *w);
void walk_leave(void);
void walk_end(struct walk *w);

/* ---- decide_file.c ---- */
struct open_call { int dirfd; u64 flags, mode, resolve; };
bool decides_open(const struct box *b); /* does anybody decide about opening files? */
/* The kernel's file at `path` (as the client gave it): BOX_PASS when nobody decides. */
s64 decide_open(struct notif *n, const char *path, const struct open_call *o);
s64 decide_exec(struct notif *n, int dirfd, u64 path, int flags);
/* Has the client become a program it was not allowed to? Then it is killed, and this is false. */
bool decide_image(struct notif *n);
s64 decide_remove(struct notif *n, int dirfd, int at, int flags);
s64 decide_rename(struct notif *n, const int dirfd[2], int from, int to, u64 flags);
s64 decide_mkdir(struct notif *n, int dirfd, int at, u32 mode);

#endif
