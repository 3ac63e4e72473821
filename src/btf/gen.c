/* SPDX-License-Identifier: BSD-2-Clause */
/* Building BTF: see gen.h. Two growing buffers, types and strings; a hash of string offsets keeps strings
 * unique. */
#include <stdlib.h>

#include "base/str.h"
#include "btf/gen.h"
#include "btf/priv.h"

struct btf_build {
	struct str types, strs, out;
	u32 start_id, start_str;
	u32 count;   /* local types so far */
	size_t last; /* offset of the type made last */
	u32 *slot;   /* open hash of string offsets; 0: free (the empty string is not in it) */
	u32 slots, used;
	bool failed;
};

struct btf_build *btf_build_new(const struct btf *base)
{
	struct btf_build *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->start_id = base ? btf_type_count(base) : 1;
	g->start_str = base ? base->start_str + base->hdr.str_len : 0;
	if (!base)
		str_putc(&g->strs, '\0');
	return g;
}

void btf_build_free(struct btf_build *g)
{
	if (!g)
		return;
	str_free(&g->types);
	str_free(&g->strs);
	str_free(&g->out);
	free(g->slot);
	free(g);
}

u32 btf_build_count(const struct btf_build *g)
{
	return g->start_id + g->count;
}

static u32 *slot_of(struct btf_build *g, const char *s)
{
	u32 h = 5381, *slot;

	for (const char *p = s; *p; p++)
		h = h * 33 + (u8)*p;
	for (;; h++) {
		slot = &g->slot[h & (g->slots - 1)];
		if (!*slot || !strcmp(g->strs.s + *slot - 1, s))
			return slot;
	}
}

static bool grow_slots(struct btf_build *g)
{
	u32 *old = g->slot, n = g->slots;

	if (g->used * 2 < n)
		return true;
	g->slots = n ? n * 2 : 64;
	g->slot = calloc(g->slots, sizeof(u32));
	if (!g->slot) {
		g->slot = old;
		g->slots = n;
		return false;
	}
	for (u32 i = 0; i < n; i++)
		if (old[i])
			*slot_of(g, g->strs.s + old[i] - 1) = old[i];
	free(old);
	return true;
}

u32 btf_build_str(struct btf_build *g, const char *s)
{
	u32 *slot, off;

	if (!s || !*s || g->failed)
		return 0;
	if (!grow_slots(g)) {
		g->failed = true;
		return 0;
	}
	slot = slot_of(g, s);
	if (!*slot) {
		/* Links are offset + 1: a split BTF's first string is at 0. */
		off = (u32)g->strs.len;
		str_putn(&g->strs, s, strlen(s) + 1);
		g->failed |= g->strs.failed;
		if (g->failed)
			return 0;
		*slot = off + 1;
		g->used++;
	}
	return g->start_str + *slot - 1;
}

void btf_build_word(struct btf_build *g, u32 word)
{
	str_putn(&g->types, (const char *)&word, sizeof(word));
	g->failed |= g->types.failed;
}

u32 btf_build_raw(struct btf_build *g, const char *name, u32 kind, u32 vlen, bool kflag, u32 size_or_type)
{
	struct btf_type t = {
		.name_off = btf_build_str(g, name),
		.info = (u32)kflag << 31 | kind << 24 | vlen,
		.size = size_or_type,
	};

	g->last = g->types.len;
	str_putn(&g->types, (const char *)&t, sizeof(t));
	g->failed |= g->types.failed;
	return g->failed ? 0 : g->start_id + g->count++;
}

/* One more element of the type made last. */
static struct btf_type *one_more(struct btf_build *g)
{
	struct btf_type *t;

	if (g->failed || !g->count)
		return NULL;
	t = (struct btf_type *)(void *)(g->types.s + g->last);
	if (btf_vlen_of(t) == BTF_MAX_VLEN) {
		g->failed = true;
		return NULL;
	}
	t->info++;
	return t;
}

u32 btf_build_int(struct btf_build *g, const char *name, u32 size, u32 encoding)
{
	u32 id = btf_build_raw(g, name, BTF_KIND_INT, 0, false, size);

	btf_build_word(g, encoding << 24 | size * 8);
	return id;
}

u32 btf_build_float(struct btf_build *g, const char *name, u32 size)
{
	return btf_build_raw(g, name, BTF_KIND_FLOAT, 0, false, size);
}

u32 btf_build_ptr(struct btf_build *g, u32 to)
{
	return btf_build_raw(g, NULL, BTF_KIND_PTR, 0, false, to);
}

u32 btf_build_mod(struct btf_build *g, u32 kind, u32 to)
{
	return btf_build_raw(g, NULL, kind, 0, false, to);
}

