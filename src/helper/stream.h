/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program says to whoever reads it later: two streams of text, output and errors, that BPF_PROG_STREAM_READ_BY_FD takes from.
 * Invariant: less than STREAM_MAX bytes wait in one.
 */
#ifndef SKEP_HELPER_STREAM_H
#define SKEP_HELPER_STREAM_H

#include <pthread.h>

#include "base/types.h"

#define STREAM_MAX 100000u
enum { STREAM_OUT = 1, STREAM_ERR, STREAM_END };

struct stream { char *text; u32 len, room; };
struct streams {
	pthread_mutex_t lock;
	struct stream of[STREAM_END - 1];
};

void streams_init(struct streams *s);
void streams_free(struct streams *s);
/* All of the text or nothing: 0, -ENOENT (no such stream), -ENOSPC, -ENOMEM. */
int stream_put(struct streams *s, u32 id, const char *text, u32 len);
/*
 * The oldest bytes, `len` at most, go to `out` (0 or -errno: then they stay). How many, or -ENOENT, or what `out` says.
 */
s64 stream_take(struct streams *s, u32 id, u32 len, int (*out)(void *to, const char *text, u32 len), void *to);

#endif
