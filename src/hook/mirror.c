/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel objects made up from what skep knows: see mirror.h. */
#include "hook/mirror.h"

struct mirror mirror_new(struct mirrors *m, const char *type)
{
	s32 id = m->btf ? btf_find(m->btf, type, BTF_KIND_STRUCT) : -1;
	s64 size = id > 0 ? btf_size_of(m->btf, (u32)id) : -1;

	if (size <= 0)
		return (struct mirror){ NULL, 0, 0 };
	/* room behind it: a program may be wrong about an array's end by as much as its types allow */
	return (struct mirror){ arena_alloc(&m->arena, (size_t)size + 64), (u32)id, (u32)size };
}

bool mirror_set(struct mirrors *m, struct mirror o, const char *member, const void *value, u32 size)
{
	u32 off = 0, type = o.mem ? btf_member_path(m->btf, o.type, member, &off) : 0;
	s64 room = type ? btf_size_of(m->btf, type) : 0;

	if (room <= 0 || off + room > o.size)
		return false;
	memcpy(o.mem + off, value, MIN((u64)room, (u64)size));
	return true;
}
