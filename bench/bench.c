/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Speed of the engines: the same programs natively, compiled by skep, interpreted by skep, and in the running kernel,
 * interleaved in one process. Medians of several passes. Ratios are of what a program adds to an empty run of the same engine.
 *
 *   bench [-j] [-p PASSES] [-t MS] OBJECT [PROGRAM...]
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "programs.h"
#include "stat.h"
#include "tools/wrap.h"

#define MAX_PASSES 51

enum engine { NATIVE, JIT, INTERP, KERNEL, ENGINES };
static const char *const engine_name[ENGINES] = { "native", "jit", "interp", "kernel" };

typedef int (*native_fn)(struct native_ctx *);
#define X(name, mean) int bench_##name(struct native_ctx *ctx);
BENCH_PROGRAMS(X)
#undef X
static struct program {
	const char *name;
	native_fn fn;
	bool in_mean;
	struct bpf_object *obj[ENGINES];
	int fd[ENGINES];
	double ns[ENGINES][MAX_PASSES], median[ENGINES];
	unsigned repeat[ENGINES];
} programs[] = {
#define X(id, mean) { .name = #id, .fn = bench_##id, .in_mean = mean },
	BENCH_PROGRAMS(X)
#undef X
};
#define PROGRAMS (sizeof(programs) / sizeof(*programs))

extern struct bench_data g;
static struct skep *subsystem[ENGINES];
static enum engine to = KERNEL; /* who answers bpf(2) */
static int bss_fd[ENGINES] = { -1, -1, -1, -1 };
static unsigned char packet[42 + 1400];

/* To the engine that is being set up. */
static long wrapped_bpf(long cmd, union bpf_attr *attr, long size) { return bpf_of(subsystem[to], cmd, attr, size); }

/* ---- native maps ---- */
static __u64 native_numbers[NUMBERS], native_counters[8];
static struct { __u32 key; __u64 value; } native_table[256];

__attribute__((noinline)) void *lookup_numbers(const __u32 *key)
{
	return *key < NUMBERS ? &native_numbers[*key] : NULL;
}

__attribute__((noinline)) void *lookup_counters(const __u32 *key)
{
	return *key < 8 ? &native_counters[*key] : NULL;
}

static __u32 slot_of(__u32 key)
{
	return key * 0x85EBCA6Bu >> 24;
}

__attribute__((noinline)) void *lookup_table(const __u32 *key)
{
	for (__u32 i = slot_of(*key);; i = (i + 1) & 255) {
		if (native_table[i].key == *key)
			return &native_table[i].value;
		if (!native_table[i].key)
			return NULL;
	}
}

static __u32 table_key(__u32 i)
{
	return i * 0x9E3779B1u >> 8;
}

static void fill_native_maps(void)
{
	for (__u32 i = 0; i < NUMBERS; i++)
		native_numbers[i] = i * i + 1;
	for (__u32 i = 1; i < TABLE; i++) {
		__u32 s = slot_of(table_key(i));

		while (native_table[s].key)
			s = (s + 1) & 255;
		native_table[s].key = table_key(i);
		native_table[s].value = i + 1000;
	}
}

static int fill_maps(struct bpf_object *o)
{
	int numbers = bpf_object__find_map_fd_by_name(o, "numbers"), table = bpf_object__find_map_fd_by_name(o, "table");
	int err = 0;

	for (__u32 i = 0; !err && i < NUMBERS; i++)
		err = bpf_map_update_elem(numbers, &i, &native_numbers[i], 0);
	for (__u32 i = 1; !err && i < TABLE; i++) {
		__u32 key = table_key(i);
		__u64 value = i + 1000;

		err = bpf_map_update_elem(table, &key, &value, 0);
	}
	return err;
}

