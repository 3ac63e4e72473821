/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ringbuf: records from programs to user space, in one order.
 *
 * File: consumer page, producer page, 2 * max_entries of data (see map.h), head. Positions only grow; a record's header lies at
 * data[pos & mask]. Reserving is under the ring's lock; committing is one exchange of the header's length word.
 * A producer that dies between the two would stall every reader for ever, so a header says, in bits that readers
 * ignore, which of a table of processes holds the record, and whoever finds the oldest record busy for too long
 * and its process dead discards it.
 * Invariant: producer_pos moves, by one store, only over complete headers, and never more than mask beyond consumer_pos.
 */
#include "map/priv.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "map/os.h"

#define BUSY      BPF_RINGBUF_BUSY_BIT
#define DISCARDED BPF_RINGBUF_DISCARD_BIT
#define HDR       BPF_RINGBUF_HDR_SZ
#define MAX_SIZE  (UINT32_MAX / 4)
#define PAGE_BITS 21               /* of the header's second word: pages from the start of the file, as in Linux */
#define OWNERS    (1u << (32 - PAGE_BITS))

struct header { u32 len, where; };

static u64 *consumer_pos(const struct map *m) { return (u64 *)(void *)m->base; }
static u64 *producer_pos(const struct map *m) { return (u64 *)(void *)(m->base + MAP_PAGE); }
static struct header *header_at(const struct map *m, u64 pos)
{
	return (struct header *)(void *)(m->data + (pos & (m->desc.max_entries - 1)));
}
static u64 load(const u64 *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static u64 record_room(u32 len) { return ROUND_UP((u64)(len & ~(BUSY | DISCARDED)) + HDR, 8u); }

static int ring_check(const struct map_attr *a)
{
	(void)a;
	return 0;
}

static int ring_layout(const struct map_attr *a, struct map_geom *g)
{
	if (map_flags_unknown(a) || a->key_size || a->value_size || !a->max_entries || (a->max_entries & (a->max_entries - 1)) ||
	    a->max_entries % MAP_PAGE)
		return -EINVAL;
	g->size = g->mmap_size = 2 * MAP_PAGE + 2 * (u64)a->max_entries;
	g->data = 2 * MAP_PAGE;
	g->lane = 2 * (u64)a->max_entries;
	g->aux = geom_add(g, OWNERS * sizeof(u64));
	return 0;
}

/* ---- who holds a record ---- */

/* Discard the record at `pos` if its producer is gone. */
static bool record_of_dead(struct map *m, struct header *h, u32 len)
{
	u32 slot = __atomic_load_n(&h->where, __ATOMIC_RELAXED) >> PAGE_BITS;
	u64 owner = slot ? __atomic_load_n((u64 *)(void *)m->aux + slot, __ATOMIC_RELAXED) : 0;

	if (!owner || owner == (map_ident(m->self) & LEASE_OWNER) || !lease_owner_dead(owner))
		return false;
	return __atomic_compare_exchange_n(&h->len, &len, (len & ~BUSY) | DISCARDED, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* Discard records whose producer died before it committed them; true when there were any. */
static bool sweep(struct map *m)
{
	u64 pos = load(consumer_pos(m)), end = load(producer_pos(m));
	bool any = false;

	while (end - pos > 0 && end - pos <= m->desc.max_entries) {
		struct header *h = header_at(m, pos);
		u32 len = __atomic_load_n(&h->len, __ATOMIC_ACQUIRE);

		if (len & BUSY)
			any |= record_of_dead(m, h, len);
		pos += record_room(len);
	}
	return any;
}

/* This process' number in the ring's table; 0 when the table is full: its records are nobody's. */
static u32 owner_slot(struct map *m)
{
	u64 me = map_ident(m->self) & LEASE_OWNER, v, *t = (u64 *)(void *)m->aux;
	u32 i = __atomic_load_n(&m->ring_owner, __ATOMIC_RELAXED);

	if (likely(i && __atomic_load_n(&t[i], __ATOMIC_RELAXED) == me))
		return i;
	for (u32 pass = 0; pass < 2; pass++)
		for (i = 1; i < OWNERS; i++) {
			v = __atomic_load_n(&t[i], __ATOMIC_RELAXED);
			if (v && v != me) {
				if (!pass || !lease_owner_dead(v))
					continue;
				sweep(m); /* the number must not name records of the dead any more */
			}
			if (v != me && !__atomic_compare_exchange_n(&t[i], &v, me, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				continue;
			__atomic_store_n(&m->ring_owner, i, __ATOMIC_RELAXED);
			return i;
		}
	return 0;
}

/* ---- producing ---- */

static void kick(struct map *m)
{
	u64 one = 1;
	int fd = __atomic_load_n(&m->wake_fd, __ATOMIC_RELAXED);

	if (fd >= 0)
		os_call4(__NR_write, fd, (long)&one, sizeof(one), 0);
	else if (m->bell && !__atomic_exchange_n(&m->head->rung, 1, __ATOMIC_SEQ_CST))
		map_bell_ring(m->bell);
}

/* Whoever serves the readers is told once; that it has looked, it says in head->rung. */
void map_bell_ring(struct map_bell *b)
{
	__atomic_fetch_add(&b->rings, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&b->sleepers, __ATOMIC_SEQ_CST))
		os_call4(__NR_futex, (long)&b->rings, FUTEX_WAKE, INT32_MAX, 0);
}

bool map_ring_rung(struct map *m)
{
	if (!__atomic_load_n(&m->head->rung, __ATOMIC_RELAXED) || !__atomic_exchange_n(&m->head->rung, 0, __ATOMIC_SEQ_CST))
		return false;
	kick(m);
	return true;
}

/* Move over records that are committed, as far as the oldest busy one. Holding the lock. */
static u64 skip_committed(struct map *m, u64 prod)
{
	u64 pend = m->head->pending;

	if (prod - pend > m->desc.max_entries) /* not a place of this ring: start over from what readers have not seen */
		pend = MIN(load(consumer_pos(m)), prod);
	while (prod - pend > 0) {
		struct header *h = header_at(m, pend);
		u32 len = __atomic_load_n(&h->len, __ATOMIC_ACQUIRE);

		if (len & BUSY)
			break;
		pend += record_room(len);
	}
	__atomic_store_n(&m->head->pending, pend, __ATOMIC_RELAXED);
	return pend;
}

HOT void *map_ring_reserve(struct map *m, u64 size, u64 flags)
{
	u64 mask = m->desc.max_entries - 1, prod, next, need = ROUND_UP(size + HDR, 8u);
	struct header *h;
	u32 owner;
	int got;

	if (unlikely(flags || size > MAX_SIZE || need > mask + 1))
		return NULL;
	owner = owner_slot(m);
	got = lease_lock(&m->head->lock, m->self);
	if (unlikely(got < 0))
		return NULL;
	prod = load(producer_pos(m));
	next = prod + need;
	if (unlikely(next - load(consumer_pos(m)) > mask || next - skip_committed(m, prod) > mask)) {
		u32 n = m->head->count++;

		/* Full for long: perhaps nobody will ever commit the oldest record. */
		if (got == LEASE_STOLEN || n % 64 == 0)
			sweep(m);
		lease_unlock(&m->head->lock);
		return NULL;
	}
	h = header_at(m, prod);
	__atomic_store_n(&h->where, (u32)((u64)((u8 *)h - m->base) / MAP_PAGE) | owner << PAGE_BITS, __ATOMIC_RELAXED);
	__atomic_store_n(&h->len, (u32)size | BUSY, __ATOMIC_RELAXED);
	__atomic_store_n(producer_pos(m), next, __ATOMIC_RELEASE);
	lease_unlock(&m->head->lock);
	return h + 1;
}

static struct map *ring_at(void *sample)
{
	const struct header *h = (struct header *)sample - 1;
	uintptr_t page = (uintptr_t)h & ~(uintptr_t)(MAP_PAGE - 1);
	u64 pages = __atomic_load_n(&h->where, __ATOMIC_RELAXED) & ((1u << PAGE_BITS) - 1);

	return ((struct map **)(page - pages * MAP_PAGE))[-1];
}

static void commit(void *sample, u64 flags, u32 bits)
{
	struct header *h = (struct header *)sample - 1;
	struct map *m = ring_at(sample);
	u64 pos = (u64)((u8 *)h - m->data);
	u32 len = __atomic_load_n(&h->len, __ATOMIC_RELAXED);

	__atomic_exchange_n(&h->len, (len & ~BUSY) | bits, __ATOMIC_SEQ_CST);
	if (flags & BPF_RB_FORCE_WAKEUP)
		kick(m);
	else if (!(flags & BPF_RB_NO_WAKEUP) && (load(consumer_pos(m)) & (m->desc.max_entries - 1)) == pos)
		kick(m);
}

HOT void map_ring_submit(void *sample, u64 flags) { commit(sample, flags, 0); }
void map_ring_discard(void *sample, u64 flags) { commit(sample, flags, DISCARDED); }

HOT int map_ring_output(struct map *m, const void *data, u64 size, u64 flags)
{
	void *at;

	if (unlikely(flags & ~(u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)))
		return -EINVAL;
	at = map_ring_reserve(m, size, 0);
	if (!at)
		return -EAGAIN;
	shm_write(at, data, (u32)size);
	commit(at, flags, 0);
	return 0;
}

u64 map_ring_query(struct map *m, u64 what)
{
	u64 cons = load(consumer_pos(m)), prod = load(producer_pos(m));

	switch (what) {
	case BPF_RB_AVAIL_DATA: return prod - cons;
	case BPF_RB_RING_SIZE: return m->desc.max_entries;
	case BPF_RB_CONS_POS: return cons;
	case BPF_RB_PROD_POS: return prod;
	default: return 0;
	}
}

/* ---- user_ringbuf: user space produces ---- */

#define DRAIN_MAX (128 * 1024)
#define DYNPTR_MAX ((1u << 24) - 1) /* a record is shown to programs as a dynptr */

/* The next committed record: 0, -ENODATA: none, -EAGAIN: one was discarded, or what is wrong with it. Nothing here is trusted. */
static int user_peek(struct map *m, void **ret_data, u32 *ret_size)
{
	u64 prod = load(producer_pos(m)), cons = load(consumer_pos(m)), room;
	struct header *h;
	u32 len;

	if (prod % 8)
		return -EINVAL;
	if (cons >= prod)
		return -ENODATA;
	h = header_at(m, cons & ~7ull);
	len = __atomic_load_n(&h->len, __ATOMIC_ACQUIRE);
	room = record_room(len);
	if (room > prod - cons)
		return -EINVAL;
	if (room > m->desc.max_entries || (len & ~(BUSY | DISCARDED)) > DYNPTR_MAX)
		return -E2BIG;
	if (len & DISCARDED) {
		__atomic_store_n(consumer_pos(m), cons + room, __ATOMIC_RELEASE);
		return -EAGAIN;
	}
	if (len & BUSY)
		return -ENODATA;
	*ret_data = h + 1;
	*ret_size = len;
	return 0;
}

s64 map_user_ring_drain(struct map *m, u64 (*fn)(void *ctx, void *data, u32 size), void *ctx, u64 flags)
{
	s64 n, skipped = 0;
	u64 ret = 0, v;
	void *data;
	u32 size;
	int err = 0;

	if (flags & ~(u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))
		return -EINVAL;
	/* One drain at a time; a dead one is taken over, a living one not waited for. */
	v = __atomic_load_n(&m->head->lock, __ATOMIC_RELAXED);
	if ((v & LEASE_OWNER) && !lease_owner_dead(v))
		return -EBUSY;
	if (lease_lock(&m->head->lock, m->self) < 0)
		return -EBUSY;
	for (n = 0; n < DRAIN_MAX && !ret; n++) {
		err = user_peek(m, &data, &size);
		if (err == -EAGAIN) {
			skipped++;
			continue;
		}
		if (err)
			break;
		ret = fn(ctx, data, size);
		__atomic_store_n(consumer_pos(m), load(consumer_pos(m)) + record_room(size), __ATOMIC_RELEASE);
	}
	lease_unlock(&m->head->lock);
	if ((flags & BPF_RB_FORCE_WAKEUP) || (!(flags & BPF_RB_NO_WAKEUP) && n > 0))
		kick(m);
	return err && err != -ENODATA && err != -EAGAIN ? err : n - skipped;
}

/* ---- consuming ---- */

int map_ring_event_fd(struct map *m)
{
	int fd;

	pthread_mutex_lock(&m->objs_lock);
	if (m->wake_fd < 0) {
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fd < 0)
			fd = -errno;
		else
			__atomic_store_n(&m->wake_fd, fd, __ATOMIC_RELAXED);
	} else {
		fd = m->wake_fd;
	}
	pthread_mutex_unlock(&m->objs_lock);
	return fd;
}

s64 map_ring_consume(struct map *m, int (*fn)(void *ctx, void *data, u32 size), void *ctx)
{
	u64 pos = load(consumer_pos(m));
	s64 n = 0;

	while (load(producer_pos(m)) - pos > 0) {
		struct header *h = header_at(m, pos);
		u32 len = __atomic_load_n(&h->len, __ATOMIC_ACQUIRE);
		int ret = 0;

		if ((len & BUSY) && !record_of_dead(m, h, len))
			break;
		len = __atomic_load_n(&h->len, __ATOMIC_ACQUIRE);
		if (!(len & DISCARDED)) {
			ret = fn(ctx, h + 1, len);
			n++;
		}
		pos += record_room(len);
		__atomic_store_n(consumer_pos(m), pos, __ATOMIC_SEQ_CST);
		if (ret)
			return ret < 0 ? ret : n;
	}
	return n;
}

const struct map_ops map_ops_RINGBUF = { .lookup = NULL };
const struct map_type map_type_RINGBUF = {
	.ops = &map_ops_RINGBUF, .check = ring_check, .layout = ring_layout,
	.btf = BTF_ANSWER_EINVAL,
};
const struct map_ops map_ops_USER_RINGBUF = { .lookup = NULL };
const struct map_type map_type_USER_RINGBUF = {
	.ops = &map_ops_USER_RINGBUF, .check = ring_check, .layout = ring_layout,
	.btf = BTF_ANSWER_EINVAL,
};
