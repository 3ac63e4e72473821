/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields: locks, timers, kernel pointers, lists and trees that a map value or an allocated object
 * holds, found by the names and tags of its BTF.
 *
 * Invariant: the fields of a record do not overlap, are sorted by offset and lie inside the value; roots name
 * a struct of the same BTF that has the node; freeing a value frees a chain of at most 8 owners.
 *
 * Two rules are stricter than Linux 6.18 was when it came out, as Linux itself is by now, for they were
 * unsound: what may be in a value once may not be in it twice through a nested struct, and no type may own
 * itself through kptrs.
 */
#include <stdlib.h>

#include "btf/priv.h"

#define FIELDS_MAX	    11
#define OWNERSHIP_DEPTH_MAX 8
/* Types looked at for one record: nesting multiplies, and Linux's only bound is patience. */
#define BUDGET 100000u

enum { FF_ONE = 1, FF_REPEAT = 2, FF_PTR = 4, FF_ROOT = 8, FF_ALLOC = 16 };

static const struct field_row {
	u32 kind;
	const char *name;
	u8 size, align, flags;
} field_row[] = {
#define F(id, text, bytes, at, bits) { FIELD_##id, text, bytes, at, bits },
#include "btf/field.def"
};

static const struct {
	const char *type, *dtor;
} dtor_row[] = {
#define D(type, func) { #type, func },
#include "btf/dtor.def"
};

struct found {
	const struct field_row *row;
	u32 off;
	u32 target;	  /* kptr: the pointee; roots: the elements' struct */
	const char *node; /* roots: name of the node member */
};

struct search {
	const struct btf *b;
	u32 mask;
	u32 seen; /* FF_ONE fields that the value has */
	u32 budget;
	struct found found[FIELDS_MAX];
	u32 n;
};

static bool is_struct(const struct btf_type *t)
{
	return btf_kind_of(t) == BTF_KIND_STRUCT;
}

static bool is_tag(const struct btf_type *t)
{
	return btf_kind_of(t) == BTF_KIND_TYPE_TAG;
}

/*
 * Is `t` a pointer with a tag that makes it special? 1 with *ret_row and *ret_target, 0 no (also when its
 * kind is not in `mask`), -EINVAL for a tagged pointer that means nothing.
 */
static int find_tagged_ptr(const struct btf *b, const struct btf_type *t, u32 mask,
			   const struct field_row **ret_row, u32 *ret_target)
{
	const struct field_row *row = NULL;
	const char *tag;
	u32 target;

	if (btf_kind_of(t) == BTF_KIND_VOLATILE)
		t = btf_type(b, t->type);
	if (btf_kind_of(t) != BTF_KIND_PTR)
		return 0;
	t = btf_type(b, t->type);
	if (!is_tag(t) || btf_kflag_of(t))
		return 0;
	if (is_tag(btf_type(b, t->type)))
		return -EINVAL;
	tag = btf_log_name(b, t->name_off);
	for (size_t i = 0; i < ARRAY_SIZE(field_row) && !row; i++)
		if ((field_row[i].flags & FF_PTR) && !strcmp(tag, field_row[i].name))
			row = &field_row[i];
	if (!row)
		return -EINVAL;
	if (!(row->kind & mask))
		return 0;
	target = btf_skip_mods(b, t->type);
	if (!is_struct(btf_type(b, target)))
		return -EINVAL;
	*ret_row = row;
	*ret_target = target;
	return 1;
}

/* The one "contains:TYPE:NODE" tag of a root. */
static int find_contents(const struct btf *b, u32 holder, s32 component, struct found *f)
{
	u32 tag = btf_decl_tag_next(b, holder, component, "contains:", 0);
	const char *type, *colon;
	char name[BTF_NAME_MAX + 1];
	s32 id;

	if (!tag || btf_decl_tag_next(b, holder, component, "contains:", tag))
		return -EINVAL;
	type = btf_type_name(b, tag) + strlen("contains:");
	colon = strchr(type, ':');
	if (!colon)
		return -EINVAL;
	if ((size_t)(colon - type) > BTF_NAME_MAX)
		return -ENOENT; /* no struct has such a name */
	memcpy(name, type, (size_t)(colon - type));
	name[colon - type] = '\0';
	id = btf_find(b, name, BTF_KIND_STRUCT);
	if (id < 0)
		return id;
	if (!colon[1])
		return -EINVAL;
	f->target = (u32)id;
	f->node = colon + 1;
	return 1;
}

