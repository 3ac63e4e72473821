# SPDX-License-Identifier: BSD-2-Clause
# The common rejections: each is explained by its own cause, found on the path, and by a fix that names it. Usage: why.sh BUILD
B=$1
skep=$B/skep

# says OBJECT TEXT...: the report on the broken object says all of it
says()
{
	name=$1
	shift
	out=$("$skep" check --no-cache $opts "$B/examples/$name.bpf.o" 2>&1)
	for text; do
		if printf '%s\n' "$out" | grep -qF -- "$text"; then
			echo "ok $name: $text"
		else
			echo "not ok $name does not say: $text"
			printf '%s\n' "$out" | sed 's/^/#   /' | head -n 30
		fi
	done
}
opts=
# packet bounds: no check, too short a check, a check of another pointer, a check made void
says bad/packet_no_check "no comparison with data_end was seen" "if (data + 13 > data_end) return"
says bad/packet_short_check "this check proves 14 bytes; the access needs 24"
says bad/packet_check_before_offset "before a variable offset was added" "offset at line 15" "Compare the pointer itself"
says bad/packet_stale "bpf_xdp_adjust_head() may move the packet" "Load data and data_end from the context again"
# a result that may be NULL, and the check of another one
says bad/map_no_null_check "what bpf_map_lookup_elem(&counts) returned" "Test what bpf_map_lookup_elem() returned at line 17"
says bad/map_other_null_check "this tests another result, the one of the call at line 17"
# numbers used as pointers
says bad/kernel_pointer "is a number for the verifier, whatever its type in C" "bpf_probe_read_kernel()"
says bad/ringbuf_use_after_submit "bpf_ringbuf_submit() took it" "Use it before bpf_ringbuf_submit(), not after"
# sizes
says bad/helper_size_unbounded "it must be at most 64"
says bad/helper_size_other_read "the memory is read again after it" "it must be at most 64"
# indices
says bad/map_index_off_by_one "the index is added here" "between 0 and 512" "the object has 512 bytes"
says bad/map_index_unbounded "table has 64 elements of 8 bytes" "the first index that does not fit is 64"
says bad/ringbuf_index_too_far "between 0 and 127 into memory of 64 bytes" "(REJ_MEM_BOUNDS"
says bad/map_index_signed "this check is signed" "make it unsigned"
says bad/map_value_too_far "ends at byte 16 and the object has 8"
# work and loops
says bad/too_much_work "this branch was walked" "then between" "on the work of verifying"
says bad/infinite_loop "this way out of the loop depends on" "Count the rounds"
# contexts
says bad/context_modified "here the pointer is moved" "the field meant is" "by the pointer as it was given"
says bad/context_bad_offset "struct xdp_md has no field at offset 32 (it has 24 bytes)"
says bad/context_write "len of struct __sk_buff is read-only"
# registers and helpers
says bad/register_clobbered "this call of bpf_ktime_get_ns destroys r1 to r5"
says bad/uninitialised_register "give every path a return value"
says bad/helper_wrong_type "bpf_skb_load_bytes() is for these program types" "This one is"
says bad/helper_gpl_only 'SEC("license") = "GPL"'
# references, stack, results
says bad/ringbuf_leak "bpf_ringbuf_reserve() acquired it here" "bpf_ringbuf_submit() or bpf_ringbuf_discard()"
says bad/stack_too_big "inner uses 320 bytes" "prog uses 320 bytes" "per-CPU array map"
says bad/return_out_of_range "must return 0 to 1"
# memory never written is refused without CAP_PERFMON alone
opts="--caps bpf,net_admin"
says struct_partly_set "bytes 8 to 15" "were never written on this path" "__builtin_memset"
