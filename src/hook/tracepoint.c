/* SPDX-License-Identifier: BSD-2-Clause */
/* Tracepoints by id and name, their format files, and uprobe_events: see tracepoint.h. */
#include "hook/tracepoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hook/hook.h"
#include "hook/record.h"

#define SYSCALL_ID 1000u  /* sys_enter of number n is 1000 + 2 n, sys_exit the next */
#define MADE_ID 20000u
#define NR_MAX 512
#define GROUP_NAME 64

struct field { const char *decl; u16 off, size; bool is_signed; };
struct fixed {
	u32 id;
	const char *group, *name, *raw, *print;
	enum hook_kind kind;
	struct field field[6];
};

static const struct fixed fixed[] = {
#define F(decl, off, size, is_signed) { decl, off, size, is_signed },
#define FIELDS(...) { __VA_ARGS__ }
#define T(id, group, name, kind, raw, fields, print) { id, group, name, raw, print, HOOK_##kind, fields },
#include "spec/tracepoint.def"
#undef F
#undef FIELDS
};

struct call_row { const char *name, *arg[6]; };
static const struct call_row calls[NR_MAX] = {
#define ARGS(...) { __VA_ARGS__ }
#define NOARGS { NULL }
#define S(nr, name, args) [nr] = { #name, args },
#include "spec/syscall.def"
#undef ARGS
#undef NOARGS
};

/* Made by a client. */
struct made {
	struct tracepoint tp;
	struct made *next;
	char group[GROUP_NAME], name[GROUP_NAME];
	char path[];
};

/* Every tracepoint that exists from the start, made once a subsystem. */
struct tracepoints {
	struct tracepoint *all;
	u32 n;
	char (*names)[2][32];
	struct made *made, *gone; /* gone: removed, kept because pointers may be around */
	u32 next_id;
};

static u32 fixed_size(enum hook_kind kind)
{
	static const u32 size[HOOK_KINDS] = { [HOOK_RAW_ENTER] = sizeof(struct rec_raw_enter),
					      [HOOK_RAW_EXIT] = sizeof(struct rec_raw_exit),
					      [HOOK_FORK] = 24,
					      [HOOK_EXEC] = 20,
					      [HOOK_EXIT] = 36 };

	return size[kind];
}

static void add_call(struct tracepoints *t, u32 nr, bool exit)
{
	struct tracepoint *tp = &t->all[t->n];
	char (*names)[32] = t->names[t->n];
	u32 nargs = 0;

	while (nargs < 6 && calls[nr].arg[nargs])
		nargs++;
	snprintf(names[0], 32, "sys_%s_%.21s", exit ? "exit" : "enter", calls[nr].name);
	*tp = (struct tracepoint){ .id = SYSCALL_ID + 2 * nr + exit, .group = "syscalls", .name = names[0],
				   .at = { .kind = exit ? HOOK_SYS_EXIT : HOOK_SYS_ENTER, .number = nr },
				   .record_size = exit ? (u32)sizeof(struct rec_sys_exit) : 16 + 8 * nargs };
	snprintf(tp->at.name, sizeof(tp->at.name), "%s", calls[nr].name);
	t->n++;
}

static struct tracepoints *tracepoints(struct hooks *h)
{
	struct tracepoints **pt = hook_tracepoints(h), *t;

	if (__atomic_load_n(pt, __ATOMIC_ACQUIRE))
		return *pt;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->all = calloc(ARRAY_SIZE(fixed) + 2 * NR_MAX, sizeof(*t->all));
	t->names = calloc(ARRAY_SIZE(fixed) + 2 * NR_MAX, sizeof(*t->names));
	t->next_id = MADE_ID;
	if (!t->all || !t->names) {
		free(t->all);
		free(t->names);
		free(t);
		return NULL;
	}
	for (u32 i = 0; i < ARRAY_SIZE(fixed); i++)
		t->all[t->n++] = (struct tracepoint){ .id = fixed[i].id, .group = fixed[i].group, .name = fixed[i].name,
						      .at = { .kind = fixed[i].kind }, .record_size = fixed_size(fixed[i].kind) };
	for (u32 nr = 0; nr < NR_MAX; nr++)
		if (calls[nr].name) {
			add_call(t, nr, false);
			add_call(t, nr, true);
		}
	hook_lock(h);
	if (!*pt) {
		__atomic_store_n(pt, t, __ATOMIC_RELEASE);
		t = NULL;
	}
	hook_unlock(h);
	if (t) { /* somebody was faster */
		free(t->all);
		free(t->names);
		free(t);
	}
	return *pt;
}

const struct tracepoint *tracepoint_at(struct hooks *h, u32 i)
{
	struct tracepoints *t = tracepoints(h);
	struct made *m;

	if (!t || i < t->n)
		return t ? &t->all[i] : NULL;
	for (m = t->made, i -= t->n; m && i; i--)
		m = m->next;
	return m ? &m->tp : NULL;
}

