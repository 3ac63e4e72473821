/* SPDX-License-Identifier: BSD-2-Clause */
/* Grace periods: see grace.h. */
#include "base/grace.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct deferred { struct deferred *next; u64 epoch; void (*fn)(void *); void *arg; };

__thread struct grace_slot *grace_self;
u64 grace_epoch = 1;
bool grace_fences;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static struct grace_slot *slots;
static struct deferred *waiting; /* newest first */

static long barrier(int cmd)
{
	return syscall(SYS_membarrier, cmd, 0, 0);
}

static void thread_ends(void *slot)
{
	struct grace_slot *s = slot;

	grace_self = NULL;
	__atomic_store_n(&s->inside, 0, __ATOMIC_RELEASE);
	s->nest = 0;
	__atomic_store_n(&s->used, 0, __ATOMIC_RELEASE);
}

/* Only the thread that forked is there. */
static void in_child(void)
{
	for (struct grace_slot *s = slots; s; s = s->next)
		if (s != grace_self) {
			s->inside = 0;
			s->nest = s->used = 0;
		}
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
static void after_fork_child(void)
{
	in_child();
	pthread_mutex_unlock(&lock);
}

static void begin(void)
{
	grace_fences = barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0;
	pthread_key_create(&key, thread_ends);
	pthread_atfork(before_fork, after_fork, after_fork_child);
}

struct grace_slot *grace_register(void)
{
	static struct grace_slot spare = { .used = 1 }; /* without memory: shared, and so nobody is ever seen to leave */
	struct grace_slot *s;

	pthread_once(&once, begin);
	pthread_mutex_lock(&lock);
	for (s = slots; s && __atomic_load_n(&s->used, __ATOMIC_ACQUIRE); s = s->next)
		;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (s) {
			s->next = slots;
			slots = s;
		}
	}
	if (s)
		s->used = 1;
	pthread_mutex_unlock(&lock);
	grace_self = s ? s : &spare;
	if (s)
		pthread_setspecific(key, s);
	else
		spare.nest = 1;
	return grace_self;
}

/* The oldest time at which anybody came in who is inside; ~0: nobody is. The lock is held. */
static u64 oldest(void)
{
	u64 min = ~0ull;

	if (grace_fences)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	else
		barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	for (const struct grace_slot *s = slots; s; s = s->next) {
		u64 inside = __atomic_load_n(&s->inside, __ATOMIC_ACQUIRE);
		if (inside)
			min = MIN(min, inside);
	}
	return min;
}

/* What may be done now, taken off the list. The lock is held. */
static struct deferred *ripe(void)
{
	u64 min = waiting ? oldest() : 0;
	struct deferred **p = &waiting, *list;

	while (*p && (*p)->epoch > min)
		p = &(*p)->next;
	list = *p;
	*p = NULL;
	return list;
}

static void run_list(struct deferred *d)
{
	while (d) {
		struct deferred *next = d->next;
		d->fn(d->arg);
		free(d);
		d = next;
	}
}

void grace_defer(void (*fn)(void *), void *arg)
{
	struct deferred *d = malloc(sizeof(*d)), *list;

	pthread_once(&once, begin);
	if (!d) {
		if (!grace_self || !grace_self->nest)
			grace_flush(true);
		fn(arg);
		return;
	}
	pthread_mutex_lock(&lock);
	*d = (struct deferred){ .next = waiting, .fn = fn, .arg = arg };
	/* whoever enters from now on does not see it any more */
	d->epoch = __atomic_add_fetch(&grace_epoch, 1, __ATOMIC_SEQ_CST);
	waiting = d;
	list = ripe();
	pthread_mutex_unlock(&lock);
	run_list(list);
}

void grace_flush(bool wait)
{
	struct deferred *list;
	bool more;

	do {
		pthread_mutex_lock(&lock);
		list = ripe();
		more = waiting != NULL;
		pthread_mutex_unlock(&lock);
		run_list(list);
		if (more && wait)
			sched_yield();
	} while (more && wait);
}
