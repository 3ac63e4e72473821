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

/* ---- batches: one element after the other, each whole ---- */

static void act_batch_update(struct map *m)
{
	u32 keys[3] = { 1, 3, 7 };
	u64 values[3] = { 71, 73, 77 };

	map_update_batch(m, &(struct map_batch){ .keys = keys, .values = values, .count = 3 });
}

static void act_batch_delete(struct map *m)
{
	u32 keys[2] = { 1, 3 };

	map_delete_batch(m, &(struct map_batch){ .keys = keys, .count = 2 });
}

static void act_batch_take(struct map *m)
{
	u32 keys[8], out;
	u64 values[8];

	map_lookup_and_delete_batch(m, &(struct map_batch){ .keys = keys, .values = values, .out_batch = &out, .count = 8 });
}

/* Keys 0 to 5 and 7 hold what they held or what the batch put there; then as many elements fit as into a new map. */
static void batch_common(struct map *m, const s64 after[8], bool acked)
{
	for (u32 i = 0; i < 8; i++) {
		s64 got = get(m, i), before = i < 6 ? (s64)i + 10 : -ENOENT;

		CHECK(got == after[i] || (!acked && got == before));
	}
	for (u32 i = 0; i < 8; i++)
		CHECK_EQ(put(m, i, i + 30), 0);
	CHECK_EQ(put(m, 100, 0), -E2BIG);
	CHECK_EQ(kit_count(m), 8);
}

static void check_batch_update(struct map *m, bool acked)
{
	batch_common(m, (s64[8]){ 10, 71, 12, 73, 14, 15, -ENOENT, 77 }, acked);
}

static void check_batch_delete(struct map *m, bool acked)
{
	batch_common(m, (s64[8]){ 10, -ENOENT, 12, -ENOENT, 14, 15, -ENOENT, -ENOENT }, acked);
}

static void check_batch_take(struct map *m, bool acked)
{
	batch_common(m, (s64[8]){ -ENOENT, -ENOENT, -ENOENT, -ENOENT, -ENOENT, -ENOENT, -ENOENT, -ENOENT }, acked);
}

/* ---- arrays ---- */

static void act_array(struct map *m) { put(m, 3, 70); }
static void act_array_lane(struct map *m) { map_prog_update(m, &(u32){ 3 }, &(u64){ 70 }, BPF_ANY, 0); }

static void check_array(struct map *m, bool acked)
{
	s64 got = get(m, 3);

	CHECK(got == 70 || got == MIXED || (!acked && got == 13));
	for (u32 i = 0; i < 6; i++)
		if (i != 3)
			CHECK_EQ(get(m, i), i + 10);
	CHECK_EQ(put(m, 3, 80), 0);
	CHECK_EQ(get(m, 3), 80);
}

/* ---- values with a lock: who died holding it keeps nobody out ---- */

static void lock_prepare(struct map *m)
{
	for (u32 i = 0; i < 4; i++)
		CHECK_EQ(map_update(m, &i, &(u64[2]){ 0, i + 10 }, BPF_ANY), 0);
}

static void act_lock_update(struct map *m) { map_update(m, &(u32){ 3 }, &(u64[2]){ 0, 70 }, BPF_F_LOCK); }

static void act_lock_program(struct map *m)
{
	u64 *v = map_prog_lookup(m, &(u32){ 3 }, 0);

	map_spin_lock(m, (u32 *)(void *)v);
	v[1] = 70;
	map_spin_unlock((u32 *)(void *)v);
}

static void check_lock(struct map *m, bool acked)
{
	u64 *v, t = kit_now();

	for (u32 i = 0; i < 4; i++) {
		v = map_prog_lookup(m, &i, 0);
		CHECK(v);
		if (!v)
			return;
		map_spin_lock(m, (u32 *)(void *)v);
		CHECK(v[1] == i + 10 || (i == 3 && v[1] == 70));
		CHECK(i != 3 || !acked || v[1] == 70);
		map_spin_unlock((u32 *)(void *)v);
	}
	took(t);
}

