/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams of machine code: see emit.h. */
#include "jit/emit.h"

#include <errno.h>

#include "jit/target.h"

#define UNBOUND (~0u)

void emit_init(struct jit_emit *e, struct arena *a, u32 labels)
{
	*e = (struct jit_emit){ .a = a, .nlabels = labels, .labelcap = labels };
	e->label = ARENA_ARRAY(a, struct jit_label, labels);
	for (u32 i = 0; i < labels; i++)
		e->label[i].at = UNBOUND;
}

void emit_room(struct jit_emit *e, u32 bytes)
{
	if (unlikely(e->n + bytes > e->cap))
		e->buf = arena_grow(e->a, e->buf, 1, e->n + bytes, &e->cap);
}

u32 emit_new_label(struct jit_emit *e)
{
	ARENA_GROW(e->a, e->label, e->nlabels, e->labelcap);
	e->label[e->nlabels] = (struct jit_label){ .at = UNBOUND };
	return e->nlabels++;
}

void emit_bind(struct jit_emit *e, u32 label)
{
	e->label[label] = (struct jit_label){ .at = e->n, .fix = e->nfix };
}

void emit_fix(struct jit_emit *e, enum fix_kind kind, u8 cc, u32 label, u64 addr)
{
	ARENA_GROW(e->a, e->fix, e->nfix, e->fixcap);
	e->fix[e->nfix++] = (struct jit_fix){ .kind = (u8)kind, .cc = cc, .label = label, .addr = addr, .at = e->n };
}

u32 emit_label_at(const struct jit_emit *e, u32 label)
{
	const struct jit_label *l = &e->label[label];

	return l->at + e->grown[l->fix];
}

#define LOOP_MAX 256 /* bytes of a loop that is worth padding */

/* Padding has the size that its place asks for; it is the only thing that may shrink. */
static u8 align_size(const struct jit_emit *e, const struct jit_fix *f, u32 at)
{
	u32 line = (u32)f->addr, pad = -at & (line - 1), len;

	if (f->kind == FIX_LOOP) {
		len = emit_label_at(e, f->label) - (f->at + e->grown[f - e->fix] + f->size);
		if (len > LOOP_MAX || (at % line + len + line - 1) / line == (len + line - 1) / line)
			return 0;
	}
	return (u8)pad;
}

static bool is_padding(const struct jit_fix *f)
{
	return f->kind == FIX_ALIGN || f->kind == FIX_LOOP;
}

static bool is_outside(const struct jit_fix *f)
{
	return f->kind == FIX_ABS || f->kind == FIX_ABS_JMP || f->kind == FIX_SLOT;
}

/* The address that a fix refers to. */
static u64 goal(const struct jit_emit *e, const struct jit_fix *f, u64 base)
{
	switch ((enum fix_kind)f->kind) {
	case FIX_ABS: case FIX_ABS_JMP:
		return f->addr;
	case FIX_SLOT:
		return 0 - 8 * (f->addr + 1);
	default:
		return base + emit_label_at(e, f->label);
	}
}

static bool relax_once(struct jit_emit *e, const struct jit_target *t)
{
	bool changed = false;

	for (u32 i = 0; i < e->nfix; i++) {
		struct jit_fix *f = &e->fix[i];
		u32 at = f->at + e->grown[i];
		s64 disp;
		u8 size;

		if (is_padding(f))
			continue;
		disp = is_outside(f) ? 0 : (s64)emit_label_at(e, f->label) - (s64)at;
		size = t->fix_size(f, disp);
		if (size > f->size) {
			f->size = size;
			changed = true;
		}
	}
	return changed;
}

static void place(struct jit_emit *e)
{
	u32 sum = 0;

	for (u32 i = 0; i < e->nfix; i++) {
		struct jit_fix *f = &e->fix[i];

		if (is_padding(f))
			f->size = align_size(e, f, f->at + sum);
		e->grown[i] = sum;
		sum += f->size;
	}
	e->grown[e->nfix] = sum;
	e->size = e->n + sum;
}

void emit_relax(struct jit_emit *e, const struct jit_target *t)
{
	e->grown = ARENA_ARRAY(e->a, u32, e->nfix + 1);
	do {
		place(e);
		place(e); /* with the lengths that loops have now */
	} while (relax_once(e, t));
}

int emit_link(const struct jit_emit *e, const struct jit_target *t, u64 base, u8 *out)
{
	u32 from = 0;

	for (u32 i = 0; i < e->nfix; i++) {
		const struct jit_fix *f = &e->fix[i];
		u32 at = f->at + e->grown[i];

		memcpy(out + from + e->grown[i], e->buf + from, f->at - from);
		from = f->at;
		if (is_padding(f)) {
			t->pad(out + at, f->size);
			continue;
		}
		if (!t->fix_put(out + at, f, base + at, goal(e, f, base)))
			return -ERANGE;
	}
	memcpy(out + from + e->grown[e->nfix], e->buf + from, e->n - from);
	return 0;
}
