/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies of helpers on real things: sockets of this process, files, memory areas, cgroups, what is judged in an event. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sha256.h"
#include "helper/cgroup.h"
#include "helper/file.h"
#include "helper/handle.h"
#include "helper/kfunc.h"
#include "helper/object.h"
#include "helper/owner.h"
#include "helper/run_env.h"
#include "helper/sk.h"
#include "helper/vma.h"
#include "spec/helper_abi.h"
#include "unit/test.h"

static struct run_env env;
static struct run run;

static struct run *fresh(void)
{
	memset(&env, 0, sizeof(env));
	memset(&run, 0, offsetof(struct run, stack));
	run.env = &env;
	run.ctx = &run;
	return &run;
}

static struct sk *known(int fd)
{
	struct sk_facts f;

	CHECK_EQ(sk_ask(fd, &f), 0);
	CHECK_EQ(sk_note(&f, (u32)getpid(), fd), 0);
	return sk_get(f.cookie);
}

TEST(socket_options)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), v = 1, got = 0;
	socklen_t n = sizeof(got);
	struct run *r = fresh();

	CHECK_EQ((s64)helper_setsockopt(r->ctx, IPPROTO_TCP, TCP_NODELAY, &v, 4, r), -EINVAL); /* no socket */
	env.sk = known(fd);
	CHECK_EQ(helper_setsockopt(r->ctx, IPPROTO_TCP, TCP_NODELAY, &v, 4, r), 0);
	getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &got, &n);
	CHECK_EQ(got, 1);
	got = 0;
	CHECK_EQ(helper_getsockopt(env.sk, IPPROTO_TCP, TCP_NODELAY, &got, 4, r), 0);
	CHECK_EQ(got, 1);
	CHECK_EQ((s64)helper_setsockopt(r->ctx, SOL_SOCKET, SO_LINGER, &v, 4, r), -EINVAL);
	CHECK_EQ((s64)helper_setsockopt(r->ctx, IPPROTO_TCP, TCP_NODELAY, &v, 2, r), -EINVAL);
	got = 5;
	CHECK_EQ((s64)helper_getsockopt(r->ctx, SOL_SOCKET, SO_LINGER, &got, 4, r), -EINVAL);
	CHECK_EQ(got, 0);
	close(fd);
	CHECK_EQ((s64)helper_setsockopt(r->ctx, IPPROTO_TCP, TCP_NODELAY, &v, 4, r), -EINVAL);
	object_put(env.sk);
}

TEST(bind_before_connect)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, got;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof(got);
	struct run *r = fresh();

	env.sk = known(fd);
	CHECK_EQ((s64)helper_bind(r->ctx, &a, 8, r), -EINVAL);
	a.sin_family = AF_UNIX;
	CHECK_EQ((s64)helper_bind(r->ctx, &a, sizeof(a), r), -EAFNOSUPPORT);
	a.sin_family = AF_INET;
	CHECK_EQ(helper_bind(r->ctx, &a, sizeof(a), r), 0);
	getsockname(fd, (struct sockaddr *)&got, &n);
	CHECK_EQ(got.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	object_put(env.sk);
	close(fd);
}

/* A connection: what the kernel says of it, its TCP side, its cookie; the pointer that stands for it. */
TEST(connection)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), s;
	socklen_t n = sizeof(a);
	struct bpf_sock_tuple t;
	struct sk *sk, *found;
	u64 cookie, h;

	CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
	listen(l, 1);
	getsockname(l, (struct sockaddr *)&a, &n);
	CHECK_EQ(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
	s = accept(l, NULL, NULL);
	sk = known(c);
	CHECK_EQ(sk->s.state, BPF_TCP_ESTABLISHED);
	CHECK_EQ(sk->s.dst_port, a.sin_port);
	CHECK(sk_tcp(sk) && sk->tcp.snd_cwnd > 0 && sk->tcp.mss_cache > 0);
	h = sk_handle(sk);
	CHECK(handle_is(h, HANDLE_SOCK) && sk_of(h, 0) == sk);
	/* by address: a packet from the listener's side reaches the client */
	memset(&t, 0, sizeof(t));
	t.ipv4.saddr = t.ipv4.daddr = htonl(INADDR_LOOPBACK);
	t.ipv4.sport = a.sin_port;
	t.ipv4.dport = htons((u16)sk->s.src_port);
	found = sk_find(IPPROTO_TCP, &t, sizeof(t.ipv4));
	CHECK(found && found->cookie == sk->cookie && found->tcp_known);
	cookie = sk->cookie;
	CHECK(sk_is_open(cookie));
	object_put(found);
	close(c);
	CHECK(!sk_is_open(cookie));
	CHECK(!sk_get(cookie));
	object_put(sk);
	close(s);
	close(l);
}

