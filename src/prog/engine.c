/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What engines run of a program: its operations, and code.
 *
 * Most programs that are loaded are never run here: they are probed for, refused by somebody else's rule, or run in other processes. So
 * operations wait in ordinary memory until somebody takes the program to run it; then they are compiled and sealed. A sum whose
 * key nobody can change tells whether they are what was verified; if not, the program stays unrun.
 */
#include "prog/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/siphash.h"

/* In one piece: operations, subprograms, origins, references, slots of tail calls. */
struct piece { size_t sub, from, ref, tail, size; };

static struct piece piece_of(const struct prog *p)
{
	struct piece at;

	at.sub = ROUND_UP(p->image.n * sizeof(struct ins), 16);
	at.from = at.sub + ROUND_UP(p->image.nsubs * sizeof(struct image_sub), 16);
	at.ref = at.from + ROUND_UP(p->image.n * sizeof(u32), 16);
	at.tail = at.ref + ROUND_UP(p->nrefs * sizeof(struct lower_ref), 16);
	at.size = at.tail + ROUND_UP(p->ntails * sizeof(struct lower_tail), 16);
	return at;
}

/* ---- the sum ---- */
static struct codemem key;
static int key_err;

static void make_key(void)
{
	u64 k[2];

	key_err = getrandom(k, sizeof(k), 0) == (ssize_t)sizeof(k) ? codemem_readonly(k, sizeof(k), &key) : -EIO;
}

static int sum_of(const void *bytes, size_t size, u64 *ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_key);
	if (!key_err)
		*ret = siphash((const u64 *)(const void *)key.code, bytes, size / 8);
	return key_err;
}

/* ---- load ---- */
/* As Linux's sysctl bpf_jit_harden. */
static bool hides_constants(const struct prog_attr *a)
{
	return a->harden == HARDEN_ALL || (a->harden == HARDEN_UNPRIVILEGED && !caps_grant(a->vf.caps, CAPB_BPF));
}

static void point_to(struct prog *p, const u8 *bytes)
{
	struct piece at = piece_of(p);

	p->image.ops = (const struct ins *)(const void *)bytes;
	p->image.sub = (const struct image_sub *)(const void *)(bytes + at.sub);
	p->op_from = (const u32 *)(const void *)(bytes + at.from);
	p->refs = (const struct lower_ref *)(const void *)(bytes + at.ref);
}

static int keep_waiting(struct prog *p, const struct lowered *low)
{
	struct piece at = piece_of(p);
	struct image_sub *subs;
	u8 *w = calloc(1, at.size);

	if (!w)
		return -ENOMEM;
	p->waiting = w;
	memcpy(w, low->ops, low->n * sizeof(*low->ops));
	memcpy(w + at.from, low->from, low->n * sizeof(*low->from));
	if (low->nrefs)
		memcpy(w + at.ref, low->ref, low->nrefs * sizeof(*low->ref));
	if (low->ntails)
		memcpy(w + at.tail, low->tail, low->ntails * sizeof(*low->tail));
	subs = (struct image_sub *)(void *)(w + at.sub);
	for (u32 i = 0; i < low->nsubs; i++) {
		const struct lowered_sub *s = &low->sub[i];

		subs[i] = (struct image_sub){ .start = s->start, .end = s->end, .stack = s->stack, .callback = s->callback,
					      .exception_cb = s->exception_cb, .tail_call_reachable = s->tail_call_reachable };
	}
	point_to(p, w);
	return sum_of(w, at.size, &p->waiting_sum);
}

/* Nobody should come here: who takes a program to run it has called prog_ready(). Who did not runs it all the same. */
static u64 run_unready(void *ctx, struct run *run)
{
	struct prog *p = run->image->prog;

	if (!prog_ready(p))
		return run->image->entry(ctx, run);
	__atomic_fetch_add(&p->stats.misses, 1, __ATOMIC_RELAXED);
	return 0;
}

int engine_make(struct prog *p, const struct prog_attr *a, bool hardened, const struct lowered *low)
{
	bool sure;
	int err;

	p->jit_opts = (struct jit_opts){ .blind = hides_constants(a), .hardened = hardened };
	if (*p->unrunnable) {
		p->jited = a->engine != ENGINE_INTERP && jit_available(); /* as if it were there */
		p->ready = true;
		return 0;
	}
	p->jited = a->engine == ENGINE_JIT || (a->engine == ENGINE_AUTO && jit_available());
	p->image = (struct image){ .n = low->n, .nsubs = low->nsubs, .exception_sub = low->exception_sub,
				   .throws = low->may_throw, .may_throw = low->may_throw || a->budget,
				   .may_tail_call = low->may_tail_call, .budget = a->budget, .whole_index = hardened,
				   .entry = run_unready, .prog = p, .streams = &p->streams };
	p->image.tail = p->image.may_throw ? run_landed : run_unready;
	p->image.hop = jit_hop();
	p->nrefs = low->nrefs;
	p->ntails = low->ntails;
	err = keep_waiting(p, low);
	if (err || !p->jited)
		return err;
	sure = !p->jit_opts.blind && jit_available();
	p->only_jit = a->engine == ENGINE_JIT;
	err = sure ? 0 : prog_ready(p);
	p->jited = sure || p->code.code;
	return err;
}

void engine_free(struct prog *p)
{
	free(p->waiting);
	jit_free(&p->code);
	codemem_free(&p->ro);
}

