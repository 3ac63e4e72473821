/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program generator of rand.c: structured programs over scalars, stack, context, map values, packets, branches, loops,
 * functions and callbacks. It keeps a rough idea of what each register holds, so that about half of what it makes is
 * acceptable; small wrongs are strewn in on purpose.
 *
 * Invariant: an accepted program's results hold no addresses and nothing that was not written before, so that two runs on
 * two systems must agree. Hence pointers are spilled to a zone of the stack of their own, and never stored elsewhere.
 */
#ifndef SKEP_DIFF_GEN_H
#define SKEP_DIFF_GEN_H

#include "kit.h"

/* Maps every program may use, by index into fd_array. */
enum { MAP_ARRAY, MAP_HASH, MAP_RODATA, MAP_RINGBUF, MAP_OUTER, MAP_PERCPU, MAP_PROGS, MAP_SPIN, MAP_QUEUE, MAP_PERF, MAP_LRU,
       MAP_TIMED, MAP_STACKS, MAP_LPM, MAP_BLOOM, MAP_SOCKS, MAPS };
static const u8 map_type[MAPS] = {
	BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_ARRAY_OF_MAPS,
	BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_STACK_TRACE, BPF_MAP_TYPE_LPM_TRIE, BPF_MAP_TYPE_BLOOM_FILTER,
	BPF_MAP_TYPE_SOCKMAP,
};
#define ARRAY_BYTES 64
#define HASH_KEY    8
#define HASH_VALUE  16
/* Where in the array the digest of all registers goes. */
#define DIGEST_OFF  56

#define DATA_ZONE   64  /* fp-64 to fp-1: numbers, all initialised */
#define SPILL_ZONE  128 /* fp-128 to fp-65: pointers, 8 bytes each */
#define SYSCALL_CTX 64

enum kind { UN, SC, CTX, STK, MV, MVN, PKT, RB, RBN };

struct regs {
	u8 kind[10];
	s16 room[10]; /* pointers: bytes that may be accessed from here on */
	u8 spill[8];  /* kinds in the spill zone; room is not kept: filled pointers are checked for UN only */
	s16 spill_room[8];
};

struct pending {
	u32 call_at;   /* instruction to patch */
	bool callback; /* a ld_imm64 of bpf_loop(), not a call */
	u32 type;      /* of the function; 0: static */
	u8 arg_kind[5];
	s16 arg_room[5];
	u32 nargs;
};

struct gen {
	struct prog *p;
	struct regs r;
	u16 busy;        /* registers that must keep what they hold */
	u32 depth;       /* of nested blocks */
	u32 frames;      /* how many frames lie above this function */
	u32 loops;       /* that are open */
	u32 budget;      /* statements left in the program */
	u32 wrong;       /* percent of small wrongs */
	u32 more;        /* percent of statements that are gen_more.h's */
	bool xdp, skb, syscall, main;
	bool locked, iter; /* a lock is held, an iterator is open */
	struct pending todo[8];
	u32 ntodo;
	s32 ref;         /* register that holds an unreleased ring buffer record, or -1 */
};

#define G_PROG struct prog *p = g->p

static inline bool wrong(struct gen *g)
{
	return g->wrong && rnd() % 1000 < g->wrong;
}

static inline bool is_free(const struct gen *g, u32 r)
{
	return !(g->busy & 1u << r) && (s32)r != g->ref;
}

/* Any register that may be overwritten. */
static inline u32 pick_dst(struct gen *g)
{
	for (;;) {
		u32 r = below(10);

		if (is_free(g, r) && (r != 6 || chance(5)))
			return r;
	}
}

/* A register of a kind, or -1. */
static inline s32 pick_kind(const struct gen *g, u32 kind)
{
	u32 start = below(10);

	for (u32 i = 0; i < 10; i++)
		if (g->r.kind[(start + i) % 10] == kind)
			return (s32)((start + i) % 10);
	return -1;
}

static inline void set_kind(struct gen *g, u32 r, u32 kind, s32 room)
{
	g->r.kind[r] = (u8)kind;
	g->r.room[r] = (s16)room;
}

static inline void clobber(struct gen *g)
{
	for (u32 r = 0; r < 6; r++)
		set_kind(g, r, UN, 0);
}

