/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control flow of the interpreter: calls with frames of their own, tail calls, callbacks, exceptions, packet loads and
 * guarded memory; compared with the running kernel where that says something.
 */
#include "unit/test.h"

#include <sys/mman.h>

#include "isa/isa.h"
#include "unit/kernel.h"
#include "vm/abi.h"

/* A prog array for tests; stands in for map/'s when that is not linked. */
struct map {
	const struct image *slot[4];
};

__attribute__((weak)) const struct image *prog_array_image(struct map *m, u32 index)
{
	return index < ARRAY_SIZE(m->slot) ? m->slot[index] : NULL;
}

struct prog {
	struct bpf_insn *insns;
	struct ins *ops;
	struct image_sub sub[16];
	struct image img;
	u32 n;
};

/* Assembles and decodes; each target of a call or function address starts a subprogram. */
static void build(struct prog *p, const char *text)
{
	char *err = NULL;
	int n = isa_asm(text, NULL, &p->insns, &err);
	u32 at = 0;

	if (n < 0) {
		printf("# %s\n", err);
		abort();
	}
	p->n = (u32)n;
	p->ops = calloc(p->n, sizeof(*p->ops));
	if (!p->ops || isa_decode(p->insns, p->n, p->ops, &at) != DE_OK)
		abort();
	p->img = (struct image){ .ops = p->ops, .n = p->n, .sub = p->sub, .nsubs = 1, .exception_sub = ~0u,
				 .entry = vm_exec };
	p->sub[0] = (struct image_sub){ .stack = 64 };
	for (u32 i = 0; i < p->n; i++) { /* subprograms of these tests stand in the order of their first use */
		u32 s = 0;

		if (p->ops[i].op != OP_CALL_SUB && p->ops[i].op != OP_LDIMM64_FUNC)
			continue;
		while (s < p->img.nsubs && p->sub[s].start != p->ops[i].target)
			s++;
		if (s == p->img.nsubs)
			p->sub[p->img.nsubs++] = (struct image_sub){ .start = p->ops[i].target, .stack = 64 };
		if (p->ops[i].op == OP_LDIMM64_FUNC)
			p->ops[i].imm64 = s;
	}
}

static void drop(struct prog *p)
{
	free(p->insns);
	free(p->ops);
}

static struct run run;

static u64 go(struct prog *p, void *ctx)
{
	u64 ret;

	run_init(&run, &p->img, NULL);
	ret = run_image(&run, ctx);
	CHECK(run.stack_top == run.stack + sizeof(run.stack));
	CHECK_EQ(run.frames, 0);
	return ret;
}

/* Points the n-th helper call at a function. */
static void bind(struct prog *p, u32 helper, helper_fn fn)
{
	for (u32 i = 0; i < p->n; i++)
		if (p->ops[i].op == OP_CALL && p->ops[i].imm == (s32)helper)
			p->ops[i].imm64 = (u64)(uintptr_t)fn;
}

static u64 weigh(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	CHECK(r == &run);
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e;
}

TEST(helpers_get_five_arguments_and_the_run)
{
	struct prog p;

	build(&p, "r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\nr6 = 6\ncall 1\nr0 += r6\nexit");
	bind(&p, 1, weigh);
	CHECK_EQ(go(&p, NULL), 54327);
	drop(&p);
}

TEST(calls_nest_and_keep_what_they_must)
{
	static const char text[] = "r6 = 1\nr7 = 2\nr8 = 3\nr9 = 4\n*(u64 *)(r10 -8) = 5\nr1 = 7\ncall fac\n"
				   "r1 = *(u64 *)(r10 -8)\nr0 += r1\nr0 += r6\nr0 += r7\nr0 += r8\nr0 += r9\nexit\n"
				   "fac: if r1 s> 1 goto more\nr0 = 1\nexit\n"
				   "more: r6 = r1\n*(u64 *)(r10 -8) = r1\nr1 += -1\ncall fac\nr1 = *(u64 *)(r10 -8)\n"
				   "r9 = 99\nr0 *= r1\nif r1 == r6 goto +1\nr0 = -1\nexit\n";
	struct prog p;

	build(&p, text);
	CHECK_EQ(go(&p, NULL), 5040 + 5 + 10);
	drop(&p);
}

