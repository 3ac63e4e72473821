/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disassembler's text back to code: every row of insn.def is tried on every line.
 *
 * Invariant: the assembler knows no instruction. A line is accepted when a row's text matches it and what comes out
 * decodes to that row, so what it writes is always well formed.
 */
#include "isa/isa.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

struct label {
	char *name; /* owned */
	u32 at;
};

/* A distance that waits for its label. */
struct fixup {
	u32 insn, line, label;
	bool in_imm;
};

struct assembler {
	const struct asm_opts *opts;
	struct bpf_insn *insns; /* owned until handed out */
	u32 n, cap;
	struct label *labels;
	u32 nlabels, cap_labels;
	struct fixup *fixups;
	u32 nfixups, cap_fixups;
	u32 line;
	bool no_memory;
	const char *hint; /* why the most promising row failed, or NULL */
};

/* What a text matched so far. */
struct match {
	const char *p; /* rest of the line */
	const struct op_info *row;
	struct bpf_insn in[2];
	bool have_dst, have_src;
	s32 label; /* index of the label that the distance leads to, or -1 */
};

/* Room for one more element; on failure notes it and returns false. */
static bool grow(struct assembler *a, void **array, u32 n, u32 *cap, size_t elem)
{
	u32 want = *cap ? *cap * 2 : 32;
	void *p;

	if (n < *cap)
		return true;
	p = realloc(*array, want * elem);
	if (!p) {
		a->no_memory = true;
		return false;
	}
	*array = p;
	*cap = want;
	return true;
}

static const char *skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static size_t word_len(const char *p)
{
	size_t n = 0;

	if (isdigit((unsigned char)*p))
		return 0;
	while (is_word(p[n]))
		n++;
	return n;
}

static s32 find_label(const struct assembler *a, const char *name, size_t len)
{
	for (u32 i = 0; i < a->nlabels; i++)
		if (strlen(a->labels[i].name) == len && !memcmp(a->labels[i].name, name, len))
			return (s32)i;
	return -1;
}

/* A number with optional sign (blanks may follow it), decimal or 0x; the whole 64 bits are allowed. */
static bool number(const char **pp, s64 *ret_value, bool *ret_hex)
{
	const char *p = skip_space(*pp);
	bool minus = *p == '-';
	unsigned long long v;
	char *end;

	if (*p == '-' || *p == '+')
		p = skip_space(p + 1);
	if (!isdigit((unsigned char)*p))
		return false;
	*ret_hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	errno = 0;
	v = strtoull(p, &end, *ret_hex ? 16 : 10);
	if (errno || (minus && v > 1ull << 63) || (is_word(*end) && strncmp(end, "ll", 2)))
		return false;
	*ret_value = (s64)(minus ? 0 - v : v);
	*pp = end;
	return true;
}

static bool fail(struct assembler *a, const char *hint)
{
	a->hint = hint;
	return false;
}

/*
 * A 32-bit immediate. A 64-bit operation sign-extends it, so 0x80000000 and up would not be what was written; except in
 * comparisons, whose text shows the 32 bits of the encoding.
 */
static bool match_imm(struct assembler *a, struct match *m, bool raw)
{
	bool hex, wide;
	s64 v;

	if (!number(&m->p, &v, &hex))
		return false;
	wide = m->row->width == 32 || m->row->cls == IC_ST || m->row->cls == IC_LDABS || m->row->cls == IC_LDIND ||
	       (raw && hex);
	if (v < S32_MIN || v > (wide ? (s64)U32_MAX : (s64)S32_MAX))
		return fail(a, "the number does not fit 32 bits");
	m->in[0].imm = s32_of((u64)v);
	return true;
}

static bool match_reg(struct assembler *a, struct match *m, bool dst)
{
	char *end;
	unsigned long reg;
	bool *have = dst ? &m->have_dst : &m->have_src;

	if (!isdigit((unsigned char)*m->p))
		return false;
	reg = strtoul(m->p, &end, 10);
	if (is_word(*end))
		return false;
	if (reg > BPF_REG_10)
		return fail(a, "there is no register beyond r10");
	if (*have && reg != (dst ? m->in[0].dst_reg : m->in[0].src_reg))
		return fail(a, "both registers must be the same");
	*have = true;
	if (dst)
		m->in[0].dst_reg = (u8)(reg & 15);
	else
		m->in[0].src_reg = (u8)(reg & 15);
	m->p = end;
	return true;
}

static bool match_off(struct assembler *a, struct match *m)
{
	const char *p = skip_space(m->p);
	bool hex;
	s64 v;

	if (*p != '+' && *p != '-') /* "(r1)" is "(r1 +0)" */
		return true;
	if (!number(&m->p, &v, &hex))
		return false;
	if (v < INT16_MIN || v > INT16_MAX)
		return fail(a, "the offset does not fit 16 bits");
	m->in[0].off = (s16)v;
	return true;
}

