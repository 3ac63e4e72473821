/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words: abstract values and whole reports as people and programs read them.
 *
 * Invariant: nothing here is part of a verdict.
 */
#include <stdio.h>
#include <stdlib.h>

#include "verifier/explain_priv.h"

u32 explain_culprit(const struct vf_env *e, u32 insn, const char *message)
{
	const struct ins *i = &e->ins[insn];
	unsigned reg;

	if (sscanf(message, "R%u", &reg) == 1 && reg <= 10)
		return reg;
	switch (ins_class(i)) {
	case IC_LDX: case IC_LOAD_ACQ:
		return i->src;
	case IC_ST: case IC_STX: case IC_ATOMIC: case IC_STORE_REL: case IC_ALU: case IC_JCC:
		return i->dst;
	case IC_MOV:
		return ins_info(i)->has_imm ? NO_REG : i->src;
	case IC_EXIT:
		return 0;
	case IC_END:
	case IC_CAST:
	case IC_LDIMM64:
	case IC_LDIMM64_HI:
	case IC_LDABS:
	case IC_LDIND:
	case IC_JA:
	case IC_MAY_GOTO:
	case IC_CALL: case IC_CALL_SUB: case IC_CALL_KFUNC: case IC_INTERNAL:
		break;
	}
	return NO_REG;
}

void explain_range(const struct reg *r, char *out, size_t size)
{
	if (tnum_is_const(r->var))
		snprintf(out, size, "%lld", (long long)r->var.value);
	else if (r->umin == 0 && r->umax == U64_MAX)
		snprintf(out, size, "any 64-bit number");
	else if (r->smin < 0)
		snprintf(out, size, "between %lld and %lld (it may be negative)", (long long)r->smin, (long long)r->smax);
	else
		snprintf(out, size, "between %llu and %llu", (unsigned long long)r->umin, (unsigned long long)r->umax);
}

/* "r2 points 14 bytes into the packet, of which 0 are proven readable". */
static void reg_words(const struct reg *r, u32 regno, char *out, size_t size)
{
	const char *null = r->type & TF_NULL ? ", or NULL" : "";
	char var[96] = "";

	if (T_BASE(r->type) != T_SCALAR && !tnum_is_const(r->var)) {
		char range[80];
		explain_range(r, range, sizeof(range));
		snprintf(var, sizeof(var), " plus a number %s", range);
	}
	switch (T_BASE(r->type)) {
	case T_NONE:
		snprintf(out, size, "r%u has no value on this path", regno);
		return;
	case T_SCALAR: {
		char range[80];
		explain_range(r, range, sizeof(range));
		snprintf(out, size, "r%u is a number: %s", regno, range);
		return;
	}
	case T_PKT: case T_PKT_META:
		snprintf(out, size,
			 "r%u points %d bytes into the packet%s; a check against data_end has proven %d bytes from its base",
			 regno, r->off, var, r->range > 0 ? r->range : 0);
		return;
	case T_PKT_END:
		snprintf(out, size, "r%u is the packet's end", regno);
		return;
	case T_MAP_VALUE:
		snprintf(out, size, "r%u points %d bytes%s into a value of map %s (%u bytes)%s", regno, r->off, var,
			 r->map && *r->map->name ? r->map->name : "?", r->map ? r->map->value_size : 0, null);
		return;
	case T_MAP:
		snprintf(out, size, "r%u is the map %s", regno, r->map && *r->map->name ? r->map->name : "?");
		return;
	case T_STACK:
		snprintf(out, size, "r%u points to the stack at fp%+d%s", regno, r->off, var);
		return;
	case T_CTX:
		snprintf(out, size, "r%u is the context%s%s", regno, r->off ? ", moved" : "", var);
		return;
	case T_BTF:
		snprintf(out, size, "r%u points to struct %s%s", regno, r->btf ? btf_type_name(r->btf, r->btf_id) : "?", null);
		return;
	case T_MEM:
		snprintf(out, size, "r%u points %d bytes%s into memory of %u bytes%s", regno, r->off, var, r->mem_size, null);
		return;
	case T_SOCKET: case T_SOCK_COMMON: case T_TCP_SOCK: case T_XDP_SOCK:
		snprintf(out, size, "r%u is a socket%s", regno, null);
		return;
	case T_MAP_KEY: case T_FLOW_KEYS: case T_TP_BUFFER: case T_ARENA: case T_BUF: case T_FUNC: case T_DYNPTR: case T_COUNT:
		break;
	}
	snprintf(out, size, "r%u is a pointer%s", regno, null);
}

static void add_fact(struct vf_env *e, struct vf_report *r, u32 regno)
{
	if (regno > 10 || r->nfacts == ARRAY_SIZE(r->facts))
		return;
	reg_words(&cur_regs(e)[regno], regno, r->facts[r->nfacts], sizeof(r->facts[0]));
	r->nfacts++;
}

