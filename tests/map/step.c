/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a process leaves behind that is killed at any machine instruction of an operation: nobody waits for the dead, nothing that
 * had been acknowledged is gone, the map takes as much as a new one.
 *
 * A child does the operation in single steps, under the name of a process that is dead already; after each instruction that
 * changed the map's file, a copy of the file is what that death would leave, and is checked, within 10 ms an operation.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/ptrace.h>

#include "map/kit.h"
#include "map/lock.h"

struct step_op {
	const char *name;
	u32 family;
	struct map_attr attr;
	void (*prepare)(struct map *m);
	void (*act)(struct map *m);
	void (*check)(struct map *m, bool acked);
};

#define WAIT_MAX 10000000ull /* ns that an operation may take, whoever died */
#define LANES 512
#define MIXED (-100000)      /* a per-CPU value that is not the same everywhere */

static u64 worst, longest;
static u32 deaths, instructions;

static void took(u64 since) { worst = MAX(worst, kit_now() - since); }

static u32 lanes(const struct map *m) { return map_user_value_size(m) / 8; }

static s64 get(struct map *m, u32 key)
{
	u64 v[LANES] = { 0 }, t = kit_now();
	int err = map_lookup(m, &key, v, 0);

	took(t);
	for (u32 i = 1; !err && i < lanes(m); i++)
		if (v[i] != v[0])
			return MIXED;
	return err ? err : (s64)v[0];
}

static int put(struct map *m, u32 key, u64 v)
{
	u64 all[LANES], t;
	int err;

	for (u32 i = 0; i < lanes(m); i++)
		all[i] = v;
	t = kit_now();
	err = map_update(m, &key, all, BPF_ANY);
	took(t);
	return err;
}

/* ---- hash ---- */

static void hash_prepare(struct map *m)
{
	for (u32 i = 0; i < 6; i++)
		CHECK_EQ(put(m, i, i + 10), 0);
}

static void act_insert(struct map *m) { put(m, 7, 70); }
static void act_replace(struct map *m) { put(m, 3, 70); }
static void act_delete(struct map *m) { map_delete(m, &(u32){ 3 }); }
static void act_take(struct map *m) { map_lookup_and_delete(m, &(u32){ 3 }, &(u64[LANES]){ 0 }, 0); }
static void act_prog_insert(struct map *m) { map_prog_update(m, &(u32){ 7 }, &(u64){ 70 }, BPF_ANY, 0); }
static void act_prog_replace(struct map *m) { map_prog_update(m, &(u32){ 3 }, &(u64){ 70 }, BPF_ANY, 0); }

/* All but keys 3 and 7 as they were; these in one of two states, the later one if the child said so. Then fill it. */
static void hash_common(struct map *m, u32 key, s64 before, s64 after, bool acked)
{
	s64 got;

	for (u32 i = 0; i < 6; i++)
		if (i != key)
			CHECK_EQ(get(m, i), i + 10);
	got = get(m, key);
	CHECK(got == after || (!acked && got == before) || (got == MIXED && before != -ENOENT));
	for (u32 i = 0; i < 6; i++)
		CHECK_EQ(put(m, i, i + 20), 0);
	for (u32 i = 0; i < 8; i++)
		CHECK_EQ(put(m, i, i + 30), 0);
	CHECK_EQ(put(m, 100, 0), -E2BIG);
	for (u32 i = 0; i < 8; i++)
		CHECK_EQ(get(m, i), i + 30);
	CHECK_EQ(kit_count(m), 8);
}

static void check_insert(struct map *m, bool acked) { hash_common(m, 7, -ENOENT, 70, acked); }
static void check_replace(struct map *m, bool acked) { hash_common(m, 3, 13, 70, acked); }
static void check_delete(struct map *m, bool acked) { hash_common(m, 3, 13, -ENOENT, acked); }
/* A program's new per-CPU element is zero on the other CPUs. */
static void check_lane(struct map *m, bool acked) { hash_common(m, 7, -ENOENT, lanes(m) > 1 ? MIXED : 70, acked); }

/* ---- LRU: full, so that an insertion evicts ---- */

static u32 lru_before; /* elements before the operation */

static void lru_prepare(struct map *m)
{
	for (u32 i = 0; i < 40; i++)
		CHECK_EQ(put(m, i, i + 10), 0);
	lru_before = kit_count(m);
}

