/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings of trusted keys. The rings of users are the kernel's: it searches them by a key's id and checks signatures with their keys
 * (keyctl(2)), for anybody who may search them. The system's rings are certificates that skep was given.
 *
 * Invariant: a program holds a ring as an object whose first bytes are the kernel's struct bpf_key.
 */
#include "helper/key.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/dynptr.h"
#include "helper/kfunc.h"
#include "helper/libcrypto.h"
#include "helper/object.h"

#define SYSTEM_RINGS 3u       /* built in, secondary, platform */
#define LOOKUP_CREATE 1u
#define LOOKUP_ALL 3u

static long keyctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	long got = syscall(__NR_keyctl, op, a, b, c, d);

	return got < 0 ? -errno : got;
}

static unsigned long word(const void *p) { return (unsigned long)(uintptr_t)p; }

/* ---- the system's ---- */
static struct { void **cert; u32 n; pthread_mutex_t lock; } trusted = { .lock = PTHREAD_MUTEX_INITIALIZER };

int key_trust(const void *cert, size_t size)
{
	const struct libcrypto *l = libcrypto();
	const u8 *der = cert;
	void *bio, *x = NULL, **more;

	if (!l)
		return -ENOPKG;
	if (size > 1 << 20)
		return -EBADMSG;
	bio = l->BIO_new_mem_buf(cert, (int)size);
	if (bio)
		x = l->PEM_read_bio_X509(bio, NULL, NULL, NULL);
	l->BIO_free(bio);
	if (!x)
		x = l->d2i_X509(NULL, &der, (long)size);
	l->ERR_clear_error();
	if (!x)
		return -EBADMSG;
	pthread_mutex_lock(&trusted.lock);
	more = realloc(trusted.cert, (trusted.n + 1) * sizeof(*more));
	if (more) {
		trusted.cert = more;
		trusted.cert[trusted.n++] = x;
	}
	pthread_mutex_unlock(&trusted.lock);
	if (!more)
		l->X509_free(x);
	return more ? 0 : -ENOMEM;
}

/* The contents of a DER value that is not longer than 64 KiB. */
static u32 contents(const u8 *der, int len, const u8 **ret)
{
	u32 n = len > 1 ? der[1] : 0, head = 2;

	if (n >= 0x80) {
		head += n & 0x7f;
		if ((n & 0x7f) > 2 || (u32)len < head)
			return 0;
	}
	*ret = der + head;
	return (u32)len - head;
}

static u32 put_der(const struct libcrypto *l, u8 *der, int len, u8 *id, u32 at)
{
	const u8 *from = NULL;
	u32 n = der ? contents(der, len, &from) : 0;

	if (n && at + n <= KEY_ID_MAX)
		memcpy(id + at, from, n);
	l->CRYPTO_free(der, "", 0);
	return n && at + n <= KEY_ID_MAX ? at + n : 0;
}

u32 name_id(const void *serial, const void *issuer, u8 id[KEY_ID_MAX])
{
	const struct libcrypto *l = libcrypto();
	u8 *a = NULL, *b = NULL;
	int na = l->i2d_ASN1_INTEGER(serial, &a), nb = l->i2d_X509_NAME(issuer, &b);
	u32 n = put_der(l, a, na, id, 0);

	return put_der(l, b, nb, id, n);
}

u32 cert_id(void *cert, u8 id[KEY_ID_MAX])
{
	const struct libcrypto *l = libcrypto();

	return name_id(l->X509_get_serialNumber(cert), l->X509_get_issuer_name(cert), id);
}

static bool cert_has_id(void *cert, const u8 *id, u32 n)
{
	const struct libcrypto *l = libcrypto();
	const void *skid = l->X509_get0_subject_key_id(cert);
	u8 own[KEY_ID_MAX];

	if (skid && (u32)l->ASN1_STRING_length(skid) == n && !memcmp(l->ASN1_STRING_get0_data(skid), id, n))
		return true;
	return cert_id(cert, own) == n && !memcmp(own, id, n);
}

static int find_trusted(const u8 *id, u32 n, struct key *ret)
{
	int err = -ENOKEY;

	pthread_mutex_lock(&trusted.lock);
	for (u32 i = 0; i < trusted.n && err; i++)
		if (cert_has_id(trusted.cert[i], id, n)) {
			*ret = (struct key){ 0, trusted.cert[i] };
			err = 0;
		}
	pthread_mutex_unlock(&trusted.lock);
	return err;
}

/* ---- rings ---- */
int keyring_user(s32 serial, bool create, struct keyring *ret)
{
	long id = keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)serial, create, 0, 0);

	/* Whether it may be searched is a question for when it is. */
	if (id == -EACCES && serial > 0)
		id = serial;
	if (id <= 0)
		return -ENOKEY;
	*ret = (struct keyring){ (s32)id, false };
	return 0;
}

int keyring_system(u64 id, struct keyring *ret)
{
	if (id >= SYSTEM_RINGS)
		return -EINVAL;
	*ret = (struct keyring){ (s32)id, true };
	return 0;
}

