/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few C library functions that the bodies of helpers and maps call, for the blob: plain code and bare system calls.
 *
 * Invariant: nothing of the process is touched: no thread-local storage, no allocator, no errno (errors are told apart by the
 * callers' own means, or not at all).
 */
#include "agent/priv.h"
#include "helper/packet.h"
#include "vm/interp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* ---- memory ---- */
void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	while (n--) {
		d[n] = s[n];
		__asm__ volatile("" ::: "memory"); /* not to become a call of itself */
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

void *memchr(const void *p, int c, size_t n)
{
	const u8 *s = p;

	for (size_t i = 0; i < n; i++)
		if (s[i] == (u8)c)
			return (void *)(uintptr_t)(s + i);
	return NULL;
}

/* ---- text ---- */
size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] || !a[i])
			return (u8)a[i] - (u8)b[i];
	return 0;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, SIZE_MAX); }

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; *s || !n; s++)
		if (!strncmp(s, what, n))
			return (char *)(uintptr_t)s;
	return NULL;
}

/* ---- no heap ---- */
void *malloc(size_t n) { (void)n; return NULL; }
void free(void *p) { (void)p; }

/* ---- the system ---- */
static int error;
int *__errno_location(void) { return &error; }

static long result(long r)
{
	if (r >= 0 || r < -4095)
		return r;
	error = (int)-r; /* racy between threads; only ever copied into a program's result */
	return -1;
}

