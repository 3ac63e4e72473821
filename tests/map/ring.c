/* SPDX-License-Identifier: BSD-2-Clause */
/* ringbuf: order, space, wake-ups, readers that map the descriptor as libbpf does, and producers that die. */
#include <poll.h>

#include "map/kit.h"

static struct map *ring(u32 size)
{
	return kit_map((struct map_attr){ .type = BPF_MAP_TYPE_RINGBUF, .max_entries = size });
}

struct seen { u64 n, sum, last; bool bad; };

static int see(void *ctx, void *data, u32 size)
{
	struct seen *s = ctx;
	u64 v;

	if (size < 8)
		return 0;
	memcpy(&v, data, 8);
	for (u32 i = 8; i < size; i++)
		s->bad |= ((u8 *)data)[i] != (u8)v;
	s->n++;
	s->sum += v;
	s->last = v;
	return 0;
}

TEST(order_and_wrap)
{
	struct map *m = ring(4096);
	struct seen s = { 0 };
	u8 buf[512];

	for (u64 i = 0; i < 20000; i++) {
		u32 size = 8 + (u32)(i * 37 % 500);

		memset(buf, (int)(u8)i, sizeof(buf));
		memcpy(buf, &i, 8);
		CHECK_EQ(map_ring_output(m, buf, size, 0), 0);
		if (i % 3 == 2) {
			CHECK_EQ(map_ring_consume(m, see, &s), 3);
			CHECK_EQ(s.last, i);
		}
	}
	map_ring_consume(m, see, &s);
	CHECK_EQ(s.n, 20000);
	CHECK(!s.bad);
	CHECK_EQ(map_ring_query(m, BPF_RB_AVAIL_DATA), 0);
	CHECK_EQ(map_ring_query(m, BPF_RB_RING_SIZE), 4096);
	CHECK_EQ(map_ring_query(m, BPF_RB_CONS_POS), map_ring_query(m, BPF_RB_PROD_POS));
	kit_put(m);
}

TEST(space)
{
	struct map *m = ring(4096);
	void *a, *b;

	CHECK(!map_ring_reserve(m, 4096, 0));
	CHECK(!map_ring_reserve(m, ~0ull - 8, 0));
	CHECK(!map_ring_reserve(m, 8, 1));
	a = map_ring_reserve(m, 2000, 0);
	b = map_ring_reserve(m, 2000, 0);
	CHECK(a && b);
	CHECK(!map_ring_reserve(m, 2000, 0));
	map_ring_discard(b, 0);
	CHECK(!map_ring_reserve(m, 2000, 0));
	map_ring_submit(a, 0);
	CHECK_EQ(map_ring_consume(m, see, &(struct seen){ 0 }), 1);
	a = map_ring_reserve(m, 4000, 0);
	CHECK(a != NULL);
	map_ring_submit(a, 0);
	CHECK_EQ(map_ring_output(m, a, 200, 0), -EAGAIN);
	CHECK_EQ(map_ring_output(m, a, 8, 4), -EINVAL);
	CHECK_EQ(map_lookup(m, NULL, NULL, 0), -ENOTSUPP);
	CHECK_EQ(map_update(m, NULL, NULL, 0), -ENOTSUPP);
	CHECK_EQ(map_delete(m, NULL), -ENOTSUPP);
	CHECK_EQ(map_next_key(m, NULL, NULL), -ENOTSUPP);
	kit_put(m);
}

TEST(wakes)
{
	struct map *m = ring(4096);
	struct pollfd p = { .fd = map_ring_event_fd(m), .events = POLLIN };
	u64 v = 1;

	CHECK_EQ(poll(&p, 1, 0), 0);
	map_ring_output(m, &v, 8, BPF_RB_NO_WAKEUP);
	CHECK_EQ(poll(&p, 1, 0), 0);
	map_ring_consume(m, see, &(struct seen){ 0 });
	map_ring_output(m, &v, 8, 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(read(p.fd, &v, 8), 8);
	map_ring_output(m, &v, 8, 0); /* the reader is behind: no second kick */
	CHECK_EQ(poll(&p, 1, 0), 0);
	map_ring_output(m, &v, 8, BPF_RB_FORCE_WAKEUP);
	CHECK_EQ(poll(&p, 1, 0), 1);
	kit_put(m);
}

/* Consumer page, producer page and twice the data, read-only, as libbpf maps them. */
TEST(mapped)
{
	struct map *m = ring(8192);
	u64 *cons = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, m->obj.memfd, 0);
	u8 *prod = mmap(NULL, 4096 + 2 * 8192, PROT_READ, MAP_SHARED, m->obj.memfd, 4096), buf[3000];

	CHECK(cons != MAP_FAILED && prod != MAP_FAILED);
	for (u32 i = 0; i < 1000; i++) {
		u64 pos = *cons;
		u8 *rec = prod + 4096 + (pos & 8191);
		u32 len;

		memset(buf, (int)(u8)i, sizeof(buf));
		CHECK_EQ(map_ring_output(m, buf, sizeof(buf), 0), 0);
		CHECK_EQ(*(u64 *)(void *)prod, pos + 3008);
		memcpy(&len, rec, 4);
		CHECK_EQ(len, 3000);
		CHECK(!memcmp(rec + 8, buf, sizeof(buf)));
		__atomic_store_n(cons, pos + 3008, __ATOMIC_RELEASE);
	}
	munmap(cons, 4096);
	munmap(prod, 4096 + 2 * 8192);
	kit_put(m);
}

