/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CO-RE: a relocation names a field, type or enumerator of the program's own BTF; it is looked up in the
 * target's BTF by name, and the instruction gets the target's value. What is not there makes the instruction
 * a call nobody can make, so that only programs that reach it are refused.
 *
 * Invariant: all candidates (structs of the same name up to a ___flavor) that fit agree on the value, or
 * nothing is patched.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "btf/priv.h"

#define SPEC_MAX   64
#define LOOK_MAX   1000000u  /* anonymous structs in anonymous structs multiply */
#define POISON_IMM 195896080 /* 0xbad2310: "bad relo" */

enum about { ABOUT_FIELD, ABOUT_TYPE, ABOUT_ENUMERATOR };
enum {
#define C(id, text, about) CORE_##id,
#include "btf/core.def"
	CORE_KINDS
};
static const struct {
	const char *name;
	enum about about;
} core_row[CORE_KINDS] = {
#define C(id, text, what) { text, ABOUT_##what },
#include "btf/core.def"
};

/* A turn of the way to a field: a named member, or (name NULL) an element of an array. */
struct turn {
	u32 type_id, idx;
	const char *name;
};
struct spec {
	const struct btf *b;
	u32 root, kind, bit_off;
	struct turn turn[SPEC_MAX];
	u32 nturns;
	u32 raw[SPEC_MAX]; /* every index on the way, also through anonymous members */
	u32 nraw;
	u32 looked; /* members looked at to find it */
};
struct value {
	u64 val;
	u32 size, type_id; /* of the field, where a load may have to change its width */
};
struct result {
	struct value orig, new;
	bool poison, validate, bad_width;
};
struct relo {
	struct log *log;
	const struct btf *local, *target;
	const struct bpf_core_relo *r;
	u32 index, kind;
};

static const char *kind_name(u32 kind)
{
	return kind < CORE_KINDS ? core_row[kind].name : "unknown";
}

static bool is_about(u32 kind, enum about what)
{
	return kind < CORE_KINDS && core_row[kind].about == what;
}

/* "prog '': relo #3: ...": the program has no name where Linux prints this. */
static int say(const struct relo *x, int err, const char *fmt, ...) PRINTF(3, 4);
static int say(const struct relo *x, int err, const char *fmt, ...)
{
	va_list ap;

	if (!log_on(x->log))
		return err;
	log_printf(x->log, "prog '': relo #%u: ", x->index);
	va_start(ap, fmt);
	log_vprintf(x->log, fmt, ap);
	va_end(ap);
	return err;
}

static const struct btf_type *skipped(const struct btf *b, u32 *id)
{
	*id = btf_skip_mods(b, *id);
	return btf_type(b, *id);
}

static const char *log_name(const struct btf *b, u32 off)
{
	const char *s = btf_str(b, off);

	return *s ? s : "<anon>";
}

static bool is_enum(const struct btf_type *t)
{
	return btf_kind_of(t) == BTF_KIND_ENUM || btf_kind_of(t) == BTF_KIND_ENUM64;
}

static u32 enumerator_name(const struct btf_type *t, u32 i)
{
	return btf_kind_of(t) == BTF_KIND_ENUM ? btf_enums_of(t)[i].name_off : btf_enums64_of(t)[i].name_off;
}

/* ---- text of a spec ---- */

static void put(char *buf, size_t size, const char *fmt, ...) PRINTF(3, 4);
static void put(char *buf, size_t size, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, size - n, fmt, ap);
	va_end(ap);
}

static void put_enumerator(char *buf, size_t size, const struct spec *s)
{
	u32 id = s->root, i = s->raw[0];
	const struct btf_type *t = skipped(s->b, &id);
	const char *name;

	if (!is_enum(t) || i >= btf_vlen_of(t))
		return;
	name = btf_str(s->b, enumerator_name(t, i));
	if (btf_kind_of(t) == BTF_KIND_ENUM)
		put(buf, size, btf_kflag_of(t) ? "::%s = %d" : "::%s = %u", name, btf_enums_of(t)[i].val);
	else
		put(buf, size, btf_kflag_of(t) ? "::%s = %lld" : "::%s = %llu", name,
		    (unsigned long long)btf_enum64_of(&btf_enums64_of(t)[i]));
}

