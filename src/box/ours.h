/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which paths may mean something of a box: the supervisor asks it of every path, and accelerated clients themselves, who then need not
 * stop. What they share about it is a page (BOX_PAGE), and a mark on the calls that pass (calls.def: PATH).
 */
#ifndef SKEP_BOX_OURS_H
#define SKEP_BOX_OURS_H

#include <string.h>

#include "base/types.h"

/* bpf(BOX_PAGE): a descriptor of the page, for reading. */
#define BOX_PAGE 0x736b6572u
struct box_page { u32 all_stop; /* atomic: every path is the supervisor's, as programs decide about files or more is mounted */ };
/* The sixth argument, which none of these calls has, of those that are the kernel's: "skepkept". */
#define BOX_MARK 0x736b65706b657074ull

/* `more`: file systems are mounted elsewhere than where they are from the start. */
static inline bool path_could_be_ours(const char *path, bool more)
{
	if (path[0] != '/')
		return false;
	if (more || !strncmp(path, "/sys/", 5) || !strncmp(path, "/proc/", 6))
		return true;
	for (const char *p = path; *p; p++)
		if (p[0] == '/' && (p[1] == '/' || p[1] == '.'))
			return true;
	return false;
}

#endif
