/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading ELF files that may be hostile: see elf.h. Every structure is copied out of the file before it is looked at. */
#include "patch/elf.h"

#include <elf.h>
#include <errno.h>

#include "patch/patch.h"

#define DW_EH_PE_PCREL_S4   0x1b
#define DW_EH_PE_DATAREL_S4 0x3b
#define DW_EH_PE_U4         0x03

static bool take(const struct patch_elf *e, u64 off, void *to, u64 n)
{
	if (off > e->size || n > e->size - off)
		return false;
	memcpy(to, e->data + off, n);
	return true;
}

static bool segment(const struct patch_elf *e, u32 i, Elf64_Phdr *ret)
{
	return i < e->phnum && take(e, e->phoff + (u64)i * sizeof(*ret), ret, sizeof(*ret));
}

/* A section whose bytes lie in the file. */
static bool section(const struct patch_elf *e, u32 i, Elf64_Shdr *ret)
{
	if (i >= e->shnum || !take(e, e->shoff + (u64)i * sizeof(*ret), ret, sizeof(*ret)))
		return false;
	return ret->sh_type == SHT_NOBITS || (ret->sh_offset <= e->size && ret->sh_size <= e->size - ret->sh_offset);
}

/* A terminated string of a string section, or NULL. */
static const char *string(const struct patch_elf *e, const Elf64_Shdr *tab, u64 at)
{
	const char *s;

	if (tab->sh_type != SHT_STRTAB || at >= tab->sh_size)
		return NULL;
	s = (const char *)e->data + tab->sh_offset + at;
	for (u64 i = 0; i < tab->sh_size - at; i++)
		if (!s[i])
			return s;
	return NULL;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static bool section_named(const struct patch_elf *e, const char *name, Elf64_Shdr *ret)
{
	Elf64_Shdr names;

	if (!section(e, e->shstrndx, &names))
		return false;
	for (u32 i = 1; i < e->shnum; i++) {
		const char *s;

		if (!section(e, i, ret))
			continue;
		s = string(e, &names, ret->sh_name);
		if (s && same(s, name))
			return true;
	}
	return false;
}

int patch_elf_open(const void *data, u64 size, struct patch_elf *ret)
{
	struct patch_elf e = { .data = data, .size = size };
	Elf64_Ehdr h;

	if (!take(&e, 0, &h, sizeof(h)) || memcmp(h.e_ident, ELFMAG, SELFMAG) || h.e_ident[EI_CLASS] != ELFCLASS64 ||
	    h.e_ident[EI_DATA] != ELFDATA2LSB)
		return -EINVAL;
	e.type = h.e_type;
	e.machine = h.e_machine;
	if (h.e_phnum && (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phoff > size))
		return -EINVAL;
	e.phoff = h.e_phoff;
	e.phnum = h.e_phnum;
	if (h.e_shnum && h.e_shentsize == sizeof(Elf64_Shdr) && h.e_shoff <= size) {
		e.shoff = h.e_shoff;
		e.shnum = h.e_shnum;
		e.shstrndx = h.e_shstrndx;
	}
	*ret = e;
	return 0;
}

/* --- Symbols --- */

static int symbols_of(const struct patch_elf *e, const Elf64_Shdr *tab, patch_sym_fn fn, void *arg)
{
	Elf64_Shdr names;

	if (!section(e, tab->sh_link, &names) || tab->sh_entsize != sizeof(Elf64_Sym))
		return 0;
	for (u64 i = 1; i < tab->sh_size / sizeof(Elf64_Sym); i++) {
		struct patch_sym sym;
		Elf64_Sym y;
		int err;

		memcpy(&y, e->data + tab->sh_offset + i * sizeof(y), sizeof(y));
		sym.type = ELF64_ST_TYPE(y.st_info);
		if ((sym.type != STT_FUNC && sym.type != STT_GNU_IFUNC) || y.st_shndx == SHN_UNDEF || !y.st_value)
			continue;
		sym.name = string(e, &names, y.st_name);
		if (!sym.name || !*sym.name)
			continue;
		sym.va = y.st_value;
		sym.size = y.st_size;
		sym.bind = ELF64_ST_BIND(y.st_info);
		sym.dynamic = tab->sh_type == SHT_DYNSYM;
		err = fn(arg, &sym);
		if (err)
			return err;
	}
	return 0;
}

static int elf_symbols(const struct patch_elf *e, patch_sym_fn fn, void *arg, bool *ret_any)
{
	static const u32 kinds[] = { SHT_SYMTAB, SHT_DYNSYM };
	Elf64_Shdr s;
	int err;

	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (u32 i = 1; i < e->shnum; i++) {
			if (!section(e, i, &s) || s.sh_type != kinds[k])
				continue;
			*ret_any |= kinds[k] == SHT_SYMTAB;
			err = symbols_of(e, &s, fn, arg);
			if (err)
				return err;
		}
	}
	return 0;
}

