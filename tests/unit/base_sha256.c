/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256: the standard's answers, and both ways of computing agree at every length around a block. */
#include "base/sha256.h"
#include "unit/test.h"

static void hex(const u8 digest[32], char out[65])
{
	for (u32 i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

TEST(known_answers)
{
	static const struct { const char *text, *hex; } want[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	u8 d[32];
	char got[65];

	for (u32 i = 0; i < ARRAY_SIZE(want); i++) {
		sha256(want[i].text, strlen(want[i].text), d);
		hex(d, got);
		CHECK(!strcmp(got, want[i].hex));
		sha256_plain(want[i].text, strlen(want[i].text), d);
		hex(d, got);
		CHECK(!strcmp(got, want[i].hex));
	}
}

TEST(both_ways_agree)
{
	u8 data[300], a[32], b[32];

	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 37 + (i >> 3));
	for (u32 n = 0; n <= sizeof(data); n++) {
		sha256(data, n, a);
		sha256_plain(data, n, b);
		CHECK(!memcmp(a, b, sizeof(a)));
	}
}
