/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values for humans and programs: bytes of a known type as a C initialiser or as JSON.
 *
 *   C:    {.pid = 7, .comm = "bash", .state = RUNNING, .flags = 0x3, .next = 0xffff8880, .v = {1, 2}}
 *   JSON: {"pid":7,"comm":"bash","state":"RUNNING","flags":3,"next":"0xffff8880","v":[1,2]}
 *
 * C leaves out members that are zero (but BTF_DUMP_ZERO), JSON never does: its keys are promised. A char
 * array is a string if it can be read as one without losing a byte. Invariant: no byte beyond `size` is read;
 * on failure `out` is as before.
 */
#include <stdio.h>

#include "base/str.h"
#include "btf/priv.h"

#define NEST_MAX 64

struct dumper {
	struct str *out;
	const struct btf *b;
	const u8 *data;
	u64 bits; /* readable */
	u32 flags;
	u32 indent;
	u32 nest;	 /* how deep */
	u64 work, limit; /* values printed and words looked at: types can nest what no data backs */
};

static bool json(const struct dumper *d)
{
	return d->flags & BTF_DUMP_JSON;
}

static int dump(struct dumper *d, u32 id, u64 at, u32 bitfield);

/* ---- reading ---- */

/* The unsigned value of up to 64 bits. */
static u64 read_bits(const struct dumper *d, u64 at, u32 n)
{
	u64 v = 0;

	for (u32 got = 0; got < n;) {
		u32 skip = (u32)((at + got) % 8), take = MIN(8 - skip, n - got);

		v |= (u64)((u32)d->data[(at + got) / 8] >> skip & ((1u << take) - 1)) << got;
		got += take;
	}
	return v;
}

static u64 sign_extended(u64 v, u32 bits)
{
	return bits && bits < 64 ? (u64)((s64)(v << (64 - bits)) >> (64 - bits)) : v;
}

static bool is_zero(struct dumper *d, u64 at, u64 bits)
{
	for (u64 i = 0; i < bits; i += 64, d->work += !(i % 4096))
		if (read_bits(d, at + i, (u32)MIN(bits - i, (u64)64)))
			return false;
	return true;
}

/* ---- layout of text ---- */

static void new_line(struct dumper *d)
{
	if (d->flags & BTF_DUMP_COMPACT)
		return;
	str_putc(d->out, '\n');
	for (u32 i = 0; i < d->indent; i++)
		str_putc(d->out, '\t');
}

static void open_group(struct dumper *d, char c)
{
	str_putc(d->out, c);
	d->indent++;
}

/* Before every element: a comma but for the first, and a fresh line. */
static void next_element(struct dumper *d, bool *first)
{
	if (!*first)
		str_puts(d->out, json(d) || !(d->flags & BTF_DUMP_COMPACT) ? "," : ", ");
	*first = false;
	new_line(d);
}

static void close_group(struct dumper *d, char c, bool empty)
{
	d->indent--;
	if (!empty)
		new_line(d);
	str_putc(d->out, c);
}

