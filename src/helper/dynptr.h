/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynptrs: 16 bytes on a program's stack, opaque to it, laid out as Linux's (programs only ever see them copied whole).
 *
 * Invariant: offset + size stay inside the memory; packets are found through the run, because they move.
 */
#ifndef SKEP_HELPER_DYNPTR_H
#define SKEP_HELPER_DYNPTR_H

#include "helper/run_env.h"

enum dyn_type { DYNT_NONE, DYNT_LOCAL, DYNT_RINGBUF, DYNT_PACKET, DYNT_META };
#define DYN_MAX_SIZE 0xffffffu
#define DYN_RDONLY (1u << 31)

struct dynptr {
	u64 data;      /* start of the memory; packets: 0 */
	u32 size;      /* bytes | type << 28 | DYN_RDONLY */
	u32 offset;
};

static inline u32 dyn_size(const struct dynptr *d) { return d->size & DYN_MAX_SIZE; }
static inline enum dyn_type dyn_type(const struct dynptr *d) { return (enum dyn_type)(d->size >> 28 & 7); }
static inline bool dyn_rdonly(const struct dynptr *d) { return d->size & DYN_RDONLY; }
static inline bool dyn_null(const struct dynptr *d) { return dyn_type(d) == DYNT_NONE; }
void dyn_set(struct dynptr *d, void *data, enum dyn_type type, u32 size, bool rdonly);
/* Memory of [off, off + len), or NULL and *ret_err. */
u8 *dyn_at(const struct dynptr *d, u64 off, u64 len, struct run *run, int *ret_err);
/* Copy out of it or into it, across a packet's fragments. 0 or -errno. */
int dyn_copy(const struct dynptr *d, u64 off, void *buf, u64 len, bool into, struct run *run);

#endif
