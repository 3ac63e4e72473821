/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel functions on arenas: the work is map/arena.c's. */
#include "helper/kfunc.h"
#include "map/map.h"

BODY(bpf_arena_alloc_pages) { (void)run; return map_arena_alloc(PTR(r1), r2, (u32)r3, (s32)r4, r5); }
BODY(bpf_arena_free_pages) { UNUSED4; map_arena_free(PTR(r1), r2, (u32)r3); return 0; }
BODY(bpf_arena_reserve_pages) { UNUSED4; return RET_INT_(map_arena_reserve(PTR(r1), r2, (u32)r3)); }