u32 btf_build_typedef(struct btf_build *g, const char *name, u32 to)
{
	return btf_build_raw(g, name, BTF_KIND_TYPEDEF, 0, false, to);
}

u32 btf_build_type_tag(struct btf_build *g, const char *text, u32 to)
{
	return btf_build_raw(g, text, BTF_KIND_TYPE_TAG, 0, false, to);
}

u32 btf_build_array(struct btf_build *g, u32 elem, u32 index, u32 n)
{
	u32 id = btf_build_raw(g, NULL, BTF_KIND_ARRAY, 0, false, 0);

	btf_build_word(g, elem);
	btf_build_word(g, index);
	btf_build_word(g, n);
	return id;
}

u32 btf_build_struct(struct btf_build *g, const char *name, u32 size)
{
	return btf_build_raw(g, name, BTF_KIND_STRUCT, 0, false, size);
}

u32 btf_build_union(struct btf_build *g, const char *name, u32 size)
{
	return btf_build_raw(g, name, BTF_KIND_UNION, 0, false, size);
}

void btf_build_member(struct btf_build *g, const char *name, u32 type, u32 bit_off, u32 bits)
{
	struct btf_type *t = one_more(g);

	if (!t)
		return;
	/* The first bit field changes how all offsets are read; those before it read the same. */
	if (bits)
		t->info |= 1u << 31;
	btf_build_word(g, btf_build_str(g, name));
	btf_build_word(g, type);
	btf_build_word(g, bits << 24 | bit_off);
}

u32 btf_build_enum(struct btf_build *g, const char *name, u32 size, bool is_signed)
{
	return btf_build_raw(g, name, BTF_KIND_ENUM, 0, is_signed, size);
}

u32 btf_build_enum64(struct btf_build *g, const char *name, u32 size, bool is_signed)
{
	return btf_build_raw(g, name, BTF_KIND_ENUM64, 0, is_signed, size);
}

void btf_build_enumerator(struct btf_build *g, const char *name, u64 value)
{
	struct btf_type *t = one_more(g);
	bool wide;

	if (!t)
		return;
	wide = btf_kind_of(t) == BTF_KIND_ENUM64;
	btf_build_word(g, btf_build_str(g, name));
	btf_build_word(g, (u32)value);
	if (wide)
		btf_build_word(g, (u32)(value >> 32));
}

u32 btf_build_proto(struct btf_build *g, u32 ret)
{
	return btf_build_raw(g, NULL, BTF_KIND_FUNC_PROTO, 0, false, ret);
}

void btf_build_param(struct btf_build *g, const char *name, u32 type)
{
	if (!one_more(g))
		return;
	btf_build_word(g, btf_build_str(g, name));
	btf_build_word(g, type);
}

u32 btf_build_func(struct btf_build *g, const char *name, u32 proto, u32 linkage)
{
	return btf_build_raw(g, name, BTF_KIND_FUNC, linkage, false, proto);
}

u32 btf_build_var(struct btf_build *g, const char *name, u32 type, u32 linkage)
{
	u32 id = btf_build_raw(g, name, BTF_KIND_VAR, 0, false, type);

	btf_build_word(g, linkage);
	return id;
}

u32 btf_build_datasec(struct btf_build *g, const char *name, u32 size)
{
	return btf_build_raw(g, name, BTF_KIND_DATASEC, 0, false, size);
}

void btf_build_secinfo(struct btf_build *g, u32 var, u32 off, u32 size)
{
	if (!one_more(g))
		return;
	btf_build_word(g, var);
	btf_build_word(g, off);
	btf_build_word(g, size);
}

u32 btf_build_decl_tag(struct btf_build *g, const char *text, u32 id, s32 component)
{
	u32 tag = btf_build_raw(g, text, BTF_KIND_DECL_TAG, 0, false, id);

	btf_build_word(g, (u32)component);
	return tag;
}

const void *btf_build_done(struct btf_build *g, u32 *ret_size)
{
	struct btf_header h = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = (u32)g->types.len,
		.str_off = (u32)g->types.len,
		.str_len = (u32)g->strs.len,
	};

	if (g->failed || g->strs.failed)
		return NULL;
	str_clear(&g->out);
	str_putn(&g->out, (const char *)&h, sizeof(h));
	if (g->types.len)
		str_putn(&g->out, g->types.s, g->types.len);
	if (g->strs.len)
		str_putn(&g->out, g->strs.s, g->strs.len);
	if (g->out.failed)
		return NULL;
	*ret_size = (u32)g->out.len;
	return g->out.s;
}