/* Which special field could a member of type `t` be? NULL: none. */
static int row_of(struct search *s, const struct btf_type *t, const struct field_row **ret_row)
{
	const char *name = btf_log_name(s->b, t->name_off);

	*ret_row = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(field_row); i++) {
		const struct field_row *r = &field_row[i];
		u32 kind = r->kind;

		if (r->flags & FF_PTR) {
			/* Any non-struct may turn out to be a tagged pointer. */
			if (!(s->mask & (FIELD_KPTR | FIELD_UPTR)) || is_struct(t))
				break;
		} else if (!(s->mask & kind) || strcmp(name, r->name)) {
			continue;
		} else if (r->flags & FF_ONE) {
			if (s->seen & kind)
				return -E2BIG;
			s->seen |= kind;
		}
		*ret_row = r;
		break;
	}
	return 0;
}

/* The fields from `first` on are one array element: add those of `more` further elements. */
static int repeat(struct search *s, u32 first, u32 more, u32 elem_size)
{
	u32 n = s->n - first;

	for (u32 i = first; i < s->n; i++)
		if (!(s->found[i].row->flags & FF_REPEAT))
			return -EINVAL;
	if (((u64)more + 1) * n > FIELDS_MAX - first)
		return -E2BIG;
	for (u32 i = 0; i < more; i++)
		for (u32 j = 0; j < n; j++) {
			struct found *f = &s->found[s->n++];

			*f = s->found[first + j];
			f->off += (i + 1) * elem_size;
		}
	return 0;
}

static int find_in_struct(struct search *s, u32 id, u32 base, u32 level);

static int find_nested(struct search *s, u32 id, u32 off, u32 count, u32 level)
{
	u32 first = s->n;
	int err;

	if (level + 1 >= BTF_DEPTH_MAX)
		return -E2BIG;
	err = find_in_struct(s, id, off, level + 1);
	if (err || s->n == first || count == 1)
		return err;
	return repeat(s, first, count - 1, btf_type(s->b, id)->size);
}

/* A member or variable of type `id` at `off`. `holder`, `component`: where its decl tags are. `expect`: size,
 * 0: any. */
static int find_one(struct search *s, u32 holder, s32 component, u32 id, u32 off, u32 expect, u32 level)
{
	const struct btf_type *t = btf_type(s->b, id);
	const struct field_row *row;
	struct found f = { 0 };
	u32 count = 1, depth = 0, first = s->n;
	int err;

	if (!s->budget--)
		return -E2BIG;
	for (; depth < BTF_DEPTH_MAX && btf_kind_of(t) == BTF_KIND_ARRAY; depth++) {
		count *= btf_array_of(t)->nelems;
		id = btf_array_of(t)->type;
		t = btf_type(s->b, id);
	}
	if (depth == BTF_DEPTH_MAX)
		return -E2BIG;
	if (!count)
		return 0;
	err = row_of(s, t, &row);
	if (err)
		return err;
	if (!row) {
		if (!is_struct(t) || (expect && expect != t->size * count))
			return 0;
		return find_nested(s, id, off, count, level);
	}
	if ((expect && expect != row->size * count) || off % row->align)
		return 0;
	if (row->flags & FF_PTR)
		err = find_tagged_ptr(s->b, t, s->mask, &row, &f.target);
	else if (!is_struct(t) || t->size != row->size)
		err = 0;
	else
		err = row->flags & FF_ROOT ? find_contents(s->b, holder, component, &f) : 1;
	if (err <= 0)
		return err;
	if (s->n == FIELDS_MAX)
		return -E2BIG;
	f.row = row;
	f.off = off;
	s->found[s->n++] = f;
	return count > 1 ? repeat(s, first, count - 1, row->size) : 0;
}

/* Offsets are relative to `base`, but alignment is that inside the struct, as Linux looks at it. */
static int find_in_struct(struct search *s, u32 id, u32 base, u32 level)
{
	const struct btf_type *t = btf_type(s->b, id);
	u32 outer_seen = s->seen;

	if (s->b->as_618)
		s->seen = 0;
	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		u32 bits = btf_member_bit_off(t, i), first = s->n;
		int err;

		if (bits % 8)
			return -EINVAL;
		err = find_one(s, id, (s32)i, btf_members_of(t)[i].type, bits / 8, 0, level);
		if (err)
			return err;
		for (; first < s->n; first++)
			s->found[first].off += base;
	}
	if (s->b->as_618)
		s->seen = outer_seen;
	return 0;
}

