/* SPDX-License-Identifier: BSD-2-Clause */
/* skep's own kernel types as BTF: own_btf.def expanded twice, forward declarations first so that pointers find their targets. */
#include <errno.h>
#include <stdlib.h>

#include "btf/gen.h"
#include "skep/skep.h"
#include "sys/sys.h"

/* The structures themselves: the compiler lays them out. */
struct own_list_head { void *next, *prev; };
struct own_cred { u32 uid, gid, euid, egid; };
struct own_task_struct {
	u32 flags;
	s32 exit_code, pid, tgid;
	void *real_parent, *parent, *group_leader;
	u64 start_time, start_boottime;
	void *real_cred, *cred;
	char comm[16];
};
struct own_pt_regs {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
struct own_xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };

/* Ids are given in order: the basic types, then for each structure its pointer, then the structures. */
enum { ID_sint = 1, ID_uint, ID_u64, ID_ulong, ID_chr, ID_FIRST_PTR };
enum {
	PTR_BASE_ = ID_FIRST_PTR - 1,
#define S(s) PTR_##s,
#define F(...)
#define A(...)
#define P(...)
#include "sys/own_btf.def"
	STRUCT_BASE_,
};

static u32 array_of(struct btf_build *g, u32 elem, size_t bytes, size_t size)
{
	return btf_build_array(g, elem, ID_uint, (u32)(bytes / size));
}

static void basic_types(struct btf_build *g)
{
	btf_build_int(g, "int", 4, BTF_INT_SIGNED);
	btf_build_int(g, "unsigned int", 4, 0);
	btf_build_int(g, "unsigned long long", 8, 0);
	btf_build_int(g, "unsigned long", 8, 0);
	btf_build_int(g, "char", 1, BTF_INT_SIGNED);
}

int skep_own_btf(void **ret_data, uint32_t *ret_size)
{
	struct btf_build *g = btf_build_new(NULL);
	u32 first, comm, size;
	const void *raw;
	void *copy;

	if (!g)
		return -ENOMEM;
	basic_types(g);
	/* every pointer is one id; the structures and the one array follow them */
	first = STRUCT_BASE_ + 1;
#define S(s) btf_build_ptr(g, first + (u32)(PTR_##s - ID_FIRST_PTR));
#define F(...)
#define A(...)
#define P(...)
#include "sys/own_btf.def"
	comm = array_of(g, ID_chr, sizeof(((struct own_task_struct *)0)->comm), 1);
#define S(s) btf_build_struct(g, #s, (u32)sizeof(struct own_##s));
#define F(s, f, t) btf_build_member(g, #f, ID_##t, (u32)offsetof(struct own_##s, f) * 8, 0);
#define A(s, f, t) btf_build_member(g, #f, comm, (u32)offsetof(struct own_##s, f) * 8, 0);
#define P(s, f, t) btf_build_member(g, #f, PTR_##t, (u32)offsetof(struct own_##s, f) * 8, 0);
#include "sys/own_btf.def"
	raw = btf_build_done(g, &size);
	copy = raw ? malloc(size) : NULL;
	if (copy) {
		memcpy(copy, raw, size);
		*ret_data = copy;
		*ret_size = size;
	}
	btf_build_free(g);
	return copy ? 0 : -ENOMEM;
}
