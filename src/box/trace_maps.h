/* SPDX-License-Identifier: BSD-2-Clause */
/* What is mapped where in a process, and which functions its code is made of. */
#ifndef SKEP_BOX_TRACE_MAPS_H
#define SKEP_BOX_TRACE_MAPS_H

#include <sys/types.h>

#include "base/types.h"

struct vma {
	u64 start, end, off;
	u64 dev, ino;
	bool read, write, exec, shared;
	const char *path;      /* "": none */
};
/* For each mapping; ends early when fn gives non-zero, which is returned. -errno: cannot be read. */
int maps_each(pid_t pid, int (*fn)(void *arg, const struct vma *v), void *arg);

/* Is the file behind a mapping the one with this device and inode? (Some file systems say different devices in maps.) */
bool maps_same_file(pid_t pid, const struct vma *v, u64 dev, u64 ino);
/* Free address space of this size within `reach` of an address; 0: none. */
u64 maps_gap(pid_t pid, u64 addr, u64 size, u64 reach);
/* Bounds of the function that holds an address; unchanged, -ENOENT: not known. */
int maps_function(pid_t pid, u64 addr, u64 *ret_start, u64 *ret_end);
/* How many of the n bytes, seen from their end, are padding between functions. */
u32 maps_padding(const u8 *bytes, u32 n);
/* Each system call instruction in the file of a mapping, at its address in the process, the function it is in, the number (-1: not known). */
typedef int (*maps_call_fn)(void *arg, u64 addr, u64 func, u64 func_end, s64 nr);
int maps_calls(pid_t pid, const struct vma *v, maps_call_fn fn, void *arg);
void maps_forget(void); /* what is remembered of files */

#endif
