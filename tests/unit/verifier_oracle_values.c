/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values against the running kernel: random scalar programs are loaded with log_level 2, and each register state that Linux prints
 * must equal ours, field by field: neither less nor more precise. Skipped where bpf(2) is not permitted.
 *
 * Shape of a program: r6 to r9 unknown, then a straight line of arithmetic and conditional jumps. Each jump has a landing pad of its
 * own behind the line, so both sides of every jump are printed and nothing is pruned.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/test.h"
#include "verifier/env.h"

#define LINE 48
#define MAX_INSNS 256
#define LOG_SIZE (1u << 20)

static u64 rng = 88172645463325252ull;
static u64 rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * 2685821657736338717ull;
}
static u32 below(u32 n) { return (u32)(rnd() >> 33) % n; }

/* ---- a program, and what we say about it ---- */

struct want {
	bool seen;      /* the instruction is walked */
	struct reg reg[4]; /* r6-r9 after it (instructions), or on arrival (landing pads) */
	bool arrival;   /* a pad reached by a branch that was pushed: its state is printed */
};
struct program {
	struct bpf_insn insns[MAX_INSNS];
	u32 n;
	struct want want[MAX_INSNS];
	bool forked; /* Linux walks a second path too, whose jumps may go other ways */
};

static void emit(struct program *p, u8 code, u32 dst, u32 src, s32 off, s32 imm)
{
	p->insns[p->n++] = (struct bpf_insn){ .code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = (s16)off, .imm = imm };
}

static s32 interesting_imm(void)
{
	static const s32 edge[] = { 0, 1, -1, 2, 7, 8, 15, 16, 255, 256, -128, 127, 128, 0x7fff, 0x8000, 0xffff, 0x10000, -32768,
				    S32_MAX, S32_MIN, S32_MIN + 1, -2, -16, 1000, 0x1234, 0x40000000, (s32)0xff00ff00, 3, 12 };

	return below(3) ? edge[below(ARRAY_SIZE(edge))] : below(2) ? (s32)below(64) - 32 : (s32)rnd();
}

static void forget_if_insane(struct reg *r)
{
	if (!reg_sane(r))
		reg_unbounded(r);
}

/* Linux splits the path at `r &= K` and `r |= K` when r is 0 or -1; the path walked first is the one of -1. */
static bool fork_scalar(struct reg *d, const struct reg *s, u32 op)
{
	if ((op != BPF_AND && op != BPF_OR) || s->var.mask)
		return false;
	if (d->smin == -1 && d->smax == 0) {
		reg_pin(d, U64_MAX);
	} else if (d->s32_min == -1 && d->s32_max == 0) {
		d->var = tnum_const_subreg(d->var, U32_MAX);
		d->s32_min = d->s32_max = -1;
		d->u32_min = d->u32_max = U32_MAX;
	} else {
		return false;
	}
	return true;
}

static void make_alu(struct program *p, struct reg *reg)
{
	static const struct { u8 code; u8 op; } alu[] = {
		{ BPF_ADD, ALU_ADD }, { BPF_SUB, ALU_SUB }, { BPF_MUL, ALU_MUL }, { BPF_OR, ALU_OR },   { BPF_AND, ALU_AND },
		{ BPF_LSH, ALU_LSH }, { BPF_RSH, ALU_RSH }, { BPF_XOR, ALU_XOR }, { BPF_ARSH, ALU_ARSH }, { BPF_NEG, ALU_NEG },
		{ BPF_DIV, ALU_DIV }, { BPF_MOD, ALU_MOD }, { BPF_AND, ALU_AND }, { BPF_ARSH, ALU_ARSH }, { BPF_RSH, ALU_RSH },
	};
	u32 pick = below(ARRAY_SIZE(alu)), d = below(4), s = below(4);
	u8 code = alu[pick].code;
	bool is32 = below(2), k = below(3) || d == s;
	s32 imm = interesting_imm();
	struct reg fake = { .type = T_SCALAR };

	if (code == BPF_DIV || code == BPF_MOD) {
		if (below(3))
			return;
		if (!imm)
			imm = 3;
	}
	if (code == BPF_LSH || code == BPF_RSH || code == BPF_ARSH)
		imm = (s32)below(is32 ? 32 : 64);
	if (code == BPF_NEG) {
		emit(p, (u8)((is32 ? BPF_ALU : BPF_ALU64) | BPF_NEG), d + 6, 0, 0, 0);
		scalar_neg(&reg[d], is32);
		return;
	}
	emit(p, (u8)((is32 ? BPF_ALU : BPF_ALU64) | code | (k ? BPF_K : BPF_X)), d + 6, k ? 0 : s + 6, 0, k ? imm : 0);
	reg_pin(&fake, imm_u64(imm));
	p->forked |= fork_scalar(&reg[d], k ? &fake : &reg[s], code);
	scalar_alu(&reg[d], k ? &fake : &reg[s], (enum alu_op)alu[pick].op, is32);
	forget_if_insane(&reg[d]);
}

