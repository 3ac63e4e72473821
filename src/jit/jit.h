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
#include "lower/lower.h"
#include "vm/abi.h"

struct jit_opts {
	bool blind;      /* constant blinding */
	bool hardened;   /* retpolines, barriers */
	bool baseline;   /* no instructions beyond the first x86-64: for tests */
};
/* A compiled image's memory. */
struct jit_code {
	void *map;        /* mapping, with guard pages around */
	size_t map_size;
	bool sealed;      /* false: the system has no sealed executable files; merely mapped read-only */
	u8 *code;
	u32 size;
	u32 *code_off;    /* n + 1, malloc'ed */
	void **sub_entry; /* nsubs, malloc'ed */
	void *entry;      /* u64 (*)(void *ctx, struct run *) */
	void *tail;       /* where tail calls land: the entry, when the caller's frame is gone */
	void *call;       /* u64 (*)(void *sub, r1..r5, struct run *) */
};
/* Is executable memory to be had in this process? */
bool jit_available(void);
/* 0 and *ret (release with jit_free), -EOPNOTSUPP, -ENOMEM, -EPERM, -EIO, -EINVAL (not lowered code). Scratch memory from `a`. */
int jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, struct jit_code *ret);
void jit_free(struct jit_code *c);
/* Disassembly of native code with Zydis is the CLI's; here only: how many operations of `l` are outlined to C bodies. */
u32 jit_outlined(const struct lowered *l);

#endif
