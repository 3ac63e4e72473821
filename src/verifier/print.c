/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States as text, letter by letter as Linux prints them: people and tools read and compare these logs.
 *
 * Invariant: only called while a log is kept; changes nothing but the marks of what was printed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "verifier/env.h"

static const char *const base_name[T_COUNT] = {
	[T_NONE] = "?",
	[T_SCALAR] = "scalar",
	[T_CTX] = "ctx",
	[T_MAP] = "map_ptr",
	[T_MAP_VALUE] = "map_value",
	[T_MAP_KEY] = "map_key",
	[T_STACK] = "fp",
	[T_PKT_META] = "pkt_meta",
	[T_PKT] = "pkt",
	[T_PKT_END] = "pkt_end",
	[T_FLOW_KEYS] = "flow_keys",
	[T_SOCKET] = "sock",
	[T_SOCK_COMMON] = "sock_common",
	[T_TCP_SOCK] = "tcp_sock",
	[T_TP_BUFFER] = "tp_buffer",
	[T_XDP_SOCK] = "xdp_sock",
	[T_BTF] = "ptr_",
	[T_MEM] = "mem",
	[T_ARENA] = "arena",
	[T_BUF] = "buf",
	[T_FUNC] = "func",
	[T_DYNPTR] = "dynptr_ptr",
};

static const struct { u32 flag; const char *text; } prefix_name[] = {
	{ TF_RDONLY, "rdonly_" }, { TF_RINGBUF, "ringbuf_" }, { TF_USER, "user_" }, { TF_PERCPU, "percpu_" },
	{ TF_RCU, "rcu_" }, { TF_UNTRUSTED, "untrusted_" }, { TF_TRUSTED, "trusted_" },
};

const char *reg_type_name(struct vf_env *e, u32 type)
{
	char *p = e->type_name;
	size_t n = 0, size = sizeof(e->type_name);

	for (u32 i = 0; i < ARRAY_SIZE(prefix_name); i++)
		if (type & prefix_name[i].flag)
			n += (size_t)snprintf(p + n, size - n, "%s", prefix_name[i].text);
	n += (size_t)snprintf(p + n, size - n, "%s", base_name[T_BASE(type)]);
	if (type & TF_NULL)
		snprintf(p + n, size - n, "%s", T_BASE(type) == T_BTF ? "or_null_" : "_or_null");
	return p;
}

/* Small numbers in decimal, others in hexadecimal. */
static void put_unsigned(struct vf_env *e, u64 v)
{
	vf_log(e, v <= UINT16_MAX ? "%llu" : "%#llx", (unsigned long long)v);
}

static void put_signed(struct vf_env *e, s64 v)
{
	if (v >= INT16_MIN && v <= INT16_MAX)
		vf_log(e, "%lld", (long long)v);
	else
		vf_log(e, "%#llx", (unsigned long long)v);
}

struct bound { const char *name; u64 val; bool omit; };

static bool negative(const struct bound *b)
{
	return b->name[0] == 's' && (s64)b->val < 0;
}

/* Bounds with the same value share it: "smin=umin=1". Signed 32-bit ones join 64-bit ones only where both
 * print alike. */
static u64 as_printed(s32 v)
{
	return v >= INT16_MIN && v <= INT16_MAX ? (u64)(s64)v : (u32)v;
}

static void put_ranges(struct vf_env *e, const struct reg *r, const char **sep)
{
	struct bound b[] = {
		{ "smin", (u64)r->smin, r->smin == S64_MIN },
		{ "smax", (u64)r->smax, r->smax == S64_MAX },
		{ "umin", r->umin, r->umin == 0 },
		{ "umax", r->umax, r->umax == U64_MAX },
		{ "smin32", as_printed(r->s32_min), r->s32_min == S32_MIN },
		{ "smax32", as_printed(r->s32_max), r->s32_max == S32_MAX },
		{ "umin32", r->u32_min, r->u32_min == 0 },
		{ "umax32", r->u32_max, r->u32_max == U32_MAX },
	};

	for (u32 i = 0; i < ARRAY_SIZE(b); i++) {
		if (b[i].omit)
			continue;
		vf_log(e, "%s%s=", *sep, b[i].name);
		*sep = ",";
		for (u32 k = i + 2; k < ARRAY_SIZE(b); k += 2) {
			if (b[k].omit || b[k].val != b[i].val || negative(&b[k]) != negative(&b[i]))
				continue;
			b[k].omit = true;
			vf_log(e, "%s=", b[k].name);
		}
		if (b[i].name[0] == 's')
			put_signed(e, (s64)b[i].val);
		else
			put_unsigned(e, b[i].val);
	}
}

static void put_tnum(struct vf_env *e, struct tnum t)
{
	if (tnum_is_const(t))
		put_unsigned(e, t.value);
	else
		vf_log(e, "(0x%llx; 0x%llx)", (unsigned long long)t.value, (unsigned long long)t.mask);
}

