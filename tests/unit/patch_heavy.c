/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole library under probes: libcrypto with every function's entry probed, then with probes at random instructions inside of its
 * functions; what it computes must stay the same. SEEDS: how many rounds of random places.
 */
#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

#include "patch/elf.h"
#include "unit/test.h"
#include "unit/patch_kit.h"

enum { PLANS = 12000 };

static struct { struct patch_elf e; u64 bias; struct patch_text text; void *so; char path[256]; } lib;
static struct patch_plan *plans;
static u32 nplans, forms[PATCH_TRAP + 1], refused;
static u64 hits;
static u64 seed;

static u64 KIT_BARE on_hit(struct patch_regs *r, u64 probe)
{
	(void)r, (void)probe;
	hits++;
	return 0;
}

static int find(struct dl_phdr_info *i, size_t n, void *arg)
{
	(void)n, (void)arg;
	if (!strstr(i->dlpi_name, "libcrypto.so.3"))
		return 0;
	lib.bias = i->dlpi_addr;
	strcpy(lib.path, i->dlpi_name);
	return 1;
}

static int read_self(void *arg, u64 addr, void *buf, u32 n)
{
	(void)arg;
	return pread(kit_mem, buf, n, (off_t)addr) == (ssize_t)n ? 0 : -EFAULT;
}

static bool open_lib(void)
{
	u64 va, off, size;
	struct stat st;
	int fd;

	if (lib.so)
		return true;
	lib.so = dlopen("libcrypto.so.3", RTLD_NOW);
	if (!lib.so || !dl_iterate_phdr(find, NULL))
		return false;
	fd = open(lib.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) ||
	    patch_elf_open(mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0), (u64)st.st_size, &lib.e) ||
	    patch_elf_text(&lib.e, 0, &va, &off, &size))
		return false;
	close(fd);
	lib.text = (struct patch_text){ .bytes = lib.e.data + off, .addr = lib.bias + va, .size = size,
					.targets = calloc(1, patch_text_bytes(size)), .taken = calloc(1, patch_text_bytes(size)) };
	patch_elf_scan(&lib.e, lib.bias, &lib.text, 0, NULL, NULL);
	plans = calloc(PLANS, sizeof(*plans));
	kit_near = lib.bias;
	kit_size = 8 << 20;
	kit_ops.traps = false; /* alone here: plain writes */
	return kit_start() == 0;
}

/* --- Work with a result: digests, ciphers, signatures, big numbers, by the library's own names --- */

#define F(ret, name, ...) ret (*name)(__VA_ARGS__) = (ret (*)(__VA_ARGS__))(uintptr_t)dlsym(lib.so, #name)

static u64 fold(u64 h, const u8 *p, u64 n)
{
	for (u64 i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h;
}

static u64 digests(const u8 *data, u32 n)
{
	static const char *const names[] = { "MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-512", "BLAKE2b512",
					     "BLAKE2s256", "SHAKE256", "SM3", "RIPEMD160" };
	F(void *, EVP_MD_fetch, void *, const char *, const char *);
	F(void, EVP_MD_free, void *);
	F(int, EVP_Digest, const void *, size_t, u8 *, unsigned *, const void *, void *);
	u64 h = 0xcbf29ce484222325ull;
	u8 out[64];

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		void *md = EVP_MD_fetch(NULL, names[i], NULL);
		unsigned len = 0;

		if (md && EVP_Digest(data, n, out, &len, md, NULL))
			h = fold(h, out, len);
		h += len;
		EVP_MD_free(md);
	}
	return h;
}

