/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patching this very process: memory for trampolines near our text, writing through /proc/self/mem, a SIGTRAP handler, and
 * threads that can be stopped by a signal and moved.
 */
#ifndef SKEP_PATCH_KIT_H
#define SKEP_PATCH_KIT_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "patch/patch.h"

#define KIT_BARE __attribute__((target("general-regs-only"), used, noinline))
enum { KIT_PLANS = 4096 };

static u64 kit_near; /* trampolines are to reach this; 0: our own text */
static u32 kit_size = 2 << 20;
static u8 *kit_arena;
static u32 kit_used;
static int kit_mem = -1;
static struct patch_runtime kit_rt;
static struct patch_plan *kit_plans[KIT_PLANS]; /* whose int3 hits the handler redirects */
static u32 kit_nplans;
static atomic_ulong kit_traps;

static void kit_on_trap(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;
	u64 ip = (u64)uc->uc_mcontext.gregs[REG_RIP] - 1;

	(void)sig, (void)si;
	for (u32 i = 0; i < kit_nplans; i++) {
		if (kit_plans[i]->start == ip) {
			uc->uc_mcontext.gregs[REG_RIP] = (greg_t)kit_plans[i]->entry_at;
			kit_traps++;
			return;
		}
	}
	signal(SIGTRAP, SIG_DFL);
}

static int kit_write(void *arg, u64 addr, const void *bytes, u32 n)
{
	(void)arg;
	return pwrite(kit_mem, bytes, n, (off_t)addr) == (ssize_t)n ? 0 : -errno;
}

static int kit_sync(void *arg)
{
	(void)arg;
	return syscall(SYS_membarrier, 32 /* PRIVATE_EXPEDITED_SYNC_CORE */, 0, 0) ? -errno : 0;
}

static struct patch_ops kit_ops = { .write = kit_write, .sync = kit_sync, .traps = true };

static void kit_thread_new(struct patch_thread *t) { t->agent[0] = 0x5eed; }

/* Room for code within reach of `near`. */
static int kit_start(void)
{
	u64 near = (kit_near ? kit_near : (u64)(uintptr_t)&kit_start) & ~0xfffffull;
	u32 len;

	if (kit_arena)
		return 0;
	for (u64 d = 64ull << 20; d < 1024ull << 20 && !kit_arena; d += 16ull << 20) {
		void *p = mmap((void *)(uintptr_t)(near - d), kit_size, PROT_READ | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (p != MAP_FAILED)
			kit_arena = p;
	}
	kit_mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (!kit_arena || kit_mem < 0)
		return -ENOMEM;
	if (syscall(SYS_membarrier, 64 /* REGISTER_PRIVATE_EXPEDITED_SYNC_CORE */, 0, 0))
		return -errno;
	struct sigaction sa = { .sa_sigaction = kit_on_trap, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigaction(SIGTRAP, &sa, NULL);
	kit_rt.thread_size = 65536;
	kit_rt.thread_new = (u64)(uintptr_t)kit_thread_new;
	kit_rt.shadow_full = (u64)(uintptr_t)patch_shadow_prune;
	u8 buf[2048];
	int err = patch_emit_runtime(&kit_rt, (u64)(uintptr_t)kit_arena, buf, sizeof(buf), &len);
	if (err)
		return err;
	kit_used = (len + 63) & ~63u;
	return kit_write(NULL, kit_rt.code, buf, len);
}

/* The trampoline for a plan, in place. */
static inline int kit_emit(struct patch_plan *p, const struct patch_stub *stub)
{
	u8 buf[PATCH_MAX_TRAMPOLINE];
	u64 at = (u64)(uintptr_t)kit_arena + kit_used;
	int err;

	if (kit_used + PATCH_MAX_TRAMPOLINE > kit_size)
		return -ENOMEM;
	err = patch_emit(p, &kit_rt, stub, at, buf, sizeof(buf));
	if (err)
		return err;
	kit_used += (p->tramp_len + 63) & ~63u;
	if (kit_nplans < KIT_PLANS && (p->form == PATCH_TRAP || kit_ops.traps))
		kit_plans[kit_nplans++] = p;
	return kit_write(NULL, at, buf, p->tramp_len);
}

static inline struct patch_func kit_func(const void *fn, const void *end)
{
	return (struct patch_func){ .code = fn, .addr = (u64)(uintptr_t)fn, .size = (u32)((const u8 *)end - (const u8 *)fn) };
}

static inline struct patch_thread *kit_thread(void)
{
	u64 gs;

	syscall(SYS_arch_prctl, 0x1004 /* ARCH_GET_GS */, &gs);
	return (struct patch_thread *)(uintptr_t)gs;
}

#endif