static inline void make_scalar(struct gen *g, u32 r)
{
	G_PROG;

	if (chance(50))
		imm64(p, r, 0, chance(70) ? PICK(edges) : rnd());
	else
		MOV_K(r, (s32)(chance(70) ? PICK(edges) : rnd()));
	set_kind(g, r, SC, 0);
}

/* A scalar in some register; makes one when there is none. */
static inline u32 need_scalar(struct gen *g)
{
	s32 r = pick_kind(g, SC);

	if (r >= 0)
		return (u32)r;
	r = (s32)pick_dst(g);
	make_scalar(g, (u32)r);
	return (u32)r;
}

/* A scalar that may be changed. */
static inline u32 need_free_scalar(struct gen *g)
{
	G_PROG;
	u32 r = need_scalar(g), d;

	if (is_free(g, r))
		return r;
	d = pick_dst(g);
	MOV_X(d, r);
	set_kind(g, d, SC, 0);
	return d;
}

/* ---- arithmetic ---- */

static inline void gen_alu(struct gen *g)
{
	static const u8 ops[] = { 0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0 };
	G_PROG;
	u32 dst = need_free_scalar(g), op = PICK(ops), cls = chance(60) ? 7 : 4;
	bool shift = op == 0x60 || op == 0x70 || op == 0xc0;
	s32 k = s32_of(PICK(edges));

	switch (below(12)) {
	case 0:
		emit(p, 0x80 | cls, dst, 0, 0, 0); /* neg */
		return;
	case 1: /* sign extension */
		emit(p, 0xb8 | cls, dst, need_scalar(g), cls == 7 && chance(30) ? 32 : chance(50) ? 8 : 16, 0);
		return;
	case 2: /* byte order */
		emit(p, chance(40) ? 0xd7 : chance(50) ? 0xdc : 0xd4, dst, 0, 0, 16 << below(3));
		return;
	case 3: /* signed division */
		emit(p, (chance(50) ? 0x38u : 0x98u) | cls, dst, need_scalar(g), 1, 0);
		return;
	default:
		break;
	}
	if (chance(45)) {
		emit(p, op | 8 | cls, dst, need_scalar(g), 0, 0);
		return;
	}
	if (shift)
		k = (s32)below(cls == 7 ? 64 : 32);
	if ((op == 0x30 || op == 0x90) && !k)
		k = 3;
	if (shift && wrong(g))
		k = 64;
	emit(p, op | cls, dst, 0, 0, k);
}

/* An unknown number: from the context, the array, the packet's length. */
static inline u32 gen_unknown(struct gen *g)
{
	G_PROG;
	u32 d = pick_dst(g);
	s32 c = pick_kind(g, CTX);

	if (c >= 0 && chance(50)) {
		if (g->syscall)
			emit(p, chance(70) ? 0x79 : 0x61, d, (u32)c, (s32)below(SYSCALL_CTX / 8) * 8, 0);
		else if (g->xdp)
			emit(p, 0x61, d, (u32)c, chance(50) ? 12 : 16, 0);
		else
			emit(p, 0x61, d, (u32)c, chance(50) ? 0 : 48 + (s32)below(5) * 4, 0);
	} else {
		static const u8 ldx[] = { 0x79, 0x79, 0x61, 0x69, 0x71, 0x91, 0x89, 0x81 };

		imm64(p, d, 6, MAP_ARRAY | (u64)(below(5) * 8) << 32);
		emit(p, PICK(ldx), d, d, 0, 0);
	}
	set_kind(g, d, SC, 0);
	return d;
}

/* ---- branches ---- */

static inline u32 any_cond(void)
{
	static const u8 conds[] = { 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0 };

	return PICK(conds);
}

/* A comparison of scalars with the jump to be patched; returns where it is. */
static inline u32 put_cond(struct gen *g)
{
	G_PROG;
	u32 cls = chance(60) ? 5 : 6, a = need_scalar(g);

	if (chance(50))
		emit(p, any_cond() | cls, a, 0, 0, s32_of(PICK(edges)));
	else
		emit(p, any_cond() | 8 | cls, a, need_scalar(g), 0, 0);
	return p->n - 1;
}

static inline void land(struct gen *g, u32 at)
{
	g->p->insn[at].off = (s16)(g->p->n - at - 1);
}

