/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The differential kit: the same bpf(2) calls go to the running kernel and to skep, and every difference is reported.
 *
 * The kernel is asked each time, no answer is stored. Where it does not permit bpf(2) the test is skipped: exit status 0.
 * A test is one file: kit_start(), then for every case kit_agree() or kit_differ(), then `return kit_end()`.
 * Options of every test: --seed N, -n N (how much), --max N (differences shown in full), --self (the kernel compared with
 * itself: must show nothing), --engine jit|interp|both, --text (verifier messages, too), --only WORD (one case), -j N (as many
 * processes, where a test knows how), --judge (verdicts alone, no runs), --runs (only programs that all accept and that run).
 * Invariant: equal arguments make equal programs; the seed is printed.
 */
#ifndef SKEP_DIFF_KIT_H
#define SKEP_DIFF_KIT_H

#include <bpf/btf.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/types.h"
#include "base/uapi.h"
#include "isa/isa.h"

#ifndef KIT_NO_SKEP
#include <skep/skep.h>
#else
struct skep;
#endif

/* libc has it, no header says so. */
extern int capset(struct __user_cap_header_struct *head, const struct __user_cap_data_struct *set);

/* ---- back ends ---- */

struct backend {
	const char *name;
	struct skep *s; /* NULL: the kernel */
	u32 at;         /* its place in the list */
	u32 kind;
};

/*
 * HARD: compiled with everything that is done to code of callers without privileges; who loads it has no CAP_PERFMON.
 * PORT: a portable image, with a budget of time. Both only run what others accept.
 */
enum { KERNEL, JIT, INTERP, HARD, PORT, BACKENDS };

static struct kit {
	const char *name;
	struct backend be[BACKENDS];
	u32 nbe;            /* how many of them take part */
	u32 engines;        /* which of skep's: 1 << JIT... */
	u64 seed, rng;
	u64 n;
	u32 max_shown;
	bool self, text, judge, runs;
	u32 jobs;
	u64 first;          /* number of the first case */
	const char *only;
	struct kit_tally *tally;
	const char *as;     /* name of the privileges in use, "" for all */
	const char *doing;  /* for the report of a crash */
} kit = { .max_shown = 20, .as = "", .jobs = 1 };

/* Differences are counted by key, so that one fault met a thousand times is one line. */
#define MAX_KEYS 2048

/* The results, shared with children that run with fewer privileges or share the work. */
struct kit_tally {
	u64 passed, failed, skipped, text_differs, text_same, accepted;
	u64 next, explained, runs, programs, postponed, kernel_ns, skep_ns;
	u64 class_count[64];
	u32 lock;
	u32 nkeys;
	struct {
		char key[160];
		u64 count;
	} key[MAX_KEYS];
};

