/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random structured programs: the verdicts must agree, and where both accept, so must result, packet, context and maps.
 *
 * A part of the programs is mutated by one field of one instruction: those are only judged, never run. A part is judged
 * for callers without CAP_PERFMON, for whom Linux is stricter, and where the system lets them, for callers without any capability.
 * A difference is reduced to the instructions that matter before it is shown. Mind that Linux accepts a few unsafe programs: what
 * skep alone refuses may be right. What is understood is a row of classes.def. The work is done by -j children, who may die.
 */
#include <sched.h>
#include <time.h>

#include "knobs/knobs.h"
#include "reduce.h"

struct input {
	u8 array[ARRAY_BYTES];
	u8 ctx[SYSCALL_CTX];
	u8 packet[128];
	u32 packet_len;
};

static void draw_input(struct input *in)
{
	for (u32 i = 0; i < ARRAY_BYTES; i += 8) {
		u64 v = chance(60) ? PICK(edges) : rnd();

		memcpy(in->array + i, &v, 8);
		v = chance(60) ? PICK(edges) : rnd();
		memcpy(in->ctx + i, &v, 8);
	}
	for (u32 i = 0; i < sizeof(in->packet); i++)
		in->packet[i] = (u8)rnd();
	/* Ethernet with IPv4 or IPv6, as the skb test run wants it. */
	memcpy(in->packet + 12, chance(50) ? "\x08\x00\x45" : "\x86\xdd\x60", 3);
	in->packet_len = 34 + below(sizeof(in->packet) - 33);
}

struct output {
	long err;
	u32 retval, packet_len;
	u8 array[ARRAY_BYTES];
	u8 ctx[SYSCALL_CTX];
	u8 packet[512];
	u8 hash[8][HASH_KEY + HASH_VALUE];
	u32 entries;
};

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, HASH_KEY + HASH_VALUE);
}

static void read_hash(u32 b, struct output *o)
{
	u8 key[HASH_KEY];
	union bpf_attr a;

	for (o->entries = 0; o->entries < 8; o->entries++) {
		u8 *e = o->hash[o->entries];

		memset(&a, 0, sizeof(a));
		a.map_fd = (u32)map_fds[b][MAP_HASH];
		a.key = o->entries ? ptr(key) : 0;
		a.next_key = ptr(e);
		if (be_bpf(&kit.be[b], BPF_MAP_GET_NEXT_KEY, &a))
			break;
		memcpy(key, e, HASH_KEY);
		map_op(&kit.be[b], BPF_MAP_LOOKUP_ELEM, map_fds[b][MAP_HASH], e, e + HASH_KEY, 0);
	}
	qsort(o->hash, o->entries, sizeof(o->hash[0]), by_bytes);
}

static void clear_hash(u32 b, const struct output *o)
{
	for (u32 i = 0; i < o->entries; i++)
		map_op(&kit.be[b], BPF_MAP_DELETE_ELEM, map_fds[b][MAP_HASH], o->hash[i], NULL, 0);
}

static void run_on(u32 b, int fd, const struct input *in, struct output *o)
{
	struct run r = { .data_out = o->packet, .data_size_out = sizeof(o->packet) };
	u32 zero = 0;

	memset(o, 0, sizeof(*o));
	memcpy(o->ctx, in->ctx, sizeof(o->ctx));
	if (prog.type == BPF_PROG_TYPE_SYSCALL) {
		r.data_out = NULL;
		r.data_size_out = 0;
		r.ctx_in = o->ctx;
		r.ctx_size_in = sizeof(o->ctx);
	} else {
		r.data_in = in->packet;
		r.data_size_in = in->packet_len;
	}
	map_op(&kit.be[b], BPF_MAP_UPDATE_ELEM, map_fds[b][MAP_ARRAY], &zero, in->array, 0);
	o->err = test_run(&kit.be[b], fd, &r);
	o->retval = r.retval;
	o->packet_len = r.data_size_out;
	map_op(&kit.be[b], BPF_MAP_LOOKUP_ELEM, map_fds[b][MAP_ARRAY], &zero, o->array, 0);
	read_hash(b, o);
	clear_hash(b, o);
}

/* Returns the back end that ran otherwise, 0 if none. */
static u32 run_all(const int fds[BACKENDS], const struct input *in, struct output out[BACKENDS])
{
	for (u32 b = 0; b < kit.nbe; b++)
		if (fds[b] >= 0)
			run_on(b, fds[b], in, &out[b]);
	for (u32 b = 1; b < kit.nbe; b++)
		if (fds[b] >= 0 && memcmp(&out[b], &out[0], sizeof(out[0])))
			return b;
	return 0;
}

