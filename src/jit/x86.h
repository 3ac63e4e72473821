/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selection of x86-64 instructions: what its files share.
 *
 * A BPF register's value need not be in its native register yet: it may be *pending*, an expression over the contents of
 * native registers (a copy, a sum, a shift, a load...) that is computed when somebody needs it, or becomes part of what needs
 * it: an address, a rotation, a wider load. That is how a single pass over two-operand code finds three-operand forms.
 *
 * Invariants: (1) a native register is written only when no pending value that is still needed reads it; (2) of two pending
 * values, not each waits for the other's register; (3) where control flow meets, nothing is pending.
 */
#ifndef SKEP_JIT_X86_H
#define SKEP_JIT_X86_H

#include "jit/target.h"
#include "jit/x86_enc.h"

enum val_kind {
	V_SELF,  /* in its own register */
	V_CONST, /* imm */
	V_SLOT,  /* slot imm of a portable image's table */
	V_LEA,   /* mem: base + index + disp, `w` bits of it */
	V_EXT,   /* the low k bits of base, zero- or sign-extended to w bits */
	V_SHL,   /* base << k, `w` bits of it */
	V_SHR,   /* w bits of base >> k */
	V_ROL,   /* w bits of base, rotated left by k */
	V_SWAP,  /* w bits of base with bytes reversed (16, 32, 64) */
	V_LOAD,  /* size bytes at mem, << k; `swap`: most significant first; `sx`: sign-extended to w bits */
};

struct val {
	u32 since; /* operation that defined it */
	u8 kind, w, base, k, size;
	bool sx, swap;
	struct x86_mem mem;
	u64 imm;   /* V_CONST; V_SLOT: its number */
};

struct x86 {
	struct jit *j;
	struct x86_enc enc; /* first argument of all x_ functions */
	struct val v[FLOW_REGS];
	u16 pend;           /* registers whose value is pending */
	u16 need;           /* registers that this operation reads or that are read later */
	u16 live;           /* registers that are read after this operation */
	u8 bits[FLOW_REGS]; /* each value is below 2^bits */
	struct {            /* the last store into BPF's stack, while the register stored still holds the value */
		s32 disp;
		u8 size, reg; /* size 0: none */
	} stored;
	u8 flag_reg, flag_w;/* the flags tell whether this native register is zero */
	u32 at, sub;        /* operation, subprogram */
	u32 exit;           /* label of the subprogram's epilogue, bound at its first EXIT */
	bool exit_bound;
	s32 slot;           /* of the frame, from rbp: what is below BPF's stack */
	u32 npool, poolcap;
	struct x86_const { u32 label; struct ins ins; } *pool; /* outlined operations */
	u32 nfull, fullcap;
	struct x86_full { u32 label, on; } *full; /* tail calls that were one too many */
	bool bmi2, movbe;
	u32 retpoline;      /* label of the thunk that jumps to X_RAX; 0: not used */
	u32 keeper[2];      /* labels of the thunks that call run_poll and run_may_goto and change no register; 0: not used */
};

/* ---- x86_val.c ---- */
#define BIT(r) ((u16)(1u << (r)))
static inline bool val_is_pending(const struct x86 *x, u8 r) { return x->pend >> r & 1; }
static inline void flags_unknown(struct x86 *x) { x->flag_reg = X_NONE; }
static inline void stored_unknown(struct x86 *x) { x->stored.size = 0; }
static inline void flags_of(struct x86 *x, u8 native, u8 w)
{
	x->flag_reg = native;
	x->flag_w = w;
}
/* A pending value goes into its register. */
void val_settle(struct x86 *x, u8 r);
void val_settle_all(struct x86 *x, u16 regs);
/* Loads must not pass what may change memory. */
void val_settle_loads(struct x86 *x);
/* Settle everyone but `except` who reads this native register, which is about to be written. */
void val_clear(struct x86 *x, u8 native, u8 except);
/* Before an operation whose result may stay pending: keeps invariant 2. `s`: its other operand. */
void val_prepare(struct x86 *x, u8 d, u8 s);
/* A native register that holds the low `w` bits of the value. */
u8 val_reg(struct x86 *x, u8 r, u8 w);
/* The value's own register, which holds it and may be changed: for `dst op= something`. val_clear() was called. */
u8 val_own(struct x86 *x, u8 r);
/*
 * A load that only this operation reads, while others wait for what its register has still, is done into X_TMP: true, and it may
 * be read there until the next value is settled.
 */
bool val_load_aside(struct x86 *x, u8 r);
/* Is it a constant that an instruction can hold? */
bool val_imm(const struct x86 *x, u8 r, u8 w, s32 *ret);
/* The address in the value plus an offset. */
struct x86_mem val_mem(struct x86 *x, u8 r, s32 off);
/* The value as base + index + disp of w bits, if it is one; kept as it is. */
bool val_sum(const struct x86 *x, u8 r, u8 w, struct x86_mem *ret);
void val_set(struct x86 *x, u8 r, struct val v);
/* Is the content of this native register read later, be it as itself or by a pending value? */
bool val_native_used(const struct x86 *x, u8 native);
/* The value is now in its register: after the instruction that wrote it. */
void val_in_reg(struct x86 *x, u8 r);
u16 val_natives(const struct val *v);

/* ---- x86_alu.c, x86_div.c, x86_mem.c, x86_call.c: one class each ---- */
void x86_alu_op(struct x86 *x, const struct ins *i);
void x86_mov_op(struct x86 *x, const struct ins *i);
void x86_end_op(struct x86 *x, const struct ins *i);
void x86_move(struct x86 *x, u8 d, u8 s, u8 w); /* the low w bits */
void x86_set_const(struct x86 *x, u8 d, u64 imm);
void x86_set_slot(struct x86 *x, u8 d, u32 slot);
void x86_shift_right(struct x86 *x, u8 d, u8 w, u8 n);
void x86_and_const(struct x86 *x, u8 d, u8 w, s32 k);
void x86_div_op(struct x86 *x, const struct ins *i);
void x86_load(struct x86 *x, const struct ins *i);
void x86_store(struct x86 *x, const struct ins *i);
void x86_atomic(struct x86 *x, const struct ins *i);
void x86_load_acq(struct x86 *x, const struct ins *i);
void x86_call_addr(struct x86 *x, const struct ins *i);
void x86_call_sub(struct x86 *x, const struct ins *i);
void x86_tail_call(struct x86 *x, const struct ins *i);
void x86_packet_load(struct x86 *x, const struct ins *i);
void x86_may_goto(struct x86 *x, const struct ins *i);
void x86_poll(struct x86 *x);
void x86_exit(struct x86 *x);
void x86_prologue(struct x86 *x);
void x86_thunks(struct x86 *x);
void x86_hop(void); /* where a hop arrives at a program that is entered as C is */
void x86_outline(struct x86 *x, const struct ins *i);

#endif
