/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4) in one call: program tags and verdict caches. */
#ifndef SKEP_BASE_SHA256_H
#define SKEP_BASE_SHA256_H

#include "base/types.h"

void sha256(const void *data, size_t size, u8 digest[32]);
void sha256_plain(const void *data, size_t size, u8 digest[32]); /* without the processor's instructions for it: for tests */

#endif