static bool set_distance(struct assembler *a, struct match *m, s64 v, bool in_imm)
{
	if (in_imm ? v != (s32)v : v != (s16)v)
		return fail(a, "the target is too far away");
	if (in_imm)
		m->in[0].imm = (s32)v;
	else
		m->in[0].off = (s16)v;
	return true;
}

/* "pc+3", "+3", or a label. */
static bool match_target(struct assembler *a, struct match *m, bool in_imm)
{
	const char *p = skip_space(m->p);
	size_t len;
	bool hex;
	s64 v;

	if (p[0] == 'p' && p[1] == 'c' && !is_word(p[2]))
		p = skip_space(p + 2);
	if (*p == '+' || *p == '-') {
		m->p = p;
		return number(&m->p, &v, &hex) && set_distance(a, m, v, in_imm);
	}
	len = word_len(p);
	if (!len)
		return false;
	m->label = find_label(a, p, len);
	if (m->label < 0)
		return fail(a, m->row->cls == IC_CALL_SUB ? "there is no helper and no label of that name" :
							    "there is no label of that name");
	m->p = p + len;
	return true;
}

/* Number of the helper with that name, or -1. */
static int helper_by_name(const struct assembler *a, const char *name, size_t len)
{
	char buf[64];

	if (!a->opts || !a->opts->helper_id)
		return -1;
	if (len > 4 && !memcmp(name, "bpf_", 4)) {
		name += 4;
		len -= 4;
	}
	if (len >= sizeof(buf))
		return -1;
	memcpy(buf, name, len);
	buf[len] = '\0';
	return a->opts->helper_id(a->opts->cookie, buf);
}

/* "5", "NAME", "NAME#5"; a name that is no helper but has a number is a kernel function. */
static bool match_callee(struct assembler *a, struct match *m)
{
	bool kfunc_row = m->row->cls == IC_CALL_KFUNC, hex, has_id, kfunc;
	const char *name = skip_space(m->p);
	size_t len = word_len(name);
	s64 id = 0;
	int helper;

	if (len == 6 && !memcmp(name, "kernel", 6) && !strncmp(name + 6, "-function", 9))
		len = 15;
	m->p = name + len;
	if (!len) {
		if (kfunc_row || !number(&m->p, &id, &hex) || id != (s32)id)
			return false;
		m->in[0].imm = (s32)id;
		return true;
	}
	has_id = *m->p == '#';
	if (has_id) {
		m->p++;
		if (!number(&m->p, &id, &hex) || id != (s32)id)
			return false;
	} else if (find_label(a, name, len) >= 0) {
		return false;
	}
	helper = len == 15 && name[6] == '-' ? -1 : helper_by_name(a, name, len);
	kfunc = has_id && helper < 0 && (len != 7 || memcmp(name, "unknown", 7)) &&
		(len == 15 || (a->opts && a->opts->helper_id));
	if (kfunc != kfunc_row || (!has_id && helper < 0))
		return false;
	m->in[0].imm = helper >= 0 ? helper : (s32)id;
	return true;
}

/* The literal text, blanks aside. */
static bool literal(struct match *m, const char *text)
{
	const char *p = skip_space(m->p);

	if (strncmp(p, text, strlen(text)))
		return false;
	m->p = p + strlen(text);
	return true;
}

static bool literal_s32(struct match *m, const char *text, s32 *ret)
{
	bool hex;
	s64 v;

	if (!literal(m, text) || !number(&m->p, &v, &hex) || v != (s32)v)
		return false;
	*ret = (s32)v;
	return true;
}

/* "map[fd:3]", "map[idx:3]" or "map[NAME]", and for a value "[0]+OFF" behind it. */
static bool match_map(struct assembler *a, struct match *m, bool by_index, bool value)
{
	bool hex;
	s64 off = 0;

	if (by_index) {
		if (!literal_s32(m, "map[idx:", &m->in[0].imm))
			return false;
	} else if (!literal_s32(m, "map[fd:", &m->in[0].imm)) {
		char name[64];
		size_t len;
		int fd;

		if (!literal(m, "map["))
			return false;
		len = word_len(m->p);
		if (!len || len >= sizeof(name) || m->p[len] != ']')
			return false;
		memcpy(name, m->p, len);
		name[len] = '\0';
		fd = a->opts && a->opts->map_fd ? a->opts->map_fd(a->opts->cookie, name) : -1;
		if (fd < 0)
			return fail(a, "there is no map of that name");
		m->in[0].imm = fd;
		m->p += len;
	}
	if (!literal(m, "]"))
		return false;
	if (!value)
		return true;
	if (!literal(m, "[0]"))
		return false;
	if (*skip_space(m->p) && (!number(&m->p, &off, &hex) || off < 0 || off > (s64)U32_MAX))
		return false;
	m->in[1].imm = s32_of((u64)off);
	return true;
}

