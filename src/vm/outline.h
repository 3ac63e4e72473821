/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bodies of ops.h as functions: what compiled code calls for an operation that has no template, and what tests call
 * to know what an operation does.
 */
#ifndef SKEP_VM_OUTLINE_H
#define SKEP_VM_OUTLINE_H

#include "vm/abi.h"

/* Performs *i on the registers r[0]-r[11]. For a conditional jump: returns whether it jumps, else 0. */
typedef u64 (*vm_body)(u64 *r, const struct ins *i);

/* NULL for rows that direct the flow: jumps without a condition, calls, EXIT, packet loads. */
extern const vm_body vm_body_of[OP_COUNT];

#endif
