/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a refusal came about, rejection by rejection: which check was seen on the path and why it does not count, where a pointer
 * stopped being one, what was never written, which branch forgets a reference; and the change that helps.
 *
 * Invariant: nothing here is part of a verdict. Each row of explain_why.def is one function below; a rejection without a row is told
 * by its facts and its hint.
 */
#include <stdio.h>
#include <stdlib.h>

#include "verifier/explain_priv.h"

struct why {
	struct vf_env *e;
	struct vf_report *r;
	const struct trace *t;
	const struct explain_work *work;
	u32 insn, culprit;     /* 11: no register is to blame */
	const struct ins *i;
	const struct reg *p;   /* the culprit; NULL: none */
	u32 v;                 /* its value in the trace; 0: unknown */
};

#define FIX(...) snprintf(w->r->fix, sizeof(w->r->fix), __VA_ARGS__)

/* A line of evidence, at an instruction. */
static void PRINTF(3, 4) note(struct why *w, u32 insn, const char *fmt, ...)
{
	struct vf_report *r = w->r;
	va_list ap;

	if (r->nnotes == REPORT_NOTES)
		return;
	report_place(w->e, &r->note[r->nnotes], insn);
	va_start(ap, fmt);
	vsnprintf(r->note[r->nnotes].text, sizeof(r->note[0].text), fmt, ap);
	va_end(ap);
	r->nnotes++;
}

static void note_step(struct why *w, u32 step, const char *text)
{
	note(w, w->t->path[step], "%s", text);
}

static u32 line_of_step(const struct why *w, u32 step)
{
	const struct btf_line *l = proof_line(w->e->proof, w->t->path[step]);

	return l ? l->line : 0;
}

/* "line 12", or "insn 7" without line info. */
static const char *where(const struct why *w, u32 step, char buf[24])
{
	u32 line = line_of_step(w, step);

	snprintf(buf, 24, line ? "line %u" : "insn %u", line ? line : w->t->path[step]);
	return buf;
}

static bool is_jump(const struct trace *t, u32 step)
{
	return ins_class(trace_ins(t, step)) == IC_JCC;
}

/* ---- packets ---- */
static enum ctx_kind field_kind(const struct trace *t, u32 v)
{
	const struct tval *x = &t->val[v];

	return x->kind == TV_LOAD && x->field ? (enum ctx_kind)x->field->kind : CK_SCALAR;
}

/* Does the comparison of p (a packet pointer) with the end leave the way on which p is inside? `first`: p is the left operand. */
static bool proves_inside(enum jmp_cond c, bool taken, bool first)
{
	switch (c) {
	case JC_GT: case JC_GE: return first != taken;
	case JC_LT: case JC_LE: return first == taken;
	case JC_EQ: case JC_SET: case JC_NE: case JC_SGT: case JC_SGE: case JC_SLT: case JC_SLE: break;
	}
	return false;
}

/* The helper after this step that may move the packet; U32_MAX: none. */
static u32 mover_after(const struct trace *t, u32 step)
{
	for (u32 s = step + 1; s < t->len; s++) {
		const struct helper_spec *h = trace_helper(t, s);
		if (h && (h->flags & HF_MOVES_PKT))
			return s;
	}
	return U32_MAX;
}

