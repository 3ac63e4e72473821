/* SPDX-License-Identifier: BSD-2-Clause */
/* skep btf: types, as C to compile programs against, as JSON, or as the bytes that loaders and skep's --btf take. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "cli/cli.h"
#include "cli/elf_modern.h"

struct btf_opts {
	struct cli_common common;
	const char *type;
	u32 format;
};
enum { FORMAT_C, FORMAT_RAW };

static void print_c(void *cookie, const char *fmt, va_list ap)
{
	(void)cookie;
	vprintf(fmt, ap);
}

static bool is_kernel(const char *file)
{
	return file && !strcmp(file, "kernel");
}

static struct btf *open_btf(const char *path)
{
	struct btf *b;
	uint32_t size;
	void *data;
	int err;

	if (path)
		return is_kernel(path) ? btf__load_vmlinux_btf() : btf__parse(path, NULL);
	err = skep_own_btf(&data, &size);
	if (err) {
		errno = -err;
		return NULL;
	}
	b = btf__new(data, size);
	free(data);
	return b;
}

static bool is_type(const struct btf_type *t)
{
	return !btf_is_datasec(t) && !btf_is_var(t) && !btf_is_func(t);
}

/* Definitions in C, each after what it needs: of one name, or all. Exit code. */
static int dump_c(const struct btf *b, const char *type)
{
	struct btf_dump *d = btf_dump__new(b, print_c, NULL, NULL);
	u32 n = 0;
	int err = 0;

	if (!d)
		return cli_error(EX_INTERNAL, "cannot write types: %s", strerror(errno));
	if (!type)
		printf("#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
		       "#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n#endif\n\n");
	for (u32 id = 1; id < btf__type_cnt(b) && !err; id++) {
		const struct btf_type *t = btf__type_by_id(b, id);
		if (type ? strcmp(btf__name_by_offset(b, t->name_off), type) != 0 || !is_type(t) : !is_type(t))
			continue;
		err = btf_dump__dump_type(d, id);
		n++;
	}
	if (!type)
		printf("#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\n#endif\n");
	btf_dump__free(d);
	if (err)
		return cli_error(EX_INTERNAL, "cannot write types: %s", strerror(-err));
	return type && !n ? cli_error(EX_BAD_INPUT, "there is no type \"%s\"", type) : 0;
}

static const char *kind_name(const struct btf_type *t)
{
	static const char *const name[] = { "void", "int",     "ptr",	   "array",    "struct",   "union", "enum",
					    "fwd",  "typedef", "volatile", "const",    "restrict", "func",  "func_proto",
					    "var",  "datasec", "float",	   "decl_tag", "type_tag", "enum64" };

	return btf_kind(t) < ARRAY_SIZE(name) ? name[btf_kind(t)] : "?";
}