int patch_elf_functions(struct patch_elf *e, patch_sym_fn fn, void *arg)
{
	bool any = false;
	int err = elf_symbols(e, fn, arg, &any);

	if (!err && !any && patch_go_is(e))
		err = patch_go_functions(e, fn, arg);
	return err;
}

struct find {
	const char *name;
	struct patch_sym sym;
	u32 rank; /* of the best so far */
};

static int find_one(void *arg, const struct patch_sym *sym)
{
	struct find *f = arg;
	u32 rank = 1 + (sym->bind != STB_LOCAL) * 2u + !sym->dynamic;

	if (rank > f->rank && same(sym->name, f->name)) {
		f->sym = *sym;
		f->rank = rank;
	}
	return f->rank == 4;
}

int patch_elf_find(struct patch_elf *e, const char *name, struct patch_sym *ret)
{
	struct find f = { .name = name };

	patch_elf_functions(e, find_one, &f);
	if (!f.rank)
		return -ENOENT;
	*ret = f.sym;
	return 0;
}

struct holds { u64 va; struct patch_sym sym; bool found; };

/* The nearest one that begins before the address and holds it; one without a size holds all that follows. */
static int holds_one(void *arg, const struct patch_sym *sym)
{
	struct holds *h = arg;

	if (sym->va > h->va || (sym->size ? h->va - sym->va >= sym->size : false))
		return 0;
	if (!h->found || sym->va > h->sym.va || (sym->va == h->sym.va && sym->size && !h->sym.size)) {
		h->sym = *sym;
		h->found = true;
	}
	return 0;
}

int patch_elf_at(struct patch_elf *e, u64 va, struct patch_sym *ret)
{
	struct holds h = { .va = va };

	patch_elf_functions(e, holds_one, &h);
	if (!h.found)
		return -ENOENT;
	*ret = h.sym;
	return 0;
}

/* --- Addresses --- */

int patch_elf_text(const struct patch_elf *e, u32 i, u64 *ret_va, u64 *ret_off, u64 *ret_size)
{
	Elf64_Phdr p;

	for (u32 k = 0; segment(e, k, &p); k++) {
		if (p.p_type != PT_LOAD || !(p.p_flags & PF_X) || i--)
			continue;
		if (p.p_offset > e->size)
			return -ENOENT;
		*ret_va = p.p_vaddr;
		*ret_off = p.p_offset;
		*ret_size = MIN(p.p_filesz, e->size - p.p_offset);
		return 0;
	}
	return -ENOENT;
}

int patch_elf_va_to_off(const struct patch_elf *e, u64 va, u64 *ret_off)
{
	Elf64_Phdr p;

	for (u32 k = 0; segment(e, k, &p); k++) {
		if (p.p_type == PT_LOAD && va - p.p_vaddr < p.p_filesz) {
			*ret_off = va - p.p_vaddr + p.p_offset;
			return 0;
		}
	}
	return -ENOENT;
}

const u8 *patch_elf_bytes(const struct patch_elf *e, u64 va, u64 n)
{
	Elf64_Phdr p;

	for (u32 k = 0; segment(e, k, &p); k++) {
		u64 at = va - p.p_vaddr;

		if (p.p_type != PT_LOAD || at >= p.p_filesz || n > p.p_filesz - at)
			continue;
		if (p.p_offset > e->size || at > e->size - p.p_offset || n > e->size - p.p_offset - at)
			return NULL;
		return e->data + p.p_offset + at;
	}
	return NULL;
}

