/* SPDX-License-Identifier: BSD-2-Clause */
/* How bodies of kernel functions are written: arguments in registers, as the verifier has checked them. */
#ifndef SKEP_HELPER_KFUNC_H
#define SKEP_HELPER_KFUNC_H

#include "helper/ret.h"
#include "helper/run_env.h"

#define PTR(r) ((void *)(uintptr_t)(r))
#define BODY(name) u64 kfunc_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
#define UNUSED1 (void)r1, (void)r2, (void)r3, (void)r4, (void)r5, (void)run
#define UNUSED2 (void)r2, (void)r3, (void)r4, (void)r5, (void)run
#define UNUSED3 (void)r3, (void)r4, (void)r5, (void)run
#define UNUSED4 (void)r4, (void)r5, (void)run
#define UNUSED5 (void)r5

#define K(name, ...) BODY(name);
#define KU(...)
#include "spec/kfunc.def"

#endif