static void act_evict(struct map *m)
{
	for (u32 i = 0; i < 3; i++)
		put(m, 100 + i, 70);
}

static void act_lru_replace(struct map *m)
{
	put(m, 102, 1);
	put(m, 102, 70);
}

static void act_lru_delete(struct map *m)
{
	for (u32 i = 0; i < 40; i += 3)
		map_delete(m, &i);
	put(m, 102, 70);
}

static void lru_check(struct map *m, bool acked)
{
	u32 n = 0;

	for (u32 i = 0; i < 40; i++) {
		s64 got = get(m, i);
		CHECK(got == i + 10 || got == -ENOENT);
	}
	n = kit_count(m); /* 14 may have been deleted, and up to 8 are evicted at once; the dead take nothing with them */
	CHECK(n + 14 + 8 >= lru_before);
	CHECK(!acked || get(m, 102) == 70);
	for (u32 i = 0; i < 200; i++)
		CHECK_EQ(put(m, 1000 + i, i), 0);
	n = kit_count(m);
	CHECK(n <= m->desc.max_entries && n >= m->desc.max_entries / 4);
	for (u32 i = 0; i < 200; i++)
		map_delete(m, &(u32){ 1000 + i });
	for (u32 i = 0; i < 40; i++)
		map_delete(m, &i);
	for (u32 i = 0; i < 3; i++)
		map_delete(m, &(u32){ 100 + i });
	CHECK_EQ(kit_count(m), 0);
}

/* ---- trie ---- */

struct prefix { u32 len; u8 data[4]; };

static s64 lpm_get(struct map *m, u32 len, u8 a, u8 b)
{
	struct prefix k = { len, { a, b, 0, 0 } };
	u64 v = 0, t = kit_now();
	int err = map_lookup(m, &k, &v, 0);

	took(t);
	return err ? err : (s64)v;
}

static int lpm_put(struct map *m, u32 len, u8 a, u8 b, u64 v)
{
	struct prefix k = { len, { a, b, 0, 0 } };
	u64 t = kit_now();
	int err = map_update(m, &k, &v, BPF_ANY);

	took(t);
	return err;
}

static int lpm_drop(struct map *m, u32 len, u8 a, u8 b)
{
	struct prefix k = { len, { a, b, 0, 0 } };

	return map_delete(m, &k);
}

static void lpm_prepare(struct map *m)
{
	CHECK_EQ(lpm_put(m, 8, 10, 0, 1), 0);
	CHECK_EQ(lpm_put(m, 16, 10, 1, 2), 0);
	CHECK_EQ(lpm_put(m, 16, 10, 2, 3), 0);
	CHECK_EQ(lpm_put(m, 16, 20, 2, 4), 0);
}

static void act_lpm_split(struct map *m) { lpm_put(m, 16, 10, 3, 5); }
static void act_lpm_replace(struct map *m) { lpm_put(m, 16, 10, 1, 5); }
static void act_lpm_delete(struct map *m) { lpm_drop(m, 16, 10, 2); }

static void lpm_fill(struct map *m)
{
	CHECK_EQ(lpm_get(m, 32, 10, 99), 1);
	CHECK_EQ(lpm_get(m, 32, 20, 2), 4);
	for (u8 i = 0; i < 5; i++)
		CHECK_EQ(lpm_put(m, 16, 10, i, i + 10u), 0);
	CHECK_EQ(lpm_put(m, 16, 10, 5, 15), 0);
	CHECK_EQ(lpm_put(m, 24, 10, 6, 15), -ENOSPC);
	for (u8 i = 0; i < 6; i++)
		CHECK_EQ(lpm_get(m, 32, 10, i), i + 10);
	CHECK_EQ(kit_count(m), 8);
}

static void check_lpm_split(struct map *m, bool acked)
{
	s64 got = lpm_get(m, 32, 10, 3);

	CHECK(got == 5 || (!acked && got == 1));
	lpm_fill(m);
}

static void check_lpm_replace(struct map *m, bool acked)
{
	s64 got = lpm_get(m, 32, 10, 1);

	CHECK(got == 5 || (!acked && got == 2));
	lpm_fill(m);
}

