/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types and services shared by the verifier's rooms. Rooms own their services; this header is the one place that lists them.
 *
 * Vocabulary: a *state* is what is known at one instruction on one path: frames of registers and stack slots, references,
 * locks. A *checkpoint* is a state kept to prune later arrivals. The *walk* takes one path at a time, depth first.
 * Invariant: every abstract value over-approximates: each concrete value a run can have is inside it.
 */
#ifndef SKEP_VERIFIER_ENV_H
#define SKEP_VERIFIER_ENV_H

#include <errno.h>

#include "verifier/verify.h"
#include "verifier/tnum.h"

#define MAX_FRAMES 8
#define NREGS 11u
#define MAX_STACK 512
#define SLOT_SIZE 8
#define MAX_SUBPROGS 256
#define MAX_USED_MAPS 64
#define MAX_VAR_OFF (1 << 29)
#define MAX_PACKET_OFF 0xffff

/* ---- registers ---- */
enum reg_base {
	T_NONE, /* not initialised */
	T_SCALAR, T_CTX, T_MAP, T_MAP_VALUE, T_MAP_KEY, T_STACK, T_PKT_META, T_PKT, T_PKT_END, T_FLOW_KEYS, T_SOCKET,
	T_SOCK_COMMON, T_TCP_SOCK, T_TP_BUFFER, T_XDP_SOCK, T_BTF, T_MEM, T_ARENA, T_BUF, T_FUNC, T_DYNPTR,
	T_COUNT
};
#define T_BASE_MASK 0xffu
/* Modifiers. A check is a whitelist over base and modifiers: an unknown combination is refused. */
enum {
	TF_NULL      = 1u << 8,  TF_RDONLY    = 1u << 9,  TF_UNINIT  = 1u << 10, TF_USER     = 1u << 11,
	TF_PERCPU    = 1u << 12, TF_UNTRUSTED = 1u << 13, TF_TRUSTED = 1u << 14, TF_RCU      = 1u << 15,
	TF_ALLOC     = 1u << 16, TF_NON_OWN   = 1u << 17, TF_RINGBUF = 1u << 18, TF_RELEASE  = 1u << 19,
	TF_FIXED     = 1u << 20, TF_DYN_LOCAL = 1u << 21, TF_DYN_RINGBUF = 1u << 22, TF_DYN_SKB = 1u << 23,
	TF_DYN_XDP   = 1u << 24, TF_WRITE     = 1u << 25, TF_ALIGNED = 1u << 26, TF_DYN_SKB_META = 1u << 27,
	TF_DYN_FILE  = 1u << 28,
};
#define TF_DYN_MASK (TF_DYN_LOCAL | TF_DYN_RINGBUF | TF_DYN_SKB | TF_DYN_XDP | TF_DYN_SKB_META | TF_DYN_FILE)
#define T_BASE(t) ((enum reg_base)((t) & T_BASE_MASK))
#define T_FLAGS(t) ((t) & ~T_BASE_MASK)

enum dynptr_kind { DYN_NONE, DYN_LOCAL, DYN_RINGBUF, DYN_SKB, DYN_XDP, DYN_SKB_META, DYN_FILE };
enum iter_state { ITER_NONE, ITER_ACTIVE, ITER_DRAINED };

#define ID_ADD_CONST (1u << 31)    /* scalar id: this is the base value plus `off` (linked scalars), 64-bit add */
#define ID_ADD_CONST32 (1u << 30)  /* the same for a 32-bit add */
#define ID_ADD_MASK (ID_ADD_CONST | ID_ADD_CONST32)

