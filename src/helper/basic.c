/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers about time, chance, the processor, the current task and guarded memory. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "helper/current.h"
#include "helper/probe.h"
#include "helper/ret.h"
#include "map/map.h"
#include "map/os.h"
#include "spec/helper_abi.h"
#include "vm/abi.h"

/* ---- clocks ---- */
u64 helper_ktime_get_ns(struct run *run) { (void)run; return clock_ns(CLOCK_MONOTONIC); }
u64 helper_ktime_get_boot_ns(struct run *run) { (void)run; return clock_ns(CLOCK_BOOTTIME); }
u64 helper_ktime_get_coarse_ns(struct run *run) { (void)run; return clock_ns(CLOCK_MONOTONIC_COARSE); }
u64 helper_ktime_get_tai_ns(struct run *run) { (void)run; return clock_ns(CLOCK_TAI); }

/* Ticks of 4 ms: HZ=250, as Debian's kernels; counted from the same start as Linux's. */
u64 helper_jiffies64(struct run *run)
{
	(void)run;
	return clock_ns(CLOCK_MONOTONIC_COARSE) / 4000000u + (u64)(u32)-75000;
}

/* ---- chance ---- */
static u64 random_state;

/* A counter through a mixing function: statistically good and free of locks; not for secrets, as Linux's. */
u64 helper_get_prandom_u32(struct run *run)
{
	u64 x = __atomic_load_n(&random_state, __ATOMIC_RELAXED);

	(void)run;
	if (unlikely(!x)) {
		if (getrandom(&x, sizeof(x), GRND_NONBLOCK) != sizeof(x))
			x = clock_ns(CLOCK_MONOTONIC);
		__atomic_store_n(&random_state, x | 1, __ATOMIC_RELAXED);
	}
	x = __atomic_fetch_add(&random_state, 0x9e3779b97f4a7c15ull, __ATOMIC_RELAXED);
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (u32)(x ^ x >> 31);
}

/* ---- the processor ---- */
u64 helper_get_smp_processor_id(struct run *run) { return run->cpu; }

/* Of the processor that the run counts as its own: its node is asked for once. */
u64 helper_get_numa_node_id(struct run *run)
{
	static u32 known[64]; /* node << 12 | cpu, and 1 */
	u32 *k = &known[run->cpu % ARRAY_SIZE(known)], v = __atomic_load_n(k, __ATOMIC_RELAXED);

	if (unlikely(!v || ((v - 1) & 0xfff) != run->cpu)) {
		v = os_cpu_and_node() + 1;
		__atomic_store_n(k, v, __ATOMIC_RELAXED);
	}
	return (v - 1) >> 12;
}

/* ---- the task that triggers the event ---- */
u64 helper_get_current_pid_tgid(struct run *run)
{
	return (u64)current_tgid(run) << 32 | current_tid(run);
}

u64 helper_get_current_uid_gid(struct run *run)
{
	const struct run_task *t = run->env->task;

	return t ? (u64)t->gid << 32 | t->uid : (u64)getgid() << 32 | getuid();
}

u64 helper_get_current_comm(void *buf, u64 size_of_buf, struct run *run)
{
	char comm[16] = "";

	if (run->env->task)
		memcpy(comm, run->env->task->comm, sizeof(comm));
	else
		prctl(PR_GET_NAME, comm);
	memset(buf, 0, size_of_buf);
	memcpy(buf, comm, MIN(size_of_buf ? size_of_buf - 1 : 0, sizeof(comm) - 1));
	return 0;
}

u64 helper_get_ns_current_pid_tgid(u64 dev, u64 ino, void *nsdata, u64 size, struct run *run)
{
	struct { u32 pid, tgid; } *out = nsdata;
	struct stat st;

	if (size != sizeof(*out) || (u64)(dev_t)dev != dev) {
		memset(nsdata, 0, size);
		return RET_INT_(-EINVAL);
	}
	memset(nsdata, 0, size);
	if (stat("/proc/self/ns/pid", &st) || st.st_ino != ino || st.st_dev != dev)
		return RET_INT_(-EINVAL);
	out->pid = current_tid(run);
	out->tgid = current_tgid(run);
	return 0;
}

