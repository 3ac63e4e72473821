/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of BTF_LOAD, in Linux's text: a line a type, a tabbed line a member, the reason at the end of the
 * line.
 *
 * Invariant: no printed piece exceeds 1,023 characters, as in Linux, whatever the length of a name.
 */
#include <stdio.h>

#include "btf/priv.h"

#define PIECE 1024

static void vsay(struct btf_check *c, const char *fmt, va_list ap)
{
	char text[PIECE];

	vsnprintf(text, sizeof(text), fmt, ap);
	log_printf(c->log, "%s", text);
}

void btf_say(struct btf_check *c, const char *fmt, ...)
{
	va_list ap;

	if (!log_on(c->log))
		return;
	va_start(ap, fmt);
	vsay(c, fmt, ap);
	va_end(ap);
}

static const char *encoding_name(u32 encoding)
{
	switch (encoding) {
	case 0:
		return "(none)";
	case BTF_INT_SIGNED:
		return "SIGNED";
	case BTF_INT_CHAR:
		return "CHAR";
	case BTF_INT_BOOL:
		return "BOOL";
	default:
		return "UNKN";
	}
}

static void say_proto(struct btf_check *c, const struct btf_type *t)
{
	const struct btf_param *p = btf_params_of(t);
	u32 n = btf_vlen_of(t);

	btf_say(c, "return=%u args=(", t->type);
	if (!n)
		btf_say(c, "void");
	for (u32 i = 0; i < n; i++) {
		/* Only the last may be "..."; a void before it is listed as any other. */
		if (i == n - 1 && !p[i].type)
			btf_say(c, "%svararg", i ? ", " : "");
		else
			btf_say(c, "%s%u %s", i ? ", " : "", p[i].type, btf_log_name(c->b, p[i].name_off));
	}
	btf_say(c, ")");
}

static void say_details(struct btf_check *c, const struct btf_type *t)
{
	const struct btf_array *a = btf_array_of(t);
	u32 d;

	switch (btf_kind_of(t)) {
	case BTF_KIND_INT:
		d = btf_int_of(t);
		btf_say(c, "size=%u bits_offset=%u nr_bits=%u encoding=%s", t->size, BTF_INT_OFFSET(d),
			BTF_INT_BITS(d), encoding_name(BTF_INT_ENCODING(d)));
		break;
	case BTF_KIND_ARRAY:
		btf_say(c, "type_id=%u index_type_id=%u nr_elems=%u", a->type, a->index_type, a->nelems);
		break;
	case BTF_KIND_FWD:
		btf_say(c, "%s", btf_kflag_of(t) ? "union" : "struct");
		break;
	case BTF_KIND_FUNC_PROTO:
		say_proto(c, t);
		break;
	case BTF_KIND_VAR:
		btf_say(c, "type_id=%u linkage=%u", t->type, btf_var_of(t)->linkage);
		break;
	case BTF_KIND_DECL_TAG:
		btf_say(c, "type=%u component_idx=%d", t->type, btf_decl_tag_of(t)->component_idx);
		break;
	case BTF_KIND_FLOAT:
		btf_say(c, "size=%u", t->size);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_DATASEC:
		btf_say(c, "size=%u vlen=%u", t->size, btf_vlen_of(t));
		break;
	default:
		btf_say(c, "type_id=%u", t->type);
		break;
	}
}

/* `why` NULL: only the listing. */
static void type_line(struct btf_check *c, const struct btf_type *t, bool details, const char *why,
		      va_list *ap)
{
	if (!log_on(c->log))
		return;
	btf_say(c, "[%u] %s %s%s", c->log_id, btf_kind_row[btf_kind_of(t)].name,
		btf_log_name(c->b, t->name_off), details ? " " : "");
	if (details)
		say_details(c, t);
	if (why) {
		btf_say(c, " ");
		vsay(c, why, *ap);
	}
	btf_say(c, "\n");
}

void btf_log_type(struct btf_check *c, const struct btf_type *t)
{
	type_line(c, t, true, NULL, NULL);
}

int btf_bad_type(struct btf_check *c, const struct btf_type *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	type_line(c, t, true, fmt, &ap);
	va_end(ap);
	return -EINVAL;
}

int btf_bad_basic(struct btf_check *c, const struct btf_type *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	type_line(c, t, false, fmt, &ap);
	va_end(ap);
	return -EINVAL;
}

/* In the second pass the member's struct was listed long ago: name it again. */
static void member_line(struct btf_check *c, const struct btf_type *t, const struct btf_member *m,
			const char *why, va_list *ap)
{
	if (!log_on(c->log))
		return;
	if (c->resolving)
		btf_log_type(c, t);
	if (btf_kflag_of(t))
		btf_say(c, "\t%s type_id=%u bitfield_size=%u bits_offset=%u", btf_log_name(c->b, m->name_off),
			m->type, BTF_MEMBER_BITFIELD_SIZE(m->offset), BTF_MEMBER_BIT_OFFSET(m->offset));
	else
		btf_say(c, "\t%s type_id=%u bits_offset=%u", btf_log_name(c->b, m->name_off), m->type,
			m->offset);
	if (why) {
		btf_say(c, " ");
		vsay(c, why, *ap);
	}
	btf_say(c, "\n");
}

void btf_log_member(struct btf_check *c, const struct btf_type *t, const struct btf_member *m)
{
	member_line(c, t, m, NULL, NULL);
}

int btf_bad_member(struct btf_check *c, const struct btf_type *t, const struct btf_member *m, const char *fmt,
		   ...)
{
	va_list ap;

	va_start(ap, fmt);
	member_line(c, t, m, fmt, &ap);
	va_end(ap);
	return -EINVAL;
}

static void secinfo_line(struct btf_check *c, const struct btf_type *t, const struct btf_var_secinfo *s,
			 const char *why)
{
	if (!log_on(c->log))
		return;
	if (c->resolving)
		btf_log_type(c, t);
	btf_say(c, "\t type_id=%u offset=%u size=%u%s%s\n", s->type, s->offset, s->size, why ? " " : "",
		why ? why : "");
}

void btf_log_secinfo(struct btf_check *c, const struct btf_type *t, const struct btf_var_secinfo *s)
{
	secinfo_line(c, t, s, NULL);
}

int btf_bad_secinfo(struct btf_check *c, const struct btf_type *t, const struct btf_var_secinfo *s,
		    const char *why)
{
	secinfo_line(c, t, s, why);
	return -EINVAL;
}