TEST(a_full_stack_ends_the_run_quietly)
{
	struct prog p;

	build(&p, "call sub\nexit\nsub: r6 = 1\ncall sub\nexit\n");
	CHECK_EQ(go(&p, NULL), 0);
	drop(&p);
}

static const char self_tail_call[] = "r6 = r1\nr7 = map[fd:9]\nr0 = map[fd:8][0]+0\nr1 = *(u64 *)(r0 +0)\nr1 += 1\n"
				     "*(u64 *)(r0 +0) = r1\nr1 = r6\nr2 = r7\nr3 = 0\ncall 12\nr0 = 123\nexit\n";

static void lower_tail_calls(struct prog *p, struct map *array, u64 *counter)
{
	for (u32 i = 0; i < p->n; i++) {
		if (p->ops[i].op == OP_LDIMM64_MAP_FD)
			p->ops[i].imm64 = (u64)(uintptr_t)array;
		else if (p->ops[i].op == OP_LDIMM64_MAP_VALUE)
			p->ops[i].imm64 = (u64)(uintptr_t)counter;
		else if (p->ops[i].op == OP_CALL && p->ops[i].imm == 12)
			p->ops[i].op = OP_TAIL_CALL;
	}
}

/* How often the kernel runs the program that tail calls itself; 0 when it may not be asked. */
static u64 kernel_tail_calls(const struct prog *p)
{
	union bpf_attr a = { 0 };
	struct bpf_insn insns[32];
	static const u8 packet[64];
	int array, counter, fd;
	u32 key = 0, r0 = 0, target;
	u64 count = 0;

	a.map_type = BPF_MAP_TYPE_PROG_ARRAY;
	a.key_size = a.value_size = 4;
	a.max_entries = 1;
	array = kernel_bpf(BPF_MAP_CREATE, &a);
	counter = kernel_array(8);
	if (array < 0 || counter < 0)
		return 0;
	memcpy(insns, p->insns, p->n * sizeof(*insns));
	insns[1].imm = array;
	insns[3].imm = counter;
	fd = kernel_load(BPF_PROG_TYPE_SOCKET_FILTER, insns, p->n, NULL, 0);
	CHECK(fd >= 0);
	target = (u32)fd;
	memset(&a, 0, sizeof(a));
	a.map_fd = (u32)array;
	a.key = (u64)(uintptr_t)&key;
	a.value = (u64)(uintptr_t)&target;
	CHECK_EQ(kernel_bpf(BPF_MAP_UPDATE_ELEM, &a), 0);
	CHECK_EQ(kernel_run(fd, packet, sizeof(packet), &r0), 0);
	CHECK_EQ(r0, 123);
	CHECK_EQ(kernel_array_get(counter, &count), 0);
	close(fd);
	close(array);
	close(counter);
	return count;
}

TEST(tail_calls_stop_where_the_kernel_stops)
{
	struct prog p;
	struct map array = { { NULL } };
	u64 counter = 0, kernel;

	build(&p, self_tail_call);
	kernel = kernel_tail_calls(&p);
	lower_tail_calls(&p, &array, &counter);
	CHECK_EQ(go(&p, NULL), 123); /* empty slot: the program goes on */
	CHECK_EQ(counter, 1);
	array.slot[0] = &p.img;
	counter = 0;
	CHECK_EQ(go(&p, NULL), 123);
	CHECK_EQ(counter, 34);
	CHECK(!kernel || kernel == counter);
	drop(&p);
}

