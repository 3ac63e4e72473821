/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of kernel functions, and what they work on: BTF pointers, dynptrs, iterators, lists and trees. Shared by the rooms
 * call_kfunc.c, kfunc_args.c, kfunc_ret.c, graph.c, dynptr.c, iter.c, mem_btf.c and func_args.c.
 *
 * Invariant: a call is judged by its BTF prototype (classification by type and by the suffixes of parameter names), by the flags of
 * its row in spec, and by kfunc_special.def; by nothing else.
 */
#ifndef SKEP_VERIFIER_KFUNC_H
#define SKEP_VERIFIER_KFUNC_H

#include "verifier/mem.h"

enum kf_special {
	KFS_NONE,
#define S(name, traits) KFS_##name,
#include "verifier/kfunc_special.def"
	KFS_COUNT
};
enum { /* traits of kfunc_special.def */
	KX_LIST = 1, KX_RBTREE = 2, KX_INSERT = 4, KX_IN_LOCK = 8, KX_CB_SYNC = 16, KX_CB_ASYNC = 32, KX_MOVES_PKT = 64,
	KX_DEV_BOUND = 128, KX_ITER_ONLY = 256,
};

/* A kernel function that the program calls. */
struct kfunc {
	const struct btf *btf;
	u32 id, proto;               /* of the FUNC and its FUNC_PROTO */
	s16 off;                     /* as in the instruction: which BTF */
	const char *name;
	const struct btf_type *type; /* the FUNC_PROTO */
	const struct kfunc_spec *spec; /* NULL: no such function here */
	u32 flags;                   /* KF_* */
	u8 special;                  /* enum kf_special */
	u32 traits;                  /* KX_* */
};

/* What the arguments of one call established. */
struct kf_call {
	const struct kfunc *kf;
	const struct ins *ins;
	u32 insn;
	u32 ref_id, release_regno;
	bool r0_rdonly;
	u64 r0_size;
	u32 subprog;                          /* callback */
	u64 const_value;
	bool const_set;
	const struct btf *arg_btf;            /* allocated object passed */
	u32 arg_id;
	bool owning_ref, arg_prog;
	const struct btf_field *root;         /* list head or tree root */
	struct { u8 kind; u32 id, ref_id; } dyn; /* initialised dynptr passed */
	struct { u32 frameno, slot; } iter;
	const struct map_desc *map;
	u32 map_uid;
	u32 ret_id;                           /* cast_to_kern_ctx */
};

/* Base BTF pointer to an object of the program's own type. */
static inline bool is_alloc_obj(u32 type) { return T_BASE(type) == T_BTF && (type & TF_ALLOC); }
static inline bool is_non_owning(u32 type) { return is_alloc_obj(type) && (type & TF_NON_OWN); }
static inline bool kf_is(const struct kf_call *c, u32 flag) { return c->kf->flags & flag; }

/* Dynptr kinds that only kfuncs make; continue spec.h's AF_DYN_*. */
enum { AF_DYN_SKB_META = 1 << 16, AF_DYN_FILE = 1 << 17 };

/* ---- call_kfunc.c ---- */
/* The function that the instruction calls; NULL: not resolved, or no such call. */
const struct kfunc *kfunc_at(struct vf_env *e, u32 insn);

/* ---- mem_btf.c ---- */
/* The register becomes what a typed load yields. */
void reg_load_btf(struct vf_env *e, struct reg *r, const struct btf *b, u32 id, u32 flags);

/* ---- mem_btf_write.c ---- */
/* May a program store there? What is not an object of its own type is the kernel's. */
int mem_btf_write(struct vf_env *e, const struct reg *r, s32 off, u32 size);
/* Does the kernel take a program (that may sleep?) for this member of the struct? 0, -ENOTSUPP or -EINVAL. */
int struct_ops_takes(const char *ops, const char *member, bool sleepable);

/* ---- dynptr.c ---- */
#define DYNPTR_SLOTS 2
/* Where an object of `nslots` stack slots lies that register r points to: its first slot; -EINVAL (logged), or -ERANGE. */
int stack_obj_slot(struct vf_env *e, const struct reg *r, const char *what, u32 nslots);
u32 dynptr_type_flag(u8 kind); /* TF_DYN_* */

/* ---- iter.c ---- */
int iter_arg(struct vf_env *e, u32 regno, struct kf_call *c);
int iter_next(struct vf_env *e, struct kf_call *c);
const struct reg *iter_record(struct vf_env *e, const struct kf_call *c);
enum irq_class { IRQ_NATIVE, IRQ_LOCK };
int irq_flag_arg(struct vf_env *e, u32 regno, u32 insn, u8 irq_class, bool save);

/* ---- graph.c ---- */
int graph_root_arg(struct vf_env *e, u32 regno, struct kf_call *c, u32 kind);
int graph_node_arg(struct vf_env *e, u32 regno, struct kf_call *c, u32 kind);
/* An inserted node is the graph's now: every pointer to it becomes non-owning. */
int graph_give(struct vf_env *e);
void reg_make_node(struct reg *r, const struct btf_field *root);
int reg_set_non_owning(struct vf_env *e, struct reg *r);
int rbtree_less_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn);

/* ---- kfunc_args.c ---- */
int kfunc_args(struct vf_env *e, struct kf_call *c);
/* Memory of a fixed size, readable and writable; NULL is fine. */
int mem_fixed_arg(struct vf_env *e, u32 regno, u32 size);
/* A struct of scalars, through nested structs and arrays? */
bool btf_scalar_struct(struct vf_env *e, const struct btf *b, u32 id, u32 depth);

/* ---- kfunc_ret.c ---- */
int kfunc_result(struct vf_env *e, struct kf_call *c);

/* ---- btf_ctx.c ---- */
/* Is the pointer type (id of BTF_KIND_PTR in b) one to this program type's context? */
bool btf_is_ctx_ptr(struct vf_env *e, const struct btf *b, u32 ptr_id);
/* Name of the struct that programs of this type see as their context; NULL: none. */
const char *btf_ctx_name(struct vf_env *e);
/* Struct by which the kernel knows the context of this program type, or 0. */
u32 btf_kernel_ctx(struct vf_env *e);
/* Is the kernel's struct `name` what programs see as struct `of`? */
bool btf_is_projection(const char *of, const char *name);
/* The word for a type's kind in messages: "STRUCT", "PTR". */
const char *btf_kind_word(const struct btf *b, u32 id);

#endif
