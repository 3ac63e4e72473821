/* SPDX-License-Identifier: BSD-2-Clause */
/* skep audit verify: has an audit file been tampered with? */
#include <errno.h>
#include <stdio.h>

#include "box/audit.h"
#include "cli/cli.h"

static int audit_run(void *opts, int argc, char **argv)
{
	const struct cli_common *o = opts;
	struct audit_end end = { 0 };
	struct str why = { 0 };
	int err;

	if (argc != 2 || strcmp(argv[0], "verify"))
		return cli_error(EX_USAGE_, "usage: skep audit verify FILE");
	err = audit_check(argv[1], &why, &end);
	if (err && err != -EINVAL)
		return cli_error(EX_BAD_INPUT, "%s: %s", argv[1], strerror(-err));
	if (!err && !end.closed) { /* an empty file as well: every box writes that it opened */
		str_printf(&why, "%s: the end is missing: a box still runs or was killed, or records were cut off", argv[1]);
		err = -EINVAL;
	}
	if (o->json) {
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
	       "last record of a box says that it ended; a file cut off before it, or after it, is told by comparing the last hash.",
	.size = sizeof(struct cli_common),
	.run = audit_run,
};
