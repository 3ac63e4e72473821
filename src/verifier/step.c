/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk: one instruction at a time along one path, the other branches on a stack.
 *
 * Invariant: when an instruction is stepped, env->cur holds what is true before it; when the step returned 0,
 * what is true before env->next. A path below a speculative branch never makes the program be refused: it
 * gets a barrier instead.
 */
#include "verifier/debug.h"

#define MAX_PENDING 8192

/* ---- text of instructions ---- */

static const char *call_name(void *cookie, const struct ins *i)
{
	struct vf_env *e = cookie;
	const struct helper_spec *h;

	if (i->op == OP_CALL_KFUNC) {
		const struct insn_fact *f = &e->fact[i - e->ins];

		return f->kfunc_btf ? btf_type_name(f->kfunc_btf, (u32)i->imm) :
		       e->in->kernel_btf && !i->off && btf_type(e->in->kernel_btf, (u32)i->imm) ?
				      btf_type_name(e->in->kernel_btf, (u32)i->imm) : NULL;
	}
	h = helper_by_id((u32)i->imm);
	if (!h)
		return NULL;
	snprintf(e->call_name, sizeof(e->call_name), "bpf_%s", h->name);
	return e->call_name;
}

/* Addresses of maps, as far as the loader may see addresses at all. */
static const char *imm64_text(void *cookie, const struct ins *i)
{
	struct vf_env *e = cookie;
	const struct insn_fact *f = &e->fact[i - e->ins];

	if (i->op == OP_LDIMM64 || i->op == OP_LDIMM64_FUNC || i->op == OP_LDIMM64_BTF_ID)
		return NULL;
	snprintf(e->call_name, sizeof(e->call_name), "0x%llx",
		 e->allow_ptr_leaks ? (unsigned long long)(uintptr_t)f->map + f->map_off : 0ull);
	return e->call_name;
}

const struct disasm_names vf_names = { .call = call_name, .imm64 = imm64_text };

void insn_text(struct vf_env *e, u32 insn, struct str *out)
{
	struct disasm_names names = vf_names;

	names.cookie = e;
	isa_disasm(out, &e->ins[insn], insn, &names);
}

void log_insn(struct vf_env *e, u32 insn)
{
	struct str s = { 0 };

	insn_text(e, insn, &s);
	vf_log(e, "%s\n", str_text(&s));
	str_free(&s);
}

/* ---- the branch stack ---- */

#define NEAR 128 /* branches at the top of the stack, which come and go; those below are frozen */

static void remember(struct vf_env *e, struct vstate *b, u32 insn, u32 prev)
{
	b->insn = insn;
	b->prev_insn = prev;
	b->log_mark = e->log->total;
	ARENA_GROW(&e->arena, e->branch, e->nbranches, e->branchcap);
	e->branch[e->nbranches++] = b;
	if (e->nbranches - e->nfrozen > NEAR) {
		struct vstate **far = &e->branch[e->nfrozen++], *was = *far;

		*far = state_freeze(e, was, NULL);
		state_free(e, was);
	}
}

struct vstate *push_branch(struct vf_env *e, u32 insn, u32 prev, bool speculative)
{
	struct vstate *b = e->free_states;

	if (e->nbranches >= MAX_PENDING) {
		reject(e, REJ_TOO_COMPLEX, e->nbranches + 1);
		return NULL;
	}
	if (b)
		e->free_states = b->next;
	else
		b = ARENA_NEW(&e->arena, struct vstate);
	state_copy(e, b, e->cur);
	b->speculative |= speculative;
	remember(e, b, insn, prev);
	if (b->parent)
		b->parent->branches++;
	if (unlikely(e->in->debug))
		debug_pair(e, VF_BRANCH, prev, insn, b, false);
	return b;
}

/* The callback runs later, on a stack of its own: nothing of the current state matters. */
struct vstate *push_async_callback(struct vf_env *e, u32 insn, u32 prev, u32 subprog, bool sleepable)
{
	struct vstate *b;

