/* SPDX-License-Identifier: BSD-2-Clause */
/* Grace periods: nothing is freed under who was inside, everything is freed afterwards. */
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/grace.h"
#include "unit/test.h"

static u32 done;

static void note(void *arg)
{
	*(u32 *)arg += 1;
}

static u32 step;

static void *visitor(void *arg)
{
	(void)arg;
	grace_enter();
	grace_enter();
	__atomic_store_n(&step, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&step, __ATOMIC_SEQ_CST) < 2)
		sched_yield();
	grace_leave();
	__atomic_store_n(&step, 3, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&step, __ATOMIC_SEQ_CST) < 4)
		sched_yield();
	grace_leave();
	__atomic_store_n(&step, 5, __ATOMIC_SEQ_CST);
	return NULL;
}

static void wait_for(u32 n)
{
	while (__atomic_load_n(&step, __ATOMIC_SEQ_CST) != n)
		sched_yield();
}

TEST(waits_for_who_is_inside)
{
	pthread_t t;

	done = 0;
	grace_defer(note, &done);
	CHECK_EQ(done, 1); /* nobody is inside */
	pthread_create(&t, NULL, visitor, NULL);
	wait_for(1);
	grace_defer(note, &done);
	grace_flush(false);
	CHECK_EQ(done, 1);
	__atomic_store_n(&step, 2, __ATOMIC_SEQ_CST);
	wait_for(3);
	grace_flush(false);
	CHECK_EQ(done, 1); /* still inside: it had entered twice */
	/* who comes in now does not hold up what was deferred before */
	grace_enter();
	__atomic_store_n(&step, 4, __ATOMIC_SEQ_CST);
	wait_for(5);
	grace_flush(false);
	CHECK_EQ(done, 2);
	grace_defer(note, &done);
	CHECK_EQ(done, 2); /* this one waits for ourselves */
	grace_leave();
	grace_flush(true);
	CHECK_EQ(done, 3);
	pthread_join(t, NULL);
}

/* Readers follow a pointer; what it pointed to before is poisoned when nobody can follow it any more. */
struct box { u64 value; };
static struct box *shared;
static bool stop;

static void poison(void *p)
{
	((struct box *)p)->value = 0;
}

static void *reader(void *arg)
{
	u64 *bad = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		grace_enter();
		struct box *b = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
		for (u32 i = 0; i < 20; i++)
			*bad += __atomic_load_n(&b->value, __ATOMIC_RELAXED) != 7;
		grace_leave();
	}
	return NULL;
}

TEST(readers_and_a_writer)
{
	static struct box box[3000];
	pthread_t t[2];
	u64 bad[2] = { 0 };

	for (u32 i = 0; i < ARRAY_SIZE(box); i++)
		box[i].value = 7;
	shared = &box[0];
	for (u32 i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, reader, &bad[i]);
	for (u32 i = 1; i < ARRAY_SIZE(box); i++) {
		__atomic_store_n(&shared, &box[i], __ATOMIC_RELEASE);
		grace_defer(poison, &box[i - 1]);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (u32 i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	grace_flush(true);
	CHECK_EQ(bad[0] + bad[1], 0);
	CHECK_EQ(box[ARRAY_SIZE(box) - 2].value, 0);
}

/* A child has none of the parent's other threads, and waits for none. */
TEST(fork_inside)
{
	pthread_t t;
	int status;
	pid_t pid;

	step = 0;
	pthread_create(&t, NULL, visitor, NULL);
	wait_for(1);
	pid = fork();
	if (!pid) {
		u32 n = 0;
		grace_defer(note, &n);
		_exit(n == 1 ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	__atomic_store_n(&step, 2, __ATOMIC_SEQ_CST);
	wait_for(3);
	__atomic_store_n(&step, 4, __ATOMIC_SEQ_CST);
	pthread_join(t, NULL);
}