/* What one comparison with data_end is worth for the access; true if it was one. */
static bool weigh_packet_check(struct why *w, u32 step, u32 need)
{
	const struct trace *t = w->t;
	struct tptr a = trace_pointer(t, t->step[step].dst), b = trace_pointer(t, t->step[step].src),
		    mine = trace_pointer(t, w->v);
	bool first = field_kind(t, b.base) == CK_PKT_END;
	struct tptr p = first ? a : b;
	u32 mover = mover_after(t, step);
	char at[24];

	if (!first && field_kind(t, a.base) != CK_PKT_END)
		return false;
	if (field_kind(t, p.base) != CK_PKT && field_kind(t, p.base) != CK_PKT_META)
		return false;
	if (mover != U32_MAX)
		note(w, t->path[step], "this check is void: bpf_%s() at %s may have moved the packet",
		     trace_helper(t, mover)->name, where(w, mover, at));
	else if (!proves_inside((enum jmp_cond)ins_info(trace_ins(t, step))->sub, trace_taken(t, step), first))
		note_step(w, step, "on this path this check has failed: the packet is shorter here");
	else if (p.var != mine.var && mine.var)
		note(w, t->path[step], "this check is of %s: it says nothing of the pointer that got its offset at %s",
		     p.var ? "a pointer with another offset" : "the pointer before a variable offset was added",
		     where(w, mine.var_step, at));
	else if (p.var != mine.var)
		note_step(w, step, "this check is of a pointer with a variable offset: it says nothing of this one");
	else
		note(w, t->path[step], "this check proves %lld bytes; the access needs %u", (long long)(p.off > 0 ? p.off : 0),
		     need);
	return true;
}

static void why_packet(struct why *w)
{
	u32 need = (u32)(w->p->off + w->i->off) + ins_info(w->i)->size, seen = 0, mover;

	if (T_BASE(w->p->type) != T_PKT || !ins_info(w->i)->size)
		return;
	for (u32 s = 0; s + 1 < w->t->len; s++)
		if (is_jump(w->t, s) && w->t->step[s].src)
			seen += weigh_packet_check(w, s, need);
	if (!seen)
		note(w, w->insn, "no comparison with data_end was seen on this path");
	mover = mover_after(w->t, 0);
	if (!tnum_is_const(w->p->var) && w->p->umax > MAX_PACKET_OFF)
		FIX("The offset added to the packet pointer may be %llu, and Linux follows offsets up to %u only. Limit it first (if (off > "
		    "1500) return ...;), then compare the pointer with data_end.",
		    (unsigned long long)w->p->umax, MAX_PACKET_OFF);
	else if (seen && mover != U32_MAX)
		FIX("Load data and data_end again after bpf_%s(), and compare again.", trace_helper(w->t, mover)->name);
	else if (tnum_is_const(w->p->var))
		FIX("Before the access: if (data + %u > data_end) return ...;%s", need,
		    seen ? " The comparison must be of this pointer, or of data, with at least these bytes." : "");
	else
		FIX("Compare the pointer itself after its offset is added: if ((void *)p + %d > data_end) return ...;",
		    w->i->off + ins_info(w->i)->size);
}

/* ---- pointers that are none ---- */
/* What the path tested against NULL instead. */
static void other_null_checks(struct why *w)
{
	const struct trace *t = w->t;
	const struct tval *mine = &t->val[w->v];
	char at[24];

	for (u32 s = 0; s + 1 < t->len; s++) {
		u32 u = t->step[s].dst;
		const struct tval *x = &t->val[u];
		if (!is_jump(t, s) || !ins_info(trace_ins(t, s))->has_imm || trace_ins(t, s)->imm || x->kind != TV_CALL ||
		    u == w->v)
			continue;
		if (mine->kind == TV_CALL && trace_helper(t, x->step) == trace_helper(t, mine->step))
			note(w, t->path[s], "this tests another result, the one of the call at %s", where(w, x->step, at));
	}
}

static void why_maybe_null(struct why *w)
{
	const struct tval *x = &w->t->val[w->v];
	const struct helper_spec *h = x->kind == TV_CALL ? trace_helper(w->t, x->step) : NULL;
	char at[24];

	other_null_checks(w);
	if (h)
		FIX("Test what bpf_%s() returned at %s before it is used: if (!p) return 0;%s", h->name, where(w, x->step, at),
		    w->r->nnotes ? " A test of another result does not count." : "");
	else
		FIX("Test the pointer before it is used: if (!p) return 0;");
}

/* The call on the path that took this object away; U32_MAX: none. */
static u32 taken_away(const struct why *w)
{
	const struct trace *t = w->t;

	for (u32 n = t->ncalls; n-- > 0;) {
		const struct helper_spec *h = trace_helper(t, t->call[n].step);
		for (u32 k = 0; h && (h->flags & HF_RELEASE) && k < 5; k++)
			if ((h->arg[k].flags & AF_RELEASE) &&
			    trace_pointer(t, t->call[n].arg[k + 1]).base == trace_pointer(t, w->v).base)
				return t->call[n].step;
	}
	return U32_MAX;
}