#define SPEC_TEXT 256
static const char *spec_text(char *buf, const struct spec *s)
{
	const struct btf_type *t = btf_type(s->b, s->root);

	buf[0] = '\0';
	put(buf, SPEC_TEXT, "<%s> [%u] %s %s", kind_name(s->kind), s->root, btf_kind_row[btf_kind_of(t)].name,
	    log_name(s->b, t->name_off));
	if (is_about(s->kind, ABOUT_ENUMERATOR))
		put_enumerator(buf, SPEC_TEXT, s);
	if (!is_about(s->kind, ABOUT_FIELD))
		return buf;
	for (u32 i = 0; i < s->nturns; i++) {
		if (s->turn[i].name)
			put(buf, SPEC_TEXT, ".%s", s->turn[i].name);
		else if (i || s->turn[i].idx)
			put(buf, SPEC_TEXT, "[%u]", s->turn[i].idx);
	}
	put(buf, SPEC_TEXT, " (");
	for (u32 i = 0; i < s->nraw; i++)
		put(buf, SPEC_TEXT, "%s%u", i ? ":" : "", s->raw[i]);
	put(buf, SPEC_TEXT, " @ offset %u", s->bit_off / 8);
	if (s->bit_off % 8)
		put(buf, SPEC_TEXT, ".%u", s->bit_off % 8);
	put(buf, SPEC_TEXT, ")");
	return buf;
}

/* ---- the local spec: "0:1:2" against the program's types ---- */

static int parse_indices(const char *s, struct spec *out)
{
	while (*s) {
		bool minus;
		u64 v = 0;

		/* As the kernel's sscanf("%d") reads: spaces before a number do no harm, and what is too long is cut to 32 bits. */
		s += *s == ':';
		while (*s == ' ' || (*s >= '\t' && *s <= '\r') || *s == '\xa0')
			s++;
		minus = *s == '-';
		s += minus;
		if (*s < '0' || *s > '9')
			return -EINVAL;
		for (; *s >= '0' && *s <= '9'; s++)
			v = v * 10 + (u64)(*s - '0');
		if (out->nraw == SPEC_MAX)
			return -E2BIG;
		v = minus ? 0 - v : v;
		if (v & 1u << 31)
			return -EINVAL;
		out->raw[out->nraw++] = (u32)v;
	}
	return out->nraw ? 0 : -EINVAL;
}

static void add_turn(struct spec *s, u32 type_id, u32 idx, const char *name)
{
	s->turn[s->nturns++] = (struct turn){ type_id, idx, name };
}

/* May an index exceed an array's length? Only in a flexible one: the last member of a struct, of length 0. */
static bool is_flexible(const struct btf *b, const struct turn *holder, const struct btf_array *a)
{
	return holder->name && !a->nelems && holder->idx == btf_vlen_of(btf_type(b, holder->type_id)) - 1;
}

static int add_elements(struct spec *s, u32 id, u32 idx)
{
	s64 size = btf_size_of(s->b, id);

	if (size < 0)
		return (int)size;
	s->bit_off += (u32)((u64)idx * (u64)size * 8);
	return 0;
}

/* One more index below type *id, which becomes the type of the member or element. */
static int parse_step(const struct relo *x, struct spec *s, u32 i, u32 *id)
{
	const struct btf_type *t = skipped(s->b, id);
	u32 idx = s->raw[i];
	const struct btf_member *m;

	if (btf_is_composite(t)) {
		if (idx >= btf_vlen_of(t))
			return -EINVAL;
		m = &btf_members_of(t)[idx];
		s->bit_off += btf_member_bit_off(t, idx);
		if (m->name_off) {
			if (!*btf_str(s->b, m->name_off))
				return -EINVAL;
			add_turn(s, *id, idx, btf_str(s->b, m->name_off));
		}
		*id = m->type;
		return 0;
	}
	if (btf_kind_of(t) == BTF_KIND_ARRAY) {
		*id = btf_array_of(t)->type;
		skipped(s->b, id);
		if (idx >= btf_array_of(t)->nelems &&
		    !is_flexible(s->b, &s->turn[s->nturns - 1], btf_array_of(t)))
			return -EINVAL;
		add_turn(s, *id, idx, NULL);
		return add_elements(s, *id, idx);
	}
	if (log_on(x->log))
		log_printf(x->log,
			   "prog '': relo for [%u] %s (at idx %u) captures type [%u] of unexpected kind %s\n",
			   x->r->type_id, "", i, *id, btf_kind_row[btf_kind_of(t)].name);
	return -EINVAL;
}