/* What is known where two paths meet. */
static inline void merge(struct regs *a, const struct regs *b)
{
	for (u32 r = 0; r < 10; r++) {
		if (a->kind[r] != b->kind[r])
			a->kind[r] = UN;
		a->room[r] = MIN(a->room[r], b->room[r]);
	}
	for (u32 s = 0; s < 8; s++) {
		if (a->spill[s] != b->spill[s])
			a->spill[s] = UN;
		a->spill_room[s] = MIN(a->spill_room[s], b->spill_room[s]);
	}
}

static void gen_block(struct gen *g, u32 n);
static inline void gen_more(struct gen *g);

static inline void gen_if(struct gen *g)
{
	G_PROG;
	u32 at = put_cond(g), skip;
	struct regs before = g->r, then;

	gen_block(g, 1 + below(4));
	if (chance(50)) {
		land(g, at);
		merge(&g->r, &before);
		return;
	}
	emit(p, 0x05, 0, 0, 0, 0);
	skip = p->n - 1;
	land(g, at);
	then = g->r;
	g->r = before;
	gen_block(g, 1 + below(4));
	land(g, skip);
	merge(&g->r, &then);
}

/* Counts a register of its own from 0 to a constant, or to an unknown number that is cut. */
static inline void gen_loop(struct gen *g)
{
	G_PROG;
	u32 i = 7 + below(3), top, rounds = 1 + below(chance(90) ? 4 : 20);
	struct regs before;
	s32 bound = -1;

	/* Nested loops of branches make the verifier walk for seconds: rare and short. */
	if (!is_free(g, i) || g->loops > 1 || (g->loops && !chance(20)))
		return;
	if (g->loops)
		rounds = 1 + below(2);
	g->loops++;
	if (chance(30) && (bound = (s32)gen_unknown(g)) >= 0) {
		if ((u32)bound == i) {
			g->loops--;
			return;
		}
		emit(p, 0x57, (u32)bound, 0, 0, (1 << below(4)) - 1);
		g->busy |= (u16)(1u << bound);
	}
	MOV_K(i, 0);
	set_kind(g, i, SC, 0);
	g->busy |= (u16)(1u << i);
	/* The body finds the same kinds at the top of every round: no pointers, and numbers made numbers again. */
	for (u32 r = 0; r < 10; r++)
		if (g->r.kind[r] != SC && g->r.kind[r] != CTX && is_free(g, r))
			set_kind(g, r, UN, 0);
	memset(g->r.spill, UN, sizeof(g->r.spill));
	before = g->r;
	top = p->n;
	gen_block(g, 1 + below(4));
	for (u32 r = 0; r < 10; r++) {
		if (before.kind[r] == SC && g->r.kind[r] != SC && !wrong(g))
			make_scalar(g, r);
		/* A context that was lost is lost at the top, too: the program will be refused. Others leak their addresses. */
		p->judge_only |= before.kind[r] == SC && g->r.kind[r] != SC;
	}
	ADD_K(i, (s32)(1 + below(2)));
	if (bound >= 0)
		emit(p, chance(80) ? 0xad : 0xcd, i, (u32)bound, (s32)top - (s32)p->n - 1, 0);
	else
		emit(p, chance(70) ? 0xa5 : chance(50) ? 0xa6 : 0xc5, i, 0, (s32)top - (s32)p->n - 1, (s32)rounds);
	merge(&g->r, &before);
	g->loops--;
	g->busy &= (u16)~(1u << i);
	if (bound >= 0)
		g->busy &= (u16)~(1u << bound);
}

/* ---- memory ---- */

static inline u32 access_code(u32 log_size)
{
	static const u8 bits[] = { 0x10, 0x08, 0x00, 0x18 };

	return bits[log_size];
}