static bool match_subprog(struct assembler *a, struct match *m)
{
	return literal(m, "subprog[") && match_target(a, m, true) && literal(m, "]");
}

static bool match_imm64(struct assembler *a, struct match *m)
{
	bool hex;
	s64 v;

	switch ((enum imm64_kind)m->row->sub) {
	case IMM64_CONST:
		if (!number(&m->p, &v, &hex))
			return false;
		if (!literal(m, "ll"))
			m->p = skip_space(m->p);
		m->in[0].imm = s32_of((u64)v);
		m->in[1].imm = s32_of((u64)v >> 32);
		return true;
	case IMM64_MAP_FD:
	case IMM64_MAP_VALUE:
		return match_map(a, m, false, m->row->sub == IMM64_MAP_VALUE);
	case IMM64_MAP_IDX:
	case IMM64_MAP_IDX_VALUE:
		return match_map(a, m, true, m->row->sub == IMM64_MAP_IDX_VALUE);
	case IMM64_FUNC:
		return match_subprog(a, m);
	case IMM64_BTF_ID:
		if (!literal_s32(m, "btf[id:", &m->in[0].imm))
			return false;
		if (*skip_space(m->p) == ',' && !literal_s32(m, ",fd:", &m->in[1].imm))
			return false;
		return literal(m, "]");
	}
	return false;
}

static bool match_spaces(struct match *m)
{
	bool hex;
	s64 to, from;

	if (!number(&m->p, &to, &hex) || !literal(m, ",") || !number(&m->p, &from, &hex))
		return false;
	m->in[0].imm = s32_of((u64)to << 16 | ((u64)from & 0xffff));
	return to >= 0 && to <= 0xffff && from >= 0 && from <= 0xffff;
}

static bool match_operand(struct assembler *a, struct match *m, char what)
{
	switch (what) {
	case 'd':
	case 's':
		return match_reg(a, m, what == 'd');
	case 'i':
	case 'x':
		return match_imm(a, m, what == 'x');
	case 'o':
		return match_off(a, m);
	case 'j':
	case 'k':
		return match_target(a, m, what == 'k');
	case 'a':
		return match_spaces(m);
	case 'c':
		return match_callee(a, m);
	case 'l':
		return match_imm64(a, m);
	default:
		m->p = skip_space(m->p);
		return *m->p++ == what;
	}
}

/* The row's text against the line. Blanks are free, except inside words. */
static bool match_row(struct assembler *a, struct match *m)
{
	for (const char *t = m->row->text; *t; t++) {
		bool in_word = t > m->row->text && is_word(t[-1]) && is_word(*t);

		if (*t == ' ')
			continue;
		if (!strncmp(t, "pc%", 3)) { /* "pc" is left to match_target(): a label stands alone */
			t++;
			continue;
		}
		if (*t == '%') {
			if (!match_operand(a, m, *++t))
				return false;
			continue;
		}
		if (!in_word)
			m->p = skip_space(m->p);
		if (*m->p != *t)
			return false;
		m->p++;
	}
	return !*skip_space(m->p);
}

/* Fields that the text does not show hold the value that the row demands. */
static void fill_fixed(struct match *m)
{
	const struct op_info *x = m->row;

	m->in[0].code = x->code;
	if (x->src.kind == FK_IS)
		m->in[0].src_reg = (u8)(x->src.want & 15);
	if (x->off.kind == FK_IS)
		m->in[0].off = (s16)x->off.want;
	if (x->imm.kind == FK_IS && !strstr(x->text, "%i") && !strstr(x->text, "%a"))
		m->in[0].imm = x->imm.want;
}

static bool emit(struct assembler *a, const struct match *m)
{
	u32 slots = m->row->cls == IC_LDIMM64 ? 2 : 1;

	for (u32 i = 0; i < slots; i++) {
		if (!grow(a, (void **)&a->insns, a->n, &a->cap, sizeof(*a->insns)))
			return false;
		a->insns[a->n++] = m->in[i];
	}
	if (m->label < 0)
		return true;
	if (!grow(a, (void **)&a->fixups, a->nfixups, &a->cap_fixups, sizeof(*a->fixups)))
		return false;
	a->fixups[a->nfixups++] = (struct fixup){
		.insn = a->n - slots, .line = a->line, .label = (u32)m->label,
		.in_imm = m->row->cls == IC_CALL_SUB || m->row->cls == IC_LDIMM64 || m->row - op_info == OP_JA32,
	};
	return true;
}

/* "(b7)" before the instruction picks the opcode byte; -1 when there is none. */
static int opcode_prefix(const char **pp)
{
	const char *p = *pp;
	char *end;
	unsigned long v;

	if (p[0] != '(' || !isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]) || p[3] != ')')
		return -1;
	v = strtoul(p + 1, &end, 16);
	*pp = skip_space(end + 1);
	return (int)v;
}

