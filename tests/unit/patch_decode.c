/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instruction decoder beside Zydis: every function of the programs and libraries at hand, and random bytes.
 * N: random instructions (make fuzz-decode N=...).
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <Zydis/Zydis.h>

#include "patch/patch.h"
#include "unit/test.h"

static ZydisDecoder zydis;
static u64 compared, loose;

static void show(const char *what, const u8 *p, const struct patch_insn *in, const ZydisDecodedInstruction *z)
{
	static u32 shown;

	if (shown++ > 30)
		return;
	printf("#   %s: ours %u bytes kind %u rip_at %u rel_at %u disp %lld; Zydis %u %s:", what, in->len, in->kind, in->rip_at,
	       in->rel_at, (long long)in->disp, z->length, ZydisMnemonicGetString(z->mnemonic));
	for (u32 i = 0; i < 15; i++)
		printf(" %02x", p[i]);
	printf("\n");
}

static u8 kind_of(const ZydisDecodedInstruction *z)
{
	switch (z->mnemonic) {
	case ZYDIS_MNEMONIC_CALL: return z->raw.imm[0].is_relative ? PATCH_CALL : PATCH_CALL_IND;
	case ZYDIS_MNEMONIC_JMP: return z->raw.imm[0].is_relative ? PATCH_JMP : PATCH_JMP_IND;
	case ZYDIS_MNEMONIC_JCXZ: case ZYDIS_MNEMONIC_JECXZ: case ZYDIS_MNEMONIC_JRCXZ:
	case ZYDIS_MNEMONIC_LOOP: case ZYDIS_MNEMONIC_LOOPE: case ZYDIS_MNEMONIC_LOOPNE: return PATCH_LOOP;
	case ZYDIS_MNEMONIC_RET: case ZYDIS_MNEMONIC_IRET: case ZYDIS_MNEMONIC_IRETD: case ZYDIS_MNEMONIC_IRETQ: return PATCH_RET;
	case ZYDIS_MNEMONIC_SYSCALL: return PATCH_SYSCALL;
	case ZYDIS_MNEMONIC_INT3: return PATCH_INT3;
	case ZYDIS_MNEMONIC_ENDBR64: return PATCH_ENDBR;
	case ZYDIS_MNEMONIC_XBEGIN: return PATCH_XBEGIN;
	case ZYDIS_MNEMONIC_UD0: case ZYDIS_MNEMONIC_UD1: case ZYDIS_MNEMONIC_UD2: case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_SYSRET: case ZYDIS_MNEMONIC_SYSEXIT: return PATCH_STOP;
	default: break;
	}
	if (z->meta.category == ZYDIS_CATEGORY_COND_BR && z->mnemonic != ZYDIS_MNEMONIC_XEND)
		return PATCH_JCC;
	return PATCH_OTHER;
}

/* Of a card that never ran Linux programs of this architecture; its encodings mean other things here. */
static bool foreign(const ZydisDecodedInstruction *z)
{
	return z->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX || z->meta.isa_set == ZYDIS_ISA_SET_KNCE ||
	       z->meta.isa_set == ZYDIS_ISA_SET_KNCJKBR || z->meta.isa_set == ZYDIS_ISA_SET_KNCSTREAM ||
	       z->meta.isa_set == ZYDIS_ISA_SET_KNCV || z->meta.isa_set == ZYDIS_ISA_SET_KNC_MISC;
}

/* 0 when both agree; `len` bytes to go on by. */
static int compare(const u8 *p, u64 n, u32 *ret_len)
{
	ZydisDecodedInstruction z;
	struct patch_insn in = { 0 };
	int err = patch_decode(p, n, &in);
	bool ok = ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&zydis, NULL, p, n, &z));
	u8 kind;

	*ret_len = 1;
	if (!ok || foreign(&z)) {
		loose += !err;
		return 0;
	}
	*ret_len = z.length;
	compared++;
	kind = kind_of(&z);
	if (err || in.len != z.length) {
		show("length", p, &in, &z);
		return -1;
	}
	if (kind != in.kind && !(kind == PATCH_OTHER && in.kind == PATCH_NOP && z.mnemonic == ZYDIS_MNEMONIC_NOP) &&
	    !(kind == PATCH_OTHER && in.kind == PATCH_NOP && z.mnemonic == ZYDIS_MNEMONIC_XCHG)) {
		show("kind", p, &in, &z);
		return -1;
	}
	if (in.rel_at && (!z.raw.imm[0].is_relative || z.raw.imm[0].value.s != in.disp || z.raw.imm[0].offset != in.rel_at)) {
		show("branch", p, &in, &z);
		return -1;
	}
	if (in.rip_at && (z.raw.disp.value != in.disp || z.raw.disp.offset != in.rip_at)) {
		show("rip-relative", p, &in, &z);
		return -1;
	}
	if (!in.rip_at != !(z.attributes & ZYDIS_ATTRIB_IS_RELATIVE && z.raw.disp.size) && !in.rel_at) {
		show("relative", p, &in, &z);
		return -1;
	}
	return 0;
}

