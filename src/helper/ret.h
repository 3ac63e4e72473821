/* SPDX-License-Identifier: BSD-2-Clause */
/* What a body returns, as the program's r0. */
#ifndef SKEP_HELPER_RET_H
#define SKEP_HELPER_RET_H

#include "base/types.h"

#define RET_INT_(x) ((u64)(s64)(x))
#define RET_PTR(p) ((u64)(uintptr_t)(p))

#endif