static const char *dynptr_name(u8 kind)
{
	static const char *const names[] = {
		"<invalid>", "local", "ringbuf", "skb", "xdp", "skb_meta", "file"
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "<unknown>";
}

/* Prints "SEPname=" and makes the next separator a comma. */
static void put_attr(struct vf_env *e, const char **sep, const char *name)
{
	vf_log(e, "%s%s=", *sep, name);
	*sep = ",";
}

static void put_ids(struct vf_env *e, const struct reg *r, const char **sep)
{
	if (r->id) {
		put_attr(e, sep, "id");
		vf_log(e, "%u", r->id & ~ID_ADD_MASK);
	}
	if (r->type == T_SCALAR && (r->id & ID_ADD_MASK))
		vf_log(e, "%+d", r->off);
	if (r->ref_id) {
		put_attr(e, sep, "ref_obj_id");
		vf_log(e, "%u", r->ref_id);
	}
	if (r->type & TF_NON_OWN) {
		vf_log(e, "%snon_own_ref", *sep);
		*sep = ",";
	}
}

static void put_map(struct vf_env *e, const struct reg *r, const char **sep)
{
	const struct map_desc *m = r->map;

	if (!m)
		return;
	if (m->name[0]) {
		put_attr(e, sep, "map");
		vf_log(e, "%s", m->name);
	}
	put_attr(e, sep, "ks");
	vf_log(e, "%u,vs=%u", m->key_size, m->value_size);
}

static void put_target(struct vf_env *e, const struct reg *r, const char **sep)
{
	enum reg_base base = T_BASE(r->type);

	if (base == T_MAP || base == T_MAP_VALUE || base == T_MAP_KEY)
		put_map(e, r, sep);
	if (r->type != T_SCALAR && r->off) {
		put_attr(e, sep, "off");
		put_signed(e, r->off);
	}
	if (base == T_PKT || base == T_PKT_META) {
		put_attr(e, sep, "r");
		put_unsigned(e, (u64)(s64)r->range);
	}
	if (base == T_MEM) {
		put_attr(e, sep, "sz");
		put_unsigned(e, r->mem_size);
	}
	if (r->type == T_DYNPTR) {
		put_attr(e, sep, "type");
		vf_log(e, "%s", dynptr_name(r->dyn_kind));
	}
}

static void put_reg(struct vf_env *e, const struct frame *f, const struct reg *r, bool precise)
{
	const char *sep = "";

	if (r->type == T_SCALAR && precise)
		vf_log(e, "P");
	if (r->type == T_SCALAR && tnum_is_const(r->var)) {
		put_signed(e, (s64)r->var.value);
		return;
	}
	vf_log(e, "%s", reg_type_name(e, r->type));
	if (r->type == T_ARENA)
		return;
	if (r->type == T_STACK) {
		if (f->frameno != r->frameno)
			vf_log(e, "[%u]", r->frameno);
		if (tnum_is_const(r->var)) {
			put_signed(e, (s64)r->var.value + r->off);
			return;
		}
	}
	if (T_BASE(r->type) == T_BTF)
		vf_log(e, "%s", r->btf ? btf_type_name(r->btf, r->btf_id) : "");
	vf_log(e, "(");
	put_ids(e, r, &sep);
	put_target(e, r, &sep);
	if (tnum_is_const(r->var)) {
		if (r->var.value) {
			put_attr(e, &sep, "imm");
			put_signed(e, (s64)r->var.value);
		}
	} else {
		put_ranges(e, r, &sep);
		if (!tnum_is_unknown(r->var)) {
			put_attr(e, &sep, "var_off");
			put_tnum(e, r->var);
		}
	}
	vf_log(e, ")");
}

static void put_dynptr(struct vf_env *e, const struct reg *r)
{
	const char *sep = "";

	vf_log(e, "dynptr_%s(", dynptr_name(r->dyn_kind));
	if (r->id) {
		put_attr(e, &sep, "id");
		vf_log(e, "%u", r->id);
	}
	if (r->ref_id) {
		put_attr(e, &sep, "ref_id");
		vf_log(e, "%u", r->ref_id);
	}
	if (r->dyn_first) {
		put_attr(e, &sep, "dynptr_id");
		vf_log(e, "1");
	}
	vf_log(e, ")");
}

static void put_iter(struct vf_env *e, const struct reg *r)
{
	static const char *const states[] = { "<invalid>", "active", "drained" };
	const char *name =
		r->iter_btf && r->iter_id ? btf_type_name(r->iter_btf, r->iter_id) : "bpf_iter_<invalid>";

	if (!strncmp(name, "bpf_iter_", 9))
		name += 9;
	vf_log(e, "iter_%s(ref_id=%u,state=%s,depth=%u)", name, r->ref_id,
	       r->iter_state < ARRAY_SIZE(states) ? states[r->iter_state] : "<unknown>", (u32)r->iter_depth);
}

/* One stack slot; returns the number of slots covered. */
static u32 put_slot(struct vf_env *e, const struct frame *f, u32 k)
{
	static const char letter[] = { '?', 'r', 'm', '0', 'd', 'i', 'f' };
	const struct slot *s = frame_slot(f, k);
	char types[SLOT_SIZE + 1];
	u32 j;

	for (j = 0; j < SLOT_SIZE; j++)
		types[j] = letter[s->type[j]];
	types[SLOT_SIZE] = '\0';
	if (!strcmp(types, "????????"))
		return 1;
	switch ((enum slot_type)s->type[SLOT_SIZE - 1]) {
	case SLOT_SPILL:
		/* bytes above a narrow spill */
		for (j = 0; j < SLOT_SIZE && s->type[j] != SLOT_SPILL; j++)
			;
		types[j] = '\0';
		vf_log(e, " fp%d=%s", -(s32)(k + 1) * SLOT_SIZE, types);
		put_reg(e, f, &s->reg, slot_precise(f, k));
		return 1;
	case SLOT_DYNPTR:
		/* two slots; the upper one holds the record */
		vf_log(e, " fp%d=", -(s32)(k + 2) * SLOT_SIZE);
		if (k + 1 < f->nslots)
			put_dynptr(e, &frame_slot(f, k + 1)->reg);
		return 2;
	case SLOT_ITER:
		if (s->reg.ref_id) {
			vf_log(e, " fp%d=", -(s32)(k + 1) * SLOT_SIZE);
			put_iter(e, &s->reg);
		}
		return 1;
	case SLOT_INVALID:
	case SLOT_MISC:
	case SLOT_ZERO:
	case SLOT_IRQ:
		break;
	}
	vf_log(e, " fp%d=%s", -(s32)(k + 1) * SLOT_SIZE, types);
	return 1;
}

static void put_refs(struct vf_env *e, const struct vstate *s)
{
	if (!s->nrefs || !s->refs[0].id)
		return;
	vf_log(e, " refs=%u", s->refs[0].id);
	for (u32 i = 1; i < s->nrefs; i++)
		if (s->refs[i].id)
			vf_log(e, ",%u", s->refs[i].id);
}

void state_print(struct vf_env *e, const struct vstate *s, u32 frameno, bool all)
{
	const struct frame *f = s->frame[frameno];

	if (!log_on(e->log))
		return;
	if (f->frameno)
		vf_log(e, " frame%u:", f->frameno);
	for (u32 i = 0; i < ARRAY_SIZE(f->regs); i++) {
		if (frame_reg(f, i)->type == T_NONE || (!all && !(e->scratched_regs & 1u << i)))
			continue;
		vf_log(e, " R%u=", i);
		put_reg(e, f, frame_reg(f, i), reg_precise(f, i));
	}
	for (u32 k = 0; k < f->nslots;)
		k += !all && !(e->scratched_slots & 1ull << k) ? 1 : put_slot(e, f, k);
	put_refs(e, s);
	if (f->in_callback)
		vf_log(e, " cb");
	if (f->in_async_callback)
		vf_log(e, " async_cb");
	vf_log(e, "\n");
	if (!all) {
		e->scratched_regs = 0;
		e->scratched_slots = 0;
	}
}

/* What the instruction just printed changed, behind it on the same line. */
void state_print_insn(struct vf_env *e, u32 insn)
{
	u64 len = e->prev_insn_len;

	(void)insn;
	if (!log_on(e->log))
		return;
	if (e->prev_log_len && e->prev_log_len == e->log->total) {
		/* onto the same line, in a column */
		log_reset(e->log, e->prev_log_len - 1);
		vf_log(e, "%*c;", (int)(ROUND_UP(MAX(len + 4, 40), 8) - len - 1), ' ');
	} else {
		vf_log(e, "%u:", e->insn);
	}
	state_print(e, e->cur, e->cur->curframe, false);
}

void log_source_line(struct vf_env *e, u32 insn, const char *prefix)
{
	const struct btf_line *l, *prev;
	const char *text, *slash;

	if (!log_on(e->log) || !e->proof->nlines || insn >= e->n)
		return;
	l = proof_line(e->proof, insn);
	prev = e->prev_linfo ? &e->proof->lines[e->prev_linfo - 1] : NULL;
	if (!l || l == prev || (prev && l->file == prev->file && l->line == prev->line))
		return;
	for (text = l->text; *text == ' ' || (*text >= '\t' && *text <= '\r'); text++)
		;
	slash = strrchr(l->file, '/');
	vf_log(e, "%s%s @ %s:%u\n", prefix, text, slash ? slash + 1 : l->file, l->line);
	e->prev_linfo = (u32)(l - e->proof->lines) + 1;
}
