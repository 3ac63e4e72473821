/* SPDX-License-Identifier: BSD-2-Clause */
/* What served files say: rows of files.def, but for tracefs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "box/files.h"
#include "box/priv.h"
#include "hook/link.h"
#include "map/map.h"
#include "prog/prog.h"

/* ---- the kernel's types and switches ---- */
int file_btf_vmlinux(struct notif *n, const struct match *m, int flags)
{
	const void *raw;
	u32 size;

	(void)m;
	if (!n->box->opts.btf_file && !access("/sys/kernel/btf/vmlinux", R_OK))
		return FILE_PASS;
	if ((flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH))
		return -EACCES;
	if (!sys_kernel_btf(n->box->skep))
		return -ENOENT;
	raw = btf_raw(sys_kernel_btf(n->box->skep), &size);
	return file_of_text("vmlinux", raw, size);
}

#define SWITCH(name, path, other)                                                                          \
	int file_##name(struct notif *n, const struct match *m, struct str *out)                           \
	{                                                                                                  \
		(void)n;                                                                                   \
		(void)m;                                                                                   \
		file_kernel_text(path, other, out);                                                        \
		return 0;                                                                                  \
	}
/* Of the kernel where it shows them, else what it is by default. */
SWITCH(jit_enable, "/proc/sys/net/core/bpf_jit_enable", "1\n")
SWITCH(jit_harden, "/proc/sys/net/core/bpf_jit_harden", "0\n")
SWITCH(jit_kallsyms, "/proc/sys/net/core/bpf_jit_kallsyms", "1\n")
SWITCH(jit_limit, "/proc/sys/net/core/bpf_jit_limit", "528482304\n")

int file_unpriv_disabled(struct notif *n, const struct match *m, struct str *out)
{
	(void)m;
	str_printf(out, "%u\n", n->box->opts.unpriv_disabled);
	return 0;
}

int file_stats_enabled(struct notif *n, const struct match *m, struct str *out)
{
	(void)m;
	str_printf(out, "%d\n", n->box->skep->stats_users > 0);
	return 0;
}

/* Perf events are skep's inside: the caller's capabilities decide. */
int file_paranoid(struct notif *n, const struct match *m, struct str *out)
{
	(void)n;
	(void)m;
	str_puts(out, "-1\n");
	return 0;
}

/* ---- mounts ---- */
int file_mounts(struct notif *n, const struct match *m, struct str *out)
{
	struct files *f = n->box->files;
	char path[64], name[16] = "";
	struct str all = { 0 };

	snprintf(name, sizeof(name), "%.15s", m->star[0][0] && strcmp(m->star[0], "self") ? m->star[0] : "");
	if (!name[0])
		snprintf(name, sizeof(name), "%d", n->tid);
	snprintf(path, sizeof(path), "/proc/%s/mounts", name);
	file_kernel_text(path, NULL, &all);
	/* the kernel's bpf file systems are not the box's */
	for (const char *line = str_text(&all), *end; *line; line = end) {
		char at[256], type[32];

		end = line + strcspn(line, "\n");
		end += *end == '\n';
		if (sscanf(line, "%*s %255s %31s", at, type) == 2 && (!strcmp(type, "bpf") || !strcmp(type, "tracefs")))
			continue;
		str_putn(out, line, (size_t)(end - line));
	}
	str_free(&all);
	str_puts(out, "tracefs /sys/kernel/tracing tracefs rw,nosuid,nodev,noexec,relatime 0 0\n");
	pthread_mutex_lock(&f->lock);
	for (struct mount *mt = f->mounts; mt; mt = mt->next)
		str_printf(out, "bpf %s bpf rw,nosuid,nodev,noexec,relatime,mode=700 0 0\n", mt->at);
	pthread_mutex_unlock(&f->lock);
	return 0;
}

/*
 * What skep maps into a traced process is no part of it: tools would take it for modules, collectors for memory to look through. The
 * process is found as the client names it, by its /proc. Others than root, in root's box, ask the kernel, which knows what they may see.
 */