/* The callee of a subprogram's tail call returns to the subprogram's caller, whose registers and image are back then. */
TEST(tail_calls_from_subprograms_return_to_the_caller)
{
	struct prog p, q;
	struct map array = { { NULL } };

	build(&p, "r6 = 5\n*(u64 *)(r10 -8) = 6\ncall sub\nr0 += r6\nr1 = *(u64 *)(r10 -8)\nr0 += r1\n"
		  "r6 = r0\ncall last\nr0 += r6\nexit\n"
		  "sub: r2 = map[fd:9]\nr3 = 1\ncall 12\nr0 = 1\nexit\nlast: r0 = 1000\nexit\n");
	build(&q, "r6 = 7\n*(u64 *)(r10 -64) = 1\nr0 = 100\nexit\n");
	lower_tail_calls(&p, &array, NULL);
	CHECK_EQ(go(&p, NULL), 1012);
	array.slot[1] = &q.img;
	CHECK_EQ(go(&p, NULL), 1111);
	CHECK(run.image == &p.img);
	drop(&p);
	drop(&q);
}

static u64 repeat(u64 n, u64 fn, u64 ctx, u64 flags, u64 unused, struct run *r)
{
	(void)flags;
	(void)unused;
	for (u64 i = 0; i < n; i++)
		if (run_callback(r, fn, i, ctx, 0, 0, 0))
			return i + 1;
	return n;
}

static const char sum_text[] = "*(u64 *)(r10 -8) = 0\nr1 = 10\nr2 = subprog[add]\nr3 = r10\nr3 += -8\nr4 = 0\nr6 = 3\n"
			       "call 181\nr7 = r0\nr0 = *(u64 *)(r10 -8)\nr0 += r6\nr0 += r7\nexit\n"
			       "add: r3 = *(u64 *)(r2 +0)\nr3 += r1\n*(u64 *)(r2 +0) = r3\nr6 = r1\n*(u64 *)(r10 -8) = 99\n"
			       "r0 = 0\nif r6 != 7 goto out\nr0 = 1\nout: exit\n";

TEST(helpers_call_back)
{
	struct prog p;

	build(&p, sum_text);
	bind(&p, 181, repeat);
	CHECK_EQ(go(&p, NULL), 28 + 3 + 8);
	drop(&p);
}

static u64 throw(u64 cookie, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	(void)b, (void)c, (void)d, (void)e;
	run_throw(r, cookie);
}

TEST(exceptions_unwind_everything)
{
	static const char text[] = "r1 = 10\nr2 = subprog[cb]\nr3 = 0\nr4 = 0\ncall 181\nr0 = 1\nexit\n"
				   "cb: r1 += 40\nif r1 < 43 goto ok\ncall sub\nok: r0 = 0\nexit\nsub: call 9\nr0 = 2\nexit\n"
				   "handler: r0 = r1\nr0 *= 2\nexit\n";
	struct prog p;

	build(&p, text);
	bind(&p, 181, repeat);
	bind(&p, 9, throw);
	p.img.may_throw = true;
	CHECK_EQ(go(&p, NULL), 43); /* without a callback the cookie is the result */
	CHECK(!run.unwind);
	p.sub[p.img.nsubs] = (struct image_sub){ .start = p.n - 3, .stack = 0, .exception_cb = true };
	p.img.exception_sub = p.img.nsubs++;
	CHECK_EQ(go(&p, NULL), 86);
	CHECK(!run.unwind);
	drop(&p);
}

TEST(may_goto_lets_a_loop_run_so_long)
{
	u64 turns;
	struct prog p;

	build(&p, "r0 = 0\nloop: may_goto out\nr0 += 1\ngoto loop\nout: exit");
	turns = go(&p, NULL);
	CHECK(turns > RUN_LOOPS && turns % RUN_LOOPS == 0);
	drop(&p);
}

static u8 packet[64];

static u64 pkt_load(u64 ctx, u64 off, u64 size, u64 a, u64 b, struct run *r)
{
	u64 v = 0;

	(void)a, (void)b, (void)r;
	CHECK(ctx == (u64)(uintptr_t)packet);
	if (off > sizeof(packet) || size > sizeof(packet) - off)
		return (u64)-EFAULT;
	for (u64 i = 0; i < size; i++)
		v = v << 8 | packet[off + i];
	return v;
}

