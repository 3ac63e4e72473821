/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a concrete value inside what the verifier claimed of it? Numbers by every bound, pointers by what they point to and how far.
 */
#ifndef SKEP_SOUND_CLAIM_H
#define SKEP_SOUND_CLAIM_H

#include "sound/tree.h"
#include "vm/abi.h"

/* The run as it is: frames from the outermost to the current one. */
struct concrete {
	const struct run *run;
	u32 nframes;
	struct { u64 fp; u64 r[11]; const u64 *file; } frame[MAX_FRAMES]; /* file: the interpreter's registers of the frame */
};

/* What is wrong with v, in words; NULL: it is inside. `base`: frame of the concrete run that is frame 0 of the claim. */
const char *claim_broken(const struct concrete *c, u32 base, const struct reg *claim, u64 v);
/* The bytes of a stack slot (as one number, little-endian) against the claim. `n` gets how many bytes of it are the spilled value. */
const char *claim_slot_broken(const struct concrete *c, u32 base, const struct slot *claim, const u8 bytes[8], u64 *ret_value);
/* A load or store of `size` bytes at `at`, through a pointer of which this is claimed. */
const char *claim_access_broken(const struct concrete *c, u32 base, const struct reg *claim, u64 at, u32 size);

#endif
