/* SPDX-License-Identifier: BSD-2-Clause */
/* A library that tests/hook/usdt.c loads when it runs: it has a static probe of its own. */
#include "usdt.h"

int library_work(int i);
int library_work(int i)
{
	PROBE(skept, library, 0, i, 7, -1);
	return i;
}