TEST(files)
{
	char path[64] = "/tmp/skep-real-XXXXXX", link[64], got[80];
	int fd = mkstemp(path);
	struct map_owner a, b;
	struct run *r = fresh();
	u8 sum[32], want[32];
	u64 file;

	CHECK_EQ(write(fd, "abc", 3), 3);
	file = file_new(open(path, O_PATH));
	CHECK(handle_is(file, HANDLE_FILE));
	CHECK_EQ(helper_d_path((void *)(uintptr_t)(file + 64), got, sizeof(got), r), strlen(path) + 1);
	CHECK(!strcmp(got, path));
	CHECK_EQ((s64)helper_d_path((void *)(uintptr_t)file, got, 5, r), -ENAMETOOLONG);
	sha256("abc", 3, want);
	CHECK_EQ(helper_ima_file_hash((void *)(uintptr_t)file, sum, sizeof(sum), r), 4);
	CHECK(!memcmp(sum, want, sizeof(sum)));
	CHECK_EQ(helper_ima_inode_hash((void *)(uintptr_t)file_inode(file), sum, 8, r), 4);
	/* the same file by another descriptor and by its inode; another file is another */
	CHECK(file_owner(file_inode(file), &a) && !owner_by_fd(MAP_NAMES_FILE, fd, &b) && !memcmp(&a, &b, sizeof(a)));
	snprintf(link, sizeof(link), "%s-2", path);
	close(open(link, O_CREAT | O_WRONLY, 0600));
	file_put(file);
	CHECK(!file_owner(file, &a));
	CHECK_EQ((s64)helper_d_path((void *)(uintptr_t)file, got, sizeof(got), r), -EINVAL);
	CHECK_EQ(helper_sock_from_file((void *)(uintptr_t)file, r), 0);
	unlink(link);
	unlink(path);
	close(fd);
}

TEST(tasks_and_areas)
{
	struct map_owner a, b;
	struct vma v, w;
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	CHECK(owner_task((u32)getpid(), &a));
	CHECK(fd < 0 || (!owner_by_fd(MAP_NAMES_TASK, fd, &b) && !memcmp(&a, &b, sizeof(a))));
	CHECK_EQ(owner_by_fd(MAP_NAMES_TASK, 0, &b), -EBADF);
	CHECK(!owner_task(0x3fffff, &b));
	CHECK(!owner_ended(MAP_NAMES_TASK, &a));
	a.word[1]++;
	CHECK(owner_ended(MAP_NAMES_TASK, &a));
	CHECK_EQ(vma_find((u32)getpid(), (u64)(uintptr_t)&v, &v), 0);
	CHECK(v.start <= (u64)(uintptr_t)&v && v.end > (u64)(uintptr_t)&v && (v.flags & 3) == 3);
	CHECK(vma_by_handle(vma_handle(&v), &w) && w.start == v.start);
	CHECK(!vma_by_handle(HANDLE_VMA, &w));
	close(fd);
}

TEST(cgroups)
{
	char path[CGROUP_PATH_MAX], again[CGROUP_PATH_MAX];
	u64 id;

	if (!cgroup_of_task((u32)getpid(), path, sizeof(path)) || !(id = cgroup_id_of(path)))
		return; /* no unified hierarchy here */
	CHECK(cgroup_by_id(id, again, sizeof(again)) && !strcmp(path, again));
	CHECK(cgroup_below(path, id) && cgroup_below(path, cgroup_id_of("/")));
	CHECK(!cgroup_below("/", id) || !strcmp(path, "/"));
	CHECK(!cgroup_by_id(~0ull, again, sizeof(again)));
	CHECK_EQ(cgroup_level("/"), 0);
	CHECK_EQ(cgroup_level("/a/b"), 2);
}

