/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans for every function of the programs and libraries at hand, judged by Zydis: nothing branches into rewritten bytes, and each
 * moved instruction is what it was, with the same absolute addresses. Shows how many places take a jump. FILES: more files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <Zydis/Zydis.h>

#include "patch/elf.h"
#include "patch/asm.h"
#include "patch/patch.h"
#include "unit/test.h"

static ZydisDecoder zydis;

static struct corpus {
	struct patch_elf e;
	struct patch_text text;
	u8 *code;           /* starts by Zydis: who branches where */
	u8 *branched;       /* byte per byte of text: 1 a direct branch goes there */
	u64 form[PATCH_TRAP + 1], single, refused, n, moved, bad;
	u64 by_err[64];
	u64 last;
	bool calls;
} c;

static const u8 *load(const char *path, u64 *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) || !st.st_size)
		return NULL;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	*ret_size = (u64)st.st_size;
	return p == MAP_FAILED ? NULL : p;
}

static int read_file(void *arg, u64 addr, void *buf, u32 n)
{
	const u8 *p = patch_elf_bytes(arg, addr, n);

	if (!p)
		return -EFAULT;
	memcpy(buf, p, n);
	return 0;
}

static void complain(const struct patch_plan *p, const char *what, u32 at)
{
	if (c.bad++ > 20)
		return;
	printf("#   %llx + %u: %s (form %u, covered %u):", (unsigned long long)p->start, at, what, p->form, p->covered);
	for (u32 i = 0; i < p->covered; i++)
		printf(" %02x", p->old[i]);
	printf("\n");
}

static bool address(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops, u64 at, u64 *ret)
{
	for (u32 i = 0; i < z->operand_count; i++)
		if ((ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY && ops[i].mem.base == ZYDIS_REGISTER_RIP) ||
		    (ops[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && ops[i].imm.is_relative))
			return ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(z, &ops[i], at, ret));
	return false;
}

/* The copy of the instruction at `old` (length `len`): same instruction, same operands, same place in memory or code. */
static void judge(const struct patch_plan *p, u32 old, const u8 *copy, u64 at, u64 next_at)
{
	ZydisDecodedInstruction a, b;
	ZydisDecodedOperand ao[ZYDIS_MAX_OPERAND_COUNT], bo[ZYDIS_MAX_OPERAND_COUNT];
	u64 to_a = 0, to_b = 0, addr = p->start + old;
	bool has;

	c.moved++;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, p->old + old, p->covered - old, &a, ao)))
		return;
	if (a.mnemonic == ZYDIS_MNEMONIC_CALL) { /* call over a jump; the return address stored; a jump */
		u64 ret = addr + a.length, stored;

		memcpy(&stored, copy + 13, 4);
		memcpy((u8 *)&stored + 4, copy + 21, 4);
		if (memcmp(copy, "\xe8\x05\x00\x00\x00\xe9", 6) || stored != ret)
			complain(p, "return address of a call", old);
		copy += 25;
		at += 25;
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, copy, 15, &b, bo)) || b.mnemonic != ZYDIS_MNEMONIC_JMP)
			complain(p, "jump of a call", old);
	} else if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, copy, 40, &b, bo)) || b.mnemonic != a.mnemonic) {
		complain(p, "another instruction", old);
		return;
	}
	has = address(&a, ao, addr, &to_a);
	if (b.mnemonic != ZYDIS_MNEMONIC_JRCXZ && b.mnemonic != ZYDIS_MNEMONIC_JECXZ && b.mnemonic != ZYDIS_MNEMONIC_LOOP &&
	    b.mnemonic != ZYDIS_MNEMONIC_LOOPE && b.mnemonic != ZYDIS_MNEMONIC_LOOPNE) {
		if (address(&b, bo, at, &to_b) != has || to_a != to_b)
			complain(p, "another address", old);
		if (!has && next_at && (b.length != a.length || memcmp(copy, p->old + old, a.length)) && a.mnemonic != ZYDIS_MNEMONIC_CALL)
			complain(p, "other bytes", old);
	}
}

