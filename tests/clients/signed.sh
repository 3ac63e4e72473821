#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# PKCS#7 signatures and ciphers: keys are made here, by openssl, and held in key rings of the kernel's. What programs and BPF_PROG_LOAD
# answer over skep is what stands here and, where the running kernel can be asked, what it answers. Usage: signed.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need cc openssl
bpf_objects signed
cc -O1 -w -o "$work/signed" "$here/signed.c" -lbpf || { fail "the client compiles"; finish; }
cd "$work" || exit 1

# key NAME SUBJECT [SIGNER]: a key and its certificate
key()
{
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/CN=$2" -out "$1.csr" 2>/dev/null
	if [ $# = 3 ]; then
		printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >ext
		openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -days 2 -extfile ext -out "$1.pem" 2>/dev/null
	else
		openssl req -x509 -key "$1.key" -subj "/CN=$2" -days 2 -out "$1.pem"
	fi
	openssl x509 -in "$1.pem" -outform DER -out "$1.der"
}
# sign FILE SIGNATURE KEY [OPTION...]
sign()
{
	in=$1 out=$2 by=$3
	shift 3
	openssl cms -sign -binary -in "$in" -signer "$by.pem" -inkey "$by.key" -outform DER -out "$out" "$@"
}
key cert "signs programs"
key other "signs programs"
key root "root"
key leaf "leaf" root
printf 'what is signed' >data
printf 'what is signeD' >other
: >empty
sign data data.sig cert -noattr -nocerts
sign data attr.sig cert -nocerts
sign data keyid.sig cert -noattr -nocerts -keyid
sign data sha512.sig cert -noattr -nocerts -md sha512
sign data cert.sig cert -noattr
sign data leaf.sig leaf -noattr
sign data inside.sig cert -noattr -nocerts -nodetach
# r0 = 0 (or 1), exit
printf '\267\000\000\000\000\000\000\000\225\000\000\000\000\000\000\000' >prog
printf '\267\000\000\000\001\000\000\000\225\000\000\000\000\000\000\000' >changed
sign prog prog.sig cert -noattr -nocerts
{ cat prog.sig; head -c 9000 /dev/zero; } >long
chmod -R a+rX .

# expect NAME FILE: what $work/out has to be
expect() { diff "$2" "$work/out" && ok "$1" || fail "$1"; }

cat >verify.want <<'X'
signed: 0
signed, other data: -129
signed, no such key: -126
signed, another key of that name: -126
with attributes: 0
with attributes, other data: -129
named by key id: 0
sha512: 0
with its certificate: 0
with its certificate, other data: -129
with its certificate, no such key: -126
a leaf's, by its root: 0
a leaf's, by another: -126
data inside: -74
no signature: -74
nothing: -74
no such ring: 3
the session's ring: 0
system ring 0: 0
system ring 1: 0
system ring 1, other data: -129
system ring 3: 3
X
cat >load.want <<'X'
load, signed: 0
load, signed, changed: -129
load, by nobody known: -126
load, no signature: -74
load, the system's ring: 0
load, no such ring: -22
load, too long a signature: -22
X
sed 's/^system ring \([01]\): 0/system ring \1: -126/; s/^\(system ring 1, other data\): -129/\1: -126/' verify.want >verify.untrusted
for what in verify load; do
	as user timeout 60 ./signed session "$skep" exec --trust cert.pem -- ./signed . $what >out 2>err
	expect "$what, in a box, its own certificate trusted" $what.want
	cat err
done
./signed session env LD_PRELOAD="$B/libskep-preload.so" ./signed . verify >out
expect "verify, in a process, without trusted certificates" verify.untrusted
as user timeout 60 "$skep" exec --trust data -- true 2>/dev/null && fail "what is no certificate is trusted" || ok "no certificate, no trust"

LD_PRELOAD=$B/libskep-preload.so ./signed . cipher >out
[ "$(grep -c ': 0' out)" -gt 30 ] && ok "ciphers" || { fail "ciphers"; head -n 20 out; }
if kernel_bpf && [ "$(uname -r | cut -d. -f1)" -ge 6 ] && ./signed . cipher >kernel 2>&1; then
	expect "ciphers as the running kernel has them" kernel
else
	skip "ciphers beside the running kernel"
fi
# What openssl itself makes of the same key and data: AES-128-CBC of two blocks.
printf '%b' "$(awk 'BEGIN { for (i = 0; i < 32; i++) printf "\\%o", (i * 13 + 5) % 256 }' | sed 's/\\/\\0/g')" |
	openssl enc -aes-128-cbc -nopad -K "$(awk 'BEGIN { for (i = 0; i < 16; i++) printf "%02x", i * 7 + 1 }')" \
		-iv "$(awk 'BEGIN { for (i = 0; i < 16; i++) printf "%02x", i + 100 }')" | od -An -tx1 | tr -d ' \n' >by_openssl
sed -n '/^make skcipher cbc(aes), key of 16/,/^make/p' "$work/out" | grep '  encrypt 32 to 64' | grep -q "$(cat by_openssl)" &&
	ok "as openssl ciphers" || fail "as openssl ciphers: $(cat by_openssl)"
finish
