/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier's log against the running kernel's, letter by letter at level 2: states, live registers,
 * precision, pruning. People and tools read these logs; and where two verifiers print the same states all
 * along, they think the same.
 *
 * Only Linux 6.18 prints what is compared here; on others, and where bpf(2) is not permitted, the test skips.
 */
#include <sys/utsname.h>

#include "isa/isa.h"
#include "unit/kernel.h"
#include "unit/test.h"
#include "verifier/verify.h"

#define LOG_SIZE (1u << 20)
static char theirs[LOG_SIZE];
static int map_fd;
static struct map_desc map = {
	.type = BPF_MAP_TYPE_ARRAY, .id = 1, .key_size = 4, .value_size = 64, .max_entries = 1
};

static int named_map(void *cookie, const char *name)
{
	(void)cookie;
	(void)name;
	return map_fd;
}

static int find_map(void *cookie, int fd, const struct map_desc **ret_map)
{
	(void)cookie;
	*ret_map = &map;
	return fd == map_fd ? 0 : -EBADF;
}

static int helper_id(void *cookie, const char *name)
{
	(void)cookie;
	return helper_id_by_name(name);
}

static bool permitted(void)
{
	static bool tried;
	struct utsname u;

	if (!tried && !uname(&u) && !strncmp(u.release, "6.18.", 5))
		map_fd = kernel_array(map.value_size);
	tried = true;
	return map_fd > 0;
}

/* Addresses and times differ from run to run. */
static void blank(char *log)
{
	char *from = log, *to = log;

	while (*from) {
		char *end = strchr(from, '\n');
		size_t n = end ? (size_t)(end - from) + 1 : strlen(from);
		bool address = n > 24 && memmem(from, n, "(18) r", 6);

		for (size_t i = 0; i < n && !address; i++)
			*to++ = from[i];
		from += n;
	}
	*to = '\0';
}

static void compare(const char *name, const char *text, u32 flags)
{
	struct asm_opts opts = { .helper_id = helper_id, .map_fd = named_map };
	struct vf_input in = { .prog_type = BPF_PROG_TYPE_SCHED_CLS,
			       .prog_flags = flags,
			       .caps = CAPB_SYS_ADMIN,
			       .gpl = true,
			       .name = "",
			       .map_by_fd = find_map };
	union bpf_attr a = { 0 };
	struct bpf_insn *insns;
	struct proof *proof = NULL;
	struct log log;
	char *err, *ours;
	int n = isa_asm(text, &opts, &insns, &err), fd, ret;

	if (n < 0) {
		printf("#   %s: %s\n", name, err);
		test_failures++;
		return;
	}
	a.prog_type = in.prog_type;
	a.insns = (u64)(uintptr_t)insns;
	a.insn_cnt = (u32)n;
	a.license = (u64)(uintptr_t)"GPL";
	a.log_level = LOG_LEVEL2;
	a.log_buf = (u64)(uintptr_t)theirs;
	a.log_size = LOG_SIZE;
	a.prog_flags = flags;
	theirs[0] = '\0';
	fd = kernel_bpf(BPF_PROG_LOAD, &a);
	if (fd >= 0)
		close(fd);
	in.insns = insns;
	in.insn_cnt = (u32)n;
	log_init(&log, LOG_LEVEL2);
	ret = vf_verify(&in, &log, &proof, NULL);
	ours = strdup(str_text(&log.text));
	blank(theirs);
	blank(ours);
	CHECK_EQ(ret, MIN(fd, 0));
	if (strcmp(ours, theirs)) {
		size_t k = 0, line = 0;

		for (; ours[k] && ours[k] == theirs[k]; k++)
			line = ours[k] == '\n' ? k + 1 : line;
		printf("#   %s:\n#   kernel: %.*s\n#   skep:   %.*s\n", name,
		       (int)strcspn(theirs + line, "\n"), theirs + line, (int)strcspn(ours + line, "\n"),
		       ours + line);
		test_failures++;
	}
	free(ours);
	vf_proof_free(proof);
	log_free(&log);
	free(insns);
}

