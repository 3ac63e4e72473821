/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs on sockets in maps, on real data: redirected, dropped, passed; a socket has one program of a kind. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "skep/skep.h"
#include "unit/test.h"

#define INS(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

static struct skep *sub;

static int bpf(int cmd, union bpf_attr *a)
{
	return skep_bpf_in(sub, cmd, a, sizeof(*a));
}

static int make_map(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 8, .max_entries = 8 };

	return bpf(BPF_MAP_CREATE, &a);
}

static int put(int map, u32 key, int fd, u64 flags)
{
	u64 value = (u64)(u32)fd;
	union bpf_attr a = { .map_fd = (u32)map, .key = (u64)(uintptr_t)&key, .value = (u64)(uintptr_t)&value, .flags = flags };

	return bpf(BPF_MAP_UPDATE_ELEM, &a);
}

static int take(int map, u32 key)
{
	union bpf_attr a = { .map_fd = (u32)map, .key = (u64)(uintptr_t)&key };

	return bpf(BPF_MAP_DELETE_ELEM, &a);
}

static int load(const struct bpf_insn *in, u32 n)
{
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_SK_SKB, .insns = (u64)(uintptr_t)in, .insn_cnt = n,
			     .license = (u64)(uintptr_t)"GPL" };

	return bpf(BPF_PROG_LOAD, &a);
}

static int attach(int prog, int map, u32 type)
{
	union bpf_attr a = { .target_fd = (u32)map, .attach_bpf_fd = (u32)prog, .attach_type = type };

	return bpf(BPF_PROG_ATTACH, &a);
}

/* The first byte says what to do: 'r' to socket 1 of the map, 'd' drop, else pass. */
static int verdict(int map)
{
	const struct bpf_insn in[] = {
		INS(0x61, 2, 1, 76, 0), INS(0x61, 3, 1, 80, 0),          /* data, data_end */
		INS(0xbf, 4, 2, 0, 0), INS(0x07, 4, 0, 0, 1),
		INS(0xb7, 0, 0, 0, 1), INS(0x2d, 4, 3, 9, 0),            /* nothing: pass */
		INS(0x71, 5, 2, 0, 0), INS(0x15, 5, 0, 2, 'r'),
		INS(0x55, 5, 0, 6, 'd'), INS(0x05, 0, 0, 6, 0),
		INS(0x18, 2, 1, 0, map), INS(0, 0, 0, 0, 0),
		INS(0xb7, 3, 0, 0, 1), INS(0xb7, 4, 0, 0, 0), INS(0x85, 0, 0, 0, 52),
		INS(0x95, 0, 0, 0, 0),
		INS(0xb7, 0, 0, 0, 0), INS(0x95, 0, 0, 0, 0),
	};

	return load(in, ARRAY_SIZE(in));
}

static void connection(int *client, int *server)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof(a);

	CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
	listen(l, 1);
	getsockname(l, (struct sockaddr *)&a, &n);
	*client = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(*client, (struct sockaddr *)&a, sizeof(a)), 0);
	*server = accept(l, NULL, NULL);
	close(l);
}

/* What arrives within a while, "" for nothing. */
static const char *arrives(int fd, int ms)
{
	static char buf[64];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, ms) > 0 ? recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT) : 0;

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

TEST(redirect_drop_pass)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1 };
	int a, a2, b, b2, map, other, prog;

	CHECK_EQ(skep_new(&o, &sub), 0);
	map = make_map();
	other = make_map();
	prog = verdict(map);
	CHECK(map >= 0 && prog >= 0);
	CHECK_EQ(attach(prog, map, BPF_SK_SKB_STREAM_VERDICT), 0);
	CHECK_EQ(attach(prog, other, BPF_SK_SKB_STREAM_VERDICT), 0);
	connection(&a, &a2);
	connection(&b, &b2);
	CHECK_EQ(put(map, 0, a2, 0), 0);
	CHECK_EQ(put(map, 1, b2, 0), 0);
	CHECK_EQ(put(other, 0, a2, 0), -EBUSY); /* its data is judged already */
	CHECK_EQ(send(a, "relayed", 7, 0), 7);
	CHECK(!strcmp(arrives(b, 5000), "relayed"));
	CHECK_EQ(send(a, "dropped", 7, 0), 7);
	CHECK(!strcmp(arrives(b, 50), ""));
	CHECK(!strcmp(arrives(a2, 50), ""));
	CHECK_EQ(send(a, "mine", 4, 0), 4);
	CHECK(!strcmp(arrives(a2, 5000), "mine"));
	CHECK_EQ(send(a, "rest", 4, 0), 4);
	CHECK(!strcmp(arrives(b, 5000), "rest"));
	/* out of the map it is judged no more, and may join another */
	CHECK_EQ(take(map, 0), 0);
	CHECK_EQ(send(a, "read", 4, 0), 4);
	CHECK(!strcmp(arrives(a2, 5000), "read"));
	CHECK_EQ(put(other, 0, a2, BPF_NOEXIST), 0);
	close(a), close(a2), close(b), close(b2);
	close(prog), close(map), close(other);
	skep_free(sub);
}
