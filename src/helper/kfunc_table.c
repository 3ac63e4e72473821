/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel functions by name: the K rows of spec/kfunc.def. A row without a body does not link. */
#include "helper/helper.h"
#include "helper/kfunc.h"

static const struct { const char *name; helper_fn fn; } bodies[] = {
#define K(name, ...) { #name, kfunc_##name },
#define KU(...)
#include "spec/kfunc.def"
};

helper_fn kfunc_body(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		if (!strcmp(bodies[i].name, name))
			return bodies[i].fn;
	return NULL;
}