struct reg {
	u32 type;           /* enum reg_base | TF_* */
	s32 off;            /* pointers: fixed offset; linked scalars: delta to the base */
	union {
		s32 range;                    /* T_PKT*: bytes proven behind off + var; AT_PKT_END, BEYOND_PKT_END for branches */
		struct { const struct map_desc *map; u32 map_uid; };    /* T_MAP, T_MAP_VALUE, T_MAP_KEY */
		struct { const struct btf *btf; u32 btf_id; };          /* T_BTF */
		struct { u32 mem_size; u32 dynptr_id; };                /* T_MEM, T_BUF; dynptr_id: slice of that dynptr */
		struct { u8 dyn_kind; bool dyn_first; };                /* T_DYNPTR and dynptr stack slots */
		struct { const struct btf *iter_btf; u32 iter_id; u8 iter_state; s32 iter_depth; }; /* iterator slots */
		struct { u8 irq_kind; };                                /* irq flag slots */
		u32 subprog;                                            /* T_FUNC */
		struct { u64 raw1, raw2, raw3; };                       /* all of the above, to compare and copy */
	};
	struct tnum var;    /* scalars: the value; pointers: the variable part of the offset */
	s64 smin, smax;     /* bounds of `var`, as signed and unsigned 64 and 32 bit */
	u64 umin, umax;
	s32 s32_min, s32_max;
	u32 u32_min, u32_max;
	u32 id;             /* same value or same object as others with this id; 0: none. Scalars: | ID_ADD_* */
	u32 ref_id;         /* reference this pointer belongs to; 0: none */
	u8 frameno;         /* T_STACK: frame the pointer points into */
	bool precise;       /* scalars: pruning must compare the exact range; see reg_precise() */
	u16 zero[3];        /* no padding: registers are compared by their bytes */
};
#define AT_PKT_END (-1)
#define BEYOND_PKT_END (-2)

/* ---- stack ---- */
enum slot_type { SLOT_INVALID, SLOT_SPILL, SLOT_MISC, SLOT_ZERO, SLOT_DYNPTR, SLOT_ITER, SLOT_IRQ };
struct slot {
	struct reg reg;      /* what is spilled, or the dynptr/iterator/irq record, when type[7] says so */
	u8 type[SLOT_SIZE];  /* enum slot_type a byte, in Linux's order: [7] is the lowest address, [0] the highest */
};
/* Slot i covers stack bytes [-8*(i+1), -8*i). */
static inline u32 slot_of(s32 off) { return (u32)(-off - 1) / SLOT_SIZE; }
/* Index into type[] of the byte at stack offset `off`: -8 -> 7, -1 -> 0. */
static inline u32 slot_byte(s32 off) { return (u32)(-off - 1) % SLOT_SIZE; }

/* What a checkpoint knows of one register (slot.reg alone) or slot; frozen.c. */
struct cell {
	struct slot slot;
	union {
		u32 uses;          /* frames that hold it */
		struct cell *next; /* of the free list */
	};
};

struct ret_range { s32 min, max; };

/* A checkpoint's scalars in one frame, and which of them were found to be relied on. */
struct marks { u32 scalar_regs, precise_regs; u64 scalar_slots, precise_slots; };

/* ---- frames and states ---- */
struct frame {
	struct slot *stack;       /* nslots used; grown on demand from the arena */
	struct cell **cells;      /* of a checkpoint: registers, then slots; NULL: a state of the walk, with `stack` and `regs` */
	u32 nslots, cap;
	struct marks *marks;      /* checkpoints: in their trail */
	u32 callsite;             /* instruction of the call, ~0 for the first frame */
	u32 frameno, subprog;
	u32 async_entries;
	struct ret_range cb_ret;  /* callbacks: range R0 must have */
	bool in_callback, in_async_callback, in_exception_cb;
	u32 callback_depth;       /* iterations of a synchronous callback walked on this path */
	struct reg regs[NREGS];   /* last: a checkpoint's frame ends here */
};

/* Registers and slots of any frame, to be looked at. */
static inline const struct reg *frame_reg(const struct frame *f, u32 r)
{
	return f->cells ? &f->cells[r]->slot.reg : &f->regs[r];
}
static inline const struct slot *frame_slot(const struct frame *f, u32 k)
{
	return f->cells ? &f->cells[NREGS + k]->slot : &f->stack[k];
}
static inline bool reg_precise(const struct frame *f, u32 r)
{
	return frame_reg(f, r)->precise || (f->marks && (f->marks->precise_regs >> r & 1));
}
static inline bool slot_precise(const struct frame *f, u32 k)
{
	return frame_slot(f, k)->reg.precise || (f->marks && (f->marks->precise_slots >> k & 1));
}

enum ref_kind { REF_PTR, REF_LOCK, REF_RES_LOCK, REF_RES_LOCK_IRQ, REF_IRQ };
struct ref {
	u8 kind;
	u32 id;
	u32 insn;          /* where acquired */
	const void *obj;   /* locks: the map or btf object locked */
};

/* One instruction of a path, for backtracking; newest first, shared by the `uses` states and newer entries that have it in common. */
struct jmp_hist { struct jmp_hist *older; u32 idx, prev; u32 flags, uses; u64 linked; };

