/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The facts of Linux's eBPF, as tables anyone may read: program types, contexts, helpers, kfuncs, map types, attach
 * types, links, commands, capabilities, rejections. Each is expanded from one .def file; nothing here does anything.
 *
 * Invariant: every list is total. What skep does not provide is a row that says so, with the reason.
 */
#ifndef SKEP_SPEC_SPEC_H
#define SKEP_SPEC_SPEC_H

#include "base/types.h"
#include "base/uapi.h"

/* Privileges, as Linux splits them (CAP_SYS_ADMIN stands in for each). */
enum cap_bit {
	CAP_NONE_ = 0, CAPB_BPF = 1, CAPB_PERFMON = 2, CAPB_NET_ADMIN = 4, CAPB_SYS_ADMIN = 8,
	CAPB_NOT_SYSCALL = 16, /* in a helper's row: not asked of syscall programs */
};
/* Does the set `have` grant all of `need`, counting SYS_ADMIN as the others? */
bool caps_grant(u32 have, u32 need);

/* ---- program types: progtype.def ---- */
/* Sets of program types: bit n is BPF_PROG_TYPE n. */
typedef u64 progset;
#define PT_BIT(t) ((progset)1 << (t))

/* The numbers, under names that do not depend on the system's header. */
enum progtype_id {
#define P(id, ...) PTYPE_##id,
#include "spec/progtype.def"
};
enum attach_id {
#define A(id, ...) ATTACH_##id,
#include "spec/attach.def"
};
enum map_type_id {
	MTYPE_UNSPEC,
#define M(id, ...) MTYPE_##id,
#include "spec/map.def"
};

struct ctx_spec; /* below */

struct progtype_spec {
	const char *name;    /* "xdp", as bpftool prints it */
	const char *uapi;    /* "BPF_PROG_TYPE_XDP" */
	const char *doc;
	const char *why_not; /* NULL, or why it can be loaded but never run here; with `given`: why no event runs it */
	const struct ctx_spec *ctx;
	u32 caps;            /* enum cap_bit set needed to load */
	bool net;            /* counts as networking (CAP_NET_ADMIN) */
	bool given;          /* runs on contexts that one gives it, and on no event of skep's */
	bool skb;            /* context is a __sk_buff */
	bool ld_abs;         /* LD_ABS / LD_IND allowed */
	bool direct_pkt;     /* data/data_end readable */
	bool pkt_write;      /* packet writable through pointers (subject to attach type) */
	bool test_run;       /* BPF_PROG_TEST_RUN exists in Linux */
	bool tracing;        /* refused maps with locks, timers, lists and trees */
	u8 default_attach;   /* stands in for expected_attach_type 0 */
	s32 ret_min, ret_max; /* range R0 must have at exit; ret_min > ret_max: any (attach rows may narrow) */
};
extern const struct progtype_spec progtype_spec[UAPI_PROG_TYPES];
/* Program types that an application defines have numbers from here on; what Linux lets programs of every type do, they may. */
#define PROGTYPE_OWN 48u
#define PROGTYPE_OWN_MAX 8u
bool progset_has(progset set, u32 type);
/* NULL when the number is not a type. */
const struct progtype_spec *progtype_by_id(u32 type);
/*
 * Does BPF_PROG_LOAD take this expected attach type for the type? 0 and *ret_attach (the default where 0 stands for one), or
 * -EINVAL.
 */
int progtype_attach_check(u32 type, u32 attach, u32 *ret_attach);
/* Range of R0 at exit by program and attach type. False: any value. */
bool progtype_ret_range(u32 type, u32 attach, s32 *ret_min, s32 *ret_max);
/* Attach types as sets: bit n is attach type n; numbers that are none have no bit. */
static inline u64 attach_bit(u32 attach) { return attach < UAPI_ATTACH_TYPES ? (u64)1 << attach : 0; }

