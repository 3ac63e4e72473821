/* SPDX-License-Identifier: BSD-2-Clause */
/* Log buffer with bpf(2)'s semantics: see log.h. */
#include "base/log.h"

#include <errno.h>

#define DEFAULT_KEEP ((u64)16 << 20)

void log_init(struct log *l, u32 level)
{
	*l = (struct log){ .level = level };
}

void log_free(struct log *l)
{
	str_free(&l->text);
}

/* Drop the older half once the text outgrows twice the bound: amortised, and the tail is what matters. */
static void trim(struct log *l)
{
	u64 keep = l->max_keep ? l->max_keep : DEFAULT_KEEP;

	if (l->text.len <= 2 * keep || (l->level & LOG_FIXED))
		return;
	memmove(l->text.s, l->text.s + (l->text.len - keep), keep + 1);
	l->text.len = keep;
}

void log_vprintf(struct log *l, const char *fmt, va_list ap)
{
	size_t before = l->text.len;

	if (!l->level)
		return;
	str_vprintf(&l->text, fmt, ap);
	l->total += l->text.len - before;
	trim(l);
}

void log_printf(struct log *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprintf(l, fmt, ap);
	va_end(ap);
}

void log_reset(struct log *l, u64 mark)
{
	u64 drop = l->total - mark;

	if (mark > l->total || !l->text.s)
		return;
	l->text.len = drop > l->text.len ? 0 : l->text.len - drop;
	l->text.s[l->text.len] = '\0';
	l->total = mark;
}

int log_deliver(const struct log *l, char *buf, u32 size, u32 *ret_true_size)
{
	u64 need = l->total + 1, have = l->text.len;

	if (ret_true_size)
		*ret_true_size = (u32)need;
	if (!buf || !size)
		return need > 1 && size ? -ENOSPC : 0;
	if (need <= size) {
		memcpy(buf, str_text(&l->text), have + 1);
		return 0;
	}
	if (l->level & LOG_FIXED) {
		memcpy(buf, str_text(&l->text), MIN(have, (u64)size - 1));
	} else {
		u64 n = MIN(have, (u64)size - 1);
		memcpy(buf, str_text(&l->text) + (have - n), n);
		buf[n] = '\0';
	}
	buf[size - 1] = '\0';
	return -ENOSPC;
}
