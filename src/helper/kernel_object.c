/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel objects: see kernel_object.h. */
#include "helper/kernel_object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "btf/btf.h"
#include "helper/cgroup.h"
#include "helper/file.h"
#include "helper/handle.h"
#include "helper/sk.h"
#include "helper/vma.h"
#include "vm/abi.h"

enum value {
	VALUE_TID,
	VALUE_TGID,
	VALUE_COMM,
	VALUE_TASK_FLAGS,
	VALUE_PRIO,
	VALUE_STATIC_PRIO,
	VALUE_POLICY,
	VALUE_UTIME,
	VALUE_STIME,
	VALUE_MIN_FLT,
	VALUE_MAJ_FLT,
	VALUE_START_TIME,
	VALUE_EXIT_CODE,
	VALUE_EXIT_SIGNAL,
	VALUE_PARENT,
	VALUE_LEADER,
	VALUE_CRED_OF,
	VALUE_MM_OF,
	VALUE_UID,
	VALUE_EUID,
	VALUE_SUID,
	VALUE_FSUID,
	VALUE_GID,
	VALUE_EGID,
	VALUE_SGID,
	VALUE_FSGID,
	VALUE_START_CODE,
	VALUE_END_CODE,
	VALUE_START_DATA,
	VALUE_END_DATA,
	VALUE_START_BRK,
	VALUE_START_STACK,
	VALUE_ARG_START,
	VALUE_ARG_END,
	VALUE_ENV_START,
	VALUE_ENV_END,
	VALUE_INODE_OF,
	VALUE_FILE_FLAGS,
	VALUE_FILE_MODE,
	VALUE_DENTRY_OF,
	VALUE_DENTRY_INODE,
	VALUE_NAME_LEN,
	VALUE_NAME_OF,
	VALUE_INO,
	VALUE_MODE,
	VALUE_INODE_UID,
	VALUE_INODE_GID,
	VALUE_INODE_SIZE,
	VALUE_NLINK,
	VALUE_SK_FAMILY,
	VALUE_SK_STATE,
	VALUE_SK_NUM,
	VALUE_SK_DPORT,
	VALUE_SK_DADDR,
	VALUE_SK_SADDR,
	VALUE_SK_DADDR6,
	VALUE_SK_SADDR6,
	VALUE_SK_DEV,
	VALUE_SK_PROTOCOL,
	VALUE_SK_TYPE,
	VALUE_SK_MARK,
	VALUE_SK_PRIORITY,
	VALUE_VM_START,
	VALUE_VM_END,
	VALUE_VM_PGOFF,
	VALUE_VM_FLAGS,
	VALUE_KN_OF,
	VALUE_CGROUP_LEVEL,
	VALUE_CGROUP_ID,
	VALUE_NAME,
};

/* Objects that belong to another: the address has the other's number. */
#define HANDLE_CRED 0xffff960000000000ull
#define HANDLE_MM   0xffff980000000000ull
#define HANDLE_KN   0xffff9a0000000000ull
#define HANDLE_DENTRY 0xffff9c0000000000ull

static const struct row { u64 object; const char *type, *member; u8 value; } rows[] = {
#define K(object, type, member, value) { HANDLE_##object, type, member, VALUE_##value },
#include "spec/kernel_field.def"
};

/* Per row: offset and size with these types; size 0: they do not have it. */
static struct place { u32 off, size; } places[ARRAY_SIZE(rows)];
static u32 ready;

/* ---- where fields lie ---- */
static struct place place_of(const struct btf *b, const struct row *r)
{
	s32 id = btf_find(b, r->type, BTF_KIND_STRUCT);
	u32 off = 0, type = id > 0 ? btf_member_path(b, (u32)id, r->member, &off) : 0;
	s64 size = type ? btf_size_of(b, type) : 0;

	return off >= 1 << HANDLE_SHIFT || size <= 0 || size > 64 ? (struct place){ 0, 0 } : (struct place){ off, (u32)size };
}

static int read_virtual(void *dst, u64 addr, u32 size)
{
	return kernel_object_read(dst, addr, size);
}

