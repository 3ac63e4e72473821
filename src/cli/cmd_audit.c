/* SPDX-License-Identifier: BSD-2-Clause */
/* skep audit verify: has an audit file been tampered with? */
#include <errno.h>
#include <stdio.h>

#include "box/audit.h"
#include "cli/cli.h"

struct audit_opts {
	struct cli_common common;
	const char *key, *last;
};

static const struct cli_opt audit_options[] = {
	{ 0, "key", OPT_TEXT, "FILE", "the secret of skep exec --audit-key", offsetof(struct audit_opts, key) },
	{ 0, "last", OPT_TEXT, "HASH", "of a record that was the last once: it must still be there", offsetof(struct audit_opts, last) },
};

static int audit_run(void *opts, int argc, char **argv)
{
	const struct audit_opts *o = opts;
	struct audit_key key;
	struct audit_end end = { 0 };
	struct str why = { 0 };
	int err;

	if (argc != 2 || strcmp(argv[0], "verify"))
		return cli_error(EX_USAGE_, "usage: skep audit verify FILE");
	err = audit_key_read(o->key, &key);
	if (err == -EINVAL)
		return cli_error(EX_BAD_INPUT, "%s: a key has %d to %d bytes", o->key, AUDIT_KEY_MIN, AUDIT_KEY_MAX);
	if (err)
		return cli_error(EX_BAD_INPUT, "%s: %s", o->key, strerror(-err));
	err = audit_check(argv[1], &key, o->last, &why, &end);
	if (err && err != -EINVAL)
		return cli_error(EX_BAD_INPUT, "%s: %s", argv[1], strerror(-err));
	if (!err && !end.closed) { /* an empty file as well: every box writes that it opened */
		str_printf(&why, "%s: the end is missing: a box still runs or was killed, or records were cut off", argv[1]);
		err = -EINVAL;
	}
	if (o->common.json) {
		int code = cli_json(json_pack("{s:s, s:b, s:I, s:s, s:s}", "schema", "skep.audit/1", "intact", !err, "records",
					      (json_int_t)end.records, "last", end.hash, "problem", str_text(&why)));
		str_free(&why);
		return code ? code : err ? EX_NEGATIVE : 0;
	}
	if (err)
		printf("%s\n", str_text(&why));
	else
		printf("%s: %llu records, intact; the last is %s\n", argv[1], (unsigned long long)end.records, end.hash);
	str_free(&why);
	return err ? EX_NEGATIVE : 0;
}

const struct cli_cmd cmd_audit = {
	.name = "audit",
	.args = "verify FILE",
	.summary = "check that an audit file (skep exec --audit) is whole",
	.doc = "Each record holds a hash of itself and of the record before it, so one that was changed, cut out or moved is found. The\n"
	       "last record of a box says that it ended: a file cut off before it is not whole. One cut off after it is found by the hash of\n"
	       "its last record, noted elsewhere (--last). Who may write the file can make a new chain, but not one with a key that he cannot\n"
	       "read; clients of an ordinary user's box can read what the user can.",
	.opts = audit_options,
	.nopts = ARRAY_SIZE(audit_options),
	.size = sizeof(struct audit_opts),
	.run = audit_run,
};