int keyring_valid(const struct keyring *r)
{
	long err = r->system ? 0 : keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)r->serial, 0, 0, 0);

	return err == -EKEYREVOKED || err == -EKEYEXPIRED || err == -ENOKEY ? (int)err : 0;
}

int keyring_find(const struct keyring *r, const u8 *id, u32 n, struct key *ret)
{
	static const char digits[] = "0123456789abcdef";
	char text[3 + 2 * KEY_ID_MAX + 1] = "ex:";
	long serial;

	if (r->system)
		return find_trusted(id, n, ret);
	for (u32 i = 0; i < n && i < KEY_ID_MAX; i++) {
		text[3 + 2 * i] = digits[id[i] >> 4];
		text[4 + 2 * i] = digits[id[i] & 15];
	}
	serial = keyctl(KEYCTL_SEARCH, (unsigned long)r->serial, word("asymmetric"), word(text), 0);
	if (serial <= 0)
		return -ENOKEY;
	*ret = (struct key){ (s32)serial, NULL };
	return 0;
}

/* ---- signatures ---- */
int cert_verify(void *cert, const struct signature *s)
{
	const struct libcrypto *l = libcrypto();
	void *key = l->X509_get0_pubkey(cert), *ctx = key ? l->EVP_PKEY_CTX_new(key, NULL) : NULL;
	int ok = 0;

	if (!ctx)
		return -ENOPKG;
	if (l->EVP_PKEY_verify_init(ctx) == 1 &&
	    l->EVP_PKEY_CTX_set_signature_md(ctx, l->EVP_get_digestbyname(l->OBJ_nid2sn(s->digest_nid))) == 1)
		ok = l->EVP_PKEY_verify(ctx, s->sig, s->sig_len, s->digest, s->digest_len);
	l->EVP_PKEY_CTX_free(ctx);
	l->ERR_clear_error();
	return ok == 1 ? 0 : -EKEYREJECTED;
}

static int kernel_verify(s32 serial, const char *encoding, const struct signature *s)
{
	static const struct { int nid; const char *name; } hash[] = {
		{ 64, "sha1" }, { 675, "sha224" }, { 672, "sha256" }, { 673, "sha384" }, { 674, "sha512" },
	};
	struct keyctl_pkey_params p = { .key_id = serial, .in_len = s->digest_len, .in2_len = s->sig_len };
	const char *name = NULL;
	char info[48];

	for (size_t i = 0; i < ARRAY_SIZE(hash); i++)
		if (hash[i].nid == s->digest_nid)
			name = hash[i].name;
	if (!name)
		return -ENOPKG;
	snprintf(info, sizeof(info), "enc=%s hash=%s", encoding, name);
	return (int)keyctl(KEYCTL_PKEY_VERIFY, word(&p), word(info), word(s->digest), word(s->sig));
}

int key_verify(const struct key *k, const struct signature *s)
{
	int err;

	if (k->cert)
		return cert_verify(k->cert, s);
	/* The kernel does not say what kind of key it is, and a key takes its own encoding only. */
	err = kernel_verify(k->serial, "pkcs1", s);
	if (err)
		err = kernel_verify(k->serial, "x962", s);
	return err ? -EKEYREJECTED : 0;
}

/* ---- for programs ---- */
struct bpf_key { u64 key; u8 has_ref; struct keyring ring; };

static u64 new_key(const struct keyring *r)
{
	struct bpf_key *k = object_new(object_layout(NULL, sizeof(*k), false));

	if (!k)
		return 0;
	k->key = r->system ? (u64)r->serial : 0;
	k->has_ref = !r->system;
	k->ring = *r;
	return RET_PTR(k);
}

BODY(bpf_lookup_user_key)
{
	struct keyring r;

	UNUSED3;
	if ((r2 & ~(u64)LOOKUP_ALL) || keyring_user((s32)r1, r2 & LOOKUP_CREATE, &r))
		return 0;
	return new_key(&r);
}

BODY(bpf_lookup_system_key)
{
	struct keyring r;

	UNUSED2;
	return keyring_system(r1, &r) ? 0 : new_key(&r);
}

BODY(bpf_key_put)
{
	UNUSED2;
	object_put(PTR(r1));
	return 0;
}

BODY(bpf_verify_pkcs7_signature)
{
	const struct dynptr *data = PTR(r1), *sig = PTR(r2);
	const struct bpf_key *k = PTR(r3);
	u32 n = dyn_size(data), nsig = dyn_size(sig);
	const u8 *d, *s;
	int err, bad;

	UNUSED4;
	err = keyring_valid(&k->ring);
	if (err)
		return RET_INT_(err);
	d = dyn_at(data, 0, n, run, &bad);
	s = dyn_at(sig, 0, nsig, run, &bad);
	return RET_INT_(pkcs7_verify(d, d ? n : 0, s, s ? nsig : 0, &k->ring));
}