void kernel_object_types(const struct btf *b)
{
	u32 none = 0;

	if (!b || !__atomic_compare_exchange_n(&ready, &none, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		places[i] = place_of(b, &rows[i]);
	__atomic_store_n(&ready, 2, __ATOMIC_RELEASE);
	__atomic_store_n(&probe_virtual, read_virtual, __ATOMIC_RELEASE);
}

/* ---- tasks ---- */
/* Field `n` of /proc/TID/stat as proc(5) counts them, from 3 on. */
static bool stat_field(u32 tid, u32 n, u64 *ret)
{
	char buf[2048], *p;

	text_of(buf, sizeof(buf), "/proc/%u/stat", tid);
	p = text_stat(buf, n);
	if (!p)
		return false;
	*ret = (u64)strtoll(p, NULL, 10);
	if (*ret == S64_MAX) /* addresses may be larger */
		*ret = strtoull(p, NULL, 10);
	return true;
}

/* Number `n` of a line of /proc/TID/status. */
static bool status_number(u32 tid, const char *key, u32 n, u64 *ret)
{
	char buf[4096], *p;

	text_of(buf, sizeof(buf), "/proc/%u/status", tid);
	p = text_value(buf, key);
	if (!*p)
		return false;
	for (u32 i = 0; i <= n; i++)
		*ret = strtoull(p, &p, 10);
	return true;
}

static bool ticks(u32 tid, u32 field, u64 *ret)
{
	bool ok = stat_field(tid, field, ret);

	*ret *= 1000000000ull / (u64)sysconf(_SC_CLK_TCK);
	return ok;
}

static bool of_task(enum value v, u32 tid, u64 *ret)
{
	switch (v) {
	case VALUE_TID: *ret = tid; return true;
	case VALUE_TGID: return status_number(tid, "Tgid", 0, ret);
	case VALUE_TASK_FLAGS: return stat_field(tid, 9, ret);
	case VALUE_MIN_FLT: return stat_field(tid, 10, ret);
	case VALUE_MAJ_FLT: return stat_field(tid, 12, ret);
	case VALUE_UTIME: return ticks(tid, 14, ret);
	case VALUE_STIME: return ticks(tid, 15, ret);
	case VALUE_PRIO: if (!stat_field(tid, 18, ret)) return false; *ret += 100; return true;
	case VALUE_STATIC_PRIO: if (!stat_field(tid, 19, ret)) return false; *ret += 120; return true;
	case VALUE_START_TIME: return ticks(tid, 22, ret);
	case VALUE_EXIT_SIGNAL: return stat_field(tid, 38, ret);
	case VALUE_POLICY: return stat_field(tid, 41, ret);
	case VALUE_EXIT_CODE: return stat_field(tid, 52, ret);
	case VALUE_PARENT:
		if (!status_number(tid, "PPid", 0, ret)) return false;
		*ret = handle_of(HANDLE_TASK, *ret); return true;
	case VALUE_LEADER:
		if (!status_number(tid, "Tgid", 0, ret)) return false;
		*ret = handle_of(HANDLE_TASK, *ret); return true;
	case VALUE_CRED_OF: *ret = handle_of(HANDLE_CRED, tid); return true;
	case VALUE_MM_OF: *ret = handle_of(HANDLE_MM, tid); return true;
	case VALUE_UID: return status_number(tid, "Uid", 0, ret);
	case VALUE_EUID: return status_number(tid, "Uid", 1, ret);
	case VALUE_SUID: return status_number(tid, "Uid", 2, ret);
	case VALUE_FSUID: return status_number(tid, "Uid", 3, ret);
	case VALUE_GID: return status_number(tid, "Gid", 0, ret);
	case VALUE_EGID: return status_number(tid, "Gid", 1, ret);
	case VALUE_SGID: return status_number(tid, "Gid", 2, ret);
	case VALUE_FSGID: return status_number(tid, "Gid", 3, ret);
	case VALUE_START_CODE: return stat_field(tid, 26, ret);
	case VALUE_END_CODE: return stat_field(tid, 27, ret);
	case VALUE_START_STACK: return stat_field(tid, 28, ret);
	case VALUE_START_DATA: return stat_field(tid, 45, ret);
	case VALUE_END_DATA: return stat_field(tid, 46, ret);
	case VALUE_START_BRK: return stat_field(tid, 47, ret);
	case VALUE_ARG_START: return stat_field(tid, 48, ret);
	case VALUE_ARG_END: return stat_field(tid, 49, ret);
	case VALUE_ENV_START: return stat_field(tid, 50, ret);
	case VALUE_ENV_END: return stat_field(tid, 51, ret);
	default: return false;
	}
}

/* ---- files, sockets, areas, cgroups ---- */
/* The last component of a file's path, at most what a dentry holds in itself. */
static bool file_name(u64 file, char name[40])
{
	char path[4096];
	s64 n = file_path(file, path, sizeof(path));
	const char *at = n > 0 ? strrchr(path, '/') : NULL;

	if (!at)
		return false;
	snprintf(name, 40, "%s", at[1] ? at + 1 : "/");
	return true;
}

/* Where a dentry holds a short name, with the types in use. */
static u32 name_offset(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].value == VALUE_NAME && places[i].size)
			return places[i].off;
	return 0;
}

