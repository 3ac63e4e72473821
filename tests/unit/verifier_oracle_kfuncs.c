/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of kernel functions against the running kernel: small programs go to bpf(2) and to vf_verify() with the kernel's own BTF; the
 * verdict, the errno and the last line of the log must be equal. Where bpf(2) is not permitted, only our verdict is checked; without
 * the kernel's BTF, nothing.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "unit/kernel.h"
#include "unit/test.h"
#include "verifier/verify.h"

#define LOG_SIZE (1u << 18)
static struct btf *kernel;
static char theirs[LOG_SIZE];

static bool setup(void)
{
	static bool tried;
	u32 cap = 64u << 20, len = 0;
	struct log log;
	u8 *raw;
	ssize_t n;
	int fd;

	if (tried)
		return kernel;
	tried = true;
	fd = open("/sys/kernel/btf/vmlinux", O_RDONLY);
	raw = fd < 0 ? NULL : malloc(cap);
	while (raw && (n = read(fd, raw + len, cap - len)) > 0)
		len += (u32)n;
	if (fd >= 0)
		close(fd);
	log_init(&log, 0);
	if (raw && btf_parse(raw, len, NULL, true, &log, &kernel))
		kernel = NULL;
	log_free(&log);
	free(raw);
	return kernel;
}

/* ---- programs: instructions, and calls of kernel functions by name ---- */

struct step { const char *kfunc; struct bpf_insn insn; };
#define INS(c, d, s, o, i) { NULL, { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) } }
#define MOV(d, s) INS(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOVI(d, i) INS(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADDI(d, i) INS(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define ADD(d, s) INS(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define LD8(d, s, o) INS(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define LD4(d, s, o) INS(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
#define LD1(d, s, o) INS(BPF_LDX | BPF_MEM | BPF_B, d, s, o, 0)
#define ST1(d, o, i) INS(BPF_ST | BPF_MEM | BPF_B, d, 0, o, i)
#define ST8(d, o, i) INS(BPF_ST | BPF_MEM | BPF_DW, d, 0, o, i)
#define JEQ0(d, o) INS(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, 0)
#define JNE0(d, o) INS(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, 0)
#define JA(o) INS(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define CALL(h) INS(BPF_JMP | BPF_CALL, 0, 0, 0, h)
#define KCALL(name) { name, { .code = BPF_JMP | BPF_CALL, .src_reg = UAPI_PSEUDO_KFUNC_CALL } }
#define EXIT INS(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* r1 = fp + off */
#define FP(reg, off) MOV(reg, 10), ADDI(reg, off)

static void last_line(const char *log, char *out, size_t size)
{
	out[0] = 0;
	while (*log) {
		size_t n = strcspn(log, "\n");

		if (n && strncmp(log, "processed ", 10) && strncmp(log, "verification time", 17) && strncmp(log, "stack depth", 11))
			snprintf(out, size, "%.*s", (int)n, log);
		log += n + (log[n] == '\n');
	}
}

static int ours(u32 type, const struct bpf_insn *insns, u32 n, u32 flags, char *line, size_t size)
{
	struct vf_input in = {
		.insns = insns, .insn_cnt = n, .prog_type = type, .prog_flags = flags, .gpl = true, .name = "",
		.caps = CAPB_BPF | CAPB_PERFMON | CAPB_NET_ADMIN | CAPB_SYS_ADMIN, .kernel_btf = kernel,
	};
	struct proof *p = NULL;
	struct log log;
	int err;

	log_init(&log, LOG_LEVEL1);
	err = vf_verify(&in, &log, &p, NULL);
	last_line(str_text(&log.text), line, size);
	log_free(&log);
	vf_proof_free(p);
	return err;
}

