/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading BTF: types and strings by number, names by hash, modifiers, sizes, decl tags.
 *
 * Invariant: reads only; the one thing made late is the index of names, published once by compare-and-swap.
 */
#include <stdlib.h>

#include "btf/priv.h"

const void *btf_raw(const struct btf *b, u32 *ret_size)
{
	if (ret_size)
		*ret_size = b->size;
	return b->data;
}

const struct btf *btf_base(const struct btf *b)
{
	return b->base;
}

bool btf_is_kernel(const struct btf *b)
{
	return b->kernel;
}

u32 btf_type_count(const struct btf *b)
{
	return b->start_id + b->ntypes;
}

const struct btf_type *btf_type(const struct btf *b, u32 id)
{
	while (id < b->start_id)
		b = b->base;
	id -= b->start_id;
	return id < b->ntypes ? b->types[id] : NULL;
}

bool btf_str_valid(const struct btf *b, u32 off)
{
	if (off > BTF_MAX_NAME_OFFSET)
		return false;
	while (off < b->start_str)
		b = b->base;
	return off - b->start_str < b->hdr.str_len;
}

const char *btf_str(const struct btf *b, u32 off)
{
	while (off < b->start_str)
		b = b->base;
	off -= b->start_str;
	return off < b->hdr.str_len ? b->strs + off : "";
}

const char *btf_log_name(const struct btf *b, u32 off)
{
	if (!off)
		return "(anon)";
	while (off < b->start_str)
		b = b->base;
	off -= b->start_str;
	return off < b->hdr.str_len ? b->strs + off : "(invalid-name-offset)";
}

const char *btf_type_name(const struct btf *b, u32 id)
{
	const struct btf_type *t = btf_type(b, id);

	return t ? btf_str(b, t->name_off) : "";
}

/* ---- names: the kernel's character classes, which know Latin-1's letters ---- */

static bool is_alpha(u8 c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

static bool is_print(u8 c)
{
	return (c >= 0x20 && c < 0x7f) || c >= 0xa0;
}

static bool ident_char(u8 c, bool first)
{
	return is_alpha(c) || c == '_' || c == '.' || (!first && c >= '0' && c <= '9');
}

bool btf_name_ok(const struct btf *b, u32 off)
{
	const char *s = btf_str(b, off);
	size_t i;

	if (!ident_char((u8)s[0], true))
		return false;
	for (i = 1; s[i] && i < BTF_NAME_MAX; i++)
		if (!ident_char((u8)s[i], false))
			return false;
	return !s[i];
}

bool btf_section_name_ok(const struct btf *b, u32 off)
{
	const char *s = btf_str(b, off);
	size_t i;

	if (!s[0])
		return false;
	/* The first character's turn comes twice there; once is the same. */
	for (i = 0; s[i] && i < BTF_NAME_MAX; i++)
		if (!is_print((u8)s[i]))
			return false;
	return !s[i];
}

/* ---- find by name ---- */

#define FEW_QUESTIONS 8

struct btf_index {
	u32 mask;
	u32 *head; /* mask + 1 of them: first local type of the chain, 0: none */
	u32 *next; /* by local type */
};

/* Without the flavor, so that a chain has all types that CO-RE takes for one. */
static u32 hash_name(const char *s)
{
	size_t n = btf_essential_len(s);
	u32 h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (u8)s[i]) * 16777619u;
	return h ^ h >> 15;
}

void btf_index_free(struct btf_index *ix)
{
	if (!ix)
		return;
	free(ix->head);
	free(ix->next);
	free(ix);
}

static struct btf_index *index_make(const struct btf *b)
{
	struct btf_index *ix = calloc(1, sizeof(*ix));
	u32 size = 16;

	if (!ix)
		return NULL;
	while (size < b->ntypes)
		size *= 2;
	ix->mask = size - 1;
	ix->head = calloc(size, sizeof(u32));
	ix->next = calloc(b->ntypes + 1, sizeof(u32));
	if (!ix->head || !ix->next) {
		btf_index_free(ix);
		return NULL;
	}
	/* Backwards, so that chains start with the lowest id. Links are local index + 1, so that 0 is the
	 * end. */
	for (u32 i = b->ntypes; i--;) {
		u32 *head;

		if (!b->types[i]->name_off)
			continue;
		head = &ix->head[hash_name(btf_str(b, b->types[i]->name_off)) & ix->mask];
		ix->next[i] = *head;
		*head = i + 1;
	}
	return ix;
}

