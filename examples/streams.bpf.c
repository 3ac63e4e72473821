/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's own output: text for whoever reads its streams (BPF_PROG_STREAM_READ_BY_FD; `skep run` shows them), apart from the trace
 * log that all programs share.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum { OUTPUT = 1, ERRORS };

extern int bpf_stream_vprintk_impl(int stream_id, const char *fmt__str, const void *args, __u32 len__sz, void *aux__prog) __ksym;

#define print(stream, fmt, args...)                                                               \
	({                                                                                        \
		static const char text[] = fmt;                                                   \
		unsigned long long values[] = { args };                                           \
		bpf_stream_vprintk_impl(stream, text, values, sizeof(values), 0);                 \
	})

int n = 3;

SEC("syscall")
int squares(void *ctx)
{
	for (int i = 1; i <= n && i < 100; i++)
		print(OUTPUT, "%d times %d is %d\n", i, i, i * i);
	if (n >= 3)
		print(ERRORS, "%d is too many\n", n);
	return 0;
}

char _license[] SEC("license") = "GPL";