static const struct { const char *name, *text;
} programs[] = {
	{ "straight", "r0 = 0\nr6 = -1\nw6 += 5\nr7 = r6\nr7 <<= 33\nr7 s>>= 12\nr7 ^= 77\nexit\n" },
	{ "branches",
	  "call get_prandom_u32\nr6 = r0\nr6 &= 7\nif r6 > 3 goto l\nr6 += 1\nl:\nr0 = r6\nexit\n" },
	{ "not readable", "r0 = r2\nexit\n" },
	{ "bounded loop", "r6 = 0\nl:\nr6 += 1\nif r6 < 10 goto l\nr0 = r6\nexit\n" },
	{ "endless loop", "r0 = 0\nr6 = 1\nl:\nif r6 == 1 goto l\nexit\n" },
	{ "nested loops",
	  "r6 = 0\nr7 = 0\no:\nr8 = 0\ni:\ncall get_prandom_u32\nif r0 > 5 goto k\nr7 += 1\nk:\nr8 += 1\n"
	  "if r8 < 5 goto i\nr6 += 1\nif r6 < 5 goto o\nr0 = r7\nexit\n" },
	{ "may_goto", "r6 = 0\nl:\nmay_goto e\nr6 += 1\ngoto l\ne:\nr0 = r6\nexit\n" },
	{ "spills", "r1 = 7\n*(u64 *)(r10 -8) = r1\n*(u32 *)(r10 -12) = 5\n*(u16 *)(r10 -20) = 1\nr2 = *(u64 "
		    "*)(r10 -8)\n"
		    "r3 = *(u32 *)(r10 -8)\nr4 = *(u8 *)(r10 -12)\nr0 = r3\nexit\n" },
	{ "linked spills",
	  "call get_prandom_u32\nr6 = r0\nr6 &= 1023\n*(u64 *)(r10 -8) = r6\n*(u64 *)(r10 -16) = r6\n"
	  "r7 = r6\nif r7 > 40 goto e\nr8 = *(u64 *)(r10 -8)\nr1 = r10\nr1 += -64\nr1 += r8\n*(u8 *)(r1 +0) "
	  "= 1\ne:\nr0 = 0\n"
	  "exit\n" },
	{ "linked by distance",
	  "call get_prandom_u32\nw6 = w0\nr7 = r6\nw7 += 3\nr8 = r6\nr8 -= 7\nif r7 > 100 goto e\nr0 = r6\n"
	  "r0 = r8\ne:\nr0 = 0\nexit\n" },
	{ "negation and byte order",
	  "call get_prandom_u32\nr6 = r0\nr6 &= 255\nr7 = r6\nr7 = -r7\nr8 = r6\nr8 = be16 r8\n"
	  "r9 = r6\nr9 = le64 r9\nr9 = bswap32 r9\nr0 = r7\nr0 = r8\nr0 = r9\nexit\n" },
	{ "all or nothing",
	  "call get_prandom_u32\nr6 = r0\nr6 <<= 63\nr6 s>>= 63\nr6 &= 8\nr1 = r10\nr1 += -16\nr1 += r6\n"
	  "*(u8 *)(r1 +0) = 1\nr0 = 0\nexit\n" },
	{ "map value",
	  "call get_prandom_u32\nr6 = r0\nw6 &= 31\n*(u32 *)(r10 -4) = r6\nr2 = r10\nr2 += -4\nr1 = map[m]\n"
	  "call map_lookup_elem\nif r0 == 0 goto e\nr1 = r0\nr1 += r6\nr7 = *(u8 *)(r1 +0)\n*(u64 *)(r0 +8) "
	  "= r7\ne:\nr0 = 0\n"
	  "exit\n" },
	{ "map value out of range",
	  "*(u32 *)(r10 -4) = 0\nr2 = r10\nr2 += -4\nr1 = map[m]\ncall map_lookup_elem\n"
	  "if r0 == 0 goto e\nr0 = *(u64 *)(r0 +60)\ne:\nr0 = 0\nexit\n" },
	{ "packet", "r2 = *(u32 *)(r1 +76)\nr3 = *(u32 *)(r1 +80)\nr4 = r2\nr4 += 14\nif r4 > r3 goto e\nr5 "
		    "= *(u16 *)(r2 +12)\n"
		    "if r5 == 8 goto e\nr6 = *(u8 *)(r2 +14)\nr0 = 1\nexit\ne:\nr0 = 2\nexit\n" },
	{ "functions", "r1 = 3\ncall f\nr6 = r0\nr1 = r10\nr1 += -8\n*(u64 *)(r10 -8) = 5\ncall g\nr0 = "
		       "*(u64 *)(r10 -8)\nexit\n"
		       "f:\nr0 = r1\nr0 += 5\nexit\ng:\nr2 = *(u64 *)(r1 +0)\nif r2 > 4 goto x\nr2 = "
		       "1\nx:\n*(u64 *)(r1 +0) = r2\n"
		       "r0 = 0\nexit\n" },
	{ "precision through a function",
	  "call get_prandom_u32\nr1 = -8\nif r0 == 0 goto j\nr1 = -16\nj:\ncall same\nr1 = r10\n"
	  "r1 += r0\n*(u64 *)(r1 +0) = 0\nr0 = 0\nexit\nsame:\nr0 = r1\nexit\n" },
	{ "signs", "call get_prandom_u32\nw6 = w0\nw6 += -5\nif w6 s< 0 goto e\nif w6 s> 30 goto e\nr7 = "
		   "r6\nr7 s>>= 2\nr8 = (s8)r7\n"
		   "if r8 != r7 goto e\nr0 = r8\ne:\nw0 = 0\nexit\n" },
};

TEST(logs_equal)
{
	if (!permitted())
		SKIP("needs Linux 6.18 and bpf(2)");
	for (u32 i = 0; i < ARRAY_SIZE(programs); i++)
		compare(programs[i].name, programs[i].text, 0);
}

TEST(logs_equal_with_more_checkpoints)
{
	if (!permitted())
		SKIP("needs Linux 6.18 and bpf(2)");
	for (u32 i = 0; i < ARRAY_SIZE(programs); i++)
		compare(programs[i].name, programs[i].text, BPF_F_TEST_STATE_FREQ);
}
