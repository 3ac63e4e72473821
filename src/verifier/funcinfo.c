/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * func_info and line_info: which BTF function each subprogram is, and which source line each instruction
 * comes from.
 *
 * Invariant: afterwards subs[].func_id, name and global are set for every subprogram when there is func_info,
 * and proof->lines is sorted by instruction with a line for the start of each subprogram.
 */
#include "verifier/env.h"

#define MAX_REC 252

/* One record, cut or zero-filled to `want` bytes. -E2BIG when the tail that is not known to us holds
 * something. */
static int read_record(const void *recs, u32 size, u32 i, void *out, u32 want)
{
	const u8 *p = (const u8 *)recs + (size_t)i * size;

	memset(out, 0, want);
	memcpy(out, p, MIN(size, want));
	for (u32 k = want; k < size; k++)
		if (p[k])
			return -E2BIG;
	return 0;
}

/* Without BTF nobody vouches that a subprogram returns an int, as LD_ABS and tail calls need. */
static int check_abnormal_return(struct vf_env *e)
{
	for (u32 i = 1; i < e->nsubs; i++) {
		if (e->subs[i].has_ld_abs)
			return reject(e, REJ_LDABS_NO_BTF);
		if (e->subs[i].has_tail_call)
			return reject(e, REJ_TAIL_CALL_NO_BTF);
	}
	return 0;
}

int funcinfo_early(struct vf_env *e)
{
	const struct vf_input *in = e->in;
	u32 size = in->func_info_rec;

	if (!in->func_info_cnt && !in->line_info_cnt)
		return 0;
	if (!in->btf)
		return -EINVAL;
	if (btf_is_kernel(in->btf))
		return -EACCES;
	if (!in->func_info_cnt)
		return 0;
	if (size < 8 || size > MAX_REC || size % 4)
		return reject(e, REJ_FUNC_INFO_SIZE, size);
	e->func_info = ARENA_ARRAY(&e->arena, struct bpf_func_info, in->func_info_cnt);
	for (u32 i = 0; i < in->func_info_cnt; i++) {
		struct bpf_func_info *fi = &e->func_info[i];
		const struct btf_type *t;

		if (read_record(in->func_info, size, i, fi, sizeof(*fi)))
			return reject(e, REJ_FUNC_INFO_TAIL);
		if (!i && fi->insn_off)
			return reject(e, REJ_FUNC_INFO_FIRST, fi->insn_off);
		if (i && fi->insn_off <= fi[-1].insn_off)
			return reject(e, REJ_FUNC_INFO_ORDER, fi->insn_off, fi[-1].insn_off);
		t = btf_type(in->btf, fi->type_id);
		if (!t || !fi->type_id || btf_kind_of(t) != BTF_KIND_FUNC)
			return reject(e, REJ_FUNC_INFO_TYPE, fi->type_id);
	}
	e->nfunc_info = in->func_info_cnt;
	return 0;
}

static bool returns_int(const struct btf *b, u32 func)
{
	const struct btf_type *proto = btf_type(b, btf_type(b, func)->type);
	const struct btf_type *ret = btf_type(b, btf_skip_mods(b, proto->type));

	switch (btf_kind_of(ret)) {
	case BTF_KIND_INT:
		return ret->size <= 8;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return true;
	default:
		return false;
	}
}

static int check_funcs(struct vf_env *e)
{
	if (!e->nfunc_info)
		return check_abnormal_return(e);
	if (e->nfunc_info != e->nsubs)
		return reject(e, REJ_FUNC_INFO_COUNT);
	for (u32 i = 0; i < e->nsubs; i++) {
		struct subprog *s = &e->subs[i];
		const struct btf_type *t = btf_type(e->in->btf, e->func_info[i].type_id);

		if (s->start != e->func_info[i].insn_off)
			return reject(e, REJ_FUNC_INFO_LAYOUT);
		s->func_id = e->func_info[i].type_id;
		s->name = btf_str(e->in->btf, t->name_off);
		s->global = btf_vlen_of(t) == BTF_FUNC_GLOBAL;
		if (!i || returns_int(e->in->btf, s->func_id))
			continue;
		if (s->has_ld_abs)
			return reject(e, REJ_LDABS_RETURN);
		if (s->has_tail_call)
			return reject(e, REJ_TAIL_CALL_RETURN);
	}
	return 0;
}

static bool valid_string(const struct btf *b, u32 off)
{
	u32 size;
	const struct btf_header *h = btf_raw(b, &size);

	return btf_base(b) || (h && off < h->str_len);
}

static int check_lines(struct vf_env *e)
{
	const struct vf_input *in = e->in;
	struct bpf_line_info li;
	u32 size = in->line_info_rec, sub = 0, prev = 0;

	if (!in->line_info_cnt)
		return 0;
	if (size < 16 || size > MAX_REC || size % 4)
		return -EINVAL;
	e->proof->lines = ARENA_ARRAY(&e->proof->arena, struct btf_line, in->line_info_cnt);
	for (u32 i = 0; i < in->line_info_cnt; i++) {
		if (read_record(in->line_info, size, i, &li, sizeof(li)))
			return reject(e, REJ_LINE_INFO_TAIL);
		if ((i && li.insn_off <= prev) || li.insn_off >= e->n)
			return reject(e, REJ_LINE_INFO_ORDER, i, li.insn_off, prev, e->n);
		if (!in->insns[li.insn_off].code)
			return reject(e, REJ_LINE_INFO_CODE, i);
		if (!valid_string(in->btf, li.line_off) || !valid_string(in->btf, li.file_name_off))
			return reject(e, REJ_LINE_INFO_STR, i);
		if (sub < e->nsubs) {
			if (li.insn_off == e->subs[sub].start)
				sub++;
			else if (e->subs[sub].start < li.insn_off)
				return reject(e, REJ_LINE_INFO_FUNC, sub);
		}
		prev = li.insn_off;
		e->proof->lines[i] = (struct btf_line){ .insn_off = li.insn_off,
							.file = btf_str(in->btf, li.file_name_off),
							.text = btf_str(in->btf, li.line_off),
							.line = BPF_LINE_INFO_LINE_NUM(li.line_col),
							.col = BPF_LINE_INFO_LINE_COL(li.line_col) };
	}
	if (sub != e->nsubs)
		return reject(e, REJ_LINE_INFO_FUNCS, e->nsubs - sub, sub);
	e->proof->nlines = in->line_info_cnt;
	return 0;
}

int pass_funcinfo(struct vf_env *e)
{
	int err = check_funcs(e);

	return err ? err : check_lines(e);
}