TEST(sysctl)
{
	char value[8] = "12";
	struct run_sysctl s = { .name = "net/ipv4/tcp_mem", .current = "7", .current_len = 1, .new_value = value, .new_len = 2,
				.new_room = sizeof(value) };
	char buf[16];
	struct run *r = fresh();

	CHECK_EQ((s64)helper_sysctl_get_name(NULL, buf, sizeof(buf), 0, r), -EINVAL);
	env.sysctl = &s;
	CHECK_EQ((s64)helper_sysctl_get_name(NULL, buf, sizeof(buf), 0, r), -E2BIG);
	CHECK(!strcmp(buf, "net/ipv4/tcp_me"));
	CHECK_EQ(helper_sysctl_get_name(NULL, buf, sizeof(buf), 1, r), 7);
	CHECK(!strcmp(buf, "tcp_mem"));
	CHECK_EQ(helper_sysctl_get_current_value(NULL, buf, sizeof(buf), r), 1);
	CHECK_EQ(helper_sysctl_get_new_value(NULL, buf, sizeof(buf), r), 2);
	CHECK_EQ((s64)helper_sysctl_set_new_value(NULL, "123456789", 9, r), -E2BIG);
	CHECK_EQ(helper_sysctl_set_new_value(NULL, "99", 2, r), 0);
	CHECK(s.changed && !memcmp(value, "99", 2));
}

TEST(messages)
{
	u8 buf[32] = "0123456789";
	struct sk_msg_md md = { .data = NULL };
	struct run_msg m = { .buf = buf, .len = 10, .room = sizeof(buf), .md = &md };
	struct run *r = fresh();

	CHECK_EQ((s64)helper_msg_pull_data(NULL, 0, 4, 0, r), -EINVAL);
	env.msg = &m;
	CHECK_EQ(helper_msg_pull_data(NULL, 2, 6, 0, r), 0);
	CHECK(md.data == buf + 2 && md.data_end == buf + 6);
	CHECK_EQ((s64)helper_msg_pull_data(NULL, 2, 11, 0, r), -EINVAL);
	CHECK_EQ((s64)helper_msg_pull_data(NULL, 2, 2, 0, r), -EINVAL);
	CHECK_EQ(helper_msg_push_data(NULL, 2, 3, 0, r), 0);
	CHECK(m.len == 13 && !memcmp(buf, "01\0\0\0" "23456789", 13));
	CHECK_EQ((s64)helper_msg_push_data(NULL, 14, 1, 0, r), -EINVAL);
	CHECK_EQ((s64)helper_msg_push_data(NULL, 0, 100, 0, r), -ENOMEM);
	CHECK_EQ(helper_msg_pop_data(NULL, 1, 5, 0, r), 0);
	CHECK(m.len == 8 && !memcmp(buf, "03456789", 8));
	CHECK_EQ((s64)helper_msg_pop_data(NULL, 7, 2, 0, r), -EINVAL);
	CHECK_EQ((s64)helper_msg_pop_data(NULL, 0, 1, 1, r), -EINVAL);
}

