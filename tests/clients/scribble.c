/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that writes noise into the memory of maps while it uses them: `scribble SECONDS SEED`. Only its own results may suffer. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef unsigned long long u64;
typedef unsigned int u32;

static const struct { u32 type, key, value, n, flags; } kinds[] = {
	{ BPF_MAP_TYPE_HASH, 4, 16, 64, 0 },	      { BPF_MAP_TYPE_HASH, 8, 40, 256, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_ARRAY, 4, 16, 64, 0 },	      { BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, 4, 16, 64, 0 },      { BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, BPF_F_NO_COMMON_LRU },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 16, 32, 0 }, { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 64, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_QUEUE, 0, 8, 32, 0 },	      { BPF_MAP_TYPE_STACK, 0, 8, 32, 0 },
	{ BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },      { BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 64, 0 },
	{ BPF_MAP_TYPE_STACK_TRACE, 4, 64, 64, 0 },   { BPF_MAP_TYPE_SOCKHASH, 4, 8, 64, 0 },
	{ BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 8, 0 },     { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0 },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 4, 0 },   { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 4, 0 },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static u64 state;
static int fds[KINDS];
static char *mem[KINDS];
static size_t size[KINDS];

static u32 rnd(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33);
}

static long bpf(u32 cmd, union bpf_attr *a) { return syscall(SYS_bpf, cmd, a, sizeof(*a)); }

static void make(u32 i)
{
	union bpf_attr a;
	struct stat st;

	memset(&a, 0, sizeof(a));
	a.map_type = kinds[i].type;
	a.key_size = kinds[i].key;
	a.value_size = kinds[i].value;
	a.max_entries = kinds[i].n;
	a.map_flags = kinds[i].flags;
	if (a.map_type == BPF_MAP_TYPE_ARRAY_OF_MAPS || a.map_type == BPF_MAP_TYPE_HASH_OF_MAPS)
		a.inner_map_fd = (u32)fds[0];
	fds[i] = (int)bpf(BPF_MAP_CREATE, &a);
	if (fds[i] < 0 || fstat(fds[i], &st))
		return;
	size[i] = (size_t)st.st_size;
	mem[i] = mmap(NULL, size[i], PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
	if (mem[i] == MAP_FAILED)
		mem[i] = NULL;
}

static void scribble(void)
{
	u32 i = rnd() % KINDS;
	size_t at = (rnd() % 4 ? rnd() % (size[i] / 8 + 1) : rnd() % 512) * 8;
	u64 *word = (u64 *)(void *)(mem[i] + at);

	if (!mem[i] || at + 8 > size[i])
		return;
	switch (rnd() % 6) {
	case 0: *word = 0; break;
	case 1: *word = ~0ull; break;
	case 2: *word = (u64)rnd() << 32 | rnd(); break;
	case 3: *(u32 *)word = rnd() % 1024; break;
	case 4: ++*(u32 *)word; break;
	case 5: memset(mem[i] + at / 4096 * 4096, (int)rnd(), 256); break;
	}
	if (rnd() % 64 == 0)
		usleep(100);
}

static void use(void)
{
	static const u32 cmds[] = { BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY,
				    BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_MAP_LOOKUP_BATCH, BPF_MAP_UPDATE_BATCH };
	u32 i = rnd() % KINDS, cmd = cmds[rnd() % (sizeof(cmds) / sizeof(cmds[0]))];
	static char key[512], value[8192], next[512];
	union bpf_attr a;

	*(u32 *)key = rnd() % 100;
	*(u32 *)value = (u32)fds[0];
	memset(&a, 0, sizeof(a));
	if (cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_UPDATE_BATCH) {
		a.batch.map_fd = (u32)fds[i];
		a.batch.keys = (u64)(unsigned long)key;
		a.batch.values = (u64)(unsigned long)value;
		a.batch.out_batch = cmd == BPF_MAP_LOOKUP_BATCH ? (u64)(unsigned long)next : 0;
		a.batch.count = 4;
	} else {
		a.map_fd = (u32)fds[i];
		a.key = (u64)(unsigned long)key;
		a.value = (u64)(unsigned long)(cmd == BPF_MAP_GET_NEXT_KEY ? next : value);
	}
	bpf(cmd, &a);
}

int main(int argc, char **argv)
{
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	for (u32 i = 0; i < KINDS; i++)
		make(i);
	for (u32 p = 0; p < 3; p++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			state = seed * 3 + p;
			for (;;)
				p ? use() : scribble();
		}
	sleep(argc > 1 ? (u32)atoi(argv[1]) : 1);
	return 0;
}
