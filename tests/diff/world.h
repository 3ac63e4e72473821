/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of random programs: their maps, the same on every back end, and what kinds of programs there are.
 *
 * Invariant: a map that one system does not have, no program has.
 */
#ifndef SKEP_DIFF_WORLD_H
#define SKEP_DIFF_WORLD_H

#include "gen_more.h"

static struct prog prog; /* the one at hand */

/* Programs of these types are run as well. */
static const u32 types[] = { BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS,
			     BPF_PROG_TYPE_CGROUP_SKB };

#define FDS 64 /* mutated programs may ask for maps beyond ours */
static int map_fds[BACKENDS][FDS];

/* ---- maps and inputs ---- */

static int typed_map(const struct backend *be, u32 value_type, u32 size)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = size;
	a.max_entries = 1;
	a.btf_fd = (u32)func_btf(be);
	a.btf_key_type_id = TYPE_INT;
	a.btf_value_type_id = value_type;
	return (int)be_bpf(be, BPF_MAP_CREATE, &a);
}

static void make_more_maps(const struct backend *be, int *fd)
{
	union bpf_attr a;
	u32 one = 1;
	int inner;

	fd[MAP_PERCPU] = (int)map_new(be, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 24, 2, 0);
	fd[MAP_PROGS] = (int)map_new(be, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0);
	fd[MAP_SPIN] = typed_map(be, TYPE_LOCKED, 24);
	fd[MAP_QUEUE] = (int)map_new(be, BPF_MAP_TYPE_QUEUE, 0, 8, 4, 0);
	fd[MAP_PERF] = (int)map_new(be, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0);
	fd[MAP_LRU] = (int)map_new(be, BPF_MAP_TYPE_LRU_HASH, HASH_KEY, HASH_VALUE, 8, 0);
	fd[MAP_TIMED] = typed_map(be, TYPE_TIMED, 24);
	fd[MAP_STACKS] = (int)map_new(be, BPF_MAP_TYPE_STACK_TRACE, 4, 80, 2, 0);
	fd[MAP_LPM] = (int)map_new(be, BPF_MAP_TYPE_LPM_TRIE, HASH_KEY, HASH_VALUE, 4, BPF_F_NO_PREALLOC);
	fd[MAP_BLOOM] = (int)map_new(be, BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 4, 0);
	fd[MAP_SOCKS] = (int)map_new(be, BPF_MAP_TYPE_SOCKMAP, 4, 4, 2, 0);
	inner = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, 24, 1, 0);
	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS;
	a.key_size = a.value_size = 4;
	a.max_entries = 2;
	a.inner_map_fd = (u32)inner;
	fd[MAP_OUTER] = (int)be_bpf(be, BPF_MAP_CREATE, &a);
	map_op(be, BPF_MAP_UPDATE_ELEM, fd[MAP_OUTER], &one, &inner, 0);
	close(inner);
}

static void make_maps(void)
{
	for (u32 b = 0; b < kit.nbe; b++) {
		const struct backend *be = &kit.be[b];
		u8 ro[32];
		u32 zero = 0;

		for (u32 i = 0; i < sizeof(ro); i++)
			ro[i] = (u8)(i * 11 + 1);
		memcpy(ro, "1572", 5);
		memset(map_fds[b], -1, sizeof(map_fds[b]));
		map_fds[b][MAP_ARRAY] = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, ARRAY_BYTES, 1, 0);
		map_fds[b][MAP_HASH] = (int)map_new(be, BPF_MAP_TYPE_HASH, HASH_KEY, HASH_VALUE, 8, 0);
		map_fds[b][MAP_RODATA] = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, sizeof(ro), 1, BPF_F_RDONLY_PROG);
		map_fds[b][MAP_RINGBUF] = (int)map_new(be, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0);
		make_more_maps(be, map_fds[b]);
		map_op(be, BPF_MAP_UPDATE_ELEM, map_fds[b][MAP_RODATA], &zero, ro, 0);
		map_op(be, BPF_MAP_FREEZE, map_fds[b][MAP_RODATA], NULL, NULL, 0);
	}
	/* What one system does not have, no program has. */
	for (u32 m = 0; m < MAPS; m++)
		for (u32 b = 0; b < kit.nbe; b++)
			if (map_fds[b][m] < 0)
				for (u32 c = 0; c < kit.nbe; c++) {
					if (map_fds[c][m] >= 0)
						close(map_fds[c][m]);
					map_fds[c][m] = -1;
				}
}

static void drop_maps(void)
{
	for (u32 b = 0; b < kit.nbe; b++)
		for (u32 m = 0; m < MAPS; m++)
			if (map_fds[b][m] >= 0)
				close(map_fds[b][m]);
}

/* ---- programs ---- */

static u32 nhooks;

/* Only functions that this system lets us attach to. */
static void find_hooks(void)
{
	static struct prog minimal;
	struct prog *p = &minimal;

	for (u32 i = 0; i < ARRAY_SIZE(hooks); i++) {
		long fd;

		prog_start(p, hook_type(i));
		p->attach = hook_type(i) == BPF_PROG_TYPE_LSM ? BPF_LSM_MAC : BPF_TRACE_FENTRY;
		p->on = hook_id[i];
		MOV_K(0, 0);
		EXIT();
		fd = hook_id[i] ? prog_load(&kit.be[KERNEL], p, NULL, 0) : -1;
		if (fd < 0) {
			kit.tally->skipped++;
			continue;
		}
		close((int)fd);
		hook_of[nhooks++] = i;
	}
}

/* Of what kind, where it attaches, of which statements. */
static void make_program(bool judge_only)
{
	u32 more = chance(50) ? 0 : 10 + below(50), size = 6 + below(judge_only ? 10 : 30), wrongs = chance(40) ? 0 : 30;
	u32 type, attach;

	if (!more || chance(60)) {
		generate(&prog, PICK(types), size, wrongs, more);
		return;
	}
	if (nhooks && chance(25)) {
		u32 h = PICK_N(hook_of, nhooks);

		generate(&prog, hook_type(h), size, wrongs, more);
		prog.attach = hook_type(h) == BPF_PROG_TYPE_LSM ? BPF_LSM_MAC : chance(50) ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT;
		prog.on = hook_id[h];
		prog.judge_only = true;
		return;
	}
	do
		type = 1 + below(UAPI_PROG_TYPES - 1);
	while (!kit_nattach[type]);
	attach = PICK_N(kit_attach[type], kit_nattach[type]);
	generate(&prog, type, size, wrongs, more);
	prog.attach = attach;
	prog.judge_only = true;
}

#endif
