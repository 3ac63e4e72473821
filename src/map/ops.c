/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs' side of the map types by number, expanded from spec/map.def. Freestanding: an agent links this and what it reaches.
 * Invariant: a row's place in the file is its number in bpf(2).
 */
#include "map/priv.h"

#define M(id, ...) &map_ops_##id,
const struct map_ops *const map_ops[UAPI_MAP_TYPES] = {
	NULL, /* unspecified */
#include "spec/map.def"
};