static u64 ciphers(const u8 *data, u32 n)
{
	static const char *const names[] = { "AES-128-CBC", "AES-256-CTR", "AES-192-ECB", "AES-256-OFB", "CAMELLIA-256-CBC", "ChaCha20", "ARIA-128-CTR",
					     "AES-128-GCM", "ChaCha20-Poly1305", "SM4-CTR", "DES-EDE3-CBC" };
	F(void *, EVP_CIPHER_fetch, void *, const char *, const char *);
	F(void, EVP_CIPHER_free, void *);
	F(void *, EVP_CIPHER_CTX_new, void);
	F(void, EVP_CIPHER_CTX_free, void *);
	F(int, EVP_EncryptInit_ex, void *, const void *, void *, const u8 *, const u8 *);
	F(int, EVP_EncryptUpdate, void *, u8 *, int *, const u8 *, int);
	F(int, EVP_EncryptFinal_ex, void *, u8 *, int *);
	u8 *out = malloc(n + 64), key[64];
	u64 h = 1;

	for (u32 i = 0; i < sizeof(key); i++)
		key[i] = (u8)(i * 7 + 3);
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		void *c = EVP_CIPHER_fetch(NULL, names[i], NULL), *x = EVP_CIPHER_CTX_new();
		int len = 0, more = 0;

		if (c && EVP_EncryptInit_ex(x, c, NULL, key, key + 32) && EVP_EncryptUpdate(x, out, &len, data, (int)n) &&
		    EVP_EncryptFinal_ex(x, out + len, &more))
			h = fold(h, out, (u64)(len + more));
		h = h * 31 + (u64)len;
		EVP_CIPHER_CTX_free(x);
		EVP_CIPHER_free(c);
	}
	free(out);
	return h;
}

/* Modular exponentiation, inversion, greatest common divisors, primality: what RSA and curves stand on. */
static u64 numbers(void)
{
	F(void *, BN_new, void);
	F(void, BN_free, void *);
	F(void *, BN_CTX_new, void);
	F(void, BN_CTX_free, void *);
	F(int, BN_hex2bn, void **, const char *);
	F(char *, BN_bn2hex, const void *);
	F(int, BN_mod_exp, void *, const void *, const void *, const void *, void *);
	F(void *, BN_mod_inverse, void *, const void *, const void *, void *);
	F(int, BN_check_prime, const void *, void *, void *);
	void *a = NULL, *p = NULL, *r = BN_new(), *x = BN_CTX_new();
	char *text;
	u64 h = 7;

	BN_hex2bn(&p, "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
		      "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
		      "49286651ECE65381FFFFFFFFFFFFFFFF");
	BN_hex2bn(&a, "123456789ABCDEF0FEDCBA9876543210DEADBEEFCAFEBABE0123456789ABCDEF55AA55AA55AA55AA");
	for (u32 i = 0; i < 4; i++) {
		BN_mod_exp(r, a, p, p, x);
		BN_mod_exp(a, r, a, p, x);
		BN_mod_inverse(r, a, p, x);
		text = BN_bn2hex(r);
		h = fold(h, (const u8 *)text, strlen(text));
		((void (*)(void *, const char *, int))(uintptr_t)dlsym(lib.so, "CRYPTO_free"))(text, "", 0);
	}
	h = h * 3 + (u64)BN_check_prime(p, x, NULL);
	BN_free(r);
	BN_free(a);
	BN_free(p);
	BN_CTX_free(x);
	return h;
}

/* A signature that is checked, and one bit of it changed is refused. Random numbers come in: the verdict is the result. */
static u64 signatures(const u8 *data, u32 n)
{
	static const char *const kinds[] = { "EC", "ED25519", "RSA" };
	F(void *, EVP_PKEY_Q_keygen, void *, const char *, const char *, ...);
	F(void *, EVP_MD_CTX_new, void);
	F(void, EVP_MD_CTX_free, void *);
	F(void, EVP_PKEY_free, void *);
	F(int, EVP_DigestSignInit, void *, void *, const void *, void *, void *);
	F(int, EVP_DigestSign, void *, u8 *, size_t *, const u8 *, size_t);
	F(int, EVP_DigestVerifyInit, void *, void *, const void *, void *, void *);
	F(int, EVP_DigestVerify, void *, const u8 *, size_t, const u8 *, size_t);
	u64 h = 0;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		void *key = i == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, kinds[i], "P-256") : i == 1 ? EVP_PKEY_Q_keygen(NULL, NULL, kinds[i])
			  : EVP_PKEY_Q_keygen(NULL, NULL, kinds[i], (size_t)1024);
		void *x = EVP_MD_CTX_new(), *y = EVP_MD_CTX_new(), *z = EVP_MD_CTX_new();
		u8 sig[512];
		size_t len = sizeof(sig);

		h = h * 4 + (u64)(key && EVP_DigestSignInit(x, NULL, NULL, NULL, key) == 1 && EVP_DigestSign(x, sig, &len, data, n) == 1);
		h = h * 4 + (u64)(EVP_DigestVerifyInit(y, NULL, NULL, NULL, key) == 1 && EVP_DigestVerify(y, sig, len, data, n) == 1);
		sig[len / 2] ^= 1;
		h = h * 4 + (u64)(EVP_DigestVerifyInit(z, NULL, NULL, NULL, key) == 1 && EVP_DigestVerify(z, sig, len, data, n) == 1);
		EVP_MD_CTX_free(x);
		EVP_MD_CTX_free(y);
		EVP_MD_CTX_free(z);
		EVP_PKEY_free(key);
	}
	return h;
}

