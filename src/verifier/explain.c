/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The second walk of a refused program, and what it tells: see explain.h.
 *
 * Invariant: `path` is the instructions from the entry to the current one, on this path only; the branch stack says how far to
 * cut it back when the walk takes up another branch.
 */
#include "verifier/explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "verifier/debug.h"
#include "verifier/explain_priv.h"

#define MAX_PATH 100000u /* the last so many instructions are kept */

struct pending { u32 target, len; };

struct recorder {
	struct vf_report *r;
	u32 *path;
	u32 len, cap;
	struct pending *pend;
	u32 npend, pendcap;
	struct explain_work work;
	u32 busiest;             /* branch walked most often */
	struct reg round[2][10]; /* registers at its last two visits */
	bool failed;
};

static bool room(void *vec, u32 n, u32 *cap, size_t elem)
{
	void **v = vec;

	if (n < *cap)
		return true;
	u32 more = *cap ? *cap * 2 : 1024;
	void *p = realloc(*v, more * elem);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}

/* Half of a very long path is dropped: explanations look at its end. */
static void path_add(struct recorder *k, u32 insn)
{
	if (k->len == MAX_PATH) {
		u32 drop = MAX_PATH / 2;
		memmove(k->path, k->path + drop, (k->len - drop) * sizeof(*k->path));
		k->len -= drop;
		for (u32 i = 0; i < k->npend; i++)
			k->pend[i].len = k->pend[i].len > drop ? k->pend[i].len - drop : 0;
	}
	if (!room(&k->path, k->len, &k->cap, sizeof(*k->path))) {
		k->failed = true;
		return;
	}
	k->path[k->len++] = insn;
}

static void take_up(struct recorder *k, u32 insn)
{
	while (k->npend) {
		struct pending p = k->pend[--k->npend];
		if (p.target == insn) {
			k->len = p.len;
			return;
		}
	}
	k->len = 0;
}

void report_place(const struct vf_env *e, struct report_place *p, u32 insn)
{
	const struct btf_line *l = proof_line(e->proof, insn);

	*p = (struct report_place){ .insn = insn };
	if (!l)
		return;
	p->file = l->file;
	p->source = l->text;
	p->line = l->line;
	p->col = l->col;
	if (strrchr(p->file, '/'))
		p->file = strrchr(p->file, '/') + 1;
}

/* ---- the work ---- */
static void count(struct recorder *k, struct vf_env *e, u32 insn)
{
	if (!k->work.visits)
		k->work.visits = calloc(e->n, sizeof(*k->work.visits));
	if (!k->work.visits || ins_class(&e->ins[insn]) != IC_JCC)
		return;
	if (++k->work.visits[insn] > k->work.visits[k->busiest])
		k->busiest = insn;
	if (insn == k->busiest) {
		memcpy(k->round[0], k->round[1], sizeof(k->round[0]));
		memcpy(k->round[1], cur_regs(e), sizeof(k->round[1]));
	}
}

/* What differs between rounds is why no round is known from before. */
static void collect_differs(struct recorder *k)
{
	struct explain_work *w = &k->work;

	for (u32 i = 0; i < 10 && !*w->differs; i++) {
		const struct reg *a = &k->round[0][i], *b = &k->round[1][i];
		char was[48], is[48];
		if (a->type != T_SCALAR || b->type != T_SCALAR)
			continue;
		explain_range(a, was, sizeof(was));
		explain_range(b, is, sizeof(is));
		if (strcmp(was, is) != 0)
			snprintf(w->differs, sizeof(w->differs), "r%u was %s, then %s", i, was, is);
	}
}

