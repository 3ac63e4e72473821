/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Second pass over the types of a program's BTF: what types refer to. A depth-first walk without recursion
 * finds loops and the sizes of modifiers and arrays; members must fit their structs, functions have
 * prototypes, arguments have sizes.
 *
 * The walk has a mode, set by the first pointer, struct or array it meets. Looking for sizes it does not
 * enter pointers; looking behind a pointer it does not enter structs: a loop is only one if it would never
 * end for that purpose. Invariant: a type is RESOLVED once `to_id` (where its modifiers end) and `to_size`
 * (arrays) are final.
 */
#include <stdlib.h>

#include "btf/priv.h"

enum { NEW, OPEN, RESOLVED };

static u32 bytes_of_bits(u64 bits)
{
	return (u32)((bits + 7) / 8);
}

static bool needs_resolve(const struct btf_type *t)
{
	return btf_kind_has(t, KF_RESOLVE);
}

static bool is_source_only(const struct btf_type *t)
{
	return btf_kind_has(t, KF_SOURCE);
}

static bool is_kind(const struct btf_type *t, u32 kind)
{
	return btf_kind_of(t) == kind;
}

static const struct btf_type *local_type(const struct btf_check *c, u32 id)
{
	return btf_type(c->b, id);
}

static bool is_resolved(const struct btf_check *c, u32 id)
{
	return id < c->b->start_id || c->state[id - c->b->start_id] == RESOLVED;
}

/* Where the resolved type `id` leads. Types of the base were resolved long ago and their modifiers can be
 * skipped. */
static u32 target_of(const struct btf_check *c, u32 id)
{
	return id < c->b->start_id ? btf_skip_mods(c->b->base, id) : c->to_id[id - c->b->start_id];
}

static u32 array_size(const struct btf_check *c, u32 id)
{
	s64 size;

	if (id >= c->b->start_id)
		return c->to_size[id - c->b->start_id];
	size = btf_size_of(c->b->base, id);
	return size < 0 ? 0 : (u32)size;
}

/* Does the walk, in its mode, stop at this type? */
static bool is_sink(const struct btf_check *c, const struct btf_type *t)
{
	switch (c->mode) {
	case RESOLVE_POINTER:
		return !btf_is_mod(t) && !is_kind(t, BTF_KIND_PTR);
	case RESOLVE_AGGREGATE:
		return !btf_is_mod(t) && !is_kind(t, BTF_KIND_ARRAY) && !btf_is_composite(t);
	case RESOLVE_OPEN:
		break;
	}
	return !needs_resolve(t);
}

static bool must_visit(const struct btf_check *c, const struct btf_type *t, u32 id)
{
	return !is_sink(c, t) && !is_resolved(c, id);
}

/*
 * The type with a size behind `*id` (which must be resolved if it is a modifier or variable), its size and
 * its id; NULL when there is none.
 */
static const struct btf_type *sized(const struct btf_check *c, u32 *id, u32 *ret_size)
{
	const struct btf_type *t = local_type(c, *id);
	u32 at = *id, size;

	if (btf_is_nosize(t))
		return NULL;
	if (btf_is_mod(t) || is_kind(t, BTF_KIND_VAR)) {
		at = target_of(c, at);
		t = local_type(c, at);
		if (btf_is_nosize(t))
			return NULL;
	}
	if (btf_kind_has(t, KF_SIZED))
		size = t->size;
	else if (is_kind(t, BTF_KIND_ARRAY))
		size = array_size(c, at);
	else if (is_kind(t, BTF_KIND_PTR))
		size = 8;
	else
		return NULL;
	*id = at;
	if (ret_size)
		*ret_size = size;
	return t;
}

static int push(struct btf_check *c, const struct btf_type *t, u32 id)
{
	u32 i = id - c->b->start_id;

	if (c->depth == BTF_DEPTH_MAX)
		return -E2BIG;
	if (id < c->b->start_id || c->state[i] != NEW)
		return -EEXIST;
	c->state[i] = OPEN;
	c->stack[c->depth++] = (struct resolve_frame){ .t = t, .id = id };
	if (c->mode == RESOLVE_OPEN) {
		if (is_kind(t, BTF_KIND_PTR))
			c->mode = RESOLVE_POINTER;
		else if (btf_is_composite(t) || is_kind(t, BTF_KIND_ARRAY))
			c->mode = RESOLVE_AGGREGATE;
	}
	return 0;
}

