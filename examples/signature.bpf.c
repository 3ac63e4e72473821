// SPDX-License-Identifier: BSD-2-Clause
/* Signed data: a program that may sleep verifies a PKCS#7 signature with the keys of the system (`skep run --trust CERT`). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct bpf_key {
};
extern struct bpf_key *bpf_lookup_system_key(__u64 id) __ksym;
extern void bpf_key_put(struct bpf_key *key) __ksym;
extern int bpf_verify_pkcs7_signature(struct bpf_dynptr *data, struct bpf_dynptr *sig, struct bpf_key *keys) __ksym;

struct message { __u32 len, sig_len; __u8 data[256], sig[2048]; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct message);
} message SEC(".maps");

SEC("lsm.s/bpf")
int BPF_PROG(verify, int cmd)
{
	__u32 key = 0;
	struct message *m = bpf_map_lookup_elem(&message, &key);
	struct bpf_dynptr data, sig;
	struct bpf_key *keys;
	int err;

	if (!m || m->len > sizeof(m->data) || m->sig_len > sizeof(m->sig))
		return 0;
	bpf_dynptr_from_mem(m->data, sizeof(m->data), 0, &data);
	bpf_dynptr_from_mem(m->sig, sizeof(m->sig), 0, &sig);
	keys = bpf_lookup_system_key(0);
	if (!keys)
		return 0;
	err = bpf_verify_pkcs7_signature(&data, &sig, keys);
	bpf_key_put(keys);
	return err ? -1 : 0;
}

char _license[] SEC("license") = "GPL";
