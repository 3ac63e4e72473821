/* SPDX-License-Identifier: BSD-2-Clause */
/* See knobs.h. Invariant: with all knobs at zero the library does what it does elsewhere. */
#include "knobs.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jit/jit.h"
#include "sys/sys.h"
#include "verifier/verify.h"
#include "vm/outline.h"

u32 knob_walk_limit;
bool knob_hard, knob_portable;

int __real_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats);
int __wrap_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats);
int __wrap_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats)
{
	struct vf_input limited = *in;

	limited.max_walk = knob_walk_limit;
	return __real_vf_verify(&limited, log, ret_proof, ret_stats);
}

/* ---- portable images, as another process would map them ---- */
static u64 slot_value(const struct lowered *l, const struct lower_ref *want)
{
	const u64 service[] = { [JIT_TAIL_CALL] = (u64)(uintptr_t)run_tail_call, [JIT_POLL] = (u64)(uintptr_t)run_poll,
				[JIT_MAY_GOTO] = (u64)(uintptr_t)run_may_goto };

	if (want->kind == LREF_OP)
		return (u64)(uintptr_t)vm_body_of[want->id];
	if (want->kind == LREF_SERVICE)
		return service[want->id];
	for (u32 i = 0; i < l->nrefs; i++) {
		const struct lower_ref *r = &l->ref[i];

		if (r->kind == want->kind && r->id == want->id && r->map == want->map && r->off == want->off && r->name == want->name)
			return l->ops[r->op].imm64;
	}
	abort();
}

/* | data | table | image | */
static int map_portable(const struct lowered *l, const struct jit_portable *p, size_t with, struct jit_code *ret)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), data = ROUND_UP(with + 1, page), table = ROUND_UP(p->nslots * 8, page);
	size_t size = data + table + p->size;
	u8 *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *image = map + data + table;
	int fd = jit_portable_file(p);

	if (map == MAP_FAILED || fd < 0 || mmap(image, p->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0) != image)
		abort();
	close(fd);
	for (u32 i = 0; i < p->nslots; i++)
		((u64 *)(void *)image)[-1 - (s64)i] = slot_value(l, &p->slot[i]);
	*ret = (struct jit_code){ .mem = { .map = map, .map_size = size, .code = image, .size = p->size, .data = map, .data_size = with },
				  .code = image, .size = p->size, .code_off = p->code_off, .entry = image + p->entry,
				  .call = image + p->call, .hop = image + p->hop, .needs_run = true };
	ret->sub_entry = malloc(p->nsubs * sizeof(*ret->sub_entry));
	for (u32 s = 0; s < p->nsubs; s++)
		ret->sub_entry[s] = image + p->sub_entry[s];
	free(p->bytes);
	free(p->slot);
	free(p->sub_entry);
	return 0;
}

int __real_jit_publish(struct jit_code *c, const void *data);
int __wrap_jit_publish(struct jit_code *c, const void *data);
int __wrap_jit_publish(struct jit_code *c, const void *data)
{
	if (c->bytes)
		return __real_jit_publish(c, data);
	memcpy(c->mem.data, data, c->mem.data_size);
	return 0;
}

int __real_jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, size_t with, struct jit_code *ret);
int __wrap_jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, size_t with, struct jit_code *ret);
int __wrap_jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, size_t with, struct jit_code *ret)
{
	struct jit_opts opts = *o;
	struct jit_portable p;

	opts.blind |= knob_hard;
	opts.hardened |= knob_hard;
	if (!knob_portable || jit_compile_portable(l, &opts, a, &p))
		return __real_jit_compile(l, &opts, a, with, ret);
	return map_portable(l, &p, with, ret);
}

void knob_caps(struct skep *s, u32 caps)
{
	s->caps = caps;
	s->caps_set = true;
}
