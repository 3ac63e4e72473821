/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client of the box pays: run it in `skep exec` and outside. Prints "NAME NANOSECONDS" lines, each the median of rounds.
 * box [NAME...]: only these.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 15

static int map;
static unsigned key = 1;
static unsigned long long value;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* libc's, so that a preloaded accelerator sees it */
static long elem(int cmd)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (unsigned)map;
	a.key = (unsigned long)&key;
	a.value = (unsigned long)&value;
	return syscall(SYS_bpf, cmd, &a, sizeof(a));
}

static void empty(void)
{
	struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };

	syscall(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &l, NULL);
}
static void lookup(void) { elem(BPF_MAP_LOOKUP_ELEM); }
static void update(void) { elem(BPF_MAP_UPDATE_ELEM); }
static void next_key(void) { elem(BPF_MAP_GET_NEXT_KEY); }
static void create_close(void)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 16;
	close((int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
}
static void load_close(void)
{
	struct bpf_insn insns[] = { { .code = 0xb7 }, { .code = 0x95 } };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (unsigned long)insns;
	a.insn_cnt = 2;
	a.license = (unsigned long)"GPL";
	close((int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a)));
}
static void open_file(void) { close(open("/dev/null", 0)); }

static const struct { const char *name; void (*fn)(void); int n; } all[] = {
	{ "empty", empty, 20000 }, { "lookup", lookup, 20000 }, { "update", update, 20000 }, { "next_key", next_key, 20000 },
	{ "create_close", create_close, 500 }, { "load_close", load_close, 500 }, { "open_other_file", open_file, 5000 },
};

static int by_value(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : 1; }

int main(int argc, char **argv)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 1024;
	map = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
	if (map < 0) {
		perror("bpf");
		return 1;
	}
	update();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		double t[ROUNDS];
		int wanted = argc < 2;

		for (int k = 1; k < argc; k++)
			wanted |= !strcmp(argv[k], all[i].name);
		if (!wanted)
			continue;
		for (int r = 0; r < ROUNDS; r++) {
			double start = now();

			for (int k = 0; k < all[i].n / ROUNDS; k++)
				all[i].fn();
			t[r] = (now() - start) / (all[i].n / ROUNDS);
		}
		qsort(t, ROUNDS, sizeof(t[0]), by_value);
		printf("%-16s %10.0f\n", all[i].name, t[ROUNDS / 2]);
	}
	return 0;
}
