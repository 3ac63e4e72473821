/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel objects that programs read by typed pointers, made up from what skep knows: memory of the type's size, with members set by
 * name at the offsets the kernel's types give. Members nobody set are 0. Invariant: pointers in it lead to other such memory, or are NULL.
 */
#ifndef SKEP_HOOK_MIRROR_H
#define SKEP_HOOK_MIRROR_H

#include "base/arena.h"
#include "btf/btf.h"

struct mirrors { struct arena arena; const struct btf *btf; };
struct mirror { u8 *mem; u32 type, size; };

/* Memory of a struct of that name; mem NULL when the types do not have it. Lives as long as the arena. */
struct mirror mirror_new(struct mirrors *m, const char *type);
/* A member by name ("aux", "f_inode.i_ino" through embedded structs): what fits is written; false: there is none. */
bool mirror_set(struct mirrors *m, struct mirror o, const char *member, const void *value, u32 size);
static inline bool mirror_u32(struct mirrors *m, struct mirror o, const char *member, u32 v)
{
	return mirror_set(m, o, member, &v, 4);
}
static inline bool mirror_u64(struct mirrors *m, struct mirror o, const char *member, u64 v)
{
	return mirror_set(m, o, member, &v, 8);
}
static inline bool mirror_ptr(struct mirrors *m, struct mirror o, const char *member, struct mirror to)
{
	u64 v = (u64)(uintptr_t)to.mem;

	return mirror_set(m, o, member, &v, 8);
}

#endif
