/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of the kernel's objects, by addresses that stand for real processes, files and sockets; and what is not there. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btf/btf.h"
#include "helper/file.h"
#include "helper/handle.h"
#include "helper/kernel_object.h"
#include "helper/probe.h"
#include "helper/vma.h"
#include "skep/skep.h"
#include "unit/test.h"

static struct btf *types;

/* Offset of a member of one of skep's own types. */
static u32 off(const char *type, const char *member)
{
	s32 id = btf_find(types, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf_type(types, (u32)id) : NULL;

	for (u32 i = 0; t && i < btf_vlen_of(t); i++)
		if (!strcmp(btf_str(types, btf_members_of(t)[i].name_off), member))
			return btf_member_bit_off(t, i) / 8;
	CHECK(false);
	return 0;
}

static u64 field(u64 object, const char *type, const char *member, u32 size)
{
	u64 v = 0;

	CHECK_EQ(probe_read(&v, object + off(type, member), size), 0);
	return v;
}

TEST(the_real_process)
{
	u64 task = handle_of(HANDLE_TASK, (u32)getpid()), parent, cred, v;
	char comm[16], want[32] = "";
	u32 size;
	void *data;
	int fd;

	CHECK_EQ(skep_own_btf(&data, &size), 0);
	CHECK_EQ(btf_parse(data, size, NULL, true, NULL, &types), 0);
	CHECK_EQ(probe_read(&v, task + off("task_struct", "pid"), 4), -EFAULT); /* no types known yet */
	kernel_object_types(types);
	CHECK_EQ(field(task, "task_struct", "pid", 4), (u32)getpid());
	CHECK_EQ(field(task, "task_struct", "tgid", 4), (u32)getpid());
	parent = field(task, "task_struct", "real_parent", 8);
	CHECK_EQ(field(parent, "task_struct", "pid", 4), (u32)getppid());
	CHECK_EQ(field(task, "task_struct", "group_leader", 8), task);
	cred = field(task, "task_struct", "cred", 8);
	CHECK_EQ(field(cred, "cred", "uid", 4), getuid());
	CHECK_EQ(field(cred, "cred", "egid", 4), getegid());
	CHECK(field(task, "task_struct", "start_time", 8) > 0);
	fd = open("/proc/self/comm", O_RDONLY);
	CHECK(read(fd, want, sizeof(want) - 1) > 0);
	close(fd);
	want[strcspn(want, "\n")] = '\0';
	CHECK_EQ(guarded_string(comm, sizeof(comm), task + off("task_struct", "comm")), strlen(want) + 1);
	CHECK(!strcmp(comm, want));
	/* part of a field is as good; what is unknown, straddles fields, or is nobody's is no memory */
	CHECK_EQ(probe_read(&v, task + off("task_struct", "pid") + 1, 2), 0);
	CHECK_EQ(probe_read(&v, task + off("task_struct", "pid"), 8), -EFAULT);
	CHECK_EQ(probe_read(&v, task + (1u << HANDLE_SHIFT) - 8, 8), -EFAULT);
	CHECK_EQ(probe_read(&v, handle_of(HANDLE_TASK, 0x3fffff) + off("task_struct", "tgid"), 4), -EFAULT);
	CHECK_EQ(probe_read(&v, 0xffffffffff600000ull, 8), -EFAULT);
	CHECK_EQ(probe_read(&v, ~0ull - 3, 8), -EFAULT);
	btf_free(types);
	free(data);
}
