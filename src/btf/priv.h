/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rooms of btf/ share: the object behind struct btf, the table of kinds, and the checker that
 * parse.c and resolve.c hand to each other.
 *
 * Invariant: after btf_parse() everything in struct btf is constant but `index`, which any reader may publish
 * once.
 */
#ifndef SKEP_BTF_PRIV_H
#define SKEP_BTF_PRIV_H

#include <errno.h>

#include "btf/btf.h"

#define BTF_SIZE_MAX  (16u << 20)
#define BTF_NAME_MAX  512 /* characters of an identifier */
#define BTF_DEPTH_MAX 32
#define KINDS	      (BTF_KIND_ENUM64 + 1)

enum { KF_MOD = 1, KF_SIZED = 2, KF_RESOLVE = 4, KF_SOURCE = 8, KF_REF = 16 };
struct btf_kind_row {
	const char *name;
	u8 payload, per_vlen, flags;
};
extern const struct btf_kind_row btf_kind_row[KINDS];

struct btf_index;
struct btf_metas;
struct btf_tag {
	u32 target, id;
};

struct btf {
	u8 *block;	/* the allocation; `data` is inside it, placed so that types are aligned; NULL: mapped */
	u8 *data;	/* the caller's bytes */
	const u8 *body; /* data behind the header */
	u32 size;
	struct btf_header hdr;
	const char *strs;
	const struct btf_type **types; /* local ones; [0] is void when there is no base */
	u32 ntypes, types_cap;
	struct btf_tag *tags; /* local decl tags, by target and then by id */
	u32 ntags, tags_cap;
	u32 start_id, start_str; /* first local id and string offset */
	const struct btf *base;
	bool kernel;
	bool genuine; /* the running kernel's bytes, mapped: nobody else can have written them */
	bool as_618;		 /* without the two rules that Linux learned later: field.c */
	struct btf_index *index; /* names, made at the first search, or soon after */
	u32 asked;		 /* searches before that */
	struct btf_metas *metas; /* records of structs with special fields; user BTF only */
};

static inline bool btf_kind_has(const struct btf_type *t, u8 flag)
{
	return btf_kind_row[btf_kind_of(t)].flags & flag;
}
static inline bool btf_is_mod(const struct btf_type *t)
{
	return btf_kind_has(t, KF_MOD);
}
static inline bool btf_is_composite(const struct btf_type *t)
{
	return btf_kind_of(t) == BTF_KIND_STRUCT || btf_kind_of(t) == BTF_KIND_UNION;
}
extern const struct btf_type btf_void_type;
/* void, forward, function, prototype, decl tag, or out of range: nothing of that type can exist */
bool btf_is_nosize(const struct btf_type *t);
bool btf_int_is_regular(const struct btf_type *t);
static inline u32 btf_int_of(const struct btf_type *t)
{
	u32 v;

	memcpy(&v, t + 1, sizeof(v));
	return v;
}
static inline u64 btf_enum64_of(const struct btf_enum64 *e)
{
	return (u64)e->val_hi32 << 32 | e->val_lo32;
}
static inline const struct btf_decl_tag *btf_decl_tag_of(const struct btf_type *t)
{
	return (const void *)(t + 1);
}
static inline const struct btf_var *btf_var_of(const struct btf_type *t)
{
	return (const void *)(t + 1);
}
/* For logs: "(anon)", "(invalid-name-offset)", or the name. */
const char *btf_log_name(const struct btf *b, u32 off);
void btf_index_free(struct btf_index *ix);

/* btf_load() as Linux 6.18.0 would: for comparing with a running kernel. */
int btf_load_as_618(const void *data, u32 size, const struct btf *kernel, struct log *log,
		    struct btf **ret_btf);

/* ---- CO-RE: compat.c. 1 yes, 0 no, -EINVAL too deep. Levels of nesting that Linux looks into: ---- */
#define BTF_CORE_LEVELS 2
size_t btf_essential_len(const char *name); /* without a ___flavor */
/* The first type (of any kind) above `after` whose name is `name` up to flavors; 0: no more. */
u32 btf_find_flavor(const struct btf *b, const char *name, u32 after);
int btf_fields_compat(const struct btf *lb, u32 l, const struct btf *tb, u32 t);
int btf_types_compat(const struct btf *lb, u32 l, const struct btf *tb, u32 t);
int btf_types_match(const struct btf *lb, u32 l, const struct btf *tb, u32 t);

/* ---- checking user BTF ---- */
enum resolve_mode { RESOLVE_OPEN, RESOLVE_POINTER, RESOLVE_AGGREGATE };
struct resolve_frame {
	const struct btf_type *t;
	u32 id, next_member;
};
struct btf_check {
	struct btf *b;
	struct log *log;
	u32 log_id;	/* type being reported */
	bool resolving; /* second pass: types were already listed */
	/* resolve.c */
	u8 *state;	      /* by local index */
	u32 *to_id, *to_size; /* what a resolved type leads to, by local index */
	struct resolve_frame stack[BTF_DEPTH_MAX];
	u32 depth;
	enum resolve_mode mode;
};

/* Log pieces of Linux's text; the bad_* forms return -EINVAL. */
void btf_say(struct btf_check *c, const char *fmt, ...) PRINTF(2, 3);
void btf_log_type(struct btf_check *c, const struct btf_type *t);
int btf_bad_type(struct btf_check *c, const struct btf_type *t, const char *fmt, ...) PRINTF(3, 4);
int btf_bad_basic(struct btf_check *c, const struct btf_type *t, const char *fmt, ...) PRINTF(3, 4);
int btf_bad_member(struct btf_check *c, const struct btf_type *t, const struct btf_member *m, const char *fmt,
		   ...) PRINTF(4, 5);
void btf_log_member(struct btf_check *c, const struct btf_type *t, const struct btf_member *m);
int btf_bad_secinfo(struct btf_check *c, const struct btf_type *t, const struct btf_var_secinfo *s,
		    const char *why);
void btf_log_secinfo(struct btf_check *c, const struct btf_type *t, const struct btf_var_secinfo *s);
bool btf_name_ok(const struct btf *b, u32 off);
bool btf_section_name_ok(const struct btf *b, u32 off);

int btf_check_metas(struct btf_check *c);     /* meta.c: every type's own bytes */
int btf_check_types(struct btf_check *c);     /* resolve.c: what types refer to */
int btf_check_type_tags(struct btf_check *c); /* resolve.c */
int btf_check_trusted(struct btf *b);	      /* trusted.c: bounds and cycles only; of the genuine, nothing */
int btf_add_type(struct btf *b, const struct btf_type *t);
/* field.c: records of all structs with special fields, as BTF_LOAD makes them. */
int btf_metas_make(struct btf *b, const struct btf *kernel);
void btf_metas_free(struct btf_metas *m);

#endif