struct vstate {
	/* what a search through checkpoints looks at: one cache line */
	struct vstate *next;      /* free list or checkpoint list */
	u32 insn;
	u32 branches;             /* unfinished paths below a checkpoint */
	u32 curframe;
	bool speculative, in_sleepable;
	bool evicted;             /* checkpoints: no longer compared, kept for its children */
	u32 may_goto_depth, callback_unroll_depth, dfs_depth;
	struct vstate *parent;    /* checkpoint this one came from */
	struct frame *frame[MAX_FRAMES];
	struct ref *refs;
	u32 nrefs, refcap, active_locks, active_rcu, active_preempt, active_irq_id, lock_id;
	const void *lock_ptr;
	u32 first_insn, last_insn;
	struct jmp_hist *hist;    /* since the parent checkpoint */
	u32 nhist;
	u32 prev_insn;            /* pending branches: the jump they come from */
	u64 log_mark;             /* pending branches: length of the log when pushed */
	struct trail *trail;      /* checkpoints: the way that led here */
	void *visit;              /* checkpoints: prune.c's record of the loop they are in, NULL: in none */
};

/*
 * How the path came to a checkpoint from the one before, and the marks of its scalars: what going back needs. It outlives the
 * checkpoint when the path goes on to a back-edge, whose marks are still to come.
 */
struct trail {
	struct trail *parent;     /* NULL: none, or nobody goes back this way any more */
	struct jmp_hist *hist;    /* since then */
	const struct vstate *state; /* NULL: forgotten */
	u32 first_insn, last_insn, subprog /* of the first frame */;
	u32 uses;                 /* pointers to it */
	u32 ways;                 /* of those, trails and back-edges from which the way goes back through it */
	u8 curframe;
	bool finished;            /* no path below it is being walked */
	struct marks mark[];      /* by frame */
};

/* ---- per instruction and subprogram, known before the walk ---- */
struct aux {
	bool prune_point, jmp_point, force_checkpoint, calls_callback, is_iter_next;
	bool ptr_type_set;
	bool map_key_poison, map_ptr_poison, map_key_seen, loop_seen, loop_bad;
	bool fastcall_pattern, jump_target;
	u16 live_regs;            /* registers read before written, from here on */
	u16 fastcall_spills;
	u32 scc;                  /* 0: in no loop */
	u32 leaves_to;            /* tail call, LD_ABS in a subprogram: may leave it; the subprogram's exit, 0: no */
	union {
		u32 ptr_type;     /* reg type first seen by a load/store, to refuse mixing */
		struct { u32 var_type; union { u32 var_mem_size, var_btf_id; }; }; /* LDIMM64_BTF_ID: what it loads, T_MEM or T_BTF */
	};
};

#define RETRACE 0x8000u /* precise.c must look at it whatever registers it touches */

enum { SUB_ARG_ARENA = 255 };
struct subprog {
	u32 start;
	u32 postorder;            /* index of its first instruction in env->postorder */
	u32 stack_depth;          /* as Linux counts it: at the end, after its rewrites */
	u32 used_depth;           /* what the program as it was loaded needs */
	s32 fastcall_stack_off;
	bool has_tail_call, tail_call_reachable, has_ld_abs, is_cb, is_async_cb, is_exception_cb, called, args_cached;
	bool changes_pkt, might_sleep;
	u32 func_id;              /* BTF func type id, 0 without BTF */
	bool global;
	const char *name;
	u32 nargs;
	/*
	 * Arguments of a global function. kind: enum arg_kind (ARG_ANYTHING, ARG_CTX, ARG_MEM, ARG_DYNPTR, ARG_BTF) or
	 * SUB_ARG_ARENA; flags: TF_NULL, TF_RDONLY, TF_UNTRUSTED, TF_TRUSTED.
	 */
	struct sub_arg { u32 kind; u32 flags; u32 mem_size; u32 btf_id; const struct btf *btf; } args[5];
	bool verified, keep_fastcall_stack;
	void *live;               /* owned by live.c */
};

