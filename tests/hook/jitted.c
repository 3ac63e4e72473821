/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that no file has: code written into memory and run, as a JIT does. jitted CALLS [go]: getppid is called CALLS times by each of a
 * thread that was there, one that comes later, a forked child, a signal handler, a child that the code itself forked, a program that is
 * executed; and read() of a pipe, that waits. With `go` it first prints its number and waits for a line. Prints "ok" or "wrong".
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long (*call)(long nr, long a, long b, long c);
static long calls;
static volatile long bad;

static void must(int good, const char *what)
{
	if (good)
		return;
	bad++;
	fprintf(stderr, "jitted: %s\n", what);
}

static int hands[2];

static void write_code(void)
{
	/* mov rax, rdi; mov rdi, rsi; mov rsi, rdx; mov rdx, rcx; syscall; ret */
	static const unsigned char code[] = { 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xca, 0x0f, 0x05, 0xc3 };
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		exit(2);
	memcpy(at, code, sizeof(code));
	if (mprotect(at, 4096, PROT_READ | PROT_EXEC))
		exit(2);
	call = (long (*)(long, long, long, long))at;
}

static void *work(void *arg)
{
	pid_t parent = getppid();

	for (long i = 0; i < calls; i++)
		must(call(SYS_getppid, 0, 0, 0) == parent, "getppid");
	return arg;
}

static void handler(int sig)
{
	(void)sig;
	work(NULL);
}

static void *waits(void *arg)
{
	char c = 0;

	must(call(SYS_read, hands[0], (long)&c, 1) == 1 && c == 'x', "read");
	return arg;
}

static void child(void (*fn)(void), pid_t pid, const char *what)
{
	int st = 0;

	if (!pid) {
		fn();
		_exit(bad != 0);
	}
	must(pid > 0 && waitpid(pid, &st, 0) == pid && !st, what);
	if (st)
		fprintf(stderr, "jitted: status 0x%x\n", st);
}

static void work_there(void) { work(NULL); }

static char *again[4];
static void become(void) { call(SYS_execve, (long)again[0], (long)again, (long)environ); }

int main(int argc, char **argv)
{
	sigset_t all, before;
	pthread_t t, w;
	char line[16];

	calls = argc > 1 ? atol(argv[1]) : 100;
	write_code();
	if (argc > 2 && !strcmp(argv[2], "last")) {
		work(NULL);
		return bad != 0;
	}
	if (argc > 2) {
		printf("%d ready\n", getpid());
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return 2;
	}
	if (pipe(hands))
		return 2;
	signal(SIGUSR1, handler);
	signal(SIGSYS, SIG_IGN);
	pthread_create(&w, NULL, waits, NULL);
	work(NULL);
	pthread_create(&t, NULL, work, NULL);
	pthread_join(t, NULL);
	child(work_there, fork(), "a child");
	raise(SIGUSR1);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	work(NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	child(work_there, (pid_t)call(SYS_fork, 0, 0, 0), "a child of the code");
	again[0] = argv[0], again[1] = argv[1], again[2] = "last";
	child(become, fork(), "another program");
	must(call(SYS_write, hands[1], (long)"x", 1) == 1, "write");
	pthread_join(w, NULL);
	must(signal(SIGSYS, SIG_DFL) == SIG_IGN, "SIGSYS");
	printf("%s\n", bad ? "wrong" : "ok");
	return bad != 0;
}