/* ---- first use ---- */
/* What was lowered, from a copy of the piece that is this thread's alone. */
static void lowered_of(const struct prog *p, u8 *bytes, struct arena *a, struct lowered *ret)
{
	struct piece at = piece_of(p);
	const struct image_sub *subs = (const struct image_sub *)(const void *)(bytes + at.sub);

	*ret = (struct lowered){ .ops = (struct ins *)(void *)bytes, .n = p->image.n, .nsubs = p->image.nsubs,
				 .exception_sub = p->image.exception_sub, .may_throw = p->image.may_throw,
				 .may_tail_call = p->image.may_tail_call, .from = (u32 *)(void *)(bytes + at.from),
				 .ref = (struct lower_ref *)(void *)(bytes + at.ref), .nrefs = p->nrefs,
				 .tail = (struct lower_tail *)(void *)(bytes + at.tail), .ntails = p->ntails };
	ret->sub = ARENA_ARRAY(a, struct lowered_sub, ret->nsubs);
	for (u32 i = 0; i < ret->nsubs; i++)
		ret->sub[i] = (struct lowered_sub){ .start = subs[i].start, .end = subs[i].end, .stack = subs[i].stack,
						    .callback = subs[i].callback, .exception_cb = subs[i].exception_cb,
						    .tail_call_reachable = subs[i].tail_call_reachable };
}

static int compile(struct prog *p, u8 *bytes, struct arena *a)
{
	struct piece at = piece_of(p);
	struct image_sub *subs = (struct image_sub *)(void *)(bytes + at.sub);
	struct lowered low;
	int err;

	lowered_of(p, bytes, a, &low);
	err = jit_compile(&low, &p->jit_opts, a, at.size, &p->code);
	if (err)
		return err;
	for (u32 i = 0; i < low.nsubs; i++)
		subs[i].jit = p->code.sub_entry[i];
	err = jit_publish(&p->code, bytes);
	if (!err)
		return 0;
	for (u32 i = 0; i < low.nsubs; i++)
		subs[i].jit = NULL;
	jit_free(&p->code);
	return err;
}

/* 0 without code: it is to be interpreted. */
static int try_to_compile(struct prog *p, u8 *bytes, struct arena *a)
{
	int err = compile(p, bytes, a);

	return p->only_jit || err == -ENOMEM || err == -EIO ? err : 0;
}

static void complete_image(struct prog *p)
{
	struct image *i = &p->image;

	if (p->code.code) {
		/* Function pointers kept as objects by the JIT's interface: POSIX guarantees the conversion. */
		memcpy(&i->entry, &p->code.entry, sizeof(i->entry));
		memcpy(&i->jit_call, &p->code.call, sizeof(i->jit_call));
		i->bare = !p->code.needs_run;
		i->code = p->code.code;
		i->code_size = p->code.size;
		i->code_off = p->code.code_off;
	} else {
		i->entry = vm_exec;
	}
	i->tail = i->may_throw ? run_landed : i->entry;
	i->hop = p->code.code && !i->may_throw ? p->code.hop : jit_hop();
}

static int make_ready(struct prog *p, struct arena *a)
{
	struct piece at = piece_of(p);
	u8 *bytes = memcpy(arena_alloc_raw(a, at.size), p->waiting, at.size);
	u64 sum;
	int err = sum_of(bytes, at.size, &sum);

	if (!err && sum != p->waiting_sum)
		err = -EFAULT;
	if (!err && p->jited)
		err = try_to_compile(p, bytes, a);
	/* executable memory may have been forbidden since the load; without random numbers there is no hiding, so that ends here */
	if (!err && !p->code.code)
		err = codemem_readonly(bytes, at.size, &p->ro);
	if (err)
		return err;
	point_to(p, p->code.code ? p->code.mem.data : p->ro.code);
	complete_image(p);
	free(p->waiting);
	p->waiting = NULL;
	return 0;
}

int prog_ready(struct prog *p)
{
	struct arena a = { 0 };
	jmp_buf oom;
	int err = 0;

	if (__atomic_load_n(&p->ready, __ATOMIC_ACQUIRE))
		return 0;
	pthread_mutex_lock(&p->lock);
	if (!p->ready) {
		a.oom = &oom;
		err = setjmp(oom) ? -ENOMEM : make_ready(p, &a);
		if (!err)
			__atomic_store_n(&p->ready, true, __ATOMIC_RELEASE);
		arena_free(&a);
	}
	pthread_mutex_unlock(&p->lock);
	return err;
}

/* ---- images for other processes ---- */
static int compile_portable(const struct prog *p, struct arena *a, struct jit_portable *ret)
{
	struct piece at = piece_of(p);
	u8 *bytes = memcpy(arena_alloc_raw(a, at.size), p->image.ops, at.size);
	struct lowered low;

	lowered_of(p, bytes, a, &low);
	low.tail = NULL; /* slots of this process */
	return jit_compile_portable(&low, &p->jit_opts, a, ret);
}

int prog_portable(struct prog *p, struct jit_portable *ret)
{
	struct arena a = { 0 };
	jmp_buf oom;
	int err;

	if (*p->unrunnable)
		return -EOPNOTSUPP;
	err = prog_ready(p);
	if (err)
		return err;
	a.oom = &oom;
	err = setjmp(oom) ? -ENOMEM : compile_portable(p, &a, ret);
	arena_free(&a);
	return err;
}