static int linux_says(u32 type, const struct bpf_insn *insns, u32 n, u32 flags, char *line, size_t size)
{
	union bpf_attr a = { 0 };
	int fd;

	a.prog_type = type;
	a.insns = (u64)(uintptr_t)insns;
	a.insn_cnt = n;
	a.prog_flags = flags;
	a.license = (u64)(uintptr_t) "GPL";
	a.log_level = 1;
	a.log_buf = (u64)(uintptr_t)theirs;
	a.log_size = LOG_SIZE;
	theirs[0] = 0;
	fd = kernel_bpf(BPF_PROG_LOAD, &a);
	if (fd >= 0)
		close(fd);
	last_line(theirs, line, size);
	return fd < 0 ? fd : 0;
}

/* Both verdicts; `accept` is what the test is about, so that neither can drift unseen. */
static void compare(const char *name, u32 type, u32 flags, const struct step *steps, u32 n, bool accept)
{
	char mine[512], linux_line[512];
	struct bpf_insn insns[128];
	int err, want;

	for (u32 i = 0; i < n; i++) {
		insns[i] = steps[i].insn;
		if (steps[i].kfunc) {
			s32 id = btf_find(kernel, steps[i].kfunc, BTF_KIND_FUNC);

			if (id < 0) {
				printf("# %s: this kernel has no %s\n", name, steps[i].kfunc);
				return;
			}
			insns[i].imm = id;
		}
	}
	want = linux_says(type, insns, n, flags, linux_line, sizeof(linux_line));
	err = ours(type, insns, n, flags, mine, sizeof(mine));
	if (want == -EPERM && !*linux_line) {
		CHECK(accept == !err); /* no oracle here: the verdict we know */
		return;
	}
	if (err != want || (want && strcmp(mine, linux_line)) || accept != !err) {
		test_failures++;
		printf("#   %s: Linux %d \"%s\"\n#   ours %d \"%s\"\n", name, want, linux_line, err, mine);
	}
}

