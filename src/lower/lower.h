/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lowering: verified instructions plus proof in, executable operations out. One pass, with an index map; nothing is patched in
 * place. Context fields become native offsets, map references become pointers, calls become function addresses, dead code
 * goes, bpf_loop with a constant callback may become a loop, and small functions stand where they are called.
 */
#ifndef SKEP_LOWER_LOWER_H
#define SKEP_LOWER_LOWER_H

#include "base/arena.h"
#include "isa/isa.h"
#include "verifier/verify.h"

/* Asked of helper_addr for the body of LD_ABS and LD_IND: u64 (ctx, offset, size, 0, 0, run), see vm/. */
#define LOWER_LD_ABS (~0u)

/* An array map as inlined lookups need it: element i of lane c is at data + c * lane + i * stride. */
struct lower_array {
	u64 data, lane;  /* inner: `data` is where the address stands in struct map */
	u32 stride, max_entries;
	u32 lanes;
	bool percpu;     /* the lane is the run's CPU; else there is one */
	bool inner;      /* any inner map of a kind: the call's first argument says which */
};

/*
 * An array of maps: slot i has the number of a map (u32) at ids + 8 * i, and at maps + 8 * i what that is in this process, which another
 * map may have been before, or 0. A map's own number (u32) is at id_off.
 */
struct lower_maps {
	u64 ids, maps;
	u64 in_slot; /* void *(struct map *, u32 i, u32 number): finds out what it is here, or 0 */
	u32 id_off, max_entries;
};

/* A slot of a prog array in this process: the addresses of its id (0: empty) and of the image pointer that goes with it. */
struct lower_tail { u64 id, image; };

struct lower_opts {
	/* Native addresses of what the program refers to; 0 means "not available": lower() fails with -EOPNOTSUPP. */
	void *cookie;
	u64 (*helper_addr)(void *cookie, u32 helper_id);
	u64 (*kfunc_addr)(void *cookie, const struct btf *b, u32 btf_id, const char *name);
	u64 (*map_addr)(void *cookie, const struct map_desc *m);             /* struct map * */
	u64 (*map_value_addr)(void *cookie, const struct map_desc *m, u32 off); /* direct value; 0: none */
	/*
	 * 0 when lookups in this map, or in what the template of inner maps stands for, may be inlined; NULL: none may. What it says
	 * holds as long as the program lives.
	 */
	int (*map_array)(void *cookie, const struct map_desc *m, bool inner, struct lower_array *ret);
	int (*map_of_maps)(void *cookie, const struct map_desc *m, struct lower_maps *ret);
	/* void *(struct map *, const void *key, u32 cpu): what the map's type does for the lookup helper; 0, NULL: call the helper. */
	u64 (*map_lookup)(void *cookie, const struct map_desc *m);
	/* 0 when tail calls to this slot may be made without vm/'s help, NULL: none may. Holds as long as the program lives. */
	int (*tail_slot)(void *cookie, const struct map_desc *m, u32 index, struct lower_tail *ret);
	u64 (*btf_addr)(void *cookie, const struct btf *b, u32 id);          /* kernel variable or function; 0: none */
	/* what bpf_obj_new gets as its second argument */
	u64 (*obj_layout)(void *cookie, const struct btf_record *rec, u32 size, bool percpu);
	/* struct ins_arena * of the arena that the program uses; 0, NULL: none that can be reached */
	u64 (*arena)(void *cookie, const struct map_desc *m);
	bool hardened;   /* emit NOSPEC and masking of the proof */
	bool budget;     /* emit POLL at calls and where loops may go on for long */
};

/* What an operation's address is, for code that runs in another process: there it is another one. */
enum lower_ref_kind {
	LREF_NONE,
	LREF_HELPER,     /* id: body of the helper */
	LREF_KFUNC,      /* name, id in its BTF: body of the kfunc */
	LREF_LD_ABS,     /* body of LD_ABS and LD_IND */
	LREF_MAP,        /* map: what helpers get */
	LREF_MAP_VALUE,  /* map, off: its values, first lane */
	LREF_MAP_LOOKUP, /* map: void *(map, key, cpu) of its type */
	LREF_MAP_MAPS,   /* map: what its numbers are in this process, struct lower_maps */
	LREF_MAP_IN_SLOT, /* map: and what finds that out */
	LREF_ARENA,      /* map, off: 0 its bytes, else one of the two below */
	LREF_BTF,        /* name, id: kernel variable or function */
	LREF_LAYOUT,     /* off: what obj_layout gave; has a meaning in this process only */
	/* the compiler's own: */
	LREF_OP,         /* id: C body of an operation, vm_body_of[] */
	LREF_SERVICE,    /* id: enum jit_service */
};
enum { LREF_ARENA_READS = 1, LREF_ARENA_WRITES }; /* where accesses go that are outside of the arena */
struct lower_ref {
	u32 op;           /* the operation whose imm64 it is; in order */
	u32 kind, id;
	u64 map;          /* what map_addr gave: struct map * */
	u64 off;
	const char *name; /* of a type of the BTF, and lives as long */
};

struct lowered_sub { u32 start, end, stack; bool callback, exception_cb, tail_call_reachable; };
struct lowered {
	struct ins *ops;
	u32 n;
	struct lowered_sub *sub;
	u32 nsubs;
	u32 exception_sub;
	bool may_throw;  /* it uses bpf_throw */
	bool may_tail_call;
	u32 *from;       /* n: index of the instruction each operation comes from (line info, dumps) */
	u32 *to;         /* proof->n + 1: first operation of each instruction */
	struct lower_ref *ref; /* nrefs, by operation */
	u32 nrefs;
	struct lower_tail *tail; /* ntails: operation TAIL_CALL with imm k goes to tail[k - 1], with 0 where r2 and r3 say */
	u32 ntails;
	char missing[64]; /* on -EOPNOTSUPP: the helper or kfunc that has no body */
};
/* Everything is allocated from `a`. 0, -EOPNOTSUPP (see `missing`), -E2BIG. Out of memory jumps to a->oom. */
int lower(const struct proof *p, const struct lower_opts *o, struct arena *a, struct lowered *ret);

#endif
