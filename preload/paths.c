/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls with a path, for libc clients in a box: those that cannot mean anything of the box are marked, and the filter lets them pass to the
 * kernel without a stop. (What libc itself opens, as fopen does, stops as without the accelerator.)
 *
 * Invariant: the same call is made with the same arguments; the mark is all that differs. A process that marks what it should not
 * deceives only itself, and in boxes that enforce decisions the mark means nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "accel.h"
#include "base/syscall.h"
#include "box/ours.h"

#define EXPORT __attribute__((visibility("default")))
#define ALSO(name, as) __typeof__(name) as __attribute__((visibility("default"), alias(#name)))

static const struct box_page *page; /* NULL: not in a box, or one without */

void paths_init(void)
{
	long fd = syscall6(SYS_bpf, (long)BOX_PAGE, 0, 0, 0, 0, 0);
	long at = fd < 0 ? -1 : syscall6(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		syscall6(SYS_close, fd, 0, 0, 0, 0, 0);
	if ((unsigned long)at <= -4096ul)
		page = (const struct box_page *)at;
}

u64 path_mark(long path)
{
	const char *p = (const char *)path;

	if (!page || (unsigned long)path < 4096 || __atomic_load_n(&page->all_stop, __ATOMIC_ACQUIRE))
		return 0;
	return path_could_be_ours(p, false) ? 0 : BOX_MARK;
}

static long call(long nr, long path, long a, long b, long c, long d, long e)
{
	long ret = syscall6(nr, a, b, c, d, e, (long)path_mark(path));

	if ((unsigned long)ret > -4096ul) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

long path_argument(long nr, const long a[6])
{
	switch (nr) {
#define SYS(name, when, fn)
#define LAX(name, when, fn)
#define PATH(name, when, fn, arg) case __NR_##name: return a[arg];
#include "box/calls.def"
	default: return 0;
	}
}

#define P(x) ((long)(uintptr_t)(x))

/* ---- libc's functions ---- */
static long do_open(int dir, const char *path, int flags, va_list ap)
{
	long mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, int) : 0;

	return call(SYS_openat, P(path), dir, P(path), flags, mode, 0);
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list ap;
	long fd;

	va_start(ap, flags);
	fd = do_open(AT_FDCWD, path, flags, ap);
	va_end(ap);
	return (int)fd;
}
ALSO(open, open64);

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	long fd;

	va_start(ap, flags);
	fd = do_open(dir, path, flags, ap);
	va_end(ap);
	return (int)fd;
}
ALSO(openat, openat64);

/* what _FORTIFY_SOURCE makes of them */
int __open_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
EXPORT int __open_2(const char *path, int flags) { return open(path, flags); }
EXPORT int __openat_2(int dir, const char *path, int flags) { return openat(dir, path, flags); }
ALSO(__open_2, __open64_2);
ALSO(__openat_2, __openat64_2);

EXPORT int fstatat(int dir, const char *path, struct stat *st, int flags)
{
	return (int)call(SYS_newfstatat, P(path), dir, P(path), P(st), flags, 0);
}

EXPORT int stat(const char *path, struct stat *st) { return fstatat(AT_FDCWD, path, st, 0); }
EXPORT int lstat(const char *path, struct stat *st) { return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }

/* The same structure under another name on machines of 64 bits. */
EXPORT int fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
	return (int)call(SYS_newfstatat, P(path), dir, P(path), P(st), flags, 0);
}

EXPORT int stat64(const char *path, struct stat64 *st) { return fstatat64(AT_FDCWD, path, st, 0); }
EXPORT int lstat64(const char *path, struct stat64 *st) { return fstatat64(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }

EXPORT int statx(int dir, const char *path, int flags, unsigned mask, struct statx *st)
{
	return (int)call(SYS_statx, P(path), dir, P(path), flags, (long)mask, P(st));
}

EXPORT int access(const char *path, int mode) { return (int)call(SYS_access, P(path), P(path), mode, 0, 0, 0); }

EXPORT int faccessat(int dir, const char *path, int mode, int flags)
{
	return (int)call(flags ? SYS_faccessat2 : SYS_faccessat, P(path), dir, P(path), mode, flags, 0);
}

EXPORT ssize_t readlink(const char *path, char *out, size_t size)
{
	return call(SYS_readlink, P(path), P(path), P(out), (long)size, 0, 0);
}

EXPORT ssize_t readlinkat(int dir, const char *path, char *out, size_t size)
{
	return call(SYS_readlinkat, P(path), dir, P(path), P(out), (long)size, 0);
}
