/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers and kernel functions on files and memory areas: of real files (helper/file.h) and real processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sha256.h"
#include "helper/dynptr.h"
#include "helper/file.h"
#include "helper/handle.h"
#include "helper/kfunc.h"
#include "helper/sk.h"
#include "helper/vma.h"
#include "spec/helper_abi.h"

#define HASH_ALGO_SHA256 4
#define DIGEST 32u

/* ---- files ---- */
u64 helper_d_path(void *path, void *buf, u64 sz, struct run *run)
{
	(void)run;
	return sz ? RET_INT_(file_path(RET_PTR(path), buf, (u32)sz)) : 0;
}

BODY(bpf_path_d_path) { UNUSED4; return r3 ? RET_INT_(file_path(r1, PTR(r2), (u32)r3)) : RET_INT_(-EINVAL); }

u64 helper_sock_from_file(void *file, struct run *run)
{
	int fd = file_fd(RET_PTR(file));
	struct sk_facts f;
	struct sk *sk;

	if (fd < 0 || sk_ask(fd, &f) || sk_note(&f, (u32)getpid(), fd))
		return 0;
	(void)run;
	sk = sk_get(f.cookie);
	return sk ? sk_handle(sk) : 0;
}

/* The digest of what is in the file: what an integrity measurement of it says. */
static u64 digest(u64 file, void *dst, u64 size)
{
	int fd = file_fd(file), in;
	u8 sum[DIGEST];
	struct stat st;
	char path[40];
	void *p;

	memset(dst, 0, (u32)size);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return RET_INT_(-EOPNOTSUPP);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* it may be open for its path only */
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return RET_INT_(-EOPNOTSUPP);
	p = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, in, 0) : MAP_FAILED;
	close(in);
	if (p == MAP_FAILED && st.st_size)
		return RET_INT_(-EOPNOTSUPP);
	sha256(p, (size_t)st.st_size, sum);
	if (st.st_size)
		munmap(p, (size_t)st.st_size);
	memcpy(dst, sum, MIN((u32)size, DIGEST));
	return HASH_ALGO_SHA256;
}

u64 helper_ima_inode_hash(void *inode, void *dst, u64 size, struct run *run)
{
	(void)run;
	return digest(RET_PTR(inode), dst, size);
}

u64 helper_ima_file_hash(void *file, void *dst, u64 size, struct run *run)
{
	(void)run;
	return digest(RET_PTR(file), dst, size);
}

BODY(bpf_get_task_exe_file)
{
	char path[40];
	int fd;

	UNUSED2;
	snprintf(path, sizeof(path), "/proc/%u/exe", handle_id(r1));
	fd = handle_is(r1, HANDLE_TASK) ? open(path, O_PATH | O_CLOEXEC) : -1;
	return fd < 0 ? 0 : file_new(fd);
}

BODY(bpf_put_file) { UNUSED2; file_put(r1); return 0; }

BODY(bpf_get_file_xattr)
{
	const struct dynptr *d = PTR(r3);
	const char *name = PTR(r2);
	char path[40];
	u8 value[4096];
	ssize_t n;
	int fd = file_fd(r1), err;

	(void)r4, (void)r5;
	if (strncmp(name, "user.", 5) && strncmp(name, "security.bpf.", 13))
		return RET_INT_(-EPERM);
	if (fd < 0)
		return RET_INT_(-EINVAL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = getxattr(path, name, value, MIN(dyn_size(d), (u32)sizeof(value)));
	if (n < 0)
		return RET_INT_(-errno);
	err = dyn_copy(d, 0, value, (u64)n, true, run);
	return RET_INT_(err ? err : n);
}

/* ---- memory areas ---- */
u64 helper_find_vma(void *task, u64 addr, u64 callback_fn, void *callback_ctx, u64 flags, struct run *run)
{
	struct vma v;

	if (flags)
		return RET_INT_(-EINVAL);
	if (!handle_is(RET_PTR(task), HANDLE_TASK))
		return RET_INT_(-ENOENT);
	if (vma_find(handle_id(RET_PTR(task)), addr, &v) || v.start > addr)
		return RET_INT_(-ENOENT);
	run_callback(run, callback_fn, RET_PTR(task), vma_handle(&v), RET_PTR(callback_ctx), 0, 0);
	return 0;
}