/* ---- the path's decisions ---- */
/* The last decisions, oldest first; the rounds of a loop that went the same way are one line. */
static void collect_branches(struct recorder *k, const struct vf_env *e)
{
	struct { u32 step, times; } last[REPORT_BRANCHES];
	struct vf_report *r = k->r;
	u32 n = 0;

	for (u32 i = k->len ? k->len - 1 : 0; i-- > 0;) {
		bool taken = k->path[i + 1] == e->ins[k->path[i]].target, again = false;
		if (ins_class(&e->ins[k->path[i]]) != IC_JCC)
			continue;
		r->branches++;
		for (u32 m = 0; m < n && !again; m++) {
			u32 s = last[m].step;
			again = k->path[s] == k->path[i] && (k->path[s + 1] == e->ins[k->path[s]].target) == taken;
			last[m].times += again;
		}
		if (!again && n < REPORT_BRANCHES) {
			last[n].step = i;
			last[n++].times = 1;
		}
	}
	while (n-- > 0) {
		struct report_place *p = &r->branch[r->nbranch++];
		u32 s = last[n].step;
		const char *way = k->path[s + 1] == e->ins[k->path[s]].target ? "jumps" : "goes on";
		report_place(e, p, k->path[s]);
		if (last[n].times > 1)
			snprintf(p->text, sizeof(p->text), "%s (%u times on this path)", way, last[n].times);
		else
			snprintf(p->text, sizeof(p->text), "%s", way);
	}
}

/* ---- where a register's value came from ---- */
/* The name of a map as people know it. */
static const char *map_name(const struct map_desc *m)
{
	return m && *m->name ? m->name : "?";
}

static void describe_write(const struct vf_env *e, u32 insn, u32 reg, char *out, size_t size)
{
	const struct ins *i = &e->ins[insn];
	const struct insn_fact *f = &e->fact[insn];
	const struct helper_spec *h;

	switch (ins_class(i)) {
	case IC_CALL:
		h = helper_by_id((u32)i->imm);
		if (reg)
			snprintf(out, size, "bpf_%s() destroys r1 to r5, so r%u has no value after it", h ? h->name : "?", reg);
		else if (f->map)
			snprintf(out, size, "it is what bpf_%s(&%s) returned", h ? h->name : "?", map_name(f->map));
		else
			snprintf(out, size, "it is what bpf_%s() returned", h ? h->name : "?");
		return;
	case IC_CALL_SUB: case IC_CALL_KFUNC:
		snprintf(out, size, reg ? "the call destroys r1 to r5" : "it is what the function returned");
		return;
	case IC_LDX:
		snprintf(out, size, "it is loaded from memory at r%u%+d (%u bytes)", i->src, i->off, ins_info(i)->size);
		return;
	case IC_LDIMM64:
		if (f->map && i->op != OP_LDIMM64_BTF_ID)
			snprintf(out, size, "it is the map %s", map_name(f->map));
		else
			snprintf(out, size, "it is a constant");
		return;
	case IC_MOV:
		if (ins_info(i)->has_imm)
			snprintf(out, size, "it is the constant %d", i->imm);
		else
			snprintf(out, size, "it is a copy of r%u", i->src);
		return;
	case IC_ALU: case IC_END:
		snprintf(out, size, "it is computed here");
		return;
	case IC_ST: case IC_STX: case IC_ATOMIC: case IC_LOAD_ACQ: case IC_STORE_REL: case IC_CAST: case IC_LDIMM64_HI:
	case IC_LDABS: case IC_LDIND: case IC_JA: case IC_JCC: case IC_MAY_GOTO: case IC_EXIT: case IC_INTERNAL:
		snprintf(out, size, "it is set here");
		return;
	}
}

static u16 clobbers(const struct ins *i)
{
	enum ins_class c = ins_class(i);

	return c == IC_CALL || c == IC_CALL_SUB || c == IC_CALL_KFUNC || c == IC_LDABS || c == IC_LDIND ? 0x3f : isa_writes(i);
}

/* Follow a register back along the path: copies and stack slots are followed, anything else ends the search. */
static void collect_origin(struct recorder *k, const struct vf_env *e, u32 reg)
{
	struct vf_report *r = k->r;
	u32 at = k->len ? k->len - 1 : 0;
	s32 slot = 0;
	bool in_slot = false;

	while (at-- > 0 && r->norigin < REPORT_ORIGINS) {
		const struct ins *i = &e->ins[k->path[at]];
		struct report_place *p;
		enum ins_class c = ins_class(i);
		if (in_slot ? !((c == IC_STX || c == IC_ST) && i->dst == 10 && i->off == slot) : !(clobbers(i) & 1u << reg))
			continue;
		p = &r->origin[r->norigin++];
		report_place(e, p, k->path[at]);
		if (in_slot && c == IC_STX) {
			snprintf(p->text, sizeof(p->text), "it is saved on the stack from r%u", i->src);
			reg = i->src;
			in_slot = false;
			continue;
		}
		describe_write(e, k->path[at], reg, p->text, sizeof(p->text));
		if (c == IC_MOV && !ins_info(i)->has_imm) {
			reg = i->src;
		} else if (c == IC_LDX && i->src == 10) {
			snprintf(p->text, sizeof(p->text), "it is read back from the stack");
			in_slot = true;
			slot = i->off;
		} else if (c != IC_ALU) {
			return;
		}
	}
}

