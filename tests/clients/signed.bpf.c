/* SPDX-License-Identifier: BSD-2-Clause */
/* Signatures checked and packets ciphered by programs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_key { int any; };
struct bpf_crypto_ctx { int any; };
struct bpf_crypto_params {
	char type[14];
	__u8 reserved[2];
	char algo[128];
	__u8 key[256];
	__u32 key_len;
	__u32 authsize;
};

extern struct bpf_key *bpf_lookup_user_key(__s32 serial, __u64 flags) __ksym;
extern struct bpf_key *bpf_lookup_system_key(__u64 id) __ksym;
extern void bpf_key_put(struct bpf_key *key) __ksym;
extern int bpf_verify_pkcs7_signature(struct bpf_dynptr *data, struct bpf_dynptr *sig, struct bpf_key *ring) __ksym;
extern struct bpf_crypto_ctx *bpf_crypto_ctx_create(const struct bpf_crypto_params *params, __u32 params__sz, int *err) __ksym;
extern struct bpf_crypto_ctx *bpf_crypto_ctx_acquire(struct bpf_crypto_ctx *ctx) __ksym;
extern void bpf_crypto_ctx_release(struct bpf_crypto_ctx *ctx) __ksym;
extern int bpf_crypto_encrypt(struct bpf_crypto_ctx *ctx, const struct bpf_dynptr *src, const struct bpf_dynptr *dst,
			      const struct bpf_dynptr *siv) __ksym;
extern int bpf_crypto_decrypt(struct bpf_crypto_ctx *ctx, const struct bpf_dynptr *src, const struct bpf_dynptr *dst,
			      const struct bpf_dynptr *siv) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

/* What the client gives, and what comes back. */
struct io {
	__u8 data[4096], sig[4096];
	__u32 n, nsig;
	__s32 ring;
	__u32 system, decrypt, err;
	__u8 iv[16];
	__u32 niv, out;
	struct bpf_crypto_params params;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct io);
} io SEC(".maps");

typedef struct bpf_crypto_ctx cipher_t; /* clang 14 drops tags before a struct */
struct held { cipher_t __attribute__((btf_type_tag("kptr"))) *ctx; };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} held SEC(".maps");

static const __u32 zero;

SEC("syscall") int verify(void *ctx)
{
	struct io *v = bpf_map_lookup_elem(&io, &zero);
	struct bpf_dynptr data, sig;
	struct bpf_key *key;
	__u32 n, nsig;
	int ret;

	if (!v)
		return 1;
	n = v->n;
	nsig = v->nsig;
	if (n > sizeof(v->data) || nsig > sizeof(v->sig))
		return 2;
	key = v->system ? bpf_lookup_system_key(v->system - 1) : bpf_lookup_user_key(v->ring, 0);
	if (!key)
		return 3;
	bpf_dynptr_from_mem(v->data, n, 0, &data);
	bpf_dynptr_from_mem(v->sig, nsig, 0, &sig);
	ret = bpf_verify_pkcs7_signature(&data, &sig, key);
	bpf_key_put(key);
	return ret;
}

SEC("syscall") int make(void *ctx)
{
	struct io *v = bpf_map_lookup_elem(&io, &zero);
	struct held *h = bpf_map_lookup_elem(&held, &zero);
	struct bpf_crypto_ctx *c, *more;
	int err = 0;

	if (!v || !h)
		return 1;
	c = bpf_crypto_ctx_create(&v->params, sizeof(v->params), &err);
	if (!c)
		return err;
	more = bpf_crypto_ctx_acquire(c);
	if (more)
		bpf_crypto_ctx_release(more);
	c = bpf_kptr_xchg(&h->ctx, c);
	if (c)
		bpf_crypto_ctx_release(c);
	return 0;
}

SEC("tc") int crypt(struct __sk_buff *skb)
{
	struct io *v = bpf_map_lookup_elem(&io, &zero);
	struct held *h = bpf_map_lookup_elem(&held, &zero);
	struct bpf_dynptr src, dst, iv;
	struct bpf_crypto_ctx *c;
	__u32 n, out, niv;

	if (!v || !h)
		return 1;
	n = v->n;
	out = v->out;
	niv = v->niv;
	if (n > sizeof(v->data) || out > sizeof(v->sig) || niv > sizeof(v->iv))
		return 2;
	bpf_dynptr_from_mem(v->data, n, 0, &src);
	bpf_dynptr_from_mem(v->sig, out, 0, &dst);
	bpf_dynptr_from_mem(v->iv, niv, 0, &iv);
	bpf_rcu_read_lock();
	c = h->ctx;
	if (!c)
		v->err = -1;
	else if (v->decrypt)
		v->err = bpf_crypto_decrypt(c, &src, &dst, niv ? &iv : (void *)0);
	else
		v->err = bpf_crypto_encrypt(c, &src, &dst, niv ? &iv : (void *)0);
	bpf_rcu_read_unlock();
	return 0;
}

char _license[] SEC("license") = "GPL";