static const struct btf_index *index_of(const struct btf *b)
{
	struct btf_index **slot = &((struct btf *)(uintptr_t)b)->index;
	struct btf_index *ix = __atomic_load_n(slot, __ATOMIC_ACQUIRE), *seen = NULL;

	if (ix)
		return ix;
	ix = index_make(b);
	if (!ix || __atomic_compare_exchange_n(slot, &seen, ix, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return ix;
	btf_index_free(ix); /* another thread was first */
	return seen;
}

/* Without an index (no memory, or the empty name, which is not in it). */
static s32 find_linear(const struct btf *b, const char *name, u32 kind)
{
	for (u32 i = b->base ? 0 : 1; i < b->ntypes; i++)
		if (btf_kind_of(b->types[i]) == kind && !strcmp(btf_str(b, b->types[i]->name_off), name))
			return (s32)(b->start_id + i);
	return -ENOENT;
}

/* Does the string of length n at p, which the section contains, stand alone? */
static bool is_whole(const struct btf *b, const char *p, size_t n)
{
	return (p == b->strs || !p[-1]) && !p[n];
}

/*
 * A few questions do not pay for an index of 100,000 names: look for the text, then for types that have it for a name.
 * -EAGAIN: enough of that.
 */
static s32 find_text(const struct btf *b, const char *name, u32 kind)
{
	const char *p = b->strs, *end = p + b->hdr.str_len;
	size_t n = strlen(name);

	if (!b->genuine || b->index ||
	    __atomic_fetch_add(&((struct btf *)(uintptr_t)b)->asked, 1, __ATOMIC_RELAXED) >= FEW_QUESTIONS)
		return -EAGAIN;
	/* with the zero at its end, which stands for a name's as well */
	while (p < end && (p = memmem(p, (size_t)(end - p), name, n + 1))) {
		if (is_whole(b, p, n))
			for (u32 i = 1; i < b->ntypes; i++)
				if (b->types[i]->name_off == (u32)(p - b->strs) && btf_kind_of(b->types[i]) == kind)
					return (s32)(b->start_id + i);
		p++;
	}
	return -ENOENT;
}

s32 btf_find(const struct btf *b, const char *name, u32 kind)
{
	const struct btf_index *ix;
	s32 found;

	if (b->base) {
		s32 id = btf_find(b->base, name, kind);

		if (id >= 0)
			return id;
	}
	found = *name ? find_text(b, name, kind) : -EAGAIN;
	if (found != -EAGAIN)
		return found;
	ix = *name ? index_of(b) : NULL;
	if (!ix)
		return find_linear(b, name, kind);
	for (u32 i = ix->head[hash_name(name) & ix->mask]; i; i = ix->next[i - 1]) {
		const struct btf_type *t = b->types[i - 1];

		if (btf_kind_of(t) == kind && !strcmp(btf_str(b, t->name_off), name))
			return (s32)(b->start_id + i - 1);
	}
	return -ENOENT;
}

u32 btf_find_flavor(const struct btf *b, const char *name, u32 after)
{
	const struct btf_index *ix;

	if (b->base && after < b->start_id) {
		u32 id = btf_find_flavor(b->base, name, after);

		if (id)
			return id;
	}
	ix = *name ? index_of(b) : NULL;
	if (!ix)
		return 0;
	for (u32 i = ix->head[hash_name(name) & ix->mask]; i; i = ix->next[i - 1])
		if (b->start_id + i - 1 > after && btf_same_name(btf_str(b, b->types[i - 1]->name_off), name))
			return b->start_id + i - 1;
	return 0;
}

/* ---- shapes ---- */

u32 btf_member_bit_off(const struct btf_type *t, u32 i)
{
	u32 off = btf_members_of(t)[i].offset;

	return btf_kflag_of(t) ? BTF_MEMBER_BIT_OFFSET(off) : off;
}

u32 btf_member_bitfield(const struct btf_type *t, u32 i)
{
	return btf_kflag_of(t) ? BTF_MEMBER_BITFIELD_SIZE(btf_members_of(t)[i].offset) : 0;
}

bool btf_is_nosize(const struct btf_type *t)
{
	u32 kind;

	if (!t || t == &btf_void_type)
		return true;
	kind = btf_kind_of(t);
	return kind == BTF_KIND_FWD || kind == BTF_KIND_FUNC || kind == BTF_KIND_FUNC_PROTO ||
	       kind == BTF_KIND_DECL_TAG;
}

bool btf_int_is_regular(const struct btf_type *t)
{
	u32 d = btf_int_of(t), bits = BTF_INT_BITS(d);

	return !BTF_INT_OFFSET(d) && (bits == 8 || bits == 16 || bits == 32 || bits == 64 || bits == 128);
}

u32 btf_skip_mods(const struct btf *b, u32 id)
{
	const struct btf_type *t;

	for (t = btf_type(b, id); t && btf_is_mod(t); t = btf_type(b, id))
		id = t->type;
	return id;
}

/* The member of that name (length n), also of unnamed members: its type behind modifiers, and *off grows by its place; 0: none. */
static u32 member_named(const struct btf *b, u32 id, const char *name, size_t n, u32 *off)
{
	const struct btf_type *t = btf_type(b, id);

	if (!t || (btf_kind_of(t) != BTF_KIND_STRUCT && btf_kind_of(t) != BTF_KIND_UNION))
		return 0;
	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		const struct btf_member *m = &btf_members_of(t)[i];
		const char *s = btf_str(b, m->name_off);
		u32 at = *off + btf_member_bit_off(t, i) / 8, found = 0;

		if (!*s)
			found = member_named(b, btf_skip_mods(b, m->type), name, n, &at);
		else if (!strncmp(s, name, n) && !s[n] && !btf_member_bitfield(t, i))
			found = btf_skip_mods(b, m->type);
		if (found) {
			*off = at;
			return found;
		}
	}
	return 0;
}

u32 btf_member_path(const struct btf *b, u32 id, const char *path, u32 *ret_off)
{
	u32 off = 0;

	id = btf_skip_mods(b, id);
	while (id && *path) {
		size_t n = strcspn(path, ".");

		id = member_named(b, id, path, n, &off);
		path += n + (path[n] == '.');
	}
	if (id)
		*ret_off = off;
	return id;
}

s64 btf_size_of(const struct btf *b, u32 id)
{
	const struct btf_type *t = btf_type(b, id);
	u64 n = 1;

	for (;;) {
		if (btf_is_nosize(t))
			return -EINVAL;
		if (btf_kind_has(t, KF_SIZED))
			n *= t->size;
		else if (btf_kind_of(t) == BTF_KIND_PTR)
			n *= 8;
		else if (btf_kind_of(t) == BTF_KIND_ARRAY)
			n *= btf_array_of(t)->nelems;
		if (n > U32_MAX)
			return -EINVAL;
		if (btf_kind_of(t) == BTF_KIND_ARRAY)
			t = btf_type(b, btf_array_of(t)->type);
		else if (btf_is_mod(t) || btf_kind_of(t) == BTF_KIND_VAR)
			t = btf_type(b, t->type);
		else
			return (s64)n;
	}
}

/* ---- decl tags ---- */

u32 btf_decl_tag_next(const struct btf *b, u32 id, s32 component, const char *prefix, u32 after)
{
	size_t n = strlen(prefix);
	u32 lo = 0, hi = b->ntags;

	if (b->base && after < b->start_id) {
		u32 found = btf_decl_tag_next(b->base, id, component, prefix, after);

		if (found)
			return found;
	}
	/* The first tag of `id` above `after`, and from there on. */
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		const struct btf_tag *tag = &b->tags[mid];

		if (tag->target < id || (tag->target == id && tag->id <= after))
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < b->ntags && b->tags[lo].target == id; lo++) {
		const struct btf_type *t = btf_type(b, b->tags[lo].id);

		if (btf_decl_tag_of(t)->component_idx == component &&
		    !strncmp(btf_str(b, t->name_off), prefix, n))
			return b->tags[lo].id;
	}
	return 0;
}

const char *btf_decl_tag(const struct btf *b, u32 id, s32 component, const char *prefix)
{
	u32 tag = btf_decl_tag_next(b, id, component, prefix, 0);

	return tag ? btf_type_name(b, tag) + strlen(prefix) : NULL;
}
