/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry of every command: copy the attributes once, refuse what the command does not know, dispatch by spec/cmd.def.
 */
#include "sys/sys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

typedef int (*cmd_fn)(struct call *c);

/* A command without a body does not link; one that skep refuses has none. */
static const cmd_fn cmd_table[UAPI_CMDS] = {
#define C(id, name, ...) cmd_##name,
#define CU(id, name, ...) NULL,
#include "spec/cmd.def"
};

int call_fail(struct call *c, int err, const char *fmt, ...)
{
	va_list ap;

	if (c->reason) {
		str_clear(c->reason);
		va_start(ap, fmt);
		str_vprintf(c->reason, fmt, ap);
		va_end(ap);
	}
	return err;
}

bool call_capable(const struct call *c, u32 cap)
{
	return caps_grant(caller_known(c->who)->caps, cap);
}

int call_need(struct call *c)
{
	const struct cmd_spec *spec = &cmd_spec[c->cmd];

	return call_capable(c, spec->caps) ? 0 : call_fail(c, -EPERM, "%s needs privileges the caller does not have", spec->uapi);
}

int call_in(struct call *c, void *dst, u64 src, size_t n)
{
	int err = n ? c->who->copy_in(c->who, dst, src, n) : 0;

	return err ? call_fail(c, err, "cannot read %zu bytes at 0x%llx of the caller", n, (unsigned long long)src) : 0;
}

int call_out(struct call *c, u64 dst, const void *src, size_t n)
{
	int err = n ? c->who->copy_out(c->who, dst, src, n) : 0;

	return err ? call_fail(c, err, "cannot write %zu bytes at 0x%llx of the caller", n, (unsigned long long)dst) : 0;
}

int call_put_field(struct call *c, size_t off, const void *src, size_t n)
{
	return off + n <= c->size ? call_out(c, c->uattr + off, src, n) : 0;
}

int call_in_string(struct call *c, char *dst, u64 src, size_t max)
{
	for (size_t at = 0, n; at < max; at += n) {
		int err;

		/* in pieces that end with a page where a piece costs a system call */
		n = c->who->direct ? 1 : MIN(max - at, MIN((size_t)64, 4096 - (size_t)((src + at) & 4095)));
		err = call_in(c, dst + at, src + at, n);
		if (err)
			return err;
		if (memchr(dst + at, 0, n))
			return 0;
	}
	return call_fail(c, -E2BIG, "string at 0x%llx is longer than %zu bytes", (unsigned long long)src, max - 1);
}

int call_in_alloc(struct call *c, u64 src, size_t n, void **ret)
{
	void *p = malloc(n ? n : 1);
	int err;

	if (!p)
		return call_fail(c, -ENOMEM, "out of memory for %zu bytes", n);
	err = call_in(c, p, src, n);
	if (err) {
		free(p);
		return err;
	}
	*ret = p;
	return 0;
}

int call_obj(struct call *c, int fd, enum obj_kind kind, struct obj **ret, int *ret_mode)
{
	static const char *const name[OBJ_KINDS] = { "an object",    "a map",  "a program",
						     "a BTF object", "a link", "a statistics switch",
						     "a perf event" };
	struct obj *known = NULL;
	u64 dev, ino;
	int mode, err;

	if (c->who->direct && kind != OBJ_NONE)
		known = obj_by_number(&c->s->tab, fd, kind, &mode);
	if (!known && c->who->direct && kind != OBJ_NONE) {
		known = obj_by_position(&c->s->tab, fd, kind, &mode);
		if (known)
			obj_remember(&c->s->tab, fd, known, mode);
	}
	if (!known) {
		err = fd < 0 ? -EBADF : c->who->fd_ident(c->who, fd, &dev, &ino, &mode);
		if (!err)
			err = obj_by_inode(&c->s->tab, dev, ino, kind, &known);
		if (err)
			return call_fail(c, err, "descriptor %d is not %s of this subsystem", fd, name[kind]);
		if (c->who->direct)
			obj_remember(&c->s->tab, fd, known, mode);
	}
	if (ret_mode)
		*ret_mode = mode;
	*ret = known;
	return 0;
}

