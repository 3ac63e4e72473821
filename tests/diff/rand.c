/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random structured programs: the verdicts must agree, and where both accept, so must result, packet, context and maps.
 *
 * A part of the programs is mutated by one field of one instruction: those are only judged, never run. A part is judged
 * for a caller without CAP_PERFMON, for whom Linux is stricter. A difference is reduced to the instructions that matter
 * before it is shown. Mind that Linux accepts a few unsafe programs: what skep alone refuses may be right.
 */
#include <ctype.h>
#include <sched.h>

#include "gen.h"

static const u32 types[] = { BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS,
			     BPF_PROG_TYPE_CGROUP_SKB };

static struct prog prog;
#define FDS 64 /* mutated programs may ask for maps beyond ours */
static int map_fds[BACKENDS][FDS];
static u64 accepted, runs;

/* ---- maps and inputs ---- */

static void make_maps(void)
{
	for (u32 b = 0; b < kit.nbe; b++) {
		const struct backend *be = &kit.be[b];
		u8 ro[32];
		u32 zero = 0;

		for (u32 i = 0; i < sizeof(ro); i++)
			ro[i] = (u8)(i * 11 + 1);
		memcpy(ro, "1572", 5);
		memset(map_fds[b], -1, sizeof(map_fds[b]));
		map_fds[b][MAP_ARRAY] = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, ARRAY_BYTES, 1, 0);
		map_fds[b][MAP_HASH] = (int)map_new(be, BPF_MAP_TYPE_HASH, HASH_KEY, HASH_VALUE, 8, 0);
		map_fds[b][MAP_RODATA] = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, sizeof(ro), 1, BPF_F_RDONLY_PROG);
		map_fds[b][MAP_RINGBUF] = (int)map_new(be, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0);
		map_op(be, BPF_MAP_UPDATE_ELEM, map_fds[b][MAP_RODATA], &zero, ro, 0);
		map_op(be, BPF_MAP_FREEZE, map_fds[b][MAP_RODATA], NULL, NULL, 0);
	}
}

static void drop_maps(void)
{
	for (u32 b = 0; b < kit.nbe; b++)
		for (u32 m = 0; m < MAPS; m++)
			close(map_fds[b][m]);
}

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
		run_on(b, fds[b], in, &out[b]);
	for (u32 b = 1; b < kit.nbe; b++)
		if (memcmp(&out[b], &out[0], sizeof(out[0])))
			return b;
	return 0;
}

/* ---- reduction ---- */

static u32 load_quietly(int fds[BACKENDS], long r[BACKENDS])
{
	u32 other = 0;

	for (u32 b = 0; b < kit.nbe; b++) {
		fds[b] = (int)(r[b] = prog_load(&kit.be[b], &prog, NULL, 0));
		if (!other && (r[b] < 0 ? r[b] : 0) != (r[0] < 0 ? r[0] : 0))
			other = b;
	}
	return other;
}

/* A message with its numbers blanked: what kind of refusal it is. */
static void blank_numbers(char *s)
{
	char *to = s;

	for (char *c = s; *c; c++) {
		if (isdigit((unsigned char)*c)) {
			if (to == s || to[-1] != 'N')
				*to++ = 'N';
			continue;
		}
		*to++ = *c;
	}
	*to = 0;
	s[60] = 0;
}

/* A difference of verdicts: who says what. */
struct dispute {
	u32 other;
	long kernel, skep;
	char kernel_why[256], skep_why[256];
};

static long verdict(const struct backend *be)
{
	long fd = prog_load(be, &prog, NULL, 0);

	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? fd : 0;
}

static void describe(struct dispute *d, u32 other)
{
	memset(d, 0, sizeof(*d));
	d->other = other;
	d->kernel = verdict(&kit.be[KERNEL]);
	d->skep = verdict(&kit.be[other]);
	reason_of(&kit.be[KERNEL], &prog, d->kernel_why, sizeof(d->kernel_why));
	reason_of(&kit.be[other], &prog, d->skep_why, sizeof(d->skep_why));
	blank_numbers(d->kernel_why);
	blank_numbers(d->skep_why);
	/* What an accepted program's log says last means nothing. */
	if (d->kernel >= 0)
		d->kernel_why[0] = 0;
	if (d->skep >= 0)
		d->skep_why[0] = 0;
}

