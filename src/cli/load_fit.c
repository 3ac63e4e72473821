/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening and loading an object whatever loader it was written for: the image is fitted (elf_modern.h), then what libbpf could not
 * tell is told by its setters: program types, sizes that the kernel wants to be zero, maps that cannot be made.
 *
 * Invariant: an object that libbpf takes as it is, is loaded as libbpf would.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/uapi.h"
#include "cli/cli.h"
#include "cli/elf_modern.h"
#include "cli/load_fit.h"
#include "spec/spec.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1u << 5)
#endif
enum { BPF_PROG_TYPE_NETFILTER_ = UAPI_PROG_TYPE_NETFILTER };
#define BPF_PROG_TYPE_NETFILTER ((enum bpf_prog_type)BPF_PROG_TYPE_NETFILTER_)

#define MAX_SKIP 64
#define CORE_POISON "195896080" /* libbpf's call in the place of an instruction whose CO-RE relocation found nothing */
#define LIBBPF_POISON 2001000000u /* plus a map's number: libbpf's call in the place of a map that was not made */

struct fitted {
	struct fitted *next;
	const struct bpf_object *obj;
	struct modern m;
	void *image;         /* libbpf reads it until the object is loaded */
	bool xdp;            /* the file's name says so */
};

static struct fitted *open_objects;
/* What the user said programs are whose sections say nothing. */
static enum bpf_prog_type said_type;
static int said_attach = -1;
/*
 * What the object of this path has in vain: programs that are refused, maps that cannot be made, symbols that the kernel lacks.
 * Programs without them are to be judged nevertheless.
 */
struct names { struct { char *name, *why; } *v; u32 n; }; /* all owned */
static struct {
	char *path;          /* owned; NULL: none yet */
	struct names progs, maps, syms;
	bool no_ops, bad_ops; /* its table of struct_ops: not wanted now; not taken, and why */
	char ops_why[256];
} vain;
static char failed_map[64], failed_why[160], failed_prog[64];
static bool no_table;        /* the program's struct_ops table is not taken */
static bool failed_call;     /* a map or program was refused by bpf(2), not by libbpf */

static struct fitted *fitted_of(const struct bpf_object *obj)
{
	struct fitted *f = open_objects;

	while (f && f->obj != obj)
		f = f->next;
	return f;
}

/* ---- names in vain ---- */
/* Where in the list is a name whose first `len` bytes are these? -1: nowhere. */
static int names_find(const struct names *l, const char *name, size_t len)
{
	for (u32 i = 0; i < l->n; i++)
		if (!strncmp(l->v[i].name, name, len))
			return (int)i;
	return -1;
}

/* False: there are too many, or no memory. */
static bool names_add(struct names *l, const char *name, const char *why)
{
	void *more = l->n < MAX_SKIP ? realloc(l->v, (l->n + 1) * sizeof(*l->v)) : NULL;

	if (!more)
		return false;
	l->v = more;
	l->v[l->n].name = strdup(name);
	l->v[l->n].why = strdup(why);
	if (!l->v[l->n].name || !l->v[l->n].why) {
		free(l->v[l->n].name);
		free(l->v[l->n].why);
		return false;
	}
	l->n++;
	return true;
}

static void names_clear(struct names *l)
{
	for (u32 i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].why);
	}
	free(l->v);
	*l = (struct names){ .v = NULL };
}

/* Another object: nothing is known of it. */
static void forget_vain(const char *path)
{
	names_clear(&vain.progs);
	names_clear(&vain.maps);
	names_clear(&vain.syms);
	free(vain.path);
	vain.path = strdup(path);
	vain.no_ops = vain.bad_ops = false;
}

bool fit_type(const char *name)
{
	const char *colon = strchr(name, ':');
	size_t n = colon ? (size_t)(colon - name) : strlen(name);

	said_type = BPF_PROG_TYPE_UNSPEC;
	for (u32 i = 1; i < UAPI_PROG_TYPES; i++)
		if (strlen(progtype_spec[i].name) == n && !strncmp(progtype_spec[i].name, name, n))
			said_type = (enum bpf_prog_type)i;
	if (!said_type)
		return false;
	for (u32 i = 0; colon && i < UAPI_ATTACH_TYPES; i++)
		if (!strcmp(attach_spec[i].name, colon + 1))
			said_attach = (int)i;
	return !colon || said_attach >= 0;
}

