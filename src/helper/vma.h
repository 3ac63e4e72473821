/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory areas of processes, from /proc. */
#ifndef SKEP_HELPER_VMA_H
#define SKEP_HELPER_VMA_H

#include "base/types.h"

struct vma { u64 start, end, flags, pgoff, dev, ino; };

/* The first area that ends above the address: 0 or -ENOENT. */
int vma_find(u32 tgid, u64 addr, struct vma *ret);
/* The address that stands for it, for as long as a run takes: the oldest of many is forgotten. */
u64 vma_handle(const struct vma *v);
bool vma_by_handle(u64 ptr, struct vma *ret);

#endif
