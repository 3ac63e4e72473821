/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs: compiled code and the interpreter leave the same registers, stack and memory.
 *
 * Operations are drawn so that the code has what compilers emit and selection looks for: copies followed by arithmetic, shift
 * pairs, byte loads that are put together, short blocks with many jumps.
 */
#include "unit/jit_kit.h"

__attribute__((weak)) const struct image *prog_array_image(struct map *m, u32 index)
{
	(void)m;
	(void)index;
	return NULL;
}

#define MEM 256

static u64 seed = 88172645463325252ull;

static u32 rnd(u32 n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)((seed >> 11) % n);
}

static u64 edge(void)
{
	static const u64 v[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
				 0x7fffffffffffffff, 0x8000000000000000, U64_MAX, 0x123456789abcdef0 };
	u64 x = v[rnd(ARRAY_SIZE(v))];

	switch (rnd(4)) {
	case 0:
		return x + rnd(3) - 1;
	case 1:
		return seed;
	case 2:
		return (u64)(s64)(s32)rnd(300) - 150;
	default:
		return x;
	}
}

static u8 mem[MEM + 16], start_mem[MEM + 16], vm_mem[MEM + 16];

/* r9 is the memory, r10 the stack, r8 counts loops; others are free. */
static u8 any(void) { return (u8)rnd(8); }

static struct ins alu_like(void)
{
	struct ins i = { 0 };
	const struct op_info *x;

	do {
		i.op = (u16)rnd(OP_COUNT);
		x = &op_info[i.op];
	} while ((x->cls != IC_ALU && x->cls != IC_MOV && x->cls != IC_END && x->cls != IC_CAST) || x->internal);
	i.dst = any();
	i.src = any();
	i.imm = x->imm.kind == FK_IS ? x->imm.want : (s32)edge();
	if (x->cls == IC_CAST)
		i.imm64 = 0x7eee00000000;
	return i;
}

static struct ins mk(u16 op, u8 d, u8 s, s16 off, s32 imm)
{
	return (struct ins){ .op = op, .dst = d, .src = s, .off = off, .imm = imm };
}

static s16 mem_off(u8 base, u32 size, bool aligned)
{
	u32 at = rnd(MEM - 8);

	if (aligned)
		at &= ~(size - 1);
	return (s16)(base == 10 ? (s32)at - MEM : (s32)at);
}

static struct ins memory(void)
{
	struct ins i = { 0 };
	const struct op_info *x;
	u8 base = rnd(2) ? 9 : 10;
	bool aligned;

	do {
		i.op = (u16)rnd(OP_COUNT);
		x = &op_info[i.op];
	} while ((x->cls != IC_LDX && x->cls != IC_ST && x->cls != IC_STX && x->cls != IC_ATOMIC && x->cls != IC_LOAD_ACQ &&
		  x->cls != IC_STORE_REL));
	aligned = x->cls == IC_ATOMIC || x->cls == IC_LOAD_ACQ || x->cls == IC_STORE_REL;
	i.dst = i.src = any();
	if (x->cls == IC_LDX || x->cls == IC_LOAD_ACQ)
		i.src = base;
	else
		i.dst = base;
	i.imm = x->imm.kind == FK_IS ? x->imm.want : (s32)edge();
	i.off = mem_off(base, x->size, aligned);
	return i;
}

