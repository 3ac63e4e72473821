/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that replace functions of programs (BPF_PROG_TYPE_EXT): the declarations must match. Pairs are loaded on skep, and on the
 * running kernel where it permits such programs; errno and last line must be as wanted, and equal.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skep/skep.h>

#include "base/types.h"
#include "base/uapi.h"
#include "btf/gen.h"

static struct skep *skep;

static long on(bool kernel, int cmd, union bpf_attr *a)
{
	long r;

	if (!kernel)
		return skep_bpf_in(skep, cmd, a, sizeof(*a));
	r = syscall(SYS_bpf, cmd, a, sizeof(*a));
	return r < 0 ? -errno : r;
}

/* A declaration: a letter for what it returns, then one for each argument. */
enum { INT = 'i', LONG = 'l', CTX = 'c', OTHER = 'o', INT_PTR = 'p', ENUM = 'e', STRUCT = 's', VOID = 'v', FLOAT = 'f' };

struct types { struct btf_build *g; u32 i, l, c, o, p, e, s, f, main, func; };

static u32 type_of(const struct types *t, char letter)
{
	switch (letter) {
	case INT: return t->i;
	case LONG: return t->l;
	case CTX: return t->c;
	case OTHER: return t->o;
	case INT_PTR: return t->p;
	case ENUM: return t->e;
	case STRUCT: return t->s;
	case FLOAT: return t->f;
	default: return 0;
	}
}

static u32 declare(struct types *t, const char *name, const char *proto, u32 linkage)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	u32 id = btf_build_proto(t->g, type_of(t, proto[0]));

	for (u32 k = 1; proto[k]; k++)
		btf_build_param(t->g, names[k - 1], type_of(t, proto[k]));
	return btf_build_func(t->g, name, id, linkage);
}

static long load_types(bool kernel, const char *main_proto, const char *name, const char *proto, u32 linkage, struct types *t)
{
	union bpf_attr a = { 0 };
	const void *p;
	u32 size, skb, other;
	long fd;

	t->g = btf_build_new(NULL);
	t->i = btf_build_int(t->g, "int", 4, 1);
	t->l = btf_build_int(t->g, "long", 8, 1);
	t->f = btf_build_float(t->g, "float", 4);
	t->e = btf_build_enum(t->g, "colour", 4, false);
	btf_build_enumerator(t->g, "RED", 1);
	skb = btf_build_struct(t->g, "__sk_buff", 4);
	btf_build_member(t->g, "len", t->i, 0, 0);
	other = btf_build_struct(t->g, "other", 4);
	btf_build_member(t->g, "len", t->i, 0, 0);
	t->s = other;
	t->c = btf_build_ptr(t->g, skb);
	t->o = btf_build_ptr(t->g, other);
	t->p = btf_build_ptr(t->g, t->i);
	t->main = main_proto ? declare(t, "main", main_proto, 1) : 0;
	t->func = declare(t, name, proto, linkage);
	p = btf_build_done(t->g, &size);
	a.btf = (u64)(uintptr_t)p;
	a.btf_size = size;
	fd = p ? on(kernel, BPF_BTF_LOAD, &a) : -ENOMEM;
	btf_build_free(t->g);
	return fd;
}

static char words[4096];

static long load(bool kernel, u32 type, const struct bpf_insn *insns, u32 n, long btf, const u32 func[][2], u32 nfunc, long target, u32 id)
{
	union bpf_attr a = { 0 };

	words[0] = '\0';
	a.prog_type = type;
	a.insns = (u64)(uintptr_t)insns;
	a.insn_cnt = n;
	a.license = (u64)(uintptr_t)"GPL";
	a.log_buf = (u64)(uintptr_t)words;
	a.log_size = sizeof(words);
	a.log_level = 1;
	a.prog_btf_fd = (u32)btf;
	a.func_info = (u64)(uintptr_t)func;
	a.func_info_cnt = nfunc;
	a.func_info_rec_size = 8;
	if (target) {
		a.attach_prog_fd = (u32)target;
		a.attach_btf_id = id;
	}
	return on(kernel, BPF_PROG_LOAD, &a);
}

/* The line before the statistics. */
static const char *last_line(void)
{
	char *end = strstr(words, "processed "), *at;

	if (end)
		*end = '\0';
	end = words + strlen(words);
	while (end > words && end[-1] == '\n')
		*--end = '\0';
	at = strrchr(words, '\n');
	return at ? at + 1 : words;
}

struct verdict { long target, ext; char text[256]; };

