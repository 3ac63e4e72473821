/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier as the outside sees it: a program and what it may use go in; a verdict, a log and a proof come out.
 *
 * Invariant: vf_verify() is a pure function of its input (and of limits): no global state, any number of threads. It
 * links with base, isa, btf and spec alone.
 */
#ifndef SKEP_VERIFIER_VERIFY_H
#define SKEP_VERIFIER_VERIFY_H

#include "base/arena.h"
#include "base/log.h"
#include "btf/btf.h"
#include "isa/isa.h"
#include "spec/spec.h"

enum vf_mitigations { MITIGATE_AUTO /* programs of loaders without CAP_PERFMON */, MITIGATE_ALL, MITIGATE_NONE };

/*
 * A program type of an application's own (PROGTYPE_OWN and up): its row, and the functions that its programs may call, which are
 * FUNCs of `btf`, by name. Made at run time; lives longer than its programs.
 */
struct vf_own {
	const struct progtype_spec *type;
	const struct btf *btf;         /* NULL: no functions */
	const struct kfunc_spec *kfunc;
	const u64 *kfunc_addr;         /* nkfuncs: what is called; not the verifier's business */
	u32 nkfuncs;
};
/* Index of the function; -1: there is none. */
s32 vf_own_kfunc(const struct vf_own *own, const char *name);

struct vf_input {
	/* the program, as bpf(2) got it */
	const struct bpf_insn *insns;
	u32 insn_cnt;
	u32 prog_type, attach_type, prog_flags; /* prog_flags: BPF_F_STRICT_ALIGNMENT, BPF_F_SLEEPABLE, ... */
	u32 caps;                               /* enum cap_bit set of the loader */
	u32 mitigations;                        /* enum vf_mitigations: against speculation */
	bool gpl;                               /* license is GPL-compatible */
	const char *name;                       /* of the program, for the log; may be "" */
	/* its BTF (may be NULL) with func_info and line_info in the caller's memory, as bpf(2) got them */
	const struct btf *btf;
	const void *func_info, *line_info;
	u32 func_info_rec, func_info_cnt, line_info_rec, line_info_cnt;
	/* what it attaches to */
	const struct btf *attach_btf; /* NULL: none */
	u32 attach_btf_id;
	u32 dev_bound_ifindex;
	/* the kernel's types for BTF pointers, kfuncs and kptrs; NULL: none */
	const struct btf *kernel_btf;
	/* maps and other BTF objects by file descriptor or fd_array index; owned by the caller for as long as the proof lives */
	void *cookie;
	int (*map_by_fd)(void *cookie, int fd, const struct map_desc **ret_map);
	int (*fd_at)(void *cookie, u32 index, int *ret_fd); /* fd_array; -EPROTO without one */
	int (*btf_by_fd)(void *cookie, int fd, const struct btf **ret_btf);
	/* Context of types without a table of their own: bytes a tracepoint's context has; 0: spec's maximum */
	u32 ctx_size;
	bool (*ksym_known)(const char *name); /* does the kernel tell where this variable is? NULL: of all */
	u32 ncpus;    /* possible CPUs of the machine; 0: Linux's most */
	int refused; /* what was wrong with the input before any pass, as -errno: only statistics are logged; 0: nothing */
	/* limits; 0: Linux's */
	u32 max_walk;        /* instructions walked: 1,000,000 */
	size_t max_memory;   /* of the arena: none */
	const struct vf_own *own; /* of prog_type; NULL: it is one of Linux's */
	/* observers; NULL: none (verifier/debug.h) */
	const struct vf_debug *debug;
};

/* What memory an instruction touches, over all paths that reach it. */
enum mem_fact {
	MF_NONE, MF_STACK, MF_CTX, MF_PKT, MF_MAP_VALUE, MF_MEM /* other memory known good */,
	MF_SOCK,  /* object shown through a field table: lower like a context */
	MF_PROBE, /* BTF pointer: may fault, must read as zero then */
	MF_OPAQUE, /* an object of the runtime's own, shown as a kernel structure it is not: must read as zero */
	MF_ARENA,
};

/*
 * How an addition of a variable to a pointer (or of two unknown scalars) is kept harmless under mistaken prediction: lowering masks
 * the offset.
 */
