/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Iterators over objects, tasks and the elements of a map. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define RELOC __attribute__((preserve_access_index))

struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; __u64 session_id, seq_num; } RELOC;
struct bpf_map { __u32 id; char name[16]; __u32 max_entries; } RELOC;
struct bpf_prog_aux { __u32 id; char name[16]; } RELOC;
struct bpf_prog { struct bpf_prog_aux *aux; __u32 len; } RELOC;
struct bpf_link { __u32 id; struct bpf_prog *prog; } RELOC;
struct task_struct { int pid, tgid; char comm[16]; struct task_struct *real_parent, *group_leader; } RELOC;
struct bpf_iter__bpf_map { struct bpf_iter_meta *meta; struct bpf_map *map; } RELOC;
struct bpf_iter__bpf_prog { struct bpf_iter_meta *meta; struct bpf_prog *prog; } RELOC;
struct bpf_iter__bpf_link { struct bpf_iter_meta *meta; struct bpf_link *link; } RELOC;
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } RELOC;
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; struct bpf_map *map; void *key, *value; } RELOC;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

/* Objects of others may be there: only our own are shown, by the name of the map. */
SEC("iter/bpf_map")
int dump_map(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *m = ctx->map;

	if (!m)
		BPF_SEQ_PRINTF(ctx->meta->seq, "end\n");
	else if (m->name[0] == 'n' && m->name[1] == 'u' && m->name[2] == 'm')
		BPF_SEQ_PRINTF(ctx->meta->seq, "map %s %u\n", m->name, m->max_entries);
	return 0;
}

SEC("iter/bpf_prog")
int dump_prog(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *p = ctx->prog;

	if (p && p->aux->name[0] == 'd' && p->aux->name[4] == '_' && p->aux->name[5] == 'p')
		BPF_SEQ_PRINTF(ctx->meta->seq, "prog %s %s\n", p->aux->name, p->len ? "has instructions" : "is empty");
	return 0;
}

SEC("iter/bpf_link")
int dump_link(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_link *l = ctx->link;

	if (l && l->prog->aux->name[0] == 'd' && l->prog->aux->name[5] == 'l')
		BPF_SEQ_PRINTF(ctx->meta->seq, "link of %s\n", l->prog->aux->name);
	return 0;
}

SEC("iter/task")
int dump_task(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;

	if (t)
		BPF_SEQ_PRINTF(ctx->meta->seq, "task %s %s %s\n", t->comm, t->pid == t->tgid ? "leads" : "follows",
			       t->group_leader->pid == t->tgid ? "its group" : "nobody");
	return 0;
}

SEC("iter/bpf_map_elem")
int dump_elem(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (!key || !value)
		return 0;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%llu: %u = %llu\n", ctx->meta->seq_num, *key, *value);
	*value += 1000;
	return 0;
}

/* Accesses more than the map's values have. */
SEC("iter/bpf_map_elem")
int dump_far(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *value = ctx->value;

	return value && value[1] == 77;
}

char _license[] SEC("license") = "GPL";
