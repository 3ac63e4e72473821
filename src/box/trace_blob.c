/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's blob as it lies in this program, made ready to be put into processes: its read-only part as a sealed file that all
 * of them map, its data relocated for each.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "box/trace_proc.h"
#include "box/trace_blob.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#define PAGE 4096u

static const Elf64_Shdr *section(const u8 *elf, const char *name)
{
	const Elf64_Ehdr *h = (const void *)elf;
	const Elf64_Shdr *s = (const void *)(elf + h->e_shoff);
	const char *names = (const char *)elf + s[h->e_shstrndx].sh_offset;

	for (u32 i = 0; i < h->e_shnum; i++)
		if (!strcmp(names + s[i].sh_name, name))
			return &s[i];
	return NULL;
}

/* Offset of a function of the vDSO, by its dynamic symbols. */
static u64 vdso_symbol(const char *name)
{
	const u8 *v = (const u8 *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *h = (const void *)v;
	const Elf64_Phdr *ph;
	const Elf64_Dyn *d = NULL;
	const Elf64_Sym *sym = NULL;
	const char *str = NULL;
	u64 n = 0;

	if (!v)
		return 0;
	ph = (const void *)(v + h->e_phoff);
	for (u32 i = 0; i < h->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			d = (const void *)(v + ph[i].p_offset);
	for (; d && d->d_tag; d++)
		switch (d->d_tag) {
		case DT_SYMTAB: sym = (const void *)(v + d->d_un.d_ptr); break;
		case DT_STRTAB: str = (const char *)v + d->d_un.d_ptr; break;
		default: break;
		}
	/* the string table follows the symbols */
	if (sym && str && (const u8 *)str > (const u8 *)sym)
		n = (u64)((const u8 *)str - (const u8 *)sym) / sizeof(*sym);
	for (u64 i = 0; i < n; i++)
		if (!strcmp(str + sym[i].st_name, name))
			return sym[i].st_value;
	return 0;
}

/* Does the clock take a system call? Then the vDSO's function makes one. */
static bool clock_calls(void)
{
	char name[32];

	text_of(name, sizeof(name), "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	name[strcspn(name, "\n")] = 0;
	return !strcmp(name, "hpet") || !strcmp(name, "acpi_pm") || strstr(name, "jiffies");
}

static int sealed_file(const u8 *bytes, u64 n)
{
	int fd = (int)syscall(SYS_memfd_create, "skep-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_memfd_create, "skep-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, bytes, n, 0) != (ssize_t)n || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static int make_ctl(struct blob *b)
{
	u64 size = ROUND_UP(sizeof(struct agent_ctl), PAGE);

	b->ctl_fd = (int)syscall(SYS_memfd_create, "skep-control", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (b->ctl_fd < 0)
		return -errno;
	if (ftruncate(b->ctl_fd, (off_t)size))
		return -errno;
	b->ctl = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, b->ctl_fd, 0);
	if (b->ctl == MAP_FAILED) {
		b->ctl = NULL;
		return -ENOMEM;
	}
	b->ctl->nlanes = MIN(map_possible_cpus(), AGENT_LANES);
	return 0;
}

static int make_printk(struct blob *b)
{
	struct map_attr a = { .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 256u << 10, .name = "printk" };
	int err = objtab_init(&b->tab);

	b->has_tab = !err;
	return err ? err : map_create(&b->tab, &a, &b->printk);
}

int blob_open(struct blob *b, struct str *why)
{
	const Elf64_Shdr *data;
	u8 *text;
	int err;

	*b = (struct blob){ .text_fd = -1, .ctl_fd = -1, .elf = agent_blob };
	if (agent_blob_end - agent_blob < (ptrdiff_t)sizeof(Elf64_Ehdr) || !section(b->elf, ".data")) {
		str_printf(why, "this skep was built without an agent for this machine");
		return -EOPNOTSUPP;
	}
	if (!(getauxval(AT_HWCAP2) & 2)) {
		str_printf(why, "processes cannot be traced: the processor or the kernel lacks FSGSBASE");
		return -EOPNOTSUPP;
	}
	data = section(b->elf, ".data");
	b->text = data->sh_addr;
	b->data = ROUND_UP(data->sh_size, PAGE);
	text = calloc(1, b->text);
	if (!text)
		return -ENOMEM;
	memcpy(text, b->elf + section(b->elf, ".exports")->sh_offset, b->text);
	b->exp = (const void *)(b->elf + section(b->elf, ".exports")->sh_offset);
	b->text_fd = sealed_file(text, b->text);
	free(text);
	b->vdso_clock = clock_calls() ? 0 : vdso_symbol("__vdso_clock_gettime");
	err = b->text_fd < 0 ? b->text_fd : make_ctl(b);
	if (!err)
		err = make_printk(b);
	if (err) {
		str_printf(why, "no memory file for the agent: %s", strerror(-err));
		blob_close(b);
	}
	return err;
}

void blob_close(struct blob *b)
{
	if (b->printk)
		obj_put(&b->printk->obj);
	if (b->has_tab)
		objtab_destroy(&b->tab);
	if (b->ctl)
		munmap(b->ctl, ROUND_UP(sizeof(struct agent_ctl), PAGE));
	if (b->text_fd >= 0)
		close(b->text_fd);
	if (b->ctl_fd >= 0)
		close(b->ctl_fd);
	*b = (struct blob){ .text_fd = -1, .ctl_fd = -1 };
}

u8 *blob_data(const struct blob *b, u64 base)
{
	const Elf64_Shdr *data = section(b->elf, ".data"), *rela = section(b->elf, ".rela.dyn");
	const Elf64_Rela *r = (const void *)(b->elf + rela->sh_offset);
	u8 *copy = calloc(1, b->data);

	if (!copy)
		return NULL;
	memcpy(copy, b->elf + data->sh_offset, data->sh_size);
	for (u64 i = 0; i < rela->sh_size / sizeof(*r); i++)
		if (ELF64_R_TYPE(r[i].r_info) == R_X86_64_RELATIVE && r[i].r_offset >= data->sh_addr &&
		    r[i].r_offset + 8 <= data->sh_addr + data->sh_size)
			memcpy(copy + (r[i].r_offset - data->sh_addr), &(u64){ base + (u64)r[i].r_addend }, 8);
	return copy;
}
