/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Calls of global functions that Linux 6.18 lets through and that end in a wrong access. tests/cli/unsound.sh */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct { int pid; } __attribute__((preserve_access_index));
#define TAG(name) __attribute__((btf_decl_tag("arg:" name)))

__weak __attribute__((noinline)) int reads(int *p) { return p ? *p : 0; }
__weak __attribute__((noinline)) int trusts(int *p TAG("nonnull")) { return *p; }
__weak __attribute__((noinline)) int asks(struct task_struct *t TAG("trusted") TAG("nullable")) { return t ? t->pid : 0; }
__weak __attribute__((noinline)) int writes(int *p)
{
	if (p)
		*p = 42;
	return 0;
}

/* r1 is 0 on the way that is walked first, and 1 on others, which meet it where a state is kept. */
#define ZERO_OR_ONE \
	"call 7; r6 = r0; r1 = 1; if r6 == 5 goto 1f; if r6 == 6 goto 1f; if r6 == 7 goto 1f; if r6 == 8 goto 1f;" \
	"r1 = 0; r7 = 1; r7 = 2; r7 = 3; r7 = 4; r7 = 5; r7 = 6; r7 = 7; r7 = 8; r7 = 9; 1: r7 = 1; r7 = 2; "

SEC("tc") __attribute__((naked)) int number_for_memory(void) { asm volatile(ZERO_OR_ONE "call reads; r0 = 0; exit;" ::: "memory"); }
SEC("tp_btf/task_newtask") __attribute__((naked)) int number_for_object(void) { asm volatile(ZERO_OR_ONE "call asks; r0 = 0; exit;" ::: "memory"); }
SEC("tc") int null_for_nonnull(struct __sk_buff *ctx) { return trusts(0); }
SEC("tp_btf/task_newtask") int object_to_write(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf();

	return writes(&t->pid);
}
