/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that maps keep for tasks, sockets, inodes and cgroups: the maps are map/storage.c, the owners owner.h. A value whose
 * owner has ended stays until its place is needed, which nobody can see: no one can name its owner any more.
 */
#ifndef SKEP_HELPER_STORAGE_H
#define SKEP_HELPER_STORAGE_H

#include "map/map.h"

struct sk;

/* A test run is over: none of these maps keeps a value for its socket, or for the cgroup that it was not in. */
void storage_run_gone(struct map *const *maps, u32 n, const struct sk *sk);

#endif