static bool assemble_line(struct assembler *a, const char *text)
{
	int code = opcode_prefix(&text);
	struct ins ins;

	a->hint = NULL;
	for (u16 op = 0; op < OP_COUNT; op++) {
		struct match m = { .p = text, .row = &op_info[op], .label = -1 };

		if (m.row->internal || !*m.row->text || (code >= 0 && m.row->code != code))
			continue;
		if (!match_row(a, &m))
			continue;
		fill_fixed(&m);
		if (isa_decode_one(m.in, 2, 0, &ins) == DE_OK && ins.op == op)
			return emit(a, &m);
	}
	if (!a->hint)
		a->hint = "no such instruction";
	return false;
}

/*
 * Cuts the line at a comment. ';' always begins one, '#' only at the start of a word: "call NAME#5" has none.
 * Returns the length without trailing blanks.
 */
static size_t code_len(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool begins = !i || line[i - 1] == ' ' || line[i - 1] == '\t' || line[i - 1] == ':';

		if (line[i] == ';' || (line[i] == '#' && begins) || (line[i] == '/' && line[i + 1] == '/'))
			len = i;
	}
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	return len;
}

/* Length of "NAME:" or "12:" (an index as dumps show it) at the start, without the colon; 0 when there is none. */
static size_t label_len(const char *p)
{
	size_t n = 0;

	while (is_word(p[n]))
		n++;
	return p[n] == ':' ? n : 0;
}

static int add_label(struct assembler *a, const char *name, size_t len, const char **ret_why)
{
	if (isdigit((unsigned char)*name))
		return 0;
	if (find_label(a, name, len) >= 0) {
		*ret_why = "label defined twice";
		return -EINVAL;
	}
	if (!grow(a, (void **)&a->labels, a->nlabels, &a->cap_labels, sizeof(*a->labels)))
		return -ENOMEM;
	a->labels[a->nlabels].name = strndup(name, len);
	if (!a->labels[a->nlabels].name)
		return -ENOMEM;
	a->labels[a->nlabels++].at = 0;
	return 0;
}

/* One line in either pass: labels are declared in the first, placed in the second, which also assembles. */
static int do_line(struct assembler *a, char *line, bool declare, const char **ret_why)
{
	size_t len;
	int err;

	line = (char *)(uintptr_t)skip_space(line);
	while ((len = label_len(line))) {
		if (declare) {
			err = add_label(a, line, len, ret_why);
			if (err)
				return err;
		} else if (find_label(a, line, len) >= 0) {
			a->labels[find_label(a, line, len)].at = a->n;
		}
		line = (char *)(uintptr_t)skip_space(line + len + 1);
	}
	if (declare || !*line)
		return 0;
	if (assemble_line(a, line))
		return 0;
	if (a->no_memory)
		return -ENOMEM;
	*ret_why = a->hint;
	return -EINVAL;
}

static int do_lines(struct assembler *a, const char *text, bool declare, const char **ret_why)
{
	int err = 0;

	a->line = 0;
	while (*text && !err) {
		size_t len = strcspn(text, "\n");
		char *line = strndup(text, code_len(text, len));

		if (!line)
			return -ENOMEM;
		a->line++;
		err = do_line(a, line, declare, ret_why);
		free(line);
		text += len + (text[len] == '\n');
	}
	return err;
}

static int patch_labels(struct assembler *a, const char **ret_why)
{
	for (u32 i = 0; i < a->nfixups; i++) {
		const struct fixup *f = &a->fixups[i];
		s64 distance = (s64)a->labels[f->label].at - f->insn - 1;

		if (f->in_imm) {
			a->insns[f->insn].imm = (s32)distance;
		} else if (distance == (s16)distance) {
			a->insns[f->insn].off = (s16)distance;
		} else {
			a->line = f->line;
			*ret_why = "the target is too far away";
			return -EINVAL;
		}
	}
	return 0;
}

int isa_asm(const char *text, const struct asm_opts *opts, struct bpf_insn **ret_insns, char **ret_err)
{
	struct assembler a = { .opts = opts };
	const char *why = NULL;
	int err;

	err = do_lines(&a, text, true, &why);
	if (!err)
		err = do_lines(&a, text, false, &why);
	if (!err)
		err = patch_labels(&a, &why);
	for (u32 i = 0; i < a.nlabels; i++)
		free(a.labels[i].name);
	free(a.labels);
	free(a.fixups);
	if (!err) {
		*ret_insns = a.insns;
		return (int)a.n;
	}
	free(a.insns);
	if (err == -EINVAL && asprintf(ret_err, "line %u: %s", a.line, why) < 0)
		return -ENOMEM;
	return err;
}
