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

/* Bit offset and type of a member, anonymous structs and unions looked through: -1 when there is none. */
static s64 find(const struct btf *b, u32 id, const char *name, size_t len, u32 *ret_type)
{
	const struct btf_type *t = btf_type(b, btf_skip_mods(b, id));

	if (!t || (btf_kind_of(t) != BTF_KIND_STRUCT && btf_kind_of(t) != BTF_KIND_UNION))
		return -1;
	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		const struct btf_member *m = &btf_members_of(t)[i];
		const char *s = btf_str(b, m->name_off);
		s64 in;

		if (strlen(s) == len && !memcmp(s, name, len)) {
			*ret_type = m->type;
			return btf_member_bit_off(t, i);
		}
		if (*s)
			continue;
		in = find(b, m->type, name, len, ret_type);
		if (in >= 0)
			return in + btf_member_bit_off(t, i);
	}
	return -1;
}

bool mirror_set(struct mirrors *m, struct mirror o, const char *member, const void *value, u32 size)
{
	u32 type = o.type;
	s64 off = 0, room;

	if (!o.mem)
		return false;
	for (const char *p = member; *p;) {
		size_t n = strcspn(p, ".");
		s64 at = find(m->btf, type, p, n, &type);

		if (at < 0 || at % 8)
			return false;
		off += at / 8;
		p += n + (p[n] == '.');
	}
	room = btf_size_of(m->btf, type);
	if (room <= 0 || off + room > o.size)
		return false;
	memcpy(o.mem + off, value, MIN((u64)room, (u64)size));
	return true;
}
