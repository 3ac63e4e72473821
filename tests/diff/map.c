/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps. First: which attributes make a map? Then, for every type: the same random sequence of commands and of helper calls
 * from a program goes to a map of the kernel's and one of skep's; results and contents must stay equal.
 *
 * Orders that Linux leaves open (hash iteration) are compared as sets; ids, which differ by nature, as "something".
 */
#include <sched.h>

#include "kit.h"

#define MAX_KEY   64
#define MAX_VALUE 64
#define MAX_CPUS  256
#define BUF       (MAX_VALUE * MAX_CPUS)

enum { CMD_LOOKUP = 1, CMD_UPDATE = 2, CMD_DELETE = 3, CMD_NEXT = 4, CMD_LOOKUP_DELETE = 21, CMD_FREEZE = 22,
       CMD_BATCH_LOOKUP = 24, CMD_BATCH_LOOKUP_DELETE = 25, CMD_BATCH_UPDATE = 26, CMD_BATCH_DELETE = 27 };

/* ---- attributes ---- */

static void creation(void)
{
	static const u32 ks[] = { 0, 1, 2, 3, 4, 4, 4, 5, 7, 8, 12, 16, 20, 64, 260, 261, 512, 513, 65536, 0x7fffffff };
	static const u32 vs[] = { 0, 1, 3, 4, 4, 7, 8, 8, 12, 16, 24, 64, 1016, 1024, 1028, 4096, 65536, 1u << 22, 0xfffffff8 };
	/* Not more: the kernel would try to get gigabytes for the pointers or buckets alone, and kill others to get them. */
	static const u32 max[] = { 0, 1, 1, 2, 3, 4, 8, 100, 1000, 4095, 4096, 8192, 65536 };
	static const u32 flags[] = { 0, 0, 0, 0, 1, 2, 4, 8, 16, 24, 32, 64, 128, 256, 384, 512, 1024, 2048, 4096, 8192, 3, 5, 65,
				     129, 1 | 256, 1025, 1u << 14, 1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 31 };
	static const char *const names[] = { "", "", "", "", "name", "a.b_c", "bad name", "bad-name", "fifteen_letters",
					     "sixteen_letters_" };

	for (u64 i = 0; i < kit.n * 500; i++) {
		u32 type = below(UAPI_MAP_TYPES + 2);
		u64 size;
		long r[BACKENDS] = { 0 };
		union bpf_attr a;
		const char *name;
		char what[160];

		memset(&a, 0, sizeof(a));
		a.map_type = type;
		a.key_size = PICK(ks);
		a.value_size = PICK(vs);
		a.max_entries = PICK(max);
		a.map_flags = PICK(flags);
		/* Half of the time sizes that suit most types. */
		if (chance(50)) {
			a.key_size = chance(80) ? 4 : 0;
			a.value_size = chance(60) ? 4 : 8;
		}
		name = PICK(names);
		memcpy(a.map_name, name, strnlen(name, sizeof(a.map_name)));
		if (chance(10))
			a.map_extra = PICK(edges);
		if (chance(5))
			a.numa_node = below(3);
		if (chance(5))
			a.map_ifindex = below(3);
		/* What would really take much memory is left out; what is refused for a size beyond all bounds is not. */
		size = ((u64)a.key_size + a.value_size + 64) * a.max_entries;
		if (size > 1u << 22 && a.key_size < 0x7fffffff && a.value_size < 0x7fffffff)
			continue;
		snprintf(what, sizeof(what), "create type %u", type);
		if (!kit_wanted(what))
			continue;
		kit_case(what);
		for (u32 b = 0; b < kit.nbe; b++) {
			r[b] = be_bpf(&kit.be[b], BPF_MAP_CREATE, &a);
			if (r[b] >= 0) {
				close((int)r[b]);
				r[b] = 0;
			}
		}
		if (kit.nbe < 2 || r[1] == r[0])
			kit_agree();
		else if (r[1] == -EOPNOTSUPP)
			kit.tally->skipped++; /* skep says that it does not have the type */
		else if (kit_differ("%s: kernel %s, %s %s", what, err_name(r[0]), kit.be[1].name, err_name(r[1])))
			printf(" %s key %u, value %u, entries %u, flags %#x, name \"%.16s\", extra %#llx, numa %u, ifindex %u\n",
			       kit.as, a.key_size, a.value_size, a.max_entries, a.map_flags, a.map_name,
			       (unsigned long long)a.map_extra, a.numa_node, a.map_ifindex);
	}
}