static void close_fds(const int fds[BACKENDS])
{
	for (u32 b = 0; b < kit.nbe; b++)
		if (fds[b] >= 0)
			close(fds[b]);
}

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/*
 * A few programs in a hundred, those of branches in loops, cost the kernel more than all others together, up to seconds each. Of
 * what skep walks long, one in sixteen is asked of the kernel, unless the program was asked for by its number.
 */
#define LONG_WALK 20000
#define RUNS_WALK 2000 /* where results are what is compared */

/* One load with its time. */
static long load_timed(u32 b, u64 *ns)
{
	u64 start = now_ns();
	long fd = prog_load(&kit.be[b], &prog, NULL, 0);

	*ns = now_ns() - start;
	if (b < 2)
		__atomic_fetch_add(b ? &kit.tally->skep_ns : &kit.tally->kernel_ns, *ns, __ATOMIC_RELAXED);
	return fd;
}

static bool judges(u32 b)
{
	return kit.be[b].kind <= INTERP;
}

/* The knobs hold for the compilation too, which waits for the first use. */
static void compile_now(u32 b, int fd)
{
	struct skep_prog *p;

	if (!kit.be[b].s || fd < 0 || skep_prog_get(kit.be[b].s, fd, &p))
		return;
	skep_prog_put(p);
}

/* Loads everywhere; returns the first back end that judges unlike the kernel, 0 if none. The hardened one may be stricter. */
static u32 load_quietly(int fds[BACKENDS], long r[BACKENDS])
{
	u32 other = 0;
	u64 ns;

	for (u32 b = 0; b < BACKENDS; b++)
		fds[b] = -1;
	for (u32 b = 0; b < kit.nbe; b++) {
		u32 kind = kit.be[b].kind;

		if (!judges(b) && (r[0] < 0 || prog.judge_only))
			continue;
		knob_portable = kind == PORT;
		knob_hard = kind == HARD || (kind == PORT && prog.n % 2);
		if (kind == HARD && kit.runs)
			knob_walk_limit = 8 * RUNS_WALK;
		fds[b] = (int)(r[b] = load_timed(b, &ns));
		knob_walk_limit = 0;
		if (kind == HARD && fds[b] < 0) {
			/* refused without CAP_PERFMON, or walked for long: hardened code of a program that needs no masks */
			knob_caps(kit.be[b].s, SKEP_CAP_ALL);
			fds[b] = (int)(r[b] = load_timed(b, &ns));
			knob_caps(kit.be[b].s, SKEP_CAP_BPF | SKEP_CAP_NET_ADMIN);
		}
		compile_now(b, fds[b]);
		if (!other && judges(b) && (r[b] < 0 ? r[b] : 0) != (r[0] < 0 ? r[0] : 0))
			other = b;
	}
	knob_portable = knob_hard = false;
	return other;
}

/* Asks skep alone, with a limit: true when the program is not to be judged by all. */
static bool is_left_out(void)
{
	bool anyway = chance(6) || kit.n == 1;
	u64 ns;
	long fd;

	if (kit.nbe < 2 || (anyway && !kit.runs))
		return false;
	knob_walk_limit = kit.runs ? RUNS_WALK : LONG_WALK;
	fd = load_timed(1, &ns);
	knob_walk_limit = 0;
	if (fd >= 0)
		close((int)fd);
	else if (kit.runs && fd != -E2BIG)
		return true;
	KIT_ADD(postponed, fd == -E2BIG);
	return fd == -E2BIG;
}

static bool runs_differ(const void *input)
{
	static struct output out[BACKENDS];
	int fds[BACKENDS];
	long r[BACKENDS];
	bool differs = !load_quietly(fds, r) && r[0] >= 0 && run_all(fds, input, out);

	close_fds(fds);
	return differs;
}

static void verdict_differs(const char *what, u32 other)
{
	struct dispute d;
	s32 class;

	describe(&d, other);
	if (d.kernel == d.skep) {
		/* asked again they agree: the machine was short of something */
		kit_agree();
		return;
	}
	class = class_of(&d);
	if (class >= 0) {
		KIT_ADD(explained, 1);
		KIT_ADD(class_count[class], 1);
		return;
	}
	if (!kit_differ("%s%s: kernel %s \"%s\", %s %s \"%s\"", what, kit.as, err_name(d.kernel), d.kernel_why,
			kit.be[other].name, err_name(d.skep), d.skep_why))
		return;
	printf("  %s\n", kit.doing);
	reduce(&d, NULL);
	squeeze();
	show_prog(&kit.be[other], &prog);
}

static void show_bytes(const char *what, const u8 *k, const u8 *s, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (k[i] != s[i]) {
			printf("  %s[%u]: kernel", what, i);
			for (u32 j = i & ~7u; j < n && j < (i & ~7u) + 8; j++)
				printf(" %02x", k[j]);
			printf(", other");
			for (u32 j = i & ~7u; j < n && j < (i & ~7u) + 8; j++)
				printf(" %02x", s[j]);
			putchar('\n');
			return;
		}
}

