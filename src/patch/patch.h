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
 *	patch_copy()          the covered instructions, for the trampoline (box/trace_site.c makes the rest of it and writes the code)
 *	patch_ip_forward(),   where a stopped thread is to go on when the code has been changed, or is as it was again
 *	patch_ip_back()
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
	u8 opcode;
	u8 modrm, modrm_at; /* modrm_at 0: has none */
	u8 sib;     /* valid if the modrm byte asks for one */
	u8 rex;     /* 0: none */
	u8 prefix;  /* PATCH_P_* */
	u8 rip_at;  /* offset of a 32-bit displacement relative to the instruction's end; 0: none */
	u8 rel_at;  /* offset of a branch displacement; 0: none */
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
	PATCH_TRAP,  /* none of them: a byte alone could be rewritten */
};

enum {
	PATCH_MAX_COVER = 32, /* most bytes of instructions moved */
	PATCH_MAX_MAP = 24,
	PATCH_GATE = 16,
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
	s32 nr;             /* if that is a syscall: number that the instruction before it loads; -1: unknown */
	u8 old[PATCH_MAX_COVER]; /* what is there now */
	/* Filled in by who makes the trampoline. */
	u8 new[8];          /* `len` bytes for start */
	u8 new_pad[5], old_pad[5];
	u64 gate;           /* where the system call is made, PATCH_GATE bytes; 0: in the trampoline */
	u64 tramp;
	u32 tramp_len;
	u64 entry_at;       /* where the jump goes */
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
/* Words for what patch_plan() returned. */
const char *patch_why(int err);

/* All instructions of a kind in a function, as offsets: Go's returns. Gives the number found, at most `n` are stored. */
u32 patch_find(const struct patch_func *f, u32 kinds, u32 *offs, u32 n);

/*
 * A stopped thread's instruction pointer, when a site has been (forward) or is to be removed (back). 0: *ret_ip is where it must
 * go on (perhaps unchanged). -EAGAIN: inside the stub, let it run on and ask again. Back: -ENOENT if not in this trampoline.
 */
int patch_ip_forward(const struct patch_plan *p, u64 ip, u64 *ret_ip);
int patch_ip_back(const struct patch_plan *p, u64 ip, u64 *ret_ip);

/*
 * Instructions [from, to) of the covered bytes as they do the same at `a`'s place, and where each of them is, in the plan's map
 * (relative to plan.tramp). Errors are in a->err.
 */
struct patch_asm;
void patch_copy(struct patch_plan *p, struct patch_asm *a, u32 from, u32 to);
/* What `old` bytes behind the start is at, is at the place where `a` is now. */
void patch_note(struct patch_plan *p, const struct patch_asm *a, u32 old);

#endif
