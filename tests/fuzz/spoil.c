/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies a file with a few bytes spoiled: spoil FROM TO SEED. Headers and small numbers are hit more often than their share. */
#include <stdio.h>
#include <stdlib.h>

#include "base/types.h"

static u64 rng;
static u64 rnd(void)
{
	u64 z = rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	return z ^ z >> 27;
}

int main(int argc, char **argv)
{
	static u8 b[8 << 20];
	FILE *f = argc == 4 ? fopen(argv[1], "rb") : NULL;
	size_t n;

	if (!f)
		return 2;
	n = fread(b, 1, sizeof(b), f);
	fclose(f);
	rng = strtoull(argv[3], NULL, 0) << 20;
	for (u64 k = 1 + rnd() % 6; n && k--;) {
		size_t at = rnd() % 4 ? rnd() % n : rnd() % 2 ? rnd() % 64 : n - 1 - rnd() % (n < 2048 ? n : 2048);

		at = at < n ? at : 0;
		b[at] = rnd() % 3 ? (u8)(b[at] ^ (1u << rnd() % 8)) : rnd() % 2 ? 0xff : (u8)rnd();
	}
	if (rnd() % 16 == 0)
		n = rnd() % n;
	f = fopen(argv[2], "wb");
	if (!f || fwrite(b, 1, n, f) != n)
		return 2;
	return fclose(f) != 0;
}
