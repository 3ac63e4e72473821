/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a site while its threads run.
 *
 * Alone in one instruction: int3 over its first byte, everybody fetches anew, the tail, anew, the first byte, anew. Who comes by
 * in between is sent to the trampoline by the SIGTRAP handler, on the way in and on the way out. More than one instruction,
 * or no handler: the world stops, threads that stand inside are moved to the same place in the copy, the bytes change at once.
 */
#include <errno.h>

#include "patch/patch.h"

static int sync_all(const struct patch_ops *o) { return o->sync ? o->sync(o->arg) : 0; }

/* int3 first; `bytes` are the new ones. On an error the site is as it was, as far as writing works at all. */
static int change_running(const struct patch_plan *p, const struct patch_ops *o, const u8 *was, const u8 *bytes)
{
	static const u8 int3 = 0xcc;
	int err = o->write(o->arg, p->start, &int3, 1);

	if (err)
		return err;
	err = sync_all(o);
	if (!err && p->len > 1)
		err = o->write(o->arg, p->start + 1, bytes + 1, p->len - 1u);
	if (!err && p->len > 1)
		err = sync_all(o);
	if (!err)
		err = o->write(o->arg, p->start, bytes, 1);
	if (err) {
		if (p->len > 1)
			o->write(o->arg, p->start + 1, was + 1, p->len - 1u);
		sync_all(o);
		o->write(o->arg, p->start, was, 1);
		return err;
	}
	return sync_all(o);
}

/* A thread about to take the long jump in the padding, which goes. */
static int off_padding(const struct patch_plan *p, u64 ip, u64 *ret_ip)
{
	*ret_ip = ip == p->pad ? p->entry_at : ip;
	return 0;
}

static int change_stopped(const struct patch_plan *p, const struct patch_ops *o, bool in)
{
	int err = o->stop ? o->stop(o->arg) : 0, err2;

	if (err)
		return err;
	if (in && p->form == PATCH_JMP2)
		err = o->write(o->arg, p->pad, p->new_pad, sizeof(p->new_pad));
	/* On the way out nobody can stand inside the jump, and who is in the trampoline finishes there. */
	if (!err && o->each_ip && (in ? !p->single : p->form == PATCH_JMP2))
		err = o->each_ip(o->arg, in ? patch_ip_forward : off_padding, p);
	if (!err)
		err = o->write(o->arg, p->start, in ? p->new : p->old, p->len);
	if (!err && !in && p->form == PATCH_JMP2)
		err = o->write(o->arg, p->pad, p->old_pad, sizeof(p->old_pad));
	err2 = o->start ? o->start(o->arg) : 0;
	err = err ? err : err2;
	return err ? err : sync_all(o);
}

/* One byte is always seen whole. */
static int change_byte(const struct patch_plan *p, const struct patch_ops *o, const u8 *bytes)
{
	int err = o->write(o->arg, p->start, bytes, 1);

	return err ? err : sync_all(o);
}

static bool running(const struct patch_plan *p, const struct patch_ops *o)
{
	return o->traps && o->sync && p->form == PATCH_JMP5;
}

int patch_apply(const struct patch_plan *p, const struct patch_ops *ops)
{
	if (p->form == PATCH_TRAP)
		return change_byte(p, ops, p->new);
	if (p->single && running(p, ops))
		return change_running(p, ops, p->old, p->new);
	return change_stopped(p, ops, true);
}

/* The jump is one instruction whatever it covers, so with a SIGTRAP handler no stop is needed. */
int patch_remove(const struct patch_plan *p, const struct patch_ops *ops)
{
	if (p->form == PATCH_TRAP)
		return change_byte(p, ops, p->old);
	return running(p, ops) ? change_running(p, ops, p->new, p->old) : change_stopped(p, ops, false);
}