/* ---- program types ---- */
static const struct sec_row { const char *name; enum bpf_prog_type type; int attach; u32 flags; } sec_rows[] = {
#define SEC(name, type, attach, flags) { name, BPF_PROG_TYPE_##type, attach, flags },
#define CTX(name, type, attach)
#include "cli/section.def"
};

static const struct sec_row ctx_rows[] = {
#define SEC(name, type, attach, flags)
#define CTX(name, type, attach) { name, BPF_PROG_TYPE_##type, attach, 0 },
#include "cli/section.def"
};

static void set_row(struct bpf_program *p, const struct sec_row *r)
{
	bpf_program__set_type(p, r->type);
	bpf_program__set_expected_attach_type(p, (enum bpf_attach_type)r->attach);
	if (r->flags)
		bpf_program__set_flags(p, bpf_program__flags(p) | r->flags);
}

static const struct sec_row *row_by_section(const char *name)
{
	const struct sec_row *hit = NULL;

	for (u32 i = 0; i < ARRAY_SIZE(sec_rows); i++)
		if (!strncmp(name, sec_rows[i].name, strlen(sec_rows[i].name)) &&
		    (!hit || strlen(sec_rows[i].name) > strlen(hit->name)))
			hit = &sec_rows[i];
	return hit;
}

/* int prog(struct xdp_md *ctx) says what it is. */
static const struct sec_row *row_by_argument(const struct bpf_object *obj, const char *prog)
{
	const struct btf *b = bpf_object__btf(obj);
	int id = b ? btf__find_by_name_kind(b, prog, BTF_KIND_FUNC) : 0;
	const struct btf_type *t;

	if (id <= 0)
		return NULL;
	t = btf__type_by_id(b, btf__type_by_id(b, (u32)id)->type);
	if (!t || !btf_is_func_proto(t) || btf_vlen(t) != 1)
		return NULL;
	t = btf__type_by_id(b, btf_params(t)[0].type);
	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(b, t->type);
	if (!t || !btf_is_ptr(t))
		return NULL;
	t = btf__type_by_id(b, t->type);
	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(b, t->type);
	for (u32 i = 0; t && (btf_is_struct(t) || btf_is_fwd(t)) && i < ARRAY_SIZE(ctx_rows); i++)
		if (!strcmp(btf__name_by_offset(b, t->name_off), ctx_rows[i].name))
			return &ctx_rows[i];
	return NULL;
}

static enum bpf_prog_type packet_type(const struct fitted *f, const struct bpf_program *p)
{
	return f->xdp || strstr(bpf_program__name(p), "xdp") ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;
}

static void guess_note(struct fitted *f, const struct bpf_program *p, const struct bpf_program *known)
{
	u32 type = known ? bpf_program__type(known) : packet_type(f, p);

	image_note(&f->m.im, "section \"%s\" says no program type: judged as %s%s; --type says another",
		   bpf_program__section_name(p), type < UAPI_PROG_TYPES ? progtype_spec[type].name : "?",
		   known ? ", as the others of the object" : "");
}

/* What the section or the argument says; else what the others of the object are; else a packet program's types. */
static void set_types(struct fitted *f, struct bpf_object *obj)
{
	struct bpf_program *p, *known = NULL;
	u32 guessed = 0;

	bpf_object__for_each_program(p, obj) {
		const struct sec_row *r = NULL;
		const char *name = bpf_program__section_name(p);

		if (bpf_program__type(p) == BPF_PROG_TYPE_UNSPEC) {
			r = row_by_section(name + (name[0] == '?'));
			r = r ? r : row_by_argument(obj, bpf_program__name(p));
			if (r && !said_type)
				set_row(p, r);
		}
		if (!strncmp(name, "replaces", 8)) {
			if (bpf_program__type(p) == BPF_PROG_TYPE_UNSPEC)
				bpf_program__set_type(p, BPF_PROG_TYPE_EXT);
			else
				image_note(&f->m.im, "%s replaces a function of another program: judged by its argument's type",
					   bpf_program__name(p));
		}
		if (!known && bpf_program__type(p) != BPF_PROG_TYPE_UNSPEC)
			known = p;
		if (!strncmp(name + (name[0] == '?'), "struct_ops/.s", 13))
			bpf_program__set_flags(p, bpf_program__flags(p) | BPF_F_SLEEPABLE);
	}
	bpf_object__for_each_program(p, obj) {
		if (bpf_program__type(p) != BPF_PROG_TYPE_UNSPEC)
			continue;
		if (!said_type && !guessed++)
			guess_note(f, p, known);
		if (said_type) {
			bpf_program__set_type(p, said_type);
			if (said_attach >= 0)
				bpf_program__set_expected_attach_type(p, (enum bpf_attach_type)said_attach);
			continue;
		}
		if (known) {
			bpf_program__set_type(p, bpf_program__type(known));
			bpf_program__set_expected_attach_type(p, bpf_program__expected_attach_type(known));
		} else {
			bpf_program__set_type(p, packet_type(f, p));
		}
	}
}