	if (e->nbranches >= MAX_PENDING) {
		reject(e, REJ_TOO_COMPLEX_ASYNC, e->nbranches + 1);
		return NULL;
	}
	b = state_new(e);
	b->branches = 1;
	b->in_sleepable = sleepable;
	b->frame[0]->callsite = U32_MAX;
	b->frame[0]->subprog = subprog;
	frame_init_regs(e, b->frame[0]);
	remember(e, b, insn, prev);
	return b;
}

/* The path ended: go on with the branch pushed last. 0, STEP_DONE when there is none, or -errno. */
static int next_path(struct vf_env *e)
{
	struct vstate *b;
	int err;

	scratch_all(e);
	err = branch_done(e, e->cur);
	if (err)
		return err;
	live_update(e);
	if (!e->nbranches)
		return STEP_DONE;
	b = e->branch[--e->nbranches];
	if (e->nbranches < e->nfrozen) {
		b = state_thaw(e, b);
		e->nfrozen--;
	}
	if (!(e->log->level & LOG_LEVEL2))
		log_reset(e->log, b->log_mark);
	state_free(e, e->cur);
	e->cur = b;
	e->insn = b->insn;
	e->prev_insn = b->prev_insn;
	e->print_state = true;
	live_chain_changed(e);
	if (unlikely(e->in->debug))
		debug_event(e, VF_POPPED, e->insn, e->prev_insn);
	return 0;
}

/* ---- registers as operands ---- */

int reg_check(struct vf_env *e, u32 regno, enum reg_use use)
{
	struct reg *r;

	if (regno > BPF_REG_10)
		return reject(e, REJ_REG_INVALID, regno);
	scratch_reg(e, regno);
	r = &cur_regs(e)[regno];
	if (use == USE_SRC)
		return r->type == T_NONE ? reject(e, REJ_NOT_READABLE, regno) : 0;
	if (regno == BPF_REG_10)
		return reject(e, REJ_FP_READ_ONLY);
	if (use == USE_DST)
		reg_mark_unknown(e, r);
	return 0;
}

/* ---- one instruction ---- */

/* Does the immediate name a read-modify-write operation? Then it is the size that has none. */
static bool is_rmw(s32 imm)
{
	for (u32 op = 0; op < OP_COUNT; op++)
		if (op_info[op].cls == IC_ATOMIC && op_info[op].imm.want == imm)
			return true;
	return false;
}

static int reject_encoding(struct vf_env *e, u32 insn)
{
	const struct ins *i = &e->ins[insn];
	const char *what = "ALU";
	int err;

	if (e->decode_err[insn] == DE_DST_REG)
		return reject(e, REJ_REG_INVALID, i->dst);
	if (e->decode_err[insn] == DE_SRC_REG)
		return reject(e, REJ_REG_INVALID, i->src);
	switch (ins_class(i)) {
	case IC_ALU:
		what = ins_info(i)->sub == ALU_NEG ? "NEG" : "ALU";
		break;
	case IC_MOV:
		what = "MOV";
		break;
	case IC_END:
		what = "END";
		break;
	case IC_CAST:
		return reject(e, REJ_CAST_SPACES);
	case IC_ST:
		what = "ST";
		break;
	case IC_STX:
		what = "STX";
		break;
	case IC_ATOMIC:
	case IC_LOAD_ACQ:
	case IC_STORE_REL:
		return is_rmw(i->imm) ? reject(e, REJ_ATOMIC_SIZE)
				      : reject(e, REJ_ATOMIC_OPCODE, (u32)i->imm);
	case IC_JCC:
		err = reg_check(e, i->dst, USE_SRC); /* looked at first */
		if (err)
			return err;
		what = "JMP/JMP32";
		break;
	case IC_JA:
		what = "JA";
		break;
	case IC_EXIT:
		what = "EXIT";
		break;
	case IC_CALL:
	case IC_CALL_SUB:
	case IC_CALL_KFUNC:
		what = "CALL";
		break;
	case IC_LDIMM64:
		what = "LD_IMM64";
		break;
	case IC_LDABS:
	case IC_LDIND:
		what = "LD_[ABS|IND]";
		break;
	case IC_MAY_GOTO:
		return reject(e, REJ_MAY_GOTO, i->imm);
	default:
		return reject(e, REJ_OPCODE, e->in->insns[insn].code);
	}
	return reject(e, REJ_RESERVED, what);
}

