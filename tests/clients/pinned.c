/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that is bound to a processor is served as if on it: programs see its number, and of an LRU map whose processors have lists of
 * their own its part is used. Each is asked on one processor after the other, so that whoever serves has to come along.
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS 25
#define EACH 4 /* elements of a processor's part */

static cpu_set_t all;
static int cpus; /* possible ones, which share the elements */

static long bpf(int cmd, union bpf_attr *a) { return syscall(SYS_bpf, cmd, a, sizeof(*a)); }

static int next_cpu(int cpu)
{
	cpu_set_t one;

	while (++cpu < CPU_SETSIZE && !CPU_ISSET(cpu, &all))
		;
	if (cpu == CPU_SETSIZE)
		return -1;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -1 : cpu;
}

/* How often a program was told another processor than the caller's. */
static int other_processor(void)
{
	struct bpf_insn insns[] = { { .code = 0x85, .imm = BPF_FUNC_get_smp_processor_id }, { .code = 0x95 } };
	unsigned char packet[64] = { 0 };
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (unsigned long)insns, .insn_cnt = 2,
				.license = (unsigned long)"GPL" };
	int bad = 0, fd = (int)bpf(BPF_PROG_LOAD, &load);

	for (int round = 0; round < ROUNDS; round++)
		for (int cpu = next_cpu(-1); cpu >= 0; cpu = next_cpu(cpu)) {
			union bpf_attr run = { .test = { .prog_fd = (unsigned)fd, .data_in = (unsigned long)packet,
							 .data_size_in = sizeof(packet) } };

			bad += bpf(BPF_PROG_TEST_RUN, &run) || run.test.retval != (unsigned)cpu;
		}
	close(fd);
	return bad;
}

/* How many elements went though each processor's part had room for its own. */
static int dropped(void)
{
	int bad = 0;

	for (int round = 0; round < ROUNDS; round++) {
		union bpf_attr make = { .map_type = BPF_MAP_TYPE_LRU_HASH, .key_size = 4, .value_size = 8,
					.max_entries = (unsigned)(EACH * cpus), .map_flags = BPF_F_NO_COMMON_LRU };
		unsigned long long value = 1;
		unsigned n = 0, key;
		int fd = (int)bpf(BPF_MAP_CREATE, &make);
		union bpf_attr a = { .map_fd = (unsigned)fd, .key = (unsigned long)&key, .value = (unsigned long)&value };

		for (int cpu = next_cpu(-1); cpu >= 0; cpu = next_cpu(cpu))
			for (int i = 0; i < EACH; i++) {
				key = n++;
				bad += bpf(BPF_MAP_UPDATE_ELEM, &a) != 0;
			}
		for (key = 0; key < n; key++)
			bad += bpf(BPF_MAP_LOOKUP_ELEM, &a) != 0;
		close(fd);
	}
	return bad;
}

int main(void)
{
	int told, gone;

	cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	sched_getaffinity(0, sizeof(all), &all);
	told = other_processor();
	gone = dropped();
	printf("another processor %d, elements gone %d\n", told, gone);
	return told || gone;
}
