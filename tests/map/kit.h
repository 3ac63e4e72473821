/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map law kit: what holds for maps of any type, as functions that a type's test file calls with its own attributes.
 *
 * Laws take a struct law: the attributes and how keys and values are made from numbers. A law checks with CHECK of unit/test.h.
 * A test that forks shares the map with its children, as processes that inherited a descriptor do.
 */
#ifndef SKEP_TESTS_MAP_KIT_H
#define SKEP_TESTS_MAP_KIT_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "btf/btf.h"
#include "map/map.h"
#include "unit/test.h"

static struct objtab kit_tab;

static inline struct objtab *kit_objtab(void)
{
	static bool made;

	if (!made && !objtab_init(&kit_tab))
		made = true;
	return &kit_tab;
}

static inline int kit_create(struct map_attr a, struct map **ret)
{
	return map_create(kit_objtab(), &a, ret);
}

/* A map, or the test ends with a failed check. */
static inline struct map *kit_map(struct map_attr a)
{
	struct map *m = NULL;
	int err = kit_create(a, &m);

	CHECK_EQ(err, 0);
	if (err)
		exit(1);
	return m;
}

static inline void kit_put(struct map *m) { obj_put(&m->obj); }

/* Of values with a struct bpf_spin_lock at `off`: one block, as btf_record_of() makes them; the map owns it. */
static inline struct btf_record *kit_lock_record(u32 off)
{
	struct btf_record *r = calloc(1, sizeof(*r) + sizeof(*r->fields));

	r->fields = (void *)(r + 1);
	r->n = 1;
	r->mask = FIELD_SPIN_LOCK;
	r->fields[0] = (struct btf_field){ .kind = FIELD_SPIN_LOCK, .off = off, .size = 4 };
	r->spin_lock_off = (s32)off;
	r->timer_off = r->wq_off = r->refcount_off = -1;
	r->res_spin_lock_off = r->task_work_off = -1;
	return r;
}

struct law {
	struct map_attr attr;
	u32 keys;                            /* distinct keys that fit */
	bool array;                          /* all keys are always there */
	bool lru;                            /* elements may go by themselves */
	void (*key)(void *key, u32 n);       /* NULL: the number, in the first bytes */
	void (*value)(void *value, u32 n);   /* NULL: the number, over and over */
};

#define KIT_MAX 65536

struct kv { _Alignas(8) u8 key[512]; _Alignas(8) u8 value[KIT_MAX]; };

static inline void kit_key(const struct law *l, u8 *key, u32 n)
{
	memset(key, 0, l->attr.key_size);
	if (l->key)
		l->key(key, n);
	else
		memcpy(key, &n, MIN(l->attr.key_size, 4u));
}

static inline void kit_value(const struct law *l, const struct map *m, u8 *value, u32 n)
{
	u32 size = map_user_value_size(m);

	if (l->value) {
		l->value(value, n);
		return;
	}
	for (u32 i = 0; i < size; i++)
		value[i] = (u8)(n >> 8 * (i % 4));
}

static inline int kit_update(const struct law *l, struct map *m, u32 key, u32 value, u64 flags)
{
	static __thread struct kv kv;

	kit_key(l, kv.key, key);
	kit_value(l, m, kv.value, value);
	return map_update(m, kv.key, kv.value, flags);
}

/* The value's number, or -errno. */
static inline s64 kit_lookup(const struct law *l, struct map *m, u32 key)
{
	static __thread struct kv kv;
	u32 v = 0;
	int err;

	kit_key(l, kv.key, key);
	err = map_lookup(m, kv.key, kv.value, 0);
	memcpy(&v, kv.value, MIN(map_user_value_size(m), 4u));
	return err ? (s64)err : (s64)v;
}

static inline int kit_delete(const struct law *l, struct map *m, u32 key)
{
	u8 k[512];

	kit_key(l, k, key);
	return map_delete(m, k);
}

/* Keys seen in one walk; UINT32_MAX when a walk does not end. */
static inline u32 kit_count(struct map *m)
{
	_Alignas(8) u8 key[512], next[512];
	u32 n = 0;
	bool have = false;

	while (!map_next_key(m, have ? key : NULL, next)) {
		memcpy(key, next, m->desc.key_size);
		have = true;
		if (++n > m->desc.max_entries)
			return UINT32_MAX;
	}
	return n;
}

