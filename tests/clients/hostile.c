/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that misbehaves. `hostile busy`: works until it is killed. `hostile fuzz N SEED`: N calls with attributes that are partly
 * sensible and partly noise, from two threads, with forks, closes and pointers that go bad in between.
 * `hostile stall N`: N calls whose results go to memory that is not there for a while.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef unsigned long long u64;
typedef unsigned int u32;

static u64 state;
static char *arena; /* readable and writable, then nothing */
#define ARENA 65536

static u32 rnd(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33);
}

static long bpf(u32 cmd, void *attr, u32 size) { return syscall(SYS_bpf, cmd, attr, size); }

static int make_map(u32 type, u32 key, u32 value, u32 n)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = n;
	return (int)bpf(BPF_MAP_CREATE, &a, sizeof(a));
}

static int make_prog(void)
{
	struct bpf_insn insns[] = { { .code = 0xb7, .dst_reg = 0, .imm = (int)rnd() }, { .code = 0x95 } };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = rnd() % 4 ? BPF_PROG_TYPE_SOCKET_FILTER : BPF_PROG_TYPE_XDP;
	a.insns = (u64)(unsigned long)insns;
	a.insn_cnt = 2;
	a.license = (u64)(unsigned long)"GPL";
	return (int)bpf(BPF_PROG_LOAD, &a, sizeof(a));
}

static void pin(int fd)
{
	char path[64];
	union bpf_attr a;

	snprintf(path, sizeof(path), "/sys/fs/bpf/h%d-%u", getpid(), rnd() % 4);
	memset(&a, 0, sizeof(a));
	a.bpf_fd = (u32)fd;
	a.pathname = (u64)(unsigned long)path;
	bpf(BPF_OBJ_PIN, &a, sizeof(a));
	unlink(path);
}

static void busy(void)
{
	state = (u64)getpid() * 77;
	for (;;) {
		int fd[4] = { make_map(1, 4, 8, 100), make_map(2, 4, 8, 10), make_map(27, 0, 0, 4096), make_prog() };
		int ep = epoll_create1(0);
		struct epoll_event e = { .events = EPOLLIN };

		epoll_ctl(ep, EPOLL_CTL_ADD, fd[2], &e);
		pin(fd[rnd() % 4]);
		if (rnd() % 4 == 0 && !fork())
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		open("/sys/kernel/tracing/available_events", O_RDONLY | O_CLOEXEC);
		close(ep);
		for (int i = 0; i < 4; i++)
			if (rnd() % 2)
				close(fd[i]);
		closefrom(rnd() % 8 ? 200 : 3);
	}
}

static u64 pointer(void)
{
	switch (rnd() % 12) {
	case 0: return 0;
	case 1: return rnd();
	case 2: return (u64)rnd() << 32;
	case 3: return (u64)(unsigned long)arena + ARENA - rnd() % 64; /* runs into nothing */
	case 4: return (u64)(unsigned long)&pointer;                   /* read-only */
	default: return (u64)(unsigned long)arena + rnd() % (ARENA / 2);
	}
}

static u32 number(void)
{
	switch (rnd() % 8) {
	case 0: return rnd();
	case 1: return 1u << rnd() % 32;
	case 2: return ~0u >> rnd() % 32;
	default: return rnd() % 40;
	}
}

/* A word of an attribute: number, descriptor or half a pointer, whatever fits the place by luck. */
static void one_bpf(void)
{
	u32 words[48] = { 0 }, n = rnd() % 20, size = rnd() % 8 ? 168 : rnd() % 5000;
	u64 p;

	for (u32 i = 0; i < n; i++)
		words[i] = number();
	for (u32 i = 0; i < n / 3; i++) {
		p = pointer();
		memcpy(&words[(rnd() % 12) * 2], &p, 8);
	}
	memcpy(arena, words, sizeof(words));
	if (rnd() % 3 == 0)
		for (int i = 0; i < 256; i++)
			arena[ARENA / 2 + i] = (char)rnd();
	bpf(rnd() % 40, rnd() % 30 ? arena : (void *)(unsigned long)pointer(), size);
}

static void one_other(void)
{
	struct stat st;
	int fds[2];

	switch (rnd() % 10) {
	case 0: syscall(SYS_perf_event_open, pointer(), (int)number(), (int)number() % 3, (int)number(), number()); break;
	case 1: ioctl((int)(rnd() % 40), 0x2400 | rnd() % 12, pointer()); break;
	case 2: syscall(SYS_epoll_ctl, rnd() % 40, rnd() % 5, rnd() % 40, pointer()); break;
	case 3: syscall(SYS_openat, rnd() % 2 ? AT_FDCWD : (int)number(), pointer(), number() & ~(u32)(O_CREAT | O_TRUNC | O_TMPFILE), 0); break;
	case 4: syscall(SYS_newfstatat, AT_FDCWD, "/sys/fs/bpf/../bpf/./x", &st, number()); break;
	case 5: syscall(SYS_readlink, "/proc/self/fd/3", pointer(), number()); break;
	case 6: close((int)(3 + rnd() % 40)); break;
	case 7: make_map(number() % 35, number() % 64, number() % 128, number() % 4096); break;
	case 8: if (!pipe(fds)) { dup2(fds[0], (int)(3 + rnd() % 40)); close(fds[0]); close(fds[1]); } break;
	default: make_prog(); break;
	}
}

static u32 calls;
static void *fuzz(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < calls; i++) {
		if (rnd() % 6)
			one_bpf();
		else
			one_other();
		if (rnd() % 3000 == 0 && !fork()) {
			one_bpf();
			_exit(0);
		}
		if (rnd() % 500 == 0)
			closefrom(3);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return NULL;
}

/* Answers into memory that nobody fetches: these calls stay in the supervisor. 0: others were served meanwhile. */
static char *nowhere;
static void *look_nowhere(void *at)
{
	syscall(SYS_stat, "/sys/fs/bpf", nowhere + 4096 * (uintptr_t)at);
	return NULL;
}

static int stall(unsigned n)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .range.len = n * 4096, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { 0 };
	pthread_t t[16];

	if (fd < 0)
		return 77;
	nowhere = mmap(NULL, n * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = zero.range.start = (uintptr_t)nowhere;
	zero.range.len = reg.range.len;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		return 77;
	for (unsigned i = 0; i < n; i++) {
		pthread_create(&t[i], NULL, look_nowhere, (void *)(uintptr_t)i);
		usleep(2000);
	}
	if (access("/sys/fs/bpf", F_OK))
		return 1;
	ioctl(fd, UFFDIO_ZEROPAGE, &zero);
	for (unsigned i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t;

	arena = mmap(NULL, ARENA + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(arena + ARENA, 4096);
	if (argc > 1 && !strcmp(argv[1], "busy"))
		busy();
	if (argc > 2 && !strcmp(argv[1], "stall"))
		return stall((unsigned)atoi(argv[2]));
	if (argc < 4)
		return 2;
	calls = (u32)strtoul(argv[2], NULL, 0) / 2;
	state = strtoull(argv[3], NULL, 0) * 7919 + 1;
	pthread_create(&t, NULL, fuzz, NULL);
	fuzz(NULL);
	pthread_join(t, NULL);
	return 0;
}
