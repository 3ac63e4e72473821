/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that several .def files share. Included only where rows are expanded. */
#ifndef SKEP_SPEC_ROW_H
#define SKEP_SPEC_ROW_H

#include "spec/spec.h"

#define PT(id) PT_BIT(PTYPE_##id)       /* set of one program type */
#define AT(id) ((u64)1 << ATTACH_##id)  /* set of one attach type */
#define ALL    (PT_BIT(UAPI_PROG_TYPES) - 1)

/* Columns why_not. */
#define WORKS   NULL
#define RUNS    NULL
#define NOT_YET "not implemented yet"
#define KERNEL  "skep owns no kernel function"

#endif