/* Open-coded iterators find this process, its areas and its cgroup. */
TEST(iterators)
{
	u64 it[4] = { 0 }, p, self = handle_of(HANDLE_TASK, (u32)getpid());
	char path[CGROUP_PATH_MAX];
	struct run *r = fresh();
	bool found = false;
	struct vma v;
	u32 n = 0;

	CHECK_EQ((s64)kfunc_bpf_iter_task_new((u64)(uintptr_t)it, 0, 2, 0, 0, r), -EINVAL);
	CHECK_EQ(kfunc_bpf_iter_task_next((u64)(uintptr_t)it, 0, 0, 0, 0, r), 0);
	CHECK_EQ(kfunc_bpf_iter_task_new((u64)(uintptr_t)it, 0, 0, 0, 0, r), 0);
	while ((p = kfunc_bpf_iter_task_next((u64)(uintptr_t)it, 0, 0, 0, 0, r)))
		found |= p == self;
	CHECK(found);
	kfunc_bpf_iter_task_destroy((u64)(uintptr_t)it, 0, 0, 0, 0, r);
	CHECK_EQ(kfunc_bpf_iter_task_new((u64)(uintptr_t)it, self, 2, 0, 0, r), 0);
	CHECK_EQ(kfunc_bpf_iter_task_next((u64)(uintptr_t)it, 0, 0, 0, 0, r), self);
	CHECK_EQ(kfunc_bpf_iter_task_next((u64)(uintptr_t)it, 0, 0, 0, 0, r), 0);
	CHECK_EQ((s64)kfunc_bpf_iter_task_vma_new((u64)(uintptr_t)it, 0, 0, 0, 0, r), -EINVAL);
	CHECK_EQ(kfunc_bpf_iter_task_vma_new((u64)(uintptr_t)it, self, (u64)(uintptr_t)&v, 0, 0, r), 0);
	p = kfunc_bpf_iter_task_vma_next((u64)(uintptr_t)it, 0, 0, 0, 0, r);
	CHECK(vma_by_handle(p, &v) && v.start <= (u64)(uintptr_t)&v && v.end > (u64)(uintptr_t)&v);
	CHECK_EQ(kfunc_bpf_iter_task_vma_new((u64)(uintptr_t)it, self, 0, 0, 0, r), 0);
	while (kfunc_bpf_iter_task_vma_next((u64)(uintptr_t)it, 0, 0, 0, 0, r))
		n++;
	CHECK(n > 5);
	if (!cgroup_of_task((u32)getpid(), path, sizeof(path)) || !(p = cgroup_id_of(path)))
		return;
	p = handle_of(HANDLE_CGROUP, p);
	CHECK_EQ((s64)kfunc_bpf_iter_css_new((u64)(uintptr_t)it, p, 1, 0, 0, r), -EINVAL);
	CHECK_EQ(kfunc_bpf_iter_css_new((u64)(uintptr_t)it, p, 2, 0, 0, r), 0);
	CHECK_EQ(kfunc_bpf_iter_css_next((u64)(uintptr_t)it, 0, 0, 0, 0, r), p);
	CHECK_EQ(kfunc_bpf_iter_css_new((u64)(uintptr_t)it, p, 4, 0, 0, r), 0);
	for (n = 0; kfunc_bpf_iter_css_next((u64)(uintptr_t)it, 0, 0, 0, 0, r); n++)
		;
	CHECK_EQ(n, cgroup_level(path) + 1);
	CHECK_EQ(kfunc_bpf_iter_css_new((u64)(uintptr_t)it, handle_of(HANDLE_CGROUP, cgroup_id_of("/")), 3, 0, 0, r), 0);
	for (n = 0, found = false; (it[3] = kfunc_bpf_iter_css_next((u64)(uintptr_t)it, 0, 0, 0, 0, r)); n++)
		found |= it[3] == p;
	CHECK(found);
	CHECK_EQ(kfunc_bpf_iter_css_task_new((u64)(uintptr_t)it, p, 1, 0, 0, r), 0);
	for (found = false; (it[3] = kfunc_bpf_iter_css_task_next((u64)(uintptr_t)it, 0, 0, 0, 0, r));)
		found |= it[3] == self;
	CHECK(found);
}

/* The verifier, as Linux's, lets a constant NULL through where memory is wanted. */
TEST(a_cipher_whose_error_nobody_wants)
{
	char params[512] = "skcipher";
	int err = 0;

	CHECK_EQ(kfunc_bpf_crypto_ctx_create((u64)(uintptr_t)params, 16, 0, 0, 0, NULL), 0);
	CHECK_EQ(kfunc_bpf_crypto_ctx_create(0, 16, (u64)(uintptr_t)&err, 0, 0, NULL), 0);
	CHECK_EQ(err, -EINVAL);
	CHECK_EQ(kfunc_bpf_crypto_ctx_create(0, 0, 0, 0, 0, NULL), 0);
}