struct vf_env {
	const struct vf_input *in;
	struct log *log;
	struct proof *proof;      /* being made */
	struct arena arena;       /* everything of this verification but the proof */
	struct ins *ins;          /* proof->ins */
	u32 n;
	struct aux *aux;          /* n */
	struct insn_fact *fact;   /* n; proof->fact */
	u16 *touched;             /* n: registers read or written, or RETRACE; what backtracking asks of most instructions */
	u8 *decode_err;           /* n, enum decode_err: found when walked, as Linux does */
	struct subprog subs[MAX_SUBPROGS + 2];
	u32 nsubs;
	s32 exception_cb;         /* subprogram, or -1 */
	struct bpf_func_info *func_info; /* checked records, nfunc_info */
	u32 nfunc_info;
	u32 *postorder;           /* instructions of each subprogram after their successors; npostorder */
	u32 npostorder;
	u32 nscc;                 /* number of loops + 1 */
	const struct progtype_spec *type;
	/* privileges, unfolded */
	bool allow_ptr_leaks, allow_uninit_stack, bpf_capable, bypass_v1, bypass_v4, strict_align, test_state_freq,
	     test_reg_invariants, sleepable_prog;
	/* the walk */
	struct vstate *cur;
	u32 insn, prev_insn;      /* index now, and before */
	/*
	 * Where the walk goes next. Set to the following instruction before each step; the step functions that get a `u32 *insn`
	 * get &next: they leave it, or set it to the very instruction to walk next. The current one is always `insn`.
	 */
	u32 next;
	u32 jumps;                /* jumps walked */
	u32 scratched_regs;       /* touched since the state was last printed, of the current frame */
	u64 scratched_slots;
	bool print_state;         /* print all of the state before the next instruction */
	bool explore_alu_limits;  /* pruning must not merge scalars: masks of pointer arithmetic depend on them */
	bool has_arena;
	u64 walked, max_walk;
	u32 id_gen;
	struct vstate **branch;   /* pending branches, the next one last */
	u32 nbranches, branchcap;
	u32 nfrozen;              /* the first of them, which are not wanted soon, are frozen */
	struct vstate *free_states, *free_frozen;
	struct cell *free_cells, plain_cell[SLOT_ZERO + 1]; /* whole slots of plain data; SLOT_INVALID: also registers without a value */
	struct jmp_hist *free_hist;
	struct trail *free_trails[MAX_FRAMES]; /* by curframe, linked by parent */
	void *prune;              /* owned by prune.c */
	struct unlike { const struct cell *old; u8 frame, at; bool precise; } unlike; /* why states_equal() failed; see prune.h */
	void *live;               /* owned by live.c */
	void *precise;            /* owned by precise.c */
	void *kfunc;              /* owned by call_kfunc.c */
	struct reg fake[2];       /* registers made of immediates */
	struct jmp_hist *cur_hist;
	u64 prev_log_len;
	u64 prev_insn_len;        /* of the instruction's text, newline included */
	char type_name[128];      /* reg_type_name() */
	char call_name[64];       /* vf_names */
	u32 prev_linfo;           /* line last printed */
	u32 rejected;             /* enum reject_id: first cause */
	s32 rejected_errno;
	char reject_text[256];    /* the last rejection's line; kept for observers only */
	u32 total_states, peak_states, max_states_per_insn;
};

/* Touched registers and slots are printed behind the instruction in the log. */
static inline void scratch_reg(struct vf_env *e, u32 regno) { e->scratched_regs |= 1u << regno; }
static inline void scratch_slot(struct vf_env *e, u32 slot) { e->scratched_slots |= 1ull << slot; }
static inline void scratch_all(struct vf_env *e) { e->scratched_regs = 0x7ff; e->scratched_slots = ~0ull; }

static inline struct frame *cur_frame(struct vf_env *e) { return e->cur->frame[e->cur->curframe]; }
static inline struct reg *cur_regs(struct vf_env *e) { return cur_frame(e)->regs; }

/* ================= services, by the room that owns them ================= */

/* -- reject.c: the one exit for a rejection. Logs spec/reject.def's text with a newline; returns -errno of the row. -- */
int reject(struct vf_env *e, enum reject_id id, ...) COLD;
/* A broken invariant of ours: logs, returns -EFAULT. Fail closed. */
int vf_bug(struct vf_env *e, const char *fmt, ...) PRINTF(2, 3) COLD;
void vf_log(struct vf_env *e, const char *fmt, ...) PRINTF(2, 3); /* nothing when the level is 0 */

