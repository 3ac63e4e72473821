/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading through libbpf. Its bpf(2) calls arrive at __wrap_syscall (the linker's --wrap) and go to skep or to the kernel,
 * as load_on() says: the same path for both.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "box/live.h"
#include "cli/cli.h"
#include "cli/load_fit.h"

static struct skep *cli_skep;
static enum target current = ON_SKEP;
static char messages[4096];

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* As the C library's: six words are taken, however many were passed. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list ap;
	int ret;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_bpf && a[0] == BPF_PROG_LOAD)
		fit_prog_load((union bpf_attr *)(uintptr_t)a[1]);
	if (number == SYS_bpf && a[0] == BPF_MAP_CREATE)
		fit_map_create((union bpf_attr *)(uintptr_t)a[1]);
	if ((number != SYS_bpf && number != SYS_perf_event_open) || current == ON_KERNEL) {
		long r = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (number == SYS_bpf)
			fit_called((u32)a[0], (const union bpf_attr *)(uintptr_t)a[1], r, r < 0 ? strerror(errno) : "");
		return r;
	}
	if (number == SYS_perf_event_open)
		ret = skep_perf_event_open_in(cli_skep, (void *)(uintptr_t)a[0], (int)a[1], (int)a[2], (int)a[3],
					      (unsigned long)a[4]);
	else
		ret = skep_bpf_in(cli_skep, (int)a[0], (union bpf_attr *)(uintptr_t)a[1], (unsigned)a[2]);
	if (number == SYS_bpf)
		fit_called((u32)a[0], (const union bpf_attr *)(uintptr_t)a[1], ret, ret < 0 ? skep_reason() : "");
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* libbpf pins only where bpffs is mounted; skep's pins are wherever the path leads, /sys/fs/bpf included. */
int __real_statfs64(const char *path, struct statfs64 *st);
int __wrap_statfs64(const char *path, struct statfs64 *st);

int __wrap_statfs64(const char *path, struct statfs64 *st)
{
	if (current == ON_KERNEL)
		return __real_statfs64(path, st);
	*st = (struct statfs64){ .f_type = (__fsword_t)0xcafe4a11 };
	return 0;
}

/* libbpf asks whether there are kprobes at all, and so how system calls' functions are called: skep has them on kernels without. */
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	bool ours = current != ON_KERNEL && !strcmp(path, "/sys/bus/event_source/devices/kprobe/type");
	FILE *f = ours ? tmpfile() : __real_fopen64(path, mode);

	if (ours && f) {
		fprintf(f, "%u\n", live_kprobe_type());
		rewind(f);
	}
	return f;
}

void load_on(enum target t)
{
	current = t;
}

enum target load_target(void)
{
	return current;
}

struct skep *load_skep(void)
{
	return cli_skep;
}

/* libbpf's words are kept for our one line; only its warnings matter. */
static int keep_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	size_t used = strlen(messages);
	char line[1024];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	if (strncmp(line, "libbpf: -- BEGIN", 16) && !strstr(line, "Retrying without BTF") &&
	    used + strlen(line) + 1 < sizeof(messages))
		strcat(messages, line);
	return 0;
}

const char *load_messages(void)
{
	return messages;
}

/*
 * Kernel types for libbpf's CO-RE: the file asked for; nothing when the running kernel's can be read (libbpf finds it); else
 * skep's own, as an anonymous file. "skep" asks for those.
 */
static const char *core_btf(const char *file)
{
	static char path[40];
	uint32_t size;
	void *data;
	int fd;

	if (file ? strcmp(file, "skep") != 0 : !access("/sys/kernel/btf/vmlinux", R_OK))
		return file;
	if (*path)
		return path;
	if (skep_own_btf(&data, &size))
		return NULL;
	fd = memfd_create("skep-btf", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, data, size) == (ssize_t)size)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	free(data);
	return *path ? path : NULL;
}

