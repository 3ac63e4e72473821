/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_snprintf_btf and bpf_seq_printf_btf: a typed value as Linux writes it,
 *
 *   (struct s){
 *    .a = (int)1,
 *    .name = (char[])[
 *     'x',
 *    ],
 *   }
 *
 * What is zero is left out below the top, and so is an aggregate with nothing in it to show. Invariant: the value was copied
 * with care before; nothing of it is read again.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "btf/btf.h"
#include "helper/ret.h"
#include "helper/run_env.h"
#include "spec/helper_abi.h"

#define MAX_VALUE (1u << 20)
#define MAX_DEPTH 32
#define MAX_ITER 10
#define ALL_FLAGS (u64)(BTF_F_COMPACT | BTF_F_NONAME | BTF_F_PTR_RAW | BTF_F_ZERO)

/* As in Linux, an element's lack of a name extends to what is inside it, up to the end of an array in it. */
struct show {
	struct str *out;         /* NULL: only find out whether there is anything to show */
	const struct btf *b;
	const u8 *data;
	u64 flags;
	u32 depth, shown;        /* shown: values so far */
	const char *member;      /* NULL: none */
	u32 member_type;
	bool in_array, chars, ended; /* ended: a char array's terminator was met */
};

static void show_type(struct show *s, u32 id, u32 at, u32 bit, u32 bits);

static void pad(struct show *s)
{
	for (u32 i = 0; i < s->depth && !(s->flags & BTF_F_COMPACT); i++)
		str_putn(s->out, " ", 1);
}

static void end_line(struct show *s)
{
	if (s->depth)
		str_putn(s->out, ",", 1);
	if (!(s->flags & BTF_F_COMPACT))
		str_putn(s->out, "\n", 1);
}

/* ".member = (struct type *[])[" and the like. */
static void name(struct show *s, u32 id)
{
	const char *type = NULL, *prefix = "", *parens = "";
	bool is_typedef = false, is_array = false;
	u32 stars = 0, arrays = 0;
	const struct btf_type *t;

	if (s->in_array)
		return;
	if (s->member)
		id = s->member_type;
	t = btf_type(s->b, id);
	for (u32 i = 0; t && i < MAX_ITER; i++) {
		u32 kind = btf_kind_of(t), to = t->type;
		if (kind == BTF_KIND_TYPEDEF) {
			type = type ? type : btf_str(s->b, t->name_off);
			is_typedef = true;
		} else if (kind == BTF_KIND_ARRAY) {
			is_array = true;
			arrays++;
			to = btf_array_of(t)->type;
		} else if (kind == BTF_KIND_PTR) {
			stars++;
		} else if (kind != BTF_KIND_CONST && kind != BTF_KIND_VOLATILE && kind != BTF_KIND_RESTRICT &&
			   kind != BTF_KIND_TYPE_TAG) {
			break;
		}
		t = btf_type(s->b, to);
	}
	if (!t)
		return;
	type = type ? type : btf_str(s->b, t->name_off);
	parens = is_array ? "[" : "";
	if (btf_kind_of(t) == BTF_KIND_STRUCT || btf_kind_of(t) == BTF_KIND_UNION) {
		prefix = btf_kind_of(t) == BTF_KIND_STRUCT ? "struct" : "union";
		parens = is_array ? "[" : "{";
	} else if (btf_kind_of(t) == BTF_KIND_ENUM || btf_kind_of(t) == BTF_KIND_ENUM64) {
		prefix = "enum";
	}
	parens = stars ? "" : parens;
	prefix = is_typedef ? "" : prefix;
	if (!(s->flags & BTF_F_NONAME)) {
		if (s->member && *s->member)
			str_printf(s->out, ".%s = ", s->member);
		str_printf(s->out, "(%s%s%s%s%.*s%.*s)", prefix, *prefix && *type ? " " : "", type, stars ? " " : "", (int)stars,
			   "**********", (int)arrays * 2, "[][][][][][][][][][]");
	}
	str_puts(s->out, parens);
}

static void leaf(struct show *s, u32 id, bool zero, const char *text)
{
	if (zero && !(s->flags & BTF_F_ZERO) && s->depth)
		return;
	s->shown++;
	if (!s->out)
		return;
	pad(s);
	name(s, id);
	str_puts(s->out, text);
	end_line(s);
}

