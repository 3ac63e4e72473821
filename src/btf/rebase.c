/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF of its own made BTF on top of another, as a module's is on the kernel's: type numbers and string offsets go up by what the
 * base has.
 *
 * Invariant: the input has been parsed, so its sections and references are in bounds.
 */
#include <errno.h>
#include <stdlib.h>

#include "btf/priv.h"

struct shift { u32 types, strings; };

static void shift_type(u32 *id, struct shift by)
{
	if (*id)
		*id += by.types;
}

static void shift_name(u32 *off, struct shift by)
{
	if (*off)
		*off += by.strings;
}

/* What follows the header of a type, by its kind. */
static void shift_payload(struct btf_type *t, struct shift by)
{
	u32 n = btf_vlen_of(t);
	void *p = t + 1;

	switch (btf_kind_of(t)) {
	case BTF_KIND_ARRAY:
		shift_type(&((struct btf_array *)p)->type, by);
		shift_type(&((struct btf_array *)p)->index_type, by);
		break;
	case BTF_KIND_STRUCT: case BTF_KIND_UNION:
		for (struct btf_member *m = p; m < (struct btf_member *)p + n; m++) {
			shift_name(&m->name_off, by);
			shift_type(&m->type, by);
		}
		break;
	case BTF_KIND_FUNC_PROTO:
		for (struct btf_param *a = p; a < (struct btf_param *)p + n; a++) {
			shift_name(&a->name_off, by);
			shift_type(&a->type, by);
		}
		break;
	case BTF_KIND_DATASEC:
		for (struct btf_var_secinfo *s = p; s < (struct btf_var_secinfo *)p + n; s++)
			shift_type(&s->type, by);
		break;
	case BTF_KIND_ENUM:
		for (struct btf_enum *v = p; v < (struct btf_enum *)p + n; v++)
			shift_name(&v->name_off, by);
		break;
	case BTF_KIND_ENUM64:
		for (struct btf_enum64 *v = p; v < (struct btf_enum64 *)p + n; v++)
			shift_name(&v->name_off, by);
		break;
	}
}

int btf_rebase(const struct btf *own, const struct btf *base, void **ret_data, u32 *ret_size)
{
	struct shift by = { btf_type_count(base) - 1, base->start_str + base->hdr.str_len };
	u32 size, count = btf_type_count(own);
	const void *raw = btf_raw(own, &size);
	u8 *copy = malloc(size);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, raw, size);
	for (u32 id = 1; id < count; id++) {
		struct btf_type *t = (void *)(copy + ((const u8 *)btf_type(own, id) - (const u8 *)raw));
		shift_payload(t, by);
		shift_name(&t->name_off, by);
		if (btf_kind_has(t, KF_REF))
			shift_type(&t->type, by);
	}
	*ret_data = copy;
	*ret_size = size;
	return 0;
}