static void run_differs(u32 other, const struct input *in)
{
	static struct output out[BACKENDS];
	const struct output *k = &out[0], *s = &out[other];
	int fds[BACKENDS];
	long r[BACKENDS];

	if (!kit_differ("%s runs otherwise, type %u", kit.be[other].name, prog.type))
		return;
	printf("  %s\n", kit.doing);
	reduce(NULL, in);
	squeeze();
	if (!load_quietly(fds, r) && r[0] >= 0)
		run_all(fds, in, out);
	close_fds(fds);
	printf("  test run: kernel %s r0 %#x, %s %s r0 %#x; packet %u, %u; hash entries %u, %u\n", err_name(k->err), k->retval,
	       kit.be[other].name, err_name(s->err), s->retval, k->packet_len, s->packet_len, k->entries, s->entries);
	show_bytes("array", k->array, s->array, sizeof(k->array));
	show_bytes("ctx", k->ctx, s->ctx, sizeof(k->ctx));
	show_bytes("packet", k->packet, s->packet, sizeof(k->packet));
	show_bytes("hash", k->hash[0], s->hash[0], sizeof(k->hash));
	printf("  input ctx:");
	for (u32 i = 0; i < SYSCALL_CTX; i += 8) {
		u64 v;

		memcpy(&v, in->ctx + i, 8);
		printf(" %#llx", (unsigned long long)v);
	}
	printf("\n  input array:");
	for (u32 i = 0; i < ARRAY_BYTES; i += 8) {
		u64 v;

		memcpy(&v, in->array + i, 8);
		printf(" %#llx", (unsigned long long)v);
	}
	printf("\n  type %u\n", prog.type);
	list_prog(&prog);
}

/* ---- one program ---- */

static bool jumps_back(const struct bpf_insn *i)
{
	return ((i->code & 7) == 5 || (i->code & 7) == 6) && i->off < 0;
}

static void mutate(void)
{
	u32 at = below(prog.n);
	struct bpf_insn *i = &prog.insn[at], was = *i;

	/* A loop that no longer ends costs the verifier a second: few of those. */
	if ((jumps_back(i) || (at + 1 < prog.n && jumps_back(i + 1))) && !chance(3))
		return;
	switch (below(6)) {
	case 0: i->dst_reg = below(11) & 15; break;
	case 1: i->src_reg = below(11) & 15; break;
	case 2: i->off = (s16)(i->off + (chance(50) ? 1 : -1) * (s32)(1 + below(8))); break;
	case 3: i->imm = chance(50) ? s32_of(PICK(edges)) : i->imm + (chance(50) ? 1 : -1); break;
	case 4: i->code ^= (u8)(1u << below(8)); break;
	default: *i = prog.insn[below(prog.n)];
	}
	/* An index beyond the list of maps reads what lies behind it, which differs; and so does what a descriptor is. */
	if (i->code == 0x18 && (i->src_reg == 1 || i->src_reg == 2 || ((i->src_reg == 5 || i->src_reg == 6) && (u32)i->imm >= FDS)))
		*i = was;
}

static void compare_texts(const long r[BACKENDS])
{
	char a[512], b[512];

	if (r[0] >= 0 || !kit.text || kit.nbe < 2)
		return;
	reason_of(&kit.be[0], &prog, a, sizeof(a));
	reason_of(&kit.be[1], &prog, b, sizeof(b));
	if (!strcmp(a, b))
		KIT_ADD(text_same, 1);
	else if (KIT_ADD(text_differs, 1) < kit.max_shown)
		printf("text:\n  kernel: %s\n  %s: %s\n", a, kit.be[1].name, b);
}

/* False: there was a difference. */
static bool one(bool judge_only)
{
	static struct output out[BACKENDS];
	bool mutated = chance(judge_only ? 50 : kit.runs ? 0 : 25);
	int fds[BACKENDS];
	long r[BACKENDS];
	u32 other;

	make_program(judge_only);
	for (u32 b = 0; b < kit.nbe; b++)
		prog.fd_array[b] = map_fds[b];
	if (mutated && chance(60))
		mutate();
	prog.judge_only |= mutated || judge_only;
	if ((kit.runs && prog.judge_only) || is_left_out())
		return true;
	KIT_ADD(programs, 1);
	other = load_quietly(fds, r);
	if (other) {
		verdict_differs(mutated ? "mutated" : "verdict", other);
		close_fds(fds);
		return false;
	}
	kit_agree();
	if (r[0] >= 0)
		KIT_ADD(accepted, 1);
	compare_texts(r);
	for (u32 i = 0; r[0] >= 0 && !prog.judge_only && i < 4; i++) {
		struct input in;

		draw_input(&in);
		other = run_all(fds, &in, out);
		KIT_ADD(runs, 1);
		if (other) {
			run_differs(other, &in);
			break;
		}
		kit_agree();
	}
	close_fds(fds);
	return !other;
}

