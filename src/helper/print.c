/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text: BPF's printf formats, printk, and numbers out of strings.
 *
 * A format is checked again at run time as Linux does (printk's is not known to the verifier). Strings are read with care:
 * a bad pointer prints as nothing, as in Linux.
 */
#include <errno.h>
#include <stdio.h>

#include "helper/helper.h"
#include "helper/ret.h"
#include "helper/run_env.h"
#include "spec/helper_abi.h"
#include "vm/abi.h"

#define LINE 512

/* Output that counts what would have been written, like snprintf. */
struct out { char *s; size_t room, len; };

static void put(struct out *o, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++, o->len++)
		if (o->len + 1 < o->room)
			o->s[o->len] = s[i];
}

static void put_padded(struct out *o, const char *s, size_t n, int width, bool left)
{
	for (int i = (int)n; !left && i < width; i++)
		put(o, " ", 1);
	put(o, s, n);
	for (int i = (int)n; left && i < width; i++)
		put(o, " ", 1);
}

struct spec {
	bool left, zero;
	char plus;       /* what stands before a signed number that is not negative: '+', ' ', or 0 */
	int width, size; /* size: 0 int, 1 long, 2 long long */
	char kind;       /* d i u x X s c p, or '%' */
	char what;       /* p: the letter behind it, or 0; s: 'k' or 'u' */
	char family;     /* pi4 pI6: '4' or '6' */
};

/* One conversion after '%'. Returns where it ends, or NULL when it is none that BPF knows. */
static const char *parse_spec(const char *p, struct spec *s)
{
	*s = (struct spec){ .kind = 0 };
	if (*p == '%') {
		s->kind = '%';
		return p + 1;
	}
	for (; *p == '0' || *p == ' ' || *p == '+' || *p == '-'; p++) {
		s->left |= *p == '-';
		s->zero |= *p == '0';
		if (*p == '+' || (*p == ' ' && !s->plus))
			s->plus = *p;
	}
	for (; *p >= '0' && *p <= '9' && s->width < 1000; p++)
		s->width = s->width * 10 + (*p - '0');
	if (*p == 'p') {
		s->kind = 'p';
		p++;
		if ((*p == 'k' || *p == 'u') && p[1] == 's') {
			s->kind = 's';
			s->what = *p;
			return p + 2;
		}
		if ((*p == 'i' || *p == 'I') && (p[1] == '4' || p[1] == '6')) {
			s->what = *p;
			s->family = p[1];
			return p + 2;
		}
		if (*p == 'K' || *p == 'x' || *p == 's' || *p == 'S' || *p == 'B')
			s->what = *p++;
		else if (*p && *p != ' ' && *p != '%' && (*p & 0xdf) >= 'A' && (*p & 0xdf) <= 'Z')
			return NULL;
		return p;
	}
	if (*p == 's' || *p == 'c') {
		s->kind = *p;
		return p + 1;
	}
	for (; *p == 'l' && s->size < 2; p++)
		s->size++;
	if (*p != 'd' && *p != 'i' && *p != 'u' && *p != 'x' && *p != 'X')
		return NULL;
	s->kind = *p;
	return p + 1;
}

/* Zeros go between the sign and the number. */
static void put_number(struct out *o, const struct spec *s, u64 v)
{
	bool is_signed = s->kind == 'd' || s->kind == 'i';
	const char *digits = s->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	u32 base = s->kind == 'x' || s->kind == 'X' ? 16 : 10;
	char text[32], sign;
	size_t at = sizeof(text);
	int pad;

	if (!s->size)
		v = is_signed ? (u64)(s64)(s32)v : (u32)v;
	sign = !is_signed ? 0 : (s64)v < 0 ? '-' : s->plus;
	v = sign == '-' ? 0 - v : v;
	do {
		text[--at] = digits[v % base];
		v /= base;
	} while (v);
	pad = s->width - (int)(sizeof(text) - at) - (sign != 0);
	for (; !s->left && !s->zero && pad > 0; pad--)
		put(o, " ", 1);
	if (sign)
		put(o, &sign, 1);
	for (; !s->left && pad > 0; pad--)
		put(o, "0", 1);
	put(o, text + at, sizeof(text) - at);
	for (; pad > 0; pad--)
		put(o, " ", 1);
}

