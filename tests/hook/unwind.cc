// SPDX-License-Identifier: BSD-2-Clause
// Functions that are left in every way there is, for tests of returns: exceptions, longjmp, backtraces, tail calls, threads that end.
// unwind N: exit status 0 if all of it does what it does without probes. Prints what was counted.
#include <cstdio>
#include <cstdlib>
#include <csetjmp>
#include <execinfo.h>
#include <pthread.h>
#include <stdexcept>

#define FN extern "C" __attribute__((noinline, visibility("default")))

static volatile long sink;
static jmp_buf env;

struct counted { long &n; ~counted() { n++; } };
static long cleaned;

FN long thrower(long a)
{
	counted c{cleaned};
	if (a % 3 == 0)
		throw std::runtime_error("three");
	return a + sink;
}

// Its last act is a jump: the return of this one is another's.
FN long tail_thrower(long a) { return thrower(a + 1); }
FN long catcher(long a)
{
	try {
		return tail_thrower(a) + 1;
	} catch (const std::exception &e) {
		return -1;
	}
}

FN int frames(void)
{
	void *at[64];

	return backtrace(at, 64) + (int)sink;
}
FN int tail_frames(void) { return frames(); }
FN int outer_frames(void) { return tail_frames() + 100 + (int)sink; }

FN void jumper(long deep)
{
	if (deep == 0)
		longjmp(env, 1);
	jumper(deep - 1);
	sink = sink + 0;
}
FN long set_and_jump(long a)
{
	if (!setjmp(env))
		jumper(a);
	return a;
}

FN long recurse(long n) { return n ? recurse(n - 1) + n + sink : 0; }
FN long even(long n);
FN long odd(long n) { return n ? even(n - 1) : 0; }
FN long even(long n) { return n ? odd(n - 1) : 1; }

FN void ender(void) { pthread_exit((void *)7); }
FN long through_ender(void *p)
{
	counted c{cleaned};
	ender();
	return p != nullptr;
}
static void *thread(void *p) { return (void *)through_ender(p); }

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 30, bad = 0, caught = 0, plain = 0;
	int depth = 0;

	for (long i = 0; i < n; i++) {
		long r = catcher(i);
		caught += r == -1;
		bad += r != ((i + 1) % 3 == 0 ? -1 : i + 2);
		int d = outer_frames() - 100;
		bad += d < 4 || (depth && d != depth);
		depth = d;
		bad += set_and_jump(i % 5) != i % 5;
		bad += recurse(10) != 55;
		bad += even(10) != 1;
		plain++;
	}
	for (int i = 0; i < 3; i++) {
		pthread_t t;
		void *ret = nullptr;
		if (pthread_create(&t, nullptr, thread, nullptr) || pthread_join(t, &ret) || ret != (void *)7)
			bad++;
	}
	printf("bad %ld caught %ld cleaned %ld depth %d\n", bad, caught, cleaned, depth);
	return bad != 0;
}
