/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes on functions of this process: every kind of instruction that a site can cover gives the same results moved as it did in
 * place, registers arrive complete, and what a handler does to its own registers stays there.
 */
#include <setjmp.h>

#include "unit/test.h"
#include "unit/patch_kit.h"

/* Each takes (rdi, rsi), gives rax. `name`_end is its end. Sections of their own pages are not needed: text is copied on write. */
#define ASM_FN(name, body)                                                                              \
	__asm__(".text\n.p2align 4\n.globl " #name "\n.type " #name ",@function\n" #name ":\n" body     \
		"\n" #name "_end:\n.globl " #name "_end\n.size " #name ",.-" #name "\n.p2align 4\n");        \
	extern u64 name(u64, u64);                                                                      \
	extern const u8 name##_end[]

ASM_FN(f_plain, "mov %rdi,%rax\n add %rsi,%rax\n imul $3,%rax\n ret");
ASM_FN(f_endbr, "endbr64\n push %rbp\n mov %rsp,%rbp\n lea 5(%rdi,%rsi),%rax\n pop %rbp\n ret");
ASM_FN(f_nop5, ".byte 0x0f,0x1f,0x44,0,0\n lea 7(%rdi,%rsi),%rax\n ret");
ASM_FN(f_rip, "mov f_data(%rip),%rax\n add %rdi,%rax\n ret");
ASM_FN(f_riplea, "push %rbx\n lea f_data(%rip),%rbx\n mov (%rbx),%rax\n pop %rbx\n add %rsi,%rax\n ret");
ASM_FN(f_ripimm, "cmpl $0x7777,f_data(%rip)\n je 1f\n mov $1,%eax\n ret\n1: mov $2,%eax\n ret");
ASM_FN(f_jcc8, "test %rdi,%rdi\n je 1f\n lea (%rdi,%rdi),%rax\n ret\n1: mov $77,%eax\n ret");
ASM_FN(f_jmp8, "xor %eax,%eax\n jmp 2f\n1: add %rdi,%rax\n ret\n nop\n2: add %rsi,%rax\n jmp 1b");
ASM_FN(f_jrcxz, "mov %rdi,%rcx\n jrcxz 1f\n lea 1(%rcx),%rax\n ret\n1: mov $99,%eax\n ret");
ASM_FN(f_loop, "xor %eax,%eax\n mov %edi,%ecx\n inc %ecx\n jmp 2f\n1: add %rsi,%rax\n2: loop 1b\n ret");
ASM_FN(f_call, "call f_helper\n add %rsi,%rax\n ret");
ASM_FN(f_callpush, "push %rbx\n nop\n nop\n call f_helper\n pop %rbx\n sub %rsi,%rax\n ret");
ASM_FN(f_callind, "push %rbx\n mov %rdi,%rbx\n call *f_ptr(%rip)\n add %rbx,%rax\n pop %rbx\n ret");
ASM_FN(f_tail, "add %rsi,%rdi\n jmp f_helper");
ASM_FN(f_tiny, "mov %edi,%eax\n ret");
ASM_FN(f_ret1, "ret");
ASM_FN(f_loopback, "1: dec %rdi\n jns 1b\n lea 3(%rdi),%rax\n ret");
ASM_FN(f_intoit, "mov %rdi,%rax\n1: add %rsi,%rax\n dec %rsi\n jnz 1b\n ret");
ASM_FN(f_inner, "mov %rdi,%rax\n mov %rax,-8(%rsp)\n cmp %rsi,%rdi\n.globl f_inner_at\nf_inner_at:\n mov $0,%ecx\n adc -8(%rsp),%rcx\n mov %rcx,%rax\n ret");
ASM_FN(f_helper, "lea 1000(%rdi),%rax\n ret");
ASM_FN(f_switch, "cmp $3,%edi\n ja 9f\n lea f_table(%rip),%rax\n movslq (%rax,%rdi,4),%rcx\n add %rcx,%rax\n jmp *%rax\n"
		 ".globl f_c0\nf_c0: mov $10,%eax\n ret\nf_c1: mov $11,%eax\n ret\nf_c2: mov $12,%eax\n ret\n9: mov $9,%eax\n ret");
__asm__(".section .rodata\n.p2align 2\nf_table: .long f_c0-f_table, f_c1-f_table, f_c2-f_table, f_switch+5-f_table\n.text\n");
/* The last case of the table lies in the head of the function: nothing but one byte can be rewritten. */
extern const u8 f_inner_at[];
u64 f_data = 0x7777;
void *f_ptr = (void *)f_helper;

static struct patch_regs seen;
static u64 hits, seen_probe, clobber;
static u64 KIT_BARE on_hit(struct patch_regs *r, u64 probe)
{
	seen = *r;
	hits++;
	seen_probe = probe;
	__asm__ volatile("mov %0,%%rdx; mov %0,%%rsi; mov %0,%%rdi; mov %0,%%r8; mov %0,%%r9; mov %0,%%r10; mov %0,%%r11" ::"r"(clobber)
			 : "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
	return 0;
}

static const struct row {
	const char *name;
	u64 (*fn)(u64, u64);
	const u8 *end;
	u8 form;
	bool single;
} rows[] = {
#define ROW(n, form, single) { #n, n, n##_end, form, single }
	ROW(f_plain, PATCH_JMP5, false), ROW(f_endbr, PATCH_JMP5, false), ROW(f_nop5, PATCH_JMP5, true), ROW(f_rip, PATCH_JMP5, true),
	ROW(f_riplea, PATCH_JMP5, false), ROW(f_ripimm, PATCH_JMP5, true), ROW(f_jcc8, PATCH_JMP5, false),
	ROW(f_jmp8, PATCH_TRAP, true), ROW(f_jrcxz, PATCH_JMP5, false), ROW(f_loop, PATCH_JMP5, false),
	ROW(f_call, PATCH_JMP5, true), ROW(f_callpush, PATCH_JMP5, false), ROW(f_callind, PATCH_JMP5, false),
	ROW(f_tail, PATCH_JMP5, false), ROW(f_tiny, PATCH_TRAP, true), ROW(f_loopback, PATCH_JMP5, false),
	ROW(f_intoit, PATCH_TRAP, true), ROW(f_inner, PATCH_JMP5, false), ROW(f_helper, PATCH_JMP5, true),
};

TEST(every_head_moves)
{
	static struct patch_plan plans[ARRAY_SIZE(rows)];
	static const u64 args[][2] = { { 0, 1 }, { 1, 2 }, { 5, 3 }, { 40, 100 }, { 3, 3 } };

	CHECK_EQ(kit_start(), 0);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct patch_plan *p = &plans[i];
		struct patch_func f = kit_func(r->fn, r->end);
		u64 want[ARRAY_SIZE(args)];
		int err;

		for (u32 k = 0; k < ARRAY_SIZE(args); k++)
			want[k] = r->fn(args[k][0], args[k][1]);
		err = patch_plan(&f, 0, 0, p);
		if (err || p->form != r->form || p->single != r->single)
			printf("#   %s: %d (%s) form %u single %d covered %u\n", r->name, err, patch_why(err), p->form, p->single,
			       p->covered);
		CHECK_EQ(err, 0);
		CHECK_EQ(p->form, r->form);
		CHECK_EQ(p->single, r->single);
		CHECK(p->entry);
		CHECK_EQ(kit_emit(p, &(struct patch_stub){ .event = PATCH_ENTER, .enter = (u64)(uintptr_t)on_hit, .probe = 0x1234567890 + i }), 0);
		CHECK_EQ(patch_apply(p, &kit_ops), 0);
		for (u32 k = 0; k < ARRAY_SIZE(args); k++) {
			u64 before = hits, got;

			clobber = ~0ull << k;
			got = r->fn(args[k][0], args[k][1]);
			if (got != want[k])
				printf("#   %s(%llu, %llu)\n", r->name, (unsigned long long)args[k][0], (unsigned long long)args[k][1]);
			CHECK_EQ(got, want[k]);
			CHECK(hits > before);
			CHECK_EQ(seen_probe, 0x1234567890 + i);
			CHECK_EQ(seen.ip, (u64)(uintptr_t)r->fn);
			if (strcmp(r->name, "f_loopback"))
				CHECK_EQ(seen.di, args[k][0]);
			CHECK_EQ(seen.si, args[k][1]);
			CHECK_EQ(seen.cs, 0x33);
			CHECK_EQ(seen.orig_ax, ~0ull);
		}
		CHECK_EQ(patch_remove(p, &kit_ops), 0);
		CHECK(!memcmp((const void *)(uintptr_t)p->start, p->old, p->len));
		hits = 0;
		CHECK_EQ(r->fn(args[1][0], args[1][1]), want[1]);
		CHECK_EQ(hits, 0);
	}
	CHECK_EQ(kit_thread()->agent[0], 0x5eed);
	CHECK_EQ(kit_thread()->busy, 0);
}

/* A caller that gives every register a value of its own and looks whether all came back. */
static u64 regs_in[16], regs_out[16];
__asm__(".text\n.globl call_with_regs\ncall_with_regs:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n sub $8,%rsp\n mov %rdi,regs_fn(%rip)\n"
	"lea regs_in_ptr(%rip),%rax\n mov (%rax),%rax\n"
	"mov 8(%rax),%rcx\n mov 16(%rax),%rdx\n mov 24(%rax),%rbx\n mov 40(%rax),%rbp\n mov 48(%rax),%rsi\n mov 56(%rax),%rdi\n"
	"mov 64(%rax),%r8\n mov 72(%rax),%r9\n mov 80(%rax),%r10\n mov 88(%rax),%r11\n mov 96(%rax),%r12\n mov 104(%rax),%r13\n"
	"mov 112(%rax),%r14\n mov 120(%rax),%r15\n mov 0(%rax),%rax\n"
	"call *regs_fn(%rip)\n"
	"push %rax\n mov regs_out_ptr(%rip),%rax\n mov %rcx,8(%rax)\n mov %rdx,16(%rax)\n mov %rbx,24(%rax)\n mov %rbp,40(%rax)\n"
	"mov %rsi,48(%rax)\n mov %rdi,56(%rax)\n mov %r8,64(%rax)\n mov %r9,72(%rax)\n mov %r10,80(%rax)\n mov %r11,88(%rax)\n"
	"mov %r12,96(%rax)\n mov %r13,104(%rax)\n mov %r14,112(%rax)\n mov %r15,120(%rax)\n pop %rcx\n mov %rcx,0(%rax)\n"
	"add $8,%rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
	".data\nregs_fn: .quad 0\n.text\n");
extern void call_with_regs(void *fn);
u64 *regs_in_ptr = regs_in, *regs_out_ptr = regs_out;
ASM_FN(f_nothing, "nop\n nop\n nop\n nop\n nop\n nop\n ret");

static void check_regs(void)
{
	for (u32 i = 0; i < 16; i++)
		if (i != 4)
			CHECK_EQ(regs_out[i], regs_in[i]);
	CHECK_EQ(seen.ax, regs_in[0]); CHECK_EQ(seen.cx, regs_in[1]); CHECK_EQ(seen.dx, regs_in[2]); CHECK_EQ(seen.bx, regs_in[3]);
	CHECK_EQ(seen.bp, regs_in[5]); CHECK_EQ(seen.si, regs_in[6]); CHECK_EQ(seen.di, regs_in[7]); CHECK_EQ(seen.r8, regs_in[8]);
	CHECK_EQ(seen.r9, regs_in[9]); CHECK_EQ(seen.r10, regs_in[10]); CHECK_EQ(seen.r11, regs_in[11]); CHECK_EQ(seen.r12, regs_in[12]);
	CHECK_EQ(seen.r13, regs_in[13]); CHECK_EQ(seen.r14, regs_in[14]); CHECK_EQ(seen.r15, regs_in[15]);
}

TEST(all_registers)
{
	static struct patch_plan p;
	struct patch_func f = kit_func(f_nothing, f_nothing_end);

	CHECK_EQ(kit_start(), 0);
	for (u32 i = 0; i < 16; i++)
		regs_in[i] = 0x1111111111111111ull * i + 0x1000;
	for (u32 off = 0; off < 2; off++) { /* the entry, and a place in the middle */
		CHECK_EQ(patch_plan(&f, off, 0, &p), 0);
		CHECK_EQ(p.plain, off == 0);
		CHECK_EQ(kit_emit(&p, &(struct patch_stub){ .event = PATCH_ENTER, .enter = (u64)(uintptr_t)on_hit }), 0);
		CHECK_EQ(patch_apply(&p, &kit_ops), 0);
		call_with_regs((void *)f_nothing);
		check_regs();
		CHECK_EQ(patch_remove(&p, &kit_ops), 0);
	}
}

TEST(flags_and_red_zone_in_the_middle)
{
	static struct patch_plan p;
	struct patch_func f = kit_func(f_inner, f_inner_end);

	CHECK_EQ(kit_start(), 0);
	CHECK_EQ(patch_plan(&f, (u32)(f_inner_at - (const u8 *)f_inner), 0, &p), 0);
	CHECK(!p.entry && !p.plain && p.form == PATCH_JMP5);
	CHECK_EQ(kit_emit(&p, &(struct patch_stub){ .event = PATCH_ENTER, .enter = (u64)(uintptr_t)on_hit }), 0);
	CHECK_EQ(patch_apply(&p, &kit_ops), 0);
	hits = 0;
	CHECK_EQ(f_inner(5, 6), 6);  /* carry lived over the probe */
	CHECK_EQ(seen.flags & 1, 1);
	CHECK_EQ(f_inner(6, 5), 6);
	CHECK_EQ(seen.flags & 1, 0);
	CHECK_EQ(hits, 2);
	CHECK_EQ(patch_remove(&p, &kit_ops), 0);
}

static u64 KIT_BARE on_change(struct patch_regs *r, u64 probe)
{
	(void)probe;
	hits++;
	if (r->di == 1)
		r->si = 500;
	if (r->di == 2)
		r->ip = (u64)(uintptr_t)f_helper;
	return 0;
}

TEST(handler_changes_registers)
{
	static struct patch_plan p;
	struct patch_func f = kit_func(f_plain, f_plain_end);

	CHECK_EQ(kit_start(), 0);
	CHECK_EQ(patch_plan(&f, 0, 0, &p), 0);
	CHECK_EQ(kit_emit(&p, &(struct patch_stub){ .event = PATCH_ENTER, .writes = true, .enter = (u64)(uintptr_t)on_change }), 0);
	CHECK_EQ(patch_apply(&p, &kit_ops), 0);
	CHECK_EQ(f_plain(0, 5), 15);
	CHECK_EQ(f_plain(1, 5), 1503);
	CHECK_EQ(f_plain(2, 5), 1002);
	CHECK_EQ(kit_thread()->busy, 0);
	kit_thread()->off = 1;
	hits = 0;
	CHECK_EQ(f_plain(1, 5), 18);
	CHECK_EQ(hits, 0);
	kit_thread()->off = 0;
	CHECK_EQ(patch_remove(&p, &kit_ops), 0);
}

static int read_self(void *arg, u64 addr, void *buf, u32 n)
{
	(void)arg;
	return pread(kit_mem, buf, n, (off_t)addr) == (ssize_t)n ? 0 : -EFAULT;
}

/* The same function with a table that keeps to its cases. */
ASM_FN(f_switch2, "cmp $2,%edi\n ja 9f\n lea f_table2(%rip),%rax\n movslq (%rax,%rdi,4),%rcx\n add %rcx,%rax\n jmp *%rax\n"
		  ".globl f_d0\nf_d0: mov $10,%eax\n ret\nf_d1: mov $11,%eax\n ret\nf_d2: mov $12,%eax\n ret\n9: mov $9,%eax\n ret");
__asm__(".section .rodata\n.p2align 2\nf_table2: .long f_d0-f_table2, f_d1-f_table2, f_d2-f_table2\n .fill 64,4,0x7fffffff\n.text\n");
/* A function whose second instruction another one jumps to, as the C library's mempcpy does with memmove. */
ASM_FN(f_shared, "mov %rdi,%rax\n.globl f_shared_in\nf_shared_in: add %rsi,%rax\n nop\n ret");
ASM_FN(f_sharer, "mov %rsi,%rax\n add %rdi,%rax\n sub %rsi,%rax\n jmp f_shared_in");

TEST(jump_tables)
{
	struct patch_func bad = kit_func(f_switch, f_switch_end), good = kit_func(f_switch2, f_switch2_end);
	struct patch_plan p;

	CHECK_EQ(kit_start(), 0);
	CHECK_EQ(patch_plan(&good, 0, 0, &p), 0);
	CHECK_EQ(p.form, PATCH_TRAP);       /* the table cannot be read: it may lead anywhere */
	CHECK_EQ(patch_plan(&good, 0, PATCH_ONLY_JUMP, &p), -ENOSPC);
	good.read = bad.read = read_self;
	CHECK_EQ(patch_plan(&good, 0, 0, &p), 0);
	CHECK_EQ(p.form, PATCH_JMP5);
	CHECK_EQ(patch_plan(&bad, 0, 0, &p), 0);
	CHECK_EQ(p.form, PATCH_JMP5);       /* its stray entry is behind the five bytes */
	CHECK_EQ(patch_plan(&bad, 3, 0, &p), 0);
	CHECK_EQ(p.form, PATCH_TRAP);       /* but inside of these */
}

TEST(branches_from_elsewhere)
{
	struct patch_func f = kit_func(f_shared, f_shared_end);
	u64 from = MIN(f.addr, (u64)(uintptr_t)f_sharer) & ~63ull;
	u8 targets[64] = { 0 }, taken[64] = { 0 };
	struct patch_text t = { .bytes = (const u8 *)(uintptr_t)from, .addr = from, .size = 400, .targets = targets, .taken = taken };
	struct patch_plan p, q;
	u64 at = (u64)(uintptr_t)f_sharer - from;

	CHECK_EQ(patch_plan(&f, 0, 0, &p), 0);
	CHECK_EQ(p.form, PATCH_JMP5);       /* nobody said */
	f.text = &t;
	patch_text_scan(&t, at, at + (u64)(f_sharer_end - (const u8 *)f_sharer), 0, NULL, NULL);
	CHECK_EQ(patch_plan(&f, 0, 0, &p), 0);
	CHECK_EQ(p.form, PATCH_TRAP);
	CHECK_EQ(patch_plan(&f, 3, 0, &p), 0);
	CHECK_EQ(p.form, PATCH_JMP5);       /* where it comes to is fine as a first byte */
	CHECK(!p.entry);
	patch_text_take(&t, &p, true);
	CHECK_EQ(patch_plan(&f, 6, 0, &q), -EEXIST);
	CHECK_EQ(patch_plan(&f, 0, PATCH_ONLY_JUMP, &q), -ENOSPC);
	patch_text_take(&t, &p, false);
	CHECK_EQ(patch_plan(&f, 6, PATCH_BACKWARD, &q), 0);
}

TEST(no_instruction_there)
{
	struct patch_func f = kit_func(f_plain, f_plain_end);
	struct patch_plan p;

	CHECK_EQ(patch_plan(&f, 1, 0, &p), -EILSEQ);
	CHECK_EQ(patch_plan(&f, f.size, 0, &p), -EINVAL);
	CHECK_EQ(patch_plan(&f, 0, 0, &p), 0);
	CHECK_EQ(patch_emit(&p, &kit_rt, &(struct patch_stub){ .event = PATCH_CALLING }, p.site, (u8[2000]){ 0 }, 2000), -EINVAL);
	CHECK_EQ(patch_emit(&p, &kit_rt, &(struct patch_stub){ .event = PATCH_ENTER }, p.site + (1ull << 40), (u8[2000]){ 0 }, 2000), -ERANGE);
	CHECK_EQ(patch_emit(&p, &kit_rt, &(struct patch_stub){ .event = PATCH_ENTER }, p.site, (u8[20]){ 0 }, 20), -ENOSPC);
}

TEST(moving_instruction_pointers)
{
	static struct patch_plan p;
	struct patch_func f = kit_func(f_plain, f_plain_end);
	u64 ip, back;

	CHECK_EQ(kit_start(), 0);
	CHECK_EQ(patch_plan(&f, 0, 0, &p), 0);
	CHECK_EQ(kit_emit(&p, &(struct patch_stub){ .event = PATCH_ENTER, .enter = (u64)(uintptr_t)on_hit }), 0);
	CHECK_EQ(patch_ip_forward(&p, p.start, &ip), 0);
	CHECK_EQ(ip, p.start);                        /* takes the jump */
	CHECK_EQ(patch_ip_forward(&p, p.start + 3, &ip), 0);
	CHECK(ip > p.tramp && ip < p.tramp + p.tramp_len);
	CHECK_EQ(patch_ip_back(&p, ip, &back), 0);
	CHECK_EQ(back, p.start + 3);
	CHECK_EQ(patch_ip_forward(&p, p.start + 4, &ip), -EAGAIN); /* no instruction begins there */
	CHECK_EQ(patch_ip_forward(&p, p.start + 6, &ip), 0);
	CHECK_EQ(ip, p.start + 6);                    /* still the original */
	CHECK_EQ(patch_ip_back(&p, p.tramp + 5, &ip), -EAGAIN);
	CHECK_EQ(patch_ip_back(&p, p.tramp + p.tramp_len, &ip), -ENOENT);
}