static void why_number(struct why *w)
{
	const struct trace *t = w->t;
	u32 root = trace_root(t, w->v), gone = taken_away(w), mover = mover_after(t, t->val[root].step);
	const struct tval *x = &t->val[root], *made = &t->val[w->v];
	enum ctx_kind kind = field_kind(t, trace_pointer(t, w->v).base);

	if (gone != U32_MAX) {
		note(w, t->path[gone], "bpf_%s() took it: from here on it is no pointer", trace_helper(t, gone)->name);
		FIX("Use it before bpf_%s(), not after.", trace_helper(t, gone)->name);
	} else if ((kind == CK_PKT || kind == CK_PKT_END || kind == CK_PKT_META) && mover != U32_MAX) {
		note(w, t->path[mover], "bpf_%s() may move the packet: every pointer into it ends here",
		     trace_helper(t, mover)->name);
		FIX("Load data and data_end from the context again after bpf_%s(), and compare again.",
		    trace_helper(t, mover)->name);
	} else if (w->p->var.value == 0 && tnum_is_const(w->p->var)) {
		FIX("The pointer is NULL on this path: return before it is used.");
	} else if (made->kind == TV_CUT) {
		note_step(w, made->step, "here its upper bits are cut off, which makes it a number");
		FIX("Keep the pointer in a 64-bit variable (a pointer type, or long).");
	} else if (made->kind == TV_OP) {
		note_step(w, made->step, "this operation makes it a number: only + and - keep a pointer a pointer");
		FIX("Compute with an offset in a variable of its own, and add it to the pointer at the end.");
	} else if (x->kind == TV_CALL && trace_helper(t, x->step)) {
		note(w, t->path[x->step], "bpf_%s() returns a number", trace_helper(t, x->step)->name);
		FIX("An address that came as a number is read with bpf_probe_read_kernel() or bpf_probe_read_user().");
	} else if (x->kind == TV_LOAD) {
		note(w, t->path[x->step], "what is read here is a number for the verifier, whatever its type in C%s",
		     x->field ? " (a field of the context)" : "");
		FIX("Read through it with bpf_probe_read_kernel() or BPF_CORE_READ() (bpf_probe_read_user() for user memory); in "
		    "fentry, tp_btf and lsm programs pointers from the context can be followed directly.");
	} else {
		FIX("This is a number for the verifier, not a pointer. Kernel memory is read with bpf_probe_read_kernel() or BPF_CORE_READ(); "
		    "user memory with bpf_probe_read_user().");
	}
}

static void why_memory(struct why *w)
{
	if (w->p->type & TF_NULL)
		why_maybe_null(w);
	else if (T_BASE(w->p->type) == T_SCALAR)
		why_number(w);
}

/* ---- numbers and their checks ---- */
/* Was v computed from u, by constants alone? */
static bool made_from(const struct trace *t, u32 v, u32 u)
{
	while (v && v != u)
		v = t->val[v].b ? 0 : t->val[v].a;
	return v != 0;
}

static bool is_signed(enum jmp_cond c)
{
	return c == JC_SGT || c == JC_SGE || c == JC_SLT || c == JC_SLE;
}

/* How the checked value u is not the value v that is used. */
static const char *relation(const struct trace *t, u32 step, u32 v, u32 u)
{
	const struct tval *x = &t->val[v], *y = &t->val[u];

	if (trace_same_memory(t, v, u))
		return "this checks what was read before; the memory is read again after it, and may have changed";
	if (made_from(t, v, u) && is_signed((enum jmp_cond)ins_info(trace_ins(t, step))->sub))
		return "this check is signed: it limits one side, and a negative number passes it";
	if (y->kind == TV_CUT && x->kind != TV_CUT)
		return "this checks a copy with its upper bits cut off; what is used still has them";
	if (x->kind == TV_CUT && y->kind != TV_CUT)
		return "this checks the value before it is cut or sign-extended; what is used is the result of that";
	if (made_from(t, v, u))
		return "this checks the value that it is computed from, and does not limit it enough";
	return "this checks another form of the value: what is used was computed apart from it";
}

