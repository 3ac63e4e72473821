/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tells a task, a file, a cgroup or a socket from all others, now and later (struct map_owner): found out from a descriptor
 * of this process, or from the pointer that a program holds.
 */
#ifndef SKEP_HELPER_OWNER_H
#define SKEP_HELPER_OWNER_H

#include "map/map.h"

struct run;

/* What the descriptor names. -EBADF: nothing of this kind; -ENOTSOCK; -ENOENT: the task is gone. */
int owner_by_fd(enum map_names what, int fd, struct map_owner *ret);
/* A task by number; false: there is none. */
bool owner_task(u32 tid, struct map_owner *ret);
/* What a program's pointer stands for; false: nothing that skep knows. */
bool owner_by_ptr(enum map_names what, u64 ptr, const struct run *run, struct map_owner *ret);
/* Has the owner of a storage's value ended? Asked when a storage is full. */
bool owner_ended(enum map_names what, const struct map_owner *o);

#endif
