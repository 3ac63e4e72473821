/* SPDX-License-Identifier: BSD-2-Clause */
/* Text and back: every row with edge operands, and the running kernel's own text where it may be asked. */
#include "unit/test.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "isa/isa.h"

static const s32 edge_imm[] = { 0, 1, -1, 12, 0x7f, S32_MAX, S32_MIN };
static const s16 edge_off[] = { 0, 1, -1, 8, INT16_MAX, INT16_MIN };

static bool has_text(u16 op)
{
	return !op_info[op].internal && op != OP_LDIMM64_HI;
}

static struct ins make(u16 op, u8 dst, u8 src, s16 off, s32 imm, s32 hi)
{
	const struct op_info *x = &op_info[op];
	struct bpf_insn in[2] = { { .code = x->code } };
	struct ins ins = { 0 };

	in->dst_reg = (u8)(x->dst.kind >= FK_READ ? dst & 15u : 0);
	in->src_reg = (u8)(x->src.kind >= FK_READ ? src & 15u : (u32)x->src.want & 15u);
	/* only an offset that the text shows can come back */
	in->off = x->off.kind == FK_ANY && (strstr(x->text, "%o") || strstr(x->text, "%j")) ? off : (s16)x->off.want;
	in->imm = x->imm.kind == FK_ANY || x->imm.kind == FK_LOW ? imm : x->imm.want;
	if (x->cls == IC_LDIMM64 && x->imm.kind == FK_ANY && x->sub != IMM64_FUNC)
		in[1].imm = hi;
	CHECK_EQ(isa_decode_one(in, 2, 0, &ins), DE_OK);
	CHECK_EQ(ins.op, op);
	return ins;
}

static void round_trip(const struct ins *ins, bool with_code)
{
	struct bpf_insn want[2] = { { 0 } }, *got = NULL;
	struct str text = { 0 };
	char *err = NULL;
	const char *line;
	u32 slots = isa_encode(ins, want);
	int n;

	isa_disasm(&text, ins, 0, &isa_asm_names);
	line = str_text(&text) + (with_code ? 0 : 5);
	n = isa_asm(line, NULL, &got, &err);
	if (n != (int)slots || memcmp(want, got, slots * sizeof(*got))) {
		printf("# %s: \"%s\" gives %d slots: %s\n", op_info[ins->op].name, line, n, err ? err : "other code");
		test_failures++;
	}
	free(got);
	free(err);
	str_free(&text);
}

TEST(text_assembles_to_the_same_code)
{
	for (u16 op = 0; op < OP_COUNT; op++) {
		for (u32 i = 0; has_text(op) && i < ARRAY_SIZE(edge_imm) * ARRAY_SIZE(edge_off); i++) {
			struct ins ins = make(op, (u8)(i % 11), (u8)((i + 3) % 11), edge_off[i % ARRAY_SIZE(edge_off)],
					      edge_imm[i / ARRAY_SIZE(edge_off)], edge_imm[i % ARRAY_SIZE(edge_imm)]);

			round_trip(&ins, true);
			/* without the byte a small 64-bit constant is a plain move, to the same effect */
			if (op != OP_LDIMM64)
				round_trip(&ins, false);
		}
	}
}

