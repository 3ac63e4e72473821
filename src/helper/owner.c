/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities: see owner.h. */
#include "helper/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/clock.h"
#include "base/text.h"
#include "helper/file.h"
#include "helper/handle.h"
#include "helper/run_env.h"
#include "helper/sk.h"
#include "vm/abi.h"

#define CACHE 256u
#define FRESH_NS 50000000u /* a number is not given to another task within this time */

/* ---- tasks: number and time of birth ---- */
static bool task_birth(u32 tid, u64 *ret)
{
	char text[1024], *birth;

	text_of(text, sizeof(text), "/proc/%u/stat", tid);
	birth = text_stat(text, 22);
	*ret = birth ? strtoull(birth, NULL, 10) : 0;
	return birth != NULL;
}

bool owner_task(u32 tid, struct map_owner *ret)
{
	static struct { u64 known, birth; } cache[CACHE]; /* known: time << 22 | tid; written in two steps, checked by both */
	u64 now = clock_ns(CLOCK_MONOTONIC_COARSE) / FRESH_NS, tag = now << 22 | (tid & 0x3fffff), birth;
	u64 *slot = &cache[tid % CACHE].known;

	if (__atomic_load_n(slot, __ATOMIC_ACQUIRE) == tag) {
		birth = __atomic_load_n(&cache[tid % CACHE].birth, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(slot, __ATOMIC_ACQUIRE) == tag) {
			*ret = (struct map_owner){ { tid, birth, 0 } };
			return true;
		}
	}
	if (!task_birth(tid, &birth))
		return false;
	__atomic_store_n(slot, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&cache[tid % CACHE].birth, birth, __ATOMIC_RELEASE);
	__atomic_store_n(slot, tag, __ATOMIC_RELEASE);
	*ret = (struct map_owner){ { tid, birth, 0 } };
	return true;
}

/* The process behind a pidfd. */
static int task_by_fd(int fd, struct map_owner *ret)
{
	char text[1024];
	int pid;

	text_of(text, sizeof(text), "/proc/self/fdinfo/%d", fd);
	pid = (int)strtol(text_value(text, "Pid"), NULL, 10);
	if (!pid)
		return -EBADF;
	return pid > 0 && owner_task((u32)pid, ret) ? 0 : -ENOENT;
}

/* ---- files: device, inode, birth (an inode's number may be given again) ---- */
static int file_by_fd(int fd, struct map_owner *ret)
{
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_BTIME, &x))
		return -EBADF;
	*ret = (struct map_owner){ { (u64)x.stx_dev_major << 32 | x.stx_dev_minor, x.stx_ino, 0 } };
	if (x.stx_mask & STATX_BTIME)
		ret->word[2] = (u64)x.stx_btime.tv_sec * 1000000000u + x.stx_btime.tv_nsec;
	return 0;
}

/* The id of the cgroup v2 directory that the descriptor is, 0: it is none. */
static u64 owner_cgroup_id(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) || (fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC) || fstat(fd, &st) ||
	    !S_ISDIR(st.st_mode))
		return 0;
	return st.st_ino;
}

static int socket_by_fd(int fd, struct map_owner *ret)
{
	struct sk_facts f;
	int err = sk_ask(fd, &f);

	*ret = (struct map_owner){ { f.cookie, 0, 0 } };
	return err;
}

int owner_by_fd(enum map_names what, int fd, struct map_owner *ret)
{
	switch (what) {
	case MAP_NAMES_SOCKET:
	case MAP_NAMES_XSK:
		return socket_by_fd(fd, ret);
	case MAP_NAMES_FILE:
		return file_by_fd(fd, ret);
	case MAP_NAMES_TASK:
		return task_by_fd(fd, ret);
	case MAP_NAMES_CGROUP:
		*ret = (struct map_owner){ { owner_cgroup_id(fd), 0, 0 } };
		return ret->word[0] ? 0 : -EBADF;
	case MAP_NAMES_NOTHING:
		break;
	}
	return -EBADF;
}

static bool socket_by_ptr(u64 ptr, const struct run *run, struct map_owner *ret)
{
	u64 ctx = (u64)(uintptr_t)run->ctx;
	struct sk *sk = ptr == ctx ? run->env->sk : sk_of(ptr, ctx);

	if (!sk && ptr != ctx)
		return false;
	/* a context that is a socket nobody described: known by its place */
	*ret = (struct map_owner){ { sk ? sk_cookie(sk) : ptr, sk ? 0 : SK_OWN, 0 } };
	return true;
}

bool owner_by_ptr(enum map_names what, u64 ptr, const struct run *run, struct map_owner *ret)
{
	switch (what) {
	case MAP_NAMES_SOCKET:
	case MAP_NAMES_XSK:
		return ptr && socket_by_ptr(ptr, run, ret);
	case MAP_NAMES_FILE:
		return file_owner(ptr, ret);
	case MAP_NAMES_TASK:
		return handle_is(ptr, HANDLE_TASK) && owner_task(handle_id(ptr), ret);
	case MAP_NAMES_CGROUP:
		*ret = (struct map_owner){ { handle_id(ptr), 0, 0 } };
		return handle_is(ptr, HANDLE_CGROUP);
	case MAP_NAMES_NOTHING:
		break;
	}
	return false;
}

bool owner_ended(enum map_names what, const struct map_owner *o)
{
	struct map_owner now;

	switch (what) {
	case MAP_NAMES_TASK:
		return !owner_task((u32)o->word[0], &now) || now.word[1] != o->word[1];
	case MAP_NAMES_SOCKET:
		return !o->word[1] && !(o->word[0] & SK_OWN) && !sk_is_open(o->word[0]);
	default:
		return false;
	}
}