void explain_facts(struct vf_env *e, struct vf_report *r, u32 insn, u32 culprit)
{
	u16 reads = isa_reads(&e->ins[insn]);

	add_fact(e, r, culprit);
	for (u32 k = 0; k < 10; k++)
		if ((reads & 1u << k) && k != culprit)
			add_fact(e, r, k);
}

/* ---- rendering ---- */
static const char *unindented(const char *source)
{
	return source + strspn(source, " \t");
}

static void place_text(struct str *out, const struct report_place *p, const char *text)
{
	if (p->file)
		str_printf(out, "    %s:%u: %s\n        %s\n", p->file, p->line, text, unindented(p->source));
	else
		str_printf(out, "    insn %u: %s\n", p->insn, text);
}

void vf_report_text(const struct vf_report *r, struct str *out)
{
	if (r->at.file) {
		str_printf(out, "%s:%u:%u: error: %s\n", r->at.file, r->at.line, r->at.col, r->message);
		u32 indent = (u32)(unindented(r->at.source) - r->at.source), col = r->at.col ? r->at.col - 1 : 0;
		str_printf(out, "  %5u | %s\n        | %*s^\n", r->at.line, unindented(r->at.source),
			   col > indent ? (int)MIN(col - indent, 200u) : 0, "");
	} else {
		str_printf(out, "error: %s\n", r->message);
	}
	if (r->walked)
		str_printf(out, "  at insn %u: %s\n", r->at.insn, r->insn_text);
	if (r->hint && *r->hint)
		str_printf(out, "  Meaning: %s\n", r->hint);
	for (u32 i = 0; i < r->nfacts; i++)
		str_printf(out, "%s%s\n", i ? "           " : "  Known:   ", r->facts[i]);
	if (r->norigin)
		str_puts(out, "  Where it came from:\n");
	for (u32 i = 0; i < r->norigin; i++)
		place_text(out, &r->origin[i], r->origin[i].text);
	if (r->nnotes)
		str_puts(out, "  Because:\n");
	for (u32 i = 0; i < r->nnotes; i++)
		place_text(out, &r->note[i], r->note[i].text);
	if (r->nbranch)
		str_printf(out, "  Path (the last %u of %u decisions):\n", r->nbranch, r->branches);
	for (u32 i = 0; i < r->nbranch; i++) {
		char text[200];
		snprintf(text, sizeof(text), "insn %u %s", r->branch[i].insn, r->branch[i].text);
		place_text(out, &r->branch[i], text);
	}
	if (*r->fix)
		str_printf(out, "  Fix:     %s\n", r->fix);
	if (r->id)
		str_printf(out, "  (REJ_%s; skep explain REJ_%s)\n", reject_spec[r->id].id, reject_spec[r->id].id);
}

static void json_text(struct str *out, const char *key, const char *value, bool more)
{
	str_printf(out, "\"%s\":\"", key);
	for (const char *p = value ? value : ""; *p; p++) {
		if (*p == '"' || *p == '\\')
			str_printf(out, "\\%c", *p);
		else if ((u8)*p < 0x20)
			str_printf(out, "\\u%04x", (u8)*p);
		else
			str_putc(out, *p);
	}
	str_puts(out, more ? "\"," : "\"");
}

static void json_place(struct str *out, const struct report_place *p)
{
	str_printf(out, "{\"insn\":%u,\"line\":%u,\"column\":%u,", p->insn, p->line, p->col);
	json_text(out, "file", p->file, true);
	json_text(out, "source", p->source, true);
	json_text(out, "text", p->text, false);
	str_putc(out, '}');
}

void vf_report_json(const struct vf_report *r, struct str *out)
{
	str_putc(out, '{');
	json_text(out, "id", r->id ? reject_spec[r->id].id : "", true);
	str_printf(out, "\"errno\":%d,", r->err);
	json_text(out, "message", r->message, true);
	json_text(out, "instruction", r->insn_text, true);
	json_text(out, "meaning", r->hint, true);
	json_text(out, "fix", r->fix, true);
	str_puts(out, "\"at\":");
	json_place(out, &r->at);
	str_puts(out, ",\"known\":[");
	for (u32 i = 0; i < r->nfacts; i++) {
		str_puts(out, i ? ",{" : "{");
		json_text(out, "text", r->facts[i], false);
		str_putc(out, '}');
	}
	str_puts(out, "],\"origin\":[");
	for (u32 i = 0; i < r->norigin; i++) {
		str_puts(out, i ? "," : "");
		json_place(out, &r->origin[i]);
	}
	str_puts(out, "],\"because\":[");
	for (u32 i = 0; i < r->nnotes; i++) {
		str_puts(out, i ? "," : "");
		json_place(out, &r->note[i]);
	}
	str_puts(out, "],\"path\":[");
	for (u32 i = 0; i < r->nbranch; i++) {
		str_puts(out, i ? "," : "");
		json_place(out, &r->branch[i]);
	}
	str_puts(out, "]}");
}
