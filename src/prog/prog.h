/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs: the load transaction (verify -> lower -> engine) and the object it yields.
 *
 * A program that calls something skep has no body for is a program all the same: its verdict is Linux's, and it says what is
 * missing when it is to be run (`unrunnable`).
 *
 * Invariant: a struct prog that exists was verified; there is no other way to make one. It holds references to all its maps
 * and its BTF, and what engines run of it is sealed before the first run.
 */
#ifndef SKEP_PROG_PROG_H
#define SKEP_PROG_PROG_H

#include "helper/stream.h"
#include "jit/codemem.h"
#include "jit/jit.h"
#include "map/map.h"
#include "obj/obj.h"
#include "verifier/explain.h"
#include "vm/abi.h"

enum harden { HARDEN_UNPRIVILEGED, HARDEN_ALL, HARDEN_OFF };
enum engine { ENGINE_AUTO, ENGINE_JIT, ENGINE_INTERP };

/* Everything BPF_PROG_LOAD resolved. Pointers are borrowed for the call; objects are referenced by the program. */
struct prog_attr {
	struct vf_input vf;        /* the verifier's input, but for the map and BTF call-backs, which load.c gives */
	const char *name;
	u32 uid;
	enum engine engine;
	enum harden harden;        /* whose constants are hidden */
	u64 budget;                /* ns that a run may take; 0: any time */
	struct obj *btf_obj;       /* of vf.btf; NULL: none */
	void *cookie;
	/* Object behind a descriptor of the caller, referenced (map or BTF): 0 or -errno. */
	int (*map_of_fd)(void *cookie, int fd, struct map **ret);
	int (*btf_of_fd)(void *cookie, int fd, struct obj **ret_obj, const struct btf **ret);
	int (*fd_at)(void *cookie, u32 index, int *ret_fd);
	struct obj *attach_obj;    /* program or BTF given to attach to; NULL: none */
	u32 target_type;           /* BPF_PROG_TYPE_EXT: of the program it extends */
	struct str *reason;        /* why a program that was accepted could not be made; NULL: not wanted */
	struct vf_report **ret_report; /* wanted when refused (the caller frees it); NULL: not */
};

/* `counted` and time_ns: while BPF_ENABLE_STATS was on. */
struct prog_stats { u64 runs, counted, time_ns, misses; };

struct prog {
	struct obj obj;
	const struct progtype_spec *spec;
	u32 type, attach_type, flags, uid;
	u32 runs_as;               /* type, or the extended program's */
	u32 attach_proto;          /* prototype of the function it attaches to, 0: none */
	u32 attach_btf_id;         /* type it attaches to, 0: none */
	struct obj *attach_obj;    /* referenced: program or BTF that type is of; NULL: the kernel's BTF */
	const struct btf *attach_btf;
	char attach_name[128];     /* of that type; "" */
	char name[16];
	u8 tag[8];
	bool gpl, jited, sleepable; /* jited: so it is to be, and if it must, only_jit */
	bool only_jit;
	char unrunnable[96];       /* verified, but not to be run here, because...; "": runs */
	u64 load_time;             /* ns since boot */
	struct image image;        /* complete when it is ready */
	bool ready;                /* atomic: prog_ready() was here; before, what image, op_from and refs name is in `waiting` */
	void *waiting;             /* operations and what goes with them, until they are sealed */
	u64 waiting_sum;           /* keyed: what was changed there is not run */
	struct codemem ro;         /* interpreted programs': image.ops, image.sub, op_from, refs; else they are sealed with the code */
	struct jit_code code;
	const u32 *op_from;        /* original instruction of each op */
	const struct lower_ref *refs; /* what operations refer to, for images that run in other processes */
	u32 nrefs, ntails;
	struct jit_opts jit_opts;
	struct bpf_insn *insns;    /* owned: as loaded, map references by id (for dumps) */
	u32 insn_cnt;
	struct map **maps;         /* referenced */
	u32 nmaps;
	struct obj **btfs;         /* referenced: own BTF first when there is one, then those of kfuncs */
	u32 nbtfs;
	const struct btf *btf;     /* of btfs[0], or NULL */
	u32 btf_id;                /* object id, 0: none */
	void *func_info, *line_info; /* owned copies, as given */
	u32 func_info_rec, func_info_cnt, line_info_rec, line_info_cnt;
	struct vf_stats vf;
	u32 max_ctx_off;           /* bytes of the context the program touches */
	u32 max_rdonly, max_rdwr;  /* and of an iterator's key and value */
	u32 max_tp_access;         /* and of what a writable raw tracepoint's argument points to */
	struct prog_stats stats;   /* atomics */
	struct streams streams;    /* what it prints for its readers */
	pthread_mutex_t lock;      /* maps (BPF_PROG_BIND_MAP), becoming ready */
};

/* Load. 0 and *ret_prog (one reference), or -errno with the verifier's words in `log`. */
int prog_load(struct objtab *tab, const struct prog_attr *a, struct log *log, struct prog **ret_prog);
static inline struct prog *prog_of(struct obj *o) { return container_of(o, struct prog, obj); }
static inline void prog_put(struct prog *p) { if (p) obj_put(&p->obj); }

/*
 * To be called by whoever takes a program in order to run it, now or later, or to look at its code: only then is it compiled, and are
 * its operations sealed. Any number of threads may. 0, -ENOMEM, -EIO, -EPERM; -EFAULT: its operations are not what was verified.
 */
int prog_ready(struct prog *p);

/*
 * The program as an image for other processes, compiled anew, with the protections it was loaded with; release it with
 * jit_portable_free(). What its slots name lives as long as the program. 0, -EOPNOTSUPP, -ENOMEM, -EIO.
 */
int prog_portable(struct prog *p, struct jit_portable *ret);

/* Keep a map as long as the program lives (BPF_PROG_BIND_MAP). 0, -ENOMEM. */
int prog_bind_map(struct prog *p, struct map *m);

/* What a prog_array runs for a program. */
const struct image *prog_image_of(struct obj *o);
/*
 * Programs that meet in a map are of one kind, and its first user decides which: a program that refers to the map, or the first that
 * enters it. 0, -EINVAL when this is another kind; entering also needs a program that runs here, else -EOPNOTSUPP.
 */
int prog_uses_map(const struct prog *p, struct map *m);
int prog_enters_map(struct map *m, struct obj *prog);

/* Functions that can be reached, in order; the first operation of one (its end, of one behind the last); which one an instruction is in. */
u32 prog_funcs(const struct prog *p);
u32 prog_func_op(const struct prog *p, u32 func);
u32 prog_func_of(const struct prog *p, u32 insn);

/* Original instructions as dumps show them: map descriptors replaced by ids, addresses by zero. Caller's buffer of insn_cnt. */
void prog_xlated(const struct prog *p, struct bpf_insn *out);

/* Is the license text one that the kernel counts as GPL-compatible? */
bool license_is_gpl(const char *license);

#endif
