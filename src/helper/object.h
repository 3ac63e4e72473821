/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects that programs allocate: bpf_obj_new, per-CPU objects, CPU masks; and the lists and trees they are linked in.
 *
 * Memory is type-stable: a freed object's place is only ever used for another of the same layout, and its reference count is 0
 * until then, so a pointer that another thread still borrows (Linux's RCU) reads an object of the same kind.
 * Invariant: the slab an address lies in, found by masking, says the layout; an interior pointer finds its object.
 */
#ifndef SKEP_HELPER_OBJECT_H
#define SKEP_HELPER_OBJECT_H

#include "base/types.h"

struct btf_record;
struct layout;
struct map;

/* The layout of objects of this size and these special fields (NULL: none). Lives as long as the process; NULL: no memory. */
const struct layout *object_layout(const struct btf_record *rec, u32 size, bool percpu);
/* A zeroed object with one reference, or NULL. */
void *object_new(const struct layout *l);
/* Give back one reference of the object that p points into; the last frees what it holds, and it. */
void object_put(void *p);
/* One more reference; NULL when the object is going. */
void *object_ref(void *p);
/* The start of the object that p points into; what is no object of ours stays as it is. */
void *object_start(void *p);
/* Where lane `cpu` of a per-CPU object is; NULL when there is no such CPU. */
void *object_lane(void *p, u32 cpu);
/* Free what the special fields of a map's value hold. For struct map's field_free. */
void object_fields_free(struct map *m, void *value);
/* For struct map's gone: user space's last hold on a map ends its timers, the end of the map frees all. */
void object_map_gone(struct map *m, bool last);

#endif
