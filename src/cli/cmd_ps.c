/* SPDX-License-Identifier: BSD-2-Clause */
/* skep ps: the boxes of this user. */
#include <stdio.h>

#include "cli/box_view.h"

static int ps_run(void *opts, int argc, char **argv)
{
	const struct cli_common *o = opts;
	json_t *all = view_boxes(), *b;
	size_t i;

	(void)argv;
	if (argc) {
		json_decref(all);
		return cli_error(EX_USAGE_, "ps takes no arguments");
	}
	if (o->json)
		return cli_json(json_pack("{s:s, s:o}", "schema", "skep.boxes/1", "boxes", all));
	printf("%-16s %8s %8s %8s %6s %6s %6s %10s\n", "BOX", "PID", "UP s", "CLIENTS", "PROGS", "MAPS", "LINKS", "COMMANDS");
	json_array_foreach(all, i, b)
		printf("%-16s %8lld %8lld %8zu %6zu %6zu %6zu %10lld\n", json_string_value(json_object_get(b, "name")),
		       json_integer_value(json_object_get(b, "supervisor")),
		       json_integer_value(json_object_get(b, "up_ns")) / 1000000000,
		       json_array_size(json_object_get(b, "clients")), json_array_size(json_object_get(b, "progs")),
		       json_array_size(json_object_get(b, "maps")), json_array_size(json_object_get(b, "links")),
		       json_integer_value(json_object_get(b, "commands")));
	json_decref(all);
	return 0;
}

const struct cli_cmd cmd_ps = {
	.name = "ps", .args = "", .summary = "list the boxes of this user",
	.doc = "One row a box that skep exec made and that still runs.",
	.size = sizeof(struct cli_common), .run = ps_run,
};
