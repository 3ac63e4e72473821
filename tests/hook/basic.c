/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of a running process: calls and returns are counted exactly, and the process computes what it did. */
#include "hook/kit.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "patch/patch.h"
#include "unit/test.h"

struct target { pid_t pid; FILE *in, *out; const char *path; };

static struct target start_with(const char *path, const char *threads, const char *calls, const char *more)
{
	int to[2], from[2];
	struct target t = { .path = path };
	char line[64];

	if (pipe(to) || pipe(from))
		kit_fail("pipe");
	t.pid = fork();
	if (!t.pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execl(path, path, threads, calls, more, NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	t.in = fdopen(to[1], "w");
	t.out = fdopen(from[0], "r");
	if (!fgets(line, sizeof(line), t.out))
		kit_fail("%s does not start", path);
	return t;
}

static struct target start(const char *path, const char *threads, const char *calls)
{
	return start_with(path, threads, calls, NULL);
}

static void go(struct target *t)
{
	fputs("go\n", t->in);
	fflush(t->in);
}

static int finish(struct target *t)
{
	char line[64] = "";
	int st;

	if (!fgets(line, sizeof(line), t->out))
		line[0] = 0;
	waitpid(t->pid, &st, 0);
	if (st || strcmp(line, "ok\n"))
		printf("#   it says \"%.*s\"; %s ended with %s %d\n", (int)strcspn(line, "\n"), line, t->path, WIFSIGNALED(st) ? "signal" : "status", WIFSIGNALED(st) ? WTERMSIG(st) : WEXITSTATUS(st));
	fclose(t->in);
	fclose(t->out);
	return strcmp(line, "ok\n") || !WIFEXITED(st) || WEXITSTATUS(st);
}

static u64 offset_of(const char *path, const char *name)
{
	char cmd[512];
	unsigned long long v = 0;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "nm %s | awk '$3 == \"%s\" { print $1 }'", path, name);
	f = popen(cmd, "r");
	if (!f || fscanf(f, "%llx", &v) != 1)
		kit_fail("%s has no %s", path, name);
	pclose(f);
	return v >= 0x400000 ? v - 0x400000 : v;
}

static const char *target_path(void) { return getenv("TARGET") ? getenv("TARGET") : "target"; }

TEST(calls_are_counted)
{
	struct target t = start(target_path(), "4", "100000");
	struct map *m = kit_counters(BPF_MAP_TYPE_ARRAY);
	struct hook_place at = kit_place(HOOK_UPROBE, t.path, offset_of(t.path, "work"));
	struct prog *p = kit_counter(BPF_PROG_TYPE_KPROBE, m, 1);
	struct str why = { 0 };
	u32 slot;

	CHECK_EQ(tracer_add(kit_tracer, t.pid, &why), 0);
	slot = kit_attach_place(at, p, (struct hook_ref){ .pid = -1 });
	go(&t);
	CHECK_EQ(finish(&t), 0);
	CHECK_EQ(kit_count(m, 1), 400000);
	kit_detach(at, slot);
}

static u64 second_instruction(const char *path, u64 off)
{
	FILE *f = fopen(path, "re");
	struct patch_insn in;
	u8 code[16];

	if (!f || fseek(f, (long)off, SEEK_SET) || fread(code, 1, sizeof(code), f) != sizeof(code) ||
	    patch_decode(code, sizeof(code), &in))
		kit_fail("%s cannot be read", path);
	fclose(f);
	return off + in.len;
}

/* One jump covers both: the second's event is in the first's trampoline, whichever comes first and goes first. */
TEST(probes_side_by_side_are_counted)
{
	for (u32 order = 0; order < 4; order++) {
		struct target t = start(target_path(), "2", "100000");
		u64 off = offset_of(t.path, "work");
		struct map *m = kit_counters(BPF_MAP_TYPE_ARRAY);
		struct hook_place at[2] = { kit_place(HOOK_UPROBE, t.path, off),
					    kit_place(HOOK_UPROBE, t.path, second_instruction(t.path, off)) };
		u32 slot[2], first = order & 1, gone = order >> 1;

		CHECK_EQ(tracer_add(kit_tracer, t.pid, NULL), 0);
		for (u32 i = 0; i < 2; i++)
			slot[i ^ first] = kit_attach_place(at[i ^ first], kit_counter(BPF_PROG_TYPE_KPROBE, m, i ^ first),
							   (struct hook_ref){ .pid = -1 });
		if (order == 3) { /* one alone, and both again */
			kit_detach(at[0], slot[0]);
			slot[0] = kit_attach_place(at[0], kit_counter(BPF_PROG_TYPE_KPROBE, m, 0), (struct hook_ref){ .pid = -1 });
		}
		go(&t);
		CHECK_EQ(finish(&t), 0);
		CHECK_EQ(kit_count(m, 0), 200000);
		CHECK_EQ(kit_count(m, 1), 200000);
		for (u32 i = 0; i < 2; i++)
			kit_detach(at[i ^ gone], slot[i ^ gone]);
	}
}

TEST(returns_are_counted)
{
	struct target t = start(target_path(), "4", "100000");
	struct map *m = kit_counters(BPF_MAP_TYPE_ARRAY);
	struct hook_place at[3] = { kit_place(HOOK_URETPROBE, t.path, offset_of(t.path, "work")),
				    kit_place(HOOK_URETPROBE, t.path, offset_of(t.path, "recurse")),
				    kit_place(HOOK_URETPROBE, t.path, offset_of(t.path, "leaves")) };
	u32 slot[3];

	CHECK_EQ(tracer_add(kit_tracer, t.pid, NULL), 0);
	for (u32 i = 0; i < 3; i++)
		slot[i] = kit_attach_place(at[i], kit_counter(BPF_PROG_TYPE_KPROBE, m, i), (struct hook_ref){ .pid = -1 });
	go(&t);
	CHECK_EQ(finish(&t), 0);
	CHECK_EQ(kit_count(m, 0), 400000);
	CHECK_EQ(kit_count(m, 1), 4 * 6250 * 11);
	CHECK_EQ(kit_count(m, 2), 0); /* left by longjmp */
	for (u32 i = 0; i < 3; i++)
		kit_detach(at[i], slot[i]);
}

/* Element 0: calls of getppid; 1: returns of it; 2, 3: of any call. */
TEST(system_calls_are_counted)
{
	struct target t = start(target_path(), "4", "256000");
	struct map *m = kit_counters(BPF_MAP_TYPE_ARRAY);
	const struct hook_place at[4] = {
		{ .kind = HOOK_SYS_ENTER, .number = SYS_getppid, .name = "getppid", .pid = -1, .cpu = -1 },
		{ .kind = HOOK_SYS_EXIT, .number = SYS_getppid, .name = "getppid", .pid = -1, .cpu = -1 },
		{ .kind = HOOK_RAW_ENTER, .pid = -1, .cpu = -1 }, { .kind = HOOK_RAW_EXIT, .pid = -1, .cpu = -1 },
	};
	u32 slot[4];

	CHECK_EQ(tracer_add(kit_tracer, t.pid, NULL), 0);
	for (u32 i = 0; i < 4; i++)
		slot[i] = kit_attach_place(at[i], kit_counter(BPF_PROG_TYPE_TRACEPOINT, m, i),
					   (struct hook_ref){ .pid = i % 2 ? t.pid : -1 });
	go(&t);
	CHECK_EQ(finish(&t), 0);
	CHECK_EQ(kit_count(m, 0), 4000);
	CHECK_EQ(kit_count(m, 1), 4000);
	CHECK(kit_count(m, 2) > 4000 + 3 * 4);
	/* exit_group and the threads' exit do not return; one call was under way */
	if (kit_count(m, 2) - kit_count(m, 3) > 5)
		printf("#   %llu entries, %llu exits\n", (unsigned long long)kit_count(m, 2), (unsigned long long)kit_count(m, 3));
	CHECK(kit_count(m, 2) - kit_count(m, 3) <= 5);
	for (u32 i = 0; i < 4; i++)
		kit_detach(at[i], slot[i]);
}

/* Six ways of coming to code that no file has, and the program that it executes. */
TEST(calls_of_jitted_code_are_counted)
{
	const char *path = getenv("JITTED");
	struct target t;
	struct map *m;
	const struct hook_place at[2] = {
		{ .kind = HOOK_SYS_ENTER, .number = SYS_getppid, .name = "getppid", .pid = -1, .cpu = -1 },
		{ .kind = HOOK_SYS_EXIT, .number = SYS_getppid, .name = "getppid", .pid = -1, .cpu = -1 },
	};
	u32 slot[2];

	if (!path)
		SKIP("JITTED is not set");
	t = start(path, "500", "go");
	m = kit_counters(BPF_MAP_TYPE_ARRAY);
	tracer_net(kit_tracer, true);
	CHECK_EQ(tracer_add(kit_tracer, t.pid, NULL), 0);
	for (u32 i = 0; i < 2; i++)
		slot[i] = kit_attach_place(at[i], kit_counter(BPF_PROG_TYPE_TRACEPOINT, m, i), (struct hook_ref){ .pid = -1 });
	go(&t);
	CHECK_EQ(finish(&t), 0);
	/* each asks libc for it once, before */
	CHECK_EQ(kit_count(m, 0), 7 * (500 + 1));
	CHECK_EQ(kit_count(m, 1), kit_count(m, 0));
	for (u32 i = 0; i < 2; i++)
		kit_detach(at[i], slot[i]);
	tracer_net(kit_tracer, false);
}

/* On and off, with a thread that waits in a call and others that make them all the time. */
TEST(the_net_comes_and_goes)
{
	const struct hook_place at = { .kind = HOOK_RAW_EXIT, .pid = -1, .cpu = -1 };
	const char *path = getenv("JITTED");
	int n = getenv("N") ? atoi(getenv("N")) : 50;
	struct target t;
	struct map *m;
	struct prog *p;

	if (!path)
		SKIP("JITTED is not set");
	t = start(path, "20000", "go");
	m = kit_counters(BPF_MAP_TYPE_ARRAY);
	p = kit_counter(BPF_PROG_TYPE_TRACEPOINT, m, 0);
	tracer_net(kit_tracer, true);
	CHECK_EQ(tracer_add(kit_tracer, t.pid, NULL), 0);
	go(&t);
	for (int i = 0; i < n && !kill(t.pid, 0); i++) {
		u32 slot = kit_attach_place(at, p, (struct hook_ref){ .pid = -1 });

		usleep(2000);
		kit_detach(at, slot);
	}
	CHECK_EQ(finish(&t), 0);
	tracer_net(kit_tracer, false);
}

/* Attach and detach N times while it runs: nothing is computed wrongly, and in the end nothing of ours is there. */
static void come_and_go(struct target t)
{
	struct map *m = kit_counters(BPF_MAP_TYPE_ARRAY);
	struct hook_place at = kit_place(HOOK_UPROBE, t.path, offset_of(t.path, "work"));
	struct hook_place ret = kit_place(HOOK_URETPROBE, t.path, offset_of(t.path, "recurse"));
	struct prog *p = kit_counter(BPF_PROG_TYPE_KPROBE, m, 1), *q = kit_counter(BPF_PROG_TYPE_KPROBE, m, 2);
	int n = getenv("N") ? atoi(getenv("N")) : 50;
	struct tracer_stats before, st;

	tracer_stats(kit_tracer, &before);
	CHECK_EQ(tracer_add(kit_tracer, t.pid, NULL), 0);
	go(&t);
	for (int i = 0; i < n && !kill(t.pid, 0); i++) {
		u32 a = kit_attach_place(at, p, (struct hook_ref){ .pid = -1 });
		u32 b = kit_attach_place(ret, q, (struct hook_ref){ .pid = -1 });

		usleep(500);
		kit_detach(ret, b);
		kit_detach(at, a);
	}
	go(&t);
	tracer_stats(kit_tracer, &st);
	st.stops -= before.stops;
	st.stop_ns -= before.stop_ns;
	printf("#   %llu stops, mean %llu us, longest %llu us, %llu hits\n", (unsigned long long)st.stops,
	       (unsigned long long)(st.stops ? st.stop_ns / st.stops / 1000 : 0), (unsigned long long)st.longest_ns / 1000,
	       (unsigned long long)kit_count(m, 1));
	CHECK_EQ(finish(&t), 0);
	CHECK(kit_count(m, 1) > 0);
	tracer_del(kit_tracer, t.pid);
}

TEST(comes_and_goes) { come_and_go(start(target_path(), "4", "0")); }

/* Most threads are in a signal handler then, which returns to code that was changed or has gone. */
TEST(comes_and_goes_below_handlers) { come_and_go(start_with(target_path(), "4", "0", "signals")); }

/* The supervisor is killed while its programs run in the process: that goes on as if nothing had been. */
TEST(attach_and_die)
{
	const char *path = getenv("VICTIM_PATH");
	pid_t pid = getenv("VICTIM") ? atoi(getenv("VICTIM")) : 0;
	struct map *m;

	if (!pid || !path)
		SKIP("run by survives");
	m = kit_counters(BPF_MAP_TYPE_ARRAY);
	CHECK_EQ(tracer_add(kit_tracer, pid, NULL), 0);
	kit_attach_place(kit_place(HOOK_URETPROBE, path, offset_of(path, "work")), kit_counter(BPF_PROG_TYPE_KPROBE, m, 0),
			 (struct hook_ref){ .pid = -1 });
	kit_attach_place((struct hook_place){ .kind = HOOK_RAW_EXIT, .pid = -1, .cpu = -1 },
			 kit_counter(BPF_PROG_TYPE_TRACEPOINT, m, 1), (struct hook_ref){ .pid = -1 });
	usleep(20000);
	kill(getpid(), SIGKILL);
}

TEST(survives)
{
	struct target t = start(target_path(), "4", "0");
	pid_t killed;
	char pid[16];
	int st;

	go(&t);
	killed = fork();
	if (!killed) {
		snprintf(pid, sizeof(pid), "%d", t.pid);
		setenv("VICTIM", pid, 1);
		setenv("VICTIM_PATH", t.path, 1);
		execl("/proc/self/exe", "basic", "attach_and_die", NULL);
		_exit(127);
	}
	waitpid(killed, &st, 0);
	CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
	usleep(20000);
	go(&t);
	CHECK_EQ(finish(&t), 0);
}

/* At any moment: while it stops threads, has them do calls, writes code, runs. MOMENTS: how many are tried. */
TEST(survives_any_moment)
{
	int n = getenv("MOMENTS") ? atoi(getenv("MOMENTS")) : 4, bad = 0;

	srand((unsigned)getpid());
	for (int i = 0; i < n; i++) {
		struct target t = start(target_path(), "4", "0");
		char pid[16];
		pid_t child;

		go(&t);
		child = fork();
		if (!child) {
			snprintf(pid, sizeof(pid), "%d", t.pid);
			setenv("VICTIM", pid, 1);
			setenv("VICTIM_PATH", t.path, 1);
			execl("/proc/self/exe", "basic", "attach_and_die", NULL);
			_exit(127);
		}
		usleep((useconds_t)(rand() % 250000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		usleep(5000);
		go(&t);
		bad += finish(&t) != 0;
	}
	CHECK_EQ(bad, 0);
}

__attribute__((constructor(101))) static void open_kit(void)
{
	signal(SIGPIPE, SIG_IGN);
	kit_open();
}
