/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the functions of random.py on INPUTS inputs: prints "ready", waits for a line (with `steps` it stops itself before and after). */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t enter(void (*fn)(void), uint64_t x);
extern void (*const table[])(void);

int main(int argc, char **argv)
{
	long inputs = argc > 1 ? atol(argv[1]) : 1;
	int steps = argc > 2 && !strcmp(argv[2], "steps");
	uint64_t sum = 0;
	char line[16];

	printf("ready\n");
	fflush(stdout);
	if (steps)
		raise(SIGSTOP);
	else if (!fgets(line, sizeof(line), stdin))
		return 2;
	for (long i = 0; i < inputs; i++)
		for (int k = 0; table[k]; k++)
			sum = sum * 31 + enter(table[k], sum ^ (uint64_t)i);
	if (steps)
		raise(SIGSTOP);
	printf("%016llx\n", (unsigned long long)sum);
	return 0;
}