/* ---- the moment of refusal ---- */
static void on_reject(struct recorder *k, struct vf_env *e, const struct vf_event *ev)
{
	struct disasm_names names = vf_names;
	struct vf_report *r = k->r;
	struct str text = { 0 };
	const struct ins *i;
	struct trace t;
	u32 culprit;

	r->id = (enum reject_id)ev->to;
	r->walked = e->walked && e->cur;
	if (!r->walked || ev->insn >= e->n)
		return;
	i = &e->ins[ev->insn];
	report_place(e, &r->at, ev->insn);
	names.cookie = e;
	isa_disasm(&text, i, ev->insn, &names);
	snprintf(r->insn_text, sizeof(r->insn_text), "%s", str_text(&text));
	str_free(&text);
	culprit = explain_culprit(e, ev->insn, r->message);
	explain_facts(e, r, ev->insn, culprit);
	collect_branches(k, e);
	if (culprit < 10)
		collect_origin(k, e, culprit);
	collect_differs(k);
	if (trace_build(&t, e, k->path, k->len)) {
		explain_why(e, r, &t, &k->work, ev->insn, culprit);
		trace_free(&t);
	}
}

/* A refusal that came with words of its own: the last line of the log. */
static void last_line(const struct log *log, char *out, size_t size)
{
	const char *s = str_text(&log->text), *end = s + log->text.len, *line;

	while (end > s && end[-1] == '\n')
		end--;
	for (line = end; line > s && line[-1] != '\n'; line--)
		;
	snprintf(out, size, "%.*s", (int)(end - line), line);
}

static void observe(void *cookie, struct vf_env *e, const struct vf_event *ev)
{
	struct recorder *k = cookie;

	switch (ev->kind) {
	case VF_STEP:
		path_add(k, ev->insn);
		count(k, e, ev->insn);
		return;
	case VF_BRANCH:
		if (!room(&k->pend, k->npend, &k->pendcap, sizeof(*k->pend)))
			k->failed = true;
		else
			k->pend[k->npend++] = (struct pending){ ev->to, k->len };
		return;
	case VF_POPPED:
		take_up(k, ev->insn);
		return;
	case VF_BEGIN: case VF_PRUNED: case VF_KEPT:
		return;
	case VF_REJECTED:
		if (*e->reject_text)
			snprintf(k->r->message, sizeof(k->r->message), "%s", e->reject_text);
		else
			last_line(e->log, k->r->message, sizeof(k->r->message));
		on_reject(k, e, ev);
		return;
	}
}

void vf_report_free(struct vf_report *r)
{
	free(r);
}

int vf_explain(const struct vf_input *in, struct vf_report **ret_report)
{
	struct vf_report *r = calloc(1, sizeof(*r));
	struct recorder k = { .r = r };
	struct vf_debug d = { &k, observe };
	struct vf_input again = *in;
	struct proof *proof = NULL;
	struct log log;
	int err;

	if (!r)
		return -ENOMEM;
	log_init(&log, LOG_STATS); /* the quietest level that keeps messages */
	again.debug = &d;
	err = vf_verify(&again, &log, &proof, NULL);
	free(k.path);
	free(k.pend);
	free(k.work.visits);
	log_free(&log);
	vf_proof_free(proof);
	if (!err || k.failed) {
		vf_report_free(r);
		return err ? -ENOMEM : -ENOENT;
	}
	r->err = -err;
	r->hint = r->id ? reject_spec[r->id].hint : "";
	*ret_report = r;
	return 0;
}
