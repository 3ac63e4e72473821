/* SPDX-License-Identifier: BSD-2-Clause */
/* A process with something to see: a child that execs, a thread, and time spent in known functions. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) int spin(int n)
{
	volatile int x = 0;

	for (int i = 0; i < n; i++)
		x += i;
	return x;
}

static __attribute__((noinline)) int work(int n)
{
	int r = 0;

	for (int i = 0; i < n; i++)
		r += spin(1000000);
	return r;
}

static void *thread(void *arg)
{
	(void)arg;
	work(50);
	return NULL;
}

int main(int argc, char **argv)
{
	int children = argc > 1 ? atoi(argv[1]) : 3, rounds = argc > 2 ? atoi(argv[2]) : 100;
	pthread_t t;

	for (int i = 0; i < children; i++) {
		pid_t p = fork();
		if (!p) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		waitpid(p, NULL, 0);
	}
	pthread_create(&t, NULL, thread, NULL);
	work(rounds);
	pthread_join(t, NULL);
	return 0;
}
