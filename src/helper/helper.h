/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies of helpers and kfuncs, by number and name, in the form every engine calls. The rows of spec/helper_*.def dictate each
 * body's signature (spec/helper_abi.h): a body that disagrees does not compile, a row without a body does not link.
 */
#ifndef SKEP_HELPER_HELPER_H
#define SKEP_HELPER_HELPER_H

#include "base/types.h"
#include "vm/abi.h"

/* NULL when skep has no body for it; id LOWER_LD_ABS (~0) is the packet load of LD_ABS and LD_IND. */
helper_fn helper_body(u32 id);
helper_fn kfunc_body(const char *name);
/* The same for programs with a budget: the run knows what they hold. */
helper_fn helper_body_held(u32 id);
helper_fn kfunc_body_held(const char *name);
/* bpf_trace_printk with the values of r3 to r5, which its contract does not name. */
u64 print_trace_printk(u64 fmt, u64 fmt_size, u64 a, u64 b, u64 c, struct run *run);

#define PRINT_ARGS 12
/* As bpf_snprintf() formats: the length it has or would have with more room, or -EINVAL for a format BPF does not have. */
s64 print_format(char *buf, size_t room, const char *fmt, const u64 *args, u32 nargs);

#endif