static void judge(bool kernel, const char *proto, u32 linkage, const char *own, u32 own_linkage, struct verdict *v)
{
	static const struct bpf_insn target[] = {
		{ .code = 0xb7, .dst_reg = 2 }, { .code = 0xb7, .dst_reg = 3 }, { .code = 0x85, .src_reg = 1, .imm = 2 },
		{ .code = 0xb7 }, { .code = 0x95 },
		{ .code = 0xb7 }, { .code = 0x95 },
	};
	struct types t, o;
	long btf = load_types(kernel, "ic", "f", proto, linkage, &t), btf2 = load_types(kernel, NULL, "g", own, own_linkage, &o), fd, ext;
	const u32 func[][2] = { { 0, t.main }, { 5, t.func } }, mine[][2] = { { 0, o.func } };

	memset(v, 0, sizeof(*v));
	fd = load(kernel, BPF_PROG_TYPE_SCHED_CLS, target, 7, btf, func, 2, 0, 0);
	v->target = fd < 0 ? fd : 0;
	ext = fd < 0 ? fd : load(kernel, BPF_PROG_TYPE_EXT, target + 5, 2, btf2, mine, 1, fd, t.func);
	v->ext = ext < 0 ? ext : 0;
	if (ext < 0)
		snprintf(v->text, sizeof(v->text), "%s", last_line());
	if (ext >= 0)
		close((int)ext);
	if (fd >= 0)
		close((int)fd);
	close((int)btf);
	close((int)btf2);
}

int main(void)
{
	static const struct { const char *target; u32 linkage; const char *own; u32 own_linkage; const char *want; } pair[] = {
		{ "ic", 1, "ic", 1, "" },
		{ "ici", 1, "ici", 1, "" },
		{ "ice", 1, "ice", 1, "" },
		{ "ic", 1, "ici", 1, "g() has 2 args while f() has 1 args" },
		{ "ici", 1, "ic", 1, "g() has 1 args while f() has 2 args" },
		{ "ic", 1, "ic", 0, "g() is not a global function" },
		{ "ic", 0, "ic", 1, "f() is not a global function" },
		{ "ic", 1, "vc", 1, "Return type UNKNOWN of g() doesn't match type INT of f()" },
		{ "ici", 1, "icl", 1, "arg1 in g() has size 8 while f() has 4" },
		{ "ici", 1, "ice", 1, "arg1 in g() is ENUM while f() has INT" },
		{ "ic", 1, "ii", 1, "arg0 in g() is INT while f() has PTR" },
		{ "ic", 1, "io", 1, "arg0 g(struct other *) doesn't match f(struct __sk_buff *)" },
		{ "ic", 1, "ip", 1, "arg0 in g() is not a pointer to context" },
		{ "icp", 1, "icp", 1, "arg1 in g() is not a pointer to context" },
		{ "icp", 1, "ico", 1, "arg1 in f() is not a pointer to context" },
	};
	struct skep_opts opts = { .sz = sizeof(opts), .caps_set = 1, .caps = SKEP_CAP_BPF | SKEP_CAP_PERFMON | SKEP_CAP_NET_ADMIN };
	u32 passed = 0, failed = 0;

	if (skep_new(&opts, &skep))
		return 1;
	for (u32 i = 0; i < ARRAY_SIZE(pair); i++) {
		struct verdict k, s;

		judge(true, pair[i].target, pair[i].linkage, pair[i].own, pair[i].own_linkage, &k);
		judge(false, pair[i].target, pair[i].linkage, pair[i].own, pair[i].own_linkage, &s);
		if (s.target || s.ext != (*pair[i].want ? -EINVAL : 0) || strcmp(s.text, pair[i].want)) {
			failed++;
			printf("not ok target %s, replacement %s: skep %ld, %ld \"%s\", wanted \"%s\"\n", pair[i].target,
			       pair[i].own, s.target, s.ext, s.text, pair[i].want);
		} else if (k.target == -EPERM || (k.ext == -EPERM && !*k.text)) {
			passed++; /* this kernel refuses to be asked */
		} else if (k.target != s.target || k.ext != s.ext || strcmp(k.text, s.text)) {
			failed++;
			printf("not ok target %s, replacement %s: kernel %ld, %ld \"%s\", skep %ld, %ld \"%s\"\n", pair[i].target,
			       pair[i].own, k.target, k.ext, k.text, s.target, s.ext, s.text);
		} else {
			passed++;
		}
	}
	skep_free(skep);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed != 0;
}
