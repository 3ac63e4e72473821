/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests attach to: functions that are called a known number of times by several threads, and whose results are checked.
 * target THREADS CALLS [signals]: prints "PID ready", waits for a line on its input, runs (without CALLS until there is a second line),
 * prints "ok" or "wrong". With signals each thread is interrupted all the time by a handler that takes long, on its own or another stack.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long calls;
static int parent;
static volatile int stop;

__attribute__((noinline)) uint64_t work(uint64_t a, uint64_t b)
{
	__asm__ volatile("");
	return a * 3 + b;
}

__attribute__((noinline, optimize("O1"))) uint64_t recurse(uint64_t n)
{
	__asm__ volatile("");
	return n ? recurse(n - 1) + n : 0;
}

static __thread jmp_buf jump;
__attribute__((noinline)) void leaves(uint64_t deep)
{
	__asm__ volatile("");
	if (!deep)
		longjmp(jump, 1);
	leaves(deep - 1);
	__asm__ volatile("");
}

__attribute__((noinline)) double floats(double x, double y)
{
	__asm__ volatile("");
	return x * y + 0.5;
}

static int signals;
static volatile uint64_t handled;

static void handler(int sig)
{
	struct timespec t = { 0, 1500000 };

	(void)sig;
	handled++;
	nanosleep(&t, NULL);
}

/* A signal every two milliseconds; on another stack in every second thread. */
static void be_interrupted(void *stack)
{
	struct itimerspec it = { { 0, 2000000 }, { 0, 2000000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	stack_t alt = { .ss_sp = stack, .ss_size = 65536 };
	timer_t t;

	ev._sigev_un._tid = gettid();
	if ((gettid() % 2 && sigaltstack(&alt, NULL)) || timer_create(CLOCK_MONOTONIC, &ev, &t) || timer_settime(t, 0, &it, NULL))
		abort();
}

static void *thread(void *arg)
{
	uint64_t bad = 0;

	if (signals)
		be_interrupted(malloc(65536));
	for (long i = 0; calls ? i < calls : !stop; i++) {
		bad += work((uint64_t)i, 7) != (uint64_t)i * 3 + 7;
		if (i % 16 == 0)
			bad += recurse(10) != 55;
		if (i % 64 == 0 && !setjmp(jump))
			leaves(3);
		if (i % 256 == 0)
			bad += getppid() != parent;
		bad += floats((double)i, 2.0) != (double)i * 2.0 + 0.5;
	}
	*(uint64_t *)arg = bad;
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t t[64];
	uint64_t bad[64] = { 0 }, sum = 0;
	char line[16];

	parent = getppid();
	calls = argc > 2 ? atol(argv[2]) : 1000;
	signals = argc > 3;
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART }, NULL);
	if (n > 64)
		n = 64;
	printf("%d ready\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 2;
	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, thread, &bad[i]);
	if (!calls && fgets(line, sizeof(line), stdin))
		stop = 1;
	for (int i = 0; i < n; i++) {
		pthread_join(t[i], NULL);
		sum += bad[i];
	}
	printf("%s\n", sum ? "wrong" : "ok");
	return sum != 0;
}
