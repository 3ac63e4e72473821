/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks in shared memory that outlive their holder.
 *
 * A lock word names the process that holds it (pid and start time, so a recycled pid is another owner) and counts how often it
 * was taken. Who waits looks after a while whether that process still exists; if not, it takes the lock over and is told so,
 * because what the lock guards may be half done. Invariant: a word whose owner part is zero is free; only the owner,
 * or the one waiter whose compare-and-swap removed a dead owner, writes to a taken word.
 */
#ifndef SKEP_MAP_LOCK_H
#define SKEP_MAP_LOCK_H

#include "base/types.h"

typedef u64 lease; /* pid: 22 bits, start time: 32, times taken: 10 */

#define LEASE_PID_BITS 22
#define LEASE_OWNER    (((u64)1 << 54) - 1)
#define LEASE_TAKEN    ((u64)1 << 54)

/* Who this process is. In memory that a fork wipes: zero means not asked yet. */
struct map_self { u64 ident; };

enum lease_got { LEASE_OK, LEASE_STOLEN /* owner died: repair first */ };

struct map_self *map_self_page(void); /* NULL: no memory */
u64 map_self_ask(struct map_self *self);
static inline u64 map_ident(struct map_self *self)
{
	u64 id = __atomic_load_n(&self->ident, __ATOMIC_RELAXED);

	return likely(id) ? id : map_self_ask(self);
}
/* Is the process gone for good? (Bits beyond the owner part are ignored.) */
bool lease_owner_dead(u64 ident);

/* enum lease_got, or -EBUSY when the holder neither moves nor dies for seconds. */
int lease_lock_slow(lease *w, u64 ident);

static inline int lease_lock(lease *w, struct map_self *self)
{
	u64 ident = map_ident(self), v = __atomic_load_n(w, __ATOMIC_RELAXED);

	if (likely(!(v & LEASE_OWNER)) &&
	    likely(__atomic_compare_exchange_n(w, &v, v | ident, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		return LEASE_OK;
	return lease_lock_slow(w, ident);
}

static inline void lease_unlock(lease *w)
{
	u64 v = __atomic_load_n(w, __ATOMIC_RELAXED);

	__atomic_store_n(w, (v & ~LEASE_OWNER) + LEASE_TAKEN, __ATOMIC_RELEASE);
}

/* The same in 32 bits, for bpf_spin_lock in values: taken bit, 9 bits of the start time, pid. */
static inline u32 lease_short(u64 ident) { return (u32)ident | 1u << 31; }
bool lease_short_dead(u32 word);

#endif
