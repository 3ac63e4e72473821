/* SPDX-License-Identifier: BSD-2-Clause */
/* The interpreter gives the running kernel's results, for every row with edge operands. Skips where bpf(2) is refused. */
#include "unit/vm_cases.h"

#include "unit/kernel.h"
#include "vm/abi.h"

/* Stands in for map/: nothing here tail calls. */
__attribute__((weak)) const struct image *prog_array_image(struct map *prog_array, u32 index)
{
	(void)prog_array;
	(void)index;
	return NULL;
}

static char verifier_log[1 << 20];

/* 0 and the results, or a negative errno of loading. */
static int on_kernel(struct batch *b, u64 *out)
{
	static const u8 packet[64];
	int in_fd = kernel_array(sizeof(cases_in)), out_fd = kernel_array(CASES_OUT * 8), fd = -1, err;
	u32 r0;

	err = in_fd < 0 ? in_fd : out_fd < 0 ? out_fd : kernel_array_set(in_fd, cases_in);
	if (!err) {
		b->insns[0].imm = in_fd;
		b->insns[2].imm = out_fd;
		fd = kernel_load(BPF_PROG_TYPE_SOCKET_FILTER, b->insns, b->n, NULL, 0);
		if (fd < 0 && fd != -EPERM) {
			kernel_load(BPF_PROG_TYPE_SOCKET_FILTER, b->insns, b->n, verifier_log, sizeof(verifier_log));
			printf("# refused: %.2000s\n", verifier_log);
		}
		err = fd < 0 ? fd : kernel_run(fd, packet, sizeof(packet), &r0);
	}
	if (!err)
		err = kernel_array_get(out_fd, out);
	if (fd >= 0)
		close(fd);
	if (in_fd >= 0)
		close(in_fd);
	if (out_fd >= 0)
		close(out_fd);
	return err;
}

static void on_vm(const struct batch *b, u64 *out)
{
	static struct run run;
	u64 in[ARRAY_SIZE(cases_in)];
	struct ins *ops = batch_lower(b, in, out);
	struct image_sub subs[2] = { { .end = b->n, .stack = 512 }, { .stack = 512 } };
	struct image img = { .ops = ops, .n = b->n, .sub = subs, .nsubs = 1, .exception_sub = ~0u, .entry = vm_exec };

	memcpy(in, cases_in, sizeof(in));
	for (u32 i = 0; i < b->n; i++) {
		if (ops[i].op != OP_CALL_SUB)
			continue;
		subs[1].start = subs[0].end = ops[i].target;
		img.nsubs = 2;
	}
	run_init(&run, &img, NULL);
	run_image(&run, NULL);
	CHECK(run.stack_top == run.stack + sizeof(run.stack) && !run.frames);
	free(ops);
}

static u64 want[CASES_OUT], got[CASES_OUT];

TEST(rows_compute_what_the_kernel_computes)
{
	struct batch b = { 0 };
	u32 cases = 0;

	batch_alloc(&b);
	for (u16 op = 0; op < OP_COUNT; op++) {
		int err;

		if (!build_case(&b, op))
			continue;
		if (b.n > CASES_INSNS || b.nout > CASES_OUT) {
			printf("# %s: too many cases\n", op_info[op].name);
			abort();
		}
		memset(want, 0, sizeof(want));
		memset(got, 0, sizeof(got));
		err = on_kernel(&b, want);
		if (err == -EPERM || err == -ENOSYS) {
			batch_free(&b);
			SKIP("bpf(2) is not permitted");
		}
		if (err) {
			printf("# %s: the kernel says %d\n", op_info[op].name, err);
			test_failures++;
			continue;
		}
		on_vm(&b, got);
		for (u32 i = 0; i < b.nout; i++) {
			if (want[i] != got[i] && test_failures++ < 20)
				printf("# %s: result %u is 0x%llx, the kernel's 0x%llx\n", op_info[op].name, i,
				       (unsigned long long)got[i], (unsigned long long)want[i]);
		}
		cases += b.nout;
	}
	printf("# %u results compared\n", cases);
	for (u16 op = 0; op < OP_COUNT; op++) {
		const struct op_info *x = &op_info[op];

		/* those of vm_flow.c; casts need an arena, kernel functions a BTF */
		if (x->internal || x->cls >= IC_CALL || x->cls == IC_LDABS || x->cls == IC_LDIND || x->cls == IC_CAST ||
		    x->cls == IC_LDIMM64)
			continue;
		if (!b.covered[op])
			printf("# %s was not run\n", x->name);
		CHECK(b.covered[op]);
	}
	batch_free(&b);
}
