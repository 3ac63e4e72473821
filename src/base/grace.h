/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for who may still be using what was taken away: threads that run programs say when they are inside, and what is to be
 * freed waits until all that were inside at that time have left.
 *
 * Entering costs two plain stores: whoever frees orders them by membarrier(2), on a kernel that lacks it by fences on both sides.
 * Invariant: what is deferred is done by a thread that is not inside, or that entered after it was deferred.
 */
#ifndef SKEP_BASE_GRACE_H
#define SKEP_BASE_GRACE_H

#include "base/types.h"

struct grace_slot { u64 inside; u32 nest, used; struct grace_slot *next; };

extern __thread struct grace_slot *grace_self __attribute__((tls_model("initial-exec")));
extern u64 grace_epoch;
extern bool grace_fences;

struct grace_slot *grace_register(void); /* this thread's; never NULL */

static inline void grace_enter(void)
{
	struct grace_slot *s = likely(grace_self != NULL) ? grace_self : grace_register();

	if (s->nest++)
		return;
	__atomic_store_n(&s->inside, __atomic_load_n(&grace_epoch, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	if (unlikely(grace_fences))
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void grace_leave(void)
{
	struct grace_slot *s = grace_self;

	if (--s->nest)
		return;
	__atomic_store_n(&s->inside, 0, __ATOMIC_RELEASE);
}

/* Call fn(arg) when nobody is inside who is now: at once, in a later call, or in grace_flush(). */
void grace_defer(void (*fn)(void *arg), void *arg);
/* Do what can be done; with `wait` all of it. Not from inside. */
void grace_flush(bool wait);

#endif
