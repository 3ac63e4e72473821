/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From bytes to a struct btf: the header, the layout of its sections, the string section, and then the passes
 * over the types. Text and order of complaints are Linux's.
 *
 * Invariant: nothing of the caller's bytes is used before its place was checked; on failure nothing is left
 * behind.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "btf/priv.h"

const struct btf_kind_row btf_kind_row[KINDS] = {
#define K(id, text, fixed, each, bits) [BTF_KIND_##id] = { text, fixed, each, bits },
#include "btf/kind.def"
};

const struct btf_type btf_void_type;

int btf_add_type(struct btf *b, const struct btf_type *t)
{
	if (b->ntypes + 1 >= b->types_cap) {
		u32 cap = b->types_cap ? b->types_cap * 2 : 64;
		const struct btf_type **p = realloc(b->types, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		b->types = p;
		b->types_cap = cap;
	}
	if (!b->ntypes && !b->base)
		b->types[b->ntypes++] = &btf_void_type;
	if (btf_kind_of(t) == BTF_KIND_DECL_TAG) {
		if (b->ntags == b->tags_cap) {
			u32 cap = b->tags_cap ? b->tags_cap * 2 : 16;
			struct btf_tag *p = realloc(b->tags, cap * sizeof(*p));

			if (!p)
				return -ENOMEM;
			b->tags = p;
			b->tags_cap = cap;
		}
		b->tags[b->ntags++] = (struct btf_tag){ t->type, b->start_id + b->ntypes };
	}
	b->types[b->ntypes++] = t;
	return 0;
}

/* The two sections in the order they lie in must fill the body without gap or overlap. */
static int check_layout(struct btf_check *c)
{
	const struct btf_header *h = &c->b->hdr;
	struct {
		u32 off, len;
	} s[2] = { { h->type_off, h->type_len }, { h->str_off, h->str_len } }, swap;
	u32 total = 0, body = c->b->size - h->hdr_len;
	const char *why = NULL;
	s32 order = (s32)(s[0].off - s[1].off);

	if (order ? order > 0 : (s32)(s[0].len - s[1].len) > 0) {
		swap = s[0];
		s[0] = s[1];
		s[1] = swap;
	}
	for (int i = 0; i < 2 && !why; i++) {
		if (body < s[i].off)
			why = "Invalid section offset";
		else if (total < s[i].off)
			why = "Unsupported section found";
		else if (total > s[i].off)
			why = "Section overlap found";
		else if (body - total < s[i].len)
			why = "Total section length too long";
		total += s[i].len;
	}
	if (!why && body != total)
		why = "Unsupported section found";
	if (why)
		btf_say(c, "%s", why);
	return why ? -EINVAL : 0;
}

static void list_header(struct btf_check *c)
{
	const struct btf_header *h = &c->b->hdr;

	btf_say(c, "magic: 0x%x\nversion: %u\nflags: 0x%x\nhdr_len: %u\n", h->magic, h->version, h->flags,
		h->hdr_len);
	btf_say(c, "type_off: %u\ntype_len: %u\nstr_off: %u\nstr_len: %u\n", h->type_off, h->type_len,
		h->str_off, h->str_len);
	btf_say(c, "btf_total_size: %u\n", c->b->size);
}

static int fail(struct btf_check *c, int err, const char *why)
{
	btf_say(c, "%s", why);
	return err;
}

static int parse_header(struct btf_check *c)
{
	struct btf *b = c->b;
	u32 len;

	if (b->size < offsetof(struct btf_header, hdr_len) + sizeof(len))
		return fail(c, -EINVAL, "hdr_len not found");
	memcpy(&len, b->data + offsetof(struct btf_header, hdr_len), sizeof(len));
	if (b->size < len)
		return fail(c, -EINVAL, "btf_header not found");
	for (u32 i = sizeof(b->hdr); i < len; i++)
		if (b->data[i])
			return fail(c, -E2BIG, "Unsupported btf_header");
	memcpy(&b->hdr, b->data, MIN(len, (u32)sizeof(b->hdr)));
	list_header(c);
	if (b->hdr.magic != BTF_MAGIC)
		return fail(c, -EINVAL, "Invalid magic");
	if (b->hdr.version != BTF_VERSION)
		return fail(c, -ENOTSUPP, "Unsupported version");
	if (b->hdr.flags)
		return fail(c, -ENOTSUPP, "Unsupported flags");
	if (!b->base && b->size == b->hdr.hdr_len)
		return fail(c, -EINVAL, "No data");
	return check_layout(c);
}

static int parse_strings(struct btf_check *c)
{
	struct btf *b = c->b;
	u32 n = b->hdr.str_len;
	const u8 *start = b->body + b->hdr.str_off, *end = start + n;

	if (end != b->data + b->size)
		return fail(c, -EINVAL, "String section is not at the end");
	b->strs = (const char *)start;
	if (b->base && !n)
		return 0;
	if (!n || n - 1 > BTF_MAX_NAME_OFFSET || end[-1] || (!b->base && *start))
		return fail(c, -EINVAL, "Invalid string section");
	return 0;
}

static int parse_types(struct btf_check *c, bool trusted)
{
	struct btf *b = c->b;
	int err;

	if (b->hdr.type_off & 3)
		return fail(c, -EINVAL, "Unaligned type_off");
	if (!b->base && !b->hdr.type_len)
		return fail(c, -EINVAL, "No type found");
	if (trusted)
		return btf_check_trusted(b);
	err = btf_check_metas(c);
	if (err)
		return err;
	err = btf_check_types(c);
	return err ? err : btf_check_type_tags(c);
}

static int tag_order(const void *a, const void *b)
{
	const struct btf_tag *x = a, *y = b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Copy the bytes so that the types, at multiples of 4 behind a header of any length, are aligned. */
static int copy_bytes(struct btf *b, const void *data, u32 size)
{
	u32 hdr_len = 0, pad;

	if (size >= offsetof(struct btf_header, hdr_len) + sizeof(hdr_len))
		memcpy(&hdr_len, (const u8 *)data + offsetof(struct btf_header, hdr_len), sizeof(hdr_len));
	pad = (0u - hdr_len) & 7;
	b->block = malloc((size_t)size + 16);
	if (!b->block)
		return -ENOMEM;
	b->data = b->block + pad;
	if (size)
		memcpy(b->data, data, size);
	b->size = size;
	return 0;
}

static int parse(struct btf *b, const void *data, u32 size, bool trusted, struct log *log)
{
	struct btf_check c = { .b = b, .log = log };
	int err = b->genuine ? 0 : copy_bytes(b, data, size);

	if (!err)
		err = parse_header(&c);
	if (err)
		return err;
	b->body = b->data + b->hdr.hdr_len;
	err = parse_strings(&c);
	if (!err)
		err = parse_types(&c, trusted);
	if (!err && b->ntags)
		qsort(b->tags, b->ntags, sizeof(*b->tags), tag_order);
	free(c.state);
	free(c.to_id);
	free(c.to_size);
	return err;
}

enum { MAKE_TRUSTED = 1, MAKE_AS_618 = 2, MAKE_GENUINE = 4 };

static int make(const void *data, u32 size, const struct btf *base, u32 how, const struct btf *kernel,
		struct log *log, struct btf **ret_btf)
{
	bool trusted = how & MAKE_TRUSTED;
	struct log quiet = { 0 };
	struct btf *b;
	int err;

	if (!trusted && size > BTF_SIZE_MAX)
		return -E2BIG;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->kernel = trusted;
	b->genuine = how & MAKE_GENUINE;
	if (b->genuine) {
		b->data = (u8 *)(uintptr_t)data; /* never written through */
		b->size = size;
	}
	b->as_618 = how & MAKE_AS_618;
	b->base = base;
	if (base) {
		b->start_id = base->start_id + base->ntypes;
		b->start_str = base->start_str + base->hdr.str_len;
	}
	err = parse(b, data, size, trusted, log ? log : &quiet);
	if (!err && !trusted)
		err = btf_metas_make(b, kernel);
	if (err) {
		b->genuine = false; /* the mapping stays the caller's */
		btf_free(b);
		return err;
	}
	*ret_btf = b;
	return 0;
}

int btf_parse(const void *data, u32 size, const struct btf *base, bool trusted, struct log *log,
	      struct btf **ret_btf)
{
	return make(data, size, base, trusted ? MAKE_TRUSTED : 0, NULL, log, ret_btf);
}

int btf_adopt(const void *map, u32 size, struct log *log, struct btf **ret_btf)
{
	return make(map, size, NULL, MAKE_TRUSTED | MAKE_GENUINE, NULL, log, ret_btf);
}

int btf_load(const void *data, u32 size, const struct btf *kernel, struct log *log, struct btf **ret_btf)
{
	return make(data, size, NULL, 0, kernel, log, ret_btf);
}

int btf_load_as_618(const void *data, u32 size, const struct btf *kernel, struct log *log,
		    struct btf **ret_btf)
{
	return make(data, size, NULL, MAKE_AS_618, kernel, log, ret_btf);
}

void btf_free(struct btf *b)
{
	if (!b)
		return;
	btf_metas_free(b->metas);
	btf_index_free(b->index);
	free(b->types);
	free(b->tags);
	if (b->genuine)
		munmap(b->data, b->size);
	free(b->block);
	free(b);
}
