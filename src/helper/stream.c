/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs' output: see stream.h. */
#include "helper/stream.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/helper.h"
#include "helper/kfunc.h"
#include "vm/abi.h"

#define LINE 1024

void streams_init(struct streams *s)
{
	pthread_mutex_init(&s->lock, NULL);
}

void streams_free(struct streams *s)
{
	for (u32 i = 0; i < ARRAY_SIZE(s->of); i++)
		free(s->of[i].text);
	pthread_mutex_destroy(&s->lock);
}

/* s->lock is held. */
static int append(struct stream *st, const char *text, u32 len)
{
	u32 room = MAX(st->room, 256u);
	char *more;

	if (st->len + len >= STREAM_MAX)
		return -ENOSPC;
	while (room < st->len + len)
		room *= 2;
	if (room > st->room) {
		more = realloc(st->text, room);
		if (!more)
			return -ENOMEM;
		st->text = more;
		st->room = room;
	}
	memcpy(st->text + st->len, text, len);
	st->len += len;
	return 0;
}

int stream_put(struct streams *s, u32 id, const char *text, u32 len)
{
	int err;

	if (id < STREAM_OUT || id >= STREAM_END)
		return -ENOENT;
	pthread_mutex_lock(&s->lock);
	err = append(&s->of[id - 1], text, len);
	pthread_mutex_unlock(&s->lock);
	return err;
}

s64 stream_take(struct streams *s, u32 id, u32 len, int (*out)(void *to, const char *text, u32 len), void *to)
{
	struct stream *st;
	u32 n;
	int err;

	if (id < STREAM_OUT || id >= STREAM_END)
		return -ENOENT;
	pthread_mutex_lock(&s->lock);
	st = &s->of[id - 1];
	n = MIN(len, st->len);
	err = n ? out(to, st->text, n) : 0;
	if (!err && n) {
		memmove(st->text, st->text + n, st->len - n);
		st->len -= n;
	}
	pthread_mutex_unlock(&s->lock);
	return err ? (s64)err : (s64)n;
}

BODY(bpf_stream_vprintk_impl)
{
	struct streams *s = run->image->streams;
	char line[LINE];
	s64 n;

	(void)r5;
	if ((u32)r1 < STREAM_OUT || (u32)r1 >= STREAM_END)
		return RET_INT_(-ENOENT);
	if ((u32)r4 & 7 || (u32)r4 > PRINT_ARGS * 8 || ((u32)r4 && !r3))
		return RET_INT_(-EINVAL);
	n = print_format(line, sizeof(line), PTR(r2), PTR(r3), (u32)r4 / 8);
	return RET_INT_(n < 0 ? n : stream_put(s, (u32)r1, line, (u32)MIN(n, LINE - 1)));
}