static json_t *members_json(const struct btf *b, const struct btf_type *t)
{
	json_t *list = json_array();

	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		json_t *j = json_pack("{s:s, s:i, s:i}", "name", btf__name_by_offset(b, m->name_off), "type_id", (int)m->type,
				      "bit_offset", (int)btf_member_bit_offset(t, i));
		if (btf_member_bitfield_size(t, i))
			json_object_set_new(j, "bits", json_integer((json_int_t)btf_member_bitfield_size(t, i)));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *values_json(const struct btf *b, const struct btf_type *t)
{
	json_t *list = json_array();

	for (u32 i = 0; i < btf_vlen(t); i++) {
		bool wide = btf_is_enum64(t);
		u32 name = wide ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
		json_int_t v = wide ? (json_int_t)btf_enum64_value(&btf_enum64(t)[i]) : btf_enum(t)[i].val;
		json_array_append_new(list, json_pack("{s:s, s:I}", "name", btf__name_by_offset(b, name), "value", v));
	}
	return list;
}

static json_t *type_json(const struct btf *b, u32 id)
{
	const struct btf_type *t = btf__type_by_id(b, id);
	json_t *j =
		json_pack("{s:i, s:s, s:s}", "id", (int)id, "kind", kind_name(t), "name", btf__name_by_offset(b, t->name_off));

	if (btf_is_composite(t) || btf_is_any_enum(t) || btf_is_int(t) || btf_is_float(t) || btf_is_datasec(t))
		json_object_set_new(j, "size", json_integer(t->size));
	else if (!btf_is_array(t) && !btf_is_fwd(t))
		json_object_set_new(j, "type_id", json_integer(t->type));
	if (btf_is_composite(t))
		json_object_set_new(j, "members", members_json(b, t));
	if (btf_is_any_enum(t))
		json_object_set_new(j, "values", values_json(b, t));
	if (btf_is_array(t))
		json_object_update_new(j, json_pack("{s:i, s:i}", "type_id", (int)btf_array(t)->type, "nelems",
						    (int)btf_array(t)->nelems));
	if (btf_is_func_proto(t)) {
		json_t *list = json_array();
		for (u32 i = 0; i < btf_vlen(t); i++)
			json_array_append_new(list,
					      json_pack("{s:s, s:i}", "name", btf__name_by_offset(b, btf_params(t)[i].name_off),
							"type_id", (int)btf_params(t)[i].type));
		json_object_set_new(j, "params", list);
	}
	return j;
}

static int dump_json(const struct btf *b, const char *type)
{
	json_t *list = json_array();

	for (u32 id = 1; id < btf__type_cnt(b); id++)
		if (!type || !strcmp(btf__name_by_offset(b, btf__type_by_id(b, id)->name_off), type))
			json_array_append_new(list, type_json(b, id));
	return cli_json(json_pack("{s:s, s:o}", "schema", "skep.btf/1", "types", list));
}

static int dump_raw(const struct btf *b)
{
	const void *data;
	u32 size;

	if (isatty(STDOUT_FILENO))
		return cli_error(EX_USAGE_, "bytes are for a file: skep btf --format raw > FILE");
	data = btf__raw_data(b, &size);
	if (!data || fwrite(data, 1, size, stdout) != size)
		return cli_error(EX_INTERNAL, "cannot write the types: %s", strerror(errno));
	return 0;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static int btf_run(void *opts, int argc, char **argv)
{
	const struct btf_opts *o = opts;
	char why[200];
	const char *file = argc ? argv[0] : NULL;
	struct btf *b;
	int code;

	if (argc > 1)
		return cli_error(EX_USAGE_, "one file at a time");
	libbpf_set_print(quiet);
	b = open_btf(file);
	if (!b && is_kernel(file))
		return cli_error(EX_BAD_INPUT, "no types can be read from /sys/kernel/btf/vmlinux: %s", strerror(errno));
	if (!b && file && load_readable(file))
		return EX_BAD_INPUT;
	if (!b)
		return cli_error(EX_BAD_INPUT, "%s: no types can be read: it is neither BTF nor an object with .BTF",
				 file ? file : "skep's own");
	if (btf_unsound(b, why, sizeof(why))) {
		btf__free(b);
		return cli_error(EX_BAD_INPUT, "%s: %s", file, why);
	}
	code = o->common.json ? dump_json(b, o->type) : o->format == FORMAT_RAW ? dump_raw(b) : dump_c(b, o->type);
	btf__free(b);
	return code;
}

static const struct cli_opt btf_options[] = {
	{ 't', "type", OPT_TEXT, "NAME", "only the types of this name (and what they need)", offsetof(struct btf_opts, type) },
	{ 0, "format", OPT_CHOICE, "c|raw", "C definitions (default), or BTF as it is; -j: JSON", offsetof(struct btf_opts, format) },
};

const struct cli_cmd cmd_btf = {
	.name = "btf",
	.args = "[FILE|kernel]",
	.summary = "show types: skep's own, the kernel's, or an object's",
	.doc = "Without a file: the kernel types that skep offers of its own where the running kernel's cannot be read (--btf skep).\n"
	       "Programs compiled against them find their fields by CO-RE on every kernel. FILE is an object with .BTF or raw BTF;\n"
	       "\"kernel\" stands for the running kernel's types.",
	.opts = btf_options,
	.nopts = ARRAY_SIZE(btf_options),
	.size = sizeof(struct btf_opts),
	.run = btf_run,
	.examples = (const struct cli_example[]){
		{ "btf kernel >vmlinux.h", "all types of the running kernel, to compile against" },
		{ "btf kernel -t task_struct", "one, and what it needs" },
		{ "btf prog.bpf.o -j", "an object's, as JSON" },
		{ NULL, NULL } },
};
