/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writable raw tracepoints beside the running kernel's: how far a program may reach into what the first argument points to, how many
 * arguments it may read, and bpf_test_finish, whose programs change the result of a test run.
 */
#include "kit.h"

static struct prog the_prog, packet_prog;

/* Reads `args` arguments; writes `size` bytes `off` bytes into the first (size 0: does not). */
static void make(u32 type, u32 args, u32 off, u32 size, s32 value)
{
	static const u8 st[] = { [1] = 0x72, [2] = 0x6a, [4] = 0x62, [8] = 0x7a };
	struct prog *p = &the_prog;

	prog_start(p, type);
	MOV_X(6, 1);
	if (args)
		LD8(1, 6, (s32)(args - 1) * 8);
	if (size) {
		LD8(1, 6, 0);
		if (off > 0x7000)
			ADD_K(1, (s32)off);
		emit(p, st[size], 1, 0, off > 0x7000 ? 0 : (s32)off, value);
	}
	MOV_K(0, 0);
	EXIT();
}

static long attach(const struct backend *be, int fd, const char *name)
{
	union bpf_attr a = { 0 };

	a.raw_tracepoint.name = ptr(name);
	a.raw_tracepoint.prog_fd = (u32)fd;
	return be_bpf(be, BPF_RAW_TRACEPOINT_OPEN, &a);
}

static long packet_run(const struct backend *be, u32 *ret)
{
	static const u8 frame[64];
	struct prog *p = &packet_prog;
	struct run r = { .data_in = frame, .data_size_in = sizeof(frame) };
	long fd, err;

	prog_start(p, BPF_PROG_TYPE_XDP);
	MOV_K(0, 2);
	EXIT();
	fd = prog_load(be, p, NULL, 0);
	err = fd < 0 ? fd : test_run(be, (int)fd, &r);
	if (fd >= 0)
		close((int)fd);
	*ret = r.retval;
	return err;
}

/* Load, attach, run a packet program meanwhile, and run by itself: what all of it answers. */
static void compare(const char *what, const char *name)
{
	static struct { long load, attach, packet, own; u32 ret; } at[BACKENDS];

	kit_case(what);
	if (!kit_wanted(what))
		return;
	for (u32 b = 0; b < kit.nbe; b++) {
		const struct backend *be = &kit.be[b];
		long fd = prog_load(be, &the_prog, NULL, 0), link = fd < 0 ? -1 : attach(be, (int)fd, name);
		u64 args[12] = { 0 };
		struct run r = { .ctx_in = args, .ctx_size_in = sizeof(args) };

		at[b].own = fd < 0 ? 0 : test_run(be, (int)fd, &r);
		at[b].packet = packet_run(be, &at[b].ret);
		at[b].load = MIN(fd, 0l);
		at[b].attach = MIN(link, 0l);
		if (link >= 0)
			close((int)link);
		if (fd >= 0)
			close((int)fd);
	}
	kit.tally->accepted += !at[0].load;
	for (u32 b = 1; b < kit.nbe; b++) {
		if (at[b].attach == -EOPNOTSUPP && !at[0].attach) {
			kit.tally->skipped++; /* nobody makes these events here */
			continue;
		}
		if (!memcmp(&at[b], &at[0], sizeof(at[0]))) {
			kit_agree();
			continue;
		}
		kit_differ("%s: %s", what, kit.be[b].name);
		for (u32 i = 0; i <= b; i += b)
			printf("  %s: load %ld, attach %ld, packet %ld (returned %u), its own run %ld\n", kit.be[i].name, at[i].load,
			       at[i].attach, at[i].packet, at[i].ret, at[i].own);
	}
}

/* What `skep run` does beyond Linux: the program gets memory of its own, and does not run when that is too small for it. */
static void runs_beyond(void)
{
	static const struct { u32 off; long want; } cases[] = { { 0, 0 }, { 65532, 0 }, { 65533, -E2BIG }, { 0x4000000, -E2BIG } };
	struct skep_opts opts = { .sz = sizeof(opts), .flags = SKEP_F_RUN_ANY };
	struct backend be = { .name = "skep" };
	u64 args[12] = { 0 };

	if (kit.self || skep_new(&opts, &be.s))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run r = { .ctx_in = args, .ctx_size_in = sizeof(args) };
		long fd, got;

		make(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0, cases[i].off, 4, 1);
		fd = prog_load(&be, &the_prog, NULL, 0);
		got = fd < 0 ? fd : test_run(&be, (int)fd, &r);
		if (got == cases[i].want)
			kit_agree();
		else
			kit_differ("a run that reaches %u bytes far: %s, not %s", cases[i].off, err_name(got), err_name(cases[i].want));
		if (fd >= 0)
			close((int)fd);
	}
	skep_free(be.s);
}

int main(int argc, char **argv)
{
	static const u32 types[] = { BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE };
	static const char *const names[] = { "bpf_test_finish", "sys_enter", "sched_process_fork", "no_such_tracepoint" };
	static const u32 sizes[] = { 0, 1, 2, 4, 8 };
	static const u32 offs[] = { 0, 1, 2, 3, 4, 32000, 0x4000000, 0x20000000 };
	char what[128];

	kit_start("writable", argc, argv, 1, 1u << JIT | 1u << INTERP);
	for (u32 n = 0; n < ARRAY_SIZE(names); n++)
		for (u32 t = 0; t < ARRAY_SIZE(types); t++) {
			for (u32 args = 0; args <= 13; args++) {
				make(types[t], args, 0, 0, 0);
				snprintf(what, sizeof(what), "%s, type %u, %u arguments", names[n], types[t], args);
				compare(what, names[n]);
			}
			for (u32 s = 1; s < ARRAY_SIZE(sizes); s++)
				for (u32 o = 0; o < ARRAY_SIZE(offs); o++) {
					make(types[t], 0, offs[o], sizes[s], n ? 0 : -77);
					snprintf(what, sizeof(what), "%s, type %u, %u bytes written at %u", names[n], types[t], sizes[s], offs[o]);
					compare(what, names[n]);
				}
		}
	runs_beyond();
	return kit_end();
}
