/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told of a loaded program: functions of its code, run statistics while they are switched on. */
#include <errno.h>
#include <unistd.h>

#include "unit/sys_kit.h"

static int load(struct skep *s, const struct bpf_insn *in, u32 n)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_XDP;
	a.insns = ptr(in);
	a.insn_cnt = n;
	a.license = ptr("GPL");
	return skep_bpf_in(s, BPF_PROG_LOAD, &a, sizeof(a));
}

static void info(struct skep *s, int fd, struct bpf_prog_info *i)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.info.bpf_fd = (u32)fd;
	a.info.info_len = sizeof(*i);
	a.info.info = ptr(i);
	CHECK_EQ(skep_bpf_in(s, BPF_OBJ_GET_INFO_BY_FD, &a, sizeof(a)), 0);
}

static void run(struct skep *s, int fd, u32 repeat)
{
	static u8 packet[64];
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (u32)fd;
	a.test.data_in = ptr(packet);
	a.test.data_size_in = sizeof(packet);
	a.test.repeat = repeat;
	CHECK_EQ(skep_bpf_in(s, BPF_PROG_TEST_RUN, &a, sizeof(a)), 0);
}

/* main calls one function that calls another */
static const struct bpf_insn three[] = {
	{ .code = 0x85, .src_reg = 1, .imm = 1 }, { .code = 0x95 },
	{ .code = 0x85, .src_reg = 1, .imm = 1 }, { .code = 0x95 },
	{ .code = 0xb7, .imm = 2 }, { .code = 0x95 },
};

TEST(functions_of_compiled_code)
{
	struct skep *s = subsystem();
	int fd = load(s, three, 6);
	struct bpf_prog_info i = { 0 };
	struct bpf_insn xlated[6];
	u64 addr[4] = { 0 };
	u32 len[4] = { 0 }, sum = 0;

	CHECK(fd >= 0);
	i.nr_jited_ksyms = i.nr_jited_func_lens = 4;
	i.jited_ksyms = ptr(addr);
	i.jited_func_lens = ptr(len);
	info(s, fd, &i);
	if (!i.jited_prog_len)
		SKIP("no executable memory here");
	CHECK_EQ(i.nr_jited_ksyms, 3);
	CHECK_EQ(i.nr_jited_func_lens, 3);
	for (u32 k = 0; k < 3; k++) {
		CHECK_EQ(addr[k], addr[0] + sum); /* they follow each other */
		CHECK(len[k] > 0);
		sum += len[k];
	}
	CHECK_EQ(sum, i.jited_prog_len);
	memset(&i, 0, sizeof(i));
	i.xlated_prog_insns = ptr(xlated);
	i.xlated_prog_len = sizeof(xlated);
	info(s, fd, &i);
	CHECK_EQ(xlated[0].off, 1); /* how far, and which function */
	CHECK_EQ(xlated[0].imm, 1);
	CHECK_EQ(xlated[2].off, 1);
	CHECK_EQ(xlated[2].imm, 2);
	close(fd);
	skep_free(s);
}

TEST(statistics_while_switched_on)
{
	struct skep *s = subsystem();
	int fd = load(s, three, 6), on;
	struct bpf_prog_info i = { 0 };
	union bpf_attr a;

	run(s, fd, 3);
	info(s, fd, &i);
	CHECK_EQ(i.run_cnt, 0);
	CHECK_EQ(i.run_time_ns, 0);
	memset(&a, 0, sizeof(a));
	a.enable_stats.type = BPF_STATS_RUN_TIME;
	on = skep_bpf_in(s, BPF_ENABLE_STATS, &a, sizeof(a));
	CHECK(on >= 0);
	run(s, fd, 1000);
	run(s, fd, 0);
	memset(&i, 0, sizeof(i));
	info(s, fd, &i);
	CHECK_EQ(i.run_cnt, 1001);
	CHECK(i.run_time_ns > 0);
	close(on);
	run(s, fd, 5);
	memset(&i, 0, sizeof(i));
	info(s, fd, &i);
	CHECK_EQ(i.run_cnt, 1001);
	a.enable_stats.type = 9;
	CHECK_EQ(skep_bpf_in(s, BPF_ENABLE_STATS, &a, sizeof(a)), -EINVAL);
	close(fd);
	skep_free(s);
}
