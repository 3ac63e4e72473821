/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens and reads every iterator of an object: the same output on the kernel and in a box. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static void show(struct bpf_program *p, int map)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, o);
	const char *name = bpf_program__name(p);
	union bpf_iter_link_info info = { 0 };
	struct bpf_link *l;
	char buf[512];
	ssize_t n;
	int fd;

	o.link_info = &info;
	o.link_info_len = sizeof(info);
	if (!strcmp(name, "dump_elem") || !strcmp(name, "dump_far"))
		info.map.map_fd = (unsigned)map;
	else if (!strcmp(name, "dump_task"))
		info.task.pid = (unsigned)getpid();
	l = bpf_program__attach_iter(p, &o);
	printf("%s: attach: %s\n", name, l ? "ok" : strerror(errno));
	if (!l)
		return;
	fd = bpf_iter_create(bpf_link__fd(l));
	printf("%s: open: %s\n", name, fd >= 0 ? "ok" : strerror(-fd));
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
	printf("%s: write: %s\n", name, write(fd, "x", 1) == 1 ? "ok" : strerror(errno));
	if (fd >= 0)
		close(fd);
	printf("%s: update: %s\n", name, strerror(-bpf_link__update_program(l, p)));
	printf("%s: detach: %s\n", name, strerror(-bpf_link__detach(l)));
	printf("%s: create from a program: %s\n", name, strerror(-bpf_iter_create(bpf_program__fd(p))));
	bpf_link__destroy(l);
}

int main(int argc, char **argv)
{
	struct bpf_object *o = argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *p;
	unsigned long long v;
	int map;

	if (!o || bpf_object__load(o))
		return 2;
	map = bpf_object__find_map_fd_by_name(o, "numbers");
	for (unsigned i = 0; i < 3; i++) {
		v = 70 + i;
		bpf_map_update_elem(map, &i, &v, 0);
	}
	bpf_object__for_each_program(p, o)
		show(p, map);
	for (unsigned i = 0; i < 3; i++) {
		bpf_map_lookup_elem(map, &i, &v);
		printf("%u is %llu\n", i, v);
	}
	return 0;
}
