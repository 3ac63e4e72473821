/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs attached to programs: extensions (BPF_PROG_TYPE_EXT) take the place of a global function of a loaded program.
 *
 * Invariant: an extension is in place exactly while its link lives; a target keeps running with its own function when it goes.
 */
#ifndef SKEP_HOOK_EXT_H
#define SKEP_HOOK_EXT_H

#include "hook/link.h"

extern const struct link_ops ext_link_ops;
/* `target` NULL: what was given at load. 0, -EINVAL, -EBUSY, -EOPNOTSUPP and why. */
int ext_attach(struct link *l, struct prog *target, u32 btf_id, struct str *why);

#endif
