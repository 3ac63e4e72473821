/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attach programs of decide.bpf.c (those named in $PROGS, to the cgroup $CGROUP; links) and run a command with them in force.
 * $FROM, $TO, $DENY, $NAME are their variables. What they saw is printed at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decide.skel.h"

static int number(const char *name)
{
	return getenv(name) ? atoi(getenv(name)) : 0;
}

int main(int argc, char **argv)
{
	const char *cgroup = getenv("CGROUP"), *progs = getenv("PROGS");
	struct decide_bpf *s = decide_bpf__open();
	struct bpf_program *p;
	char list[256];
	int cg, status;

	if (!s || argc < 2)
		return 3;
	snprintf(list, sizeof(list), ",%s,", progs ? progs : "");
	bpf_object__for_each_program(p, s->obj) {
		char name[64];

		snprintf(name, sizeof(name), ",%s,", bpf_program__name(p));
		bpf_program__set_autoload(p, strstr(list, name) != NULL);
	}
	if (decide_bpf__load(s))
		return 3;
	s->bss->from_port = number("FROM");
	s->bss->to_port = number("TO");
	s->bss->deny_port = number("DENY");
	snprintf(s->bss->name, sizeof(s->bss->name), "%s", getenv("NAME") ? getenv("NAME") : "");
	snprintf(list, sizeof(list), "%s", progs ? progs : "");
	cg = open(cgroup ? cgroup : "/sys/fs/cgroup", O_RDONLY | O_CLOEXEC);
	for (char *n = strtok(list, ","); n; n = strtok(NULL, ",")) {
		struct bpf_link *l;

		p = bpf_object__find_program_by_name(s->obj, n);
		if (!p)
			return 4;
		l = bpf_program__type(p) == BPF_PROG_TYPE_LSM ? bpf_program__attach(p) : bpf_program__attach_cgroup(p, cg);
		if (!l) {
			fprintf(stderr, "%s: %s\n", n, strerror(errno));
			return 5;
		}
	}
	if (!fork()) {
		execvp(argv[1], argv + 1);
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		_exit(errno == EACCES ? 126 : 127);
	}
	wait(&status);
	fprintf(stderr, "calls %d denied %d comm %s uid %u family %u type %u cookie %s path %s flags %o\n", s->bss->calls > 0, s->bss->denied,
		s->bss->seen_comm, s->bss->seen_uid, s->bss->seen_family, s->bss->seen_type, s->bss->seen_cookie ? "yes" : "no",
		s->bss->seen_path, s->bss->seen_flags);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
