/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files as programs see them: the kernel's struct file, its path and its inode, for files that skep holds a descriptor of.
 *
 * Invariant: an address says which file it belongs to, whatever part of it it points into; a file that is gone answers nothing.
 */
#ifndef SKEP_HELPER_FILE_H
#define SKEP_HELPER_FILE_H

#include "base/types.h"

struct map_owner;

/* The address that stands for this file, with one reference. The descriptor (O_PATH will do) is consumed. 0: too many. */
u64 file_new(int fd);
/* What it is opened with, where that is not what the descriptor says; and that again. */
void file_opened(u64 file, u32 flags);
u32 file_flags(u64 ptr);
void file_put(u64 file);
/* The address of its inode, as file->f_inode says it. */
u64 file_inode(u64 file);
/* A descriptor of the file that the address points into: file, path or inode; valid until it is put. -1: it is none. */
int file_fd(u64 ptr);
bool file_owner(u64 ptr, struct map_owner *ret);
/* Its path, with a terminator: bytes or -errno as bpf_d_path. */
s64 file_path(u64 ptr, char *buf, u32 size);

#endif
