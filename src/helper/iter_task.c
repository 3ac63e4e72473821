/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterators over tasks, memory areas and cgroups: the real ones, from /proc and the cgroup file system.
 *
 * Invariant: an iterator on a program's stack holds numbers only (where it is), so nothing is lost with one that is never
 * destroyed; what comes into being or ends meanwhile may be seen or not.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "helper/cgroup.h"
#include "helper/handle.h"
#include "helper/kfunc.h"
#include "helper/vma.h"

/* ---- tasks ---- */
enum { ALL_PROCS, ALL_THREADS, PROC_THREADS };
struct task_iter { u32 flags, live; u32 tgid, tid; u64 unused; };

/* The smallest number above `after` that names an entry of the directory; 0: none. */
static u32 next_number(const char *path, u32 after)
{
	DIR *d = opendir(path);
	u32 best = 0;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		u32 n = (u32)strtoul(e->d_name, NULL, 10);
		if (n > after && (!best || n < best))
			best = n;
	}
	if (d)
		closedir(d);
	return best;
}

static u32 next_thread(u32 tgid, u32 after)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%u/task", tgid);
	return next_number(path, after);
}

BODY(bpf_iter_task_new)
{
	struct task_iter *it = PTR(r1);

	UNUSED4;
	*it = (struct task_iter){ .live = 0 };
	if ((u32)r3 > PROC_THREADS || ((u32)r3 == PROC_THREADS && !r2))
		return RET_INT_(-EINVAL);
	*it = (struct task_iter){ .flags = (u32)r3, .live = 1, .tgid = (u32)r3 == PROC_THREADS ? handle_id(r2) : 0 };
	return 0;
}

BODY(bpf_iter_task_next)
{
	struct task_iter *it = PTR(r1);
	u32 tid = 0;

	UNUSED2;
	if (!it->live)
		return 0;
	if (it->flags != ALL_PROCS && it->tgid)
		tid = next_thread(it->tgid, it->tid);
	while (!tid && it->flags != PROC_THREADS && (it->tgid = next_number("/proc", it->tgid)))
		tid = it->flags == ALL_PROCS ? it->tgid : next_thread(it->tgid, 0);
	it->tid = tid;
	it->live = tid != 0;
	return tid ? handle_of(HANDLE_TASK, tid) : 0;
}

BODY(bpf_iter_task_destroy) { UNUSED2; ((struct task_iter *)PTR(r1))->live = 0; return 0; }

/* ---- memory areas: page and task in one word ---- */
BODY(bpf_iter_task_vma_new)
{
	u64 *it = PTR(r1);

	UNUSED4;
	*it = 0;
	if (!handle_is(r2, HANDLE_TASK))
		return RET_INT_(-EINVAL);
	*it = (r3 >> 12 & 0xfffffffffull) << 26 | handle_id(r2);
	return 0;
}

BODY(bpf_iter_task_vma_next)
{
	u64 *it = PTR(r1);
	struct vma v;

	UNUSED2;
	/* the page above all user addresses is no area of the process */
	if (!*it || vma_find((u32)(*it & 0x3ffffff), *it >> 26 << 12, &v) || v.start >> 47) {
		*it = 0;
		return 0;
	}
	*it = (v.end >> 12) << 26 | (*it & 0x3ffffff);
	return vma_handle(&v);
}

BODY(bpf_iter_task_vma_destroy) { UNUSED2; *(u64 *)PTR(r1) = 0; return 0; }

/* ---- cgroups ---- */
enum { WALK_PRE = 2, WALK_POST, WALK_UP };
struct css_iter { u64 start; u32 last, flags, live; u32 unused; };

/* Walk the tree below `path` in order; the first after `last` (0: the first of all). True when found. */
static bool walk(const char *path, bool post, u64 last, bool *past, u64 *ret)
{
	u64 id = cgroup_id_of(path);
	char full[CGROUP_PATH_MAX];
	u32 n = 0;

	if (!id)
		return false;
	if (!post) {
		if (*past) {
			*ret = id;
			return true;
		}
		*past = id == last;
	}
	for (;; n++) {
		if (!cgroup_child(path, n, full, sizeof(full)))
			break;
		if (walk(full, post, last, past, ret))
			return true;
	}
	if (post) {
		if (*past) {
			*ret = id;
			return true;
		}
		*past = id == last;
	}
	return false;
}

BODY(bpf_iter_css_new)
{
	struct css_iter *it = PTR(r1);

	UNUSED4;
	*it = (struct css_iter){ .live = 0 };
	if ((u32)r3 < WALK_PRE || (u32)r3 > WALK_UP)
		return RET_INT_(-EINVAL);
	*it = (struct css_iter){ .start = handle_id(r2), .flags = (u32)r3, .live = handle_is(r2, HANDLE_CGROUP) };
	return 0;
}

BODY(bpf_iter_css_next)
{
	struct css_iter *it = PTR(r1);
	char path[CGROUP_PATH_MAX], *slash;
	bool past = !it->last;
	u64 id = 0;

	UNUSED2;
	if (!it->live || !cgroup_by_id(it->flags == WALK_UP && it->last ? it->last : it->start, path, sizeof(path)))
		return 0;
	if (it->flags != WALK_UP) {
		walk(path, it->flags == WALK_POST, it->last, &past, &id);
	} else if (!it->last) {
		id = it->start;
	} else if (strcmp(path, "/")) {
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
		id = cgroup_id_of(path);
	}
	it->last = (u32)id;
	it->live = id != 0;
	return id ? handle_of(HANDLE_CGROUP, id) : 0;
}

BODY(bpf_iter_css_destroy) { UNUSED2; ((struct css_iter *)PTR(r1))->live = 0; return 0; }

/* ---- a cgroup's tasks: its number and the last task's in one word, the top bit says which file ---- */
#define PROCS_ONLY 1u
#define OF_PROCS ((u64)1 << 63)

BODY(bpf_iter_css_task_new)
{
	u64 *it = PTR(r1);

	UNUSED4;
	*it = 0;
	if (!handle_is(r2, HANDLE_CGROUP) || (u32)r3 > 3)
		return RET_INT_(-EINVAL);
	*it = (u64)handle_id(r2) << 26 | ((u32)r3 & PROCS_ONLY ? OF_PROCS : 0);
	return 0;
}

BODY(bpf_iter_css_task_next)
{
	u64 *it = PTR(r1);
	u32 last = (u32)(*it & 0x3ffffff), best = 0, n;
	char path[CGROUP_PATH_MAX];
	int fd = -1;
	FILE *f;

	UNUSED2;
	if (*it && cgroup_by_id(*it >> 26 & 0x3ffffff, path, sizeof(path)))
		fd = cgroup_open(path, *it & OF_PROCS ? "cgroup.procs" : "cgroup.threads");
	f = fd < 0 ? NULL : fdopen(fd, "r");
	while (f && fscanf(f, "%u", &n) == 1)
		if (n > last && (!best || n < best))
			best = n;
	if (f)
		fclose(f);
	else if (fd >= 0)
		close(fd);
	*it = best ? (*it & ~(u64)0x3ffffff) | best : 0;
	return best ? handle_of(HANDLE_TASK, best) : 0;
}

BODY(bpf_iter_css_task_destroy) { UNUSED2; *(u64 *)PTR(r1) = 0; return 0; }
