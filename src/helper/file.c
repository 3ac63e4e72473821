/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: see file.h. */
#include "helper/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "helper/handle.h"
#include "helper/owner.h"

#define FILES 4096u

/* Number 0 is none. A place is free when nobody refers to it. */
static struct place { u32 refs; s32 fd; u32 flags; bool told; } files[FILES];
static u32 last;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct place *place_of(u64 ptr)
{
	u32 n = handle_id(ptr);

	if ((!handle_is(ptr, HANDLE_FILE) && !handle_is(ptr, HANDLE_INODE)) || !n || n >= FILES)
		return NULL;
	return __atomic_load_n(&files[n].refs, __ATOMIC_ACQUIRE) ? &files[n] : NULL;
}

u64 file_new(int fd)
{
	u32 n = 0;

	pthread_mutex_lock(&lock);
	for (u32 i = 1; i < FILES && !n; i++) {
		u32 at = (last + i) % FILES;
		if (at && !files[at].refs)
			n = at;
	}
	if (n) {
		files[n].fd = fd;
		files[n].told = false;
		__atomic_store_n(&files[n].refs, 1, __ATOMIC_RELEASE);
		last = n;
	}
	pthread_mutex_unlock(&lock);
	if (!n)
		close(fd);
	return n ? handle_of(HANDLE_FILE, n) : 0;
}

void file_opened(u64 file, u32 flags)
{
	struct place *p = place_of(file);

	if (p) {
		p->flags = flags;
		p->told = true;
	}
}

u32 file_flags(u64 ptr)
{
	const struct place *p = place_of(ptr);

	return !p ? 0 : p->told ? p->flags : (u32)fcntl(p->fd, F_GETFL);
}

void file_put(u64 file)
{
	struct place *p = place_of(file);
	int fd;

	if (!p)
		return;
	pthread_mutex_lock(&lock);
	fd = p->fd;
	if (!__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
		close(fd);
	pthread_mutex_unlock(&lock);
}

u64 file_inode(u64 file)
{
	return place_of(file) ? handle_of(HANDLE_INODE, handle_id(file)) : 0;
}

int file_fd(u64 ptr)
{
	const struct place *p = place_of(ptr);

	return p ? p->fd : -1;
}

bool file_owner(u64 ptr, struct map_owner *ret)
{
	int fd = file_fd(ptr);

	return fd >= 0 && !owner_by_fd(MAP_NAMES_FILE, fd, ret);
}

s64 file_path(u64 ptr, char *buf, u32 size)
{
	char link[40], path[PATH_MAX];
	int fd = file_fd(ptr);
	ssize_t n;

	if (fd < 0)
		return -EINVAL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	memcpy(buf, path, (size_t)n);
	buf[n] = '\0';
	return n + 1;
}