/* -- scalar.c: values. "sync" = bounds and tnum tightened by each other, as Linux 6.18 does. -- */
void reg_set_known(struct reg *r, u64 value);              /* scalar or pointer's var part; clears off, ids and pointer data */
void reg_pin(struct reg *r, u64 value);                    /* bounds and var only */
void reg_set_unknown_scalar(struct reg *r);                /* any 64-bit value; clears type data; imprecise */
void reg_mark_unknown(struct vf_env *e, struct reg *r);    /* the same, precise when !bpf_capable */
void reg_mark_known_zero(struct vf_env *e, struct reg *r);
void reg_unbounded(struct reg *r);                         /* forget bounds, keep tnum */
void reg_sync(struct reg *r);
bool reg_sane(const struct reg *r);                        /* no empty range: invariant check */
void reg_zext32(struct reg *r);                            /* value := (u32)value */
void reg_truncate(struct reg *r, u32 bytes);               /* value := low bytes, zero-extended */
void reg_sext64(struct reg *r, u32 bytes);                 /* value := sign-extended low bytes to 64 */
void reg_sext32(struct reg *r, u32 bytes);                 /* to 32, upper zero */
static inline bool reg_is_const(const struct reg *r) { return r->type == T_SCALAR && tnum_is_const(r->var); }
static inline bool subreg_is_const(const struct reg *r) { return r->type == T_SCALAR && tnum_is_const(tnum_subreg(r->var)); }
static inline bool reg_is_zero(const struct reg *r) { return reg_is_const(r) && r->var.value == 0; }
/*
 * dst := dst op src for scalars. `is32`: 32-bit operation (result zero-extended). `src` may be a known immediate.
 * Never fails: what is not modelled becomes unknown. `env` may be NULL (unit tests): then no ids are touched.
 */
void scalar_alu(struct reg *dst, const struct reg *src, enum alu_op op, bool is32);
void scalar_add_unsynced(struct reg *dst, const struct reg *src); /* 64-bit add without reg_sync (linked scalars) */
void scalar_neg(struct reg *dst, bool is32);
void scalar_swap(struct reg *dst, enum swap_kind kind, u32 bits);

/* -- branch.c: comparisons of values -- */
/* 1: always taken, 0: never, -1: either. `b` may be a known immediate. Scalars and (where Linux decides them) pointers. */
int branch_taken(const struct reg *a, const struct reg *b, enum jmp_cond cond, bool is32);
/*
 * Refine two scalars under the assumption that the condition holds (and sync them). What is impossible ends !reg_sane(): Linux then
 * forgets the bounds (reg_unbounded), or fails with BPF_F_TEST_REG_INVARIANTS. Pointers are left alone.
 */
void branch_assume(struct reg *a, struct reg *b, enum jmp_cond cond, bool is32);
void branch_assume_not(struct reg *a, struct reg *b, enum jmp_cond cond, bool is32);
bool reg_not_null(const struct reg *r);   /* a pointer that cannot be 0 */
bool reg_is_trusted(const struct reg *r); /* BTF pointer (or socket, map) valid while the program holds it */

/* -- state.c: frames, states, ids -- */
struct vstate *state_new(struct vf_env *e);                          /* one zeroed frame */
void state_copy(struct vf_env *e, struct vstate *dst, const struct vstate *src); /* deep; dst is a recycled or new state */
void state_free(struct vf_env *e, struct vstate *s);                 /* to the free list */
void frame_reserve(struct vf_env *e, struct frame *f, u32 n);        /* room for n slots; what was there is lost */
/* -- frozen.c: checkpoints -- */
struct vstate *state_freeze(struct vf_env *e, const struct vstate *s, struct trail *t /* of a checkpoint; NULL: it is a branch */); /* shares what it can with the checkpoint s->parent */
struct vstate *state_thaw(struct vf_env *e, struct vstate *frozen);    /* a state of the walk; `frozen` is freed */
void frozen_free(struct vf_env *e, struct vstate *s);
void frozen_forget(struct vf_env *e, struct frame *f, u64 live_regs, u64 live_slots); /* what is dead */
struct frame *frame_push(struct vf_env *e, struct vstate *s, u32 subprog, u32 callsite); /* regs uninitialised, r10 set */
void frame_pop(struct vf_env *e, struct vstate *s);                  /* the innermost frame ends */
void frame_grow(struct vf_env *e, struct frame *f, u32 nslots);      /* at least nslots stack slots */
void frame_init_regs(struct vf_env *e, struct frame *f);
u32 new_id(struct vf_env *e);
void reg_mark_none(struct reg *r);                                   /* uninitialised */
void state_print(struct vf_env *e, const struct vstate *s, u32 frameno, bool all); /* Linux's text of a state */
void state_print_insn(struct vf_env *e, u32 insn);                   /* "12: (b7) r0 = 0   ; R0=0" at level 2 */
const char *reg_type_name(struct vf_env *e, u32 type);               /* "map_value_or_null"; valid until the next call */
void log_source_line(struct vf_env *e, u32 insn, const char *prefix); /* "; text @ file:line", when it is a new one */
/* Walk every register and every spilled register of the state; `fn` gets each one. */
typedef void (*reg_visit_fn)(struct vf_env *e, struct reg *r, void *arg);
void state_each_reg(struct vf_env *e, struct vstate *s, reg_visit_fn fn, void *arg);

