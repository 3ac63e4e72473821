// SPDX-License-Identifier: BSD-2-Clause
/*
 * CO-RE beyond fields: does a type of this shape exist (type matching), how large is it, and values of enumerations, 64 bits wide too,
 * by name.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#ifndef bpf_core_type_matches
#define bpf_core_type_matches(type) __builtin_preserve_type_info(*(typeof(type) *)0, 2 /* BPF_TYPE_MATCHES */)
#endif

struct task_struct___right {
	int pid;
	int tgid;
} __attribute__((preserve_access_index));

struct task_struct___wrong {
	char *pid;
} __attribute__((preserve_access_index));

struct no_such_struct___at_all { int x; };

enum bpf_prog_type___other { BPF_PROG_TYPE_XDP___other = 12345 };
enum perf_callchain_context___other { PERF_CONTEXT_KERNEL___other = 0x100000000ull };
enum bpf_struct_walk_result___none { NO_SUCH_VALUE = 1 };

/* flags of the kernel whose values need 64 bits */
enum bpf_wide___own { BPF_WIDE = 0x100000000ull };

/* A bit for each answer that is not the right one: 0. */
SEC("syscall")
int types(void *ctx)
{
	int wrong = 0;

	if (!bpf_core_type_matches(struct task_struct___right))
		wrong |= 1;
	if (bpf_core_type_matches(struct task_struct___wrong))
		wrong |= 2;
	if (bpf_core_type_exists(struct no_such_struct___at_all))
		wrong |= 4;
	if (bpf_core_type_size(struct task_struct___right) < 1000)
		wrong |= 8;
	if (bpf_core_enum_value(enum bpf_prog_type___other, BPF_PROG_TYPE_XDP___other) != BPF_PROG_TYPE_XDP)
		wrong |= 16;
	if (bpf_core_enum_value_exists(enum bpf_wide___own, BPF_WIDE))
		wrong |= 32;
	if (bpf_core_enum_value(enum perf_callchain_context___other, PERF_CONTEXT_KERNEL___other) != -128ull)
		wrong |= 64;
	return wrong;
}

char _license[] SEC("license") = "GPL";
