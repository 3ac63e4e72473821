/* SPDX-License-Identifier: BSD-2-Clause */
/* What is mapped where in a process, and which functions its code is made of. */
#ifndef SKEP_BOX_TRACE_MAPS_H
#define SKEP_BOX_TRACE_MAPS_H

#include <sys/types.h>

#include "base/types.h"
#include "patch/patch.h"

struct module;
struct vma {
	u64 start, end, off;
	u64 dev, ino;
	bool read, write, exec, shared;
	const char *path;      /* "": none */
	bool looked;           /* its file was looked up: */
	struct module *module; /* what is known of it, or NULL */
};
/* All mappings as they are now: 0 or -errno. */
struct maps { pid_t pid; struct vma *v; u32 n; char *text; };
int maps_open(struct maps *m, pid_t pid);
void maps_close(struct maps *m);
/* For each mapping; ends early when fn gives non-zero, which is returned. -errno: cannot be read. */
int maps_each(pid_t pid, int (*fn)(void *arg, struct vma *v), void *arg);

/* Is the file behind a mapping the one with this device and inode? (Some file systems say different devices in maps.) */
bool maps_same_file(pid_t pid, const struct vma *v, u64 dev, u64 ino);
/* Free address space of this size within `reach` of an address; 0: none. */
u64 maps_gap(pid_t pid, u64 addr, u64 size, u64 reach);
/*
 * A function: its bounds, how much padding is before and behind it, and where branches of its module go (text.bytes: not there).
 * Valid until maps_forget().
 */
struct maps_func { u64 start, end; u32 pad, tail; struct patch_text text; };
/* The one that holds an address of a mapping; -ENOENT: not known. */
int maps_function(pid_t pid, struct vma *v, u64 addr, struct maps_func *ret);
/* Each system call instruction in the file of a mapping, at its address in the process, the number (-1: not known). */
typedef int (*maps_call_fn)(void *arg, u64 addr, const struct maps_func *func, s64 nr);
int maps_calls(pid_t pid, struct vma *v, maps_call_fn fn, void *arg);
/*
 * The return instructions of the function that begins at `addr` of the mapping, if it leaves by these alone: how many (at most `cap`), or
 * -EOPNOTSUPP. *ret_go: it is Go's, whose stacks move.
 */
int maps_exits(pid_t pid, struct vma *v, u64 addr, u64 *ret, u32 cap, bool *ret_go);
/* Functions of the mapping by which stacks are read (enum agent_unwinds). */
void maps_unwinders(pid_t pid, struct vma *v, void (*fn)(void *arg, u64 addr, u32 unwinds, const struct maps_func *f),
		    void *arg);
void maps_forget(void); /* what is remembered of files */

#endif