const struct tracepoint *tracepoint_by_id(struct hooks *h, u32 id)
{
	const struct tracepoint *tp = NULL;

	for (u32 i = 0; (tp = tracepoint_at(h, i)) && tp->id != id; i++)
		;
	return tp;
}

const struct tracepoint *tracepoint_by_name(struct hooks *h, const char *group, const char *name)
{
	const struct tracepoint *tp = NULL;

	for (u32 i = 0; (tp = tracepoint_at(h, i)) && (strcmp(tp->name, name) || strcmp(tp->group, group)); i++)
		;
	return tp;
}

int tracepoint_syscall(const char *name)
{
	for (int i = 0; i < NR_MAX; i++)
		if (calls[i].name && !strcmp(calls[i].name, name))
			return i;
	return -1;
}

const char *tracepoint_syscall_name(u32 nr)
{
	return nr < NR_MAX ? calls[nr].name : NULL;
}

void tracepoint_refuse(const char *name, struct str *why)
{
	str_printf(why, "tracepoint %s is the kernel's: skep sees system calls and the life of processes", name);
}

/* ---- format files ---- */
static void put_field(struct str *out, const char *decl, u32 off, u32 size, bool is_signed)
{
	str_printf(out, "\tfield:%s;\toffset:%u;\tsize:%u;\tsigned:%d;\n", decl, off, size, is_signed);
}

static const char *arg_name(const char *decl)
{
	const char *space = strrchr(decl, ' ');

	return space ? space + 1 : decl;
}

static void call_fields(struct str *out, const struct call_row *c)
{
	put_field(out, "int __syscall_nr", 8, 4, true);
	for (u32 i = 0; i < 6 && c->arg[i]; i++)
		put_field(out, c->arg[i], 16 + 8 * i, 8, false);
	str_puts(out, "\nprint fmt: \"");
	for (u32 i = 0; i < 6 && c->arg[i]; i++)
		str_printf(out, "%s%s: 0x%%08lx", i ? ", " : "", arg_name(c->arg[i]));
	str_puts(out, "\"");
	for (u32 i = 0; i < 6 && c->arg[i]; i++)
		str_printf(out, ", ((unsigned long)(REC->%s))", arg_name(c->arg[i]));
	str_puts(out, "\n");
}

static void fixed_fields(struct str *out, const struct fixed *f)
{
	for (u32 i = 0; i < ARRAY_SIZE(f->field) && f->field[i].decl; i++)
		put_field(out, f->field[i].decl, f->field[i].off, f->field[i].size, f->field[i].is_signed);
	str_printf(out, "\nprint fmt: %s\n", f->print);
}

void tracepoint_format(struct hooks *h, const struct tracepoint *tp, struct str *out)
{
	(void)h;
	str_printf(out, "name: %s\nID: %u\nformat:\n", tp->name, tp->id);
	put_field(out, "unsigned short common_type", 0, 2, false);
	put_field(out, "unsigned char common_flags", 2, 1, false);
	put_field(out, "unsigned char common_preempt_count", 3, 1, false);
	put_field(out, "int common_pid", 4, 4, true);
	str_puts(out, "\n");
	if (tp->at.kind == HOOK_SYS_ENTER) {
		call_fields(out, &calls[tp->at.number]);
	} else if (tp->at.kind == HOOK_SYS_EXIT) {
		put_field(out, "int __syscall_nr", 8, 4, true);
		put_field(out, "long ret", 16, 8, true);
		str_puts(out, "\nprint fmt: \"0x%lx\", REC->ret\n");
	} else if (tp->path) {
		put_field(out, "unsigned long __probe_ip", 8, 8, false);
		str_puts(out, "\nprint fmt: \"(%lx)\", REC->__probe_ip\n");
	} else {
		for (u32 i = 0; i < ARRAY_SIZE(fixed); i++)
			if (fixed[i].id == tp->id)
				fixed_fields(out, &fixed[i]);
	}
}

/* ---- uprobe_events ---- */
/* "GROUP/NAME" or "NAME": 0 or -EINVAL. */
static int parse_name(const char *s, size_t n, char group[GROUP_NAME], char name[GROUP_NAME])
{
	const char *slash = memchr(s, '/', n);
	size_t g = slash ? (size_t)(slash - s) : 0, rest = slash ? n - g - 1 : n;

	if (rest == 0 || rest >= GROUP_NAME || g >= GROUP_NAME)
		return -EINVAL;
	snprintf(group, GROUP_NAME, "%.*s", (int)g, s);
	if (!g)
		snprintf(group, GROUP_NAME, "uprobes");
	snprintf(name, GROUP_NAME, "%.*s", (int)rest, slash ? slash + 1 : s);
	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_'))
			return -EINVAL;
	return 0;
}

static int remove_made(struct tracepoints *t, const char *group, const char *name)
{
	struct made **p = &t->made, *m;

	while ((m = *p) && (strcmp(m->name, name) || strcmp(m->group, group)))
		p = &m->next;
	if (!m)
		return -ENOENT;
	if (m->tp.users)
		return -EBUSY;
	*p = m->next;
	m->next = t->gone;
	t->gone = m;
	return 0;
}

