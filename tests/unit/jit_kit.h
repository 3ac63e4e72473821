/* SPDX-License-Identifier: BSD-2-Clause */
/* A program of lowered operations as two images, interpreted and compiled, for tests that compare them. */
#ifndef SKEP_JIT_KIT_H
#define SKEP_JIT_KIT_H

#include "unit/test.h"

#include "isa/isa.h"
#include "jit/jit.h"
#include "vm/abi.h"

#define KIT_SUBS 16

struct kit {
	struct ins *ops;             /* owned */
	u32 n;
	struct lowered_sub lsub[KIT_SUBS];
	struct image_sub vsub[KIT_SUBS], jsub[KIT_SUBS];
	u32 nsubs;
	struct image vm, jit;
	struct jit_code code;
	struct arena arena;
};

static int kit_by_start(const void *a, const void *b)
{
	const struct lowered_sub *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Every target of a call or function address starts a subprogram; `stack` bytes for each. */
static void kit_find_subs(struct kit *k, u32 stack)
{
	k->nsubs = 1;
	k->lsub[0] = (struct lowered_sub){ .stack = stack };
	for (u32 i = 0; i < k->n; i++) {
		u32 s = 0;

		if (k->ops[i].op != OP_CALL_SUB && k->ops[i].op != OP_LDIMM64_FUNC)
			continue;
		while (s < k->nsubs && k->lsub[s].start != k->ops[i].target)
			s++;
		if (s == k->nsubs)
			k->lsub[k->nsubs++] = (struct lowered_sub){ .start = k->ops[i].target, .stack = stack };
		k->lsub[s].callback |= k->ops[i].op == OP_LDIMM64_FUNC;
	}
	qsort(k->lsub, k->nsubs, sizeof(*k->lsub), kit_by_start);
	for (u32 s = 0; s < k->nsubs; s++)
		k->lsub[s].end = s + 1 < k->nsubs ? k->lsub[s + 1].start : k->n;
	for (u32 i = 0; i < k->n; i++) {
		u32 s = 0;

		if (k->ops[i].op != OP_LDIMM64_FUNC)
			continue;
		while (k->lsub[s].start != k->ops[i].target)
			s++;
		k->ops[i].imm64 = s;
	}
}

/* Both images of the operations; 0 or what jit_compile() says. */
static inline int kit_compile(struct kit *k, const struct jit_opts *o)
{
	struct lowered l = { .ops = k->ops, .n = k->n, .sub = k->lsub, .nsubs = k->nsubs, .exception_sub = ~0u };
	jmp_buf oom;
	int err;

	k->arena = (struct arena){ .oom = &oom };
	if (setjmp(oom))
		abort();
	err = jit_compile(&l, o, &k->arena, 0, &k->code);
	if (!err)
		err = jit_publish(&k->code, NULL);
	arena_free(&k->arena);
	if (err)
		return err;
	for (u32 s = 0; s < k->nsubs; s++) {
		k->vsub[s] = (struct image_sub){ .start = k->lsub[s].start, .end = k->lsub[s].end, .stack = k->lsub[s].stack };
		k->jsub[s] = k->vsub[s];
		k->jsub[s].jit = k->code.sub_entry[s];
	}
	k->vm = (struct image){ .ops = k->ops, .n = k->n, .sub = k->vsub, .nsubs = k->nsubs, .exception_sub = ~0u,
				.entry = vm_exec, .tail = vm_exec, .hop = jit_hop() };
	k->jit = k->vm;
	k->jit.sub = k->jsub;
	memcpy(&k->jit.entry, &k->code.entry, sizeof(k->jit.entry));
	k->jit.tail = k->jit.entry;
	k->jit.hop = k->code.hop;
	memcpy(&k->jit.jit_call, &k->code.call, sizeof(k->jit.jit_call));
	return 0;
}

static inline void kit_drop(struct kit *k)
{
	jit_free(&k->code);
	free(k->ops);
	*k = (struct kit){ 0 };
}

static const struct jit_opts kit_opts[] = { { 0 }, { .baseline = true }, { .blind = true }, { .hardened = true },
					    { .blind = true, .hardened = true, .baseline = true } };

static struct run kit_run;

static inline u64 kit_go(const struct image *img, void *ctx)
{
	run_init(&kit_run, img, NULL);
	return run_image(&kit_run, ctx);
}

#endif
