/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers by number: the rows of spec/helper.def expanded to shims with the calling convention of engines. A row without a
 * body does not link.
 */
#include "helper/helper.h"
#include "helper/packet.h"
#include "lower/lower.h"
#include "spec/helper_abi.h"
#include "spec/spec.h"

#define H0 HELPER_SHIM0
#define H1 HELPER_SHIM1
#define H2 HELPER_SHIM2
#define H3 HELPER_SHIM3
#define H4 HELPER_SHIM4
#define H5 HELPER_SHIM5
#include "spec/helper.def"

static const helper_fn bodies[UAPI_HELPERS] = {
#define ROW(id, n, ...) [id] = shim_##n,
#define H ROW
#include "spec/helper.def"
};

helper_fn helper_body(u32 id)
{
	if (id == LOWER_LD_ABS)
		return packet_ld_abs;
	if (id == BPF_FUNC_trace_printk)
		return print_trace_printk;
	return id < UAPI_HELPERS ? bodies[id] : NULL;
}
