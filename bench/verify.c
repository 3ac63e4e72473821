/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify: what BPF_PROG_LOAD costs, skep and the running kernel side by side. Usage: verify [-r ROUNDS] [-s] OBJ...  (-s: skep alone)
 *
 * Each program is loaded alone, ROUNDS times by each side in turn, at the log level of statistics. Time is processor time of the call,
 * compilation included, the median. Memory is what the call made the process's memory control group grow at most, which
 * is the same question to both: the kernel accounts a verification to its caller. One group for each object, removed afterwards.
 * One line a program: object, program, verdict, instructions walked, ns of skep and of the kernel, KiB of skep and of the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tools/wrap.h"

#define LOG_SIZE (1u << 20)
#define MAX_ROUNDS 99

enum { SKEP, KERNEL };

static struct skep *skep;
static int side;
static char load_log[LOG_SIZE]; /* the load that is measured has this log */
static struct { int err; u64 ns, kib; bool seen; } load;

/* ---- memory ---- */

static char group[PATH_MAX];
static int usage_fd = -1, peak_fd = -1;

static bool write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX + 64];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) > 0;
	close(fd);
	return ok;
}

static int open_in_group(const char *name, int flags)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", group, name);
	return open(path, flags | O_CLOEXEC);
}

/* The directory of this process's memory group: of version 1 if it has one, else of version 2. */
static bool find_group(char *out, size_t size, bool *ret_v1)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX], *path;
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		path = strchr(line, ':') + 1;
		path = strchr(path, ':') + 1;
		*ret_v1 = strstr(line, ":memory:");
		if (!*ret_v1 && strncmp(line, "0::", 3))
			continue;
		snprintf(out, size, "/sys/fs/cgroup%s%s", *ret_v1 ? "/memory" : "", path);
		found = *ret_v1 || !access("/sys/fs/cgroup/cgroup.controllers", F_OK);
	}
	if (f)
		fclose(f);
	return found;
}

static void enter_group(void)
{
	char parent[PATH_MAX - 32];
	bool v1;

	if (!find_group(parent, sizeof(parent), &v1))
		return;
	if (!v1)
		write_file(parent, "cgroup.subtree_control", "+memory");
	snprintf(group, sizeof(group), "%s/verify-%d", parent, getpid());
	if (mkdir(group, 0755) || !write_file(group, "cgroup.procs", "0")) {
		rmdir(group);
		return;
	}
	usage_fd = open_in_group(v1 ? "memory.usage_in_bytes" : "memory.current", O_RDONLY);
	peak_fd = open_in_group(v1 ? "memory.max_usage_in_bytes" : "memory.peak", O_RDWR);
}

static u64 read_fd(int fd)
{
	char text[32] = "";

	return fd >= 0 && pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtoull(text, NULL, 10) : 0;
}

static u64 start_memory(void)
{
	/* version 1: the mark falls to what is used now; version 2: for this descriptor */
	if (peak_fd >= 0 && pwrite(peak_fd, "0", 1, 0) < 0)
		return 0;
	return read_fd(usage_fd);
}

/* ---- bpf(2), one way or the other ---- */

static long wrapped_bpf(long cmd, union bpf_attr *attr, long size)
{
	struct skep *to = side == KERNEL ? NULL : skep;
	u64 start, before, peak;
	long ret;

	if (cmd != BPF_PROG_LOAD || attr->log_buf != (u64)(uintptr_t)load_log)
		return bpf_of(to, cmd, attr, size);
	before = start_memory();
	start = thread_ns();
	ret = bpf_of(to, cmd, attr, size);
	load.ns = thread_ns() - start;
	load.err = ret < 0 ? errno : 0;
	peak = read_fd(peak_fd);
	load.kib = peak > before ? (peak - before) >> 10 : 0;
	load.seen = true;
	return ret;
}

/* ---- one program ---- */

static void load_once(const char *path, const char *name)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *p;
	struct bpf_map *map;

	load.seen = false;
	load_log[0] = '\0';
	if (!obj)
		return;
	bpf_object__for_each_program(p, obj)
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), name));
	bpf_object__for_each_map(map, obj)
		if (!bpf_map__max_entries(map))
			bpf_map__set_max_entries(map, 1);
	p = bpf_object__find_program_by_name(obj, name);
	bpf_program__set_log_level(p, 4);
	bpf_program__set_log_buf(p, load_log, sizeof(load_log));
	bpf_object__load(obj);
	bpf_object__close(obj);
}

static int by_size(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(u64 *v, u32 n)
{
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

static void measure(const char *path, const char *name, u32 rounds, bool alone)
{
	static u64 ns[2][MAX_ROUNDS], kib[2][MAX_ROUNDS];
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path, *text;
	unsigned long long walked = 0;
	int err[2] = { 0, 0 };

	/* one round more: the first is for what is done once */
	for (u32 i = 0; i <= rounds; i++)
		for (side = SKEP; side <= (alone ? SKEP : KERNEL); side++) {
			load_once(path, name);
			if (!load.seen || load.err == EPERM)
				return;
			err[side] = load.err;
			ns[side][i ? i - 1 : 0] = load.ns;
			kib[side][i ? i - 1 : 0] = load.kib;
			text = strstr(load_log, "processed ");
			if (side == SKEP && text)
				walked = strtoull(text + 10, NULL, 10);
		}
	printf("%.*s %s %s %llu %llu %llu %llu %llu\n", (int)strcspn(base, "."), base, name,
	       !alone && err[SKEP] != err[KERNEL] ? "differ" : err[SKEP] ? "refused" : "accepted", walked,
	       (unsigned long long)median(ns[SKEP], rounds), (unsigned long long)median(ns[KERNEL], rounds),
	       (unsigned long long)median(kib[SKEP], rounds), (unsigned long long)median(kib[KERNEL], rounds));
	fflush(stdout);
}

static void measure_object(const char *path, u32 rounds, bool alone)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *p;

	enter_group();
	if (obj)
		bpf_object__for_each_program(p, obj)
			if (bpf_program__type(p) != BPF_PROG_TYPE_UNSPEC)
				measure(path, bpf_program__name(p), rounds, alone);
	bpf_object__close(obj);
}

static void leave_group(pid_t pid)
{
	char parent[PATH_MAX - 32];
	bool v1;

	if (!find_group(parent, sizeof(parent), &v1))
		return;
	snprintf(group, sizeof(group), "%s/verify-%d", parent, pid);
	rmdir(group);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

int main(int argc, char **argv)
{
	struct skep_opts so = { .sz = sizeof(so) };
	u32 rounds = 5;
	bool alone = false;
	int opt, status, bad = 0;
	pid_t pid;

	while ((opt = getopt(argc, argv, "r:s")) != -1) {
		if (opt == 'r')
			rounds = (u32)MIN(MAX(atoi(optarg), 1), MAX_ROUNDS);
		else if (opt == 's')
			alone = true;
		else
			return 2;
	}
	libbpf_set_print(quiet);
	for (int i = optind; i < argc; i++) {
		pid = fork();
		if (!pid) {
			if (skep_new(&so, &skep))
				_exit(3);
			measure_object(argv[i], rounds, alone);
			exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			bad = 1;
		if (pid > 0)
			leave_group(pid);
	}
	return bad;
}
