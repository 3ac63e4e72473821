/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a lock's owner, and finding out that it died: see lock.h.
 *
 * Why no futex: an unlock that need not look for waiters is one plain store, and a waiter must wake by itself anyway to see
 * a death. Waiting is spin, then yield, then short sleeps.
 */
#include "map/lock.h"

#include <errno.h>
#include <fcntl.h>

#include "map/map.h"
#include "map/os.h"

#define SPINS     200
#define YIELDS    20
#define NAPS      200            /* short ones */
#define LOOK_NS   1000000ll      /* between looks after the owner; the first is before any yield, which can take milliseconds */
#define LEFT_NS   100000000ull   /* first look whether it still has the memory, and between looks */
#define GIVE_UP   5000000000ull  /* an owner that is stopped, or this very thread */

struct proc_stat { char state; u64 threads, start; };

static u64 parse_u64(const char **p)
{
	u64 v = 0;

	while (**p >= '0' && **p <= '9')
		v = v * 10 + (u64)(*(*p)++ - '0');
	return v;
}

/* "/proc/PID" and a name of n bytes with its end. */
static void proc_path(char path[32], u32 pid, const char *name, u32 n)
{
	char digits[12];
	u32 at = 6, d = 0;

	__builtin_memcpy(path, "/proc/", 6);
	do
		digits[d++] = (char)('0' + pid % 10);
	while (pid /= 10);
	while (d)
		path[at++] = digits[--d];
	__builtin_memcpy(path + at, name, n);
}

