/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the mechanism itself costs: supervisors that do nothing but take stopped calls off and answer them, or nothing but what every
 * look-up of a client needs. Prints "NAME NANOSECONDS" lines as bench/box.c does; what the box costs above these rows is the box's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rounds.h"

#define CALLS 20000
#define WAIT_KILLABLE (1UL << 5)

/* The call that stops: nobody else makes it. */
#define CALL SYS_getppid

struct way {
	const char *name;
	int threads;      /* in RECV */
	int poll_first;
	int look_up;      /* do what a look-up needs: attributes, descriptor, key in, value out */
	int cpu, far;     /* client's and supervisor's processor; -1: any */
};
static const struct way ways[] = {
	{ "floor", 1, 0, 0, -1, -1 },
	{ "floor_same_cpu", 1, 0, 0, 0, 0 },
	{ "floor_other_cpu", 1, 0, 0, 0, 1 },
	{ "floor_2_threads", 2, 0, 0, -1, -1 },
	{ "floor_poll", 1, 1, 0, -1, -1 },
	{ "floor_lookup", 1, 0, 1, -1, -1 },
};

/* The supervisor's; and what the client would have in its memory: at the same place in both. */
static const struct way *way;
static int listener, pidfd, mem;
static pid_t client;
static unsigned long long attr[16], key, value;

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (cpu >= 0)
		sched_setaffinity(0, sizeof(set), &set);
}

static void look_up(void)
{
	struct iovec here = { &value, sizeof(value) }, there = { &value, sizeof(value) };
	struct stat st;
	int fd;

	if (pread(mem, attr, 32, (off_t)(size_t)attr) != 32)
		return;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	fstat(fd, &st);
	close(fd);
	if (pread(mem, &key, 4, (off_t)(size_t)&key) == 4)
		process_vm_writev(client, &here, 1, &there, 1, 0);
}

static void *serve(void *arg)
{
	(void)arg;
	for (;;) {
		struct seccomp_notif req = { 0 };
		struct seccomp_notif_resp resp = { 0 };
		struct pollfd p = { .fd = listener, .events = POLLIN };

		if (way->poll_first)
			poll(&p, 1, -1);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req))
			return NULL;
		if (way->look_up)
			look_up();
		resp.id = req.id;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

static int filter(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(insns) / sizeof(insns[0]), insns };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE, &prog);
}

static void call(void) { syscall(CALL); }

static void be_client(int up, int go)
{
	int fd;
	char c;

	stay_on(way->cpu);
	fd = filter();
	if (write(up, &fd, sizeof(fd)) == sizeof(fd) && read(go, &c, 1) == 1)
		rounds(way->name, call, way->far > 0 ? CALLS / 20 : CALLS);
	_exit(0);
}

/* In a process of its own, whose threads end with it. */
static void supervise(void)
{
	int up[2], go[2], theirs;
	unsigned long long sync = 1; /* SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP */
	char path[40];
	pthread_t t;

	if (pipe(up) || pipe(go))
		_exit(1);
	client = fork();
	if (!client)
		be_client(up[1], go[0]);
	if (read(up[0], &theirs, sizeof(theirs)) != sizeof(theirs))
		_exit(1);
	pidfd = (int)syscall(SYS_pidfd_open, client, 0);
	listener = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	snprintf(path, sizeof(path), "/proc/%d/mem", client);
	mem = open(path, O_RDWR | O_CLOEXEC);
	ioctl(listener, SECCOMP_IOW(4, __u64), sync);
	stay_on(way->far);
	for (int i = 0; i < way->threads; i++)
		pthread_create(&t, NULL, serve, NULL);
	if (write(go[1], "", 1) == 1)
		waitpid(client, NULL, 0);
	_exit(0);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		way = &ways[i];
		if (way->far > 0 && sysconf(_SC_NPROCESSORS_ONLN) < 2)
			continue;
		if (!fork())
			supervise();
		wait(NULL);
	}
	return 0;
}
