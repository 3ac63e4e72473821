/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which register of an arm64 holds what.
 *
 * BPF's r1-r5 are where C functions take their arguments; r0 is apart from the first of them, so a result is moved after each
 * call and before each return. r6-r9 are registers that calls keep. x26 holds the run all the time.
 */
#ifndef SKEP_JIT_ARM64_REG_H
#define SKEP_JIT_ARM64_REG_H

#include "base/types.h"

#define A_ARG0 0
#define A_ARG1 1
#define A_ARG2 2
#define A_ARG3 3
#define A_ARG4 4
#define A_ARG5 5
#define A_R0   7
#define A_T0   9   /* scratch */
#define A_T1   10
#define A_T2   11  /* of addresses */
#define A_KEY  12  /* of hidden constants */
#define A_CALL 16  /* what is called or jumped to, so that landing marks accept it */
#define A_FP   25  /* BPF's r10 */
#define A_RUN  26
#define A_LINK_FP 29
#define A_LR   30
#define A_ZR   31
#define A_SP   31

/* Of BPF's r0-r10, and of lowered code's own r11. */
static const u8 a64_of[12] = { A_R0, 0, 1, 2, 3, 4, 19, 20, 21, 22, A_FP, 6 };

#endif
