/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU a command of bpf(2) runs on. Programs bring the lane of their run instead.
 */
#ifndef SKEP_MAP_HERE_H
#define SKEP_MAP_HERE_H

#include "map/os.h"

#if __STDC_HOSTED__
#include <features.h>
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
#include <sys/rseq.h>
#define MAP_HAS_RSEQ 1
#endif
#endif

/* As the kernel keeps it in the thread's own memory where the C library asked it to. */
static inline u32 cpu_here(void)
{
#ifdef MAP_HAS_RSEQ
	const struct rseq *r = (const struct rseq *)(void *)((u8 *)__builtin_thread_pointer() + __rseq_offset);
	u32 cpu = __rseq_size ? *(const volatile u32 *)&r->cpu_id : ~0u;

	if (likely(cpu < 0xfffffffeu)) /* and above: the kernel does not say */
		return cpu;
#endif
	return os_cpu();
}

#endif
