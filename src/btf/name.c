/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A type's name as C writes it: declarators from the inside out.
 *
 * Invariant: BTF can describe types no page can hold; after 64 steps the rest is "...".
 */
#include "base/str.h"
#include "btf/priv.h"

#define STEPS_MAX 64

struct namer {
	const struct btf *b;
	u32 steps;
};

static void declare(struct namer *n, struct str *out, u32 id, const char *inner);

static void put_base(struct str *out, const char *keyword, const char *name, const char *inner)
{
	str_puts(out, keyword);
	str_puts(out, *name ? name : "{...}");
	if (*inner) {
		str_putc(out, ' ');
		str_puts(out, inner);
	}
}

/* "(" "*inner" ")" where * would bind the wrong way */
static void declare_ptr(struct namer *n, struct str *out, u32 to, const char *inner)
{
	u32 kind = btf_kind_of(btf_type(n->b, btf_skip_mods(n->b, to)));
	bool wrap = kind == BTF_KIND_ARRAY || kind == BTF_KIND_FUNC_PROTO;
	struct str s = { 0 };

	str_printf(&s, wrap ? "(*%s)" : "*%s", inner);
	declare(n, out, to, str_text(&s));
	str_free(&s);
}

/* Qualifiers stand behind the * of a pointer and before anything else. */
static void declare_mod(struct namer *n, struct str *out, const struct btf_type *t, const char *inner)
{
	u32 kind = btf_kind_of(t);
	const char *word = kind == BTF_KIND_CONST      ? "const"
			   : kind == BTF_KIND_VOLATILE ? "volatile"
						       : "restrict";
	const struct btf_type *to = btf_type(n->b, t->type);
	struct str s = { 0 };

	if (kind == BTF_KIND_TYPE_TAG) {
		declare(n, out, t->type, inner);
		return;
	}
	while (btf_is_mod(to) && btf_kind_of(to) != BTF_KIND_TYPEDEF)
		to = btf_type(n->b, to->type);
	if (btf_kind_of(to) == BTF_KIND_PTR) {
		str_printf(&s, "%s%s%s", word, *inner ? " " : "", inner);
		declare(n, out, t->type, str_text(&s));
		str_free(&s);
		return;
	}
	str_printf(out, "%s ", word);
	declare(n, out, t->type, inner);
}

static void declare_proto(struct namer *n, struct str *out, const struct btf_type *t, const char *inner)
{
	const struct btf_param *p = btf_params_of(t);
	struct str s = { 0 };

	str_printf(&s, "%s(", inner);
	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		if (i)
			str_puts(&s, ", ");
		if (p[i].type)
			declare(n, &s, p[i].type, btf_str(n->b, p[i].name_off));
		else
			str_puts(&s, "...");
	}
	str_puts(&s, btf_vlen_of(t) ? ")" : "void)");
	declare(n, out, t->type, str_text(&s));
	str_free(&s);
}

static void declare(struct namer *n, struct str *out, u32 id, const char *inner)
{
	const struct btf_type *t = btf_type(n->b, id);
	const char *name = t ? btf_str(n->b, t->name_off) : "";
	struct str s = { 0 };

	if (!t || n->steps++ >= STEPS_MAX) {
		put_base(out, "", "...", inner);
		return;
	}
	switch (btf_kind_of(t)) {
	case BTF_KIND_UNKN:
		put_base(out, "", "void", inner);
		break;
	case BTF_KIND_STRUCT:
		put_base(out, "struct ", name, inner);
		break;
	case BTF_KIND_UNION:
		put_base(out, "union ", name, inner);
		break;
	case BTF_KIND_FWD:
		put_base(out, btf_kflag_of(t) ? "union " : "struct ", name, inner);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		put_base(out, "enum ", name, inner);
		break;
	case BTF_KIND_PTR:
		declare_ptr(n, out, t->type, inner);
		break;
	case BTF_KIND_ARRAY:
		str_printf(&s, "%s[%u]", inner, btf_array_of(t)->nelems);
		declare(n, out, btf_array_of(t)->type, str_text(&s));
		str_free(&s);
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		declare_mod(n, out, t, inner);
		break;
	case BTF_KIND_FUNC_PROTO:
		declare_proto(n, out, t, inner);
		break;
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
		declare(n, out, t->type, name);
		break;
	default:
		put_base(out, "", name, inner);
		break; /* int, float, typedef, datasec, decl tag */
	}
}

void btf_dump_type_name(struct str *out, const struct btf *b, u32 id)
{
	struct namer n = { .b = b };

	declare(&n, out, id, "");
}
