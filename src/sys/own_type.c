/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Program types of an application's own: rows like those of spec/, made at run time from the application's BTF.
 *
 * Invariant: a defined type never changes and lives as long as its subsystem, so the verifier and programs may point into it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "skep/skep.h"
#include "sys/sys.h"
#include "verifier/verify.h"

#define MAX_FIELDS 256u
#define MAX_KFUNCS 64u
#define MAX_DEPTH 8u

struct own_type {
	struct own_type *next;
	struct progtype_spec spec;
	struct ctx_spec ctx;
	struct ctx_field field[MAX_FIELDS];
	struct kfunc_spec kfunc[MAX_KFUNCS];
	u64 kfunc_addr[MAX_KFUNCS];
	struct vf_own own;
	struct btf_obj *btf_obj;       /* the types on top of the kernel's, as a module has them; NULL: no functions */
	u32 id;
	u32 nnames;
	char *names[MAX_FIELDS + MAX_KFUNCS + 2]; /* owned */
};

_Static_assert((int)SKEP_KFUNC_ACQUIRE == (int)KF_ACQUIRE && (int)SKEP_KFUNC_RELEASE == (int)KF_RELEASE &&
	       (int)SKEP_KFUNC_RET_NULL == (int)KF_RET_NULL && (int)SKEP_KFUNC_TRUSTED_ARGS == (int)KF_TRUSTED_ARGS &&
	       (int)SKEP_KFUNC_SLEEPABLE == (int)KF_SLEEPABLE, "the same flags");

const struct vf_own *sys_own_type(const struct skep *s, u32 type)
{
	for (const struct own_type *t = s->own_types; t; t = t->next)
		if (t->id == type)
			return &t->own;
	return NULL;
}

const struct progtype_spec *sys_progtype(const struct skep *s, u32 type)
{
	const struct vf_own *own = sys_own_type(s, type);

	return own ? own->type : progtype_by_id(type);
}

static void own_type_free(struct own_type *t)
{
	for (u32 i = 0; i < t->nnames; i++)
		free(t->names[i]);
	if (t->btf_obj)
		obj_put(&t->btf_obj->obj);
	free(t);
}

void sys_own_types_free(struct skep *s)
{
	while (s->own_types) {
		struct own_type *t = s->own_types;
		s->own_types = t->next;
		own_type_free(t);
	}
}

/* ---- building one ---- */
struct define {
	struct own_type *t;
	const struct skep_type *in;
	const struct btf *btf;
	struct str *why;
};

static int PRINTF(3, 4) say(struct define *d, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(d->why, fmt, ap);
	va_end(ap);
	return err;
}

static const char *keep(struct define *d, const char *name)
{
	char *copy = d->t->nnames < ARRAY_SIZE(d->t->names) ? strdup(name) : NULL;

	if (copy)
		d->t->names[d->t->nnames++] = copy;
	return copy ? copy : "?";
}

static bool is_writable(const struct define *d, const char *name)
{
	for (const char *const *w = d->in->writable; w && *w; w++)
		if (!strcmp(*w, name))
			return true;
	return false;
}