/* --- Unwind tables --- */

struct eh {
	u64 va, n; /* of .eh_frame_hdr; entries of its table */
	const u8 *table;
};

static s32 s32_at(const u8 *p)
{
	s32 v;

	memcpy(&v, p, 4);
	return v;
}

static bool eh_open(const struct patch_elf *e, struct eh *ret)
{
	Elf64_Phdr p;
	const u8 *h;

	for (u32 k = 0; segment(e, k, &p); k++) {
		if (p.p_type != PT_GNU_EH_FRAME)
			continue;
		if (p.p_filesz < 12)
			return false;
		h = patch_elf_bytes(e, p.p_vaddr, p.p_filesz);
		if (!h || h[0] != 1 || h[1] != DW_EH_PE_PCREL_S4 || h[2] != DW_EH_PE_U4 || h[3] != DW_EH_PE_DATAREL_S4)
			return false;
		ret->va = p.p_vaddr;
		ret->n = MIN((u64)(u32)s32_at(h + 8), (p.p_filesz - 12) / 8);
		ret->table = h + 12;
		return true;
	}
	return false;
}

static u64 eh_start(const struct eh *t, u64 i) { return t->va + (u64)(s64)s32_at(t->table + 8 * i); }

static bool skip_leb(const u8 **p, const u8 *end)
{
	while (*p < end && **p & 0x80)
		++*p;
	return (*p)++ < end;
}

/*
 * How a CIE's FDEs write addresses: the R of its augmentation. Only the four-byte relative one is read. Those of signal frames (S)
 * begin a byte before their code, so that unwinders, which look one byte back, find them.
 */
static bool cie_is_usual(const struct patch_elf *e, u64 va, bool *ret_signal)
{
	const u8 *p = patch_elf_bytes(e, va, 24), *end, *aug;
	u64 len;

	if (!p)
		return false;
	len = (u64)(u32)s32_at(p) + 4;
	p = len < 4096 ? patch_elf_bytes(e, va, len) : NULL;
	if (!p || len < 12)
		return false;
	end = p + len;
	aug = p + 9;
	if (aug[0] != 'z')
		return false;
	for (p = aug; p < end && *p; p++)
		;
	p++;
	if (!skip_leb(&p, end) || !skip_leb(&p, end) || !skip_leb(&p, end) || !skip_leb(&p, end))
		return false;
	for (const u8 *a = aug; *a; a++)
		*ret_signal |= *a == 'S';
	for (aug++; p < end && *aug; aug++) {
		if (*aug == 'R')
			return *p == DW_EH_PE_PCREL_S4;
		if (*aug == 'L')
			p++;
		else if (*aug == 'P')
			p += (*p & 7) == 0x04 || !(*p & 7) ? 9 : (*p & 7) == 0x02 ? 3 : 5;
		else if (*aug != 'S' && *aug != 'B')
			return false;
	}
	return false;
}

/* The i-th function, by its FDE. */
static bool eh_range(const struct patch_elf *e, const struct eh *t, u64 i, u64 *ret_start, u64 *ret_end)
{
	u64 va = t->va + (u64)(s64)s32_at(t->table + 8 * i + 4), start = eh_start(t, i);
	const u8 *p = patch_elf_bytes(e, va, 16);
	bool signal = false;

	if (!p || !cie_is_usual(e, va + 4 - (u64)(u32)s32_at(p + 4), &signal) || va + 8 + (u64)(s64)s32_at(p + 8) != start)
		return false;
	*ret_start = start + signal;
	*ret_end = start + (u64)(u32)s32_at(p + 12);
	return *ret_end > *ret_start;
}

