#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A static Go program with cilium/ebpf, as root and as an ordinary user. Usage: goclient.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need go
[ -d /usr/share/gocode/src/github.com/cilium/ebpf ] || { skip "golang-github-cilium-ebpf-dev is not installed"; finish; }
client=$B/clients/goclient
mkdir -p "$B/clients"
if [ ! -x "$client" ] || [ "$here/goclient.go" -nt "$client" ]; then
	GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=${GOCACHE:-$B/clients/.go} CGO_ENABLED=0 \
		nice go build -p 2 -o "$client" "$here/goclient.go" || { fail "goclient.go does not compile"; finish; }
fi
cp "$client" "$work/goclient"
for who in root user; do
	as $who timeout 60 "$skep" exec -- "$work/goclient" >"$work/out" 2>&1 && ! grep -q '^not ok' "$work/out" &&
		ok "static Go client as $who" || { fail "static Go client as $who"; cat "$work/out"; }
done
finish
