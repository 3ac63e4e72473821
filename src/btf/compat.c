/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are two types, each in its own BTF, the same for CO-RE? Three degrees: of the same essential name,
 * compatible (kinds agree down to structs), matching (members agree too).
 *
 * Invariant: recursion is bounded by a level, chains of pointers and arrays by 32 steps; beyond them the
 * answer is -EINVAL. Comparing members is quadratic: after enough names no further one matches.
 */
#include "btf/priv.h"

#define NAMES_MAX 4000000u

/* "task_struct___old" counts as "task_struct". */
size_t btf_essential_len(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = n < 5 ? 0 : n - 4; i-- > 0;)
		if (s[i] != '_' && s[i + 1] == '_' && s[i + 2] == '_' && s[i + 3] == '_' && s[i + 4] != '_')
			return i + 1;
	return n;
}

bool btf_same_name(const char *a, const char *b)
{
	size_t n = btf_essential_len(a);

	return n == btf_essential_len(b) && !strncmp(a, b, n);
}

static bool is_enum(const struct btf_type *t)
{
	return btf_kind_of(t) == BTF_KIND_ENUM || btf_kind_of(t) == BTF_KIND_ENUM64;
}

/* Enum and enum64 are one. */
static bool btf_same_kind(const struct btf_type *a, const struct btf_type *b)
{
	return btf_kind_of(a) == btf_kind_of(b) || (is_enum(a) && is_enum(b));
}

static bool plain_ints(const struct btf_type *a, const struct btf_type *b)
{
	return !BTF_INT_OFFSET(btf_int_of(a)) && !BTF_INT_OFFSET(btf_int_of(b));
}

/* A pair of types, modifiers skipped. */
struct pair {
	const struct btf *lb, *tb;
	u32 l, t;
	const struct btf_type *lt, *tt;
	u32 *names; /* left to be compared; only match() counts */
};

static struct pair pair_of(const struct btf *lb, u32 l, const struct btf *tb, u32 t, u32 *names)
{
	struct pair p = {
		.lb = lb, .tb = tb, .l = btf_skip_mods(lb, l), .t = btf_skip_mods(tb, t), .names = names
	};

	p.lt = btf_type(lb, p.l);
	p.tt = btf_type(tb, p.t);
	return p;
}

static struct pair pair_to(const struct pair *p, u32 l, u32 t)
{
	return pair_of(p->lb, l, p->tb, t, p->names);
}

/* ---- fields ---- */

int btf_fields_compat(const struct btf *lb, u32 l, const struct btf *tb, u32 t)
{
	struct pair p = pair_of(lb, l, tb, t, NULL);
	const char *ln, *tn;

	for (;;) {
		if (btf_is_composite(p.lt) && btf_is_composite(p.tt))
			return 1;
		if (!btf_same_kind(p.lt, p.tt))
			return 0;
		switch (btf_kind_of(p.lt)) {
		case BTF_KIND_PTR:
		case BTF_KIND_FLOAT:
			return 1;
		case BTF_KIND_FWD:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
			ln = btf_str(lb, p.lt->name_off);
			tn = btf_str(tb, p.tt->name_off);
			return !*ln || !*tn || btf_same_name(ln, tn);
		case BTF_KIND_INT:
			return plain_ints(p.lt, p.tt);
		case BTF_KIND_ARRAY:
			p = pair_to(&p, btf_array_of(p.lt)->type, btf_array_of(p.tt)->type);
			break;
		default:
			return 0;
		}
	}
}

/* ---- compatible types ---- */

static int compat(struct pair p, int level);

static int params_compat(const struct pair *p, int level)
{
	const struct btf_param *l = btf_params_of(p->lt), *t = btf_params_of(p->tt);

	if (btf_vlen_of(p->lt) != btf_vlen_of(p->tt))
		return 0;
	for (u32 i = 0; i < btf_vlen_of(p->lt); i++) {
		struct pair arg = pair_to(p, l[i].type, t[i].type);
		int got = level <= 0 ? -EINVAL : compat(arg, level - 1);

		if (got <= 0)
			return got;
	}
	return 1;
}

static int compat(struct pair p, int level)
{
	int got;

	for (u32 depth = 0; depth < BTF_DEPTH_MAX; depth++) {
		if (!btf_same_kind(p.lt, p.tt))
			return 0;
		switch (btf_kind_of(p.lt)) {
		case BTF_KIND_UNKN:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FWD:
			return 1;
		case BTF_KIND_INT:
			return plain_ints(p.lt, p.tt);
		case BTF_KIND_PTR:
			p = pair_to(&p, p.lt->type, p.tt->type);
			break;
		case BTF_KIND_ARRAY:
			p = pair_to(&p, btf_array_of(p.lt)->type, btf_array_of(p.tt)->type);
			break;
		case BTF_KIND_FUNC_PROTO:
			got = params_compat(&p, level);
			if (got <= 0)
				return got;
			p = pair_to(&p, p.lt->type, p.tt->type);
			break;
		default:
			return 0;
		}
	}
	return -EINVAL;
}

int btf_types_compat(const struct btf *lb, u32 l, const struct btf *tb, u32 t)
{
	/* At the root even modifiers have to agree. */
	if (!btf_same_kind(btf_type(lb, l), btf_type(tb, t)))
		return 0;
	return compat(pair_of(lb, l, tb, t, NULL), BTF_CORE_LEVELS);
}