/* The last FDE that begins at or before an address. */
static bool eh_find(const struct patch_elf *e, u64 va, struct eh *t, u64 *ret)
{
	u64 low = 0, high;

	if (!eh_open(e, t) || !t->n)
		return false;
	high = t->n;
	while (high - low > 1) {
		u64 mid = low + (high - low) / 2;

		if (eh_start(t, mid) <= va)
			low = mid;
		else
			high = mid;
	}
	*ret = low;
	return true;
}

int patch_elf_ranges(struct patch_elf *e, patch_range_fn fn, void *arg)
{
	u64 start, end;
	struct eh t;

	if (!eh_open(e, &t))
		return 0;
	for (u64 i = 0; i < t.n; i++) {
		int err = eh_range(e, &t, i, &start, &end) ? fn(arg, start, end) : 0;

		if (err)
			return err;
	}
	return 0;
}

static bool eh_bounds(const struct patch_elf *e, u64 va, u64 *ret_start, u64 *ret_end)
{
	u64 low, start, end;
	struct eh t;

	if (!eh_find(e, va, &t, &low) || !eh_range(e, &t, low, &start, &end) || va < start)
		return false;
	if (va >= end) { /* behind it, up to the next one or the end of the code */
		if (low + 1 >= t.n || eh_start(&t, low + 1) <= va || !patch_elf_bytes(e, start, eh_start(&t, low + 1) - start))
			return false;
		end = eh_start(&t, low + 1);
	}
	*ret_start = start;
	*ret_end = end;
	return true;
}

int patch_elf_bounds(struct patch_elf *e, u64 va, u64 *ret_start, u64 *ret_end)
{
	struct patch_sym sym;

	if (patch_go_is(e) && !patch_go_at(e, va, &sym) && sym.size) {
		*ret_start = sym.va;
		*ret_end = sym.va + sym.size;
		return 0;
	}
	if (eh_bounds(e, va, ret_start, ret_end))
		return 0;
	if (patch_elf_at(e, va, &sym) || !sym.size)
		return -ENOENT;
	*ret_start = sym.va;
	*ret_end = sym.va + sym.size;
	return 0;
}

/* How much of the `n` bytes at `va` is padding: all of it or nothing. */
static u32 padding(const struct patch_elf *e, u64 va, u64 n)
{
	const u8 *p = n < 4096 ? patch_elf_bytes(e, va, n) : NULL;
	struct patch_insn in;

	for (u64 at = 0; p && at < n; at += in.len)
		if (patch_decode(p + at, n - at, &in) || (in.kind != PATCH_NOP && in.kind != PATCH_INT3))
			return 0;
	return p ? (u32)n : 0;
}

/* The nearest function that ends at or before `start`, and the nearest that begins at or behind `end`. */
static void neighbours(struct patch_elf *e, u64 start, u64 end, u64 *ret_before, u64 *ret_behind)
{
	struct patch_sym sym;
	u64 a, b;
	struct eh t;

	*ret_before = *ret_behind = 0;
	if (patch_go_is(e)) {
		if (!patch_go_at(e, start - 1, &sym)) /* its padding is its own there */
			*ret_before = start;
		*ret_behind = end;
		return;
	}
	if (!eh_open(e, &t) || !t.n)
		return;
	for (u64 low = 0, high = t.n, mid; low < high;) { /* the first that begins at or behind `end` */
		mid = low + (high - low) / 2;
		if (eh_start(&t, mid) < end)
			low = mid + 1;
		else
			high = mid;
		if (low == high && low < t.n && eh_range(e, &t, low, &a, &b))
			*ret_behind = a;
	}
	for (u64 low = 0, high = t.n, mid; low < high;) { /* the last that begins before `start` */
		mid = low + (high - low) / 2;
		if (eh_start(&t, mid) < start)
			low = mid + 1;
		else
			high = mid;
		if (low == high && low && eh_range(e, &t, low - 1, &a, &b) && b <= start)
			*ret_before = b;
	}
}

