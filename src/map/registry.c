/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map types by number, expanded from spec/map.def: a row without a body does not link.
 * Invariant: a row's place in the file is its number in bpf(2).
 */
#include "map/priv.h"

#define M(id, ...) extern const struct map_type map_type_##id;
#include "spec/map.def"

#define M(id, ...) &map_type_##id,
const struct map_type *const map_types[UAPI_MAP_TYPES] = {
	NULL, /* unspecified */
#include "spec/map.def"
};
