/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets, for the helpers that work on them. */
#ifndef SKEP_HELPER_PACKET_H
#define SKEP_HELPER_PACKET_H

#include "helper/run_env.h"

/* LD_ABS and LD_IND: a packet load as an engine calls it (vm/). The value, or a negative number when it is beyond the packet. */
u64 packet_ld_abs(u64 ctx, u64 off, u64 size, u64 unused4, u64 unused5, struct run *run);

u32 pkt_len(const struct run_pkt *p);   /* with all fragments */
/* Make room for len bytes before the packet, moving it if need be: 0 or -ENOMEM. */
int pkt_headroom(struct run_pkt *p, u32 len);
/* [off, off + len) of the packet where it is contiguous, or NULL. */
u8 *pkt_at(const struct run_pkt *p, u64 off, u64 len);
/* Copy a range that is inside the packet, out of it or into it, across fragments. */
void pkt_copy(const struct run_pkt *p, u64 off, void *buf, u64 len, bool into);

#endif
