/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PKCS#7 signatures: one message, its signers, the certificates it brings, and whether a ring of keys vouches for any of them.
 *
 * A message proves something when each of its signatures that a certificate in it covers is right, and when for one signer a key in the
 * ring checks what it should have made: the signature itself, or that of a certificate on the way up from the signer's.
 * Invariant: certificates in the message are never trusted, they only lead to a key that is.
 */
#include "helper/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/libcrypto.h"

#define NID_DATA 21
#define NID_SIGNED 22
#define NID_MESSAGE_DIGEST 51
#define TYPE_OCTETS 4
#define DIGEST_MAX 64
#define CHAIN_MAX 16

struct message {
	const struct libcrypto *l;
	void *cms, *certs;
	const void *data;
	size_t len;
};

struct signer {
	void *si, *cert;             /* cert: the signer's own, if the message brings it */
	u8 digest[DIGEST_MAX];
	struct signature sig;
	bool unknown;                /* made in a way that is not known here */
};

static int count(const struct libcrypto *l, const void *stack) { return stack ? l->OPENSSL_sk_num(stack) : 0; }

/* ---- what was signed ---- */

/* The attributes as they were signed: a set, not the context's tag that stands in the message. */
static int digest_attributes(const struct message *m, struct signer *s, const void *md)
{
	const struct libcrypto *l = m->l;
	int n = l->CMS_signed_get_attr_count(s->si), total = 0, at, err = -ENOMEM;
	unsigned int len = 0;
	u8 *buf, *p;

	for (int i = 0; i < n; i++)
		total += l->i2d_X509_ATTRIBUTE(l->CMS_signed_get_attr(s->si, i), NULL);
	if (total <= 0 || total > 0xffff)
		return -EBADMSG;
	buf = malloc((size_t)total + 4);
	if (!buf)
		return err;
	at = total < 0x80 ? 2 : total < 0x100 ? 3 : 4;
	p = buf;
	*p++ = 0x31;
	if (at > 2)
		*p++ = (u8)(0x80 + at - 2);
	if (at > 3)
		*p++ = (u8)(total >> 8);
	*p++ = (u8)total;
	for (int i = 0; i < n; i++)
		l->i2d_X509_ATTRIBUTE(l->CMS_signed_get_attr(s->si, i), &p);
	err = l->EVP_Digest(buf, (size_t)(total + at), s->digest, &len, md, NULL) == 1 ? 0 : -ENOPKG;
	s->sig.digest_len = len;
	free(buf);
	return err;
}

static int digest(const struct message *m, struct signer *s)
{
	const struct libcrypto *l = m->l;
	void *alg = NULL, *said;
	const void *oid = NULL, *md;
	unsigned int len = 0;

	l->CMS_SignerInfo_get0_algs(s->si, NULL, NULL, &alg, NULL);
	l->X509_ALGOR_get0(&oid, NULL, NULL, alg);
	s->sig.digest_nid = l->OBJ_obj2nid(oid);
	md = l->EVP_get_digestbyname(l->OBJ_nid2sn(s->sig.digest_nid));
	if (!md || l->EVP_Digest(m->data, m->len, s->digest, &len, md, NULL) != 1)
		return -ENOPKG;
	s->sig.digest = s->digest;
	s->sig.digest_len = len;
	if (l->CMS_signed_get_attr_count(s->si) <= 0)
		return 0;
	said = l->CMS_signed_get0_data_by_OBJ(s->si, l->OBJ_nid2obj(NID_MESSAGE_DIGEST), -3, TYPE_OCTETS);
	if (!said || (unsigned int)l->ASN1_STRING_length(said) != len)
		return -EBADMSG;
	if (memcmp(l->ASN1_STRING_get0_data(said), s->digest, len))
		return -EKEYREJECTED;
	return digest_attributes(m, s, md);
}