/* ---- input ---- */
static void fill_input(void)
{
	__u64 x = 88172645463325252ull;

	for (int i = 0; i < 128; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		g.words[i] = x;
	}
	for (unsigned i = 0; i < sizeof(g.bytes); i++)
		g.bytes[i] = (__u8)(g.words[i / 8 % 128] >> i % 8 * 8);
	for (__u32 i = 0; i < 1024; i++)
		g.sorted[i] = i * 64;
	g.high = 1024;
	memset(g.text, 'x', 254);
	memset(g.text2, 'x', 254);
	for (unsigned i = 0; i < sizeof(packet); i++)
		packet[i] = (unsigned char)(i * 31);
	memcpy(packet + 12, "\x08\x00\x45", 3);
	packet[22] = 64;
	packet[23] = 17;
}

/* ---- engines ---- */
static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN && getenv("BENCH_VERBOSE") ? vfprintf(stderr, fmt, ap) : 0;
}

/* Each program in an object of its own, so that one that an engine refuses does not stop the others. */
static int load_one(struct program *p, enum engine e, const char *path)
{
	char name[64];
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;
	struct bpf_map *bss;
	__u32 zero = 0;
	size_t size;
	int err;

	if (!o)
		return -errno;
	snprintf(name, sizeof(name), "bench_%s", p->name);
	bpf_object__for_each_program(prog, o)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	bss = bpf_object__find_map_by_name(o, ".bss");
	if (bss && bpf_map__initial_value(bss, &size))
		memcpy((void *)(unsigned long)bpf_map__initial_value(bss, &size), &g, size);
	bpf_object__close(p->obj[e]);
	p->obj[e] = o;
	err = bpf_object__load(o);
	if (err)
		return err;
	err = fill_maps(o);
	bss_fd[e] = bss ? bpf_map__fd(bss) : -1;
	prog = bpf_object__find_program_by_name(o, name);
	p->fd[e] = bpf_program__fd(prog);
	if (!err && !strcmp(p->name, "tail")) /* it calls itself */
		err = bpf_map_update_elem(bpf_object__find_map_fd_by_name(o, "progs"), &zero, &p->fd[e], 0);
	return err;
}

static int run_fd(enum engine e, int fd, unsigned repeat, __u32 *retval)
{
	static unsigned char out[4096];
	LIBBPF_OPTS(bpf_test_run_opts, t, .data_in = packet, .data_size_in = sizeof(packet), .data_out = out,
		    .data_size_out = sizeof(out), .repeat = (int)repeat);
	int err;

	to = e;
	err = bpf_prog_test_run_opts(fd, &t);
	*retval = t.retval;
	return err;
}

static void run_native(const struct program *p, unsigned repeat)
{
	struct native_ctx ctx = { packet, packet + sizeof(packet) };

	for (unsigned i = 0; i < repeat; i++) {
		p->fn(&ctx);
		__asm__ volatile("" ::: "memory");
	}
}

static double time_run(const struct program *p, enum engine e, unsigned repeat)
{
	u64 start = thread_ns();
	__u32 ret;

	if (e == NATIVE)
		run_native(p, repeat);
	else if (run_fd(e, p->fd[e], repeat, &ret))
		return NAN;
	return (double)(thread_ns() - start) / repeat;
}

/* How often, so that one measurement takes about so long. */
static unsigned calibrate(const struct program *p, enum engine e, double ms)
{
	unsigned n = 16;

	for (;;) {
		double ns = time_run(p, e, n) * n;

		if (isnan(ns))
			return 1;
		if (ns > ms * 1e6 / 4 || n >= 1u << 24)
			return (unsigned)fmax(1, n * (ms * 1e6 / ns));
		n *= 4;
	}
}

/* The same result everywhere, or the times mean nothing. */
static bool check(struct program *p, enum engine e, const char *path)
{
	struct bench_data got;
	__u64 want;
	__u32 key = 0, ret = 0;
	int err;

	run_native(p, 1);
	want = g.result;
	to = e;
	p->fd[e] = -1;
	err = load_one(p, e, path);
	if (err) {
		fprintf(stderr, "bench: %s: %s refuses it: %s %s\n", p->name, engine_name[e], strerror(err < 0 ? -err : err),
			e == KERNEL ? "" : skep_reason());
		p->fd[e] = -1;
		return false;
	}
	err = run_fd(e, p->fd[e], 1, &ret);
	if (!err && bss_fd[e] >= 0)
		err = bpf_map_lookup_elem(bss_fd[e], &key, &got);
	if (err || (bss_fd[e] >= 0 && strcmp(p->name, "empty") && got.result != want)) {
		fprintf(stderr, "bench: %s: %s has another result (error %d): 0x%llx, not 0x%llx\n", p->name, engine_name[e], err,
			(unsigned long long)got.result, (unsigned long long)want);
		p->fd[e] = -1;
		return false;
	}
	return true;
}