#define CASE(id, type, flags, accept, ...)                                                                          \
	TEST(id)                                                                                                    \
	{                                                                                                           \
		static const struct step steps[] = { __VA_ARGS__ };                                                 \
		if (!setup())                                                                                       \
			SKIP("no kernel BTF");                                                                      \
		compare(#id, type, flags, steps, ARRAY_SIZE(steps), accept);                                        \
	}
#define XDP BPF_PROG_TYPE_XDP
#define TC BPF_PROG_TYPE_SCHED_CLS
#define SYSC BPF_PROG_TYPE_SYSCALL

/* ---- iterators ---- */

#define NUM_NEW FP(1, -8), MOVI(2, 0), MOVI(3, 10), KCALL("bpf_iter_num_new")
#define NUM_NEXT FP(1, -8), KCALL("bpf_iter_num_next")
#define NUM_DESTROY FP(1, -8), KCALL("bpf_iter_num_destroy")

/* for (r6 = 0; next; r6 += *it); */
CASE(iter_num_sum, XDP, 0, true, MOVI(6, 0), NUM_NEW, NUM_NEXT, JEQ0(0, 3), LD4(1, 0, 0), ADD(6, 1), JA(-7), NUM_DESTROY, MOVI(0, 0), EXIT)
CASE(iter_num_no_destroy, XDP, 0, false, NUM_NEW, NUM_NEXT, MOVI(0, 0), EXIT)
CASE(iter_num_twice, XDP, 0, false, NUM_NEW, NUM_NEW, NUM_DESTROY, MOVI(0, 0), EXIT)
CASE(iter_num_next_without_new, XDP, 0, false, NUM_NEXT, MOVI(0, 0), EXIT)
CASE(iter_num_null_element, XDP, 0, false, NUM_NEW, NUM_NEXT, LD4(1, 0, 0), NUM_DESTROY, MOVI(0, 0), EXIT)
CASE(iter_num_misaligned, XDP, 0, false, FP(1, -12), MOVI(2, 0), MOVI(3, 1), KCALL("bpf_iter_num_new"), MOVI(0, 0), EXIT)
CASE(iter_num_variable, XDP, 0, false, CALL(BPF_FUNC_get_prandom_u32), INS(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 8), FP(1, -16), ADD(1, 0),
     MOVI(2, 0), MOVI(3, 1), KCALL("bpf_iter_num_new"), MOVI(0, 0), EXIT)
CASE(iter_num_overwritten, XDP, 0, false, NUM_NEW, ST8(10, -8, 0), NUM_DESTROY, MOVI(0, 0), EXIT)
CASE(iter_num_in_wrong_slot, XDP, 0, false, NUM_NEW, ST8(10, -16, 0), FP(1, -16), KCALL("bpf_iter_num_destroy"), MOVI(0, 0), EXIT)
CASE(iter_num_not_stack, XDP, 0, false, MOVI(2, 0), MOVI(3, 1), KCALL("bpf_iter_num_new"), MOVI(0, 0), EXIT)

/* ---- dynptrs ---- */

#define FROM_XDP MOVI(2, 0), FP(3, -16), KCALL("bpf_dynptr_from_xdp")
#define SLICE(fn, size) FP(1, -16), MOVI(2, 0), FP(3, -32), MOVI(4, size), KCALL(fn)
#define BUF ST8(10, -24, 0), ST8(10, -32, 0)

CASE(dynptr_slice, XDP, 0, true, FROM_XDP, BUF, SLICE("bpf_dynptr_slice", 8), JEQ0(0, 1), LD1(0, 0, 7), MOVI(0, 2), EXIT)
CASE(dynptr_slice_beyond, XDP, 0, false, FROM_XDP, BUF, SLICE("bpf_dynptr_slice", 8), JEQ0(0, 1), LD1(0, 0, 8), MOVI(0, 2), EXIT)
CASE(dynptr_slice_unchecked, XDP, 0, false, FROM_XDP, BUF, SLICE("bpf_dynptr_slice", 8), LD1(0, 0, 0), MOVI(0, 2), EXIT)
CASE(dynptr_slice_rdonly, XDP, 0, false, FROM_XDP, BUF, SLICE("bpf_dynptr_slice", 8), JEQ0(0, 1), ST1(0, 0, 0), MOVI(0, 2), EXIT)
CASE(dynptr_slice_rdwr, XDP, 0, true, FROM_XDP, BUF, SLICE("bpf_dynptr_slice_rdwr", 8), JEQ0(0, 1), ST1(0, 0, 0), MOVI(0, 2), EXIT)
CASE(dynptr_slice_small_buffer, XDP, 0, false, FROM_XDP, BUF, FP(1, -16), MOVI(2, 0), FP(3, -32), MOVI(4, 64), KCALL("bpf_dynptr_slice"), MOVI(0, 2), EXIT)
CASE(dynptr_slice_variable_size, XDP, 0, false, CALL(BPF_FUNC_get_prandom_u32), MOV(6, 0), INS(BPF_ALU64 | BPF_AND | BPF_K, 6, 0, 0, 7), ST8(10, -8, 0),
     BUF, FP(1, -16), MOVI(2, 0), FP(3, -32), MOV(4, 6), KCALL("bpf_dynptr_slice"), MOVI(0, 2), EXIT)
CASE(dynptr_slice_no_buffer, XDP, 0, true, FROM_XDP, FP(1, -16), MOVI(2, 0), MOVI(3, 0), MOVI(4, 8), KCALL("bpf_dynptr_slice"), JEQ0(0, 1), LD1(0, 0, 0), MOVI(0, 2), EXIT)
CASE(dynptr_uninit, XDP, 0, false, BUF, SLICE("bpf_dynptr_slice", 8), MOVI(0, 2), EXIT)
CASE(dynptr_half_overwritten, XDP, 0, false, FROM_XDP, ST8(10, -8, 0), FP(1, -16), KCALL("bpf_dynptr_size"), MOVI(0, 2), EXIT)
CASE(dynptr_read_directly, XDP, 0, false, FROM_XDP, LD8(0, 10, -16), MOVI(0, 2), EXIT)
CASE(dynptr_misaligned, XDP, 0, false, MOVI(2, 0), FP(3, -12), KCALL("bpf_dynptr_from_xdp"), MOVI(0, 2), EXIT)
CASE(dynptr_remade, XDP, 0, true, MOV(6, 1), FROM_XDP, MOV(1, 6), FROM_XDP, FP(1, -16), KCALL("bpf_dynptr_size"), MOVI(0, 2), EXIT)
CASE(dynptr_clone, XDP, 0, true, FROM_XDP, FP(1, -16), FP(2, -32), KCALL("bpf_dynptr_clone"), FP(1, -32), KCALL("bpf_dynptr_size"), MOVI(0, 2), EXIT)
CASE(dynptr_clone_uninit, XDP, 0, false, FP(1, -16), FP(2, -32), KCALL("bpf_dynptr_clone"), MOVI(0, 2), EXIT)
CASE(dynptr_from_skb_in_xdp, XDP, 0, false, MOVI(2, 0), FP(3, -16), KCALL("bpf_dynptr_from_skb"), MOVI(0, 2), EXIT)
CASE(dynptr_not_ctx, XDP, 0, false, MOV(1, 10), FROM_XDP, MOVI(0, 2), EXIT)
CASE(dynptr_skb_slice_after_change, TC, 0, false, MOV(6, 1), MOVI(2, 0), FP(3, -16), KCALL("bpf_dynptr_from_skb"), BUF, SLICE("bpf_dynptr_slice", 8),
     MOV(7, 0), JEQ0(0, 6), MOV(1, 6), MOVI(2, 64), CALL(BPF_FUNC_skb_pull_data), LD1(0, 7, 0), MOVI(0, 0), EXIT, MOVI(0, 0), EXIT)

/* ---- sections ---- */

CASE(rcu_balanced, SYSC, BPF_F_SLEEPABLE, true, KCALL("bpf_rcu_read_lock"), KCALL("bpf_rcu_read_unlock"), MOVI(0, 0), EXIT)
CASE(rcu_left_open, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_rcu_read_lock"), MOVI(0, 0), EXIT)
CASE(rcu_not_open, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_rcu_read_unlock"), MOVI(0, 0), EXIT)
CASE(rcu_nested, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_rcu_read_lock"), KCALL("bpf_rcu_read_lock"), KCALL("bpf_rcu_read_unlock"),
     KCALL("bpf_rcu_read_unlock"), MOVI(0, 0), EXIT)
CASE(preempt_balanced, SYSC, BPF_F_SLEEPABLE, true, KCALL("bpf_preempt_disable"), KCALL("bpf_preempt_disable"), KCALL("bpf_preempt_enable"),
     KCALL("bpf_preempt_enable"), MOVI(0, 0), EXIT)
CASE(preempt_left_off, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_preempt_disable"), MOVI(0, 0), EXIT)
CASE(preempt_not_off, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_preempt_enable"), MOVI(0, 0), EXIT)
CASE(irq_balanced, SYSC, BPF_F_SLEEPABLE, true, FP(1, -8), KCALL("bpf_local_irq_save"), FP(1, -8), KCALL("bpf_local_irq_restore"), MOVI(0, 0), EXIT)
CASE(irq_left_off, SYSC, BPF_F_SLEEPABLE, false, FP(1, -8), KCALL("bpf_local_irq_save"), MOVI(0, 0), EXIT)
CASE(irq_not_saved, SYSC, BPF_F_SLEEPABLE, false, FP(1, -8), KCALL("bpf_local_irq_restore"), MOVI(0, 0), EXIT)
CASE(irq_saved_twice, SYSC, BPF_F_SLEEPABLE, false, FP(1, -8), KCALL("bpf_local_irq_save"), FP(1, -8), KCALL("bpf_local_irq_save"), MOVI(0, 0), EXIT)
CASE(irq_nested, SYSC, BPF_F_SLEEPABLE, true, FP(1, -8), KCALL("bpf_local_irq_save"), FP(1, -16), KCALL("bpf_local_irq_save"), FP(1, -16),
     KCALL("bpf_local_irq_restore"), FP(1, -8), KCALL("bpf_local_irq_restore"), MOVI(0, 0), EXIT)
CASE(irq_out_of_order, SYSC, BPF_F_SLEEPABLE, false, FP(1, -8), KCALL("bpf_local_irq_save"), FP(1, -16), KCALL("bpf_local_irq_save"), FP(1, -8),
     KCALL("bpf_local_irq_restore"), FP(1, -16), KCALL("bpf_local_irq_restore"), MOVI(0, 0), EXIT)
CASE(irq_flag_read, SYSC, BPF_F_SLEEPABLE, false, FP(1, -8), KCALL("bpf_local_irq_save"), ST8(10, -8, 0), FP(1, -8), KCALL("bpf_local_irq_restore"),
     MOVI(0, 0), EXIT)

/* ---- references, trust, types ---- */

CASE(cpumask_released, SYSC, BPF_F_SLEEPABLE, true, KCALL("bpf_cpumask_create"), JEQ0(0, 2), MOV(1, 0), KCALL("bpf_cpumask_release"), MOVI(0, 0), EXIT)
CASE(cpumask_leaked, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_cpumask_create"), MOVI(0, 0), EXIT)
CASE(cpumask_unchecked, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_cpumask_create"), MOV(1, 0), KCALL("bpf_cpumask_release"), MOVI(0, 0), EXIT)
CASE(cpumask_twice, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_cpumask_create"), JEQ0(0, 5), MOV(6, 0), MOV(1, 0), KCALL("bpf_cpumask_release"), MOV(1, 6),
     KCALL("bpf_cpumask_release"), MOVI(0, 0), EXIT)
CASE(cpumask_offset, SYSC, BPF_F_SLEEPABLE, false, KCALL("bpf_cpumask_create"), JEQ0(0, 3), MOV(1, 0), ADDI(1, 8), KCALL("bpf_cpumask_release"),
     MOVI(0, 0), EXIT)
CASE(cpumask_null, SYSC, BPF_F_SLEEPABLE, false, MOVI(1, 0), KCALL("bpf_cpumask_release"), MOVI(0, 0), EXIT)
CASE(cpumask_number, SYSC, BPF_F_SLEEPABLE, false, MOVI(1, 1), KCALL("bpf_cpumask_release"), MOVI(0, 0), EXIT)
CASE(task_from_pid, SYSC, BPF_F_SLEEPABLE, true, MOVI(1, 1), KCALL("bpf_task_from_pid"), JEQ0(0, 2), MOV(1, 0), KCALL("bpf_task_release"), MOVI(0, 0), EXIT)
CASE(task_wrong_type, SYSC, BPF_F_SLEEPABLE, false, MOVI(1, 1), KCALL("bpf_task_from_pid"), JEQ0(0, 3), MOV(1, 0), KCALL("bpf_cpumask_release"),
     MOVI(0, 0), EXIT, MOVI(0, 0), EXIT)
CASE(task_from_pid_pointer, SYSC, BPF_F_SLEEPABLE, false, MOV(1, 10), KCALL("bpf_task_from_pid"), MOVI(0, 0), EXIT)
CASE(rdonly_cast_void, TC, 0, true, MOVI(2, 0), KCALL("bpf_rdonly_cast"), LD1(1, 0, 100), LD8(1, 0, -8), MOVI(0, 0), EXIT)
CASE(rdonly_cast_void_store, TC, 0, false, MOVI(2, 0), KCALL("bpf_rdonly_cast"), ST1(0, 0, 0), MOVI(0, 0), EXIT)
CASE(rdonly_cast_unknown, TC, 0, false, MOVI(2, 0x7fffffff), KCALL("bpf_rdonly_cast"), MOVI(0, 0), EXIT)
CASE(rdonly_cast_variable, TC, 0, false, MOV(6, 1), CALL(BPF_FUNC_get_prandom_u32), MOV(2, 0), MOV(1, 6), KCALL("bpf_rdonly_cast"), MOVI(0, 0), EXIT)
CASE(kern_ctx, TC, 0, true, KCALL("bpf_cast_to_kern_ctx"), LD4(1, 0, 112), MOVI(0, 0), EXIT)
CASE(kern_ctx_store, TC, 0, false, KCALL("bpf_cast_to_kern_ctx"), ST1(0, 112, 0), MOVI(0, 0), EXIT)
CASE(kern_ctx_of_scalar, TC, 0, false, MOVI(1, 0), KCALL("bpf_cast_to_kern_ctx"), MOVI(0, 0), EXIT)
CASE(kern_ctx_negative, TC, 0, false, KCALL("bpf_cast_to_kern_ctx"), LD8(1, 0, -8), MOVI(0, 0), EXIT)
CASE(kern_ctx_beyond, TC, 0, false, KCALL("bpf_cast_to_kern_ctx"), LD8(1, 0, 8192), MOVI(0, 0), EXIT)

/* ---- conditions ---- */

CASE(not_a_kfunc, XDP, 0, false, KCALL("schedule"), MOVI(0, 2), EXIT)
CASE(sleepable_in_xdp, XDP, 0, false, FP(1, -8), ST8(10, -8, 0), MOVI(2, 8), MOVI(3, 0), MOVI(4, 0), KCALL("bpf_copy_from_user_str"), MOVI(0, 2), EXIT)
CASE(trap, XDP, 0, false, MOVI(0, 2), KCALL("__bpf_trap"), EXIT)
CASE(throw_ends_path, TC, 0, true, MOVI(1, 0), KCALL("bpf_throw"), MOVI(0, 0), EXIT)
CASE(throw_with_reference, TC, 0, false, NUM_NEW, MOVI(1, 0), KCALL("bpf_throw"), MOVI(0, 0), EXIT)

/*
 * fp + 0 is beyond the stack. Linux 6.18 takes it for the slot at fp - 8 once an object lives there, and would let the kernel function
 * write past the frame; here it is no object.
 */
TEST(object_at_the_end_of_the_frame)
{
	static const struct step iter[] = { NUM_NEW, MOV(1, 10), KCALL("bpf_iter_num_next"), NUM_DESTROY, MOVI(0, 0), EXIT };
	static const struct step irq[] = { FP(1, -8), KCALL("bpf_local_irq_save"), MOV(1, 10), KCALL("bpf_local_irq_restore"), MOVI(0, 0), EXIT };
	struct bpf_insn insns[16];
	char line[512];

	if (!setup())
		SKIP("no kernel BTF");
	for (u32 k = 0; k < 2; k++) {
		const struct step *steps = k ? irq : iter;
		u32 n = k ? ARRAY_SIZE(irq) : ARRAY_SIZE(iter);

		for (u32 i = 0; i < n; i++) {
			s32 id = steps[i].kfunc ? btf_find(kernel, steps[i].kfunc, BTF_KIND_FUNC) : 0;

			if (id < 0)
				SKIP("this kernel lacks the functions");
			insns[i] = steps[i].insn;
			if (id)
				insns[i].imm = id;
		}
		CHECK_EQ(ours(k ? SYSC : XDP, insns, n, k ? BPF_F_SLEEPABLE : 0, line, sizeof(line)), -EINVAL);
		CHECK(strstr(line, "expected an initialized"));
	}
}
