/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events inside a traced process: thread blocks, runs of programs, returns of functions.
 *
 * Invariant: a thread runs one event at a time (`busy`); what happens inside it, in a signal handler or in code the agent
 * itself calls, is counted as missed. Shadow entries are kept by stack address: whatever the program does with its stack
 * (longjmp, exceptions, coroutines), an entry belongs to the one frame whose return address lay there.
 */
#include "agent/priv.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>

#include "map/priv.h"
#include "map/os.h"

#define LOOK_NS    20000000       /* how often a thread that works for the supervisor asks whether that is there */
#define NESTED_NS  1000000000ull   /* a program that has "run" so long was left by a jump */

struct agent_head agent_head __attribute__((section(".data.head"), aligned(4096)));

/* A block for threads that can have none: always busy. */
static struct agent_thread no_thread = { .busy = 1 };

u32 agent_sealed;

/* Which block a thread has whose stack is there: guesses, by a hash of its upper bits (entry.S). */
struct agent_thread *agent_near[1u << NEAR_BITS];

static u64 own_fs(void) { u64 v; __asm__ volatile("rdfsbase %0" : "=r"(v)); return v; }

/* ---- blocks ---- */
static void block_init(struct agent_thread *t)
{
	t->self = t;
	t->regs.cs = 0x33;
	t->regs.ss = 0x2b;
	t->regs.orig_ax = ~0ull;
	t->env.printk = agent_printk;
	t->strays = 255;
	run_init(&t->run, NULL, &t->env);
}

static struct agent_thread *block_new(u64 fs, u32 tid)
{
	u64 size = AGENT_BLOCK_SIZE;
	long at = syscall_anyway(__NR_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				 -1, 0);
	struct agent_thread *t, *first;

