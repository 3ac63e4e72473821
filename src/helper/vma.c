/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory areas: see vma.h. */
#include "helper/vma.h"

#include <errno.h>
#include <stdio.h>

#include "helper/handle.h"

#define KEPT 1024u

static struct kept { u32 seq; struct vma v; } kept[KEPT]; /* seq: odd while it is written */
static u32 last;

int vma_find(u32 tgid, u64 addr, struct vma *ret)
{
	unsigned long long from, to, off, ino;
	char path[40], line[512], perm[8];
	unsigned int major, minor;
	int err = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/maps", tgid);
	f = fopen(path, "re");
	while (f && err && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu", &from, &to, perm, &off, &major, &minor, &ino) != 7 ||
		    to <= addr)
			continue;
		/* VM_READ, VM_WRITE, VM_EXEC, VM_SHARED */
		*ret = (struct vma){ from, to, (u64)(perm[0] == 'r') | (u64)(perm[1] == 'w') << 1 | (u64)(perm[2] == 'x') << 2 |
				     (u64)(perm[3] == 's') << 3, off / 4096, (u64)major << 32 | minor, ino };
		err = 0;
	}
	if (f)
		fclose(f);
	return err;
}

u64 vma_handle(const struct vma *v)
{
	u32 n = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED) % KEPT;
	struct kept *k = &kept[n];

	__atomic_add_fetch(&k->seq, 1, __ATOMIC_ACQ_REL);
	k->v = *v;
	__atomic_add_fetch(&k->seq, 1, __ATOMIC_ACQ_REL);
	return handle_of(HANDLE_VMA, n + 1);
}

bool vma_by_handle(u64 ptr, struct vma *ret)
{
	u32 n = handle_id(ptr) - 1, seq;

	if (!handle_is(ptr, HANDLE_VMA) || n >= KEPT)
		return false;
	seq = __atomic_load_n(&kept[n].seq, __ATOMIC_ACQUIRE);
	*ret = kept[n].v;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(seq & 1) && __atomic_load_n(&kept[n].seq, __ATOMIC_RELAXED) == seq;
}
