/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What objects of other loaders and of other times hold, put into the shape that libbpf takes: libbpf stays the loader.
 *
 * elf_funcs.c: functions without types, sizes or linkage; subprograms outside of .text. elf_maps.c: maps defined as structures
 * ("maps": bpf_map_def, bpf_elf_map), members of BTF-defined maps that are newer or another loader's. elf_modern.c: relocations, externs
 * that nothing defines, data sections by other names.
 *
 * Invariant: one program's oddity never costs the others: what cannot be made loadable becomes an instruction that the verifier refuses
 * (a call of function POISON + k), and only programs that reach it are refused.
 */
#ifndef SKEP_CLI_ELF_MODERN_H
#define SKEP_CLI_ELF_MODERN_H

#include "cli/elf_image.h"

#define POISON 0x0bad0000
#define ARENA_REF 0x40000000 /* in the second half of a 64-bit load of an arena's address: an offset in its data */

/* What libbpf's setters are told once the object is open. */
struct modern_map {
	const char *name;
	u32 id;              /* iproute2's, 0: none */
	u64 extra;           /* map_extra, 0: none */
};

struct modern {
	struct elf_image im;
	struct btf *btf;     /* NULL: the object has none */
	bool btf_changed;
	char unsound[160];   /* why the types cannot be used: then neither can the object */
	struct modern_map *map;
	u32 nmaps, mapcap;
	const char **poison; /* why, by number */
	u32 npoison, poisoncap;
	u32 arena_sec;       /* data of the arena, 0: none */
	const char *arena_map;
	u32 ops_sec;         /* tables of struct_ops, 0: none */
	bool (*missing)(const char *symbol);
};

/* 0: *ret is to be given to modern_free(); m->im.changed says whether there is anything to change. -errno: left to libbpf's judgement.
 * Externs of which `missing` says so are known not to be in the kernel; without `with_ops` the tables of struct_ops are left out. */
int modern_read(struct modern *m, const void *data, size_t size, bool (*missing)(const char *symbol), bool with_ops);
void modern_free(struct modern *m);

/* Types as they came from a file: NULL, or why nobody should follow them (in `why`). elf_sane.c */
const char *btf_unsound(const struct btf *b, char *why, size_t size);

/* ---- between the files ---- */
void modern_funcs(struct modern *m);
void modern_maps(struct modern *m);
/* A table of variables that is not to be matched with symbols any more: its size is set, its name another. */
void modern_retire(struct modern *m, const char *name, const char *new_name, u64 size);
/* Functions that handle exceptions are told by a tag alone: the program gets a reference, in a branch that is never taken. */
void modern_exceptions(struct modern *m);
const char *modern_fmt(struct modern *m, const char *fmt, ...) PRINTF(2, 3);

#endif
