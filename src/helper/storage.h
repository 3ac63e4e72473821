/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that maps keep for tasks, sockets, inodes and cgroups: one per map and owner. An owner is known by the pointer that
 * programs hold, which for tasks and cgroups has their id in it.
 *
 * Invariant: a value's memory stays until its map is freed, so a program that still uses one that was deleted reads a stale value
 * and nothing else.
 */
#ifndef SKEP_HELPER_STORAGE_H
#define SKEP_HELPER_STORAGE_H

#include "base/types.h"

struct map;

/* For struct map's gone. */
void storage_map_gone(struct map *m);
/* The owner is no more: no map keeps a value for it. */
void storage_owner_gone(u64 owner);

#endif
