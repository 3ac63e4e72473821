/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel functions that read memory with care, into the program's memory or into dynptrs; and count a map's elements. */
#include <errno.h>

#include "helper/dynptr.h"
#include "helper/kfunc.h"
#include "helper/probe.h"
#include "map/map.h"

#define PIECE 256u

enum { PAD_ZEROS = 1 };

/* How memory is read; the result is a length for strings, 0 for the others, or -errno with zeroed memory. */
enum how { USER, KERNEL, TASK, STRING = 4 };

static s64 fetch(void *dst, u32 size, u64 from, enum how how, u64 task)
{
	s64 ret;

	if ((how & 3) == TASK)
		return how & STRING ? task_read_string(dst, size, from, task) : task_read(dst, size, from, task);
	ret = (s64)(how & STRING ? guarded_string(dst, size, from) : guarded_read(dst, size, from));
	return (how & 3) == KERNEL ? (s64)kernel_error((u64)ret, size, from) : ret;
}

/* Where the dynptr is in one piece at once, else by pieces, until a string ends. */
static u64 into_dynptr(u64 dptr, u64 r2, u64 r3, u64 from, enum how how, u64 task, struct run *run)
{
	const struct dynptr *d = PTR(dptr);
	u32 off = (u32)r2, size = (u32)r3;
	u8 piece[PIECE], *p;
	s64 n = 0, total = 0;
	int err;

	p = dyn_rdonly(d) ? NULL : dyn_at(d, off, size, run, &err);
	if (p)
		return RET_INT_(fetch(p, size, from, how, task));
	if (dyn_null(d) || off > dyn_size(d) || size > dyn_size(d) - off)
		return RET_INT_(-E2BIG);
	if (dyn_rdonly(d))
		return RET_INT_(-EINVAL);
	for (u32 at = 0; at < size; at += PIECE) {
		u32 len = MIN(size - at, PIECE);
		n = fetch(piece, len, from + at, how, task);
		err = n < 0 ? (int)n : dyn_copy(d, off + at, piece, how & STRING ? (u32)n : len, true, run);
		if (err)
			return RET_INT_(err);
		total += n;
		if ((how & STRING) && n < (s64)len)
			break;
	}
	return RET_INT_(total);
}

BODY(bpf_probe_read_user_dynptr) { UNUSED5; return into_dynptr(r1, r2, r3, r4, USER, 0, run); }
BODY(bpf_probe_read_user_str_dynptr) { UNUSED5; return into_dynptr(r1, r2, r3, r4, USER | STRING, 0, run); }
BODY(bpf_probe_read_kernel_dynptr) { UNUSED5; return into_dynptr(r1, r2, r3, r4, KERNEL, 0, run); }
BODY(bpf_probe_read_kernel_str_dynptr) { UNUSED5; return into_dynptr(r1, r2, r3, r4, KERNEL | STRING, 0, run); }
BODY(bpf_copy_from_user_dynptr) { UNUSED5; return into_dynptr(r1, r2, r3, r4, USER, 0, run); }
BODY(bpf_copy_from_user_str_dynptr) { UNUSED5; return into_dynptr(r1, r2, r3, r4, USER | STRING, 0, run); }
BODY(bpf_copy_from_user_task_dynptr) { return into_dynptr(r1, r2, r3, r4, TASK, r5, run); }
BODY(bpf_copy_from_user_task_str_dynptr) { return into_dynptr(r1, r2, r3, r4, TASK | STRING, r5, run); }

static u64 copy_str(u64 dst, u64 size, u64 from, u64 flags, enum how how, u64 task)
{
	s64 n;

	if (flags & ~(u64)PAD_ZEROS)
		return RET_INT_(-EINVAL);
	n = fetch(PTR(dst), (u32)size, from, how | STRING, task);
	if (n >= 0 && (flags & PAD_ZEROS))
		memset((u8 *)PTR(dst) + n, 0, (u32)size - (u32)n);
	return RET_INT_(n);
}

BODY(bpf_copy_from_user_str) { (void)r5, (void)run; return copy_str(r1, r2, r3, r4, USER, 0); }
BODY(bpf_copy_from_user_task_str) { (void)run; return copy_str(r1, r2, r3, r5, TASK, r4); }

static u64 count_one(struct map *m, const void *key, void *value, void *ctx)
{
	(void)m, (void)key, (void)value;
	++*(u64 *)ctx;
	return 0;
}

/* Linux keeps the number for hash tables only. */
BODY(bpf_map_sum_elem_count)
{
	struct map *m = PTR(r1);
	u64 n = 0;

	UNUSED2;
	if (m->nnodes)
		map_prog_for_each(m, count_one, &n, 0, 0);
	return n;
}
