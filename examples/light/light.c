/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and runs light.bpf.c by its light skeleton: this program needs libc only. Prints what it sees, "ok" or "not ok". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "light.lskel.h" /* needs errno.h */

static int failed;

static void result(int ok, const char *what)
{
	printf("%s %s\n", ok ? "ok" : "not ok", what);
	failed |= !ok;
}

int main(void)
{
	struct light *l = light__open();
	unsigned long long args[2] = { 0, 1 };
	union bpf_attr a;
	int err = l ? light__load(l) : -1;

	result(!err, "loaded, relocations applied");
	if (err)
		return 1;
	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (unsigned)l->progs.look.prog_fd;
	a.test.ctx_in = (unsigned long)args;
	a.test.ctx_size_in = sizeof(args);
	err = skel_sys_bpf(BPF_PROG_TEST_RUN, &a, sizeof(a));
	result(!err && a.test.retval == 7, "it runs");
	result(l->bss->tgid == getpid() && l->bss->pid == getpid(), "tgid and pid of this process");
	result(l->bss->parent == getppid(), "its parent");
	result(!strcmp(l->bss->comm, "light"), "its name");
	result(l->data->exists == 0, "a member that is not there");
	result(l->data->type_exists == 0, "a type that is not there");
	result(l->bss->comm_size == 16, "the size of a member");
	result(l->bss->ring_type == BPF_MAP_TYPE_RINGBUF, "the value of an enumerator");
	light__destroy(l);
	return failed;
}