static void put_string(struct out *o, const struct spec *s, u64 addr)
{
	char buf[LINE];
	size_t n = 0;

	/* byte by byte near the end of a page only */
	while (n < sizeof(buf) - 1) {
		u32 chunk = (u32)MIN(sizeof(buf) - 1 - n, 4096 - (addr + n) % 4096);
		if (probe_read(buf + n, addr + n, chunk))
			break;
		const char *end = memchr(buf + n, 0, chunk);
		if (end) {
			n = (size_t)(end - buf);
			break;
		}
		n += chunk;
	}
	put_padded(o, buf, n, s->width, s->left);
}

static void put_ip(struct out *o, const struct spec *s, u64 addr)
{
	u8 ip[16] = { 0 };
	char text[64];
	int n = 0;

	if (probe_read(ip, addr, s->family == '4' ? 4 : 16))
		memset(ip, 0, sizeof(ip));
	if (s->family == '4')
		n = snprintf(text, sizeof(text), s->what == 'I' ? "%u.%u.%u.%u" : "%03u.%03u.%03u.%03u", ip[0], ip[1], ip[2],
			     ip[3]);
	for (int i = 0; s->family == '6' && i < 16; i += 2)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%02x%02x", i && s->what == 'I' ? ":" : "", ip[i], ip[i + 1]);
	put(o, text, (size_t)n);
}

static void put_pointer(struct out *o, const struct spec *s, u64 v)
{
	char text[24];
	int n;

	if (s->family) {
		put_ip(o, s, v);
		return;
	}
	n = snprintf(text, sizeof(text), s->what == 's' || s->what == 'S' || s->what == 'B' ? "0x%llx" : "%016llx",
		     (unsigned long long)v);
	put_padded(o, text, (size_t)n, s->width, s->left);
}

/*
 * Format `fmt` (fmt_size bytes, terminator included) with nargs arguments into out. Returns the length, or -EINVAL for a
 * format BPF refuses, -E2BIG never.
 */
static s64 format(struct out *o, const char *fmt, const u64 *args, u32 nargs)
{
	u32 used = 0;

	for (const char *p = fmt; *p;) {
		struct spec s;
		if (*p != '%') {
			if (((u8)*p < 0x20 && *p != '\n' && *p != '\t' && *p != '\r' && *p != '\v' && *p != '\f') ||
			    *p == 0x7f)
				return -EINVAL;
			put(o, p++, 1);
			continue;
		}
		p = parse_spec(p + 1, &s);
		if (!p)
			return -EINVAL;
		if (s.kind == '%') {
			put(o, "%", 1);
			continue;
		}
		if (used >= nargs)
			return -EINVAL;
		u64 v = args[used++];
		char c = (char)v;
		if (s.kind == 's')
			put_string(o, &s, v);
		else if (s.kind == 'c')
			put_padded(o, &c, 1, s.width, s.left);
		else if (s.kind == 'p')
			put_pointer(o, &s, v);
		else
			put_number(o, &s, v);
	}
	return (s64)o->len;
}

static void finish(struct out *o)
{
	if (o->room)
		o->s[MIN(o->len, o->room - 1)] = '\0';
}

s64 print_format(char *buf, size_t room, const char *fmt, const u64 *args, u32 nargs)
{
	struct out o = { buf, room, 0 };
	s64 n = format(&o, fmt, args, nargs);

	finish(&o);
	return n;
}

static u64 printk(const char *fmt, u64 fmt_size, const u64 *args, u32 nargs, struct run *run)
{
	char line[LINE];
	struct out o = { line, sizeof(line), 0 };
	s64 n;

	if (!fmt_size || fmt[fmt_size - 1])
		return RET_INT_(-EINVAL);
	n = format(&o, fmt, args, nargs);
	if (n < 0)
		return RET_INT_(n);
	finish(&o);
	if (run->env->printk)
		run->env->printk(run->env, line, (u32)MIN(o.len, sizeof(line) - 1));
	return RET_INT_(n);
}

/* The contract has two arguments; the up to three values to print are whatever r3 to r5 hold. So engines call this. */
u64 print_trace_printk(u64 fmt, u64 fmt_size, u64 a, u64 b, u64 c, struct run *run)
{
	const u64 args[3] = { a, b, c };

	return printk((const char *)(uintptr_t)fmt, fmt_size, args, 3, run);
}

u64 helper_trace_printk(const void *fmt, u64 fmt_size, struct run *run)
{
	return printk(fmt, fmt_size, NULL, 0, run);
}

