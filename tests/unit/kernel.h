/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel's bpf(2) for tests that compare with it; every call may be refused, then the test skips. */
#ifndef SKEP_TEST_KERNEL_H
#define SKEP_TEST_KERNEL_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/types.h"
#include "base/uapi.h"

static inline int kernel_bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(__NR_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

/* An array map of one value; the fd, or a negative errno. */
static inline int kernel_array(u32 value_size)
{
	union bpf_attr a = { 0 };

	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = value_size;
	a.max_entries = 1;
	return kernel_bpf(BPF_MAP_CREATE, &a);
}

static inline int kernel_array_set(int fd, const void *value)
{
	union bpf_attr a = { 0 };
	u32 key = 0;

	a.map_fd = (u32)fd;
	a.key = (u64)(uintptr_t)&key;
	a.value = (u64)(uintptr_t)value;
	return kernel_bpf(BPF_MAP_UPDATE_ELEM, &a);
}

static inline int kernel_array_get(int fd, void *value)
{
	union bpf_attr a = { 0 };
	u32 key = 0;

	a.map_fd = (u32)fd;
	a.key = (u64)(uintptr_t)&key;
	a.value = (u64)(uintptr_t)value;
	return kernel_bpf(BPF_MAP_LOOKUP_ELEM, &a);
}

static inline int kernel_load(u32 type, const struct bpf_insn *insns, u32 n, char *log, u32 log_size)
{
	union bpf_attr a = { 0 };

	a.prog_type = type;
	a.insns = (u64)(uintptr_t)insns;
	a.insn_cnt = n;
	a.license = (u64)(uintptr_t) "GPL";
	if (log) {
		a.log_level = 1;
		a.log_buf = (u64)(uintptr_t)log;
		a.log_size = log_size;
		log[0] = '\0';
	}
	return kernel_bpf(BPF_PROG_LOAD, &a);
}

/* Would the kernel take it? 0 or a negative errno, and its words. */
static inline int kernel_verdict(u32 type, u32 attach, const struct bpf_insn *insns, u32 n, char *log, u32 log_size)
{
	union bpf_attr a = { 0 };
	int fd;

	a.prog_type = type;
	a.expected_attach_type = attach;
	a.insns = (u64)(uintptr_t)insns;
	a.insn_cnt = n;
	a.license = (u64)(uintptr_t) "GPL";
	a.log_level = 1;
	a.log_buf = (u64)(uintptr_t)log;
	a.log_size = log_size;
	a.prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
	log[0] = '\0';
	fd = kernel_bpf(BPF_PROG_LOAD, &a);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* Runs a program once on the packet; 0 and its result, or a negative errno. */
static inline int kernel_run(int fd, const void *data, u32 size, u32 *ret_value)
{
	union bpf_attr a = { 0 };
	int err;

	a.test.prog_fd = (u32)fd;
	a.test.data_in = (u64)(uintptr_t)data;
	a.test.data_size_in = size;
	a.test.repeat = 1;
	err = kernel_bpf(BPF_PROG_TEST_RUN, &a);
	if (!err)
		*ret_value = a.test.retval;
	return err;
}

#endif
