/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF object of the BPF machine as lists that can be changed: sections, symbols, relocations. What is written back has the same
 * sections under the same numbers, new ones after them; all strings are in one table, relocations have no addends of their own.
 *
 * Invariant: everything read was checked against the file's bounds; everything is allocated from the image's arena.
 */
#ifndef SKEP_CLI_ELF_IMAGE_H
#define SKEP_CLI_ELF_IMAGE_H

#include <elf.h>
#include <linux/bpf.h>

#include "base/arena.h"

struct image_rel {
	u64 off;             /* in the section it changes */
	u32 sym, type;
};

struct image_sec {
	const char *name;
	u32 type;            /* SHT_*; SHT_NULL: dropped */
	u64 flags;
	u64 align;
	u32 link, info;
	u64 entsize;
	u8 *data;            /* size bytes; NULL for SHT_NOBITS */
	u64 size;
	struct image_rel *rel;
	u32 nrel, relcap;
	bool has_rel;        /* a relocation section is written for it */
};

struct image_sym {
	const char *name;
	Elf64_Sym s;         /* st_name is set on writing */
};

struct elf_image {
	struct arena a;
	struct image_sec *sec; /* 0: the null section */
	u32 nsec, seccap;
	struct image_sym *sym; /* 0: the null symbol */
	u32 nsym, symcap;
	Elf64_Ehdr h;
	bool changed;
	char notes[2048];    /* what was changed or cannot be, a line each */
};

/* 0, -EINVAL: not a 64-bit little-endian object of the BPF machine, or damaged; -ENOMEM. To be freed by image_free() on success. */
int image_read(struct elf_image *im, const void *data, size_t size);
void image_free(struct elf_image *im);
/* malloc'ed bytes of the file; NULL: out of memory. */
void *image_write(struct elf_image *im, size_t *ret_size);

/* Number of the section of this name, 0: none. */
u32 image_find(const struct elf_image *im, const char *name);
u32 image_add_sec(struct elf_image *im, const char *name, u32 type, u64 flags);
u32 image_add_sym(struct elf_image *im, const char *name, u32 sec, u64 value, u64 size, u8 info);
void image_add_rel(struct elf_image *im, u32 sec, u64 off, u32 sym, u32 type);
/* Append bytes (NULL: zeros), aligned to 8; their offset. */
u64 image_append(struct elf_image *im, u32 sec, const void *data, u64 size);
void image_note(struct elf_image *im, const char *fmt, ...) PRINTF(2, 3);

static inline bool sec_is_code(const struct image_sec *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_EXECINSTR) && s->size;
}

static inline struct bpf_insn *sec_insns(const struct image_sec *s)
{
	return (struct bpf_insn *)(void *)s->data;
}

#endif
