/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of tracepoints, as their format files describe them: what a TRACEPOINT program gets. Freestanding: events are also made
 * inside traced processes. Invariant: offsets equal those of spec/tracepoint.def.
 */
#ifndef SKEP_HOOK_RECORD_H
#define SKEP_HOOK_RECORD_H

#include "base/types.h"

/* Every record begins so. type: the tracepoint's id. Programs may not read it. */
struct rec_common { u16 type; u8 flags, preempt; s32 pid; };

struct rec_sys_enter { struct rec_common c; s32 nr, pad; u64 args[6]; };      /* syscalls/sys_enter_* */
struct rec_sys_exit { struct rec_common c; s32 nr, pad; s64 ret; };           /* syscalls/sys_exit_* */
struct rec_raw_enter { struct rec_common c; s64 id; u64 args[6]; };           /* raw_syscalls/sys_enter */
struct rec_raw_exit { struct rec_common c; s64 id, ret; };                    /* raw_syscalls/sys_exit */
/* A string of variable length: offset in the record | length with its NUL << 16; the bytes lie behind the fixed part. */
static inline u32 rec_data_loc(u32 off, u32 len) { return off | len << 16; }
struct rec_fork { struct rec_common c; u32 parent_comm; s32 parent_pid; u32 child_comm; s32 child_pid; char text[32]; };
struct rec_exec { struct rec_common c; u32 filename; s32 pid, old_pid; char text[236]; };
struct rec_exit { struct rec_common c; char comm[16]; s32 pid, prio; u8 group_dead, pad[7]; };

#endif
