/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decode and encode instructions; which registers they touch. All of it is read off insn.def.
 *
 * Invariant: isa_encode(isa_decode(x)) == x for every x that decodes.
 */
#include "isa/isa.h"

#define ALU(bits, what) .cls = IC_ALU, .width = (bits), .sub = ALU_##what
#define MOV(bits) .cls = IC_MOV, .width = (bits)
#define MOVSX(bits, from) .cls = IC_MOV, .width = (bits), .sx = (from)
#define END(kind) .cls = IC_END, .width = 64, .sub = SWAP_##kind
#define CAST .cls = IC_CAST, .width = 64
#define LDX(bytes) .cls = IC_LDX, .size = (bytes)
#define LDXSX(bytes) .cls = IC_LDX, .size = (bytes), .sx = (bytes) * 8
#define ST(bytes) .cls = IC_ST, .size = (bytes)
#define STX(bytes) .cls = IC_STX, .size = (bytes)
#define ATOMIC(bytes, what) .cls = IC_ATOMIC, .size = (bytes), .width = (bytes) * 8, .sub = AT_##what
#define LOAD_ACQ(bytes) .cls = IC_LOAD_ACQ, .size = (bytes)
#define STORE_REL(bytes) .cls = IC_STORE_REL, .size = (bytes)
#define LDIMM64(kind) .cls = IC_LDIMM64, .width = 64, .sub = IMM64_##kind
#define LDIMM64_HI .cls = IC_LDIMM64_HI
#define LDABS(bytes) .cls = IC_LDABS, .size = (bytes)
#define LDIND(bytes) .cls = IC_LDIND, .size = (bytes)
#define JA .cls = IC_JA
#define JCC(bits, cond) .cls = IC_JCC, .width = (bits), .sub = JC_##cond
#define MAY_GOTO .cls = IC_MAY_GOTO
#define CALL .cls = IC_CALL
#define CALL_SUB .cls = IC_CALL_SUB
#define CALL_KFUNC .cls = IC_CALL_KFUNC
#define EXIT .cls = IC_EXIT
#define INTERNAL .cls = IC_INTERNAL

#define Z { FK_ZERO, 0 }
#define ANY { FK_ANY, 0 }
#define LOW { FK_LOW, 0 }
#define IS(v) { FK_IS, v }
#define RD { FK_READ, 0 }
#define WR { FK_WRITE, 0 }
#define RW { FK_RDWR, 0 }