/* ---- maps ---- */
/* How many elements a map of this type has here when the object leaves that to its loader; 0: that means something. */
static u32 entries_here(u32 type)
{
	const struct map_spec *spec = type < UAPI_MAP_TYPES ? &map_spec[type] : NULL;

	if (!spec || type == BPF_MAP_TYPE_STRUCT_OPS || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY || strstr(spec->name, "storage"))
		return 0;
	return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF ? 4096 : 1;
}

/* What the object leaves for its loader to say. */
static void set_sizes(struct fitted *f, struct bpf_map *m, u32 type)
{
	const struct bpf_map *inner = bpf_map__inner_map(m);
	u32 n = bpf_map__max_entries(m) ? 0 : entries_here(type);

	if (n) {
		bpf_map__set_max_entries(m, n);
		image_note(&f->m.im, "map %s: its size is left to its loader, here max_entries is %u", bpf_map__name(m), n);
	}
	n = inner && !bpf_map__max_entries(inner) ? entries_here(bpf_map__type(inner)) : 0;
	if (n) /* fit_map_create() does it: there is no way to tell libbpf */
		image_note(&f->m.im, "map %s: the size of the maps in it is left to their loader, here max_entries is %u",
			   bpf_map__name(m), n);
	if (type == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(m)) {
		bpf_map__set_value_size(m, 127 * 8);
		image_note(&f->m.im, "map %s: its depth is left to its loader, here 127", bpf_map__name(m));
	}
}

static void set_maps(struct fitted *f, struct bpf_object *obj)
{
	struct bpf_map *m;

	bpf_object__for_each_map(m, obj) {
		u32 type = bpf_map__type(m);

		/* the type of a value documents what is sent; the kernel wants no sizes */
		if (type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF || type == UAPI_MAP_TYPE_ARENA) {
			if (bpf_map__key_size(m))
				bpf_map__set_key_size(m, 0);
			if (bpf_map__value_size(m))
				bpf_map__set_value_size(m, 0);
		}
		if (type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && (bpf_map__value_size(m) != 4 || bpf_map__key_size(m) != 4)) {
			bpf_map__set_key_size(m, 4);
			bpf_map__set_value_size(m, 4);
		}
		set_sizes(f, m, type);
		for (u32 i = 0; i < f->m.nmaps; i++)
			if (f->m.map[i].extra && !strcmp(f->m.map[i].name, bpf_map__name(m)))
				bpf_map__set_map_extra(m, f->m.map[i].extra);
		if (names_find(&vain.maps, bpf_map__name(m), BPF_OBJ_NAME_LEN - 1) >= 0)
			bpf_map__set_autocreate(m, false);
	}
}

/* ---- arenas: mapped before the programs are verified, which must know the address; the first pages are the data of its section ---- */
static struct { void *at; size_t len; } mapped[4];
static struct fitted *loading;

static void unmap_arenas(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(mapped); i++)
		if (mapped[i].at) {
			munmap(mapped[i].at, mapped[i].len);
			mapped[i].at = NULL;
		}
}

