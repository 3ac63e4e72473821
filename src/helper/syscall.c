/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs of type syscall may do: commands of bpf(2), names of types and symbols. */
#include <errno.h>

#include "base/ksym.h"
#include "btf/btf.h"
#include "helper/ret.h"
#include "helper/run_env.h"
#include "spec/helper_abi.h"
#include "spec/spec.h"

/* The commands that Linux lets a program give. */
static bool cmd_ok(u32 cmd)
{
	const u64 ok = 1ull << BPF_MAP_CREATE | 1ull << BPF_MAP_DELETE_ELEM | 1ull << BPF_MAP_UPDATE_ELEM |
		       1ull << BPF_MAP_FREEZE | 1ull << BPF_MAP_GET_FD_BY_ID | 1ull << BPF_PROG_LOAD | 1ull << BPF_BTF_LOAD |
		       1ull << BPF_LINK_CREATE | 1ull << BPF_RAW_TRACEPOINT_OPEN;

	return cmd < 64 && (ok >> cmd & 1);
}

u64 helper_sys_bpf(u64 cmd, const void *attr, u64 attr_size, struct run *run)
{
	struct run_env *env = run->env;
	union { const void *c; void *p; } a = { attr };

	if (!cmd_ok((u32)cmd))
		return RET_INT_(-EINVAL);
	return env->sys_bpf ? RET_INT_(env->sys_bpf(env, (u32)cmd, a.p, (u32)attr_size)) : RET_INT_(-EPERM);
}

u64 helper_sys_close(u64 fd, struct run *run)
{
	return run->env->sys_close ? RET_INT_(run->env->sys_close(run->env, (s32)fd)) : RET_INT_(-EBADF);
}

/* A string that ends with its memory. */
static bool is_string(const char *s, u64 size)
{
	return size > 1 && !s[size - 1];
}

u64 helper_btf_find_by_name_kind(const void *name, u64 name_sz, u64 kind, u64 flags, struct run *run)
{
	const struct btf *b = run->env->kernel_btf;
	s32 id;

	if ((u32)flags || !is_string(name, name_sz))
		return RET_INT_(-EINVAL);
	id = b ? btf_find(b, name, (u32)kind) : -ENOENT;
	return RET_INT_(id > 0 ? id : -ENOENT);
}

/* Symbols of the kernel that skep runs on, as far as it shows them. */
u64 helper_kallsyms_lookup_name(const void *name, u64 name_sz, u64 flags, void *res, struct run *run)
{
	bool hidden = true;
	struct ksym k;
	u64 found = 0;
	FILE *f;

	(void)run;
	memset(res, 0, 8);
	if ((u32)flags || !is_string(name, name_sz))
		return RET_INT_(-EINVAL);
	f = ksym_open();
	if (!f)
		return RET_INT_(-EPERM);
	while (!found && ksym_next(f, &k)) {
		hidden &= !k.addr;
		if (!strcmp(k.name, name))
			found = k.addr;
	}
	fclose(f);
	if (found)
		memcpy(res, &found, 8);
	return found ? 0 : RET_INT_(hidden ? -EPERM : -ENOENT);
}
