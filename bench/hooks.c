/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a hook costs the traced process, beside the running kernel's own hooks (as root, where bpf(2) is allowed).
 *
 * A child calls an empty function, or makes a cheap system call, in a loop, and says how long one took; the parent attaches a
 * program that adds to a counter, or (second row) to an element of a hash. Rounds are short and interleaved; the cost is the median of
 * differences between neighbours. With -s: skep's alone.
 */
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "hook/kit.h"
#include "stat.h"

#define ROUNDS 41
#define CALLS  50000
#define SLOW   5000 /* for what costs microseconds */

/* ---- the traced child ---- */
__attribute__((noinline)) static u64 probed(u64 x)
{
	__asm__ volatile("nopl 0(%%rax)" : "+r"(x));
	return x + 1;
}

static double now(void) { return stat_now(CLOCK_THREAD_CPUTIME_ID); }

struct order { u32 what, n; };
enum { FUNCTION, CALL };

static _Noreturn void child(int in, int out)
{
	struct order o;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(in, &o, sizeof(o)) == sizeof(o)) {
		double begin = now(), ns;

		for (u32 i = 0; i < o.n; i++)
			if (o.what == FUNCTION)
				probed(i);
			else
				getppid();
		ns = (now() - begin) / o.n;
		if (write(out, &ns, sizeof(ns)) != sizeof(ns))
			break;
	}
	_exit(0);
}

static int to_child, from_child;
static pid_t child_pid;

static void start_child(void)
{
	int in[2], out[2];

	if (pipe(in) || pipe(out))
		kit_fail("pipe");
	child_pid = fork();
	if (!child_pid)
		child(in[0], out[1]);
	to_child = in[1];
	from_child = out[0];
}

static double measure(u32 what, u32 n)
{
	struct order o = { what, n };
	double ns;

	if (write(to_child, &o, sizeof(o)) != sizeof(o) || read(from_child, &ns, sizeof(ns)) != sizeof(ns))
		kit_fail("the traced process is gone");
	return ns;
}

/* ---- skep's hooks ---- */
static struct map *counters;
static const char *self = "/proc/self/exe";
static u64 offset;

static u64 own_offset(void)
{
	unsigned long long start, off, end;
	u64 at = (u64)(uintptr_t)probed, ret = 0;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx-%llx %*s %llx", &start, &end, &off) == 3 && at >= start && at < end)
			ret = at - start + off;
	if (f)
		fclose(f);
	return ret;
}

struct hook { struct hook_place at; u32 slot; };

static struct hook skep_attach(u32 kind, u32 type, struct prog *p)
{
	struct hook h = { 0 };

	if (kind == HOOK_UPROBE || kind == HOOK_URETPROBE)
		h.at = kit_place(kind, self, offset);
	else
		h.at = (struct hook_place){ .kind = kind, .number = SYS_getppid, .name = "getppid", .pid = -1, .cpu = -1 };
	(void)type;
	h.slot = kit_attach_place(h.at, p, (struct hook_ref){ .pid = child_pid });
	return h;
}

/* Adds to an element of a hash, if that is there. */
#define HASH_COUNTER { STW(10, -4, 0), LDMAP(1, 0), MOV64(2, 10), ADDI(2, -4), CALL(BPF_FUNC_map_lookup_elem), JEQI(0, 0, 2), \
		       MOVI(1, 1), XADD(0, 0, 1), MOVI(0, 0), EXIT() }
enum { HASH_MAP_AT = 1 };

static struct prog *hash_counter(u32 type)
{
	struct bpf_insn insns[] = HASH_COUNTER;
	struct map *m = kit_map(BPF_MAP_TYPE_HASH, 64, 16);
	u32 key = 0;

	if (map_update(m, &key, (u8[64]){ 0 }, BPF_ANY))
		kit_fail("update");
	return kit_prog(type, insns, ARRAY_SIZE(insns), &m);
}

/* ---- the kernel's ---- */
static int kernel_why;

static int kernel_bpf(int cmd, union bpf_attr *a) { return (int)syscall(SYS_bpf, cmd, a, sizeof(*a)); }

static int kernel_map(u32 type, u32 n)
{
	u32 key = 0;
	u8 value[64] = { 0 };
	union bpf_attr a = { .map_type = type, .key_size = 4, .value_size = 64, .max_entries = n };
	int fd = kernel_bpf(BPF_MAP_CREATE, &a);

	a = (union bpf_attr){ .map_fd = (u32)fd, .key = (u64)(uintptr_t)&key, .value = (u64)(uintptr_t)value };
	kernel_bpf(BPF_MAP_UPDATE_ELEM, &a);
	return fd;
}

