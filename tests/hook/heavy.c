/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every function of the libraries a program uses, its calls and returns probed at once: the program says what it says without probes.
 * heavy LIBRARY... -- COMMAND...: prints how many places there are and how many were hit.
 */
#include "hook/kit.h"

#include <signal.h>
#include <sys/mman.h>

#include "base/child.h"

struct list { struct hook_tx *tx; struct patch_elf *e; const char *path; struct prog *in, *out; u32 slot[2]; u64 n, last; };

static int add(void *arg, const struct patch_sym *s)
{
	struct list *l = arg;
	u64 off;

	if (!s->size || s->va == l->last || s->type != 2 || strstr(s->name, ".cold") || /* no function begins there */
	     patch_elf_va_to_off(l->e, s->va, &off))
		return 0;
	l->last = s->va;
	for (u32 k = 0; k < 2; k++) {
		struct hook_place at = kit_place(k ? HOOK_URETPROBE : HOOK_UPROBE, l->path, off);
		struct hook_ref ref = { .pid = -1, .slot = l->slot[k] };
		struct hook_point *pt = hook_draft(l->tx, &at);

		if (pt && !hook_draft_count(pt)) { /* another name of the same */
			hook_append(l->tx, pt, k ? l->out : l->in, &ref);
			l->n++;
		}
	}
	return 0;
}

static void add_library(struct list *l, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct patch_elf e;
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st))
		kit_fail("%s: %s", path, strerror(errno));
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED || patch_elf_open(at, (u64)st.st_size, &e))
		kit_fail("%s is no ELF file", path);
	close(fd);
	l->e = &e;
	l->path = path;
	l->last = 0;
	patch_elf_functions(&e, add, l);
	munmap(at, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	struct map *m;
	struct str why = { 0 };
	struct hook_tx tx;
	struct list l = { .tx = &tx };
	struct tracer_stats st;
	int i, status, go[2];
	pid_t pid;

	kit_open();
	m = kit_counters(BPF_MAP_TYPE_ARRAY);
	l.in = kit_counter(BPF_PROG_TYPE_KPROBE, m, 0);
	l.out = kit_counter(BPF_PROG_TYPE_KPROBE, m, 1);
	l.slot[0] = hook_slot_new(kit_hooks, l.in);
	l.slot[1] = hook_slot_new(kit_hooks, l.out);
	hook_begin(kit_hooks, &tx, &why);
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		add_library(&l, argv[i]);
	if (hook_commit(&tx))
		kit_fail("attach: %s", str_text(&why));
	if (i + 1 >= argc || pipe(go))
		kit_fail("no command");
	pid = fork();
	if (!pid) {
		char c;

		close(go[1]);
		if (read(go[0], &c, 1) == 1)
			execvp(argv[i + 1], argv + i + 1);
		_exit(127);
	}
	if (tracer_add(kit_tracer, pid, &why))
		kit_fail("add: %s", str_text(&why));
	tracer_exec(kit_tracer, pid, pid);
	if (write(go[1], "g", 1) != 1)
		kit_fail("pipe");
	while (!child_ended(P_PID, pid, &status))
		usleep(10000);
	tracer_stats(kit_tracer, &st);
	fprintf(stderr, "places %llu, calls %llu, returns %llu, longest stop %llu us, status %x\n", (unsigned long long)l.n,
		(unsigned long long)kit_count(m, 0), (unsigned long long)kit_count(m, 1), (unsigned long long)st.longest_ns / 1000, (unsigned)status);
	why.len = 0;
	tracer_complaints(kit_tracer, &why);
	if (why.len)
		fprintf(stderr, "not probed: %.300s\n", str_text(&why));
	return status != 0;
}