/* Does the program, as it is now, still show the difference? In verdicts (d), or in a run on an input. */
static bool still_differs(const struct dispute *d, const struct input *in)
{
	static struct output out[BACKENDS];
	struct dispute now;
	int fds[BACKENDS];
	long r[BACKENDS];
	bool differs;

	if (d) {
		describe(&now, d->other);
		return !memcmp(&now, d, sizeof(now));
	}
	differs = !load_quietly(fds, r) && r[0] >= 0 && run_all(fds, in, out);
	for (u32 b = 0; b < kit.nbe; b++)
		if (fds[b] >= 0)
			close(fds[b]);
	return differs;
}

/*
 * Replace by `goto +0` whatever the difference does not need: spans first, then single instructions. A run that needs
 * what was written to the stack before is kept whole, as the kernel lets privileged programs read what they never wrote.
 */
static void reduce(const struct dispute *d, const struct input *in)
{
	static struct bpf_insn saved[MAX_INSNS];
	/* Programs that are too complex take a second each: they stay as they are. */
	bool progress = !d || (d->kernel != -E2BIG && d->skep != -E2BIG && d->kernel != -EFAULT);

	alarm(300);
	for (u32 round = 0; progress && round < 4; round++) {
		progress = false;
		for (u32 span = 32; span; span /= 2) {
			for (u32 i = 0; i < prog.n; i += span) {
				u32 n = MIN(span, prog.n - i);
				bool any = false;

				/* Halves of ld_imm64 stay together. */
				if (i && prog.insn[i - 1].code == 0x18)
					continue;
				if (prog.insn[i + n - 1].code == 0x18)
					n++;
				memcpy(saved, prog.insn, prog.n * sizeof(*saved));
				for (u32 j = i; j < i + n && j < prog.n; j++) {
					any |= prog.insn[j].code != 0x05 || prog.insn[j].off;
					prog.insn[j] = (struct bpf_insn){ .code = 0x05 };
				}
				if (any && still_differs(d, in))
					progress = true;
				else
					memcpy(prog.insn, saved, prog.n * sizeof(*saved));
			}
		}
	}
}

/* The program without its `goto +0`; jumps are closed up. */
static void squeeze(void)
{
	static struct prog small;
	static u32 new_at[MAX_INSNS + 1];
	u32 n = 0;

	small = prog;
	for (u32 i = 0; i < prog.n; i++) {
		bool hi = i && prog.insn[i - 1].code == 0x18;

		new_at[i] = n;
		n += hi || !(prog.insn[i].code == 0x05 && !prog.insn[i].off);
	}
	new_at[prog.n] = n;
	small.n = 0;
	for (u32 i = 0; i < prog.n; i++) {
		struct bpf_insn in = prog.insn[i];
		bool hi = i && prog.insn[i - 1].code == 0x18;
		s64 to;

		if (new_at[i] == new_at[i + 1])
			continue;
		if (!hi && ((in.code & 7) == 5 || (in.code & 7) == 6) && in.code != 0x85 && in.code != 0x95) {
			to = (s64)i + 1 + in.off;
			if (to >= 0 && to <= (s64)prog.n)
				in.off = (s16)((s64)new_at[to] - new_at[i] - 1);
		} else if (!hi && ((in.code == 0x85 && in.src_reg == 1) || (in.code == 0x18 && in.src_reg == 4))) {
			to = (s64)i + 1 + in.imm;
			if (to >= 0 && to <= (s64)prog.n)
				in.imm = (s32)((s64)new_at[to] - new_at[i] - 1);
		}
		small.insn[small.n++] = in;
	}
	for (u32 f = 0; f < small.nfuncs; f++)
		small.func_at[f] = new_at[small.func_at[f]];
	prog = small;
}

