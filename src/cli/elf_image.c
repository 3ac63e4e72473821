/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing of elf_image.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/elf_image.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

static const void *part(const u8 *data, size_t size, u64 off, u64 len)
{
	return off <= size && len <= size - off ? data + off : NULL;
}

static const char *string_at(struct elf_image *im, const struct image_sec *table, u64 off)
{
	if (off >= table->size || !memchr(table->data + off, 0, table->size - off))
		return NULL;
	return arena_strdup(&im->a, (const char *)table->data + off);
}

static int read_sections(struct elf_image *im, const u8 *data, size_t size)
{
	u64 n = im->h.e_shnum;
	const Elf64_Shdr *sh = part(data, size, im->h.e_shoff, n * sizeof(*sh));
	const struct image_sec *names;

	if (!sh || im->h.e_shentsize != sizeof(*sh) || !n || im->h.e_shstrndx >= n)
		return -EINVAL;
	im->nsec = (u32)n;
	im->seccap = im->nsec + 8;
	im->sec = ARENA_ARRAY(&im->a, struct image_sec, im->seccap);
	for (u32 i = 1; i < n; i++) {
		Elf64_Shdr h;
		struct image_sec *s = &im->sec[i];
		const void *from;

		memcpy(&h, &sh[i], sizeof(h)); /* the table need not be aligned */
		*s = (struct image_sec){ .type = h.sh_type, .flags = h.sh_flags, .align = h.sh_addralign, .link = h.sh_link,
					 .info = h.sh_info, .entsize = h.sh_entsize, .size = h.sh_size };
		if (h.sh_type == SHT_NOBITS || h.sh_type == SHT_NULL)
			continue;
		from = part(data, size, h.sh_offset, h.sh_size);
		if (!from)
			return -EINVAL;
		s->data = arena_alloc_raw(&im->a, h.sh_size + 1);
		memcpy(s->data, from, h.sh_size);
	}
	names = &im->sec[im->h.e_shstrndx];
	for (u32 i = 1; i < n; i++) {
		Elf64_Shdr h;

		memcpy(&h, &sh[i], sizeof(h));
		im->sec[i].name = names->data ? string_at(im, names, h.sh_name) : NULL;
		if (!im->sec[i].name)
			return -EINVAL;
	}
	im->sec[0].name = "";
	return 0;
}

static int read_symbols(struct elf_image *im)
{
	u32 table = 0;

	for (u32 i = 1; i < im->nsec; i++)
		if (im->sec[i].type == SHT_SYMTAB) {
			if (table)
				return -EINVAL;
			table = i;
		}
	im->nsym = 1;
	if (table) {
		const struct image_sec *s = &im->sec[table];

		if (s->link >= im->nsec || !im->sec[s->link].data || s->size % sizeof(Elf64_Sym))
			return -EINVAL;
		im->nsym = (u32)(s->size / sizeof(Elf64_Sym));
	}
	im->symcap = im->nsym + 16;
	im->sym = ARENA_ARRAY(&im->a, struct image_sym, im->symcap);
	im->sym[0].name = "";
	for (u32 i = 1; i < im->nsym; i++) {
		struct image_sym *y = &im->sym[i];

		memcpy(&y->s, im->sec[table].data + i * sizeof(y->s), sizeof(y->s));
		y->name = string_at(im, &im->sec[im->sec[table].link], y->s.st_name);
		if (!y->name || (y->s.st_shndx < SHN_LORESERVE && y->s.st_shndx >= im->nsec))
			return -EINVAL;
	}
	return 0;
}

/* An addend of its own is what relocations without one keep in the place that they change. */
static void apply_addend(const struct image_sec *s, u64 off, s64 addend)
{
	s32 at;

	if (!sec_is_code(s)) {
		if (off + 4 > s->size)
			return;
		memcpy(&at, s->data + off, sizeof(at));
		at += (s32)addend;
		memcpy(s->data + off, &at, sizeof(at));
		return;
	}
	if (off % sizeof(struct bpf_insn) || off + sizeof(struct bpf_insn) > s->size)
		return;
	sec_insns(s)[off / sizeof(struct bpf_insn)].imm += (s32)addend;
}