/* The checks on the path that concern the number, and what is wrong with each. */
static u32 weigh_number_checks(struct why *w, u32 v)
{
	const struct trace *t = w->t;
	u32 seen = 0;

	for (u32 s = 0; s + 1 < t->len && v; s++) {
		u32 u[2] = { t->step[s].dst, t->step[s].src };
		for (u32 k = 0; k < 2 && is_jump(t, s); k++) {
			if (!u[k] || t->val[u[k]].kind == TV_CONST)
				continue;
			if (u[k] == v)
				note(w, t->path[s], "this check is of the value itself, but does not limit it enough");
			else if ((trace_root(t, u[k]) == trace_root(t, v) && t->val[trace_root(t, v)].kind != TV_ARG) ||
				 trace_same_memory(t, u[k], v))
				note_step(w, s, relation(t, s, v, u[k]));
			else
				continue;
			seen++;
		}
	}
	return seen;
}

/* The bytes that a helper may be given behind its memory argument; -1: not known. */
static s64 room_of(const struct reg *mem)
{
	switch (T_BASE(mem->type)) {
	case T_STACK: return mem->off < 0 ? -mem->off : 0;
	case T_MAP_VALUE: return mem->map ? (s64)mem->map->value_size - mem->off : -1;
	case T_MEM: return (s64)mem->mem_size - mem->off;
	default: return -1;
	}
}

static void why_size(struct why *w)
{
	s64 room = w->culprit > 1 ? room_of(&cur_regs(w->e)[w->culprit - 1]) : -1;
	u32 seen = weigh_number_checks(w, w->v);
	char range[96], need[64] = "";

	explain_range(w->p, range, sizeof(range));
	if (room >= 0)
		snprintf(need, sizeof(need), "; it must be at most %lld", (long long)room);
	FIX("The size is %s%s. Limit the very variable that is passed, and make it unsigned: if (n > %lld) n = %lld;%s", range,
	    need, (long long)(room > 0 ? room : 64), (long long)(room > 0 ? room : 64),
	    seen ? " Where the compiler checks a copy, a mask (n &= MAX - 1) right before the call ties them." : "");
}

/* "table (64 elements of 8 bytes)": the global variable at this place of a map's value; "" when there is none. */
static void variable_at(const struct reg *p, char *out, size_t size, u32 *ret_elem, u32 *ret_count)
{
	const struct map_desc *m = T_BASE(p->type) == T_MAP_VALUE ? p->map : NULL; /* other pointers have other things there */
	const struct btf_type *t = m && m->btf ? btf_type(m->btf, m->btf_value) : NULL;

	*out = '\0';
	*ret_elem = *ret_count = 0;
	if (!t || btf_kind_of(t) != BTF_KIND_DATASEC)
		return;
	for (u32 k = 0; k < btf_vlen_of(t); k++) {
		const struct btf_var_secinfo *s = &btf_secinfos_of(t)[k];
		const struct btf_type *var = btf_type(m->btf, s->type), *a;
		if (p->off < (s32)s->offset || p->off >= (s32)(s->offset + s->size) || !var)
			continue;
		snprintf(out, size, "%s", btf_type_name(m->btf, s->type));
		a = btf_type(m->btf, btf_skip_mods(m->btf, var->type));
		if (a && btf_kind_of(a) == BTF_KIND_ARRAY) {
			*ret_count = btf_array_of(a)->nelems;
			*ret_elem = *ret_count ? s->size / *ret_count : 0;
		}
		return;
	}
}

