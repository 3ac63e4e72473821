/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading memory that may not be there: 0 or a length, or -errno and zeroed memory. */
#ifndef SKEP_HELPER_PROBE_H
#define SKEP_HELPER_PROBE_H

#include "vm/abi.h"

u64 guarded_read(void *dst, u64 size, u64 from);
/* Up to and with the terminator, which is always there; the length with it, or -EFAULT. */
u64 guarded_string(char *dst, u64 size, u64 from);
/* What Linux says where `ret` is the result of reading its memory. */
u64 kernel_error(u64 ret, u64 size, u64 from);
/* Of a task, by handle (helper/handle.h). */
s64 task_read(void *dst, u32 size, u64 from, u64 task);
s64 task_read_string(char *dst, u32 size, u64 from, u64 task);

#endif
