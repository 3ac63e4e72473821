/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work for tasks beside the running kernel's: a program has a function run in the task that runs it. What scheduling answers, how
 * often the function ran when the test run is over, and as whom.
 */
#include "kit.h"

enum { ONCE, TWICE, AGAIN_WITHIN, WAYS }; /* AGAIN_WITHIN: the function schedules itself */
static const char *const way_name[WAYS] = { "once", "twice", "from the function" };
static const char *const names[] = { "bpf_task_work_schedule_signal_impl", "bpf_task_work_schedule_resume_impl" };

struct worked { u64 work, ran, tgid; };
static struct prog the_prog;
static s32 kfunc[2];

static int make_map(const struct backend *be)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = sizeof(struct worked);
	a.max_entries = 1;
	a.btf_fd = (u32)func_btf(be);
	a.btf_key_type_id = TYPE_INT;
	a.btf_value_type_id = TYPE_WORKED;
	return (int)be_bpf(be, BPF_MAP_CREATE, &a);
}

/* r0 = what scheduling answers; *ret_func is to be told where the function is. */
static void schedule(struct prog *p, int map, s32 fn, u32 *ret_func)
{
	CALL_HELPER(BPF_FUNC_get_current_task_btf);
	MOV_X(1, 0);
	emit(p, 0x18, 2, 2, 0, map);
	emit(p, 0, 0, 0, 0, 0);
	emit(p, 0x18, 3, 1, 0, map);
	emit(p, 0, 0, 0, 0, 0);
	*ret_func = p->n;
	imm64(p, 4, 4, 0);
	MOV_K(5, 0);
	emit(p, 0x85, 0, 2, 0, fn);
}

/* Returns 100 - the first answer - 1000 * the second. */
static void build(int map, s32 fn, u32 way)
{
	struct prog *p = &the_prog;
	u32 func[3] = { 0 }, n = 0, at;

	prog_start(p, BPF_PROG_TYPE_SYSCALL);
	p->flags = BPF_F_SLEEPABLE;
	func_start(p);
	MOV_K(7, 100);
	schedule(p, map, fn, &func[n++]);
	emit(p, 0x1f, 7, 0, 0, 0);
	if (way == TWICE) {
		schedule(p, map, fn, &func[n++]);
		emit(p, 0x27, 0, 0, 0, 1000);
		emit(p, 0x1f, 7, 0, 0, 0);
	}
	MOV_X(0, 7);
	EXIT();
	at = p->n;
	func_start(p);
	MOV_X(6, 3); /* the value */
	LD8(1, 6, 8);
	ADD_K(1, 1);
	STX8(6, 8, 1);
	CALL_HELPER(BPF_FUNC_get_current_pid_tgid);
	emit(p, 0x77, 0, 0, 0, 32);
	STX8(6, 16, 0);
	if (way == AGAIN_WITHIN) {
		schedule(p, map, fn, &func[n++]);
		emit(p, 0x67, 0, 0, 0, 32); /* beside the tgid */
		LD8(1, 6, 16);
		emit(p, 0x4f, 1, 0, 0, 0);
		STX8(6, 16, 1);
	}
	MOV_K(0, 0);
	EXIT();
	for (u32 i = 0; i < n; i++)
		p->insn[func[i]].imm = (s32)(at - func[i] - 1);
}

struct outcome { long load, run; u32 retval; struct worked w; };

static void go(const struct backend *be, s32 fn, u32 way, u32 times, struct outcome *o)
{
	u32 key = 0;
	int map = make_map(be), fd;

	memset(o, 0, sizeof(*o));
	build(map, fn, way);
	fd = (int)prog_load(be, &the_prog, NULL, 0);
	o->load = MIN(fd, 0);
	for (u32 i = 0; fd >= 0 && i < times; i++) {
		struct run r = { 0 };

		o->run = test_run(be, fd, &r);
		o->retval = r.retval;
	}
	if (map >= 0)
		map_op(be, BPF_MAP_LOOKUP_ELEM, map, &key, &o->w, 0);
	o->w.work = 0;
	if (fd >= 0)
		close(fd);
	close(map);
}

static void compare(u32 f, u32 way, u32 times)
{
	static struct outcome at[BACKENDS];
	char what[128];

	snprintf(what, sizeof(what), "%s %s, %u runs", names[f], way_name[way], times);
	kit_case(what);
	if (!kit_wanted(what))
		return;
	for (u32 b = 0; b < kit.nbe; b++)
		go(&kit.be[b], kfunc[f], way, times, &at[b]);
	kit.tally->accepted += !at[0].load;
	for (u32 b = 1; b < kit.nbe; b++) {
		if (!memcmp(&at[b], &at[0], sizeof(at[0]))) {
			kit_agree();
			continue;
		}
		kit_differ("%s: %s", what, kit.be[b].name);
		for (u32 i = 0; i <= b; i += b)
			printf("  %s: load %ld, run %ld, returned %d, ran %llu times, as %llx\n", kit.be[i].name, at[i].load, at[i].run,
			       (int)at[i].retval, (unsigned long long)at[i].w.ran, (unsigned long long)at[i].w.tgid);
	}
}

int main(int argc, char **argv)
{
	struct btf *kernel = btf__parse("/sys/kernel/btf/vmlinux", NULL);

	kit_start("task_work", argc, argv, 1, 1u << JIT | 1u << INTERP);
	for (u32 f = 0; f < 2; f++)
		kfunc[f] = kernel ? btf__find_by_name_kind(kernel, names[f], BTF_KIND_FUNC) : -1;
	btf__free(kernel);
	if (kfunc[0] <= 0 || kfunc[1] <= 0) {
		printf("task_work: this kernel does not have it\n0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	for (u32 f = 0; f < 2; f++)
		for (u32 way = 0; way < WAYS; way++)
			for (u32 times = 1; times <= 3; times++)
				compare(f, way, times);
	return kit_end();
}