static void verdict_differs(const char *what, u32 other)
{
	struct dispute d;

	describe(&d, other);
	/* Linux stops on a bug of its own: there is nothing to agree with. */
	if (!strncmp(d.kernel_why, "verifier bug", 12)) {
		kit.tally->skipped++;
		return;
	}
	if (!kit_differ("%s%s: kernel %s \"%s\", %s %s \"%s\"", what, kit.as, err_name(d.kernel), d.kernel_why,
			kit.be[other].name, err_name(d.skep), d.skep_why))
		return;
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
	reduce(NULL, in);
	squeeze();
	if (!load_quietly(fds, r) && r[0] >= 0)
		run_all(fds, in, out);
	close_all(fds);
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
	/* An index beyond the list of maps reads what lies behind it, which differs. */
	if (i->code == 0x18 && (i->src_reg == 5 || i->src_reg == 6) && (u32)i->imm >= FDS)
		*i = was;
}

/* 32-bit comparisons of pointers are judged unsafely by Linux 6.18: programs that may hold one are not compared. */
static void one(bool judge_only)
{
	static struct output out[BACKENDS];
	bool mutated = judge_only || chance(25);
	int fds[BACKENDS];
	long r[BACKENDS];
	u32 other;

	generate(&prog, PICK(types), 6 + below(judge_only ? 12 : 30), chance(40) ? 0 : 30);
	for (u32 b = 0; b < kit.nbe; b++)
		prog.fd_array[b] = map_fds[b];
	if (mutated && chance(60))
		mutate();
	other = load_quietly(fds, r);
	if (other) {
		verdict_differs(mutated ? "mutated" : "verdict", other);
		for (u32 b = 0; b < kit.nbe; b++)
			if (fds[b] >= 0)
				close(fds[b]);
		return;
	}
	kit_agree();
	accepted += r[0] >= 0;
	if (r[0] < 0 && kit.text && kit.nbe > 1) {
		char a[512], b[512];

		reason_of(&kit.be[0], &prog, a, sizeof(a));
		reason_of(&kit.be[1], &prog, b, sizeof(b));
		if (!strcmp(a, b))
			kit.tally->text_same++;
		else if (kit.tally->text_differs++ < kit.max_shown)
			printf("text:\n  kernel: %s\n  %s: %s\n", a, kit.be[1].name, b);
	}
	for (u32 i = 0; r[0] >= 0 && !mutated && i < 4; i++) {
		struct input in;

		draw_input(&in);
		other = run_all(fds, &in, out);
		runs++;
		if (other) {
			run_differs(other, &in);
			break;
		}
		kit_agree();
	}
	for (u32 b = 0; b < kit.nbe; b++)
		if (fds[b] >= 0)
			close(fds[b]);
}

static void programs(u64 n, bool judge_only)
{
	u64 first_seed = kit.rng;

	for (u64 i = 0; i < n; i++) {
		char what[64];

		/* Fresh maps now and then: the ring buffer has filled up by then. */
		if (i % 64 == 0) {
			if (i)
				drop_maps();
			make_maps();
		}
		kit.rng = first_seed + i * 0x632be59bd9b4e019ull;
		snprintf(what, sizeof(what), "program %llu of seed %llu", (unsigned long long)i,
			 (unsigned long long)kit.seed);
		kit_case(what);
		one(judge_only);
	}
	drop_maps();
	printf("%llu programs%s, %llu accepted by the kernel, %llu runs\n", (unsigned long long)n, kit.as,
	       (unsigned long long)accepted, (unsigned long long)runs);
	kit.tally->accepted += accepted;
}

static void without_perfmon(void)
{
	accepted = runs = 0;
	programs(kit.n / 10, true); /* every branch is walked speculatively, too: slow */
}

int main(int argc, char **argv)
{
	cpu_set_t cpu;

	kit_start("rand", argc, argv, 4000, 1u << JIT | 1u << INTERP);
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	programs(kit.n, false);
	kit_as(" without PERFMON", CAP_BIT(CAP_BPF) | CAP_BIT(CAP_NET_ADMIN), without_perfmon);
	return kit_end();
}
