/* SPDX-License-Identifier: BSD-2-Clause */
/* Small text files: see text.h. */
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t text_of(char *buf, size_t size, const char *path_fmt, ...)
{
	char path[160];
	va_list ap;
	ssize_t n;
	int fd;

	buf[0] = '\0';
	va_start(ap, path_fmt);
	n = vsnprintf(path, sizeof(path), path_fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (ssize_t)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	buf[MAX(n, 0)] = '\0';
	return n;
}

char *text_value(char *text, const char *key)
{
	size_t len = strlen(key);

	for (char *line = text; line; line = strchr(line, '\n'), line += line != NULL)
		if (!strncmp(line, key, len) && line[len] == ':')
			return line + len + 1;
	return text + strlen(text);
}

u64 text_number(char *text, const char *key, int base)
{
	return strtoull(text_value(text, key), NULL, base);
}

char *text_stat(char *text, u32 n)
{
	char *p = strrchr(text, ')');

	for (u32 i = 2; p && i < n; i++)
		p = strchr(p + 1, ' ');
	return p ? p + 1 : NULL;
}