static int parse_spec(const struct relo *x, struct spec *s)
{
	const char *str = btf_str(x->local, x->r->access_str_off);
	const struct btf_type *t;
	u32 id = x->r->type_id;
	int err;

	if (!*str || *str == ':')
		return -EINVAL;
	s->b = x->local;
	s->root = id;
	s->kind = x->kind;
	s->nturns = s->nraw = s->bit_off = 0;
	if (is_about(s->kind, ABOUT_TYPE))
		return strcmp(str, "0") ? -EINVAL : 0;
	err = parse_indices(str, s);
	if (err)
		return err;
	t = skipped(s->b, &id);
	add_turn(s, id, s->raw[0], NULL);
	if (is_about(s->kind, ABOUT_ENUMERATOR)) {
		if (!is_enum(t) || s->nraw > 1 || s->raw[0] >= btf_vlen_of(t))
			return -EINVAL;
		s->turn[0].name = btf_str(s->b, enumerator_name(t, s->raw[0]));
		return 0;
	}
	if (!is_about(s->kind, ABOUT_FIELD))
		return -EINVAL;
	err = add_elements(s, id, s->raw[0]);
	for (u32 i = 1; i < s->nraw && !err; i++)
		err = parse_step(x, s, i, &id);
	return err;
}

/* ---- the same way through a candidate ---- */

/* Find the member of the local turn `l` in type `id`, looking into anonymous members. 1 with *ret_id its
 * type, 0, -errno. */
static int match_member(const struct spec *local, const struct turn *l, struct spec *s, u32 id, u32 *ret_id)
{
	const struct btf_type *lt = btf_type(local->b, l->type_id), *t = skipped(s->b, &id);
	const struct btf_member *m = btf_members_of(t);
	int got;

	if (!btf_is_composite(t))
		return 0;
	for (u32 i = 0; i < btf_vlen_of(t); i++, m++) {
		const char *name = btf_str(s->b, m->name_off);
		u32 off = btf_member_bit_off(t, i);

		if (s->nraw == SPEC_MAX || s->looked++ >= LOOK_MAX)
			return -E2BIG;
		s->bit_off += off;
		s->raw[s->nraw++] = i;
		if (!*name) {
			got = match_member(local, l, s, m->type, ret_id);
			if (got)
				return got;
		} else if (!strcmp(name, l->name)) {
			got = btf_fields_compat(local->b, btf_members_of(lt)[l->idx].type, s->b, m->type);
			*ret_id = m->type;
			if (got)
				add_turn(s, id, i, name);
			return got;
		}
		s->bit_off -= off;
		s->nraw--;
	}
	return 0;
}

static int match_enumerator(const struct spec *local, struct spec *s)
{
	u32 id = s->root;
	const struct btf_type *t = skipped(s->b, &id);

	if (!is_enum(t))
		return 0;
	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		const char *name = btf_str(s->b, enumerator_name(t, i));

		if (!btf_same_name(name, local->turn[0].name))
			continue;
		add_turn(s, id, i, name);
		s->raw[s->nraw++] = i;
		return 1;
	}
	return 0;
}

