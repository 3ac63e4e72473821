/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server shows its filters: the context of programs of its own type, and the functions they may call. */
#ifndef REQUEST_H
#define REQUEST_H

#include <linux/types.h>

enum { REQUEST_ALLOW, REQUEST_DENY, REQUEST_LATER };

struct request {
	__u64 data, data_end; /* the path */
	__u32 address;        /* of the client, in network byte order */
	__u16 port;
	__u16 method;         /* the first two letters: 'G' << 8 | 'E' */
	__u32 header_bytes;
	__u32 mark;           /* the filter's, put into the answer */
};

#endif