static int pop(struct btf_check *c, u32 to_id, u32 to_size)
{
	u32 i = c->stack[--c->depth].id - c->b->start_id;

	c->to_id[i] = to_id;
	c->to_size[i] = to_size;
	c->state[i] = RESOLVED;
	return 0;
}

/* ---- members ---- */

/* Bits of a member that is copied out as an integer: limits, and does it fit? */
static int int_bits_fit(struct btf_check *c, const struct btf_type *s, const struct btf_member *m,
			u32 bit_off, u32 bits)
{
	u32 first = bit_off / 8, copy = bits + bit_off % 8;

	if (copy > 128)
		return btf_bad_member(c, s, m, "nr_copy_bits exceeds 128");
	if (s->size < first || s->size - first < bytes_of_bits(copy))
		return btf_bad_member(c, s, m, "Member exceeds struct_size");
	return 0;
}

static int int_member(struct btf_check *c, const struct btf_type *s, const struct btf_member *m,
		      const struct btf_type *t)
{
	u32 d = btf_int_of(t);

	if (U32_MAX - m->offset < BTF_INT_OFFSET(d))
		return btf_bad_member(c, s, m, "bits_offset exceeds U32_MAX");
	return int_bits_fit(c, s, m, m->offset + BTF_INT_OFFSET(d), BTF_INT_BITS(d));
}

static int int_bitfield(struct btf_check *c, const struct btf_type *s, const struct btf_member *m,
			const struct btf_type *t)
{
	u32 off = BTF_MEMBER_BIT_OFFSET(m->offset), bits = BTF_MEMBER_BITFIELD_SIZE(m->offset);
	u32 max = BTF_INT_BITS(btf_int_of(t));

	if (!btf_int_is_regular(t))
		return btf_bad_member(c, s, m, "Invalid member base type");
	if (!bits && off % 8)
		return btf_bad_member(c, s, m, "Invalid member offset");
	if (bits > max)
		return btf_bad_member(c, s, m, "Invalid member bitfield_size");
	return int_bits_fit(c, s, m, off, bits ? bits : max);
}

static int enum_bitfield(struct btf_check *c, const struct btf_type *s, const struct btf_member *m)
{
	u32 off = BTF_MEMBER_BIT_OFFSET(m->offset), bits = BTF_MEMBER_BITFIELD_SIZE(m->offset);

	if (!bits && off % 8)
		return btf_bad_member(c, s, m, "Member is not byte aligned");
	if (bits > 32)
		return btf_bad_member(c, s, m, "Invalid member bitfield_size");
	if (s->size < bytes_of_bits(off + (bits ? bits : 32)))
		return btf_bad_member(c, s, m, "Member exceeds struct_size");
	return 0;
}

static int float_member(struct btf_check *c, const struct btf_type *s, const struct btf_member *m,
			const struct btf_type *t)
{
	if (m->offset % (MIN(t->size, 8u) * 8))
		return btf_bad_member(c, s, m, "Member is not properly aligned");
	if ((u64)m->offset / 8 + t->size > s->size)
		return btf_bad_member(c, s, m, "Member exceeds struct_size");
	return 0;
}

/* Member `m` of `s` has the sized type `t` (id `id`, modifiers skipped). */
static int member_fits(struct btf_check *c, const struct btf_type *s, const struct btf_member *m,
		       const struct btf_type *t, u32 id)
{
	bool kflag = btf_kflag_of(s);
	u32 kind = btf_kind_of(t), size = t->size;

	if (kind == BTF_KIND_INT)
		return kflag ? int_bitfield(c, s, m, t) : int_member(c, s, m, t);
	if (kflag && (kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64))
		return enum_bitfield(c, s, m);
	if (kflag && BTF_MEMBER_BITFIELD_SIZE(m->offset))
		return btf_bad_member(c, s, m, "Invalid member bitfield_size");
	if (kind == BTF_KIND_FLOAT)
		return float_member(c, s, m, t);
	if (m->offset % 8)
		return btf_bad_member(c, s, m, "Member is not byte aligned");
	if (kind == BTF_KIND_PTR)
		size = 8;
	else if (kind == BTF_KIND_ARRAY)
		size = array_size(c, id);
	if (s->size - m->offset / 8 < size)
		return btf_bad_member(c, s, m, "Member exceeds struct_size");
	return 0;
}