static const struct {
	struct bpf_insn in[2];
	const char *text;
} golden[] = {
	{ { { 0xb7, 1, 0, 0, -5 } }, "(b7) r1 = -5" },
	{ { { 0xbc, 1, 2, 8, 0 } }, "(bc) w1 = (s8)w2" },
	{ { { 0xbf, 1, 2, 32, 0 } }, "(bf) r1 = (s32)r2" },
	{ { { 0xbf, 1, 2, 1, 1 } }, "(bf) r1 = addr_space_cast(r2, 0, 1)" },
	{ { { 0xbf, 1, 2, 1, 65536 } }, "(bf) r1 = addr_space_cast(r2, 1, 0)" },
	{ { { 0x84, 3, 0, 0, 0 } }, "(84) w3 = -w3" },
	{ { { 0x94, 3, 0, 1, 7 } }, "(94) w3 s%= 7" },
	{ { { 0xdc, 3, 0, 0, 16 } }, "(dc) r3 = be16 r3" },
	{ { { 0xd7, 3, 0, 0, 64 } }, "(d7) r3 = bswap64 r3" },
	{ { { 0x81, 3, 4, -8, 0 } }, "(81) r3 = *(s32 *)(r4 -8)" },
	{ { { 0x7a, 10, 0, -8, -1 } }, "(7a) *(u64 *)(r10 -8) = -1" },
	{ { { 0x63, 10, 2, -8, 0 } }, "(63) *(u32 *)(r10 -8) = r2" },
	{ { { 0xdb, 10, 2, -8, 0x40 } }, "(db) lock *(u64 *)(r10 -8) |= r2" },
	{ { { 0xdb, 10, 2, -8, 0x01 } }, "(db) r2 = atomic64_fetch_add((u64 *)(r10 -8), r2)" },
	{ { { 0xc3, 10, 2, -8, 0xe1 } }, "(c3) r2 = atomic_xchg((u32 *)(r10 -8), r2)" },
	{ { { 0xc3, 10, 2, -8, 0xf1 } }, "(c3) r0 = atomic_cmpxchg((u32 *)(r10 -8), r0, r2)" },
	{ { { 0xd3, 1, 10, -8, 0x100 } }, "(d3) r1 = load_acquire((u8 *)(r10 -8))" },
	{ { { 0xdb, 10, 0, -8, 0x110 } }, "(db) store_release((u64 *)(r10 -8), r0)" },
	{ { { 0x18, 1, 0, 0, 1 }, { 0, 0, 0, 0, 2 } }, "(18) r1 = 0x200000001" },
	{ { { 0x20, 0, 0, 0, 12 } }, "(20) r0 = *(u32 *)skb[12]" },
	{ { { 0x40, 0, 1, 0, -4 } }, "(40) r0 = *(u32 *)skb[r1 + -4]" },
	{ { { 0x05, 0, 0, 3, 0 } }, "(05) goto pc+3" },
	{ { { 0x06, 0, 0, 0, -3 } }, "(06) gotol pc-3" },
	{ { { 0xe5, 0, 0, 2, 0 } }, "(e5) may_goto pc+2" },
	{ { { 0x16, 1, 0, 2, -3 } }, "(16) if w1 == 0xfffffffd goto pc+2" },
	{ { { 0x6d, 1, 2, -2, 0 } }, "(6d) if r1 s> r2 goto pc-2" },
	{ { { 0x85, 0, 0, 0, 9999 } }, "(85) call unknown#9999" },
	{ { { 0x85, 0, 1, 0, 4 } }, "(85) call pc+4" },
	{ { { 0x85, 0, 2, 0, 4 } }, "(85) call kernel-function#4" },
	{ { { 0x95, 0, 0, 0, 0 } }, "(95) exit" },
	/* what does not decode, printed from its nearest row as Linux does */
	{ { { 0xdb, 10, 0, -8, 0xf00 } }, "BUG_db" },
	{ { { 0xdc, 0, 0, 0, 48 } }, "(dc) r0 = be48 r0" },
	{ { { 0x07, 12, 0, 1, 1 } }, "(07) r12 += 1" },
	{ { { 0xbf, 0, 0, 1, 2 } }, "(bf) r0 = addr_space_cast(r0, 0, 2)" },
};

TEST(text_is_as_Linux_prints_it)
{
	for (u32 i = 0; i < ARRAY_SIZE(golden); i++) {
		struct str text = { 0 };
		struct ins ins;

		isa_decode_one(golden[i].in, 2, 0, &ins);
		isa_disasm(&text, &ins, 0, NULL);
		CHECK_STR(str_text(&text), golden[i].text);
		str_free(&text);
	}
}

/* Loads one instruction at slot 3 and returns what the kernel's log shows for it. */
static int kernel_text(const struct bpf_insn *in, u32 slots, char *out, size_t size)
{
	static char log[1 << 16];
	struct bpf_insn prog[16];
	union bpf_attr attr = { 0 };
	char *p, *end;
	int fd;
	u32 n = 0;

	prog[n++] = (struct bpf_insn){ .code = 0xbf, .dst_reg = 6, .src_reg = 1 };
	prog[n++] = (struct bpf_insn){ .code = 0xb7 };
	prog[n++] = (struct bpf_insn){ .code = 0xb7, .dst_reg = 2 };
	for (u32 i = 0; i < slots; i++)
		prog[n++] = in[i];
	if (in->code != 0x95)
		prog[n++] = (struct bpf_insn){ .code = 0x95 };
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (u64)(uintptr_t)prog;
	attr.insn_cnt = n;
	attr.license = (u64)(uintptr_t) "GPL";
	attr.log_level = 2;
	attr.log_size = sizeof(log);
	attr.log_buf = (u64)(uintptr_t)log;
	log[0] = '\0';
	fd = (int)syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0 && errno == EPERM)
		return -EPERM;
	if (fd >= 0)
		close(fd);
	p = strstr(log, "\n3: (");
	if (!p)
		return -ENOENT;
	p += 4;
	end = p + strcspn(p, ";\n");
	while (end > p && end[-1] == ' ')
		end--;
	snprintf(out, size, "%.*s", (int)(end - p), p);
	return 0;
}

