/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps. libbpf takes maps that are described by types (".maps"). Older objects hold structures of numbers, in a section "maps" or
 * "maps/NAME": struct bpf_map_def, of five words and whatever its loader added, and iproute2's struct bpf_elf_map of nine. Each of
 * those gets the types that say the same.
 *
 * In maps that have types: members that this libbpf does not know, or knows with other values, are covered by a copy of the first
 * member; what they said is told to libbpf's setters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "cli/elf_modern.h"

enum { W_TYPE, W_KEY, W_VALUE, W_ENTRIES, W_FLAGS, W_ID, W_PINNING, W_INNER_ID, W_INNER_IDX, ELF_MAP_WORDS };

struct old_map {
	u32 sym;
	u32 w[ELF_MAP_WORDS];
	u32 nwords;          /* of the definition */
	u64 off;             /* in .maps */
	int type;            /* its struct in the BTF */
	u32 size;
};

struct old_maps {
	struct modern *m;
	struct old_map *v;
	u32 n, cap;
	u32 sec;             /* .maps */
	int u32_type;
};

const char *modern_fmt(struct modern *m, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return arena_strdup(&m->im.a, buf);
}

static struct modern_map *modern_map_facts(struct modern *m, const char *name)
{
	for (u32 i = 0; i < m->nmaps; i++)
		if (!strcmp(m->map[i].name, name))
			return &m->map[i];
	ARENA_GROW(&m->im.a, m->map, m->nmaps, m->mapcap);
	m->map[m->nmaps] = (struct modern_map){ .name = arena_strdup(&m->im.a, name) };
	return &m->map[m->nmaps++];
}

static bool is_old_section(const struct image_sec *s)
{
	size_t n = strlen(s->name);

	return s->type == SHT_PROGBITS && !(s->flags & SHF_EXECINSTR) && s->data &&
	       (!strcmp(s->name, "maps") || !strncmp(s->name, "maps/", 5) || (n > 5 && !strcmp(s->name + n - 5, "/maps")));
}

