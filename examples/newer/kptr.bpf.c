// SPDX-License-Identifier: BSD-2-Clause
/* Typed pointers in maps (kptr): a set of CPUs changes hands between the program and a map's value, never lost, never twice. */
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
extern __u32 bpf_cpumask_first(const struct cpumask *mask) __ksym;

#define __kptr_owned __attribute__((btf_type_tag("kptr")))

struct slot { struct bpf_cpumask __kptr_owned *mask; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

/* 0, or the number of the step that went wrong. */
SEC("syscall")
int exchange(void *ctx)
{
	__u32 key = 0;
	struct slot *s = bpf_map_lookup_elem(&slots, &key);
	struct bpf_cpumask *m, *old;
	int wrong = 0;

	if (!s)
		return 1;
	m = bpf_cpumask_create();
	if (!m)
		return 2;
	bpf_cpumask_set_cpu(0, m);
	old = bpf_kptr_xchg(&s->mask, m); /* the map owns it now */
	if (old)
		bpf_cpumask_release(old);
	m = bpf_kptr_xchg(&s->mask, NULL); /* and gives it back */
	if (!m)
		return 3;
	if (bpf_cpumask_first((struct cpumask *)m) != 0)
		wrong = 4;
	bpf_cpumask_release(m);
	return wrong;
}

char _license[] SEC("license") = "GPL";
