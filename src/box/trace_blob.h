/* SPDX-License-Identifier: BSD-2-Clause */
/* The linked agent, as bytes of this program (agent/blob.S). */
#ifndef SKEP_BOX_TRACE_BLOB_H
#define SKEP_BOX_TRACE_BLOB_H

#include "base/types.h"

struct blob;
extern const u8 agent_blob[], agent_blob_end[];

/* The blob's data, relocated for `base`: malloc'ed, b->data bytes; NULL: no memory. */
u8 *blob_data(const struct blob *b, u64 base);

#endif
