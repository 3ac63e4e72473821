#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# `make demo`: skep's main job on real compiled objects, with what you would type yourself.
set -e
B=${B:-build}
cap=$B/demo.pcap
if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold= plain=; fi

step()
{
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}
show()
{
	printf '$ %s\n' "$*"
	"$@"
}

step "1. A capture to work on: ARP, TCP, UDP, ICMP, IPv6, VLANs, fragments, truncated packets"
show "$B/tools/mkpcap" "$cap"

step "2. Does the firewall load? skep's verifier, with Linux's rules, says"
show "$B/skep" check "$B/examples/xdp_firewall.bpf.o"

step "3. Run it on every packet of the capture: verdicts, ns per packet, and its maps through BTF"
show "$B/skep" run "$B/examples/xdp_firewall.bpf.o" --pcap "$cap" --repeat 100

step "4. A variant without one bounds check is refused, at its source line"
printf '$ %s\n' "$B/skep check $B/examples/bad/packet_no_check.bpf.o"
if "$B/skep" check "$B/examples/bad/packet_no_check.bpf.o"; then
	echo "demo: the broken program was accepted" >&2
	exit 1
fi

step "5. Tail calls: a chain of programs through a program array, each a real jump"
show "$B/skep" run "$B/examples/xdp_tailcall.bpf.o" -p stage_ether --pcap "$cap"

step "6. bpf_loop: a callback run thousands of times"
printf 'n = 2000, as a 40-byte context -> %s\n' "$B/loop.ctx"
{ printf '\320\007\000\000'; dd if=/dev/zero bs=36 count=1 2>/dev/null; } >"$B/loop.ctx"
show "$B/skep" run "$B/examples/loop.bpf.o" -p loops --ctx "$B/loop.ctx"

step "7. What the machine executes"
show "$B/skep" dump "$B/examples/socket_filter.bpf.o" -p by_context --xlated --jited
printf '\nMore: skep --help, README.md, examples/README.md. As root, add --on both to compare with the running kernel.\n'
