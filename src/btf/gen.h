/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building BTF, call by call: skep's own types, and those of tests. A call returns the new type's id;
 * members, enumerators, parameters and section entries go to the type made last.
 *
 * Errors are sticky: after one, calls return 0 and btf_build_done() NULL. What is built is not checked (tests
 * want wrong BTF too); btf_parse() does that.
 */
#ifndef SKEP_BTF_GEN_H
#define SKEP_BTF_GEN_H

#include "btf/btf.h"

struct btf_build;

/* `base` (may be NULL): ids and strings go on where its end. NULL when memory is short. */
struct btf_build *btf_build_new(const struct btf *base);
void btf_build_free(struct btf_build *g);
/* Header, types and strings; valid until the next call. NULL after an error. */
const void *btf_build_done(struct btf_build *g, u32 *ret_size);
u32 btf_build_count(const struct btf_build *g); /* the next id */

u32 btf_build_str(struct btf_build *g, const char *s); /* offset of the string, added once */
/* Any type's header, for what the calls below do not say; BTF_INFO_* fields as in <linux/btf.h>. */
u32 btf_build_raw(struct btf_build *g, const char *name, u32 kind, u32 vlen, bool kflag, u32 size_or_type);
void btf_build_word(struct btf_build *g, u32 word); /* one word of payload */

u32 btf_build_int(struct btf_build *g, const char *name, u32 size, u32 encoding); /* BTF_INT_SIGNED, ... */
u32 btf_build_float(struct btf_build *g, const char *name, u32 size);
u32 btf_build_ptr(struct btf_build *g, u32 to);
u32 btf_build_mod(struct btf_build *g, u32 kind, u32 to); /* BTF_KIND_CONST, VOLATILE, RESTRICT */
u32 btf_build_typedef(struct btf_build *g, const char *name, u32 to);
u32 btf_build_type_tag(struct btf_build *g, const char *text, u32 to);
u32 btf_build_array(struct btf_build *g, u32 elem, u32 index, u32 n);
u32 btf_build_struct(struct btf_build *g, const char *name, u32 size);
u32 btf_build_union(struct btf_build *g, const char *name, u32 size);
/* Of the struct or union made last. `bits`: of a bit field, 0: not one. */
void btf_build_member(struct btf_build *g, const char *name, u32 type, u32 bit_off, u32 bits);
u32 btf_build_enum(struct btf_build *g, const char *name, u32 size, bool is_signed);
u32 btf_build_enum64(struct btf_build *g, const char *name, u32 size, bool is_signed);
void btf_build_enumerator(struct btf_build *g, const char *name, u64 value);
u32 btf_build_proto(struct btf_build *g, u32 ret);
void btf_build_param(struct btf_build *g, const char *name, u32 type); /* type 0, name "": "..." */
u32 btf_build_func(struct btf_build *g, const char *name, u32 proto, u32 linkage); /* BTF_FUNC_STATIC, ... */
u32 btf_build_var(struct btf_build *g, const char *name, u32 type, u32 linkage);
u32 btf_build_datasec(struct btf_build *g, const char *name, u32 size);
void btf_build_secinfo(struct btf_build *g, u32 var, u32 off, u32 size);
u32 btf_build_decl_tag(struct btf_build *g, const char *text, u32 id, s32 component);

#endif
