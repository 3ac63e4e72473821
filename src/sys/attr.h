/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The argument of bpf(2) as Linux 6.18 lays it out, one structure a command (the system's header knows fewer fields).
 * Invariant: sizes and offsets are the ABI; spec/cmd.def's attr_end column is checked against the ends of these.
 */
#ifndef SKEP_SYS_ATTR_H
#define SKEP_SYS_ATTR_H

#include "base/uapi.h"

union attr {
	struct attr_map_create {
		u32 map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
		char map_name[16];
		u32 map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
		u64 map_extra;
		s32 value_type_btf_obj_fd, map_token_fd;
		u64 excl_prog_hash;
		u32 excl_prog_hash_size;
	} map_create;
	struct attr_elem {
		u32 map_fd;
		u64 key __attribute__((aligned(8)));
		u64 value; /* or next_key */
		u64 flags;
	} elem;
	struct attr_batch {
		u64 in_batch, out_batch, keys, values;
		u32 count, map_fd;
		u64 elem_flags, flags;
	} batch;
	struct attr_prog_load {
		u32 prog_type, insn_cnt;
		u64 insns, license;
		u32 log_level, log_size;
		u64 log_buf;
		u32 kern_version, prog_flags;
		char prog_name[16];
		u32 prog_ifindex, expected_attach_type, prog_btf_fd, func_info_rec_size;
		u64 func_info;
		u32 func_info_cnt, line_info_rec_size;
		u64 line_info;
		u32 line_info_cnt, attach_btf_id, attach_fd /* program or BTF object */, core_relo_cnt;
		u64 fd_array, core_relos;
		u32 core_relo_rec_size, log_true_size;
		s32 prog_token_fd;
		u32 fd_array_cnt;
		u64 signature;
		u32 signature_size;
		s32 keyring_id;
	} prog_load;
	struct attr_pin {
		u64 pathname;
		u32 bpf_fd, file_flags;
		s32 path_fd;
	} pin;
	struct attr_attach {
		u32 target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd, relative_fd;
		u64 expected_revision;
	} attach;
	struct attr_test_run {
		u32 prog_fd, retval, data_size_in, data_size_out;
		u64 data_in, data_out;
		u32 repeat, duration, ctx_size_in, ctx_size_out;
		u64 ctx_in, ctx_out;
		u32 flags, cpu, batch_size;
	} test;
	struct attr_id {
		u32 id, next_id, open_flags;
		s32 token_fd;
	} id;
	struct attr_info {
		u32 bpf_fd, info_len;
		u64 info;
	} info;
	struct attr_query {
		u32 target_fd, attach_type, query_flags, attach_flags;
		u64 prog_ids;
		u32 count;
		u64 prog_attach_flags __attribute__((aligned(8)));
		u64 link_ids, link_attach_flags, revision;
	} query;
	struct attr_raw_tp {
		u64 name;
		u32 prog_fd;
		u64 cookie __attribute__((aligned(8)));
	} raw_tp;
	struct attr_btf_load {
		u64 btf, log_buf;
		u32 btf_size, log_size, log_level, log_true_size, flags;
		s32 token_fd;
	} btf_load;
	struct attr_link_create {
		u32 prog_fd /* or map_fd */, target_fd /* or an ifindex */, attach_type, flags;
		union {
			struct { u64 info; u32 info_len; } iter;
			struct { u64 cookie; } perf;
			struct { u32 flags, cnt; u64 syms, addrs, cookies; } kprobes;
			struct { u32 target_btf_id; u64 cookie; } tracing;
			struct { u32 pf, hooknum; s32 priority; u32 flags; } netfilter;
			struct { u32 relative_fd; u64 expected_revision; } order; /* cgroup, tcx, netkit */
			struct { u64 path, offsets, ref_ctr_offsets, cookies; u32 cnt, flags; s32 pid; } uprobes;
		};
	} link_create;
	struct attr_iter_create { u32 link_fd, flags; } iter_create;
	struct attr_link_detach { u32 link_fd; } link_detach;
	struct attr_task_fd { u32 pid, fd, flags, buf_len; u64 buf; u32 prog_id, fd_type; u64 probe_offset, probe_addr; } task_fd;
	struct attr_bind { u32 prog_fd, map_fd, flags; } bind;
	struct attr_link_update { u32 link_fd, new_fd, flags, old_fd; } link_update;
	struct attr_stream { u64 buf; u32 len, id, prog_fd; } stream;
	u8 bytes[168]; /* Linux 6.18: anything beyond must be zero, or E2BIG */
};

#endif
