/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of its own symbols the running kernel tells of. Programs that name a variable the kernel keeps to itself are refused
 * by it, so here too; where there is no list, every name will do.
 */
#include <stdio.h>
#include <string.h>

#include "sys/sys.h"

bool sys_ksym_known(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	size_t n = strlen(name);
	bool any = false, found = false;
	char line[512];

	if (!f)
		return true;
	/* ffffffff814d58f0 T bpf_prog_put	[module] */
	while (!found && fgets(line, sizeof(line), f)) {
		const char *p = strchr(line, ' ');

		p = p ? strchr(p + 1, ' ') : NULL;
		any = true;
		found = p && !strncmp(p + 1, name, n) && (p[n + 1] == '\n' || p[n + 1] == '\t');
	}
	fclose(f);
	return found || !any;
}
