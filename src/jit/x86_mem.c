/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads, stores and atomic operations. See x86.h. */
#include "jit/x86.h"

#define E (&x->enc)

/* A key or a spilled register, just written: it is still where it came from. */
static bool was_stored(const struct x86 *x, struct x86_mem m, const struct op_info *o)
{
	if (x->stored.size != o->size || o->size < 4 || o->sx || m.base != X_RBP || m.index != X_NONE || m.disp != x->stored.disp)
		return false;
	for (u8 r = 0; r < FLOW_REGS; r++) /* val_prepare() did not know that its register would be read */
		if (x86_of[r] == x->stored.reg && val_is_pending(x, r))
			return false;
	return true;
}

void x86_load(struct x86 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	struct x86_mem m;

	val_prepare(x, i->dst, i->src);
	m = val_mem(x, i->src, i->off);
	if (was_stored(x, m, o)) {
		val_set(x, i->dst, (struct val){ .kind = V_LEA, .w = o->size == 8 ? 64 : 32, .mem = x_at(x->stored.reg, 0) });
		return;
	}
	val_set(x, i->dst, (struct val){ .kind = V_LOAD, .size = o->size, .w = 64, .sx = o->sx, .mem = m });
}

/* Straight into the register: what must not be moved. */
void x86_load_acq(struct x86 *x, const struct ins *i)
{
	u8 size = ins_info(i)->size, d = x86_of[i->dst];
	struct x86_mem m;

	val_settle_loads(x);
	val_clear(x, d, i->dst);
	m = val_mem(x, i->src, i->off);
	x_rm(E, size == 1 ? X_MOVZX8 : size == 2 ? X_MOVZX16 : X_MOV_LOAD, size == 8 ? 64 : 32, d, m);
	val_in_reg(x, i->dst);
	flags_unknown(x);
}

void x86_store(struct x86 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	u8 size = o->size, w = size == 8 ? 64 : 32;
	const struct val *v = &x->v[i->src];
	struct x86_mem m;
	s32 k = i->imm;
	u8 s;

	val_settle_loads(x);
	stored_unknown(x);
	if (o->cls == IC_ST || val_imm(x, i->src, w, &k)) {
		x_mov_mi(E, size, val_mem(x, i->dst, i->off), k);
		if (x->enc.blind) /* with an xor */
			flags_unknown(x);
		return;
	}
	if (x->movbe && val_is_pending(x, i->src) && v->kind == V_SWAP && v->w == size * 8 && !(x->live & BIT(i->src))) {
		m = val_mem(x, i->dst, i->off);
		if (val_is_pending(x, i->src)) {
			x_rm(E, X_MOVBE_STORE | (size == 2 ? X_P66 : 0), w, v->base, m);
			return;
		}
	}
	/* finding the address may settle the source: it is looked up again, and does not move any more */
	val_reg(x, i->src, w);
	m = val_mem(x, i->dst, i->off);
	s = val_reg(x, i->src, w);
	x_mov_mr(E, size, m, s);
	if (m.base == X_RBP && m.index == X_NONE && o->cls == IC_STX) {
		x->stored.disp = m.disp;
		x->stored.size = size;
		x->stored.reg = s;
	}
}

static u8 not_rax(u8 native)
{
	return native == X_RAX ? X_TMP : native;
}

/* Those that x86 cannot fetch: compare and exchange until nobody came between. */
static void fetch_loop(struct x86 *x, enum x86_alu op, u8 w, u8 s, struct x86_mem m)
{
	struct jit_emit *e = x->enc.e;
	u8 n = x86_of[s], operand = not_rax(n);
	bool keep = n != X_RAX && val_native_used(x, X_RAX);
	u32 again = emit_new_label(e);

	if (keep || n == X_RAX || m.base == X_RAX || m.index == X_RAX)
		x_mov(E, 64, X_TMP, X_RAX);
	m.base = not_rax(m.base);
	m.index = not_rax(m.index);
	x_rm(E, X_MOV_LOAD, w, X_RAX, m);
	emit_bind(e, again);
	x_mov(E, w, X_TMP2, X_RAX);
	x_alu(E, op, w, X_TMP2, operand);
	x_rm(E, 0xb1 | X_0F | X_LOCK, w, X_TMP2, m);
	emit_fix(e, FIX_JCC, X_NE, again, 0);
	if (n != X_RAX)
		x_mov(E, w, n, X_RAX);
	if (keep)
		x_mov(E, 64, X_RAX, X_TMP);
}

static bool fetches(u8 op)
{
	return op != AT_ADD && op != AT_OR && op != AT_AND && op != AT_XOR && op != AT_CMPXCHG;
}

void x86_atomic(struct x86 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	u8 w = o->size == 8 ? 64 : 32, s;
	struct x86_mem m;

	val_settle_loads(x);
	stored_unknown(x);
	if (o->sub == AT_CMPXCHG) {
		val_clear(x, X_RAX, BPF_REG_0);
		val_own(x, BPF_REG_0);
	}
	if (fetches(o->sub)) {
		val_clear(x, x86_of[i->src], i->src);
		val_own(x, i->src);
	} else {
		val_reg(x, i->src, w);
	}
	m = val_mem(x, i->dst, i->off);
	s = val_reg(x, i->src, w);
	switch ((enum atomic_op)o->sub) {
	case AT_ADD:
		x_rm(E, 0x01 | X_LOCK, w, s, m);
		break;
	case AT_OR:
		x_rm(E, X_ALU_MR(X_OR) | X_LOCK, w, s, m);
		break;
	case AT_AND:
		x_rm(E, X_ALU_MR(X_AND) | X_LOCK, w, s, m);
		break;
	case AT_XOR:
		x_rm(E, X_ALU_MR(X_XOR) | X_LOCK, w, s, m);
		break;
	case AT_FETCH_ADD:
		x_rm(E, 0xc1 | X_0F | X_LOCK, w, s, m);
		break;
	case AT_FETCH_OR:
		fetch_loop(x, X_OR, w, i->src, m);
		break;
	case AT_FETCH_AND:
		fetch_loop(x, X_AND, w, i->src, m);
		break;
	case AT_FETCH_XOR:
		fetch_loop(x, X_XOR, w, i->src, m);
		break;
	case AT_XCHG:
		x_rm(E, X_XCHG, w, s, m);
		break;
	case AT_CMPXCHG:
		x_rm(E, 0xb1 | X_0F | X_LOCK, w, s, m);
		if (w == 32) /* eax is written only when it differed */
			x_mov(E, 32, X_RAX, X_RAX);
		break;
	}
	flags_unknown(x);
}
