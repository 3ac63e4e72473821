/* SPDX-License-Identifier: BSD-2-Clause */
/* Small text files, as the kernel has them in /proc and /sys. */
#ifndef SKEP_BASE_TEXT_H
#define SKEP_BASE_TEXT_H

#include <sys/types.h>

#include "base/types.h"

/*
 * The beginning of a file, by one read() of at most size - 1 bytes: its length, or -errno. The buffer is terminated in any case,
 * and empty after a failure.
 */
ssize_t text_of(char *buf, size_t size, const char *path_fmt, ...) PRINTF(3, 4);

/* What stands behind "KEY:" at the beginning of a line (status, fdinfo, cgroup), "" when no line begins so. */
char *text_value(char *text, const char *key);
/* Its number; 0 when there is none. */
u64 text_number(char *text, const char *key, int base);

/* Field n of /proc/PID/stat as proc(5) counts them, from 3 on: the name before may hold anything. NULL: there are less. */
char *text_stat(char *text, u32 n);

#endif