static void why_bounds(struct why *w)
{
	u32 size = T_BASE(w->p->type) == T_MAP_VALUE && w->p->map ? w->p->map->value_size : w->p->mem_size, elem, count;
	struct tptr at = trace_pointer(w->t, w->v);
	char range[96], name[64];

	if (T_BASE(w->p->type) != T_MAP_VALUE && T_BASE(w->p->type) != T_MEM)
		return;
	if (tnum_is_const(w->p->var)) {
		FIX("The access ends at byte %d and the object has %u. Check the structure's size against the map's value_size.",
		    w->p->off + w->i->off + ins_info(w->i)->size, size);
		return;
	}
	if (at.var) {
		note_step(w, at.var_step, "the index is added here");
		weigh_number_checks(w, at.var);
		if (trace_root(w->t, at.var) != at.var)
			weigh_number_checks(w, trace_root(w->t, at.var));
	}
	explain_range(w->p, range, sizeof(range));
	variable_at(w->p, name, sizeof(name), &elem, &count);
	if (w->p->smin < 0)
		FIX("The index may be negative (the offset is %s). Make it unsigned, or check it from below too.", range);
	else if (count)
		FIX("%s has %u elements of %u bytes, and the offset added is %s: the first index that does not fit is %u. Before the access: if "
		    "(i >= %u) return ...;",
		    name, count, elem, range, count, count);
	else
		FIX("The offset added is %s, and the object has %u bytes. Check the index against the number of elements, in the same variable "
		    "that is used: if (i >= N) return ...;",
		    range, size);
}

static void why_math(struct why *w)
{
	u32 number = ins_info(w->i)->has_imm ? 0 : w->t->len ? w->t->step[w->t->len - 1].src : 0;
	const struct reg *n = ins_info(w->i)->has_imm ? w->p : &cur_regs(w->e)[w->i->src];
	char range[96];

	if (T_BASE(n->type) != T_SCALAR && !ins_info(w->i)->has_imm) { /* number += pointer */
		number = w->t->len ? w->t->step[w->t->len - 1].dst : 0;
		n = &cur_regs(w->e)[w->i->dst];
	}
	explain_range(n, range, sizeof(range));
	weigh_number_checks(w, number);
	FIX("The index is %s. It comes from a signed variable, or was never limited: make it unsigned (__u32, __u64) and check it against "
	    "the number of elements before it is used.",
	    range);
}

/* ---- work and loops ---- */
static void why_work(struct why *w)
{
	const struct explain_work *k = w->work;
	u32 shown[3];

	for (u32 n = 0; k && k->visits && n < 3; n++) {
		u32 best = U32_MAX;
		for (u32 i = 0; i < w->e->n; i++) {
			bool told = ins_class(&w->e->ins[i]) != IC_JCC || !k->visits[i];
			for (u32 m = 0; m < n; m++)
				told |= shown[m] == i;
			if (!told && (best == U32_MAX || k->visits[i] > k->visits[best]))
				best = i;
		}
		if (best == U32_MAX)
			break;
		shown[n] = best;
		note(w, best, "this branch was walked %u times%s%s", k->visits[best], n || !*k->differs ? "" : "; ",
		     n ? "" : k->differs);
	}
	FIX("The limit is on the work of verifying (instructions walked over all paths), not on the size of the program. A loop whose "
	    "rounds differ is walked round by round: use bpf_loop(), bpf_for() or a function that is not inlined (__noinline, not static), or "
	    "mask what differs so that rounds look alike.");
}

static void why_loop(struct why *w)
{
	const struct trace *t = w->t;
	u32 from = U32_MAX;

	for (u32 s = t->len - 1; s-- > 0 && from == U32_MAX;)
		if (t->path[s] == w->insn)
			from = s;
	if (from == U32_MAX)
		return;
	for (u32 s = from; s < t->len; s++) {
		const struct tval *x;
		if (!is_jump(t, s))
			continue;
		x = &t->val[trace_root(t, t->step[s].dst)];
		note(w, t->path[s], "this way out of the loop depends on %s, which no round changes",
		     x->kind == TV_LOAD && !x->field ? "memory that is read" : x->kind == TV_CONST ? "a constant" : "a value");
	}
	if (!w->r->nnotes)
		note(w, w->insn, "no branch leads out of this loop");
	FIX("Count the rounds in a variable that is compared with a constant (for (i = 0; i < N; i++)), or use bpf_loop(), bpf_for() or "
	    "may_goto (cond_break), which end by themselves.");
}