static void check_plan(struct patch_plan *p)
{
	u64 at = (c.text.addr & ~0xfffull) + (64 << 20);
	u8 buf[512];
	struct patch_asm a = { .buf = buf, .cap = sizeof(buf), .addr = at };

	p->tramp = at;
	p->nmap = 0;
	patch_copy(p, &a, 0, p->covered);
	p->tramp_len = a.n;
	if (a.err) {
		complain(p, patch_why(a.err), 0);
		return;
	}
	for (u32 i = 1; i < p->len; i++)
		if (c.branched[p->start + i - c.text.addr])
			complain(p, "a branch comes to rewritten bytes", i);
	if (p->before && c.branched[p->site - c.text.addr])
		complain(p, "a branch comes to the site, past its window", p->before);
	for (u32 i = 0; i < p->nmap; i++) {
		u32 old = p->map[i].old;
		u64 ip;

		judge(p, old, buf + p->map[i].at, at + p->map[i].at, 1);
		if (patch_ip_back(p, at + p->map[i].at, &ip) || ip != p->start + old)
			complain(p, "way back", old);
	}
}

static void one_site(u64 va, u32 flags)
{
	struct patch_plan p;
	struct patch_func f;
	u32 off;
	int err = patch_elf_func(&c.e, va, 0, &f, &off);

	if (err)
		return;
	f.text = &c.text;
	f.read = read_file;
	f.arg = &c.e;
	c.n++;
	err = patch_plan(&f, off, flags, &p);
	if (err) {
		c.refused++;
		c.by_err[-err & 63]++;
		return;
	}
	c.form[p.form]++;
	if (p.form == PATCH_TRAP && getenv("SHOW"))
		printf("#   int3 at %llx\n", (unsigned long long)p.site);
	c.single += p.single;
	if (p.start - c.text.addr + p.covered <= c.text.size)
		check_plan(&p);
}

static int one_function(void *arg, const struct patch_sym *sym)
{
	(void)arg;
	if (sym->size && sym->va != c.last && sym->va - c.text.addr < c.text.size && sym->type == 2)
		one_site(c.last = sym->va, 0);
	return 0;
}

/* Every return of a Go function: where return probes go there. */
static int returns(void *arg, const struct patch_sym *sym)
{
	u32 offs[256], n, off;
	struct patch_func f;

	(void)arg;
	if (!sym->size || sym->va == c.last || patch_elf_func(&c.e, c.last = sym->va, 0, &f, &off))
		return 0;
	n = patch_find(&f, 1u << PATCH_RET, offs, ARRAY_SIZE(offs));
	for (u32 i = 0; i < MIN(n, ARRAY_SIZE(offs)); i++)
		one_site(sym->va + offs[i], PATCH_BACKWARD);
	return 0;
}

static int one_range(void *arg, u64 start, u64 end)
{
	(void)arg, (void)end;
	if (start - c.text.addr < c.text.size)
		one_site(start, 0);
	return 0;
}

static void on_syscall(void *arg, u64 addr, const struct patch_insn *in)
{
	(void)arg, (void)in;
	one_site(addr, PATCH_BACKWARD);
}

/* Who branches where, by Zydis' own sweep of every function. */
static int sweep(void *arg, u64 start, u64 end)
{
	u64 base = c.text.addr;

	(void)arg;
	if (start - base >= c.text.size || end - base > c.text.size)
		return 0;
	for (u64 at = start; at < end;) {
		ZydisDecodedInstruction z;
		ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
		u64 to;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, c.text.bytes + (at - base), end - at, &z, ops))) {
			at++;
			continue;
		}
		for (u32 i = 0; i < z.operand_count_visible; i++)
			if (ops[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && ops[i].imm.is_relative &&
			    ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&z, &ops[i], at, &to)) && to - base < c.text.size)
				c.branched[to - base] = 1;
		at += z.length;
	}
	return 0;
}