/* An address in one window of 4 GB. */
static void *free_window(size_t len)
{
	size_t align = 4096;
	char *p;

	while (align < len)
		align <<= 1;
	p = mmap(NULL, len + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	munmap(p, len + align);
	return (void *)(((uintptr_t)p + align - 1) & ~(align - 1));
}

static void map_arena(const union bpf_attr *attr, int fd)
{
	const struct image_sec *s = loading && loading->m.arena_sec ? &loading->m.im.sec[loading->m.arena_sec] : NULL;
	size_t len = (size_t)attr->max_entries * 4096;
	void *want = attr->map_extra		? (void *)(uintptr_t)attr->map_extra
		     : load_target() == ON_SKEP ? free_window(len)
						: NULL,
	     *at;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(mapped) && mapped[i].at; i++)
		;
	if (i == ARRAY_SIZE(mapped))
		return;
	at = mmap(want, len, PROT_READ | PROT_WRITE, MAP_SHARED | (want ? MAP_FIXED_NOREPLACE : 0), fd, 0);
	if (at == MAP_FAILED)
		return;
	mapped[i].at = at;
	mapped[i].len = len;
	if (s && s->data && s->size <= len && loading->m.arena_map &&
	    !strncmp(attr->map_name, loading->m.arena_map, BPF_OBJ_NAME_LEN - 1))
		memcpy(at, s->data, s->size);
}

void fit_map_create(union bpf_attr *attr)
{
	if (loading && !attr->max_entries)
		attr->max_entries = entries_here(attr->map_type);
}

void fit_called(u32 cmd, const union bpf_attr *attr, long ret, const char *why)
{
	if (cmd == BPF_PROG_LOAD || cmd == BPF_MAP_CREATE)
		failed_call = ret < 0;
	if (cmd == BPF_PROG_LOAD)
		snprintf(failed_prog, sizeof(failed_prog), "%.*s", BPF_OBJ_NAME_LEN - 1, ret < 0 ? attr->prog_name : "");
	if (cmd != BPF_MAP_CREATE)
		return;
	if (ret >= 0 && attr->map_type == UAPI_MAP_TYPE_ARENA)
		map_arena(attr, (int)ret);
	if (ret < 0 && attr->map_name[0]) {
		snprintf(failed_map, sizeof(failed_map), "%.*s", BPF_OBJ_NAME_LEN - 1, attr->map_name);
		snprintf(failed_why, sizeof(failed_why), "%s", why);
	}
	if (ret >= 0 && !strncmp(failed_map, attr->map_name, BPF_OBJ_NAME_LEN - 1))
		failed_map[0] = '\0';
}

/* Is this the name that the map has in bpf(2), or the one that libbpf gives to the first map in it? */
static bool is_map_or_inner(struct bpf_map *m, const char *name)
{
	char inner[128];

	snprintf(inner, sizeof(inner), "%s.inner", bpf_map__name(m));
	return !strncmp(name, bpf_map__name(m), BPF_OBJ_NAME_LEN - 1) ||
	       (bpf_map__inner_map(m) && !strncmp(name, inner, BPF_OBJ_NAME_LEN - 1));
}

/* Has a map of the object failed that was not known to? Then the object is to be opened and loaded once more. */
static bool new_failed_map(const struct bpf_object *obj)
{
	struct bpf_map *m;

	if (!failed_map[0])
		return false;
	bpf_object__for_each_map(m, obj)
		if (is_map_or_inner(m, failed_map) && bpf_map__autocreate(m))
			return names_add(&vain.maps, bpf_map__name(m), failed_why);
	return false;
}

static bool load_leave_out(const struct bpf_object *obj, const struct bpf_program *keep)
{
	struct bpf_program *p;

	if (!failed_call)
		sscanf(strstr(load_messages(), "prog '") ? strstr(load_messages(), "prog '") : "", "prog '%63[^']'", failed_prog);
	if (!failed_prog[0])
		return false;
	bpf_object__for_each_program(p, (struct bpf_object *)(uintptr_t)obj)
		if (p != keep && bpf_program__autoload(p) && !strncmp(bpf_program__name(p), failed_prog, BPF_OBJ_NAME_LEN - 1))
			return names_add(&vain.progs, bpf_program__name(p), "");
	return false;
}