/* ---- contexts: ctx_*.def ---- */
enum ctx_kind {
	CK_SCALAR,
	CK_PKT, CK_PKT_END, CK_PKT_META,
	CK_SK,          /* struct bpf_sock, may be NULL: PTR_TO_SOCK_COMMON_OR_NULL */
	CK_SOCKET,      /* full socket, not NULL */
	CK_SOCKET_NULL, /* full socket or NULL */
	CK_FLOW_KEYS,
	CK_TP_BUFFER,   /* writable raw tracepoint's buffer */
	CK_BUF_RDWR, CK_BUF_RDONLY, /* sockopt optval.. bounded by an END field; iterators' key/value */
	CK_PTR_BTF,     /* typed kernel pointer; type by name in `btf_type` */
};
enum { /* how a field may be touched; all accesses are aligned to their size */
	CF_R = 1, CF_W = 2,
	CF_NARROW = 4,    /* smaller reads allowed */
	CF_WIDE = 8,      /* 8-byte accesses to a pair of an array's 4-byte elements */
	CF_NARROW_W = 16, /* smaller writes allowed */
	CF_U32 = 32,      /* a 2-byte field that may also be read as 4 bytes, the upper half 0 */
	CF_MIN2 = 64,     /* CF_NARROW, but no single bytes */
	CF_START = 512,   /* CF_NARROW, but only at the field's first byte */
	CF_BPF_R = 128, CF_BPF_W = 256, /* reading, writing needs CAP_BPF */
};

/* One field a program may touch. Offsets and sizes are those of the UAPI structure. */
struct ctx_field {
	const char *name;
	const char *btf_type;  /* CK_PTR_BTF: struct name */
	u16 off, size;         /* size of one element; the whole field is size * count */
	u16 count;             /* arrays (cb[5], ip6[4], regs...) */
	u16 native_off;        /* where it lives in the native context; == off but for pointers shown as u32 */
	u8 native_size;        /* 8 for pointers shown as u32 */
	u8 kind;               /* enum ctx_kind */
	u16 access;            /* CF_* */
	progset progs;         /* types that may touch it (several types share struct __sk_buff) */
	progset writers;       /* types that may write it, if CF_W */
	u64 attach;            /* bit set of expected_attach_type that may touch it; 0: any */
	u64 attach_w;          /* that may write it, if CF_W; 0: as attach */
};

struct ctx_spec {
	const char *uapi;      /* "struct xdp_md" without the keyword */
	u16 size;              /* of the UAPI structure: accesses beyond are refused */
	u16 native_size;       /* the UAPI structure, then the pointers it shows as u32, 8 bytes each (ctx_native.h) */
	u16 nfields;
	bool raw_args;         /* array of u64 arguments (raw_tracepoint, tracing) */
	bool any_scalar;       /* any aligned read within raw_min .. raw_max - 1 is a scalar (raw_args too, fields apart) */
	bool any_write;        /* and any aligned write */
	u32 raw_min, raw_max;
	const struct ctx_field *fields;
};

/* Objects that programs reach by pointer and read field by field, like a context. */
enum ctx_obj { OBJ_SOCK_COMMON, OBJ_SOCK, OBJ_TCP_SOCK, OBJ_XDP_SOCK, OBJ_COUNT };
extern const struct ctx_spec *const obj_spec[OBJ_COUNT];

/* The field that an access at `off` hits for this program type, or NULL. Does not judge size or direction. */
const struct ctx_field *ctx_field_at(const struct ctx_spec *c, u32 off, u32 prog_type);

/* An access to a context or object, as the program asks for it. */
struct ctx_access {
	s64 off;
	u32 size;        /* 1, 2, 4, 8 */
	bool write;
	bool sign_extend; /* a sign-extending load */
	u32 prog_type, attach_type, caps;
};
/*
 * May the program do it? 0 and *ret_field (NULL: a scalar no row names, as in raw arguments), or -EACCES. The value read is a
 * scalar unless the field's kind says otherwise.
 */
