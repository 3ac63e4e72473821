/* SPDX-License-Identifier: BSD-2-Clause */
/* See elf_modern.h. This file: sections and relocations, and the order of it all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "cli/elf_modern.h"

#define INSN sizeof(struct bpf_insn)

/* The instruction at byte `off` of section `sec` is made one that is refused; `why` in words. */
static PRINTF(4, 5) void modern_poison(struct modern *m, u32 sec, u64 off, const char *fmt, ...)
{
	struct bpf_insn *in = &sec_insns(&m->im.sec[sec])[off / INSN];
	bool wide = in->code == (BPF_LD | BPF_IMM | BPF_DW);
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	ARENA_GROW(&m->im.a, m->poison, m->npoison, m->poisoncap);
	m->poison[m->npoison] = arena_strdup(&m->im.a, why);
	in[0] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = (s32)(POISON + m->npoison++) };
	if (wide && off + 2 * INSN <= m->im.sec[sec].size)
		in[1] = (struct bpf_insn){ .code = BPF_JMP | BPF_JA };
	m->im.changed = true;
}

/* ---- data by other names ---- */
static void rename_datasec(struct modern *m, const char *from, const char *to)
{
	int id = m->btf ? btf__find_by_name_kind(m->btf, from, BTF_KIND_DATASEC) : 0, str;

	if (id <= 0)
		return;
	str = btf__add_str(m->btf, to);
	if (str < 0)
		return;
	((struct btf_type *)btf__type_by_id(m->btf, (u32)id))->name_off = (u32)str;
	m->btf_changed = true;
}

static bool is_data_name(const struct image_sec *s)
{
	if (s->type == SHT_NOBITS)
		return !strcmp(s->name, ".bss");
	return !strcmp(s->name, ".data") || !strncmp(s->name, ".data.", 6) || !strcmp(s->name, ".rodata") ||
	       !strncmp(s->name, ".rodata.", 8) || !strcmp(s->name, ".maps") || !strcmp(s->name, ".struct_ops");
}

/* A section that programs refer to becomes data that libbpf makes a map of. */
static void as_data(struct modern *m, u32 sec)
{
	struct image_sec *s = &m->im.sec[sec];
	const char *old = s->name;

	s->name = modern_fmt(m, "%s.%s", s->flags & SHF_WRITE || s->type == SHT_NOBITS ? ".data" : ".rodata",
			     s->name + (s->name[0] == '.'));
	if (s->type == SHT_NOBITS)
		s->data = arena_alloc(&m->im.a, s->size + 1);
	s->type = SHT_PROGBITS;
	rename_datasec(m, old, s->name);
	m->im.changed = true;
}

/* "static int x;" of a compiler that leaves the place to the linker. */
static void place_common(struct modern *m)
{
	for (u32 i = 1; i < m->im.nsym; i++) {
		Elf64_Sym *y = &m->im.sym[i].s;
		u32 bss;

		if (y->st_shndx != SHN_COMMON)
			continue;
		bss = image_find(&m->im, ".data.common");
		if (!bss)
			bss = image_add_sec(&m->im, ".data.common", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE);
		y->st_value = image_append(&m->im, bss, NULL, y->st_size);
		y->st_shndx = (u16)bss;
		m->im.changed = true;
	}
}

/* Records about a section of programs, in .BTF.ext, name it. */
static void rename_ext(struct modern *m, const char *from, const char *to)
{
	u32 sec = image_find(&m->im, ".BTF.ext"), hdr;
	struct image_sec *s = &m->im.sec[sec];
	int str = m->btf ? btf__add_str(m->btf, to) : -1;

	if (!sec || str < 0 || s->size < 24)
		return;
	m->btf_changed = true;
	memcpy(&hdr, s->data + 4, 4);
	for (u32 k = 0; k < 3 && hdr <= s->size && 8 + 8 * (k + 1) <= hdr; k++) {
		u32 part[2], rec, block[2];

		memcpy(part, s->data + 8 + 8 * k, 8);
		if ((u64)hdr + part[0] + part[1] > s->size || part[1] < 4)
			continue;
		memcpy(&rec, s->data + hdr + part[0], 4);
		for (u64 at = 4; at + 8 <= part[1]; at += 8 + (u64)rec * block[1]) {
			u8 *p = s->data + hdr + part[0] + at;
			const char *name;

			memcpy(block, p, 8);
			name = btf__name_by_offset(m->btf, block[0]);
			if (name && !strcmp(name, from))
				memcpy(p, &str, 4);
		}
	}
}