static void leave_out(struct bpf_object *obj)
{
	for (u32 i = 0; i < vain.progs.n; i++) {
		struct bpf_program *p = bpf_object__find_program_by_name(obj, vain.progs.v[i].name);
		if (p)
			bpf_program__set_autoload(p, false);
	}
}

/* Symbols of the kernel that libbpf did not find: it says so, and gives up. */
static bool new_missing_symbol(void)
{
	const char *p = load_messages();
	u32 before = vain.syms.n;

	while ((p = strstr(p, "extern "))) {
		char name[128] = "";

		if (sscanf(p, "extern (%*[^)]) '%127[^']'", name) != 1)
			sscanf(p, "extern '%127[^']' (strong)", name);
		if (*name && names_find(&vain.syms, name, sizeof(name)) < 0)
			names_add(&vain.syms, name, "");
		p++;
	}
	return vain.syms.n != before;
}

static bool is_missing(const char *name)
{
	return names_find(&vain.syms, name, strlen(name) + 1) >= 0;
}

/* References to the arena's data are loads of the map with an offset, which libbpf does not know. */
void fit_prog_load(union bpf_attr *attr)
{
	struct bpf_insn *in = (struct bpf_insn *)(uintptr_t)attr->insns;

	if (!open_objects)
		return;
	for (u32 i = 0; i + 1 < attr->insn_cnt; i++) {
		if (in[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (in[i].src_reg == BPF_PSEUDO_MAP_FD && in[i + 1].imm & ARENA_REF) {
			in[i].src_reg = BPF_PSEUDO_MAP_VALUE;
			in[i + 1].imm &= ~ARENA_REF;
		}
		i++;
	}
}

/* Sections "ID/SLOT" (iproute2, Cilium) are places in the program array of that id, or in the only one. */
static void fill_slots(struct fitted *f, struct bpf_object *obj)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, obj) {
		struct bpf_map *m, *hit = NULL;
		u32 id, slot, arrays = 0;
		int fd = bpf_program__fd(p);

		if (fd < 0 || sscanf(bpf_program__section_name(p), "%u/%u", &id, &slot) != 2)
			continue;
		bpf_object__for_each_map(m, obj) {
			bool named = false;
			if (bpf_map__type(m) != BPF_MAP_TYPE_PROG_ARRAY)
				continue;
			for (u32 i = 0; i < f->m.nmaps; i++)
				named |= f->m.map[i].id == id && !strcmp(f->m.map[i].name, bpf_map__name(m));
			if (named || (!arrays++ && !hit) || strstr(bpf_map__name(m), "_calls"))
				hit = m;
			if (named)
				break;
		}
		if (hit && bpf_map__fd(hit) >= 0)
			bpf_map_update_elem(bpf_map__fd(hit), &slot, &fd, 0);
	}
}

/* ---- opening and loading ---- */
static void *read_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = NULL;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0) {
		p = malloc((size_t)st.st_size);
		if (p && read(fd, p, (size_t)st.st_size) != st.st_size) {
			free(p);
			p = NULL;
		}
		*ret_size = (size_t)st.st_size;
	}
	if (fd >= 0)
		close(fd);
	return p;
}

static char unsound[160];

const char *fit_unsound(void) { return unsound; }

struct bpf_object *fit_open(const char *path, const char *core_btf)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct fitted *f = calloc(1, sizeof(*f));
	char name[64];
	LIBBPF_OPTS(bpf_object_open_opts, o, .btf_custom_path = core_btf, .object_name = name);
	struct bpf_object *obj;
	size_t size = 0;
	void *file;

	if (!f)
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
	if (!vain.path || strcmp(vain.path, path) != 0)
		forget_vain(path);
	file = read_file(path, &size);
	f->xdp = strstr(base, "xdp") != NULL;
	if (file && !modern_read(&f->m, file, size, is_missing, !vain.no_ops && !vain.bad_ops) && f->m.im.changed)
		f->image = image_write(&f->m.im, &size);
	free(file);
	unsound[0] = '\0';
	if (f->m.unsound[0]) {
		snprintf(unsound, sizeof(unsound), "%s", f->m.unsound);
		free(f->image);
		modern_free(&f->m);
		free(f);
		errno = EINVAL;
		return NULL;
	}
	obj = f->image ? bpf_object__open_mem(f->image, size, &o) : bpf_object__open_file(path, &o);
	if (!obj) {
		int err = errno;
		bool ops = f->m.ops_sec && !vain.bad_ops;

		free(f->image);
		modern_free(&f->m);
		free(f);
		if (ops) { /* a table that libbpf does not take; programs of other types are judged without */
			vain.bad_ops = true;
			snprintf(vain.ops_why, sizeof(vain.ops_why), "its table is not taken: %s",
				 strstr(load_messages(), "struct_ops") ? strstr(load_messages(), "struct_ops") : strerror(err));
			return fit_open(path, core_btf);
		}
		errno = err;
		return NULL;
	}
	f->obj = obj;
	f->next = open_objects;
	open_objects = f;
	set_types(f, obj);
	set_maps(f, obj);
	leave_out(obj);
	return obj;
}

