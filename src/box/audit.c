/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking an audit file. A cut at its end shows by the missing "close" record. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "box/audit.h"


/* One line: 0, or what is wrong with it. */
static const char *check_line(char *line, size_t n, const char *last, struct audit_end *end)
{
	static const char head[] = ",\"prev\":\"", middle[] = "\",\"hash\":\"", tail[] = "\"}";
	const size_t fixed = sizeof(head) - 1 + 64 + sizeof(middle) - 1 + 64 + sizeof(tail) - 1;
	unsigned long long number;
	char hash[65];
	const char *at;

	if (n < fixed + 2 || line[0] != '{')
		return "is no record";
	at = line + n - fixed;
	if (strncmp(at, head, sizeof(head) - 1) || strncmp(at + sizeof(head) - 1 + 64, middle, sizeof(middle) - 1) ||
	    strcmp(at + fixed - 2, tail))
		return "is no record";
	if (sscanf(line, "{\"n\":%llu,", &number) != 1)
		return "has no number";
	if (strncmp(at + sizeof(head) - 1, last, 64))
		return "does not follow the record before it: something was cut out, or the order was changed";
	audit_hash(last, line + 1, (size_t)(at - line - 1), hash);
	if (strncmp(at + fixed - 2 - 64, hash, 64))
		return "was changed";
	if (end->records && number != end->number + 1)
		return "has the wrong number";
	end->closed = strstr(line, "\"event\":\"close\"") != NULL;
	end->number = number;
	memcpy(end->hash, hash, sizeof(hash));
	end->records++;
	return NULL;
}

int audit_check(const char *path, struct str *why, struct audit_end *ret)
{
	struct audit_end end = { 0 };
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	u64 at = 0;
	int err = 0;

	if (!f)
		return -errno;
	memset(end.hash, '0', 64);
	while (!err && (n = getline(&line, &room, f)) > 0) {
		char last[65];
		const char *bad;

		at++;
		memcpy(last, end.hash, sizeof(last));
		if (line[n - 1] != '\n') {
			bad = "is cut off";
		} else {
			line[--n] = '\0';
			bad = check_line(line, (size_t)n, last, &end);
		}
		if (bad) {
			if (why)
				str_printf(why, "%s:%llu: the record %s", path, (unsigned long long)at, bad);
			err = -EINVAL;
		}
	}
	free(line);
	fclose(f);
	*ret = end;
	return err;
}
