/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions of random instructions (random.py), a probe on each instruction: the program computes what it does without, each probe is hit as
 * often as single steps say, and sees the registers that they see. random TARGET SEED [INPUTS].
 *
 * Half of the programs run in the probed code's frame (they call nothing), half in the agent; of the places a part is left out, so that
 * others have room; some functions have their returns probed too. With `cycles` for SEED's next argument probes come and go while it runs.
 */
#include "hook/kit.h"
#include "agent/agent.h"

#include <signal.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "patch/patch.h"

#define SITES 4096u
#define FLAGS 0x8d5u

/* What the programs add up at a place, and what is to be there. */
struct sum { u64 hits, regs; };
struct place { u64 addr, off; bool begins, probed, calls, no_flags; struct hook_place at; struct sum want; };
static struct place place[SITES];
static u32 nplaces;

/* ---- places: every instruction of f0, f1, ... ---- */
static u8 *file;

static int add(void *arg, const struct patch_sym *s)
{
	struct patch_elf *e = arg;
	bool dead = true; /* the flags */
	u64 off;

	if (s->name[0] != 'f' || s->name[1] < '0' || s->name[1] > '9' || patch_elf_va_to_off(e, s->va, &off))
		return 0;
	for (u64 at = 0; at < s->size && nplaces < SITES;) {
		struct patch_insn in;

		if (patch_decode(file + off + at, s->size - at, &in))
			kit_fail("%s+%llu: no instruction", s->name, (unsigned long long)at);
		place[nplaces++] = (struct place){ .addr = s->va + at, .off = off + at, .begins = !at, .no_flags = dead };
		dead = in.kind == PATCH_CALL || (!at && in.kind == PATCH_ENDBR);
		at += in.len;
	}
	return 0;
}

static void find_places(const char *path)
{
	FILE *f = fopen(path, "re");
	struct patch_elf e;
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) <= 0 || !(file = malloc((size_t)size)))
		kit_fail("%s", path);
	rewind(f);
	if (fread(file, 1, (size_t)size, f) != (size_t)size || patch_elf_open(file, (u64)size, &e))
		kit_fail("%s is no ELF file", path);
	fclose(f);
	patch_elf_functions(&e, add, &e);
}

/* ---- what programs see: all registers but the stack's and what the machine calls with ---- */
static const struct { u16 off, user; } regs[] = {
#define REG(n, u) { offsetof(struct agent_regs, n), offsetof(struct user_regs_struct, u) }
	REG(ax, rax), REG(cx, rcx), REG(dx, rdx), REG(bx, rbx), REG(si, rsi), REG(di, rdi), REG(r8, r8), REG(r9, r9),
	REG(r10, r10), REG(r11, r11), REG(r12, r12), REG(r13, r13), REG(r14, r14), REG(r15, r15), REG(ip, rip),
};

static struct place *place_at(u64 addr)
{
	u32 a = 0, b = nplaces;

	while (a < b) {
		u32 m = (a + b) / 2;

		if (place[m].addr < addr)
			a = m + 1;
		else
			b = m;
	}
	return a < nplaces && place[a].addr == addr ? &place[a] : NULL;
}

static int by_addr(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static void count_step(const struct user_regs_struct *u)
{
	struct place *p = place_at(u->rip);
	u64 sum = 0, v;

	if (!p)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(regs); i++) {
		memcpy(&v, (const u8 *)u + regs[i].user, 8);
		sum = sum * 31 + v;
	}
	p->want.hits++;
	p->want.regs += p->no_flags ? sum : sum * 31 + (u->eflags & FLAGS);
}

/* Of a program that may be anywhere: where its file's first byte is. */
static void find_base(pid_t pid, const char *path)
{
	char name[64], line[512];
	unsigned long long start;
	FILE *f;

	if (place[0].addr >= 0x400000)
		return;
	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	f = fopen(name, "re");
	if (!f || !fgets(line, sizeof(line), f) || !strstr(line, path) || sscanf(line, "%llx", &start) != 1)
		kit_fail("%s is not where it should be", path);
	fclose(f);
	for (u32 i = 0; i < nplaces; i++)
		place[i].addr += start;
}