/* The kernel's own bpf(2): not libc's syscall(), which the linker turns into skep's in programs that link libbpf. */
static inline long kernel_bpf(int cmd, union bpf_attr *attr, u32 size)
{
#if defined(__x86_64__)
	long r = SYS_bpf;

	__asm__ volatile("syscall" : "+a"(r) : "D"((long)cmd), "S"(attr), "d"((long)size) : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long r __asm__("x0") = cmd;
	register long nr __asm__("x8") = SYS_bpf;
	register union bpf_attr *a __asm__("x1") = attr;
	register long n __asm__("x2") = size;

	__asm__ volatile("svc 0" : "+r"(r) : "r"(nr), "r"(a), "r"(n) : "memory");
	return r;
#else
#error "no bpf(2) call for this machine yet"
#endif
}

/* Like bpf(2), with -errno. */
static inline long be_bpf_size(const struct backend *be, int cmd, union bpf_attr *attr, u32 size)
{
#ifndef KIT_NO_SKEP
	if (be->s)
		return skep_bpf_in(be->s, cmd, attr, size);
#endif
	(void)be;
	return kernel_bpf(cmd, attr, size);
}

static inline long be_bpf(const struct backend *be, int cmd, union bpf_attr *attr)
{
	return be_bpf_size(be, cmd, attr, sizeof(*attr));
}

static inline u64 ptr(const void *p)
{
	return (u64)(uintptr_t)p;
}

/* ---- random numbers ---- */

static inline u64 rnd(void)
{
	u64 z = kit.rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* 0 to n-1 */
static inline u32 below(u32 n)
{
	return (u32)(rnd() % n);
}

static inline bool chance(u32 percent)
{
	return below(100) < percent;
}

#define PICK(array) ((array)[below(ARRAY_SIZE(array))])
#define PICK_N(array, n) ((array)[below(n)])

/* Values at the edges of every width. */
static const u64 edges[] = {
	0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000,
	0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000001,
	0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000001, 0xfffffffffffffffe,
	0xffffffffffffffff, 0xffffffff80000000, 0xffffffff7fffffff, 0xffffffff00000000, 0xaaaaaaaa55555555,
	0xffffffffffffff80, 0xffffffffffff8000,
};

/* ---- programs ---- */

#define MAX_INSNS 4096

struct prog {
	struct bpf_insn insn[MAX_INSNS];
	u32 n;
	u32 type, attach, flags;
	const char *license;
	const int *fd_array[BACKENDS]; /* descriptors for the MAP_IDX forms of ld_imm64, one list a back end */
	u32 func_at[32];               /* where functions start, the main one at 0: callbacks need that told */
	u8 func_type[32];              /* 0: FUNC_STATIC */
	u32 nfuncs;                    /* 0: no function information */
	u32 on;                        /* attach_btf_id */
	bool judge_only;               /* its results may differ from run to run */
	char name[16];
};

static inline void prog_start(struct prog *p, u32 type)
{
	p->n = 0;
	p->type = type;
	p->attach = 0;
	p->flags = 0;
	p->license = "GPL";
	memset(p->fd_array, 0, sizeof(p->fd_array));
	p->nfuncs = 0;
	p->on = 0;
	p->judge_only = false;
	p->name[0] = 0;
	memset(p->func_type, 0, sizeof(p->func_type));
}

static inline void emit(struct prog *p, u32 code, u32 dst, u32 src, s32 off, s32 imm)
{
	if (p->n < MAX_INSNS)
		p->insn[p->n++] = (struct bpf_insn){ .code = (u8)code, .dst_reg = (u8)(dst & 15), .src_reg = (u8)(src & 15),
						     .off = (s16)off, .imm = imm };
}

#define MOV_K(d, k)       emit(p, 0xb7, d, 0, 0, k)
#define MOV_X(d, s)       emit(p, 0xbf, d, s, 0, 0)
#define ADD_K(d, k)       emit(p, 0x07, d, 0, 0, k)
#define LD8(d, s, off)    emit(p, 0x79, d, s, off, 0)
#define ST8(d, off, k)    emit(p, 0x7a, d, 0, off, k)
#define STX8(d, off, s)   emit(p, 0x7b, d, s, off, 0)
#define CALL_HELPER(id)   emit(p, 0x85, 0, 0, 0, id)
#define EXIT()            emit(p, 0x95, 0, 0, 0, 0)

/* A function starts here; the first call names the main one. */
static inline void func_start(struct prog *p)
{
	if (p->nfuncs < ARRAY_SIZE(p->func_at))
		p->func_at[p->nfuncs++] = p->n;
}

static inline void imm64(struct prog *p, u32 dst, u32 pseudo, u64 v)
{
	emit(p, 0x18, dst, pseudo, 0, s32_of(v));
	emit(p, 0, 0, 0, 0, s32_of(v >> 32));
}

/*
 * Type information that serves every program: functions of a few types (the main one is global, FUNC_STATIC without arguments), and
 * structures for memory and map values. The descriptor is kept for the back end's life.
 */
enum { TYPE_INT = 1, TYPE_U64, TYPE_MEM, TYPE_MEM_PTR, TYPE_LOCK, TYPE_LOCKED, TYPE_TIMER, TYPE_TIMED, TYPE_SKB, TYPE_SKB_PTR, TYPE_NONE,
       FUNC_MAIN, FUNC_STATIC, TYPE_INTS, FUNC_INTS, TYPE_MEM_FN, FUNC_MEM, TYPE_CTX_FN, FUNC_CTX, TYPE_TAG, TYPE_KPTR, TYPE_HOLDER,
       TYPE_PERCPU_TAG, TYPE_PERCPU_KPTR, TYPE_PERCPU_HOLDER, TYPE_TASK_WORK, TYPE_WORKED };

static inline struct btf *make_btf(void)
{
	struct btf *b = btf__new_empty();

	btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	btf__add_int(b, "u64", 8, 0);
	btf__add_struct(b, "mem", 16);
	btf__add_field(b, "a", TYPE_U64, 0, 0);
	btf__add_field(b, "b", TYPE_U64, 64, 0);
	btf__add_ptr(b, TYPE_MEM);
	btf__add_struct(b, "bpf_spin_lock", 4);
	btf__add_field(b, "val", TYPE_INT, 0, 0);
	btf__add_struct(b, "locked", 24);
	btf__add_field(b, "lock", TYPE_LOCK, 0, 0);
	btf__add_field(b, "n", TYPE_INT, 32, 0);
	btf__add_field(b, "x", TYPE_U64, 64, 0);
	btf__add_field(b, "y", TYPE_U64, 128, 0);
	btf__add_struct(b, "bpf_timer", 16);
	btf__add_field(b, "a", TYPE_U64, 0, 0);
	btf__add_field(b, "b", TYPE_U64, 64, 0);
	btf__add_struct(b, "timed", 24);
	btf__add_field(b, "t", TYPE_TIMER, 0, 0);
	btf__add_field(b, "x", TYPE_U64, 128, 0);
	btf__add_struct(b, "__sk_buff", 4);
	btf__add_field(b, "len", TYPE_INT, 0, 0);
	btf__add_ptr(b, TYPE_SKB);
	btf__add_func_proto(b, TYPE_INT);
	btf__add_func(b, "main", BTF_FUNC_GLOBAL, TYPE_NONE);
	btf__add_func(b, "func", BTF_FUNC_STATIC, TYPE_NONE);
	btf__add_func_proto(b, TYPE_INT);
	btf__add_func_param(b, "a", TYPE_INT);
	btf__add_func_param(b, "b", TYPE_INT);
	btf__add_func(b, "ints", BTF_FUNC_GLOBAL, TYPE_INTS);
	btf__add_func_proto(b, TYPE_INT);
	btf__add_func_param(b, "mem", TYPE_MEM_PTR);
	btf__add_func(b, "memory", BTF_FUNC_GLOBAL, TYPE_MEM_FN);
	btf__add_func_proto(b, TYPE_INT);
	btf__add_func_param(b, "ctx", TYPE_SKB_PTR);
	btf__add_func(b, "context", BTF_FUNC_GLOBAL, TYPE_CTX_FN);
	btf__add_type_tag(b, "kptr", TYPE_MEM);
	btf__add_ptr(b, TYPE_TAG);
	btf__add_struct(b, "holder", 8);
	btf__add_field(b, "p", TYPE_KPTR, 0, 0);
	btf__add_type_tag(b, "percpu_kptr", TYPE_MEM);
	btf__add_ptr(b, TYPE_PERCPU_TAG);
	btf__add_struct(b, "percpu_holder", 8);
	btf__add_field(b, "p", TYPE_PERCPU_KPTR, 0, 0);
	btf__add_struct(b, "bpf_task_work", 8);
	btf__add_field(b, "__opaque", TYPE_U64, 0, 0);
	btf__add_struct(b, "worked", 24);
	btf__add_field(b, "work", TYPE_TASK_WORK, 0, 0);
	btf__add_field(b, "ran", TYPE_U64, 64, 0);
	btf__add_field(b, "tgid", TYPE_U64, 128, 0);
	return b;
}

static inline int func_btf(const struct backend *be)
{
	static int fd[BACKENDS];
	static struct skep *of[BACKENDS];
	static struct btf *b;
	union bpf_attr a;
	u32 size = 0;

	if (fd[be->at] && of[be->at] == be->s)
		return fd[be->at];
	if (!b)
		b = make_btf();
	memset(&a, 0, sizeof(a));
	a.btf = ptr(btf__raw_data(b, &size));
	a.btf_size = size;
	of[be->at] = be->s;
	fd[be->at] = (int)be_bpf(be, BPF_BTF_LOAD, &a);
	return fd[be->at];
}

/* Descriptor, or -errno. `log` may be NULL. */
static inline long prog_load(const struct backend *be, const struct prog *p, char *log, u32 log_size)
{
	struct bpf_func_info info[ARRAY_SIZE(p->func_at)];
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	if (p->nfuncs) {
		for (u32 i = 0; i < p->nfuncs; i++)
			info[i] = (struct bpf_func_info){ p->func_at[i], !i ? FUNC_MAIN : p->func_type[i] ? p->func_type[i] : FUNC_STATIC };
		a.prog_btf_fd = (u32)func_btf(be);
		a.func_info = ptr(info);
		a.func_info_cnt = p->nfuncs;
		a.func_info_rec_size = sizeof(info[0]);
	}
	a.prog_type = p->type;
	a.expected_attach_type = p->attach;
	a.attach_btf_id = p->on;
	memcpy(a.prog_name, p->name, sizeof(p->name));
	a.insn_cnt = p->n;
	a.insns = ptr(p->insn);
	a.license = ptr(p->license);
	a.prog_flags = p->flags;
	a.fd_array = ptr(p->fd_array[be->at]);
	if (log) {
		log[0] = 0;
		a.log_level = 1;
		a.log_buf = ptr(log);
		a.log_size = log_size;
	}
	return be_bpf(be, BPF_PROG_LOAD, &a);
}

/* Input and output of a test run; what is NULL is not passed. */
struct run {
	const void *data_in;
	u32 data_size_in;
	void *data_out;
	u32 data_size_out; /* room, then what was written */
	const void *ctx_in;
	u32 ctx_size_in;
	void *ctx_out;
	u32 ctx_size_out;
	u32 retval;
	u32 flags;
};

static inline long test_run(const struct backend *be, int fd, struct run *r)
{
	union bpf_attr a;
	long ret;

	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (u32)fd;
	a.test.data_in = ptr(r->data_in);
	a.test.data_size_in = r->data_size_in;
	a.test.data_out = ptr(r->data_out);
	a.test.data_size_out = r->data_size_out;
	a.test.ctx_in = ptr(r->ctx_in);
	a.test.ctx_size_in = r->ctx_size_in;
	a.test.ctx_out = ptr(r->ctx_out);
	a.test.ctx_size_out = r->ctx_size_out;
	a.test.flags = r->flags;
	ret = be_bpf(be, BPF_PROG_TEST_RUN, &a);
	r->retval = a.test.retval;
	r->data_size_out = a.test.data_size_out;
	r->ctx_size_out = a.test.ctx_size_out;
	return ret;
}

static inline long map_new(const struct backend *be, u32 type, u32 ks, u32 vs, u32 max, u32 flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = ks;
	a.value_size = vs;
	a.max_entries = max;
	a.map_flags = flags;
	return be_bpf(be, BPF_MAP_CREATE, &a);
}

/* What a small map of a type is made with. */
struct map_shape { u32 ks, vs, n, flags; };
static inline struct map_shape map_shape(u32 type)
{
	static const struct map_shape shape[UAPI_MAP_TYPES] = {
		[BPF_MAP_TYPE_ARRAY] = { 4, 64, 1, 0 },
		[BPF_MAP_TYPE_HASH] = { 8, 8, 4, 0 },
		[BPF_MAP_TYPE_PERCPU_ARRAY] = { 4, 8, 1, 0 },
		[BPF_MAP_TYPE_PROG_ARRAY] = { 4, 4, 4, 0 },
		[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = { 4, 4, 4, 0 },
		[BPF_MAP_TYPE_STACK_TRACE] = { 4, 64, 4, 0 },
		[BPF_MAP_TYPE_CGROUP_ARRAY] = { 4, 4, 4, 0 },
		[BPF_MAP_TYPE_LPM_TRIE] = { 8, 8, 4, BPF_F_NO_PREALLOC },
		[BPF_MAP_TYPE_DEVMAP] = { 4, 4, 4, 0 },
		[BPF_MAP_TYPE_SOCKMAP] = { 4, 4, 4, 0 },
		[BPF_MAP_TYPE_CPUMAP] = { 4, 4, 2, 0 },
		[BPF_MAP_TYPE_XSKMAP] = { 4, 4, 4, 0 },
		[BPF_MAP_TYPE_SOCKHASH] = { 4, 4, 4, 0 },
		[BPF_MAP_TYPE_QUEUE] = { 0, 8, 4, 0 },
		[BPF_MAP_TYPE_BLOOM_FILTER] = { 0, 8, 4, 0 },
		[BPF_MAP_TYPE_RINGBUF] = { 0, 0, 4096, 0 },
		[BPF_MAP_TYPE_USER_RINGBUF] = { 0, 0, 4096, 0 },
		[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = { 4, 4, 4, 0 },
		[BPF_MAP_TYPE_SK_STORAGE] = { 4, 8, 0, BPF_F_NO_PREALLOC },
		[BPF_MAP_TYPE_INODE_STORAGE] = { 4, 8, 0, BPF_F_NO_PREALLOC },
		[BPF_MAP_TYPE_TASK_STORAGE] = { 4, 8, 0, BPF_F_NO_PREALLOC },
		[UAPI_MAP_TYPE_CGRP_STORAGE] = { 4, 8, 0, BPF_F_NO_PREALLOC },
		[BPF_MAP_TYPE_CGROUP_STORAGE] = { 8, 8, 0, 0 },
	};

	return shape[type];
}

static inline long map_small(const struct backend *be, u32 type)
{
	struct map_shape s = map_shape(type);

	return map_new(be, type, s.ks, s.vs, s.n, s.flags);
}

static inline long map_op(const struct backend *be, int cmd, int fd, const void *key, const void *value, u64 flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (u32)fd;
	a.key = ptr(key);
	a.value = ptr(value);
	a.flags = flags;
	return be_bpf(be, cmd, &a);
}

/* ---- reports ---- */

static inline const char *err_name(long r)
{
	static char ring[4][32];
	static u32 at;
	char *s = ring[at++ % 4];

	if (r >= 0)
		snprintf(s, 32, "ok");
	else
		snprintf(s, 32, "-%s", strerrorname_np((int)-r) ? strerrorname_np((int)-r) : "?");
	if (r == -524)
		snprintf(s, 32, "-ENOTSUPP");
	return s;
}

static inline void list_prog(const struct prog *p)
{
	for (u32 i = 0; i < p->n;) {
		const struct bpf_insn *b = &p->insn[i];
		struct str text = { 0 };
		struct ins ins;

		if (isa_decode_one(b, p->n - i, i, &ins) == DE_OK) {
			isa_disasm(&text, &ins, i, NULL);
			printf("    %4u: %s\n", i, str_text(&text));
			i += ins_slots(&ins);
		} else {
			printf("    %4u: code %02x dst %u src %u off %d imm %d: not an instruction\n", i, b->code, b->dst_reg,
			       b->src_reg, b->off, b->imm);
			i++;
		}
		str_free(&text);
	}
}

/* The line of a verifier log that states the reason: the last that is not statistics. "" when there is none. */
static inline void log_reason(const char *log, char *out, size_t size)
{
	out[0] = 0;
	for (const char *line = log; line && *line;) {
		size_t n = strcspn(line, "\n");

		if (n && strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) &&
		    strncmp(line, "stack depth", 11) && strncmp(line, "mark_precise", 12))
			snprintf(out, size, "%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

static char kit_log[1 << 20];

/* Load once more for the message; returns 0 or -errno. */
static inline long reason_of(const struct backend *be, const struct prog *p, char *out, size_t size)
{
	long fd = prog_load(be, p, kit_log, sizeof(kit_log));

	if (fd >= 0)
		close((int)fd);
	log_reason(kit_log, out, size);
	return fd < 0 ? fd : 0;
}

#define KIT_ADD(field, n) __atomic_fetch_add(&kit.tally->field, n, __ATOMIC_RELAXED)

static inline void kit_agree(void)
{
	KIT_ADD(passed, 1);
}

/* A difference that is meant: the reason why. They count as skipped. */
struct kit_known {
	const char *word; /* part of the kind of difference */
	const char *why;
};
static struct kit_known *kit_known_list; /* ends with a NULL word */

static inline bool kit_is_known(const char *key)
{
	for (struct kit_known *k = kit_known_list; k && k->word; k++) {
		if (strstr(key, k->word)) {
			KIT_ADD(skipped, 1);
			return true;
		}
	}
	return false;
}

/* Counts a difference; returns true when its details should be printed. */
static inline bool kit_differ(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline bool kit_differ(const char *fmt, ...)
{
	struct kit_tally *t = kit.tally;
	char key[160];
	bool fresh = false;
	va_list ap;
	u32 i;

	va_start(ap, fmt);
	vsnprintf(key, sizeof(key), fmt, ap);
	va_end(ap);
	if (kit_is_known(key))
		return false;
	KIT_ADD(failed, 1);
	while (__atomic_exchange_n(&t->lock, 1, __ATOMIC_ACQUIRE))
		usleep(10);
	for (i = 0; i < t->nkeys && strcmp(t->key[i].key, key); i++)
		;
	if (i < t->nkeys) {
		t->key[i].count++;
	} else if (i < MAX_KEYS) {
		memcpy(t->key[i].key, key, sizeof(key));
		t->key[i].count = 1;
		t->nkeys++;
		fresh = true;
	}
	__atomic_store_n(&t->lock, 0, __ATOMIC_RELEASE);
	if (!fresh || i >= kit.max_shown)
		return false;
	printf("\ndifference: %s\n", key);
	return true;
}

/* What both sides say about a program, in full. */
static inline void show_prog(const struct backend *other, const struct prog *p)
{
	char why[512];

	printf("  type %u, attach %u, flags %#x\n", p->type, p->attach, p->flags);
	list_prog(p);
	reason_of(&kit.be[KERNEL], p, why, sizeof(why));
	printf("  kernel: %s\n", why[0] ? why : "(no message)");
	reason_of(other, p, why, sizeof(why));
	printf("  %s: %s\n", other->name, why[0] ? why : "(no message)");
	fflush(stdout);
}

/*
 * Load on every back end and compare the errno. fds[] gets the descriptors, all -1 unless all accept. Returns true when
 * the verdicts agree. `what` names the case, `kind` what it is one of: differences are counted by that.
 */
static inline bool load_all(const struct prog *p, const char *kind, const char *what, int fds[BACKENDS])
{
	long r[BACKENDS] = { 0 };
	bool same = true;

	for (u32 i = 0; i < kit.nbe; i++) {
		r[i] = prog_load(&kit.be[i], p, NULL, 0);
		fds[i] = r[i] < 0 ? -1 : (int)r[i];
	}
	for (u32 i = 1; i < kit.nbe && same; i++) {
		if ((r[i] < 0 ? r[i] : 0) == (r[0] < 0 ? r[0] : 0))
			continue;
		same = false;
		if (kit_differ("%s: kernel %s, %s %s", kind, err_name(r[0]), kit.be[i].name, err_name(r[i]))) {
			printf("  %s\n", what);
			show_prog(&kit.be[i], p);
		}
	}
	if (same && kit.text && r[0] < 0 && kit.nbe > 1) {
		char a[512], b[512];

		reason_of(&kit.be[0], p, a, sizeof(a));
		reason_of(&kit.be[1], p, b, sizeof(b));
		if (!strcmp(a, b))
			kit.tally->text_same++;
		else if (kit.tally->text_differs++ < kit.max_shown)
			printf("text: %s\n  kernel: %s\n  %s: %s\n", what, a, kit.be[1].name, b);
	}
	kit.tally->accepted += r[0] >= 0;
	for (u32 i = 0; i < kit.nbe; i++) {
		if ((!same || r[0] < 0) && fds[i] >= 0)
			close(fds[i]);
		if (!same || r[0] < 0)
			fds[i] = -1;
	}
	return same;
}

static inline void close_all(int fds[BACKENDS])
{
	for (u32 i = 0; i < kit.nbe; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* ---- program types ---- */

#define CAPS_ALL      (~0ull >> 23)
#define CAP_BIT(name) (1ull << (name))
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

/* The expected attach types that the kernel lets a minimal program of the type have; {0} when it does not care. */
static inline u32 attach_types(u32 type, u8 list[UAPI_ATTACH_TYPES])
{
	static struct prog minimal;
	struct prog *p = &minimal;
	u32 n = 0;

	for (u32 a = 0; a < UAPI_ATTACH_TYPES; a++) {
		long fd;

		prog_start(p, type);
		p->attach = a;
		p->flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
		MOV_K(0, 1);
		EXIT();
		fd = prog_load(&(struct backend){ 0 }, p, NULL, 0);
		if (fd < 0)
			continue;
		close((int)fd);
		list[n++] = (u8)a;
	}
	if (n >= UAPI_ATTACH_TYPES - 1) {
		list[0] = 0;
		n = 1;
	}
	return n;
}

static u8 kit_attach[UAPI_PROG_TYPES][UAPI_ATTACH_TYPES];
static u32 kit_nattach[UAPI_PROG_TYPES];

/*
 * Finds the attach types of all types, with the privileges of the start. Types that this kernel was built without, or that need
 * more than instructions (tracing, extension, LSM, struct_ops), have none: there is nothing to compare.
 */
static inline void find_attach_types(void)
{
	for (u32 t = 0; t < UAPI_PROG_TYPES; t++) {
		kit_nattach[t] = attach_types(t, kit_attach[t]);
		kit.tally->skipped += !kit_nattach[t];
	}
}

/* ---- start and end ---- */

static inline bool kernel_permits(void)
{
	static struct prog two;
	struct prog *p = &two;
	long fd;

	prog_start(p, BPF_PROG_TYPE_XDP);
	MOV_K(0, 0);
	EXIT();
	fd = prog_load(&(struct backend){ 0 }, p, NULL, 0);
	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

/* Programs that crash or hang skep are findings, too: say which it was. */
static inline void kit_crash(int sig)
{
	printf("\n%s: %s while: %s\n%llu passed, %llu failed, %llu skipped\n", kit.name, sigdescr_np(sig),
	       kit.doing ? kit.doing : "?", (unsigned long long)kit.tally->passed,
	       (unsigned long long)kit.tally->failed + 1, (unsigned long long)kit.tally->skipped);
	fflush(stdout);
	_exit(1);
}

/* Does this system let users without capabilities load programs? */
static inline bool users_may_load(void)
{
	FILE *f = fopen("/proc/sys/kernel/unprivileged_bpf_disabled", "r");
	int c = f ? fgetc(f) : EOF;

	if (f)
		fclose(f);
	return c == '0';
}

#define KIT_BUDGET 50000000000ull /* ns that no run takes */

/* Makes skep's subsystems; a child that changed its capabilities calls it again. */
static inline void kit_open_backends(u32 engines)
{
	static const char *const names[BACKENDS] = { "kernel", "skep-jit", "skep-interp", "skep-hard", "skep-portable" };

	kit.be[KERNEL] = (struct backend){ .name = names[KERNEL] };
	kit.nbe = 1;
	kit.engines = engines;
	for (u32 e = JIT; e < BACKENDS; e++) {
		struct backend *be = &kit.be[kit.nbe];

		if (!(engines & 1u << e))
			continue;
		*be = (struct backend){ .name = names[e], .at = kit.nbe, .kind = e };
#ifndef KIT_NO_SKEP
		struct skep_opts opts = { .sz = sizeof(opts),
					  .engine = e == INTERP ? SKEP_ENGINE_INTERP : SKEP_ENGINE_JIT,
					  .flags = users_may_load() ? SKEP_F_UNPRIV_ALLOWED : 0 };
		if (e == HARD) {
			opts.caps_set = 1;
			opts.caps = SKEP_CAP_BPF | SKEP_CAP_NET_ADMIN;
			opts.harden = SKEP_HARDEN_ALL;
		}
		if (e == PORT)
			opts.run_budget = KIT_BUDGET;
		if (!kit.self && skep_new(&opts, &be->s)) {
			fprintf(stderr, "%s: skep_new failed\n", kit.name);
			exit(5);
		}
#endif
		kit.nbe++;
	}
}

static inline void kit_close_backends(void)
{
#ifndef KIT_NO_SKEP
	for (u32 i = 0; i < kit.nbe; i++)
		skep_free(kit.be[i].s);
#endif
	kit.nbe = 0;
}

/* `engines`: bit set of 1 << JIT, 1 << INTERP that the test compares by default. Does not return when it is skipped. */
static inline void kit_start(const char *name, int argc, char **argv, u64 n, u32 engines)
{
	kit.name = name;
	kit.seed = 1;
	kit.n = n;
	for (int i = 1; i < argc; i++) {
		const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(o, "--self")) {
			kit.self = true;
		} else if (!strcmp(o, "--text")) {
			kit.text = true;
		} else if (!strcmp(o, "--judge")) {
			kit.judge = true;
		} else if (!strcmp(o, "--runs")) {
			kit.runs = true;
		} else if (v && !strcmp(o, "-j")) {
			kit.jobs = (u32)strtoul(argv[++i], NULL, 0);
		} else if (v && !strcmp(o, "--first")) {
			kit.first = strtoull(argv[++i], NULL, 0);
		} else if (v && !strcmp(o, "--seed")) {
			kit.seed = strtoull(argv[++i], NULL, 0);
		} else if (v && !strcmp(o, "-n")) {
			kit.n = strtoull(argv[++i], NULL, 0);
		} else if (v && !strcmp(o, "--max")) {
			kit.max_shown = (u32)strtoul(argv[++i], NULL, 0);
		} else if (v && !strcmp(o, "--only")) {
			kit.only = argv[++i];
		} else if (v && !strcmp(o, "--engine")) {
			i++;
			engines = !strcmp(v, "jit") ? 1u << JIT : !strcmp(v, "interp") ? 1u << INTERP : 6u;
		} else {
			fprintf(stderr, "usage: %s [--seed N] [-n N] [--max N] [--only WORD] [--engine jit|interp|both] "
				"[--text] [--self] [-j JOBS] [--judge | --runs] [--first N]\n", name);
			exit(2);
		}
	}
#ifdef KIT_NO_SKEP
	kit.self = true;
#endif
	kit.rng = kit.seed * 0x2545f4914f6cdd1dull;
	kit.tally = mmap(NULL, sizeof(*kit.tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kit.tally == MAP_FAILED)
		exit(5);
	if (!kernel_permits()) {
		printf("%s: the running kernel does not permit bpf(2)\n0 passed, 0 failed, 1 skipped\n", name);
		exit(0);
	}
#ifndef __SANITIZE_ADDRESS__
	for (size_t i = 0; i < 5; i++)
		signal((int[]){ SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT }[i], kit_crash);
#endif
	signal(SIGALRM, kit_crash);
	signal(SIGPROF, kit_crash);
	setvbuf(stdout, NULL, _IOLBF, 0);
	kit_open_backends(engines);
}

static char kit_doing[256];

/* Names the case for crash reports and grants it a minute of processor time. */
static inline void kit_case(const char *what)
{
	snprintf(kit_doing, sizeof(kit_doing), "%s", what);
	kit.doing = kit_doing;
	setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = 60 }, NULL);
	alarm(600); /* it sleeps, or the machine is very busy */
}

static inline bool kit_wanted(const char *what)
{
	return !kit.only || strstr(what, kit.only);
}

/*
 * Runs fn in a child that holds only the capabilities in the set (bit n: capability n); results are shared. `name` says
 * which they are.
 */
static inline void kit_as(const char *name, u64 caps, void (*fn)(void))
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct set[2] = { { .effective = u32_of(caps), .permitted = u32_of(caps) },
						 { .effective = u32_of(caps >> 32), .permitted = u32_of(caps >> 32) } };
	u32 engines = kit.engines & ~(1u << HARD | 1u << PORT);
	int status;
	pid_t pid;

	alarm(0); /* the child has its own */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		kit.as = name;
		if (capset(&head, set)) {
			printf("%s: capset: %s\n", kit.name, strerror(errno));
			kit.tally->skipped++;
			_exit(0);
		}
		kit_open_backends(engines);
		fn();
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		kit.tally->failed++;
		printf("%s: the child with %s died\n", kit.name, name);
	}
}

static inline int kit_end(void)
{
	const struct kit_tally *t = kit.tally;

	alarm(0);
	if (t->nkeys > 1 || (t->nkeys == 1 && t->key[0].count > 1)) {
		printf("\n%s, seed %llu: differences by kind\n", kit.name, (unsigned long long)kit.seed);
		for (u32 i = 0; i < t->nkeys; i++)
			printf("%8llu  %s\n", (unsigned long long)t->key[i].count, t->key[i].key);
	}
	if (kit.text)
		printf("refusals: %llu with the same text, %llu with another\n", (unsigned long long)t->text_same,
		       (unsigned long long)t->text_differs);
	printf("%s: the kernel accepted %llu programs\n", kit.name, (unsigned long long)t->accepted);
	printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)t->passed, (unsigned long long)t->failed,
	       (unsigned long long)t->skipped);
	kit_close_backends();
	return t->failed != 0;
}

#endif
