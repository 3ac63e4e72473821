/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenSSL's libcrypto, looked for when a program first signs off or ciphers something: whoever does neither needs no OpenSSL, to build
 * or to run. Types are its opaque ones. NULL: this machine has none of version 3, and what would use it fails with -ENOPKG.
 */
#ifndef SKEP_HELPER_LIBCRYPTO_H
#define SKEP_HELPER_LIBCRYPTO_H

#include "base/types.h"

#define LIBCRYPTO_FUNCTIONS(F)                                                                                   \
	/* ciphers */                                                                                            \
	F(const void *, EVP_get_cipherbyname, (const char *name))                                                \
	F(void *, EVP_CIPHER_CTX_new, (void))                                                                    \
	F(void, EVP_CIPHER_CTX_free, (void *ctx))                                                                \
	F(int, EVP_CipherInit_ex, (void *ctx, const void *cipher, void *engine, const u8 *key, const u8 *iv, int enc)) \
	F(int, EVP_CIPHER_CTX_set_padding, (void *ctx, int pad))                                                 \
	F(int, EVP_CipherUpdate, (void *ctx, u8 *out, int *ret_len, const u8 *in, int len))                      \
	/* digests and keys */                                                                                   \
	F(const void *, EVP_get_digestbyname, (const char *name))                                                \
	F(int, EVP_Digest, (const void *data, size_t len, u8 *ret, unsigned int *ret_len, const void *type, void *engine)) \
	F(void *, EVP_PKEY_CTX_new, (void *key, void *engine))                                                   \
	F(void, EVP_PKEY_CTX_free, (void *ctx))                                                                  \
	F(int, EVP_PKEY_verify_init, (void *ctx))                                                                \
	F(int, EVP_PKEY_CTX_set_signature_md, (void *ctx, const void *md))                                       \
	F(int, EVP_PKEY_verify, (void *ctx, const u8 *sig, size_t sig_len, const u8 *digest, size_t len))        \
	F(int, EVP_PKEY_get_id, (const void *key))                                                               \
	/* certificates */                                                                                       \
	F(void *, d2i_X509, (void **ret, const u8 **der, long len))                                              \
	F(void *, BIO_new_mem_buf, (const void *buf, int len))                                                   \
	F(int, BIO_free, (void *bio))                                                                            \
	F(void *, PEM_read_bio_X509, (void *bio, void **ret, void *cb, void *cookie))                            \
	F(void, X509_free, (void *cert))                                                                         \
	F(void *, X509_get0_pubkey, (const void *cert))                                                          \
	F(void *, X509_get_issuer_name, (const void *cert))                                                      \
	F(void *, X509_get_serialNumber, (void *cert))                                                           \
	F(const void *, X509_get0_subject_key_id, (void *cert))                                                  \
	F(const void *, X509_get0_authority_key_id, (void *cert))                                                \
	F(int, X509_check_issued, (void *issuer, void *cert))                                                    \
	F(void, X509_get0_signature, (const void **ret_sig, const void **ret_alg, const void *cert))             \
	F(int, X509_get_signature_nid, (const void *cert))                                                       \
	F(int, i2d_re_X509_tbs, (void *cert, u8 **ret))                                                          \
	/* signed messages */                                                                                    \
	F(void *, d2i_CMS_ContentInfo, (void **ret, const u8 **der, long len))                                   \
	F(void, CMS_ContentInfo_free, (void *cms))                                                               \
	F(const void *, CMS_get0_type, (const void *cms))                                                        \
	F(const void *, CMS_get0_eContentType, (void *cms))                                                      \
	F(void **, CMS_get0_content, (void *cms))                                                                \
	F(void *, CMS_get0_SignerInfos, (void *cms))                                                             \
	F(void *, CMS_get1_certs, (void *cms))                                                                   \
	F(int, CMS_SignerInfo_get0_signer_id, (void *si, void **ret_keyid, void **ret_issuer, void **ret_serial)) \
	F(void, CMS_SignerInfo_get0_algs, (void *si, void **ret_key, void **ret_cert, void **ret_digest, void **ret_sig)) \
	F(void *, CMS_SignerInfo_get0_signature, (void *si))                                                     \
	F(int, CMS_signed_get_attr_count, (const void *si))                                                      \
	F(void *, CMS_signed_get_attr, (const void *si, int i))                                                  \
	F(void *, CMS_signed_get0_data_by_OBJ, (const void *si, const void *oid, int last, int type))            \
	F(int, i2d_X509_ATTRIBUTE, (const void *attr, u8 **ret))                                                 \
	/* their parts */                                                                                        \
	F(void, X509_ALGOR_get0, (const void **ret_oid, int *ret_type, const void **ret_value, const void *alg)) \
	F(int, OBJ_obj2nid, (const void *oid))                                                                   \
	F(void *, OBJ_nid2obj, (int nid))                                                                        \
	F(const char *, OBJ_nid2sn, (int nid))                                                                   \
	F(int, OBJ_find_sigid_algs, (int nid, int *ret_digest, int *ret_key))                                    \
	F(const u8 *, ASN1_STRING_get0_data, (const void *s))                                                    \
	F(int, ASN1_STRING_length, (const void *s))                                                              \
	F(int, i2d_ASN1_INTEGER, (const void *n, u8 **ret))                                                      \
	F(int, i2d_X509_NAME, (const void *name, u8 **ret))                                                      \
	F(int, OPENSSL_sk_num, (const void *stack))                                                              \
	F(void *, OPENSSL_sk_value, (const void *stack, int i))                                                  \
	F(void, OPENSSL_sk_free, (void *stack))                                                                  \
	F(void, CRYPTO_free, (void *p, const char *file, int line))                                              \
	F(void, ERR_clear_error, (void))

struct libcrypto {
#define MEMBER(ret, name, args) ret (*name) args;
	LIBCRYPTO_FUNCTIONS(MEMBER)
#undef MEMBER
};

const struct libcrypto *libcrypto(void);

#endif