static void keep_reasons(const struct fitted *f, const struct bpf_object *obj);

/*
 * The tables of struct_ops are there when a program of theirs is loaded, and else are not: libbpf 1.1 reads the kernel's types for them
 * only in the first case, and needs them in both.
 */
static bool wants_ops(struct bpf_object *obj)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, obj)
		if (bpf_program__autoload(p) && bpf_program__type(p) == BPF_PROG_TYPE_STRUCT_OPS)
			return true;
	return false;
}

int load_object(struct bpf_object *obj)
{
	struct fitted *f = fitted_of(obj);
	int err;

	if (f && f->m.ops_sec && !vain.bad_ops && wants_ops(obj) == vain.no_ops) {
		vain.no_ops = !vain.no_ops;
		return -EAGAIN;
	}
	failed_map[0] = failed_prog[0] = '\0';
	failed_call = false;
	no_table = f && f->m.ops_sec && vain.bad_ops && wants_ops(obj);
	if (no_table)
		return -EINVAL;
	unmap_arenas();
	loading = f;
	err = bpf_object__load(obj);
	loading = NULL;
	if (err && f)
		keep_reasons(f, obj);
	if (err)
		return new_failed_map(obj) || new_missing_symbol() ? -EAGAIN : err;
	if (!f)
		return 0;
	fill_slots(f, obj);
	return 0;
}

void load_close(struct bpf_object *obj)
{
	for (struct fitted **at = &open_objects; *at; at = &(*at)->next)
		if ((*at)->obj == obj) {
			struct fitted *f = *at;
			*at = f->next;
			bpf_object__close(obj);
			free(f->image);
			modern_free(&f->m);
			free(f);
			return;
		}
	bpf_object__close(obj);
}

const char *load_notes(const struct bpf_object *obj)
{
	const struct fitted *f = fitted_of(obj);

	return f ? f->m.im.notes : "";
}

/* Kept from an object that could not be loaded: why its poisoned instructions are there, and its maps by number. */
static struct reasons { char (*poison)[256]; u32 npoison; char (*map)[64]; u32 nmaps; } reasons;

static void keep_reasons(const struct fitted *f, const struct bpf_object *obj)
{
	const struct bpf_map *m;
	u32 n = 0;

	free(reasons.poison);
	free(reasons.map);
	bpf_object__for_each_map(m, obj)
		n++;
	reasons = (struct reasons){ .poison = calloc(f->m.npoison + 1, sizeof(*reasons.poison)),
				    .map = calloc(n + 1, sizeof(*reasons.map)) };
	for (u32 i = 0; reasons.poison && i < f->m.npoison; i++)
		snprintf(reasons.poison[reasons.npoison++], sizeof(*reasons.poison), "%s", f->m.poison[i]);
	bpf_object__for_each_map(m, obj)
		if (reasons.map)
			snprintf(reasons.map[reasons.nmaps++], sizeof(*reasons.map), "%s", bpf_map__name(m));
}

static bool explain_map(const char *map, char *line, size_t size)
{
	int i = names_find(&vain.maps, map, BPF_OBJ_NAME_LEN - 1);

	if (i >= 0)
		snprintf(line, size, "it uses map %s, which cannot be made: %s", map, vain.maps.v[i].why);
	else
		snprintf(line, size, "it uses map %s, which was not made", map);
	return true;
}

