/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers and kernel functions that the agent has: those whose bodies were linked into it. The rows of spec/helper.def are expanded
 * to weak references, so that what the blob is made of says what it can do, and nothing else does.
 */
#include "agent/priv.h"
#include "spec/helper_abi.h"
#include "spec/spec.h"

#define WEAK(id, n, ...) extern __typeof__(helper_##n) helper_##n __attribute__((weak, visibility("default")));
#define H WEAK
#include "spec/helper.def"

#define H0 HELPER_SHIM0
#define H1 HELPER_SHIM1
#define H2 HELPER_SHIM2
#define H3 HELPER_SHIM3
#define H4 HELPER_SHIM4
#define H5 HELPER_SHIM5
#include "spec/helper.def"

#define K(n, ...) extern u64 kfunc_##n(u64, u64, u64, u64, u64, struct run *) __attribute__((weak));
#define KU(...)
#include "spec/kfunc.def"

static const helper_fn kfuncs[] = {
#define K(n, ...) kfunc_##n,
#define KU(...) NULL,
#include "spec/kfunc.def"
};

helper_fn agent_helper(u32 id)
{
	if (id == BPF_FUNC_trace_printk)
		return print_trace_printk;
	switch (id) {
#define ROW(id, n, ...) case id: return helper_##n ? shim_##n : NULL;
#define H ROW
#include "spec/helper.def"
	default:
		return id >= UAPI_HELPERS && id - UAPI_HELPERS < ARRAY_SIZE(kfuncs) ? kfuncs[id - UAPI_HELPERS] : NULL;
	}
}

/* ---- maps: likewise ---- */
#include "map/priv.h"

#define M(id, ...) extern const struct map_ops map_ops_##id __attribute__((weak));
#include "spec/map.def"

#define M(id, ...) &map_ops_##id,
const struct map_ops *const agent_map_ops[UAPI_MAP_TYPES] = {
	NULL, /* unspecified */
#include "spec/map.def"
};
