/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Programs that decide about calls of processes in a box; decide.c attaches those that it is told to. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define EPERM 1
#define EACCES 13
#define AF_INET 2

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct qstr { const unsigned char *name; };
struct dentry { struct qstr d_name; };
struct path { struct dentry *dentry; };
struct inode { unsigned long i_ino; };
struct file { struct path f_path; struct inode *f_inode; unsigned int f_flags; };
struct linux_binprm { struct file *file; const char *filename; };
struct sock_common { unsigned short skc_family; };
struct sock { struct sock_common __sk_common; };
struct socket { short type; struct sock *sk; };
struct sockaddr { unsigned short sa_family; };
struct task_struct { int pid; char comm[16]; };
struct kernel_siginfo;
struct cred;
#pragma clang attribute pop

char LICENSE[] SEC("license") = "GPL";

int from_port, to_port, deny_port, calls, denied;
char name[64];    /* of a file that is refused */
char seen_name[64], seen_path[128], seen_comm[16];
unsigned seen_uid, seen_pid, seen_flags, seen_ino, seen_family, seen_type;
long seen_cookie, seen_cgroup;

static void note(void)
{
	__sync_fetch_and_add(&calls, 1);
	bpf_get_current_comm(seen_comm, sizeof(seen_comm));
	seen_uid = (unsigned)bpf_get_current_uid_gid();
	seen_pid = bpf_get_current_pid_tgid() >> 32;
}

static int address(struct bpf_sock_addr *ctx)
{
	note();
	seen_family = ctx->family;
	seen_type = ctx->type;
	seen_cookie = (long)bpf_get_socket_cookie(ctx);
	if (ctx->user_port == bpf_htons(deny_port)) {
		bpf_printk("port %d is refused", deny_port);
		__sync_fetch_and_add(&denied, 1);
		return 0;
	}
	if (ctx->user_port == bpf_htons(from_port))
		ctx->user_port = bpf_htons(to_port);
	return 1;
}

SEC("cgroup/connect4") int connect4(struct bpf_sock_addr *ctx) { return address(ctx); }
SEC("cgroup/connect6") int connect6(struct bpf_sock_addr *ctx) { return address(ctx); }
SEC("cgroup/bind4") int bind4(struct bpf_sock_addr *ctx) { return address(ctx); }
SEC("cgroup/sendmsg4") int sendmsg4(struct bpf_sock_addr *ctx) { return address(ctx); }

/* What is hidden by connect4 and sendmsg4 is hidden in names, too. */
static int back(struct bpf_sock_addr *ctx)
{
	note();
	if (ctx->user_port == bpf_htons(to_port))
		ctx->user_port = bpf_htons(from_port);
	return 1;
}

SEC("cgroup/recvmsg4") int recvmsg4(struct bpf_sock_addr *ctx) { return back(ctx); }
SEC("cgroup/getpeername4") int getpeername4(struct bpf_sock_addr *ctx) { return back(ctx); }

SEC("cgroup/sock_create") int sock_create(struct bpf_sock *ctx)
{
	note();
	seen_family = ctx->family;
	seen_type = ctx->type;
	return ctx->type != deny_port; /* a type of sockets here */
}

/* Loopback only, and not that port. */
SEC("cgroup/post_bind4") int post_bind4(struct bpf_sock *ctx)
{
	note();
	seen_family = ctx->family;
	seen_type = ctx->type;
	return ctx->src_ip4 == bpf_htonl(0x7f000001) && ctx->src_port != deny_port && ctx->src_port;
}

SEC("cgroup/post_bind6") int post_bind6(struct bpf_sock *ctx)
{
	note();
	return ctx->src_ip6[3] == bpf_htonl(1) && ctx->src_port != deny_port && ctx->src_port;
}

SEC("cgroup/sock_release") int sock_release(struct bpf_sock *ctx) { return ctx->family != 0; }
SEC("sockops") int sock_ops(struct bpf_sock_ops *ctx) { return ctx->op != 0; }
SEC("cgroup/sysctl") int sysctl(struct bpf_sysctl *ctx) { return !ctx->write; }

SEC("cgroup/setsockopt") int set_option(struct bpf_sockopt *ctx)
{
	int *value = ctx->optval;

	note();
	if (ctx->level != 1 || ctx->optname != 8 /* SO_RCVBUF */) {
		ctx->optlen = 0;
		return 1;
	}
	if ((void *)(value + 1) > ctx->optval_end || *value == 666)
		return 0;
	*value = 50000;
	return 1;
}