/* "PATH:0xOFFSET", with "(0xREFCTR)" and arguments behind it, which nobody reads. */
static int parse_target(const char *s, size_t n, char *path, size_t room, u64 *ret_off, u64 *ret_ref)
{
	const char *end = memchr(s, ' ', n), *colon = NULL;
	char number[64], *rest;

	n = end ? (size_t)(end - s) : n;
	for (size_t i = 0; i < n; i++)
		if (s[i] == ':')
			colon = s + i;
	if (!colon || colon == s || (size_t)(colon - s) >= room || n - (size_t)(colon - s) >= sizeof(number))
		return -EINVAL;
	snprintf(path, room, "%.*s", (int)(colon - s), s);
	snprintf(number, sizeof(number), "%.*s", (int)(n - (size_t)(colon - s) - 1), colon + 1);
	*ret_off = strtoull(number, &rest, 0);
	*ret_ref = 0;
	if (rest == number)
		return -EINVAL;
	if (*rest == '%' && strcmp(rest, "%return"))
		return -EINVAL;
	if (*rest == '(')
		*ret_ref = strtoull(rest + 1, &rest, 0);
	return 0;
}

static int add_made(struct tracepoints *t, bool ret, const char *group, const char *name, const char *target, size_t n,
		    const char *root)
{
	char path[4096], full[4200];
	struct stat st;
	struct made *m;
	u64 off, ref;
	int err = parse_target(target, n, path, sizeof(path), &off, &ref);

	if (err)
		return err;
	for (m = t->made; m; m = m->next)
		if (!strcmp(m->name, name) && !strcmp(m->group, group))
			return -EEXIST;
	snprintf(full, sizeof(full), "%s%s", root, path);
	if (stat(full, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	m = calloc(1, sizeof(*m) + strlen(path) + 1);
	if (!m)
		return -ENOMEM;
	strcpy(m->path, path);
	strcpy(m->group, group);
	strcpy(m->name, name);
	m->tp = (struct tracepoint){ .id = t->next_id++, .group = m->group, .name = m->name, .path = m->path, .record_size = 16,
				     .ref_ctr_offset = ref,
				     .at = { .kind = ret ? HOOK_URETPROBE : HOOK_UPROBE, .dev = st.st_dev, .ino = st.st_ino, .offset = off } };
	m->next = t->made;
	t->made = m;
	return 0;
}

static int one_line(struct tracepoints *t, const char *s, size_t n, const char *root)
{
	char group[GROUP_NAME], name[GROUP_NAME];
	const char *space = memchr(s, ' ', n);
	size_t head = space ? (size_t)(space - s) : n;
	int err;

	if (!n || s[0] == '#')
		return 0;
	if (n < 3 || !strchr("pr-", s[0]) || s[1] != ':')
		return -EINVAL;
	err = parse_name(s + 2, head - 2, group, name);
	if (err || s[0] == '-')
		return err ? err : remove_made(t, group, name);
	while (head < n && s[head] == ' ')
		head++;
	return add_made(t, s[0] == 'r', group, name, s + head, n - head, root);
}

static int remove_all(struct tracepoints *t)
{
	for (struct made *m = t->made; m; m = m->next)
		if (m->tp.users)
			return -EBUSY;

	while (t->made) {
		struct made *m = t->made;
		t->made = m->next;
		m->next = t->gone;
		t->gone = m;
	}
	return 0;
}

int uprobe_events_write(struct hooks *h, const char *text, size_t n, bool truncate, const char *root)
{
	struct tracepoints *t = tracepoints(h);
	int err = t ? 0 : -ENOMEM;

	if (err)
		return err;
	hook_lock(h);
	if (truncate)
		err = remove_all(t); /* as tracefs does with O_TRUNC */
	for (size_t at = 0; at < n && !err;) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t len = end ? (size_t)(end - text) - at : n - at;
		err = one_line(t, text + at, len, root);
		at += len + 1;
	}
	hook_unlock(h);
	return err;
}

void uprobe_events_text(struct hooks *h, struct str *out)
{
	struct tracepoints *t = tracepoints(h);

	if (!t)
		return;
	hook_lock(h);
	for (struct made *m = t->made; m; m = m->next) {
		str_printf(out, "%c:%s/%s %s:0x%016llx", m->tp.at.kind == HOOK_URETPROBE ? 'r' : 'p', m->group, m->name, m->path,
			   (unsigned long long)m->tp.at.offset);
		if (m->tp.ref_ctr_offset)
			str_printf(out, "(0x%llx)", (unsigned long long)m->tp.ref_ctr_offset);
		str_puts(out, "\n");
	}
	hook_unlock(h);
}

void tracepoints_free(struct hooks *h)
{
	struct tracepoints *t = *hook_tracepoints(h);

	if (!t)
		return;
	remove_all(t);
	while (t->gone) {
		struct made *m = t->gone;
		t->gone = m->next;
		free(m);
	}
	free(t->all);
	free(t->names);
	free(t);
	*hook_tracepoints(h) = NULL;
}
