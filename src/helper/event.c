/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of programs that judge one thing that is being done: a /proc/sys file that is read or written, a message that a socket
 * sends. What is judged is in the run's environment, given by whoever runs the program; without it they answer -EINVAL.
 */
#include <errno.h>

#include "helper/ret.h"
#include "helper/run_env.h"
#include "spec/helper_abi.h"

/* ---- /proc/sys ---- */
#define BASE_NAME 1 /* BPF_F_SYSCTL_BASE_NAME */

/* As much of the text as fits, with a terminator, and zeros behind it: its length, or -E2BIG when it was cut. */
static u64 text_out(char *buf, u64 room, const char *text, size_t len)
{
	size_t n = MIN(len, room - 1);

	memcpy(buf, text, n);
	memset(buf + n, 0, room - n);
	return n == len ? len : RET_INT_(-E2BIG);
}

u64 helper_sysctl_get_name(void *ctx, void *buf, u64 buf_len, u64 flags, struct run *run)
{
	const struct run_sysctl *s = run->env->sysctl;
	const char *name = s ? s->name : NULL, *base;

	(void)ctx;
	if (!name || !buf_len)
		return RET_INT_(-EINVAL);
	base = strrchr(name, '/');
	if (flags & BASE_NAME && base)
		name = base + 1;
	return text_out(buf, (u32)buf_len, name, strlen(name));
}

u64 helper_sysctl_get_current_value(void *ctx, void *buf, u64 buf_len, struct run *run)
{
	const struct run_sysctl *s = run->env->sysctl;

	(void)ctx;
	if (s && s->current && buf_len)
		return text_out(buf, (u32)buf_len, s->current, s->current_len);
	memset(buf, 0, (u32)buf_len);
	return RET_INT_(-EINVAL);
}

u64 helper_sysctl_get_new_value(void *ctx, void *buf, u64 buf_len, struct run *run)
{
	const struct run_sysctl *s = run->env->sysctl;

	(void)ctx;
	if (s && s->new_value && buf_len)
		return text_out(buf, (u32)buf_len, s->new_value, s->new_len);
	memset(buf, 0, (u32)buf_len);
	return RET_INT_(-EINVAL);
}

u64 helper_sysctl_set_new_value(void *ctx, const void *buf, u64 buf_len, struct run *run)
{
	struct run_sysctl *s = run->env->sysctl;

	(void)ctx;
	if (!s || !s->new_value || !buf_len)
		return RET_INT_(-EINVAL);
	if (buf_len > s->new_room)
		return RET_INT_(-E2BIG);
	memcpy(s->new_value, buf, buf_len);
	s->new_len = (u32)buf_len;
	s->changed = true;
	return 0;
}

/* ---- messages ---- */
/* The program sees these bytes of it. */
static void window(struct run_msg *m, u32 from, u32 to)
{
	m->md->data = m->buf + from;
	m->md->data_end = m->buf + to;
	m->md->size = m->len;
}

u64 helper_msg_pull_data(void *msg, u64 start, u64 end, u64 flags, struct run *run)
{
	struct run_msg *m = run->env->msg;

	(void)msg;
	if (flags || (u32)end <= (u32)start || !m || (u32)start >= m->len || (u32)end > m->len)
		return RET_INT_(-EINVAL);
	window(m, (u32)start, (u32)end);
	return 0;
}

u64 helper_msg_push_data(void *msg, u64 start, u64 len, u64 flags, struct run *run)
{
	struct run_msg *m = run->env->msg;
	u32 at = (u32)start, n = (u32)len;

	(void)msg;
	if (flags || !m)
		return RET_INT_(-EINVAL);
	if (!n)
		return 0;
	if (at > m->len)
		return RET_INT_(-EINVAL);
	if (n > m->room - m->len)
		return RET_INT_(-ENOMEM);
	memmove(m->buf + at + n, m->buf + at, m->len - at);
	memset(m->buf + at, 0, n);
	m->len += n;
	window(m, 0, m->len);
	return 0;
}

u64 helper_msg_pop_data(void *msg, u64 start, u64 len, u64 flags, struct run *run)
{
	struct run_msg *m = run->env->msg;
	u32 at = (u32)start, n = (u32)len;

	(void)msg;
	if (flags || !m)
		return RET_INT_(-EINVAL);
	if (!n)
		return 0;
	if (at >= m->len || n > m->len - at)
		return RET_INT_(-EINVAL);
	memmove(m->buf + at, m->buf + at + n, m->len - at - n);
	m->len -= n;
	window(m, 0, m->len);
	return 0;
}