static bool wanted(const struct program *p, int argc, char **argv)
{
	if (!argc || !strcmp(p->name, "empty"))
		return true;
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], p->name))
			return true;
	return false;
}

/* ---- output ---- */
/* Without what the engine takes for an empty run: entering, leaving, and the loop around. */
static double net(const struct program *p, enum engine e)
{
	return p->fd[e] < 0 ? NAN : p->median[e] - programs[0].median[e];
}

static double ratio(const struct program *p, enum engine a, enum engine b)
{
	double x = net(p, a), y = net(p, b);

	return isnan(x) || isnan(y) || x <= 0 || y <= 0 ? NAN : x / y;
}

static double mean(enum engine a, enum engine b, bool *used)
{
	double sum = 0;
	unsigned n = 0;

	for (unsigned i = 1; i < PROGRAMS; i++) {
		double r = used[i] && programs[i].in_mean ? ratio(&programs[i], a, b) : NAN;

		if (!isnan(r)) {
			sum += log(r);
			n++;
		}
	}
	return n ? exp(sum / n) : NAN;
}

static void print_number(double v, const char *fmt)
{
	char text[32];

	if (isnan(v))
		snprintf(text, sizeof(text), "-");
	else
		snprintf(text, sizeof(text), fmt, v);
	printf(" %9s", text);
}

static void print_table(bool *used)
{
	printf("%-10s %9s %9s %9s %9s | %9s %9s %9s %9s\n", "ns/run", "native", "jit", "interp", "kernel", "jit/nat", "kern/nat",
	       "jit/kern", "int/nat");
	for (unsigned i = 0; i < PROGRAMS; i++) {
		const struct program *p = &programs[i];

		if (!used[i])
			continue;
		printf("%-9s%c", p->name, p->in_mean ? ' ' : '*');
		for (enum engine e = 0; e < ENGINES; e++)
			print_number(p->fd[e] < 0 ? NAN : p->median[e], "%.1f");
		printf(" |");
		print_number(i ? ratio(p, JIT, NATIVE) : NAN, "%.2f");
		print_number(i ? ratio(p, KERNEL, NATIVE) : NAN, "%.2f");
		print_number(i ? ratio(p, JIT, KERNEL) : NAN, "%.2f");
		print_number(i ? ratio(p, INTERP, NATIVE) : NAN, "%.1f");
		printf("\n");
	}
	printf("%-10s %9s %9s %9s %9s |", "geomean", "", "", "", "");
	print_number(mean(JIT, NATIVE, used), "%.3f");
	print_number(mean(KERNEL, NATIVE, used), "%.3f");
	print_number(mean(JIT, KERNEL, used), "%.3f");
	print_number(mean(INTERP, NATIVE, used), "%.1f");
	printf("\n(* not in the mean)\n");
}

static void json_number(const char *key, double v, const char *after)
{
	if (isnan(v))
		printf("\"%s\":null%s", key, after);
	else
		printf("\"%s\":%.4g%s", key, v, after);
}

