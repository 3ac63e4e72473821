/* SPDX-License-Identifier: BSD-2-Clause */
/* The interpreter's inner entry, for run.c. */
#ifndef SKEP_VM_INTERP_H
#define SKEP_VM_INTERP_H

#include "vm/abi.h"

/* Runs one BPF function of the run's image with these arguments, in a frame of its own. */
u64 vm_call(const struct image_sub *sub, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);

#endif
