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

void str_vprintf(struct str *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

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

	va_start(ap, fmt);
	str_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *str_text(const struct str *b)
{
	return b->s ? b->s : "";
}