int call_token(struct call *c, int fd)
{
	u64 dev, ino;
	int mode, err = fd < 0 ? -EBADF : c->who->fd_ident(c->who, fd, &dev, &ino, &mode);

	return call_fail(c, err ? err : -EINVAL, "descriptor %d is not a BPF token: there are none here", fd);
}

int call_new_fd(struct call *c, struct obj *o, int flags)
{
	int fd = obj_new_fd(o, flags);

	if (fd >= 0)
		fd = c->who->fd_give(c->who, fd);
	return fd < 0 ? call_fail(c, fd, "cannot make a descriptor: %s", strerror(-fd)) : fd;
}

int check_name(const char *name, size_t n)
{
	size_t i = 0;

	for (; i < n && name[i]; i++) {
		char ch = name[i];
		if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '.'))
			return -EINVAL;
	}
	if (i == n)
		return -EINVAL;
	for (; i < n; i++)
		if (name[i])
			return -EINVAL;
	return 0;
}

/* Bytes of the caller's structure beyond what is known here must be zero. */
static int check_user_tail(struct call *c, u64 p, u32 known, u32 given)
{
	u8 chunk[64];

	for (u32 at = known; at < given;) {
		u32 n = MIN(given - at, (u32)sizeof(chunk));
		int err = call_in(c, chunk, p + at, n);
		if (err)
			return err;
		for (u32 i = 0; i < n; i++)
			if (chunk[i])
				return call_fail(c, -E2BIG,
						 "byte %u of the caller's structure is set, but only %u bytes are known",
						 at + i, known);
		at += n;
	}
	return 0;
}

int call_info_tail(struct call *c, u64 info, u32 have, u32 given)
{
	if (given > 4096)
		return call_fail(c, -E2BIG, "%u bytes of information: more than a page", given);
	return check_user_tail(c, info, have, given);
}

/* The command's own end: what lies beyond its last field must be zero. */
static int check_attr_tail(struct call *c, const struct cmd_spec *spec)
{
	u32 i = spec->attr_end;
	u64 word;

	for (; i % 8 == 0 && i + 8 <= c->size; i += 8) { /* most callers give more than the command knows */
		memcpy(&word, c->a.bytes + i, sizeof(word));
		if (word)
			break;
	}
	for (; i < c->size; i++)
		if (c->a.bytes[i])
			return call_fail(c, -EINVAL, "attr byte %u is set, beyond the command's last field (%s)", i,
					 spec->last_field);
	return 0;
}

int sys_bpf(struct skep *s, struct caller *who, u32 cmd, u64 uattr, u32 size, struct str *reason)
{
	struct call c = { .s = s, .who = who, .cmd = cmd, .uattr = uattr, .reason = reason };
	int err;

	if (size > 4096)
		return call_fail(&c, -E2BIG, "attr size %u is larger than a page", size);
	err = check_user_tail(&c, uattr, sizeof(c.a), size);
	if (err)
		return err;
	c.size = MIN(size, (u32)sizeof(c.a));
	err = call_in(&c, &c.a, uattr, c.size);
	if (err)
		return err;
	if (cmd >= UAPI_CMDS)
		return call_fail(&c, -EINVAL, "%u is not a command of bpf(2): the last is %u", cmd, UAPI_CMDS - 1);
	if (cmd == BPF_PROG_QUERY) /* the one whose privilege Linux asks for before it looks at the attributes */
		err = call_need(&c);
	if (!err)
		err = check_attr_tail(&c, &cmd_spec[cmd]);
	if (err)
		return err;
	if (!cmd_table[cmd])
		return call_fail(&c, -EOPNOTSUPP, "%s: %s", cmd_spec[cmd].uapi, cmd_spec[cmd].why_not);
	return cmd_table[cmd](&c);
}