static void check_lpm_delete(struct map *m, bool acked)
{
	s64 got = lpm_get(m, 32, 10, 2);

	CHECK(got == 1 || (!acked && got == 3));
	lpm_fill(m);
}

/* ---- queue ---- */

static void queue_prepare(struct map *m)
{
	for (u64 i = 0; i < 4; i++)
		CHECK_EQ(map_prog_push(m, &i, 0), 0);
}

static void act_push(struct map *m) { map_prog_push(m, &(u64){ 4 }, BPF_EXIST); }
static void act_pop(struct map *m) { map_prog_pop(m, &(u64){ 0 }); }

static u64 drain(struct map *m, u64 *ret_first)
{
	u64 v, n = 0, t = kit_now();

	while (!map_prog_pop(m, &v)) {
		if (!n)
			*ret_first = v;
		CHECK_EQ(v, *ret_first + n);
		n++;
	}
	took(t);
	return n;
}

static void check_push(struct map *m, bool acked)
{
	u64 first = 0, n = drain(m, &first);

	CHECK(n == 4);
	CHECK(first == 1 || (!acked && first == 0));
}

static void check_pop(struct map *m, bool acked)
{
	u64 first = 0, n = drain(m, &first);

	CHECK((n == 3 && first == 1) || (!acked && n == 4 && first == 0));
}

/* Pops give the newest first. */
static u64 unpile(struct map *m, u64 *ret_first)
{
	u64 v, n = 0, t = kit_now();

	while (!map_prog_pop(m, &v)) {
		if (!n)
			*ret_first = v;
		CHECK_EQ(v, *ret_first - n);
		n++;
	}
	took(t);
	return n;
}

static void check_stack_push(struct map *m, bool acked)
{
	u64 first = 0, n = unpile(m, &first);

	CHECK(n == 4);
	CHECK(first == 4 || (!acked && first == 3));
}

static void check_stack_pop(struct map *m, bool acked)
{
	u64 first = 0, n = unpile(m, &first);

	CHECK((n == 3 && first == 2) || (!acked && n == 4 && first == 3));
}

/* ---- bloom filter ---- */

static void bloom_prepare(struct map *m)
{
	for (u64 i = 0; i < 4; i++)
		CHECK_EQ(map_prog_push(m, &i, 0), 0);
}

static void act_bloom(struct map *m) { map_prog_push(m, &(u64){ 9 }, 0); }

static void check_bloom(struct map *m, bool acked)
{
	u64 t = kit_now();

	for (u64 i = 0; i < 4; i++)
		CHECK_EQ(map_prog_peek(m, &i), 0);
	CHECK(!acked || !map_prog_peek(m, &(u64){ 9 }));
	CHECK_EQ(map_prog_push(m, &(u64){ 10 }, 0), 0);
	CHECK_EQ(map_prog_peek(m, &(u64){ 10 }), 0);
	took(t);
}

/* ---- ring ---- */

static void ring_prepare(struct map *m) { CHECK_EQ(map_ring_output(m, &(u64){ 1 }, 8, 0), 0); }
static void act_output(struct map *m) { map_ring_output(m, &(u64){ 2 }, 8, 0); }
static void act_reserve(struct map *m) { map_ring_reserve(m, 8, 0); }

static void act_submit(struct map *m)
{
	u64 *at = map_ring_reserve(m, 8, 0);

	*at = 2;
	map_ring_submit(at, 0);
}

static void act_discard(struct map *m)
{
	u64 *at = map_ring_reserve(m, 8, 0);

	*at = 2;
	map_ring_discard(at, 0);
}

static int ring_see(void *ctx, void *data, u32 size)
{
	(void)size;
	*(u64 *)ctx = *(u64 *)ctx * 10 + *(u64 *)data;
	return 0;
}

static void check_output(struct map *m, bool acked)
{
	u64 got = 0, t = kit_now();

	CHECK_EQ(map_ring_output(m, &(u64){ 3 }, 8, 0), 0);
	map_ring_consume(m, ring_see, &got);
	took(t);
	CHECK(got == 123 || (!acked && got == 13));
	CHECK_EQ(map_ring_query(m, BPF_RB_AVAIL_DATA), 0);
}

