/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vforks ROUNDS: most of the time a child uses this process's memory, and this process waits for it. After each child work() runs a
 * hundred times.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile long sum;
static char *argv[] = { "true", NULL };

__attribute__((noinline, noclone, used)) void work(long i) { sum += i; }

int main(int argc, char **args)
{
	struct timespec nap = { 0, 100000000 }, rest = { 0, 2000000 };

	for (int i = 0; i < (argc > 1 ? atoi(args[1]) : 1); i++) {
		pid_t pid = vfork();

		if (!pid) {
			syscall(SYS_nanosleep, &nap, NULL);
			execv("/bin/true", argv);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
		for (long k = 0; k < 100; k++)
			work(k);
		nanosleep(&rest, NULL);
	}
	printf("%ld\n", sum);
	return 0;
}