static void hexadecimal(char *text, size_t size, unsigned __int128 v)
{
	u64 high = (u64)(v >> 64), low = (u64)v;

	if (high)
		snprintf(text, size, "0x%llx%016llx", (unsigned long long)high, (unsigned long long)low);
	else
		snprintf(text, size, "0x%llx", (unsigned long long)low);
}

static void show_int(struct show *s, u32 id, const struct btf_type *t, u32 at, u32 bit, u32 bits)
{
	u32 info, n;
	unsigned __int128 v = 0;
	char text[48];
	bool sign;

	memcpy(&info, t + 1, sizeof(info));
	sign = BTF_INT_ENCODING(info) & BTF_INT_SIGNED;
	n = bits ? bits : BTF_INT_BITS(info);
	bit += bits ? 0 : BTF_INT_OFFSET(info);
	memcpy(&v, s->data + at, MIN((bit + n + 7) / 8, (u32)sizeof(v)));
	v = n < 128 ? (v >> bit) & (((unsigned __int128)1 << n) - 1) : v;
	if (s->chars && n == 8 && !bits) {
		if (s->ended)
			return;
		if (!v) {
			s->ended = true;
			return;
		}
	}
	if (s->chars && n == 8 && isprint((int)v))
		snprintf(text, sizeof(text), "'%c'", (char)v);
	else if (bits || bit || n % 8 || n == 128 || n == 24 || n == 40 || n == 48 || n == 56) /* hexadecimal: no ordinary integer */
		hexadecimal(text, sizeof(text), v);
	else if (sign)
		snprintf(text, sizeof(text), "%lld", (long long)((s64)((u64)v << (64 - n)) >> (64 - n)));
	else
		snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	leaf(s, id, !v, text);
}

static void show_enum(struct show *s, u32 id, const struct btf_type *t, u32 at)
{
	bool wide = btf_kind_of(t) == BTF_KIND_ENUM64;
	char text[32];
	u64 v = 0;

	memcpy(&v, s->data + at, wide ? 8 : 4);
	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		u64 x = wide ? (u64)btf_enums64_of(t)[i].val_hi32 << 32 | btf_enums64_of(t)[i].val_lo32
			     : (u32)btf_enums_of(t)[i].val;
		if (x == v) {
			leaf(s, id, !v, btf_str(s->b, wide ? btf_enums64_of(t)[i].name_off : btf_enums_of(t)[i].name_off));
			return;
		}
	}
	snprintf(text, sizeof(text), "%lld", btf_kflag_of(t) && !wide ? (long long)(s32)v : (long long)v);
	leaf(s, id, !v, text);
}

/* Not the address itself unless it is asked for, as in Linux: a number that stands for it. */
static void show_ptr(struct show *s, u32 id, u32 at)
{
	char text[24];
	u64 v;

	memcpy(&v, s->data + at, 8);
	if (s->flags & BTF_F_PTR_RAW)
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v);
	else
		snprintf(text, sizeof(text), "0x%016llx", (unsigned long long)(u32)(v ? (v * 0x9e3779b97f4a7c15ull) >> 32 : 0));
	leaf(s, id, !v, text);
}

static void show_elements(struct show *s, const struct btf_type *t, u32 at)
{
	const struct btf_array *a = btf_array_of(t);
	s64 size = btf_size_of(s->b, a->type);
	u32 elem = btf_skip_mods(s->b, a->type);
	const struct btf_type *et = btf_type(s->b, elem);

	s->chars = et && btf_kind_of(et) == BTF_KIND_INT && size == 1;
	s->ended = false;
	for (u32 i = 0; i < a->nelems && size > 0 && !s->ended; i++) {
		s->in_array = true;
		s->member = NULL;
		show_type(s, a->type, at + i * (u32)size, 0, 0);
		s->in_array = false;
	}
	s->chars = s->ended = false;
	s->member = NULL;
}

static void show_members(struct show *s, const struct btf_type *t, u32 at)
{
	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		const struct btf_member *m = &btf_members_of(t)[i];
		u32 off = btf_member_bit_off(t, i);
		s->member = btf_str(s->b, m->name_off);
		s->member_type = m->type;
		show_type(s, m->type, at + off / 8, off % 8, btf_member_bitfield(t, i));
		s->member = NULL;
	}
}