bool load_needs_log(const char *line)
{
	return strstr(line, "unknown#" CORE_POISON) != NULL;
}

bool load_explain(char *line, size_t size)
{
	const char *hash = strchr(line, '#');
	unsigned long n = hash ? strtoul(hash + 1, NULL, 10) : 0;
	char map[64] = "", kind[32], what[128];

	if (n >= POISON && n < POISON + reasons.npoison)
		snprintf(line, size, "%s", reasons.poison[n - POISON]);
	else if (n >= LIBBPF_POISON && n < LIBBPF_POISON + reasons.nmaps)
		return explain_map(reasons.map[n - LIBBPF_POISON], line, size);
	else if (sscanf(line, "BPF map '%63[^']' is referenced but wasn't created", map) == 1)
		return explain_map(map, line, size);
	else if (load_needs_log(line))
		snprintf(line, size, "it needs something that the kernel's types do not have (a CO-RE relocation in vain)");
	else if (sscanf(line, "failed to resolve CO-RE relocation <%31[^>]> [%*u] %127[^\n]", kind, what) == 2)
		snprintf(line, size, "it needs %s, which the kernel's types do not have (CO-RE relocation of its %s)", what,
			 kind);
	else
		return false;
	return true;
}

/* What libbpf says is for programmers of loaders. */
static const struct { const char *says, *means; } words[] = {
	{ "failed to find kernel BTF type ID of '%120[^']'", "the kernel's types have no %s that it could attach to" },
	{ "failed to find BPF program '%120[^']'", "it is not in the object: %s" },
	{ "no BTF-based attach target is specified", "its section names nothing to attach to, as in SEC(\"fentry/FUNCTION\"); its own loader does" },
	{ "attach program FD is not set", "it replaces a function of another program, which only its loader knows" },
	{ "missing BPF prog type, check ELF section name '%120[^']'", "its section \"%s\" says no program type: give it with --type" },
};

const char *load_reason(void)
{
	static char text[512];
	const char *p = load_messages(), *hit;

	if (no_table)
		p = vain.ops_why;
	else if (failed_call || !*p)
		return NULL;
	for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
		char name[128], start[64];

		snprintf(start, sizeof(start), "%.*s", (int)strcspn(words[i].says, "%"), words[i].says);
		hit = strstr(p, start);
		*name = '\0';
		if (hit && (!strchr(words[i].says, '%') || sscanf(hit, words[i].says, name) == 1)) {
			snprintf(text, sizeof(text), words[i].means, name);
			return text;
		}
	}
	p += !strncmp(p, "libbpf: ", 8) ? 8 : 0;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(p, "\n"), p);
	return text;
}

const char *load_failure(int err)
{
	static char text[512];
	const char *why = load_reason();

	if (!why)
		why = *skep_reason() && load_target() == ON_SKEP ? skep_reason() : strerror(-err);
	snprintf(text, sizeof(text), "%s", why);
	load_explain(text, sizeof(text));
	return text;
}

int load_program(const char *path, const char *btf_file, const char *name, struct bpf_object **ret_obj,
		 struct bpf_program **ret_prog)
{
	struct bpf_program *p;
	struct bpf_object *obj;
	int code = 0, err;

	for (;;) {
		obj = load_open(path, btf_file, &code);
		if (!obj)
			return code;
		p = load_pick(obj, name);
		if (!p) {
			load_close(obj);
			return EX_USAGE_;
		}
		bpf_program__set_autoload(p, true);
		err = load_object(obj);
		if (!err || (err != -EAGAIN && !load_leave_out(obj, p)))
			break;
		load_close(obj);
	}
	if (err) {
		code = cli_error(err == -EPERM && load_target() == ON_KERNEL ? EX_NOT_HERE : EX_NEGATIVE,
				 "%s: %s is refused by %s: %s (skep check says more)", path, bpf_program__name(p),
				 load_target() == ON_KERNEL ? "the running kernel" : "skep", load_failure(err));
		load_close(obj);
		return code;
	}
	for (u32 i = 0; i < vain.progs.n; i++)
		fprintf(stderr, "skep: %s: %s is refused and left out (skep check says why)\n", path, vain.progs.v[i].name);
	*ret_obj = obj;
	*ret_prog = p;
	return 0;
}
