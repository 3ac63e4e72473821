/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts as BTF knows them: which pointer types mean "the context" for a program type, and the kernel's own struct behind it.
 *
 * Duty: the kernel lists both in its BTF, as the members of struct bpf_ctx_convert (TYPE_prog, TYPE_kern); a BTF without that list
 * goes by the names of the context tables.
 */
#include <stdio.h>

#include "verifier/kfunc.h"

const char *btf_kind_word(const struct btf *b, u32 id)
{
	static const char *const word[] = {
#define KF_MOD 0
#define KF_SIZED 0
#define KF_RESOLVE 0
#define KF_SOURCE 0
#define KF_REF 0
#define K(id, name, fixed, each, flags) name,
#include "btf/kind.def"
	};
	u32 k = id ? btf_kind_of(btf_type(b, id)) : 0;

	return k < ARRAY_SIZE(word) ? word[k] : "UNKNOWN";
}

/* Type id of the member TYPE_prog or TYPE_kern of the kernel's list; 0: none. */
static u32 listed(struct vf_env *e, const char *which)
{
	const struct btf *b = e->in->kernel_btf;
	s32 id = b && !e->in->own ? btf_find(b, "bpf_ctx_convert", BTF_KIND_STRUCT) : -ENOENT;
	const struct btf_type *t;
	char want[96];

	if (id < 0)
		return 0;
	t = btf_type(b, (u32)id);
	snprintf(want, sizeof(want), "%s_%s", e->type->uapi, which);
	for (u32 i = 0; i < btf_vlen_of(t); i++)
		if (!strcmp(btf_str(b, btf_members_of(t)[i].name_off), want))
			return btf_members_of(t)[i].type;
	return 0;
}

u32 btf_kernel_ctx(struct vf_env *e)
{
	u32 id = listed(e, "kern");

	if (id && btf_kind_of(btf_type(e->in->kernel_btf, id)) == BTF_KIND_STRUCT)
		return id;
	vf_log(e, "kern ctx type id %u is not a struct\n", id);
	return 0;
}

const char *btf_ctx_name(struct vf_env *e)
{
	const struct btf *b = e->in->kernel_btf;
	const struct ctx_spec *ctx = e->type->ctx;
	u32 id = listed(e, "prog");

	if (id) {
		id = btf_skip_mods(b, id);
		return id && btf_kind_of(btf_type(b, id)) == BTF_KIND_STRUCT ? btf_type_name(b, id) : NULL;
	}
	return ctx && !ctx->raw_args && !ctx->any_scalar ? ctx->uapi : NULL;
}

bool btf_is_projection(const char *of, const char *name)
{
	return (!strcmp(of, "__sk_buff") && !strcmp(name, "sk_buff")) || (!strcmp(of, "xdp_md") && !strcmp(name, "xdp_buff"));
}

/* Does `name` name the context: as listed, or as a typedef on the way there is called? */
static bool names_ctx(struct vf_env *e, const char *name)
{
	const struct btf *b = e->in->kernel_btf;
	const char *ctx = e->type->ctx ? e->type->ctx->uapi : NULL;
	u32 id = listed(e, "prog");

	if (!id)
		return ctx && (!strcmp(ctx, name) || btf_is_projection(ctx, name));
	for (;;) {
		const struct btf_type *t = btf_type(b, id);

		ctx = btf_str(b, t->name_off);
		if (!*ctx)
			return false;
		if (btf_is_projection(ctx, name) || !strcmp(ctx, name))
			return true;
		if (btf_kind_of(t) != BTF_KIND_TYPEDEF)
			return false;
		/* the next name on the way: a typedef's, or at last the struct's */
		for (id = t->type; id; id = t->type) {
			t = btf_type(b, id);
			if (btf_kind_of(t) != BTF_KIND_CONST && btf_kind_of(t) != BTF_KIND_VOLATILE &&
			    btf_kind_of(t) != BTF_KIND_RESTRICT && btf_kind_of(t) != BTF_KIND_TYPE_TAG)
				break;
		}
		if (!id)
			return false;
	}
}

bool btf_is_ctx_ptr(struct vf_env *e, const struct btf *b, u32 ptr_id)
{
	const struct btf_type *t = btf_type(b, ptr_id);
	u32 id;

	if (!t || btf_kind_of(t) != BTF_KIND_PTR)
		return false;
	if (e->in->prog_type == BPF_PROG_TYPE_KPROBE)
		for (id = t->type; id; id = btf_type(b, id)->type) {
			u32 k = btf_kind_of(btf_type(b, id));

			if (k == BTF_KIND_TYPEDEF) {
				if (!strcmp(btf_type_name(b, id), "bpf_user_pt_regs_t"))
					return true;
				break;
			}
			if (k != BTF_KIND_CONST && k != BTF_KIND_VOLATILE && k != BTF_KIND_RESTRICT && k != BTF_KIND_TYPE_TAG)
				break;
		}
	id = btf_skip_mods(b, t->type);
	if (!id || btf_kind_of(btf_type(b, id)) != BTF_KIND_STRUCT)
		return false;
	return names_ctx(e, btf_type_name(b, id));
}
