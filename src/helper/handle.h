/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands for the kernel's tasks, cgroups, sockets and files: addresses that only the kernel could map, with the id in them.
 *
 * Invariant: a handle compares and passes as a pointer, and reading through it fails as any bad address does, so a program gets
 * what skep knows through helpers and never made-up bytes.
 */
#ifndef SKEP_HELPER_HANDLE_H
#define SKEP_HELPER_HANDLE_H

#include "base/types.h"

#define HANDLE_TASK   0xffff880000000000ull
#define HANDLE_CGROUP 0xffff8a0000000000ull
#define HANDLE_REGS   0xffff8c0000000000ull
#define HANDLE_SOCK   0xffff8e0000000000ull
#define HANDLE_FILE   0xffff900000000000ull
#define HANDLE_INODE  0xffff920000000000ull
#define HANDLE_VMA    0xffff940000000000ull
#define HANDLE_SHIFT  14  /* room for the fields of the largest of them */

static inline u64 handle_of(u64 kind, u64 id) { return kind | (id & 0x3ffffff) << HANDLE_SHIFT; }
static inline bool handle_is(u64 p, u64 kind) { return p >= kind && p < kind + (1ull << (26 + HANDLE_SHIFT)); }
static inline u32 handle_id(u64 p) { return (u32)(p >> HANDLE_SHIFT & 0x3ffffff); }

#endif
