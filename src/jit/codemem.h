/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Executable memory, there is no other way to it; and memory for what is interpreted, which changes as little.
 *
 * Invariant: bytes are written to a file that has no mapping, the file is sealed against every change, and only then mapped
 * readable and executable: at no time can anything write what can be executed.
 */
#ifndef SKEP_JIT_CODEMEM_H
#define SKEP_JIT_CODEMEM_H

#include "base/types.h"

struct codemem {
	void *map;        /* everything that is reserved, with an inaccessible page at each end */
	size_t map_size;
	u8 *code;
	size_t size;      /* of the code */
	u8 *data;         /* what is only read, sealed in the same file; NULL: none */
	size_t data_size;
	bool sealed;      /* false: this system has no sealed executable files; the mapping is merely read-only */
};

/* Can this process have any? */
bool codemem_available(void);
/*
 * Address space for so much code, if possible within 2 GiB of this library's own code, and for data that goes with it (0: none);
 * nothing is accessible yet. 0, -ENOMEM, -EIO (no random numbers).
 */
int codemem_reserve(size_t size, size_t data_size, struct codemem *ret);
/* Put the bytes there for execution: 0, or -ENOMEM, -EPERM, -EIO; the reservation stays the caller's to free. */
int codemem_publish(struct codemem *m, const u8 *bytes, u8 fill, const void *data);
/* A sealed file of whole pages for many processes to map and execute: its descriptor, or -errno. */
int codemem_file(const u8 *pages, size_t size);
/* A copy of the bytes that nothing changes any more, readable, with inaccessible pages around. 0, -ENOMEM, -EIO. */
int codemem_readonly(const void *bytes, size_t size, struct codemem *ret);
void codemem_free(struct codemem *m); /* zeroed is fine */

#endif