/* ---- maps of maps: the old one or the new one ---- */

static struct map *inner[3];

static void of_maps_prepare(struct map *m)
{
	for (u32 i = 0; i < 6; i++)
		CHECK_EQ(map_update_obj(m, &i, &inner[i % 2]->obj, BPF_ANY), 0);
}

static void act_of_maps_replace(struct map *m) { map_update_obj(m, &(u32){ 3 }, &inner[2]->obj, BPF_ANY); }
static void act_of_maps_insert(struct map *m) { map_update_obj(m, &(u32){ 7 }, &inner[2]->obj, BPF_ANY); }
static void act_of_maps_delete(struct map *m) { map_delete(m, &(u32){ 3 }); }

static s64 inner_id(struct map *m, u32 key)
{
	u32 id = 0;
	u64 t = kit_now();
	int err = map_lookup(m, &key, &id, 0);

	took(t);
	return err ? err : (s64)id;
}

static void of_maps_common(struct map *m, u32 key, s64 after, bool acked)
{
	s64 before = key < 6 ? (s64)inner[key % 2]->obj.id : -ENOENT, got = inner_id(m, key);
	u64 t;

	CHECK(got == after || (!acked && got == before));
	for (u32 i = 0; i < 6; i++)
		if (i != key)
			CHECK_EQ(inner_id(m, i), inner[i % 2]->obj.id);
	for (u32 i = 0; i < 8; i++) {
		t = kit_now();
		map_delete(m, &i);
		took(t);
		CHECK_EQ(inner_id(m, i), -ENOENT);
	}
}

static void check_of_maps_replace(struct map *m, bool acked) { of_maps_common(m, 3, inner[2]->obj.id, acked); }
static void check_of_maps_insert(struct map *m, bool acked) { of_maps_common(m, 7, inner[2]->obj.id, acked); }
static void check_of_maps_delete(struct map *m, bool acked) { of_maps_common(m, 3, -ENOENT, acked); }

/* ---- storages ---- */

static u64 *stored(struct map *m, u64 owner, bool create)
{
	u64 t = kit_now(), *v = map_prog_storage(m, &(struct map_owner){ { owner, 0, 0 } }, &(u64){ owner + 10 }, create, 0);

	took(t);
	return v;
}

static void storage_prepare(struct map *m)
{
	for (u64 i = 1; i < 6; i++)
		CHECK(stored(m, i, true));
}

static void act_storage_make(struct map *m) { stored(m, 7, true); }
static void act_storage_delete(struct map *m) { map_prog_delete(m, &(struct map_owner){ { 3, 0, 0 } }, 0); }

static void storage_common(struct map *m, u64 owner, bool there, bool acked)
{
	u64 *v;

	for (u64 i = 1; i < 6; i++) {
		v = stored(m, i, false);
		CHECK(i == owner || (v && *v == i + 10));
	}
	v = stored(m, owner, false);
	CHECK(v ? *v == owner + 10 && (there || !acked) : !there || !acked);
	for (u64 i = 1; i < 40; i++) {
		v = stored(m, i, true);
		CHECK(v && *v == i + 10);
	}
}

static void check_storage_make(struct map *m, bool acked) { storage_common(m, 7, true, acked); }
static void check_storage_delete(struct map *m, bool acked) { storage_common(m, 3, false, acked); }

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

/* With room: an element is there, and so is a node that nobody has. */
static void lru_room_prepare(struct map *m)
{
	for (u32 i = 0; i < 6; i++)
		CHECK_EQ(put(m, i, i + 10), 0);
	lru_before = kit_count(m);
}