/* One access through a pointer in r at `off`: load, store, atomic. */
static inline void put_access(struct gen *g, u32 r, s32 off, u32 log_size, bool may_write, bool atomic_ok)
{
	static const s32 atomics[] = { 0, 0x40, 0x50, 0xa0, 1, 0x41, 0x51, 0xa1, 0xe1, 0xf1, 0x100, 0x110 };
	G_PROG;
	u32 bits = access_code(log_size), d, what = below(may_write ? 4 : 1);
	s32 imm;

	if (what == 3 && (!atomic_ok || log_size < 2))
		what = 2;
	switch (what) {
	case 0:
		d = pick_dst(g);
		emit(p, (log_size < 3 && chance(25) ? 0x81u : 0x61u) | bits, d, r, off, 0);
		set_kind(g, d, SC, 0);
		break;
	case 1:
		emit(p, 0x62 | bits, r, 0, off, s32_of(PICK(edges)));
		break;
	case 2:
		emit(p, 0x63 | bits, r, need_scalar(g), off, 0);
		break;
	default:
		imm = PICK(atomics);
		if (imm == 0x100) {
			d = pick_dst(g);
			emit(p, 0xc3 | bits, d, r, off, imm);
			set_kind(g, d, SC, 0);
			break;
		}
		if (imm == 0xf1 && !is_free(g, 0))
			return;
		if (imm == 0xf1)
			make_scalar(g, 0);
		d = imm == 0 || imm == 0x110 ? need_scalar(g) : need_free_scalar(g);
		if (d == r || (imm == 0xf1 && r == 0))
			return;
		emit(p, 0xc3 | bits, r, d, off, imm);
	}
}

/* Make x known to lie in 0..max, in one of many ways; the jumps that are needed go to the end of what follows. */
static inline u32 refine(struct gen *g, u32 x, u32 max, u32 *patch)
{
	G_PROG;
	u32 n = 0, mask = max;

	mask |= mask >> 1;
	mask |= mask >> 2;
	mask |= mask >> 4;
	mask |= mask >> 8;
	if (mask > max)
		mask >>= 1;
	if (wrong(g)) {
		max += 1 + below(4), mask = mask << 1 | 1;
		p->judge_only = true;
	}
	switch (below(8)) {
	case 0:
		emit(p, chance(50) ? 0x57 : 0x54, x, 0, 0, (s32)mask);
		break;
	case 1:
		patch[n++] = p->n;
		emit(p, 0x25, x, 0, 0, (s32)max); /* if x > max */
		break;
	case 2:
		patch[n++] = p->n;
		emit(p, 0x65, x, 0, 0, (s32)max); /* if x s> max */
		patch[n++] = p->n;
		emit(p, 0xc5, x, 0, 0, 0); /* if x s< 0 */
		break;
	case 3:
		emit(p, 0xbc, x, x, 0, 0); /* w = w */
		patch[n++] = p->n;
		emit(p, 0x26, x, 0, 0, (s32)max);
		break;
	case 4:
		emit(p, 0x67, x, 0, 0, 32);
		emit(p, 0x77, x, 0, 0, 32);
		patch[n++] = p->n;
		emit(p, 0x25, x, 0, 0, (s32)max);
		break;
	case 5: /* if x < max+1 goto over; goto out */
		emit(p, 0xa5, x, 0, 1, (s32)max + 1);
		patch[n++] = p->n;
		emit(p, 0x05, 0, 0, 0, 0);
		break;
	case 6:
		emit(p, 0x77, x, 0, 0, 64 - (s32)__builtin_popcount(mask));
		if (!mask)
			MOV_K(x, 0);
		break;
	default: /* two steps, the second of them arithmetic */
		if (max < 4) {
			emit(p, 0x57, x, 0, 0, (s32)mask);
			break;
		}
		emit(p, 0x57, x, 0, 0, (s32)(mask >> 2));
		emit(p, 0x67, x, 0, 0, 1);
		ADD_K(x, (s32)(max - 2 * (mask >> 2)));
	}
	return n;
}

/* A pointer of a kind that may be accessed, in a register that may be changed; room says how far. -1: none. */
static inline s32 make_base(struct gen *g, u32 *room, bool *may_write, bool *atomic_ok, u32 *align)
{
	G_PROG;
	s32 have = -1;
	u32 d = pick_dst(g);

	*may_write = *atomic_ok = true;
	*align = 8;
	switch (below(6)) {
	case 0:
	case 1:
		imm64(p, d, 6, MAP_ARRAY);
		set_kind(g, d, MV, DIGEST_OFF);
		break;
	case 2:
		imm64(p, d, 6, MAP_RODATA);
		set_kind(g, d, MV, 32);
		*may_write = wrong(g);
		break;
	case 3:
		MOV_X(d, 10);
		ADD_K(d, -DATA_ZONE);
		set_kind(g, d, STK, DATA_ZONE);
		break;
	default:
		have = pick_kind(g, chance(40) ? PKT : chance(50) ? STK : MV);
		if (have < 0)
			return -1;
		*atomic_ok = g->r.kind[have] != PKT;
		*may_write = g->r.kind[have] != PKT || g->xdp;
		MOV_X(d, (u32)have);
		set_kind(g, d, g->r.kind[have], g->r.room[have]);
	}
	if (g->r.room[d] < 1)
		return -1;
	*room = (u32)g->r.room[d];
	return (s32)d;
}

