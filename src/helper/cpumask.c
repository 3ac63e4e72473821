/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of CPUs. A set that is only read may be one of the kernel's (a task's, say), so it is read with care and is empty when
 * it cannot be.
 */
#include <errno.h>

#include "helper/kfunc.h"
#include "helper/object.h"
#include "map/map.h"

#define WORDS 128 /* 8,192 CPUs, Linux's largest */
struct mask { u64 w[WORDS]; };

/* Bits beyond the possible CPUs are never looked at. */
static struct mask get(u64 p)
{
	struct mask m;
	u32 n = map_possible_cpus();

	memset(&m, 0, sizeof(m));
	if (probe_read(&m, p, (u32)ROUND_UP(n, 64u) / 8))
		memset(&m, 0, sizeof(m));
	if (n % 64)
		m.w[n / 64] &= ((u64)1 << n % 64) - 1;
	return m;
}

static struct mask both(u64 a, u64 b)
{
	struct mask x = get(a), y = get(b);

	for (u32 i = 0; i < WORDS; i++)
		x.w[i] &= y.w[i];
	return x;
}

static bool empty(const struct mask *m)
{
	for (u32 i = 0; i < WORDS; i++)
		if (m->w[i])
			return false;
	return true;
}

/* The first member from `from` on, or the number of CPUs. */
static u32 next(const struct mask *m, u32 from)
{
	u32 n = map_possible_cpus();

	for (u32 cpu = from; cpu < n; cpu++)
		if (m->w[cpu / 64] >> cpu % 64 & 1)
			return cpu;
	return n;
}

static u32 distribute(const struct mask *m)
{
	static u32 last;
	u32 n = map_possible_cpus(), cpu = next(m, __atomic_load_n(&last, __ATOMIC_RELAXED) + 1);

	if (cpu >= n)
		cpu = next(m, 0);
	if (cpu < n)
		__atomic_store_n(&last, cpu, __ATOMIC_RELAXED);
	return cpu;
}

static void put(u64 p, const struct mask *m)
{
	memcpy(PTR(p), m, ROUND_UP(map_possible_cpus(), 64u) / 8);
}

BODY(bpf_cpumask_create)
{
	UNUSED1;
	return RET_PTR(object_new(object_layout(NULL, sizeof(struct mask) + 8, false)));
}

BODY(bpf_cpumask_acquire) { UNUSED2; return RET_PTR(object_ref(PTR(r1))); }
BODY(bpf_cpumask_release) { UNUSED2; object_put(PTR(r1)); return 0; }
BODY(bpf_cpumask_first) { struct mask m = get(r1); UNUSED2; return next(&m, 0); }
BODY(bpf_cpumask_first_and) { struct mask m = both(r1, r2); UNUSED3; return next(&m, 0); }

BODY(bpf_cpumask_first_zero)
{
	struct mask m = get(r1);

	UNUSED2;
	for (u32 i = 0; i < WORDS; i++)
		m.w[i] = ~m.w[i];
	return next(&m, 0);
}

/* The word and bit of a CPU in a set that is the program's own; NULL: no such CPU. */
static u64 *bit(u64 cpu, u64 p, u64 *ret_bit)
{
	*ret_bit = (u64)1 << (cpu & 63);
	return (u32)cpu < map_possible_cpus() ? &((struct mask *)PTR(p))->w[(u32)cpu / 64] : NULL;
}

static u64 change(u64 cpu, u64 p, bool on)
{
	u64 b, *w = bit(cpu, p, &b), old;

	if (!w)
		return 0;
	old = on ? __atomic_fetch_or(w, b, __ATOMIC_SEQ_CST) : __atomic_fetch_and(w, ~b, __ATOMIC_SEQ_CST);
	return (old & b) != 0;
}

BODY(bpf_cpumask_set_cpu) { UNUSED3; change(r1, r2, true); return 0; }
BODY(bpf_cpumask_clear_cpu) { UNUSED3; change(r1, r2, false); return 0; }
BODY(bpf_cpumask_test_and_set_cpu) { UNUSED3; return change(r1, r2, true); }
BODY(bpf_cpumask_test_and_clear_cpu) { UNUSED3; return change(r1, r2, false); }

BODY(bpf_cpumask_test_cpu)
{
	struct mask m = get(r2);

	UNUSED3;
	return (u32)r1 < map_possible_cpus() && (m.w[(u32)r1 / 64] >> ((u32)r1 & 63) & 1);
}

BODY(bpf_cpumask_setall)
{
	UNUSED2;
	for (u32 cpu = 0; cpu < map_possible_cpus(); cpu++)
		change(cpu, r1, true);
	return 0;
}

BODY(bpf_cpumask_clear) { struct mask none = { { 0 } }; UNUSED2; put(r1, &none); return 0; }
BODY(bpf_cpumask_and) { struct mask m = both(r2, r3); UNUSED4; put(r1, &m); return !empty(&m); }
BODY(bpf_cpumask_copy) { struct mask m = get(r2); UNUSED3; put(r1, &m); return 0; }

BODY(bpf_cpumask_or)
{
	struct mask a = get(r2), b = get(r3);

	UNUSED4;
	for (u32 i = 0; i < WORDS; i++)
		a.w[i] |= b.w[i];
	put(r1, &a);
	return 0;
}

BODY(bpf_cpumask_xor)
{
	struct mask a = get(r2), b = get(r3);

	UNUSED4;
	for (u32 i = 0; i < WORDS; i++)
		a.w[i] ^= b.w[i];
	put(r1, &a);
	return 0;
}

BODY(bpf_cpumask_equal) { struct mask a = get(r1), b = get(r2); UNUSED3; return !memcmp(&a, &b, sizeof(a)); }
BODY(bpf_cpumask_intersects) { struct mask m = both(r1, r2); UNUSED3; return !empty(&m); }

BODY(bpf_cpumask_subset)
{
	struct mask a = get(r1), ab = both(r1, r2);

	UNUSED3;
	return !memcmp(&a, &ab, sizeof(a));
}

static u32 weight(const struct mask *m)
{
	u32 n = 0;

	for (u32 i = 0; i < WORDS; i++)
		n += (u32)__builtin_popcountll(m->w[i]);
	return n;
}

BODY(bpf_cpumask_empty) { struct mask m = get(r1); UNUSED2; return empty(&m); }
BODY(bpf_cpumask_full) { struct mask m = get(r1); UNUSED2; return weight(&m) == map_possible_cpus(); }
BODY(bpf_cpumask_weight) { struct mask m = get(r1); UNUSED2; return weight(&m); }
BODY(bpf_cpumask_any_distribute) { struct mask m = get(r1); UNUSED2; return distribute(&m); }
BODY(bpf_cpumask_any_and_distribute) { struct mask m = both(r1, r2); UNUSED3; return distribute(&m); }

/* The whole words of a set are given: as many bytes as the possible CPUs take, aligned if they are more than one word. */
BODY(bpf_cpumask_populate)
{
	u32 n = ROUND_UP(map_possible_cpus(), 64u) / 8;

	UNUSED4;
	if (r3 < n)
		return RET_INT_(-EACCES);
	if (n > 8 && r2 % 8)
		return RET_INT_(-EINVAL);
	memcpy(PTR(r1), PTR(r2), n);
	return 0;
}