static inline void *kit_shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Run fn(arg, i) in n children; true when all exit 0. */
static inline bool kit_forks(u32 n, void (*fn)(void *arg, u32 i), void *arg)
{
	bool ok = true;
	int status;

	fflush(stdout);
	for (u32 i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid) {
			test_failures = 0;
			fn(arg, i);
			fflush(stdout);
			_exit(test_failures != 0);
		}
		ok &= pid > 0;
	}
	for (u32 i = 0; i < n; i++)
		ok &= wait(&status) > 0 && !status;
	return ok;
}

struct kit_thread { void (*fn)(void *arg, u32 i); void *arg; u32 i; };

static inline void *kit_thread_main(void *p)
{
	struct kit_thread *t = p;

	t->fn(t->arg, t->i);
	return NULL;
}

static inline void kit_threads(u32 n, void (*fn)(void *arg, u32 i), void *arg)
{
	pthread_t id[64];
	struct kit_thread t[64];

	for (u32 i = 0; i < n; i++) {
		t[i] = (struct kit_thread){ fn, arg, i };
		if (pthread_create(&id[i], NULL, kit_thread_main, &t[i]))
			abort();
	}
	for (u32 i = 0; i < n; i++)
		pthread_join(id[i], NULL);
}

/* ---- laws ---- */

/* What was put in is there, what was not is not. */
static inline void law_elements(const struct law *l)
{
	struct map *m = kit_map(l->attr);

	for (u32 i = 0; i < l->keys; i++)
		CHECK_EQ(kit_lookup(l, m, i), l->array ? 0 : -ENOENT);
	for (u32 i = 0; i < l->keys; i++)
		CHECK_EQ(kit_update(l, m, i, i * 3 + 1, BPF_ANY), 0);
	for (u32 i = 0; i < l->keys; i++)
		CHECK_EQ(kit_lookup(l, m, i), i * 3 + 1);
	for (u32 i = 0; i < l->keys; i++)
		CHECK_EQ(kit_update(l, m, i, i * 5 + 2, l->array ? BPF_ANY : BPF_EXIST), 0);
	for (u32 i = 0; i < l->keys; i++)
		CHECK_EQ(kit_lookup(l, m, i), i * 5 + 2);
	CHECK_EQ(kit_count(m), l->array ? l->attr.max_entries : l->keys);
	kit_put(m);
}

static inline void law_flags(const struct law *l)
{
	struct map *m = kit_map(l->attr);

	CHECK_EQ(kit_update(l, m, 0, 1, BPF_EXIST), l->array ? 0 : -ENOENT);
	CHECK_EQ(kit_update(l, m, 0, 2, BPF_NOEXIST), l->array ? -EEXIST : 0);
	CHECK_EQ(kit_update(l, m, 0, 3, BPF_NOEXIST), -EEXIST);
	CHECK_EQ(kit_update(l, m, 0, 4, BPF_EXIST), 0);
	CHECK_EQ(kit_update(l, m, 0, 5, 3), -EINVAL);
	CHECK_EQ(kit_update(l, m, 0, 5, BPF_F_LOCK), -EINVAL);
	CHECK_EQ(kit_lookup(l, m, 0), 4);
	kit_put(m);
}

static inline void law_delete(const struct law *l)
{
	struct map *m = kit_map(l->attr);

	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < l->keys; i++)
			CHECK_EQ(kit_update(l, m, i, i, BPF_NOEXIST), 0);
		for (u32 i = 0; i < l->keys; i += 2)
			CHECK_EQ(kit_delete(l, m, i), 0);
		for (u32 i = 0; i < l->keys; i++)
			CHECK_EQ(kit_lookup(l, m, i), i % 2 ? (s64)i : -ENOENT);
		CHECK_EQ(kit_delete(l, m, 0), -ENOENT);
		for (u32 i = 1; i < l->keys; i += 2)
			CHECK_EQ(kit_delete(l, m, i), 0);
		CHECK_EQ(kit_count(m), 0);
	}
	kit_put(m);
}

/* A full map refuses new keys, takes new values, and has room again after a deletion. */
static inline void law_full(const struct law *l, int err)
{
	struct map *m = kit_map(l->attr);

	for (u32 i = 0; i < l->attr.max_entries; i++)
		CHECK_EQ(kit_update(l, m, i, i, BPF_ANY), 0);
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(kit_update(l, m, l->attr.max_entries + i, 1, BPF_ANY), err);
	for (u32 i = 0; i < l->attr.max_entries; i++)
		CHECK_EQ(kit_update(l, m, i, i + 7, BPF_ANY), 0);
	CHECK_EQ(kit_delete(l, m, 0), 0);
	CHECK_EQ(kit_update(l, m, l->attr.max_entries, 1, BPF_NOEXIST), 0);
	CHECK_EQ(kit_update(l, m, l->attr.max_entries + 1, 1, BPF_ANY), err);
	kit_put(m);
}

