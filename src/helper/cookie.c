/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYN cookies without a socket: a connection attempt's state in the sequence number of its answer.
 *
 * Linux's scheme: a keyed hash of addresses and ports, the other side's number, the minute in the upper 8 bits, and below them
 * another hash plus the number of the segment size. The secret is this process's own, as Linux's is the booted kernel's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/siphash.h"
#include "helper/ret.h"
#include "map/os.h"
#include "spec/helper_abi.h"
#include "vm/abi.h"

#define COUNT_SHIFT 24
#define DATA_MASK 0xffffffu
#define MAX_MINUTES 2u
#define DEFAULT_MSS 536u
#define TCP_HDR 20u

static const u16 mss_v4[4] = { 536, 1300, 1440, 1460 };
static const u16 mss_v6[4] = { 1280 - 60, 1480 - 60, 1500 - 60, 9000 - 60 };

/* What a cookie speaks of, in the order it is hashed. */
struct flow { u8 addr[32]; u16 source, dest; u32 count; };

static u32 hash(struct flow f, u32 count, u32 which)
{
	static u64 key[2][2];
	static u32 ready; /* 1: being made, 2: made */
	u32 none = 0;

	if (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) != 2) {
		if (__atomic_compare_exchange_n(&ready, &none, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			while (getrandom(key, sizeof(key), 0) != sizeof(key))
				;
			__atomic_store_n(&ready, 2, __ATOMIC_RELEASE);
		}
		while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) != 2)
			os_relax();
	}
	f.count = count;
	return (u32)siphash(key[which], &f, sizeof(f) / 8);
}

static u32 minute(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (u32)(t.tv_sec / 60);
}

/* ---- headers ---- */
static struct flow flow_of(const u8 *ip, bool v6, const u8 *th)
{
	struct flow f;

	memset(&f, 0, sizeof(f));
	memcpy(f.addr, ip + (v6 ? 8 : 12), v6 ? 32 : 8);
	memcpy(&f.source, th, 2);
	memcpy(&f.dest, th + 2, 2);
	return f;
}

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* The largest segment the other side says it takes. */
static u32 mss_option(const u8 *th, u32 len)
{
	u32 at = TCP_HDR;

	while (at < len && th[at] != 0) {
		u32 n = th[at] == 1 ? 1 : at + 1 < len ? th[at + 1] : 0;
		if (!n || (n < 2 && th[at] != 1) || at + n > len)
			break;
		if (th[at] == 2 && n == 4 && (th[at + 2] || th[at + 3]))
			return (u32)th[at + 2] << 8 | th[at + 3];
		at += n;
	}
	return DEFAULT_MSS;
}

static u64 generate(const u8 *ip, bool v6, const u8 *th, u64 th_len)
{
	const u16 *table = v6 ? mss_v6 : mss_v4;
	struct flow f;
	u32 mss, i = 3, count = minute(), cookie;

	if (th_len < TCP_HDR || th_len != (u64)(th[12] >> 4) * 4)
		return RET_INT_(-EINVAL);
	f = flow_of(ip, v6, th);
	mss = mss_option(th, (u32)th_len);
	while (i && mss < table[i])
		i--;
	cookie = hash(f, 0, 0) + be32(th + 4) + (count << COUNT_SHIFT) + ((hash(f, count, 1) + i) & DATA_MASK);
	return cookie | (u64)table[i] << 32;
}

static u64 check(const u8 *ip, bool v6, const u8 *th)
{
	struct flow f = flow_of(ip, v6, th);
	u32 cookie = be32(th + 8) - 1, count = minute(), age;

	cookie -= hash(f, 0, 0) + be32(th + 4) - 1;
	age = (count - (cookie >> COUNT_SHIFT)) & 0xff;
	if (age >= MAX_MINUTES || ((cookie - hash(f, count - age, 1)) & DATA_MASK) >= ARRAY_SIZE(mss_v4))
		return RET_INT_(-EACCES);
	return 0;
}

u64 helper_tcp_raw_gen_syncookie_ipv4(const void *iph, const void *th, u64 th_len, struct run *run)
{
	(void)run;
	return generate(iph, false, th, th_len);
}

u64 helper_tcp_raw_gen_syncookie_ipv6(const void *iph, const void *th, u64 th_len, struct run *run)
{
	(void)run;
	return generate(iph, true, th, th_len);
}

u64 helper_tcp_raw_check_syncookie_ipv4(const void *iph, const void *th, struct run *run)
{
	(void)run;
	return check(iph, false, th);
}

u64 helper_tcp_raw_check_syncookie_ipv6(const void *iph, const void *th, struct run *run)
{
	(void)run;
	return check(iph, true, th);
}