bool cli_caps(const char *list, u32 *ret)
{
	static const struct { const char *name; u32 bits; } known[] = {
		{ "none", 0 }, { "bpf", SKEP_CAP_BPF }, { "perfmon", SKEP_CAP_PERFMON }, { "net_admin", SKEP_CAP_NET_ADMIN },
		{ "sys_admin", SKEP_CAP_SYS_ADMIN }, { "all", SKEP_CAP_ALL },
	};
	u32 bits = 0;

	while (*list) {
		const char *word = !strncasecmp(list, "cap_", 4) ? list + 4 : list;
		size_t n = strcspn(word, ","), i;

		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (strlen(known[i].name) == n && !strncasecmp(word, known[i].name, n))
				break;
		if (i == ARRAY_SIZE(known))
			return false;
		bits |= known[i].bits;
		list = word + n + (word[n] == ',');
	}
	*ret = bits;
	return true;
}

/* Pins live as long as this process: others that look at the same object at the same time must not meet them. */
static const char *own_pins(void)
{
	static char dir[64];

	if (getenv("SKEP_PIN_DIR"))
		return NULL;
	snprintf(dir, sizeof(dir), "/tmp/skep-%u-%d", (unsigned)getuid(), (int)getpid());
	return dir;
}

int load_setup(const struct load_opts *o)
{
	/* What the user of the command may do to a subsystem of his own is everything, unless he asks how others fare. */
	struct skep_opts so = { .sz = sizeof(so), .caps_set = 1, .engine = o->engine, .run_budget = o->budget_ms * 1000000,
				.harden = o->harden, .spectre = o->spectre,
				.flags = SKEP_F_RUN_ANY | (o->caps ? SKEP_F_UNPRIV_ALLOWED : 0),
				.report = SKEP_REPORT_KEEP, .pin_dir = own_pins() };
	int err;

	so.caps = SKEP_CAP_ALL;
	if (o->caps && !cli_caps(o->caps, &so.caps))
		return cli_error(EX_USAGE_, "--caps takes a list of bpf, perfmon, net_admin, sys_admin, or all, or none");
	if (o->type && !fit_type(o->type))
		return cli_error(EX_USAGE_, "--type takes a program type (skep progtypes), as in sched_cls or "
				 "cgroup_sock_addr:cgroup_inet4_connect, not \"%s\"", o->type);
	libbpf_set_print(keep_message);
	so.btf_file = core_btf(o->btf_file);
	err = skep_new(&so, &cli_skep);
	if (err && o->btf_file)
		return cli_error(EX_BAD_INPUT, "%s: cannot be used as kernel BTF: %s", o->btf_file, strerror(-err));
	return err ? cli_error(EX_INTERNAL, "cannot start: %s", strerror(-err)) : 0;
}

int cli_trust(const char *path, int code)
{
	static char cert[1 << 16];
	FILE *f = fopen(path, "re");
	size_t n;
	int err;

	if (!f)
		return cli_error(code, "%s: %s", path, strerror(errno));
	n = fread(cert, 1, sizeof(cert), f);
	fclose(f);
	err = skep_trust(cert, n);
	return err ? cli_error(code, "%s: %s", path, err == -ENOPKG ? "signatures need OpenSSL 3 (libcrypto.so.3)" :
			       "is no certificate (PEM or DER)") : 0;
}

bool kernel_allowed(void)
{
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2,
				.insns = (u64)(uintptr_t)insns, .license = (u64)(uintptr_t)"GPL" };
	long fd = __real_syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr), 0, 0, 0);

	if (fd < 0)
		return false;
	close((int)fd);
	return true;
}

/* The first of libbpf's messages that says something about the file. */
static void first_message(char *out, size_t n)
{
	const char *p = strstr(messages, "libbpf: ");
	size_t len;

	p = p ? p + 8 : messages;
	if (!strncmp(p, "elf: ", 5))
		p += 5;
	len = strcspn(p, "\n");
	snprintf(out, n, "%.*s", (int)len, p);
}

int load_readable(const char *path)
{
	struct stat st;

	if (access(path, R_OK) || stat(path, &st))
		return cli_error(EX_BAD_INPUT, "%s: %s", path, strerror(errno));
	return S_ISDIR(st.st_mode) ? cli_error(EX_BAD_INPUT, "%s: is a directory: name a file in it", path) : 0;
}

const char *load_not_object(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	Elf64_Ehdr h = { .e_type = ET_NONE };
	ssize_t n = fd < 0 ? 0 : pread(fd, &h, sizeof(h), 0);

	if (fd >= 0)
		close(fd);
	if (n < (ssize_t)sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG))
		return "it is no ELF file; clang -target bpf -g -O2 -c makes objects";
	if (h.e_ident[EI_DATA] != ELFDATA2LSB && (h.e_machine == EM_BPF || h.e_machine == EM_BPF << 8))
		return "it is big-endian; skep is little-endian only";
	if ((h.e_machine && h.e_machine != EM_BPF) || h.e_type != ET_REL)
		return "it is code for another processor; clang -target bpf -g -O2 -c makes objects";
	return NULL;
}