static void show_inside(struct show *s, const struct btf_type *t, u32 at)
{
	if (btf_kind_of(t) == BTF_KIND_ARRAY)
		show_elements(s, t, at);
	else
		show_members(s, t, at);
}

static void show_aggregate(struct show *s, u32 id, const struct btf_type *t, u32 at)
{
	struct show dry = *s;

	if (s->depth >= MAX_DEPTH)
		return;
	if (!s->out || (s->depth && !(s->flags & BTF_F_ZERO))) {
		dry.out = NULL;
		dry.shown = 0;
		dry.depth++;
		show_inside(&dry, t, at);
		s->shown += dry.shown;
		if (!s->out || !dry.shown)
			return;
	}
	pad(s);
	name(s, id);
	if (!(s->flags & BTF_F_COMPACT))
		str_putn(s->out, "\n", 1);
	s->depth++;
	show_inside(s, t, at);
	s->depth--;
	pad(s);
	str_puts(s->out, btf_kind_of(t) == BTF_KIND_ARRAY ? "]" : "}");
	end_line(s);
}

static void show_type(struct show *s, u32 id, u32 at, u32 bit, u32 bits)
{
	const struct btf_type *t = btf_type(s->b, btf_skip_mods(s->b, id));

	switch (t ? btf_kind_of(t) : BTF_KIND_UNKN) {
	case BTF_KIND_INT:
		show_int(s, id, t, at, bit, bits);
		break;
	case BTF_KIND_PTR:
		show_ptr(s, id, at);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		show_enum(s, id, t, at);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ARRAY:
		show_aggregate(s, id, t, at);
		break;
	default:
		if (s->out)
			str_printf(s->out, "<unsupported kind:%u>", t ? btf_kind_of(t) : 0);
		break;
	}
}

/* The text of what `ptr` (a struct btf_ptr) points to. */
static int show_value(struct str *out, const void *ptr, u64 ptr_size, u64 flags, struct run *run)
{
	const struct btf *b = run->env->kernel_btf;
	struct btf_ptr p;
	s64 size;
	u8 *data;
	int err;

	if (flags & ~ALL_FLAGS || ptr_size != sizeof(p) || !b)
		return -EINVAL;
	memcpy(&p, ptr, sizeof(p));
	if ((s32)p.type_id <= 0)
		return -EINVAL;
	if (!btf_type(b, p.type_id))
		return -ENOENT;
	size = btf_size_of(b, p.type_id);
	if (size < 0 || size > MAX_VALUE)
		return size < 0 ? -EINVAL : -E2BIG;
	data = calloc(1, (size_t)size + 16); /* bit fields are read by words */
	if (!data)
		return -ENOMEM;
	err = size ? probe_read(data, (u64)(uintptr_t)p.ptr, (u32)size) : 0;
	if (!err) {
		struct show s = { .out = out, .b = b, .data = data, .flags = flags };
		show_type(&s, p.type_id, 0, 0, 0);
	}
	free(data);
	return err;
}

u64 helper_snprintf_btf(void *str, u64 str_size, const void *ptr, u64 btf_ptr_size, u64 flags, struct run *run)
{
	struct str text = { 0 };
	int err = show_value(&text, ptr, btf_ptr_size, flags, run);
	u32 n;

	if (!err) {
		n = (u32)MIN((u64)text.len, str_size - 1);
		if (n)
			memcpy(str, text.s, n);
		((char *)str)[n] = '\0';
		err = (int)text.len;
	}
	str_free(&text);
	return RET_INT_(err);
}

u64 helper_seq_printf_btf(void *m, const void *ptr, u64 ptr_size, u64 flags, struct run *run)
{
	struct run_env *env = run->env;
	struct str text = { 0 };
	int err = show_value(&text, ptr, ptr_size, flags, run);

	(void)m;
	if (!err && text.len)
		err = env->seq_write && !env->seq_write(env, text.s, (u32)text.len) ? 0 : -EOVERFLOW;
	str_free(&text);
	return RET_INT_(err);
}
