/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows a run through the tree of its verification. At every instruction each register and stack slot of every frame must be
 * inside what the verifier claimed on the path taken; a run that goes where the walk did not is a violation, too.
 *
 * Where the walk ended in a checkpoint, what the checkpoint depends on must be inside it. Other numbers may be outside from then on:
 * they, and what is computed from them, are *loose*, and must never decide where memory is accessed.
 */
#ifndef SKEP_SOUND_FOLLOW_H
#define SKEP_SOUND_FOLLOW_H

#include "prog/prog.h"
#include "sound/hook.h"
#include "sound/tree.h"

/* From now on runs of this program are followed; NULL: none are. */
void follow(const struct prog *p, const struct record *r);
/* A new run begins. */
void follow_run(void);
struct follow_stats { u64 steps, violations, lost; };
extern struct follow_stats follow_stats;
extern const char *follow_what;      /* the program, for reports */
extern u64 follow_step_limit;

#endif
