/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What programs may do inside a traced process: one program a feature, on functions of tests/hook/inside.c. Each counts in `count` under
 * its own number what it has seen done right. EXE: the path of that program.
 */
#include <vmlinux.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

enum { TAIL, INNER, LOOP, KFUNC, TASK, READ, STACK, STORAGE, GLOBAL, FEATURES };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FEATURES);
	__type(key, __u32);
	__type(value, __u64);
} count SEC(".maps");

static __always_inline void counted(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&count, &what);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/* ---- tail calls: the second of two ---- */
int tail_end(struct pt_regs *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&tail_end, [2] = (void *)&tail_end } };

SEC("uprobe")
int tail_end(struct pt_regs *ctx)
{
	long a = PT_REGS_PARM1(ctx);

	if (a % 2)
		counted(TAIL);
	return 0;
}

SEC("uprobe/" EXE ":f_tail")
int tail(struct pt_regs *ctx)
{
	if (PT_REGS_PARM1(ctx) % 2)
		bpf_tail_call(ctx, &jumps, 2);
	bpf_tail_call(ctx, &jumps, 1); /* nothing is there */
	counted(TAIL);
	return 0;
}

/* ---- maps in maps ---- */
struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} inner_a SEC(".maps"), inner_b SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { &inner_a, &inner_b } };
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer_hash SEC(".maps") = { .values = { [1] = &inner_b } };

SEC("uprobe/" EXE ":f_inner")
int inner(struct pt_regs *ctx)
{
	__u32 i = PT_REGS_PARM1(ctx) & 1, zero = 0;
	void *m = bpf_map_lookup_elem(&outer, &i);
	__u64 *v = m ? bpf_map_lookup_elem(m, &zero) : 0;

	if (!v)
		return 0;
	__sync_fetch_and_add(v, 1);
	i = 1;
	m = bpf_map_lookup_elem(&outer_hash, &i);
	v = m ? bpf_map_lookup_elem(m, &zero) : 0;
	if (v)
		counted(INNER);
	return 0;
}

/* ---- text ---- */
SEC("uprobe/" EXE ":f_print")
int print(struct pt_regs *ctx)
{
	bpf_printk("inside %d of %s", (int)PT_REGS_PARM1(ctx), "it");
	return 0;
}

/* ---- loops, callbacks ---- */
static long add(__u32 i, void *ctx)
{
	counted(LOOP);
	return 0;
}

static long visit(struct bpf_map *m, __u32 *key, __u64 *value, void *ctx)
{
	counted(LOOP);
	return 0;
}

SEC("uprobe/" EXE ":f_loop")
int loop(struct pt_regs *ctx)
{
	bpf_loop(100, add, 0, 0);
	bpf_for_each_map_elem(&count, visit, 0, 0);
	return 0;
}

__attribute__((noinline)) int sum_of(__u64 a, __u64 b)
{
	return (int)(a + b);
}

SEC("uprobe/" EXE ":f_global")
int global(struct pt_regs *ctx)
{
	if (sum_of(PT_REGS_PARM1(ctx), 3) == (int)PT_REGS_PARM1(ctx) + 3)
		counted(GLOBAL);
	return 0;
}

/* ---- kernel functions ---- */
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

SEC("uprobe/" EXE ":f_kfunc")
int kfunc(struct pt_regs *ctx)
{
	struct bpf_iter_num it;
	int *i, sum = 0;

	bpf_iter_num_new(&it, 0, 10);
	while ((i = bpf_iter_num_next(&it)))
		sum += *i;
	bpf_iter_num_destroy(&it);
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	if (sum == 45)
		counted(KFUNC);
	return 0;
}

/* ---- the task ---- */
SEC("uprobe/" EXE ":f_task")
int task(struct pt_regs *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf();
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	if (t->pid == (__u32)bpf_get_current_pid_tgid() && t->tgid == bpf_get_current_pid_tgid() >> 32 &&
	    BPF_CORE_READ(t, real_parent, tgid) > 0 && BPF_CORE_READ(t, comm[0]) == comm[0])
		counted(TASK);
	return 0;
}

/* ---- memory ---- */
SEC("uprobe/" EXE ":f_read")
int reads(struct pt_regs *ctx)
{
	char buf[8] = {};

	if (bpf_probe_read_user_str(buf, sizeof(buf), (void *)PT_REGS_PARM2(ctx)) == 5 && buf[0] == 'r' && buf[3] == 'd' &&
	    bpf_probe_read_user(buf, sizeof(buf), (void *)16) < 0)
		counted(READ);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__type(key, __u32);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

SEC("uprobe/" EXE ":f_stack")
int stack(struct pt_regs *ctx)
{
	__u64 ip[4];

	if (bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK) >= 0 && bpf_get_stack(ctx, ip, sizeof(ip), BPF_F_USER_STACK) >= 16 &&
	    ip[0] == PT_REGS_IP(ctx))
		counted(STACK);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} of_task SEC(".maps");

SEC("uprobe/" EXE ":f_storage")
int storage(struct pt_regs *ctx)
{
	__u64 *v = bpf_task_storage_get(&of_task, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (v && (*v)++ == PT_REGS_PARM1(ctx))
		counted(STORAGE);
	return 0;
}

/* ---- records ---- */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

SEC("uprobe/" EXE ":f_perf")
int perf_output(struct pt_regs *ctx)
{
	__u64 v = PT_REGS_PARM1(ctx);

	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &v, sizeof(v));
	return 0;
}

char _license[] SEC("license") = "GPL";
