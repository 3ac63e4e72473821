/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that run every row of insn.def with edge operands and store what comes out: material for comparing engines.
 *
 * Each batch is one program. It reads operands from an array of u64 (r8), so that no verifier can know them, and writes
 * results to another (r9). The engine is given the addresses of both by cases_bind().
 */
#ifndef SKEP_VM_CASES_H
#define SKEP_VM_CASES_H

#include "unit/test.h"

#include "isa/isa.h"

#define CASES_OUT 4000u   /* results of one batch: offsets fit 16 bits */
#define CASES_INSNS 60000u

static const u64 cases_in[] = {
	0, 1, U64_MAX, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
	0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0xffffffff80000000, 0x7fffffffffffffff, 0x8000000000000000,
	0x123456789abcdef0, 0xfedcba9876543210,
};
#define CASES_IN ((u32)ARRAY_SIZE(cases_in))
static const s32 cases_imm[] = { 0, 1, -1, 2, 7, 31, 32, 63, 64, 0x7f, 0x80, 0x8000, 0x12345678, S32_MAX, S32_MIN };

struct batch {
	struct bpf_insn *insns; /* CASES_INSNS of room; [0..3] load the addresses of input and output */
	u32 n;
	u32 nout;
	bool *covered; /* rows seen, OP_COUNT */
};

static void emit(struct batch *b, u8 code, u8 dst, u8 src, s16 off, s32 imm)
{
	b->insns[b->n++] = (struct bpf_insn){ .code = code, .dst_reg = (u8)(dst & 15u), .src_reg = (u8)(src & 15u),
					      .off = off, .imm = imm };
}

static void emit_row(struct batch *b, u16 op, u8 dst, u8 src, s16 off, s32 imm)
{
	const struct op_info *x = &op_info[op];

	emit(b, x->code, x->dst.kind >= FK_READ ? dst : 0, x->src.kind >= FK_READ ? src : (u8)x->src.want,
	     x->off.kind == FK_ANY ? off : (s16)x->off.want, x->imm.kind == FK_ANY ? imm : x->imm.want);
	b->covered[op] = true;
}

static void emit_load(struct batch *b, u8 reg, u32 index)
{
	emit(b, 0x79, reg, 8, (s16)(index * 8), 0);
}

static void emit_result(struct batch *b, u8 reg)
{
	emit(b, 0x7b, 9, reg, (s16)(b->nout++ * 8), 0);
}

static void batch_begin(struct batch *b)
{
	b->n = b->nout = 0;
	emit(b, 0x18, 8, BPF_PSEUDO_MAP_VALUE, 0, 0);
	emit(b, 0, 0, 0, 0, 0);
	emit(b, 0x18, 9, BPF_PSEUDO_MAP_VALUE, 0, 0);
	emit(b, 0, 0, 0, 0, 0);
	b->covered[OP_LDIMM64_MAP_VALUE] = b->covered[OP_LDX_DW] = b->covered[OP_STX_DW] = true;
}

static void batch_end(struct batch *b)
{
	emit(b, 0xb7, 0, 0, 0, 0);
	emit(b, 0x95, 0, 0, 0, 0);
	b->covered[OP_MOV64_K] = b->covered[OP_EXIT] = true;
}

/* Is the row's immediate refused by the verifier, though the engines define it? */
static bool refused_imm(const struct op_info *x, s32 imm)
{
	if (!x->has_imm || x->cls != IC_ALU)
		return false;
	switch ((enum alu_op)x->sub) {
	case ALU_DIV:
	case ALU_SDIV:
	case ALU_MOD:
	case ALU_SMOD:
		return imm == 0;
	case ALU_LSH:
	case ALU_RSH:
	case ALU_ARSH:
		return imm < 0 || imm >= x->width;
	default:
		return false;
	}
}