/* Length of the valid UTF-8 sequence at s, or 0. */
static u32 utf8_len(const u8 *s, u64 left)
{
	u32 n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (!n || n > left)
		return 0;
	for (u32 i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void put_string(struct dumper *d, const u8 *s, u64 n)
{
	str_putc(d->out, '"');
	for (u64 i = 0; i < n; i++) {
		u32 seq = s[i] >= 0x80 ? utf8_len(s + i, n - i) : 0;

		if (seq) {
			str_putn(d->out, (const char *)s + i, seq);
			i += seq - 1;
		} else if (s[i] == '"' || s[i] == '\\') {
			str_printf(d->out, "\\%c", s[i]);
		} else if (s[i] == '\n') {
			str_puts(d->out, "\\n");
		} else if (s[i] == '\t') {
			str_puts(d->out, "\\t");
		} else if (s[i] < 0x20 || s[i] >= 0x7f) {
			str_printf(d->out, json(d) ? "\\u%04x" : "\\%03o", s[i]);
		} else {
			str_putc(d->out, (char)s[i]);
		}
	}
	str_putc(d->out, '"');
}

/* ---- scalars ---- */

static void put_int(struct dumper *d, const struct btf_type *t, u64 v, u32 bits)
{
	u32 enc = BTF_INT_ENCODING(btf_int_of(t));

	if ((enc & BTF_INT_BOOL) && v <= 1)
		str_puts(d->out, v ? "true" : "false");
	else if (enc & BTF_INT_SIGNED)
		str_printf(d->out, "%lld", (long long)sign_extended(v, bits));
	else
		str_printf(d->out, "%llu", (unsigned long long)v);
}

static int dump_int(struct dumper *d, const struct btf_type *t, u64 at, u32 bitfield)
{
	u32 info = btf_int_of(t), bits = bitfield ? bitfield : BTF_INT_BITS(info);

	if (!bitfield)
		at += BTF_INT_OFFSET(info);
	if (at + bits > d->bits)
		return -E2BIG;
	if (bits <= 64)
		put_int(d, t, read_bits(d, at, bits), bits);
	else /* too wide for any reader's integer: a string in JSON */
		str_printf(d->out, json(d) ? "\"0x%llx%016llx\"" : "0x%llx%016llx",
			   (unsigned long long)read_bits(d, at + 64, MIN(bits - 64, 64u)),
			   (unsigned long long)read_bits(d, at, 64));
	return 0;
}

static const char *enumerator(const struct dumper *d, const struct btf_type *t, u64 v, u32 bits)
{
	u64 mask = bits < 64 ? ((u64)1 << bits) - 1 : U64_MAX;

	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		bool wide = btf_kind_of(t) == BTF_KIND_ENUM64;
		u64 known = wide ? btf_enum64_of(&btf_enums64_of(t)[i]) : (u64)(s64)btf_enums_of(t)[i].val;

		if ((known & mask) == v)
			return btf_str(d->b,
				       wide ? btf_enums64_of(t)[i].name_off : btf_enums_of(t)[i].name_off);
	}
	return NULL;
}

static int dump_enum(struct dumper *d, const struct btf_type *t, u64 at, u32 bitfield)
{
	u32 bits = bitfield ? bitfield : t->size * 8;
	const char *name;
	u64 v;

	if (at + bits > d->bits)
		return -E2BIG;
	if (bits > 64)
		return -EINVAL;
	v = read_bits(d, at, bits);
	name = enumerator(d, t, v, bits);
	if (name)
		str_printf(d->out, json(d) ? "\"%s\"" : "%s", name);
	else if (btf_kflag_of(t))
		str_printf(d->out, "%lld", (long long)sign_extended(v, bits));
	else
		str_printf(d->out, "%llu", (unsigned long long)v);
	return 0;
}

static int dump_float(struct dumper *d, const struct btf_type *t, u64 at)
{
	union {
		u64 bits[2];
		float f;
		double lf;
		long double llf;
	} v = { { 0 } };
	char text[64];

	if (at + t->size * 8 > d->bits)
		return -E2BIG;
	v.bits[0] = read_bits(d, at, MIN(t->size * 8, 64u));
	if (t->size > 8)
		v.bits[1] = read_bits(d, at + 64, t->size == 12 ? 32 : 64);
	if (t->size == 4)
		snprintf(text, sizeof(text), "%.9g", (double)v.f);
	else if (t->size == 8)
		snprintf(text, sizeof(text), "%.17g", v.lf);
	else if (t->size == 16)
		snprintf(text, sizeof(text), "%.21Lg", v.llf);
	else
		snprintf(text, sizeof(text), json(d) ? "\"0x%llx\"" : "0x%llx",
			 (unsigned long long)v.bits[0]);
	/* JSON has no infinities. */
	str_puts(d->out, json(d) && strpbrk(text, "nN") ? "null" : text);
	return 0;
}

static int dump_ptr(struct dumper *d, u64 at)
{
	unsigned long long v;

	if (at + 64 > d->bits)
		return -E2BIG;
	v = read_bits(d, at, 64);
	if (json(d))
		str_printf(d->out, "\"0x%llx\"", v);
	else if (v)
		str_printf(d->out, "0x%llx", v);
	else
		str_puts(d->out, "NULL");
	return 0;
}

/* ---- groups ---- */

/* Is the array a string to its readers, and does one string say all its bytes? *ret_len: up to the first NUL.
 */
static bool is_string(struct dumper *d, const struct btf_array *a, u64 at, u64 *ret_len)
{
	const struct btf_type *t = btf_type(d->b, btf_skip_mods(d->b, a->type));
	const u8 *s = d->data + at / 8;
	u64 n = 0;

	if (btf_kind_of(t) != BTF_KIND_INT || t->size != 1 || at % 8 || !a->nelems ||
	    (strcmp(btf_str(d->b, t->name_off), "char") && !(BTF_INT_ENCODING(btf_int_of(t)) & BTF_INT_CHAR)))
		return false;
	while (n < a->nelems && s[n]) {
		u32 seq = s[n] >= 0x80 ? utf8_len(s + n, a->nelems - n) : 0;

		if (!seq && ((s[n] < 0x20 && s[n] != '\n' && s[n] != '\t') || s[n] >= 0x7f))
			return false;
		n += seq ? seq : 1;
	}
	*ret_len = n;
	return is_zero(d, at + n * 8, ((u64)a->nelems - n) * 8);
}

static int dump_array(struct dumper *d, const struct btf_type *t, u64 at)
{
	const struct btf_array *a = btf_array_of(t);
	s64 size = btf_size_of(d->b, a->type);
	u64 n = a->nelems, len;
	bool first = true;
	int err = 0;

	if (size < 0 || (n && (u64)size > U32_MAX / n))
		return -EINVAL;
	if (at + n * (u64)size * 8 > d->bits)
		return -E2BIG;
	if (is_string(d, a, at, &len)) {
		put_string(d, d->data + at / 8, len);
		return 0;
	}
	if (!size)
		n = 0; /* there is nothing to say of elements without a size, however many */
	/* What follows in a C initialiser is zero by itself. */
	if (!json(d) && !(d->flags & BTF_DUMP_ZERO))
		while (n && is_zero(d, at + (n - 1) * (u64)size * 8, (u64)size * 8))
			n--;
	open_group(d, json(d) ? '[' : '{');
	for (u64 i = 0; i < n && !err; i++) {
		next_element(d, &first);
		err = dump(d, a->type, at + i * (u64)size * 8, 0);
	}
	close_group(d, json(d) ? ']' : '}', first);
	return err;
}

static void put_key(struct dumper *d, const char *name)
{
	if (json(d)) {
		put_string(d, (const u8 *)name, strlen(name));
		str_puts(d->out, d->flags & BTF_DUMP_COMPACT ? ":" : ": ");
	} else {
		str_printf(d->out, ".%s = ", name);
	}
}

/* One level deeper; the caller comes back with d->nest--. */
static int enter(struct dumper *d)
{
	return d->nest++ >= NEST_MAX || d->work++ >= d->limit ? -E2BIG : 0;
}

static bool is_anonymous_group(const struct dumper *d, const char *name, u32 id)
{
	return !*name && btf_is_composite(btf_type(d->b, btf_skip_mods(d->b, id)));
}

/* All views of a union are shown, as far as they are not zero: which one is meant only the program knows. */
static int dump_members(struct dumper *d, const struct btf_type *t, u64 at, bool *first)
{
	const struct btf_member *m = btf_members_of(t);
	u32 n = btf_vlen_of(t);
	int err = 0;

	for (u32 i = 0; i < n && !err; i++) {
		const char *name = btf_str(d->b, m[i].name_off);
		u32 bits = btf_member_bitfield(t, i);
		u64 off = at + btf_member_bit_off(t, i);
		s64 size = btf_size_of(d->b, m[i].type);
		u64 width = bits ? bits : (u64)size * 8;

		if (size < 0)
			return -EINVAL;
		if (off + width > d->bits)
			return -E2BIG;
		if (!json(d) && !(d->flags & BTF_DUMP_ZERO) && is_zero(d, off, width))
			continue;
		/* An anonymous member's members are ours, as in C. */
		if (is_anonymous_group(d, name, m[i].type)) {
			err = enter(d);
			if (!err)
				err = dump_members(d, btf_type(d->b, btf_skip_mods(d->b, m[i].type)), off,
						   first);
			d->nest--;
			continue;
		}
		next_element(d, first);
		put_key(d, name);
		err = dump(d, m[i].type, off, bits);
	}
	return err;
}

static int dump_struct(struct dumper *d, const struct btf_type *t, u64 at)
{
	bool first = true;
	int err;

	if (at + (u64)t->size * 8 > d->bits)
		return -E2BIG;
	open_group(d, '{');
	err = dump_members(d, t, at, &first);
	close_group(d, '}', first);
	return err;
}

static int dump_datasec(struct dumper *d, const struct btf_type *t, u64 at)
{
	const struct btf_var_secinfo *s = btf_secinfos_of(t);
	bool first = true;
	int err = 0;

	open_group(d, '{');
	for (u32 i = 0; i < btf_vlen_of(t) && !err; i++) {
		if (at + ((u64)s[i].offset + s[i].size) * 8 > d->bits) {
			err = -E2BIG;
			break;
		}
		if (!json(d) && !(d->flags & BTF_DUMP_ZERO) &&
		    is_zero(d, at + s[i].offset * 8ull, s[i].size * 8ull))
			continue;
		next_element(d, &first);
		put_key(d, btf_type_name(d->b, s[i].type));
		err = dump(d, s[i].type, at + s[i].offset * 8ull, 0);
	}
	close_group(d, '}', first);
	return err;
}

/* ---- any type ---- */

static int dump_by_kind(struct dumper *d, const struct btf_type *t, u64 at, u32 bitfield)
{
	switch (btf_kind_of(t)) {
	case BTF_KIND_INT:
		return dump_int(d, t, at, bitfield);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return dump_enum(d, t, at, bitfield);
	case BTF_KIND_FLOAT:
		return dump_float(d, t, at);
	case BTF_KIND_PTR:
		return dump_ptr(d, at);
	case BTF_KIND_ARRAY:
		return dump_array(d, t, at);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return dump_struct(d, t, at);
	case BTF_KIND_DATASEC:
		return dump_datasec(d, t, at);
	default:
		return -EINVAL;
	}
}

static int dump(struct dumper *d, u32 id, u64 at, u32 bitfield)
{
	const struct btf_type *t = btf_type(d->b, id);
	u32 named = id;
	int err;

	if (!t)
		return -EINVAL;
	if (btf_kind_of(t) == BTF_KIND_VAR)
		named = t->type;
	t = btf_type(d->b, btf_skip_mods(d->b, named));
	if ((d->flags & BTF_DUMP_NAMES) && !json(d) && btf_kind_of(t) != BTF_KIND_DATASEC) {
		str_putc(d->out, '(');
		btf_dump_type_name(d->out, d->b, named);
		str_putc(d->out, ')');
	}
	err = enter(d);
	if (!err)
		err = dump_by_kind(d, t, at, bitfield);
	d->nest--;
	return d->out->failed && !err ? -ENOMEM : err;
}

int btf_dump_value(struct str *out, const struct btf *b, u32 id, const void *data, u32 size, u32 flags)
{
	struct dumper d = { .out = out,
			    .b = b,
			    .data = data,
			    .bits = (u64)size * 8,
			    .flags = flags,
			    .limit = 65536 + (u64)size * 64 };
	size_t before = out->len;
	int err = dump(&d, id, 0, 0);

	if (err && out->s) {
		out->len = before;
		out->s[before] = '\0';
	}
	return err;
}
