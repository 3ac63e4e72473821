/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets in sockmaps and the programs that judge what they receive.
 *
 * As in Linux a socket takes over its map's programs when it is put in, has at most one of each kind, and keeps them as long as it
 * is in that map. What it receives is judged by a thread of this process: dropped bytes and redirected ones are read off the socket,
 * passed ones are left there. So programs see data a moment after it has arrived, and an application that reads faster than
 * the thread gets it unjudged; redirecting to a socket's receive queue (BPF_F_INGRESS) is beyond user space and drops.
 * A socket of a box's client is judged on a duplicate.
 * Invariant: nothing keeps a socket open (a client's at most a moment longer); one that is closed is forgotten.
 */
#ifndef SKEP_SYS_RELAY_H
#define SKEP_SYS_RELAY_H

#include "base/types.h"

struct map;
struct skep;

/* For skep_new and skep_free. */
int relay_start(struct skep *s);
/* A socket is about to be put into a map. -EBUSY: it has such a program already. 0, -ENOMEM. */
int relay_link(struct skep *s, struct map *m, u64 cookie);
/* It left the map, and gives back what it took over from it. */
void relay_unlink(const struct map *m, u64 cookie);
/* For struct map's gone. */
void relay_map_gone(struct map *m, bool last);

#endif
