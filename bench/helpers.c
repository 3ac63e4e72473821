/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers and kernel functions inside programs beside the running kernel's: nanoseconds a turn of each row of helpers.bpf.c, without what
 * the empty row of its kind of program takes. Processor time; both sides take turns; medians. Needs bpf(2).
 * Usage: helpers [-r ROUNDS] OBJECT [ROW...]
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stat.h"
#include "tools/wrap.h"

#define TURNS 512
#define RUNS 20
#define MAX_ROUNDS 51

enum side { KERNEL, SKEP, SIDES };

static struct skep *subsystem[SIDES];
static enum side to;
static unsigned char packet[64] = { [12] = 8 };

static long wrapped_bpf(long cmd, union bpf_attr *attr, long size) { return bpf_of(subsystem[to], cmd, attr, size); }

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN && getenv("BENCH_VERBOSE") ? vfprintf(stderr, fmt, ap) : 0;
}

struct loaded { struct bpf_object *o; int fd; bool raw; };

/* The row's program alone; fd is negative where it is refused. */
static struct loaded load(enum side s, const char *path, const char *row)
{
	struct loaded l = { .o = bpf_object__open_file(path, NULL), .fd = -1 };
	struct bpf_program *p, *mine = NULL;

	to = s;
	if (!l.o)
		return l;
	bpf_object__for_each_program(p, l.o) {
		bool it = !strcmp(bpf_program__name(p), row);

		bpf_program__set_autoload(p, it);
		mine = it ? p : mine;
	}
	if (mine && !bpf_object__load(l.o)) {
		l.fd = bpf_program__fd(mine);
		l.raw = bpf_program__type(mine) == BPF_PROG_TYPE_RAW_TRACEPOINT;
	}
	return l;
}

static double once(enum side s, const struct loaded *l)
{
	LIBBPF_OPTS(bpf_test_run_opts, skb, .data_in = packet, .data_size_in = sizeof(packet), .repeat = RUNS);
	LIBBPF_OPTS(bpf_test_run_opts, raw);
	double start;
	int err = 0;

	to = s;
	start = stat_now(CLOCK_THREAD_CPUTIME_ID);
	if (!l->raw)
		err = bpf_prog_test_run_opts(l->fd, &skb);
	for (int i = 0; l->raw && !err && i < RUNS; i++)
		err = bpf_prog_test_run_opts(l->fd, &raw);
	return err ? -1 : (stat_now(CLOCK_THREAD_CPUTIME_ID) - start) / (RUNS * TURNS);
}

static void close_all(struct loaded l[SIDES])
{
	for (int s = 0; s < SIDES; s++) {
		to = (enum side)s;
		bpf_object__close(l[s].o);
	}
}

/* Without the empty row, which takes its turn right before. */
static void measure(const char *path, const char *row, unsigned rounds)
{
	struct loaded l[SIDES], empty[SIDES];
	double v[SIDES][MAX_ROUNDS];
	bool fine = true;

	for (enum side s = 0; s < SIDES; s++) {
		l[s] = load(s, path, row);
		empty[s] = load(s, path, l[s].raw ? "row_raw_empty" : "row_empty");
		fine &= l[s].fd >= 0 && empty[s].fd >= 0;
	}
	for (unsigned r = 0; fine && r < rounds + 1; r++) /* the first is for getting warm */
		for (enum side s = 0; s < SIDES; s++) {
			double base = once(s, &empty[s]), took = once(s, &l[s]);

			fine &= base >= 0 && took >= 0;
			v[s][r ? r - 1 : 0] = took - base;
		}
	printf("%-22s", row + 4);
	if (fine) {
		double k = median(v[KERNEL], rounds), s = median(v[SKEP], rounds);

		printf(" %10.2f %10.2f %9.2f\n", k, s, s > 0.05 ? k / s : 0);
	} else {
		printf(" %10s %10s\n", l[KERNEL].fd < 0 ? "refused" : "-", l[SKEP].fd < 0 ? "refused" : "-");
	}
	fflush(stdout);
	close_all(l);
	close_all(empty);
}

int main(int argc, char **argv)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1 };
	unsigned rounds = 9;
	struct bpf_object *all;
	struct bpf_program *p;
	int at = 1;

	if (argc > 2 && !strcmp(argv[1], "-r")) {
		rounds = (unsigned)atoi(argv[2]);
		rounds = rounds < 1 || rounds > MAX_ROUNDS ? 9 : rounds;
		at = 3;
	}
	if (at >= argc) {
		fprintf(stderr, "usage: helpers [-r ROUNDS] OBJECT [ROW...]\n");
		return 2;
	}
	libbpf_set_print(quiet);
	if (skep_new(&o, &subsystem[SKEP]) || !(all = bpf_object__open_file(argv[at], NULL)))
		return 1;
	printf("%-22s %10s %10s %9s\n", "", "kernel ns", "skep ns", "ratio");
	bpf_object__for_each_program(p, all) {
		const char *row = bpf_program__name(p);
		bool wanted = at + 1 == argc;

		for (int i = at + 1; i < argc; i++)
			wanted |= !strcmp(argv[i], row + 4);
		if (wanted && !strstr(row, "empty"))
			measure(argv[at], row, rounds);
	}
	bpf_object__close(all);
	return 0;
}
