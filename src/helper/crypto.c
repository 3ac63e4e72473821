/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ciphers for programs, by OpenSSL. A cipher is an object with its key inside: each call sets OpenSSL up anew, so a cipher may be used by
 * many threads at once and is freed as any other object.
 *
 * Invariant: what a program can read of a cipher lies as in the kernel's struct bpf_crypto_ctx.
 */
#include <errno.h>

#include "helper/dynptr.h"
#include "helper/kfunc.h"
#include "helper/libcrypto.h"
#include "helper/object.h"

#define KEY_MAX 64

struct params {
	char type[14];
	u8 reserved[2];
	char algo[128];
	u8 key[256];
	u32 key_len, authsize;
};

struct cipher {
	u64 type, tfm;       /* pointers of the kernel's: nothing to see */
	u32 siv_len, unused;
	u64 rcu[2];
	u32 usage, name;     /* 48 bytes; then our own */
	u32 key_len, block;
	u8 key[KEY_MAX];
};

/* Linux's name, key length, OpenSSL's name, the initial vector's length (blocks are 16 bytes). */
static const struct name { const char *linux_name; u32 key_len; const char *name; u32 iv; } names[] = {
	{ "ecb(aes)", 16, "aes-128-ecb", 0 }, { "ecb(aes)", 24, "aes-192-ecb", 0 }, { "ecb(aes)", 32, "aes-256-ecb", 0 },
	{ "cbc(aes)", 16, "aes-128-cbc", 16 }, { "cbc(aes)", 24, "aes-192-cbc", 16 }, { "cbc(aes)", 32, "aes-256-cbc", 16 },
	{ "ecb(camellia)", 16, "camellia-128-ecb", 0 }, { "ecb(camellia)", 24, "camellia-192-ecb", 0 },
	{ "ecb(camellia)", 32, "camellia-256-ecb", 0 }, { "cbc(camellia)", 16, "camellia-128-cbc", 16 },
	{ "cbc(camellia)", 24, "camellia-192-cbc", 16 }, { "cbc(camellia)", 32, "camellia-256-cbc", 16 },
	{ "ecb(sm4)", 16, "sm4-ecb", 0 }, { "cbc(sm4)", 16, "sm4-cbc", 16 },
};
#define BLOCK 16u

/* 0: the row, -EOPNOTSUPP: no such cipher, -EINVAL: not with keys of this length. */
static int find(const struct params *p, u32 *ret)
{
	int err = -EOPNOTSUPP;

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(names[i].linux_name, p->algo, sizeof(p->algo))) {
			err = -EINVAL;
			if (names[i].key_len == p->key_len) {
				*ret = i;
				return 0;
			}
		}
	return err;
}

static int check(const struct params *p, u64 size, u32 *ret)
{
	int err;

	if (size != sizeof(*p) || p->reserved[0] || p->reserved[1])
		return -EINVAL;
	if (strncmp(p->type, "skcipher", sizeof(p->type)))
		return -ENOENT;
	err = find(p, ret);
	if (err == -EOPNOTSUPP || p->authsize)
		return -EOPNOTSUPP;
	if (!err && (!libcrypto() || !libcrypto()->EVP_get_cipherbyname(names[*ret].name)))
		return -EOPNOTSUPP;
	return err;
}

BODY(bpf_crypto_ctx_create)
{
	struct params p = { .key_len = 0 }; /* a copy: others may write to a map's value meanwhile */
	int ignored, *ret_err = r3 ? PTR(r3) : &ignored; /* the verifier lets NULL through, as Linux's does */
	struct cipher *c;
	u32 name = 0;

	UNUSED4;
	if (r1 && (u32)r2 == sizeof(p))
		memcpy(&p, PTR(r1), sizeof(p));
	*ret_err = r1 ? check(&p, (u32)r2, &name) : -EINVAL;
	if (*ret_err)
		return 0;
	c = object_new(object_layout(NULL, sizeof(*c), false));
	if (!c) {
		*ret_err = -ENOMEM;
		return 0;
	}
	c->siv_len = names[name].iv;
	c->usage = 1;
	c->name = name;
	c->key_len = p.key_len;
	memcpy(c->key, p.key, p.key_len);
	return RET_PTR(c);
}

BODY(bpf_crypto_ctx_acquire) { UNUSED2; return RET_PTR(object_ref(PTR(r1))); }
BODY(bpf_crypto_ctx_release) { UNUSED2; object_put(PTR(r1)); return 0; }

/* Whole blocks, from `in` to `out`; the vector goes on where this ends. */
static int run_cipher(const struct libcrypto *l, const struct cipher *c, const u8 *in, u8 *out, u32 n, u8 *iv, bool encrypt)
{
	const struct name *name = &names[c->name % ARRAY_SIZE(names)];
	void *ctx = l->EVP_CIPHER_CTX_new();
	u8 next[BLOCK];
	int done = 0, ok;

	if (!ctx)
		return -ENOMEM;
	if (iv && n && !encrypt)
		memcpy(next, in + n - BLOCK, BLOCK); /* `out` may be the same place */
	ok = l->EVP_CipherInit_ex(ctx, l->EVP_get_cipherbyname(name->name), NULL, c->key, iv, encrypt) == 1 &&
	     l->EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 && l->EVP_CipherUpdate(ctx, out, &done, in, (int)n) == 1 &&
	     done == (int)n;
	l->EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return -EINVAL;
	if (iv && n)
		memcpy(iv, encrypt ? out + n - BLOCK : next, BLOCK);
	return 0;
}

static int run_crypt(const struct cipher *c, const struct dynptr *src, const struct dynptr *dst, const struct dynptr *siv,
		     struct run *run, bool encrypt)
{
	u32 n = dyn_size(src), siv_len = siv && !dyn_null(siv) ? dyn_size(siv) : 0;
	u8 *in, *out, *iv = NULL;
	int err;

	if (dyn_rdonly(dst) || !n || !dyn_size(dst) || n > dyn_size(dst) || siv_len != c->siv_len)
		return -EINVAL;
	in = dyn_at(src, 0, n, run, &err);
	out = dyn_at(dst, 0, dyn_size(dst), run, &err);
	if (siv_len)
		iv = dyn_rdonly(siv) ? NULL : dyn_at(siv, 0, siv_len, run, &err);
	if (!in || !out || (siv_len && !iv) || !libcrypto())
		return -EINVAL;
	err = run_cipher(libcrypto(), c, in, out, n - n % BLOCK, iv, encrypt);
	return err ? err : n % BLOCK ? -EINVAL : 0;
}

BODY(bpf_crypto_encrypt) { (void)r5; return RET_INT_(run_crypt(PTR(r1), PTR(r2), PTR(r3), PTR(r4), run, true)); }
BODY(bpf_crypto_decrypt) { (void)r5; return RET_INT_(run_crypt(PTR(r1), PTR(r2), PTR(r3), PTR(r4), run, false)); }