/* Element `l->idx`, of an array unless it is the first turn (an index from the pointer). */
static int match_element(const struct turn *l, struct spec *s, u32 *id, bool first)
{
	const struct btf_type *t = btf_type(s->b, *id);

	if (!first) {
		if (btf_kind_of(t) != BTF_KIND_ARRAY)
			return 0;
		if (l->idx >= btf_array_of(t)->nelems &&
		    !is_flexible(s->b, &s->turn[s->nturns - 1], btf_array_of(t)))
			return 0;
		*id = btf_array_of(t)->type;
		skipped(s->b, id);
	}
	if (s->nraw == SPEC_MAX)
		return -E2BIG;
	add_turn(s, *id, l->idx, NULL);
	s->raw[s->nraw++] = l->idx;
	return add_elements(s, *id, l->idx) ? -EINVAL : 1;
}

/* 1 when candidate `id` fits, with *s the way through it. */
static int match_spec(const struct spec *local, const struct btf *target, u32 id, struct spec *s)
{
	s->b = target;
	s->root = id;
	s->kind = local->kind;
	s->nturns = s->nraw = s->bit_off = s->raw[0] = s->looked = 0;
	if (s->kind == CORE_TYPE_MATCHES)
		return btf_types_match(local->b, local->root, target, id);
	if (is_about(s->kind, ABOUT_TYPE))
		return btf_types_compat(local->b, local->root, target, id);
	if (is_about(s->kind, ABOUT_ENUMERATOR))
		return match_enumerator(local, s);
	for (u32 i = 0; i < local->nturns; i++) {
		const struct turn *l = &local->turn[i];
		int got;

		skipped(target, &id);
		got = l->name ? match_member(local, l, s, id, &id) : match_element(l, s, &id, !i);
		if (got <= 0)
			return got;
	}
	return 1;
}

/* ---- values; -EUCLEAN asks for poison ---- */

/* What a load of a field reads: of an array, one element. */
static s64 load_size(const struct btf *b, u32 id)
{
	const struct btf_type *t;

	for (t = skipped(b, &id); btf_kind_of(t) == BTF_KIND_ARRAY; t = skipped(b, &id))
		id = btf_array_of(t)->type;
	return btf_size_of(b, id);
}

static int element_value(const struct relo *x, const struct spec *s, struct value *out)
{
	const struct turn *last = &s->turn[s->nturns - 1];
	s64 size = btf_size_of(s->b, last->type_id);

	if (x->kind != CORE_FIELD_BYTE_OFFSET && x->kind != CORE_FIELD_BYTE_SIZE) {
		if (log_on(x->log))
			log_printf(x->log, "prog '': relo %u at insn #%u can't be applied to array access\n",
				   x->kind, x->r->insn_off / 8);
		return -EINVAL;
	}
	if (x->kind == CORE_FIELD_BYTE_OFFSET)
		size = load_size(s->b, last->type_id);
	if (size < 0)
		return -EINVAL;
	if (x->kind == CORE_FIELD_BYTE_SIZE)
		*out = (struct value){ .val = (u64)size };
	else
		*out = (struct value){ .val = s->bit_off / 8, .size = (u32)size, .type_id = last->type_id };
	return 0;
}

/* The bytes a load must read to get a field: for bit fields the smallest aligned integer around it. */
static int field_bytes(const struct relo *x, const struct spec *s, u32 type_id, u32 bits, u32 *ret_off,
		       u32 *ret_size)
{
	const struct btf_type *t = btf_type(s->b, type_id);
	s64 whole = btf_size_of(s->b, type_id);
	u32 size;

	if (!bits) {
		if (whole < 0)
			return -EINVAL;
		*ret_off = s->bit_off / 8;
		*ret_size = (u32)whole;
		return 0;
	}
	size = t->size;
	if (!size || btf_kind_of(t) == BTF_KIND_PTR)
		return -EINVAL;
	while (s->bit_off + bits - s->bit_off / 8 / size * size * 8 > size * 8) {
		if (size >= 8) {
			if (log_on(x->log))
				log_printf(x->log,
					   "prog '': relo %u at insn #%u can't be satisfied for bitfield\n",
					   x->kind, x->r->insn_off / 8);
			return -E2BIG;
		}
		size *= 2;
	}
	*ret_off = s->bit_off / 8 / size * size;
	*ret_size = size;
	return 0;
}