static int find_in_datasec(struct search *s, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_secinfos_of(t);

	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		int err = find_one(s, v[i].type, -1, btf_type(s->b, v[i].type)->type, v[i].offset, v[i].size,
				   0);

		if (err)
			return err;
	}
	return 0;
}

/* ---- from what was found to a record ---- */

static bool has_dtor(const struct btf *kernel, u32 id)
{
	const char *name = btf_type_name(kernel, id);

	for (size_t i = 0; i < ARRAY_SIZE(dtor_row); i++)
		if (!strcmp(dtor_row[i].type, name) && btf_find(kernel, dtor_row[i].dtor, BTF_KIND_FUNC) > 0)
			return true;
	return false;
}

/* A pointee that the kernel knows by name is the kernel's; else it is the program's own, from bpf_obj_new. */
static int set_pointee(const struct btf *b, const struct btf *kernel, const struct found *f,
		       struct btf_field *out)
{
	const struct btf_type *t = btf_type(b, f->target);
	s32 id = kernel ? btf_find(kernel, btf_log_name(b, t->name_off), btf_kind_of(t)) : -ENOENT;

	out->target_btf = id < 0 ? b : kernel;
	out->target_id = id < 0 ? f->target : (u32)id;
	if (id >= 0 && f->row->kind == FIELD_KPTR_REF && !has_dtor(kernel, (u32)id))
		return -ENOENT;
	return 0;
}

/* The element's node member: one of that name, of the type that belongs to the kind of root. */
static int set_node(const struct btf *b, const struct found *f, struct btf_field *out)
{
	const struct btf_type *t = btf_type(b, f->target), *node = NULL;
	const char *want = f->row->kind == FIELD_LIST_HEAD ? "bpf_list_node" : "bpf_rb_node";

	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		const struct btf_member *m = &btf_members_of(t)[i];
		u32 bits = m->offset;

		if (strcmp(f->node, btf_log_name(b, m->name_off)))
			continue;
		if (node)
			return -EINVAL;
		node = btf_type(b, m->type);
		if (!is_struct(node) || strcmp(want, btf_log_name(b, node->name_off)))
			return -EINVAL;
		/* By the node's flag, not its holder's: that is where Linux looks. */
		if (btf_kflag_of(node))
			bits = BTF_MEMBER_BIT_OFFSET(bits);
		if (bits % 64)
			return -EINVAL;
		out->target_btf = b;
		out->target_id = f->target;
		out->node_off = bits / 8;
	}
	return node ? 0 : -ENOENT;
}

static s32 *offset_slot(struct btf_record *r, u32 kind)
{
	switch (kind) {
	case FIELD_SPIN_LOCK:
		return &r->spin_lock_off;
	case FIELD_RES_SPIN_LOCK:
		return &r->res_spin_lock_off;
	case FIELD_TIMER:
		return &r->timer_off;
	case FIELD_WORKQUEUE:
		return &r->wq_off;
	case FIELD_REFCOUNT:
		return &r->refcount_off;
	case FIELD_TASK_WORK:
		return &r->task_work_off;
	default:
		return NULL;
	}
}

static int fill(struct btf_record *r, const struct search *s, u32 value_size, const struct btf *kernel)
{
	u32 end = 0;
	int err = 0;

	for (u32 i = 0; i < s->n && !err; i++) {
		const struct found *f = &s->found[i];
		struct btf_field *out = &r->fields[i];
		s32 *slot = offset_slot(r, f->row->kind);

		if ((u64)f->off + f->row->size > value_size)
			return -EFAULT;
		if (f->off < end)
			return -EEXIST;
		end = f->off + f->row->size;
		*out = (struct btf_field){ .kind = f->row->kind, .off = f->off, .size = f->row->size };
		r->mask |= f->row->kind;
		if (slot)
			*slot = (s32)f->off;
		if (f->row->flags & FF_PTR)
			err = set_pointee(s->b, kernel, f, out);
		else if (f->row->flags & FF_ROOT)
			err = set_node(s->b, f, out);
	}
	if (err)
		return err;
	/* One lock of either sort; roots need one beside them; nodes of two owners need a count. */
	if (r->spin_lock_off >= 0 && r->res_spin_lock_off >= 0)
		return -EINVAL;
	if ((r->mask & FIELD_GRAPH_ROOT) && r->spin_lock_off < 0 && r->res_spin_lock_off < 0)
		return -EINVAL;
	if (r->refcount_off < 0 && (r->mask & FIELD_GRAPH_NODE) == FIELD_GRAPH_NODE)
		return -EINVAL;
	return 0;
}

