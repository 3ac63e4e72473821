/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread's replaced return addresses. An entry is found by the stack slot it was taken from, so entries of frames that a longjmp
 * or an exception left behind do no harm: they are never met again, or a newer entry for the same slot is met first.
 */
#include "patch/patch.h"

enum { STACK = 8u << 20 }; /* entries this far above belong to another stack */

/* A slot that was taken again held a real return address then, unless it was a tail call that took it. */
static bool gone(const struct patch_thread *t, u32 i, u32 n, u64 sp, u64 ret_entry)
{
	u64 slot = t->shadow[i].sp;

	if (!slot || (slot < sp && sp - slot < STACK))
		return true;
	if (slot == sp && *(const u64 *)(uintptr_t)sp != ret_entry)
		return true;
	for (u32 k = i + 1; k < n; k++)
		if (t->shadow[k].sp == slot)
			return t->shadow[k].ret != ret_entry;
	return false;
}

void patch_shadow_prune(struct patch_thread *t, u64 sp, u64 ret_entry)
{
	u32 n = MIN(t->shadows, (u32)PATCH_SHADOWS), kept = 0;

	for (u32 i = 0; i < n; i++)
		if (!gone(t, i, n, sp, ret_entry))
			t->shadow[kept++] = t->shadow[i];
	t->shadows = kept;
}

/* Only slots of this stack, above `sp`, are touched, and only where they hold what they are expected to. */
static void swap(struct patch_thread *t, u64 sp, u64 ret_entry, bool give_back)
{
	for (u32 i = MIN(t->shadows, (u32)PATCH_SHADOWS); i--;) {
		const struct patch_shadow *e = &t->shadow[i];
		u64 *slot = (u64 *)(uintptr_t)e->sp;

		if (e->sp < sp || e->sp - sp > STACK)
			continue;
		if (give_back && *slot == ret_entry)
			*slot = e->ret;
		else if (!give_back && *slot == e->ret)
			*slot = ret_entry;
	}
}

void patch_shadow_restore(struct patch_thread *t, u64 sp, u64 ret_entry) { swap(t, sp, ret_entry, true); }

void patch_shadow_again(struct patch_thread *t, u64 sp, u64 ret_entry) { swap(t, sp, ret_entry, false); }
