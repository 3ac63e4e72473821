/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of machine code with holes for branches, and what fills them: labels, sizes to a fixpoint, final bytes.
 *
 * Invariant: a branch takes no bytes of the stream until emit_relax() has chosen its size; sizes only grow, so that ends.
 */
#ifndef SKEP_JIT_EMIT_H
#define SKEP_JIT_EMIT_H

#include "base/arena.h"

enum fix_kind {
	FIX_JMP,   /* to a label */
	FIX_JCC,   /* to a label, if `cc` */
	FIX_CALL,  /* of a label */
	FIX_ABS,   /* call of an address outside of the image */
	FIX_ABS_JMP, /* jump to one */
	FIX_REL,   /* a reference to a label inside an instruction */
	FIX_SLOT,  /* the same to slot `addr` of the table below a portable image */
	FIX_ALIGN, /* padding to a multiple of `addr` */
	FIX_LOOP,  /* the same for a loop that ends at a label, if it is short and would need more lines than it must */
};

struct jit_fix {
	u64 addr;
	u32 at;    /* in the stream */
	u32 label;
	u8 kind, cc, size;
};

struct jit_label {
	u32 at;    /* in the stream; ~0: not bound yet */
	u32 fix;   /* branches before it */
};

struct jit_emit {
	struct arena *a;
	u8 *buf;
	u32 n, cap;
	struct jit_fix *fix;
	u32 nfix, fixcap;
	struct jit_label *label;
	u32 nlabels, labelcap;
	u32 *grown;     /* emit_relax(): bytes that the branches before each take; nfix + 1 */
	u32 size;       /* emit_relax(): of everything */
};

struct jit_target;

void emit_init(struct jit_emit *e, struct arena *a, u32 labels);
/* Room for so many bytes: to be asked for before emit_byte(). */
void emit_room(struct jit_emit *e, u32 bytes);
static inline void emit_byte(struct jit_emit *e, u8 b) { e->buf[e->n++] = b; }
static inline void emit_32(struct jit_emit *e, u32 v)
{
	memcpy(e->buf + e->n, &v, 4);
	e->n += 4;
}
static inline void emit_64(struct jit_emit *e, u64 v)
{
	memcpy(e->buf + e->n, &v, 8);
	e->n += 8;
}
u32 emit_new_label(struct jit_emit *e);
void emit_bind(struct jit_emit *e, u32 label);
void emit_fix(struct jit_emit *e, enum fix_kind kind, u8 cc, u32 label, u64 addr);
/* Choose the size of every branch; e->size is final then. */
void emit_relax(struct jit_emit *e, const struct jit_target *t);
/* Offset of a bound label after emit_relax(). */
u32 emit_label_at(const struct jit_emit *e, u32 label);
/*
 * Final bytes for code that will run at address `base`: 0, or -ERANGE when a call does not reach. A portable image starts at
 * address 0, slot i of its table at -8 * (i + 1).
 */
int emit_link(const struct jit_emit *e, const struct jit_target *t, u64 base, u8 *out);

#endif
