/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions: what an eBPF program consists of, decoded once.
 *
 * Rows of insn.def are operations, not opcode bytes: one byte can carry several (src, off or imm tell them apart).
 * Invariant: instruction i of the decoded array is slot i of the program as bpf(2) got it. A 16-byte ld_imm64 takes
 * two slots; the second is OP_LDIMM64_HI and is never executed or jumped to. So every index in every room, log and
 * dump is Linux's.
 */
#ifndef SKEP_ISA_ISA_H
#define SKEP_ISA_ISA_H

#include "base/types.h"
#include "base/uapi.h"

/* What kind of thing an operation does; rooms handle classes, not rows. */
enum ins_class {
	IC_ALU,        /* dst = dst <alu> (src | imm); NEG has no operand */
	IC_MOV,        /* dst = src | imm; `sx` 8, 16, 32: sign-extending move */
	IC_END,        /* byte order: imm 16, 32, 64; `swap` says which */
	IC_CAST,       /* addr_space_cast: imm = (dst_as << 16) | src_as */
	IC_LDX,        /* dst = *(size *)(src + off); `sx` set: sign-extending */
	IC_ST,         /* *(size *)(dst + off) = imm */
	IC_STX,        /* *(size *)(dst + off) = src */
	IC_ATOMIC,     /* lock *(size *)(dst + off) <atomic>= src */
	IC_LOAD_ACQ,   /* dst = load_acquire(src + off) */
	IC_STORE_REL,  /* store_release(dst + off, src) */
	IC_LDIMM64,    /* first slot of a 64-bit immediate; `src` of the encoding says what it means */
	IC_LDIMM64_HI, /* second slot */
	IC_LDABS,      /* r0 = packet[imm], classic BPF's load */
	IC_LDIND,      /* r0 = packet[src + imm] */
	IC_JA,         /* goto target */
	IC_JCC,        /* if dst <cond> (src | imm) goto target */
	IC_MAY_GOTO,   /* bounded escape from a loop */
	IC_CALL,       /* helper by number (imm) */
	IC_CALL_SUB,   /* BPF function at `target` */
	IC_CALL_KFUNC, /* kernel function by BTF id (imm), BTF by fd index (off) */
	IC_EXIT,
	IC_INTERNAL,   /* made by lower/, has no encoding */
};

enum alu_op { ALU_ADD, ALU_SUB, ALU_MUL, ALU_DIV, ALU_SDIV, ALU_OR, ALU_AND, ALU_LSH, ALU_RSH, ALU_NEG, ALU_MOD,
	      ALU_SMOD, ALU_XOR, ALU_ARSH };
enum jmp_cond { JC_EQ, JC_GT, JC_GE, JC_SET, JC_NE, JC_SGT, JC_SGE, JC_LT, JC_LE, JC_SLT, JC_SLE };
enum swap_kind { SWAP_TO_LE, SWAP_TO_BE, SWAP_BSWAP };
enum atomic_op { AT_ADD, AT_OR, AT_AND, AT_XOR, AT_FETCH_ADD, AT_FETCH_OR, AT_FETCH_AND, AT_FETCH_XOR, AT_XCHG,
		 AT_CMPXCHG };
/* Meanings of ld_imm64: BPF_PSEUDO_* of its src field. */
enum imm64_kind { IMM64_CONST, IMM64_MAP_FD, IMM64_MAP_VALUE, IMM64_BTF_ID, IMM64_FUNC, IMM64_MAP_IDX,
		  IMM64_MAP_IDX_VALUE };

enum op {
#define I(name, ...) OP_##name,
#define V(name, ...) OP_##name,
#define N(name, ...) OP_##name,
#include "isa/insn.def"
	OP_COUNT
};

/* A decoded instruction. For jumps and CALL_SUB `target` is the absolute index; `off`/`imm` stay as encoded. */
struct ins {
	u16 op; /* enum op */
	u8 dst, src;
	s16 off;
	s32 imm;
	union {
		u64 imm64;  /* IC_LDIMM64: both halves; internal operations: what their row says */
		u32 target; /* IC_JA, IC_JCC, IC_MAY_GOTO, IC_CALL_SUB, LDIMM64_FUNC */
	};
};

/* An arena in this process. Accesses that miss it are made to `sink`: 16 bytes that stay zero, for loads, and 16 to write to. */
struct ins_arena {
	u64 data, size, sink;
	u64 user_va; /* of its first byte, as user space sees it */
};
#define INS_ARENA_WRITE 256 /* in ARENA's imm, beside the size of the access */

enum field_kind { FK_ZERO, FK_ANY, FK_LOW, FK_IS, FK_READ, FK_WRITE, FK_RDWR };
struct field_rule {
	u8 kind; /* enum field_kind */
	s32 want; /* FK_IS: the only value allowed */
};

struct op_info {
	const char *name;      /* "ADD64_K" */
	const char *text;      /* disassembly template; see disasm.c */
	const char *section;   /* where RFC 9669 or Linux defines it */
	const char *group;     /* RFC 9669 conformance group, or "linux" */
	u8 code;               /* opcode byte; 0 with `internal` */
	u8 cls;                /* enum ins_class */
	u8 sub;                /* alu_op, jmp_cond, swap_kind, atomic_op or imm64_kind by class */
	u8 width;              /* 32 or 64: operand width of ALU, MOV, JCC */
	u8 size;               /* 1, 2, 4, 8: memory access width */
	u8 sx;                 /* 8, 16, 32: sign-extends from that many bits; else 0 */
	bool has_imm;          /* the operand is imm (BPF_K), not src */
	bool internal;
	struct field_rule dst, src, off, imm;
};

