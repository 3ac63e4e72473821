/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions. libbpf wants typed symbols with sizes, programs that are global, and every called function in .text. Others call across
 * sections, start programs with static functions, and old compilers typed no symbol.
 *
 * A function outside of .text that is called gets a copy there, with its relocations, types and source lines. What only is called is no
 * program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "cli/elf_modern.h"

#define INSN sizeof(struct bpf_insn)

struct func {
	u32 sec, sym;        /* sym 0: none yet */
	u64 off, size;
	bool called;
	u32 copy;            /* symbol of its copy in .text, 0: none */
};

struct copied { u32 sec; u64 off, size, at; };

struct funcs {
	struct modern *m;
	struct elf_image *im;
	struct func *f;
	u32 n, cap;
	struct copied *copy;
	u32 ncopies, copycap;
	u32 text;
};

static struct func *func_at(struct funcs *fs, u32 sec, u64 off)
{
	for (u32 i = 0; i < fs->n; i++)
		if (fs->f[i].sec == sec && fs->f[i].off == off)
			return &fs->f[i];
	return NULL;
}

static struct func *func_add(struct funcs *fs, u32 sec, u64 off, u32 sym)
{
	struct func *f = func_at(fs, sec, off);

	if (f) {
		if (!f->sym)
			f->sym = sym;
		return f;
	}
	ARENA_GROW(&fs->im->a, fs->f, fs->n, fs->cap);
	f = &fs->f[fs->n++];
	*f = (struct func){ .sec = sec, .off = off, .sym = sym };
	return f;
}

static struct image_rel *rel_at(struct image_sec *s, u64 off)
{
	for (u32 i = 0; i < s->nrel; i++)
		if (s->rel[i].off == off)
			return &s->rel[i];
	return NULL;
}

/* Where the instruction at `off` of the section calls or points to, when that is a function of this object. */
static bool target_of(struct funcs *fs, u32 sec, u64 off, const struct image_rel *r, u32 *ret_sec, u64 *ret_off)
{
	const struct bpf_insn *in = &sec_insns(&fs->im->sec[sec])[off / INSN];
	bool call = in->code == (BPF_JMP | BPF_CALL) && in->src_reg == BPF_PSEUDO_CALL;
	bool load = in->code == (BPF_LD | BPF_IMM | BPF_DW);
	s64 at;

	if (r && (call || load)) {
		const Elf64_Sym *y = &fs->im->sym[r->sym].s;
		if (!y->st_shndx || y->st_shndx >= SHN_LORESERVE || !sec_is_code(&fs->im->sec[y->st_shndx]))
			return false;
		*ret_sec = y->st_shndx;
		at = (s64)y->st_value + (call ? ((s64)in->imm + 1) * (s64)INSN : in->imm);
	} else if (!r && (call || (load && in->src_reg == BPF_PSEUDO_FUNC))) {
		*ret_sec = sec;
		at = (s64)off + ((s64)in->imm + 1) * (s64)INSN;
	} else {
		return false;
	}
	if (at < 0 || at % (s64)INSN || (u64)at >= fs->im->sec[*ret_sec].size)
		return false;
	*ret_off = (u64)at;
	return true;
}