int patch_elf_func(struct patch_elf *e, u64 va, u64 bias, struct patch_func *ret, u32 *ret_off)
{
	u64 start, end, before, behind;
	int err = patch_elf_bounds(e, va, &start, &end);

	if (err)
		return err;
	if (end - start > (u64)S32_MAX || !patch_elf_bytes(e, start, end - start))
		return -EINVAL;
	neighbours(e, start, end, &before, &behind);
	*ret = (struct patch_func){ .code = patch_elf_bytes(e, start, end - start), .addr = start + bias, .size = (u32)(end - start) };
	if (before && before < start && start - before <= 256)
		ret->pad = padding(e, before, start - before);
	if (behind > end && behind - end <= 256)
		ret->tail = padding(e, end, behind - end);
	*ret_off = (u32)(va - start);
	return 0;
}

/* --- All code --- */

struct all {
	struct patch_text *t;
	u64 bias, at; /* behind the last function seen, an offset in the text */
	u32 kinds;
	patch_site_fn site;
	void *arg;
	u64 n;
};

static bool in_text(const struct all *a, u64 start, u64 end, u64 *ret_from, u64 *ret_to)
{
	*ret_from = start + a->bias - a->t->addr;
	*ret_to = end + a->bias - a->t->addr;
	return *ret_from < *ret_to && *ret_to <= a->t->size && *ret_from >= a->at;
}

static int scan_range(void *arg, u64 start, u64 end)
{
	struct all *a = arg;
	u64 from, to;

	if (in_text(a, start, end, &from, &to)) {
		patch_text_scan(a->t, from, to, a->kinds, a->site, a->arg);
		a->at = to;
		a->n++;
	}
	return 0;
}

/* Between functions there may be data: only what control comes to from what is known is code. */
static void scan_gap(struct all *a, u64 from, u64 to)
{
	const struct patch_text *t = a->t;
	struct patch_insn in;
	bool live = true;

	for (u64 at = from; at < to; at += in.len) {
		live |= t->targets && t->targets[at >> 3] >> (at & 7) & 1;
		if (!live || patch_decode(t->bytes + at, to - at, &in)) {
			in.len = 1;
			live = false;
			continue;
		}
		patch_text_scan(a->t, at, at + in.len, a->kinds, a->site, a->arg);
		live = in.kind != PATCH_JMP && in.kind != PATCH_JMP_IND && in.kind != PATCH_RET && in.kind != PATCH_STOP;
	}
}

static int scan_before(void *arg, u64 start, u64 end)
{
	struct all *a = arg;
	u64 from, to;

	if (in_text(a, start, end, &from, &to)) {
		scan_gap(a, a->at, from);
		a->at = to;
	}
	return 0;
}

static int range_of(void *arg, const struct patch_sym *sym) { return scan_range(arg, sym->va, sym->va + sym->size); }
static int before_of(void *arg, const struct patch_sym *sym) { return scan_before(arg, sym->va, sym->va + sym->size); }

void patch_elf_scan(struct patch_elf *e, u64 bias, struct patch_text *t, u32 kinds,
		    void (*site)(void *arg, u64 addr, const struct patch_insn *in), void *arg)
{
	struct all a = { .t = t, .bias = bias, .kinds = kinds, .site = site, .arg = arg };

	if (patch_go_is(e))
		patch_go_functions(e, range_of, &a);
	else
		patch_elf_ranges(e, scan_range, &a);
	if (!a.n) { /* nothing says where functions are */
		patch_text_scan(t, 0, t->size, kinds, site, arg);
		return;
	}
	a.at = 0;
	if (patch_go_is(e))
		patch_go_functions(e, before_of, &a);
	else
		patch_elf_ranges(e, scan_before, &a);
	scan_gap(&a, a.at, t->size);
}

/* --- Where Go's table is --- */

/* A section by either of the names the linker gives it, else nothing: stripped section headers hide it. */
bool patch_go_is(struct patch_elf *e)
{
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	Elf64_Shdr s;

	if (e->go.looked)
		return e->go.there;
	e->go.looked = true;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (!section_named(e, names[i], &s) || s.sh_type == SHT_NOBITS)
			continue;
		e->go.at = s.sh_offset;
		e->go.size = s.sh_size;
		e->go.text = section_named(e, ".text", &s) ? s.sh_addr : 0;
		e->go.there = patch_go_open(e);
		break;
	}
	return e->go.there;
}
