/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that makes the calls that programs decide about with random arguments: bad pointers, lengths that lie, descriptors of any kind,
 * paths that lead in circles. Usage: noise CALLS SEED. Prints "done" when it was not killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 65536

static uint64_t state;
static unsigned char *buf; /* PAGE bytes, and none behind them */

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static long pick(long a, long b, long c, long d) { return (const long[]){ a, b, c, d }[rnd() % 4]; }

static long pointer(void)
{
	switch (rnd() % 6) {
	case 0: return 0;
	case 1: return (long)rnd();
	case 2: return (long)(buf + PAGE - rnd() % 64);
	default: return (long)(buf + rnd() % 4096);
	}
}

static long length(void)
{
	switch (rnd() % 6) {
	case 0: return 0;
	case 1: return (long)rnd();
	case 2: return -1;
	default: return (long)(rnd() % 200);
	}
}

static long descriptor(void)
{
	return rnd() % 8 ? (long)(3 + rnd() % 12) : (long)(rnd() % 2000) - 1;
}

static void fill(void)
{
	static const char *const paths[] = { "/proc/self/fd/3", "/dev/null", "aa", "bb", "/dev/tty", "./aa/..", "/proc/self/maps", "",
					     "/sys/fs/bpf/x", "//sys/fs/bpf/../bpf/y", "/proc/self/root/etc/passwd", "/dev/stdin/x", "cc/",
					     "/proc/thread-self/fd/0" };
	size_t at = rnd() % 4000;

	for (int k = 0; k < 64; k++)
		buf[rnd() % 4096] = (unsigned char)rnd();
	if (rnd() % 2)
		strcpy((char *)buf + at, paths[rnd() % (sizeof(paths) / sizeof(*paths))]);
	if (rnd() % 2) {
		uint16_t family = (uint16_t)pick(AF_UNIX, AF_INET, AF_INET6, AF_NETLINK);

		memcpy(buf + at, &family, sizeof(family));
	}
	if (rnd() % 3 == 0) {
		struct msghdr *h = (struct msghdr *)(void *)(buf + rnd() % 64 * 16);
		struct iovec *v = (struct iovec *)(void *)(buf + 2048);

		*h = (struct msghdr){ .msg_name = (void *)pointer(), .msg_namelen = (socklen_t)length(), .msg_iov = v, .msg_iovlen = rnd() % 4,
				      .msg_control = (void *)pointer(), .msg_controllen = (size_t)length() };
		for (int k = 0; k < 4; k++)
			v[k] = (struct iovec){ (void *)pointer(), (size_t)length() };
	}
}

/* Nothing may wait, and nothing may change what others have. */
static void call(void)
{
	const long wait = MSG_DONTWAIT;

	switch (rnd() % 22) {
	case 0: syscall(SYS_socket, pick(AF_UNIX, AF_INET, AF_INET6, AF_NETLINK), pick(1, 2, 3, 5) | SOCK_NONBLOCK, rnd() % 20); break;
	case 1: syscall(SYS_connect, descriptor(), pointer(), length()); break;
	case 2: syscall(SYS_bind, descriptor(), pointer(), length()); break;
	case 3: syscall(SYS_sendto, descriptor(), pointer(), length(), rnd() | wait, pointer(), length()); break;
	case 4: syscall(SYS_sendmsg, descriptor(), pointer(), rnd() | wait); break;
	case 5: syscall(SYS_sendmmsg, descriptor(), pointer(), rnd() % 8, rnd() | wait); break;
	case 6: syscall(SYS_recvfrom, descriptor(), pointer(), length(), rnd() | wait, pointer(), pointer()); break;
	case 7: syscall(SYS_recvmsg, descriptor(), pointer(), rnd() | wait); break;
	case 8: syscall(SYS_recvmmsg, descriptor(), pointer(), rnd() % 8, rnd() | wait, pointer()); break;
	case 9: syscall(SYS_listen, descriptor(), rnd()); break;
	case 10: syscall(SYS_getpeername, descriptor(), pointer(), pointer()); break;
	case 11: syscall(SYS_getsockname, descriptor(), pointer(), pointer()); break;
	case 12: syscall(SYS_getsockopt, descriptor(), rnd() % 2, rnd() % 80, pointer(), pointer()); break;
	case 13: syscall(SYS_setsockopt, descriptor(), rnd() % 2, rnd() % 80, pointer(), length()); break;
	case 14: syscall(SYS_openat, rnd() % 2 ? AT_FDCWD : descriptor(), pointer(), rnd() | O_NONBLOCK, 0600); break;
	case 15: syscall(SYS_openat2, rnd() % 2 ? AT_FDCWD : descriptor(), pointer(), pointer(), 24); break;
	case 16: syscall(SYS_mkdirat, AT_FDCWD, pointer(), 0700); break;
	case 17: syscall(SYS_unlinkat, AT_FDCWD, pointer(), rnd() % 2 ? AT_REMOVEDIR : 0); break;
	case 18: syscall(SYS_renameat2, AT_FDCWD, pointer(), AT_FDCWD, pointer(), rnd() % 8); break;
	case 19: syscall(SYS_pidfd_send_signal, descriptor(), 0, pointer(), rnd() % 8); break;
	case 20: syscall(SYS_execveat, rnd() % 2 ? AT_FDCWD : descriptor(), pointer(), pointer(), pointer(), 0); break;
	default: close(3 + (int)(rnd() % 12)); break;
	}
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000;

	state = (argc > 2 ? strtoull(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15ull + 1;
	signal(SIGPIPE, SIG_IGN);
	buf = mmap(NULL, PAGE + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buf == MAP_FAILED || mprotect(buf + PAGE, 4096, PROT_NONE))
		return 3;
	for (long i = 0; i < n; i++) {
		fill();
		call();
	}
	puts("done");
	return 0;
}
