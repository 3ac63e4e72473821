/* SPDX-License-Identifier: BSD-2-Clause */
/* What stock tracing tools look at in tests: `toolload WHAT` does a known list of things, by the system calls that the tools watch. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noclone, used))

static volatile long sink;

static void files(void)
{
	struct stat st;
	int fd;

	for (int i = 0; i < 3; i++) {
		fd = open("/etc/hostname", O_RDONLY);
		close(fd);
	}
	open("/nonexistent/tl", O_RDONLY);
	open("/etc/hostname/tl", O_RDWR);
	fd = open("tl-made", O_CREAT | O_RDWR, 0600);
	close(fd);
	syscall(SYS_open, "tl-made", O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, (void *)8, O_RDONLY);
	unlink("tl-made");
	syscall(SYS_stat, "/etc", &st);
	syscall(SYS_lstat, "/nonexistent", &st);
}

static void stats(void)
{
	struct statx x;
	struct stat st;
	struct statfs fs;

	syscall(SYS_stat, "/etc", &st);
	syscall(SYS_stat, "/nonexistent/tl", &st);
	syscall(SYS_lstat, "/etc/hostname", &st);
	syscall(SYS_lstat, "/etc/hostname/tl", &st);
	statx(AT_FDCWD, "/usr/bin", 0, STATX_ALL, &x);
	statx(AT_FDCWD, "tl-none", 0, STATX_ALL, &x);
	statfs("/", &fs);
	statfs("tl-none", &fs);
}

static void syncs(void)
{
	int fd = open("tl-sync", O_CREAT | O_RDWR, 0600);
	void *m;

	if (fd < 0 || ftruncate(fd, 4096))
		exit(1);
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fsync(fd);
	fdatasync(fd);
	sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE);
	msync(m, 4096, MS_SYNC);
	syncfs(-1);
	fsync(-1);
	unlink("tl-sync");
}

static void kills(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	kill(pid, 0);
	signal(SIGUSR1, SIG_IGN);
	kill(getpid(), SIGUSR1);
	kill(0x3ffffff0, SIGTERM);
	kill(pid, 99);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static void uids(void)
{
	syscall(SYS_setuid, getuid());
	syscall(SYS_setresuid, -1, getuid(), -1);
	syscall(SYS_setfsuid, getuid());
}

static void naps(void)
{
	struct timespec none = { 0, 0 }, one = { 0, 1500000 }, two = { 0, 20000000 };

	syscall(SYS_nanosleep, &none, NULL);
	syscall(SYS_nanosleep, &one, NULL);
	syscall(SYS_nanosleep, &two, NULL);
}

FUNCTION static void *tl_first(void *p) { return p; }
FUNCTION static void *tl_second(void *p) { return p; }

static void threads(void)
{
	pthread_t t[3];

	pthread_create(&t[0], NULL, tl_first, NULL);
	pthread_create(&t[1], NULL, tl_second, NULL);
	pthread_create(&t[2], NULL, tl_second, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

static void run(char *const argv[])
{
	pid_t pid = fork();

	if (!pid) {
		for (char *const *a = argv; *a; a++)
			sink += (long)strlen(*a); /* the kernel's programs read what is in memory only */
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static void execs(void)
{
	char *echo[] = { "/bin/true", "tl-one", "with spaces", "", "tl-end", NULL };
	char *none[] = { "/nonexistent/tl", "tl-two", NULL };
	char *sh[] = { "/bin/sh", "-c", "/bin/true tl-three; exec /bin/true tl-four", NULL };

	run(echo);
	run(none);
	run(sh);
}

/* ends in each way */
static void ends(void)
{
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (!pid) {
			struct timespec t = { 0, 30000000 };

			if (i == 1)
				_exit(7);
			nanosleep(&t, NULL); /* a signal takes a process that has lived */
			if (i == 2)
				raise(SIGKILL);
			if (i == 3)
				raise(SIGTERM);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

static void forks(void)
{
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

/* calls that nobody else makes often */
static void calls(void)
{
	for (int i = 0; i < 20000; i++)
		syscall(SYS_getpgid, 0);
	for (int i = 0; i < 19000; i++)
		syscall(SYS_getsid, 0);
	for (int i = 0; i < 18000; i++)
		syscall(SYS_sched_get_priority_max, 0);
	for (int i = 0; i < 17000; i++)
		syscall(SYS_getpriority, 99, 0);
}

static void hosts(void)
{
	struct addrinfo hint = { .ai_flags = AI_NUMERICHOST }, *a;

	if (!getaddrinfo("127.0.0.1", NULL, &hint, &a))
		freeaddrinfo(a);
	if (!getaddrinfo("localhost", NULL, NULL, &a))
		freeaddrinfo(a);
	gethostbyname("localhost");
	gethostbyname2("127.0.0.2", AF_INET);
}

FUNCTION long tl_short(long a)
{
	sink += a;
	return a;
}
FUNCTION long tl_long(long a)
{
	struct timespec t = { 0, 3000000 };

	nanosleep(&t, NULL);
	return tl_short(a);
}

static void functions(void)
{
	for (int i = 0; i < 5000; i++)
		tl_short(i);
	for (int i = 0; i < 20; i++)
		tl_long(i);
}

/* memory: 64 pieces of 1,000 bytes stay, as many of 3,000 are given back */
FUNCTION void *tl_keeps(void) { return malloc(1000); }
FUNCTION void *tl_gives(void) { return malloc(3000); }

static void leaks(void)
{
	struct timespec t = { 0, 20000000 };

	for (int i = 0; i < 64; i++) {
		static void *keep[64];
		void *p = tl_gives();

		keep[i] = tl_keeps();
		free(p);
		nanosleep(&t, NULL);
	}
	t.tv_sec = 3;
	nanosleep(&t, NULL);
}

FUNCTION void tl_spins(void)
{
	for (long i = 0; i < 2000000; i++)
		sink += i;
}

static void spins(void)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do {
		tl_spins();
		clock_gettime(CLOCK_MONOTONIC, &b);
	} while ((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 1500);
}

static const struct { const char *name; void (*fn)(void); } all[] = {
	{ "files", files }, { "stats", stats }, { "syncs", syncs }, { "kills", kills }, { "uids", uids }, { "naps", naps },
	{ "threads", threads }, { "execs", execs }, { "ends", ends }, { "forks", forks }, { "calls", calls }, { "hosts", hosts },
	{ "functions", functions }, { "leaks", leaks }, { "spins", spins },
};

int main(int argc, char **argv)
{
	for (int a = 1; a < argc; a++)
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (!strcmp(argv[a], all[i].name))
				all[i].fn();
	return 0;
}
