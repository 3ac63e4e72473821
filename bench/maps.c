/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps beside the running kernel's: lookup, update, delete and mixed loads, inside a program (BPF_PROG_TEST_RUN of a loop) and
 * from outside (bpf(2)), by one thread and by all cores, and the memory of an element. Processor time; both sides take turns within
 * a run; medians and ratios are printed (above 1: skep is faster). Needs bpf(2). Usage: maps [-r ROUNDS] [TYPE...]
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "diff/kit.h"
#include "map/map.h"
#include "stat.h"

#define LOOP 512u          /* turns of the program's loop */
#define REPEAT 40u         /* runs of it in a test run */
#define OUTSIDE 32768u     /* commands in a timing */
#define MAX_ROUNDS 32
#define MAX_THREADS 8

enum load { OP_LOOKUP_, OP_UPDATE_, OP_DELETE_, OP_MIXED_, OP_PAIR_, OP_NESTED_, OPS };
static const char *const op_name[OPS] = { "lookup", "update", "delete+insert", "mixed", "put+take", "both lookups" };

static const struct kind {
	const char *name;
	u32 type, ks, vs, max, flags;
	u32 ops;    /* bit set: inside a program */
	u32 outside; /* bit set: from outside */
	u32 put, take; /* put+take: helpers */
} types[] = {
#define LUDM (1u << OP_LOOKUP_ | 1u << OP_UPDATE_ | 1u << OP_DELETE_ | 1u << OP_MIXED_)
#define LUM (1u << OP_LOOKUP_ | 1u << OP_UPDATE_ | 1u << OP_MIXED_)
#define LU (1u << OP_LOOKUP_ | 1u << OP_UPDATE_)
	{ "array", BPF_MAP_TYPE_ARRAY, 4, 8, 4096, 0, LUM, LU, 0, 0 },
	{ "percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 4096, 0, LUM, LU, 0, 0 },
	{ "hash", BPF_MAP_TYPE_HASH, 8, 8, 8192, 0, LUDM, LUDM, 0, 0 },
	{ "hash 4", BPF_MAP_TYPE_HASH, 4, 8, 8192, 0, LUDM, LU, 0, 0 },
	{ "hash 32", BPF_MAP_TYPE_HASH, 32, 64, 8192, 0, LUDM, LU, 0, 0 },
	{ "hash noprealloc", BPF_MAP_TYPE_HASH, 8, 8, 8192, BPF_F_NO_PREALLOC, LUDM, LU, 0, 0 },
	{ "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 8, 8, 8192, 0, LUDM, LU, 0, 0 },
	{ "lru_hash", BPF_MAP_TYPE_LRU_HASH, 8, 8, 8192, 0, LUDM, LUDM, 0, 0 },
	{ "lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 8, 8, 8192, 0, LUDM, LU, 0, 0 },
	{ "lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 8192, BPF_F_NO_PREALLOC, LUDM, LU, 0, 0 },
	/* small: each update of theirs makes the kernel wait for all its CPUs */
	{ "array_of_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 64, 0, 1u << OP_LOOKUP_, 0, 0, 0 },
	{ "map in array_of_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 64, 0, 1u << OP_NESTED_, 0, 0, 0 },
	{ "hash_of_maps", BPF_MAP_TYPE_HASH_OF_MAPS, 8, 4, 64, 0, 1u << OP_LOOKUP_, 0, 0, 0 },
	{ "queue", BPF_MAP_TYPE_QUEUE, 0, 8, 4096, 0, 1u << OP_PAIR_, 1u << OP_PAIR_, 87, 88 },
	{ "stack", BPF_MAP_TYPE_STACK, 0, 8, 4096, 0, 1u << OP_PAIR_, 1u << OP_PAIR_, 87, 88 },
	{ "bloom_filter", BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 4096, 0, 1u << OP_PAIR_, 0, 87, 89 },
	{ "ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 1u << 21, 0, 1u << OP_PAIR_, 0, 131, 133 },
	{ "sk_storage", BPF_MAP_TYPE_SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC, 1u << OP_LOOKUP_, 0, 0, 0 },
};

static u32 rounds = 7;
static u32 threads = 1;

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* of this thread, the kernel's share included: others take turns with us */
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* ---- programs ---- */
static u32 entries(const struct kind *t) { return t->max ? t->max / 2 : 1; }

/* Key number r7 at fp-64, the value at fp-128; r6 is the context. */
static void put_key(struct prog *p, const struct kind *t)
{
	MOV_X(1, 7);
	emit(p, 0x27, 1, 0, 0, 40503); /* the keys in an order that no prefetcher guesses */
	emit(p, 0x57, 1, 0, 0, (s32)entries(t) - 1);
	if (t->type == BPF_MAP_TYPE_LPM_TRIE) {
		emit(p, 0x62, 10, 0, -64, 32);
		emit(p, 0x63, 10, 1, -60, 0);
	} else if (t->ks == 4) {
		emit(p, 0x63, 10, 1, -64, 0);
	} else {
		emit(p, 0x7b, 10, 1, -64, 0);
	}
}

static void map_into(struct prog *p, u32 reg, int fd)
{
	emit(p, 0x18, reg, 1, 0, fd);
	emit(p, 0, 0, 0, 0, 0);
}

static bool of_maps(const struct kind *t)
{
	return t->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || t->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static void one_lookup(struct prog *p, const struct kind *t, int fd)
{
	map_into(p, 1, fd);
	MOV_X(2, 10);
	ADD_K(2, -64);
	CALL_HELPER(1);
	if (of_maps(t)) { /* a map: nothing in it can be read */
		emit(p, 0x15, 0, 0, 1, 0);
		ADD_K(8, 1);
		return;
	}
	emit(p, 0x15, 0, 0, 2, 0);
	LD8(1, 0, 0);
	emit(p, 0x0f, 8, 1, 0, 0);
}

/* Then in the array that was found, which has one element. */
static void nested_lookup(struct prog *p, int fd)
{
	map_into(p, 1, fd);
	MOV_X(2, 10);
	ADD_K(2, -64);
	CALL_HELPER(1);
	emit(p, 0x15, 0, 0, 8, 0);
	MOV_X(1, 0);
	emit(p, 0x63, 10, 8, -72, 0);
	MOV_X(2, 10);
	ADD_K(2, -72);
	CALL_HELPER(1);
	emit(p, 0x15, 0, 0, 2, 0);
	LD8(1, 0, 0);
	emit(p, 0x0f, 8, 1, 0, 0);
}

static void one_update(struct prog *p, int fd)
{
	map_into(p, 1, fd);
	MOV_X(2, 10);
	ADD_K(2, -64);
	MOV_X(3, 10);
	ADD_K(3, -128);
	MOV_K(4, 0);
	CALL_HELPER(2);
}

static void one_delete(struct prog *p, int fd)
{
	map_into(p, 1, fd);
	MOV_X(2, 10);
	ADD_K(2, -64);
	CALL_HELPER(3);
}

static void one_pair(struct prog *p, const struct kind *t, int fd)
{
	if (t->type == BPF_MAP_TYPE_RINGBUF) {
		map_into(p, 1, fd);
		MOV_K(2, 32);
		MOV_K(3, 0);
		CALL_HELPER(131);
		emit(p, 0x15, 0, 0, 4, 0);
		emit(p, 0x7a, 0, 0, 0, 7);
		MOV_X(1, 0);
		MOV_K(2, 1); /* no wakeup */
		CALL_HELPER(133);
		return;
	}
	map_into(p, 1, fd);
	MOV_X(2, 10);
	ADD_K(2, -128);
	MOV_K(3, 0);
	CALL_HELPER((s32)t->put);
	map_into(p, 1, fd);
	MOV_X(2, 10);
	ADD_K(2, -128);
	CALL_HELPER((s32)t->take);
}

static void one_storage(struct prog *p, int fd)
{
	map_into(p, 1, fd);
	MOV_X(2, 9);
	MOV_K(3, 0);
	MOV_K(4, 1);
	CALL_HELPER(107);
	emit(p, 0x15, 0, 0, 2, 0);
	LD8(1, 0, 0);
	emit(p, 0x0f, 8, 1, 0, 0);
}

static void body(struct prog *p, const struct kind *t, enum load op, int fd)
{
	u32 skip;

	if (t->type == BPF_MAP_TYPE_SK_STORAGE) {
		one_storage(p, fd);
		return;
	}
	switch (op) {
	case OP_LOOKUP_:
		one_lookup(p, t, fd);
		break;
	case OP_UPDATE_:
		one_update(p, fd);
		break;
	case OP_DELETE_:
		one_delete(p, fd);
		one_update(p, fd);
		break;
	case OP_MIXED_: /* one in eight is an update */
		MOV_X(1, 7);
		emit(p, 0x57, 1, 0, 0, 7);
		skip = p->n;
		emit(p, 0x55, 1, 0, 0, 0);
		one_update(p, fd);
		p->insn[skip].off = (s16)(p->n - skip - 1);
		one_lookup(p, t, fd);
		break;
	case OP_NESTED_:
		nested_lookup(p, fd);
		break;
	default:
		one_pair(p, t, fd);
		break;
	}
}

static int make_prog(const struct backend *be, const struct kind *t, enum load op, int fd, bool empty)
{
	static struct prog prog;
	struct prog *p = &prog;
	u32 top;
	long ret;

	prog_start(p, BPF_PROG_TYPE_SCHED_CLS);
	MOV_X(6, 1);
	for (s32 off = -256; off < 0; off += 8)
		ST8(10, off, 1);
	MOV_K(7, 0);
	MOV_K(8, 0);
	if (t->type == BPF_MAP_TYPE_SK_STORAGE) {
		LD8(9, 6, 168);
		emit(p, 0x55, 9, 0, 2, 0);
		MOV_K(0, 0);
		EXIT();
		MOV_X(1, 9);
		CALL_HELPER(95);
		MOV_X(9, 0);
		emit(p, 0x55, 9, 0, 2, 0);
		MOV_K(0, 0);
		EXIT();
	}
	top = p->n;
	put_key(p, t);
	if (!empty)
		body(p, t, op, fd);
	ADD_K(7, 1);
	emit(p, 0xa5, 7, 0, (s32)top - (s32)p->n - 1, (s32)LOOP);
	MOV_X(0, 8);
	EXIT();
	ret = prog_load(be, p, kit_log, sizeof(kit_log));
	if (ret < 0)
		printf("%s, %s: %s refuses the program: %s\n%s\n", t->name, op_name[op], be->name, err_name(ret), kit_log);
	return (int)ret;
}

/* ---- inside a program ---- */
struct worker { pthread_t thread; const struct backend *be; int prog; u32 cpu; u64 ns; };
static int ring = -1; /* the ring buffer that is measured */

/* All that is in the ring was read. */
static void drain(void)
{
	u64 *consumer, *producer;

	if (ring < 0)
		return;
	consumer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
	producer = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ring, 4096);
	if (consumer != MAP_FAILED && producer != MAP_FAILED)
		__atomic_store_n(consumer, __atomic_load_n(producer, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	munmap(consumer, 4096);
	munmap(producer, 4096);
}

static void run_repeated(const struct backend *be, int prog, u32 repeat)
{
	static const u8 pkt[64] = { [12] = 8 };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (u32)prog;
	a.test.data_in = ptr(pkt);
	a.test.data_size_in = sizeof(pkt);
	a.test.repeat = repeat;
	be_bpf(be, BPF_PROG_TEST_RUN, &a);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	cpu_set_t set;
	u64 start;

	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	run_repeated(w->be, w->prog, 4);
	drain();
	start = now();
	run_repeated(w->be, w->prog, REPEAT);
	w->ns = now() - start;
	return NULL;
}

/* Nanoseconds an operation, of the slowest thread. */
static double time_prog(const struct backend *be, int prog)
{
	struct worker w[MAX_THREADS];
	u64 worst = 0;

	for (u32 i = 0; i < threads; i++) {
		w[i] = (struct worker){ .be = be, .prog = prog, .cpu = i };
		if (threads == 1)
			work(&w[i]);
		else
			pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	for (u32 i = 0; i < threads; i++) {
		if (threads > 1)
			pthread_join(w[i].thread, NULL);
		worst = MAX(worst, w[i].ns);
	}
	return (double)worst / (REPEAT * LOOP);
}

/* ---- from outside ---- */
static u8 value_buf[64 * 512];

/* Key number i of n, a power of two. */
static void key_of(const struct kind *t, u32 i, u32 n, u8 *key)
{
	u32 k = (i * 40503u) & (n - 1), bits = 32;

	memset(key, 1, 64);
	if (t->ks == 8 || t->ks == 4)
		memset(key, 0, 64);
	if (t->type == BPF_MAP_TYPE_LPM_TRIE) {
		memcpy(key, &bits, 4);
		memcpy(key + 4, &k, 4);
	} else {
		memset(key, 0, 8);
		memcpy(key, &k, 4);
	}
}

static double time_outside(const struct backend *be, const struct kind *t, enum load op, int fd)
{
	u8 key[64];
	u64 start = now();

	for (u32 i = 0; i < OUTSIDE; i++) {
		bool update = op == OP_UPDATE_ || op == OP_DELETE_ || (op == OP_MIXED_ && !(i & 7));
		key_of(t, i, entries(t), key);
		if (op == OP_PAIR_) {
			map_op(be, BPF_MAP_UPDATE_ELEM, fd, NULL, value_buf, 0);
			map_op(be, BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, NULL, value_buf, 0);
		}
		if (op == OP_DELETE_)
			map_op(be, BPF_MAP_DELETE_ELEM, fd, key, NULL, 0);
		if (update)
			map_op(be, BPF_MAP_UPDATE_ELEM, fd, key, value_buf, 0);
		if (op == OP_LOOKUP_ || op == OP_MIXED_)
			map_op(be, BPF_MAP_LOOKUP_ELEM, fd, key, value_buf, 0);
	}
	return (double)(now() - start) / OUTSIDE;
}

/* ---- maps ---- */
static int type_btf(const struct backend *be)
{
	static int fd[BACKENDS];
	static const struct { struct btf_header h; u32 types[8]; char strings[12]; } blob = {
		.h = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(struct btf_header), .type_len = 32, .str_off = 32, .str_len = 12 },
		.types = { 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32, 5, BTF_KIND_INT << 24, 8, 64 },
		.strings = "\0int\0long\0\0",
	};
	union bpf_attr a;

	if (fd[be->at])
		return fd[be->at];
	memset(&a, 0, sizeof(a));
	a.btf = ptr(&blob);
	a.btf_size = sizeof(blob);
	return fd[be->at] = (int)be_bpf(be, BPF_BTF_LOAD, &a);
}

static int make_map(const struct backend *be, const struct kind *t, bool full)
{
	union bpf_attr a;
	u32 n = full ? t->max : entries(t);
	u8 key[64];
	int fd, inner = -1;

	memset(&a, 0, sizeof(a));
	a.map_type = t->type;
	a.key_size = t->ks;
	a.value_size = t->vs;
	a.max_entries = t->max;
	a.map_flags = t->flags;
	if (t->type == BPF_MAP_TYPE_SK_STORAGE) {
		a.btf_fd = (u32)type_btf(be);
		a.btf_key_type_id = 1;
		a.btf_value_type_id = 2;
	}
	if (of_maps(t))
		a.inner_map_fd = (u32)(inner = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0));
	fd = (int)be_bpf(be, BPF_MAP_CREATE, &a);
	for (u32 i = 0; fd >= 0 && t->ks && t->max && i < n; i++) {
		key_of(t, i, n, key);
		map_op(be, BPF_MAP_UPDATE_ELEM, fd, key, inner >= 0 ? (void *)&inner : value_buf, 0);
	}
	if (inner >= 0)
		close(inner);
	return fd;
}

static u64 memlock(int fd)
{
	char path[48], line[128];
	unsigned long long v = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &v) == 1)
			break;
	if (f)
		fclose(f);
	return v;
}

static u64 memory_of(const struct backend *be, int map)
{
	struct skep_map *m;
	u64 bytes;

	if (!be->s)
		return memlock(map);
	if (skep_map_get(be->s, map, &m))
		return 0;
	bytes = map_memory((struct map *)(void *)m);
	skep_map_put(m);
	return bytes;
}

/* What an element more costs: half as many are taken away from twice as many. */
static void memory(const struct kind *t)
{
	struct kind big = *t;
	double per[2];

	if (!t->max || t->type == BPF_MAP_TYPE_RINGBUF || of_maps(t))
		return;
	big.max = 2 * t->max;
	for (u32 b = 0; b < 2; b++) {
		int small_fd = make_map(&kit.be[b], t, true), big_fd = make_map(&kit.be[b], &big, true);
		per[b] = (double)(memory_of(&kit.be[b], big_fd) - memory_of(&kit.be[b], small_fd)) / t->max;
		close(small_fd);
		close(big_fd);
		if (b)
			skep_closed(kit.be[b].s, 0, ~0u);
	}
	printf("  %-22s %10.1f %10.1f %9.2f\n", "bytes an element", per[0], per[1], per[1] > 0 ? per[0] / per[1] : 0);
}

static void row(const char *what, double v[2][MAX_ROUNDS])
{
	double k = median(v[0], rounds), s = median(v[1], rounds);

	printf("  %-22s %10.1f %10.1f %9.2f\n", what, k, s, s > 0 ? k / s : 0);
	fflush(stdout);
}

static void inside(const struct kind *t, enum load op, const int map[BACKENDS], const int empty[BACKENDS])
{
	double v[2][MAX_ROUNDS];
	int prog[2] = { make_prog(&kit.be[0], t, op, map[0], false), make_prog(&kit.be[1], t, op, map[1], false) };
	char what[64];

	for (threads = 1; prog[0] >= 0 && prog[1] >= 0 && threads <= (u32)sysconf(_SC_NPROCESSORS_ONLN) && threads <= MAX_THREADS;
	     threads = threads == 1 ? (u32)sysconf(_SC_NPROCESSORS_ONLN) : MAX_THREADS + 1) {
		for (u32 r = 0; r < rounds; r++)
			for (u32 b = 0; b < 2; b++) {
				ring = t->type == BPF_MAP_TYPE_RINGBUF ? map[b] : -1;
				double base = time_prog(&kit.be[b], empty[b]);
				v[b][r] = time_prog(&kit.be[b], prog[b]) - base;
			}
		snprintf(what, sizeof(what), "%s, %u CPU%s", op_name[op], threads, threads > 1 ? "s" : "");
		row(what, v);
		if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
			break;
	}
	close(prog[0]);
	close(prog[1]);
	skep_closed(kit.be[1].s, (u32)prog[1], (u32)prog[1]);
}

static void outside(const struct kind *t, enum load op, const int map[BACKENDS])
{
	double v[2][MAX_ROUNDS];
	char what[64];

	for (u32 r = 0; r < rounds; r++)
		for (u32 b = 0; b < 2; b++)
			v[b][r] = time_outside(&kit.be[b], t, op, map[b]);
	snprintf(what, sizeof(what), "outside: %s", op_name[op]);
	row(what, v);
}

static void measure(const struct kind *t)
{
	int map[BACKENDS] = { make_map(&kit.be[0], t, false), make_map(&kit.be[1], t, false) }, empty[BACKENDS];

	if (map[0] < 0 || map[1] < 0) {
		printf("%s: kernel %s, skep %s\n", t->name, err_name(map[0]), err_name(map[1]));
		return;
	}
	printf("%-24s %10s %10s %9s\n", t->name, "kernel ns", "skep ns", "ratio");
	for (u32 b = 0; b < 2; b++)
		empty[b] = make_prog(&kit.be[b], t, OP_LOOKUP_, map[b], true);
	for (u32 op = 0; op < OPS; op++)
		if (t->ops >> op & 1)
			inside(t, (enum load)op, map, empty);
	for (u32 op = 0; op < OPS; op++)
		if (t->outside >> op & 1)
			outside(t, (enum load)op, map);
	memory(t);
	for (u32 b = 0; b < 2; b++) {
		close(empty[b]);
		close(map[b]);
		if (b)
			skep_closed(kit.be[b].s, 0, ~0u);
	}
}

int main(int argc, char **argv)
{
	char *none[] = { argv[0], NULL };
	int at = 1;

	if (argc > 2 && !strcmp(argv[1], "-r")) {
		rounds = MIN((u32)atoi(argv[2]), MAX_ROUNDS);
		rounds = MAX(rounds, 1u);
		at = 3;
	}
	kit_start("bench maps", 1, none, 1, 1u << JIT);
	/* as the preload library has it: told of closes, it needs no system call to know a descriptor */
	if (skep_new(&(struct skep_opts){ .sz = sizeof(struct skep_opts), .flags = SKEP_F_HEARS_CLOSES }, &kit.be[1].s))
		return 1;
	if (kit.nbe < 2) {
		printf("bpf(2) is not permitted here: nothing to compare with\n");
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		bool wanted = at == argc;
		for (int k = at; k < argc; k++)
			wanted |= !strcmp(argv[k], types[i].name);
		if (wanted)
			measure(&types[i]);
	}
	return 0;
}