/* ---- certificates ---- */
static u32 signer_id(const struct message *m, const struct signer *s, u8 id[KEY_ID_MAX])
{
	const struct libcrypto *l = m->l;
	void *keyid = NULL, *issuer = NULL, *serial = NULL;
	u32 n;

	if (l->CMS_SignerInfo_get0_signer_id(s->si, &keyid, &issuer, &serial) != 1)
		return 0;
	if (!keyid)
		return name_id(serial, issuer, id);
	n = (u32)l->ASN1_STRING_length(keyid);
	if (n > KEY_ID_MAX)
		return 0;
	memcpy(id, l->ASN1_STRING_get0_data(keyid), n);
	return n;
}

static bool is_named(const struct message *m, void *cert, const u8 *id, u32 n)
{
	const void *skid = m->l->X509_get0_subject_key_id(cert);
	u8 own[KEY_ID_MAX];

	if (cert_id(cert, own) == n && !memcmp(own, id, n))
		return true;
	return skid && (u32)m->l->ASN1_STRING_length(skid) == n && !memcmp(m->l->ASN1_STRING_get0_data(skid), id, n);
}

static void *own_cert(const struct message *m, const struct signer *s)
{
	u8 id[KEY_ID_MAX];
	u32 n = signer_id(m, s, id);

	for (int i = 0; n && i < count(m->l, m->certs); i++)
		if (is_named(m, m->l->OPENSSL_sk_value(m->certs, i), id, n))
			return m->l->OPENSSL_sk_value(m->certs, i);
	return NULL;
}

/* Who signed a certificate, if the message brings that: itself, for a root. */
static void *issuer_of(const struct message *m, void *cert)
{
	if (!m->l->X509_check_issued(cert, cert))
		return cert;
	for (int i = 0; i < count(m->l, m->certs); i++)
		if (!m->l->X509_check_issued(m->l->OPENSSL_sk_value(m->certs, i), cert))
			return m->l->OPENSSL_sk_value(m->certs, i);
	return NULL;
}

/* A certificate's own signature. `room` holds its digest. */
static int cert_signature(const struct message *m, void *cert, u8 room[DIGEST_MAX], struct signature *ret)
{
	const struct libcrypto *l = m->l;
	const void *sig = NULL, *md;
	unsigned int len = 0;
	u8 *tbs = NULL;
	int nid = 0, n;

	if (l->OBJ_find_sigid_algs(l->X509_get_signature_nid(cert), &nid, NULL) != 1)
		return -ENOPKG;
	md = l->EVP_get_digestbyname(l->OBJ_nid2sn(nid));
	n = l->i2d_re_X509_tbs(cert, &tbs);
	if (!md || n <= 0 || l->EVP_Digest(tbs, (size_t)n, room, &len, md, NULL) != 1)
		n = 0;
	l->CRYPTO_free(tbs, "", 0);
	if (n <= 0)
		return -ENOPKG;
	l->X509_get0_signature(&sig, NULL, cert);
	*ret = (struct signature){ room, len, l->ASN1_STRING_get0_data(sig), (u32)l->ASN1_STRING_length(sig), nid };
	return 0;
}

/* ---- is the message right in itself? ---- */
static int verify_chain(const struct message *m, void *cert)
{
	u8 room[DIGEST_MAX];
	struct signature sig;
	int err;

	for (u32 i = 0; i < CHAIN_MAX; i++) {
		void *up = issuer_of(m, cert);

		if (!up)
			return 0;
		err = cert_signature(m, cert, room, &sig);
		if (!err)
			err = cert_verify(up, &sig);
		if (err || up == cert)
			return err;
		cert = up;
	}
	return 0;
}

static int verify_signer(const struct message *m, struct signer *s)
{
	const void *sig = m->l->CMS_SignerInfo_get0_signature(s->si);
	int err = digest(m, s);

	if (err)
		return err;
	s->sig.sig = m->l->ASN1_STRING_get0_data(sig);
	s->sig.sig_len = (u32)m->l->ASN1_STRING_length(sig);
	s->cert = own_cert(m, s);
	if (!s->cert)
		return 0;
	err = cert_verify(s->cert, &s->sig);
	return err ? err : verify_chain(m, s->cert);
}