static int read_relocations(struct elf_image *im)
{
	for (u32 i = 1; i < im->nsec; i++) {
		struct image_sec *r = &im->sec[i], *s;
		bool rela = r->type == SHT_RELA;
		size_t entry = rela ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);

		if (r->type != SHT_REL && !rela)
			continue;
		if (!r->info || r->info >= im->nsec || r->size % entry)
			return -EINVAL;
		s = &im->sec[r->info];
		for (u64 k = 0; k < r->size / entry; k++) {
			Elf64_Rela one = { .r_addend = 0 };

			memcpy(&one, r->data + k * entry, entry);
			if (ELF64_R_SYM(one.r_info) >= im->nsym || one.r_offset >= s->size)
				return -EINVAL;
			if (one.r_addend && s->data)
				apply_addend(s, one.r_offset, one.r_addend);
			image_add_rel(im, r->info, one.r_offset, (u32)ELF64_R_SYM(one.r_info), (u32)ELF64_R_TYPE(one.r_info));
		}
		im->changed |= rela;
	}
	return 0;
}

int image_read(struct elf_image *im, const void *data, size_t size)
{
	jmp_buf oom;
	int err;

	memset(im, 0, sizeof(*im));
	if (size < sizeof(im->h))
		return -EINVAL;
	memcpy(&im->h, data, sizeof(im->h));
	if (memcmp(im->h.e_ident, ELFMAG, SELFMAG) || im->h.e_ident[EI_CLASS] != ELFCLASS64 ||
	    im->h.e_ident[EI_DATA] != ELFDATA2LSB || (im->h.e_machine && im->h.e_machine != EM_BPF) || im->h.e_type != ET_REL)
		return -EINVAL;
	im->a.oom = &oom;
	if (setjmp(oom)) {
		arena_free(&im->a);
		return -ENOMEM;
	}
	err = read_sections(im, data, size);
	if (!err)
		err = read_symbols(im);
	if (!err)
		err = read_relocations(im);
	if (err)
		arena_free(&im->a);
	im->a.oom = NULL;
	return err;
}

void image_free(struct elf_image *im)
{
	arena_free(&im->a);
}

u32 image_find(const struct elf_image *im, const char *name)
{
	for (u32 i = 1; i < im->nsec; i++)
		if (im->sec[i].type != SHT_NULL && !strcmp(im->sec[i].name, name))
			return i;
	return 0;
}

u32 image_add_sec(struct elf_image *im, const char *name, u32 type, u64 flags)
{
	ARENA_GROW(&im->a, im->sec, im->nsec, im->seccap);
	im->sec[im->nsec] = (struct image_sec){ .name = arena_strdup(&im->a, name), .type = type, .flags = flags, .align = 8 };
	im->changed = true;
	return im->nsec++;
}

u32 image_add_sym(struct elf_image *im, const char *name, u32 sec, u64 value, u64 size, u8 info)
{
	ARENA_GROW(&im->a, im->sym, im->nsym, im->symcap);
	im->sym[im->nsym] = (struct image_sym){ .name = arena_strdup(&im->a, name),
						.s = { .st_info = info, .st_shndx = (u16)sec, .st_value = value, .st_size = size } };
	im->changed = true;
	return im->nsym++;
}

void image_add_rel(struct elf_image *im, u32 sec, u64 off, u32 sym, u32 type)
{
	struct image_sec *s = &im->sec[sec];

	ARENA_GROW(&im->a, s->rel, s->nrel, s->relcap);
	s->rel[s->nrel++] = (struct image_rel){ .off = off, .sym = sym, .type = type };
	s->has_rel = true;
}

u64 image_append(struct elf_image *im, u32 sec, const void *data, u64 size)
{
	struct image_sec *s = &im->sec[sec];
	u64 at = (s->size + 7) & ~7ull;
	u8 *grown = arena_alloc(&im->a, at + size);

	if (s->size)
		memcpy(grown, s->data, s->size);
	if (data)
		memcpy(grown + at, data, size);
	s->data = grown;
	s->size = at + size;
	im->changed = true;
	return at;
}

void image_note(struct elf_image *im, const char *fmt, ...)
{
	size_t used = strlen(im->notes);
	va_list ap;

	if (used + 2 >= sizeof(im->notes))
		return;
	va_start(ap, fmt);
	vsnprintf(im->notes + used, sizeof(im->notes) - used - 1, fmt, ap);
	va_end(ap);
	strcat(im->notes, "\n");
}

/* ---- writing ---- */
struct out {
	u8 *p;
	u64 len, cap;
	bool failed;
};

static u64 put(struct out *o, const void *data, u64 n, u64 align)
{
	u64 at = (o->len + align - 1) / align * align;

	if (at + n > o->cap) {
		u64 cap = (at + n) * 2 + 4096;
		u8 *p = realloc(o->p, cap);
		if (!p) {
			o->failed = true;
			return 0;
		}
		memset(p + o->cap, 0, cap - o->cap);
		o->p = p;
		o->cap = cap;
	}
	if (n)
		memcpy(o->p + at, data, n);
	o->len = at + n;
	return at;
}