int file_maps(struct notif *n, const struct match *m, struct str *out)
{
	struct caller *w = caller_known(notif_caller(n));
	struct str all = { 0 };
	char path[200];
	int ret = 0;

	if (!n->box->tracer || (n->box->real_root && (w->uid || !(w->caps & CAPB_SYS_ADMIN))))
		return FILE_PASS;
	if (strspn(m->star[0], "0123456789") == strlen(m->star[0]))
		snprintf(path, sizeof(path), "/proc/%d/root/proc/%s/maps", n->tid, m->star[0]);
	else
		snprintf(path, sizeof(path), "/proc/%d/maps", n->client->pid);
	file_kernel_text(path, NULL, &all);
	for (const char *line = str_text(&all), *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		if (!memmem(line, (size_t)(end - line), " /memfd:skep-", 13))
			str_putn(out, line, (size_t)(end - line));
	}
	if (out->len == all.len || out->failed)
		ret = FILE_PASS;
	str_free(&all);
	return ret;
}

/* ---- fdinfo ---- */
static void map_fdinfo(struct map *m, struct str *out)
{
	const struct map_desc *d = &m->desc;

	str_printf(out, "map_type:\t%u\nkey_size:\t%u\nvalue_size:\t%u\nmax_entries:\t%u\nmap_flags:\t%#x\nmap_extra:\t%#llx\n"
		   "memlock:\t%llu\nmap_id:\t%u\nfrozen:\t%u\n", d->type, d->key_size, d->value_size, d->max_entries, d->flags,
		   (unsigned long long)d->extra, (unsigned long long)map_memory(m), m->obj.id, map_frozen(m));
}

static void prog_fdinfo(struct prog *p, struct str *out)
{
	str_printf(out, "prog_type:\t%u\nprog_jited:\t%u\nprog_tag:\t", p->type, p->jited);
	for (u32 i = 0; i < sizeof(p->tag); i++)
		str_printf(out, "%02x", p->tag[i]);
	str_printf(
		out,
		"\nmemlock:\t%u\nprog_id:\t%u\nrun_time_ns:\t%llu\nrun_cnt:\t%llu\nrecursion_misses:\t%llu\nverified_insns:\t%u\n",
		ROUND_UP(p->insn_cnt * 8 + 72, 4096u), p->obj.id, (unsigned long long)p->stats.time_ns,
		(unsigned long long)p->stats.counted, (unsigned long long)p->stats.misses, (u32)p->vf.walked);
}

static void link_fdinfo(const struct link *l, struct str *out)
{
	str_printf(out, "link_type:\t%s\nlink_id:\t%u\n", l->type < UAPI_LINK_TYPES ? link_spec[l->type].name : "?", l->obj.id);
	if (!l->prog)
		return;
	str_puts(out, "prog_tag:\t");
	for (u32 i = 0; i < sizeof(l->prog->tag); i++)
		str_printf(out, "%02x", l->prog->tag[i]);
	str_printf(out, "\nprog_id:\t%u\n", l->prog->obj.id);
}

/* Of a descriptor that is one of skep's objects; others are the kernel's to tell of. */
int file_fdinfo(struct notif *n, const struct match *m, struct str *out)
{
	struct client *c = file_process(n, m->star[0]);
	int fd = c ? client_fd(c, atoi(m->star[1])) : -1, mode;
	struct obj *o;

	client_put(c);
	if (fd < 0)
		return FILE_PASS;
	if (obj_by_fd(&n->box->skep->tab, fd, OBJ_NONE, &o, &mode)) {
		close(fd);
		return FILE_PASS;
	}
	close(fd);
	str_printf(out, "pos:\t0\nflags:\t0%o\nmnt_id:\t16\nino:\t%llu\n", (unsigned)(mode | O_CLOEXEC),
		   (unsigned long long)o->ino);
	if (o->kind == OBJ_MAP)
		map_fdinfo(map_of(o), out);
	else if (o->kind == OBJ_PROG)
		prog_fdinfo(prog_of(o), out);
	else if (o->kind == OBJ_BTF)
		str_printf(out, "btf_id:\t%u\n", o->id);
	else if (o->kind == OBJ_LINK)
		link_fdinfo(link_of(o), out);
	obj_put(o);
	return 0;
}
