/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that are trusted, and signatures made with them: see key.c and pkcs7.c. */
#ifndef SKEP_HELPER_KEY_H
#define SKEP_HELPER_KEY_H

#include "base/types.h"

#define KEY_ID_MAX 1024   /* of what names a key: a serial number and its issuer */

/* The keys behind a number, as programs and bpf(2) give them: a key ring of the kernel's, or (0, 1, 2) the system's own. */
struct keyring { s32 serial; bool system; };
/* A key in one. */
struct key { s32 serial; void *cert; };

/* By serial number, the special negative ones included. 0 or -ENOKEY. */
int keyring_user(s32 serial, bool create, struct keyring *ret);
/* Linux's numbers of its own rings; which certificates are in them, skep is told (key_trust). -EINVAL: no such number. */
int keyring_system(u64 id, struct keyring *ret);
/* May it still be used? 0, -EKEYREVOKED, -EKEYEXPIRED... */
int keyring_valid(const struct keyring *r);
/* By exact id: 0 or -ENOKEY. */
int keyring_find(const struct keyring *r, const u8 *id, u32 n, struct key *ret);

struct signature { const u8 *digest; u32 digest_len; const u8 *sig; u32 sig_len; int digest_nid; };
/* Was this signed with this key? 0, -EKEYREJECTED, -ENOPKG: with something that nobody here can check. */
int key_verify(const struct key *k, const struct signature *s);
int cert_verify(void *cert, const struct signature *s);
/* What names a certificate in a ring: its serial number, then its issuer. The length, 0: too long. */
u32 cert_id(void *cert, u8 id[KEY_ID_MAX]);
u32 name_id(const void *serial, const void *issuer, u8 id[KEY_ID_MAX]);

/* A certificate (PEM or DER) that the system's rings hold from now on. 0, -EBADMSG, -ENOMEM, -ENOPKG. */
int key_trust(const void *cert, size_t size);

/* Is `sig` a PKCS#7 signature of `data` by a key of this ring? 0, -EBADMSG, -EKEYREJECTED, -ENOKEY, -ENOPKG, as Linux says. */
int pkcs7_verify(const void *data, size_t len, const void *sig, size_t sig_len, const struct keyring *r);

#endif