/* Access at a constant offset. */
static inline void gen_access(struct gen *g)
{
	bool write, atomic;
	u32 room, align, log_size = below(4);
	s32 d = make_base(g, &room, &write, &atomic, &align), off;

	if (d < 0 || room < 1u << log_size)
		return;
	off = (s32)below(room - (1u << log_size) + 1);
	/* The stack wants alignment; elsewhere x86 does not mind, but atomics do. */
	if (g->r.kind[d] == STK || chance(70))
		off &= ~((1 << log_size) - 1);
	if (wrong(g)) {
		off = chance(50) ? (s32)room - (1 << log_size) + 1 : -1 - (s32)below(8);
		g->p->judge_only = true; /* what it reads nobody wrote */
	}
	g->busy |= (u16)(1u << d);
	put_access(g, (u32)d, off, log_size, write, atomic && !(off & ((1 << log_size) - 1)));
	g->busy &= (u16)~(1u << d);
}

/* Access at an offset that is data, made safe by what the verifier must find out. */
static inline void gen_variable(struct gen *g)
{
	G_PROG;
	bool write, atomic;
	u32 room, align, log_size = below(4), x, n, patch[4], max;
	struct regs before;
	s32 d, off;

	x = gen_unknown(g);
	g->busy |= (u16)(1u << x);
	d = make_base(g, &room, &write, &atomic, &align);
	if (d < 0 || (u32)d == x || room < 8) {
		g->busy &= (u16)~(1u << x);
		return;
	}
	max = below(room - 7);
	before = g->r;
	if (g->r.kind[d] == PKT)
		max = MIN(max, 15u);
	n = refine(g, x, max, patch);
	if (g->r.kind[d] == STK)
		emit(p, 0x57, x, 0, 0, -8);
	emit(p, 0x0f, (u32)d, x, 0, 0);
	off = (s32)below(room - max - (1u << log_size) + 1);
	if (g->r.kind[d] == STK)
		off &= -8;
	if (wrong(g)) {
		off += 1 + (s32)below(8);
		p->judge_only = true;
	}
	g->busy |= (u16)(1u << d);
	put_access(g, (u32)d, off, log_size, write, false);
	g->busy &= (u16)~(1u << d | 1u << x);
	for (u32 i = 0; i < n; i++)
		land(g, patch[i]);
	set_kind(g, (u32)d, UN, 0);
	merge(&g->r, &before);
}

static inline void gen_spill(struct gen *g)
{
	G_PROG;
	u32 slot = below(8), r = below(10);
	s32 off = -SPILL_ZONE + (s32)slot * 8;

	if (chance(50)) {
		if (g->r.kind[r] == UN || (s32)r == g->ref)
			return;
		STX8(10, off, r);
		g->r.spill[slot] = g->r.kind[r];
		g->r.spill_room[slot] = g->r.room[r];
	} else if (g->r.spill[slot] != UN || wrong(g)) {
		r = pick_dst(g);
		/* A slot that was never written could be read by a privileged program: its content is not ours. */
		if (g->r.spill[slot] == UN)
			return;
		LD8(r, 10, off);
		set_kind(g, r, g->r.spill[slot], g->r.spill_room[slot]);
	}
}

/* ---- packets ---- */

static inline void gen_packet(struct gen *g)
{
	G_PROG;
	u32 n = 1 + below(40), a, b, t, at;
	s32 c = pick_kind(g, CTX);
	struct regs before;
	bool flip = chance(40);

	if (c < 0 || !(g->xdp || g->skb))
		return;
	g->busy |= (u16)(1u << c);
	a = pick_dst(g);
	g->busy |= (u16)(1u << a);
	b = pick_dst(g);
	g->busy |= (u16)(1u << b);
	t = pick_dst(g);
	emit(p, 0x61, a, (u32)c, g->xdp ? 0 : 76, 0);
	emit(p, 0x61, b, (u32)c, g->xdp ? 4 : 80, 0);
	MOV_X(t, a);
	ADD_K(t, (s32)n);
	g->busy &= (u16)~(1u << c | 1u << a | 1u << b);
	set_kind(g, a, PKT, 0);
	set_kind(g, b, UN, 0);
	set_kind(g, t, UN, 0);
	before = g->r;
	/* if t > end goto out, or the same the other way round */
	emit(p, flip ? 0xad : 0x2d, flip ? b : t, flip ? t : b, 0, 0);
	at = p->n - 1;
	set_kind(g, a, PKT, (s32)n);
	gen_block(g, 1 + below(5));
	land(g, at);
	merge(&g->r, &before);
}