static inline void law_freeze(const struct law *l)
{
	struct map *m = kit_map(l->attr);

	CHECK_EQ(kit_update(l, m, 0, 9, BPF_ANY), 0);
	CHECK_EQ(map_freeze(m), 0);
	CHECK_EQ(map_freeze(m), -EPERM);
	CHECK_EQ(kit_update(l, m, 0, 1, BPF_ANY), -EPERM);
	CHECK_EQ(kit_delete(l, m, 0), -EPERM);
	CHECK_EQ(kit_lookup(l, m, 0), 9);
	kit_put(m);
}

/* A batch in is a batch out, and batches of a few make up the whole. */
static inline void law_batch(const struct law *l, bool take)
{
	struct map *m = kit_map(l->attr);
	u32 n = l->keys, ks = l->attr.key_size, vs = map_user_value_size(m), got = 0, rounds = 0;
	u8 *keys = calloc(n, ks), *values = calloc(n, vs), token[512];
	struct map_batch b = { .keys = keys, .values = values, .count = n };
	int err = 0;

	for (u32 i = 0; i < n; i++) {
		kit_key(l, keys + (size_t)i * ks, i);
		kit_value(l, m, values + (size_t)i * vs, i + 11);
	}
	CHECK_EQ(map_update_batch(m, &b), 0);
	CHECK_EQ(b.count, n);
	for (u32 i = 0; i < n; i++)
		CHECK_EQ(kit_lookup(l, m, i), i + 11);
	memset(values, 0, (size_t)n * vs);
	for (b.in_batch = NULL, b.out_batch = token; !err && rounds++ < 10 * n;) {
		b.keys = keys + (size_t)got * ks;
		b.values = values + (size_t)got * vs;
		b.count = MIN(n - got, 8u);
		if (!b.count)
			break;
		err = map_lookup_batch(m, &b);
		if (err == -ENOSPC) {
			err = 0;
			b.count = n - got;
			err = map_lookup_batch(m, &b);
		}
		got += b.count;
		b.in_batch = token;
	}
	CHECK(!err || err == -ENOENT);
	CHECK_EQ(got, n);
	if (take) {
		b = (struct map_batch){ .keys = keys, .values = values, .count = n, .out_batch = token };
		CHECK_EQ(map_lookup_and_delete_batch(m, &b), -ENOENT);
		CHECK_EQ(b.count, n);
		CHECK_EQ(kit_count(m), 0);
		for (u32 i = 0; i < n; i++) {
			u32 k, v;
			memcpy(&k, keys + (size_t)i * ks, 4);
			memcpy(&v, values + (size_t)i * vs, 4);
			if (!l->key)
				CHECK_EQ(v, k + 11);
		}
	}
	free(keys);
	free(values);
	kit_put(m);
}

/* Each worker has keys of its own and shared ones; nobody sees a value nobody wrote. */
struct kit_work { const struct law *l; struct map *m; u32 workers, rounds; };

static inline void kit_worker(void *arg, u32 me)
{
	struct kit_work *w = arg;
	u32 seed = me * 7919 + 1;

	for (u32 r = 0; r < w->rounds; r++) {
		u32 mine = (w->l->keys / 2) / w->workers * me + r % MAX(w->l->keys / 2 / w->workers, 1u);
		u32 shared = w->l->keys / 2 + (seed = seed * 1103515245 + 12345) % (w->l->keys / 2);
		s64 got;
		int err;

		err = kit_update(w->l, w->m, mine, mine * 2 + 1, BPF_ANY);
		CHECK_EQ(err, 0);
		got = kit_lookup(w->l, w->m, mine);
		CHECK(got == (s64)mine * 2 + 1 || (w->l->lru && got == -ENOENT));
		err = kit_update(w->l, w->m, shared, shared * 2 + 1, BPF_ANY);
		CHECK_EQ(err, 0);
		got = kit_lookup(w->l, w->m, shared);
		CHECK(got == (s64)shared * 2 + 1 || got == -ENOENT);
		if (!w->l->array && r % 3 == 0) {
			err = kit_delete(w->l, w->m, shared);
			CHECK(err == 0 || err == -ENOENT);
		}
		if (!w->l->array && !w->l->lru && r % 5 == 0) {
			CHECK_EQ(kit_delete(w->l, w->m, mine), 0);
			CHECK_EQ(kit_lookup(w->l, w->m, mine), -ENOENT);
		}
		if (test_failures > 20)
			return;
	}
}

