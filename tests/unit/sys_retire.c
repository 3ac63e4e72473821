/* SPDX-License-Identifier: BSD-2-Clause */
/* Inner maps and tail-called programs that are replaced while another thread runs programs that use them. */
#include <linux/bpf.h>
#include <pthread.h>
#include <unistd.h>

#include "skep/skep.h"
#include "unit/test.h"

#define INS(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

static struct skep *sub;
static int running;
static u32 bad, stop;

static int bpf(int cmd, union bpf_attr *a)
{
	return skep_bpf_in(sub, cmd, a, sizeof(*a));
}

static int make_map(u32 type, u32 entries, int inner)
{
	union bpf_attr a = { .map_type = type, .key_size = 4, .value_size = type == BPF_MAP_TYPE_ARRAY ? 8 : 4, .max_entries = entries,
			     .inner_map_fd = (u32)inner };

	return bpf(BPF_MAP_CREATE, &a);
}

static int set(int map, u32 key, const void *value)
{
	union bpf_attr a = { .map_fd = (u32)map, .key = (u64)(uintptr_t)&key, .value = (u64)(uintptr_t)value };

	return bpf(BPF_MAP_UPDATE_ELEM, &a);
}

/* Look up the inner map, take a while, look up in it: the value must be 7 whatever inner map it is. */
static int load(int outer)
{
	const struct bpf_insn in[] = {
		INS(0xb7, 7, 0, 0, 7), INS(0x62, 10, 0, -4, 0),
		INS(0x18, 1, 1, 0, outer), INS(0, 0, 0, 0, 0), INS(0xbf, 2, 10, 0, 0), INS(0x07, 2, 0, 0, -4), INS(0x85, 0, 0, 0, 1),
		INS(0x15, 0, 0, 10, 0), INS(0xbf, 6, 0, 0, 0),
		INS(0xb7, 8, 0, 0, 0), INS(0x07, 8, 0, 0, 1), INS(0xa5, 8, 0, -2, 20000),
		INS(0xbf, 1, 6, 0, 0), INS(0xbf, 2, 10, 0, 0), INS(0x07, 2, 0, 0, -4), INS(0x85, 0, 0, 0, 1),
		INS(0x15, 0, 0, 1, 0), INS(0x79, 7, 0, 0, 0),
		INS(0xbf, 0, 7, 0, 0), INS(0x95, 0, 0, 0, 0),
	};
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (u64)(uintptr_t)in, .insn_cnt = ARRAY_SIZE(in),
			     .license = (u64)(uintptr_t)"GPL" };

	return bpf(BPF_PROG_LOAD, &a);
}

static void *runner(void *arg)
{
	u8 pkt[64] = { 0 };

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		union bpf_attr a = { .test = { .prog_fd = (u32)*(int *)arg, .data_in = (u64)(uintptr_t)pkt, .data_size_in = 64,
					       .repeat = 50 } };
		if (bpf(BPF_PROG_TEST_RUN, &a) || a.test.retval != 7)
			__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&running, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

TEST(inner_maps_are_replaced)
{
	static const u32 outer_type[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS };
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1 };

	CHECK_EQ(skep_new(&o, &sub), 0);
	for (u32 t = 0; t < 2; t++) {
		int inner = make_map(BPF_MAP_TYPE_ARRAY, 1, 0), outer = make_map(outer_type[t], 1, inner), prog;
		u64 seven = 7;
		pthread_t thread;

		CHECK_EQ(set(inner, 0, &seven), 0);
		CHECK_EQ(set(outer, 0, &inner), 0);
		close(inner);
		prog = load(outer);
		CHECK(prog >= 0);
		__atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
		running = 0;
		pthread_create(&thread, NULL, runner, &prog);
		while (!__atomic_load_n(&running, __ATOMIC_ACQUIRE))
			;
		for (u32 i = 0; i < 500; i++) {
			inner = make_map(BPF_MAP_TYPE_ARRAY, 1, 0);
			CHECK_EQ(set(inner, 0, &seven), 0);
			CHECK_EQ(set(outer, 0, &inner), 0);
			close(inner);
		}
		__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		CHECK_EQ(bad, 0);
		close(prog);
		close(outer);
	}
	skep_free(sub);
}