static void why_back_edge(struct why *w)
{
	FIX("Loops are for callers with CAP_BPF: unroll it (#pragma unroll), or load with more privilege.");
}

/* ---- contexts ---- */
static const char *struct_name(const struct ctx_spec *c)
{
	return c && c->uapi && *c->uapi ? c->uapi : "context";
}

static void why_moved(struct why *w)
{
	const struct ctx_spec *c = w->e->type->ctx;
	const struct ctx_field *f =
		T_BASE(w->p->type) == T_CTX && c ? ctx_field_at(c, (u32)(w->p->off + w->i->off), w->e->in->prog_type) : NULL;
	const struct tval *x = &w->t->val[w->v];

	if (x->kind == TV_ADD)
		note_step(w, x->step, "here the pointer is moved");
	if (f)
		note(w, w->insn, "the field meant is %s of struct %s", f->name, struct_name(c));
	FIX("Access fields by the pointer as it was given. Where the compiler folds the offset into it, read the field into a local "
	    "variable first, or keep the pointer opaque: asm volatile(\"\" : \"+r\"(ctx));");
}

static void list_types(progset set, char *out, size_t size)
{
	u32 n = 0;
	size_t used = 0;

	*out = '\0';
	for (u32 i = 0; i < UAPI_PROG_TYPES; i++) {
		if (!(set & PT_BIT(i)) || !progtype_spec[i].name)
			continue;
		if (++n > 8) {
			snprintf(out + used, size - used, "...");
			return;
		}
		used += (size_t)snprintf(out + used, size - used, "%s%s", n > 1 ? ", " : "", progtype_spec[i].name);
		if (used >= size)
			return;
	}
}

/* The field of any program type at this offset. */
static const struct ctx_field *any_field(const struct ctx_spec *c, u32 off)
{
	for (u32 i = 0; i < c->nfields; i++) {
		const struct ctx_field *f = &c->fields[i];
		u32 count = f->count ? f->count : 1;
		if (off >= f->off && off < f->off + f->size * count)
			return f;
	}
	return NULL;
}

static void why_ctx(struct why *w)
{
	const struct ctx_spec *c = w->e->type->ctx;
	bool write = ins_class(w->i) == IC_ST || ins_class(w->i) == IC_STX;
	const struct ctx_field *f, *other;
	char types[160];
	int off, size;

	if (!c || c->raw_args || sscanf(w->r->message, "invalid bpf_context access off=%d size=%d", &off, &size) != 2 || off < 0)
		return;
	f = ctx_field_at(c, (u32)off, w->e->in->prog_type);
	other = any_field(c, (u32)off);
	if (!f && other) {
		list_types(other->progs, types, sizeof(types));
		FIX("Offset %d of struct %s is %s, which programs of type %s may not touch; these may: %s.", off,
		    struct_name(c), other->name, w->e->type->name, types);
	} else if (!f) {
		FIX("struct %s has no field at offset %d (it has %u bytes); `skep progtypes -v %s` lists its fields.",
		    struct_name(c), off, c->size, w->e->type->name);
	} else if (write && !(f->access & CF_W)) {
		FIX("%s of struct %s is read-only for programs of type %s.", f->name, struct_name(c), w->e->type->name);
	} else if (write && !(f->writers & PT_BIT(w->e->in->prog_type))) {
		list_types(f->writers, types, sizeof(types));
		FIX("%s of struct %s can be written by these program types only: %s.", f->name, struct_name(c), types);
	} else if (!write && !(f->access & CF_R)) {
		FIX("%s of struct %s cannot be read, only written.", f->name, struct_name(c));
	} else if ((u32)size != f->size) {
		FIX("%s of struct %s has %u bytes, and %d are %s at offset %d: access it whole%s.", f->name, struct_name(c),
		    f->size, size, write ? "written" : "read", off, f->access & CF_NARROW ? ", or an aligned part of it" : "");
	} else {
		FIX("%s of struct %s may not be touched so at this attach point or privilege.", f->name, struct_name(c));
	}
}

