/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hooks by rewriting x86-64 code: which bytes to put where so that a function, a return, a static probe or a system call of a
 * foreign process calls a handler, and how to do and undo that while threads run.
 *
 * Pure: no memory is allocated, no system call made, nothing of the target touched. Callers hand in copies of the target's bytes and
 * carry out what comes back, so the supervisor uses it from outside and the agent from inside. Freestanding; every read of
 * foreign bytes is bounds-checked. Functions return 0 or a negative errno.
 *
 * The way of a hook:
 *	patch_text_scan()     once a module: branch targets, so that no jump ever lands inside rewritten bytes
 *	patch_plan()          can this place take a jump, and which instructions does it cover
 *	patch_emit()          the trampoline: event stub and the covered instructions moved; fills in the bytes of the site
 *	patch_apply()         writes the site, in the order that running threads survive
 *	patch_remove()        the way back
 */
#ifndef SKEP_PATCH_PATCH_H
#define SKEP_PATCH_PATCH_H

#include "base/types.h"

/* --- Instructions (decode.c) --- */

enum patch_kind {
	PATCH_OTHER,
	PATCH_NOP,      /* does nothing, whatever its operands */
	PATCH_ENDBR,
	PATCH_JMP,      /* rel8, rel32 */
	PATCH_JCC,      /* rel8, rel32 */
	PATCH_LOOP,     /* loop, loope, loopne, jrcxz: rel8 only */
	PATCH_XBEGIN,   /* rel32, the abort path */
	PATCH_CALL,     /* rel32 */
	PATCH_JMP_IND,
	PATCH_CALL_IND,
	PATCH_RET,      /* ret, iret and their like: control does not go on */
	PATCH_SYSCALL,
	PATCH_INT3,
	PATCH_STOP,     /* ud2, hlt: control does not go on */
};

enum patch_space { PATCH_LEGACY, PATCH_VEX, PATCH_EVEX, PATCH_XOP };
enum { PATCH_P_66 = 1, PATCH_P_67 = 2, PATCH_P_LOCK = 4, PATCH_P_F2 = 8, PATCH_P_F3 = 16, PATCH_P_SEG = 32 };

struct patch_insn {
	u8 len;
	u8 kind;    /* enum patch_kind */
	u8 space;   /* enum patch_space */
	u8 map;     /* of opcodes: 0 one byte, 1 0f, 2 0f38, 3 0f3a; 5, 6 EVEX; 8, 9, 10 XOP; 15 3DNow */
	u8 opcode, opcode_at;
	u8 modrm, modrm_at; /* modrm_at 0: has none */
	u8 sib;     /* valid if the modrm byte asks for one */
	u8 rex;     /* 0: none */
	u8 prefix;  /* PATCH_P_* */
	u8 rip_at;  /* offset of a 32-bit displacement relative to the instruction's end; 0: none */
	u8 rel_at;  /* offset of a branch displacement; 0: none */
	u8 rel_size;
	u8 imm_size; /* bytes of immediates at the end, a branch's displacement included */
	s64 disp;   /* value at rip_at or rel_at: target = address of the next instruction + disp */
};

/* -EILSEQ: no instruction; -ENODATA: `n` bytes do not hold it whole. */
int patch_decode(const u8 *p, u64 n, struct patch_insn *ret);

/* --- Text of a module (scan.c) --- */

/* Addresses are of one kind throughout: where the module is mapped, or as it is linked. */
struct patch_text {
	const u8 *bytes;
	u64 addr, size;
	u8 *targets;     /* caller's, patch_text_bytes(size) bytes, zeroed: bit per byte, set if some direct branch goes there */
	u8 *starts;      /* the same size, or NULL: set where an instruction begins */
	u8 *taken;       /* the same size, or NULL: bytes that other sites cover: kept by patch_text_take() */
};
static inline u64 patch_text_bytes(u64 size) { return size / 8 + 1; }

/*
 * Decodes from `from` up to `to` (offsets; a function, or a gap between functions) and notes every direct branch. Where bytes
 * do not decode, goes on behind them. `site` (or NULL) hears of every instruction of a kind in `kinds` (bit a kind).
 */
typedef void (*patch_site_fn)(void *arg, u64 addr, const struct patch_insn *in);
void patch_text_scan(struct patch_text *t, u64 from, u64 to, u32 kinds, patch_site_fn site, void *arg);

/* --- Plans (plan.c) --- */

struct patch_plan;
/* A plan that is (or is no longer) carried out: later ones keep off its bytes. */
void patch_text_take(struct patch_text *t, const struct patch_plan *p, bool take);

/* Reads `n` bytes of the target at an address (for jump tables); 0 or negative errno. */
typedef int (*patch_read_fn)(void *arg, u64 addr, void *buf, u32 n);

struct patch_func {
	const u8 *code;
	u64 addr;
	u32 size;
	u32 pad, tail;      /* bytes before and behind that belong to no other function; code[-pad .. size + tail + more) is readable */
	u32 more;
	const struct patch_text *text; /* branches from elsewhere; NULL: they are not known and not believed to exist */
	patch_read_fn read; /* NULL: a function with a jump table gets int3 unless one instruction is enough */
	void *arg;
};