/* The operand is the immediate when the src field names no register: its cell is none of RD and RW. */
const struct op_info op_info[OP_COUNT] = {
#define I(id, byte, klass, d, s, o, i, txt, sec, grp)                                                   \
	[OP_##id] = { .name = #id, .text = txt, .section = sec, .group = #grp, .code = (byte), klass,   \
		      .has_imm = #s[0] != 'R', .dst = d, .src = s, .off = o, .imm = i },
#define V I
#define N(id, klass, d, s, o, i, txt)                                                                   \
	[OP_##id] = { .name = #id, .text = txt, .section = "", .group = "internal", klass,              \
		      .has_imm = #s[0] != 'R', .internal = true, .dst = d, .src = s, .off = o, .imm = i },
#include "isa/insn.def"
};

/* First row of each opcode byte, plus one; 0: the byte means nothing. Byte 0 is only ever the second slot of ld_imm64. */
static const u16 first_row[256] = {
#define I(id, byte, ...) [byte] = (byte) ? OP_##id + 1 : 0,
#include "isa/insn.def"
};

/* Does the number satisfy the rule, registers aside? */
static bool fits(struct field_rule r, s32 v)
{
	switch ((enum field_kind)r.kind) {
	case FK_ZERO:
		return v == 0;
	case FK_IS:
		return v == r.want;
	case FK_ANY:
	case FK_LOW:
	case FK_READ:
	case FK_WRITE:
	case FK_RDWR:
		break;
	}
	return true;
}

static bool is_reg(struct field_rule r)
{
	return r.kind >= FK_READ;
}

/* Reserved fields come before registers, as Linux reports them. */
static enum decode_err check_fields(const struct op_info *x, const struct bpf_insn *in)
{
	if (!fits(x->src, in->src_reg))
		return DE_SRC;
	if (!fits(x->off, in->off))
		return DE_OFF;
	if (!fits(x->imm, in->imm))
		return DE_IMM;
	if (!fits(x->dst, in->dst_reg))
		return DE_DST;
	if (is_reg(x->src) && in->src_reg > BPF_REG_10)
		return DE_SRC_REG;
	if (is_reg(x->dst) && in->dst_reg > BPF_REG_10)
		return DE_DST_REG;
	return DE_OK;
}

/* How many of the fields that tell the meanings of a byte apart hold what the row wants. */
static int likeness(const struct op_info *x, const struct bpf_insn *in)
{
	return (x->src.kind == FK_IS && in->src_reg == x->src.want) + (x->off.kind == FK_IS && in->off == x->off.want) +
	       (x->imm.kind == FK_IS && in->imm == x->imm.want);
}

/* The row that fits, or else the likest one of that byte and what is wrong with it. */
static enum decode_err find_row(const struct bpf_insn *in, u16 *ret_op)
{
	enum decode_err err = DE_OPCODE, e;
	int best = -1;
	u16 op = first_row[in->code];

	*ret_op = OP_INVALID;
	if (!op)
		return DE_OPCODE;
	for (op--; op < OP_COUNT && op_info[op].code == in->code; op++) {
		e = check_fields(&op_info[op], in);
		if (e == DE_OK) {
			*ret_op = op;
			return DE_OK;
		}
		if (likeness(&op_info[op], in) > best) {
			best = likeness(&op_info[op], in);
			err = e;
			*ret_op = op;
		}
	}
	return err;
}

static enum decode_err decode_hi(const struct bpf_insn *in, u32 left, struct ins *out, enum decode_err err)
{
	const struct op_info *x = &op_info[out->op];

	if (left < 2)
		return DE_LDIMM64_CUT;
	if (in[1].code || in[1].dst_reg || in[1].src_reg || in[1].off)
		return DE_LDIMM64_HI;
	if (out->op != OP_LDIMM64_FUNC)
		out->imm64 = (u64)(u32)in[1].imm << 32 | (u32)in->imm;
	if (err == DE_OK && x->imm.kind == FK_LOW && in[1].imm)
		return DE_IMM;
	return err;
}

/* The slot a relative distance leads to; one before the program's start wraps to a number beyond its end. */
static u32 after(u32 index, s32 distance)
{
	return index + 1 + (u32)distance;
}

enum decode_err isa_decode_one(const struct bpf_insn *in, u32 left, u32 index, struct ins *out)
{
	enum decode_err err;

	*out = (struct ins){ .dst = in->dst_reg, .src = in->src_reg, .off = in->off, .imm = in->imm };
	err = find_row(in, &out->op);
	switch ((enum ins_class)op_info[out->op].cls) {
	case IC_JA:
		out->target = after(index, out->op == OP_JA32 ? in->imm : in->off);
		break;
	case IC_JCC:
	case IC_MAY_GOTO:
		out->target = after(index, in->off);
		break;
	case IC_CALL_SUB:
		out->target = after(index, in->imm);
		break;
	case IC_LDIMM64:
		if (out->op == OP_LDIMM64_FUNC)
			out->target = after(index, in->imm);
		return decode_hi(in, left, out, err);
	default:
		break;
	}
	return err;
}

enum decode_err isa_decode(const struct bpf_insn *in, u32 n, struct ins *out, u32 *ret_at)
{
	enum decode_err err;

	for (u32 i = 0; i < n; i++) {
		err = isa_decode_one(in + i, n - i, i, out + i);
		if (err != DE_OK) {
			*ret_at = i;
			return err;
		}
		if (!ins_is_ldimm64(out + i))
			continue;
		i++;
		out[i] = (struct ins){ .op = OP_LDIMM64_HI, .imm = in[i].imm };
	}
	return DE_OK;
}

void isa_decode_lax(const struct bpf_insn *in, u32 n, struct ins *out, u8 *errs)
{
	for (u32 i = 0; i < n; i++) {
		errs[i] = (u8)isa_decode_one(in + i, n - i, i, out + i);
		if (!ins_is_ldimm64(out + i) || errs[i] == DE_LDIMM64_CUT || errs[i] == DE_LDIMM64_HI)
			continue;
		i++;
		errs[i] = DE_OK;
		out[i] = (struct ins){ .op = OP_LDIMM64_HI, .imm = in[i].imm };
	}
}

bool isa_err_is_early(enum decode_err err, const struct bpf_insn *at)
{
	bool ldimm64 = at->code == (BPF_LD | BPF_IMM | BPF_DW);

	switch (err) {
	case DE_OPCODE:
	case DE_LDIMM64_CUT:
	case DE_LDIMM64_HI:
		return true;
	case DE_IMM:
		return ldimm64 || BPF_CLASS(at->code) == BPF_LDX;
	case DE_SRC:
		return ldimm64;
	default:
		return false;
	}
}

u32 isa_encode(const struct ins *in, struct bpf_insn *out)
{
	const struct op_info *x = ins_info(in);

	out[0] = (struct bpf_insn){ .code = x->code, .dst_reg = (u8)(in->dst & 15u), .src_reg = (u8)(in->src & 15u),
				    .off = in->off, .imm = in->imm };
	if (x->cls != IC_LDIMM64)
		return 1;
	out[1] = (struct bpf_insn){ 0 };
	if (in->op != OP_LDIMM64_FUNC) {
		out[0].imm = s32_of(in->imm64);
		out[1].imm = s32_of(in->imm64 >> 32);
	}
	return 2;
}

static u16 reg_if(struct field_rule r, u8 reg, enum field_kind how)
{
	return (u16)((r.kind == how || r.kind == FK_RDWR ? 1u : 0u) << reg);
}

u16 isa_reads(const struct ins *i)
{
	const struct op_info *x = ins_info(i);
	u16 regs = (u16)(reg_if(x->dst, i->dst, FK_READ) | reg_if(x->src, i->src, FK_READ));

	if (x->cls == IC_EXIT || (x->cls == IC_ATOMIC && x->sub == AT_CMPXCHG))
		regs |= 1u << BPF_REG_0;
	if (x->cls == IC_LDABS || x->cls == IC_LDIND)
		regs |= 1u << BPF_REG_6;
	return regs;
}

u16 isa_writes(const struct ins *i)
{
	const struct op_info *x = ins_info(i);
	u16 regs = (u16)(reg_if(x->dst, i->dst, FK_WRITE) | reg_if(x->src, i->src, FK_WRITE));

	if (x->cls == IC_ATOMIC && x->sub == AT_CMPXCHG)
		regs |= 1u << BPF_REG_0;
	if (x->cls == IC_LDABS || x->cls == IC_LDIND)
		regs |= 0x3f; /* r0 is the result, r1-r5 are lost as in a call */
	return regs;
}
