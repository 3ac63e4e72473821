/* SPDX-License-Identifier: BSD-2-Clause */
/* A growing string: see str.h. */
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

void str_free(struct str *b)
{
	free(b->s);
	*b = (struct str){ 0 };
}

void str_clear(struct str *b)
{
	b->len = 0;
	if (b->s)
		b->s[0] = '\0';
}

/* Room for n more bytes and the terminator. */
static bool reserve(struct str *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 128;
	char *s;

	if (b->failed)
		return false;
	if (b->cap - b->len > n)
		return true;
	while (cap - b->len <= n)
		cap *= 2;
	s = realloc(b->s, cap);
	if (!s) {
		b->failed = true;
		return false;
	}
	b->s = s;
	b->cap = cap;
	return true;
}

void str_putn(struct str *b, const char *s, size_t n)
{
	if (!reserve(b, n))
		return;
	memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void str_putc(struct str *b, char c)
{
	str_putn(b, &c, 1);
}

void str_puts(struct str *b, const char *s)
{
	str_putn(b, s, strlen(s));
}

/* ---- formats ---- */

/* What the fast way knows: %[+ ][0W](ll|l|z)[dux], %s, %c and %%. Logs of a million lines are made of nothing else. */
struct spec { bool plus, wide, zero; u32 width; char conv; };

static const char *read_spec(const char *f, struct spec *sp)
{
	*sp = (struct spec){ 0 };
	if (*f == '+')
		sp->plus = *f++;
	if (*f == '0')
		sp->zero = *f++;
	while (*f >= '0' && *f <= '9')
		sp->width = sp->width * 10 + (u32)(*f++ - '0');
	if (*f == 'l' || *f == 'z') {
		sp->wide = true;
		f += *f == 'l' && f[1] == 'l' ? 2 : 1;
	}
	sp->conv = *f;
	if (sp->width > 20 || !*f || !strchr("duxsc%", *f) ||
	    (strchr("sc%", *f) && (sp->wide || sp->width || sp->plus || sp->zero)))
		return NULL;
	return f + 1;
}

static void put_number(struct str *b, const struct spec *sp, u64 v)
{
	static const char digits[] = "0123456789abcdef";
	char buf[48], *p = buf + sizeof(buf), *end = p;
	u32 base = sp->conv == 'x' ? 16 : 10;
	bool minus = sp->conv == 'd' && (s64)v < 0;

	if (minus)
		v = -v;
	do
		*--p = digits[v % base];
	while (v /= base);
	while (sp->zero && (u32)(end - p) + (minus || sp->plus) < sp->width)
		*--p = '0';
	if (minus || (sp->plus && sp->conv == 'd'))
		*--p = minus ? '-' : '+';
	while ((u32)(end - p) < sp->width)
		*--p = ' ';
	str_putn(b, p, (size_t)(end - p));
}

static u64 take_number(const struct spec *sp, va_list *ap)
{
	if (sp->conv == 'd')
		return sp->wide ? (u64)va_arg(*ap, long long) : (u64)va_arg(*ap, int);
	return sp->wide ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned);
}

/* False: something it does not know; what was written is to be taken back. */
static bool print_fast(struct str *b, const char *f, va_list *ap)
{
	struct spec sp;

	for (;;) {
		const char *lit = f, *s;

		while (*f && *f != '%')
			f++;
		if (f > lit)
			str_putn(b, lit, (size_t)(f - lit));
		if (!*f)
			return true;
		f = read_spec(f + 1, &sp);
		if (!f)
			return false;
		switch (sp.conv) {
		case '%':
			str_putc(b, '%');
			break;
		case 'c':
			str_putc(b, (char)va_arg(*ap, int));
			break;
		case 's':
			s = va_arg(*ap, const char *);
			str_puts(b, s ? s : "(null)");
			break;
		default:
			put_number(b, &sp, take_number(&sp, ap));
		}
	}
}

void str_vprintf(struct str *b, const char *fmt, va_list ap)
{
	size_t start = b->len;
	va_list again;
	int n;

	va_copy(again, ap);
	if (print_fast(b, fmt, &again)) {
		va_end(again);
		return;
	}
	va_end(again);
	b->len = start;
	if (b->s)
		b->s[start] = '\0';
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && reserve(b, (size_t)n)) {
		vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void str_printf(struct str *b, const char *fmt, ...)
{
	va_list ap;

	if (!b)
		return; /* nobody wants to read it */
	va_start(ap, fmt);
	str_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *str_text(const struct str *b)
{
	return b->s ? b->s : "";
}
