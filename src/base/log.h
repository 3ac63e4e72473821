/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier's and BTF's log, with Linux's semantics: text goes to a caller's buffer of fixed size.
 *
 * Levels as in bpf(2): 1 states at branches, 2 every instruction, 4 statistics only, 8 fixed (a full buffer
 * stops the text; without it the buffer keeps the newest text, as Linux does since 6.4).
 * Invariant: `total` counts every byte that was ever logged, so log_true_size is exact whatever was kept.
 */
#ifndef SKEP_BASE_LOG_H
#define SKEP_BASE_LOG_H

#include <stdarg.h>

#include "base/str.h"

enum { LOG_LEVEL1 = 1, LOG_LEVEL2 = 2, LOG_STATS = 4, LOG_FIXED = 8, LOG_MASK = 15 };

struct log {
	u32 level;       /* 0: nothing is kept, and callers skip the formatting */
	struct str text; /* everything; cut to the caller's buffer at the end */
	u64 total;       /* bytes logged, without the terminator */
	u64 max_keep;    /* memory bound: older text beyond it is dropped unless LOG_FIXED; 0: 16 MiB */
};

static inline bool log_on(const struct log *l) { return l->level != 0; }
void log_init(struct log *l, u32 level);
void log_free(struct log *l);
void log_printf(struct log *l, const char *fmt, ...) PRINTF(2, 3);
void log_vprintf(struct log *l, const char *fmt, va_list ap) PRINTF(2, 0);
/* Forget what was logged after `mark` (a value of l->total), as Linux does for states of accepted paths. */
void log_reset(struct log *l, u64 mark);
/*
 * Copy into the caller's buffer of `size` bytes, terminated. Returns 0, or -ENOSPC if it did not fit.
 * `ret_true_size` (may be NULL) gets the size that would have sufficed.
 */
int log_deliver(const struct log *l, char *buf, u32 size, u32 *ret_true_size);

#endif
