/* SPDX-License-Identifier: BSD-2-Clause */
/* The bodies of ops.h as functions: see outline.h. */
#include "vm/outline.h"

#include "vm/sem.h"

#define D r[i->dst]
#define S r[i->src]
#define R0 r[0]
#define OFF ((u64)(s64)i->off)
#define IMM i->imm
#define IMM64 i->imm64

#define DO(name, ...)                                                                                   \
	static u64 body_##name(u64 *r, const struct ins *i)                                             \
	{                                                                                               \
		(void)r, (void)i;                                                                       \
		__VA_ARGS__;                                                                            \
		return 0;                                                                               \
	}
#define IF(name, ...)                                                                                   \
	static u64 body_##name(u64 *r, const struct ins *i)                                             \
	{                                                                                               \
		return __VA_ARGS__;                                                                     \
	}
#include "vm/ops.h"

const vm_body vm_body_of[OP_COUNT] = {
#define DO(name, ...) [OP_##name] = body_##name,
#define IF(name, ...) [OP_##name] = body_##name,
#include "vm/ops.h"
};