/* ---- helpers ---- */

/* r = fp + off */
static inline void put_stack_ptr(struct gen *g, u32 r, s32 off)
{
	G_PROG;

	MOV_X(r, 10);
	ADD_K(r, off);
	set_kind(g, r, UN, 0);
}

static inline bool can_call(const struct gen *g)
{
	for (u32 r = 0; r < 6; r++)
		if (!is_free(g, r))
			return false;
	return true;
}

static inline void gen_map_call(struct gen *g)
{
	G_PROG;
	u32 d, at;
	struct regs before;

	if (!can_call(g))
		return;
	/* Few keys: a byte of data, the rest 0. */
	ST8(10, -64, 0);
	if (chance(60)) {
		u32 s = need_scalar(g);

		emit(p, 0x73, 10, s, -64, 0);
		emit(p, 0x71, 1, 10, -64, 0);
		emit(p, 0x57, 1, 0, 0, 3);
		STX8(10, -64, 1);
	}
	imm64(p, 1, 5, MAP_HASH);
	put_stack_ptr(g, 2, -64);
	switch (below(4)) {
	case 0:
	case 1:
		put_stack_ptr(g, 3, -56);
		MOV_K(4, chance(80) ? 0 : (s32)below(4));
		CALL_HELPER(BPF_FUNC_map_update_elem);
		break;
	case 2:
		CALL_HELPER(BPF_FUNC_map_delete_elem);
		break;
	default:
		CALL_HELPER(BPF_FUNC_map_lookup_elem);
		clobber(g);
		d = 6 + below(4);
		if (!is_free(g, d) || d == 6)
			d = 0;
		if (d)
			MOV_X(d, 0);
		before = g->r;
		set_kind(g, d, MVN, 0);
		if (!wrong(g)) {
			at = p->n;
			emit(p, 0x15, d, 0, 0, 0);
			set_kind(g, d, MV, HASH_VALUE);
			gen_block(g, 1 + below(4));
			land(g, at);
		} else {
			set_kind(g, d, MV, HASH_VALUE);
		}
		set_kind(g, d, UN, 0);
		before.kind[d] = UN;
		merge(&g->r, &before);
		return;
	}
	clobber(g);
	set_kind(g, 0, SC, 0);
}

static inline void gen_ringbuf(struct gen *g)
{
	G_PROG;
	u32 d = 7 + below(3), at;
	struct regs before;

	if (!can_call(g) || !is_free(g, d) || g->ref >= 0 || g->depth > 2)
		return;
	imm64(p, 1, 5, MAP_RINGBUF);
	MOV_K(2, 16);
	MOV_K(3, 0);
	CALL_HELPER(131); /* ringbuf_reserve */
	clobber(g);
	MOV_X(d, 0);
	set_kind(g, d, UN, 0);
	before = g->r;
	at = p->n;
	emit(p, 0x15, d, 0, 0, 0);
	g->ref = (s32)d;
	for (u32 i = below(3); i--;)
		emit(p, 0x7b, d, need_scalar(g), (s32)below(2) * 8, 0);
	if (!wrong(g)) {
		MOV_X(1, d);
		MOV_K(2, 0);
		CALL_HELPER(chance(70) ? 132 : 133); /* submit, discard */
		clobber(g);
	}
	g->ref = -1;
	land(g, at);
	merge(&g->r, &before);
}

static inline void gen_text(struct gen *g)
{
	G_PROG;

	if (!can_call(g))
		return;
	if (chance(50)) {
		put_stack_ptr(g, 1, -64);
		MOV_K(2, (s32)below(24));
		MOV_K(3, chance(70) ? 10 : 16);
		put_stack_ptr(g, 4, -8);
		CALL_HELPER(105); /* strtol */
	} else {
		put_stack_ptr(g, 1, -64);
		MOV_K(2, 1 + (s32)below(wrong(g) ? 80 : 32));
		imm64(p, 3, 6, MAP_RODATA);
		CALL_HELPER(182); /* strncmp */
		clobber(g);
		/* Only the sign is defined. */
		emit(p, 0xc7, 0, 0, 0, 63);
		set_kind(g, 0, SC, 0);
		return;
	}
	clobber(g);
	set_kind(g, 0, SC, 0);
}

