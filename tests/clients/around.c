/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways around the filter: the machine's other entries, io_uring. Each must be refused or served, never reach the kernel's bpf(2). */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed;

static void result(int ok, const char *what, long got)
{
	printf("%s %s\n", ok ? "ok" : "not ok", what);
	if (!ok)
		printf("# got %ld\n", got);
	failed |= !ok;
}

int main(void)
{
	union bpf_attr *a = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	unsigned char params[256] = { 0 };
	long ret;

	memset(a, 0, sizeof(*a));
	a->map_type = BPF_MAP_TYPE_ARRAY;
	a->key_size = 4;
	a->value_size = 4;
	a->max_entries = 1;
	ret = syscall(SYS_bpf, BPF_MAP_CREATE, a, sizeof(*a));
	result(ret >= 0, "the ordinary entry is served", ret);
#if defined(__x86_64__)
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(357), "b"(0), "c"(a), "d"(sizeof(*a)) : "memory", "r8", "r9", "r10", "r11");
	result((int)ret == -ENOSYS, "i386's bpf is refused", ret);
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	result((int)ret == getpid() || (int)ret == -ENOSYS, "i386's getpid is not", ret);
	ret = syscall(0x40000000 | SYS_bpf, BPF_MAP_CREATE, a, sizeof(*a));
	result(ret < 0 && errno == ENOSYS, "x32's bpf is refused", ret);
#endif
	ret = syscall(SYS_io_uring_setup, 8, params);
	result(ret < 0 && errno == ENOSYS, "io_uring is refused", ret);
	return failed;
}
