/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native contexts: what r1 points at while a program runs. The UAPI structure as programs see it, then, for the two whose
 * UAPI structure shows pointers as 32-bit numbers, the pointers themselves. The numbers' own slots are never read.
 */
#ifndef SKEP_SPEC_CTX_NATIVE_H
#define SKEP_SPEC_CTX_NATIVE_H

#include "base/types.h"
#include "base/uapi.h"

struct native_pkt {
	u64 data, data_end, data_meta;
};

struct native_xdp {
	struct xdp_md md;
	struct native_pkt pkt;
};

struct native_skb {
	struct __sk_buff skb;
	struct native_pkt pkt;
};

#endif