/* ---- functions ---- */

/* A global function: verified by itself, for any arguments of its types. */
static inline void gen_global_args(struct gen *g, struct pending *t)
{
	G_PROG;
	s32 s;

	switch (below(g->r.kind[6] == CTX && g->skb ? 3 : 2)) {
	case 0:
		t->type = FUNC_INTS;
		t->nargs = 2;
		t->arg_kind[0] = t->arg_kind[1] = SC;
		for (u32 i = 1; i <= 2; i++) {
			s = pick_kind(g, SC);
			if (s >= 6)
				MOV_X(i, (u32)s);
			else
				MOV_K(i, s32_of(PICK(edges)));
		}
		break;
	case 1:
		t->type = FUNC_MEM;
		t->nargs = 1;
		t->arg_kind[0] = UN;
		if (chance(20))
			MOV_K(1, 0);
		else
			put_stack_ptr(g, 1, wrong(g) ? -8 : -32);
		break;
	default:
		t->type = FUNC_CTX;
		t->nargs = 1;
		t->arg_kind[0] = CTX;
		MOV_X(1, 6);
	}
	t->call_at = p->n;
	emit(p, 0x85, 0, 1, 0, 0);
}

static inline void gen_call(struct gen *g)
{
	G_PROG;
	struct pending *t = &g->todo[g->ntodo];

	if (g->ntodo == ARRAY_SIZE(g->todo) || !can_call(g) || g->frames > 4)
		return;
	memset(t, 0, sizeof(*t));
	t->callback = chance(30);
	if (t->callback) {
		MOV_K(1, (s32)below(chance(90) ? 12 : 200));
		t->call_at = p->n;
		imm64(p, 2, 4, 0);
		put_stack_ptr(g, 3, -DATA_ZONE);
		MOV_K(4, 0);
		CALL_HELPER(181); /* loop */
		t->nargs = 2;
		t->arg_kind[0] = SC;
		t->arg_kind[1] = STK;
		t->arg_room[1] = DATA_ZONE;
	} else if (g->more && chance(40)) {
		gen_global_args(g, t);
	} else {
		t->nargs = below(4);
		for (u32 i = 1; i <= t->nargs; i++) {
			if (chance(30)) {
				put_stack_ptr(g, i, -DATA_ZONE);
				t->arg_kind[i - 1] = STK;
				t->arg_room[i - 1] = DATA_ZONE;
			} else if (chance(30)) {
				imm64(p, i, 6, MAP_ARRAY);
				t->arg_kind[i - 1] = MV;
				t->arg_room[i - 1] = DIGEST_OFF;
			} else {
				s32 s = pick_kind(g, SC);

				/* r1 to r5 are being filled */
				if (s >= 6 || s == 0)
					MOV_X(i, (u32)s);
				else
					MOV_K(i, s32_of(PICK(edges)));
				t->arg_kind[i - 1] = SC;
			}
			set_kind(g, i, UN, 0);
		}
		t->call_at = p->n;
		emit(p, 0x85, 0, 1, 0, 0);
	}
	g->ntodo++;
	clobber(g);
	set_kind(g, 0, SC, 0);
}

static void gen_block(struct gen *g, u32 n)
{
	g->depth++;
	while (n-- && g->budget && g->p->n < 700) {
		u32 what = below(100);

		g->budget--;
		if (g->more && chance(g->more) && g->depth < 4)
			gen_more(g);
		else if (what < 28)
			gen_alu(g);
		else if (what < 33)
			make_scalar(g, pick_dst(g));
		else if (what < 42)
			gen_unknown(g);
		else if (what < 52)
			gen_access(g);
		else if (what < 65)
			gen_variable(g);
		else if (what < 71)
			gen_spill(g);
		else if (g->depth > 3)
			gen_alu(g);
		else if (what < 80)
			gen_if(g);
		else if (what < 84)
			gen_loop(g);
		else if (what < 89)
			gen_packet(g);
		else if (what < 93)
			gen_map_call(g);
		else if (what < 95)
			gen_ringbuf(g);
		else if (what < 96)
			gen_text(g);
		else
			gen_call(g);
	}
	g->depth--;
}