int ctx_access_check(const struct ctx_spec *c, const struct ctx_access *a, const struct ctx_field **ret_field);

/* ---- helpers: helper_*.def ---- */
enum arg_kind {
	ARG_NONE,
	ARG_ANYTHING,       /* any initialised value */
	ARG_CTX,
	ARG_MAP,            /* CONST_PTR_TO_MAP */
	ARG_MAP_KEY, ARG_MAP_VALUE,
	ARG_MEM,            /* sized by the next argument, or by `fixed` with AF_FIXED */
	ARG_SIZE, ARG_SIZE0, /* size of the preceding ARG_MEM; SIZE0 may be zero */
	ARG_ALLOC_SIZE,     /* constant: size of the memory returned */
	ARG_CONST,          /* known constant, no other meaning */
	ARG_SPIN_LOCK, ARG_TIMER, ARG_KPTR,
	ARG_SOCK_COMMON, ARG_SOCKET, ARG_BTF_SOCK_COMMON,
	ARG_BTF,            /* typed kernel pointer: struct name in btf_type */
	ARG_PERCPU_BTF,
	ARG_RINGBUF_MEM,    /* what ringbuf_reserve returned */
	ARG_FUNC,           /* callback */
	ARG_STACK_OR_NULL_CTX, /* callback_ctx: ARG_PTR_TO_STACK, maybe null */
	ARG_CONST_STR,      /* NUL-terminated string in a read-only map */
	ARG_DYNPTR,
};
enum { /* modifiers of an argument */
	AF_NULL = 1,      /* may be NULL */
	AF_UNINIT = 2,    /* memory the helper fills: need not be initialised */
	AF_RDONLY = 4,    /* the helper only reads it: read-only memory is fine */
	AF_WRITE = 8,     /* the helper writes it: read-only memory is refused */
	AF_RELEASE = 16,  /* the reference held by this argument is given up */
	AF_FIXED = 32,    /* ARG_MEM of `fixed` bytes */
	AF_ALIGNED = 64,
	AF_DYN_LOCAL = 128, AF_DYN_RINGBUF = 256, AF_DYN_SKB = 512, AF_DYN_XDP = 1024, /* dynptr flavours */
};
struct arg_spec {
	u8 kind;              /* enum arg_kind */
	u16 flags;            /* AF_* */
	u16 fixed;            /* AF_FIXED: bytes */
	u32 map_need;         /* ARG_MAP: the MH_* bit that the map must have; 0: any map */
	const char *name;
	const char *btf_type; /* ARG_BTF */
};