enum {
	ALU_SAN_SRC = 1, ALU_SAN_DST = 2, /* which operand is the offset: source, destination */
	ALU_SAN_NEG = 4,                  /* the offset is negative */
	ALU_SAN_NON_POINTER = 8,          /* two scalars on every path: nothing to mask */
	ALU_SAN_IMM = 16,                 /* the offset is a constant on every path */
};

/* Per instruction, what lower/ and the engines may rely on. What stands in one union is of different instructions: big programs have many. */
struct insn_fact {
	bool walked;          /* reachable: an instruction without it never runs */
	bool nospec;          /* speculation barrier before; needed without CAP_PERFMON */
	bool nospec_result;   /* and after */
	u8 mem;               /* enum mem_fact */
	u8 alu_state;         /* masking of pointer arithmetic: ALU_SAN_* */
	bool call_const_map : 1;  /* every path passes the same map to this helper call: `map` */
	bool call_inner_map : 1;  /* or an inner map of the same map of maps: `map` is its template */
	bool key_const : 1;       /* array lookup/tail call with the constant index `key` on every path */
	bool loop_inline : 1;     /* bpf_loop: callback and flags constant: `callee` */
	bool obj_percpu : 1;      /* CALL_KFUNC that makes an object: one a CPU */
	union {
		u32 alu_limit;    /* ALU */
		u32 key;          /* CALL */
		u32 map_off;      /* LDIMM64_MAP_VALUE: offset into the value */
		u32 kfunc_id;     /* CALL_KFUNC */
	};
	union {
		u32 callee;       /* subprogram number for bpf_loop, callbacks and CALL_SUB */
		u32 obj_size;     /* CALL_KFUNC that makes an object: its size, 0: makes none */
	};
	union {
		const struct map_desc *map;  /* LDIMM64_MAP_*: the map; CALL: see call_const_map, call_inner_map */
		const struct btf *kfunc_btf; /* CALL_KFUNC, LDIMM64_BTF_ID */
	};
	union {
		const struct ctx_field *field;       /* MF_CTX/MF_SOCK: the field, when the same on every path */
		const struct btf_record *obj_record; /* CALL_KFUNC: special fields of the object, or NULL */
	};
};

struct sub_fact {
	u32 start, end;      /* instructions [start, end) */
	u16 stack;           /* bytes of stack used, rounded as Linux does */
	bool has_tail_call, tail_call_reachable, has_ld_abs;
	bool is_callback, is_async_callback, is_exception_cb, is_global;
	bool changes_pkt, might_sleep;
	const char *name;    /* from func_info, or NULL */
};

struct vf_stats {
	u64 walked;              /* "processed N insns" */
	u32 max_states, total_states, peak_states;
	u64 time_ns;
	size_t memory;           /* bytes of the arena at the end */
	u32 stack_depth[256];    /* by subprogram, as Linux's "stack depth a+b" */
	u32 nsubs;
};

/* What was proven; lives in its own arena until vf_proof_free(). Immutable. */
struct proof {
	struct arena arena;
	struct ins *ins;          /* decoded, n */
	struct insn_fact *fact;   /* n */
	u32 n;
	struct sub_fact *sub;
	u32 nsubs;
	const struct map_desc **maps; /* used_maps, in order of first use */
	u32 nmaps;
	bool sleepable;
	bool strict_spec;         /* loaded without CAP_PERFMON: hardening facts are filled in */
	u32 max_ctx_off;          /* highest byte of the context touched (raw_tp, tracepoint attach checks) */
	u32 max_tp_access, max_pkt_off;
	u32 max_rdonly, max_rdwr; /* the same of buffers (keys and values of iterators) */
	struct btf_line *lines;   /* checked line info, sorted; nlines */
	u32 nlines;
	struct vf_stats stats;
};

/*
 * Verify. Logs Linux's messages to `log` as its level asks. Returns 0 and *ret_proof (the caller frees), or a negative errno
 * (-EACCES, -EINVAL, -EPERM, -E2BIG, -EFAULT, -ENOMEM, -EOPNOTSUPP, ...) with *ret_proof untouched. Statistics are written in both
 * cases when `ret_stats` is not NULL.
 */
int vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats);
void vf_proof_free(struct proof *p); /* NULL is fine */
/* The source line an instruction belongs to; NULL without line info. */
const struct btf_line *proof_line(const struct proof *p, u32 insn);

#endif