static bool of_file(enum value v, u64 ptr, u64 *ret)
{
	u64 addr = handle_is(ptr, HANDLE_DENTRY) ? handle_of(HANDLE_FILE, handle_id(ptr)) : ptr;
	int fd = file_fd(addr);
	char name[40];
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return false;
	switch (v) {
	case VALUE_INODE_OF: *ret = file_inode(addr); return true;
	case VALUE_FILE_FLAGS: *ret = file_flags(addr); return true;
	case VALUE_FILE_MODE: *ret = ((file_flags(addr) & O_ACCMODE) + 1) & O_ACCMODE; return true; /* FMODE_READ, FMODE_WRITE */
	case VALUE_DENTRY_OF: *ret = handle_of(HANDLE_DENTRY, handle_id(addr)); return true;
	case VALUE_DENTRY_INODE: *ret = file_inode(addr); return true;
	case VALUE_NAME_LEN: *ret = file_name(addr, name) ? strlen(name) : 0; return true;
	case VALUE_NAME_OF: *ret = handle_of(HANDLE_DENTRY, handle_id(addr)) + name_offset(); return true;
	case VALUE_INO: *ret = st.st_ino; return true;
	case VALUE_MODE: *ret = st.st_mode; return true;
	case VALUE_INODE_UID: *ret = st.st_uid; return true;
	case VALUE_INODE_GID: *ret = st.st_gid; return true;
	case VALUE_INODE_SIZE: *ret = (u64)st.st_size; return true;
	case VALUE_NLINK: *ret = st.st_nlink; return true;
	default: return false;
	}
}

/* 16 bytes at most. */
static bool of_sock(enum value v, u64 addr, u64 ret[2])
{
	const struct sk *sk = sk_of(addr, 0);

	if (!sk)
		return false;
	switch (v) {
	case VALUE_SK_FAMILY: *ret = sk->s.family; return true;
	case VALUE_SK_STATE: *ret = sk->s.state; return true;
	case VALUE_SK_NUM: *ret = sk->s.src_port; return true;
	case VALUE_SK_DPORT: *ret = sk->s.dst_port; return true;
	case VALUE_SK_DADDR: *ret = sk->s.dst_ip4; return true;
	case VALUE_SK_SADDR: *ret = sk->s.src_ip4; return true;
	case VALUE_SK_DADDR6: memcpy(ret, sk->s.dst_ip6, 16); return true;
	case VALUE_SK_SADDR6: memcpy(ret, sk->s.src_ip6, 16); return true;
	case VALUE_SK_DEV: *ret = sk->s.bound_dev_if; return true;
	case VALUE_SK_PROTOCOL: *ret = sk->s.protocol; return true;
	case VALUE_SK_TYPE: *ret = sk->s.type; return true;
	case VALUE_SK_MARK: *ret = sk->s.mark; return true;
	case VALUE_SK_PRIORITY: *ret = sk->s.priority; return true;
	default: return false;
	}
}

static bool of_other(enum value v, u64 addr, u64 *ret)
{
	char path[CGROUP_PATH_MAX];
	struct vma a;

	switch (v) {
	case VALUE_VM_START: case VALUE_VM_END: case VALUE_VM_PGOFF: case VALUE_VM_FLAGS:
		if (!vma_by_handle(addr, &a))
			return false;
		*ret = v == VALUE_VM_START ? a.start : v == VALUE_VM_END ? a.end : v == VALUE_VM_PGOFF ? a.pgoff : a.flags;
		return true;
	case VALUE_KN_OF: *ret = handle_of(HANDLE_KN, handle_id(addr)); return true;
	case VALUE_CGROUP_ID: *ret = handle_id(addr); return true;
	case VALUE_CGROUP_LEVEL:
		if (!cgroup_by_id(handle_id(addr), path, sizeof(path)))
			return false;
		*ret = cgroup_level(path);
		return true;
	default: return false;
	}
}

static bool value_of(const struct row *r, u64 addr, u8 buf[64])
{
	u32 id = handle_id(addr);
	u64 v[2] = { 0, 0 };
	bool ok;

	if (r->value == VALUE_COMM) {
		if (text_of((char *)buf, 17, "/proc/%u/comm", id) <= 0)
			return false;
		buf[strcspn((char *)buf, "\n")] = '\0';
		return true;
	}
	if (r->value == VALUE_NAME)
		return file_name(handle_of(HANDLE_FILE, id), (char *)buf);
	if (r->value <= VALUE_ENV_END)
		ok = of_task((enum value)r->value, id, v);
	else if (r->value <= VALUE_NLINK)
		ok = of_file((enum value)r->value, addr, v);
	else if (r->value <= VALUE_SK_PRIORITY)
		ok = of_sock((enum value)r->value, addr, v);
	else
		ok = of_other((enum value)r->value, addr, v);
	memcpy(buf, v, sizeof(v));
	return ok;
}

int kernel_object_read(void *dst, u64 addr, u32 size)
{
	u32 off = (u32)(addr & ((1u << HANDLE_SHIFT) - 1));
	u8 buf[64] = { 0 };

	if (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) != 2)
		return -EFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct place *p = &places[i];
		if (!handle_is(addr, rows[i].object) || off < p->off || off >= p->off + p->size || size > p->off + p->size - off)
			continue;
		if (!value_of(&rows[i], addr, buf))
			return -EFAULT;
		memcpy(dst, buf + (off - p->off), size);
		return 0;
	}
	return -EFAULT;
}