/* ---- definitions of numbers ---- */
static int by_value(const void *a, const void *b)
{
	const struct old_map *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* The maps of one section: a symbol each; a definition reaches to the next. */
static void read_old(struct old_maps *o, u32 sec)
{
	struct elf_image *im = &o->m->im;
	const struct image_sec *s = &im->sec[sec];
	u32 first = o->n;

	for (u32 i = 1; i < im->nsym; i++) {
		const Elf64_Sym *y = &im->sym[i].s;
		u8 type = ELF64_ST_TYPE(y->st_info);

		if (y->st_shndx != sec || type == STT_SECTION || y->st_value + 20 > s->size || !*im->sym[i].name)
			continue;
		ARENA_GROW(&im->a, o->v, o->n, o->cap);
		o->v[o->n++] = (struct old_map){ .sym = i, .off = y->st_value };
	}
	if (o->n > first)
		qsort(o->v + first, o->n - first, sizeof(*o->v), by_value);
	for (u32 k = first; k < o->n; k++) {
		u64 end = k + 1 < o->n ? o->v[k + 1].off : s->size, len = end - o->v[k].off;
		u64 sized = im->sym[o->v[k].sym].s.st_size;

		if (sized >= 20 && sized < len)
			len = sized;
		if (len > sizeof(o->v[k].w))
			len = len == 280 ? 20 : sizeof(o->v[k].w); /* 280: a path of 256 bytes follows the numbers */
		memcpy(o->v[k].w, s->data + o->v[k].off, len & ~3ull);
		o->v[k].nwords = (u32)(len / 4);
	}
}

/* References to a section and a place in it become references to the map there, before the maps move. */
static void name_references(struct old_maps *o)
{
	struct elf_image *im = &o->m->im;

	for (u32 i = 1; i < im->nsec; i++)
		for (u32 k = 0; sec_is_code(&im->sec[i]) && k < im->sec[i].nrel; k++) {
			struct image_rel *r = &im->sec[i].rel[k];
			const Elf64_Sym *y = &im->sym[r->sym].s;
			struct bpf_insn *in;

			if (ELF64_ST_TYPE(y->st_info) != STT_SECTION || !y->st_shndx || y->st_shndx >= im->nsec ||
			    !is_old_section(&im->sec[y->st_shndx]) || r->off + sizeof(*in) > im->sec[i].size)
				continue;
			in = &sec_insns(&im->sec[i])[r->off / sizeof(*in)];
			for (u32 m = 0; m < o->n; m++)
				if (im->sym[o->v[m].sym].s.st_shndx == y->st_shndx && o->v[m].off == (u32)in->imm) {
					r->sym = o->v[m].sym;
					in->imm = 0;
					break;
				}
		}
}

static struct old_map *by_id(struct old_maps *o, u32 id)
{
	for (u32 i = 0; i < o->n; i++)
		if (o->v[i].w[W_ID] == id && o->v[i].nwords >= 7)
			return &o->v[i];
	return NULL;
}

static bool holds_maps(const struct old_map *d)
{
	return d->w[W_TYPE] == BPF_MAP_TYPE_ARRAY_OF_MAPS || d->w[W_TYPE] == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* The map whose like an outer map holds: iproute2 says its id; bpf_load's structures its number. */
static struct old_map *inner_of(struct old_maps *o, const struct old_map *d)
{
	if (!holds_maps(d))
		return NULL;
	if (d->nwords >= ELF_MAP_WORDS)
		return by_id(o, d->w[W_INNER_ID]);
	return d->nwords >= 6 && d->w[5] < o->n && &o->v[d->w[5]] != d ? &o->v[d->w[5]] : NULL;
}

/* BPF_ANNOTATE_KV_PAIR: struct ____btf_map_NAME { key; value; } */
static const struct btf_type *annotation(struct old_maps *o, const struct old_map *d)
{
	const struct btf *b = o->m->btf;
	const struct btf_type *t;
	char name[160];
	int id;

	snprintf(name, sizeof(name), "____btf_map_%s", o->m->im.sym[d->sym].name);
	id = btf__find_by_name_kind(b, name, BTF_KIND_STRUCT);
	if (id <= 0)
		return NULL;
	t = btf__type_by_id(b, (u32)id);
	return btf_vlen(t) == 2 && btf__resolve_size(b, btf_members(t)[0].type) == d->w[W_KEY] &&
			       btf__resolve_size(b, btf_members(t)[1].type) == d->w[W_VALUE] ? t : NULL;
}

/* Types are added before the struct that uses them: libbpf adds fields to the last type only. */
static void make_struct(struct old_maps *o, struct old_map *d, const struct old_map *inner)
{
	static const char *const name[] = { "type", "key_size", "value_size", "max_entries", "map_flags" };
	struct btf *b = o->m->btf;
	const struct btf_type *kv = annotation(o, d);
	int types[8], n = 0, values = 0, key = 0, value = 0;
	u32 kt = kv ? btf_members(kv)[0].type : 0, vt = kv ? btf_members(kv)[1].type : 0;

	for (u32 i = 0; i < 5; i++) {
		u32 v = i == W_VALUE && holds_maps(d) ? 4 : d->w[i];
		int array = btf__add_array(b, o->u32_type, o->u32_type, v);
		types[n++] = btf__add_ptr(b, array);
	}
	if (kv) {
		key = btf__add_ptr(b, (int)kt);
		value = btf__add_ptr(b, (int)vt);
	}
	if (inner)
		values = btf__add_array(b, o->u32_type, btf__add_ptr(b, inner->type), 0);
	d->size = (u32)n * 8 + (kv ? 16 : 0);
	d->type = btf__add_struct(b, NULL, d->size);
	for (int i = 0; i < n; i++)
		btf__add_field(b, name[i], types[i], (u32)i * 64, 0);
	if (kv) {
		btf__add_field(b, "key", key, (u32)n * 64, 0);
		btf__add_field(b, "value", value, (u32)n * 64 + 64, 0);
	}
	if (values)
		btf__add_field(b, "values", values, d->size * 8, 0);
	if (inner)
		d->size += 8 * (d->w[W_ENTRIES] < 1024 ? d->w[W_ENTRIES] : 1024);
}

/* The inner maps that iproute2 puts into their outer map at once: each says at which place. */
static void fill_outer(struct old_maps *o, const struct old_map *outer, const struct old_map *inner)
{
	u32 idx = inner->w[W_INNER_IDX];

	if (outer->nwords < ELF_MAP_WORDS || inner->nwords < ELF_MAP_WORDS || idx >= outer->w[W_ENTRIES] || idx >= 1024)
		return;
	image_add_rel(&o->m->im, o->sec, outer->off + 40 + 8 * (u64)idx, inner->sym, 2);
}

/* The table of .maps in the types: what was there, and the new ones. */
static void make_datasec(struct old_maps *o)
{
	struct modern *m = o->m;
	struct btf *b = m->btf;
	int old = btf__find_by_name_kind(b, ".maps", BTF_KIND_DATASEC), sec;
	int *vars = arena_alloc(&m->im.a, sizeof(int) * (o->n + 1));

	for (u32 i = 0; i < o->n; i++)
		vars[i] = btf__add_var(b, m->im.sym[o->v[i].sym].name, BTF_VAR_GLOBAL_ALLOCATED, o->v[i].type);
	sec = btf__add_datasec(b, ".maps", 0);
	if (sec < 0)
		return;
	if (old > 0) {
		u32 n = btf_vlen(btf__type_by_id(b, (u32)old));
		for (u32 i = 0; i < n; i++) {
			struct btf_var_secinfo v = btf_var_secinfos(btf__type_by_id(b, (u32)old))[i];
			btf__add_datasec_var_info(b, (int)v.type, v.offset, v.size);
		}
	}
	for (u32 i = 0; i < o->n; i++)
		btf__add_datasec_var_info(b, vars[i], (u32)o->v[i].off, o->v[i].size);
}

/* A table of variables that is not to be matched with symbols: its size is set, its name another. */
void modern_retire(struct modern *m, const char *name, const char *new_name, u64 size)
{
	int id = btf__find_by_name_kind(m->btf, name, BTF_KIND_DATASEC), str;
	struct btf_type *t;

	if (id <= 0)
		return;
	str = btf__add_str(m->btf, new_name);
	t = (struct btf_type *)btf__type_by_id(m->btf, (u32)id);
	if (str < 0)
		return;
	t->name_off = (u32)str;
	if (!t->size)
		t->size = (u32)size;
	m->btf_changed = true;
	for (u32 i = 0; i < btf_vlen(t); i++) {
		struct btf_var_secinfo *v = &btf_var_secinfos(t)[i];
		const char *var = btf__name_by_offset(m->btf, btf__type_by_id(m->btf, v->type)->name_off);
		for (u32 k = 1; k < m->im.nsym && var; k++)
			if (!strcmp(m->im.sym[k].name, var))
				v->offset = (u32)m->im.sym[k].s.st_value;
	}
}

static void modern_old_maps(struct modern *m)
{
	struct old_maps o = { .m = m };
	struct elf_image *im = &m->im;
	bool typed;

	for (u32 i = 1; i < im->nsec; i++)
		if (is_old_section(&im->sec[i]))
			read_old(&o, i);
	if (!o.n)
		return;
	if (!m->btf)
		m->btf = btf__new_empty();
	if (!m->btf)
		return;
	m->btf_changed = true;
	name_references(&o);
	/* the old tables of variables keep their places before symbols move */
	for (u32 i = 1; i < im->nsec; i++)
		if (is_old_section(&im->sec[i])) {
			const char *name = modern_fmt(m, ".old%s", im->sec[i].name);
			modern_retire(m, im->sec[i].name, name, im->sec[i].size);
			im->sec[i].name = name;
		}
	o.u32_type = btf__add_int(m->btf, "unsigned int", 4, 0);
	o.sec = image_find(im, ".maps");
	typed = o.sec != 0;
	if (typed) /* sizes and places that clang left to be read from the symbols */
		modern_retire(m, ".maps", ".maps", im->sec[o.sec].size);
	else
		o.sec = image_add_sec(im, ".maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE);
	for (u32 pass = 0; pass < 2; pass++)
		for (u32 i = 0; i < o.n; i++)
			if (holds_maps(&o.v[i]) == (pass == 1))
				make_struct(&o, &o.v[i], inner_of(&o, &o.v[i]));
	for (u32 i = 0; i < o.n; i++) {
		struct image_sym *y = &im->sym[o.v[i].sym];
		o.v[i].off = image_append(im, o.sec, NULL, o.v[i].size);
		y->s.st_shndx = (u16)o.sec;
		y->s.st_value = o.v[i].off;
		y->s.st_size = o.v[i].size;
		y->s.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
		y->s.st_other = 0;
		if (o.v[i].nwords >= 7)
			modern_map_facts(m, y->name)->id = o.v[i].w[W_ID];
	}
	for (u32 i = 0; i < o.n; i++)
		for (u32 k = 0; k < o.n; k++)
			if (holds_maps(&o.v[i]) && o.v[i].nwords >= ELF_MAP_WORDS && o.v[k].w[W_ID] == o.v[i].w[W_INNER_ID] &&
			    i != k)
				fill_outer(&o, &o.v[i], &o.v[k]);
	make_datasec(&o);
	if (typed)
		modern_retire(m, ".maps", ".maps.old", 0);
}

/* ---- maps that have types ---- */
static const struct btf_type *bare(const struct btf *b, u32 id)
{
	const struct btf_type *t = btf__type_by_id(b, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(b, t->type);
	return t;
}

/* The number that a member says by its array's length, or by a constant's value. */
static bool member_number(const struct btf *b, const struct btf_member *f, u64 *ret)
{
	const struct btf_type *t = bare(b, f->type);

	if (!t)
		return false;
	if (btf_is_ptr(t)) {
		t = btf__type_by_id(b, t->type);
		if (!t || !btf_is_array(t))
			return false;
		*ret = btf_array(t)->nelems;
		return true;
	}
	if (btf_is_enum64(t) && btf_vlen(t)) {
		*ret = btf_enum64_value(btf_enum64(t));
		return true;
	}
	if (btf_is_enum(t) && btf_vlen(t)) {
		*ret = (u32)btf_enum(t)->val;
		return true;
	}
	return false;
}

static bool libbpf_knows(const char *name)
{
	static const char *const known[] = { "type",	  "key_size",  "key",	  "value_size", "value", "max_entries",
					     "map_flags", "numa_node", "pinning", "map_extra",	"values" };

	for (u32 i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i], name))
			return true;
	return false;
}

static void hide_member(struct modern *m, const struct btf_member *first, const struct btf_member *f)
{
	struct btf_member *w = (struct btf_member *)f;

	w->name_off = first->name_off;
	w->type = first->type;
	m->btf_changed = true;
}

static void fit_members(struct modern *m, const char *map, const struct btf_type *t)
{
	const struct btf_member *f = btf_members(t), *type = NULL;

	for (u32 i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(m->btf, f[i].name_off), "type"))
			type = &f[i];
	if (!type)
		return;
	for (u32 i = 0; i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(m->btf, f[i].name_off);
		bool plain = btf_is_ptr(bare(m->btf, f[i].type));
		u64 v = 0;

		if (!libbpf_knows(name)) {
			image_note(&m->im, "map %s: its member %s is left out", map, name);
			hide_member(m, type, &f[i]);
		} else if (!strcmp(name, "pinning") && member_number(m->btf, &f[i], &v) && v > 1) {
			hide_member(m, type, &f[i]); /* bits of another loader's (Cilium's CILIUM_PIN_REPLACE) */
		} else if (!strcmp(name, "map_extra") && !plain && member_number(m->btf, &f[i], &v)) {
			modern_map_facts(m, map)->extra = v;
			hide_member(m, type, &f[i]);
		}
	}
}

/* Which BTF-defined map is the arena; its data's references need its name. */
static void note_arena(struct modern *m, const char *map, const struct btf_type *t)
{
	u64 v;

	for (u32 i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(m->btf, btf_members(t)[i].name_off), "type") &&
		    member_number(m->btf, &btf_members(t)[i], &v) && v == 33 /* BPF_MAP_TYPE_ARENA */)
			m->arena_map = arena_strdup(&m->im.a, map);
}

