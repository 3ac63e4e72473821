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
/* What only who may write and check has: without it anybody who may write the file can make another chain. */
#define AUDIT_KEY_MIN 16
#define AUDIT_KEY_MAX 4096
struct audit_key { u8 block[64]; bool on; };
/* From a file of AUDIT_KEY_MIN to AUDIT_KEY_MAX bytes, whatever they are; NULL: none. 0, -EINVAL: too short or too long, -ENOENT... */
int audit_key_read(const char *path, struct audit_key *ret);

/*
 * Walk a file: 0; -EINVAL with the place and reason in `why` (may be NULL); -ENOENT... `known` (may be NULL): the hash of a record that
 * it had once, which it must still have.
 */
int audit_check(const char *path, const struct audit_key *key, const char *known, struct str *why, struct audit_end *ret);
/* Hash of a record: hex. HMAC-SHA-256 (RFC 2104) with a key, SHA-256 without. */
void audit_hash(const struct audit_key *key, const char *last, const char *body, size_t n, char hex[65]);

#endif
