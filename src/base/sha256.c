/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256: see sha256.h. */
#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

#include "base/sha256.h"

static const u32 K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 ror(u32 x, u32 n)
{
	return x >> n | x << (32 - n);
}

typedef void block_fn(u32 h[8], const u8 *p);

static void block_plain(u32 h[8], const u8 *p)
{
	u32 w[64], s[8];

	for (u32 i = 0; i < 16; i++)
		w[i] = (u32)p[4 * i] << 24 | (u32)p[4 * i + 1] << 16 | (u32)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (u32 i = 16; i < 64; i++) {
		u32 a = w[i - 15], b = w[i - 2];
		w[i] = w[i - 16] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + w[i - 7] + (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
	}
	memcpy(s, h, sizeof(s));
	for (u32 i = 0; i < 64; i++) {
		/* instead of moving all, the names move: `a` is s[-i], and so on */
		u32 *a = &s[-i & 7], *d = &s[(3 - i) & 7], *e = &s[(4 - i) & 7], *o = &s[(7 - i) & 7];
		u32 b = s[(1 - i) & 7], c = s[(2 - i) & 7], f = s[(5 - i) & 7], g = s[(6 - i) & 7];
		u32 t1 = *o + (ror(*e, 6) ^ ror(*e, 11) ^ ror(*e, 25)) + ((*e & f) ^ (~*e & g)) + K[i] + w[i];
		u32 t2 = (ror(*a, 2) ^ ror(*a, 13) ^ ror(*a, 22)) + ((*a & b) ^ (*a & c) ^ (b & c));

		*d += t1;
		*o = t1 + t2;
	}
	for (u32 i = 0; i < 8; i++)
		h[i] += s[i];
}

#ifdef __x86_64__
/* With the processor's instructions: four rounds at a time, the state as (a b e f) and (c d g h). */
__attribute__((target("sha,sse4.1"))) static void block_sha(u32 h[8], const u8 *p)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
	__m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const void *)h), 0xb1);
	__m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const void *)(h + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(cdab, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, cdab, 0xf0);
	__m128i abef0 = abef, cdgh0 = cdgh, m[16], k;

	for (u32 i = 0; i < 16; i++) {
		if (i < 4) {
			m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(p + 16 * i)), swap);
		} else {
			m[i] = _mm_add_epi32(_mm_sha256msg1_epu32(m[i - 4], m[i - 3]), _mm_alignr_epi8(m[i - 1], m[i - 2], 4));
			m[i] = _mm_sha256msg2_epu32(m[i], m[i - 1]);
		}
		k = _mm_add_epi32(m[i], _mm_loadu_si128((const void *)(K + 4 * i)));
		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
		abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
	}
	abef = _mm_shuffle_epi32(_mm_add_epi32(abef, abef0), 0x1b);
	cdgh = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdgh0), 0xb1);
	_mm_storeu_si128((void *)h, _mm_blend_epi16(abef, cdgh, 0xf0));
	_mm_storeu_si128((void *)(h + 4), _mm_alignr_epi8(cdgh, abef, 8));
}

static block_fn *best_block(void)
{
	u32 a, b, c, d, b7;

	if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d) || !(b7 & bit_SHA) || !__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) ||
	    !(c & bit_SSSE3))
		return block_plain;
	return block_sha;
}
#else
static block_fn *best_block(void) { return block_plain; }
#endif

static void digest_by(block_fn *block, const void *data, size_t size, u8 digest[32])
{
	u32 h[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	const u8 *p = data;
	size_t left = size;
	u8 last[128] = { 0 };
	u64 bits = (u64)size * 8;

	for (; left >= 64; left -= 64, p += 64)
		block(h, p);
	memcpy(last, p, left);
	last[left] = 0x80;
	size_t n = left < 56 ? 64 : 128;
	for (u32 i = 0; i < 8; i++)
		last[n - 1 - i] = (u8)(bits >> 8 * i);
	for (size_t at = 0; at < n; at += 64)
		block(h, last + at);
	for (u32 i = 0; i < 32; i++)
		digest[i] = (u8)(h[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256(const void *data, size_t size, u8 digest[32])
{
	static block_fn *best; /* the same for all who ask first */
	block_fn *fn = __atomic_load_n(&best, __ATOMIC_RELAXED);

	if (!fn) {
		fn = best_block();
		__atomic_store_n(&best, fn, __ATOMIC_RELAXED);
	}
	digest_by(fn, data, size, digest);
}

void sha256_plain(const void *data, size_t size, u8 digest[32])
{
	digest_by(block_plain, data, size, digest);
}
