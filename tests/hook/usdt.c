/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Static probes: one that fires always, one behind its counter, two places of one name, one in a library that is loaded when the program
 * runs. usdt LIBRARY|- [ROUNDS MS]: prints how often the counter said that somebody listens.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "usdt.h"

SEMAPHORE(skept_wanted_semaphore);

__attribute__((noinline)) static int round_of(int i)
{
	static const char text[] = "text";

	PROBE(skept, plain, 0, i, text, i * 1000L);
	if (skept_wanted_semaphore) {
		PROBE(skept, wanted, skept_wanted_semaphore, i, text, -i);
		return 1;
	}
	return 0;
}

__attribute__((noinline)) static void twice(int i)
{
	static volatile int sink;

	PROBE(skept, twice, 0, i, 1, 0);
	sink += i;
	if (i % 2) {
		sink += 2;
		PROBE(skept, twice, 0, i, 2, 0);
	}
	sink += 3;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 10, ms = argc > 3 ? atoi(argv[3]) : 0, listened = 0;
#ifndef STATIC
	void *lib = argc > 1 && strcmp(argv[1], "-") ? dlopen(argv[1], RTLD_NOW) : NULL;
	int (*work)(int) = lib ? (int (*)(int))dlsym(lib, "library_work") : NULL;
#else
	int (*work)(int) = NULL;
#endif
	for (int i = 0; i < rounds; i++) {
		listened += round_of(i);
		twice(i);
		if (work)
			work(i);
		if (ms)
			usleep((unsigned)ms * 1000);
	}
	printf("listened %d counter %u\n", listened, skept_wanted_semaphore);
	return 0;
}