static int check_member(struct btf_check *c, const struct btf_type *s, const struct btf_member *m)
{
	struct btf_member at = *m;
	const struct btf_type *t = local_type(c, m->type);

	if (btf_is_mod(t)) {
		t = sized(c, &at.type, NULL);
		if (!t)
			return btf_bad_member(c, s, m, "Invalid member");
	}
	return member_fits(c, s, &at, t, at.type);
}

/* ---- one step of the walk, by kind: push what must be resolved first, or pop ---- */

static bool ends_in_nothing(const struct btf_type *t)
{
	return t == &btf_void_type || is_kind(t, BTF_KIND_FWD) || is_kind(t, BTF_KIND_FUNC_PROTO);
}

/*
 * A modifier resolved while looking for sizes may have stopped at a pointer. A pointer or variable that
 * refers to it has to go on from there, or a loop through both would stay unseen. Returns the type to visit,
 * or NULL.
 */
static const struct btf_type *unfinished_pointer(const struct btf_check *c, const struct btf_type *t, u32 *id)
{
	u32 at = *id;

	if (!btf_is_mod(t))
		return NULL;
	at = target_of(c, at);
	t = local_type(c, at);
	if (!is_kind(t, BTF_KIND_PTR) || !must_visit(c, t, at))
		return NULL;
	*id = at;
	return t;
}

static int step_ref(struct btf_check *c, struct resolve_frame *f)
{
	const struct btf_type *next = local_type(c, f->t->type), *ptr;
	u32 id = f->t->type;
	bool is_var = is_kind(f->t, BTF_KIND_VAR);

	if (!next || is_source_only(next))
		return btf_bad_type(c, f->t, "Invalid type_id");
	if (must_visit(c, next, id))
		return push(c, next, id);
	if (!btf_is_mod(f->t)) {
		ptr = unfinished_pointer(c, next, &id);
		if (ptr)
			return push(c, ptr, id);
	}
	if (!sized(c, &id, NULL)) {
		if (!is_var && is_resolved(c, id)) {
			id = target_of(c, id);
			next = local_type(c, id);
		}
		if (is_var || !ends_in_nothing(next))
			return btf_bad_type(c, f->t, "Invalid type_id");
	}
	return pop(c, id, 0);
}

static int step_array(struct btf_check *c, struct resolve_frame *f)
{
	const struct btf_array *a = btf_array_of(f->t);
	u32 id = a->index_type, size;
	const struct btf_type *t = local_type(c, id);

	if (btf_is_nosize(t) || is_source_only(t))
		return btf_bad_type(c, f->t, "Invalid index");
	if (must_visit(c, t, id))
		return push(c, t, id);
	t = sized(c, &id, NULL);
	if (!t || !is_kind(t, BTF_KIND_INT) || !btf_int_is_regular(t))
		return btf_bad_type(c, f->t, "Invalid index");
	id = a->type;
	t = local_type(c, id);
	if (btf_is_nosize(t) || is_source_only(t))
		return btf_bad_type(c, f->t, "Invalid elem");
	if (must_visit(c, t, id))
		return push(c, t, id);
	t = sized(c, &id, &size);
	if (!t)
		return btf_bad_type(c, f->t, "Invalid elem");
	if (is_kind(t, BTF_KIND_INT) && !btf_int_is_regular(t))
		return btf_bad_type(c, f->t, "Invalid array of int");
	if (a->nelems && size > U32_MAX / a->nelems)
		return btf_bad_type(c, f->t, "Array size overflows U32_MAX");
	return pop(c, id, size * a->nelems);
}

static int step_struct(struct btf_check *c, struct resolve_frame *f)
{
	const struct btf_member *m = btf_members_of(f->t);
	u32 n = btf_vlen_of(f->t), i = f->next_member;
	int err;

	/* The member for whose sake we left has a size now. */
	if (i) {
		err = check_member(c, f->t, &m[i - 1]);
		if (err)
			return err;
	}
	for (; i < n; i++) {
		const struct btf_type *t = local_type(c, m[i].type);

		if (btf_is_nosize(t) || is_source_only(t))
			return btf_bad_member(c, f->t, &m[i], "Invalid member");
		if (must_visit(c, t, m[i].type)) {
			f->next_member = i + 1;
			return push(c, t, m[i].type);
		}
		err = check_member(c, f->t, &m[i]);
		if (err)
			return err;
	}
	return pop(c, 0, 0);
}