struct feed { struct map *m; u32 each; u32 producers; };

static void feed(void *arg, u32 i)
{
	struct feed *f = arg;

	for (u64 n = 0; n < f->each;) {
		u32 size = 8 + (u32)(n * 13 + i) % 100;
		u8 *p = map_ring_reserve(f->m, size, 0);

		if (!p)
			continue;
		u64 v = (u64)i << 32 | n++;
		memset(p, (int)(u8)v, size);
		memcpy(p, &v, 8);
		map_ring_submit(p, 0);
	}
}

static int in_order(void *ctx, void *data, u32 size)
{
	u64 *last = ctx, v;

	memcpy(&v, data, 8);
	CHECK_EQ(v & 0xffffffff, last[v >> 32]);
	last[v >> 32]++;
	for (u32 i = 8; i < size; i++)
		if (((u8 *)data)[i] != (u8)v)
			CHECK(!"torn record");
	return 0;
}

static void feed_or_drain(void *arg, u32 i)
{
	struct feed *f = arg;
	u64 last[32] = { 0 }, n = 0, start = kit_now();

	if (i < f->producers) {
		feed(arg, i);
		return;
	}
	while (n < (u64)f->each * f->producers && kit_now() - start < 30000000000ull) {
		s64 got = map_ring_consume(f->m, in_order, last);
		n += (u64)MAX(got, 0);
	}
	CHECK_EQ(n, (u64)f->each * f->producers);
}

TEST(many_producers)
{
	struct feed f = { ring(16384), 5000, 4 };

	kit_threads(5, feed_or_drain, &f);
	CHECK(kit_forks(5, feed_or_drain, &f));
	kit_put(f.m);
}

/* A producer that dies holding a record stops nobody. */
TEST(killed)
{
	struct map *m = ring(4096);
	struct seen s = { 0 };

	for (u32 i = 0; i < 200; i++) {
		pid_t pid = fork();
		u64 start, v = i;

		if (!pid)
			for (;;) {
				u8 *p = map_ring_reserve(m, 16, 0);
				if (p)
					memset(p, 0, 16);
				if (p)
					map_ring_submit(p, 0);
				if (!p)
					map_ring_consume(m, see, &s);
			}
		usleep(200 + i * 31 % 500);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		start = kit_now();
		while (map_ring_output(m, &v, 8, 0)) {
			map_ring_consume(m, see, &s);
			if (kit_now() - start > 2000000000ull)
				break;
		}
		map_ring_consume(m, see, &s);
		CHECK_EQ(s.last, i);
		CHECK_EQ(map_ring_query(m, BPF_RB_AVAIL_DATA), 0);
	}
	kit_put(m);
}

TEST(dead_reservation)
{
	struct map *m = ring(4096);
	u64 v = 5;

	for (u32 i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid) {
			map_ring_reserve(m, 100, 0);
			raise(SIGKILL);
		}
		CHECK_EQ(map_ring_output(m, &v, 8, 0), 0);
		waitpid(pid, NULL, 0);
		CHECK_EQ(map_ring_output(m, &v, 8, 0), 0);
		CHECK_EQ(map_ring_consume(m, see, &(struct seen){ 0 }), 2);
	}
	kit_put(m);
}

/* ---- user_ringbuf ---- */

static u64 take(void *ctx, void *data, u32 size)
{
	u64 *sum = ctx;

	*sum = *sum * 10 + *(u8 *)data;
	return size == 7;
}

/* As libbpf's producer writes: header busy, position, contents, header. */
static void produce(struct map *m, u8 byte, u32 size, u32 bits)
{
	u64 *prod = (u64 *)(void *)(m->base + 4096), pos = *prod;
	u32 *h = (u32 *)(void *)(m->base + 8192 + (pos & (m->desc.max_entries - 1)));

	memset(h + 2, byte, size);
	__atomic_store_n(h, size | bits, __ATOMIC_RELEASE);
	__atomic_store_n(prod, pos + (size + 8 + 7) / 8 * 8, __ATOMIC_RELEASE);
}

TEST(user_ring)
{
	struct map *m = kit_map((struct map_attr){ .type = BPF_MAP_TYPE_USER_RINGBUF, .max_entries = 4096 });
	u64 sum = 0, *prod = (u64 *)(void *)(m->base + 4096);

	CHECK_EQ(map_user_ring_drain(m, take, &sum, 0), 0);
	CHECK_EQ(map_user_ring_drain(m, take, &sum, 4), -EINVAL);
	produce(m, 1, 100, 0);
	produce(m, 2, 100, BPF_RINGBUF_DISCARD_BIT);
	produce(m, 3, 7, 0);
	produce(m, 4, 10, 0);
	CHECK_EQ(map_user_ring_drain(m, take, &sum, 0), 2);
	CHECK_EQ(sum, 13);
	CHECK_EQ(map_user_ring_drain(m, take, &sum, 0), 1);
	produce(m, 5, 10, BPF_RINGBUF_BUSY_BIT);
	CHECK_EQ(map_user_ring_drain(m, take, &sum, 0), 0);
	CHECK_EQ(sum, 134);
	*prod += 1;
	CHECK_EQ(map_user_ring_drain(m, take, &sum, 0), -EINVAL);
	kit_put(m);
}
