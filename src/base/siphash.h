/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 of whole words: a short keyed hash that nobody without the key can aim at. Freestanding. */
#ifndef SKEP_BASE_SIPHASH_H
#define SKEP_BASE_SIPHASH_H

#include "base/types.h"

static inline u64 sip_rotl(u64 x, int n) { return x << n | x >> (64 - n); }

static inline void sip_round(u64 v[4])
{
	v[0] += v[1], v[1] = sip_rotl(v[1], 13) ^ v[0], v[0] = sip_rotl(v[0], 32);
	v[2] += v[3], v[3] = sip_rotl(v[3], 16) ^ v[2];
	v[0] += v[3], v[3] = sip_rotl(v[3], 21) ^ v[0];
	v[2] += v[1], v[1] = sip_rotl(v[1], 17) ^ v[2], v[2] = sip_rotl(v[2], 32);
}

static inline u64 siphash(const u64 key[2], const void *data, size_t words)
{
	u64 v[4] = { key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull, key[0] ^ 0x6c7967656e657261ull,
		     key[1] ^ 0x7465646279746573ull };
	u64 m;

	for (size_t i = 0; i <= words; i++) {
		m = (u64)words * 8 << 56;
		if (i < words)
			memcpy(&m, (const u8 *)data + 8 * i, 8);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