static int step_datasec(struct btf_check *c, struct resolve_frame *f)
{
	const struct btf_var_secinfo *s = btf_secinfos_of(f->t);
	u32 n = btf_vlen_of(f->t);

	c->mode = RESOLVE_OPEN;
	for (u32 i = f->next_member; i < n; i++) {
		const struct btf_type *var = local_type(c, s[i].type);
		u32 id, size;

		if (!var || !is_kind(var, BTF_KIND_VAR))
			return btf_bad_secinfo(c, f->t, &s[i], "Not a VAR kind member");
		if (must_visit(c, var, s[i].type)) {
			f->next_member = i + 1;
			return push(c, var, s[i].type);
		}
		id = var->type;
		if (!sized(c, &id, &size))
			return btf_bad_secinfo(c, f->t, &s[i], "Invalid type");
		if (s[i].size < size)
			return btf_bad_secinfo(c, f->t, &s[i], "Invalid size");
	}
	return pop(c, 0, 0);
}

static int step_func(struct btf_check *c, struct resolve_frame *f)
{
	const struct btf_type *proto = local_type(c, f->t->type);
	const struct btf_param *p;
	u32 n;

	if (!proto || !is_kind(proto, BTF_KIND_FUNC_PROTO))
		return btf_bad_type(c, f->t, "Invalid type_id");
	p = btf_params_of(proto);
	n = btf_vlen_of(proto);
	for (u32 i = 0; i < n; i++)
		if (!p[i].name_off && p[i].type)
			return btf_bad_type(c, f->t, "Invalid arg#%u", i + 1);
	return pop(c, f->t->type, 0);
}

static int step_decl_tag(struct btf_check *c, struct resolve_frame *f)
{
	const struct btf_type *next = local_type(c, f->t->type), *holder;
	s32 component = btf_decl_tag_of(f->t)->component_idx;
	u32 kind = next ? btf_kind_of(next) : 0;

	if (!next || (kind != BTF_KIND_FUNC && kind != BTF_KIND_VAR && kind != BTF_KIND_TYPEDEF &&
		      !btf_is_composite(next)))
		return btf_bad_type(c, f->t, "Invalid type_id");
	if (must_visit(c, next, f->t->type))
		return push(c, next, f->t->type);
	if (component == -1)
		return pop(c, f->t->type, 0);
	if (kind == BTF_KIND_VAR || kind == BTF_KIND_TYPEDEF)
		return btf_bad_type(c, f->t, "Invalid component_idx");
	holder = kind == BTF_KIND_FUNC ? local_type(c, next->type) : next;
	if ((u32)component >= btf_vlen_of(holder))
		return btf_bad_type(c, f->t, "Invalid component_idx");
	return pop(c, f->t->type, 0);
}

static int step(struct btf_check *c, struct resolve_frame *f)
{
	switch (btf_kind_of(f->t)) {
	case BTF_KIND_ARRAY:
		return step_array(c, f);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return step_struct(c, f);
	case BTF_KIND_DATASEC:
		return step_datasec(c, f);
	case BTF_KIND_FUNC:
		return step_func(c, f);
	case BTF_KIND_DECL_TAG:
		return step_decl_tag(c, f);
	case BTF_KIND_PTR:
	case BTF_KIND_VAR:
		return step_ref(c, f);
	default:
		break;
	}
	return btf_is_mod(f->t) ? step_ref(c, f) : btf_bad_basic(c, f->t, "Unsupported resolve");
}

/* What Linux asserts of a type that was just resolved. */
static bool state_ok(const struct btf_check *c, const struct btf_type *t, u32 id)
{
	u32 i = id - c->b->start_id, size;
	const struct btf_array *a;

	if (!is_resolved(c, id))
		return false;
	if (btf_is_composite(t) || is_kind(t, BTF_KIND_DATASEC))
		return !c->to_id[i] && !c->to_size[i];
	if (is_kind(t, BTF_KIND_DECL_TAG) || is_kind(t, BTF_KIND_FUNC))
		return c->to_id[i] && !c->to_size[i];
	if (btf_is_mod(t) || is_kind(t, BTF_KIND_PTR) || is_kind(t, BTF_KIND_VAR)) {
		t = local_type(c, c->to_id[i]);
		return t && !btf_is_mod(t) && !is_kind(t, BTF_KIND_VAR) && !is_kind(t, BTF_KIND_DATASEC);
	}
	if (!is_kind(t, BTF_KIND_ARRAY))
		return false;
	a = btf_array_of(t);
	id = a->type;
	t = sized(c, &id, &size);
	return t && !btf_is_mod(t) && a->nelems * size == c->to_size[i];
}