u64 helper_trace_vprintk(const void *fmt, u64 fmt_size, const void *data, u64 data_len, struct run *run)
{
	if (data_len & 7 || data_len > PRINT_ARGS * 8 || (data_len && !data))
		return RET_INT_(-EINVAL);
	return printk(fmt, fmt_size, data, (u32)data_len / 8, run);
}

u64 helper_snprintf(void *str, u64 str_size, const char *fmt, const void *data, u64 data_len, struct run *run)
{
	struct out o = { str, str_size, 0 };
	s64 n;

	(void)run;
	if (data_len & 7 || data_len > PRINT_ARGS * 8 || (data_len && !data))
		return RET_INT_(-EINVAL);
	n = format(&o, fmt, data, (u32)data_len / 8);
	if (n < 0)
		return RET_INT_(n);
	finish(&o);
	return (u64)n + 1;
}

/* ---- the file that an iterator writes: whoever runs it takes the text ---- */
static u64 seq_put(const char *text, u32 len, struct run *run)
{
	struct run_env *env = run->env;

	return !env->seq_write || env->seq_write(env, text, len) ? RET_INT_(-EOVERFLOW) : 0;
}

u64 helper_seq_write(void *m, const void *data, u64 len, struct run *run)
{
	(void)m;
	return seq_put(data, (u32)len, run);
}

u64 helper_seq_printf(void *m, const void *fmt, u64 fmt_size, const void *data, u64 data_len, struct run *run)
{
	char line[LINE];
	struct out o = { line, sizeof(line), 0 };
	const char *f = fmt;
	s64 n;

	(void)m;
	if (data_len & 7 || data_len > PRINT_ARGS * 8 || (data_len && !data) || !fmt_size || f[fmt_size - 1])
		return RET_INT_(-EINVAL);
	n = format(&o, f, data, (u32)data_len / 8);
	return n < 0 ? RET_INT_(n) : seq_put(line, (u32)MIN(o.len, sizeof(line) - 1), run);
}

/* ---- numbers ---- */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Characters used, or -EINVAL, -ERANGE. */
static s64 parse_number(const char *s, u64 len, u64 flags, bool may_be_negative, bool *ret_negative, u64 *ret)
{
	u64 at = 0, v = 0, start;
	u32 base = (u32)(flags & 31);

	if (!s || !len || (base != 0 && base != 8 && base != 10 && base != 16) || flags & ~31ull)
		return -EINVAL;
	len = MIN(len, 64);
	while (at < len && (s[at] == ' ' || (s[at] >= '\t' && s[at] <= '\r')))
		at++;
	*ret_negative = may_be_negative && at < len && s[at] == '-';
	at += *ret_negative;
	if (at >= len)
		return -EINVAL;
	if (base == 0)
		base = s[at] != '0'									    ? 10
		       : at + 1 < len && (s[at + 1] | 0x20) == 'x' && at + 2 < len && digit(s[at + 2]) < 16 ? 16
													    : 8;
	if (base == 16 && at + 1 < len && s[at] == '0' && (s[at + 1] | 0x20) == 'x')
		at += 2;
	for (start = at; at < len && digit(s[at]) < (int)base; at++) {
		if (__builtin_mul_overflow(v, (u64)base, &v) || __builtin_add_overflow(v, (u64)digit(s[at]), &v))
			return -ERANGE;
	}
	if (at == start)
		return -EINVAL;
	*ret = v;
	return (s64)at;
}

u64 helper_strtol(const void *buf, u64 buf_len, u64 flags, void *res, struct run *run)
{
	bool neg;
	u64 v = 0;
	s64 n = parse_number(buf, buf_len, flags, true, &neg, &v), out = 0;

	(void)run;
	if (n >= 0 && (neg ? v > (u64)S64_MAX + 1 : v > (u64)S64_MAX))
		n = -ERANGE;
	if (n >= 0)
		out = (s64)(neg ? 0 - v : v);
	memcpy(res, &out, sizeof(out));
	return RET_INT_(n);
}

u64 helper_strtoul(const void *buf, u64 buf_len, u64 flags, void *res, struct run *run)
{
	bool neg;
	u64 v = 0, out = 0;
	s64 n = parse_number(buf, buf_len, flags, true, &neg, &v);

	(void)run;
	if (n >= 0 && neg)
		n = -EINVAL;
	if (n >= 0)
		out = v;
	memcpy(res, &out, sizeof(out));
	return RET_INT_(n);
}

u64 helper_strncmp(const void *s1, u64 s1_sz, const char *s2, struct run *run)
{
	(void)run;
	return RET_INT_(strncmp(s1, s2, s1_sz));
}
