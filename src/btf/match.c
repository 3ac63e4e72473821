/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walking into structs by offset: what does an access hit, and is there a struct of a wanted type at an
 * offset?
 *
 * Invariant: every step goes to a type that is a part of the former, so walks end; what a walk allows lies
 * inside the outermost struct, but for flexible arrays at its end, whose length BTF does not know.
 */
#include "btf/priv.h"

struct walk {
	const struct btf *b;
	u32 id;	       /* struct being looked into */
	u32 off, size; /* the access, relative to it */
	u32 flags;     /* WALKF_* found on the way */
	const char *field;
	bool flex; /* accesses beyond may hit a flexible array */
	struct btf_walk_bad bad;
};

/* A member that the access is in, arrays broken down to the element. */
struct hit {
	const char *name;
	u32 id, off, size; /* the element */
	u32 end;	   /* of the whole member */
};

static int deny(struct walk *w, enum btf_walk_end why, const struct btf_type *t, const char *field, u32 at)
{
	w->bad = (struct btf_walk_bad){ .why = why, .type = btf_log_name(w->b, t->name_off), .field = field, .at = at,
					.off = w->off, .size = w->size };
	return -1;
}

/*
 * Size of a member's type, arrays of arrays taken as one: *ret_id is the element, *ret_count how many.
 * Modifiers and arrays together may be 32 deep.
 */
static s64 flatten(const struct btf *b, u32 id, u32 *ret_id, u64 *ret_count)
{
	const struct btf_type *t = btf_type(b, id);
	bool in_array = false;
	u64 n = 1, size;
	u32 elem = id;

	for (u32 i = 0; i < BTF_DEPTH_MAX; i++) {
		if (btf_is_nosize(t))
			return -EINVAL;
		if (btf_kind_of(t) == BTF_KIND_ARRAY) {
			elem = btf_array_of(t)->type;
			n *= btf_array_of(t)->nelems;
			if (n > U32_MAX)
				return -EINVAL;
			in_array = true;
			t = btf_type(b, elem);
		} else if (btf_is_mod(t)) {
			/* An array's element keeps its modifiers. */
			if (!in_array)
				elem = t->type;
			t = btf_type(b, t->type);
		} else {
			break;
		}
	}
	if (btf_is_nosize(t) || btf_is_mod(t) || btf_kind_has(t, KF_SOURCE) ||
	    btf_kind_of(t) == BTF_KIND_ARRAY)
		return -EINVAL;
	size = btf_kind_of(t) == BTF_KIND_PTR ? 8 : t->size;
	if (n * size > U32_MAX)
		return -EINVAL;
	*ret_id = elem;
	*ret_count = n;
	return (s64)(n * size);
}

static const struct btf_type *skipped(const struct btf *b, u32 id)
{
	return btf_type(b, btf_skip_mods(b, id));
}

/*
 * Beyond the struct's size only a flexible array at its end can be hit. 1: the walk goes on in an element,
 * WALK_SCALAR for integers, or the denial.
 */
static int walk_beyond(struct walk *w, const struct btf_type *t)
{
	u32 n = btf_vlen_of(t), start, elem_id;
	const struct btf_type *last, *elem;

	last = n ? skipped(w->b, btf_members_of(t)[n - 1].type) : NULL;
	if (!w->flex || !last || btf_kind_of(last) != BTF_KIND_ARRAY || btf_array_of(last)->nelems)
		goto beyond;
	start = btf_member_bit_off(t, n - 1) / 8;
	if (w->off < start)
		goto beyond;
	elem_id = btf_skip_mods(w->b, btf_array_of(last)->type);
	elem = btf_type(w->b, elem_id);
	if (btf_kind_of(elem) == BTF_KIND_INT)
		return WALK_SCALAR;
	if (!btf_is_composite(elem) || !elem->size)
		goto beyond;
	w->off = (w->off - start) % elem->size;
	w->id = elem_id;
	return 1;
beyond:
	return deny(w, WALK_END_BEYOND, t, NULL, 0);
}

/*
 * The member of `t` that the access starts in. 1 with *h filled; WALK_SCALAR (0) for a whole bit field;
 * negative: none.
 */
static int find_member(struct walk *w, const struct btf_type *t, struct hit *h)
{
	const struct btf_member *m = btf_members_of(t);

	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		u32 bits = btf_member_bitfield(t, i), at = btf_member_bit_off(t, i), off = at / 8;
		u64 count;
		s64 size;

		if (w->off + w->size <= off)
			break;
		if (bits) {
			/* <=, because compilers leave out anonymous bit fields before this one. */
			if (w->off <= off && (at + bits + 7) / 8 <= w->off + w->size)
				return 0;
			continue;
		}
		if (w->off < off)
			break; /* a hole */
		h->name = btf_log_name(w->b, m[i].name_off);
		size = flatten(w->b, m[i].type, &h->id, &count);
		if (size < 0)
			return deny(w, WALK_END_NO_SIZE, t, h->name, 0);
		h->end = off + (u32)size;
		if (w->off >= h->end)
			continue;
		h->size = (u32)size / (u32)count; /* not empty, so count is not 0 */
		h->off = off + (w->off - off) / h->size * h->size;
		return 1;
	}
	return deny(w, WALK_END_NO_FIELD, t, NULL, 0);
}

