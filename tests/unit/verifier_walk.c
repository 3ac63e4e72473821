/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk as its callers see it: limits end it with the right errno and without a leak, the same input gives
 * the same answer, facts say what ran and where barriers are, observers are told of branches and ends of
 * paths.
 */
#include "isa/isa.h"
#include "unit/test.h"
#include "verifier/debug.h"

static int helper_id(void *cookie, const char *name)
{
	(void)cookie;
	return helper_id_by_name(name);
}

static int verify(const char *text, struct vf_input *in, struct proof **ret_proof, struct vf_stats *st)
{
	struct asm_opts opts = { .helper_id = helper_id };
	struct bpf_insn *insns;
	struct log log;
	char *err;
	int n = isa_asm(text, &opts, &insns, &err), ret;

	CHECK(n > 0);
	in->insns = insns;
	in->insn_cnt = (u32)n;
	in->prog_type = BPF_PROG_TYPE_SCHED_CLS;
	in->name = "";
	in->gpl = true;
	log_init(&log, 0);
	ret = vf_verify(in, &log, ret_proof, st);
	log_free(&log);
	free(insns);
	return ret;
}

#define LOOP "r0 = 0\nl:\nr0 += 1\nif r0 < 5000 goto l\nexit\n"

TEST(walk_limit)
{
	struct vf_input in = { .caps = CAPB_SYS_ADMIN, .max_walk = 100 };
	struct proof *p = NULL;
	struct vf_stats st;

	CHECK_EQ(verify(LOOP, &in, &p, &st), -E2BIG);
	CHECK(!p);
	CHECK_EQ(st.walked, 101);
}

TEST(memory_limits)
{
	for (size_t limit = 1; limit < 4u << 20; limit = limit * 3 / 2 + 1) {
		struct vf_input in = { .caps = CAPB_SYS_ADMIN, .max_memory = limit };
		struct proof *p = NULL;
		struct vf_stats st;
		int err = verify(LOOP, &in, &p, &st);

		CHECK(err == -ENOMEM || (!err && st.memory <= limit));
		vf_proof_free(p);
	}
}

TEST(same_answer_twice)
{
	struct vf_input in = { .caps = CAPB_SYS_ADMIN };
	struct proof *p = NULL, *q = NULL;
	struct vf_stats a, b;

	CHECK_EQ(verify(LOOP, &in, &p, &a), 0);
	CHECK_EQ(verify(LOOP, &in, &q, &b), 0);
	CHECK_EQ(a.walked, b.walked);
	CHECK_EQ(a.total_states, b.total_states);
	CHECK_EQ(a.memory, b.memory);
	vf_proof_free(p);
	vf_proof_free(q);
}

TEST(dead_code_is_not_walked)
{
	struct vf_input in = { .caps = CAPB_SYS_ADMIN };
	struct proof *p = NULL;

	CHECK_EQ(verify("r0 = 1\nif r0 == 1 goto out\nr0 = 2\nout:\ncall f\nexit\nf:\nr0 = 3\nexit\n", &in,
			&p, NULL),
		 0);
	if (!p)
		return;
	CHECK(p->fact[1].walked);
	CHECK(!p->fact[2].walked);
	CHECK_EQ(p->nsubs, 2);
	CHECK_EQ(p->fact[3].callee, 1);
	CHECK_EQ(p->sub[1].start, 5);
	CHECK(!p->strict_spec);
	vf_proof_free(p);
}

/* What only a mistaken prediction reaches gets a barrier, and is no reason to refuse. */
TEST(barriers_without_perfmon)
{
	static const char text[] = "r0 = 0\nr2 = 0\nif r2 == 0 goto out\nr0 = *(u64 *)(r2 +0)\nout:\nexit\n";
	struct vf_input in = { .caps = CAPB_BPF | CAPB_NET_ADMIN };
	struct proof *p = NULL;

	CHECK_EQ(verify(text, &in, &p, NULL), 0);
	if (!p)
		return;
	CHECK(p->strict_spec);
	CHECK(p->fact[3].nospec);
	CHECK(!p->fact[3].walked);
	vf_proof_free(p);
	in.caps = CAPB_SYS_ADMIN;
	CHECK_EQ(verify(text, &in, &p, NULL), 0);
	CHECK(!p->fact[3].nospec);
	vf_proof_free(p);
}

static u32 seen[8];

static void count(void *cookie, struct vf_env *e, const struct vf_event *ev)
{
	(void)cookie;
	(void)e;
	seen[ev->kind]++;
}

TEST(observers)
{
	struct vf_debug debug = { .event = count };
	struct vf_input in = { .caps = CAPB_SYS_ADMIN, .debug = &debug };
	struct proof *p = NULL;
	struct vf_stats st;

	CHECK_EQ(verify("call get_prandom_u32\nif r0 == 5 goto l\nr0 = 1\nexit\nl:\nr0 = 2\nexit\n", &in, &p,
			&st),
		 0);
	CHECK_EQ(seen[VF_STEP], st.walked);
	CHECK_EQ(seen[VF_BRANCH], 1);
	CHECK_EQ(seen[VF_POPPED], 1);
	CHECK_EQ(seen[VF_REJECTED], 0);
	vf_proof_free(p);
	CHECK_EQ(verify("r0 = r2\nexit\n", &in, &p, &st), -EACCES);
	CHECK_EQ(seen[VF_REJECTED], 1);
}

/* What is kept until a loop is left, to complete the marks of precision, is how each path came along, not what it knew. */
TEST(memory_in_loops)
{
#define STEP(n) "call get_prandom_u32\nif r0 > 7 goto l" n "\nr7 += 1\nl" n ":\nr8 = 5\nr9 = 6\n"
	static const char text[] =
		"r7 = 0\nagain:\nmay_goto out\n" STEP("1") STEP("2") STEP("3") STEP("4") STEP("5") STEP("6")
		"r7 &= 63\nif r7 == 2000 goto out\ngoto again\nout:\nr0 = 0\nexit\n";
	struct vf_input in = { .caps = CAPB_SYS_ADMIN };
	struct proof *p = NULL;
	struct vf_stats st;

	CHECK_EQ(verify(text, &in, &p, &st), 0);
	CHECK(st.peak_states > 5000);
	CHECK(st.memory < 280 * (size_t)st.peak_states);
	vf_proof_free(p);
}