/* What selection looks for. */
static u32 idiom(struct ins *o)
{
	u8 d = any(), s = any(), t = any();
	u32 n = 0, w = rnd(2), k = 1 + rnd(w ? 63 : 31);
	s16 at = mem_off(9, 1, false);

	switch (rnd(11)) {
	case 9: /* spill, something, fill */
	case 10:
		at = mem_off(10, 8, true);
		o[n++] = mk(rnd(2) ? OP_STX_DW : OP_STX_W, 10, s, at, 0);
		if (rnd(2))
			o[n++] = mk(rnd(2) ? OP_DIV64_X : OP_MOD32_X, d, any(), 0, 0);
		if (rnd(2))
			o[n++] = alu_like();
		o[n++] = mk(rnd(3) ? OP_LDX_DW : OP_LDX_W, t, 10, at, 0);
		break;
	case 0: /* rotate */
		o[n++] = mk(w ? OP_MOV64_X : OP_MOV32_X, d, s, 0, 0);
		o[n++] = mk(w ? OP_LSH64_K : OP_LSH32_K, d, 0, 0, (s32)k);
		o[n++] = mk(w ? OP_RSH64_K : OP_RSH32_K, s, 0, 0, (s32)((w ? 64 : 32) - k));
		o[n++] = mk(rnd(2) ? (w ? OP_OR64_X : OP_OR32_X) : (w ? OP_XOR64_X : OP_XOR32_X), rnd(2) ? s : d, rnd(2) ? d : s, 0, 0);
		break;
	case 1: /* bytes to a word */
		for (u32 b = 0, len = 2 + rnd(7), big = rnd(2); b < len; b++) {
			o[n++] = mk(OP_LDX_B, b ? t : d, 9, (s16)((big ? at + (s16)(7 - b) : at + (s16)b) & 0xff), 0);
			if (b) {
				o[n++] = mk(OP_LSH64_K, t, 0, 0, (s32)(8 * b));
				o[n++] = mk(OP_OR64_X, d, t, 0, 0);
			}
		}
		break;
	case 2: /* pointer plus bounded index */
		o[n++] = mk(OP_MOV64_X, t, s, 0, 0);
		o[n++] = mk(OP_AND64_K, t, 0, 0, 63);
		if (rnd(2))
			o[n++] = mk(OP_LSH64_K, t, 0, 0, 1);
		if (rnd(2)) {
			o[n++] = mk(OP_MOV64_X, d == t ? (u8)((d + 1) % 8) : d, 9, 0, 0);
			d = o[n - 1].dst;
		} else {
			d = t;
			o[n++] = mk(OP_ADD64_X, t, 9, 0, 0);
		}
		if (d != t)
			o[n++] = mk(OP_ADD64_X, d, t, 0, 0);
		if (rnd(2))
			o[n++] = mk(OP_ADD64_K, d, 0, 0, (s32)rnd(60));
		o[n++] = mk(rnd(2) ? OP_LDX_B : OP_LDX_DW, any(), d, (s16)rnd(20), 0);
		if (rnd(2) && o[n - 1].dst != d)
			o[n++] = mk(rnd(2) ? OP_STX_H : OP_STX_W, d, any(), (s16)rnd(20), 0);
		break;
	case 3: /* extension by shifts */
		k = 8u << rnd(3);
		o[n++] = mk(OP_MOV64_X, d, s, 0, 0);
		o[n++] = mk(OP_LSH64_K, d, 0, 0, (s32)(64 - k));
		o[n++] = mk(rnd(2) ? OP_ARSH64_K : OP_RSH64_K, d, 0, 0, (s32)(64 - k));
		break;
	case 4:
		o[n++] = mk(OP_MOV64_X, d, s, 0, 0);
		o[n++] = mk(OP_ADD64_K, d, 0, 0, (s32)rnd(100));
		o[n++] = mk(OP_ADD64_X, d, t, 0, 0);
		break;
	case 5:
		o[n++] = mk(OP_MOV32_X, d, s, 0, 0);
		o[n++] = mk(rnd(2) ? OP_DIV32_K : OP_MOD32_K, d, 0, 0, (s32)edge());
		break;
	case 6:
		o[n++] = mk(rnd(2) ? OP_LDX_H : OP_LDX_W, d, 9, at, 0);
		o[n++] = mk(OP_MOV64_X, t, d, 0, 0);
		o[n++] = mk(rnd(2) ? OP_DIV64_K : OP_MOD64_K, d, 0, 0, (s32)edge());
		o[n++] = mk(rnd(2) ? OP_BE32 : OP_BE16, t, 0, 0, 0);
		o[n - 1].imm = o[n - 1].op == OP_BE32 ? 32 : 16;
		break;
	case 7: /* registers change places */
		o[n++] = mk(OP_MOV64_X, t, d, 0, 0);
		o[n++] = mk(OP_MOV64_X, d, s, 0, 0);
		o[n++] = mk(OP_MOV64_X, s, t, 0, 0);
		break;
	default:
		o[n++] = mk(OP_LDX_DW, d, 9, at, 0);
		o[n++] = mk(OP_BE64, d, 0, 0, 64);
		o[n++] = mk(OP_STX_DW, 10, d, (s16)(mem_off(10, 8, true)), 0);
		break;
	}
	return n;
}

