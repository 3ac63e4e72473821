/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings: what the fast way of formatting prints is what libc prints. */
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "unit/test.h"

#define SAME(...)                                                                                       \
	do {                                                                                            \
		struct str b = { 0 };                                                                   \
		char want[256];                                                                         \
                                                                                                        \
		str_printf(&b, __VA_ARGS__);                                                            \
		snprintf(want, sizeof(want), __VA_ARGS__);                                              \
		CHECK(!strcmp(str_text(&b), want));                                                     \
		str_free(&b);                                                                           \
	} while (0)

TEST(numbers)
{
	SAME("%d %d %d", 0, INT_MIN, INT_MAX);
	SAME("%u %x", UINT_MAX, 0xdeadbeefu);
	SAME("%lld %lld %llu %llx", LLONG_MIN, LLONG_MAX, ULLONG_MAX, ULLONG_MAX);
	SAME("%ld %lu %zu", -9L, 9ul, (size_t)7);
	SAME("%+d %+d %+d", 3, -3, 0);
}

TEST(widths)
{
	SAME("%02x%04x%08x", 5u, 0xabcu, 1u);
	SAME("%3u|%5u|%2d|%05d|%+05d", 7u, 123456u, -1, -42, 42);
}

TEST(text)
{
	SAME("%s%c%% %s", "hi", 'x', "");
	SAME("nothing");
}

/* What it leaves to libc, also behind pieces that it has printed already. */
TEST(the_slow_way)
{
	SAME("%d %-5d|%*s|%.3s|%#llx", 1, 4, 6, "ab", "abcdef", 10ull);
	SAME("%s %5s %.2f", "a", "b", 1.5);
}