/* The section of that number gets a name, in the types' tables too. */
static void modern_rename(struct modern *m, u32 sec, const char *name)
{
	if (sec_is_code(&m->im.sec[sec]))
		rename_ext(m, m->im.sec[sec].name, name);
	else
		rename_datasec(m, m->im.sec[sec].name, name);
	m->im.sec[sec].name = arena_strdup(&m->im.a, name);
	m->im.changed = true;
}

/* Both sections of struct_ops tables become one. */
static void join_ops(struct modern *m, u32 plain, u32 link)
{
	int a = m->btf ? btf__find_by_name_kind(m->btf, ".struct_ops", BTF_KIND_DATASEC) : 0;
	int b = m->btf ? btf__find_by_name_kind(m->btf, ".struct_ops.link", BTF_KIND_DATASEC) : 0, ids[2] = { a, b };
	u64 base;

	if (a <= 0 || b <= 0)
		return;
	modern_retire(m, ".struct_ops", ".old.struct_ops", m->im.sec[plain].size);
	modern_retire(m, ".struct_ops.link", ".old.struct_ops.link", m->im.sec[link].size);
	base = image_append(&m->im, plain, m->im.sec[link].data, m->im.sec[link].size);
	for (u32 i = 1; i < m->im.nsym; i++)
		if (m->im.sym[i].s.st_shndx == link && ELF64_ST_TYPE(m->im.sym[i].s.st_info) != STT_SECTION) {
			m->im.sym[i].s.st_shndx = (u16)plain;
			m->im.sym[i].s.st_value += base;
		}
	for (u32 i = 0; i < m->im.sec[link].nrel; i++) {
		struct image_rel r = m->im.sec[link].rel[i];
		image_add_rel(&m->im, plain, base + r.off, r.sym, r.type);
	}
	m->im.sec[link].has_rel = false;
	if (btf__add_datasec(m->btf, ".struct_ops", 0) < 0)
		return;
	for (u32 k = 0; k < 2; k++)
		for (u32 i = 0; i < btf_vlen(btf__type_by_id(m->btf, (u32)ids[k])); i++) {
			struct btf_var_secinfo v = btf_var_secinfos(btf__type_by_id(m->btf, (u32)ids[k]))[i];
			btf__add_datasec_var_info(m->btf, (int)v.type, 0, v.size);
		}
}

/* Tables of struct_ops and the programs that may sleep in them, by newer names. */
static void fit_ops(struct modern *m, bool with_ops)
{
	u32 link = image_find(&m->im, ".struct_ops.link"), plain = image_find(&m->im, ".struct_ops");

	/* "?": not made unless asked for */
	link = link ? link : image_find(&m->im, "?.struct_ops.link");
	link = link ? link : image_find(&m->im, "?.struct_ops");

	m->ops_sec = plain ? plain : link;
	if (link && !plain)
		modern_rename(m, link, ".struct_ops");
	else if (link)
		join_ops(m, plain, link);
	if (m->ops_sec && !with_ops) {
		m->im.sec[m->ops_sec].has_rel = false;
		modern_rename(m, m->ops_sec, ".left_out");
	}
	for (u32 i = 1; i < m->im.nsec; i++) {
		const char *name = m->im.sec[i].name, *mark = name[0] == '?' ? "?" : "";

		if (sec_is_code(&m->im.sec[i]) && !strncmp(name + strlen(mark), "struct_ops.s", 12))
			modern_rename(m, i, modern_fmt(m, "%sstruct_ops/.s%s", mark, name + strlen(mark) + 12));
	}
}

/* Variables that an old compiler left without a type. */
static void type_variables(struct modern *m)
{
	for (u32 i = 1; i < m->im.nsym; i++) {
		Elf64_Sym *y = &m->im.sym[i].s;

		if (!y->st_shndx || y->st_shndx >= SHN_LORESERVE || ELF64_ST_TYPE(y->st_info) != STT_NOTYPE ||
		    ELF64_ST_BIND(y->st_info) == STB_LOCAL || sec_is_code(&m->im.sec[y->st_shndx]))
			continue;
		y->st_info = (u8)ELF64_ST_INFO(ELF64_ST_BIND(y->st_info), STT_OBJECT);
		m->im.changed = true;
	}
}