static void compute(u64 out[4])
{
	static u8 data[20000];

	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * i >> 3);
	out[0] = digests(data, sizeof(data));
	out[1] = ciphers(data, sizeof(data));
	out[2] = numbers();
	out[3] = signatures(data, sizeof(data));
}

/* --- Probes --- */

static void one(u64 va, u32 off, u32 flags)
{
	struct patch_stub stub = { .event = PATCH_ENTER, .enter = (u64)(uintptr_t)on_hit, .writes = seed & 1 };
	struct patch_plan *p = &plans[nplans];
	struct patch_func f;
	u32 at;
	int err;

	if (nplans == PLANS || patch_elf_func(&lib.e, va, lib.bias, &f, &at))
		return;
	f.text = &lib.text;
	f.read = read_self;
	err = patch_plan(&f, at + off, flags, p);
	if (err) {
		refused++;
		return;
	}
	if (p->form == PATCH_TRAP && kit_nplans >= 200)
		return;
	err = kit_emit(p, &stub);
	if (!err)
		err = patch_apply(p, &kit_ops);
	CHECK_EQ(err, 0);
	patch_text_take(&lib.text, p, true);
	forms[p->form]++;
	nplans++;
}

static int entry(void *arg, u64 start, u64 end)
{
	(void)arg, (void)end;
	one(start, 0, 0);
	return 0;
}

static u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* An instruction of the function by chance. */
static int inside(void *arg, u64 start, u64 end)
{
	const u8 *p = patch_elf_bytes(&lib.e, start, end - start);
	u64 want = rnd() % (end - start), at = 0, last = 0;
	struct patch_insn in;

	(void)arg;
	while (p && at <= want && !patch_decode(p + at, end - start - at, &in)) {
		last = at;
		at += in.len;
	}
	if (p && at > want)
		one(start, (u32)last, rnd() & 1 ? PATCH_BACKWARD : 0);
	return 0;
}

static void run(const char *what, patch_range_fn fn)
{
	u64 want[4], got[4], again[4];
	u32 used;

	CHECK_EQ(kit_start(), 0);
	compute(want);
	used = kit_used;
	nplans = kit_nplans = refused = 0;
	memset(forms, 0, sizeof(forms));
	hits = 0;
	patch_elf_ranges(&lib.e, fn, NULL);
	compute(got);
	printf("#   %s: %u jumps, %u by padding, %u over bytes that stay, %u int3, %u refused; %llu hits, %llu int3 hits\n", what, forms[PATCH_JMP5], forms[PATCH_JMP2], forms[PATCH_PUN],
	       forms[PATCH_TRAP], refused, (unsigned long long)hits, (unsigned long long)kit_traps);
	for (u32 i = 0; i < nplans; i++) {
		CHECK_EQ(patch_remove(&plans[i], &kit_ops), 0);
		patch_text_take(&lib.text, &plans[i], false);
	}
	kit_nplans = 0;
	kit_used = used;
	compute(again);
	CHECK(hits > 10000);
	for (u32 i = 0; i < 4; i++) {
		CHECK_EQ(got[i], want[i]);
		CHECK_EQ(again[i], want[i]);
	}
}

TEST(every_entry)
{
	if (!open_lib())
		SKIP("no libcrypto.so.3");
	seed = 1;
	run("entries", entry);
}

TEST(random_places)
{
	const char *n = getenv("SEEDS");

	if (!open_lib())
		SKIP("no libcrypto.so.3");
	for (u32 i = 0; i < (n ? (u32)strtoul(n, NULL, 0) : 2); i++) {
		seed = 88172645463325252ull + i * 977;
		run("random places", inside);
	}
}