/* dst = dst <op> (src | imm), and the operations of one register. */
static void case_alu(struct batch *b, u16 op)
{
	const struct op_info *x = &op_info[op];
	u32 others = x->src.kind >= FK_READ ? CASES_IN : x->imm.kind == FK_ANY ? (u32)ARRAY_SIZE(cases_imm) : 1;

	for (u32 i = 0; i < CASES_IN; i++) {
		for (u32 j = 0; j < others; j++) {
			s32 imm = x->imm.kind == FK_ANY ? cases_imm[j] : 0;

			if (refused_imm(x, imm))
				continue;
			emit_load(b, 1, i);
			if (x->src.kind >= FK_READ)
				emit_load(b, 2, j);
			emit_row(b, op, 1, 2, 0, imm);
			emit_result(b, 1);
		}
	}
	/* both operands in one register */
	for (u32 i = 0; x->src.kind >= FK_READ && i < CASES_IN; i++) {
		emit_load(b, 3, i);
		emit_row(b, op, 3, 3, 0, 0);
		emit_result(b, 3);
	}
}

static void case_jcc(struct batch *b, u16 op)
{
	const struct op_info *x = &op_info[op];
	u32 others = x->has_imm ? (u32)ARRAY_SIZE(cases_imm) : CASES_IN;

	for (u32 i = 0; i < CASES_IN; i++) {
		for (u32 j = 0; j < others; j++) {
			emit_load(b, 1, i);
			if (!x->has_imm)
				emit_load(b, 2, j);
			emit(b, 0xb7, 3, 0, 0, 1);
			emit_row(b, op, 1, 2, 1, x->has_imm ? cases_imm[j] : 0);
			emit(b, 0xb7, 3, 0, 0, 0);
			emit_result(b, 3);
			emit(b, 0xb7, 3, 0, 0, 0);
			emit(b, 0xb7, 1, 0, 0, 0);
			emit(b, 0xb7, 2, 0, 0, 0);
		}
	}
}

static void case_load(struct batch *b, u16 op)
{
	for (s16 at = 0; at < (s16)(CASES_IN * 8 - 8); at++) {
		emit(b, 0xbf, 4, 8, 0, 0);
		/* acquiring loads must be aligned */
		emit_row(b, op, 4, 4, op_info[op].cls == IC_LDX ? at : (s16)(at & ~7), 0);
		emit_result(b, 4);
	}
}

static void case_store(struct batch *b, u16 op)
{
	const struct op_info *x = &op_info[op];
	u32 others = x->has_imm ? (u32)ARRAY_SIZE(cases_imm) : CASES_IN;

	for (u32 i = 0; i < others; i++) {
		s16 at = (s16)(b->nout++ * 8);
		s16 shift = (s16)(x->cls == IC_STORE_REL ? 0 : i % (9u - x->size));

		emit(b, 0x7a, 9, 0, at, 0x5a5a5a5a);
		if (!x->has_imm)
			emit_load(b, 1, i);
		emit_row(b, op, 9, 1, (s16)(at + shift), x->has_imm ? cases_imm[i] : 0);
	}
}

/* Memory, source and r0 afterwards; for cmpxchg r0 is once what is in memory and once not. */
static void case_atomic(struct batch *b, u16 op)
{
	for (u32 i = 0; i < CASES_IN; i++) {
		for (u32 j = 0; j < CASES_IN; j += 1 + i % 3) {
			s16 at = (s16)(b->nout++ * 8);

			emit_load(b, 0, (i + j) % 2 ? i : j);
			emit_load(b, 1, i);
			emit_load(b, 2, j);
			emit(b, 0x7b, 9, 1, at, 0);
			emit_row(b, op, 9, 2, at, 0);
			emit_result(b, 2);
			emit_result(b, 0);
		}
	}
}

static void case_const(struct batch *b)
{
	for (u32 i = 0; i < CASES_IN; i++) {
		emit(b, 0x18, 1, 0, 0, s32_of(cases_in[i]));
		emit(b, 0, 0, 0, 0, s32_of(cases_in[i] >> 32));
		emit_result(b, 1);
	}
	b->covered[OP_LDIMM64] = b->covered[OP_LDIMM64_HI] = true;
}