/* The program called instead returns to this function's caller, and may have done anything to the packet. */
static int leave_by_tail_call(struct vf_env *e)
{
	bool done;

	if (!push_branch(e, e->insn + 1, e->insn, false))
		return -EFAULT;
	clear_pkt_pointers(e);
	reg_mark_unknown(e, &cur_regs(e)[BPF_REG_0]);
	live_update(e);
	return step_exit(e, &e->next, &done);
}

static int step_call(struct vf_env *e, const struct ins *i)
{
	const struct helper_spec *h = helper_by_id((u32)i->imm);
	int err;

	if (e->cur->active_locks && !(h && (h->flags & HF_UNLOCK)))
		return reject(e, REJ_CALL_IN_LOCK);
	err = step_call_helper(e, i, &e->next);
	scratch_reg(e, BPF_REG_0);
	if (err || !(h->flags & HF_TAIL_CALL) || !e->cur->curframe)
		return err;
	return leave_by_tail_call(e);
}

/* may_goto: the jump is taken now; going on in the loop is a branch of its own, with widened scalars. */
static int step_may_goto(struct vf_env *e, const struct ins *i)
{
	struct vstate *prev = prune_prev_entry(e, e->cur->parent, e->insn), *b;

	b = push_branch(e, e->insn + 1, e->insn, false);
	if (!b)
		return -ENOMEM;
	b->may_goto_depth++;
	if (prev)
		prune_widen(e, prev, b);
	e->next = i->target;
	return 0;
}

static int step_end_of_function(struct vf_env *e)
{
	bool done = false;
	int err;

	if (e->cur->curframe)
		live_update(e);
	err = step_exit(e, &e->next, &done);
	if (err)
		return err;
	if (done)
		return STEP_DONE;
	e->print_state = true;
	return 0;
}

static int step(struct vf_env *e, const struct ins *i)
{
	int err;

	switch (ins_class(i)) {
	case IC_ALU:
		return step_alu(e, i);
	case IC_MOV:
	case IC_CAST:
		return step_mov(e, i);
	case IC_END:
		return step_end(e, i);
	case IC_LDX:
	case IC_LOAD_ACQ:
		return ins_class(i) == IC_LDX ? step_load(e, i) : step_atomic(e, i);
	case IC_ST:
	case IC_STX:
		return step_store(e, i);
	case IC_ATOMIC:
	case IC_STORE_REL:
		return step_atomic(e, i);
	case IC_LDIMM64:
		return step_ldimm64(e, i);
	case IC_LDABS:
	case IC_LDIND:
		if (e->cur->curframe)
			live_update(e); /* it may leave the function */
		return step_ldabs(e, i);
	case IC_JA:
		e->jumps++;
		e->next = i->target;
		return 0;
	case IC_JCC:
		e->jumps++;
		return step_jcc(e, i, &e->next);
	case IC_MAY_GOTO:
		e->jumps++;
		return step_may_goto(e, i);
	case IC_CALL:
		e->jumps++;
		return step_call(e, i);
	case IC_CALL_SUB:
		e->jumps++;
		err = step_call_sub(e, i, &e->next);
		scratch_reg(e, BPF_REG_0);
		return err;
	case IC_CALL_KFUNC:
		e->jumps++;
		err = step_call_kfunc(e, i, &e->next);
		scratch_reg(e, BPF_REG_0);
		return err;
	case IC_EXIT:
		e->jumps++;
		return step_end_of_function(e);
	case IC_LDIMM64_HI:
	case IC_INTERNAL:
		break;
	}
	return vf_bug(e, "walked into operation %u", i->op);
}

static bool may_write_stack(enum ins_class c)
{
	return c == IC_ST || c == IC_STX || c == IC_ATOMIC || c == IC_STORE_REL || c == IC_CALL ||
	       c == IC_CALL_SUB || c == IC_CALL_KFUNC;
}

