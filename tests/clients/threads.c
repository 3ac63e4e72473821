/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes of unusual shape: the first thread has ended; a child shares the memory and then executes; descriptors are not shared. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int map(void)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 4;
	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

static int put_get(int fd, unsigned long long v)
{
	unsigned long long got = 0;
	int key = 1;
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (unsigned)fd;
	a.key = (unsigned long)&key;
	a.value = (unsigned long)&v;
	if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &a, sizeof(a)))
		return 0;
	a.value = (unsigned long)&got;
	return !syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &a, sizeof(a)) && got == v;
}

static void *apart(void *arg)
{
	int fd;

	(void)arg;
	if (unshare(CLONE_FILES))
		return NULL;
	fd = map();
	printf("%s a thread with descriptors of its own\n", fd >= 0 && put_get(fd, 3) ? "ok" : "not ok");
	return NULL;
}

static void *last(void *arg)
{
	int fd;

	(void)arg;
	usleep(100000); /* the first thread has ended by now */
	fd = map();
	printf("%s the first thread has ended\n", fd >= 0 && put_get(fd, 2) ? "ok" : "not ok");
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_t t;
	int fd = map(), status;

	if (argc > 1) { /* after vfork and execve */
		printf("%s executed\n", fd >= 0 && put_get(fd, 5) ? "ok" : "not ok");
		return 0;
	}
	printf("%s plain\n", put_get(fd, 1) ? "ok" : "not ok");
	fflush(stdout);
	if (!vfork()) {
		if (map() < 0)
			_exit(1);
		execl(argv[0], argv[0], "again", NULL);
		_exit(1);
	}
	wait(&status);
	printf("%s the parent after vfork\n", !status && put_get(fd, 4) ? "ok" : "not ok");
	pthread_create(&t, NULL, apart, NULL);
	pthread_join(t, NULL);
	fflush(stdout);
	pthread_create(&t, NULL, last, NULL);
	pthread_exit(NULL);
}