static int record_make(const struct btf *b, u32 id, u32 mask, u32 value_size, const struct btf *kernel,
		       struct btf_record **ret_rec)
{
	const struct btf_type *t = btf_type(b, id);
	struct search s = { .b = b, .mask = mask, .budget = BUDGET };
	struct btf_record *r;
	int err = -EINVAL;

	if (t && is_struct(t))
		err = find_in_struct(&s, id, 0, 0);
	else if (t && btf_kind_of(t) == BTF_KIND_DATASEC)
		err = find_in_datasec(&s, t);
	if (err)
		return err;
	if (!s.n) {
		*ret_rec = NULL;
		return 0;
	}
	r = calloc(1, sizeof(*r) + s.n * sizeof(struct btf_field));
	if (!r)
		return -ENOMEM;
	r->fields = (struct btf_field *)(r + 1);
	r->n = s.n;
	r->spin_lock_off = r->res_spin_lock_off = r->timer_off = r->wq_off = r->refcount_off =
		r->task_work_off = -1;
	/* Found in the order of offsets, or refused for overlap: no sorting needed. */
	err = fill(r, &s, value_size, kernel);
	if (err) {
		free(r);
		return err;
	}
	*ret_rec = r;
	return 0;
}

/* ---- the records of a program's structs ---- */

struct btf_metas {
	u32 n;
	struct meta {
		u32 id;
		struct btf_record *rec;
	} * meta; /* ascending ids */
};

void btf_metas_free(struct btf_metas *m)
{
	if (!m)
		return;
	for (u32 i = 0; i < m->n; i++)
		free(m->meta[i].rec);
	free(m->meta);
	free(m);
}

