/* SPDX-License-Identifier: BSD-2-Clause */
/* Every row of insn.def: encodings come back, every broken reserved field is refused, bytes without a row too. */
#include "unit/test.h"

#include "isa/isa.h"

static const s32 edge_imm[] = { 0, 1, -1, 2, 31, 32, 63, 64, S32_MAX, S32_MIN };
static const s16 edge_off[] = { 0, 1, -1, 8, INT16_MAX, INT16_MIN };

static bool has_code(u16 op)
{
	return !op_info[op].internal && op != OP_LDIMM64_HI;
}

/* A valid encoding of the row with these operands, as far as the row leaves them free. */
static void make(u16 op, u8 dst, u8 src, s16 off, s32 imm, s32 hi, struct bpf_insn in[2])
{
	const struct op_info *x = &op_info[op];

	memset(in, 0, 2 * sizeof(*in));
	in->code = x->code;
	in->dst_reg = (u8)(x->dst.kind >= FK_READ ? dst & 15u : 0);
	in->src_reg = (u8)(x->src.kind >= FK_READ ? src & 15u : (u32)x->src.want & 15u);
	in->off = x->off.kind == FK_ANY ? off : (s16)x->off.want;
	in->imm = x->imm.kind == FK_ANY || x->imm.kind == FK_LOW ? imm : x->imm.want;
	if (x->cls == IC_LDIMM64 && x->imm.kind == FK_ANY && x->sub != IMM64_FUNC)
		in[1].imm = hi;
}

TEST(rows_of_a_byte_stand_together)
{
	u8 seen[256] = { 0 };

	for (u16 op = 0; op < OP_COUNT; op++) {
		const struct op_info *x = &op_info[op];

		CHECK(x->name && x->text && x->group && x->section);
		if (!has_code(op))
			continue;
		CHECK(!seen[x->code] || (op && op_info[op - 1].code == x->code));
		seen[x->code] = 1;
	}
}

TEST(encode_is_the_inverse_of_decode)
{
	for (u16 op = 0; op < OP_COUNT; op++) {
		for (u32 i = 0; has_code(op) && i < ARRAY_SIZE(edge_imm) * ARRAY_SIZE(edge_off); i++) {
			struct bpf_insn in[2], back[2] = { { 0 } };
			struct ins ins;
			u32 slots;

			make(op, (u8)(i % 11), (u8)(i % 7), edge_off[i % ARRAY_SIZE(edge_off)],
			     edge_imm[i / ARRAY_SIZE(edge_off)], edge_imm[i % ARRAY_SIZE(edge_imm)], in);
			CHECK_EQ(isa_decode_one(in, 2, 0, &ins), DE_OK);
			CHECK_EQ(ins.op, op);
			slots = isa_encode(&ins, back);
			CHECK_EQ(slots, ins_slots(&ins));
			CHECK(!memcmp(in, back, slots * sizeof(*in)));
		}
	}
}

/* Exactly the bytes that have a row decode; Linux's table of legal bytes says the same. */
TEST(bytes_without_a_row_are_refused)
{
	u8 legal[256] = { 0 };

	for (u16 op = 0; op < OP_COUNT; op++)
		if (has_code(op))
			legal[op_info[op].code] = 1;
	for (u32 code = 0; code < 256; code++) {
		struct bpf_insn in[2] = { { .code = (u8)code } };
		struct ins ins;
		enum decode_err e = isa_decode_one(in, 2, 0, &ins);

		CHECK_EQ(e == DE_OPCODE, !legal[code]);
		if (e == DE_OPCODE)
			CHECK_EQ(ins.op, OP_INVALID);
	}
}

/* Another value in a field that a row fixes gives an error, or another row of the same byte. */
static void spoil(u16 op, struct bpf_insn *in, enum decode_err want)
{
	struct ins ins;
	enum decode_err e = isa_decode_one(in, 2, 0, &ins);

	if (e == DE_OK) {
		CHECK(ins.op != op);
		CHECK(op_info[ins.op].code == op_info[op].code);
		return;
	}
	if (e != want && !(op_info[ins.op].code == op_info[op].code && ins.op != op)) {
		printf("# %s: error %d, want %d\n", op_info[op].name, e, want);
		test_failures++;
	}
}

TEST(reserved_fields_are_refused)
{
	for (u16 op = 0; op < OP_COUNT; op++) {
		const struct op_info *x = &op_info[op];
		struct bpf_insn good[2], in[2];

		if (!has_code(op))
			continue;
		make(op, 1, 2, 3, 5, 0, good);
		for (s32 v = -2; v < 300; v++) {
			if (x->off.kind != FK_ANY && v != good->off) {
				memcpy(in, good, sizeof(in));
				in->off = (s16)v;
				spoil(op, in, DE_OFF);
			}
			if (x->imm.kind != FK_ANY && x->imm.kind != FK_LOW && v != good->imm) {
				memcpy(in, good, sizeof(in));
				in->imm = v;
				spoil(op, in, DE_IMM);
			}
			if (v < 0 || v > 15)
				continue;
			memcpy(in, good, sizeof(in));
			in->src_reg = (u8)((u32)v & 15u);
			if (x->src.kind < FK_READ && v != good->src_reg)
				spoil(op, in, DE_SRC);
			else if (x->src.kind >= FK_READ && v > 10)
				spoil(op, in, DE_SRC_REG);
			memcpy(in, good, sizeof(in));
			in->dst_reg = (u8)((u32)v & 15u);
			if (x->dst.kind < FK_READ && v)
				spoil(op, in, DE_DST);
			else if (x->dst.kind >= FK_READ && v > 10)
				spoil(op, in, DE_DST_REG);
		}
	}
}

