/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First pass over the types of a program's BTF: what each type's own bytes must obey, kind by kind. Order and
 * text of the complaints are Linux's, because loaders probe the kernel with broken BTF and people read the
 * log.
 *
 * Invariant: after this pass every type's payload lies inside the type section and every string offset is
 * valid; ids may still lead nowhere.
 */
#include "btf/priv.h"

#define ID_OK(id) ((id) <= BTF_MAX_TYPE)
#define BITS_128  ((size_t)128)

static u32 bytes_of_bits(u64 bits)
{
	return (u32)((bits + 7) / 8);
}

/* Payload of `need` bytes must follow. */
static int need_payload(struct btf_check *c, const struct btf_type *t, u32 left, u32 need)
{
	return left < need ? btf_bad_basic(c, t, "meta_left:%u meta_needed:%u", left, need) : 0;
}

static int no_vlen(struct btf_check *c, const struct btf_type *t)
{
	return btf_vlen_of(t) ? btf_bad_type(c, t, "vlen != 0") : 0;
}

static int no_kflag(struct btf_check *c, const struct btf_type *t)
{
	return btf_kflag_of(t) ? btf_bad_type(c, t, "Invalid btf_info kind_flag") : 0;
}

static int required_name(struct btf_check *c, const struct btf_type *t)
{
	return !t->name_off || !btf_name_ok(c->b, t->name_off) ? btf_bad_type(c, t, "Invalid name") : 0;
}

static int optional_name(struct btf_check *c, const struct btf_type *t)
{
	return t->name_off && !btf_name_ok(c->b, t->name_off) ? btf_bad_type(c, t, "Invalid name") : 0;
}

static int no_name(struct btf_check *c, const struct btf_type *t)
{
	return t->name_off ? btf_bad_type(c, t, "Invalid name") : 0;
}

/* The checks of one kind, in order, up to the first that fails. */
#define TRY(check)                       \
	do {                             \
		int try_err_ = (check);  \
		if (try_err_)            \
			return try_err_; \
	} while (0)

static int check_int(struct btf_check *c, const struct btf_type *t)
{
	u32 d, bits, enc;

	TRY(no_vlen(c, t));
	TRY(no_kflag(c, t));
	d = btf_int_of(t);
	if (d & ~0x0fffffffu)
		return btf_bad_basic(c, t, "Invalid int_data:%x", d);
	bits = BTF_INT_BITS(d) + BTF_INT_OFFSET(d);
	if (bits > BITS_128)
		return btf_bad_type(c, t, "nr_bits exceeds %zu", BITS_128);
	if (bytes_of_bits(bits) > t->size)
		return btf_bad_type(c, t, "nr_bits exceeds type_size");
	enc = BTF_INT_ENCODING(d);
	if (enc && enc != BTF_INT_SIGNED && enc != BTF_INT_CHAR && enc != BTF_INT_BOOL) {
		btf_bad_type(c, t, "Unsupported encoding");
		return -ENOTSUPP;
	}
	btf_log_type(c, t);
	return 0;
}

/* ptr, typedef, const, volatile, restrict, type tag */
static int check_ref(struct btf_check *c, const struct btf_type *t)
{
	u32 kind = btf_kind_of(t);

	TRY(no_vlen(c, t));
	if (kind != BTF_KIND_TYPE_TAG)
		TRY(no_kflag(c, t));
	if (!ID_OK(t->type))
		return btf_bad_type(c, t, "Invalid type_id");
	if (kind == BTF_KIND_TYPEDEF)
		TRY(required_name(c, t));
	else if (kind != BTF_KIND_TYPE_TAG)
		TRY(no_name(c, t));
	else if (!*btf_str(c->b, t->name_off))
		return btf_bad_type(c, t, "Invalid name");
	btf_log_type(c, t);
	return 0;
}

static int check_fwd(struct btf_check *c, const struct btf_type *t)
{
	TRY(no_vlen(c, t));
	if (t->type)
		return btf_bad_type(c, t, "type != 0");
	TRY(required_name(c, t));
	btf_log_type(c, t);
	return 0;
}

static int check_array(struct btf_check *c, const struct btf_type *t)
{
	const struct btf_array *a = btf_array_of(t);

	TRY(no_name(c, t));
	TRY(no_vlen(c, t));
	TRY(no_kflag(c, t));
	if (t->size)
		return btf_bad_type(c, t, "size != 0");
	if (!a->type || !ID_OK(a->type))
		return btf_bad_type(c, t, "Invalid elem");
	if (!a->index_type || !ID_OK(a->index_type))
		return btf_bad_type(c, t, "Invalid index");
	btf_log_type(c, t);
	return 0;
}