/* Relocations in order of their places, so that a walk over the instructions meets them one by one. */
static int by_off(const void *a, const void *b)
{
	const struct image_rel *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

static void find_called(struct funcs *fs, u32 sec)
{
	struct image_sec *s = &fs->im->sec[sec];
	u32 next = 0, to;
	u64 at;

	if (s->nrel)
		qsort(s->rel, s->nrel, sizeof(*s->rel), by_off);
	for (u64 off = 0; off + INSN <= s->size; off += INSN) {
		const struct image_rel *r;

		while (next < s->nrel && s->rel[next].off < off)
			next++;
		r = next < s->nrel && s->rel[next].off == off ? &s->rel[next] : NULL;
		if (target_of(fs, sec, off, r, &to, &at))
			func_add(fs, to, at, 0)->called = true;
		if (sec_insns(s)[off / INSN].code == (BPF_LD | BPF_IMM | BPF_DW))
			off += INSN;
	}
}

/* Functions by their symbols: typed ones, and global ones that an old compiler left without a type. */
static void find_named(struct funcs *fs)
{
	for (u32 i = 1; i < fs->im->nsym; i++) {
		struct image_sym *y = &fs->im->sym[i];
		u8 type = ELF64_ST_TYPE(y->s.st_info), bind = ELF64_ST_BIND(y->s.st_info);

		if (!y->s.st_shndx || y->s.st_shndx >= SHN_LORESERVE || !sec_is_code(&fs->im->sec[y->s.st_shndx]) ||
		    y->s.st_value >= fs->im->sec[y->s.st_shndx].size || y->s.st_value % INSN)
			continue;
		if (type == STT_NOTYPE && bind != STB_LOCAL && *y->name) {
			y->s.st_info = (u8)ELF64_ST_INFO(bind, STT_FUNC);
			fs->im->changed = true;
		} else if (type != STT_FUNC) {
			continue;
		}
		func_add(fs, y->s.st_shndx, y->s.st_value, i);
	}
}

/* A name for a function that no symbol names: a label there, else its section's name and place. */
static u32 name_func(struct funcs *fs, const struct func *f)
{
	char name[128];
	size_t n;

	for (u32 i = 1; i < fs->im->nsym; i++) {
		struct image_sym *y = &fs->im->sym[i];
		if (y->s.st_shndx == f->sec && y->s.st_value == f->off && ELF64_ST_TYPE(y->s.st_info) == STT_NOTYPE && *y->name &&
		    strncmp(y->name, "LBB", 3) && y->name[0] != '.') {
			y->s.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
			fs->im->changed = true;
			return i;
		}
	}
	snprintf(name, sizeof(name), f->off ? "%s_%llu" : "%s", fs->im->sec[f->sec].name, (unsigned long long)f->off / INSN);
	n = strlen(name);
	for (size_t i = 0; i < n; i++)
		if (strchr("./-+ ?", name[i]))
			name[i] = '_';
	return image_add_sym(fs->im, name, f->sec, f->off, 0, ELF64_ST_INFO(STB_LOCAL, STT_FUNC));
}

static int by_place(const void *a, const void *b)
{
	const struct func *x = a, *y = b;

	return x->sec != y->sec ? (x->sec < y->sec ? -1 : 1) : x->off < y->off ? -1 : x->off > y->off;
}

static void find_all(struct funcs *fs)
{
	find_named(fs);
	for (u32 i = 1; i < fs->im->nsec; i++)
		if (sec_is_code(&fs->im->sec[i]))
			find_called(fs, i);
	for (u32 i = 1; i < fs->im->nsec; i++) {
		bool any = false;
		for (u32 k = 0; k < fs->n; k++)
			any |= fs->f[k].sec == i;
		if (!any && sec_is_code(&fs->im->sec[i]))
			func_add(fs, i, 0, 0);
	}
	if (fs->n)
		qsort(fs->f, fs->n, sizeof(*fs->f), by_place);
	for (u32 k = 0; k < fs->n; k++) {
		struct func *f = &fs->f[k];
		u64 end = k + 1 < fs->n && f[1].sec == f->sec ? f[1].off : fs->im->sec[f->sec].size;
		Elf64_Sym *y;

		if (!f->sym)
			f->sym = name_func(fs, f);
		y = &fs->im->sym[f->sym].s;
		if (!y->st_size || y->st_size > end - f->off) {
			y->st_size = end - f->off;
			fs->im->changed = true;
		}
		f->size = y->st_size;
	}
}

/* ---- copies in .text ---- */
static u32 copy_func(struct funcs *fs, u32 sec, u64 off);

/* Calls of the function at [off, off + size) of `sec`, which was read from `origin`: to a copy when they go outside of .text. */
static void fix_calls(struct funcs *fs, u32 sec, u64 off, u64 size, u32 origin, u64 origin_off)
{
	for (u64 at = 0; at + INSN <= size; at += INSN) {
		struct bpf_insn *in = &sec_insns(&fs->im->sec[sec])[(off + at) / INSN];
		bool wide = in->code == (BPF_LD | BPF_IMM | BPF_DW);
		struct image_rel *r;
		u32 to, copy;
		u64 to_off;

		if (!wide && (in->code != (BPF_JMP | BPF_CALL) || in->src_reg != BPF_PSEUDO_CALL))
			continue;
		r = rel_at(&fs->im->sec[sec], off + at);
		if (target_of(fs, origin, origin_off + at, rel_at(&fs->im->sec[origin], origin_off + at), &to, &to_off) &&
		    (to != fs->text || (!r && origin != sec))) {
			copy = to == fs->text ? func_at(fs, to, to_off)->sym : copy_func(fs, to, to_off);
			r = rel_at(&fs->im->sec[sec], off + at); /* lists have moved */
			if (r)
				r->sym = copy;
			else
				image_add_rel(fs->im, sec, off + at, copy, wide ? 1 : 10); /* R_BPF_64_64, R_BPF_64_32 */
			in = &sec_insns(&fs->im->sec[sec])[(off + at) / INSN];
			in->imm = wide ? 0 : -1;
			fs->im->changed = true;
		}
		at += wide ? INSN : 0;
	}
}

static u32 copy_func(struct funcs *fs, u32 sec, u64 off)
{
	struct func *f = func_at(fs, sec, off);
	u32 index = (u32)(f - fs->f), copy;
	u64 size = f->size, at;

	if (f->copy)
		return f->copy;
	if (!fs->text)
		fs->text = image_add_sec(fs->im, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR);
	at = image_append(fs->im, fs->text, fs->im->sec[sec].data + off, size);
	copy = image_add_sym(fs->im, fs->im->sym[f->sym].name, fs->text, at, size, ELF64_ST_INFO(STB_LOCAL, STT_FUNC));
	fs->f[index].copy = copy;
	ARENA_GROW(&fs->im->a, fs->copy, fs->ncopies, fs->copycap);
	fs->copy[fs->ncopies++] = (struct copied){ .sec = sec, .off = off, .size = size, .at = at };
	for (u32 i = 0; i < fs->im->sec[sec].nrel; i++) {
		struct image_rel r = fs->im->sec[sec].rel[i];
		if (r.off >= off && r.off < off + size)
			image_add_rel(fs->im, fs->text, at + (r.off - off), r.sym, r.type);
	}
	fix_calls(fs, fs->text, at, size, sec, off);
	return copy;
}

/* ---- types and source lines of the copies ---- */
struct ext_part { u32 off, len; };

static u32 word(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

struct bytes { u8 *p; u32 n, cap; };

static void add_bytes(struct elf_image *im, struct bytes *b, const void *p, u32 n)
{
	if (!n)
		return;
	ARENA_GROW(&im->a, b->p, b->n + n - 1, b->cap);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* One part (functions, lines, relocations): blocks of records by section. The copies' records go behind those of .text. */
static void extend_part(struct funcs *fs, const u8 *p, u32 len, struct bytes *out, u32 text_name)
{
	struct bytes text = { .p = NULL };
	u32 rec;

	if (len < 4)
		return;
	rec = word(p);
	if (rec < 4 || rec > 256)
		return;
	add_bytes(fs->im, out, p, 4);
	for (u32 c = 0; c <= fs->ncopies; c++) { /* first what .text has, then each copy's */
		for (u32 at = 4; at + 8 <= len; at += 8 + rec * word(p + at + 4)) {
			u32 n = word(p + at + 4);
			const char *sec = btf__name_by_offset(fs->m->btf, word(p + at));
			bool is_text = sec && !strcmp(sec, ".text");

			if (n > (len - at - 8) / rec)
				return;
			if (!c && is_text) {
				add_bytes(fs->im, &text, p + at + 8, n * rec);
			} else if (!c) {
				add_bytes(fs->im, out, p + at, 8 + n * rec);
			} else if (sec && !strcmp(sec, fs->im->sec[fs->copy[c - 1].sec].name)) {
				const struct copied *k = &fs->copy[c - 1];
				for (u32 i = 0; i < n; i++) {
					const u8 *r = p + at + 8 + i * rec;
					u32 off = word(r);

					if (off < k->off || off >= k->off + k->size)
						continue;
					add_bytes(fs->im, &text, r, rec);
					off = (u32)(off - k->off + k->at);
					memcpy(text.p + text.n - rec, &off, sizeof(off));
				}
			}
		}
	}
	if (text.n) {
		u32 head[2] = { text_name, text.n / rec };
		add_bytes(fs->im, out, head, sizeof(head));
		add_bytes(fs->im, out, text.p, text.n);
	}
}

static void extend_btf_ext(struct funcs *fs)
{
	u32 ext = image_find(fs->im, ".BTF.ext"), hdr, name;
	struct image_sec *s = &fs->im->sec[ext];
	struct bytes out = { .p = NULL };
	int str;
	u8 *p;

	if (!ext || !fs->m->btf || s->size < 24)
		return;
	hdr = word(s->data + 4);
	if (hdr < 24 || hdr > s->size || hdr > 256)
		return;
	str = btf__add_str(fs->m->btf, ".text");
	if (str < 0)
		return;
	fs->m->btf_changed = true;
	name = (u32)str;
	add_bytes(fs->im, &out, s->data, hdr);
	for (u32 k = 0; k < 3 && 8 + 8 * (k + 1) <= hdr; k++) {
		u32 off = word(s->data + 8 + 8 * k), len = word(s->data + 12 + 8 * k), start = out.n;

		if ((u64)hdr + off + len > s->size)
			return;
		extend_part(fs, s->data + hdr + off, len, &out, name);
		off = start - hdr;
		len = out.n - start;
		p = out.p + 8 + 8 * k;
		memcpy(p, &off, 4);
		memcpy(p + 4, &len, 4);
	}
	s->data = out.p;
	s->size = out.n;
}

void modern_funcs(struct modern *m)
{
	struct funcs fs = { .m = m, .im = &m->im, .text = image_find(&m->im, ".text") };
	u32 n;

	find_all(&fs);
	n = fs.n;
	for (u32 i = 0; i < n; i++) {
		struct func *f = &fs.f[i];
		/* what only is called was copied and is no program */
		if (f->sec == fs.text || !f->called || ELF64_ST_BIND(m->im.sym[f->sym].s.st_info) != STB_LOCAL)
			fix_calls(&fs, f->sec, f->off, f->size, f->sec, f->off);
	}
	for (u32 i = 0; i < n; i++) {
		struct func *f = &fs.f[i];
		Elf64_Sym *y = &m->im.sym[f->sym].s;

		if (f->sec == fs.text || ELF64_ST_BIND(y->st_info) != STB_LOCAL)
			continue;
		y->st_info = f->called ? ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE) : ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
		m->im.changed = true;
	}
	if (fs.ncopies)
		extend_btf_ext(&fs);
}

/* ---- handlers of exceptions ---- */
/* Room for `n` instructions at the start of a function: what is behind it in the section moves. */
static void make_room(struct modern *m, u32 sec, u64 off, u32 n)
{
	struct image_sec *s = &m->im.sec[sec];
	u32 ext = image_find(&m->im, ".BTF.ext"), hdr;
	u64 by = n * INSN;
	u8 *grown = arena_alloc(&m->im.a, s->size + by);

	memcpy(grown, s->data, off);
	memcpy(grown + off + by, s->data + off, s->size - off);
	s->data = grown;
	s->size += by;
	for (u32 i = 0; i < s->nrel; i++)
		s->rel[i].off += s->rel[i].off >= off ? by : 0;
	for (u32 i = 1; i < m->im.nsym; i++) {
		Elf64_Sym *y = &m->im.sym[i].s;
		if (y->st_shndx == sec && y->st_value > off)
			y->st_value += by;
		else if (y->st_shndx == sec && y->st_value == off && ELF64_ST_TYPE(y->st_info) == STT_FUNC)
			y->st_size += by;
	}
	m->im.changed = true;
	s = &m->im.sec[ext];
	if (!ext || s->size < 24)
		return;
	hdr = word(s->data + 4);
	for (u32 k = 0; k < 3 && hdr <= s->size && 8 + 8 * (k + 1) <= hdr; k++) {
		u32 part = word(s->data + 8 + 8 * k), len = word(s->data + 12 + 8 * k), rec, count;
		const char *name;

		if ((u64)hdr + part + len > s->size || len < 4)
			continue;
		rec = word(s->data + hdr + part);
		for (u64 at = 4; rec >= 4 && at + 8 <= len; at += 8 + (u64)rec * count) {
			u8 *p = s->data + hdr + part + at;

			count = word(p + 4);
			name = btf__name_by_offset(m->btf, word(p));
			if (!name || strcmp(name, m->im.sec[sec].name) != 0 || count > (len - at - 8) / rec)
				continue;
			for (u32 i = 0; i < count; i++) {
				u32 o = word(p + 8 + i * rec);
				if (o < off || (o == off && k < 2)) /* the function and its first line stay */
					continue;
				o += (u32)by;
				memcpy(p + 8 + i * rec, &o, 4);
			}
		}
	}
}

static u32 function_named(const struct elf_image *im, const char *name, bool in_text)
{
	for (u32 i = 1; i < im->nsym; i++) {
		const Elf64_Sym *y = &im->sym[i].s;
		if (ELF64_ST_TYPE(y->st_info) == STT_FUNC && y->st_shndx && y->st_shndx < im->nsec &&
		    !strcmp(im->sym[i].name, name) && !strcmp(im->sec[y->st_shndx].name, ".text") == in_text)
			return i;
	}
	return 0;
}

/* r0 = 0; if r0 == 0 goto past it; r0 = the handler */
static void refer_to(struct modern *m, u32 prog, u32 handler)
{
	const struct bpf_insn in[4] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_JEQ | BPF_K, .off = 2 },
					{ .code = BPF_LD | BPF_IMM | BPF_DW } };
	u32 sec = m->im.sym[prog].s.st_shndx;
	u64 off = m->im.sym[prog].s.st_value;

	make_room(m, sec, off, ARRAY_SIZE(in));
	memcpy(m->im.sec[sec].data + off, in, sizeof(in));
	image_add_rel(&m->im, sec, off + 2 * INSN, handler, 1);
}

void modern_exceptions(struct modern *m)
{
	static const char tag[] = "exception_callback:";
	u32 n = m->btf ? btf__type_cnt(m->btf) : 0;

	for (u32 id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(m->btf, id), *f;
		const char *name = btf__name_by_offset(m->btf, t->name_off);
		u32 prog, handler;

		if (!btf_is_decl_tag(t) || strncmp(name, tag, sizeof(tag) - 1) != 0)
			continue;
		f = btf__type_by_id(m->btf, t->type);
		if (!f || !btf_is_func(f))
			continue;
		prog = function_named(&m->im, btf__name_by_offset(m->btf, f->name_off), false);
		handler = function_named(&m->im, name + sizeof(tag) - 1, true);
		if (prog && handler)
			refer_to(m, prog, handler);
	}
}