enum ret_kind {
	RET_INT, RET_VOID,
	RET_MAP_VALUE,       /* of the ARG_MAP argument */
	RET_SOCKET, RET_TCP_SOCK, RET_SOCK_COMMON,
	RET_MEM,             /* sized by the ARG_ALLOC_SIZE argument */
	RET_RINGBUF_MEM,     /* the same, from a ring buffer: must be submitted or discarded */
	RET_MEM_OR_BTF,      /* per_cpu_ptr, this_cpu_ptr */
	RET_BTF,             /* typed kernel pointer: btf_type */
	RET_DYNPTR_MEM,
	RET_KPTR,            /* kptr_xchg: the type of the field */
};
enum { /* effects and conditions of a helper; each was a switch in some verifier */
	HF_NULL        = 1u << 0,  /* the result may be NULL */
	HF_GPL         = 1u << 1,  /* GPL-compatible programs only */
	HF_SLEEP       = 1u << 2,  /* may sleep: sleepable programs only */
	HF_MOVES_PKT   = 1u << 3,  /* packet pointers become invalid */
	HF_ACQUIRE     = 1u << 4,  /* the result is a reference */
	HF_RELEASE     = 1u << 5,  /* releases the reference of its AF_RELEASE argument */
	HF_SYNC_CB     = 1u << 6,  /* calls its ARG_FUNC before returning */
	HF_ASYNC_CB    = 1u << 7,  /* arranges for its ARG_FUNC to be called later */
	HF_TAIL_CALL   = 1u << 8,
	HF_PKT_ACCESS  = 1u << 9,  /* packet pointers may be passed as memory (pkt_access) */
	HF_LOCK        = 1u << 10, HF_UNLOCK = 1u << 11,
	HF_IN_LOCK     = 1u << 12, /* allowed while a bpf_spin_lock is held */
	HF_NORETURN    = 1u << 13,
	HF_REFINES_RET = 1u << 14, /* R0 <= its size argument, or a negative errno */
	HF_TRUSTED     = 1u << 15, /* RET_BTF is trusted / RCU protected */
	HF_RDONLY_RET  = 1u << 16,
	HF_FASTCALL    = 1u << 17, /* clobbers only r0 */
	HF_CONST_RANGE = 1u << 18, /* RET_INT with range ret_min..ret_max */
	HF_MAP_OPS     = 1u << 19, /* its first argument's map decides (inlining, CAP checks) */
	HF_DYNPTR_REF  = 1u << 20, /* result borrows from a dynptr */
	HF_PTR_CAST    = 1u << 21, /* result is the same object as its argument (sk_fullsock...) */
	HF_STORAGE_GET = 1u << 22, /* local storage: gfp argument is hidden */
	HF_RET_CPU     = 1u << 23, /* the result is the number of a CPU of this machine */
};
/* Tags for what no column can say; only verifier/call_special.c expands them. */
enum helper_special { HS_NONE, HS_FOR_EACH, HS_LOOP, HS_FIND_VMA, HS_TIMER_SET_CB, HS_USER_RINGBUF, HS_TAIL_CALL,
	HS_PERF_OUTPUT, HS_SNPRINTF, HS_DYNPTR_DATA, HS_DYNPTR_WRITE, HS_KPTR_XCHG, HS_GET_LOCAL_STORAGE, HS_SET_RETVAL,
	HS_RETVAL, HS_SK_ASSIGN, HS_GET_STACK, HS_SPIN_LOCK, HS_DYNPTR_INIT, HS_FUNC_ARG, HS_GETSOCKOPT, HS_GET_FUNC_IP,
	HS_D_PATH, HS_SK_STORAGE, HS_COUNT };

struct helper_spec {
	const char *name;      /* "map_lookup_elem", without "bpf_" */
	const char *doc;
	const char *why_not;   /* NULL when skep implements it, else why not */
	const char *btf_type;  /* RET_BTF, RET_MEM_OR_BTF: struct name */
	u8 ret;                /* enum ret_kind */
	u8 special;            /* enum helper_special */
	u8 caps;               /* enum cap_bit set needed beyond loading the program */
	u32 flags;             /* HF_* */
	s32 ret_min, ret_max;  /* HF_CONST_RANGE */
	u16 id;
	struct arg_spec arg[5];
	progset progs;         /* types that may call it */
	u64 attach;            /* expected attach types that may, for program types that have one of them; 0: any */
};
extern const struct helper_spec helper_spec[UAPI_HELPERS]; /* [0] and unknown: name NULL */
const struct helper_spec *helper_by_id(u32 id);            /* NULL when not a helper */
int helper_id_by_name(const char *name);                   /* with or without "bpf_"; -1 */
/*
 * May a program of this type, expected attach type and privilege call it? 0, or -EINVAL: Linux's "program of this type cannot
 * use helper". In 6.18 no answer
 * depends on `sleepable`; that a helper sleeps, or wants a GPL-compatible licence, is judged apart (HF_SLEEP, HF_GPL).
 */
int helper_allowed(const struct helper_spec *h, u32 prog_type, u32 attach_type, u32 caps, bool sleepable);
/* The contract that holds for a program type: some helpers take a context here and an object there. */
const struct helper_spec *helper_variant(const struct helper_spec *h, u32 prog_type);