/* ---- the oracle ---- */
static pid_t start(char *const argv[], FILE **in, FILE **out)
{
	int to[2], from[2];
	pid_t pid;

	if (pipe(to) || pipe(from))
		kit_fail("pipe");
	pid = fork();
	if (!pid) {
		if (argv[2])
			ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		personality(ADDR_NO_RANDOMIZE); /* addresses are in registers */
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	*in = fdopen(to[1], "w");
	*out = fdopen(from[0], "r");
	return pid;
}

static void answer(FILE *in, FILE *out, pid_t pid, char *text, int n)
{
	char line[64];
	int st;

	text[0] = 0;
	if (!fgets(line, sizeof(line), out) || !fgets(text, n, out))
		text[0] = 0;
	fclose(in);
	fclose(out);
	waitpid(pid, &st, 0);
	if (st)
		snprintf(text, (size_t)n, "status 0x%x\n", st);
}

static u64 step_through(char *path, char *inputs, char *text, int n)
{
	char *argv[] = { path, inputs, (char *)(uintptr_t)"steps", NULL };
	struct user_regs_struct u;
	FILE *in, *out;
	pid_t pid = start(argv, &in, &out);
	u64 steps = 0;
	int st, stops = 0;

	for (long how = PTRACE_CONT; waitpid(pid, &st, 0) == pid && WIFSTOPPED(st);) {
		if (WSTOPSIG(st) == SIGSTOP) {
			how = ++stops == 1 ? PTRACE_SINGLESTEP : PTRACE_CONT;
			if (stops == 1)
				find_base(pid, path);
		} else if (WSTOPSIG(st) != SIGTRAP) {
			kit_fail("the target ends with signal %d after %llu steps", WSTOPSIG(st), (unsigned long long)steps);
		} else if (how == PTRACE_SINGLESTEP) {
			ptrace(PTRACE_GETREGS, pid, NULL, &u);
			count_step(&u);
			steps++;
		}
		ptrace((enum __ptrace_request)how, pid, NULL, NULL);
	}
	text[0] = 0;
	while (fgets(text, n, out))
		;
	fclose(in);
	fclose(out);
	return steps;
}

/* ---- programs ---- */
static struct map *sums;

#define ALU64X(op, d, s) ((struct bpf_insn){ .code = (op) | 0x0f, .dst_reg = d, .src_reg = s })
#define ALU64I(op, d, i) ((struct bpf_insn){ .code = (op) | 0x07, .dst_reg = d, .imm = i })

static struct prog *summer(const struct place *p)
{
	u32 slot = (u32)(p - place);
	struct bpf_insn in[128];
	u32 n = 0;

#define I(...) in[n++] = (struct bpf_insn)__VA_ARGS__
	I(MOV64(6, 1));
	if (p->calls)
		I(CALL(BPF_FUNC_get_smp_processor_id));
	I(MOVI(7, 0));
	for (u32 i = 0; i < ARRAY_SIZE(regs); i++) {
		I(ALU64I(0x20, 7, 31));
		I(LDXDW(8, 6, (s16)regs[i].off));
		I(ALU64X(0x00, 7, 8));
	}
	if (!p->no_flags) {
		I(ALU64I(0x20, 7, 31));
		I(LDXDW(8, 6, (s16)offsetof(struct agent_regs, flags)));
		I(ALU64I(0x50, 8, FLAGS));
		I(ALU64X(0x00, 7, 8));
	}
	{
		struct bpf_insn at[] = { LDVALUE(1, 0, (s32)(slot * sizeof(struct sum))) };

		in[n++] = at[0];
		in[n++] = at[1];
	}
	I(MOVI(2, 1));
	I(XADD(1, 0, 2));
	I(XADD(1, 8, 7));
	I(MOVI(0, 0));
	I(EXIT());
	return kit_prog(BPF_PROG_TYPE_KPROBE, in, n, &sums);
}

/* Not everything can be: false. */
static bool attach(struct place *p, struct prog *prog, u32 kind, const char *path)
{
	struct hook_ref ref = { .pid = -1, .slot = hook_slot_new(kit_hooks, prog) };
	struct str why = { 0 };
	struct hook_tx tx;
	int err;

	p->at = kit_place(kind, path, p->off);
	hook_begin(kit_hooks, &tx, &why);
	hook_append(&tx, hook_draft(&tx, &p->at), prog, &ref);
	err = hook_commit(&tx);
	if (err)
		hook_slot_free(kit_hooks, ref.slot);
	if (err && err != -EOPNOTSUPP)
		kit_fail("attach: %s %s", strerror(-err), str_text(&why));
	str_free(&why);
	return !err;
}

static u32 judge(const char *seed)
{
	struct sum *got = calloc(SITES, sizeof(*got));
	u32 key = 0, bad = 0;

	if (!got || map_lookup(sums, &key, got, 0))
		kit_fail("the sums are not there");
	for (u32 i = 0; i < nplaces; i++) {
		const struct place *p = &place[i];
		bool hits = p->probed && got[i].hits != p->want.hits;

		if (!hits && !(p->probed && got[i].regs != p->want.regs))
			continue;
		if (bad++ < 5)
			printf("seed %s: 0x%llx (%s): %llu hits, want %llu%s\n", seed, (unsigned long long)p->addr,
			       p->calls ? "in the agent" : "in its frame", (unsigned long long)got[i].hits,
			       (unsigned long long)p->want.hits, hits ? "" : "; registers differ");
	}
	free(got);
	return bad;
}

/* ---- probes that come and go ---- */
static bool has_ended(pid_t pid)
{
	siginfo_t si = { 0 };

	return waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT) || si.si_pid == pid;
}

