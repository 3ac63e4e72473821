/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of processes to names: from the symbol tables of the mapped files, and from /tmp/perf-PID.map for compiled code of language
 * runtimes. Mappings
 * are kept, newer ones over older ones, so that names are found when the process is gone.
 */
#ifndef SKEP_CLI_SYMBOLS_H
#define SKEP_CLI_SYMBOLS_H

#include <stddef.h>

#include "base/types.h"

struct symbols;
struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);
/* Read the mappings of a process now. */
void symbols_process(struct symbols *s, u32 pid);
/* What is told of a process instead: it mapped code; it is a copy of another. */
void symbols_mapped(struct symbols *s, u32 pid, u64 from, u64 size, u64 off, const char *path);
void symbols_forked(struct symbols *s, u32 pid, u32 parent);
/* Name of the function at an address of the process: "malloc", "[libc.so.6]" when only the file is known, "[unknown]". */
const char *symbols_name(struct symbols *s, u32 pid, u64 addr, char *room, size_t n);

#endif