static int resolve(struct btf_check *c, const struct btf_type *t, u32 id)
{
	u32 reported = c->log_id;
	int err;

	c->mode = RESOLVE_OPEN;
	err = push(c, t, id);
	while (!err && c->depth) {
		struct resolve_frame *f = &c->stack[c->depth - 1];

		c->log_id = f->id;
		err = step(c, f);
	}
	c->log_id = id;
	if (err == -E2BIG)
		btf_bad_type(c, t, "Exceeded max resolving depth:%u", BTF_DEPTH_MAX);
	else if (err == -EEXIST)
		btf_bad_type(c, t, "Loop detected");
	if (!err && !state_ok(c, t, id))
		err = btf_bad_type(c, t, "Invalid resolve state");
	c->log_id = reported;
	return err;
}

/* A return or argument type must exist and have a size; `arg` 0: the return type. */
static int check_proto_type(struct btf_check *c, const struct btf_type *proto, u32 id, u32 arg, u32 name_off)
{
	const struct btf_type *t = local_type(c, id);
	bool bad = !t || is_source_only(t);
	int err;

	if (!bad && name_off)
		bad = !btf_str_valid(c->b, name_off) || !btf_name_ok(c->b, name_off);
	if (!bad && needs_resolve(t) && !is_resolved(c, id)) {
		err = resolve(c, t, id);
		if (err)
			return err;
	}
	if (!bad && sized(c, &id, NULL))
		return 0;
	return arg ? btf_bad_type(c, proto, "Invalid arg#%u", arg)
		   : btf_bad_type(c, proto, "Invalid return type");
}

static int check_proto(struct btf_check *c, const struct btf_type *t)
{
	const struct btf_param *p = btf_params_of(t);
	u32 n = btf_vlen_of(t);
	int err;

	if (t->type) {
		err = check_proto_type(c, t, t->type, 0, 0);
		if (err)
			return err;
	}
	if (n && !p[n - 1].type) {
		if (p[n - 1].name_off)
			return btf_bad_type(c, t, "Invalid arg#%u", n);
		n--;
	}
	for (u32 i = 0; i < n; i++) {
		err = check_proto_type(c, t, p[i].type, i + 1, p[i].name_off);
		if (err)
			return err;
	}
	return 0;
}

int btf_check_types(struct btf_check *c)
{
	struct btf *b = c->b;
	int err;

	c->state = calloc(b->ntypes + 1, 1);
	c->to_id = calloc(b->ntypes + 1, sizeof(u32));
	c->to_size = calloc(b->ntypes + 1, sizeof(u32));
	if (!c->state || !c->to_id || !c->to_size)
		return -ENOMEM;
	c->resolving = true;
	for (u32 i = b->base ? 0 : 1; i < b->ntypes; i++) {
		u32 id = b->start_id + i;
		const struct btf_type *t = b->types[i];

		c->log_id = id;
		if (needs_resolve(t) && !is_resolved(c, id)) {
			err = resolve(c, t, id);
			if (err)
				return err;
		}
		if (is_kind(t, BTF_KIND_FUNC_PROTO)) {
			err = check_proto(c, t);
			if (err)
				return err;
		}
	}
	return 0;
}

/* Type tags come first in a chain of modifiers, and chains are short. `known`: ids up to it were checked. */
static int check_tag_chain(struct btf_check *c, u32 id, u32 known)
{
	const struct btf_type *t = local_type(c, id);
	bool in_tags = is_kind(t, BTF_KIND_TYPE_TAG);
	u32 left = 32;

	while (btf_is_mod(t)) {
		if (!left--) {
			btf_say(c, "Max chain length or cycle detected");
			return -ELOOP;
		}
		if (!is_kind(t, BTF_KIND_TYPE_TAG)) {
			in_tags = false;
		} else if (!in_tags) {
			btf_say(c, "Type tags don't precede modifiers");
			return -EINVAL;
		}
		if (id <= known)
			break;
		id = t->type;
		t = local_type(c, id);
		if (!t)
			return -EINVAL;
	}
	return 0;
}

int btf_check_type_tags(struct btf_check *c)
{
	u32 first = c->b->base ? c->b->start_id : 1, n = c->b->start_id + c->b->ntypes, known = first - 1;

	for (u32 id = first; id < n; id++) {
		int err;

		if (!btf_is_mod(local_type(c, id)))
			continue;
		err = check_tag_chain(c, id, known);
		if (err)
			return err;
		known = id;
	}
	return 0;
}
