/* SPDX-License-Identifier: BSD-2-Clause */
/* Laws of lru_hash and lru_percpu_hash, with common and with per-CPU lists. */
#include <sched.h>

#include "map/kit.h"

static struct law lru(u32 type, u32 n, u32 flags)
{
	return (struct law){ .attr = { .type = type, .key_size = 4, .value_size = 8, .max_entries = n, .flags = flags },
			     .keys = n, .lru = true };
}

static void on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void on_all_cpus(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	sched_setaffinity(0, sizeof(set), &set);
}

#define EACH_LRU(...)                                                                                     \
	do {                                                                                              \
		for (u32 f_ = 0; f_ < 4; f_++) {                                                          \
			struct law l = lru(f_ & 1 ? BPF_MAP_TYPE_LRU_PERCPU_HASH : BPF_MAP_TYPE_LRU_HASH, 1000, \
					   f_ & 2 ? BPF_F_NO_COMMON_LRU : 0);                             \
			__VA_ARGS__;                                                                       \
		}                                                                                         \
	} while (0)

/* Few enough for one CPU's share. */
TEST(elements)
{
	EACH_LRU({
		l.keys = 200;
		law_elements(&l);
		law_flags(&l);
		law_delete(&l);
		law_batch(&l, true);
	});
}

/* It always takes one more, never grows beyond its size, and what is used stays. */
TEST(evicts)
{
	on_one_cpu();
	EACH_LRU({
		struct map *m = kit_map(l.attr);
		u32 limit = m->desc.max_entries;
		u32 hot = 0;

		CHECK_EQ(kit_update(&l, m, 1, 1, 0), 0);
		for (u32 i = 100; i < 100 + 10 * limit; i++) {
			CHECK_EQ(kit_update(&l, m, i, i, BPF_NOEXIST), 0);
			CHECK_EQ(kit_lookup(&l, m, i), i);
			CHECK(map_prog_lookup(m, &(u32){ 1 }, 0) != NULL || hot++ > 2);
			if (test_failures > 10)
				break;
		}
		CHECK(kit_count(m) <= limit);
		CHECK(kit_count(m) >= limit / map_possible_cpus() / 4);
		CHECK_EQ(kit_lookup(&l, m, 1), 1);
		kit_put(m);
	});
	on_all_cpus();
}

TEST(threads)
{
	EACH_LRU({
		l.keys = 300;
		law_concurrent(&l, false, 4, 10000);
	});
	EACH_LRU({
		l.attr.max_entries = 64;
		l.keys = 400;
		law_concurrent(&l, false, 6, 10000);
	});
}

TEST(forks)
{
	EACH_LRU({
		l.keys = 300;
		law_concurrent(&l, true, 20, 1000);
	});
}

TEST(killed)
{
	EACH_LRU({
		l.attr.max_entries = 200;
		l.keys = 300;
		law_killed(&l, 60);
	});
}

/* After many deaths the whole size can still be used. */
static void churn(void *arg, u32 i)
{
	struct kit_work *w = arg;

	alarm(20);
	for (u32 n = i * 1000003;; n++)
		if (kit_update(w->l, w->m, n % 5000, 1, 0))
			_exit(1);
}

TEST(nothing_leaks)
{
	EACH_LRU({
		struct map *m = kit_map(l.attr);
		struct kit_work w = { &l, m, 0, 0 };
		u32 n = 0;

		for (u32 i = 0; i < 60; i++) {
			pid_t pid = fork();

			if (!pid)
				churn(&w, i);
			usleep(500 + i * 53 % 1500);
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
		for (u32 cpu = 0; cpu < map_possible_cpus(); cpu++) {
			cpu_set_t set;

			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			sched_setaffinity(0, sizeof(set), &set);
			for (u32 i = 0; i < 20000; i++)
				CHECK_EQ(kit_update(&l, m, cpu * 100000 + i, 1, 0), 0);
		}
		on_all_cpus();
		n = kit_count(m);
		CHECK(n <= m->desc.max_entries);
		CHECK(n + 2 * 128 * map_possible_cpus() >= m->desc.max_entries);
		kit_put(m);
	});
}