static bool is_signed(const struct btf_type *t)
{
	return (is_enum(t) && btf_kflag_of(t)) ||
	       (btf_kind_of(t) == BTF_KIND_INT && (BTF_INT_ENCODING(btf_int_of(t)) & BTF_INT_SIGNED));
}

static int field_value(const struct relo *x, const struct spec *s, struct value *out, bool *ret_validate)
{
	const struct turn *last;
	const struct btf_type *t;
	u32 type_id, bits, off, size;
	s64 whole;
	int err;

	*out = (struct value){ 0 };
	*ret_validate = true;
	if (x->kind == CORE_FIELD_EXISTS) {
		out->val = s != NULL;
		return 0;
	}
	if (!s)
		return -EUCLEAN;
	last = &s->turn[s->nturns - 1];
	if (!last->name)
		return element_value(x, s, out);
	t = btf_type(s->b, last->type_id);
	bits = btf_member_bitfield(t, last->idx);
	type_id = btf_members_of(t)[last->idx].type;
	t = skipped(s->b, &type_id);
	err = field_bytes(x, s, type_id, bits, &off, &size);
	if (err)
		return err;
	/* How a compiler reads a bit field is its own affair: what it expected is not checked. */
	*ret_validate = !bits;
	switch (x->kind) {
	case CORE_FIELD_BYTE_OFFSET:
		whole = load_size(s->b, type_id);
		if (!bits && whole < 0)
			return -EINVAL;
		*out = bits ? (struct value){ .val = off } : (struct value){ off, (u32)whole, type_id };
		return 0;
	case CORE_FIELD_BYTE_SIZE:
		out->val = size;
		return 0;
	case CORE_FIELD_SIGNED:
		out->val = is_signed(t);
		*ret_validate = true;
		return 0;
	case CORE_FIELD_LSHIFT_U64:
		out->val = 64 - (s->bit_off + (bits ? bits : size * 8) - off * 8);
		return 0;
	case CORE_FIELD_RSHIFT_U64:
		out->val = 64 - (bits ? bits : size * 8);
		*ret_validate = true;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int type_value(const struct relo *x, const struct spec *s, struct value *out, bool *ret_validate)
{
	s64 size;

	*out = (struct value){ 0 };
	*ret_validate = true;
	if (!s)
		return 0;
	switch (x->kind) {
	case CORE_TYPE_ID_TARGET:
		out->val = s->root;
		*ret_validate = false; /* linking may have renumbered it */
		return 0;
	case CORE_TYPE_EXISTS:
	case CORE_TYPE_MATCHES:
		out->val = 1;
		return 0;
	case CORE_TYPE_SIZE:
		size = btf_size_of(s->b, s->root);
		out->val = (u64)size;
		return size < 0 ? -EINVAL : 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int enumerator_value(const struct relo *x, const struct spec *s, struct value *out)
{
	const struct btf_type *t;

	*out = (struct value){ 0 };
	if (x->kind == CORE_ENUMVAL_EXISTS) {
		out->val = s != NULL;
		return 0;
	}
	if (!s)
		return -EUCLEAN;
	t = btf_type(s->b, s->turn[0].type_id);
	if (btf_kind_of(t) == BTF_KIND_ENUM)
		out->val = (u64)(s64)btf_enums_of(t)[s->turn[0].idx].val;
	else
		out->val = btf_enum64_of(&btf_enums64_of(t)[s->turn[0].idx]);
	return 0;
}

static int value_of(const struct relo *x, const struct spec *s, struct value *out, bool *ret_validate)
{
	if (is_about(x->kind, ABOUT_FIELD))
		return field_value(x, s, out, ret_validate);
	if (is_about(x->kind, ABOUT_TYPE))
		return type_value(x, s, out, ret_validate);
	*ret_validate = true;
	return is_about(x->kind, ABOUT_ENUMERATOR) ? enumerator_value(x, s, out) : -EOPNOTSUPP;
}

/* Only pointers and unsigned integers can be read with another width and stay what they are. */
static bool width_may_change(const struct relo *x, const struct result *res)
{
	const struct btf_type *a = btf_type(x->local, res->orig.type_id),
			      *b = btf_type(x->target, res->new.type_id);

	if (btf_kind_of(a) == BTF_KIND_PTR && btf_kind_of(b) == BTF_KIND_PTR)
		return true;
	return btf_kind_of(a) == BTF_KIND_INT && btf_kind_of(b) == BTF_KIND_INT &&
	       BTF_INT_ENCODING(btf_int_of(a)) != BTF_INT_SIGNED &&
	       BTF_INT_ENCODING(btf_int_of(b)) != BTF_INT_SIGNED;
}

/* `target` NULL: the field, type or enumerator does not exist. */
static int calc(const struct relo *x, const struct spec *local, const struct spec *target, struct result *res)
{
	bool ignored;
	int err;

	*res = (struct result){ .validate = true };
	err = value_of(x, local, &res->orig, &res->validate);
	if (!err)
		err = value_of(x, target, &res->new, &ignored);
	if (!err && is_about(x->kind, ABOUT_FIELD) && res->orig.size != res->new.size)
		res->bad_width = !width_may_change(x, res);
	if (err == -EUCLEAN) {
		res->poison = true;
		return 0;
	}
	if (err == -EOPNOTSUPP)
		say(x, err, "unrecognized CO-RE relocation %s (%u) at insn #%u\n", kind_name(x->kind),
		    x->kind, x->r->insn_off / 8);
	return err;
}

/* ---- candidates ---- */

struct cands {
	u32 n, cap;
	u32 *id;
};

static int find_candidates(const struct relo *x, struct cands *c)
{
	const struct btf_type *lt = btf_type(x->local, x->r->type_id);
	const char *name = btf_str(x->local, lt->name_off);

	if (!x->target || !*name)
		return -EINVAL;
	for (u32 id = 0; (id = btf_find_flavor(x->target, name, id)) != 0;) {
		if (btf_kind_of(btf_type(x->target, id)) != btf_kind_of(lt))
			continue;
		if (c->n == c->cap) {
			u32 cap = c->cap ? c->cap * 2 : 8, *p = realloc(c->id, cap * sizeof(*p));

			if (!p)
				return -ENOMEM;
			c->id = p;
			c->cap = cap;
		}
		c->id[c->n++] = id;
	}
	for (u32 i = 0; i < c->n && log_on(x->log); i++)
		log_printf(x->log, "CO-RE relocating %s %.*s: found target candidate [%u]\n",
			   btf_kind_row[btf_kind_of(lt)].name, (int)btf_essential_len(name), name, c->id[i]);
	return 0;
}

/* Two candidates that fit must lead to the same value. */
static int agree(const struct relo *x, const struct spec *s, const struct result *r,
		 const struct spec *first_s, const struct result *first)
{
	if (s->bit_off != first_s->bit_off)
		return say(x, -EINVAL, "field offset ambiguity: %u != %u\n", s->bit_off, first_s->bit_off);
	if (r->poison != first->poison || r->new.val != first->new.val)
		return say(x, -EINVAL, "relocation decision ambiguity: %s %llu != %s %llu\n",
			   r->poison ? "failure" : "success", (unsigned long long)r->new.val,
			   first->poison ? "failure" : "success", (unsigned long long)first->new.val);
	return 0;
}

static int try_candidates(const struct relo *x, const struct cands *c, struct spec spec[3],
			  struct result *res)
{
	struct spec *local = &spec[0], *cand = &spec[1], *first = &spec[2];
	struct result got;
	char text[SPEC_TEXT];
	bool any = false;

	for (u32 i = 0; i < c->n; i++) {
		int err = match_spec(local, x->target, c->id[i], cand);

		if (err < 0)
			return say(x, err, "error matching candidate #%u %s: %d\n", i, spec_text(text, cand),
				   err);
		say(x, 0, "%s candidate #%u %s\n", err ? "matching" : "non-matching", i,
		    spec_text(text, cand));
		if (!err)
			continue;
		err = calc(x, local, cand, &got);
		if (!err && any)
			err = agree(x, cand, &got, first, res);
		if (err)
			return err;
		if (!any) {
			*res = got;
			*first = *cand;
			any = true;
		}
	}
	if (any)
		return 0;
	say(x, 0, "no matching targets found\n");
	return calc(x, local, NULL, res);
}

static int resolve(const struct relo *x, const struct cands *c, struct spec spec[3], struct result *res)
{
	const struct btf_type *lt = btf_type(x->local, x->r->type_id);
	int err = parse_spec(x, &spec[0]);
	char text[SPEC_TEXT];

	if (err)
		return say(x, -EINVAL, "parsing [%u] %s %s + %s failed: %d\n", x->r->type_id,
			   btf_kind_row[btf_kind_of(lt)].name, log_name(x->local, lt->name_off),
			   btf_str_valid(x->local, x->r->access_str_off) ? btf_str(x->local, x->r->access_str_off) : "<?>", err);
	say(x, 0, "%s\n", spec_text(text, &spec[0]));
	if (x->kind == CORE_TYPE_ID_LOCAL) {
		*res = (struct result){ .orig = { .val = spec[0].root }, .new = { .val = spec[0].root } };
		return 0;
	}
	return try_candidates(x, c, spec, res);
}

/* ---- instructions ---- */

static bool is_ldimm64(const struct bpf_insn *in)
{
	return in->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static int poison(const struct relo *x, struct bpf_insn *in, u32 at)
{
	for (u32 i = is_ldimm64(in) ? 2 : 1; i--;) {
		say(x, 0, "substituting insn #%u w/ invalid insn\n", at + i);
		in[i] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = POISON_IMM };
	}
	return 0;
}

static int patch_alu(const struct relo *x, struct bpf_insn *in, u32 at, const struct result *res)
{
	unsigned long long orig = res->orig.val, new = res->new.val;

	if (res->poison)
		return poison(x, in, at);
	if (res->validate && imm_u64(in->imm) != orig)
		return say(x, -EINVAL, "unexpected insn #%u (ALU/ALU64) value: got %u, exp %llu -> %llu\n",
			   at, (u32)in->imm, orig, new);
	orig = imm_u64(in->imm);
	in->imm = s32_of(new);
	return say(x, 0, "patched insn #%u (ALU/ALU64) imm %llu -> %llu\n", at, orig, new);
}

static u32 width_of(u8 code)
{
	switch (BPF_SIZE(code)) {
	case BPF_DW:
		return 8;
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

static int code_of_width(u32 size)
{
	switch (size) {
	case 8:
		return BPF_DW;
	case 4:
		return BPF_W;
	case 2:
		return BPF_H;
	case 1:
		return BPF_B;
	default:
		return -1;
	}
}

static int patch_width(const struct relo *x, struct bpf_insn *in, u32 at, const struct result *res)
{
	u32 width = width_of(in->code);
	int code = code_of_width(res->new.size);

	if (width != res->orig.size)
		return say(x, -EINVAL, "insn #%u (LDX/ST/STX) unexpected mem size: got %u, exp %u\n", at,
			   width, res->orig.size);
	if (code < 0)
		return say(x, -EINVAL, "insn #%u (LDX/ST/STX) invalid new mem size: %u\n", at, res->new.size);
	in->code = (u8)(BPF_MODE(in->code) | code | BPF_CLASS(in->code));
	return say(x, 0, "patched insn #%u (LDX/ST/STX) mem_sz %u -> %u\n", at, res->orig.size,
		   res->new.size);
}

static int patch_mem(const struct relo *x, struct bpf_insn *in, u32 at, const struct result *res)
{
	unsigned long long orig = res->orig.val, new = res->new.val;

	if (res->poison)
		return poison(x, in, at);
	if (res->validate && imm_u64(in->off) != orig)
		return say(x, -EINVAL, "unexpected insn #%u (LDX/ST/STX) value: got %u, exp %llu -> %llu\n",
			   at, (u32)in->off, orig, new);
	if (new > SHRT_MAX)
		return say(x, -ERANGE, "insn #%u (LDX/ST/STX) value too big: %llu\n", at, new);
	if (res->bad_width) {
		say(x, 0,
		    "insn #%u (LDX/ST/STX) accesses field incorrectly. Make sure you are accessing pointers, "
		    "unsigned "
		    "integers, or fields of matching type and size.\n",
		    at);
		return poison(x, in, at);
	}
	orig = imm_u64(in->off);
	in->off = (s16) new;
	say(x, 0, "patched insn #%u (LDX/ST/STX) off %llu -> %llu\n", at, orig, new);
	return res->new.size != res->orig.size ? patch_width(x, in, at, res) : 0;
}

static int patch_ldimm64(const struct relo *x, struct bpf_insn *in, u32 at, u32 left,
			 const struct result *res)
{
	unsigned long long imm, orig = res->orig.val, new = res->new.val;

	if (!is_ldimm64(in) || left < 2 || in->src_reg || in->off || in[1].code || in[1].dst_reg ||
	    in[1].src_reg || in[1].off)
		return say(x, -EINVAL, "insn #%u (LDIMM64) has unexpected form\n", at);
	if (res->poison)
		return poison(x, in, at);
	imm = (u32)in[0].imm | (u64)(u32)in[1].imm << 32;
	if (res->validate && imm != orig)
		return say(x, -EINVAL, "unexpected insn #%u (LDIMM64) value: got %llu, exp %llu -> %llu\n",
			   at, imm, orig, new);
	in[0].imm = s32_of(new);
	in[1].imm = s32_of(new >> 32);
	return say(x, 0, "patched insn #%u (LDIMM64) imm64 %llu -> %llu\n", at, imm, new);
}

static int patch(const struct relo *x, struct bpf_insn *insns, u32 ninsns, const struct result *res)
{
	u32 at = x->r->insn_off / 8;
	struct bpf_insn *in = &insns[at];

	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		if (BPF_SRC(in->code) == BPF_K)
			return patch_alu(x, in, at, res);
		break;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return patch_mem(x, in, at, res);
	case BPF_LD:
		return patch_ldimm64(x, in, at, ninsns - at, res);
	default:
		break;
	}
	/* Linux refuses without a word. */
	return say(x, -EINVAL,
		   "trying to relocate unrecognized insn #%u, code:0x%x, src:0x%x, dst:0x%x, off:0x%x, "
		   "imm:0x%x\n",
		   at, in->code, in->src_reg, in->dst_reg, (u32)in->off, (u32)in->imm);
}

int btf_core_apply(struct log *log, const struct btf *local, const struct btf *target, const void *relo,
		   u32 relo_index, struct bpf_insn *insns, u32 ninsns)
{
	struct bpf_core_relo r;
	struct relo x = { .log = log, .local = local, .target = target, .r = &r, .index = relo_index };
	struct cands c = { 0 };
	struct result res;
	struct spec *spec;
	int err = 0;

	memcpy(&r, relo, sizeof(r));
	x.kind = r.kind;
	if (r.insn_off % 8 || r.insn_off / 8 >= ninsns) {
		if (log_on(log))
			log_printf(log, "Invalid core_relo[%u].insn_off:%u prog->len:%u\n", relo_index,
				   r.insn_off, ninsns);
		return -EINVAL;
	}
	if (!btf_type(local, r.type_id)) {
		if (log_on(log))
			log_printf(log, "relo #%u: bad type id %u\n", relo_index, r.type_id);
		return -EINVAL;
	}
	spec = calloc(3, sizeof(*spec));
	if (!spec)
		return -ENOMEM;
	if (x.kind != CORE_TYPE_ID_LOCAL)
		err = find_candidates(&x, &c);
	if (err && log_on(log))
		log_printf(log, "target candidate search failed for %u\n", r.type_id);
	if (!err)
		err = resolve(&x, &c, spec, &res);
	if (!err)
		err = patch(&x, insns, ninsns, &res);
	free(c.id);
	free(spec);
	return err;
}