/* A map that another object defines is nobody's here: without its entry it is an undefined symbol as any other. */
static void drop_extern_maps(struct modern *m, int sec)
{
	u32 n = btf_vlen(btf__type_by_id(m->btf, (u32)sec)), out = 0;
	struct btf_type *t = (struct btf_type *)btf__type_by_id(m->btf, (u32)sec);
	struct btf_var_secinfo *v = btf_var_secinfos(t), *keep = arena_alloc(&m->im.a, (n + 1) * sizeof(*keep));
	int new;

	for (u32 i = 0; i < n; i++) {
		const struct btf_type *var = btf__type_by_id(m->btf, v[i].type);
		if (var && btf_is_var(var) && btf_var(var)->linkage != BTF_VAR_GLOBAL_EXTERN)
			keep[out++] = v[i];
	}
	if (out == n)
		return;
	modern_retire(m, ".maps", ".maps.old", image_find(&m->im, ".maps") ? m->im.sec[image_find(&m->im, ".maps")].size : 8);
	if (!out)
		return;
	new = btf__add_datasec(m->btf, ".maps", 0);
	for (u32 i = 0; new > 0 && i < out; i++)
		btf__add_datasec_var_info(m->btf, (int)keep[i].type, keep[i].offset, keep[i].size);
}

static void modern_typed_maps(struct modern *m)
{
	int sec = m->btf ? btf__find_by_name_kind(m->btf, ".maps", BTF_KIND_DATASEC) : 0;
	const struct btf_type *t;
	u32 n;

	if (sec > 0)
		drop_extern_maps(m, sec);
	sec = m->btf ? btf__find_by_name_kind(m->btf, ".maps", BTF_KIND_DATASEC) : 0;
	if (sec <= 0)
		return;
	n = btf_vlen(btf__type_by_id(m->btf, (u32)sec));
	for (u32 i = 0; i < n; i++) {
		const struct btf_type *var = btf__type_by_id(m->btf, btf_var_secinfos(btf__type_by_id(m->btf, (u32)sec))[i].type);
		const char *name = var ? btf__name_by_offset(m->btf, var->name_off) : NULL;

		t = var && btf_is_var(var) ? bare(m->btf, var->type) : NULL;
		if (!name || !t || !btf_is_struct(t))
			continue;
		note_arena(m, name, t);
		fit_members(m, name, t);
	}
}

void modern_maps(struct modern *m)
{
	modern_typed_maps(m);
	modern_old_maps(m);
}
