/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which register of an x86-64 holds what.
 *
 * BPF's r1-r5 are where C functions take their arguments, so a helper call moves nothing; r6-r9 are registers that calls
 * keep. r12 holds the run all the time, and is copied to r9, the sixth argument, for helpers.
 */
#ifndef SKEP_JIT_X86_REG_H
#define SKEP_JIT_X86_REG_H

#include "base/types.h"

enum x86_reg { X_RAX, X_RCX, X_RDX, X_RBX, X_RSP, X_RBP, X_RSI, X_RDI, X_R8, X_R9, X_R10, X_R11, X_R12, X_R13, X_R14, X_R15,
	       X_NONE };

#define X_RUN X_R12  /* struct run * */
#define X_ARG6 X_R9
#define X_TMP X_R11  /* scratch, also of the encoder when it hides immediates */
#define X_TMP2 X_R9

/* Of BPF's r0-r10, and of lowered code's own r11. */
static const u8 x86_of[12] = { X_RAX, X_RDI, X_RSI, X_RDX, X_RCX, X_R8, X_RBX, X_R13, X_R14, X_R15, X_RBP, X_R10 };

#endif