/* ---- kfuncs: kfunc_*.def; the prototype is BTF's, the row holds what BTF cannot say ---- */
enum { KF_ACQUIRE = 1, KF_RELEASE = 2, KF_RET_NULL = 4, KF_TRUSTED_ARGS = 8, KF_SLEEPABLE = 16, KF_DESTRUCTIVE = 32,
       KF_RCU = 64, KF_ITER_NEW = 128, KF_ITER_NEXT = 256, KF_ITER_DESTROY = 512, KF_RCU_PROTECTED = 1024,
       KF_FASTCALL = 2048, KF_ARENA_RET = 4096, KF_ARENA_ARG1 = 8192, KF_ARENA_ARG2 = 16384 };
struct kfunc_spec {
	const char *name;    /* "bpf_iter_num_new" */
	const char *proto;   /* C prototype, from which skep's own BTF is made: "void * bpf_obj_new_impl(u64 ...)" */
	const char *doc;
	const char *why_not;
	u32 flags;           /* KF_* */
	progset progs;
};
extern const struct kfunc_spec kfunc_spec[];
extern const u32 kfunc_count;
const struct kfunc_spec *kfunc_by_name(const char *name);

/* ---- map types: map.def ---- */
enum map_value_kind {
	MV_NONE, MV_SHARED, MV_PERCPU,
	MV_FD,       /* program, map, perf event, cgroup */
	MV_SOCK,     /* a socket; a lookup gives a reference */
	MV_XDP_SOCK, /* an AF_XDP socket */
};
enum { /* which helper families the verifier lets near a map type: kernel's two-way table as one column */
	MH_LOOKUP = 1 << 0, MH_UPDATE = 1 << 1, MH_DELETE = 1 << 2, MH_FOREACH = 1 << 3 /* has bpf_for_each_map_elem */, MH_DIRECT_VALUE = 1 << 4,
	MH_TAIL_CALL = 1 << 5, MH_PERF_READ = 1 << 6, MH_PERF_OUT = 1 << 7, MH_STACKID = 1 << 8, MH_UNDER_CGROUP = 1 << 9,
	MH_REDIRECT = 1 << 10, MH_SOCK_REDIRECT = 1 << 11, MH_SOCK_UPDATE = 1 << 12, MH_REUSEPORT = 1 << 13,
	MH_QUEUE = 1 << 14 /* push peek */, MH_BLOOM = 1 << 15, MH_RINGBUF = 1 << 16, MH_USER_RINGBUF = 1 << 17,
	MH_SK_STORAGE = 1 << 18, MH_INODE_STORAGE = 1 << 19, MH_TASK_STORAGE = 1 << 20, MH_CGRP_STORAGE = 1 << 21,
	MH_LOCAL_STORAGE = 1 << 22, MH_LOOKUP_PERCPU = 1 << 23, MH_MSG_REDIRECT = 1 << 25,
	MH_POP = 1 << 26, MH_SOCK_REDIRECT_HASH = 1 << 27, MH_SOCK_UPDATE_HASH = 1 << 28, MH_MSG_REDIRECT_HASH = 1 << 29,
	MH_OTHER = 1 << 30 /* helpers without a family of their own: for_each_map_elem, timers */,
};
struct map_spec {
	const char *name;     /* "hash", as bpftool prints it */
	const char *uapi;
	const char *doc;
	const char *why_not;
	u8 value;             /* enum map_value_kind */
	u8 caps;              /* needed to create */
	bool inner;           /* is a map-in-map */
	bool inner_ok;        /* may be an inner map */
	bool sleep_ok;        /* sleepable programs may use it */
	u32 helpers;          /* MH_* */
	u32 create_flags;     /* BPF_F_* allowed at creation */
	u32 special_fields;   /* BTF special fields allowed in values: FIELD_* bits of btf/btf.h */
	const char *kernel;   /* Linux's struct behind a map pointer: what programs read of the map itself */
	progset updaters, deleters; /* types that may (TRACING in a set short of ALL: iterators only) */
};
extern const struct map_spec map_spec[UAPI_MAP_TYPES]; /* [0] unspec: name NULL */
const struct map_spec *map_spec_by_id(u32 type);
/* MH_* bits of which a helper needs one of its ARG_MAP; 0: any map type. */
u32 helper_map_need(const struct helper_spec *h);