static const struct meta *meta_find(const struct btf_metas *m, u32 id)
{
	u32 lo = 0, hi = m ? m->n : 0;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (m->meta[mid].id == id)
			return &m->meta[mid];
		if (m->meta[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct btf_record *btf_struct_record(const struct btf *b, u32 id)
{
	const struct meta *m = meta_find(b->metas, id);

	return m ? m->rec : NULL;
}

/* Mark the types whose presence among its members gives a struct a record. Returns whether there are any. */
static bool mark_special(const struct btf *b, u8 *special)
{
	const struct field_row *row;
	bool any = false;
	u32 target;

	for (size_t i = 0; i < ARRAY_SIZE(field_row); i++) {
		s32 id = field_row[i].flags & FF_ALLOC ? btf_find(b, field_row[i].name, BTF_KIND_STRUCT) : -1;

		if (id > 0) {
			special[id] = 1;
			any = true;
		}
	}
	for (u32 i = 1; i < b->ntypes; i++)
		if (find_tagged_ptr(b, b->types[i], FIELD_KPTR, &row, &target) > 0) {
			special[i] = 1;
			any = true;
		}
	return any;
}

static bool has_special_member(const struct btf_type *t, const u8 *special)
{
	for (u32 i = 0; is_struct(t) && i < btf_vlen_of(t); i++)
		if (special[btf_members_of(t)[i].type])
			return true;
	return false;
}

static int metas_collect(struct btf *b, struct btf_metas *m, const u8 *special, const struct btf *kernel)
{
	u32 cap = 0;

	for (u32 i = 1; i < b->ntypes; i++) {
		struct btf_record *rec = NULL;
		int err;

		if (!has_special_member(b->types[i], special))
			continue;
		if (m->n == cap) {
			struct meta *p = realloc(m->meta, (cap = cap ? cap * 2 : 8) * sizeof(*p));

			if (!p)
				return -ENOMEM;
			m->meta = p;
		}
		err = record_make(b, i,
				  FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK | FIELD_GRAPH_ROOT |
					  FIELD_GRAPH_NODE | FIELD_REFCOUNT | FIELD_KPTR,
				  b->types[i]->size, kernel, &rec);
		/* The member must count: one that does not, misaligned say, is a mistake. */
		if (err || !rec)
			return err ? err : -EFAULT;
		m->meta[m->n++] = (struct meta){ i, rec };
	}
	return 0;
}

/*
 * Roots learn their elements' record; what is itself an element may not own elements that own others. Uptrs
 * pin one page of the user's.
 */
static int record_fixup(const struct btf *b, struct btf_record *r)
{
	for (u32 i = 0; i < r->n; i++) {
		struct btf_field *f = &r->fields[i];

		if (f->kind == FIELD_UPTR) {
			const struct btf_type *t = btf_type(f->target_btf, f->target_id);

			if (btf_is_kernel(f->target_btf) || !t->size)
				return -EINVAL;
			if (t->size > 4096)
				return -E2BIG;
		} else if (f->kind & FIELD_GRAPH_ROOT) {
			const struct meta *m = meta_find(b->metas, f->target_id);

			if (!m)
				return -EFAULT;
			f->target_record = m->rec;
			if ((r->mask & FIELD_GRAPH_NODE) && (m->rec->mask & FIELD_GRAPH_ROOT))
				return -ELOOP;
		}
	}
	return 0;
}

/* Freeing an object frees what it owns, and so on: longest chain of owners below meta `i`, or -ELOOP beyond
 * the limit. */
static int ownership_depth(const struct btf *b, u8 *depth, u32 i, int left)
{
	const struct btf_record *r = b->metas->meta[i].rec;
	int max = 0;

	if (!left)
		return -ELOOP;
	for (u32 k = 0; k < r->n && !depth[i]; k++) {
		const struct btf_field *f = &r->fields[k];
		const struct meta *m;
		int d;

		if (!(f->kind & (FIELD_GRAPH_ROOT | FIELD_KPTR_REF | FIELD_KPTR_PERCPU)) ||
		    btf_is_kernel(f->target_btf))
			continue;
		m = meta_find(b->metas, f->target_id);
		if (!m)
			continue;
		d = ownership_depth(b, depth, (u32)(m - b->metas->meta), left - 1);
		if (d < 0)
			return d;
		max = MAX(max, d);
	}
	if (!depth[i])
		depth[i] = (u8)(max + 1);
	return depth[i] > left ? -ELOOP : depth[i];
}

static int metas_finish(struct btf *b)
{
	struct btf_metas *m = b->metas;
	u8 *depth;
	int err = 0;

	for (u32 i = 0; i < m->n && !err; i++)
		err = record_fixup(b, m->meta[i].rec);
	if (err || b->as_618)
		return err;
	depth = calloc(m->n + 1, 1);
	if (!depth)
		return -ENOMEM;
	for (u32 i = 0; i < m->n && err >= 0; i++)
		err = ownership_depth(b, depth, i, OWNERSHIP_DEPTH_MAX);
	free(depth);
	return err < 0 ? err : 0;
}

int btf_metas_make(struct btf *b, const struct btf *kernel)
{
	u8 *special;
	int err = 0;

	/* A split BTF of a program does not exist in Linux: it has no records. */
	if (b->base)
		return 0;
	special = calloc(b->ntypes + 1, 1);
	b->metas = calloc(1, sizeof(*b->metas));
	if (!special || !b->metas)
		err = -ENOMEM;
	else if (mark_special(b, special))
		err = metas_collect(b, b->metas, special, kernel);
	free(special);
	return err ? err : metas_finish(b);
}

/* ---- records for maps ---- */

int btf_record_of(const struct btf *b, u32 id, u32 field_mask, u32 value_size, const struct btf *kernel,
		  struct btf_record **ret_rec)
{
	struct btf_record *r = NULL;
	int err = record_make(b, btf_skip_mods(b, id), field_mask, value_size, kernel, &r);

	if (!err && r)
		err = record_fixup(b, r);
	if (err) {
		free(r);
		return err;
	}
	*ret_rec = r;
	return 0;
}

void btf_record_free(struct btf_record *r)
{
	free(r); /* fields are in the same block */
}

const struct btf_field *btf_record_at(const struct btf_record *r, u32 off, u32 mask)
{
	if (!r || !(r->mask & mask))
		return NULL;
	for (u32 i = 0; i < r->n; i++)
		if (r->fields[i].off == off)
			return r->fields[i].kind & mask ? &r->fields[i] : NULL;
	return NULL;
}

bool btf_record_equal(const struct btf_record *a, const struct btf_record *b)
{
	if (!a || !b)
		return !a && !b;
	if (a->n != b->n)
		return false;
	for (u32 i = 0; i < a->n; i++) {
		const struct btf_field *x = &a->fields[i], *y = &b->fields[i];

		if (x->kind != y->kind || x->off != y->off || x->size != y->size ||
		    x->target_btf != y->target_btf || x->target_id != y->target_id ||
		    x->node_off != y->node_off)
			return false;
	}
	return true;
}