enum patch_form {
	PATCH_JMP5,  /* jmp rel32 */
	PATCH_JMP2,  /* jmp rel8 to a jmp rel32 in the padding before the function */
	PATCH_PUN,   /* a long jump whose last bytes are those of the instructions behind it, which stay: it can go to few places only */
	PATCH_TRAP,  /* int3: the SIGTRAP handler continues at the trampoline's `entry` */
};

enum {
	PATCH_MAX_COVER = 32, /* most bytes of instructions moved */
	PATCH_MAX_MAP = 24,
	PATCH_MAX_TRAMPOLINE = 1536,
};

/* Where the parts of a moved instruction are: `old` is an offset from plan.start, `at` one from plan.tramp. */
struct patch_move { u8 old; u16 at; };

struct patch_plan {
	u64 site;           /* the address whose execution is the event */
	u64 start;          /* first byte rewritten (site, or an instruction before it) */
	u64 pad;            /* PATCH_JMP2: where the long jump goes */
	u8 form;            /* enum patch_form */
	bool single;        /* all bytes written lie in one instruction: no thread can stand inside, no stop is needed */
	bool entry;         /* the site is a function's first instruction, or the one behind its endbr64 */
	bool plain;         /* and never reached by a loop: flags and red zone are dead */
	u8 covered;         /* bytes of whole instructions that are moved, from start to behind the site's instruction at least */
	u8 len;             /* bytes written at start */
	u8 holds;           /* bytes from start that nobody else may change: covered, or those that a PATCH_PUN is made of */
	u8 before;          /* offset of the site in the covered bytes */
	u8 at_len;          /* bytes of the site's instruction */
	s32 nr;             /* if that is a syscall: number that the instruction before it loads; -1: unknown */
	u8 old[PATCH_MAX_COVER]; /* what is there now */
	/* Filled in by patch_emit(). */
	u8 new[8];          /* `len` bytes for start */
	u8 new_pad[5], old_pad[5];
	u64 tramp;
	u32 tramp_len;
	u64 entry_at;       /* where the jump goes, and where a SIGTRAP at `start` continues */
	u8 nmap;
	struct patch_move map[PATCH_MAX_MAP];
};

/* Preferences, or'ed. */
enum {
	PATCH_BACKWARD = 1, /* instructions before the site may be covered too (system calls, Go returns, static probes) */
	PATCH_NO_PAD = 2,   /* do not use the padding */
	PATCH_ONLY_JUMP = 4, /* -ENOSPC instead of an int3 plan */
	PATCH_MAY_PUN = 8,  /* PATCH_PUN where no other jump fits */
};

/*
 * A PATCH_PUN plan by number, from 0 on, in order of preference: where its jump goes (which must be free there), and the bytes for it in
 * p->new. False: there are no more.
 */
bool patch_pun(struct patch_plan *p, u32 which, u64 *ret_to);
enum { PATCH_PUN_STUB = 14 }; /* bytes that are needed where it goes: a jump to anywhere */

/*
 * A plan for the instruction at `off` of the function. -EILSEQ: no instruction begins there; -EBUSY: there is an int3 already;
 * -EOPNOTSUPP: its instruction cannot be moved; -ENOSPC: no room for a jump (PATCH_ONLY_JUMP); -EEXIST: another site covers it.
 * The bytes have to be the original ones, whatever has been rewritten since: of the file, or a copy made before.
 */
int patch_plan(const struct patch_func *f, u32 off, u32 flags, struct patch_plan *ret);
/* Words for what patch_plan() or patch_emit() returned. */
const char *patch_why(int err);

/* All instructions of a kind in a function, as offsets: Go's returns. Gives the number found, at most `n` are stored. */
u32 patch_find(const struct patch_func *f, u32 kinds, u32 *offs, u32 n);

/*
 * A stopped thread's instruction pointer, when a site has been (forward) or is to be removed (back). 0: *ret_ip is where it must
 * go on (perhaps unchanged). -EAGAIN: inside the stub, let it run on and ask again. Back: -ENOENT if not in this trampoline.
 */
int patch_ip_forward(const struct patch_plan *p, u64 ip, u64 *ret_ip);
int patch_ip_back(const struct patch_plan *p, u64 ip, u64 *ret_ip);

/* --- What runs in the target --- */