static void check_in_place(struct map *m, bool acked)
{
	s64 got = get(m, 3);

	CHECK(got == 70 || (!acked && (got == 13 || got == MIXED)));
	for (u32 i = 0; i < 6; i++)
		if (i != 3)
			CHECK_EQ(get(m, i), i + 10);
	for (u32 i = 0; i < 200; i++)
		CHECK_EQ(put(m, 1000 + i, i), 0);
	CHECK(kit_count(m) <= m->desc.max_entries);
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

/* ---- the ring that user space fills ---- */

static void user_prepare(struct map *m)
{
	for (u32 i = 1; i <= 3; i++) {
		u64 *prod = (u64 *)(void *)(m->base + 4096), pos = *prod;
		u32 *h = (u32 *)(void *)(m->base + 8192 + pos);

		memcpy(h + 2, &(u64){ i }, 8);
		__atomic_store_n(h, 8, __ATOMIC_RELEASE);
		__atomic_store_n(prod, pos + 16, __ATOMIC_RELEASE);
	}
}

static u64 user_see(void *ctx, void *data, u32 size)
{
	(void)size;
	*(u64 *)ctx = *(u64 *)ctx * 10 + *(u64 *)data;
	return 0;
}

static void act_drain(struct map *m) { map_user_ring_drain(m, user_see, &(u64){ 0 }, BPF_RB_NO_WAKEUP); }

/* What the dead had not taken the next one sees, from some record on. */
static void check_drain(struct map *m, bool acked)
{
	u64 got = 0, t = kit_now();
	s64 n = map_user_ring_drain(m, user_see, &got, BPF_RB_NO_WAKEUP);

	took(t);
	CHECK(n >= 0 && (got == 0 || got == 3 || got == 23 || (got == 123 && !acked)));
	CHECK(!acked || !n);
	user_prepare(m);
	got = 0;
	CHECK_EQ(map_user_ring_drain(m, user_see, &got, BPF_RB_NO_WAKEUP), 3);
	CHECK_EQ(got, 123);
}

/* ---- the harness ---- */

enum family { FAM_HASH, FAM_BATCH, FAM_ARRAY, FAM_LOCK, FAM_MAPS, FAM_STORAGE, FAM_LRU, FAM_TRIE, FAM_QUEUE, FAM_BLOOM, FAM_RING };

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
	{ "hash batch update", FAM_BATCH, { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 8 }, hash_prepare,
	  act_batch_update, check_batch_update },
	{ "hash batch delete", FAM_BATCH, { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 8 }, hash_prepare,
	  act_batch_delete, check_batch_delete },
	{ "hash batch lookup and delete", FAM_BATCH, { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 8 },
	  hash_prepare, act_batch_take, check_batch_take },
#define ARRAY(t) FAM_ARRAY, { .type = BPF_MAP_TYPE_##t, .key_size = 4, .value_size = 8, .max_entries = 8 }
	{ "array update", ARRAY(ARRAY), hash_prepare, act_array, check_array },
	{ "per-CPU array update", ARRAY(PERCPU_ARRAY), hash_prepare, act_array, check_array },
	{ "per-CPU array update by a program", ARRAY(PERCPU_ARRAY), hash_prepare, act_array_lane, check_array },
#define LOCKED(t) FAM_LOCK, { .type = BPF_MAP_TYPE_##t, .key_size = 4, .value_size = 16, .max_entries = 4 }
	{ "array, locked update", LOCKED(ARRAY), lock_prepare, act_lock_update, check_lock },
	{ "array, lock of a program", LOCKED(ARRAY), lock_prepare, act_lock_program, check_lock },
	{ "hash, locked update", LOCKED(HASH), lock_prepare, act_lock_update, check_lock },
	{ "hash, lock of a program", LOCKED(HASH), lock_prepare, act_lock_program, check_lock },
#define MAPS(t) FAM_MAPS, { .type = BPF_MAP_TYPE_##t##_OF_MAPS, .key_size = 4, .value_size = 4, .max_entries = 8 }
	{ "array of maps, replace", MAPS(ARRAY), of_maps_prepare, act_of_maps_replace, check_of_maps_replace },
	{ "array of maps, insert", MAPS(ARRAY), of_maps_prepare, act_of_maps_insert, check_of_maps_insert },
	{ "array of maps, delete", MAPS(ARRAY), of_maps_prepare, act_of_maps_delete, check_of_maps_delete },
	{ "hash of maps, replace", MAPS(HASH), of_maps_prepare, act_of_maps_replace, check_of_maps_replace },
	{ "hash of maps, insert", MAPS(HASH), of_maps_prepare, act_of_maps_insert, check_of_maps_insert },
	{ "hash of maps, delete", MAPS(HASH), of_maps_prepare, act_of_maps_delete, check_of_maps_delete },
#define STORAGE FAM_STORAGE, { .type = BPF_MAP_TYPE_SK_STORAGE, .key_size = 4, .value_size = 8, .flags = BPF_F_NO_PREALLOC, \
			       .btf_key = 1, .btf_value = 2 }
	{ "storage, made by a program", STORAGE, storage_prepare, act_storage_make, check_storage_make },
	{ "storage, deleted by a program", STORAGE, storage_prepare, act_storage_delete, check_storage_delete },