/* -- step.c: one instruction, and the branch stack -- */
/* Remember the other branch at `insn`; NULL (after logging) when too many are pending -> return -E2BIG. */
struct vstate *push_branch(struct vf_env *e, u32 insn, u32 prev, bool speculative);
struct vstate *push_async_callback(struct vf_env *e, u32 insn, u32 prev, u32 subprog, bool sleepable);
/* A register is read or written by an instruction: checks initialised, r10; marks subregister definitions. */
enum reg_use { USE_SRC, USE_DST, USE_DST_NO_MARK };
int reg_check(struct vf_env *e, u32 regno, enum reg_use use);
/* What a step returns when the path ends at it (exit of the main program, bpf_throw); else 0 or -errno. */
enum { STEP_DONE = 1 };
int walk_program(struct vf_env *e);   /* main program or a global function, from e->cur */

/* -- alu.c: register arithmetic including pointers -- */
int step_alu(struct vf_env *e, const struct ins *i);
int step_mov(struct vf_env *e, const struct ins *i);
int step_end(struct vf_env *e, const struct ins *i);

/* -- jump.c: conditional jumps: prediction, refinement of both sides, packet ranges, null checks, linked scalars -- */
int step_jcc(struct vf_env *e, const struct ins *i, u32 *insn);
void mark_ptr_not_null(struct reg *r);   /* clears TF_NULL, settles map_value -> sockets, inner maps */
void clear_pkt_pointers(struct vf_env *e);   /* after a helper that moves the packet */

/* -- precise.c -- */
int mark_precise(struct vf_env *e, u32 regno);                 /* register of the current frame */
int mark_precise_slot(struct vf_env *e, u32 frameno, u32 slot);
int push_jmp_hist(struct vf_env *e, struct vstate *s, u32 flags, u64 linked);
void hist_put(struct vf_env *e, struct jmp_hist *h);           /* one state less needs it; NULL is fine */
enum { HIST_DST_STACK = 1 << 10, HIST_SRC_STACK = 1 << 11 /* conditional jump on a stack pointer */, HIST_STACK_ACCESS = 1 << 9, HIST_FRAME_MASK = 7, HIST_SLOT_SHIFT = 3, HIST_SLOT_MASK = 63 };

/* -- prune.c, equal.c -- */
int prune_at(struct vf_env *e, u32 insn, bool *ret_pruned);    /* at a prune point: compare, maybe keep a checkpoint */
enum equal_mode { EQ_LOOSE, EQ_RANGE, EQ_EXACT };
bool states_equal(struct vf_env *e, struct vstate *old, struct vstate *cur, enum equal_mode mode);
int branch_done(struct vf_env *e, struct vstate *s);           /* one path below s finished */
/* The nearest checkpoint at `insn` that is on the current path, with the same call chain; NULL: none. */
struct vstate *prune_prev_entry(struct vf_env *e, struct vstate *cur, u32 insn);
/* Loops of unknown length: imprecise scalars that changed since `old` become unknown in `cur`. */
void prune_widen(struct vf_env *e, struct vstate *old, struct vstate *cur);
void prune_reset(struct vf_env *e);                            /* forget all checkpoints: another walk begins */

/* -- live.c: static liveness -- */
int live_compute(struct vf_env *e);
void live_note_read(struct vf_env *e, u32 frameno, u32 slot_from, u32 slot_to);
void live_note_write(struct vf_env *e, u32 frameno, u32 slot);
void live_begin_insn(struct vf_env *e);                                 /* around instructions that may touch the stack */
void live_end_insn(struct vf_env *e, u32 insn);
void live_chain_changed(struct vf_env *e);                              /* a call, exit or another path */
void live_update(struct vf_env *e);                                     /* before checkpoints of the current chain are compared */
void live_query(struct vf_env *e, const struct vstate *s);
u64 live_slots(struct vf_env *e, u32 frameno);                          /* of the queried state, as a bit mask */

