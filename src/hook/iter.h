/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterators: programs that are run for each object of a kind and write text for a reader.
 *
 * The walk is made when the iterator is opened, and its text kept: a reader sees one moment. Invariant: what a program is given of map
 * elements is not smaller than what it was found to access.
 */
#ifndef SKEP_HOOK_ITER_H
#define SKEP_HOOK_ITER_H

#include "hook/link.h"

enum iter_target {
#define I(id, ...) ITER_##id,
#include "spec/iter.def"
	ITERS
};

/* The target that a program was loaded for: -ENOENT when there is none; *ret_why when it is one that cannot be walked here. */
int iter_target(const struct prog *p, const char **ret_name, const char **ret_why);
/* May this map's elements be walked by the program? 0, -EINVAL, -EACCES. */
int iter_map_ok(const struct prog *p, const struct map *m);
/* Walk: the text. 0, -E2BIG, -ENOMEM, -EAGAIN. */
int iter_walk(struct link *l, struct str *out);
extern const struct link_ops iter_link_ops;

#endif