static void log_before(struct vf_env *e)
{
	if ((e->log->level & LOG_LEVEL2) && e->print_state) {
		vf_log(e, "\nfrom %d to %d%s:", (s32)e->prev_insn, (s32)e->insn,
		       e->cur->speculative ? " (speculative execution)" : "");
		state_print(e, e->cur, e->cur->curframe, true);
		e->print_state = false;
	}
	if (e->scratched_regs || e->scratched_slots)
		state_print_insn(e, e->insn);
	log_source_line(e, e->insn, "; ");
	e->prev_log_len = e->log->total;
	vf_log(e, "%u: ", e->insn);
	log_insn(e, e->insn);
	e->prev_insn_len = e->log->total - e->prev_log_len;
	e->prev_log_len = e->log->total;
}

static void log_pruned(struct vf_env *e)
{
	if (!(e->log->level & (LOG_LEVEL1 | LOG_LEVEL2)))
		return;
	if (e->print_state)
		vf_log(e, "\nfrom %d to %d%s: safe\n", (s32)e->prev_insn, (s32)e->insn,
		       e->cur->speculative ? " (speculative execution)" : "");
	else
		vf_log(e, "%u: safe\n", e->insn);
}

/* What happens at an instruction before it is stepped. 0, STEP_DONE when the path can stop here, or -errno.
 */
static int arrive(struct vf_env *e, u32 insn)
{
	struct vstate *s = e->cur;
	const struct aux *a = &e->aux[insn];
	struct insn_fact *fact = &e->fact[insn];
	bool pruned = false;
	int err;

	e->cur_hist = NULL;
	if (unlikely(insn >= e->n))
		return vf_bug(e, "invalid insn idx %u insn_cnt %u", insn, e->n);
	if (unlikely(++e->walked > e->max_walk))
		return reject(e, REJ_TOO_LARGE, (int)e->walked);
	s->last_insn = e->prev_insn;
	s->insn = insn;
	if (a->prune_point) {
		err = prune_at(e, insn, &pruned);
		if (err)
			return err;
		if (pruned) {
			log_pruned(e);
			return STEP_DONE;
		}
	}
	if (a->jmp_point)
		push_jmp_hist(e, s, 0, 0);
	if (unlikely(e->log->level & (LOG_LEVEL1 | LOG_LEVEL2)))
		log_before(e);
	if (unlikely(e->in->debug))
		debug_step(e);
	if (!s->speculative) {
		fact->walked = true;
		if (ins_is_ldimm64(&e->ins[insn]))
			fact[1].walked = true;
	}
	return s->speculative && fact->nospec ? STEP_DONE : 0;
}

static int walk_insn(struct vf_env *e)
{
	u32 insn = e->insn, depth;
	struct vstate *s = e->cur;
	struct insn_fact *fact;
	enum ins_class c;
	int err = arrive(e, insn);

	if (err)
		return err;
	depth = s->curframe;
	fact = &e->fact[insn];
	c = ins_class(&e->ins[insn]);
	e->next = insn + ins_slots(&e->ins[insn]);
	if (may_write_stack(c))
		live_begin_insn(e);
	err = unlikely(e->decode_err[insn]) ? reject_encoding(e, insn) : step(e, &e->ins[insn]);
	if (s->curframe != depth)
		live_chain_changed(e);
	if (may_write_stack(c))
		live_end_insn(e, insn);
	if (unlikely(err < 0)) {
		if (!s->speculative || (err != -EPERM && err != -EACCES && err != -EINVAL))
			return err;
		/* no run gets here but a mistaken one: stop it before the instruction */
		fact->nospec = true;
		fact->alu_state = 0;
		e->rejected = 0;
		return STEP_DONE;
	}
	if (err == STEP_DONE || (s->speculative && fact->nospec_result))
		return STEP_DONE;
	e->prev_insn = insn;
	e->insn = e->next;
	return 0;
}

int walk_program(struct vf_env *e)
{
	int err;

	do {
		err = walk_insn(e);
		if (err == STEP_DONE)
			err = next_path(e);
	} while (!err);
	return err == STEP_DONE ? 0 : err;
}
