/* SPDX-License-Identifier: BSD-2-Clause */
/* Lock words, bpf_spin_lock in values, BPF_F_LOCK, and special fields that copies leave alone. */
#include "map/kit.h"
#include "map/lock.h"

struct shared { lease word; u32 spin; u64 a, b; };

static void add(void *arg, u32 i)
{
	struct shared *s = arg;

	for (u32 n = 0; n < 5000; n++) {
		CHECK(lease_lock(&s->word, map_self_page()) >= 0);
		s->a++;
		if (n % 64 == i)
			sched_yield();
		s->b++;
		lease_unlock(&s->word);
	}
}

TEST(excludes)
{
	struct shared *s = kit_shared(sizeof(*s));

	kit_threads(4, add, s);
	CHECK(kit_forks(8, add, s));
	CHECK_EQ(s->a, 12 * 5000);
	CHECK_EQ(s->b, 12 * 5000);
	CHECK_EQ(s->word & LEASE_OWNER, 0);
	munmap(s, sizeof(*s));
}

TEST(taken_from_the_dead)
{
	struct shared *s = kit_shared(sizeof(*s));

	for (u32 round = 0; round < 4; round++) {
		bool reap_late = round & 1;
		pid_t pid = fork();
		u64 t;

		if (!pid) {
			if (lease_lock(&s->word, map_self_page()) < 0)
				_exit(1);
			raise(SIGKILL);
		}
		if (!reap_late)
			waitpid(pid, NULL, 0);
		else
			while (!(__atomic_load_n(&s->word, __ATOMIC_SEQ_CST) & LEASE_OWNER))
				;
		t = kit_now();
		CHECK_EQ(lease_lock(&s->word, map_self_page()), LEASE_STOLEN);
		CHECK(kit_now() - t < 500000000ull);
		lease_unlock(&s->word);
		CHECK_EQ(lease_lock(&s->word, map_self_page()), LEASE_OK);
		lease_unlock(&s->word);
		if (reap_late)
			waitpid(pid, NULL, 0);
	}
	munmap(s, sizeof(*s));
}

/* The process lives on, as another program: what it held is free again. */
TEST(taken_from_an_exec)
{
	struct map *m = kit_map((struct map_attr){ .type = BPF_MAP_TYPE_QUEUE, .value_size = 8, .max_entries = 4 });
	lease *word = (lease *)(void *)m->data; /* any place in a map's file */
	u64 t = kit_now();
	pid_t pid = fork();

	if (!pid) {
		if (lease_lock(word, map_self_page()) < 0)
			_exit(1);
		execl("/bin/sleep", "sleep", "20", (char *)NULL);
		_exit(1);
	}
	while (!(__atomic_load_n(word, __ATOMIC_SEQ_CST) & LEASE_OWNER))
		;
	CHECK_EQ(lease_lock(word, map_self_page()), LEASE_STOLEN);
	CHECK(kit_now() - t < 3000000000ull);
	lease_unlock(word);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	kit_put(m);
}

/* One that only sleeps keeps it. */
TEST(not_taken_from_the_living)
{
	struct map *m = kit_map((struct map_attr){ .type = BPF_MAP_TYPE_QUEUE, .value_size = 8, .max_entries = 4 });
	lease *word = (lease *)(void *)m->data;
	pid_t pid = fork();

	if (!pid) {
		if (lease_lock(word, map_self_page()) < 0)
			_exit(1);
		usleep(400000);
		lease_unlock(word);
		_exit(0);
	}
	while (!(__atomic_load_n(word, __ATOMIC_SEQ_CST) & LEASE_OWNER))
		;
	CHECK_EQ(lease_lock(word, map_self_page()), LEASE_OK);
	lease_unlock(word);
	waitpid(pid, NULL, 0);
	kit_put(m);
}

/* A process is known by pid and start time: the same number later is another. */
TEST(identity)
{
	u64 me = map_ident(map_self_page());
	pid_t pid;
	int status;

	CHECK(!lease_owner_dead(me));
	CHECK(lease_owner_dead(me + ((u64)1 << LEASE_PID_BITS)));
	CHECK(!lease_short_dead(lease_short(me)));
	pid = fork();
	if (!pid)
		_exit(map_ident(map_self_page()) == me);
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
}

/* struct { u64 a; struct bpf_spin_lock lock; u32 b; u64 c[16]; } */
struct locked { u64 a; u32 lock, b; u64 c[16]; };