static struct ins branch(u32 at, u32 end)
{
	struct ins i = { 0 };

	do
		i.op = (u16)rnd(OP_COUNT);
	while (op_info[i.op].cls != IC_JCC && op_info[i.op].cls != IC_JA && op_info[i.op].cls != IC_MAY_GOTO);
	i.dst = any();
	i.src = any();
	i.imm = (s32)edge();
	i.target = at + 1 + rnd(MIN(end - at, 12u));
	return i;
}

static u64 mix(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	CHECK(r == &kit_run);
	return a + 3 * b + 5 * c + 7 * d + 11 * e;
}

/* A call, after which r1-r5 must be set again before they are read. */
static u32 call(struct ins *o)
{
	u32 n = 0;

	if (rnd(2)) {
		o[n++] = mk(OP_MOV64_X, 1, 9, 0, 0);
		o[n++] = mk(OP_CALL_SUB, 0, 1, 0, 0); /* the target is found when all functions are there */
	} else {
		o[n] = mk(OP_CALL, 0, 0, 0, 1);
		o[n++].imm64 = (u64)(uintptr_t)mix;
	}
	for (u8 r = 1; r < 6; r++)
		o[n++] = rnd(2) ? mk(OP_MOV64_K, r, 0, 0, (s32)edge()) : mk(OP_MOV64_X, r, rnd(2) ? 0 : 6, 0, 0);
	return n;
}

#define BODY 400

#define FUNCTION (BODY + 3 * MEM / 8 + 150) /* operations of one function at most */

static bool safe[3 * FUNCTION]; /* operations that may be jumped to: not those in the middle of something */

/* One function from operation `n` on; returns its end. r1: the memory. */
static u32 generate(struct ins *o, u32 n)
{
	u32 start = n, len = 50 + rnd(BODY - 110), last, loop = 0;

	o[n++] = mk(OP_MOV64_X, 9, 1, 0, 0);
	for (u8 r = 0; r < 9; r++) {
		if (start && r > 1 && r < 6 && rnd(2)) { /* an argument, in a subprogram */
			o[n++] = mk(OP_ADD64_K, r, 0, 0, 1);
			continue;
		}
		o[n] = mk(OP_LDIMM64, r, 0, 0, 0);
		o[n++].imm64 = r == 8 ? 0 : edge();
	}
	for (s16 at = -MEM; at < 0; at += 8)
		o[n++] = mk(OP_ST_DW, 10, 0, at, (s32)edge());
	last = n + len;
	while (n + 40 < last) {
		safe[n] = true;
		switch (rnd(9)) {
		case 0:
		case 1:
			o[n++] = alu_like();
			break;
		case 2:
			o[n++] = memory();
			break;
		case 3:
			o[n] = branch(n, last - 1);
			n++;
			break;
		case 4:
			if (!rnd(4))
				n += call(o + n);
			break;
		case 5: /* one loop at a time: so often, and at most that often when jumped into */
			if (!loop) {
				o[n++] = mk(OP_MOV64_K, 8, 0, 0, (s32)rnd(5));
				loop = n;
			} else if (n > loop) {
				o[n++] = mk(OP_SUB64_K, 8, 0, 0, 1);
				o[n] = mk(rnd(2) ? OP_JSGT_K : OP_JSGE_K, 8, 0, 0, 1);
				o[n++].target = loop;
				loop = 0;
			}
			break;
		default:
			n += idiom(o + n);
			break;
		}
	}
	safe[n] = true;
	for (u32 i = start; i < n; i++)
		while (op_is_jump(o[i].op) && o[i].target > i && !safe[o[i].target])
			o[i].target = o[i].target < n ? o[i].target + 1 : n;
	/* everything that was computed is seen: registers in memory, the stack in the result */
	for (u8 r = 0; r < 9; r++)
		o[n++] = mk(OP_STX_DW, 9, r, (s16)(r * 8), 0);
	o[n++] = mk(OP_MOV64_K, 0, 0, 0, 0);
	for (s16 at = -MEM; at < 0; at += 8) {
		o[n++] = mk(OP_LDX_DW, 1, 10, at, 0);
		o[n++] = mk(OP_MUL64_K, 0, 0, 0, 31);
		o[n++] = mk(OP_XOR64_X, 0, 1, 0, 0);
	}
	o[n++] = mk(OP_EXIT, 0, 0, 0, 0);
	return n;
}

