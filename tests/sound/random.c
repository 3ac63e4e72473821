/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The random programs of tests/diff, for the soundness check alone: nothing is asked of the kernel. Each accepted program is run and
 * followed by sound.c, which is linked in; here they are only made and loaded.
 */
#include "diff/gen_more.h"
#include "diff/world.h"

static void one(u64 number)
{
	char what[64];
	long fd;

	snprintf(what, sizeof(what), "program %llu of seed %llu%s", (unsigned long long)number, (unsigned long long)kit.seed, kit.as);
	kit_case(what);
	make_program(false);
	snprintf(prog.name, sizeof(prog.name), "p%u", (u32)number);
	for (u32 b = 0; b < kit.nbe; b++)
		prog.fd_array[b] = map_fds[b];
	if (chance(30))
		prog.flags |= BPF_F_TEST_STATE_FREQ;
	fd = prog_load(&kit.be[1], &prog, NULL, 0);
	if (fd >= 0) {
		KIT_ADD(accepted, 1);
		close((int)fd);
	}
	kit_agree();
}

static void some(u64 n)
{
	u64 first_seed = kit.rng;

	for (u64 i = kit.first; i < kit.first + n; i++) {
		if (i % 64 == 0 || i == kit.first) {
			if (i != kit.first)
				drop_maps();
			make_maps();
		}
		kit.rng = first_seed + i * 0x632be59bd9b4e019ull;
		one(i);
	}
	drop_maps();
	alarm(0);
}

static void without_perfmon(void)
{
	some(kit.n / 10);
}

int main(int argc, char **argv)
{
	int status = 0;
	u64 share, first;

	find_kfuncs();
	kit_start("sound", argc, argv, 1000, 1u << INTERP);
	find_attach_types();
	find_hooks();
	share = kit.n / kit.jobs;
	first = kit.first;
	for (u32 j = 1; j < kit.jobs; j++) {
		kit.first = first + j * share;
		if (fork() == 0) {
			some(share);
			exit(0);
		}
	}
	kit.first = first;
	some(share);
	while (wait(&status) > 0)
		kit.tally->failed += status != 0;
	kit_as(" without PERFMON", CAP_BIT(CAP_BPF) | CAP_BIT(CAP_NET_ADMIN), without_perfmon);
	return kit_end();
}