static struct map_attr with_lock(u32 type)
{
	struct map_attr a = { .type = type, .key_size = 4, .value_size = sizeof(struct locked), .max_entries = 4 };

	a.record = kit_lock_record(8);
	return a;
}

struct lock_work { struct map *m; bool torn; };

static void lock_worker(void *arg, u32 i)
{
	struct lock_work *w = arg;
	struct locked v;
	u32 key = 1;

	for (u32 n = 0; n < 5000; n++) {
		memset(&v, (int)(n + i * 64) % 256, sizeof(v));
		CHECK_EQ(map_update(w->m, &key, &v, BPF_F_LOCK), 0);
		CHECK_EQ(map_lookup(w->m, &key, &v, BPF_F_LOCK), 0);
		CHECK_EQ(v.lock, 0);
		for (u32 k = 0; k < 16; k++)
			if (v.c[k] != v.a)
				w->torn = true;
	}
}

/*
 * Words that a client wrote over, which look like locks of processes that live (this one, the first): who wants them waits some seconds,
 * at leisure, and not for ever.
 */
static void take_from_nobody(void *arg, u32 i)
{
	map_spin_lock(NULL, (u32 *)arg + i);
}

TEST(not_waited_for_ever)
{
	u32 words[2] = { lease_short(map_ident(map_self_page())), 1u << 31 | 1 };
	struct timespec used;

	kit_threads(2, take_from_nobody, words);
	CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
	CHECK(used.tv_sec < 2);
	CHECK_EQ(words[0] & 0x3fffff, (u32)getpid());
	CHECK_EQ(words[1] & 0x3fffff, (u32)getpid());
}

TEST(locked_values)
{
	static const u32 types[] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH };

	for (u32 t = 0; t < 2; t++) {
		struct map *m = kit_map(with_lock(types[t]));
		struct lock_work w = { m, false };
		struct locked v = { .a = 1 }, *p;
		u32 key = 1;

		CHECK_EQ(map_freeze(m), -ENOTSUPP);
		if (types[t] == BPF_MAP_TYPE_HASH)
			CHECK_EQ(map_update(m, &key, &v, BPF_F_LOCK | BPF_EXIST), -ENOENT);
		CHECK_EQ(map_update(m, &key, &v, BPF_F_LOCK), 0);
		p = map_prog_lookup(m, &key, 0);
		map_spin_lock(m, &p->lock);
		CHECK(p->lock);
		v.lock = 77;
		CHECK_EQ(map_lookup(m, &key, &v, 0), 0);
		CHECK_EQ(v.lock, 0);
		v.a = 5;
		v.lock = 77;
		CHECK_EQ(types[t] == BPF_MAP_TYPE_ARRAY ? map_update(m, &key, &v, 0) : 0, 0);
		CHECK(p->lock && p->lock != 77);
		map_spin_unlock(&p->lock);
		CHECK_EQ(map_update(m, &key, &v, BPF_F_LOCK | BPF_NOEXIST), -EEXIST);
		kit_threads(4, lock_worker, &w);
		CHECK(!w.torn);
		/* a program that died holding the value's lock */
		pid_t pid = fork();
		if (!pid) {
			map_spin_lock(m, &p->lock);
			raise(SIGKILL);
		}
		p = map_prog_lookup(m, &key, 0);
		waitpid(pid, NULL, 0);
		CHECK_EQ(map_update(m, &key, &v, BPF_F_LOCK), 0);
		kit_put(m);
	}
}

static u32 freed;
static void count_free(struct map *m, void *value) { (void)m; (void)value; freed++; }

TEST(fields_are_freed)
{
	static const u32 types[] = { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH };

	for (u32 t = 0; t < 2; t++) {
		struct map_attr a = { .type = types[t], .key_size = 4, .value_size = 8, .max_entries = 4 };
		struct map *m = kit_map(a);
		u64 v = 0;
		u32 key;

		freed = 0;
		m->field_free = count_free;
		for (key = 0; key < 3; key++)
			CHECK_EQ(map_update(m, &key, &v, 0), 0);
		CHECK_EQ(freed, 0);
		key = 1;
		CHECK_EQ(map_update(m, &key, &v, 0), 0);
		CHECK_EQ(freed, 1);
		CHECK_EQ(map_delete(m, &key), 0);
		CHECK_EQ(freed, 2);
		for (key = 10; key < 30; key++)
			map_update(m, &key, &v, 0);
		CHECK(types[t] == BPF_MAP_TYPE_HASH ? freed == 2 : freed >= 10);
		m->field_free = NULL;
		kit_put(m);
	}
}
