/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many uprobes by one link, with cookies; sessions that see entry and return of a call. On functions of this program itself: what is
 * counted is the same on a kernel. multi OBJECT: exit status 0, or 1 and what was wrong.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define UPROBE_MULTI 48
#define UPROBE_SESSION 57
#define RETURNS 1

#define FN(name) __attribute__((noinline)) long name(long a) { __asm__ volatile("" : "+r"(a)); return a * 2 + 1; }
FN(one) FN(two) FN(three)

/* union bpf_attr of link_create's uprobe_multi, which old headers lack. */
struct create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t cnt, mflags, pid, unused;
};

static uint64_t offset_of(void *fn)
{
	unsigned long start, end, off;
	char line[512], perms[8];
	FILE *f = fopen("/proc/self/maps", "r");
	uint64_t ret = 0;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %7s %lx", &start, &end, perms, &off) == 4 && (uintptr_t)fn >= start && (uintptr_t)fn < end)
			ret = (uintptr_t)fn - start + off;
	fclose(f);
	return ret;
}

static int attach(struct bpf_object *o, const char *prog, uint32_t type, uint32_t flags, void **fn, const uint64_t *cookies, uint32_t n)
{
	uint64_t off[8];
	struct create c = { .prog_fd = (uint32_t)bpf_program__fd(bpf_object__find_program_by_name(o, prog)), .attach_type = type,
			    .path = (uintptr_t)"/proc/self/exe", .offsets = (uintptr_t)off, .cookies = (uintptr_t)cookies, .cnt = n,
			    .mflags = flags };
	int fd;

	for (uint32_t i = 0; i < n; i++)
		off[i] = offset_of(fn[i]);
	fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &c, sizeof(c));
	if (fd < 0) {
		fprintf(stderr, "%s: %s\n", prog, strerror(errno));
		exit(1);
	}
	return fd;
}

/* Where a supervisor hears of it, the link ends a moment later. */
static void drop(int link)
{
	close(link);
	usleep(100000);
}

static int wrong;
static void is(const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return;
	printf("%s: got %llu, want %llu\n", what, (unsigned long long)got, (unsigned long long)want);
	wrong = 1;
}

struct results { uint64_t hits, cookies, entered, returned, right; };

int main(int argc, char **argv)
{
	struct bpf_object *o = bpf_object__open(argc > 1 ? argv[1] : "multi.o");
	void *fn[] = { one, two, three };
	uint64_t cookies[] = { 1, 100, 10000 };
	struct results r;
	int key = 0, map, link;
	long sum = 0;

	if (!o)
		return 1;
	bpf_program__set_expected_attach_type(bpf_object__find_program_by_name(o, "multi"), UPROBE_MULTI);
	bpf_program__set_expected_attach_type(bpf_object__find_program_by_name(o, "session"), UPROBE_SESSION);
	if (bpf_object__load(o))
		return 1;
	map = bpf_object__find_map_fd_by_name(o, "multi.bss");
	link = attach(o, "multi", UPROBE_MULTI, 0, fn, cookies, 3);
	for (long i = 0; i < 10; i++)
		sum += one(i) + two(i) + (i % 2 ? three(i) : 0);
	drop(link);
	sum += one(1);
	link = attach(o, "multi", UPROBE_MULTI, RETURNS, fn, cookies, 2);
	for (long i = 0; i < 10; i++)
		sum += one(i) + two(i);
	drop(link);
	link = attach(o, "session", UPROBE_SESSION, 0, fn, NULL, 2);
	for (long i = 0; i < 10; i++)
		sum += one(i) + two(i);
	drop(link);
	sum += one(1);
	if (bpf_map_lookup_elem(map, &key, &r))
		return 1;
	is("hits", r.hits, 45);
	is("sum of cookies", r.cookies, 10 + 1000 + 50000 + 10 + 1000);
	is("sessions entered", r.entered, 20);
	is("sessions left", r.returned, 10);
	is("with their cookie", r.right, 10);
	is("results", (uint64_t)sum, 661);
	return wrong;
}
