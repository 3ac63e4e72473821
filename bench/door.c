/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a command costs from outside: one element looked up and stored, by the running kernel's bpf(2), by skep_bpf_in() as it is and
 * for a process that reports its closes, and by the map itself. Processor time of this thread, the best of nine rounds.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "skep/skep.h"
#include "stat.h"

#define ROUNDS 9
#define TIMES 200000

enum how { KERNEL, COMMAND, COMMAND_HEARS, HANDLE };
struct way {
	enum how how;
	struct skep *s;
	struct skep_map *map;
	unsigned key;
	uint64_t value;
	union bpf_attr a;
};

static double now(void) { return stat_now(CLOCK_THREAD_CPUTIME_ID); }

static long command(struct way *w, int cmd)
{
	if (w->how == KERNEL)
		return syscall(SYS_bpf, cmd, &w->a, sizeof(w->a));
	return skep_bpf_in(w->s, cmd, &w->a, sizeof(w->a));
}

static long element(struct way *w, int cmd)
{
	if (w->how != HANDLE)
		return command(w, cmd);
	return cmd == BPF_MAP_LOOKUP_ELEM ? skep_map_lookup(w->map, &w->key, &w->value, 0) :
					    skep_map_update(w->map, &w->key, &w->value, 0);
}

/* ns, or -1 when it fails */
static double measure(struct way *w, int cmd)
{
	double best = 1e12;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now();
		for (int i = 0; i < TIMES; i++)
			if (element(w, cmd) < 0)
				return -1;
		start = (now() - start) / TIMES;
		best = start < best ? start : best;
	}
	return best;
}

static int open_map(struct way *w, unsigned type)
{
	struct skep_opts o = { .sz = sizeof(o), .flags = w->how == COMMAND_HEARS ? SKEP_F_HEARS_CLOSES : 0 };
	long fd;

	if (w->how != KERNEL && skep_new(&o, &w->s))
		return -1;
	memset(&w->a, 0, sizeof(w->a));
	w->a.map_type = type;
	w->a.key_size = 4;
	w->a.value_size = 8;
	w->a.max_entries = 64;
	fd = command(w, BPF_MAP_CREATE);
	if (fd < 0 || (w->how == HANDLE && skep_map_get(w->s, (int)fd, &w->map)))
		return -1;
	memset(&w->a, 0, sizeof(w->a));
	w->a.map_fd = (unsigned)fd;
	w->a.key = (uintptr_t)&w->key;
	w->a.value = (uintptr_t)&w->value;
	return 0;
}

int main(void)
{
	static const char *const how[] = { "kernel, bpf(2)", "skep_bpf_in()", "the same, closes are told", "skep_map_lookup(), _update()" };

	printf("%-8s %-30s %8s %8s\n", "map", "way", "lookup", "update");
	for (unsigned type = BPF_MAP_TYPE_HASH; type <= BPF_MAP_TYPE_ARRAY; type++)
		for (enum how h = KERNEL; h <= HANDLE; h++) {
			struct way w = { .how = h };
			double update, lookup;

			if (open_map(&w, type))
				continue;
			update = measure(&w, BPF_MAP_UPDATE_ELEM);
			lookup = measure(&w, BPF_MAP_LOOKUP_ELEM);
			printf("%-8s %-30s %5.0f ns %5.0f ns\n", type == BPF_MAP_TYPE_HASH ? "hash" : "array", how[h], lookup, update);
			skep_map_put(w.map);
			close((int)w.a.map_fd);
			skep_free(w.s);
		}
	return 0;
}