/* /proc/PID/stat: behind the last ')' come state (field 3), ..., num_threads (20), itrealvalue, starttime (22). */
static int read_stat(u32 pid, struct proc_stat *ret)
{
	char path[32], buf[1024];
	const char *p, *end = NULL;
	long fd, got;

	proc_path(path, pid, "/stat", 6);
	fd = os_call4(__NR_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return (int)fd;
	got = os_call4(__NR_read, fd, (long)buf, sizeof(buf) - 1, 0);
	os_call4(__NR_close, fd, 0, 0, 0);
	if (got <= 0)
		return got ? (int)got : -ESRCH;
	buf[got] = 0;
	for (p = buf; *p; p++)
		if (*p == ')')
			end = p;
	if (!end || end[1] != ' ')
		return -EIO;
	ret->state = end[2];
	p = end + 2;
	for (int field = 3; field <= 22 && *p; field++) {
		if (field == 20)
			ret->threads = parse_u64(&p);
		if (field == 22)
			ret->start = parse_u64(&p);
		while (*p && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
	}
	return 0;
}

u64 map_self_ask(struct map_self *self)
{
	u32 pid = (u32)os_call4(__NR_getpid, 0, 0, 0, 0);
	struct proc_stat st = { 0, 0, 0 };
	u64 id;

	read_stat(pid, &st); /* without /proc: the pid alone */
	id = (pid & ((1u << LEASE_PID_BITS) - 1)) | (u64)(u32)st.start << LEASE_PID_BITS;
	__atomic_store_n(&self->ident, id, __ATOMIC_RELAXED);
	return id;
}

static bool dead(u32 pid, u32 start, u32 start_mask)
{
	struct proc_stat st = { 0, 0, 0 };
	int err = read_stat(pid, &st);

	if (err == -ENOENT || err == -ESRCH)
		return os_call4(__NR_kill, pid, 0, 0, 0) == -ESRCH; /* no /proc at all says ENOENT too */
	if (err)
		return false;
	/* A leader that exited before its threads is a zombie too, and the process lives. */
	if ((st.state == 'Z' || st.state == 'X') && st.threads <= 1)
		return true;
	return start && ((u32)st.start & start_mask) != start;
}

bool lease_owner_dead(u64 ident)
{
	ident &= LEASE_OWNER;
	return dead((u32)ident & ((1u << LEASE_PID_BITS) - 1), (u32)(ident >> LEASE_PID_BITS), ~0u);
}

bool lease_short_dead(u32 word)
{
	return dead(word & ((1u << LEASE_PID_BITS) - 1), word >> LEASE_PID_BITS & 0x1ff, 0x1ff);
}

/* ---- owners that live but have no such memory any more ---- */

static u64 parse_hex(const char **p)
{
	u64 v = 0;

	for (;; (*p)++)
		if (**p >= '0' && **p <= '9')
			v = v << 4 | (u64)(**p - '0');
		else if (**p >= 'a' && **p <= 'f')
			v = v << 4 | (u64)(**p - 'a' + 10);
		else
			return v;
}

/* One line of /proc/PID/maps, "from-to perms offset dev inode name": 0, or the inode, if it holds addr (or is `want`). */
static u64 maps_line(const char *p, u64 addr, u64 want)
{
	u64 from = parse_hex(&p), to, ino;

	p += *p == '-';
	to = parse_hex(&p);
	for (int field = 0; field < 4; field++) {
		while (*p == ' ')
			p++;
		while (*p && *p != ' ' && field < 3)
			p++;
	}
	ino = parse_u64(&p);
	return want ? (ino == want ? ino : 0) : from <= addr && addr < to ? ino : 0;
}

/* Inode of the file mapped at addr in process `pid`, or `want` if that is mapped anywhere in it; 0: no; ~0: cannot be read. */
static u64 mapped_inode(u32 pid, u64 addr, u64 want)
{
	char path[32], buf[1024];
	u32 n = 0;
	u64 ret = 0;
	long fd, got;

	proc_path(path, pid, "/maps", 6);
	fd = os_call4(__NR_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return ~0ull;
	while (!ret && (got = os_call4(__NR_read, fd, (long)(buf + n), (long)(sizeof(buf) - 1 - n), 0)) > 0) {
		char *line = buf, *end;

		n += (u32)got;
		buf[n] = 0;
		for (end = line; *end && !ret; end++)
			if (*end == '\n') {
				*end = 0;
				ret = maps_line(line, addr, want);
				line = end + 1;
			}
		n = (u32)(buf + n - line);
		if (n == sizeof(buf) - 1)
			n = 0; /* a name longer than the buffer: its inode was read, the rest is no line */
		for (u32 i = 0; i < n; i++)
			buf[i] = line[i];
	}
	os_call4(__NR_close, fd, 0, 0, 0);
	return ret;
}

/* A process that called exec (or unmapped the file) while one of its threads held the lock will never give it back. */
static bool owner_left(const lease *w, u64 owner)
{
	u64 ino = mapped_inode((u32)os_call4(__NR_getpid, 0, 0, 0, 0), (u64)(uintptr_t)w, 0);

	return ino && ino != ~0ull && !mapped_inode((u32)owner & ((1u << LEASE_PID_BITS) - 1), 0, ino);
}

/* One step of waiting; `n` counts them. Who has waited long has an owner that does not run, and waits at leisure. */
static void wait_step(u32 n)
{
	if (n < SPINS)
		os_relax();
	else if (n < SPINS + YIELDS)
		os_yield();
	else
		os_sleep_ns(n < SPINS + YIELDS + NAPS ? 50000 : 2000000);
}

int lease_lock_slow(lease *w, u64 ident)
{
	u64 v, seen = 0, since = 0, look = 0, left = 0, now;

	for (u32 n = 0;; n++) {
		v = __atomic_load_n(w, __ATOMIC_RELAXED);
		if (!(v & LEASE_OWNER)) {
			if (__atomic_compare_exchange_n(w, &v, v | ident, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return LEASE_OK;
			continue;
		}
		if (n < SPINS) {
			wait_step(n);
			continue;
		}
		now = os_now_ns();
		if (v != seen) {
			seen = v;
			since = left = now;
			look = n == SPINS ? now : now + LOOK_NS / 10;
			continue;
		}
		if (now < look) {
			wait_step(n);
			continue;
		}
		look = now + MAX((u64)LOOK_NS, (now - since) / 8);
		if ((v & LEASE_OWNER) != ident &&
		    (lease_owner_dead(v) || (now - left > LEFT_NS && (left = now, owner_left(w, v))))) {
			if (__atomic_compare_exchange_n(w, &v, (v & ~LEASE_OWNER) | ident, false, __ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED))
				return LEASE_STOLEN;
			continue;
		}
		if (now - since > GIVE_UP)
			return -EBUSY;
	}
}

void map_spin_lock(struct map *m, u32 *word)
{
	u32 me = lease_short(map_ident(m ? m->self : map_self_page())), v = 0;
	u64 look = 0, since = 0, now;
	u32 seen = 0;

	for (u32 n = 0;; n++) {
		v = 0;
		if (__atomic_compare_exchange_n(word, &v, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		if (n < SPINS) {
			wait_step(n);
			continue;
		}
		now = os_now_ns();
		if (v != seen) {
			seen = v;
			since = now;
		}
		if (now < look) {
			wait_step(n);
			continue;
		}
		look = now + MAX((u64)LOOK_NS, (now - since) / 8);
		/*
		 * A word that is no lease (a client wrote over it) has no owner to wait for. Nor has one that stays for seconds: no
		 * program holds it so long, and what a client wrote may look like a lease of whoever lives.
		 */
		if (v && (!(v >> 31) || now - since > GIVE_UP || (v != me && lease_short_dead(v))) &&
		    __atomic_compare_exchange_n(word, &v, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
	}
}

void map_spin_unlock(u32 *word)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}