static u64 one_function(const u8 *p, u64 n)
{
	u64 bad = 0;
	u32 len;

	for (u64 at = 0; at < n; at += len)
		bad += compare(p + at, n - at, &len) != 0;
	return bad;
}

static u64 all_functions(Elf *e, Elf_Data *d, const u8 *raw, u64 size)
{
	u64 bad = 0;

	for (u64 i = 0; i < d->d_size / sizeof(Elf64_Sym); i++) {
		GElf_Sym y;
		GElf_Shdr in;
		u64 off;

		gelf_getsym(d, (int)i, &y);
		if (GELF_ST_TYPE(y.st_info) != STT_FUNC || !y.st_size || y.st_shndx == SHN_UNDEF || y.st_shndx >= SHN_LORESERVE)
			continue;
		gelf_getshdr(elf_getscn(e, y.st_shndx), &in);
		off = y.st_value - in.sh_addr + in.sh_offset;
		if (off + y.st_size <= size)
			bad += one_function(raw + off, y.st_size);
	}
	return bad;
}

static int one_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *e = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	u64 bad = 0, before = compared;
	size_t size;
	const char *raw = e ? elf_rawfile(e, &size) : NULL;

	if (!raw || elf_kind(e) != ELF_K_ELF) {
		if (e)
			elf_end(e);
		if (fd >= 0)
			close(fd);
		return -ENOENT;
	}
	/* Sweeps that start at functions, then all code, what lies between functions too. */
	for (Elf_Scn *s = NULL; (s = elf_nextscn(e, s));) {
		GElf_Shdr sh;

		gelf_getshdr(s, &sh);
		if (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM)
			bad += all_functions(e, elf_getdata(s, NULL), (const u8 *)raw, size);
		if (sh.sh_type == SHT_PROGBITS && sh.sh_flags & SHF_EXECINSTR)
			bad += one_function((const u8 *)raw + sh.sh_offset, sh.sh_size);
	}
	elf_end(e);
	close(fd);
	printf("#   %s: %llu instructions\n", path, (unsigned long long)(compared - before));
	CHECK_EQ(bad, 0);
	return 0;
}

TEST(decode_real_code)
{
	static const char *const files[] = {
		"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libm.so.6",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libssl.so.3",
		"/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/bin/bash", "/usr/bin/python3", "/proc/self/exe",
	};
	const char *more = getenv("FILES");
	u32 seen = 0;

	elf_version(EV_CURRENT);
	ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (u32 i = 0; i < ARRAY_SIZE(files); i++)
		seen += one_file(files[i]) == 0;
	if (more) {
		char *list = strdup(more);

		for (char *f = strtok(list, " "); f; f = strtok(NULL, " "))
			CHECK_EQ(one_file(f), 0);
		free(list);
	}
	CHECK(seen > 0);
	CHECK(compared > 10000);
}

TEST(decode_random_bytes)
{
	const char *n = getenv("N");
	u64 rounds = n ? strtoull(n, NULL, 0) : 2000000, bad = 0, x = 0x9e3779b97f4a7c15ull;
	/* What makes random bytes meet every corner: prefixes, escapes and wide encodings in front. */
	static const u8 front[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x48, 0x41, 0x0f, 0x0f, 0xc4, 0xc5, 0x62, 0x8f, 0x2e, 0x64, 0x4f };
	u8 buf[24];
	u32 len;

	ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	compared = loose = 0;
	for (u64 i = 0; i < rounds; i++) {
		for (u32 k = 0; k < sizeof(buf); k += 8) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			memcpy(buf + k, &x, 8);
		}
		for (u32 k = 0; k < (x >> 60 & 3); k++)
			buf[k] = front[x >> (8 + 4 * k) & 15];
		bad += compare(buf, 1 + (x >> 40) % 20, &len) != 0;
	}
	CHECK_EQ(bad, 0);
	printf("#   %llu instructions agreed, %llu more of %llu taken for one\n", (unsigned long long)compared, (unsigned long long)loose,
	       (unsigned long long)rounds);
}

TEST(decode_every_cut)
{
	/* No byte behind the end is looked at: each instruction, cut anywhere, says that it is cut. */
	static const u8 code[] = { 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x02, 0x00, 0x00,  /* nopw 0x200(%rax,%rax) */
		0x62, 0xf1, 0xfd, 0x48, 0x6f, 0x84, 0x24, 0x40, 0, 0, 0,                        /* vmovdqa64 0x40(%rsp), %zmm0 */
		0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 0xc4, 0xe3, 0x7d, 0x39, 0x44, 0x24, 0x08, 0x01 };
	struct patch_insn in;
	u32 at = 0, n = 0;

	while (at < sizeof(code)) {
		CHECK_EQ(patch_decode(code + at, sizeof(code) - at, &in), 0);
		for (u32 cut = 0; cut < in.len; cut++) {
			u8 *page = malloc(cut ? cut : 1);
			struct patch_insn half;

			memcpy(page, code + at, cut);
			CHECK_EQ(patch_decode(page, cut, &half), -ENODATA);
			free(page);
		}
		at += in.len;
		n++;
	}
	CHECK_EQ(n, 4);
}
