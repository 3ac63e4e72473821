/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores into kernel objects: the few fields that btf_write.def names.
 *
 * Invariant: a store goes to one named field of an object of just that type, by a program that the row names; all else is refused.
 */
#include "verifier/kfunc.h"

static const struct writable { const char *who, *type, *path; } writable[] = {
#define W(who, type, path) { #who, #type, path },
#include "verifier/btf_write.def"
};

/* Struct whose functions the program implements, or NULL. */
static const char *struct_ops_name(const struct vf_env *e)
{
	const struct btf *b = e->in->attach_btf ? e->in->attach_btf : e->in->kernel_btf;

	if (e->in->prog_type != BPF_PROG_TYPE_STRUCT_OPS || !b || !e->in->attach_btf_id)
		return NULL;
	return btf_type_name(b, e->in->attach_btf_id);
}

static const char *who_writes(const struct vf_env *e)
{
	switch (e->in->prog_type) {
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_XDP:
		return "PACKET";
	default:
		return struct_ops_name(e);
	}
}

int mem_btf_write(struct vf_env *e, const struct reg *r, s32 off, u32 size)
{
	const char *who = who_writes(e), *type = btf_type_name(r->btf, r->btf_id);
	bool named = false;

	for (u32 i = 0; who && i < ARRAY_SIZE(writable); i++) {
		const struct writable *w = &writable[i];
		u32 at = 0, id;
		s64 len;

		if (strcmp(w->who, who) || strcmp(w->type, type))
			continue;
		named = true;
		id = btf_member_path(r->btf, r->btf_id, w->path, &at);
		len = id ? btf_size_of(r->btf, id) : -1;
		if (len < 0 || (u32)off < at || off >= (s64)at + len)
			continue;
		if ((u32)off != at && btf_kind_of(btf_type(r->btf, id)) != BTF_KIND_ARRAY)
			continue;
		if (off + (s64)size > at + len)
			return reject(e, REJ_BTF_WRITE_BEYOND, off, size, type, (size_t)(at + len));
		return 0;
	}
	return named ? reject(e, REJ_BTF_NO_WRITE, type, off) : reject(e, REJ_BTF_READ_ONLY);
}

/* ---- struct_ops: what BTF does not say ---- */

u32 struct_ops_arg_type(struct vf_env *e, const struct btf *b, u32 id)
{
	static const struct { const char *ops, *from, *to; } rows[] = {
#define P(ops, from, to) { #ops, #from, #to },
#include "verifier/struct_ops.def"
	};
	const char *ops = struct_ops_name(e);
	s32 to;

	for (u32 i = 0; ops && i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].ops, ops) || strcmp(rows[i].from, btf_type_name(b, id)))
			continue;
		to = btf_find(b, rows[i].to, BTF_KIND_STRUCT);
		return to > 0 ? (u32)to : id;
	}
	return id;
}

int struct_ops_takes(const char *ops, const char *member, bool sleepable)
{
	static const struct { const char *ops, *member; } sleepers[] = {
#define S(ops, member) { #ops, #member },
#include "verifier/struct_ops.def"
	};
	static const struct { const char *ops, *member; } rows[] = {
#define U(ops, member) { #ops, #member },
#include "verifier/struct_ops.def"
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].ops, ops) && !strcmp(rows[i].member, member))
			return -ENOTSUPP;
	for (u32 i = 0; sleepable && i < ARRAY_SIZE(sleepers); i++)
		if (!strcmp(sleepers[i].ops, ops) && strcmp(sleepers[i].member, member))
			return -EINVAL;
	return 0;
}
