/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a hook has to know of an ELF file: functions, their bounds, static probes, identity. No libelf: the agent uses it too.
 *
 * The file is a byte array of unknown origin. Every reference in it is checked; a broken one ends that listing, never the process.
 * Addresses are as linked ("va"); the caller adds where the module is mapped.
 */
#ifndef SKEP_PATCH_ELF_H
#define SKEP_PATCH_ELF_H

#include "base/types.h"

struct patch_elf {
	const u8 *data;
	u64 size;
	u16 type, machine;      /* ET_*, EM_* */
	u64 phoff, shoff;
	u16 phnum, shnum, shstrndx;
	/* Go's table of functions, if there is one: found when first asked for. */
	struct patch_go {
		bool looked, there;
		u64 at, size;       /* in the file */
		u64 text;           /* va that entries are relative to */
		u64 nfunc, names, funcs; /* the last two are offsets in the table */
		u8 width;               /* of an entry's two fields: 4, or 8 before Go 1.18 */
	} go;
};

/* A function. The name is not terminated by more than what the file has: it lies inside the file and ends with a 0 there. */
struct patch_sym {
	const char *name;
	u64 va, size;
	u8 type, bind;          /* STT_*, STB_* */
	bool dynamic;           /* of .dynsym */
};

/* -EINVAL: not a 64-bit little-endian ELF file. */
int patch_elf_open(const void *data, u64 size, struct patch_elf *ret);

/* Listings end early when the callback gives nonzero, which they then return. */
typedef int (*patch_sym_fn)(void *arg, const struct patch_sym *sym);
/* Functions (STT_FUNC, STT_GNU_IFUNC) with an address: .symtab, then .dynsym; Go's where both are stripped. */
int patch_elf_functions(struct patch_elf *e, patch_sym_fn fn, void *arg);
/* By name, "name+offset" or "name@version" left to the caller. -ENOENT. Prefers global over local, .symtab over .dynsym. */
int patch_elf_find(struct patch_elf *e, const char *name, struct patch_sym *ret);
/* The function that holds an address. -ENOENT. */
int patch_elf_at(struct patch_elf *e, u64 va, struct patch_sym *ret);

/*
 * Bounds of the function that holds an address: Go's table, unwind tables (.eh_frame_hdr), else symbols. -ENOENT. What lies behind a
 * function and belongs to none is given with it: unwind entries of clone() and its like end before the code does.
 */
int patch_elf_bounds(struct patch_elf *e, u64 va, u64 *ret_start, u64 *ret_end);
/*
 * The return instructions of the function that begins at `va`, and of those it jumps to: how many, at most `cap` are stored (exits.c).
 * -EOPNOTSUPP: it may leave otherwise, or it is not known where it begins and ends; -ENOSPC: they are more.
 */
int patch_elf_exits(struct patch_elf *e, u64 va, u64 *ret, u32 cap);
/*
 * All that patch_plan() has to know of the function at `va`, with its original bytes from the file. `bias` is where the module
 * is mapped from where it was linked; the caller adds `text` and `read`. *ret_off: where `va` is in the function.
 */
struct patch_func;
int patch_elf_func(struct patch_elf *e, u64 va, u64 bias, struct patch_func *ret, u32 *ret_off);
/* Every function of the unwind tables, in order of address. */
typedef int (*patch_range_fn)(void *arg, u64 start, u64 end);
int patch_elf_ranges(struct patch_elf *e, patch_range_fn fn, void *arg);

/*
 * patch_text_scan() of all code in `t` (the module's text, mapped at `bias` from where it was linked): function by function, and
 * what can be reached between them (for that t->targets is needed). Each instruction once.
 */
struct patch_text;
struct patch_insn;
void patch_elf_scan(struct patch_elf *e, u64 bias, struct patch_text *t, u32 kinds,
		    void (*site)(void *arg, u64 addr, const struct patch_insn *in), void *arg);

/* Executable segments: va, offset in the file, bytes. -ENOENT behind the last. */
int patch_elf_text(const struct patch_elf *e, u32 i, u64 *ret_va, u64 *ret_off, u64 *ret_size);
int patch_elf_va_to_off(const struct patch_elf *e, u64 va, u64 *ret_off);
/* Pointer to `n` bytes at an address as the file has them, or NULL. */
const u8 *patch_elf_bytes(const struct patch_elf *e, u64 va, u64 n);

/* Go's table of functions (go.c). */
bool patch_go_open(struct patch_elf *e);
bool patch_go_is(struct patch_elf *e);
int patch_go_functions(struct patch_elf *e, patch_sym_fn fn, void *arg);
int patch_go_at(struct patch_elf *e, u64 va, struct patch_sym *ret);

#endif
