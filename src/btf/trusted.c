/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own BTF, 100,000 types and more: checked for what keeps readers safe and for nothing else. It
 * usually comes from /sys/kernel/btf, but a file named on a command line can hold anything, so this is no act
 * of faith. Only what is mapped straight from the kernel's file system (`genuine`) is believed.
 *
 * Invariant: payloads inside the section, ids and string offsets in range, functions have prototypes, no type
 * contains itself, no chain of pointers and modifiers is a circle.
 */
#include <stdlib.h>

#include "btf/priv.h"

/* Pass 1: find the types. Ids are checked when the number of types is known. */
static int collect(struct btf *b)
{
	const u8 *cur = b->body + b->hdr.type_off, *end = cur + b->hdr.type_len;

	while (cur < end) {
		const struct btf_type *t = (const void *)cur;
		size_t left = (size_t)(end - cur), len;
		u32 kind;
		int err;

		if (left < sizeof(*t))
			return -EINVAL;
		kind = btf_kind_of(t);
		if (kind >= KINDS || kind == BTF_KIND_UNKN)
			return -EINVAL;
		len = sizeof(*t) + btf_kind_row[kind].payload +
		      (size_t)btf_kind_row[kind].per_vlen * btf_vlen_of(t);
		if (left < len || b->start_id + b->ntypes > BTF_MAX_TYPE)
			return -EINVAL;
		err = btf_add_type(b, t);
		if (err)
			return err;
		cur += len;
	}
	return 0;
}

struct range {
	u32 ids, strs;
};

static bool in_range(struct range r, u32 id, u32 name)
{
	return id < r.ids && name < r.strs;
}

static bool payload_in_range(const struct btf *b, const struct btf_type *t, struct range r)
{
	const struct btf_member *m = btf_members_of(t);
	const struct btf_param *p = btf_params_of(t);
	const struct btf_enum *e = btf_enums_of(t);
	const struct btf_enum64 *e64 = btf_enums64_of(t);
	const struct btf_var_secinfo *s = btf_secinfos_of(t);
	u32 n = btf_vlen_of(t);
	bool ok = true;

	switch (btf_kind_of(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (u32 i = 0; i < n; i++)
			ok &= in_range(r, m[i].type, m[i].name_off);
		return ok;
	case BTF_KIND_FUNC_PROTO:
		for (u32 i = 0; i < n; i++)
			ok &= in_range(r, p[i].type, p[i].name_off);
		return ok;
	case BTF_KIND_ENUM:
		for (u32 i = 0; i < n; i++)
			ok &= e[i].name_off < r.strs;
		return ok;
	case BTF_KIND_ENUM64:
		for (u32 i = 0; i < n; i++)
			ok &= e64[i].name_off < r.strs;
		return ok;
	case BTF_KIND_DATASEC:
		for (u32 i = 0; i < n && ok; i++)
			ok = s[i].type < r.ids && btf_kind_of(btf_type(b, s[i].type)) == BTF_KIND_VAR;
		return ok;
	case BTF_KIND_ARRAY:
		return btf_array_of(t)->type < r.ids && btf_array_of(t)->index_type < r.ids;
	case BTF_KIND_FUNC:
		return btf_kind_of(btf_type(b, t->type)) == BTF_KIND_FUNC_PROTO;
	default:
		return true;
	}
}

/* The type that `t` is made of, for kinds with one: modifiers, arrays, variables; pointers too if
 * `through_ptr`. */
static u32 single_part(const struct btf_type *t, bool through_ptr)
{
	u32 kind = btf_kind_of(t);

	if (kind == BTF_KIND_ARRAY)
		return btf_array_of(t)->type;
	if (btf_is_mod(t) || kind == BTF_KIND_VAR || (through_ptr && kind == BTF_KIND_PTR))
		return t->type;
	return 0;
}

/* No circle of pointers, arrays and modifiers: every type has one way out, so paths can be coloured by their
 * start. */
static int check_chains(const struct btf *b, u32 *color)
{
	u32 n = b->ntypes;

	for (u32 i = 1; i < n; i++) {
		u32 at = i;

		while (at && !color[at]) {
			u32 next = single_part(b->types[at], true);

			color[at] = i;
			at = next < b->start_id ? 0 : next - b->start_id;
			if (at && color[at] == i)
				return -EINVAL;
		}
	}
	return 0;
}

/* No struct contains itself: depth-first, with the path on a heap stack. */
struct path {
	u32 at, next;
};

/* The next part (local index) of the type on top that may contain others, or 0. */
static u32 next_part(const struct btf *b, struct path *top)
{
	const struct btf_type *t = b->types[top->at];
	u32 n = btf_is_composite(t) ? btf_vlen_of(t) : 1, id;

	while (top->next < n) {
		id = btf_is_composite(t) ? btf_members_of(t)[top->next].type : single_part(t, false);
		top->next++;
		if (id > b->start_id && (btf_is_composite(b->types[id - b->start_id]) ||
					 single_part(b->types[id - b->start_id], false)))
			return id - b->start_id;
	}
	return 0;
}

static int check_nesting(const struct btf *b, u32 *color, struct path *path)
{
	enum { NEW, OPEN, DONE };

	memset(color, 0, b->ntypes * sizeof(*color));
	for (u32 i = 1; i < b->ntypes; i++) {
		u32 depth = 0;

		if (color[i] == DONE)
			continue;
		path[depth++] = (struct path){ .at = i };
		color[i] = OPEN;
		while (depth) {
			u32 part = next_part(b, &path[depth - 1]);

			if (!part) {
				color[path[--depth].at] = DONE;
			} else if (color[part] == OPEN) {
				return -EINVAL;
			} else if (color[part] == NEW) {
				color[part] = OPEN;
				path[depth++] = (struct path){ .at = part };
			}
		}
	}
	return 0;
}

int btf_check_trusted(struct btf *b)
{
	struct range r = { .strs = b->start_str + b->hdr.str_len };
	u32 *color;
	struct path *path;
	int err = collect(b);

	if (err || b->genuine)
		return err;
	r.ids = b->start_id + b->ntypes;
	for (u32 i = 0; i < b->ntypes; i++) {
		const struct btf_type *t = b->types[i];

		if (!in_range(r, btf_kind_has(t, KF_REF) ? t->type : 0, t->name_off) ||
		    !payload_in_range(b, t, r))
			return -EINVAL;
	}
	color = calloc(b->ntypes + 1, sizeof(*color));
	path = malloc((b->ntypes + 1) * sizeof(*path));
	err = color && path ? 0 : -ENOMEM;
	if (!err)
		err = check_chains(b, color);
	if (!err)
		err = check_nesting(b, color, path);
	free(color);
	free(path);
	return err;
}