static void make_move(struct program *p, struct reg *reg)
{
	u32 d = below(4), bits = 8u << below(3);

	switch (below(6)) {
	case 0:
		emit(p, BPF_ALU | BPF_MOV | BPF_X, d + 6, d + 6, 0, 0);
		reg_zext32(&reg[d]);
		break;
	case 1:
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, d + 6, d + 6, (s32)bits, 0);
		reg_sext64(&reg[d], bits / 8);
		break;
	case 2:
		bits = MIN(bits, 16u);
		emit(p, BPF_ALU | BPF_MOV | BPF_X, d + 6, d + 6, (s32)bits, 0);
		reg_sext32(&reg[d], bits / 8);
		break;
	case 3:
		bits *= 2;
		emit(p, BPF_ALU64 | BPF_END, d + 6, 0, 0, (s32)bits);
		scalar_swap(&reg[d], SWAP_BSWAP, bits);
		break;
	case 4:
		bits *= 2;
		emit(p, BPF_ALU | BPF_END | BPF_TO_LE, d + 6, 0, 0, (s32)bits);
		scalar_swap(&reg[d], SWAP_TO_LE, bits);
		break;
	default:
		bits *= 2;
		emit(p, BPF_ALU | BPF_END | BPF_TO_BE, d + 6, 0, 0, (s32)bits);
		scalar_swap(&reg[d], SWAP_TO_BE, bits);
		break;
	}
}

/* Bounds make good comparands: refinement happens at edges. */
static s32 comparand(const struct reg *r)
{
	s32 delta = (s32)below(3) - 1;

	switch (below(9)) {
	case 0: return (s32)((u32)r->umin + (u32)delta);
	case 1: return (s32)((u32)r->umax + (u32)delta);
	case 2: return (s32)((u32)r->smin + (u32)delta);
	case 3: return (s32)((u32)r->smax + (u32)delta);
	case 4: return (s32)r->var.value;
	default: return interesting_imm();
	}
}

/* Emits the jump with its pad number in off; true when the line ends here because it is always taken. */
static bool make_jump(struct program *p, struct reg *reg, struct want *pad)
{
	static const struct { u8 code; u8 cond; } jmp[] = {
		{ BPF_JEQ, JC_EQ }, { BPF_JGT, JC_GT }, { BPF_JGE, JC_GE }, { BPF_JSET, JC_SET }, { BPF_JNE, JC_NE }, { BPF_JSGT, JC_SGT },
		{ BPF_JSGE, JC_SGE }, { BPF_JLT, JC_LT }, { BPF_JLE, JC_LE }, { BPF_JSLT, JC_SLT }, { BPF_JSLE, JC_SLE },
	};
	u32 pick = below(ARRAY_SIZE(jmp)), d = below(4), s = below(4);
	enum jmp_cond cond = (enum jmp_cond)jmp[pick].cond;
	bool is32 = below(2), k = below(3);
	s32 imm = comparand(&reg[d]);
	struct reg fake[2] = { { .type = T_SCALAR }, { .type = T_SCALAR } };
	int taken;

	emit(p, (u8)((is32 ? BPF_JMP32 : BPF_JMP) | jmp[pick].code | (k ? BPF_K : BPF_X)), d + 6, k ? 0 : s + 6, 0, k ? imm : 0);
	reg_pin(&fake[0], imm_u64(imm));
	fake[1] = fake[0];
	taken = branch_taken(&reg[d], k ? &fake[0] : &reg[s], cond, is32);
	memcpy(pad->reg, reg, sizeof(pad->reg));
	pad->seen = taken != 0;
	pad->arrival = taken < 0;
	if (taken >= 0)
		return taken == 1;
	branch_assume_not(&reg[d], k ? &fake[0] : &reg[s], cond, is32);
	branch_assume(&pad->reg[d], k ? &fake[1] : &pad->reg[s], cond, is32);
	forget_if_insane(&reg[d]);
	forget_if_insane(&pad->reg[d]);
	if (!k) {
		forget_if_insane(&reg[s]);
		forget_if_insane(&pad->reg[s]);
	}
	return false;
}

