/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The just-in-time compiler: lowered operations in, sealed machine code out.
 *
 * Invariant: code memory is never writable and executable at once, not even in two mappings; once mapped executable its bytes
 * cannot change (a write-sealed memfd). codemem.c alone makes executable memory.
 */
#ifndef SKEP_JIT_JIT_H
#define SKEP_JIT_JIT_H

#include "base/arena.h"
#include "isa/isa.h"
#include "jit/codemem.h"
#include "lower/lower.h"
#include "vm/abi.h"

struct jit_opts {
	bool blind;      /* constant blinding */
	bool hardened;   /* retpolines, barriers */
	bool baseline;   /* no instructions beyond the first x86-64: for tests */
};
/* A compiled image. */
struct jit_code {
	struct codemem mem;
	const u8 *bytes;  /* in the arena, until they are published */
	u8 *code;         /* mem.code */
	u32 size;
	u32 *code_off;    /* n + 1, malloc'ed */
	void **sub_entry; /* nsubs, malloc'ed */
	void *entry;      /* u64 (*)(void *ctx, struct run *) */
	void *call;       /* u64 (*)(void *sub, r1..r5, struct run *) */
	void *hop;        /* image.hop of an image whose `tail` is the entry */
	bool needs_run;   /* the entry looks at its struct run; else that may be NULL */
};
/*
 * An image that runs in any process and at any place: it holds no addresses. What lies outside of it is reached through a table
 * of 8-byte slots that ends where the image begins: slot i is at `image - 8 * (i + 1)`. So the table has pages of its own,
 * which each process fills as slot[] says and then makes read-only, and the image's pages are one sealed file for all.
 *
 *	| inaccessible | ... slot 2, slot 1, slot 0 | image, whole pages | inaccessible |
 *
 * What is called through a slot may change what C functions may change, but no vector register is ever written by the image
 * itself, so whoever enters it with the helpers built for general registers only needs to save no more than those.
 * Slots of kind LREF_OP and LREF_SERVICE are functions of vm/: vm_body_of[id] and what enum jit_service says.
 */
enum jit_service {
	JIT_TAIL_CALL, /* run_tail_call */
	JIT_POLL,      /* run_poll */
	JIT_MAY_GOTO,  /* run_may_goto */
};
struct jit_portable {
	u8 *bytes;              /* the image, malloc'ed; `size` is whole pages, unused bytes trap */
	u32 size;
	u32 entry, call, hop;   /* offsets of what jit_code has as addresses */
	u32 *code_off;          /* n + 1 offsets, malloc'ed */
	u32 *sub_entry;         /* nsubs offsets, malloc'ed */
	u32 nsubs;
	struct lower_ref *slot; /* nslots, malloc'ed; `op` has no meaning; names and maps as in what was compiled */
	u32 nslots;
	bool bare;              /* it calls nothing, needs no struct run and no more than JIT_BARE_STACK bytes of stack */
	bool reads_ctx;         /* the entry looks at its context */
};
#define JIT_BARE_STACK 128u
/* image.hop of every other image: goes to its `tail` as C calls it. NULL: compiled code does so itself. */
void *jit_hop(void);
/* Is executable memory to be had in this process? */
bool jit_available(void);
/*
 * 0 and *ret (release with jit_free), -EOPNOTSUPP, -ENOMEM, -EIO, -EINVAL (not lowered code). Scratch memory from `a`. All addresses
 * are final, but nothing is there yet. `with`: bytes of data to be sealed along with the code, at ret->mem.data.
 */
int jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, size_t with, struct jit_code *ret);
/* Now it is there, and so is the data. 0, -ENOMEM, -EPERM, -EIO. The arena of the compilation must still be. */
int jit_publish(struct jit_code *c, const void *data);
void jit_free(struct jit_code *c);
/* The same for a portable image, to be released with jit_portable_free(); no memory of this process becomes executable. */
int jit_compile_portable(const struct lowered *l, const struct jit_opts *o, struct arena *a, struct jit_portable *ret);
void jit_portable_free(struct jit_portable *p);
/* A descriptor of a sealed file with the image's pages, to be mapped readable and executable. -errno. */
int jit_portable_file(const struct jit_portable *p);

#endif
