/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs programs of objects on the packets of a capture, on every engine: objrun CAPTURE OBJECT PROGRAM... [-- OBJECT PROGRAM...]...
 *
 * Engines are the interpreter, the JIT, the hardened JIT, and the running kernel where it permits. Results, packets and, at the end,
 * contents of maps must be equal; a line per program has their digest, so that two machines can be compared. Exit status 1: different.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/wrap.h"

enum { INTERP, JIT, HARDENED, KERNEL, ENGINES };
static const char *const engine_name[] = { "interpreter", "JIT", "hardened JIT", "kernel" };
static struct skep *subsystem[ENGINES]; /* the kernel has none */
static u32 to = KERNEL;                 /* who answers bpf(2) */

/* To the engine that is being set up. */
static long wrapped_bpf(long cmd, union bpf_attr *attr, long size) { return bpf_of(subsystem[to], cmd, attr, size); }

/* ---- the capture ---- */
#define MAX_PACKETS 64
static struct { u8 *byte; u32 len; } packet[MAX_PACKETS];
static u32 npackets;

static int read_capture(const char *path)
{
	FILE *f = fopen(path, "re");
	u32 head[6], rec[4];

	if (!f || fread(head, sizeof(head), 1, f) != 1 || head[0] != 0xa1b23c4d) /* as mkpcap writes it, nanoseconds */
		return -EINVAL;
	while (npackets < MAX_PACKETS && fread(rec, sizeof(rec), 1, f) == 1) {
		u8 *p = malloc(rec[2]);

		if (!p || fread(p, rec[2], 1, f) != 1)
			return -EINVAL;
		packet[npackets].byte = p;
		packet[npackets].len = rec[2];
		npackets += rec[2] >= 34 && rec[2] < 1500; /* what every kind of test run takes */
	}
	fclose(f);
	return npackets ? 0 : -EINVAL;
}

/* ---- one program on one engine ---- */
static u64 digest;

static void add(const void *p, size_t n)
{
	const u8 *b = p;

	while (n--)
		digest = (digest ^ *b++) * 0x100000001b3ull;
}

static int by_bytes(const void *a, const void *b)
{
	u64 x, y;

	memcpy(&x, a, 8);
	memcpy(&y, b, 8);
	return (x > y) - (x < y);
}

/* Hash maps have no order that two systems share: a digest of each element, sorted. */
static void add_map(const struct bpf_map *m)
{
	static u64 each[1 << 16];
	static u8 key[512], value[1 << 16];
	u32 ks = bpf_map__key_size(m), vs = ROUND_UP(bpf_map__value_size(m), 8u) * (u32)libbpf_num_possible_cpus(), n = 0;
	enum bpf_map_type t = bpf_map__type(m);
	u64 outer = digest;
	int fd = bpf_map__fd(m);

	if ((t != BPF_MAP_TYPE_ARRAY && t != BPF_MAP_TYPE_HASH && t != BPF_MAP_TYPE_LRU_HASH && t != BPF_MAP_TYPE_LPM_TRIE) ||
	    ks > sizeof(key) || vs > sizeof(value))
		return;
	for (void *prev = NULL; n < ARRAY_SIZE(each) && !bpf_map_get_next_key(fd, prev, key); prev = key) {
		memset(value, 0, vs);
		if (bpf_map_lookup_elem(fd, key, value))
			continue;
		digest = 0xcbf29ce484222325ull;
		add(key, ks);
		add(value, bpf_map__value_size(m));
		each[n++] = digest;
	}
	qsort(each, n, sizeof(*each), by_bytes);
	digest = outer;
	add(each, n * sizeof(*each));
}

static int run_program(struct bpf_object *o, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(o, name);
	static u8 out[4096];
	struct bpf_map *m;

	if (!p)
		return -ENOENT;
	digest = 0xcbf29ce484222325ull;
	for (u32 i = 0; i < npackets; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, t, .data_in = packet[i].byte, .data_size_in = packet[i].len, .data_out = out,
			    .data_size_out = sizeof(out));
		int err = bpf_prog_test_run_opts(bpf_program__fd(p), &t);
		u32 ret = err ? (u32)err : t.retval;

		add(&ret, sizeof(ret));
		if (!err)
			add(out, t.data_size_out);
	}
	bpf_object__for_each_map(m, o)
		add_map(m);
	return 0;
}

/* The object loaded for this engine alone; its digest for the program. 0 or -errno. */
static int run_on(u32 engine, const char *object, const char *name, u64 *ret)
{
	struct skep_opts opts = { .sz = sizeof(opts), .caps = SKEP_CAP_ALL, .caps_set = 1,
				  .engine = engine == INTERP ? SKEP_ENGINE_INTERP : SKEP_ENGINE_JIT,
				  .harden = engine == HARDENED ? SKEP_HARDEN_ALL : SKEP_HARDEN_OFF,
				  .spectre = engine == HARDENED ? SKEP_SPECTRE_ON : SKEP_SPECTRE_AUTO };
	struct bpf_object *o;
	int err = 0;

	if (engine != KERNEL && skep_new(&opts, &subsystem[engine]))
		return -ENOMEM;
	to = engine;
	o = bpf_object__open_file(object, NULL);
	err = o ? bpf_object__load(o) : -errno;
	if (!err)
		err = run_program(o, name);
	bpf_object__close(o);
	*ret = digest;
	skep_free(subsystem[engine]);
	subsystem[engine] = NULL;
	return err;
}

static bool kernel_permits(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "a", 4, 4, 1, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Everywhere the same? */
static bool run(const char *object, const char *name)
{
	static int permitted = -1;
	const char *base = strrchr(object, '/');
	u64 first = 0, d = 0;
	bool ok = true;

	if (permitted < 0)
		permitted = kernel_permits();
	for (u32 e = 0; e < ENGINES - !permitted; e++) {
		int err = run_on(e, object, name, &d);

		if (err == -EACCES && e == HARDENED)
			continue; /* refused, as Linux refuses it to those without CAP_PERFMON */
		first = e ? first : d;
		if (err || d != first) {
			printf("%s %s: %s %s\n", object, name, engine_name[e], err ? strerror(-err) : "has another result");
			ok = false;
		}
	}
	printf("%s %s %016llx\n", base ? base + 1 : object, name, (unsigned long long)first);
	return ok;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN && getenv("VERBOSE") ? vfprintf(stderr, fmt, ap) : 0;
}

int main(int argc, char **argv)
{
	bool ok = true;

	libbpf_set_print(quiet);
	if (argc < 4 || read_capture(argv[1])) {
		fprintf(stderr, "usage: objrun CAPTURE OBJECT PROGRAM... [-- OBJECT PROGRAM...]...\n");
		return 2;
	}
	for (int i = 2, object = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			object = ++i;
		else if (i > object)
			ok &= run(argv[object], argv[i]);
	}
	return !ok;
}
