/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts of programs as JSON, by the names of the context tables (spec/ctx_*.def): given, shown, and as a form to fill in. */
#ifndef SKEP_CLI_CTX_JSON_H
#define SKEP_CLI_CTX_JSON_H

#include <jansson.h>

#include "base/types.h"

/* What a program is run on. Both malloc'ed, NULL when there is none. */
struct given { u8 *ctx; u32 ctx_len; u8 *data; u32 data_len; };

/* Read a file: JSON when it begins with '{', else the context's bytes. Exit code, after its message. */
int ctx_read(const char *path, u32 prog_type, struct given *ret);
/* The context's fields and their values. */
json_t *ctx_json(u32 prog_type, const u8 *ctx, u32 len);
/* Does the type run on data beside its context (a message, an option's value)? */
bool ctx_takes_data(u32 prog_type);
/* Print a form for this program type, all zero. Exit code. */
int ctx_template(const char *type);

#endif