/* Jumps both ways, and a call whose callee sees the arguments, has its own stack and keeps r6-r9. */
static void case_flow(struct batch *b)
{
	emit_load(b, 1, 0);
	for (u32 wide = 0; wide < 2; wide++) {
		u16 ja = wide ? OP_JA32 : OP_JA;

		/* forward over code that another branch could reach */
		emit_row(b, OP_JEQ_K, 1, 0, 2, 1);
		emit(b, 0xb7, 2, 0, 0, 1);
		emit_row(b, ja, 0, 0, 1, 1);
		emit(b, 0xb7, 2, 0, 0, 2);
		emit_result(b, 2);
		/* there, back, and out */
		emit(b, 0xb7, 2, 0, 0, 0);
		emit_row(b, ja, 0, 0, 2, 2);
		emit(b, 0x07, 2, 0, 0, 8);
		emit_row(b, ja, 0, 0, 1, 1);
		emit_row(b, ja, 0, 0, -3, -3);
		emit_result(b, 2);
	}
	emit(b, 0xb7, 1, 0, 0, 0);
	emit(b, 0x07, 1, 0, 0, 1);
	emit_row(b, OP_MAY_GOTO, 0, 0, 1, 0);
	emit(b, 0x07, 1, 0, 0, 16);
	emit_result(b, 1);
	for (u8 r = 1; r < 6; r++)
		emit(b, 0xb7, r, 0, 0, r * 3);
	emit(b, 0xb7, 6, 0, 0, 66);
	emit(b, 0xb7, 7, 0, 0, 77);
	emit(b, 0x7b, 10, 6, -8, 0);
	emit_row(b, OP_CALL_SUB, 0, 0, 0, 6); /* over two results, the ending and one reload */
	emit_result(b, 0);
	emit_result(b, 6);
	emit(b, 0x79, 1, 10, -8, 0);
	emit_result(b, 1);
	batch_end(b);
	emit(b, 0xbf, 0, 1, 0, 0);
	for (u8 r = 2; r < 6; r++) {
		emit(b, 0x27, 0, 0, 0, 10);
		emit(b, 0x0f, 0, r, 0, 0);
	}
	emit(b, 0xb7, 6, 0, 0, 1);
	emit(b, 0x7b, 10, 6, -8, 0);
	emit(b, 0x95, 0, 0, 0, 0);
}

/*
 * Builds the batch for this row; false when the row is covered by another batch or needs more than a program
 * of its own (maps, packets, kernel functions).
 */
static bool build_case(struct batch *b, u16 op)
{
	const struct op_info *x = &op_info[op];

	if (x->internal)
		return false;
	batch_begin(b);
	switch ((enum ins_class)x->cls) {
	case IC_ALU:
	case IC_MOV:
	case IC_END:
		case_alu(b, op);
		break;
	case IC_JCC:
		case_jcc(b, op);
		break;
	case IC_LDX:
	case IC_LOAD_ACQ:
		case_load(b, op);
		break;
	case IC_ST:
	case IC_STX:
	case IC_STORE_REL:
		case_store(b, op);
		break;
	case IC_ATOMIC:
		case_atomic(b, op);
		break;
	case IC_LDIMM64:
		if (x->sub != IMM64_CONST)
			return false;
		case_const(b);
		break;
	case IC_JA:
		if (op != OP_JA)
			return false;
		case_flow(b);
		return true;
	default:
		return false;
	}
	batch_end(b);
	return true;
}

static void batch_alloc(struct batch *b)
{
	b->insns = calloc(CASES_INSNS, sizeof(*b->insns));
	b->covered = calloc(OP_COUNT, sizeof(*b->covered));
	if (!b->insns || !b->covered)
		abort();
}

static void batch_free(struct batch *b)
{
	free(b->insns);
	free(b->covered);
}

/*
 * The batch as lowered code for an engine of this process: decoded, with the addresses of both arrays filled in.
 * Returns n operations, malloc'ed.
 */
static struct ins *batch_lower(const struct batch *b, const u64 *in, u64 *out)
{
	struct ins *ops = calloc(b->n, sizeof(*ops));
	u32 at = 0;

	if (!ops)
		abort();
	if (isa_decode(b->insns, b->n, ops, &at) != DE_OK) {
		printf("# slot %u does not decode\n", at);
		test_failures++;
	}
	ops[0].imm64 = (u64)(uintptr_t)in;
	ops[2].imm64 = (u64)(uintptr_t)out;
	return ops;
}

#endif