/* What was reserved and never committed, or discarded, nobody sees, and nobody waits for. */
static void check_nothing(struct map *m, bool acked)
{
	u64 got = 0, t = kit_now();

	(void)acked;
	CHECK_EQ(map_ring_output(m, &(u64){ 3 }, 8, 0), 0);
	map_ring_consume(m, ring_see, &got);
	took(t);
	CHECK_EQ(got, 13);
	CHECK_EQ(map_ring_query(m, BPF_RB_AVAIL_DATA), 0);
}

/* ---- the harness ---- */

enum family { FAM_HASH, FAM_LRU, FAM_TRIE, FAM_QUEUE, FAM_BLOOM, FAM_RING };

static const struct step_op ops[] = {
#define HASH(t) FAM_HASH, { .type = BPF_MAP_TYPE_##t, .key_size = 4, .value_size = 8, .max_entries = 8 }
	{ "hash insert", HASH(HASH), hash_prepare, act_insert, check_insert },
	{ "hash replace", HASH(HASH), hash_prepare, act_replace, check_replace },
	{ "hash delete", HASH(HASH), hash_prepare, act_delete, check_delete },
	{ "hash lookup and delete", HASH(HASH), hash_prepare, act_take, check_delete },
	{ "hash insert by a program", HASH(HASH), hash_prepare, act_prog_insert, check_insert },
	{ "per-CPU hash insert", HASH(PERCPU_HASH), hash_prepare, act_insert, check_insert },
	{ "per-CPU hash replace", HASH(PERCPU_HASH), hash_prepare, act_replace, check_replace },
	{ "per-CPU hash delete", HASH(PERCPU_HASH), hash_prepare, act_delete, check_delete },
	{ "per-CPU hash insert by a program", HASH(PERCPU_HASH), hash_prepare, act_prog_insert, check_lane },
	{ "per-CPU hash replace by a program", HASH(PERCPU_HASH), hash_prepare, act_prog_replace, check_replace },
#define LRU(t, f) FAM_LRU, { .type = BPF_MAP_TYPE_##t, .key_size = 4, .value_size = 8, .max_entries = 32, .flags = f }
	{ "lru evict", LRU(LRU_HASH, 0), lru_prepare, act_evict, lru_check },
	{ "lru replace", LRU(LRU_HASH, 0), lru_prepare, act_lru_replace, lru_check },
	{ "lru delete", LRU(LRU_HASH, 0), lru_prepare, act_lru_delete, lru_check },
	{ "lru of each CPU, evict", LRU(LRU_HASH, BPF_F_NO_COMMON_LRU), lru_prepare, act_evict, lru_check },
	{ "lru of each CPU, delete", LRU(LRU_HASH, BPF_F_NO_COMMON_LRU), lru_prepare, act_lru_delete, lru_check },
	{ "per-CPU lru evict", LRU(LRU_PERCPU_HASH, 0), lru_prepare, act_evict, lru_check },
	{ "per-CPU lru replace", LRU(LRU_PERCPU_HASH, 0), lru_prepare, act_lru_replace, lru_check },
#define LPM FAM_TRIE, { .type = BPF_MAP_TYPE_LPM_TRIE, .key_size = 8, .value_size = 8, .max_entries = 8, .flags = BPF_F_NO_PREALLOC }
	{ "trie insert", LPM, lpm_prepare, act_lpm_split, check_lpm_split },
	{ "trie replace", LPM, lpm_prepare, act_lpm_replace, check_lpm_replace },
	{ "trie delete", LPM, lpm_prepare, act_lpm_delete, check_lpm_delete },
#define QUEUE(t) FAM_QUEUE, { .type = BPF_MAP_TYPE_##t, .value_size = 8, .max_entries = 4 }
	{ "queue push", QUEUE(QUEUE), queue_prepare, act_push, check_push },
	{ "queue pop", QUEUE(QUEUE), queue_prepare, act_pop, check_pop },
	{ "stack push", QUEUE(STACK), queue_prepare, act_push, check_stack_push },
	{ "stack pop", QUEUE(STACK), queue_prepare, act_pop, check_stack_pop },
	{ "bloom filter push", FAM_BLOOM, { .type = BPF_MAP_TYPE_BLOOM_FILTER, .value_size = 8, .max_entries = 64 },
	  bloom_prepare, act_bloom, check_bloom },
#define RING FAM_RING, { .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 }
	{ "ring output", RING, ring_prepare, act_output, check_output },
	{ "ring reserve", RING, ring_prepare, act_reserve, check_nothing },
	{ "ring reserve and submit", RING, ring_prepare, act_submit, check_output },
	{ "ring reserve and discard", RING, ring_prepare, act_discard, check_nothing },
};

