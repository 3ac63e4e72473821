/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of an object before anybody follows them. libbpf 1.1 checks that the records of .BTF lie in the section, and then trusts what is
 * in them: numbers of types, places of names, and that following types ends.
 */
#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/elf_modern.h"

#define DEEPEST 128 /* types within types, and modifiers of modifiers; compilers come to a tenth */

struct look {
	const struct btf *b;
	u32 ntypes, names;      /* how many, and how many bytes of names */
	u8 *seen;               /* by type: 0 no, FOLLOWED now, DONE */
};
enum { FOLLOWED = 1, DONE };

static bool type_ok(const struct look *l, u32 id) { return id < l->ntypes; }
static bool name_ok(const struct look *l, u32 off) { return off < l->names; }

/* What the records behind a type refer to. */
static bool parts_ok(const struct look *l, const struct btf_type *t)
{
	bool ok = true;

	for (u32 i = 0; i < btf_vlen(t) && ok; i++)
		switch (btf_kind(t)) {
		case BTF_KIND_STRUCT: case BTF_KIND_UNION:
			ok = type_ok(l, btf_members(t)[i].type) && name_ok(l, btf_members(t)[i].name_off);
			break;
		case BTF_KIND_ENUM:
			ok = name_ok(l, btf_enum(t)[i].name_off);
			break;
		case BTF_KIND_ENUM64:
			ok = name_ok(l, btf_enum64(t)[i].name_off);
			break;
		case BTF_KIND_FUNC_PROTO:
			ok = type_ok(l, btf_params(t)[i].type) && name_ok(l, btf_params(t)[i].name_off);
			break;
		case BTF_KIND_DATASEC:
			ok = type_ok(l, btf_var_secinfos(t)[i].type);
			ok = ok && (btf_is_var(btf__type_by_id(l->b, btf_var_secinfos(t)[i].type)) ||
				    btf_is_func(btf__type_by_id(l->b, btf_var_secinfos(t)[i].type)));
			break;
		}
	return ok;
}

static bool refs_ok(const struct look *l, const struct btf_type *t)
{
	if (!name_ok(l, t->name_off))
		return false;
	switch (btf_kind(t)) {
	case BTF_KIND_PTR: case BTF_KIND_TYPEDEF: case BTF_KIND_VOLATILE: case BTF_KIND_CONST: case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG: case BTF_KIND_VAR: case BTF_KIND_DECL_TAG:
		return type_ok(l, t->type);
	case BTF_KIND_FUNC:
		return type_ok(l, t->type) && btf_is_func_proto(btf__type_by_id(l->b, t->type));
	case BTF_KIND_ARRAY:
		return type_ok(l, btf_array(t)->type) && type_ok(l, btf_array(t)->index_type);
	case BTF_KIND_FUNC_PROTO:
		return type_ok(l, t->type) && parts_ok(l, t);
	default:
		return parts_ok(l, t);
	}
}

/* Does a type hold itself, or is it deeper than anybody follows? */
static bool ends(struct look *l, u32 id, u32 depth)
{
	const struct btf_type *t = btf__type_by_id(l->b, id);
	bool ok = true;

	if (!id || l->seen[id] == DONE)
		return true;
	if (l->seen[id] || depth > DEEPEST)
		return false;
	l->seen[id] = FOLLOWED;
	if (btf_is_mod(t) || btf_is_typedef(t) || btf_is_var(t))
		ok = ends(l, t->type, depth + 1);
	else if (btf_is_array(t))
		ok = ends(l, btf_array(t)->type, depth + 1);
	else if (btf_is_composite(t))
		for (u32 i = 0; i < btf_vlen(t) && ok; i++)
			ok = ends(l, btf_members(t)[i].type, depth + 1);
	l->seen[id] = DONE;
	return ok;
}

const char *btf_unsound(const struct btf *b, char *why, size_t size)
{
	struct look l = { .b = b, .ntypes = btf__type_cnt(b) };
	const struct btf_header *h;
	const char *what = NULL;
	u32 len, id;

	h = btf__raw_data(b, &len);
	l.seen = calloc(l.ntypes, 1);
	if (!h || !l.seen) {
		free(l.seen);
		return "there is no memory to look at its types";
	}
	l.names = h->str_len;
	for (id = 1; id < l.ntypes && !what; id++)
		what = refs_ok(&l, btf__type_by_id(b, id)) ? NULL : "refers to what is not there";
	for (u32 i = 1; i < l.ntypes && !what; i++) {
		what = ends(&l, i, 0) ? NULL : "holds itself";
		id = i + 1;
	}
	free(l.seen);
	if (!what)
		return NULL;
	snprintf(why, size, "its types (.BTF) are damaged: type %u %s", id - 1, what);
	return why;
}
