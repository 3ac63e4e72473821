/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands that attach have in common: descriptors into programs, targets and neighbours. */
#ifndef SKEP_SYS_ATTACH_H
#define SKEP_SYS_ATTACH_H

#include "hook/link.h"
#include "sys/sys.h"

/* The row of an attach type, or NULL. */
static inline const struct attach_spec *attach_row(u32 type)
{
	return type < UAPI_ATTACH_TYPES ? &attach_spec[type] : NULL;
}
/* The one program type that goes with it for BPF_PROG_ATTACH, _DETACH; BPF_PROG_TYPE_UNSPEC: none. */
u32 attach_prog_type(u32 attach_type);
bool target_is_cgroup(u32 prog_type, u32 attach_type, bool check);
/* To be run, or to be told from another: ready (prog_ready). */
int call_prog(struct call *c, int fd, struct prog **ret);
/* Of this type, else -EINVAL. */
int call_prog_type(struct call *c, int fd, u32 type, struct prog **ret);
int call_link(struct call *c, int fd, struct link **ret);
/* May a program be attached so? 0, -EINVAL, -EPERM. */
int check_attach(struct call *c, const struct prog *p, u32 attach_type);
/* A cgroup of the unified hierarchy by descriptor: 0, -EBADF. */
int call_cgroup(struct call *c, int fd, struct cgroup_ref *ret);
int call_netns(struct call *c, int fd, u64 *ret_ino);
u64 caller_netns(struct call *c);
/* relative_fd and flags: problems are kept in a->err. anchor_put() afterwards. */
void call_anchor(struct call *c, u32 fd_or_id, u32 flags, u64 revision, struct anchor *a);
void anchor_put(struct anchor *a);

/* cmd_iter.c: what BPF_LINK_CREATE does for iterators. */
int iter_link_create(struct call *c, struct prog *p, struct link **ret);
/* cmd_link_info.c */
int link_info(struct call *c, struct link *l, u64 dst, u32 len);
#define LINK_INFO_SIZE 64

enum { F_BEFORE = 1u << 3, F_AFTER = 1u << 4, F_ID = 1u << 5, F_PREORDER = 1u << 6, F_LINK = 1u << 13 };

#endif