/* The two zones of the stack of a new frame. */
static inline void gen_frame(struct gen *g)
{
	G_PROG;

	for (s32 off = -DATA_ZONE; off < 0; off += 8)
		ST8(10, off, off == -64 ? 0x37353231 : 0);
	memset(&g->r, 0, sizeof(g->r));
	g->busy = 0;
	g->ref = -1;
	g->depth = 0;
	g->loops = 0;
	g->locked = g->iter = false;
}

/* r0 = a digest of every scalar. */
static inline void gen_digest(struct gen *g)
{
	G_PROG;
	u32 first = 10;

	for (u32 r = 0; r < 10; r++) {
		if (g->r.kind[r] != SC)
			continue;
		if (first == 10) {
			first = r;
			continue;
		}
		emit(p, 0x27, first, 0, 0, 31);
		emit(p, 0xaf, first, r, 0, 0);
	}
	if (first == 10)
		MOV_K(0, 7);
	else if (first)
		MOV_X(0, first);
}

static inline void gen_function(struct gen *g, const struct pending *t)
{
	G_PROG;
	u32 start = p->n;

	func_start(p);
	if (p->nfuncs)
		p->func_type[p->nfuncs - 1] = (u8)t->type;
	p->insn[t->call_at].imm = (s32)(start - t->call_at - 1);
	gen_frame(g);
	for (u32 i = 0; i < t->nargs; i++)
		set_kind(g, i + 1, t->arg_kind[i], t->arg_room[i]);
	g->main = false;
	g->frames++;
	if (t->type == FUNC_CTX) {
		MOV_X(6, 1);
		set_kind(g, 6, CTX, 0);
	} else if (t->type == FUNC_MEM) {
		/* a pointer to two numbers, or NULL */
		u32 at = p->n;

		MOV_X(9, 1);
		emit(p, 0x55, 1, 0, 2, 0);
		MOV_K(0, 3);
		EXIT();
		if (wrong(g))
			p->insn[at + 1].off = 0;
		set_kind(g, 9, MV, 16);
		set_kind(g, 1, UN, 0);
	}
	gen_block(g, 2 + below(5));
	gen_digest(g);
	if (t->callback) {
		if (wrong(g))
			emit(p, 0x57, 0, 0, 0, 3);
		else if (chance(50))
			emit(p, 0x57, 0, 0, 0, 1);
		else
			MOV_K(0, 0);
	}
	EXIT();
}

/* The whole program. `wrong_rate` is per mille of small wrongs at each opportunity, `more` percent of statements gen_more.h's. */
static inline void generate(struct prog *p, u32 type, u32 statements, u32 wrong_rate, u32 more)
{
	struct gen gen = { .p = p, .budget = statements, .wrong = wrong_rate, .more = more, .main = true }, *g = &gen;
	bool told = false;
	u32 n;

	prog_start(p, type);
	g->xdp = type == BPF_PROG_TYPE_XDP;
	g->syscall = type == BPF_PROG_TYPE_SYSCALL;
	g->skb = type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_CGROUP_SKB;
	p->flags = g->syscall ? BPF_F_SLEEPABLE : 0;
	func_start(p);
	gen_frame(g);
	MOV_X(6, 1);
	set_kind(g, 1, CTX, 0);
	set_kind(g, 6, CTX, 0);
	gen_block(g, 4 + below(statements));
	gen_digest(g);
	imm64(p, 1, 6, MAP_ARRAY | (u64)DIGEST_OFF << 32);
	STX8(1, 0, 0);
	if (type == BPF_PROG_TYPE_CGROUP_SKB)
		emit(p, 0x57, 0, 0, 0, 1);
	EXIT();
	/* Functions may call further functions, as long as there is budget. */
	g->budget += 6;
	for (n = 0; n < g->ntodo; n++)
		gen_function(g, &g->todo[n]);
	/* Without callbacks the functions need not be told, and sometimes are not. */
	for (n = 0; n < g->ntodo; n++)
		told |= g->todo[n].callback || g->todo[n].type;
	if (told || more ? wrong(g) : chance(50))
		p->nfuncs = 0;
}

#endif
