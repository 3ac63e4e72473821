/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF: types of programs, maps and the kernel, parsed and validated once, immutable afterwards (so any thread may read).
 *
 * Invariant: a struct btf that exists obeys every rule BPF_BTF_LOAD checks: ids in range, names valid, no loops except through
 * pointers, sizes resolved. Readers need no checks of their own. A split BTF (a module's, or one loaded on top of another)
 * has a `base`, which must outlive it.
 */
#ifndef SKEP_BTF_BTF_H
#define SKEP_BTF_BTF_H

#include "base/log.h"
#include "base/types.h"
#include "base/uapi.h"

struct btf;

/*
 * Parse `size` bytes (copied) and check all that Linux's BTF_LOAD checks, logging its messages. Returns 0 and *ret_btf, or
 * -EINVAL, -E2BIG, -ENOMEM, -EFAULT as Linux. `base` may be NULL. `trusted`: for the kernel's own BTF; skips what only user
 * BTF must obey (e.g. naming rules) and is fast for 100,000 types.
 */
int btf_parse(const void *data, u32 size, const struct btf *base, bool trusted, struct log *log, struct btf **ret_btf);
/* The running kernel's own types, mapped from its file system: kept where they are until btf_free(), and believed. */
int btf_adopt(const void *map, u32 size, struct log *log, struct btf **ret_btf);
/* BPF_BTF_LOAD: the same for a program's BTF, with kptr targets looked up in `kernel` (NULL: none are found). */
int btf_load(const void *data, u32 size, const struct btf *kernel, struct log *log, struct btf **ret_btf);
/* The bytes of a BTF that stands alone as those of one on top of `base`, for btf_parse() with it; malloc'ed. 0, -ENOMEM. */
int btf_rebase(const struct btf *own, const struct btf *base, void **ret_data, u32 *ret_size);
void btf_free(struct btf *b); /* NULL is fine */

const void *btf_raw(const struct btf *b, u32 *ret_size); /* bytes as given to btf_parse */
const struct btf *btf_base(const struct btf *b);
bool btf_is_kernel(const struct btf *b); /* parsed with `trusted` */
u32 btf_type_count(const struct btf *b); /* ids are 0 (void) .. count-1, base included */

const struct btf_type *btf_type(const struct btf *b, u32 id); /* NULL when out of range; id 0 is void */
const char *btf_str(const struct btf *b, u32 off);            /* "" when out of range */
bool btf_str_valid(const struct btf *b, u32 off);             /* is there a string at `off`? */
const char *btf_type_name(const struct btf *b, u32 id);
/* First type of that name and BTF_KIND_* kind (hashed), or -ENOENT. Searches the base too. */
s32 btf_find(const struct btf *b, const char *name, u32 kind);

static inline u32 btf_kind_of(const struct btf_type *t) { return BTF_INFO_KIND(t->info); }
static inline u32 btf_vlen_of(const struct btf_type *t) { return BTF_INFO_VLEN(t->info); }
static inline bool btf_kflag_of(const struct btf_type *t) { return BTF_INFO_KFLAG(t->info); }
/* Payload arrays behind a type. */
static inline const struct btf_member *btf_members_of(const struct btf_type *t) { return (const void *)(t + 1); }
static inline const struct btf_param *btf_params_of(const struct btf_type *t) { return (const void *)(t + 1); }
static inline const struct btf_array *btf_array_of(const struct btf_type *t) { return (const void *)(t + 1); }
static inline const struct btf_enum *btf_enums_of(const struct btf_type *t) { return (const void *)(t + 1); }
static inline const struct btf_enum64 *btf_enums64_of(const struct btf_type *t) { return (const void *)(t + 1); }
static inline const struct btf_var_secinfo *btf_secinfos_of(const struct btf_type *t) { return (const void *)(t + 1); }
u32 btf_member_bit_off(const struct btf_type *t, u32 i);
u32 btf_member_bitfield(const struct btf_type *t, u32 i); /* 0: not a bit field */

/* Id behind typedefs, const, volatile, restrict and type tags. */
u32 btf_skip_mods(const struct btf *b, u32 id);
/* Size in bytes of a type behind modifiers, or -EINVAL (void, func, forward). */
s64 btf_size_of(const struct btf *b, u32 id);
/*
 * The member behind a path of names ("sk.sk_family", unnamed structs and unions looked through) of struct or union `id`: its type
 * behind modifiers and its place in bytes; 0: there is none, or it is a bit field.
 */
u32 btf_member_path(const struct btf *b, u32 id, const char *path, u32 *ret_off);
/* Value of the decl tag with that prefix on (id, component) (component -1: the type itself): text behind the prefix, or NULL. */
const char *btf_decl_tag(const struct btf *b, u32 id, s32 component, const char *prefix);
/* Id of the first such decl tag above `after`; 0: no more. Its name is the tag's text. */
u32 btf_decl_tag_next(const struct btf *b, u32 id, s32 component, const char *prefix, u32 after);

/* ---- special fields: what a map value or an allocated object may contain ---- */
enum btf_field_kind {
	FIELD_SPIN_LOCK = 1 << 0, FIELD_TIMER = 1 << 1, FIELD_KPTR_UNREF = 1 << 2, FIELD_KPTR_REF = 1 << 3,
	FIELD_KPTR_PERCPU = 1 << 4, FIELD_LIST_HEAD = 1 << 5, FIELD_LIST_NODE = 1 << 6, FIELD_RB_ROOT = 1 << 7,
	FIELD_RB_NODE = 1 << 8, FIELD_REFCOUNT = 1 << 9, FIELD_WORKQUEUE = 1 << 10, FIELD_UPTR = 1 << 11,
	FIELD_RES_SPIN_LOCK = 1 << 12, FIELD_TASK_WORK = 1 << 13,
	FIELD_KPTR = FIELD_KPTR_UNREF | FIELD_KPTR_REF | FIELD_KPTR_PERCPU,
	FIELD_GRAPH_ROOT = FIELD_LIST_HEAD | FIELD_RB_ROOT, FIELD_GRAPH_NODE = FIELD_LIST_NODE | FIELD_RB_NODE,
	/* What MAP_CREATE looks for in a value; nodes are only special in objects. */
	FIELD_MAP_VALUE = FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK | FIELD_TIMER | FIELD_WORKQUEUE | FIELD_TASK_WORK | FIELD_KPTR |
			  FIELD_UPTR | FIELD_GRAPH_ROOT | FIELD_REFCOUNT,
};
struct btf_field {
	u32 kind;  /* one FIELD_* */
	u32 off, size;
	/* kptr, uptr: the type pointed to. list_head, rb_root: the type of the elements and where their node is. */
	const struct btf *target_btf;
	u32 target_id;
	u32 node_off;
	const struct btf_record *target_record; /* record of the element type (graph roots) */
};
struct btf_record {
	u32 n;
	u32 mask;              /* all FIELD_* present */
	s32 spin_lock_off, res_spin_lock_off, timer_off, wq_off, refcount_off, task_work_off; /* -1: none */
	struct btf_field *fields; /* sorted by offset */
};
/*
 * Special fields of a struct (map value or obj_new type). `kernel`: BTF in which kptr targets are found by name (NULL: none).
 * Returns 0 with *ret_rec NULL when there are none; -EINVAL, -E2BIG, -EEXIST, -ENOENT, -ENOMEM as Linux. The caller frees.
 */
int btf_record_of(const struct btf *b, u32 id, u32 field_mask, u32 value_size, const struct btf *kernel,
		  struct btf_record **ret_rec);
void btf_record_free(struct btf_record *r);
/*
 * The record BTF_LOAD made of a program's struct: one with a member that is a lock, list, tree, refcount or kptr. NULL: none.
 * bpf_obj_new, bpf_obj_drop and bpf_list_push go by it. Owned by `b`.
 */
const struct btf_record *btf_struct_record(const struct btf *b, u32 id);
/* The field that starts at `off`, if its kind is in `mask`. */
const struct btf_field *btf_record_at(const struct btf_record *r, u32 off, u32 mask);
bool btf_record_equal(const struct btf_record *a, const struct btf_record *b);

/* ---- programs' BTF ---- */
/* A line of source for an instruction: file and text as BTF holds them. */
struct btf_line { u32 insn_off; const char *file, *text; u32 line, col; };

/* Are two types, each in its own BTF, the same struct by CO-RE's rules of name and kind (a___suffix is ignored)? */
bool btf_same_name(const char *a, const char *b);
/* Does struct `id` of `b`, at byte `off`, contain (possibly nested, first member) struct `want_id` of `want`? Linux's btf_struct_ids_match. */
bool btf_struct_ids_match(const struct btf *b, u32 id, u32 off, const struct btf *want, u32 want_id, bool strict);

enum btf_walk { WALK_SCALAR, WALK_PTR, WALK_STRUCT };
enum {
	WALKF_USER = 1, WALKF_PERCPU = 2, WALKF_RCU = 4, WALKF_TRUSTED_OR_NULL = 8,
	WALKF_UNTRUSTED = 16, /* found in a union: the pointer must be marked untrusted */
	WALKF_PTR_MEM = 32,   /* with WALK_SCALAR: a pointer to no struct; Linux 6.18 loads it as read-only untrusted memory, size 0 */
};
/*
 * What an access of `size` bytes at `off` into struct `id` yields: *ret_id the type behind a pointer (WALK_PTR) or the nested
 * struct (WALK_STRUCT, when size is 0). Returns enum btf_walk, or -EINVAL with what was wrong in *ret_bad (may be NULL).
 */
enum btf_walk_end {
	WALK_END_BEYOND,    /* of the struct */
	WALK_END_NO_FIELD,  /* a hole */
	WALK_END_NO_SIZE,   /* `field` */
	WALK_END_PTR_PART,  /* of the pointer `field`, which is at offset `at` */
	WALK_END_MEMBER,    /* beyond `field`, which ends at `at` */
	WALK_END_NO_STRUCT,
};
struct btf_walk_bad { enum btf_walk_end why; const char *type, *field; u32 at, off, size; /* in `type` */ };
int btf_struct_walk(const struct btf *b, u32 id, s32 off, u32 size, u32 *ret_id, u32 *ret_flags, const char **ret_field,
		    struct btf_walk_bad *ret_bad);

/* ---- CO-RE: one relocation (struct bpf_core_relo of BPF_PROG_LOAD's core_relos) ---- */
/* Resolve against `target`; patches insn(s). Returns 0 or -errno with Linux's log text. */
int btf_core_apply(struct log *log, const struct btf *local, const struct btf *target, const void *relo, u32 relo_index,
		   struct bpf_insn *insns, u32 ninsns);

#endif
