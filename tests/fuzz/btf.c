/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target: any bytes are parsed as a program's BTF and as the kernel's; what is accepted must be
 * safe to read in every way there is. Build: clang -fsanitize=fuzzer,address,undefined -Isrc tests/fuzz/btf.c
 * src/btf/[a-z]*.c src/base/str.c src/base/log.c
 */
#include <stddef.h>
#include <stdlib.h>

#include "base/str.h"
#include "btf/btf.h"

#define TYPES_MAX 200
#define DATA_SIZE 512

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void read_type(const struct btf *b, u32 id, const u8 *value)
{
	struct btf_record *rec = NULL;
	u32 next, flags;
	const char *field;

	btf_size_of(b, id);
	btf_skip_mods(b, id);
	btf_decl_tag(b, id, -1, "contains:");
	btf_find(b, btf_type_name(b, id), btf_kind_of(btf_type(b, id)));
	if (btf_kind_of(btf_type(b, id)) == BTF_KIND_STRUCT ||
	    btf_kind_of(btf_type(b, id)) == BTF_KIND_DATASEC) {
		if (!btf_record_of(b, id, ~0u, btf_type(b, id)->size, NULL, &rec)) {
			btf_record_at(rec, 0, ~0u);
			btf_record_equal(rec, btf_struct_record(b, id));
			btf_record_free(rec);
		}
	}
	for (s32 off = 0; off < 64; off += 3) {
		btf_struct_walk(b, id, off, 4, &next, &flags, &field, NULL);
		btf_struct_walk(b, id, off, 0, &next, &flags, &field, NULL);
		btf_struct_ids_match(b, id, (u32)off, b, 1, false);
	}
}

static void relocate(const struct btf *b, u32 id, u32 str, struct log *log)
{
	for (u32 kind = 0; kind < 14; kind++) {
		struct bpf_core_relo r = { .type_id = id, .access_str_off = str, .kind = kind };
		struct bpf_insn insn[2] = { { .code = kind & 1 ? 0x18 : 0xb7 }, { 0 } };

		btf_core_apply(log, b, b, &r, kind, insn, 2);
	}
}

static void read_all(const struct btf *b, struct log *log)
{
	static const u8 zeros[DATA_SIZE];
	u8 value[DATA_SIZE];
	u32 n = btf_type_count(b);

	for (u32 i = 0; i < DATA_SIZE; i++)
		value[i] = (u8)(i * 37 % 251);
	for (u32 id = 0; id < n && id < TYPES_MAX; id++) {
		read_type(b, id, id % 2 ? zeros : value);
		for (u32 str = 1; str < 8; str++)
			relocate(b, id, str, log);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct btf *user = NULL, *kernel = NULL, *split = NULL;
	struct log log;

	if (size > 1 << 16)
		return 0;
	log_init(&log, LOG_LEVEL1);
	if (!btf_parse(data, (u32)size, NULL, true, NULL, &kernel))
		read_all(kernel, &log);
	if (!btf_load(data, (u32)size, kernel, &log, &user))
		read_all(user, &log);
	if (user && !btf_parse(data, (u32)size, user, true, NULL, &split))
		read_all(split, &log);
	btf_free(split);
	btf_free(user);
	btf_free(kernel);
	log_free(&log);
	return 0;
}
