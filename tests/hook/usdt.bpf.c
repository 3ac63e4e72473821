/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Static probes by libbpf's own code (its numbered specifications, cookies, counters). EXE, LIB: paths of tests/hook/usdt and its library. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

__u64 plain, wanted, twice, library, right;

SEC("usdt/" EXE ":skept:plain")
int BPF_USDT(on_plain, int i, char *text, long n)
{
	char buf[8] = {};

	__sync_fetch_and_add(&plain, 1);
	bpf_probe_read_user_str(buf, sizeof(buf), text);
	if (n == i * 1000L && buf[0] == 't' && buf[3] == 't' && bpf_usdt_arg_cnt(ctx) == 3)
		__sync_fetch_and_add(&right, 1);
	return 0;
}

SEC("usdt/" EXE ":skept:wanted")
int BPF_USDT(on_wanted, int i, char *text, long n)
{
	__sync_fetch_and_add(&wanted, 1);
	if (n == -i)
		__sync_fetch_and_add(&right, 1);
	return 0;
}

SEC("usdt/" EXE ":skept:twice")
int BPF_USDT(on_twice, int i, long which)
{
	__sync_fetch_and_add(&twice, which);
	return 0;
}

#ifdef LIB
SEC("usdt/" LIB ":skept:library")
int BPF_USDT(on_library, int i, long seven, long minus)
{
	if (seven == 7 && minus == -1)
		__sync_fetch_and_add(&library, 1);
	return 0;
}
#endif

char _license[] SEC("license") = "GPL";