static int check_member(struct btf_check *c, const struct btf_type *t, const struct btf_member *m, u32 off,
			u32 last)
{
	if (!btf_str_valid(c->b, m->name_off))
		return btf_bad_member(c, t, m, "Invalid member name_offset:%u", m->name_off);
	if (m->name_off && !btf_name_ok(c->b, m->name_off))
		return btf_bad_member(c, t, m, "Invalid name");
	if (!m->type || !ID_OK(m->type))
		return btf_bad_member(c, t, m, "Invalid type_id");
	/* A zero-sized last member may share its predecessor's offset, so equal is fine. */
	if ((btf_kind_of(t) == BTF_KIND_UNION && off) || last > off)
		return btf_bad_member(c, t, m, "Invalid member bits_offset");
	if (bytes_of_bits(off) > t->size)
		return btf_bad_member(c, t, m, "Member bits_offset exceeds its struct size");
	btf_log_member(c, t, m);
	return 0;
}

static int check_struct(struct btf_check *c, const struct btf_type *t)
{
	const struct btf_member *m = btf_members_of(t);
	u32 n = btf_vlen_of(t), last = 0;

	TRY(optional_name(c, t));
	btf_log_type(c, t);
	for (u32 i = 0; i < n; i++) {
		u32 off = btf_member_bit_off(t, i);

		TRY(check_member(c, t, &m[i], off, last));
		last = off;
	}
	return 0;
}

/* The head of enum and enum64. */
static int check_enum_head(struct btf_check *c, const struct btf_type *t)
{
	if (t->size > 8 || !t->size || (t->size & (t->size - 1)))
		return btf_bad_type(c, t, "Unexpected size");
	TRY(optional_name(c, t));
	btf_log_type(c, t);
	return 0;
}

static int check_enumerator(struct btf_check *c, const struct btf_type *t, u32 name_off)
{
	if (!btf_str_valid(c->b, name_off)) {
		btf_say(c, "\tInvalid name_offset:%u", name_off);
		return -EINVAL;
	}
	if (!name_off || !btf_name_ok(c->b, name_off))
		return btf_bad_type(c, t, "Invalid name");
	return 0;
}

static int check_enum(struct btf_check *c, const struct btf_type *t)
{
	const struct btf_enum *e = btf_enums_of(t);
	u32 n = btf_vlen_of(t);

	TRY(check_enum_head(c, t));
	for (u32 i = 0; i < n; i++) {
		TRY(check_enumerator(c, t, e[i].name_off));
		if (btf_kflag_of(t))
			btf_say(c, "\t%s val=%d\n", btf_log_name(c->b, e[i].name_off), e[i].val);
		else
			btf_say(c, "\t%s val=%u\n", btf_log_name(c->b, e[i].name_off), (u32)e[i].val);
	}
	return 0;
}

static int check_enum64(struct btf_check *c, const struct btf_type *t)
{
	const struct btf_enum64 *e = btf_enums64_of(t);
	u32 n = btf_vlen_of(t);

	TRY(check_enum_head(c, t));
	for (u32 i = 0; i < n; i++) {
		unsigned long long v = btf_enum64_of(&e[i]);

		TRY(check_enumerator(c, t, e[i].name_off));
		if (btf_kflag_of(t))
			btf_say(c, "\t%s val=%lld\n", btf_log_name(c->b, e[i].name_off), (long long)v);
		else
			btf_say(c, "\t%s val=%llu\n", btf_log_name(c->b, e[i].name_off), v);
	}
	return 0;
}

static int check_func_proto(struct btf_check *c, const struct btf_type *t)
{
	TRY(no_name(c, t));
	TRY(no_kflag(c, t));
	btf_log_type(c, t);
	return 0;
}

static int check_func(struct btf_check *c, const struct btf_type *t)
{
	TRY(required_name(c, t));
	if (btf_vlen_of(t) > BTF_FUNC_GLOBAL)
		return btf_bad_type(c, t, "Invalid func linkage");
	TRY(no_kflag(c, t));
	btf_log_type(c, t);
	return 0;
}

static int check_var(struct btf_check *c, const struct btf_type *t)
{
	TRY(no_vlen(c, t));
	TRY(no_kflag(c, t));
	TRY(required_name(c, t));
	if (!t->type || !ID_OK(t->type))
		return btf_bad_type(c, t, "Invalid type_id");
	if (btf_var_of(t)->linkage != BTF_VAR_STATIC && btf_var_of(t)->linkage != BTF_VAR_GLOBAL_ALLOCATED)
		return btf_bad_type(c, t, "Linkage not supported");
	btf_log_type(c, t);
	return 0;
}