/* ---- many ---- */

#define BATCH 64 /* programs on the same maps: the ring buffer has filled up by then */

static u64 todo_end;
static bool todo_judge_only;

/* A child: takes batches until there are none. */
static void work(u32 job)
{
	u64 first_seed = kit.rng, at;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(job % (u32)sysconf(_SC_NPROCESSORS_ONLN), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	while ((at = KIT_ADD(next, BATCH)) < todo_end) {
		make_maps();
		if (at % (BATCH * 1024) == 0 && at > kit.first)
			printf("%llu programs, %llu runs, %llu differences so far\n", (unsigned long long)kit.tally->programs,
			       (unsigned long long)kit.tally->runs, (unsigned long long)kit.tally->failed);
		for (u64 i = at; i < MIN(at + BATCH, todo_end); i++) {
			char what[96];

			kit.rng = first_seed + i * 0x632be59bd9b4e019ull;
			snprintf(what, sizeof(what), "program %llu of seed %llu%s", (unsigned long long)i,
				 (unsigned long long)kit.seed, kit.as);
			kit_case(what);
			if (!one(todo_judge_only)) {
				/* what only some of them ran left its traces in their maps */
				drop_maps();
				make_maps();
			}
		}
		drop_maps();
	}
	alarm(0);
}

static pid_t start(u32 job)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	kit_close_backends();
	kit_open_backends(kit.engines);
	work(job);
	fflush(stdout);
	_exit(0);
}

/* Children that die are replaced: their batch is lost, and their death is a difference. */
static void programs(u64 n, bool judge_only)
{
	struct kit_tally *t = kit.tally, was = *t;
	u32 live = 0, deaths = 0;
	int status;

	todo_end = kit.first + n;
	todo_judge_only = judge_only;
	t->next = kit.first;
	alarm(0);
	for (u32 j = 0; j < kit.jobs; j++)
		live += start(j) > 0;
	while (live && wait(&status) > 0) {
		live--;
		if (!status)
			continue;
		kit_differ("a child died of %s", WIFSIGNALED(status) ? sigdescr_np(WTERMSIG(status)) : "what it reported");
		if (++deaths < 100)
			live += start(deaths) > 0;
	}
	printf("%llu programs%s, %llu accepted by the kernel, %llu runs; loading took the kernel %.1f s, skep %.1f s\n",
	       (unsigned long long)(t->programs - was.programs), kit.as, (unsigned long long)(t->accepted - was.accepted),
	       (unsigned long long)(t->runs - was.runs), (double)(t->kernel_ns - was.kernel_ns) / 1e9,
	       (double)(t->skep_ns - was.skep_ns) / 1e9);
	fflush(stdout);
}

static void without_perfmon(void)
{
	programs(kit.n / 10, true); /* every branch is walked speculatively, too: slow */
}

static void nobody(void)
{
	programs(kit.n / 20, true);
}

static void report(void)
{
	const struct kit_tally *t = kit.tally;
	u64 differ = t->failed + t->explained;

	for (u32 i = 0; i < ARRAY_SIZE(classes); i++)
		if (t->class_count[i])
			printf("%8llu  class %s: %s\n", (unsigned long long)t->class_count[i], classes[i].name, classes[i].why);
	printf("%llu programs not asked of the kernel, as they are long\n", (unsigned long long)t->postponed);
	printf("%llu programs: %.3f %% judged alike, %llu differences in known classes, %llu others\n",
	       (unsigned long long)t->programs, t->programs ? 100.0 * (double)(t->programs - MIN(differ, t->programs)) / (double)t->programs : 0.0,
	       (unsigned long long)t->explained, (unsigned long long)t->failed);
}

int main(int argc, char **argv)
{
	find_kfuncs();
	kit_start("rand", argc, argv, 4000, 1u << JIT | 1u << INTERP | 1u << HARD | 1u << PORT);
	find_attach_types();
	find_hooks();
	if (kit.judge)
		kit_close_backends(), kit_open_backends(1u << INTERP);
	programs(kit.n, kit.judge);
	if (!kit.runs)
		kit_as(" without PERFMON", CAP_BIT(CAP_BPF) | CAP_BIT(CAP_NET_ADMIN), without_perfmon);
	if (!kit.runs && users_may_load())
		kit_as(" without capabilities", 0, nobody);
	report();
	return kit_end();
}