static int sweep_symbol(void *arg, const struct patch_sym *sym) { return sweep(arg, sym->va, sym->va + sym->size); }

static void print(const char *path, const char *what)
{
	if (!c.n)
		return;
	printf("#   %-42s %7llu %s: %5.1f %% jumps (%llu padding, %llu single), %llu int3, %llu refused", path, (unsigned long long)c.n, what,
	       100.0 * (double)(c.n - c.form[PATCH_TRAP]) / (double)c.n, (unsigned long long)c.form[PATCH_JMP2],
	       (unsigned long long)c.single, (unsigned long long)c.form[PATCH_TRAP], (unsigned long long)c.refused);
	for (u32 i = 1; i < 64; i++)
		if (c.by_err[i])
			printf(" (%llu: %s)", (unsigned long long)c.by_err[i], patch_why(-(int)i));
	printf("\n");
}

static void fresh(void)
{
	memset(c.form, 0, sizeof(c.form));
	memset(c.by_err, 0, sizeof(c.by_err));
	c.single = c.refused = c.n = 0;
}

static bool one_text(const char *path, u32 i)
{
	u64 size, va, off, n;
	const u8 *p = load(path, &size);

	memset(&c, 0, sizeof(c));
	if (!p || patch_elf_open(p, size, &c.e) || patch_elf_text(&c.e, i, &va, &off, &n)) {
		if (p)
			munmap((void *)(uintptr_t)p, size);
		return false;
	}
	c.text = (struct patch_text){ .bytes = p + off, .addr = va, .size = n, .targets = calloc(1, patch_text_bytes(n)) };
	c.branched = calloc(1, n + 64);
	patch_elf_scan(&c.e, 0, &c.text, 0, NULL, NULL);
	if (patch_go_is(&c.e))
		patch_go_functions(&c.e, sweep_symbol, NULL);
	else
		patch_elf_ranges(&c.e, sweep, NULL);
	if (patch_go_is(&c.e))
		patch_go_functions(&c.e, one_function, NULL);
	else
		patch_elf_ranges(&c.e, one_range, NULL);
	print(path, "functions");
	CHECK_EQ(c.bad, 0);
	CHECK(c.n < 20 || c.form[PATCH_TRAP] * 20 < c.n);
	fresh();
	if (patch_go_is(&c.e)) {
		patch_go_functions(&c.e, returns, NULL);
		print(path, "returns  ");
		CHECK_EQ(c.bad, 0);
	}
	fresh();
	c.calls = true;
	patch_elf_scan(&c.e, 0, &c.text, 1u << PATCH_SYSCALL, on_syscall, NULL);
	print(path, "syscalls ");
	CHECK_EQ(c.bad, 0);
	CHECK_EQ(c.form[PATCH_TRAP] + c.refused, 0);
	free(c.text.targets);
	free(c.branched);
	munmap((void *)(uintptr_t)p, size);
	return true;
}

static bool one_file(const char *path)
{
	u32 i = 0;

	while (one_text(path, i))
		i++;
	return i > 0;
}

TEST(every_function)
{
	static const char *const files[] = {
		"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
		"/usr/lib/x86_64-linux-gnu/libssl.so.3", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/bin/bash", "/usr/bin/python3",
		"/usr/lib/go-1.19/pkg/tool/linux_amd64/vet",
	};
	const char *more = getenv("FILES");
	u32 seen = 0;

	ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (u32 i = 0; i < ARRAY_SIZE(files); i++)
		seen += one_file(files[i]);
	if (more) {
		char *list = strdup(more);

		for (char *f = strtok(list, " "); f; f = strtok(NULL, " "))
			CHECK(one_file(f));
		free(list);
	}
	CHECK(seen > 0);
}
