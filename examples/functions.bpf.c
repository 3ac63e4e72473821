/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions. A static function is verified at every call with what its caller knows; a global one (not static) once and by
 * itself, for any arguments its signature allows: cheaper for big programs, but it must check its own pointers.
 * Both are real calls with a frame of their own; the stacks of all frames together may use 512 bytes.
 */
#include "net.h"

struct point {
	__s32 x, y;
};

struct shape {
	struct point corner[4];
	__u32 corners;
};

/* Global: the verifier assumes nothing about `n`. */
__attribute__((noinline)) __u64 mix(__u64 n)
{
	n ^= n >> 33;
	n *= 0xff51afd7ed558ccdULL;
	n ^= n >> 33;
	return n;
}

/* Global with a pointer: it may be NULL as far as the verifier knows, and points to one struct shape. */
__attribute__((noinline)) int perimeter(const struct shape *s)
{
	int sum = 0;

	if (!s)
		return -1;
	for (__u32 i = 0; i < 4; i++) {
		const struct point *p = &s->corner[i], *q = &s->corner[(i + 1) & 3];
		int dx = p->x - q->x, dy = p->y - q->y;

		if (i >= s->corners)
			break;
		sum += (dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy);
	}
	return sum;
}

/* Static, not inlined: four frames deep. Each returns to the one above. */
static __attribute__((noinline)) int depth4(int x)
{
	volatile int local = x;

	return local + 4;
}

static __attribute__((noinline)) int depth3(int x)
{
	volatile int local = x;

	return depth4(local) * 3;
}

static __attribute__((noinline)) int depth2(int x)
{
	volatile int local = x;

	return depth3(local) - 2;
}

/* A pointer into the caller's stack is fine: its bounds travel with it. */
static __attribute__((noinline)) void fill(struct shape *s, int size)
{
	s->corners = 4;
	s->corner[0].x = 0;
	s->corner[0].y = 0;
	s->corner[1].x = size;
	s->corner[1].y = 0;
	s->corner[2].x = size;
	s->corner[2].y = size;
	s->corner[3].x = 0;
	s->corner[3].y = size;
}

/* Recursion is impossible; a context may be passed on. */
__attribute__((noinline)) int packet_length(struct xdp_md *ctx)
{
	return (int)(ctx->data_end - ctx->data);
}

__u64 mixed;
int length, around, deep;

SEC("xdp")
int calls(struct xdp_md *ctx)
{
	struct shape s;

	length = packet_length(ctx);
	mixed = mix((__u64)length);
	fill(&s, length);
	around = perimeter(&s);
	deep = depth2(length);
	return around == 4 * length ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