/* A process that is no more, as a lock's owner. */
static u64 dead_ident(void)
{
	struct map_self self = { 0 };
	u64 *ident = kit_shared(4096), ret;
	pid_t pid = fork();

	if (!pid) {
		*ident = map_self_ask(&self);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ret = *ident;
	munmap(ident, 4096);
	CHECK(lease_owner_dead(ret));
	return ret;
}

static pid_t start_child(struct map *m, const struct step_op *op, u64 ident, u32 *flags)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		m->self->ident = ident;
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		__atomic_store_n(&flags[0], 1, __ATOMIC_SEQ_CST);
		op->act(m);
		__atomic_store_n(&flags[1], 1, __ATOMIC_SEQ_CST);
		for (;;)
			pause();
	}
	waitpid(pid, &status, 0);
	return pid;
}

static void check_once(const struct step_op *op, const u8 *file, size_t size, bool acked)
{
	int fd = memfd_create("copy", MFD_CLOEXEC);
	struct map *copy = NULL;

	if (ftruncate(fd, (off_t)size) || pwrite(fd, file, size, 0) != (ssize_t)size)
		CHECK(!"a copy of the map");
	CHECK_EQ(map_attach(fd, &copy), 0);
	close(fd);
	if (copy) {
		op->check(copy, acked);
		map_detach(copy);
	}
}

/* On a busy machine an operation can wait for a processor: what counts is the best of some tries on the same state. */
static void check_copy(const struct step_op *op, const u8 *file, size_t size, bool acked)
{
	u64 best = ~0ull;

	for (u32 i = 0; i < 5 && best > WAIT_MAX && test_failures < 5; i++) {
		worst = 0;
		check_once(op, file, size, acked);
		best = MIN(best, worst);
	}
	CHECK(best <= WAIT_MAX);
	longest = MAX(longest, best);
	deaths++;
}

static void step_through(const struct step_op *op, u64 ident)
{
	struct map *m = kit_map(op->attr);
	u32 *flags = kit_shared(4096), steps = 0;
	u8 *last = malloc(m->file_size);
	bool started = false;
	int status = 0;
	pid_t pid;

	op->prepare(m);
	pid = start_child(m, op, ident, flags);
	while (!flags[1] && test_failures < 5 && steps < 1000000) {
		int before = test_failures;

		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		if (!__atomic_load_n(&flags[0], __ATOMIC_SEQ_CST))
			continue;
		steps++;
		if (started && !memcmp(last, m->base, m->file_size) && !flags[1])
			continue;
		started = true;
		memcpy(last, m->base, m->file_size);
		check_copy(op, last, m->file_size, flags[1]);
		if (test_failures != before)
			printf("#   %s, after instruction %u\n", op->name, steps);
	}
	CHECK(flags[1] || test_failures);
	instructions += steps;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	free(last);
	munmap(flags, 4096);
	kit_put(m);
}

static bool can_trace(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(ptrace(PTRACE_TRACEME, 0, 0, 0) != 0);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

#define STEP(name, fam)                                                                                   \
	TEST(name)                                                                                        \
	{                                                                                                 \
		u32 n = 0;                                                                                \
		if (!can_trace())                                                                         \
			SKIP("ptrace is not permitted");                                                  \
		longest = deaths = instructions = 0;                                                      \
		for (u32 i = 0; i < ARRAY_SIZE(ops); i++)                                                 \
			if (ops[i].family == (fam)) {                                                     \
				step_through(&ops[i], dead_ident());                                      \
				n++;                                                                      \
			}                                                                                 \
		printf("#   %u operations, %u instructions, %u states, longest wait %llu us\n", n, instructions, deaths, \
		       (unsigned long long)longest / 1000);                                               \
	}
STEP(hash, FAM_HASH)
STEP(lru, FAM_LRU)
STEP(trie, FAM_TRIE)
STEP(queue_and_stack, FAM_QUEUE)
STEP(bloom_filter, FAM_BLOOM)
STEP(ring, FAM_RING)