extern const struct op_info op_info[OP_COUNT];

static inline const struct op_info *ins_info(const struct ins *i) { return &op_info[i->op]; }
static inline enum ins_class ins_class(const struct ins *i) { return (enum ins_class)op_info[i->op].cls; }
static inline bool ins_is_ldimm64(const struct ins *i) { return op_info[i->op].cls == IC_LDIMM64; }
/* Slots the instruction takes: 2 for ld_imm64, else 1. */
static inline u32 ins_slots(const struct ins *i) { return ins_is_ldimm64(i) ? 2 : 1; }
static inline bool op_is_jump(u16 op)
{
	u8 c = op_info[op].cls;
	return c == IC_JA || c == IC_JCC || c == IC_MAY_GOTO;
}

/*
 * Why an instruction is not one: which field breaks its rule. DE_DST and DE_SRC: the field is reserved, or tells meanings
 * apart and has none; DE_DST_REG and DE_SRC_REG: it names a register beyond r10.
 */
enum decode_err { DE_OK, DE_OPCODE, DE_DST, DE_SRC, DE_OFF, DE_IMM, DE_LDIMM64_CUT, DE_LDIMM64_HI, DE_DST_REG,
		  DE_SRC_REG };

/*
 * Decode `n` slots into `out` (n elements, caller's). Checks every reserved-field rule of every row.
 * Returns DE_OK, or the first violation with its index in *ret_at. Jump targets may lie outside the program:
 * that is the verifier's to say.
 */
enum decode_err isa_decode(const struct bpf_insn *in, u32 n, struct ins *out, u32 *ret_at);

/*
 * The same without stopping: errs[i] is the verdict on slot i, and out[i] the operation nearest to what is written there
 * (OP_INVALID when the byte means nothing), its fields raw: registers may be up to 15. Linux finds most violations only
 * when it walks an instruction, after the checks of structure; this is for the room that does the same.
 */
void isa_decode_lax(const struct bpf_insn *in, u32 n, struct ins *out, u8 *errs);
/* Is the violation one that Linux finds before it looks at the control flow: opcode, LDX, structure of ld_imm64? */
bool isa_err_is_early(enum decode_err err, const struct bpf_insn *at);

/* One instruction (with its successor for ld_imm64; `left` slots are readable). Thread-safe, no allocation. */
enum decode_err isa_decode_one(const struct bpf_insn *in, u32 left, u32 index, struct ins *out);

/* The encoding again (1 or 2 slots written to out, which must have room for 2). Returns slots. Not for internal ops. */
u32 isa_encode(const struct ins *in, struct bpf_insn *out);

/*
 * Registers read and written, as bit masks over r0-r10, before any call convention: for IC_CALL* the caller
 * adds argument and clobber rules. Used by liveness and by the engines. EXIT reads r0; LDABS and LDIND read r6 and
 * write r0-r5.
 */
u16 isa_reads(const struct ins *i);
u16 isa_writes(const struct ins *i);

/* Disassembly: Linux's text for one instruction (as in verifier logs and bpftool's xlated dumps). */
struct disasm_names {
	void *cookie;
	/* Name of a helper or kfunc ("bpf_map_lookup_elem"), or NULL; may be NULL. */
	const char *(*call)(void *cookie, const struct ins *i);
	/* Text for a 64-bit immediate ("map[id:3][0]+8"), or NULL for 0x%llx; may be NULL. */
	const char *(*imm64)(void *cookie, const struct ins *i);
};
struct str;
/* Names that print 64-bit immediates as isa_asm() reads them: map[fd:3], map[fd:3][0]+8, subprog[+5], btf[id:7]. */
extern const struct disasm_names isa_asm_names;
/* Appends e.g. "(bf) r6 = r1" for the instruction at `index`, without index and newline. Names may be NULL. */
void isa_disasm(struct str *out, const struct ins *i, u32 index, const struct disasm_names *names);

/*
 * Assembler of the same text, one instruction a line, with labels ("name:") and '#' or ';' comments. Numbers may be
 * decimal or 0x; jump targets "+3", "-2" or a label; "call NAME" resolves through `helper_id`.
 */
struct asm_opts {
	void *cookie;
	/* Helper number by name without "bpf_", or -1; may be NULL. */
	int (*helper_id)(void *cookie, const char *name);
	/* Value for a symbol in "rN = map[NAME]" (pseudo 1) or "rN = map[NAME][0]+OFF" (pseudo 2): the fd, or -1. May be NULL. */
	int (*map_fd)(void *cookie, const char *name);
};
/*
 * Returns the number of slots written to *ret_insns (malloc'ed, the caller frees), or -EINVAL with *ret_err set to
 * "line N: what" (malloc'ed), or -ENOMEM.
 */
int isa_asm(const char *text, const struct asm_opts *opts, struct bpf_insn **ret_insns, char **ret_err);

#endif
