/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs as text through the front door of a subsystem of a test's own: `s`, which the test makes and frees. */
#ifndef SKEP_TESTS_DOOR_KIT_H
#define SKEP_TESTS_DOOR_KIT_H

#include "base/uapi.h"
#include "isa/isa.h"
#include "skep/skep.h"
#include "spec/spec.h"
#include "unit/test.h"

static struct skep *s;

static inline struct skep *door_new(struct skep_opts o)
{
	struct skep *ret = NULL;

	o.sz = sizeof(o);
	o.caps = SKEP_CAP_ALL;
	o.caps_set = 1;
	o.flags = SKEP_F_RUN_ANY;
	CHECK_EQ(skep_new(&o, &ret), 0);
	return ret;
}

static inline int cmd(int c, union bpf_attr *a)
{
	return skep_bpf_in(s, c, a, sizeof(*a));
}

static inline int make_map(u32 type, u32 key_size, u32 value_size, u32 n)
{
	union bpf_attr a = { 0 };

	a.map_type = type;
	a.key_size = key_size;
	a.value_size = value_size;
	a.max_entries = n;
	return cmd(BPF_MAP_CREATE, &a);
}

/* Element commands of maps with 4-byte keys. */
static inline int elem(int c, int map, u32 key, const void *value)
{
	union bpf_attr a = { 0 };

	a.map_fd = (u32)map;
	a.key = (u64)(uintptr_t)&key;
	a.value = (u64)(uintptr_t)value;
	return cmd(c, &a);
}

static int door_map;
static inline int door_map_fd(void *cookie, const char *name)
{
	(void)cookie, (void)name;
	return door_map;
}

static inline int door_helper_id(void *cookie, const char *name)
{
	(void)cookie;
	for (u32 id = 1; id < UAPI_HELPERS; id++) {
		const struct helper_spec *h = helper_by_id(id);

		if (h && !strcmp(h->name, name))
			return (int)id;
	}
	return -1;
}

/* `map` is what map[m] means. A descriptor; or a failed test, and -errno. */
static inline int load_text(u32 type, const char *text, int map)
{
	static char log_text[1 << 16];
	struct asm_opts o = { .helper_id = door_helper_id, .map_fd = door_map_fd };
	struct bpf_insn *insns;
	union bpf_attr a = { 0 };
	char *err = NULL;
	int n, fd;

	door_map = map;
	n = isa_asm(text, &o, &insns, &err);
	if (n < 0) {
		printf("# %s\n", err);
		abort();
	}
	a.prog_type = type;
	a.insns = (u64)(uintptr_t)insns;
	a.insn_cnt = (u32)n;
	a.license = (u64)(uintptr_t) "GPL";
	a.log_buf = (u64)(uintptr_t)log_text;
	a.log_size = sizeof(log_text);
	a.log_level = 1;
	fd = cmd(BPF_PROG_LOAD, &a);
	free(insns);
	if (fd < 0) {
		printf("# %d %s\n%s\n", fd, skep_reason(), log_text);
		test_failures++;
	}
	return fd;
}

/* One run on a packet; 0 and its result, or -errno. */
static inline int run_on(int fd, const void *packet, u32 size, u32 *ret)
{
	union bpf_attr a = { 0 };
	int err;

	a.test.prog_fd = (u32)fd;
	a.test.data_in = (u64)(uintptr_t)packet;
	a.test.data_size_in = size;
	a.test.repeat = 1;
	err = cmd(BPF_PROG_TEST_RUN, &a);
	if (!err)
		*ret = a.test.retval;
	return err;
}

#endif