/* Three functions, each of which calls those behind it. */
static void generate_program(struct kit *k)
{
	u32 start[4];

	k->ops = calloc(3 * FUNCTION, sizeof(*k->ops));
	if (!k->ops)
		abort();
	memset(safe, 0, sizeof(safe));
	for (u32 f = 0; f < 3; f++) {
		start[f] = k->n;
		k->n = generate(k->ops, k->n);
	}
	start[3] = k->n;
	for (u32 f = 0; f < 3; f++)
		for (u32 i = start[f]; i < start[f + 1]; i++) {
			struct ins *o = &k->ops[i];

			if (o->op != OP_CALL_SUB)
				continue;
			if (f == 2)
				*o = mk(OP_MOV64_K, 0, 0, 0, 0);
			else
				o->target = start[f + 1 + rnd(2 - f)];
		}
}

static void show(const struct kit *k)
{
	for (u32 i = 0; i < k->n; i++)
		printf("#  %3u %-10s d%u s%u off %d imm %d target/imm64 0x%llx\n", i, op_info[k->ops[i].op].name, k->ops[i].dst,
		       k->ops[i].src, k->ops[i].off, k->ops[i].imm, (unsigned long long)k->ops[i].imm64);
}

static bool one(const struct jit_opts *opt, u32 round)
{
	struct kit k = { 0 };
	u64 a, b;
	bool same;

	generate_program(&k);
	kit_find_subs(&k, MEM);
	if (kit_compile(&k, opt)) {
		printf("# round %u does not compile\n", round);
		test_failures++;
		return false;
	}
	for (u32 i = 0; i < sizeof(mem); i++)
		start_mem[i] = (u8)rnd(256);
	memcpy(mem, start_mem, sizeof(mem));
	a = kit_go(&k.vm, mem);
	memcpy(vm_mem, mem, sizeof(mem));
	memcpy(mem, start_mem, sizeof(mem));
	b = kit_go(&k.jit, mem);
	same = a == b && !memcmp(mem, vm_mem, sizeof(mem));
	if (!same) {
		test_failures++;
		printf("# round %u: r0 0x%llx, the interpreter's 0x%llx\n", round, (unsigned long long)b, (unsigned long long)a);
		for (u32 i = 0; i < sizeof(mem); i += 8)
			if (memcmp(mem + i, vm_mem + i, 8))
				printf("#   memory at %u: 0x%016llx, the interpreter's 0x%016llx\n", i,
				       (unsigned long long)*(u64 *)(void *)(mem + i), (unsigned long long)*(u64 *)(void *)(vm_mem + i));
		if (getenv("SHOW"))
			show(&k);
	}
	kit_drop(&k);
	return same;
}

TEST(random_programs)
{
	u32 rounds = getenv("ROUNDS") ? (u32)atoi(getenv("ROUNDS")) : 6000, bad = 0;

	if (!jit_available())
		SKIP("no executable memory");
	for (u32 i = 0; i < rounds && bad < 3; i++)
		bad += !one(&kit_opts[i % ARRAY_SIZE(kit_opts)], i);
}