SEC("cgroup/getsockopt") int get_option(struct bpf_sockopt *ctx)
{
	int *value = ctx->optval;

	note();
	if (ctx->level != 1 || ctx->optname != 8 || (void *)(value + 1) > ctx->optval_end)
		return 1;
	*value = 4711;
	ctx->optlen = 4;
	return 1;
}

SEC("cgroup/dev") int device(struct bpf_cgroup_dev_ctx *ctx)
{
	note();
	return !(ctx->major == 1 && ctx->minor == 5); /* /dev/zero */
}

static int is_named(const char *is)
{
	for (int i = 0; i < 63; i++) {
		if (is[i] != name[i])
			return 0;
		if (!is[i])
			return 1;
	}
	return 0;
}

SEC("lsm/file_open") int BPF_PROG(file_open, struct file *file, int ret)
{
	char is[64] = "";

	note();
	bpf_probe_read_kernel_str(is, sizeof(is), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (!name[0] || !is_named(is))
		return 0;
	__builtin_memcpy(seen_name, is, sizeof(is));
	bpf_d_path(&file->f_path, seen_path, sizeof(seen_path));
	seen_flags = file->f_flags;
	seen_ino = file->f_inode->i_ino;
	__sync_fetch_and_add(&denied, 1);
	return -EPERM;
}

SEC("lsm/bprm_check_security") int BPF_PROG(bprm, struct linux_binprm *bprm, int ret)
{
	char is[64] = "";

	note();
	bpf_probe_read_kernel_str(is, sizeof(is), BPF_CORE_READ(bprm, file, f_path.dentry, d_name.name));
	bpf_probe_read_kernel_str(seen_path, sizeof(seen_path), BPF_CORE_READ(bprm, filename));
	if (!name[0] || !is_named(is))
		return 0;
	__sync_fetch_and_add(&denied, 1);
	return -EACCES;
}

SEC("lsm/socket_connect") int BPF_PROG(lsm_connect, struct socket *sock, struct sockaddr *address, int len, int ret)
{
	unsigned short port = 0;

	note();
	seen_type = sock->type;
	seen_family = address->sa_family;
	bpf_probe_read_kernel(&port, 2, (char *)address + 2);
	if (address->sa_family != AF_INET || port != bpf_htons(deny_port))
		return 0;
	__sync_fetch_and_add(&denied, 1);
	return -EACCES;
}

SEC("lsm/socket_create") int BPF_PROG(lsm_create, int family, int type, int protocol, int kern, int ret)
{
	note();
	return family == AF_INET && type == deny_port ? -EACCES : 0;
}

SEC("lsm/path_unlink") int BPF_PROG(unlink, struct path *dir, struct dentry *dentry, int ret)
{
	char is[64] = "";

	note();
	bpf_probe_read_kernel_str(is, sizeof(is), BPF_CORE_READ(dentry, d_name.name));
	return name[0] && is_named(is) ? -EPERM : 0;
}

SEC("lsm/inode_rename") int BPF_PROG(rename_, struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new, int ret)
{
	char is[64] = "";

	note();
	seen_ino = old_dir->i_ino;
	bpf_probe_read_kernel_str(is, sizeof(is), BPF_CORE_READ(new, d_name.name));
	return name[0] && is_named(is) ? -EPERM : 0;
}

SEC("lsm/bpf") int BPF_PROG(bpf, int cmd, union bpf_attr *attr, unsigned size, int ret)
{
	note();
	return cmd == BPF_MAP_CREATE ? -EPERM : 0;
}

SEC("lsm/task_kill") int BPF_PROG(task_kill, struct task_struct *p, struct kernel_siginfo *info, int sig, const struct cred *cred, int ret)
{
	note();
	__builtin_memcpy(seen_name, p->comm, 0);
	return sig == deny_port ? -EPERM : 0;
}

SEC("lsm/task_kill") int BPF_PROG(kill_name, struct task_struct *p, struct kernel_siginfo *info, int sig, const struct cred *cred, int ret)
{
	char comm[16] = "";

	note();
	bpf_probe_read_kernel(comm, sizeof(comm), p->comm);
	for (int i = 0; i < 16; i++) {
		if (comm[i] != name[i])
			return 0;
		if (!comm[i])
			return -EPERM;
	}
	return 0;
}

SEC("cgroup/skb") int skb(struct __sk_buff *ctx)
{
	bpf_printk("packet of %d bytes", ctx->len);
	return 1;
}
