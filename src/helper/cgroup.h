/* SPDX-License-Identifier: BSD-2-Clause */
/* Cgroups of the unified hierarchy, by path and by id (which is the inode number of their directory). */
#ifndef SKEP_HELPER_CGROUP_H
#define SKEP_HELPER_CGROUP_H

#include "base/types.h"

#define CGROUP_PATH_MAX 4096

/* Where a task is, as a path from the root: "/" or "/a/b". */
bool cgroup_of_task(u32 tgid, char *path, size_t size);
u64 cgroup_id_of(const char *path); /* 0: there is none */
/* The path of an id; false: no cgroup has it (any more). */
bool cgroup_by_id(u64 id, char *path, size_t size);
/* Is the cgroup at `path` this one, or below it? */
bool cgroup_below(const char *path, u64 id);
/* Its child number n, in no particular but one order; false: there are not so many. */
bool cgroup_child(const char *path, u32 n, char *child, size_t size);
/* How deep: 0 for the root. */
u32 cgroup_level(const char *path);
/* The file of a cgroup, opened for reading; -1: there is none. */
int cgroup_open(const char *path, const char *file);

#endif
