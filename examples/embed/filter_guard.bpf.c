/* SPDX-License-Identifier: BSD-2-Clause */
/* Guards /admin: it is for requests that bring the right X-Token. */
#include "request.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern int request_header(struct request *r, const char *name, __u32 name__sz, char *value, __u32 value__sz) __ksym;

static const char wanted[] = "honey";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} verdicts SEC(".maps");

static __always_inline int same(const char *a, const char *b, int n)
{
	for (int i = 0; i < n; i++)
		if (a[i] != b[i])
			return 0;
	return 1;
}

static int judge(struct request *r)
{
	const char *path = (const char *)(long)r->data, *end = (const char *)(long)r->data_end;
	char token[16] = "", name[] = "X-Token";

	if (path + 6 > end || !same(path, "/admin", 6))
		return REQUEST_ALLOW;
	if (request_header(r, name, sizeof(name), token, sizeof(token)) < 0)
		return REQUEST_DENY;
	return same(token, wanted, sizeof(wanted)) ? REQUEST_ALLOW : REQUEST_DENY;
}

SEC("request")
int filter(struct request *r)
{
	int verdict = judge(r);
	__u32 key = verdict;
	__u64 *n = bpf_map_lookup_elem(&verdicts, &key);

	if (n)
		__sync_fetch_and_add(n, 1);
	r->mark = 2;
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
