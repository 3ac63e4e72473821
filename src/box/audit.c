/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking an audit file. A cut at its end shows by the missing "close" record, or by the hash of a record that was noted elsewhere. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sha256.h"
#include "box/audit.h"

int audit_key_read(const char *path, struct audit_key *ret)
{
	u8 bytes[AUDIT_KEY_MAX + 1];
	size_t n;
	FILE *f;

	memset(ret, 0, sizeof(*ret));
	if (!path)
		return 0;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	if (n < AUDIT_KEY_MIN || n > AUDIT_KEY_MAX)
		return -EINVAL;
	if (n > sizeof(ret->block))
		sha256(bytes, n, ret->block);
	else
		memcpy(ret->block, bytes, n);
	explicit_bzero(bytes, sizeof(bytes));
	ret->on = true;
	return 0;
}

static void hmac(const struct audit_key *key, const struct str *text, u8 sum[32])
{
	struct str inner = { 0 };
	u8 outer[64 + 32];

	for (u32 i = 0; i < 64; i++) {
		str_putc(&inner, (char)(key->block[i] ^ 0x36));
		outer[i] = key->block[i] ^ 0x5c;
	}
	str_putn(&inner, str_text(text), text->len);
	sha256(str_text(&inner), inner.len, outer + 64);
	sha256(outer, sizeof(outer), sum);
	str_free(&inner);
}

void audit_hash(const struct audit_key *key, const char *last, const char *body, size_t n, char hex[65])
{
	struct str s = { 0 };
	u8 sum[32];

	str_puts(&s, last);
	str_putn(&s, body, n);
	if (key->on)
		hmac(key, &s, sum);
	else
		sha256(str_text(&s), s.len, sum);
	str_free(&s);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

/* One line: 0, or what is wrong with it. */
static const char *check_line(const struct audit_key *key, char *line, size_t n, const char *last, struct audit_end *end)
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
	audit_hash(key, last, line + 1, (size_t)(at - line - 1), hash);
	if (strncmp(at + fixed - 2 - 64, hash, 64))
		return !key->on && !end->records ? "was changed, or the file has a key (--key)" :
		       key->on && !end->records ? "was changed, or the file has another key, or none" : "was changed";
	if (end->records && number != end->number + 1)
		return "has the wrong number";
	end->closed = strstr(line, "\"event\":\"close\"") != NULL;
	end->number = number;
	memcpy(end->hash, hash, sizeof(hash));
	end->records++;
	return NULL;
}

int audit_check(const char *path, const struct audit_key *key, const char *known, struct str *why, struct audit_end *ret)
{
	struct audit_end end = { 0 };
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	u64 at = 0;
	bool met = !known;
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
			bad = check_line(key, line, (size_t)n, last, &end);
		}
		if (bad) {
			if (why)
				str_printf(why, "%s:%llu: the record %s", path, (unsigned long long)at, bad);
			err = -EINVAL;
		}
		met |= !err && known && !strcmp(end.hash, known);
	}
	if (!err && !met) {
		if (why)
			str_printf(why, "%s: there is no record %s any more", path, known);
		err = -EINVAL;
	}
	free(line);
	fclose(f);
	*ret = end;
	return err;
}
