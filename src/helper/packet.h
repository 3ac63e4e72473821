/* SPDX-License-Identifier: BSD-2-Clause */
/* LD_ABS and LD_IND: a packet load as an engine calls it (vm/). The value, or a negative number when it is beyond the packet. */
#ifndef SKEP_HELPER_PACKET_H
#define SKEP_HELPER_PACKET_H

#include "vm/abi.h"

u64 packet_ld_abs(u64 ctx, u64 off, u64 size, u64 unused4, u64 unused5, struct run *run);

#endif