TEST(text_is_the_running_kernels)
{
	u32 asked = 0;

	for (u16 op = 0; op < OP_COUNT; op++) {
		const struct op_info *x = &op_info[op];
		struct bpf_insn in[2];
		struct str text = { 0 };
		char want[256];
		struct ins ins;
		int err;

		/* what the kernel's first passes take away before anything is printed, or name by our spec/ only */
		if (!has_text(op) || x->cls == IC_CALL || x->cls == IC_CALL_KFUNC || x->cls == IC_CALL_SUB ||
		    (x->cls == IC_LDIMM64 && x->sub != IMM64_CONST))
			continue;
		ins = make(op, x->cls >= IC_ST && x->cls <= IC_STORE_REL ? 10 : 0, 2, op_is_jump(op) ? 0 : -16, 0, 1);
		if (op_is_jump(op))
			ins.imm = 0;
		err = kernel_text(in, isa_encode(&ins, in), want, sizeof(want));
		if (err == -EPERM)
			SKIP("bpf(2) is not permitted");
		if (err) {
			printf("# the kernel's log does not show %s\n", x->name);
			test_failures++;
			continue;
		}
		asked++;
		isa_disasm(&text, &ins, 0, NULL);
		CHECK_STR(str_text(&text), want);
		str_free(&text);
	}
	CHECK(asked > 150);
}

static int fake_helper(void *cookie, const char *name)
{
	(void)cookie;
	return !strcmp(name, "ktime_get_ns") ? 5 : -1;
}

static int fake_map(void *cookie, const char *name)
{
	(void)cookie;
	return !strcmp(name, "counters") ? 7 : -1;
}

static const struct asm_opts opts = { .helper_id = fake_helper, .map_fd = fake_map };

TEST(assembles_labels_comments_and_names)
{
	static const char src[] = "; a comment\n"
				  "start:  r1 = map[counters] # the map\n"
				  "        r2 = map[counters][0]+16\n"
				  "loop: r3 += 0x10\n"
				  "  if r3 != 0x40 goto loop\n"
				  "  call bpf_ktime_get_ns\n"
				  "  call ktime_get_ns#5\n"
				  "12: (b7) r0 = 0      ; R0=0\n"
				  "  call func\n"
				  "  r4 = 0xffffffff\n"
				  "  r5 = 1 ll\n"
				  "  r1 = subprog[func]\n"
				  "  gotol out\n"
				  "  *(u64*)(r10-8)=r1\n"
				  "out: exit\n"
				  "func:\n"
				  "  w0 = -1 // all ones\n"
				  "  exit\n";
	struct bpf_insn *in = NULL;
	char *err = NULL;
	int n = isa_asm(src, &opts, &in, &err);

	CHECK_EQ(n, 21);
	if (n != 21) {
		printf("# %s\n", err ? err : "");
		return;
	}
	CHECK(in[0].src_reg == 1 && in[0].imm == 7 && in[2].src_reg == 2 && in[3].imm == 16);
	CHECK(in[4].imm == 16 && in[5].off == -2 && in[5].imm == 0x40);
	CHECK(in[6].imm == 5 && in[6].src_reg == 0 && in[7].imm == 5 && in[7].src_reg == 0);
	CHECK(in[9].code == 0x85 && in[9].src_reg == 1 && in[9].imm == 9);
	CHECK(in[10].code == 0x18 && in[10].imm == -1 && in[11].imm == 0);
	CHECK(in[12].code == 0x18 && in[12].imm == 1);
	CHECK(in[14].code == 0x18 && in[14].src_reg == 4 && in[14].imm == 4);
	CHECK(in[16].code == 0x06 && in[16].imm == 1);
	CHECK(in[17].code == 0x7b && in[17].off == -8);
	free(in);
}

static void refuse(const char *text, const char *want)
{
	struct bpf_insn *in = NULL;
	char *err = NULL;
	int n = isa_asm(text, &opts, &in, &err);

	CHECK_EQ(n, -EINVAL);
	CHECK_STR(err ? err : "", want);
	free(err);
	if (n >= 0)
		free(in);
}

TEST(refuses_what_is_no_instruction)
{
	refuse("r0 = 0\nr1 ==\n", "line 2: no such instruction");
	refuse("r11 = 0", "line 1: there is no register beyond r10");
	refuse("goto nowhere", "line 1: there is no label of that name");
	refuse("call nothing", "line 1: there is no helper and no label of that name");
	refuse("r1 = map[nothing]", "line 1: there is no map of that name");
	refuse("a: exit\na: exit", "line 2: label defined twice");
	refuse("r1 += 0x80000000", "line 1: the number does not fit 32 bits");
	refuse("r1 = *(u8 *)(r2 +40000)", "line 1: the offset does not fit 16 bits");
	refuse("r1 = be16 r2", "line 1: both registers must be the same");
	refuse("(b7) exit", "line 1: no such instruction");
	refuse("r1 = be48 r1", "line 1: no such instruction");
	refuse("w1 = (s32)w1", "line 1: no such instruction");
}