TEST(packet_loads_are_the_kernels)
{
	static const char *const form[] = { "r0 = *(u8 *)skb[%d]",	"r0 = *(u16 *)skb[%d]",	     "r0 = *(u32 *)skb[%d]",
					    "r0 = *(u8 *)skb[r2 + %d]", "r0 = *(u16 *)skb[r2 + %d]", "r0 = *(u32 *)skb[r2 + %d]" };

	for (u32 i = 0; i < sizeof(packet); i++)
		packet[i] = (u8)(i * 37 + 0x81);
	for (u32 f = 0; f < ARRAY_SIZE(form); f++) {
		for (s32 off = 0; off < 70; off += 1 + off / 9) {
			char text[256];
			struct prog p;
			int n, fd;
			u32 r0 = 0;

			n = snprintf(text, sizeof(text), "r6 = r1\nr2 = 3\n");
			n += snprintf(text + n, sizeof(text) - (size_t)n, form[f], off);
			snprintf(text + n, sizeof(text) - (size_t)n, "\nr0 ^= 0x55\nexit\n");
			build(&p, text);
			fd = kernel_load(BPF_PROG_TYPE_SCHED_CLS, p.insns, p.n, NULL, 0);
			if (fd < 0) {
				drop(&p);
				SKIP("bpf(2) is not permitted");
			}
			CHECK_EQ(kernel_run(fd, packet, sizeof(packet), &r0), 0);
			close(fd);
			p.ops[2].imm64 = (u64)(uintptr_t)pkt_load;
			CHECK_EQ((u32)go(&p, packet), r0);
			drop(&p);
		}
	}
}

TEST(casts_change_the_address_space)
{
	struct prog p;
	u64 r = 0;

	build(&p, "r2 = r1\nr0 = addr_space_cast(r2, 0, 1)\nexit\n");
	CHECK_EQ(go(&p, (void *)0x7fff12345678), 0x12345678);
	drop(&p);
	build(&p, "r2 = r1\nr0 = addr_space_cast(r2, 1, 0)\nexit\n");
	p.ops[1].imm64 = 0x7eee00000000;
	r = go(&p, (void *)0xdead12345678);
	CHECK_EQ(r, 0x7eee12345678);
	CHECK_EQ(go(&p, NULL), 0);
	drop(&p);
}

TEST(bad_addresses_do_not_fault)
{
	long page = sysconf(_SC_PAGESIZE);
	u8 *m = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct prog p;
	u64 v = 1;

	CHECK(m != MAP_FAILED);
	CHECK_EQ(mprotect(m + page, (size_t)page, PROT_NONE), 0);
	memset(m, 0xff, (size_t)page);
	CHECK_EQ(probe_read(&v, (u64)(uintptr_t)m, 8), 0);
	CHECK(v == U64_MAX);
	CHECK_EQ(probe_read(&v, (u64)(uintptr_t)(m + page - 4), 8), -EFAULT);
	CHECK_EQ(probe_read(&v, 0, 8), -EFAULT);
	CHECK_EQ(probe_read(&v, 0xffff888000000000ull, 8), -EFAULT);
	CHECK_EQ(probe_write((u64)(uintptr_t)m, "abcd", 4), 0);
	CHECK(!memcmp(m, "abcd", 4));
	CHECK_EQ(probe_write((u64)(uintptr_t)(m + page), "abcd", 4), -EFAULT);
	CHECK_EQ(probe_read(NULL, 0, 0), 0);

	build(&p, "r0 = 5\nr0 = *(s8 *)(r1 +0)\nr2 = *(u64 *)(r1 +4096)\nr0 += r2\nexit\n");
	p.ops[1].op = OP_PROBESX_B;
	p.ops[2].op = OP_PROBE_DW;
	memset(m, 0xff, 8);
	CHECK_EQ(go(&p, m), -1);
	drop(&p);
	munmap(m, (size_t)page * 2);
}
