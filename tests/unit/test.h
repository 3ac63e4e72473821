/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The unit-test kit: TEST(name) registers itself, CHECK() counts a failure and goes on, main() is in here.
 * One executable per file in tests/unit/, found by glob. Output is TAP-like; exit status 0 when all passed.
 */
#ifndef SKEP_TEST_H
#define SKEP_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/types.h"

struct test {
	const char *name;
	void (*fn)(void);
	struct test *next;
};
static struct test *test_list, **test_tail = &test_list;
static int test_failures;
static const char *test_skip_reason;

#define TEST(id)                                                                                        \
	static void test_fn_##id(void);                                                                 \
	__attribute__((constructor)) static void test_reg_##id(void)                                    \
	{                                                                                               \
		static struct test t = { #id, test_fn_##id, NULL };                                     \
		*test_tail = &t;                                                                        \
		test_tail = &t.next;                                                                    \
	}                                                                                               \
	static void test_fn_##id(void)

#define CHECK(cond)                                                                                     \
	((cond) ? (void)0 : (void)(test_failures++, printf("#   %s:%d: %s\n", __FILE__, __LINE__, #cond)))
#define CHECK_EQ(a, b)                                                                                  \
	do {                                                                                            \
		long long a_ = (long long)(a), b_ = (long long)(b);                                     \
		if (a_ != b_) {                                                                         \
			test_failures++;                                                                \
			printf("#   %s:%d: %s is %lld, want %s = %lld\n", __FILE__, __LINE__, #a, a_, #b, b_); \
		}                                                                                       \
	} while (0)
#define CHECK_STR(a, b)                                                                                 \
	do {                                                                                            \
		const char *a_ = (a), *b_ = (b);                                                        \
		if (strcmp(a_, b_)) {                                                                   \
			test_failures++;                                                                \
			printf("#   %s:%d: \"%s\", want \"%s\"\n", __FILE__, __LINE__, a_, b_);         \
		}                                                                                       \
	} while (0)
#define SKIP(why)                                                                                       \
	do {                                                                                            \
		test_skip_reason = (why);                                                               \
		return;                                                                                 \
	} while (0)

int main(int argc, char **argv)
{
	int bad = 0;

	for (struct test *t = test_list; t; t = t->next) {
		if (argc > 1 && strcmp(argv[1], t->name))
			continue;
		test_failures = 0;
		test_skip_reason = NULL;
		t->fn();
		if (test_skip_reason && !test_failures)
			printf("skip %s # %s\n", t->name, test_skip_reason);
		else
			printf("%s %s\n", test_failures ? "not ok" : "ok", t->name);
		fflush(stdout);
		bad += test_failures != 0;
	}
	return bad != 0;
}

#endif
