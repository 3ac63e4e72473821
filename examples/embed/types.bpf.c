/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's types as BTF: what a filter may call is a function here. The bodies are the server's. */
#include "request.h"

/* Copies the value of a header, terminated; its length, or -1 when there is no such header or it does not fit. */
__attribute__((noinline)) int request_header(struct request *r, const char *name, __u32 name__sz, char *value, __u32 value__sz)
{
	return r->mark && name && value ? (int)(name__sz + value__sz) : -1;
}
