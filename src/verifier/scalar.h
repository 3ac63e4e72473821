/* SPDX-License-Identifier: BSD-2-Clause */
/* The two widths of scalar_impl.h, for scalar.c and branch.c: unbound64(), add32(), assume_equal64(), ... */
#ifndef SKEP_VERIFIER_SCALAR_H
#define SKEP_VERIFIER_SCALAR_H

#include "verifier/env.h"

/* Each of the two rooms uses its part of both widths. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"

#define W 64
#define U u64
#define S s64
#define UMAXV U64_MAX
#define SMINV S64_MIN
#define SMAXV S64_MAX
#define UMIN umin
#define UMAX umax
#define SMIN smin
#define SMAX smax
#include "verifier/scalar_impl.h"

#define W 32
#define U u32
#define S s32
#define UMAXV U32_MAX
#define SMINV S32_MIN
#define SMAXV S32_MAX
#define UMIN u32_min
#define UMAX u32_max
#define SMIN s32_min
#define SMAX s32_max
#include "verifier/scalar_impl.h"

#pragma GCC diagnostic pop

#endif
