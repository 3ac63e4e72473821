/* SPDX-License-Identifier: BSD-2-Clause */
/* A program's own bpf(2) calls with pointers that lead nowhere: each must be EFAULT to the program, and nobody's end. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned long bad[] = { 0, 8, 0x1000, 0x41414141, 0x7fffffffe000, 0xdead000000000000, 0xffffffffffffffff };

static long bpf(int cmd, union bpf_attr *a)
{
	return syscall(SYS_bpf, cmd, a, sizeof(*a));
}

#define INSN(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

/* bpf_sys_bpf(BPF_MAP_UPDATE_ELEM, the 64 bytes of the context, 32) */
static long load(void)
{
	struct bpf_insn p[32];
	union bpf_attr a;
	unsigned n = 0;

	for (short k = 0; k < 64; k += 8) {
		p[n++] = INSN(BPF_LDX | BPF_MEM | BPF_DW, 2, 1, k, 0);
		p[n++] = INSN(BPF_STX | BPF_MEM | BPF_DW, 10, 2, (short)(k - 64), 0);
	}
	p[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, BPF_MAP_UPDATE_ELEM);
	p[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	p[n++] = INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -64);
	p[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 32);
	p[n++] = INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sys_bpf);
	p[n++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SYSCALL;
	a.prog_flags = BPF_F_SLEEPABLE;
	a.insns = (unsigned long)p;
	a.insn_cnt = n;
	a.license = (unsigned long)"GPL";
	return bpf(BPF_PROG_LOAD, &a);
}

int main(void)
{
	union bpf_attr a;
	long map, prog;
	int failed = 0;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 4;
	map = bpf(BPF_MAP_CREATE, &a);
	prog = load();
	if (map < 0 || prog < 0) {
		printf("not ok a map and a program: %s\n", strerror(errno));
		return 1;
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		union { union bpf_attr a; unsigned char bytes[64]; } call;
		long ret;

		memset(&call, 0, sizeof(call));
		call.a.map_fd = (unsigned)map;
		call.a.key = call.a.value = bad[i];
		memset(&a, 0, sizeof(a));
		a.test.prog_fd = (unsigned)prog;
		a.test.ctx_in = (unsigned long)&call;
		a.test.ctx_size_in = 64;
		ret = bpf(BPF_PROG_TEST_RUN, &a);
		if (ret || (int)a.test.retval != -EFAULT) {
			printf("not ok pointer %#lx: run %ld, the call %d\n", bad[i], ret, (int)a.test.retval);
			failed = 1;
		}
	}
	if (!failed)
		printf("ok pointers that lead nowhere\n");
	return failed;
}