static void attach_some(struct prog *p, u32 slot, const char *path, bool *on, bool away)
{
	struct hook_tx tx;
	struct str why = { 0 };

	for (u32 i = 0; i < nplaces; i++) {
		struct hook_place at = kit_place(place[i].begins && i % 2 ? HOOK_URETPROBE : HOOK_UPROBE, path, place[i].off);
		struct hook_ref ref = { .pid = -1, .slot = slot };

		if (away ? !on[i] : rand() % 16 != 0)
			continue;
		hook_begin(kit_hooks, &tx, &why);
		if (away)
			hook_drop_slot(&tx, hook_draft(&tx, &at), slot);
		else
			hook_append(&tx, hook_draft(&tx, &at), p, &ref);
		on[i] = !hook_commit(&tx) && !away;
	}
	str_free(&why);
}

static int come_and_go(char *path, const char *seed)
{
	char *calm[] = { path, (char *)(uintptr_t)"300000", NULL, NULL }, want[64], got[64];
	static bool on[SITES];
	struct prog *p;
	u32 slot, n = 0;
	FILE *in, *out;
	pid_t pid = start(calm, &in, &out);

	fputs("go\n", in);
	fflush(in);
	answer(in, out, pid, want, sizeof(want));
	kit_open();
	p = kit_counter(BPF_PROG_TYPE_KPROBE, kit_counters(BPF_MAP_TYPE_ARRAY), 0);
	slot = hook_slot_new(kit_hooks, p);
	pid = start(calm, &in, &out);
	if (tracer_add(kit_tracer, pid, NULL))
		kit_fail("not traced");
	fputs("go\n", in);
	fflush(in);
	for (; n < 200 && kill(pid, 0) == 0 && !has_ended(pid); n++) {
		attach_some(p, slot, path, on, false);
		attach_some(p, slot, path, on, true);
	}
	answer(in, out, pid, got, sizeof(got));
	kit_close();
	printf("%s seed %s: %u cycles%s%s", strcmp(want, got) ? "not ok" : "ok", seed, n, strcmp(want, got) ? ": computes " : "\n",
	       strcmp(want, got) ? got : "");
	return strcmp(want, got) != 0;
}

int main(int argc, char **argv)
{
	char want[64], got[64], *path, *plain[4] = { 0 };
	u32 n = 0, refused = 0, bad;
	FILE *in, *out;
	u64 steps;
	pid_t pid;

	if (argc < 3 || !(path = realpath(argv[1], NULL)))
		kit_fail("usage: random TARGET SEED [INPUTS]");
	srand((unsigned)atoi(argv[2]));
	find_places(path);
	qsort(place, nplaces, sizeof(place[0]), by_addr);
	if (argc > 3 && !strcmp(argv[3], "cycles"))
		return come_and_go(path, argv[2]);
	plain[0] = path;
	plain[1] = argc > 3 ? argv[3] : (char *)(uintptr_t)"3";
	steps = step_through(path, plain[1], want, sizeof(want));
	kit_open();
	sums = kit_map(BPF_MAP_TYPE_ARRAY, SITES * sizeof(struct sum), 1);
	pid = start(plain, &in, &out);
	while (getc(out) != '\n')
		;
	if (tracer_add(kit_tracer, pid, NULL))
		kit_fail("not traced");
	for (u32 i = 0; i < nplaces; i++) {
		struct place *p = &place[i];

		if (rand() % 3 == 0)
			continue;
		p->calls = rand() % 2;
		p->probed = attach(p, summer(p), HOOK_UPROBE, path);
		n += p->probed;
		refused += !p->probed;
		if (p->begins && rand() % 2 == 0) {
			struct place r = *p;

			attach(&r, kit_counter(BPF_PROG_TYPE_KPROBE, kit_counters(BPF_MAP_TYPE_ARRAY), 0), HOOK_URETPROBE, path);
		}
	}
	fputs("go\n", in);
	fflush(in);
	ungetc('\n', out);
	answer(in, out, pid, got, sizeof(got));
	bad = judge(argv[2]);
	if (strcmp(want, got))
		printf("seed %s: computes %.*s, want %s", argv[2], (int)strcspn(got, "\n"), got, want);
	bad += strcmp(want, got) != 0;
	printf("%s seed %s: %llu steps, %u instructions, %u probed, %u refused\n", bad ? "not ok" : "ok", argv[2],
	       (unsigned long long)steps, nplaces, n, refused);
	kit_close();
	return bad != 0;
}