static bool is(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

/* The row of a member with this many elements of this size. */
static int add_field(struct define *d, const char *name, u32 off, u32 size, u32 count)
{
	struct own_type *t = d->t;
	progset bit = PT_BIT(t->id);
	bool data = is(d->in->data, name), end = is(d->in->data_end, name), write = is_writable(d, name);

	if (t->ctx.nfields == MAX_FIELDS)
		return say(d, -EINVAL, "struct %s has more than %u members", d->in->ctx, MAX_FIELDS);
	if ((data || end) && (size != 8 || count != 1))
		return say(d, -EINVAL, "%s bounds the data and must have 8 bytes", name);
	if ((data || end) && write)
		return say(d, -EINVAL, "%s bounds the data: programs may not write it", name);
	t->field[t->ctx.nfields++] = (struct ctx_field){
		.name = keep(d, name), .off = (u16)off, .size = (u16)size, .count = (u16)count, .native_off = (u16)off,
		.native_size = (u8)size, .kind = data ? CK_PKT : end ? CK_PKT_END : CK_SCALAR,
		.access = data || end ? CF_R : CF_R | CF_NARROW | (write ? CF_W : 0), .progs = bit, .writers = write ? bit : 0,
	};
	return 0;
}

static int add_members(struct define *d, u32 id, u32 base, const char *prefix, u32 depth);

static int add_member(struct define *d, u32 type_id, u32 off, const char *name, u32 depth)
{
	u32 id = btf_skip_mods(d->btf, type_id), count = 1;
	const struct btf_type *t = btf_type(d->btf, id);
	s64 size;

	if (t && btf_kind_of(t) == BTF_KIND_ARRAY) {
		count = btf_array_of(t)->nelems;
		id = btf_skip_mods(d->btf, btf_array_of(t)->type);
		t = btf_type(d->btf, id);
	}
	size = t ? btf_size_of(d->btf, id) : 0;
	switch (t ? btf_kind_of(t) : BTF_KIND_UNKN) {
	case BTF_KIND_STRUCT: case BTF_KIND_UNION:
		return count == 1 && depth < MAX_DEPTH ? add_members(d, id, off, name, depth + 1) : 0;
	case BTF_KIND_PTR:
		if (!is(d->in->data, name) && !is(d->in->data_end, name))
			return 0; /* an address is not for programs */
		break;
	case BTF_KIND_INT: case BTF_KIND_ENUM: case BTF_KIND_ENUM64:
		break;
	default:
		return 0;
	}
	if ((size != 1 && size != 2 && size != 4 && size != 8) || off % (u32)size || !count || count > 0xffff)
		return 0;
	return add_field(d, name, off, (u32)size, count);
}

static int add_members(struct define *d, u32 id, u32 base, const char *prefix, u32 depth)
{
	const struct btf_type *t = btf_type(d->btf, id);
	int err = 0;

	for (u32 i = 0; i < btf_vlen_of(t) && !err; i++) {
		const char *own = btf_str(d->btf, btf_members_of(t)[i].name_off);
		u32 bits = btf_member_bit_off(t, i);
		char name[128];

		if (btf_member_bitfield(t, i) || bits % 8)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix && *own ? "." : "", own);
		err = add_member(d, btf_members_of(t)[i].type, base + bits / 8, name, depth);
	}
	return err;
}

static bool has_field(const struct define *d, const char *name)
{
	for (u32 i = 0; i < d->t->ctx.nfields; i++)
		if (!strcmp(d->t->field[i].name, name))
			return true;
	return false;
}

static int make_context(struct define *d)
{
	s32 id = btf_find(d->btf, d->in->ctx, BTF_KIND_STRUCT);
	s64 size = id > 0 ? btf_size_of(d->btf, (u32)id) : 0;
	int err;

	if (id <= 0)
		return say(d, -ENOENT, "no struct %s in the type's BTF", d->in->ctx);
	if (size <= 0 || size > 0x7fff)
		return say(d, -EINVAL, "struct %s has %lld bytes: 1 to 32767 are possible", d->in->ctx, (long long)size);
	d->t->ctx = (struct ctx_spec){
		.uapi = keep(d, d->in->ctx), .size = (u16)size, .native_size = (u16)size, .fields = d->t->field
	};
	err = add_members(d, (u32)id, 0, "", 0);
	for (const char *const *w = d->in->writable; w && *w && !err; w++)
		if (!has_field(d, *w))
			err = say(d, -ENOENT, "struct %s has no member %s that could be written", d->in->ctx, *w);
	if (!err && !d->in->data != !d->in->data_end)
		err = say(d, -EINVAL, "data and data_end come together");
	if (!err && d->in->data && (!has_field(d, d->in->data) || !has_field(d, d->in->data_end)))
		err = say(d, -ENOENT, "struct %s has no members %s and %s", d->in->ctx, d->in->data, d->in->data_end);
	return err;
}

