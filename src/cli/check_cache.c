/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts found earlier, by content: $XDG_CACHE_HOME/skep/verdict/HASH.json.
 *
 * Invariant: the name of a file is a hash of everything that its verdicts depend on: the object's bytes, the kernel types, the processors
 * there are, the options, and skep's own build. Files are written aside and renamed, so a reader sees a whole one or none.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/str.h"
#include "cli/check.h"

#define MAX_FILE (256u << 20)

/* The hash of a file's contents goes into the key; false: it cannot be read. */
static bool add_file(struct str *key, const char *path)
{
	FILE *f = fopen(path, "re");
	struct str all = { 0 };
	char buf[65536];
	u8 digest[32];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0 && all.len < MAX_FILE)
		str_putn(&all, buf, n);
	n = ferror(f) || all.failed || all.len >= MAX_FILE;
	fclose(f);
	sha256(str_text(&all), all.len, digest);
	str_free(&all);
	str_putn(key, (const char *)digest, sizeof(digest));
	return !n;
}

/* The linker's build id of this program. */
static int add_build_id(struct dl_phdr_info *info, size_t size, void *cookie)
{
	struct str *key = cookie;

	(void)size;
	for (u32 i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const char *p = (const char *)(info->dlpi_addr + ph->p_vaddr), *end = p + ph->p_memsz;
		while (ph->p_type == PT_NOTE && p + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *n = (const void *)p;
			if (n->n_type == NT_GNU_BUILD_ID)
				str_putn(key, p + sizeof(*n) + ROUND_UP(n->n_namesz, 4u), n->n_descsz);
			p += sizeof(*n) + ROUND_UP(n->n_namesz, 4u) + ROUND_UP(n->n_descsz, 4u);
		}
	}
	return 1; /* the first is the program itself */
}

/* Kernel types: the running kernel is known by its notes (a build id), which are short; others by their bytes. */
static bool add_types(struct str *key, const char *btf)
{
	if (btf && !strcmp(btf, "skep"))
		return true; /* part of the build */
	if (btf)
		return add_file(key, btf);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return true;
	return add_file(key, "/sys/kernel/notes") || add_file(key, "/sys/kernel/btf/vmlinux");
}

/* The file that holds (or would hold) the verdicts; false: there is no place or no key for them. */
static bool cache_path(const char *path, const struct check_opts *o, struct str *out)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct str key = { 0 };
	u8 digest[32];
	bool ok;

	if (o->no_cache || o->on != ON_SKEP || o->common.verbose || (!base && !home))
		return false;
	dl_iterate_phdr(add_build_id, &key);
	ok = key.len && add_types(&key, o->btf) && add_file(&key, path);
	add_file(&key, "/sys/devices/system/cpu/possible");
	str_printf(&key, "%s %s %s", o->prog ? o->prog : "", o->caps ? o->caps : "", o->type ? o->type : "");
	ok &= !key.failed;
	sha256(str_text(&key), key.len, digest);
	str_free(&key);
	if (base && *base)
		str_puts(out, base);
	else
		str_printf(out, "%s/.cache", home);
	str_puts(out, "/skep/verdict/");
	for (size_t i = 0; i < sizeof(digest); i++)
		str_printf(out, "%02x", digest[i]);
	str_puts(out, ".json");
	return ok && !out->failed;
}

json_t *check_cache_get(const char *path, const struct check_opts *o)
{
	struct str file = { 0 };
	json_t *judged = NULL, *row;
	size_t i;

	if (cache_path(path, o, &file))
		judged = json_load_file(str_text(&file), 0, NULL);
	str_free(&file);
	if (!json_is_object(judged)) {
		json_decref(judged);
		return NULL;
	}
	/* the same bytes may be known by another name */
	json_object_set_new(judged, "object", json_string(path));
	json_array_foreach(json_object_get(judged, "programs"), i, row)
		json_object_set_new(row, "object", json_string(path));
	json_object_set_new(judged, "_cached", json_true());
	return judged;
}

/* mkdir -p for the directory of the file. */
static void make_dirs(char *file)
{
	for (char *p = strchr(file + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(file, 0700);
		*p = '/';
	}
}

void check_cache_put(const char *path, const struct check_opts *o, json_t *judged)
{
	struct str file = { 0 }, aside = { 0 };

	if (!json_object_get(judged, "code") && cache_path(path, o, &file)) {
		make_dirs(file.s);
		str_printf(&aside, "%s.%d", file.s, getpid());
		if (!aside.failed && (json_dump_file(judged, aside.s, JSON_COMPACT) || rename(aside.s, file.s)))
			unlink(aside.s);
	}
	str_free(&file);
	str_free(&aside);
}