static u32 put_string(struct out *strings, const char *s)
{
	return *s ? (u32)put(strings, s, strlen(s) + 1, 1) : 0;
}

static bool is_rewritten(const struct image_sec *s)
{
	return s->type == SHT_REL || s->type == SHT_RELA || s->type == SHT_SYMTAB || s->type == SHT_NULL || s->type == SHT_STRTAB;
}

static void put_relocations(struct out *o, const struct image_sec *s, u32 symtab, u32 target, Elf64_Shdr *h)
{
	*h = (Elf64_Shdr){ .sh_name = h->sh_name, .sh_type = SHT_REL, .sh_link = symtab, .sh_info = target,
			   .sh_entsize = sizeof(Elf64_Rel), .sh_addralign = 8, .sh_size = s->nrel * sizeof(Elf64_Rel) };
	h->sh_offset = put(o, NULL, 0, 8);
	for (u32 k = 0; k < s->nrel; k++) {
		Elf64_Rel r = { .r_offset = s->rel[k].off, .r_info = ELF64_R_INFO((u64)s->rel[k].sym, s->rel[k].type) };
		put(o, &r, sizeof(r), 8);
	}
}

/* Sections of the old relocations and tables stay as empty ones: numbers must not move. */
void *image_write(struct elf_image *im, size_t *ret_size)
{
	u32 nrel = 0, symtab = im->nsec, strtab = im->nsec + 1, n, next;
	struct out o = { .p = NULL }, strings = { .p = NULL };
	Elf64_Shdr *sh;
	Elf64_Ehdr h;

	for (u32 i = 1; i < im->nsec; i++)
		nrel += im->sec[i].has_rel && im->sec[i].type != SHT_NULL;
	n = im->nsec + 2 + nrel;
	sh = calloc(n, sizeof(*sh));
	put(&strings, "", 1, 1);
	put(&o, &im->h, sizeof(im->h), 8);
	next = strtab + 1;
	for (u32 i = 1; sh && i < im->nsec; i++) {
		const struct image_sec *s = &im->sec[i];

		if (is_rewritten(s))
			continue;
		sh[i] = (Elf64_Shdr){ .sh_name = put_string(&strings, s->name), .sh_type = s->type, .sh_flags = s->flags,
				      .sh_size = s->size, .sh_addralign = s->align, .sh_entsize = s->entsize };
		sh[i].sh_offset = put(&o, s->data, s->data ? s->size : 0, 8);
		if (s->has_rel) {
			char name[300];
			snprintf(name, sizeof(name), ".rel%s", s->name);
			sh[next].sh_name = put_string(&strings, name);
			put_relocations(&o, s, symtab, i, &sh[next++]);
		}
	}
	if (sh)
		sh[symtab] = (Elf64_Shdr){ .sh_name = put_string(&strings, ".symtab"), .sh_type = SHT_SYMTAB, .sh_link = strtab,
					   .sh_info = 1, .sh_entsize = sizeof(Elf64_Sym), .sh_addralign = 8,
					   .sh_size = im->nsym * sizeof(Elf64_Sym), .sh_offset = put(&o, NULL, 0, 8) };
	for (u32 i = 0; i < im->nsym; i++) {
		im->sym[i].s.st_name = put_string(&strings, im->sym[i].name);
		put(&o, &im->sym[i].s, sizeof(im->sym[i].s), 8);
	}
	if (sh) {
		sh[strtab] = (Elf64_Shdr){ .sh_name = put_string(&strings, ".strtab"), .sh_type = SHT_STRTAB, .sh_addralign = 1 };
		sh[strtab].sh_size = strings.len;
		sh[strtab].sh_offset = put(&o, strings.p, strings.p ? strings.len : 0, 8);
		h = im->h;
		h.e_machine = EM_BPF;
		h.e_shoff = put(&o, sh, n * sizeof(*sh), 8);
		h.e_shnum = (u16)n;
		h.e_shstrndx = (u16)strtab;
		h.e_shentsize = sizeof(*sh);
		if (o.p)
			memcpy(o.p, &h, sizeof(h));
	}
	o.failed |= strings.failed || !sh;
	free(strings.p);
	free(sh);
	if (o.failed) {
		free(o.p);
		return NULL;
	}
	*ret_size = o.len;
	return o.p;
}
