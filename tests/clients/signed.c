/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Says what programs and BPF_PROG_LOAD answer to signatures and ciphers, a line each, for the subsystem it runs over.
 * Usage: signed DIR cipher | verify | load: DIR has the object, and files that signed.sh made with openssl.
 * signed session CMD ARGS...: run it with a new key ring of the session, which it shares with all it starts.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/keyctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct params { char type[14]; uint8_t reserved[2]; char algo[128]; uint8_t key[256]; uint32_t key_len, authsize; };
struct io {
	uint8_t data[4096], sig[4096];
	uint32_t n, nsig;
	int32_t ring;
	uint32_t system, decrypt, err;
	uint8_t iv[16];
	uint32_t niv, out;
	struct params params;
};

static const char *dir;
static struct bpf_object *obj;
static struct io io;
static uint32_t zero;

static uint32_t file(const char *name, void *buf, uint32_t room)
{
	char path[256];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (f) {
		n = fread(buf, 1, room, f);
		fclose(f);
	}
	return (uint32_t)n;
}

static int map(const char *name) { return bpf_object__find_map_fd_by_name(obj, name); }

static int run(const char *name, void *data, uint32_t n)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = data, .data_size_in = n);
	int fd = bpf_program__fd(bpf_object__find_program_by_name(obj, name)), err = bpf_prog_test_run_opts(fd, &o);

	return err ? 100000 + err : (int)o.retval;
}

/* Kernels are built without what `verify` calls. */
static void open_object(bool verify)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/obj/signed.bpf.o", dir);
	obj = bpf_object__open_file(path, NULL);
	if (obj)
		bpf_program__set_autoload(bpf_object__find_program_by_name(obj, "verify"), verify);
	if (!obj || bpf_object__load(obj)) {
		printf("the object does not load: %s\n", strerror(errno));
		exit(1);
	}
}

/* ---- ciphers ---- */
static void make(const char *type, const char *algo, uint32_t key_len, uint32_t authsize, uint8_t reserved)
{
	int err;

	memset(&io.params, 0, sizeof(io.params));
	snprintf(io.params.type, sizeof(io.params.type), "%s", type);
	snprintf(io.params.algo, sizeof(io.params.algo), "%s", algo);
	for (uint32_t i = 0; i < key_len && i < 256; i++)
		io.params.key[i] = (uint8_t)(i * 7 + 1);
	io.params.key_len = key_len;
	io.params.authsize = authsize;
	io.params.reserved[1] = reserved;
	bpf_map_update_elem(map("io"), &zero, &io, 0);
	err = run("make", NULL, 0);
	printf("make %s %s, key of %u, authsize %u, reserved %u: %d\n", type, algo, key_len, authsize, reserved, err);
}

static void cipher(uint32_t n, uint32_t out, uint32_t niv, int decrypt)
{
	uint8_t pkt[64] = { 0 };
	int ret;

	for (uint32_t i = 0; i < sizeof(io.data); i++) {
		io.data[i] = (uint8_t)(i * 13 + 5);
		io.sig[i] = 0xee;
	}
	for (uint32_t i = 0; i < 16; i++)
		io.iv[i] = (uint8_t)(i + 100);
	io.n = n;
	io.out = out;
	io.niv = niv;
	io.decrypt = (uint32_t)decrypt;
	bpf_map_update_elem(map("io"), &zero, &io, 0);
	ret = run("crypt", pkt, sizeof(pkt));
	bpf_map_lookup_elem(map("io"), &zero, &io);
	printf("  %s %u to %u, vector of %u: %d, %d:", decrypt ? "decrypt" : "encrypt", n, out, niv, ret, (int)io.err);
	for (uint32_t i = 0; i < 48; i++)
		printf("%02x", io.sig[i]);
	printf(" ... %02x, then ", io.sig[n ? n - 1 : 0]);
	for (uint32_t i = 0; i < niv; i++)
		printf("%02x", io.iv[i]);
	printf("\n");
}

static void ciphers(void)
{
	static const char *const algo[] = { "ecb(aes)", "cbc(aes)" };
	static const uint32_t key[] = { 16, 24, 32 };

	cipher(16, 16, 0, 0); /* there is none yet */
	for (int a = 0; a < 2; a++)
		for (int k = 0; k < 3; k++) {
			make("skcipher", algo[a], key[k], 0, 0);
			for (int d = 0; d < 2; d++) {
				cipher(16, 16, a * 16u, d);
				cipher(64, 64, a * 16u, d);
				cipher(4096, 4096, a * 16u, d);
				cipher(32, 64, a * 16u, d);
				cipher(32, 16, a * 16u, d);
				cipher(20, 64, a * 16u, d);
				cipher(5, 64, a * 16u, d);
				cipher(0, 16, a * 16u, d);
				cipher(16, 0, a * 16u, d);
				cipher(16, 16, 16u - a * 16u, d);
				cipher(16, 16, 8, d);
			}
		}
	make("skcipher", "ecb(aes)", 0, 0, 0);
	make("skcipher", "ecb(aes)", 15, 0, 0);
	make("skcipher", "ecb(aes)", 33, 0, 0);
	make("skcipher", "ecb(aes)", 257, 0, 0);
	make("skcipher", "cbc(aes)", 16, 12, 0);
	make("skcipher", "cbc(aes)", 16, 0, 1);
	make("skcipher", "nonesuch(aes)", 16, 0, 0);
	make("skcipher", "", 16, 0, 0);
	make("aead", "ecb(aes)", 16, 0, 0);
	make("", "ecb(aes)", 16, 0, 0);
	cipher(16, 16, 16, 0); /* the last that could be made is still there */
}

