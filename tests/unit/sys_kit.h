/* SPDX-License-Identifier: BSD-2-Clause */
/* A subsystem of a test's own, with all privileges, and maps in it. */
#ifndef SKEP_TESTS_SYS_KIT_H
#define SKEP_TESTS_SYS_KIT_H

#include "base/uapi.h"
#include "skep/skep.h"
#include "unit/test.h"

static inline struct skep *subsystem(void)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1 };
	struct skep *s = NULL;

	CHECK_EQ(skep_new(&o, &s), 0);
	return s;
}

static inline u64 ptr(const void *p) { return (u64)(uintptr_t)p; }

static inline int map_make(struct skep *s, u32 type, u32 ks, u32 vs, u32 n, u32 flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = ks;
	a.value_size = vs;
	a.max_entries = n;
	a.map_flags = flags;
	return skep_bpf_in(s, BPF_MAP_CREATE, &a, sizeof(a));
}

#endif
