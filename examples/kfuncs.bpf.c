// SPDX-License-Identifier: BSD-2-Clause
/* Kernel functions, called by their types: sets of CPUs that are made, filled and given back. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct cpumask {
} __attribute__((preserve_access_index));
struct bpf_cpumask {
	struct cpumask cpumask;
} __attribute__((preserve_access_index));

extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
extern void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;
extern void bpf_cpumask_set_cpu(__u32 cpu, struct bpf_cpumask *mask) __ksym;
extern void bpf_cpumask_clear_cpu(__u32 cpu, struct bpf_cpumask *mask) __ksym;
extern _Bool bpf_cpumask_test_cpu(__u32 cpu, const struct cpumask *mask) __ksym;
extern __u32 bpf_cpumask_first(const struct cpumask *mask) __ksym;
extern _Bool bpf_cpumask_empty(const struct cpumask *mask) __ksym;
extern _Bool bpf_cpumask_and(struct bpf_cpumask *to, const struct cpumask *a, const struct cpumask *b) __ksym;

/* 0, or the number of the step that went wrong. */
SEC("syscall")
int masks(void *ctx)
{
	struct bpf_cpumask *a = bpf_cpumask_create(), *b;
	int wrong = 0;

	if (!a)
		return 1;
	b = bpf_cpumask_create();
	if (!b) {
		bpf_cpumask_release(a);
		return 2;
	}
	bpf_cpumask_set_cpu(0, a);
	bpf_cpumask_set_cpu(1, a);
	bpf_cpumask_set_cpu(1, b);
	if (!bpf_cpumask_and(a, (struct cpumask *)a, (struct cpumask *)b) || bpf_cpumask_first((struct cpumask *)a) != 1)
		wrong = 3;
	else if (bpf_cpumask_test_cpu(0, (struct cpumask *)a) || !bpf_cpumask_test_cpu(1, (struct cpumask *)a))
		wrong = 4;
	bpf_cpumask_clear_cpu(1, a);
	if (!wrong && !bpf_cpumask_empty((struct cpumask *)a))
		wrong = 5;
	bpf_cpumask_release(b);
	bpf_cpumask_release(a);
	return wrong;
}

char _license[] SEC("license") = "GPL";
