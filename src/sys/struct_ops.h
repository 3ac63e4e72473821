/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the map commands and struct_ops.c. */
#ifndef SKEP_SYS_STRUCT_OPS_H
#define SKEP_SYS_STRUCT_OPS_H

#include "base/types.h"

struct btf;
struct call;
struct link;
struct link_ops;
struct map;

/* A new map for the kernel's struct bpf_struct_ops_NAME. */
int ops_map_init(struct map *m, const struct btf *b, u32 value_type);
/* For struct map's gone. */
void ops_map_gone(struct map *m, bool last);
/* `value` is changed: descriptors become ids. */
int ops_map_update(struct call *c, struct map *m, const void *key, u8 *value, u64 flags);
/* Links: the table of the map `fd` is registered while the link lives; another one may take its place. */
extern const struct link_ops ops_link_ops;
int ops_link_map(struct call *c, int fd, struct map **ret);
int ops_link_update(struct call *c, struct link *l);

#endif