static int check_datasec(struct btf_check *c, const struct btf_type *t)
{
	const struct btf_var_secinfo *s = btf_secinfos_of(t);
	u64 end = 0, sum = 0;
	u32 n = btf_vlen_of(t);

	if (!t->size)
		return btf_bad_type(c, t, "size == 0");
	TRY(no_kflag(c, t));
	if (!t->name_off || !btf_section_name_ok(c->b, t->name_off))
		return btf_bad_type(c, t, "Invalid name");
	btf_log_type(c, t);
	for (u32 i = 0; i < n; i++, s++) {
		if (!s->type || !ID_OK(s->type))
			return btf_bad_secinfo(c, t, s, "Invalid type_id");
		if (s->offset < end || s->offset >= t->size)
			return btf_bad_secinfo(c, t, s, "Invalid offset");
		if (!s->size || s->size > t->size)
			return btf_bad_secinfo(c, t, s, "Invalid size");
		end = s->offset + s->size; /* 32-bit, as there */
		if (end > t->size)
			return btf_bad_secinfo(c, t, s, "Invalid offset+size");
		btf_log_secinfo(c, t, s);
		sum += s->size;
	}
	return t->size < sum ? btf_bad_type(c, t, "Invalid btf_info size") : 0;
}

static int check_float(struct btf_check *c, const struct btf_type *t)
{
	TRY(no_vlen(c, t));
	TRY(no_kflag(c, t));
	if (t->size != 2 && t->size != 4 && t->size != 8 && t->size != 12 && t->size != 16)
		return btf_bad_type(c, t, "Invalid type_size");
	btf_log_type(c, t);
	return 0;
}

static int check_decl_tag(struct btf_check *c, const struct btf_type *t)
{
	if (!*btf_str(c->b, t->name_off))
		return btf_bad_type(c, t, "Invalid value");
	TRY(no_vlen(c, t));
	if (btf_decl_tag_of(t)->component_idx < -1)
		return btf_bad_type(c, t, "Invalid component_idx");
	btf_log_type(c, t);
	return 0;
}

static int (*const check_kind[KINDS])(struct btf_check *c, const struct btf_type *t) = {
	[BTF_KIND_INT] = check_int,
	[BTF_KIND_PTR] = check_ref,
	[BTF_KIND_ARRAY] = check_array,
	[BTF_KIND_STRUCT] = check_struct,
	[BTF_KIND_UNION] = check_struct,
	[BTF_KIND_ENUM] = check_enum,
	[BTF_KIND_FWD] = check_fwd,
	[BTF_KIND_TYPEDEF] = check_ref,
	[BTF_KIND_VOLATILE] = check_ref,
	[BTF_KIND_CONST] = check_ref,
	[BTF_KIND_RESTRICT] = check_ref,
	[BTF_KIND_FUNC] = check_func,
	[BTF_KIND_FUNC_PROTO] = check_func_proto,
	[BTF_KIND_VAR] = check_var,
	[BTF_KIND_DATASEC] = check_datasec,
	[BTF_KIND_FLOAT] = check_float,
	[BTF_KIND_DECL_TAG] = check_decl_tag,
	[BTF_KIND_TYPE_TAG] = check_ref,
	[BTF_KIND_ENUM64] = check_enum64,
};

/* Check the type at `t` with `left` bytes of section; *ret_len gets its length. */
static int check_one(struct btf_check *c, const struct btf_type *t, u32 left, u32 *ret_len)
{
	u32 kind, payload;
	int err;

	if (left < sizeof(*t)) {
		btf_say(c, "[%u] meta_left:%u meta_needed:%zu", c->log_id, left, sizeof(*t));
		return -EINVAL;
	}
	if (t->info & ~0x9f00ffffu) {
		btf_say(c, "[%u] Invalid btf_info:%x", c->log_id, t->info);
		return -EINVAL;
	}
	kind = btf_kind_of(t);
	if (kind >= KINDS || kind == BTF_KIND_UNKN) {
		btf_say(c, "[%u] Invalid kind:%u", c->log_id, kind);
		return -EINVAL;
	}
	if (!btf_str_valid(c->b, t->name_off)) {
		btf_say(c, "[%u] Invalid name_offset:%u", c->log_id, t->name_off);
		return -EINVAL;
	}
	payload = btf_kind_row[kind].payload + btf_kind_row[kind].per_vlen * btf_vlen_of(t);
	if (payload) {
		err = need_payload(c, t, left - (u32)sizeof(*t), payload);
		if (err)
			return err;
	}
	err = check_kind[kind](c, t);
	if (err)
		return err;
	*ret_len = (u32)sizeof(*t) + payload;
	return 0;
}

int btf_check_metas(struct btf_check *c)
{
	struct btf *b = c->b;
	const u8 *cur = b->body + b->hdr.type_off, *end = cur + b->hdr.type_len;

	c->log_id = b->base ? b->start_id : 1;
	for (u32 len; cur < end; cur += len, c->log_id++) {
		const struct btf_type *t = (const void *)cur;
		int err = check_one(c, t, (u32)(end - cur), &len);

		if (err)
			return err;
		/* Linux lists the types beyond the limit and then forgets them. */
		if (b->start_id + b->ntypes >= BTF_MAX_TYPE && b->ntypes) {
			btf_say(c, "Exceeded max num of types");
			continue;
		}
		err = btf_add_type(b, t);
		if (err)
			return err;
	}
	return 0;
}
