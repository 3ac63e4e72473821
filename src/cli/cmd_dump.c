/* SPDX-License-Identifier: BSD-2-Clause */
/* skep dump: a loaded program's instructions, as the verifier saw them or as machine code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <Zydis/Zydis.h>
#include <bpf/bpf.h>

#include "base/str.h"
#include "cli/cli.h"
#include "isa/isa.h"
#include "spec/spec.h"

struct dump_opts {
	struct cli_common common;
	const char *prog, *btf;
	bool xlated, jited;
};

static const char *call_name(void *cookie, const struct ins *i)
{
	static char name[64];
	const struct helper_spec *h = ins_class(i) == IC_CALL ? helper_by_id((u32)i->imm) : NULL;

	(void)cookie;
	if (!h)
		return NULL;
	snprintf(name, sizeof(name), "bpf_%s", h->name);
	return name;
}

static const char *imm_name(void *cookie, const struct ins *i)
{
	static char name[64];

	(void)cookie;
	switch ((enum imm64_kind)ins_info(i)->sub) {
	case IMM64_MAP_FD:
		snprintf(name, sizeof(name), "map[id:%u]", (u32)i->imm);
		return name;
	case IMM64_MAP_VALUE:
		snprintf(name, sizeof(name), "map[id:%u][0]+%u", (u32)i->imm, (u32)(i->imm64 >> 32));
		return name;
	case IMM64_CONST: case IMM64_BTF_ID: case IMM64_FUNC: case IMM64_MAP_IDX: case IMM64_MAP_IDX_VALUE:
		break;
	}
	return NULL;
}


static json_t *dump_xlated(const struct bpf_insn *insns, u32 n, bool json)
{
	const struct disasm_names names = { .call = call_name, .imm64 = imm_name };
	json_t *list = json ? json_array() : NULL;
	struct ins *ins = calloc(n ? n : 1, sizeof(*ins));
	struct str s = { 0 };
	u32 at = 0;

	if (ins && isa_decode(insns, n, ins, &at) == DE_OK)
		for (u32 i = 0; i < n; i += ins_slots(&ins[i])) {
			str_clear(&s);
			isa_disasm(&s, &ins[i], i, &names);
			if (json)
				json_array_append_new(list, json_pack("{s:i, s:s}", "insn", i, "text", str_text(&s)));
			else
				printf("%4u: %s\n", i, str_text(&s));
		}
	str_free(&s);
	free(ins);
	return list;
}

static json_t *dump_jited(const u8 *code, u32 n, bool json)
{
	json_t *list = json ? json_array() : NULL;
	ZydisDisassembledInstruction d;
	u32 at = 0;

	while (at < n && ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, at, code + at, n - at, &d))) {
		if (json)
			json_array_append_new(list, json_pack("{s:i, s:s}", "offset", at, "text", d.text));
		else
			printf("%6x: %s\n", at, d.text);
		at += d.info.length;
	}
	if (at < n)
		cli_error(0, "%u bytes at the end are not instructions", n - at);
	return list;
}

/* In what is read back, calls of functions have their distance in `off`, as the kernel has it. */
static void calls_as_loaded(struct bpf_insn *insns, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == BPF_PSEUDO_CALL) {
			insns[i].imm = insns[i].off;
			insns[i].off = 0;
		}
}

/* The program's code through OBJ_GET_INFO_BY_FD, as any client gets it. */
static int dump_fd(int fd, const struct dump_opts *o, json_t *doc)
{
	struct bpf_prog_info info = { 0 };
	u32 len = sizeof(info), xlated, jited;
	bool json = o->common.json;
	u8 *code;
	int err = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (err)
		return cli_error(EX_INTERNAL, "cannot read the program back: %s", skep_reason());
	xlated = info.xlated_prog_len;
	jited = info.jited_prog_len;
	if (o->jited && !jited)
		return cli_error(EX_NOT_HERE, "the program was not compiled (no executable memory here)");
	code = calloc(1, (size_t)xlated + jited + 16);
	if (!code)
		return cli_error(EX_INTERNAL, "out of memory");
	info = (struct bpf_prog_info){ .xlated_prog_len = xlated, .xlated_prog_insns = (u64)(uintptr_t)code,
				       .jited_prog_len = jited, .jited_prog_insns = (u64)(uintptr_t)(code + xlated) };
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (!err && (o->xlated || !o->jited)) {
		calls_as_loaded((struct bpf_insn *)(void *)code, xlated / (u32)sizeof(struct bpf_insn));
		json_t *j = dump_xlated((const void *)code, xlated / (u32)sizeof(struct bpf_insn), json);
		if (json)
			json_object_set_new(doc, "xlated", j);
	}
	if (!err && o->jited) {
		json_t *j = dump_jited(code + xlated, jited, json);
		if (json)
			json_object_set_new(doc, "jited", j);
	}
	free(code);
	return err ? cli_error(EX_INTERNAL, "cannot read the program back: %s", skep_reason()) : 0;
}

static int dump_run(void *opts, int argc, char **argv)
{
	const struct dump_opts *o = opts;
	struct load_opts lo = { .btf_file = o->btf };
	struct bpf_object *obj;
	struct bpf_program *p;
	json_t *doc;
	int code;

	if (argc != 1)
		return cli_error(EX_USAGE_, "one object (skep dump OBJ)");
	code = load_setup(&lo);
	if (code)
		return code;
	code = load_program(argv[0], o->btf, o->prog, &obj, &p);
	if (code)
		return code;
	doc = json_pack("{s:s, s:s}", "schema", "skep.dump/1", "program", bpf_program__name(p));
	code = dump_fd(bpf_program__fd(p), o, doc);
	if (!code && o->common.json)
		code = cli_json(doc);
	else
		json_decref(doc);
	load_close(obj);
	return code;
}

static const struct cli_opt dump_options[] = {
	{ 'p', "prog", OPT_TEXT, "PROG", "the program; needed if there are several", offsetof(struct dump_opts, prog) },
	{ 0, "xlated", OPT_FLAG, NULL, "BPF instructions (default)", offsetof(struct dump_opts, xlated) },
	{ 0, "jited", OPT_FLAG, NULL, "machine code", offsetof(struct dump_opts, jited) },
	{ 0, "btf", OPT_TEXT, "FILE", "kernel types for CO-RE (default: the running kernel's; \"skep\": skep's own)", offsetof(struct dump_opts, btf) },
};

const struct cli_cmd cmd_dump = {
	.name = "dump", .args = "OBJ", .summary = "show a program's instructions or machine code",
	.opts = dump_options, .nopts = ARRAY_SIZE(dump_options), .size = sizeof(struct dump_opts), .run = dump_run,
	.examples = (const struct cli_example[]){
		{ "dump prog.bpf.o -p NAME", "the instructions, as the verifier saw them" },
		{ "dump prog.bpf.o -p NAME --jited", "what the processor executes" },
		{ NULL, NULL } },
};