/* ---- externs ---- */
static bool has_extern_type(const struct btf *b, const char *name)
{
	for (u32 id = 1; b && id < btf__type_cnt(b); id++) {
		const struct btf_type *t = btf__type_by_id(b, id);
		if ((btf_is_var(t) && btf_var(t)->linkage == BTF_VAR_GLOBAL_EXTERN) ||
		    (btf_is_func(t) && btf_vlen(t) == BTF_FUNC_EXTERN))
			if (!strcmp(btf__name_by_offset(b, t->name_off), name))
				return true;
	}
	return false;
}

/* Is it in a table of externs (.ksyms, .kconfig)? Others libbpf refuses. */
static bool in_extern_sec(const struct btf *b, const char *name)
{
	for (u32 id = 1; b && id < btf__type_cnt(b); id++) {
		const struct btf_type *t = btf__type_by_id(b, id);
		const char *sec = btf__name_by_offset(b, t->name_off);

		if (!btf_is_datasec(t) || (strcmp(sec, ".ksyms") && strcmp(sec, ".kconfig")))
			continue;
		for (u32 i = 0; i < btf_vlen(t); i++) {
			const struct btf_type *v = btf__type_by_id(b, btf_var_secinfos(t)[i].type);
			if (v && !strcmp(btf__name_by_offset(b, v->name_off), name))
				return true;
		}
	}
	return false;
}

/* Undefined symbols that the types do not explain are nobody's: libbpf would refuse the whole object. */
static void hide_undefined(struct modern *m)
{
	for (u32 i = 1; i < m->im.nsym; i++) {
		Elf64_Sym *y = &m->im.sym[i].s;
		u8 bind = ELF64_ST_BIND(y->st_info);

		if (y->st_shndx != SHN_UNDEF || bind == STB_LOCAL || !*m->im.sym[i].name)
			continue;
		if (has_extern_type(m->btf, m->im.sym[i].name) && in_extern_sec(m->btf, m->im.sym[i].name)) {
			u8 info = (u8)ELF64_ST_INFO(m->missing(m->im.sym[i].name) ? STB_WEAK : bind, STT_NOTYPE);
			if (y->st_info == info)
				continue;
			y->st_info = info;
		} else {
			y->st_info = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE);
		}
		m->im.changed = true;
	}
}

/* ---- relocations of programs ---- */
static u32 map_symbol(const struct elf_image *im, u32 sec, u64 off)
{
	for (u32 i = 1; i < im->nsym; i++)
		if (im->sym[i].s.st_shndx == sec && im->sym[i].s.st_value == off &&
		    ELF64_ST_TYPE(im->sym[i].s.st_info) == STT_OBJECT)
			return i;
	return 0;
}

static u32 symbol_named(const struct elf_image *im, const char *name)
{
	for (u32 i = 1; i < im->nsym; i++)
		if (im->sym[i].s.st_shndx && !strcmp(im->sym[i].name, name))
			return i;
	return 0;
}