/* -- mem.c and mem_*.c: a load or store meets a pointer -- */
enum { MEM_READ = 1, MEM_WRITE = 2 };
/* value_reg: register loaded into or stored from, -1: none (helper access, immediate store). */
int mem_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg, bool strict_once, bool sext);
int step_load(struct vf_env *e, const struct ins *i);
int step_store(struct vf_env *e, const struct ins *i);
int step_atomic(struct vf_env *e, const struct ins *i);
int step_ldimm64(struct vf_env *e, const struct ins *i);
int step_ldabs(struct vf_env *e, const struct ins *i);
/* A helper or kfunc reads/writes `size` bytes at a pointer argument. */
int mem_helper_access(struct vf_env *e, u32 regno, u32 size, int rw, bool zero_ok, bool uninit_ok);
/* The same with the size in a register (mem argument regno-1, size in regno). */
int mem_size_arg(struct vf_env *e, u32 regno, int rw, bool zero_ok, bool uninit_ok);
int mem_map_access(struct vf_env *e, u32 regno, s32 off, u32 size, bool zero_ok, int rw);
int mem_btf_access(struct vf_env *e, u32 regno, s32 off, u32 size, int rw, s32 value_reg);      /* mem_btf.c */
int mem_map_kptr_access(struct vf_env *e, u32 regno, s32 value_reg, u32 insn, const struct btf_field *f); /* mem_btf.c */
int ptr_offset_fixed(struct vf_env *e, const struct reg *r, u32 regno, bool fixed_ok);          /* __check_ptr_off_reg */
int destroy_dynptr_or_iter(struct vf_env *e, struct frame *f, u32 slot); /* dynptr.c; refused for referenced dynptrs */

/* -- call.c: subprograms, callbacks, exit, stack depth -- */
int step_call_sub(struct vf_env *e, const struct ins *i, u32 *insn);
int step_exit(struct vf_env *e, u32 *insn, bool *ret_path_done);
int check_return_code(struct vf_env *e, u32 regno);
int check_stack_depth(struct vf_env *e);
int check_resource_leak(struct vf_env *e, bool exception_exit, bool check_lock, const char *prefix);
/* Push the callback's frame; `set_args` fills r1-r5 of the callee from the caller. */
typedef int (*cb_args_fn)(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn);
int push_callback(struct vf_env *e, const struct ins *i, u32 insn, u32 subprog, cb_args_fn set_args, bool async, bool sleepable);
int sub_args_from_btf(struct vf_env *e, u32 subprog);              /* func_args.c: arguments of a global function by BTF and tags */
int sub_args_check(struct vf_env *e, u32 subprog, struct reg *regs); /* call of a global function */

/* -- call_helper.c, call_special.c -- */
int step_call_helper(struct vf_env *e, const struct ins *i, u32 *insn);
struct call_meta {                 /* what the arguments of a call established */
	const struct helper_spec *h;   /* the contract for this program type */
	u8 special;                    /* enum helper_special, of the helper's first row */
	const struct map_desc *map;
	u32 map_uid;
	bool raw_mode, pkt_access;
	u32 regno, access_size;        /* memory argument a helper fills */
	u64 mem_size;                  /* ARG_ALLOC_SIZE, constant size arguments */
	u64 const_value; bool const_set;
	s64 msize_max;
	u32 ref_id, release_regno, dynptr_id, func_id;
	const struct btf *ret_btf; u32 ret_btf_id;
	u32 subprog;                   /* ARG_FUNC */
	const struct btf_field *kptr;
	u8 dyn_kind;
	const struct ins *ins; u32 insn;
	bool moves_pkt;                /* packet pointers become invalid, whatever the row says */
	s64 const_key; bool const_key_set;   /* array lookup: the key when it is a known constant */
};
int helper_special(struct vf_env *e, struct call_meta *m, u32 *insn); /* after the arguments; expands HS_* */
int reg_type_check(struct vf_env *e, u32 regno, const struct arg_spec *a, struct call_meta *m);
int func_arg_off(struct vf_env *e, const struct reg *r, u32 regno, const struct arg_spec *a);