/* Follow a pointer member: WALK_PTR when it points to a struct, else WALK_SCALAR with WALKF_PTR_MEM. */
static int walk_pointer(struct walk *w, const struct btf_type *outer, const struct btf_type *ptr,
			const struct hit *h, u32 *ret_id)
{
	static const struct {
		const char *tag;
		u32 flag;
	} tags[] = {
		{ "user", WALKF_USER },
		{ "percpu", WALKF_PERCPU },
		{ "rcu", WALKF_RCU },
	};
	const struct btf_type *tag = btf_type(w->b, ptr->type);
	u32 target = btf_skip_mods(w->b, ptr->type);

	if (h->size != w->size || w->off != h->off)
		return deny(w, WALK_END_PTR_PART, outer, h->name, h->off);
	if (!btf_is_composite(btf_type(w->b, target))) {
		w->flags = WALKF_PTR_MEM | WALKF_UNTRUSTED;
		return WALK_SCALAR;
	}
	if (btf_kind_of(tag) == BTF_KIND_TYPE_TAG && !btf_kflag_of(tag))
		for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
			if (!strcmp(btf_str(w->b, tag->name_off), tags[i].tag))
				w->flags |= tags[i].flag;
	w->field = h->name;
	*ret_id = target;
	return WALK_PTR;
}

/* One walk from struct w->id: to a pointer, a scalar, or (WALK_STRUCT) a nested struct that starts at the
 * offset. */
static int walk_once(struct walk *w, u32 *ret_id)
{
	for (;;) {
		const struct btf_type *t = skipped(w->b, w->id), *mt;
		struct hit h = { 0 };
		int got;

		if (!btf_is_composite(t))
			return deny(w, WALK_END_NO_STRUCT, t, NULL, 0);
		/* What a union holds is anyone's guess; with one member it is no union. */
		if (btf_kind_of(t) == BTF_KIND_UNION && btf_vlen_of(t) != 1)
			w->flags |= WALKF_UNTRUSTED;
		if ((u64)w->off + w->size > t->size) {
			got = walk_beyond(w, t);
			if (got != 1)
				return got;
			continue;
		}
		got = find_member(w, t, &h);
		if (got <= 0)
			return got;
		mt = skipped(w->b, h.id);
		if (btf_is_composite(mt)) {
			if (w->off == h.off) {
				*ret_id = h.id;
				return WALK_STRUCT;
			}
			w->off -= h.off;
			w->id = h.id;
			continue;
		}
		if (btf_kind_of(mt) == BTF_KIND_PTR)
			return walk_pointer(w, t, mt, &h, ret_id);
		/* An integer may be read in part, and an array of them as scratch space, but not what
		 * follows. */
		if ((u64)w->off + w->size > h.end && !(w->flags & WALKF_UNTRUSTED))
			return deny(w, WALK_END_MEMBER, t, h.name, h.end);
		return WALK_SCALAR;
	}
}

int btf_struct_walk(const struct btf *b, u32 id, s32 off, u32 size, u32 *ret_id, u32 *ret_flags, const char **ret_field,
		    struct btf_walk_bad *ret_bad)
{
	struct walk w = {
		.b = b,
		.id = id,
		.off = (u32)off,
		.size = size,
		.flex = btf_is_kernel(b),
	};
	u32 next = 0;
	int got;

	for (;;) {
		/* Size 0 asks for the struct at that offset: one byte of it is what has to be there. */
		w.size = size ? size : 1;
		got = walk_once(&w, &next);
		if (got != WALK_STRUCT || !size)
			break;
		w.id = next;
		w.off = 0;
	}
	if (got < 0) {
		if (ret_bad)
			*ret_bad = w.bad;
		return -EINVAL;
	}
	if (got != WALK_SCALAR)
		*ret_id = next;
	if (ret_flags)
		*ret_flags = w.flags;
	if (ret_field && got == WALK_PTR)
		*ret_field = w.field;
	return got;
}

static bool same_type(const struct btf *a, u32 a_id, const struct btf *b, u32 b_id)
{
	return a_id == b_id && (a == b || btf_type(a, a_id) == btf_type(b, b_id));
}

bool btf_struct_ids_match(const struct btf *b, u32 id, u32 off, const struct btf *want, u32 want_id,
			  bool strict)
{
	u32 flags;

	if (!off && same_type(b, id, want, want_id))
		return true;
	if (strict)
		return false;
	while (btf_type(b, id)) {
		u32 next;

		if (btf_struct_walk(b, id, (s32)off, 0, &next, &flags, NULL, NULL) != WALK_STRUCT)
			return false;
		if (same_type(b, next, want, want_id))
			return true;
		id = next;
		off = 0;
	}
	return false;
}
