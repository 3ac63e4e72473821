/* SPDX-License-Identifier: BSD-2-Clause */
/* See knobs.h. Invariant: with both knobs at zero the library does what it does elsewhere. */
#include "knobs.h"

#include "jit/jit.h"
#include "sys/sys.h"
#include "verifier/verify.h"

u32 knob_walk_limit;
bool knob_hard;

int __real_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats);
int __wrap_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats);
int __wrap_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats)
{
	struct vf_input limited = *in;

	limited.max_walk = knob_walk_limit;
	return __real_vf_verify(&limited, log, ret_proof, ret_stats);
}

int __real_jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, size_t with, struct jit_code *ret);
int __wrap_jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, size_t with, struct jit_code *ret);
int __wrap_jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, size_t with, struct jit_code *ret)
{
	struct jit_opts opts = *o;

	opts.blind |= knob_hard;
	opts.hardened |= knob_hard;
	return __real_jit_compile(l, &opts, a, with, ret);
}

void knob_caps(struct skep *s, u32 caps)
{
	s->caps = caps;
	s->caps_set = true;
}
