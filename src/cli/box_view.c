/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding boxes, asking for their state, showing it. */
#include "cli/box_view.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "box/control.h"

json_t *view_boxes(void)
{
	const struct timeval patience = { .tv_sec = 3 };
	json_t *all = json_array();
	struct dirent *e;
	char base[256];
	DIR *d;

	control_base(base, sizeof(base));
	d = opendir(base);
	while (d && (e = readdir(d))) {
		int fd = e->d_name[0] == '.' ? -1 : control_connect(e->d_name);
		char *text;

		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)); /* one that is stopped hides none of the others */
		if (!control_status(fd, &text)) {
			json_array_append_new(all, json_loads(text, 0, NULL));
			free(text);
		}
		close(fd);
	}
	if (d)
		closedir(d);
	return all;
}

/* The only box there is: its name, to be freed; NULL when there are none or several: *ret_n. */
static char *only_box(size_t *ret_n)
{
	json_t *all = view_boxes();
	char *name =
		json_array_size(all) == 1 ? strdup(json_string_value(json_object_get(json_array_get(all, 0), "name"))) : NULL;

	*ret_n = json_array_size(all);
	json_decref(all);
	return name;
}

int view_connect(const char *name, int *ret_fd)
{
	struct box_hello hello;
	char *only = NULL;
	size_t n = 0;
	int fd;

	if (!name && box_inside(&hello))
		name = hello.name;
	if (!name)
		name = only = only_box(&n);
	if (!name)
		return cli_error(EX_USAGE_, n ? "which box? (skep ps lists them)" : "no box runs (skep exec makes one)");
	fd = control_connect(name);
	if (fd < 0)
		cli_error(EX_USAGE_, "there is no box \"%s\" (skep ps lists them)", name);
	free(only);
	*ret_fd = fd;
	return fd < 0 ? EX_USAGE_ : 0;
}

json_t *view_state(int fd)
{
	json_t *state;
	char *text;

	if (control_status(fd, &text)) {
		cli_error(EX_NEGATIVE, "the box has ended");
		return NULL;
	}
	state = json_loads(text, 0, NULL);
	free(text);
	return state;
}

static u64 num(const json_t *o, const char *key) { return (u64)json_integer_value(json_object_get(o, key)); }
static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static const json_t *by_id(const json_t *list, u64 id)
{
	size_t i;
	json_t *o;

	json_array_foreach(list, i, o)
		if (num(o, "id") == id)
			return o;
	return NULL;
}

static void print_progs(const json_t *list, const json_t *before, u64 ns)
{
	size_t i;
	json_t *p;

	if (json_array_size(list))
		printf("%6s  %-16s %-16s %7s %10s %9s %8s%s\n", "PROG", "TYPE", "NAME", "INSNS", "RUNS", "TIME us", "NS/RUN",
		       ns ? "     RUNS/S   CPU %" : "");
	json_array_foreach(list, i, p) {
		u64 runs = num(p, "run_cnt"), time = num(p, "run_time_ns");
		const json_t *old = by_id(before, num(p, "id"));

		printf("%6llu  %-16s %-16s %7llu %10llu %9llu %8llu", (unsigned long long)num(p, "id"), text_of(p, "type"),
		       text_of(p, "name"), (unsigned long long)num(p, "insns"), (unsigned long long)runs,
		       (unsigned long long)(time / 1000), (unsigned long long)(runs ? time / runs : 0));
		if (ns && old)
			printf(" %10.0f %7.2f", (double)(runs - num(old, "run_cnt")) * 1e9 / (double)ns,
			       (double)(time - num(old, "run_time_ns")) * 100 / (double)ns);
		printf("\n");
	}
}

static void print_maps(const json_t *list)
{
	size_t i;
	json_t *m;

	if (json_array_size(list))
		printf("%6s  %-16s %-16s %7s %10s %9s %8s\n", "MAP", "TYPE", "NAME", "KEY", "VALUE", "ENTRIES", "KiB");
	json_array_foreach(list, i, m)
		printf("%6llu  %-16s %-16s %7llu %10llu %9llu %8llu\n", (unsigned long long)num(m, "id"), text_of(m, "type"),
		       text_of(m, "name"), (unsigned long long)num(m, "key_size"), (unsigned long long)num(m, "value_size"),
		       (unsigned long long)num(m, "max_entries"), (unsigned long long)(num(m, "memory") / 1024));
}

static void print_links(const json_t *list)
{
	size_t i;
	json_t *l;

	if (json_array_size(list))
		printf("%6s  %-16s %6s  %s\n", "LINK", "TYPE", "PROG", "AT");
	json_array_foreach(list, i, l)
		printf("%6llu  %-16s %6llu  %s\n", (unsigned long long)num(l, "id"), text_of(l, "type"),
		       (unsigned long long)num(l, "prog"), text_of(l, "at"));
}

static void print_unprobed(const json_t *list)
{
	size_t i;
	json_t *why;

	json_array_foreach(list, i, why)
		printf("%s%s\n", i ? "            " : "not probed: ", json_string_value(why));
}

void view_print(const json_t *s, const json_t *before, u64 ns)
{
	printf("box %s: %zu clients, %llu commands (%llu failed), up %.0f s\n", text_of(s, "name"),
	       json_array_size(json_object_get(s, "clients")), (unsigned long long)num(s, "commands"),
	       (unsigned long long)num(s, "failed"), (double)num(s, "up_ns") / 1e9);
	print_progs(json_object_get(s, "progs"), before ? json_object_get(before, "progs") : NULL, ns);
	print_maps(json_object_get(s, "maps"));
	print_links(json_object_get(s, "links"));
	print_unprobed(json_object_get(s, "unprobed"));
}