static void make_program(struct program *p)
{
	struct reg reg[4];
	struct want pads[LINE];
	u32 at[LINE], npads = 0, len = 8 + below(LINE - 8);
	bool ended = false;

	memset(p, 0, sizeof(*p));
	for (u32 i = 0; i < 4; i++) {
		emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_prandom_u32);
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, 6 + i, 0, 0, 0);
		memset(&reg[i], 0, sizeof(reg[i]));
		reg_set_unknown_scalar(&reg[i]);
	}
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	for (u32 i = 0; i < len && !ended; i++) {
		u32 insn = p->n;

		if (below(2)) {
			at[npads] = p->n;
			ended = make_jump(p, reg, &pads[npads]);
			npads++;
		} else if (below(3)) {
			make_alu(p, reg);
		} else {
			make_move(p, reg);
		}
		if (p->n == insn)
			continue;
		p->want[insn].seen = true;
		memcpy(p->want[insn].reg, reg, sizeof(reg));
	}
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (u32 i = 0; i < npads; i++) {
		p->insns[at[i]].off = (s16)(p->n - at[i] - 1);
		p->want[p->n] = pads[i];
		emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
}

/* ---- what the kernel says ---- */

static long load(const struct program *p, char *log)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (u64)(uintptr_t)p->insns;
	attr.insn_cnt = p->n;
	attr.license = (u64)(uintptr_t) "GPL";
	attr.log_buf = (u64)(uintptr_t)log;
	attr.log_size = LOG_SIZE;
	attr.log_level = 2;
	log[0] = 0;
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? -errno : 0;
}

static bool starts(const char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n))
		return false;
	*s += n;
	return true;
}

static void set_field(struct reg *r, const char *name, size_t len, u64 v)
{
#define FIELD(text, field, type) if (len == sizeof(text) - 1 && !memcmp(name, text, len)) r->field = (type)v
	FIELD("smin", smin, s64);
	FIELD("smax", smax, s64);
	FIELD("umin", umin, u64);
	FIELD("umax", umax, u64);
	FIELD("smin32", s32_min, s32);
	FIELD("smax32", s32_max, s32);
	FIELD("umin32", u32_min, u32);
	FIELD("umax32", u32_max, u32);
#undef FIELD
}

/* "scalar(id=1,smin=0,smax=umax=5,var_off=(0x0; 0x7))" or "5" into *r; false when it is no scalar. */
static bool parse_scalar(const char *s, struct reg *r)
{
	memset(r, 0, sizeof(*r));
	reg_set_unknown_scalar(r);
	starts(&s, "P");
	if (!starts(&s, "scalar(")) {
		if (*s != '-' && (*s < '0' || *s > '9'))
			return false;
		reg_pin(r, *s == '-' ? (u64)strtoll(s, NULL, 0) : strtoull(s, NULL, 0));
		return true;
	}
	while (*s && *s != ')') {
		const char *names = s;
		u64 v;
		char *end;

		if (starts(&s, "var_off=(")) {
			r->var.value = strtoull(s, &end, 0);
			r->var.mask = strtoull(end + 2, &end, 0);
			s = end + 1;
		} else {
			/* several names share one value: a=b=c=5 */
			s = names + strcspn(names, ",)");
			while (s > names && s[-1] != '=')
				s--;
			v = *s == '-' ? (u64)strtoll(s, &end, 0) : strtoull(s, &end, 0);
			for (const char *n = names; n < s; n += strcspn(n, "=") + 1)
				set_field(r, n, strcspn(n, "="), v);
			s = names + strcspn(names, ",)");
		}
		if (*s == ',')
			s++;
	}
	return true;
}

/* Linux prints a constant's bits only, whatever the bounds of an impossible path say. */
static bool same(const struct reg *a, const struct reg *b)
{
	if (!a->var.mask && a->var.value == b->var.value && !b->var.mask)
		return true;
	return a->smin == b->smin && a->smax == b->smax && a->umin == b->umin && a->umax == b->umax && a->s32_min == b->s32_min &&
	       a->s32_max == b->s32_max && a->u32_min == b->u32_min && a->u32_max == b->u32_max && a->var.value == b->var.value &&
	       a->var.mask == b->var.mask;
}

