/* SPDX-License-Identifier: BSD-2-Clause */
/* A growing string. After an allocation failure it stays valid, truncated, with `failed` set. */
#ifndef SKEP_BASE_STR_H
#define SKEP_BASE_STR_H

#include <stdarg.h>

#include "base/types.h"

struct str {
	char *s; /* always terminated once anything was added; owned */
	size_t len, cap;
	bool failed;
};

void str_free(struct str *b);
void str_clear(struct str *b);
void str_putc(struct str *b, char c);
void str_puts(struct str *b, const char *s);
void str_putn(struct str *b, const char *s, size_t n);
/* b NULL: nothing happens. */
void str_printf(struct str *b, const char *fmt, ...) PRINTF(2, 3);
void str_vprintf(struct str *b, const char *fmt, va_list ap) PRINTF(2, 0);
/* The text so far, "" when empty; valid until the next change. */
const char *str_text(const struct str *b);

#endif