/* ---- matching types ---- */

static int match(struct pair p, bool behind_ptr, int level);

static bool names_match(const struct pair *p, u32 l_off, u32 t_off)
{
	const char *l = btf_str(p->lb, l_off), *t = btf_str(p->tb, t_off);

	if (!*p->names)
		return false;
	--*p->names;
	return *t ? btf_same_name(l, t) : !*l;
}

static u32 enumerator_name(const struct btf_type *t, u32 i)
{
	return btf_kind_of(t) == BTF_KIND_ENUM ? btf_enums_of(t)[i].name_off : btf_enums64_of(t)[i].name_off;
}

static int enums_match(const struct pair *p)
{
	u32 nl = btf_vlen_of(p->lt), nt = btf_vlen_of(p->tt), k;

	if (!is_enum(p->tt) || p->lt->size != p->tt->size || nl > nt)
		return 0;
	for (u32 i = 0; i < nl; i++) {
		for (k = 0; k < nt; k++)
			if (names_match(p, enumerator_name(p->lt, i), enumerator_name(p->tt, k)))
				break;
		if (k == nt)
			return 0;
	}
	return 1;
}

/* Every local member has a matching one of its name in the target. */
static int members_match(const struct pair *p, bool behind_ptr, int level)
{
	const struct btf_member *l = btf_members_of(p->lt), *t = btf_members_of(p->tt);
	u32 nl = btf_vlen_of(p->lt), nt = btf_vlen_of(p->tt);

	if (nl > nt)
		return 0;
	for (u32 i = 0; i < nl; i++) {
		int got = 0;

		for (u32 k = 0; k < nt && !got; k++)
			if (names_match(p, l[i].name_off, t[k].name_off))
				got = match(pair_to(p, l[i].type, t[k].type), behind_ptr, level - 1);
		if (got <= 0)
			return got;
	}
	return 1;
}

static int params_match(const struct pair *p, bool behind_ptr, int level)
{
	const struct btf_param *l = btf_params_of(p->lt), *t = btf_params_of(p->tt);

	if (btf_vlen_of(p->lt) != btf_vlen_of(p->tt))
		return 0;
	for (u32 i = 0; i < btf_vlen_of(p->lt); i++) {
		int got = match(pair_to(p, l[i].type, t[i].type), behind_ptr, level - 1);

		if (got <= 0)
			return got;
	}
	return 1;
}

/* Behind a pointer a forward declaration stands for the struct or union that its flag says. */
static bool is_forward_of(const struct btf_type *fwd, const struct btf_type *t)
{
	u32 want = btf_kflag_of(fwd) ? BTF_KIND_UNION : BTF_KIND_STRUCT;

	return btf_kind_of(fwd) == BTF_KIND_FWD && btf_kind_of(t) == want;
}

static int match_structs(const struct pair *p, bool behind_ptr, int level)
{
	bool same = btf_kind_of(p->lt) == btf_kind_of(p->tt);

	if (behind_ptr)
		return same || is_forward_of(p->tt, p->lt);
	return same ? members_match(p, behind_ptr, level) : 0;
}

static int match_fwd(const struct pair *p, bool behind_ptr)
{
	if (btf_kind_of(p->tt) == BTF_KIND_FWD)
		return btf_kflag_of(p->lt) == btf_kflag_of(p->tt);
	return behind_ptr && is_forward_of(p->lt, p->tt);
}

static int match_ints(const struct pair *p)
{
	return p->lt->size == p->tt->size &&
	       !((BTF_INT_ENCODING(btf_int_of(p->lt)) ^ BTF_INT_ENCODING(btf_int_of(p->tt))) &
		 BTF_INT_SIGNED);
}

static int match(struct pair p, bool behind_ptr, int level)
{
	int got;

	if (level <= 0)
		return -EINVAL;
	for (u32 depth = 0; depth < BTF_DEPTH_MAX; depth++) {
		u32 kind = btf_kind_of(p.lt);
		bool same = kind == btf_kind_of(p.tt);

		if (!names_match(&p, p.lt->name_off, p.tt->name_off))
			return 0;
		switch (kind) {
		case BTF_KIND_UNKN:
			return same;
		case BTF_KIND_FWD:
			return match_fwd(&p, behind_ptr);
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
			return enums_match(&p);
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			return match_structs(&p, behind_ptr, level);
		case BTF_KIND_INT:
			return same && match_ints(&p);
		case BTF_KIND_PTR:
			if (!same)
				return 0;
			behind_ptr = true;
			p = pair_to(&p, p.lt->type, p.tt->type);
			break;
		case BTF_KIND_ARRAY:
			if (!same || btf_array_of(p.lt)->nelems != btf_array_of(p.tt)->nelems)
				return 0;
			p = pair_to(&p, btf_array_of(p.lt)->type, btf_array_of(p.tt)->type);
			break;
		case BTF_KIND_FUNC_PROTO:
			got = same ? params_match(&p, behind_ptr, level) : 0;
			if (got <= 0)
				return got;
			p = pair_to(&p, p.lt->type, p.tt->type);
			break;
		default:
			return 0;
		}
	}
	return -EINVAL;
}

int btf_types_match(const struct btf *lb, u32 l, const struct btf *tb, u32 t)
{
	u32 names = NAMES_MAX;

	return match(pair_of(lb, l, tb, t, &names), false, BTF_CORE_LEVELS);
}