#define LRU(t, f) FAM_LRU, { .type = BPF_MAP_TYPE_##t, .key_size = 4, .value_size = 8, .max_entries = 32, .flags = f }
	{ "lru evict", LRU(LRU_HASH, 0), lru_prepare, act_evict, lru_check },
	{ "lru replace", LRU(LRU_HASH, 0), lru_prepare, act_lru_replace, lru_check },
	{ "lru delete", LRU(LRU_HASH, 0), lru_prepare, act_lru_delete, lru_check },
	{ "lru of each CPU, evict", LRU(LRU_HASH, BPF_F_NO_COMMON_LRU), lru_prepare, act_evict, lru_check },
	{ "lru of each CPU, delete", LRU(LRU_HASH, BPF_F_NO_COMMON_LRU), lru_prepare, act_lru_delete, lru_check },
	{ "per-CPU lru evict", LRU(LRU_PERCPU_HASH, 0), lru_prepare, act_evict, lru_check },
	{ "per-CPU lru replace", LRU(LRU_PERCPU_HASH, 0), lru_prepare, act_lru_replace, lru_check },
	{ "per-CPU lru, in place", LRU(LRU_PERCPU_HASH, 0), lru_room_prepare, act_replace, check_in_place },
	{ "lru replace, with room", LRU(LRU_HASH, 0), lru_room_prepare, act_replace, check_in_place },
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
	{ "user ring drain", FAM_RING, { .type = BPF_MAP_TYPE_USER_RINGBUF, .max_entries = 4096 }, user_prepare, act_drain, check_drain },
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

/* What some types are made with. */
static struct map_attr attr_of(const struct step_op *op)
{
	struct map_attr a = op->attr;

	if (op->family == FAM_LOCK)
		a.record = kit_lock_record(0);
	for (u32 i = 0; op->family == FAM_MAPS && i < ARRAY_SIZE(inner); i++)
		if (!inner[i])
			inner[i] = kit_map((struct map_attr){ .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 });
	if (op->family == FAM_MAPS)
		a.inner = inner[0];
	return a;
}

static void step_through(const struct step_op *op, u64 ident)
{
	struct map *m = kit_map(attr_of(op));
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

static bool can_trace(u32 family)
{
	int status;
	pid_t pid;

#ifdef __SANITIZE_THREAD__
	if (family == FAM_STORAGE) /* their file is large, and ten times as many steps each look at all of it */
		return false;
#endif
	(void)family;
	pid = fork();

	if (!pid)
		_exit(ptrace(PTRACE_TRACEME, 0, 0, 0) != 0);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

#define STEP(name, fam)                                                                                   \
	TEST(name)                                                                                        \
	{                                                                                                 \
		u32 n = 0;                                                                                \
		if (!can_trace(fam))                                                                      \
			SKIP("ptrace is not permitted, or would take too long");                          \
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
STEP(batches, FAM_BATCH)
STEP(arrays, FAM_ARRAY)
STEP(locked_values, FAM_LOCK)
STEP(maps_of_maps, FAM_MAPS)
STEP(storages, FAM_STORAGE)
STEP(lru, FAM_LRU)
STEP(trie, FAM_TRIE)
STEP(queue_and_stack, FAM_QUEUE)
STEP(bloom_filter, FAM_BLOOM)
STEP(ring, FAM_RING)