struct bpf_object *load_open(const char *path, const char *btf_file, int *ret_code)
{
	struct bpf_object *obj;
	char why[512];

	messages[0] = '\0';
	*ret_code = load_readable(path);
	if (*ret_code)
		return NULL;
	if (load_not_object(path)) {
		*ret_code = cli_error(EX_BAD_INPUT, "%s: not a BPF object: %s", path, load_not_object(path));
		return NULL;
	}
	obj = fit_open(path, core_btf(btf_file));
	if (!obj) {
		first_message(why, sizeof(why));
		*ret_code = cli_error(EX_BAD_INPUT, "%s: not a BPF object that can be loaded: %s", path,
				      *fit_unsound() ? fit_unsound() : *why ? why : strerror(errno));
		return NULL;
	}
	if (!bpf_object__next_program(obj, NULL)) {
		load_close(obj);
		*ret_code = cli_error(EX_BAD_INPUT, "%s: has no programs (functions in a section like SEC(\"xdp\"))", path);
		return NULL;
	}
	return obj;
}

struct bpf_program *load_pick(struct bpf_object *obj, const char *name)
{
	struct bpf_program *p, *hit = NULL;
	char list[512] = "";
	u32 n = 0;

	bpf_object__for_each_program(p, obj) {
		n++;
		if (name && (!strcmp(bpf_program__name(p), name) || !strcmp(bpf_program__section_name(p), name)))
			return p;
		if (strlen(list) + strlen(bpf_program__name(p)) + 3 < sizeof(list)) {
			strcat(list, *list ? ", " : "");
			strcat(list, bpf_program__name(p));
		}
		hit = p;
	}
	if (!name && n == 1)
		return hit;
	if (name)
		cli_error(EX_USAGE_, "no program \"%s\" in the object; it has: %s", name, list);
	else
		cli_error(EX_USAGE_, "the object has %u programs; choose one with -p: %s", n, list);
	return NULL;
}

/* ---- the verifier's log ---- */
static void copy_line(char *dst, size_t n, const char *from, const char *to)
{
	size_t len = (size_t)(to - from);

	if (len >= n)
		len = n - 1;
	memcpy(dst, from, len);
	dst[len] = '\0';
}

static bool is_statistics(const char *l)
{
	return !strncmp(l, "processed ", 10) || !strncmp(l, "verification time", 17) || !strncmp(l, "stack depth", 11) ||
	       !strncmp(l, "mark_read", 9);
}

/* "12: (b7) r0 = 0" or "R1=ctx()...": not what a rejection looks like. */
static bool is_step(const char *l)
{
	size_t n = strspn(l, "0123456789");

	return (n && l[n] == ':') || !strncmp(l, "from ", 5) || !*l;
}

/* One line of statistics. It is copied: sscanf() looks for the end of all the text, and logs have millions of lines. */
static void read_statistics(const char *l, const char *end, struct log_facts *f)
{
	unsigned long long a = 0, b = 0;
	char line[256];

	copy_line(line, sizeof(line), l, end);
	if (sscanf(line, "processed %llu insns (limit %*u) max_states_per_insn %*u total_states %llu", &a, &b) >= 1) {
		f->insns = a;
		f->states = b;
	} else if (sscanf(line, "verification time %llu usec", &a) == 1) {
		f->time_us = a;
	} else if (!strncmp(line, "stack depth ", 12)) {
		f->stack = (u32)strtoul(line + 12, NULL, 10);
	}
}

void log_read(const char *log, struct log_facts *f)
{
	const char *p = log;

	memset(f, 0, sizeof(*f));
	while (p && *p) {
		const char *end = p + strcspn(p, "\n");

		if (is_statistics(p))
			read_statistics(p, end, f);
		else if (p[0] == ';')
			copy_line(f->source, sizeof(f->source), p + 2, end);
		else if (!is_step(p))
			copy_line(f->line, sizeof(f->line), p, end);
		p = *end ? end + 1 : end;
	}
}