/* Registers as the kernel's struct pt_regs has them, which is what programs see. */
struct patch_regs {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct patch_shadow {
	u64 sp;      /* address of the return address */
	u64 ret;     /* what it was */
	u64 probe;
	u64 data;    /* the handlers': see patch_thread.data */
};

struct patch_nested { u64 sp, nr; }; /* a system call under way whose number is not known from its site */

enum { PATCH_NESTED = 16, PATCH_SHADOWS = 254 };

/*
 * One a thread, at the gs base. Clones inherit the gs base, so `fs` tells whose it is. Made at a thread's first event on memory
 * mapped for it (runtime.thread_size bytes: this struct, then the stack growing down from the end).
 */
struct patch_thread {
	struct patch_thread *self;
	u64 frame;        /* where handlers get their struct patch_regs: their stack grows down from there */
	u32 busy;         /* a handler runs: events below it are skipped */
	u32 off;          /* set by the agent: no events in this thread */
	u64 data;         /* what the entry handler leaves for the return of the same call, and finds there again */
	u64 fs;           /* the owner's fs base */
	u64 skipped;      /* events lost to `busy` and to a full shadow stack */
	u32 shadows;      /* in use */
	u32 nested_n;
	struct patch_nested nested[PATCH_NESTED];
	u64 agent[16];    /* the agent's */
	struct patch_shadow shadow[PATCH_SHADOWS];
};

/*
 * What the code in the target has to know, and the parts that all sites share. Handlers are C functions compiled without vector
 * registers; they run on the thread's own stack with `busy` set.
 */
struct patch_runtime {
	/* In: addresses of functions in the target. */
	u64 thread_new;   /* void (struct patch_thread *fresh): the rest of it; self, frame, fs are set. 0: none */
	u64 returned;     /* void (struct patch_regs *, u64 probe): a function returned; regs->ip is where to */
	u64 shadow_full;  /* patch_shadow_prune(); 0: the return event is lost */
	u64 ret_missing;  /* u64 (struct patch_thread *, u64 sp): return address of an entry that this thread does not have
	                     (its stack moved to another thread); 0: trap */
	u32 thread_size;  /* bytes mapped for each thread, 64 KiB or more */
	/* Out, by patch_emit_runtime(). */
	u64 code, len;
	u64 new_block;    /* makes a thread's block */
	u64 ret_entry;    /* what replaced return addresses point to */
};

/* Code shared by all sites, for address `at`, within 2 GiB of every trampoline. Gives its length. */
int patch_emit_runtime(struct patch_runtime *rt, u64 at, u8 *buf, u32 cap, u32 *ret_len);

enum patch_event {
	PATCH_ENTER,   /* u64 enter(struct patch_regs *, u64 probe), whatever it returns */
	PATCH_RETURN,  /* at a function's entry: u64 enter(regs, probe) (or 0: none); unless it says nonzero, runtime.returned follows */
	PATCH_CALLING, /* a syscall instruction: u64 enter(regs, probe), nonzero: not to be made, its result is regs->ax;
	                  void leave(regs, probe): the result is regs->ax. Either may be 0. orig_ax: number, ~0 if lost */
};

struct patch_stub {
	u8 event;       /* enum patch_event */
	bool writes;    /* PATCH_ENTER, PATCH_RETURN: the enter handler may change regs, ip and sp too. A syscall's arguments,
	                   number and result may be changed without this */
	u64 enter, leave;
	u64 probe;      /* given to the handlers */
};

/*
 * The trampoline for a plan, to be put at `at`. Fills in the second half of the plan. -ERANGE: too far from the site or from
 * what the moved instructions refer to; -ENOSPC: `cap` (PATCH_MAX_TRAMPOLINE is always enough).
 */
int patch_emit(struct patch_plan *p, const struct patch_runtime *rt, const struct patch_stub *stub, u64 at, u8 *buf, u32 cap);

/*
 * In the target: give all of a thread's replaced return addresses back (before an unwinder reads the stack), and take them again.
 * Frames below `sp` are gone and are forgotten.
 */
void patch_shadow_restore(struct patch_thread *t, u64 sp, u64 ret_entry);
void patch_shadow_again(struct patch_thread *t, u64 sp, u64 ret_entry);
/* Forgets frames that are gone when a function is entered whose return address is at `sp`. */
void patch_shadow_prune(struct patch_thread *t, u64 sp, u64 ret_entry);

/* --- Writing into running code (live.c) --- */

/*
 * The target as the one who patches sees it. Every function gives 0 or a negative errno. `write` must not be seen half done by
 * a stopped world only; `sync` makes every running thread fetch instructions anew (membarrier SYNC_CORE).
 * `stop` NULL: the caller has stopped everything already, or nothing runs yet; then `sync` may be NULL too.
 */
struct patch_ops {
	int (*write)(void *arg, u64 addr, const void *bytes, u32 n);
	int (*sync)(void *arg);
	int (*stop)(void *arg);   /* every thread */
	int (*start)(void *arg);
	/* Calls `fn` for each stopped thread's instruction pointer and stores what it says. Tries again later where -EAGAIN. */
	int (*each_ip)(void *arg, int (*fn)(const struct patch_plan *p, u64 ip, u64 *ret_ip), const struct patch_plan *p);
	void *arg;
	bool traps;               /* a SIGTRAP handler in the target sends int3 hits at plan.start to plan.entry_at */
};

/* The trampoline must be in place. Single-instruction sites need no stop if `traps`. */
int patch_apply(const struct patch_plan *p, const struct patch_ops *ops);
/* Threads may be in the trampoline afterwards: it stays mapped until none is (patch_ip_back() says). */
int patch_remove(const struct patch_plan *p, const struct patch_ops *ops);

#endif