/* ---- signatures ---- */
static int32_t ring_of(const char *cert)
{
	int32_t ring = (int32_t)syscall(__NR_add_key, "keyring", cert, NULL, 0, KEY_SPEC_SESSION_KEYRING);
	char der[4096];
	uint32_t n = file(cert, der, sizeof(der));

	if (n && syscall(__NR_add_key, "asymmetric", cert, der, n, ring) < 0)
		printf("%s: %s\n", cert, strerror(errno));
	return ring;
}

static void verify(const char *what, const char *data, const char *sig, int32_t ring, uint32_t system)
{
	memset(&io, 0, sizeof(io));
	io.n = file(data, io.data, sizeof(io.data));
	io.nsig = file(sig, io.sig, sizeof(io.sig));
	io.ring = ring;
	io.system = system;
	bpf_map_update_elem(map("io"), &zero, &io, 0);
	printf("%s: %d\n", what, run("verify", NULL, 0));
}

static void signatures(void)
{
	int32_t good = ring_of("cert.der"), other = ring_of("other.der"), root = ring_of("root.der"), none = ring_of("none.der");

	verify("signed", "data", "data.sig", good, 0);
	verify("signed, other data", "other", "data.sig", good, 0);
	verify("signed, no such key", "data", "data.sig", none, 0);
	verify("signed, another key of that name", "data", "data.sig", other, 0);
	verify("with attributes", "data", "attr.sig", good, 0);
	verify("with attributes, other data", "other", "attr.sig", good, 0);
	verify("named by key id", "data", "keyid.sig", good, 0);
	verify("sha512", "data", "sha512.sig", good, 0);
	verify("with its certificate", "data", "cert.sig", good, 0);
	verify("with its certificate, other data", "other", "cert.sig", good, 0);
	verify("with its certificate, no such key", "data", "cert.sig", none, 0);
	verify("a leaf's, by its root", "data", "leaf.sig", root, 0);
	verify("a leaf's, by another", "data", "leaf.sig", good, 0);
	verify("data inside", "data", "inside.sig", good, 0);
	verify("no signature", "data", "data", good, 0);
	verify("nothing", "data", "empty", good, 0);
	verify("no such ring", "data", "data.sig", 0x7ffffff0, 0);
	verify("the session's ring", "data", "data.sig", KEY_SPEC_SESSION_KEYRING, 0);
	verify("system ring 0", "data", "data.sig", 0, 1);
	verify("system ring 1", "data", "data.sig", 0, 2);
	verify("system ring 1, other data", "other", "data.sig", 0, 2);
	verify("system ring 3", "data", "data.sig", 0, 4);
}

/* ---- programs ---- */
static void load(const char *what, const char *insns, const char *sig, int32_t ring)
{
	/* union bpf_attr of 6.18 for this command; the system's header may be older */
	struct { uint32_t type, n; uint64_t insns, license; uint8_t between[128]; uint64_t sig; uint32_t nsig; int32_t ring; } a;
	static uint8_t code[4096], s[16384];
	long fd;

	_Static_assert(sizeof(a) == 168, "");
	memset(&a, 0, sizeof(a));
	a.type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.n = file(insns, code, sizeof(code)) / 8;
	a.insns = (uint64_t)(uintptr_t)code;
	a.license = (uint64_t)(uintptr_t)"GPL";
	a.nsig = file(sig, s, sizeof(s));
	a.sig = (uint64_t)(uintptr_t)s;
	a.ring = ring;
	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &a, sizeof(a));
	printf("load, %s: %d\n", what, fd < 0 ? -errno : 0);
	if (fd >= 0)
		close((int)fd);
}

static void programs(void)
{
	int32_t good = ring_of("cert.der"), none = ring_of("none.der");

	load("signed", "prog", "prog.sig", good);
	load("signed, changed", "changed", "prog.sig", good);
	load("by nobody known", "prog", "prog.sig", none);
	load("no signature", "prog", "prog", good);
	load("the system's ring", "prog", "prog.sig", 1);
	load("no such ring", "prog", "prog.sig", -77);
	load("too long a signature", "prog", "long", good);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "session")) {
		syscall(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
		execvp(argv[2], argv + 2);
		return 127;
	}
	if (argc != 3)
		return 2;
	dir = argv[1];
	if (!strcmp(argv[2], "load")) {
		programs();
		return 0;
	}
	open_object(strcmp(argv[2], "cipher"));
	strcmp(argv[2], "cipher") ? signatures() : ciphers();
	return 0;
}
