/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text: numbers parsed with bpf_strtol(), compared with bpf_strncmp(), written with bpf_snprintf(). The format of
 * bpf_snprintf() must be a constant string (it goes to .rodata), because the verifier checks it against the arguments.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct args {
	char input[32];  /* in: "port=8080" or "mode=..." */
	char output[64]; /* out */
	__s64 number;    /* out */
	__s32 used;      /* out: characters of the number, or a negative error */
	__s32 length;    /* out: of the text, with its terminator */
};

static const char port_key[] = "port=";

static __always_inline int parse_text(struct args *a)
{
	unsigned long word = 0;
	long number = 0;

	a->input[31] = 0;
	if (!bpf_strncmp(a->input, 5, port_key)) {
		a->used = (__s32)bpf_strtol(a->input + 5, 16, 0, &number);
		if (a->used < 0)
			return 1;
		a->number = number;
		a->length = (__s32)BPF_SNPRINTF(a->output, sizeof(a->output), "port %d (0x%x), %s", number, number,
						number < 1024 ? "low" : "high");
		return 0;
	}
	a->used = (__s32)bpf_strtoul(a->input, sizeof(a->input) - 1, 10, &word);
	if (a->used < 0)
		return 2;
	a->number = (__s64)word;
	a->length = (__s32)BPF_SNPRINTF(a->output, sizeof(a->output), "%llu%c", word, '!');
	return 0;
}

/* Helpers take no pointers into this context: the work is done on a copy on the stack, which is copied back. */
SEC("syscall")
int parse(struct args *ctx)
{
	struct args a = {};
	int ret;

	__builtin_memcpy(a.input, ctx->input, sizeof(a.input));
	ret = parse_text(&a);
	*ctx = a;
	return ret;
}

char _license[] SEC("license") = "Dual BSD/GPL";