/* Is the relocation one that libbpf can apply? Else it is gone afterwards. */
static bool fit_relocation(struct modern *m, u32 sec, struct image_rel *r)
{
	struct elf_image *im = &m->im;
	struct bpf_insn *in = &sec_insns(&im->sec[sec])[r->off / INSN];
	struct image_sym *y = &im->sym[r->sym];
	bool wide = in->code == (BPF_LD | BPF_IMM | BPF_DW) && r->off + 2 * INSN <= im->sec[sec].size;
	bool call = in->code == (BPF_JMP | BPF_CALL);
	u32 to = y->s.st_shndx, sym;

	if (!wide && !call) {
		modern_poison(m, sec, r->off, "an instruction that cannot refer to %s does", *y->name ? y->name : "data");
		return false;
	}
	if (to == SHN_UNDEF && ELF64_ST_BIND(y->s.st_info) == STB_LOCAL) {
		modern_poison(m, sec, r->off, "it %s %s, which the object does not define", call ? "calls" : "uses", y->name);
		return false;
	}
	if (to == SHN_UNDEF && m->missing(y->name)) {
		modern_poison(m, sec, r->off, "it %s %s, which the kernel does not have", call ? "calls" : "uses", y->name);
		return false;
	}
	if (to == SHN_UNDEF)
		return true;
	if (to >= SHN_LORESERVE || to >= im->nsec || (call && !sec_is_code(&im->sec[to]))) {
		modern_poison(m, sec, r->off, "it %s %s, which is no %s of the object", call ? "calls" : "uses", y->name,
			      call ? "function" : "variable");
		return false;
	}
	if (call || sec_is_code(&im->sec[to]))
		return true;
	if (m->arena_sec == to) {
		sym = m->arena_map ? symbol_named(im, m->arena_map) : 0;
		if (!sym) {
			modern_poison(m, sec, r->off, "it uses %s of an arena, and the object has none", y->name);
			return false;
		}
		in[1].imm = (s32)(ARENA_REF + y->s.st_value + (u64)(u32)in[0].imm);
		in[0].imm = 0;
		r->sym = sym;
		im->changed = true;
		return true;
	}
	if (!strcmp(im->sec[to].name, ".maps") && ELF64_ST_TYPE(y->s.st_info) != STT_OBJECT) {
		sym = map_symbol(im, to, y->s.st_value + (u64)(u32)in->imm);
		if (sym) {
			in->imm = 0;
			r->sym = sym;
			im->changed = true;
		}
	}
	if (!is_data_name(&im->sec[to]))
		as_data(m, to);
	return true;
}

static void fit_relocations(struct modern *m)
{
	for (u32 i = 1; i < m->im.nsec; i++) {
		struct image_sec *s = &m->im.sec[i];
		u32 n = 0;

		if (!sec_is_code(s))
			continue;
		for (u32 k = 0; k < s->nrel; k++) {
			struct image_rel r = s->rel[k];
			if (r.off % INSN || r.off + INSN > s->size || fit_relocation(m, i, &r))
				s->rel[n++] = r;
		}
		m->im.changed |= n != s->nrel;
		s->nrel = n;
	}
}

/* ---- the whole ---- */
static void write_btf(struct modern *m)
{
	u32 sec = image_find(&m->im, ".BTF"), size;
	const void *raw;

	if (!m->btf_changed)
		return;
	raw = btf__raw_data(m->btf, &size);
	if (!raw)
		return;
	if (!sec)
		sec = image_add_sec(&m->im, ".BTF", SHT_PROGBITS, 0);
	m->im.sec[sec].size = 0;
	image_append(&m->im, sec, raw, size);
}

static void read_btf(struct modern *m)
{
	u32 sec = image_find(&m->im, ".BTF");

	if (sec && m->im.sec[sec].data)
		m->btf = btf__new(m->im.sec[sec].data, (u32)m->im.sec[sec].size);
	if (m->btf && btf_unsound(m->btf, m->unsound, sizeof(m->unsound))) {
		btf__free(m->btf);
		m->btf = NULL;
	}
}

/* What a freplace program replaces is of a program that only its loader knows: libbpf would insist on it. */
static void free_replacements(struct modern *m)
{
	for (u32 i = 1; i < m->im.nsec; i++)
		if (sec_is_code(&m->im.sec[i]) && !strncmp(m->im.sec[i].name + (m->im.sec[i].name[0] == '?'), "freplace", 8))
			modern_rename(m, i, modern_fmt(m, "replaces%s", strchr(m->im.sec[i].name, 'f') + 8));
}

int modern_read(struct modern *m, const void *data, size_t size, bool (*missing)(const char *symbol), bool with_ops)
{
	jmp_buf oom;
	int err;

	memset(m, 0, sizeof(*m));
	m->missing = missing;
	err = image_read(&m->im, data, size);
	if (err)
		return err;
	m->im.a.oom = &oom;
	if (setjmp(oom)) {
		modern_free(m);
		return -ENOMEM;
	}
	read_btf(m);
	place_common(m);
	type_variables(m);
	fit_ops(m, with_ops);
	free_replacements(m);
	m->arena_sec = image_find(&m->im, ".addr_space.1");
	modern_maps(m);
	modern_funcs(m);
	modern_exceptions(m);
	hide_undefined(m);
	fit_relocations(m);
	write_btf(m);
	m->im.a.oom = NULL;
	return 0;
}

void modern_free(struct modern *m)
{
	btf__free(m->btf);
	image_free(&m->im);
	memset(m, 0, sizeof(*m));
}