TEST(ldimm64_needs_its_second_slot)
{
	struct bpf_insn in[2] = { { .code = 0x18, .imm = 5 }, { .imm = 6 } };
	struct ins out[2];
	u32 at = 99;

	CHECK_EQ(isa_decode(in, 2, out, &at), DE_OK);
	CHECK_EQ(out[0].imm64, 0x600000005ll);
	CHECK_EQ(out[1].op, OP_LDIMM64_HI);
	CHECK_EQ(out[1].imm, 6);
	CHECK_EQ(isa_decode(in, 1, out, &at), DE_LDIMM64_CUT);
	CHECK_EQ(at, 0);
	in[1].code = 5;
	CHECK_EQ(isa_decode(in, 2, out, &at), DE_LDIMM64_HI);
	in[1].code = 0;
	in[1].off = 1;
	CHECK_EQ(isa_decode(in, 2, out, &at), DE_LDIMM64_HI);
	in[1].off = 0;
	in[0].src_reg = 1;
	CHECK_EQ(isa_decode(in, 2, out, &at), DE_IMM); /* a map needs no upper half */
	in[0].src_reg = 2;
	CHECK_EQ(isa_decode(in, 2, out, &at), DE_OK);
	in[0].src_reg = 7;
	CHECK_EQ(isa_decode(in, 2, out, &at), DE_SRC);
}

TEST(lax_decoding_goes_on)
{
	struct bpf_insn in[] = {
		{ .code = 0x07, .dst_reg = 12, .off = 1 }, /* reserved off */
		{ .code = 0xff },
		{ .code = 0x85, .src_reg = 1, .imm = 1, .off = 3 },
		{ .code = 0x18, .off = 1 },
		{ 0 },
		{ .code = 0x95 },
		{ .code = 0x18 },
	};
	struct ins out[ARRAY_SIZE(in)];
	u8 errs[ARRAY_SIZE(in)];

	isa_decode_lax(in, ARRAY_SIZE(in), out, errs);
	CHECK_EQ(errs[0], DE_OFF);
	CHECK_EQ(out[0].op, OP_ADD64_K);
	CHECK_EQ(out[0].dst, 12);
	CHECK_EQ(errs[1], DE_OPCODE);
	CHECK_EQ(out[1].op, OP_INVALID);
	CHECK_EQ(errs[2], DE_OFF);
	CHECK_EQ(out[2].op, OP_CALL_SUB);
	CHECK_EQ(out[2].target, 4);
	CHECK_EQ(errs[3], DE_OFF);
	CHECK_EQ(out[4].op, OP_LDIMM64_HI);
	CHECK_EQ(errs[5], DE_OK);
	CHECK_EQ(errs[6], DE_LDIMM64_CUT);
	CHECK(isa_err_is_early(DE_OPCODE, &in[1]) && !isa_err_is_early(DE_OFF, &in[3]));
}

static u16 reads(u16 op)
{
	struct bpf_insn in[2];
	struct ins ins;

	make(op, 1, 2, 0, 5, 0, in);
	isa_decode_one(in, 2, 0, &ins);
	return isa_reads(&ins);
}

static u16 writes(u16 op)
{
	struct bpf_insn in[2];
	struct ins ins;

	make(op, 1, 2, 0, 5, 0, in);
	isa_decode_one(in, 2, 0, &ins);
	return isa_writes(&ins);
}

TEST(registers_read_and_written)
{
	enum { R0 = 1, R1 = 2, R2 = 4, R6 = 64 };

	CHECK_EQ(reads(OP_ADD64_K), R1);
	CHECK_EQ(writes(OP_ADD64_K), R1);
	CHECK_EQ(reads(OP_MOV32_X), R2);
	CHECK_EQ(writes(OP_MOV32_X), R1);
	CHECK_EQ(reads(OP_NEG64), R1);
	CHECK_EQ(reads(OP_BE16), R1);
	CHECK_EQ(writes(OP_BE16), R1);
	CHECK_EQ(reads(OP_LDX_W), R2);
	CHECK_EQ(writes(OP_LDX_W), R1);
	CHECK_EQ(reads(OP_STX_W), R1 | R2);
	CHECK_EQ(writes(OP_STX_W), 0);
	CHECK_EQ(reads(OP_ST_W), R1);
	CHECK_EQ(writes(OP_ATOMIC_ADD64), 0);
	CHECK_EQ(writes(OP_FETCH_ADD64), R2);
	CHECK_EQ(writes(OP_XCHG32), R2);
	CHECK_EQ(reads(OP_CMPXCHG64), R0 | R1 | R2);
	CHECK_EQ(writes(OP_CMPXCHG64), R0);
	CHECK_EQ(reads(OP_LOAD_ACQ_B), R2);
	CHECK_EQ(writes(OP_LOAD_ACQ_B), R1);
	CHECK_EQ(reads(OP_STORE_REL_DW), R1 | R2);
	CHECK_EQ(writes(OP_STORE_REL_DW), 0);
	CHECK_EQ(reads(OP_LDIMM64), 0);
	CHECK_EQ(writes(OP_LDIMM64), R1);
	CHECK_EQ(reads(OP_LDIND_H), R2 | R6);
	CHECK_EQ(writes(OP_LDABS_B), 0x3f);
	CHECK_EQ(reads(OP_JEQ_X), R1 | R2);
	CHECK_EQ(writes(OP_JEQ_X), 0);
	CHECK_EQ(reads(OP_EXIT), R0);
	CHECK_EQ(reads(OP_JA), 0);
	CHECK_EQ(reads(OP_CALL), 0);
}