/* ---- the stack ---- */
static void why_hole(struct why *w)
{
	const struct frame *f = w->e->cur->frame[w->e->cur->curframe];
	const char *at = strstr(w->r->message, "off "), *reg = strstr(w->r->message, "stack R");
	int off, i, size, last, regno = reg ? atoi(reg + 7) : -1;

	/* "... stack off -8+4 size 8", "... stack R4 off -64+60 size 64" */
	if (!at || sscanf(at, "off %d+%d size %d", &off, &i, &size) != 3)
		return;
	for (last = i; last < size; last++) {
		s32 byte = off + last;
		if (byte >= 0 || (slot_of(byte) < f->nslots && f->stack[slot_of(byte)].type[slot_byte(byte)] != SLOT_INVALID))
			break;
	}
	if (regno >= 0)
		note(w, w->insn,
		     "of the %d bytes that r%d points to, bytes %d to %d (fp%+d to fp%+d) were never written on this path",
		     size, regno, i, last - 1, off + i, off + last - 1);
	else
		note(w, w->insn, "bytes %d to %d of these %d (fp%+d to fp%+d) were never written on this path", i, last - 1,
		     size, off + i, off + last - 1);
	if (last - i < 8 && last - i < size)
		FIX("These are likely the padding of a structure, which an initialiser leaves alone: __builtin_memset(&x, 0, sizeof(x)) before its "
		    "fields are set writes every byte.");
	else
		FIX("Initialise the variable on every path that leads here: = {}, or __builtin_memset(&x, 0, sizeof(x)).");
}

static void why_stack(struct why *w)
{
	u32 biggest = 0;

	for (u32 i = 0; i < w->e->nsubs; i++) {
		const struct subprog *s = &w->e->subs[i];
		if (!s->stack_depth)
			continue;
		note(w, s->start, "%s uses %u bytes", s->name ? s->name : i ? "a function" : "the program", s->stack_depth);
		if (s->stack_depth > w->e->subs[biggest].stack_depth)
			biggest = i;
	}
	FIX("Functions that call each other share %d bytes. Move the large variables of %s to a per-CPU array map with one element, or into the "
	    "caller's hands.",
	    MAX_STACK, w->e->subs[biggest].name ? w->e->subs[biggest].name : "the largest function");
}

static void why_unread(struct why *w)
{
	const struct tval *x = &w->t->val[w->v];
	const struct helper_spec *h;

	if (w->v && x->kind == TV_LOST) {
		h = trace_helper(w->t, x->step);
		note(w, w->t->path[x->step], "this call of %s%s destroys r1 to r5", h ? "bpf_" : "a function", h ? h->name : "");
		FIX("Keep the value in r6 to r9, or on the stack, across the call. In C: the function lacks an argument, or inline assembler "
		    "does not say what it destroys.");
	} else if (w->culprit == 0 && ins_class(w->i) == IC_EXIT) {
		FIX("The function ends without a result on this path: give every path a return value.");
	} else {
		FIX("The variable has no value on this path: initialise it where it is declared.");
	}
}

/* ---- calls ---- */
static void why_helper(struct why *w)
{
	const struct helper_spec *h = helper_by_id((u32)w->i->imm);
	char types[160];

	if (!h)
		return;
	list_types(h->progs, types, sizeof(types));
	if (!(h->progs & PT_BIT(w->e->in->prog_type)))
		FIX("bpf_%s() is for these program types: %s. This one is %s.", h->name, types, w->e->type->name);
	else if (!caps_grant(w->e->in->caps, h->caps))
		FIX("bpf_%s() needs more privilege than the caller has (CAP_PERFMON, or CAP_BPF).", h->name);
	else
		FIX("bpf_%s() is not for this attach type of %s programs.", h->name, w->e->type->name);
}