static inline void law_concurrent(const struct law *l, bool forks, u32 workers, u32 rounds)
{
	struct map *m = kit_map(l->attr);
	struct kit_work w = { l, m, workers, rounds };

	if (forks)
		CHECK(kit_forks(workers, kit_worker, &w));
	else
		kit_threads(workers, kit_worker, &w);
	/* nothing was lost on the way: it can be emptied and filled to the brim */
	if (!l->array) {
		_Alignas(8) u8 key[512];

		while (!map_next_key(m, NULL, key))
			if (map_delete(m, key)) {
				CHECK(!"an element that cannot be deleted");
				break;
			}
		for (u32 i = 0; i < l->keys; i++)
			CHECK_EQ(kit_update(l, m, i, i, BPF_NOEXIST), 0);
		if (!l->lru)
			CHECK_EQ(kit_count(m), l->keys);
	}
	kit_put(m);
}

/*
 * A child that changes the map is killed, over and over. Whatever it had finished (it says so in shared memory) stays; whoever
 * comes next is not held up for more than 10 ms (a second on a busy machine); and afterwards the map is as good as new.
 */
struct kit_kill { const struct law *l; struct map *m; u32 *done; };

static inline void kit_victim(const struct law *l, struct map *m, u32 *done, u32 seed)
{
	for (u32 r = seed;; r++) {
		u32 k = (r * 2654435761u) % l->keys;

		/* even: being changed; odd: 1 there, 3 not there */
		__atomic_store_n(&done[k], 0, __ATOMIC_SEQ_CST);
		if (r % 3 || l->array) {
			if (kit_update(l, m, k, k + 5, BPF_ANY))
				_exit(1);
			__atomic_store_n(&done[k], 1, __ATOMIC_SEQ_CST);
		} else {
			int err = kit_delete(l, m, k);
			if (err && err != -ENOENT)
				_exit(2);
			__atomic_store_n(&done[k], 3, __ATOMIC_SEQ_CST);
		}
	}
}

static inline u64 kit_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static inline void law_killed(const struct law *l, u32 deaths)
{
	struct map *m = kit_map(l->attr);
	u32 *done = kit_shared(l->keys * sizeof(*done));
	u64 worst = 0;

	for (u32 i = 0; i < deaths; i++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			kit_victim(l, m, done, i * 977);
		usleep(300 + i * 37 % 900);
		kill(pid, SIGKILL);
		/* not yet reaped: the dead are found all the same */
		for (u32 k = 0; k < l->keys; k++) {
			u64 t = kit_now();
			s64 got = kit_lookup(l, m, k);
			u32 state = __atomic_load_n(&done[k], __ATOMIC_SEQ_CST);

			if (i % 4 == 0 && !state)
				CHECK_EQ(kit_update(l, m, k, k + 5, BPF_ANY), 0);
			worst = MAX(worst, kit_now() - t);
			if (!l->lru && state == 1 && got != (s64)k + 5)
				CHECK_EQ(kit_lookup(l, m, k), k + 5);
			if (state == 3 && got != -ENOENT)
				CHECK_EQ(kit_lookup(l, m, k), -ENOENT);
			if (got >= 0 && got != (s64)k + 5 && !(l->array && !got))
				CHECK_EQ(got, k + 5);
		}
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status));
		if (test_failures > 20)
			break;
	}
	CHECK(worst < 1000000000ull);
	if (!l->array) {
		for (u32 k = 0; k < l->keys; k++)
			kit_delete(l, m, k);
		CHECK_EQ(kit_count(m), 0);
		for (u32 k = 0; k < l->attr.max_entries && k < l->keys; k++)
			CHECK_EQ(kit_update(l, m, k, 1, BPF_NOEXIST), 0);
		if (!l->lru)
			CHECK_EQ(kit_count(m), MIN(l->attr.max_entries, l->keys));
	}
	munmap(done, l->keys * sizeof(*done));
	kit_put(m);
}

#endif