/* What the verifier knows of a map: immutable while a program that uses it lives. Owned by the map. */
struct btf;
struct btf_record;
struct map_desc {
	u32 type, id, key_size, value_size, max_entries, flags;
	u64 extra;
	char name[16];
	const struct btf *btf;              /* of key and value; NULL: none */
	u32 btf_key, btf_value;             /* type ids; 0: none */
	const struct btf_record *record;    /* special fields of the value; NULL: none */
	const struct map_desc *inner;       /* template of a map-in-map's inner maps */
	const void *rodata;                 /* value bytes that can no longer change (BPF_F_RDONLY_PROG and frozen); else NULL */
	u64 user_va;                        /* arena: address where the user maps it */
	u64 owner;                          /* maps of programs: what these have in common (prog/ knows), 0: none yet */
};

/* ---- attach types, links, commands: attach.def link.def cmd.def ---- */
struct link_spec { const char *name, *uapi, *doc, *why_not; };
extern const struct link_spec link_spec[UAPI_LINK_TYPES];
enum attach_target {
	TARGET_NONE,                       /* given by other means (a map's value, a socket option) */
	TARGET_CGROUP, TARGET_SOCKMAP, TARGET_NETNS, TARGET_LIRC, TARGET_TCX, TARGET_NETKIT, TARGET_XDP, TARGET_NETFILTER,
	TARGET_RAW_TP, TARGET_FUNC /* a function of the kernel or of a program */, TARGET_LSM, TARGET_ITER,
	TARGET_PERF, TARGET_KPROBES, TARGET_UPROBES, TARGET_STRUCT_OPS,
};
struct attach_spec {
	const char *name, *uapi, *doc, *why_not;
	progset progs;        /* program types that may have it as expected_attach_type */
	u8 target;            /* enum attach_target */
	bool expected;        /* must be given at load (enforced) for those types */
	s32 ret_min, ret_max; /* narrows the program type's range; ret_min > ret_max: does not */
};
extern const struct attach_spec attach_spec[UAPI_ATTACH_TYPES + 1]; /* the last one: for numbers that are none */
struct cmd_spec {
	const char *name, *uapi, *doc, *why_not; /* why_not: refused with EOPNOTSUPP and this text */
	const char *last_field;                 /* name of the last attr field known */
	u16 attr_end;                           /* bytes of attr the command knows: the rest must be zero */
	u32 caps;                               /* needed whatever the arguments */
};
extern const struct cmd_spec cmd_spec[UAPI_CMDS];

/* ---- rejections: reject.def ---- */
enum reject_id {
	REJ_NONE,
#define R(id, err, text, hint) REJ_##id,
#include "spec/reject.def"
	REJ_COUNT
};
struct reject_spec {
	const char *id;   /* "NOT_READABLE" */
	int err;          /* positive errno */
	const char *text; /* printf format: Linux's line, without newline */
	const char *hint; /* for humans: what it means and what to do */
};
extern const struct reject_spec reject_spec[REJ_COUNT];

/* Is argument `arg` of a typed raw tracepoint (its name without btf_trace_) a pointer that may be NULL, or an error number? */
enum { TPARG_NULL = 1, TPARG_ERROR = 2 };
u32 tracepoint_arg(const char *name, u32 arg);
bool iter_object_trusted(const char *iter); /* its name without bpf_iter_ */

#endif