static int kernel_prog(u32 type, bool hash)
{
	struct bpf_insn array_counter[] = { LDVALUE(1, 0, 0), MOVI(2, 1), XADD(1, 0, 2), MOVI(0, 0), EXIT() };
	struct bpf_insn counter[] = HASH_COUNTER;
	static int maps[2] = { -1, -1 };
	union bpf_attr a;

	if (maps[hash] < 0)
		maps[hash] = kernel_map(hash ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY, hash ? 16 : 1);
	array_counter[0].imm = maps[0];
	counter[HASH_MAP_AT].imm = maps[1];
	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.insns = (u64)(uintptr_t)(hash ? counter : array_counter);
	a.insn_cnt = hash ? ARRAY_SIZE(counter) : ARRAY_SIZE(array_counter);
	a.license = (u64)(uintptr_t)"GPL";
	return kernel_bpf(BPF_PROG_LOAD, &a);
}

static int read_int(const char *path)
{
	FILE *f = fopen(path, "r");
	int v = -1;

	if (f && fscanf(f, "%d", &v) != 1)
		v = -1;
	if (f)
		fclose(f);
	return v;
}

/* A perf event of the kernel with the program on it: a descriptor to close, or -1. */
static int kernel_attach(u32 kind, bool hash)
{
	struct perf_event_attr a = { .size = sizeof(a), .sample_period = 1, .wakeup_events = 1 };
	bool function = kind == HOOK_UPROBE || kind == HOOK_URETPROBE;
	int prog = kernel_prog(function ? BPF_PROG_TYPE_KPROBE : BPF_PROG_TYPE_TRACEPOINT, hash), fd;

	if (function) {
		a.type = (u32)read_int("/sys/bus/event_source/devices/uprobe/type");
		a.config = kind == HOOK_URETPROBE;
		a.config1 = (u64)(uintptr_t)self;
		a.config2 = offset;
	} else {
		a.type = PERF_TYPE_TRACEPOINT;
		a.config = (__u64)read_int("/sys/kernel/tracing/events/syscalls/sys_enter_getppid/id");
	}
	fd = prog < 0 ? -1 : (int)syscall(SYS_perf_event_open, &a, child_pid, -1, -1, 0);
	if (fd >= 0 && (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		kernel_why = errno;
	if (prog >= 0)
		close(prog);
	return fd;
}

/* ---- rounds ---- */
struct row { const char *name; u32 kind, type, what; bool hash; double goal; };

static bool alone; /* skep's only */

static void run(const struct row *r, struct prog *p)
{
	double bare[ROUNDS], ours[ROUNDS], more[ROUNDS], theirs[ROUNDS], o, t;
	u32 n = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		struct hook h;
		int fd;

		bare[i] = measure(r->what, CALLS);
		h = skep_attach(r->kind, r->type, p);
		ours[i] = measure(r->what, CALLS);
		kit_detach(h.at, h.slot);
		more[i] = ours[i] - bare[i];
		fd = alone ? -1 : kernel_attach(r->kind, r->hash);
		if (fd >= 0) {
			theirs[n++] = measure(r->what, SLOW) - bare[i];
			close(fd);
		}
	}
	o = median(more, ROUNDS);
	printf("%-28s %8.1f %8.1f %8.1f", r->name, median(bare, ROUNDS), median(ours, ROUNDS), o);
	if (n) {
		t = median(theirs, n);
		printf(" %9.1f %7.0fx", t, t / (o > 0.1 ? o : 0.1));
	} else {
		printf(" %9s %8s", "-", "-");
	}
	if (r->goal)
		printf("   goal %.0f", r->goal);
	printf("\n");
}

int main(int argc, char **argv)
{
	static const struct row rows[] = {
		{ "uprobe", HOOK_UPROBE, BPF_PROG_TYPE_KPROBE, FUNCTION, false, 10 },
		{ "uprobe, hash", HOOK_UPROBE, BPF_PROG_TYPE_KPROBE, FUNCTION, true, 0 },
		{ "uretprobe", HOOK_URETPROBE, BPF_PROG_TYPE_KPROBE, FUNCTION, false, 30 },
		{ "tracepoint sys_enter_getppid", HOOK_SYS_ENTER, BPF_PROG_TYPE_TRACEPOINT, CALL, false, 15 },
	};
	char path[4096];
	ssize_t len = readlink(self, path, sizeof(path) - 1);
	struct str why = { 0 };

	alone = argc > 1 && !strcmp(argv[1], "-s");
	if (len <= 0)
		kit_fail("no /proc");
	path[len] = 0;
	self = path;
	offset = own_offset();
	start_child();
	kit_open();
	counters = kit_counters(BPF_MAP_TYPE_ARRAY);
	if (tracer_add(kit_tracer, child_pid, &why))
		kit_fail("%s", str_text(&why));
	printf("%-28s %8s %8s %8s %9s %8s\n", "ns per event, medians", "bare", "skep", "cost", "kernel", "ratio");
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		run(&rows[i], rows[i].hash ? hash_counter(rows[i].type) : kit_counter(rows[i].type, counters, 0));
	if (kernel_why)
		printf("the kernel's hooks are not to be had: %s\n", strerror(kernel_why));
	kit_close();
	kill(child_pid, SIGKILL);
	return 0;
}
