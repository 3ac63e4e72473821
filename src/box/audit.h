/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit file: JSON lines, each ending with "prev" (hash of the record before) and "hash" (of prev and the rest). */
#ifndef SKEP_BOX_AUDIT_H
#define SKEP_BOX_AUDIT_H

#include "base/str.h"

struct audit_end {
	u64 records;   /* whole ones */
	u64 number;    /* of the last */
	char hash[65]; /* of the last */
	bool closed;   /* the last says that its box ended */
};
/* Walk a file: 0; -EINVAL with the place and reason in `why` (may be NULL); -ENOENT... */
int audit_check(const char *path, struct str *why, struct audit_end *ret);
/* Hash of a record: hex. */
void audit_hash(const char *last, const char *body, size_t n, char hex[65]);

#endif
