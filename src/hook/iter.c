/* SPDX-License-Identifier: BSD-2-Clause */
/* Iterators: see iter.h. */
#include "hook/iter.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grace.h"
#include "hook/mirror.h"
#include "hook/task.h"
#include "spec/row.h"

#define TEXT_MAX (64u << 20)

static const struct { const char *name, *why_not; } targets[ITERS] = {
#define I(id, name, why) { name, why },
#include "spec/iter.def"
};

/* One walk. */
struct walk {
	struct run_env env;     /* first: seq_write finds the rest */
	struct link *l;
	struct str *out;
	struct mirrors m;
	struct mirror meta;
	u64 args[12];
	u64 seq_num;
	int err;
};

int iter_target(const struct prog *p, const char **ret_name, const char **ret_why)
{
	const char *name = p->attach_name;

	if (strncmp(name, "bpf_iter_", 9))
		return -ENOENT;
	for (int i = 0; i < ITERS; i++)
		if (!strcmp(targets[i].name, name + 9)) {
			*ret_name = targets[i].name;
			*ret_why = targets[i].why_not;
			return i;
		}
	return -ENOENT;
}

static bool is_percpu(const struct map *m)
{
	return m->desc.type == BPF_MAP_TYPE_PERCPU_HASH || m->desc.type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       m->desc.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

int iter_map_ok(const struct prog *p, const struct map *m)
{
	u32 value = is_percpu(m) ? map_user_value_size(m) : m->desc.value_size;

	if (!is_percpu(m) && m->desc.type != BPF_MAP_TYPE_HASH && m->desc.type != BPF_MAP_TYPE_LRU_HASH &&
	    m->desc.type != BPF_MAP_TYPE_ARRAY)
		return -EINVAL;
	return p->max_rdonly > m->desc.key_size || p->max_rdwr > value ? -EACCES : 0;
}

/* ---- one object ---- */
static int seq_write(struct run_env *env, const void *text, u32 len)
{
	struct walk *w = (struct walk *)env;

	if (w->out->len + len > TEXT_MAX)
		return -EOVERFLOW;
	str_putn(w->out, text, len);
	return 0;
}

/* Show args[1..]: false ends the walk. An object that is asked for again is shown once more, then left. */
static bool show(struct walk *w)
{
	size_t before = w->out->len;
	struct run *run = malloc(sizeof(*run));
	u64 r0 = 1;

	if (!run) {
		w->err = -ENOMEM;
		return false;
	}
	for (int attempt = 0; attempt < 2 && r0; attempt++) {
		w->out->len = before;
		mirror_u64(&w->m, w->meta, "seq_num", w->seq_num);
		run_init(run, &w->l->prog->image, &w->env);
		run->prog_type = w->l->prog->runs_as;
		grace_enter();
		r0 = run_image(run, w->args);
		grace_leave();
		__atomic_fetch_add(&w->l->prog->stats.runs, 1, __ATOMIC_RELAXED);
	}
	free(run);
	w->seq_num++;
	if (r0 && !before)
		w->err = -EAGAIN;
	return !r0;
}

/* ---- skep's own objects ---- */
static struct mirror map_mirror(struct walk *w, const struct map *m)
{
	struct mirror o = mirror_new(&w->m, "bpf_map");

	mirror_u32(&w->m, o, "id", m->obj.id);
	mirror_set(&w->m, o, "name", m->desc.name, sizeof(m->desc.name));
	mirror_u32(&w->m, o, "map_type", m->desc.type);
	mirror_u32(&w->m, o, "key_size", m->desc.key_size);
	mirror_u32(&w->m, o, "value_size", m->desc.value_size);
	mirror_u32(&w->m, o, "max_entries", m->desc.max_entries);
	mirror_u32(&w->m, o, "map_flags", m->desc.flags);
	mirror_u64(&w->m, o, "refcnt", m->obj.refs);
	mirror_u64(&w->m, o, "usercnt", obj_has_user(&m->obj));
	return o;
}

static struct mirror prog_mirror(struct walk *w, struct prog *p)
{
	struct mirror o = mirror_new(&w->m, "bpf_prog"), aux = mirror_new(&w->m, "bpf_prog_aux");
	u8 *name = arena_alloc(&w->m.arena, sizeof(p->attach_name));
	u64 at = (u64)(uintptr_t)name;

	prog_ready(p); /* or jited_len is 0 */
	memcpy(name, p->attach_name, sizeof(p->attach_name));
	mirror_u32(&w->m, o, "type", p->type);
	mirror_u32(&w->m, o, "expected_attach_type", p->attach_type);
	mirror_u32(&w->m, o, "len", p->insn_cnt);
	mirror_u32(&w->m, o, "jited_len", p->image.code_size);
	mirror_set(&w->m, o, "tag", p->tag, sizeof(p->tag));
	mirror_ptr(&w->m, o, "aux", aux);
	mirror_u32(&w->m, aux, "id", p->obj.id);
	mirror_set(&w->m, aux, "name", p->name, sizeof(p->name));
	mirror_u32(&w->m, aux, "used_map_cnt", p->nmaps);
	mirror_u32(&w->m, aux, "attach_btf_id", p->attach_btf_id);
	mirror_u32(&w->m, aux, "verified_insns", (u32)p->vf.walked);
	mirror_u32(&w->m, aux, "func_info_cnt", 0);
	mirror_u64(&w->m, aux, "load_time", p->load_time);
	if (*p->attach_name)
		mirror_set(&w->m, aux, "attach_func_name", &at, 8);
	mirror_ptr(&w->m, aux, "prog", o);
	return o;
}

static struct mirror obj_mirror(struct walk *w, struct obj *o)
{
	struct mirror l;

	if (o->kind == OBJ_MAP)
		return map_mirror(w, map_of(o));
	if (o->kind == OBJ_PROG)
		return prog_mirror(w, prog_of(o));
	l = mirror_new(&w->m, "bpf_link");
	mirror_u32(&w->m, l, "id", o->id);
	mirror_u32(&w->m, l, "type", link_of(o)->type);
	if (link_of(o)->prog)
		mirror_ptr(&w->m, l, "prog", prog_mirror(w, link_of(o)->prog));
	return l;
}

static void walk_objects(struct walk *w, enum obj_kind kind)
{
	struct objtab *t = w->l->obj.tab;
	u32 id = 0;
	struct obj *o;

	while (!obj_next_id(t, id, kind, &id)) {
		bool more;

		if (obj_by_id(t, id, kind, &o))
			continue;
		w->args[1] = (u64)(uintptr_t)obj_mirror(w, o).mem;
		more = show(w);
		obj_put(o);
		if (!more)
			return;
	}
}

static void walk_elements(struct walk *w)
{
	struct map *m = w->l->iter.map;
	u8 *key = calloc(2, m->desc.key_size + 8u), *next = key ? key + m->desc.key_size : NULL,
	   *copy = calloc(1, map_user_value_size(m) + 8u);
	int err = key && copy ? map_next_key(m, NULL, next) : -ENOMEM;
	u64 left = 2 * (u64)m->desc.max_entries; /* elements may move meanwhile; lists in memory that others write may be rings */

	w->args[1] = (u64)(uintptr_t)map_mirror(w, m).mem;
	while (!err) {
		void *value;

		memcpy(key, next, m->desc.key_size);
		value = is_percpu(m) ? (map_lookup(m, key, copy, 0) ? NULL : copy) : map_prog_lookup(m, key, 0);
		w->args[2] = (u64)(uintptr_t)key;
		w->args[3] = (u64)(uintptr_t)value;
		if (value && !show(w))
			break;
		err = m->desc.max_entries && !--left ? -ENOENT : map_next_key(m, key, next);
	}
	if (err == -ENOMEM)
		w->err = err;
	w->args[2] = w->args[3] = 0;
	free(key);
	free(copy);
}

/* ---- tasks ---- */
static bool show_vmas(struct walk *w, const struct task_facts *f)
{
	char path[64], line[512], perms[8];
	u64 from, to, off;
	bool more = true;
	FILE *s;

	snprintf(path, sizeof(path), "/proc/%u/maps", f->tgid);
	s = fopen(path, "re");
	while (s && more && fgets(line, sizeof(line), s)) {
		struct mirror v;

		if (sscanf(line, "%lx-%lx %7s %lx", &from, &to, perms, &off) != 4)
			continue;
		v = mirror_new(&w->m, "vm_area_struct");
		mirror_u64(&w->m, v, "vm_start", from);
		mirror_u64(&w->m, v, "vm_end", to);
		mirror_u64(&w->m, v, "vm_pgoff", off >> 12);
		mirror_u64(&w->m, v, "vm_flags",
			   (u64)(perms[0] == 'r') | (u64)(perms[1] == 'w') << 1 | (u64)(perms[2] == 'x') << 2 |
				   (u64)(perms[3] == 's') << 3);
		w->args[2] = (u64)(uintptr_t)v.mem;
		more = show(w);
	}
	if (s)
		fclose(s);
	return more;
}

static bool show_files(struct walk *w, const struct task_facts *f)
{
	char path[64], name[320];
	struct dirent *e;
	bool more = true;
	struct stat st;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%u/fd", f->tid);
	d = opendir(path);
	while (d && more && (e = readdir(d))) {
		struct mirror file, inode;

		if (*e->d_name == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (stat(name, &st))
			continue;
		file = mirror_new(&w->m, "file");
		inode = mirror_new(&w->m, "inode");
		mirror_u64(&w->m, inode, "i_ino", st.st_ino);
		mirror_u32(&w->m, inode, "i_mode", st.st_mode);
		mirror_u64(&w->m, inode, "i_size", (u64)st.st_size);
		mirror_ptr(&w->m, file, "f_inode", inode);
		w->args[2] = (u64)strtoul(e->d_name, NULL, 10);
		w->args[3] = (u64)(uintptr_t)file.mem;
		more = show(w);
	}
	if (d)
		closedir(d);
	return more;
}

static bool show_task(struct walk *w, u32 tgid, u32 tid)
{
	u32 target = w->l->iter.target;
	struct task_facts f;

	if ((w->l->iter.tid && w->l->iter.tid != tid) || !task_read_facts(tgid, tid, &f))
		return true;
	w->args[1] = (u64)(uintptr_t)task_mirror(&w->m, &f).mem;
	if (target == ITER_TASK)
		return show(w);
	return target == ITER_TASK_VMA ? show_vmas(w, &f) : show_files(w, &f);
}

static bool show_threads(struct walk *w, u32 tgid)
{
	char path[48];
	struct dirent *e;
	bool more = true;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%u/task", tgid);
	d = opendir(path);
	while (d && more && (e = readdir(d))) {
		u32 tid = (u32)strtoul(e->d_name, NULL, 10);
		/* threads share files and memory: Linux shows those of the first */
		if (tid && (tid == tgid || w->l->iter.tid || w->l->iter.target == ITER_TASK))
			more = show_task(w, tgid, tid);
	}
	if (d)
		closedir(d);
	return more;
}

static void walk_tasks(struct walk *w)
{
	struct dirent *e;
	bool more = true;
	DIR *d;

	if (w->l->iter.pid) {
		show_threads(w, w->l->iter.pid);
		return;
	}
	d = opendir("/proc");
	while (d && more && (e = readdir(d)))
		if (*e->d_name >= '1' && *e->d_name <= '9')
			more = show_threads(w, (u32)strtoul(e->d_name, NULL, 10));
	if (d)
		closedir(d);
}

/* ---- the walk ---- */
static void walk(struct walk *w)
{
	switch (w->l->iter.target) {
	case ITER_BPF_MAP:
		walk_objects(w, OBJ_MAP);
		break;
	case ITER_BPF_PROG:
		walk_objects(w, OBJ_PROG);
		break;
	case ITER_BPF_LINK:
		walk_objects(w, OBJ_LINK);
		break;
	case ITER_BPF_MAP_ELEM:
		walk_elements(w);
		break;
	default:
		walk_tasks(w);
		break;
	}
	if (w->err)
		return;
	memset(w->args + 1, 0, sizeof(w->args) - sizeof(w->args[0])); /* and once more with nothing: the end */
	show(w);
}

int iter_walk(struct link *l, struct str *out)
{
	static u64 session;
	struct walk w = { .env = { .seq_write = seq_write, .kernel_btf = hook_btf(l->hooks) }, .l = l, .out = out,
			  .m = { .btf = hook_btf(l->hooks) } };
	struct mirror seq;
	jmp_buf oom;

	if (*l->prog->unrunnable)
		return -EOPNOTSUPP;
	w.m.arena.oom = &oom;
	if (setjmp(oom)) {
		arena_free(&w.m.arena);
		return -ENOMEM;
	}
	w.meta = mirror_new(&w.m, "bpf_iter_meta");
	seq = mirror_new(&w.m, "seq_file");
	mirror_ptr(&w.m, w.meta, "seq", seq);
	mirror_u64(&w.m, w.meta, "session_id", __atomic_add_fetch(&session, 1, __ATOMIC_RELAXED));
	w.args[0] = (u64)(uintptr_t)w.meta.mem;
	walk(&w);
	arena_free(&w.m.arena);
	return w.err;
}

/* ---- links ---- */
static void iter_release(struct link *l)
{
	(void)l;
}

static void iter_free(struct link *l)
{
	if (l->iter.map)
		obj_put(&l->iter.map->obj);
}

static int iter_update(struct link *l, struct prog *p, struct prog *old, struct str *why)
{
	int err = 0;

	(void)why;
	hook_lock(l->hooks);
	if (old && l->prog != old)
		err = -EPERM;
	else if (l->prog->type != p->type || l->prog->attach_type != p->attach_type || l->prog->attach_btf_id != p->attach_btf_id)
		err = -EINVAL;
	else
		link_set_prog(l, p);
	hook_unlock(l->hooks);
	return err;
}

const struct link_ops iter_link_ops = { .release = iter_release, .free = iter_free, .update = iter_update };
