/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel functions, expanded from kfunc.def. */
#include "spec/row.h"
#include "spec/spec.h"

enum { /* flags column */
	ACQUIRE = KF_ACQUIRE, RELEASE = KF_RELEASE, NULLABLE = KF_RET_NULL, TRUSTED = KF_TRUSTED_ARGS,
	SLEEPS = KF_SLEEPABLE, RCU = KF_RCU, ITER_NEW = KF_ITER_NEW, ITER_NEXT = KF_ITER_NEXT,
	ITER_END = KF_ITER_DESTROY, RCU_SECTION = KF_RCU_PROTECTED, FAST = KF_FASTCALL,
	ARENA_RET = KF_ARENA_RET, ARENA_ARG2 = KF_ARENA_ARG2,
};

#define ROW(n, ret, params, flags_, progs_, doc_, why_)                                                \
	{ .name = #n, .proto = ret " " #n "(" params ")", .doc = (doc_), .why_not = (why_),            \
	  .flags = (flags_), .progs = (progs_) },
#define K(n, ret, params, flags, progs, doc, why)  ROW(n, ret, params, flags, progs, doc, NULL)
#define KU(n, ret, params, flags, progs, doc, why) ROW(n, ret, params, flags, progs, doc, why)
const struct kfunc_spec kfunc_spec[] = {
#include "spec/kfunc.def"
};
const u32 kfunc_count = ARRAY_SIZE(kfunc_spec);

const struct kfunc_spec *kfunc_by_name(const char *name)
{
	for (u32 i = 0; i < kfunc_count; i++)
		if (!strcmp(kfunc_spec[i].name, name))
			return &kfunc_spec[i];
	return NULL;
}
