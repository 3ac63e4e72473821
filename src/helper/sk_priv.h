/* SPDX-License-Identifier: BSD-2-Clause */
/* Between sk.c and sk_diag.c. */
#ifndef SKEP_HELPER_SK_PRIV_H
#define SKEP_HELPER_SK_PRIV_H

#include "helper/sk.h"

struct tcp_info;

/* A zeroed object with one reference, or NULL. */
struct sk *sk_new(void);
void sk_fill_tcp(struct sk *sk, const struct tcp_info *i);
/* The device queue an AF_XDP socket is bound to. */
void sk_xsk_queue(struct sk *sk, u64 ino);

#endif
