/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's functions that skep can say when they are called: __x64_sys_NAME(const struct pt_regs *), one for each system call with
 * tracepoints. A probe there is a probe of the call's entry or exit; the traced process makes up what the function would have got.
 */
#ifndef SKEP_HOOK_KSYS_H
#define SKEP_HOOK_KSYS_H

#include "hook/source.h"

/* What can be probed, for messages. */
#define KSYS_ONLY "skep owns no kernel function but those of system calls, as __x64_sys_openat"

/* The call's number, -1: not such a function. */
int ksys_number(const char *func);
/* "__x64_sys_openat" into `out`: its length, 0 when the call has none. */
u32 ksys_name(u32 nr, char *out, size_t n);
struct hook_place ksys_place(u32 nr, bool exit);
/* Where the running kernel has it; where it keeps that to itself, an address that no other symbol has. */
u64 ksys_address(u32 nr);
/* The function there: its call's number or -1. */
int ksys_at(u64 address);
/* Does /proc/kallsyms tell this process nothing (all its addresses are 0, or it is not there)? */
bool ksys_hidden(void);

#endif