static void print_json(bool *used, unsigned passes)
{
	const char *sep = "";

	printf("{\"passes\":%u,\"programs\":[", passes);
	for (unsigned i = 0; i < PROGRAMS; i++) {
		const struct program *p = &programs[i];

		if (!used[i])
			continue;
		printf("%s\n {\"name\":\"%s\",\"in_mean\":%s,\"ns\":{", sep, p->name, p->in_mean ? "true" : "false");
		for (enum engine e = 0; e < ENGINES; e++)
			json_number(engine_name[e], p->fd[e] < 0 ? NAN : p->median[e], e + 1 < ENGINES ? "," : "},");
		json_number("jit_to_native", i ? ratio(p, JIT, NATIVE) : NAN, ",");
		json_number("kernel_to_native", i ? ratio(p, KERNEL, NATIVE) : NAN, ",");
		json_number("jit_to_kernel", i ? ratio(p, JIT, KERNEL) : NAN, ",");
		json_number("interp_to_native", i ? ratio(p, INTERP, NATIVE) : NAN, "}");
		sep = ",";
	}
	printf("],\n \"geomean\":{");
	json_number("jit_to_native", mean(JIT, NATIVE, used), ",");
	json_number("kernel_to_native", mean(KERNEL, NATIVE, used), ",");
	json_number("jit_to_kernel", mean(JIT, KERNEL, used), ",");
	json_number("interp_to_native", mean(INTERP, NATIVE, used), "}}\n");
}

/*
 * Loaded anew for each pass: where code and maps come to lie is random, in the kernel too, and which branches and lines then share
 * a place in the processor is worth a factor of two to a short program.
 */
static double time_pass(struct program *p, enum engine e, const char *path)
{
	__u32 ret;

	to = e;
	if (e != NATIVE && (load_one(p, e, path) || run_fd(e, p->fd[e], p->repeat[e] / 8 + 1, &ret)))
		return NAN;
	return time_run(p, e, p->repeat[e]);
}

static void measure(bool *used, unsigned passes, double ms, const char *path)
{
	for (unsigned i = 0; i < PROGRAMS; i++)
		for (enum engine e = 0; e < ENGINES; e++)
			if (used[i] && programs[i].fd[e] >= 0)
				programs[i].repeat[e] = calibrate(&programs[i], e, ms);
	for (unsigned k = 0; k < passes; k++)
		for (unsigned i = 0; i < PROGRAMS; i++)
			for (enum engine e = 0; e < ENGINES; e++)
				if (used[i] && programs[i].fd[e] >= 0)
					programs[i].ns[e][k] = time_pass(&programs[i], e, path);
	for (unsigned i = 0; i < PROGRAMS; i++)
		for (enum engine e = 0; e < ENGINES; e++)
			if (used[i] && programs[i].fd[e] >= 0)
				programs[i].median[e] = median(programs[i].ns[e], passes);
}

static int make_engines(void)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1, .flags = SKEP_F_RUN_ANY };
	int err;

	o.engine = SKEP_ENGINE_JIT;
	err = skep_new(&o, &subsystem[JIT]);
	o.engine = SKEP_ENGINE_INTERP;
	return err ? err : skep_new(&o, &subsystem[INTERP]);
}

int main(int argc, char **argv)
{
	unsigned passes = 7;
	double ms = 20;
	bool json = false, used[PROGRAMS], wrong = false;
	int c;

	while ((c = getopt(argc, argv, "jp:t:")) != -1) {
		if (c == 'j')
			json = true;
		else if (c == 'p')
			passes = (unsigned)atoi(optarg);
		else if (c == 't')
			ms = atof(optarg);
		else
			optind = argc;
	}
	if (optind >= argc || !passes || passes > MAX_PASSES || ms <= 0) {
		fprintf(stderr, "usage: bench [-j] [-p PASSES] [-t MS] OBJECT [PROGRAM...]\n");
		return 2;
	}
	libbpf_set_print(quiet);
	if (make_engines())
		return 1;
	fill_input();
	fill_native_maps();
	for (unsigned i = 0; i < PROGRAMS; i++) {
		used[i] = wanted(&programs[i], argc - optind - 1, argv + optind + 1);
		for (enum engine e = JIT; used[i] && e < ENGINES; e++)
			wrong |= !check(&programs[i], e, argv[optind]) && e != KERNEL;
	}
	measure(used, passes, ms, argv[optind]);
	if (json)
		print_json(used, passes);
	else
		print_table(used);
	return wrong;
}