/* ---- the two maps under comparison ---- */

enum values { PLAIN, PERCPU, FD_PROG, FD_MAP, INT_ANY };
enum order { EXACT, SET, NONE };

/* A row for each type with content that both sides can hold. Sizes of 0 with `vary` are drawn anew for each map. */
static const struct law {
	const char *name;
	u8 type, values, order;
	bool vary_key, vary_flags;
	u32 ks, flags;
} laws[] = {
	{ "array", BPF_MAP_TYPE_ARRAY, PLAIN, EXACT, false, true, 4, 0 },
	{ "percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, PERCPU, EXACT, false, false, 4, 0 },
	{ "hash", BPF_MAP_TYPE_HASH, PLAIN, SET, true, true, 0, 0 },
	{ "hash no prealloc", BPF_MAP_TYPE_HASH, PLAIN, SET, true, true, 0, BPF_F_NO_PREALLOC },
	{ "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, PERCPU, SET, true, false, 0, 0 },
	{ "lru_hash", BPF_MAP_TYPE_LRU_HASH, PLAIN, SET, true, false, 0, 0 },
	{ "lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, PERCPU, SET, true, false, 0, 0 },
	{ "lpm_trie", BPF_MAP_TYPE_LPM_TRIE, PLAIN, EXACT, true, true, 0, BPF_F_NO_PREALLOC },
	{ "queue", BPF_MAP_TYPE_QUEUE, PLAIN, NONE, false, true, 0, 0 },
	{ "stack", BPF_MAP_TYPE_STACK, PLAIN, NONE, false, true, 0, 0 },
	{ "bloom_filter", BPF_MAP_TYPE_BLOOM_FILTER, PLAIN, NONE, false, false, 0, 0 },
	{ "ringbuf", BPF_MAP_TYPE_RINGBUF, PLAIN, NONE, false, false, 0, 0 },
	{ "prog_array", BPF_MAP_TYPE_PROG_ARRAY, FD_PROG, EXACT, false, false, 4, 0 },
	{ "perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, INT_ANY, EXACT, false, false, 4, 0 },
	{ "cgroup_array", BPF_MAP_TYPE_CGROUP_ARRAY, INT_ANY, EXACT, false, false, 4, 0 },
	{ "array_of_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, FD_MAP, EXACT, false, false, 4, 0 },
	{ "hash_of_maps", BPF_MAP_TYPE_HASH_OF_MAPS, FD_MAP, SET, true, false, 0, 0 },
	{ "stack_trace", BPF_MAP_TYPE_STACK_TRACE, PLAIN, NONE, false, false, 4, 0 },
	{ "user_ringbuf", BPF_MAP_TYPE_USER_RINGBUF, PLAIN, NONE, false, false, 0, 0 },
	{ "devmap", BPF_MAP_TYPE_DEVMAP, INT_ANY, EXACT, false, false, 4, 0 },
	{ "devmap_hash", BPF_MAP_TYPE_DEVMAP_HASH, INT_ANY, SET, false, false, 4, 0 },
	{ "cpumap", BPF_MAP_TYPE_CPUMAP, INT_ANY, EXACT, false, false, 4, 0 },
	{ "xskmap", BPF_MAP_TYPE_XSKMAP, INT_ANY, EXACT, false, false, 4, 0 },
	{ "sockmap", BPF_MAP_TYPE_SOCKMAP, INT_ANY, EXACT, false, false, 4, 0 },
	{ "sockhash", BPF_MAP_TYPE_SOCKHASH, INT_ANY, SET, true, false, 0, 0 },
	{ "reuseport_sockarray", BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, INT_ANY, EXACT, false, false, 4, 0 },
};

#define PROGS 7
static const s32 prog_helper[PROGS] = { BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem,
					BPF_FUNC_map_push_elem, BPF_FUNC_map_pop_elem, BPF_FUNC_map_peek_elem,
					195 /* map_lookup_percpu_elem */ };

static struct pair {
	const struct law *law;
	u32 ks, vs, max, flags, cpus;
	u32 nkeys;
	u8 key[12][MAX_KEY];
	int fd[BACKENDS];
	int prog[BACKENDS][PROGS];   /* programs that call one helper on the map; -1 where that is refused */
	int good_prog[BACKENDS], good_map[BACKENDS]; /* descriptors for FD_PROG and FD_MAP values */
} m;

/* Bytes of a value as bpf(2) passes it. */
static u32 value_bytes(void)
{
	return m.law->values == PERCPU ? ROUND_UP(m.vs, 8) * m.cpus : m.vs;
}

static void draw_keys(void)
{
	m.nkeys = ARRAY_SIZE(m.key);
	for (u32 i = 0; i < m.nkeys; i++) {
		for (u32 j = 0; j < MAX_KEY; j++)
			m.key[i][j] = (u8)rnd();
		if (m.law->type == BPF_MAP_TYPE_LPM_TRIE) {
			/* Few distinct addresses, so that prefixes share bits; now and then a length beyond the key. */
			u32 bits = below((m.ks - 4) * 8 + 1) + (chance(5) ? 300 : 0);

			memcpy(m.key[i], &bits, 4);
			for (u32 j = 4; j < MAX_KEY; j++)
				m.key[i][j] = chance(50) ? 0x80 : chance(50) ? 0 : 0x81;
		} else if (m.law->order == EXACT) {
			u32 index = i < m.max + 1 ? i : (u32)PICK(edges);

			memcpy(m.key[i], &index, 4);
		}
	}
}

static void put_map_program(struct prog *p, u32 helper_at, u32 ks, u32 vs)
{
	s32 helper = prog_helper[helper_at];

	prog_start(p, BPF_PROG_TYPE_SYSCALL);
	p->flags = BPF_F_SLEEPABLE;
	MOV_X(6, 1);
	for (u32 i = 0; i < MAX_KEY; i += 8) {
		LD8(2, 6, (int)i);
		STX8(10, (int)i - 64, 2);
		LD8(2, 6, (int)i + 64);
		STX8(10, (int)i - 128, 2);
	}
	imm64(p, 1, 5, 0);
	MOV_X(2, 10);
	ADD_K(2, helper_at >= 3 && helper_at <= 5 ? -128 : -64); /* push, pop, peek: only a value */
	MOV_X(3, 10);
	ADD_K(3, -128);
	LD8(4, 6, 128);
	if (helper_at == 3)
		MOV_X(3, 4);
	if (helper_at == 6)
		emit(p, 0x61, 3, 6, 128, 0);
	CALL_HELPER(helper);
	if (helper_at == 0 || helper_at == 6) {
		u32 null_at = p->n;

		emit(p, 0x15, 0, 0, 0, 0);
		for (u32 i = 0; i + 4 <= vs && i < MAX_VALUE; i += 4) {
			emit(p, 0x61, 1, 0, (s32)i, 0);
			emit(p, 0x63, 6, 1, 144 + (s32)i, 0);
		}
		MOV_K(0, 1);
		p->insn[null_at].off = (s16)(p->n - null_at - 1);
	} else {
		for (u32 i = 0; i + 8 <= ROUND_UP(vs, 8); i += 8) {
			LD8(1, 10, (int)i - 128);
			STX8(6, 144 + (int)i, 1);
		}
	}
	STX8(6, 136, 0);
	MOV_K(0, 0);
	EXIT();
	(void)ks;
}

static void load_map_programs(const char *what)
{
	static struct prog p;

	for (u32 h = 0; h < PROGS; h++) {
		int fds[BACKENDS];

		put_map_program(&p, h, m.ks, m.vs);
		for (u32 b = 0; b < kit.nbe; b++)
			p.fd_array[b] = &m.fd[b];
		if (load_all(&p, what, what, fds))
			kit_agree();
		for (u32 b = 0; b < kit.nbe; b++)
			m.prog[b][h] = fds[b];
	}
}

/* Programs and maps that may be values. */
static void make_values(void)
{
	static struct prog two;
	struct prog *p = &two;

	prog_start(p, BPF_PROG_TYPE_XDP);
	MOV_K(0, 0);
	EXIT();
	for (u32 b = 0; b < kit.nbe; b++) {
		m.good_prog[b] = (int)prog_load(&kit.be[b], p, NULL, 0);
		m.good_map[b] = (int)map_new(&kit.be[b], BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0);
	}
}

/* Draws the sizes of a new pair and makes it. Returns false when one side has no such map. */
static bool make_pair(const struct law *law)
{
	static const u32 sizes[] = { 1, 2, 3, 4, 7, 8, 12, 16, 24, 64 };
	long r[BACKENDS] = { 0 };
	char what[96];

	m.law = law;
	m.ks = law->vary_key ? PICK(sizes) : law->ks;
	if (law->type == BPF_MAP_TYPE_LPM_TRIE)
		m.ks = 4 + 1 + below(16);
	m.vs = law->values == PLAIN || law->values == PERCPU ? PICK(sizes) : 4;
	m.max = law->order == SET ? 4 + below(8) : 1 + below(8);
	/* An LRU map may throw out early: give it room, so that it never does. */
	if (law->type == BPF_MAP_TYPE_LRU_HASH || law->type == BPF_MAP_TYPE_LRU_PERCPU_HASH)
		m.max = 4096;
	if (law->type == BPF_MAP_TYPE_RINGBUF || law->type == BPF_MAP_TYPE_USER_RINGBUF) {
		m.vs = 0;
		m.max = 4096;
	}
	if (law->type == BPF_MAP_TYPE_STACK_TRACE)
		m.vs = 64;
	m.flags = law->flags;
	if (law->vary_flags && chance(30))
		m.flags |= 8u << below(2);
	if (law->vary_flags && chance(20))
		m.flags |= 128u << below(2);
	m.cpus = (u32)sysconf(_SC_NPROCESSORS_CONF);
	snprintf(what, sizeof(what), "map %s", law->name);
	for (u32 b = 0; b < kit.nbe; b++) {
		union bpf_attr a;

		memset(&a, 0, sizeof(a));
		a.map_type = law->type;
		a.key_size = m.ks;
		a.value_size = m.vs;
		a.max_entries = m.max;
		a.map_flags = m.flags;
		if (law->values == FD_MAP)
			a.inner_map_fd = (u32)m.good_map[b];
		r[b] = be_bpf(&kit.be[b], BPF_MAP_CREATE, &a);
		m.fd[b] = (int)r[b];
	}
	for (u32 b = 1; b < kit.nbe; b++) {
		if ((r[0] < 0) == (r[b] < 0) && (r[0] >= 0 || r[0] == r[b]))
			continue;
		if (r[b] == -EOPNOTSUPP)
			kit.tally->skipped++;
		else if (kit_differ("%s: create: kernel %s, %s %s", what, err_name(r[0]), kit.be[b].name, err_name(r[b])))
			printf("  key %u, value %u, entries %u, flags %#x\n", m.ks, m.vs, m.max, m.flags);
		for (u32 c = 0; c < kit.nbe; c++)
			if (r[c] >= 0)
				close((int)r[c]);
		return false;
	}
	if (r[0] < 0) {
		kit_agree();
		return false;
	}
	draw_keys();
	load_map_programs(what);
	return true;
}

static void drop_pair(void)
{
	for (u32 b = 0; b < kit.nbe; b++) {
		close(m.fd[b]);
		for (u32 h = 0; h < PROGS; h++)
			if (m.prog[b][h] >= 0)
				close(m.prog[b][h]);
	}
}

/*
 * Takes out of a value what Linux leaves open: the bytes that pad a CPU's value to 8 (what lay there before shows through),
 * and ids.
 */
static void blank_open(u8 *value, u32 values)
{
	if (m.law->values == FD_PROG || m.law->values == FD_MAP)
		memset(value, 0, BUF);
	for (u32 i = 0; m.law->values == PERCPU && i < values * m.cpus; i++)
		memset(value + i * ROUND_UP(m.vs, 8) + m.vs, 0, ROUND_UP(m.vs, 8) - m.vs);
}

/* ---- one command ---- */

/* What is asked: drawn once, done on each side. */
struct command {
	int cmd;           /* a command, or 100 + n: the program of helper n */
	u32 key, next_key; /* indices of keys; nkeys: NULL */
	u64 flags;
	bool null_value;
	u32 fd_choice;     /* values that are descriptors: which */
	u32 count;         /* batches */
	u8 value[BUF];
};

struct outcome {
	long ret;
	u64 prog_ret;
	u32 count;
	u8 key[MAX_KEY * 64];
	u8 value[BUF];
};

static void fill_value(const struct command *op, u32 b, u8 *value)
{
	s32 fd;

	memcpy(value, op->value, BUF);
	if (m.law->values != FD_PROG && m.law->values != FD_MAP)
		return;
	fd = op->fd_choice == 0 ? -1 : op->fd_choice == 1 ? 9999 : op->fd_choice == 2 ? 0 :
	     op->fd_choice == 3 ? m.fd[b] : op->fd_choice & 1 ? m.good_prog[b] : m.good_map[b];
	memcpy(value, &fd, 4);
}

static void do_program(u32 b, const struct command *op, struct outcome *o)
{
	u8 ctx[224] = { 0 };
	struct run r = { .ctx_in = ctx, .ctx_size_in = sizeof(ctx) };

	memcpy(ctx, m.key[op->key % m.nkeys], MAX_KEY);
	memcpy(ctx + 64, op->value, MAX_VALUE);
	memcpy(ctx + 128, &op->flags, 8);
	o->ret = test_run(&kit.be[b], m.prog[b][op->cmd - 100], &r);
	memcpy(&o->prog_ret, ctx + 136, 8);
	memcpy(o->value, ctx + 144, MAX_VALUE);
}

static void do_batch(u32 b, const struct command *op, struct outcome *o)
{
	u8 in[MAX_KEY] = { 0 }, out[MAX_KEY] = { 0 };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.batch.map_fd = (u32)m.fd[b];
	a.batch.elem_flags = op->flags;
	a.batch.count = op->count;
	a.batch.keys = ptr(o->key);
	a.batch.values = op->null_value ? 0 : ptr(o->value);
	if (op->cmd == CMD_BATCH_LOOKUP || op->cmd == CMD_BATCH_LOOKUP_DELETE) {
		a.batch.in_batch = op->next_key < m.nkeys ? ptr(in) : 0;
		a.batch.out_batch = ptr(out);
		if (a.batch.in_batch)
			memcpy(in, &op->next_key, 4);
	} else {
		for (u32 i = 0; i < op->count && i < 32; i++)
			memcpy(o->key + i * m.ks, m.key[(op->key + i) % m.nkeys], m.ks);
		memcpy(o->value, op->value, BUF);
	}
	o->ret = be_bpf(&kit.be[b], op->cmd, &a);
	o->count = a.batch.count;
	if (o->ret == -EFAULT)
		o->count = 0;
	blank_open(o->value, MIN(op->count, 24u));
}

static void do_op(u32 b, const struct command *op, struct outcome *o)
{
	const u8 *key = op->key < m.nkeys ? m.key[op->key] : NULL;
	union bpf_attr a;

	memset(o, 0, sizeof(*o));
	if (op->cmd >= 100) {
		do_program(b, op, o);
		return;
	}
	if (op->cmd >= CMD_BATCH_LOOKUP) {
		do_batch(b, op, o);
		return;
	}
	memset(&a, 0, sizeof(a));
	a.map_fd = (u32)m.fd[b];
	a.key = ptr(key);
	a.flags = op->flags;
	/* A Bloom filter's lookup reads the value, too. */
	if (op->cmd == CMD_UPDATE || m.law->type == BPF_MAP_TYPE_BLOOM_FILTER)
		fill_value(op, b, o->value);
	a.value = op->null_value ? 0 : ptr(o->value);
	if (op->cmd == CMD_NEXT)
		a.next_key = ptr(o->key);
	if (op->cmd == CMD_FREEZE)
		a.key = a.value = a.flags = 0;
	o->ret = be_bpf(&kit.be[b], op->cmd, &a);
	blank_open(o->value, 1);
}

static void draw_op(struct command *op)
{
	static const int cmds[] = { CMD_LOOKUP, CMD_LOOKUP, CMD_UPDATE, CMD_UPDATE, CMD_UPDATE, CMD_UPDATE, CMD_DELETE, CMD_DELETE,
				    CMD_NEXT, CMD_NEXT, CMD_LOOKUP_DELETE, CMD_LOOKUP_DELETE, CMD_BATCH_LOOKUP,
				    CMD_BATCH_LOOKUP_DELETE, CMD_BATCH_UPDATE, CMD_BATCH_DELETE };
	static const u64 flags[] = { 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 16, 1ull << 32, ~0ull };
	bool no_key = m.ks == 0;

	op->cmd = PICK(cmds);
	if (chance(35))
		op->cmd = 100 + (int)below(PROGS);
	if (chance(1))
		op->cmd = CMD_FREEZE;
	op->key = no_key || chance(3) ? (chance(90) ? m.nkeys : 0) : below(m.nkeys);
	op->next_key = chance(80) ? m.nkeys : below(4);
	op->flags = PICK(flags);
	op->null_value = chance(op->cmd == CMD_DELETE || op->cmd == CMD_NEXT ? 90 : 3);
	op->fd_choice = below(12);
	op->count = MIN(chance(60) ? 24 : below(24), (u32)BUF / MAX(value_bytes(), 1u));
	for (u32 i = 0; i < BUF; i++)
		op->value[i] = (u8)rnd();
	/* Plain numbers are small: interface indices, CPUs' queue sizes, descriptors nobody has. */
	if (m.law->values == INT_ANY)
		memset(op->value, 0, 4), op->value[0] = (u8)(chance(50) ? 1 : 200), op->value[1] = 3;
}

/* Is the answer one that Linux leaves open? */
static bool open_answer(const struct command *op, const struct outcome *k)
{
	if (m.law->order == SET && op->cmd == CMD_NEXT && op->key < m.nkeys)
		return true;
	/* A batch that does not take all, in an order that is open; or that starts in the middle. */
	if (m.law->order == SET && (op->cmd == CMD_BATCH_LOOKUP || op->cmd == CMD_BATCH_LOOKUP_DELETE))
		return op->count < 16 || op->next_key < m.nkeys || k->ret == -ENOSPC;
	/* "Perhaps there" is the privilege of Bloom filters. */
	return m.law->type == BPF_MAP_TYPE_BLOOM_FILTER && (op->cmd == CMD_LOOKUP || op->cmd == 105);
}

/* Would the command make the two sides differ for good, because the order is open? Then it is not done at all. */
static bool harmful(const struct command *op)
{
	return m.law->order == SET && op->cmd == CMD_BATCH_LOOKUP_DELETE &&
	       (op->count < 16 || op->next_key < m.nkeys || op->null_value);
}

static bool same_bytes(const struct command *op, const struct outcome *k, const struct outcome *s)
{
	u32 vb = value_bytes();

	if (op->cmd >= 100)
		return k->prog_ret == s->prog_ret && !memcmp(k->value, s->value, MAX_VALUE);
	if (op->cmd >= CMD_BATCH_LOOKUP) {
		if (k->count != s->count)
			return false;
		/* The content is compared as a set after the sequence. */
		if (m.law->order == SET || k->ret)
			return true;
		return !memcmp(k->key, s->key, (size_t)m.ks * MIN(k->count, 24u)) &&
		       !memcmp(k->value, s->value, (size_t)vb * MIN(k->count, 24u));
	}
	if (op->cmd == CMD_NEXT)
		return k->ret || m.law->order == SET || !memcmp(k->key, s->key, m.ks);
	return !memcmp(k->value, s->value, vb);
}

static const char *op_name(int cmd)
{
	static const char *const progs[] = { "prog lookup", "prog update", "prog delete", "prog push", "prog pop", "prog peek",
					     "prog lookup_percpu" };

	if (cmd >= 100)
		return progs[cmd - 100];
	switch (cmd) {
	case CMD_LOOKUP: return "lookup";
	case CMD_UPDATE: return "update";
	case CMD_DELETE: return "delete";
	case CMD_NEXT: return "next_key";
	case CMD_LOOKUP_DELETE: return "lookup_and_delete";
	case CMD_FREEZE: return "freeze";
	case CMD_BATCH_LOOKUP: return "batch lookup";
	case CMD_BATCH_LOOKUP_DELETE: return "batch lookup_and_delete";
	case CMD_BATCH_UPDATE: return "batch update";
	default: return "batch delete";
	}
}

static void show_bytes(const char *who, const struct outcome *o, u32 n)
{
	printf("  %s: %s, program's %lld, count %u, value", who, err_name(o->ret), (long long)o->prog_ret, o->count);
	for (u32 i = 0; i < n && i < 32; i++)
		printf(" %02x", o->value[i]);
	putchar('\n');
}

static const char *prog_result(const struct command *op, const struct outcome *o)
{
	static char ring[4][24];
	static u32 at;
	char *s = ring[at++ % 4];

	s[0] = 0;
	if (op->cmd >= 100)
		snprintf(s, 24, " r0 %lld", (long long)o->prog_ret);
	return s;
}

/* Returns false when the two sides have parted. */
static bool one_op(const struct command *op)
{
	static struct outcome out[BACKENDS];

	if (harmful(op) || (op->cmd >= 100 && m.prog[0][op->cmd - 100] < 0))
		return true;
	for (u32 b = 0; b < kit.nbe; b++)
		do_op(b, op, &out[b]);
	if (open_answer(op, &out[0]))
		return true;
	for (u32 b = 1; b < kit.nbe; b++) {
		if (out[b].ret == out[0].ret && same_bytes(op, &out[0], &out[b]))
			continue;
		if (kit_differ("map %s: kernel %s%s, %s %s%s", op_name(op->cmd), err_name(out[0].ret),
			       prog_result(op, &out[0]), kit.be[b].name, err_name(out[b].ret), prog_result(op, &out[b]))) {
			printf("  %s, flags %#llx, key %u%s (size %u), value%s size %u, entries %u, map flags %#x, count %u, "
			       "cursor %u\n", m.law->name, (unsigned long long)op->flags, op->key,
			       op->key < m.nkeys ? "" : " NULL", m.ks, op->null_value ? " NULL" : "", m.vs, m.max, m.flags,
			       op->count, op->next_key);
			show_bytes("kernel", &out[0], value_bytes());
			show_bytes(kit.be[b].name, &out[b], value_bytes());
		}
		/* Two different refusals: the contents are still equal. */
		if (out[0].ret < 0 && out[b].ret < 0 && op->cmd < CMD_BATCH_LOOKUP)
			return true;
		return false;
	}
	kit_agree();
	return true;
}

/* ---- contents ---- */

struct entry {
	u8 key[MAX_KEY];
	u8 value[BUF];
};

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, MAX_KEY);
}

/* All entries, sorted where the order is open; returns how many, at most `max`. */
static u32 content(u32 b, struct entry *e, u32 max)
{
	u8 key[MAX_KEY] = { 0 };
	u32 n = 0;
	union bpf_attr a;

	for (; n < max; n++) {
		memset(&e[n], 0, sizeof(e[n]));
		memset(&a, 0, sizeof(a));
		a.map_fd = (u32)m.fd[b];
		a.key = n ? ptr(key) : 0;
		a.next_key = ptr(e[n].key);
		if (be_bpf(&kit.be[b], CMD_NEXT, &a))
			break;
		memcpy(key, e[n].key, m.ks);
		map_op(&kit.be[b], CMD_LOOKUP, m.fd[b], e[n].key, e[n].value, 0);
		blank_open(e[n].value, 1);
	}
	if (m.law->order == SET)
		qsort(e, n, sizeof(*e), by_key);
	return n;
}

static void show_entry(const char *who, const struct entry *e)
{
	printf("  %s:", who);
	for (u32 i = 0; i < m.ks && i < 24; i++)
		printf(" %02x", e->key[i]);
	printf(" =");
	for (u32 i = 0; i < value_bytes() && i < 32; i++)
		printf(" %02x", e->value[i]);
	putchar('\n');
}

/* `last` is what was done before. */
static bool compare_contents(const struct command *last)
{
	enum { MOST = 32 };
	static struct entry k[MOST], s[MOST];
	u32 nk, ns;

	if (m.law->order == NONE)
		return true;
	nk = content(0, k, MOST);
	for (u32 b = 1; b < kit.nbe; b++) {
		ns = content(b, s, MOST);
		if (nk == ns && !memcmp(k, s, nk * sizeof(*k))) {
			kit_agree();
			continue;
		}
		if (kit_differ("%s: contents differ on %s after %s", m.law->name, kit.be[b].name, op_name(last->cmd))) {
			u32 i = 0;

			printf("  kernel has %u entries, %s %u; key size %u, value size %u, entries %u, map flags %#x\n", nk,
			       kit.be[b].name, ns, m.ks, m.vs, m.max, m.flags);
			printf("  last: key %u, flags %#llx, count %u, cursor %u\n", last->key, (unsigned long long)last->flags,
			       last->count, last->next_key);
			while (i < nk && i < ns && !memcmp(&k[i], &s[i], sizeof(*k)))
				i++;
			if (i < nk)
				show_entry("kernel", &k[i]);
			if (i < ns)
				show_entry(kit.be[b].name, &s[i]);
		}
		return false;
	}
	return true;
}

/* The parts of bpf_map_info that describe the map. */
static void compare_info(void)
{
	struct bpf_map_info info[BACKENDS];
	long r[BACKENDS] = { 0 };

	for (u32 b = 0; b < kit.nbe; b++) {
		union bpf_attr a;

		memset(&info[b], 0, sizeof(info[b]));
		memset(&a, 0, sizeof(a));
		a.info.bpf_fd = (u32)m.fd[b];
		a.info.info_len = sizeof(info[b]);
		a.info.info = ptr(&info[b]);
		r[b] = be_bpf(&kit.be[b], BPF_OBJ_GET_INFO_BY_FD, &a);
		info[b].id = 0;
	}
	for (u32 b = 1; b < kit.nbe; b++) {
		if (r[b] == r[0] && !memcmp(&info[b], &info[0], sizeof(info[0])))
			kit_agree();
		else if (kit_differ("%s: info differs on %s", m.law->name, kit.be[b].name))
			printf("  type %u/%u key %u/%u value %u/%u entries %u/%u flags %#x/%#x extra %llu/%llu\n", info[0].type,
			       info[b].type, info[0].key_size, info[b].key_size, info[0].value_size, info[b].value_size,
			       info[0].max_entries, info[b].max_entries, info[0].map_flags, info[b].map_flags,
			       (unsigned long long)info[0].map_extra, (unsigned long long)info[b].map_extra);
	}
}

static void sequence(const struct law *law)
{
	static struct command op;
	char what[64];

	snprintf(what, sizeof(what), "map %s", law->name);
	kit_case(what);
	make_values();
	if (make_pair(law)) {
		compare_info();
		/* Updates of maps of maps wait for readers: they are slow. */
		for (u32 i = 0; i < (law->values == FD_MAP ? 30 : 150); i++) {
			draw_op(&op);
			if (!one_op(&op) || !compare_contents(&op))
				break;
		}
		drop_pair();
	}
	for (u32 b = 0; b < kit.nbe; b++) {
		close(m.good_prog[b]);
		close(m.good_map[b]);
	}
}

int main(int argc, char **argv)
{
	cpu_set_t one;

	kit_start("map", argc, argv, 40, 1u << JIT);
	/* Per-CPU values are those of one CPU. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	creation();
	kit_as(" with BPF", CAP_BIT(CAP_BPF), creation);
	kit_as(" with NET_ADMIN", CAP_BIT(CAP_NET_ADMIN), creation);
	kit_as(" with BPF+NET_ADMIN", CAP_BIT(CAP_BPF) | CAP_BIT(CAP_NET_ADMIN), creation);
	for (u64 i = 0; i < kit.n; i++)
		for (size_t l = 0; l < ARRAY_SIZE(laws); l++)
			if (kit_wanted(laws[l].name))
				sequence(&laws[l]);
	return kit_end();
}
