/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client of the box pays: run it in `skep exec` and outside. Prints "NAME NANOSECONDS" lines, see rounds.h.
 * box [NAME...]: only these.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rounds.h"

static int map;
static unsigned key = 1;
static unsigned long long value;

/* libc's, so that a preloaded accelerator sees it */
static long elem(int cmd)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (unsigned)map;
	a.key = (unsigned long)&key;
	a.value = (unsigned long)&value;
	return syscall(SYS_bpf, cmd, &a, sizeof(a));
}

static void empty(void)
{
	struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };

	syscall(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &l, NULL);
}
static void lookup(void) { elem(BPF_MAP_LOOKUP_ELEM); }
static void update(void) { elem(BPF_MAP_UPDATE_ELEM); }
static void next_key(void) { elem(BPF_MAP_GET_NEXT_KEY); }
/* as most callers have it: all on the stack */
static void lookup_stack(void)
{
	struct { union bpf_attr a; unsigned key; unsigned long long value; } s;

	memset(&s.a, 0, sizeof(s.a));
	s.key = key;
	s.a.map_fd = (unsigned)map;
	s.a.key = (unsigned long)&s.key;
	s.a.value = (unsigned long)&s.value;
	syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &s.a, sizeof(s.a));
}
static void create_close(void)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 16;
	close((int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
}
static void load_close(void)
{
	struct bpf_insn insns[] = { { .code = 0xb7 }, { .code = 0x95 } };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (unsigned long)insns;
	a.insn_cnt = 2;
	a.license = (unsigned long)"GPL";
	close((int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a)));
}
static void open_file(void) { close(open("/dev/null", 0)); }

static const struct { const char *name; void (*fn)(void); int n; } all[] = {
	{ "empty", empty, 20000 }, { "lookup", lookup, 20000 }, { "lookup_stack", lookup_stack, 20000 }, { "update", update, 20000 }, { "next_key", next_key, 20000 },
	{ "create_close", create_close, 500 }, { "load_close", load_close, 500 }, { "open_other_file", open_file, 5000 },
};

int main(int argc, char **argv)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 1024;
	map = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
	if (map < 0) {
		perror("bpf");
		return 1;
	}
	update();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int wanted = argc < 2;

		for (int k = 1; k < argc; k++)
			wanted |= !strcmp(argv[k], all[i].name);
		if (wanted)
			rounds(all[i].name, all[i].fn, all[i].n);
	}
	return 0;
}
