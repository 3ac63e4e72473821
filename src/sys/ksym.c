/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of its own symbols the running kernel tells of. Programs that name a variable the kernel keeps to itself are refused
 * by it, so here too; where there is no list, every name will do.
 */
#include "base/ksym.h"
#include "sys/sys.h"

bool sys_ksym_known(const char *name)
{
	bool any = false, found = false;
	FILE *f = ksym_open();
	struct ksym k;

	while (!found && ksym_next(f, &k)) {
		any = true;
		found = !strcmp(k.name, name);
	}
	if (f)
		fclose(f);
	return found || !any;
}