static void why_gpl(struct why *w)
{
	const struct helper_spec *h = ins_class(w->i) == IC_CALL ? helper_by_id((u32)w->i->imm) : NULL;

	FIX("%s%s is for GPL-compatible programs. If yours is, say so: char LICENSE[] SEC(\"license\") = \"GPL\"; (\"Dual BSD/GPL\" and "
	    "\"Dual MIT/GPL\" count too).",
	    h ? "bpf_" : "This function", h ? h->name : "");
}

static void why_sleep(struct why *w)
{
	const struct helper_spec *h = ins_class(w->i) == IC_CALL ? helper_by_id((u32)w->i->imm) : NULL;

	FIX("bpf_%s() may sleep. Make the program sleepable where its hook allows it (SEC(\"lsm.s/...\"), SEC(\"fentry.s/...\"), "
	    "SEC(\"uprobe.s\"), SEC(\"syscall\")).", h ? h->name : "this");
}

/* The helpers that give back what this one acquires, "bpf_a() or bpf_b()". */
static void releasers(const struct helper_spec *h, char *out, size_t size)
{
	u32 n = 0;
	size_t used = 0;

	*out = '\0';
	for (u32 i = 1; i < UAPI_HELPERS && used < size; i++) {
		const struct helper_spec *k = &helper_spec[i];
		bool fits = false;
		for (u32 a = 0; k->name && (k->flags & HF_RELEASE) && a < 5; a++)
			fits |= (k->arg[a].flags & AF_RELEASE) &&
				(h->ret == RET_RINGBUF_MEM) == (k->arg[a].kind == ARG_RINGBUF_MEM);
		if (fits && n++ < 2)
			used += (size_t)snprintf(out + used, size - used, "%sbpf_%s()", n > 1 ? " or " : "", k->name);
	}
}

static void why_leak(struct why *w)
{
	const struct vstate *s = w->e->cur;
	char with[96] = "";

	for (u32 i = 0; i < s->nrefs; i++) {
		const struct ref *r = &s->refs[i];
		const struct ins *i_ = &w->e->ins[r->insn < w->e->n ? r->insn : 0];
		const struct helper_spec *h = ins_class(i_) == IC_CALL ? helper_by_id((u32)i_->imm) : NULL;
		if (r->kind != REF_PTR || r->insn >= w->e->n)
			continue;
		note(w, r->insn, "%s%s%s acquired it here", h ? "bpf_" : "a kfunc", h ? h->name : "", h ? "()" : "");
		if (h && !*with)
			releasers(h, with, sizeof(with));
	}
	FIX("Give it back on this path too, before it returns%s%s. The decisions below lead here.", *with ? ": " : "", with);
}

static void why_return(struct why *w)
{
	s32 lo, hi;

	if (strstr(w->r->message, "At program exit") && progtype_ret_range(w->e->in->prog_type, w->e->in->attach_type, &lo, &hi))
		FIX("A program of type %s must return %d to %d: set the result on every path, and mask what is computed.",
		    w->e->type->name, lo, hi);
	else if (strstr(w->r->message, "callback"))
		FIX("A callback returns 0 to go on, or 1 to stop.");
}

/* ---- which function for which rejection ---- */
static void (*const why_of[REJ_COUNT])(struct why *w) = {
#define WHY(id, fn) [REJ_##id] = why_##fn,
#include "verifier/explain_why.def"
#undef WHY
};

/* Explanations that look at a register need one. */
static bool needs_register(void (*fn)(struct why *w))
{
	return fn == why_packet || fn == why_memory || fn == why_size || fn == why_bounds || fn == why_moved;
}

void explain_why(struct vf_env *e, struct vf_report *r, const struct trace *t, const struct explain_work *work, u32 insn,
		 u32 culprit)
{
	struct why w = { .e = e, .r = r, .t = t, .work = work, .insn = insn, .culprit = culprit, .i = &e->ins[insn] };
	void (*fn)(struct why *w) = r->id < REJ_COUNT ? why_of[r->id] : NULL;

	if (!fn || !t->len)
		return;
	if (culprit <= 10) {
		w.p = &cur_regs(e)[culprit];
		w.v = t->now[culprit];
	}
	if (w.p || !needs_register(fn))
		fn(&w);
}