/* ---- does the ring vouch for it? ---- */
static int check_by(const struct key *k, const struct signature *sig)
{
	return key_verify(k, sig) ? -EKEYREJECTED : 0;
}

static int trust(const struct message *m, const struct signer *s, const struct keyring *r)
{
	struct signature sig = s->sig;
	void *cert = s->cert, *last = NULL;
	u8 id[KEY_ID_MAX], room[DIGEST_MAX];
	const void *akid;
	struct key key;
	u32 n;

	for (u32 i = 0; cert && i < CHAIN_MAX; i++) {
		void *up;

		n = cert_id(cert, id);
		if (n && !keyring_find(r, id, n, &key))
			return check_by(&key, &sig);
		up = issuer_of(m, cert);
		if (up == cert)
			return -ENOKEY; /* a root that nobody knows */
		last = cert;
		if (cert_signature(m, last, room, &sig))
			return -ENOPKG;
		cert = up;
	}
	akid = last ? m->l->X509_get0_authority_key_id(last) : NULL;
	if (akid && !keyring_find(r, m->l->ASN1_STRING_get0_data(akid), (u32)m->l->ASN1_STRING_length(akid), &key))
		return check_by(&key, &sig);
	n = signer_id(m, s, id);
	if (n && !keyring_find(r, id, n, &key))
		return check_by(&key, &s->sig);
	return -ENOKEY;
}

static int open_message(struct message *m, const u8 *sig, size_t n)
{
	const struct libcrypto *l = m->l;
	void **content;

	m->cms = n <= 1 << 24 ? l->d2i_CMS_ContentInfo(NULL, &sig, (long)n) : NULL;
	if (!m->cms || l->OBJ_obj2nid(l->CMS_get0_type(m->cms)) != NID_SIGNED)
		return -EBADMSG;
	content = l->CMS_get0_content(m->cms);
	if (!content || *content) /* the data is given apart */
		return -EBADMSG;
	if (count(l, l->CMS_get0_SignerInfos(m->cms)) <= 0)
		return -EBADMSG;
	if (l->OBJ_obj2nid(l->CMS_get0_eContentType(m->cms)) != NID_DATA)
		return -EKEYREJECTED;
	m->certs = l->CMS_get1_certs(m->cms);
	return 0;
}

static void close_message(struct message *m)
{
	const struct libcrypto *l = m->l;

	for (int i = 0; i < count(l, m->certs); i++)
		l->X509_free(l->OPENSSL_sk_value(m->certs, i));
	if (m->certs)
		l->OPENSSL_sk_free(m->certs);
	if (m->cms)
		l->CMS_ContentInfo_free(m->cms);
	l->ERR_clear_error();
}

/* All signers: first whether the message is right, then, if so, whether one of them is trusted. */
static int verify_signers(const struct message *m, const struct keyring *r)
{
	const struct libcrypto *l = m->l;
	void *all = l->CMS_get0_SignerInfos(m->cms);
	int n = count(l, all), err, ret = -ENOPKG, found = -ENOKEY;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < n; i++) {
			struct signer s = { .si = l->OPENSSL_sk_value(all, i) };

			err = verify_signer(m, &s);
			if (err && err != -ENOPKG)
				return err;
			ret = err ? ret : 0;
			if (!pass)
				continue;
			if (ret)
				return ret;
			err = err ? err : trust(m, &s, r);
			if (err && err != -ENOKEY && err != -ENOPKG)
				return err;
			if (!err || (err == -ENOPKG && found == -ENOKEY))
				found = err;
		}
	return ret ? ret : found;
}

int pkcs7_verify(const void *data, size_t len, const void *sig, size_t sig_len, const struct keyring *r)
{
	struct message m = { .l = libcrypto(), .data = data, .len = len };
	int err;

	if (!m.l)
		return -ENOPKG;
	err = open_message(&m, sig, sig ? sig_len : 0);
	if (!err)
		err = verify_signers(&m, r);
	close_message(&m);
	return err;
}