/* ---- memory that may not be there ---- */
u64 guarded_read(void *dst, u64 size, u64 from)
{
	int err = size ? probe_read(dst, from, (u32)size) : 0;

	if (err)
		memset(dst, 0, size);
	return RET_INT_(err);
}

u64 guarded_string(char *dst, u64 size, u64 from)
{
	u64 at = 0;

	if (!size)
		return 0;
	while (at < size) {
		/* not across a page: the string may end before an unmapped one; nor across the end of a kernel object's field */
		u32 n = from >> 63 ? 1 : (u32)MIN(size - at, 4096 - (from + at) % 4096);
		if (probe_read(dst + at, from + at, n)) {
			memset(dst, 0, size);
			return RET_INT_(-EFAULT);
		}
		const char *end = memchr(dst + at, 0, n);
		if (end) {
			u64 len = (u64)(end - dst) + 1;
			return len;
		}
		at += n;
	}
	dst[size - 1] = '\0';
	return size;
}

/*
 * Reads of "kernel" memory: there is one address space here, so whatever can be read is. What cannot is out of range where Linux
 * has no kernel memory, which it says before it looks at the size.
 */
u64 kernel_error(u64 ret, u64 size, u64 from)
{
	bool kernel_address = from >= 0xffff800000000000ull;
	u8 byte;

	if (!size && probe_read(&byte, from, 1))
		ret = RET_INT_(-EFAULT);
	return (s64)ret == -EFAULT && !kernel_address ? RET_INT_(-ERANGE) : ret;
}

/* Does the address stand for something of the kernel's that is known here? */
static bool known_kernel(struct run *run, void *dst, u64 size, u64 p)
{
	return (s64)p < 0 && run->env->kernel_read && !run->env->kernel_read(run->env, dst, (u32)size, p);
}

u64 helper_probe_read(void *dst, u64 size, u64 p, struct run *run)
{
	if (known_kernel(run, dst, size, p))
		return 0;
	return current_owns(run, p) ? current_read(run, dst, size, p) : guarded_read(dst, size, p);
}

u64 helper_probe_read_user(void *dst, u64 size, u64 p, struct run *run) { return current_read(run, dst, size, p); }

u64 helper_probe_read_kernel(void *dst, u64 size, u64 p, struct run *run)
{
	if (known_kernel(run, dst, size, p))
		return 0;
	return kernel_error(guarded_read(dst, size, p), size, p);
}

u64 helper_probe_read_str(void *dst, u64 size, u64 p, struct run *run)
{
	return current_owns(run, p) ? current_read_string(run, dst, size, p) : guarded_string(dst, size, p);
}

u64 helper_probe_read_user_str(void *dst, u64 size, u64 p, struct run *run) { return current_read_string(run, dst, size, p); }

u64 helper_probe_read_kernel_str(void *dst, u64 size, u64 p, struct run *run)
{
	if (size && known_kernel(run, dst, size, p)) {
		u64 n = strnlen(dst, size - 1);

		memset((char *)dst + n, 0, size - n);
		return n + 1;
	}
	return size ? kernel_error(guarded_string(dst, size, p), size, p) : 0;
}

u64 helper_copy_from_user(void *dst, u64 size, u64 p, struct run *run) { return current_read(run, dst, size, p); }

/* ---- loops and locks ---- */
#define MAX_LOOPS (1u << 23)

u64 helper_loop(u64 nr_loops, u64 callback_fn, void *callback_ctx, u64 flags, struct run *run)
{
	u32 n = (u32)nr_loops;

	if (flags)
		return RET_INT_(-EINVAL);
	if (n > MAX_LOOPS)
		return RET_INT_(-E2BIG);
	for (u32 i = 0; i < n; i++)
		if (run_callback(run, callback_fn, i, (u64)(uintptr_t)callback_ctx, 0, 0, 0))
			return i + 1;
	return n;
}

u64 helper_spin_lock(void *lock, struct run *run)
{
	(void)run;
	map_spin_lock(NULL, lock);
	return 0;
}

u64 helper_spin_unlock(void *lock, struct run *run)
{
	(void)run;
	map_spin_unlock(lock);
	return 0;
}

u64 helper_get_attach_cookie(void *ctx, struct run *run)
{
	(void)ctx;
	return run->cookie;
}