long syscall(long nr, ...)
{
	long a[6];
	va_list ap;

	if (nr == SYS_gettid)
		return agent_tid();
	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return result(syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

pid_t getpid(void) { return (pid_t)agent_tgid(); }
uid_t getuid(void) { return (uid_t)syscall6(__NR_getuid, 0, 0, 0, 0, 0, 0); }
gid_t getgid(void) { return (gid_t)syscall6(__NR_getgid, 0, 0, 0, 0, 0, 0); }

int prctl(int op, ...)
{
	va_list ap;
	long a;

	va_start(ap, op);
	a = va_arg(ap, long);
	va_end(ap);
	return (int)result(syscall6(__NR_prctl, op, a, 0, 0, 0, 0));
}

int open(const char *path, int flags, ...)
{
	return (int)result(syscall6(__NR_openat, AT_FDCWD, (long)path, flags, 0, 0, 0));
}
ssize_t read(int fd, void *buf, size_t n) { return result(syscall6(__NR_read, fd, (long)buf, (long)n, 0, 0, 0)); }
ssize_t pread(int fd, void *buf, size_t n, off_t at) { return result(syscall6(__NR_pread64, fd, (long)buf, (long)n, at, 0, 0)); }
ssize_t pwrite(int fd, const void *buf, size_t n, off_t at)
{
	return result(syscall6(__NR_pwrite64, fd, (long)buf, (long)n, at, 0, 0));
}
int close(int fd) { return (int)result(syscall6(__NR_close, fd, 0, 0, 0, 0, 0)); }
int access(const char *path, int mode)
{
	return (int)result(syscall6(__NR_faccessat, AT_FDCWD, (long)path, mode, 0, 0, 0));
}
int stat(const char *path, struct stat *st)
{
	return (int)result(syscall6(__NR_newfstatat, AT_FDCWD, (long)path, (long)st, 0, 0, 0));
}
ssize_t getrandom(void *buf, size_t n, unsigned flags)
{
	return result(syscall6(__NR_getrandom, (long)buf, (long)n, flags, 0, 0, 0));
}
ssize_t process_vm_readv(pid_t pid, const struct iovec *l, unsigned long nl, const struct iovec *r, unsigned long nr,
			 unsigned long flags)
{
	return result(syscall6(__NR_process_vm_readv, pid, (long)l, (long)nl, (long)r, (long)nr, (long)flags));
}
ssize_t process_vm_writev(pid_t pid, const struct iovec *l, unsigned long nl, const struct iovec *r, unsigned long nr,
			  unsigned long flags)
{
	return result(syscall6(__NR_process_vm_writev, pid, (long)l, (long)nl, (long)r, (long)nr, (long)flags));
}

/* The kernel's own function where the process has it: no system call for the common clocks. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	int (*vdso)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))agent_head.vdso_clock;

	if (vdso)
		return vdso(id, ts);
	return (int)result(syscall6(__NR_clock_gettime, id, (long)ts, 0, 0, 0, 0));
}

/* ---- printf: what helper/print.c makes its output of: %s %c %% and integers with flags, width and sizes ---- */
struct text { char *s; size_t room, n; };

static void put(struct text *t, char c)
{
	if (t->n + 1 < t->room)
		t->s[t->n] = c;
	t->n++;
}

struct conv { bool left, zero; int width, longs; char kind; };

static void put_field(struct text *t, const struct conv *c, const char *s, size_t n, bool minus)
{
	size_t all = n + minus, pad = (size_t)MAX(c->width, 0) > all ? (size_t)c->width - all : 0;

	for (size_t i = pad; i && !c->left && !c->zero; i--)
		put(t, ' ');
	if (minus)
		put(t, '-');
	for (size_t i = pad; i && !c->left && c->zero; i--)
		put(t, '0');
	for (size_t i = 0; i < n; i++)
		put(t, s[i]);
	for (size_t i = pad; i && c->left; i--)
		put(t, ' ');
}

static void put_int(struct text *t, const struct conv *c, u64 v)
{
	const char *digits = c->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	u64 base = c->kind == 'd' || c->kind == 'i' || c->kind == 'u' ? 10 : c->kind == 'o' ? 8 : 16;
	bool is_signed = c->kind == 'd' || c->kind == 'i', minus;
	char buf[24];
	size_t n = sizeof(buf);

	if (!c->longs)
		v = is_signed ? (u64)(s64)(s32)v : (u32)v;
	minus = is_signed && (s64)v < 0;
	if (minus)
		v = 0 - v;
	do
		buf[--n] = digits[v % base];
	while (v /= base);
	put_field(t, c, buf + n, sizeof(buf) - n, minus);
}

int snprintf(char *out, size_t room, const char *fmt, ...)
{
	struct text t = { out, room, 0 };
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		struct conv c = { .width = 0 };
		const char *s;
		char ch;

		if (*fmt != '%') {
			put(&t, *fmt);
			continue;
		}
		for (fmt++; *fmt == '-' || *fmt == '0'; fmt++)
			*(*fmt == '-' ? &c.left : &c.zero) = true;
		if (*fmt == '*') {
			c.width = va_arg(ap, int);
			fmt++;
		}
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			c.width = c.width * 10 + (*fmt - '0');
		for (; *fmt == 'l' || *fmt == 'z'; fmt++)
			c.longs++;
		c.kind = *fmt;
		switch (c.kind) {
		case 's':
			s = va_arg(ap, const char *);
			put_field(&t, &c, s, strlen(s), false);
			break;
		case 'c':
			ch = (char)va_arg(ap, int);
			put_field(&t, &c, &ch, 1, false);
			break;
		case '%':
			put(&t, '%');
			break;
		default:
			put_int(&t, &c, c.longs ? va_arg(ap, u64) : va_arg(ap, u32));
			break;
		}
	}
	va_end(ap);
	if (room)
		out[MIN(t.n, room - 1)] = 0;
	return (int)t.n;
}

/* ---- what helpers ask of rooms that are not here ---- */
struct map_self *map_self_page(void) { return &agent_head.self->who; }

/* No program in a process has a packet, and none is interpreted. */
u32 pkt_len(const struct run_pkt *p) { (void)p; return 0; }
u8 *pkt_at(const struct run_pkt *p, u64 off, u64 len) { (void)p, (void)off, (void)len; return NULL; }
void pkt_copy(const struct run_pkt *p, u64 off, void *buf, u64 len, bool into)
{
	(void)p, (void)off, (void)buf, (void)len, (void)into;
}
u64 vm_call(const struct image_sub *sub, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
{
	(void)sub, (void)r1, (void)r2, (void)r3, (void)r4, (void)r5, (void)run;
	__builtin_trap();
}