	if (at < 0 && at > -4096)
		return NULL;
	t = (struct agent_thread *)at;
	t->stack_top = (u64)at + size;
	t->fs = fs;
	t->tid = tid;
	t->sys_nr = agent_head.clone_nr;
	block_init(t);
	first = __atomic_load_n(&agent_head.threads, __ATOMIC_RELAXED);
	do
		t->next = first;
	while (!__atomic_compare_exchange_n(&agent_head.threads, &first, t, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	return t;
}

/* Taken over from a thread that is no more, or was this one before it lost its gs. */
static void block_again(struct agent_thread *t, u32 tid)
{
	if (t->tid == tid)
		return;
	t->tid = tid;
	t->sys_nr = agent_head.clone_nr;
	t->nshadow = 0;
	t->unwound = 0;
	t->busy = 0;
}

static struct agent_thread *spare_take(u64 fs)
{
	struct agent_thread *t;
	u64 nobody;

	for (t = __atomic_load_n(&agent_head.threads, __ATOMIC_ACQUIRE); t; t = t->next) {
		nobody = AGENT_NOBODY;
		if (__atomic_compare_exchange_n(&t->fs, &nobody, fs, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return t;
	}
	return NULL;
}

/* Asked for once and kept until the next fork. Not by a child of vfork, which has another number and this memory. */
void agent_self(void)
{
	agent_pid();
	map_ident(&agent_head.self->who);
}

void agent_seal(void)
{
	agent_self();
	for (u32 i = 0; i < AGENT_SPARES; i++)
		block_new(AGENT_NOBODY, 0);
}

/*
 * The thread has no block, or gs is not one of its own: a new thread, or a copy of its creator's gs; or its own was not guessed.
 * Threads with the same fs base cannot live at once; those without any are told apart by number, as all are in a process that
 * uses gs itself.
 */
struct agent_thread *agent_thread_slow(struct agent_thread *gs, u64 sp)
{
	struct agent_thread *t, *mine = NULL;
	u64 fs = own_fs();
	bool foreign = gs != NULL;
	u32 tid;

	if (gs && fs && gs->fs == fs) {
		agent_near[(u32)((u32)sp >> NEAR_SHIFT) * NEAR_MULT >> (32 - NEAR_BITS)] = gs;
		return gs;
	}
	tid = (u32)syscall6(__NR_gettid, 0, 0, 0, 0, 0, 0);
	for (t = __atomic_load_n(&agent_head.threads, __ATOMIC_ACQUIRE); t; t = t->next) {
		if (t == gs)
			foreign = false;
		if (fs ? t->fs == fs : !t->fs && t->tid == tid)
			mine = t;
	}
	if (mine && !agent_sealed)
		block_again(mine, tid);
	else if (!mine)
		mine = agent_sealed ? spare_take(fs) : block_new(fs, tid);
	if (!mine)
		return &no_thread;
	/* Without an fs base to check against, a copied gs could not be told from an own one. */
	if (!foreign && fs)
		__asm__ volatile("wrgsbase %0" : : "r"(mine));
	return mine;
}

/* An event in a thread that is in one already. Did the thread leave that one by a jump, long ago? */
u64 agent_nested(struct agent_thread *t, u64 sp)
{
	u64 now;

	t->missed++;
	if (t == &no_thread || (sp >= (u64)(uintptr_t)t && sp < t->stack_top) || sp <= t->saved_sp)
		return 0;
	now = os_now_ns();
	if (!t->busy_since)
		t->busy_since = now;
	if (now - t->busy_since < NESTED_NS)
		return 0;
	t->busy_since = 0;
	return 1;
}

/* ---- who am I ---- */
u32 agent_pid(void)
{
	u32 pid = __atomic_load_n(&agent_head.self->pid, __ATOMIC_RELAXED);

	if (unlikely(!pid)) {
		pid = agent_sealed ? agent_head.known_pid : (u32)syscall6(__NR_getpid, 0, 0, 0, 0, 0, 0);
		__atomic_store_n(&agent_head.self->pid, pid, __ATOMIC_RELAXED);
	}
	return pid;
}

struct agent_thread *agent_current(void)
{
	struct agent_thread *t;
	u64 sp = (u64)(uintptr_t)__builtin_frame_address(0);

	__asm__ volatile("rdgsbase %0" : "=r"(t));
	if (likely(t && sp > (u64)(uintptr_t)t && sp <= t->stack_top))
		return t;
	for (t = agent_head.threads; t; t = t->next)
		if (sp > (u64)(uintptr_t)t && sp <= t->stack_top)
			return t;
	return NULL;
}

/* After a fork the only thread has another number; a vfork child runs in its parent's block. */
u32 agent_tid(void)
{
	struct agent_thread *t = agent_current();
	u32 pid = agent_pid();

	if (agent_sealed)
		return t && t->tid ? t->tid : pid; /* of a thread that is younger than that no more is known */
	if (unlikely(!t || t->in_vfork))
		return (u32)syscall6(__NR_gettid, 0, 0, 0, 0, 0, 0);
	if (unlikely(!t->tid || t->pid != pid)) {
		t->tid = (u32)syscall6(__NR_gettid, 0, 0, 0, 0, 0, 0);
		t->pid = pid;
	}
	return t->tid;
}

u32 agent_tgid(void)
{
	struct agent_thread *t = agent_current();

	if (unlikely(t && t->in_vfork && !agent_sealed))
		return (u32)syscall6(__NR_getpid, 0, 0, 0, 0, 0, 0);
	return agent_pid();
}

static inline u32 cpu_now(void)
{
	u64 v;

	if (unlikely(!agent_head.has_rdpid))
		return os_cpu();
	__asm__ volatile("rdpid %0" : "=r"(v));
	return (u32)v & 0xfff;
}

/* ---- lanes of per-CPU values: this CPU's, or when somebody was interrupted while using that, any ---- */
static u32 lane_take(u32 cpu)
{
	struct agent_ctl *c = agent_head.ctl;
	struct map_self *me = &agent_head.self->who;
	u32 n = c->nlanes < AGENT_LANES ? c->nlanes : AGENT_LANES, lane = cpu < n ? cpu : 0;
	u64 ident = map_ident(me), v;

	for (u32 i = 0; i < n; i++, lane = lane + 1 < n ? lane + 1 : 0) {
		v = __atomic_load_n(&c->lane[lane], __ATOMIC_RELAXED);
		if (!(v & LEASE_OWNER) && __atomic_compare_exchange_n(&c->lane[lane], &v, v | ident, false, __ATOMIC_ACQUIRE,
								     __ATOMIC_RELAXED))
			return lane;
	}
	return lease_lock(&c->lane[lane], me) < 0 ? ~0u : lane;
}

/* ---- running programs ---- */
static void count_missed(const struct agent_ref *ref)
{
	if (ref->slot < AGENT_SLOTS)
		__atomic_fetch_add(&agent_head.ctl->missed[ref->slot], 1, __ATOMIC_RELAXED);
}

/* What most programs do without: to know the processor, to own a lane, to be left by an exception. */
static __attribute__((noinline)) u64 run_special(struct run *r, const struct agent_ref *ref, void *ctx)
{
	u32 cpu = cpu_now();
	u64 ret;

	r->cpu = cpu;
	if (ref->flags & AGENT_NEEDS_LANE) {
		r->cpu = lane_take(cpu);
		if (unlikely(r->cpu == ~0u)) {
			count_missed(ref);
			return 0;
		}
	}
	ret = ref->flags & AGENT_MAY_THROW ? run_image_landed(r, ctx) : ref->entry(ctx, r);
	if (ref->flags & AGENT_NEEDS_LANE)
		lease_unlock(&agent_head.ctl->lane[r->cpu]);
	return ret;
}

static inline u64 run_ref(struct agent_thread *t, const struct agent_ref *ref, void *ctx)
{
	struct run *r = &t->run;

	r->image = ref->image;
	r->ctx = ctx;
	r->tail_left = RUN_MAX_TAIL_CALLS;
	r->cookie = ref->cookie;
	r->prog_type = ref->prog_type;
	return unlikely(ref->flags) ? run_special(r, ref, ctx) : ref->entry(ctx, r);
}

static inline bool wanted(const struct agent_thread *t, const struct agent_ref *ref)
{
	return ref->pid < 0 || (u32)ref->pid == (unlikely(t->in_vfork) ? agent_tgid() : agent_pid());
}

bool agent_wanted(const struct agent_thread *t, const struct agent_ref *ref) { return wanted(t, ref); }
u64 agent_run(struct agent_thread *t, const struct agent_ref *ref, void *ctx) { return run_ref(t, ref, ctx); }

static inline const struct agent_list *list_of(const struct agent_list *const *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* Where the thread is, for its stack; and its registers, which a program gets as they were. */
static inline void at(struct agent_thread *t, u64 ip)
{
	t->regs.ip = ip;
	t->env.user_ip = ip;
	t->env.user_fp = t->regs.bp;
	t->env.user_ra = 0;
}

void agent_at(struct agent_thread *t, u64 ip) { at(t, ip); }

/* Flags as lahf and seto left them, and as the processor has them. */
static inline void flags_out(struct agent_thread *t)
{
	u64 f = t->flags;

	t->regs.flags = 0x202 | (f >> 8 & 0xd5) | (f & 1) << 11;
}

/*
 * Sessions: a program that sees entry and return of a call. What is kept of the call is in t->session while a list runs, with the
 * frame in between; a result that is not zero at the entry drops the return.
 */
static __attribute__((noinline)) void run_session(struct agent_thread *t, const struct agent_ref *ref, bool returns)
{
	struct agent_session *s = t->session;
	u64 want = returns ? ref->session : 0, skip;

	while (s < t->session + AGENT_SESSIONS && s->id != want)
		s++;
	if (s == t->session + AGENT_SESSIONS) {
		if (!returns)
			count_missed(ref);
		return;
	}
	if (!returns)
		*s = (struct agent_session){ .id = ref->session };
	t->env.session_cookie = &s->cookie;
	t->env.session_returns = returns;
	skip = run_ref(t, ref, &t->regs);
	t->env.session_cookie = NULL;
	if (!returns && skip)
		s->id = 0;
}

static inline void run_list(struct agent_thread *t, const struct agent_list *l, bool returns)
{
	for (u32 i = 0; i < l->n; i++) {
		const struct agent_ref *ref = &l->ref[i];

		if (!wanted(t, ref))
			continue;
		if (unlikely(ref->flags & AGENT_SESSION))
			run_session(t, ref, returns);
		else
			run_ref(t, ref, &t->regs);
	}
}

static __attribute__((noinline)) void run_all(struct agent_thread *t, const struct agent_list *l, u64 ip, bool begins,
					      bool returns)
{
	at(t, ip);
	if (begins)
		t->env.user_ra = *(u64 *)t->regs.sp;
	run_list(t, l, returns);
}

/* A list of one program that asks for nothing is what most are: it gets its context, and no more is touched. */
static inline bool run_plain(struct agent_thread *t, const struct agent_list *l)
{
	const struct agent_ref *ref = &l->ref[0];

	if (unlikely(l->n != 1 || ref->flags || (ref->pid >= 0 && (u32)ref->pid != agent_head.self->pid)))
		return false;
	ref->entry(&t->regs, &t->run);
	return true;
}

/* ---- functions that are seen to return ---- */
static inline u64 *slot_at(u64 sp) { return (u64 *)sp; }

static inline void keep_sessions(struct agent_session *to, const struct agent_session *from)
{
	for (u32 i = 0; i < AGENT_SESSIONS; i++)
		to[i] = from[i];
}

static void take_sessions(struct agent_thread *t, const struct agent_shadow *e)
{
	if (e->sessions)
		keep_sessions(t->session, e->session);
	else
		memset(t->session, 0, sizeof(t->session));
}

static bool has_session(const struct agent_thread *t, u64 id)
{
	for (u32 i = 0; i < AGENT_SESSIONS; i++)
		if (t->session[i].id == id)
			return true;
	return false;
}

static struct agent_shadow *shadow_find(struct agent_thread *t, u64 sp)
{
	for (u32 n = t->nshadow; n--;)
		if (t->shadow[n].sp == sp)
			return &t->shadow[n];
	return NULL;
}

/* The frame may have been entered on another thread: a coroutine that moved. */
static struct agent_shadow *shadow_anywhere(u64 sp)
{
	struct agent_shadow *e = NULL;

	for (struct agent_thread *t = agent_head.threads; t && !e; t = t->next)
		e = shadow_find(t, sp);
	return e;
}

/*
 * ---- who reads the stack finds it as the compiler made it ----
 * An unwinder begins: all trapped returns of the thread are given back, and taken again when it is seen to have gone.
 */
static void untrap(struct agent_thread *t)
{
	for (u32 i = 0; i < t->nshadow; i++) {
		const struct agent_shadow *e = &t->shadow[i];

		if (e->sp > t->regs.sp && e->site->ret_at && *slot_at(e->sp) == e->site->ret_at)
			*slot_at(e->sp) = e->ra;
	}
	t->unwound = MAX(t->unwound, t->regs.sp);
}

/* Those of frames from `from` on, where the stack is at `sp` now. */
static void trap_again(struct agent_thread *t, u64 sp, u64 from)
{
	if (sp <= t->unwound)
		return; /* called by the unwinder */
	t->unwound = 0;
	for (u32 i = 0; i < t->nshadow; i++) {
		const struct agent_shadow *e = &t->shadow[i];

		if (e->sp >= from && e->site->ret_at && *slot_at(e->sp) == e->ra)
			*slot_at(e->sp) = e->site->ret_at;
	}
}

/* At a return instruction the frame is still there; when an exception was caught its unwinder has gone, wherever that was. */
static void read_again(struct agent_thread *t, const struct agent_site *s)
{
	if (s->unwinds == AGENT_CAUGHT)
		t->unwound = 1;
	trap_again(t, t->regs.sp, t->regs.sp + !s->exit);
}

/* The function whose return instruction this is was entered with the stack as it is now, or nobody saw it begin. */
static inline void run_exit(struct agent_thread *t, const struct agent_site *s, const struct agent_list *l)
{
	u64 sp = t->regs.sp, ra = *slot_at(sp);
	struct agent_shadow *e;

	if (s->entry) {
		for (e = &t->shadow[t->nshadow]; t->nshadow && e[-1].sp < sp && sp - e[-1].sp < SAME_STACK; e--)
			t->nshadow--;
		e = t->nshadow && e[-1].sp == sp ? &e[-1] : shadow_anywhere(sp);
		if (!e || e->site->addr != s->entry || ra == e->site->ret_at)
			return;
		ra = e->ra;
		if (unlikely(l->sessions))
			take_sessions(t, e);
		if (t->nshadow && e == &t->shadow[t->nshadow - 1])
			t->nshadow--;
		else
			e->sp = 0;
	}
	t->regs.sp = sp + 8;
	t->regs.ip = ra;
	flags_out(t);
	if (!run_plain(t, l))
		run_all(t, l, ra, false, true);
	t->regs.sp = sp;
}

static __attribute__((noinline)) void special(struct agent_thread *t, const struct agent_site *s)
{
	if (s->unwinds == AGENT_UNWINDS)
		untrap(t);
	else if (t->unwound)
		read_again(t, s);
}

/* Of this process, as far as can be said at once. */
static inline bool is_ours(const struct agent_thread *t, const struct agent_ref *ref)
{
	return ref->pid < 0 || (!t->in_vfork && (u32)ref->pid == agent_head.self->pid);
}

static __attribute__((noinline)) void any_uprobe(struct agent_thread *t, const struct agent_site *s)
{
	const struct agent_list *l = list_of(&s->enter);

	if (unlikely(s->unwinds || t->unwound))
		special(t, s);
	if (likely(l)) {
		t->regs.ip = s->addr;
		flags_out(t);
		if (!run_plain(t, l))
			run_all(t, l, s->addr, s->begins, false);
		if (likely(!s->special))
			return;
	}
	l = list_of(&s->exit);
	if (l)
		run_exit(t, s, l);
}

/* First what most are that come here: the return of the function that was entered last. */
HOT void agent_uprobe(struct agent_thread *t, const struct agent_site *s)
{
	const struct agent_ref *ref = __atomic_load_n(&s->plain_exit, __ATOMIC_ACQUIRE);
	const struct agent_shadow *e = &t->shadow[t->nshadow - 1];
	u64 sp = t->regs.sp;

	if (unlikely(!ref || !t->nshadow || t->unwound || e->sp != sp || e->site->addr != s->entry ||
		     *slot_at(sp) == e->site->ret_at || !is_ours(t, ref))) {
		any_uprobe(t, s);
		return;
	}
	t->nshadow--;
	t->regs.sp = sp + 8;
	t->regs.ip = e->ra;
	flags_out(t);
	ref->entry(&t->regs, &t->run);
}

static COLD void miss_all(const struct agent_list *l)
{
	for (u32 i = 0; i < l->n; i++)
		count_missed(&l->ref[i]);
}

/* Has the function of this entry jumped here as its last act? */
static inline bool has_jumped(const struct agent_shadow *e, u64 sp, const struct agent_site *s)
{
	return e->sp == sp && (e->site->ret_at ? *slot_at(sp) == e->site->ret_at : *slot_at(sp) == e->ra && e->site != s);
}

/* A function begins: run what is to see that, and decide whether its return is to be trapped. */
u64 agent_any_function(struct agent_thread *t, const struct agent_site *s)
{
	const struct agent_list *l = list_of(&s->enter);
	u64 sp = t->regs.sp, any = 0;
	u32 n = t->nshadow;

	if (unlikely(s->unwinds == AGENT_UNWINDS))
		untrap(t);
	if (l) {
		if (unlikely(l->sessions))
			memset(t->session, 0, sizeof(t->session));
		t->regs.ip = s->addr;
		flags_out(t);
		if (!run_plain(t, l))
			run_all(t, l, s->addr, s->begins, false);
	}
	l = list_of(&s->leave);
	for (u32 i = 0; l && i < l->n && !any; i++)
		any = wanted(t, &l->ref[i]) && (likely(!(l->ref[i].flags & AGENT_SESSION)) || has_session(t, l->ref[i].session));
	if (!any)
		return 0;
	if (unlikely(s->unwinds == AGENT_UNWINDS && s->ret_at)) { /* it begins to read at its own frame */
		miss_all(l);
		return 0;
	}
	if (unlikely(t->unwound))
		trap_again(t, sp, sp + 1);
	/* Frames whose place on this stack is ours now have gone without returning; but one may have jumped here as its last act. */
	while (n && t->shadow[n - 1].sp <= sp && sp - t->shadow[n - 1].sp < SAME_STACK && !has_jumped(&t->shadow[n - 1], sp, s))
		n--;
	if (unlikely(n >= AGENT_SHADOW)) {
		miss_all(l);
		return 0;
	}
	t->shadow[n].sp = sp;
	t->shadow[n].ra = *slot_at(sp);
	t->shadow[n].site = s;
	t->shadow[n].sessions = l->sessions;
	if (unlikely(l->sessions))
		keep_sessions(t->shadow[n].session, t->session);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	t->nshadow = n + 1;
	l = list_of(&s->exit);
	if (unlikely(l)) /* it is no more than a return */
		run_exit(t, s, l);
	return s->ret_at != 0;
}

/* First what most are: one program wants the return, and the frame lies below those that were seen before. 2: agent_any_function() is to. */
HOT u64 agent_function(struct agent_thread *t, const struct agent_site *s)
{
	const struct agent_ref *ref = __atomic_load_n(&s->plain, __ATOMIC_ACQUIRE);
	u64 sp = t->regs.sp;
	u32 n = t->nshadow;
	struct agent_shadow *e = &t->shadow[n];

	if (unlikely(!ref || t->unwound || n >= AGENT_SHADOW || (n && e[-1].sp <= sp) || !is_ours(t, ref)))
		return 2;
	e->sp = sp;
	e->ra = *slot_at(sp);
	e->site = s;
	e->sessions = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	t->nshadow = n + 1;
	return s->ret_at != 0;
}

HOT void agent_return(struct agent_thread *t)
{
	/* the room that the trampoline made is where the return address was */
	u64 sp = t->regs.sp;
	struct agent_shadow *e, was;
	const struct agent_list *l;

	if (likely(t->nshadow && t->shadow[t->nshadow - 1].sp == sp))
		e = &t->shadow[t->nshadow - 1];
	else
		e = shadow_find(t, sp);
	if (likely(e)) {
		t->nshadow = (u32)(e - t->shadow); /* and what it was stays there until this event is over */
	} else {
		e = shadow_anywhere(sp);
		if (!e)
			__builtin_trap(); /* the stack was copied elsewhere: nobody knows where this goes on */
		was = *e;
		e->sp = 0;
		e = &was;
	}
	t->ra = e->ra;
	t->regs.sp = sp + 8;
	t->regs.ip = e->ra;
	flags_out(t);
	for (;;) {
		const struct agent_shadow *before = &t->shadow[t->nshadow - 1];

		l = list_of(&e->site->leave);
		if (l) {
			if (unlikely(l->sessions))
				take_sessions(t, e);
			if (!run_plain(t, l))
				run_all(t, l, e->ra, false, true);
		}
		/* one that jumped to this one, and is not trapped itself, returns by the same */
		if (likely(!t->nshadow || before->sp != sp || before->site->ret_at || before->ra != e->ra))
			break;
		e = &t->shadow[--t->nshadow];
	}
}

u64 agent_return_nested(struct agent_thread *t, u64 thunk_sp)
{
	u64 sp = thunk_sp + THUNK_FRAME + 16 + TRAMP_SKIP;
	struct agent_shadow *e = shadow_find(t, sp);

	if (!e)
		e = shadow_anywhere(sp);
	if (!e)
		__builtin_trap();
	return e->ra;
}

/* ---- what the supervisor asks for ---- */
static void wake(u32 *word)
{
	__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	syscall_anyway(__NR_futex, (long)word, FUTEX_WAKE, S32_MAX, 0, 0, 0);
}

/* A view of a map as the supervisor wrote it. */
static void take_map(struct map *m, u64 at)
{
	m->base = (u8 *)at;
	m->head = (struct map_head *)(at + (u64)(uintptr_t)m->head);
	m->data = (u8 *)(at + (u64)(uintptr_t)m->data);
	m->nodes = (u8 *)(at + (u64)(uintptr_t)m->nodes);
	m->table = (u8 *)(at + (u64)(uintptr_t)m->table);
	m->aux = (u8 *)(at + (u64)(uintptr_t)m->aux);
	m->self = &agent_head.self->who;
	m->ops = agent_map_ops[m->desc.type];
	m->lookup = m->ops->lookup;
	if (m->ops->pick)
		m->ops->pick(m);
	m->sink = m->sinks ? agent_find_sink : NULL;
	m->resolve = m->objs ? agent_find_obj : NULL;
	m->in_slot = m->objs ? objs_map : NULL;
	m->image_at = m->images ? agent_find_image : NULL;
	((struct map **)at)[-1] = m;
}

static s64 do_command(struct agent_cmd *c)
{
	struct agent_range *r;
	u64 *a = c->arg;

	switch (c->op) {
	case AGENT_CMD_SYSCALL:
		return syscall_anyway(c->nr, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
	case AGENT_CMD_VALUE:
		return (s64)a[0];
	case AGENT_CMD_THREAD:
		return block_new(a[0], (u32)a[1]) ? 0 : -ENOMEM;
	case AGENT_CMD_SELF:
		agent_self();
		return 0;
	case AGENT_CMD_SEAL:
		agent_seal();
		agent_sealed = 1;
		return 0;
	case AGENT_CMD_HELPERS:
		probe_virtual = agent_read_kernel;
		for (u32 i = 0; i < a[1]; i++)
			((u64 *)a[0])[i] = (u64)(uintptr_t)agent_helper(i);
		return 0;
	case AGENT_CMD_MAP:
		if (a[1] % MAP_PAGE || a[1] < MAP_PAGE)
			return -ENOMEM; /* it could not be mapped */
		take_map((struct map *)a[0], a[1]);
		r = (struct agent_range *)a[2];
		r->at = a[1] - MAP_PAGE;
		r->next = agent_head.ranges;
		agent_head.ranges = a[2];
		return 0;
	default:
		return -EINVAL;
	}
}

void agent_call(struct agent_cmd *first)
{
	struct os_time moment = { 0, LOOK_NS };

	for (struct agent_cmd *c = first; c->op != AGENT_CMD_END; c++) {
		for (u32 i = 0; i < 6; i++) {
			s64 got = c->from[i] ? first[c->from[i] - 1].ret : 0;

			c->arg[i] += got >= 0 ? (u64)got : ~0ull; /* of one that failed: an argument that fails too */
		}
		c->ret = do_command(c);
	}
	wake(&agent_head.ctl->done);
	/* it moves this thread back to where it was; a supervisor that is no more does not */
	while (syscall_anyway(__NR_kill, agent_head.ctl->server, 0, 0, 0, 0, 0) != -ESRCH)
		syscall_anyway(__NR_nanosleep, (long)&moment, 0, 0, 0, 0, 0);
}