static void show(const char *who, const struct reg *r)
{
	printf("#   %s: s64=[%llx,%llx] u64=[%llx,%llx] s32=[%x,%x] u32=[%x,%x] var=(%llx;%llx)\n", who, (unsigned long long)r->smin,
	       (unsigned long long)r->smax, (unsigned long long)r->umin, (unsigned long long)r->umax, (unsigned)r->s32_min,
	       (unsigned)r->s32_max, r->u32_min, r->u32_max, (unsigned long long)r->var.value, (unsigned long long)r->var.mask);
}

/* Compare " R6=... R7=..." with what we want; the number of registers compared, or -1 on a difference. */
static int compare_states(const char *s, const struct want *w, u32 insn)
{
	int compared = 0;

	for (u32 i = 0; i < 4; i++) {
		char name[8];
		const char *at;
		struct reg theirs;

		snprintf(name, sizeof(name), " R%u=", 6 + i);
		at = strstr(s, name);
		if (!at || !parse_scalar(at + 4, &theirs))
			continue;
		compared++;
		if (!same(&theirs, &w->reg[i])) {
			printf("#   insn %u R%u: Linux %.*s\n", insn, 6 + i, (int)strcspn(at + 4, " "), at + 4);
			show("Linux", &theirs);
			show("ours ", &w->reg[i]);
			return -1;
		}
	}
	return compared;
}

/* Returns registers compared, or -1. */
static int check_log(struct program *p, char *log)
{
	bool done[MAX_INSNS] = { false }, arrived[MAX_INSNS] = { false };
	int total = 0;

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		u32 insn, from;
		char *state;
		int n;

		if (sscanf(line, "from %u to %u:", &from, &insn) == 2 && insn < MAX_INSNS) {
			if (arrived[insn] || from == insn || (p->forked && !p->want[insn].arrival))
				continue;
			arrived[insn] = true;
			if (!p->want[insn].arrival) {
				printf("#   Linux goes both ways from %u, we do not\n", from);
				return -1;
			}
			n = compare_states(line, &p->want[insn], insn);
		} else if (sscanf(line, "%u: (", &insn) == 1 && insn < MAX_INSNS && strchr(line, '(')) {
			if (done[insn])
				continue;
			done[insn] = true;
			state = strstr(line, " ; ");
			if (!state || insn < 9 || !p->want[insn].seen || p->insns[insn].code == (BPF_JMP | BPF_EXIT))
				continue;
			n = compare_states(state, &p->want[insn], insn);
		} else {
			continue;
		}
		if (n < 0)
			return -1;
		total += n;
	}
	for (u32 i = 9; i < p->n; i++)
		if (p->want[i].arrival && !arrived[i]) {
			printf("#   we go both ways to %u, Linux does not\n", i);
			return -1;
		}
	return total;
}

TEST(states_equal_linux)
{
	static struct program p;
	static char log[LOG_SIZE], copy[LOG_SIZE];
	const char *env = getenv("SKEP_ORACLE_PROGRAMS");
	u32 programs = env ? (u32)atoi(env) : 1500;
	u64 total = 0;

	if (getenv("SKEP_ORACLE_SEED"))
		rng ^= strtoull(getenv("SKEP_ORACLE_SEED"), NULL, 0) * 0x9e3779b97f4a7c15ull;
	for (u32 i = 0; i < programs && test_failures < 5; i++) {
		long err;
		int n;

		make_program(&p);
		err = load(&p, log);
		if (err == -EPERM || err == -ENOSYS)
			SKIP("bpf(2) is not permitted");
		if (err) {
			printf("#   program %u: load failed: %ld\n%s\n", i, err, log);
			test_failures++;
			continue;
		}
		memcpy(copy, log, sizeof(copy));
		n = check_log(&p, log);
		if (n < 0) {
			test_failures++;
			printf("#   program %u\n", i);
			if (getenv("SKEP_ORACLE_LOG"))
				puts(copy);
		} else {
			total += (u64)n;
		}
	}
	printf("# %llu register states of %u programs compared\n", (unsigned long long)total, programs);
	CHECK(total > programs * 4);
}
