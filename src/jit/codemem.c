/* SPDX-License-Identifier: BSD-2-Clause */
/* Executable memory: see codemem.h. */
#include "jit/codemem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define REACH ((u64)1 << 31)
#define MARGIN ((u64)64 << 20) /* of the reach: this library's own size, and the image's */
#define STEP ((u64)4 << 20)
#define TRIES 64

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static u64 own_code(void)
{
	return (u64)(uintptr_t)&codemem_reserve;
}

static bool reaches(u64 at, size_t size)
{
	u64 own = own_code();

	return at < own ? own - at < REACH - MARGIN : at + size - own < REACH - MARGIN;
}

static void *reserve_at(u64 hint, size_t size)
{
	void *p = mmap((void *)(uintptr_t)hint, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * Free space near our own code: downwards from the last place found, then upwards, by asking the kernel for a place and
 * looking at what it gives. `next` is only a hint, so nothing locks it.
 */
static void *reserve_near(size_t size)
{
	static u64 next;
	u64 page = page_size(), own = own_code() & ~(page - 1);
	u64 hint = __atomic_load_n(&next, __ATOMIC_RELAXED);
	void *p;

	if (!hint || !reaches(hint - size, size))
		hint = own - STEP;
	for (u32 i = 0; i < TRIES; i++) {
		u64 want = (hint - size) & ~(page - 1);

		if (!reaches(want, size))
			break;
		p = reserve_at(want, size);
		if (!p)
			return NULL;
		if (reaches((u64)(uintptr_t)p, size)) {
			__atomic_store_n(&next, (u64)(uintptr_t)p, __ATOMIC_RELAXED);
			return p;
		}
		munmap(p, size);
		hint -= STEP * (i < 8 ? 1 : 8);
	}
	for (u32 i = 1; i < TRIES; i++) {
		p = reserve_at(own + i * STEP * 4, size);
		if (!p || reaches((u64)(uintptr_t)p, size))
			return p;
		munmap(p, size);
	}
	return reserve_at(0, size);
}

/*
 * | inaccessible | data, when there is some | inaccessible | code | inaccessible |
 *
 * Both lie in one file, data first: a second one would double what a small program's load costs.
 */
struct layout {
	size_t page, data, code; /* sizes of whole pages */
	u8 *data_at, *code_at;
};

static struct layout layout_of(const struct codemem *m)
{
	struct layout l = { .page = page_size() };

	l.data = ROUND_UP(m->data_size, l.page);
	l.data_at = (u8 *)m->map + l.page;
	l.code_at = l.data ? l.data_at + l.data + l.page : l.data_at;
	l.code = (size_t)((u8 *)m->map + m->map_size - l.page - l.code_at);
	return l;
}

int codemem_reserve(size_t size, size_t data_size, struct codemem *ret)
{
	size_t page = page_size(), room = ROUND_UP(size, page), data = ROUND_UP(data_size, page), hole;
	u32 start;

	hole = room - size;
	/* the start is as random as the last page allows; one more page when it is full */
	if (hole < page / 4) {
		room += page;
		hole += page;
	}
	if (getrandom(&start, sizeof(start), 0) != (ssize_t)sizeof(start))
		return -EIO;
	*ret = (struct codemem){ .map_size = room + 2 * page + (data ? data + page : 0), .size = size, .data_size = data_size };
	ret->map = reserve_near(ret->map_size);
	if (!ret->map)
		return -ENOMEM;
	ret->data = data ? (u8 *)ret->map + page : NULL;
	/* in steps of what loops are aligned to */
	ret->code = layout_of(ret).code_at + (start % (hole / 64 + 1)) * 64;
	return 0;
}

/* Only old kernels do not know whether a file may be executed, and there files may be by default. */
static int new_file(const char *name, unsigned exec)
{
	int fd = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING | exec);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int code_file(void) { return new_file("skep-code", MFD_EXEC); }

static int write_all(int fd, const u8 *p, size_t n, off_t at)
{
	while (n) {
		ssize_t w = pwrite(fd, p, n, at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -EIO;
		p += w;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

static int seal(int fd)
{
	const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

	if (fcntl(fd, F_ADD_SEALS, seals | F_SEAL_EXEC) < 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		return -errno;
	return 0;
}

/* `fd` with these bytes, sealed; or -errno, and it is closed. */
static int filled(int fd, const u8 *bytes, size_t size)
{
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, bytes, size, 0);
	if (!err)
		err = seal(fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int codemem_file(const u8 *pages, size_t size) { return filled(code_file(), pages, size); }

/* The whole file: data, and code where its address says with traps around. */
static int fill_file(int fd, const struct codemem *m, const struct layout *l, const u8 *bytes, u8 fill, const void *data)
{
	u8 *image = malloc(l->data + l->code);
	int err;

	if (!image)
		return -ENOMEM;
	if (l->data) {
		memcpy(image, data, m->data_size);
		memset(image + m->data_size, 0, l->data - m->data_size);
	}
	memset(image + l->data, fill, l->code);
	memcpy(image + l->data + (m->code - l->code_at), bytes, m->size);
	err = write_all(fd, image, l->data + l->code, 0);
	free(image);
	return err;
}

/* A part of a sealed file at its place, shared where the system can: before Linux 6.7 a sealed file cannot be mapped so. */
static int map_part(struct codemem *m, u8 *at, size_t size, int prot, int fd, size_t from)
{
	if (!size)
		return 0;
	if (m->sealed && mmap(at, size, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)from) != MAP_FAILED)
		return 0;
	m->sealed = false;
	return mmap(at, size, prot, MAP_PRIVATE | MAP_FIXED, fd, (off_t)from) == MAP_FAILED ? -errno : 0;
}

static int publish_sealed(struct codemem *m, const struct layout *l, const u8 *bytes, u8 fill, const void *data)
{
	int fd = code_file(), err;

	if (fd < 0)
		return -errno;
	err = fill_file(fd, m, l, bytes, fill, data);
	if (!err)
		err = seal(fd);
	m->sealed = !err;
	if (!err)
		err = map_part(m, l->code_at, l->code, PROT_READ | PROT_EXEC, fd, l->data);
	if (!err)
		err = map_part(m, l->data_at, l->data, PROT_READ, fd, 0);
	close(fd);
	return err;
}

/* Where files may not be executed at all (vm.memfd_noexec=2): written first, executable or at least read-only afterwards. */
static int publish_anonymous(struct codemem *m, const struct layout *l, const u8 *bytes, u8 fill, const void *data)
{
	m->sealed = false;
	if (mprotect(l->code_at, l->code, PROT_READ | PROT_WRITE) ||
	    (l->data && mprotect(l->data_at, l->data, PROT_READ | PROT_WRITE)))
		return -errno;
	memset(l->code_at, fill, l->code);
	memcpy(m->code, bytes, m->size);
	if (l->data)
		memcpy(m->data, data, m->data_size);
	if (mprotect(l->code_at, l->code, PROT_READ | PROT_EXEC) || (l->data && mprotect(l->data_at, l->data, PROT_READ))) {
		int err = -errno;

		mprotect(m->map, m->map_size, PROT_NONE);
		return err;
	}
	return 0;
}

int codemem_publish(struct codemem *m, const u8 *bytes, u8 fill, const void *data)
{
	struct layout l = layout_of(m);
	int err = publish_sealed(m, &l, bytes, fill, data);

	if (err == -EACCES || err == -ENOSYS || err == -EPERM)
		err = publish_anonymous(m, &l, bytes, fill, data);
	if (err)
		return err == -EACCES ? -EPERM : err;
	__builtin___clear_cache((char *)m->code, (char *)m->code + m->size);
	return 0;
}

/* ---- what is only read ---- */
int codemem_readonly(const void *bytes, size_t size, struct codemem *ret)
{
	size_t page = page_size(), room = ROUND_UP(size, page);
	struct codemem m = { .map_size = room + 2 * page, .size = size };
	int fd;

	m.map = reserve_at(0, m.map_size);
	if (!m.map)
		return -ENOMEM;
	m.code = (u8 *)m.map + page;
	fd = filled(new_file("skep-ops", MFD_NOEXEC_SEAL), bytes, size);
	if (fd >= 0) {
		/* before Linux 6.7 a sealed file cannot be mapped shared */
		m.sealed = mmap(m.code, room, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED;
		close(fd);
	}
	if (!m.sealed) {
		if (mprotect(m.code, room, PROT_READ | PROT_WRITE)) {
			codemem_free(&m);
			return -ENOMEM;
		}
		memcpy(m.code, bytes, size);
		mprotect(m.code, room, PROT_READ);
	}
	*ret = m;
	return 0;
}

void codemem_free(struct codemem *m)
{
	if (m->map)
		munmap(m->map, m->map_size);
	*m = (struct codemem){ 0 };
}

static bool can_publish;

static void try_once(void)
{
	struct codemem m;
	u8 byte = 0;

	if (codemem_reserve(sizeof(byte), 0, &m))
		return;
	can_publish = !codemem_publish(&m, &byte, 0, NULL);
	codemem_free(&m);
}

bool codemem_available(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, try_once);
	return can_publish;
}
