/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a test run that go where the program sends them: see live.c. */
#ifndef SKEP_HOOK_LIVE_H
#define SKEP_HOOK_LIVE_H

#include "helper/run_env.h"
#include "prog/prog.h"

struct test_run;

/*
 * Run the program on t->repeat copies of the frame in env->pkt and follow its verdicts. `ctx` is as it is for the first of them. The
 * frame is as it was afterwards. 0, -EPERM: frames may not be sent to devices, -ENOMEM.
 */
int live_frames(struct prog *p, struct run_env *env, struct test_run *t, struct native_xdp *ctx);

#endif