static int make_kfuncs(struct skep *s, struct define *d)
{
	const struct btf *base = sys_kernel_btf(s);
	struct own_type *t = d->t;
	struct btf *split = NULL;
	struct log log;
	void *data;
	u32 size;
	int err;

	if (!d->in->nkfuncs)
		return 0;
	if (d->in->nkfuncs > MAX_KFUNCS)
		return say(d, -EINVAL, "a type has at most %u functions", MAX_KFUNCS);
	if (!base)
		return say(d, -EINVAL, "functions need kernel BTF below them, and there is none");
	for (u32 i = 0; i < d->in->nkfuncs; i++) {
		const struct skep_kfunc *k = &d->in->kfuncs[i];
		if (btf_find(d->btf, k->name, BTF_KIND_FUNC) <= 0)
			return say(d, -ENOENT, "no function %s in the type's BTF", k->name);
		t->kfunc[i] = (struct kfunc_spec){ .name = keep(d, k->name), .flags = k->flags, .progs = PT_BIT(t->id) };
		t->kfunc_addr[i] = (u64)(uintptr_t)k->fn;
	}
	err = btf_rebase(d->btf, base, &data, &size);
	if (err)
		return err;
	log_init(&log, 0);
	err = btf_parse(data, size, base, true, &log, &split);
	log_free(&log);
	free(data);
	if (!err)
		err = btf_publish(s, split, t->spec.name, &t->btf_obj);
	if (err) {
		btf_free(split);
		return say(d, err, "the type's BTF cannot be put on top of the kernel's");
	}
	t->own.btf = split;
	t->own.kfunc = t->kfunc;
	t->own.kfunc_addr = t->kfunc_addr;
	t->own.nkfuncs = d->in->nkfuncs;
	return 0;
}

static int define(struct skep *s, const struct skep_type *in, struct str *why, struct own_type *t)
{
	struct define d = { .t = t, .in = in, .why = why };
	struct btf *btf = NULL;
	struct log log;
	int err;

	log_init(&log, LOG_STATS);
	err = btf_parse(in->btf, in->btf_size, NULL, false, &log, &btf);
	if (err) {
		err = say(&d, err, "the type's BTF is damaged: %s", str_text(&log.text));
		log_free(&log);
		return err;
	}
	log_free(&log);
	d.btf = btf;
	t->spec = (struct progtype_spec){ .name = keep(&d, in->name),
					  .ctx = &t->ctx,
					  .caps = CAPB_BPF,
					  .direct_pkt = in->data != NULL,
					  .pkt_write = in->data && in->data_writable,
					  .test_run = false,
					  .ret_min = in->ret_min,
					  .ret_max = in->ret_max };
	t->spec.uapi = t->spec.doc = t->spec.name;
	t->own.type = &t->spec;
	err = make_context(&d);
	if (!err)
		err = make_kfuncs(s, &d);
	btf_free(btf);
	return err;
}

int skep_type_define(struct skep *s, const struct skep_type *in, uint32_t *ret_type)
{
	struct str why = { 0 };
	struct own_type *t;
	int err;

	if (in->sz != sizeof(*in) || !in->name || !in->btf || !in->ctx)
		return -EINVAL;
	if (s->nown_types == PROGTYPE_OWN_MAX)
		return -ENOSPC;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->id = PROGTYPE_OWN + s->nown_types;
	err = define(s, in, &why, t);
	sys_said(s, "skep_type_define", err, &why);
	str_free(&why);
	if (err) {
		own_type_free(t);
		return err;
	}
	t->next = s->own_types;
	s->own_types = t;
	s->nown_types++;
	*ret_type = t->id;
	return 0;
}
