/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions as text, exactly as Linux prints them in verifier logs.
 *
 * Invariant: all texts are in insn.def; this file only fills in operands. What a lax decode could not give a meaning
 * prints as Linux prints it.
 */
#include "isa/isa.h"

#include <stdio.h>

#include "base/str.h"

static void put_callee(struct str *out, const struct ins *i, const struct disasm_names *names)
{
	const char *name = names && names->call ? names->call(names->cookie, i) : NULL;

	if (i->op == OP_CALL_KFUNC)
		name = name ? name : "kernel-function";
	else if (!name || i->src)
		name = "unknown";
	str_printf(out, "%s#%d", name, i->imm);
}

static void put_imm64(struct str *out, const struct ins *i, const struct disasm_names *names)
{
	const char *text = names && names->imm64 ? names->imm64(names->cookie, i) : NULL;

	if (text)
		str_puts(out, text);
	else
		str_printf(out, "0x%llx", (unsigned long long)(i->op == OP_LDIMM64_FUNC ? (u32)i->imm : i->imm64));
}

static void put_operand(struct str *out, char what, const struct ins *i, const struct disasm_names *names)
{
	switch (what) {
	case 'd':
		str_printf(out, "%d", i->dst);
		break;
	case 's':
		str_printf(out, "%d", i->src);
		break;
	case 'i':
		str_printf(out, "%d", i->imm);
		break;
	case 'x':
		str_printf(out, "0x%x", (u32)i->imm);
		break;
	case 'o':
	case 'j':
		str_printf(out, "%+d", i->off);
		break;
	case 'k':
		str_printf(out, "%+d", i->imm);
		break;
	case 'a':
		str_printf(out, "%u, %u", (u32)i->imm >> 16, (u32)i->imm & 0xffff);
		break;
	case 'c':
		put_callee(out, i, names);
		break;
	case 'l':
		put_imm64(out, i, names);
		break;
	default:
		str_putc(out, what);
	}
}

/* An atomic operation whose imm names none; only a lax decode lets it through. */
static bool is_unknown_atomic(const struct op_info *x, const struct ins *i)
{
	return (x->cls == IC_ATOMIC || x->cls == IC_LOAD_ACQ || x->cls == IC_STORE_REL) && i->imm != x->imm.want;
}

void isa_disasm(struct str *out, const struct ins *i, u32 index, const struct disasm_names *names)
{
	const struct op_info *x = ins_info(i);

	(void)index; /* Linux prints distances, not targets; kept for texts that name the target */
	if (is_unknown_atomic(x, i)) {
		str_printf(out, "BUG_%02x", x->code);
		return;
	}
	if (!x->internal)
		str_printf(out, "(%02x) ", x->code);
	for (const char *t = x->text; *t; t++) {
		if (*t != '%')
			str_putc(out, *t);
		else
			put_operand(out, *++t, i, names);
	}
}

/* The forms that the assembler takes back. */
static const char *asm_imm64(void *cookie, const struct ins *i)
{
	static __thread char buf[64];
	s32 lo = i->imm;
	u32 hi = (u32)(i->imm64 >> 32);

	(void)cookie;
	switch ((enum imm64_kind)op_info[i->op].sub) {
	case IMM64_MAP_FD:
		snprintf(buf, sizeof(buf), "map[fd:%d]", lo);
		return buf;
	case IMM64_MAP_VALUE:
		snprintf(buf, sizeof(buf), "map[fd:%d][0]+%u", lo, hi);
		return buf;
	case IMM64_MAP_IDX:
		snprintf(buf, sizeof(buf), "map[idx:%d]", lo);
		return buf;
	case IMM64_MAP_IDX_VALUE:
		snprintf(buf, sizeof(buf), "map[idx:%d][0]+%u", lo, hi);
		return buf;
	case IMM64_FUNC:
		snprintf(buf, sizeof(buf), "subprog[%+d]", lo);
		return buf;
	case IMM64_BTF_ID:
		snprintf(buf, sizeof(buf), "btf[id:%d,fd:%d]", lo, (s32)hi);
		return buf;
	case IMM64_CONST:
		break;
	}
	return NULL;
}

const struct disasm_names isa_asm_names = { .imm64 = asm_imm64 };
