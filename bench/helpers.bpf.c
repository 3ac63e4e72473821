/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What helpers, kernel functions and the operations that a kernel compiles in cost inside a program: a program a row, each a loop of TURNS
 * turns. helpers.c takes off what the row `empty` of the same section needs.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define TURNS 512

#define ROW_OF(sec, ctx_type, name, ...)                                                              \
	SEC(sec) int row_##name(ctx_type *ctx)                                                             \
	{                                                                                             \
		__u64 sum = 0;                                                                        \
		for (__u32 i = 0; i < TURNS; i++) {                                                   \
			__VA_ARGS__;                                                                  \
			__asm__ volatile("" : "+r"(sum));                                             \
		}                                                                                     \
		return sum & 1;                                                                       \
	}
#define ROW(name, ...) ROW_OF("tc", struct __sk_buff, name, __VA_ARGS__)
#define RAW_ROW(name, ...) ROW_OF("raw_tp/bpf_test_finish", struct bpf_raw_tracepoint_args, name, __VA_ARGS__)

struct sk_buff {
	unsigned int len;
} __attribute__((preserve_access_index));
struct task_struct {
	int pid;
} __attribute__((preserve_access_index));
struct object {
	__u64 a;
};
struct locked {
	struct bpf_spin_lock lock;
	__u64 v;
};

#define MAP(name, kind, n, value_type)          \
	struct {                                \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, n);         \
		__type(key, __u32);             \
		__type(value, value_type);      \
	} name SEC(".maps")
MAP(numbers, ARRAY, TURNS, __u64);
MAP(lanes, PERCPU_ARRAY, 64, __u64);
MAP(hash_lanes, PERCPU_HASH, 64, __u64);
MAP(locks, ARRAY, 1, struct locked);

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern void *bpf_cast_to_kern_ctx(void *) __ksym;
extern void *bpf_rdonly_cast(const void *, __u32) __ksym;
extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *kptr, void *meta) __ksym;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *, __u32 off, void *buffer, __u32 size) __ksym;

ROW(empty, sum += i)
ROW(smp_processor_id, sum += bpf_get_smp_processor_id())
ROW(numa_node_id, sum += bpf_get_numa_node_id())
ROW(prandom_u32, sum += bpf_get_prandom_u32())
ROW(ktime_get_ns, sum += bpf_ktime_get_ns())
ROW(ktime_get_boot_ns, sum += bpf_ktime_get_boot_ns())
ROW(ktime_get_coarse_ns, sum += bpf_ktime_get_coarse_ns())
ROW(jiffies64, sum += bpf_jiffies64())
ROW(percpu_elem, __u32 k = i & 63; __u64 *v = bpf_map_lookup_percpu_elem(&lanes, &k, 1); if (v) sum += *v)
ROW(hash_percpu_elem, __u32 k = i & 63; __u64 *v = bpf_map_lookup_percpu_elem(&hash_lanes, &k, 1); if (v) sum += *v)
ROW(spin_lock, __u32 k = 0; struct locked *v = bpf_map_lookup_elem(&locks, &k);
    if (v) { bpf_spin_lock(&v->lock); v->v++; bpf_spin_unlock(&v->lock); })
ROW(rcu_read_lock, bpf_rcu_read_lock(); sum += i; bpf_rcu_read_unlock())
ROW(preempt_disable, bpf_preempt_disable(); sum += i; bpf_preempt_enable())
ROW(cast_to_kern_ctx, struct sk_buff *s = bpf_cast_to_kern_ctx(ctx); sum += !!s)
ROW(rdonly_cast, struct sk_buff *s = bpf_rdonly_cast(ctx, bpf_core_type_id_kernel(struct sk_buff)); sum += !!s)
ROW(obj_new, struct object *o = bpf_obj_new_impl(bpf_core_type_id_local(struct object), 0); if (o) bpf_obj_drop_impl(o, 0))
ROW(dynptr_slice, struct bpf_dynptr d; __u8 b[16]; __u8 *p;
    if (!bpf_dynptr_from_skb(ctx, 0, &d) && (p = bpf_dynptr_slice(&d, 0, b, sizeof(b)))) sum += *p)
ROW(skb_load_bytes, __u64 v = 0; bpf_skb_load_bytes(ctx, i & 31, &v, 8); sum += v)
ROW(csum_diff, __u32 a = i, b = i + 1; sum += bpf_csum_diff(&a, 4, &b, 4, 0))
ROW(strncmp, char t[8] = "abcdef"; t[5] += i & 1; sum += bpf_strncmp(t, 8, "abcdef"))
ROW(snprintf, char t[16]; __u64 a[] = { i }; sum += bpf_snprintf(t, sizeof(t), "%d", a, sizeof(a)))

static long one(__u32 i, void *ctx) { *(__u64 *)ctx += i; return 0; }
static long each(void *map, __u32 *key, __u64 *v, void *ctx) { *(__u64 *)ctx += *v; return 0; }
SEC("tc") int row_loop(struct __sk_buff *ctx) { __u64 sum = 0; bpf_loop(TURNS, one, &sum, 0); return sum & 1; }
SEC("tc") int row_for_each(struct __sk_buff *ctx) { __u64 sum = 0; bpf_for_each_map_elem(&numbers, each, &sum, 0); return sum & 1; }

RAW_ROW(raw_empty, sum += i)
RAW_ROW(current_task, sum += bpf_get_current_task())
RAW_ROW(current_task_btf, struct task_struct *t = bpf_get_current_task_btf(); sum += t->pid)
RAW_ROW(current_pid_tgid, sum += bpf_get_current_pid_tgid())
RAW_ROW(current_uid_gid, sum += bpf_get_current_uid_gid())
RAW_ROW(current_cgroup_id, sum += bpf_get_current_cgroup_id())
RAW_ROW(current_comm, char b[16]; bpf_get_current_comm(b, sizeof(b)); sum += b[0])
RAW_ROW(probe_read_kernel, struct task_struct *t = (void *)bpf_get_current_task(); int v = 0;
	bpf_probe_read_kernel(&v, sizeof(v), &t->pid); sum += v)

char _license[] SEC("license") = "GPL";
