/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers and kernel functions on cgroups: the real ones. A cgroup's address (helper/handle.h) has its id in it; a css is the
 * cgroup's own, so it has the same.
 */
#include "helper/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"
#include "helper/current.h"
#include "helper/dynptr.h"
#include "helper/handle.h"
#include "helper/kfunc.h"
#include "map/map.h"
#include "spec/helper_abi.h"

/* ---- where they are ---- */
/* The unified hierarchy is mounted in its own directory, or one below. */
static const char *mount_point(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
}

bool cgroup_of_task(u32 tgid, char *path, size_t size)
{
	char text[CGROUP_PATH_MAX], *at;

	text_of(text, sizeof(text), "/proc/%u/cgroup", tgid);
	at = text_value(text, "0:"); /* 0::PATH, the unified hierarchy's line */
	if (!*at)
		return false;
	snprintf(path, size, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

u64 cgroup_id_of(const char *path)
{
	char full[CGROUP_PATH_MAX + 300];
	struct stat st;

	snprintf(full, sizeof(full), "%s%s", mount_point(), path);
	return stat(full, &st) ? 0 : st.st_ino;
}

/* Below `full` (of `len` bytes in a buffer of `room`): the directory with this inode number. */
static bool search(char *full, size_t len, size_t room, u64 id, u32 depth)
{
	DIR *d = depth < 64 ? opendir(full) : NULL;
	bool found = false;
	struct dirent *e;

	while (d && !found && (e = readdir(d))) {
		size_t n = strlen(e->d_name);
		if (e->d_type != DT_DIR || e->d_name[0] == '.' || len + n + 2 > room)
			continue;
		full[len] = '/';
		memcpy(full + len + 1, e->d_name, n + 1);
		found = e->d_ino == id || search(full, len + 1 + n, room, id, depth + 1);
	}
	if (d)
		closedir(d);
	if (!found)
		full[len] = '\0';
	return found;
}

bool cgroup_by_id(u64 id, char *path, size_t size)
{
	char full[CGROUP_PATH_MAX];
	size_t root = strlen(mount_point());

	if (id && cgroup_id_of("/") == id) {
		snprintf(path, size, "/");
		return true;
	}
	memcpy(full, mount_point(), root + 1);
	if (!id || !search(full, root, sizeof(full), id, 0))
		return false;
	snprintf(path, size, "%s", full + root);
	return true;
}

bool cgroup_child(const char *path, u32 n, char *child, size_t size)
{
	char full[CGROUP_PATH_MAX + 300];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(full, sizeof(full), "%s%s", mount_point(), path);
	d = opendir(full);
	while (d && !found && (e = readdir(d)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && !n--) {
			int len = snprintf(child, size, "%s/%s", strcmp(path, "/") ? path : "", e->d_name);
			found = len > 0 && (size_t)len < size;
			break;
		}
	if (d)
		closedir(d);
	return found;
}

u32 cgroup_level(const char *path)
{
	u32 n = 0;

	if (!strcmp(path, "/"))
		return 0;
	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* The id of the ancestor at a level; 0: there is none. */
static u64 ancestor(char *path, u32 level)
{
	u32 depth = cgroup_level(path), at = 0;
	char *p = path;

	if (level > depth)
		return 0;
	if (!level)
		return cgroup_id_of("/");
	for (; *p; p++)
		if (*p == '/' && at++ == level)
			break;
	*p = '\0';
	return cgroup_id_of(path);
}

bool cgroup_below(const char *path, u64 id)
{
	char copy[CGROUP_PATH_MAX];

	for (u32 level = 0; level <= cgroup_level(path); level++) {
		snprintf(copy, sizeof(copy), "%s", path);
		if (ancestor(copy, level) == id)
			return true;
	}
	return false;
}

int cgroup_open(const char *path, const char *file)
{
	char full[CGROUP_PATH_MAX + 600];

	snprintf(full, sizeof(full), "%s%s/%s", mount_point(), path, file);
	return open(full, O_RDONLY | O_CLOEXEC);
}

static bool current_path(const struct run *run, char *path)
{
	if (run->env->task && run->env->task->cgroup_id && cgroup_by_id(run->env->task->cgroup_id, path, CGROUP_PATH_MAX))
		return true;
	return cgroup_of_task(current_tgid(run), path, CGROUP_PATH_MAX);
}

/* ---- helpers ---- */
u64 helper_get_current_cgroup_id(struct run *run)
{
	char path[CGROUP_PATH_MAX];

	if (run->env->task && run->env->task->cgroup_id)
		return run->env->task->cgroup_id;
	return current_path(run, path) ? cgroup_id_of(path) : 0;
}

u64 helper_get_current_ancestor_cgroup_id(u64 ancestor_level, struct run *run)
{
	char path[CGROUP_PATH_MAX];

	if ((s32)ancestor_level < 0 || !current_path(run, path))
		return 0;
	return ancestor(path, (u32)ancestor_level);
}

/* Is the current task, or the socket that it made, in the cgroup in this place? */
static u64 under(struct map *map, u64 index, const struct run *run)
{
	char path[CGROUP_PATH_MAX];
	u32 i = (u32)index;
	const u64 *id;

	if (i >= map->desc.max_entries)
		return RET_INT_(-E2BIG);
	id = map_prog_lookup(map, &i, run->cpu);
	if (!id)
		return RET_INT_(-EAGAIN);
	return current_path(run, path) && cgroup_below(path, *id);
}

u64 helper_current_task_under_cgroup(struct map *map, u64 index, struct run *run)
{
	return under(map, index, run);
}

u64 helper_skb_under_cgroup(void *skb, struct map *map, u64 index, struct run *run)
{
	(void)skb;
	return run->env->sk ? under(map, index, run) : RET_INT_(-ENOENT);
}

/* ---- kernel functions ---- */
BODY(bpf_cgroup_acquire) { UNUSED2; return r1; }
BODY(bpf_cgroup_release) { (void)r1, UNUSED2; return 0; }

BODY(bpf_cgroup_from_id)
{
	char path[CGROUP_PATH_MAX];

	UNUSED2;
	return cgroup_by_id(r1, path, sizeof(path)) ? handle_of(HANDLE_CGROUP, r1) : 0;
}

BODY(bpf_cgroup_ancestor)
{
	char path[CGROUP_PATH_MAX];
	u64 id;

	UNUSED3;
	if ((s32)r2 < 0 || !cgroup_by_id(handle_id(r1), path, sizeof(path)))
		return 0;
	id = ancestor(path, (u32)r2);
	return id ? handle_of(HANDLE_CGROUP, id) : 0;
}

BODY(bpf_task_under_cgroup)
{
	char path[CGROUP_PATH_MAX];

	UNUSED3;
	return cgroup_of_task(handle_id(r1), path, sizeof(path)) && cgroup_below(path, handle_id(r2));
}

/* An attribute "user.*" of the cgroup's directory. */
BODY(bpf_cgroup_read_xattr)
{
	char path[CGROUP_PATH_MAX], full[CGROUP_PATH_MAX + 300];
	struct dynptr *d = PTR(r3);
	const char *name = PTR(r2);
	u8 value[4096];
	ssize_t n;
	int err;

	(void)r4, (void)r5;
	if (strncmp(name, "user.", 5))
		return RET_INT_(-EPERM);
	if (!cgroup_by_id(handle_id(r1), path, sizeof(path)))
		return RET_INT_(-ENODATA);
	snprintf(full, sizeof(full), "%s%s", mount_point(), path);
	n = getxattr(full, name, value, MIN(dyn_size(d), (u32)sizeof(value)));
	if (n < 0)
		return RET_INT_(-errno);
	err = dyn_copy(d, 0, value, (u64)n, true, run);
	return RET_INT_(err ? err : n);
}