/* -- resource.c: references, locks, rcu, preempt, irq -- */
int ref_acquire(struct vf_env *e, u32 insn, u32 *ret_id);
int ref_release(struct vf_env *e, u32 ref_id);                    /* invalidates every register with it */
int ref_drop(struct vf_env *e, u32 ref_id);                       /* the reference alone: registers keep it */
bool ref_find(const struct vstate *s, u32 id);
void reg_invalidate(struct vf_env *e, struct reg *r);             /* what it pointed to is gone */
/* A map value argument points to that special field (timer, wq, task_work) of its map. */
int map_field_arg(struct vf_env *e, u32 regno, enum btf_field_kind kind);
/* Special fields of what the register points to (map value or allocated object); NULL: none. In mem_btf.c. */
const struct btf_record *reg_record(struct vf_env *e, const struct reg *r);
int lock_process(struct vf_env *e, u32 regno, bool is_lock, bool is_res, bool irq);
int timer_process(struct vf_env *e, u32 regno, struct call_meta *m);
int kptr_process(struct vf_env *e, u32 regno, struct call_meta *m); /* mem_btf.c */
/* struct_ops: type of an argument declared `id` (mem_btf_write.c). */
u32 struct_ops_arg_type(struct vf_env *e, const struct btf *b, u32 id);
bool in_rbtree_less(struct vf_env *e);    /* graph.c: in the comparison of bpf_rbtree_add, where locks must stay as they are */
int kptr_match(struct vf_env *e, const struct btf_field *f, u32 regno);    /* mem_btf.c: may the register be stored there? */
bool in_rcu(const struct vf_env *e);
bool in_sleepable(const struct vf_env *e);

/* -- dynptr.c, iter.c -- */
/* arg_flags: AF_UNINIT (the callee makes it), AF_RDONLY (the callee does not change it), AF_DYN_* (0: any kind). */
int dynptr_process(struct vf_env *e, u32 regno, u32 insn, u32 arg_flags, u32 clone_ref_id);
/* What is known of the dynptr argument (id, ref_id, dyn_kind); NULL: it is none. */
const struct reg *dynptr_record(struct vf_env *e, u32 regno);
void dynptr_make_const(struct vf_env *e, struct reg *r, u8 kind); /* a callback's or global function's dynptr argument */
int dynptr_release(struct vf_env *e, u32 regno);         /* the dynptr in the stack slot is given up, with its slices and copies */

/* -- call_kfunc.c -- */
int kfunc_resolve_all(struct vf_env *e);                            /* early pass: ids to prototypes and rows */
int step_call_kfunc(struct vf_env *e, const struct ins *i, u32 *insn);
bool kfunc_is_iter_next(struct vf_env *e, const struct ins *i);
bool kfunc_is_callback_calling(struct vf_env *e, const struct ins *i);
s32 kfunc_nargs(struct vf_env *e, const struct ins *i);  /* registers it reads, or -1 when unknown */
bool kfunc_might_sleep(struct vf_env *e, const struct ins *i);
bool kfunc_changes_pkt(struct vf_env *e, const struct ins *i);

/* -- passes of verify.c, in order -- */
int pass_decode(struct vf_env *e);      /* structure.c: reserved fields, subprograms, jump targets */
int pass_subprogs(struct vf_env *e);    /* structure.c */
int pass_funcinfo(struct vf_env *e);    /* funcinfo.c: func_info and line_info */
int pass_ldimm64(struct vf_env *e);     /* structure.c: maps, BTF ids */
int pass_cfg(struct vf_env *e);         /* cfg.c */
int pass_attach(struct vf_env *e);      /* attach.c: attach target */
bool lsm_args_trusted(const struct vf_env *e); /* attach.c: are the arguments of the security hook attached to trusted? */
int pass_order(struct vf_env *e);       /* flow.c: postorder, loops, live registers */
int pass_fastcall(struct vf_env *e);    /* fastcall.c */
int funcinfo_early(struct vf_env *e);   /* funcinfo.c: records alone, before subprograms are known */
u32 insn_successors(const struct vf_env *e, u32 i, u32 out[2]);   /* flow.c */
u32 sub_containing(const struct vf_env *e, u32 insn);             /* structure.c */
s32 sub_starting(const struct vf_env *e, u32 insn);               /* structure.c: -1: none */
struct disasm_names;
extern const struct disasm_names vf_names;                        /* cookie: the env */
void insn_text(struct vf_env *e, u32 insn, struct str *out);       /* appends "(b7) r0 = 0" */
void log_insn(struct vf_env *e, u32 insn);                        /* the same as a line of the log */
void drop_fastcall_slots(struct vf_env *e); /* fastcall.c: stack depths as they are without those pairs */
int pass_finish(struct vf_env *e);      /* proof.c: stack depths, dead code facts, inlining facts */

#endif
