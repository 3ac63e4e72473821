/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rewritten code: what a probed place becomes.
 *
 * The place jumps to a trampoline near it. That runs the covered instructions, and where the probed one is to run calls a
 * thunk of the agent (agent/entry.S) with the stack below the red zone. A function whose return is wanted is called from the
 * trampoline with the same stack, so that its `ret` goes where the processor expects it to. A place that another's jump covers has
 * its event in that one's trampoline, before the copy of its instruction. A system call is made in the
 * trampoline. Invariant: while threads run, the code is either the old or the new; a thread that was between is moved.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "box/trace_maps.h"
#include "box/trace_proc.h"
#include "patch/asm.h"
#include "patch/patch.h"

#define AREA_SIZE  65536u
#define AREA_MOST  (8u << 20)
#define TRAMP_ROOM 320u
#define MAX_FUNC   (1u << 20)
#define REACH      ((u64)0x7ff00000)

/* ---- room near the code ---- */
static bool near(u64 a, u64 b) { return a > b ? a - b < REACH : b - a < REACH; }

static struct proc_area *area_near(struct proc *p, u64 addr)
{
	for (u32 i = 0; i < p->nareas; i++) {
		struct proc_area *a = &p->areas[i];

		if (near(a->at, addr) && near(a->at + a->size, addr) && !a->pun && (a->free || a->used + TRAMP_ROOM <= a->size))
			return a;
	}
	return NULL;
}

/* Room for one more in the list. */
static struct proc_area *new_area(struct proc *p)
{
	struct proc_area *v = p->areas;

	if (p->nareas == p->areacap) {
		u32 cap = p->areacap ? p->areacap * 2 : 8;

		v = realloc(v, cap * sizeof(*v));
		if (!v)
			return NULL;
		p->areas = v;
		p->areacap = cap;
	}
	return &v[p->nareas];
}

/* Code at a place where nothing is. */
static int map_at(struct proc *p, const struct blob *b, struct stop *s, u64 at, u64 size)
{
	s64 got;
	int err = proc_note_range(p, b, s, at, size);

	if (err)
		return err;
	got = stop_syscall(s, SYS_mmap, at, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			   ~0ull, 0);
	if (got >= 0 && (u64)got != at) { /* a kernel that does not know the flag */
		stop_syscall(s, SYS_munmap, (u64)got, size, 0, 0, 0, 0);
		got = -ENOMEM;
	}
	if (got < 0)
		proc_unnote_range(p, b, s);
	return got < 0 ? (int)got : 0;
}

static int area_new(struct proc *p, const struct blob *b, struct stop *s, u64 addr)
{
	u64 size = MIN(ROUND_UP((u64)p->wants * TRAMP_ROOM, AREA_SIZE), AREA_MOST), at;
	int err;

	size = MAX(size, AREA_SIZE);
	at = maps_gap(p->pid, addr, size, REACH - size);
	if (!at && size > AREA_SIZE) {
		size = AREA_SIZE;
		at = maps_gap(p->pid, addr, size, REACH - size);
	}
	if (!at || !new_area(p))
		return -ENOMEM;
	err = map_at(p, b, s, at, size);
	if (!err)
		p->areas[p->nareas++] = (struct proc_area){ .at = at, .size = size };
	return err;
}

/* Free ones hold the address of the next in their first word. */
static int tramp_alloc(struct proc *p, const struct blob *b, struct stop *s, u64 addr, u64 *ret)
{
	struct proc_area *a = area_near(p, addr);
	int err = a ? 0 : area_new(p, b, s, addr);

	if (err)
		return err;
	a = a ? a : &p->areas[p->nareas - 1];
	if (a->free) {
		*ret = a->free;
		return stop_read(s, *ret, &a->free, 8);
	}
	*ret = a->at + a->used;
	a->used += TRAMP_ROOM;
	return 0;
}

static void tramp_free(struct proc *p, struct stop *s, u64 at)
{
	for (u32 i = 0; i < p->nareas; i++)
		if (at - p->areas[i].at < p->areas[i].size && !stop_write(s, at, &p->areas[i].free, 8))
			p->areas[i].free = at;
}

/* ---- trampolines ---- */
struct tramp {
	struct patch_asm a;
	struct patch_plan *p;
	const struct proc_site *site;
	u64 word;      /* of the first word: thunk; then the site, the thunk for what follows, */
	u64 ret_at;    /* where a trapped return comes to; 0: none is */
	u64 behind;    /* where the system call returns to */
};

static void skip_down(struct patch_asm *a, u32 n) { a_lea(a, RSP, RSP, -(s32)n); }
static void skip_up(struct patch_asm *a) { OP(a, 0x48, 0x8d, 0xa4, 0x24, 0x80, 0, 0, 0); }

/* call *[word] */
static void call_word(struct patch_asm *a, u64 word)
{
	s32 disp = s32_of(word - (a_here(a) + 6));

	OP(a, 0xff, 0x15);
	a_bytes(a, &disp, 4);
}

static void go_back(struct tramp *t) { a_jmp(&t->a, t->p->start + t->p->covered); }

static void thunk(struct tramp *t, u64 word)
{
	skip_down(&t->a, 128);
	a_push(&t->a, RAX);
	call_word(&t->a, word);
	a_pop(&t->a, RAX);
}

/* Instructions that the jump covers, and before them the events of other sites there. */
static void copy_part(struct proc *p, const struct blob *b, struct tramp *t, u32 from, u32 to)
{
	const u64 start = t->p->start;

	for (u32 i = proc_first_site(p, start + from); i < p->nsites && p->sites[p->order[i]].addr < start + to; i++) {
		const struct proc_site *g = &p->sites[p->order[i]];
		u64 words[3] = { p->base + b->exp->uprobe, 0, g->remote }, at;
		u32 off = (u32)(g->addr - start);

		if (!g->host || g->host != t->site->addr)
			continue;
		patch_copy(t->p, &t->a, from, off);
		from = off;
		a_jmp(&t->a, a_here(&t->a) + 5 + sizeof(words));
		at = a_here(&t->a);
		a_bytes(&t->a, words, sizeof(words));
		patch_note(t->p, &t->a, off);
		thunk(t, at);
		skip_up(&t->a);
	}
	patch_copy(t->p, &t->a, from, to);
}

static void emit_probe(struct proc *p, const struct blob *b, struct tramp *t)
{
	struct patch_asm *a = &t->a;
	u32 body, trap = 0;

	thunk(t, t->word);
	skip_up(a);
	if (t->site->returns)
		trap = a_jcc_ahead(a, CC_B);
	body = a->n;
	copy_part(p, b, t, t->p->before, t->p->covered);
	go_back(t);
	if (!t->site->returns)
		return;
	a_bind(a, trap);
	a_lea(a, RSP, RSP, 8);          /* the return address is kept elsewhere */
	OP(a, 0xe8);
	a_bytes(a, &(s32){ (s32)body - (s32)(a->n + 4) }, 4);
	t->ret_at = a_here(a);
	skip_down(a, 136);              /* it goes into the room above the red zone */
	a_push(a, RAX);
	call_word(a, t->word + 8);
	a_pop(a, RAX);
	skip_up(a);
	OP(a, 0xc3);
}

static void emit_syscall(struct tramp *t)
{
	struct patch_asm *a = &t->a;
	u32 skip;

	thunk(t, t->word);
	skip_up(a);
	OP(a, 0xe3, 0x05);              /* jrcxz: over the jump */
	skip = a_jmp_ahead(a);
	patch_note(t->p, a, t->p->before);
	if (t->site->gate) {
		OP(a, 0xff, 0x25, 0, 0, 0, 0);  /* jmp *[rip]: to the gate, which comes back behind that */
		a_bytes(a, &t->site->gate, 8);
	} else {
		OP(a, 0x0f, 0x05);
	}
	t->behind = a_here(a);
	patch_note(t->p, a, t->p->before + 2u);
	if (t->site->returns) {
		thunk(t, t->word + 8);
		skip_up(a);
	}
	a_bind(a, skip);
	patch_copy(t->p, a, t->p->before + 2u, t->p->covered);
	go_back(t);
}

static int emit(struct proc *p, const struct blob *b, struct proc_site *site, struct patch_plan *plan, u8 *buf)
{
	bool call = site->kind == AGENT_SYSCALL;
	struct tramp t = { .p = plan, .site = site, .word = site->tramp,
			   .a = { .buf = buf, .cap = TRAMP_ROOM, .addr = site->tramp } };
	u64 words[3] = { p->base + (call && site->returns	     ? b->exp->sys_enter
				    : call			     ? b->exp->sys_only
				    : site->returns || site->records ? b->exp->function
								     : b->exp->uprobe),
			 site->remote, p->base + (call ? b->exp->sys_exit : b->exp->ret) };

	plan->nmap = 0;
	plan->gate = site->gate;
	plan->tramp = site->tramp;
	/* the site's word is where the thunk looks for it: right before the stub */
	if (plan->before) {
		plan->entry_at = site->tramp;
		copy_part(p, b, &t, 0, plan->before);
		a_jmp(&t.a, a_here(&t.a) + 5 + 24);
		t.word = a_here(&t.a);
	} else {
		plan->entry_at = site->tramp + 24;
	}
	a_bytes(&t.a, &words[0], 8);
	a_bytes(&t.a, &words[2], 8);
	a_bytes(&t.a, &words[1], 8);
	patch_note(plan, &t.a, plan->before);
	if (call)
		emit_syscall(&t);
	else
		emit_probe(p, b, &t);
	plan->tramp_len = t.a.n;
	site->ret_at = t.ret_at;
	site->behind = t.behind;
	return t.a.err;
}

/* ---- sites ---- */
/* The function around the site, as it is in the process. */
struct around { u8 *code; struct patch_func f; struct patch_text text; u32 off; };

static int read_there(void *arg, u64 addr, void *buf, u32 n)
{
	return stop_read(arg, addr, buf, n);
}

/* Where no table says how long the function is: as far as what follows are instructions, and not behind one that ends it. */
static u32 whole_insns(const u8 *code, u32 size)
{
	struct patch_insn in;
	u32 at = 0;

	while (at < size && !patch_decode(code + at, size - at, &in)) {
		at += in.len;
		if (in.kind == PATCH_RET || in.kind == PATCH_STOP || in.kind == PATCH_JMP || in.kind == PATCH_JMP_IND)
			break;
	}
	return at;
}

static int look(struct stop *s, const struct proc_site *site, struct around *r)
{
	const struct maps_func *k = &site->func;
	bool known = site->addr - k->start < k->end - k->start && k->end - k->start <= MAX_FUNC;
	u64 start = known ? k->start : site->addr;
	u32 size = known ? (u32)(k->end - k->start) : 64, pad = known ? k->pad : 0, tail = known ? k->tail : 0, more = 8;

	r->code = malloc(pad + size + tail + more);
	if (!r->code)
		return -ENOMEM;
	if (stop_read(s, start - pad, r->code, pad + size + tail + more)) {
		more = 0; /* the mapping ends there */
		if (stop_read(s, start - pad, r->code, pad + size + tail)) {
			free(r->code);
			return -EFAULT;
		}
	}
	r->f = (struct patch_func){ .code = r->code + pad, .addr = start, .size = size, .pad = pad, .tail = tail, .more = more };
	if (known) {
		r->text = k->text;
		r->f.text = &r->text;
		r->f.read = read_there;
		r->f.arg = s;
	} else {
		r->f.size = whole_insns(r->f.code, size);
	}
	r->off = (u32)(site->addr - start);
	return 0;
}

/* Other sites of ours in the function: their original bytes are what counts. */
static void show_others(struct proc *p, struct around *r)
{
	for (u32 i = proc_first_site(p, r->f.addr); i < p->nsites; i++) {
		const struct patch_plan *o = &p->sites[p->order[i]].plan;
		u64 at = o->start - r->f.addr;

		if (p->sites[p->order[i]].addr >= r->f.addr + r->f.size + PATCH_MAX_COVER)
			break;
		if (o->tramp && at < r->f.size)
			memcpy(r->code + r->f.pad + at, o->old, MIN(o->len, r->f.size - at));
	}
}

/* Which bytes of the module other sites cover: kept while the process is traced. */
static int take_others(struct proc *p, struct around *r)
{
	struct patch_text *v = p->texts;

	if (!r->f.text)
		return 0;
	for (u32 i = 0; i < p->ntexts; i++)
		if (v[i].addr == r->text.addr && v[i].targets == r->text.targets) {
			r->text.taken = v[i].taken;
			return 0;
		}
	v = realloc(v, (p->ntexts + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->texts = v;
	r->text.taken = calloc(1, patch_text_bytes(r->text.size));
	if (!r->text.taken)
		return -ENOMEM;
	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].plan.tramp)
			patch_text_take(&r->text, &p->sites[i].plan, true);
	v[p->ntexts++] = r->text;
	return 0;
}

static void take(struct proc *p, const struct patch_plan *plan, bool take)
{
	for (u32 i = 0; i < p->ntexts; i++)
		patch_text_take(&p->texts[i], plan, take);
}

static bool overlaps(struct proc *p, const struct patch_plan *plan)
{
	u32 i = proc_first_site(p, plan->start - PATCH_MAX_COVER);

	for (; i < p->nsites; i++) {
		const struct patch_plan *o = &p->sites[p->order[i]].plan;

		if (p->sites[p->order[i]].addr > plan->start + 2 * PATCH_MAX_COVER)
			break;

		if (o->tramp && plan->start < o->start + o->holds && o->start < plan->start + plan->holds)
			return true;
	}
	return i == ~0u; /* nobody knows */
}

/* Where what is there is not known as a function, only what no branch can split. */
static int make_plan(struct proc *p, struct stop *s, const struct proc_site *site, struct patch_plan *plan)
{
	struct around r = { 0 };
	u32 flags = site->kind == AGENT_UPROBE && (site->returns || site->records) ? 0 : PATCH_BACKWARD;
	int err = look(s, site, &r);

	if (err)
		return err;
	show_others(p, &r);
	err = take_others(p, &r);
	if (!err)
		err = patch_plan(&r.f, r.off, flags | PATCH_ONLY_JUMP | PATCH_MAY_PUN, plan);
	free(r.code);
	if (!err && !r.f.text && !plan->single)
		err = -ENOSPC;
	return err ? err : overlaps(p, plan) ? -EEXIST : 0;
}

static s32 jump_to(u64 from, u64 to) { return s32_of(to - from); }

/* The bytes of the jump, or jumps. */
static int make_jump(struct patch_plan *plan)
{
	u64 from = plan->form == PATCH_JMP2 ? plan->pad : plan->start;
	u8 *at = plan->form == PATCH_JMP2 ? plan->new_pad : plan->new;
	s32 disp = jump_to(from + 5, plan->entry_at);

	if (plan->form == PATCH_PUN)
		return 0; /* has been made when its place was found */
	at[0] = 0xe9;
	memcpy(at + 1, &disp, 4);
	if (plan->form == PATCH_JMP2) {
		plan->new[0] = 0xeb;
		plan->new[1] = (u8)(plan->pad - (plan->start + 2));
	}
	return 0;
}

/* ---- jumps that can go to few places: there lies another one ---- */
static struct proc_area *area_at(struct proc *p, u64 page)
{
	for (u32 i = 0; i < p->nareas; i++)
		if (page - p->areas[i].at < p->areas[i].size)
			return &p->areas[i];
	return NULL;
}

static int map_page(struct proc *p, const struct blob *b, struct stop *s, u64 page)
{
	struct proc_area *a = area_at(p, page);
	int err;

	if (a)
		return a->pun ? 0 : -EEXIST;
	if (page < 65536 || page >= (u64)1 << 47)
		return -ENOMEM;
	if (!new_area(p))
		return -ENOMEM;
	err = map_at(p, b, s, page, 4096);
	if (!err)
		p->areas[p->nareas++] = (struct proc_area){ .at = page, .size = 4096, .used = 4096, .pun = true };
	return err;
}

/* Does a stub that begins before it reach there? Its last bytes are zero, as if nothing were there. */
static bool overlapped(struct proc *p, const struct stop *s, u64 to)
{
	static const u8 begin[6] = { 0xff, 0x25 };
	u64 from = to - (PATCH_PUN_STUB - 1), page = to & ~4095ull;
	const struct proc_area *a = area_at(p, from & ~4095ull);
	u8 was[PATCH_PUN_STUB - 1 + sizeof(begin)];
	u32 n;

	if (from < page && (!a || !a->pun))
		from = page;
	n = (u32)(to - from);
	if (stop_read(s, from, was, n + sizeof(begin) - 1))
		return true;
	for (u32 i = 0; i < n; i++)
		if (!memcmp(was + i, begin, sizeof(begin)))
			return true;
	return false;
}

/* Somewhere this jump can go to; from there on to the trampoline. What is put there stays as long as the agent. */
static int put_pun(struct proc *p, const struct blob *b, struct stop *s, struct patch_plan *plan)
{
	u8 stub[PATCH_PUN_STUB] = { 0xff, 0x25 }, now[PATCH_PUN_STUB];
	static const u8 none[PATCH_PUN_STUB];
	u64 to, old = 0;

	memcpy(stub + 6, &plan->entry_at, 8);
	for (u32 i = 0; patch_pun(plan, i, &to); i++) {
		u64 last = to + PATCH_PUN_STUB - 1;

		if (map_page(p, b, s, to & ~4095ull) || ((to ^ last) & ~4095ull && map_page(p, b, s, last & ~4095ull)) ||
		    stop_read(s, to, now, sizeof(now)))
			continue;
		memcpy(&old, now + 6, 8);
		if (overlapped(p, s, to) || (memcmp(now, none, sizeof(now)) && (memcmp(now, stub, 6) || old != plan->entry_at)))
			continue;
		return stop_write(s, to, stub, sizeof(stub));
	}
	return -ENOSPC;
}

/* After the code is the original again. */
static int note_plan(struct stop *s, const struct proc_site *site, const struct patch_plan *plan)
{
	return stop_write(s, site->remote + offsetof(struct agent_placed, plan), plan, sizeof(*plan));
}

/* As Linux tells: where a frame is about to be made, and where a function says that it may be jumped to. */
static bool begins(const struct stop *s, const struct proc_site *site)
{
	u8 code[4] = { 0 };

	return site->kind == AGENT_UPROBE && !site->host && !stop_read(s, site->addr, code, 4) &&
	       (code[0] == 0x55 || !memcmp(code, "\xf3\x0f\x1e\xfa", 4));
}

/* What there is no more to a site than: its one program, as struct agent_site has it. */
struct alone { const struct agent_ref *bare, *plain, *plain_exit; };
_Static_assert(offsetof(struct agent_site, plain) - offsetof(struct agent_site, bare) == offsetof(struct alone, plain) &&
	       offsetof(struct agent_site, plain_exit) - offsetof(struct agent_site, bare) == offsetof(struct alone, plain_exit),
	       "written at once");

static const struct agent_ref *only_ref(const struct proc_list *l)
{
	return l->plain ? (const struct agent_ref *)(l->at + offsetof(struct agent_list, ref)) : NULL;
}

static struct alone alone_at(const struct proc_site *site)
{
	bool remembers = site->returns || site->records;
	struct alone a = { 0 };

	if (site->kind != AGENT_UPROBE || site->unwinds)
		return a;
	if (!remembers && !site->exit.at && site->enter.bare)
		a.bare = only_ref(&site->enter);
	if (remembers && !site->exit.at && !site->enter.at)
		a.plain = only_ref(&site->leave);
	if (site->entry && !site->enter.at && !site->leave.at)
		a.plain_exit = only_ref(&site->exit);
	return a;
}

/* Before it is changed. */
static int note_site(struct stop *s, const struct proc_site *site, const struct patch_plan *plan)
{
	struct alone a = alone_at(site);
	struct agent_placed r = {
		.site = { .addr = site->addr, .kind = site->kind, .begins = begins(s, site), .entry = site->entry,
			  .unwinds = site->unwinds, .special = site->unwinds || site->exit.at, .ret_at = site->ret_at,
			  .bare = a.bare, .plain = a.plain, .plain_exit = a.plain_exit,
			  .enter = (const struct agent_list *)site->enter.at,
			  .leave = (const struct agent_list *)site->leave.at,
			  .exit = (const struct agent_list *)site->exit.at },
		.counter = site->ref_ctr, .returns = site->returns, .plan = *plan,
	};

	return stop_write(s, site->remote, &r, offsetof(struct agent_placed, next));
}

static int put_site(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site, struct patch_plan *plan)
{
	u8 buf[TRAMP_ROOM];
	bool kept = site->tramp != 0;
	int err = kept ? 0 : tramp_alloc(p, b, s, plan->start, &site->tramp);

	if (err)
		return err;
	memset(buf, 0xcc, sizeof(buf));
	if (!err && site->want_gate && !site->gate)
		err = net_gate(p, s, &site->gate);
	if (!err)
		err = emit(p, b, site, plan, buf);
	if (!err && site->gate)
		err = net_open_gate(s, site->gate, site->behind);
	if (!err && plan->form == PATCH_PUN)
		err = put_pun(p, b, s, plan);
	if (!err)
		err = make_jump(plan);
	if (!err)
		err = stand_may_change(p, b, s, plan);
	if (!err)
		err = note_site(s, site, plan);
	if (!err)
		err = stop_write(s, site->tramp, buf, sizeof(buf));
	if (!err && plan->form == PATCH_JMP2)
		err = stop_write(s, plan->pad, plan->new_pad, 5);
	if (!err)
		stand_forward(s, plan);
	if (!err)
		err = stop_write(s, plan->start, plan->new, plan->len);
	if (err) {
		if (!kept) {
			tramp_free(p, s, site->tramp);
			site->tramp = 0;
		}
		return err;
	}
	return 0;
}

/* ---- sites that one jump covers ---- */
static void forget_guests(struct proc *p, struct proc_site *host)
{
	if (!host->hosts)
		return;
	host->hosts = false;
	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].host == host->addr)
			p->sites[i].host = 0;
}

static bool may_be_guest(const struct proc_site *site)
{
	return site->kind == AGENT_UPROBE && !site->returns && !site->records;
}

/* Does an instruction begin there that the trampoline of `o` has a copy of? */
static bool covers(const struct proc_site *o, u64 addr)
{
	struct patch_insn in;
	u64 at = o->plan.start;

	while (at < addr && at < o->plan.start + o->plan.covered &&
	       !patch_decode(o->plan.old + (at - o->plan.start), o->plan.covered - (at - o->plan.start), &in))
		at += in.len;
	return at == addr && at < o->plan.start + o->plan.covered;
}

static int take_out(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site);

/* The trampoline is made anew, with the guests that it has now. */
static int make_anew(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *host)
{
	struct patch_plan plan;
	int err = take_out(p, b, s, host);

	if (!err)
		err = make_plan(p, s, host, &plan);
	if (!err)
		err = put_site(p, b, s, host, &plan);
	if (!err)
		host->plan = plan, take(p, &plan, true);
	host->hosts = false;
	for (u32 i = 0; i < p->nsites; i++) {
		struct proc_site *g = &p->sites[i];

		if (g->host == host->addr && (err || !covers(host, g->addr)))
			g->host = 0;
		host->hosts |= g->host == host->addr;
	}
	return err;
}

/* Into the trampoline of a site whose jump covers it. -EEXIST: that cannot be. */
static int be_guest(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site)
{
	static const struct patch_plan none;
	u32 i = may_be_guest(site) ? proc_first_site(p, site->addr - PATCH_MAX_COVER) : p->nsites;
	int err = -EEXIST;

	for (; err == -EEXIST && i < p->nsites; i++) {
		struct proc_site *o = &p->sites[p->order[i]];

		if (o->addr > site->addr + PATCH_MAX_COVER)
			break;
		if (!o->plan.tramp || o->restored || o->kind != AGENT_UPROBE || o->returns || o == site || !covers(o, site->addr))
			continue;
		err = note_site(s, site, &none);
		site->host = o->addr;
		if (!err)
			err = make_anew(p, b, s, o);
		if (!err && site->host)
			return 0;
		site->host = 0;
		if (!o->plan.tramp)
			make_anew(p, b, s, o);
		return err ? err : -EEXIST;
	}
	return err;
}

/* A site behind this one has the room that a jump here needs: it becomes its guest. */
static int make_way(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site, struct patch_plan *plan)
{
	u32 i = proc_first_site(p, site->addr + 1);
	int err = -ENOSPC;

	for (; i < p->nsites; i++) {
		struct proc_site *o = &p->sites[p->order[i]];

		if (o->addr >= site->addr + 5)
			break;
		if (!o->plan.tramp || o->restored || !may_be_guest(o) || o->hosts || o->plan.start < site->addr || site->returns)
			continue;
		if (take_out(p, b, s, o))
			return -ENOSPC;
		err = make_plan(p, s, site, plan);
		if (!err)
			err = put_site(p, b, s, site, plan);
		if (!err)
			site->plan = *plan, take(p, plan, true);
		if (!err && !site_insert(p, b, s, o, NULL))
			return 0;
		if (!err)
			take_out(p, b, s, site);
		site_insert(p, b, s, o, NULL);
		return -ENOSPC;
	}
	return err;
}

int site_insert(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site, struct str *why)
{
	struct patch_plan plan;
	int err = site->remote ? 0 : proc_note_site(p, b, s, site);

	if (!err)
		err = make_plan(p, s, site, &plan);
	if (!err)
		err = put_site(p, b, s, site, &plan);
	if (err == -EEXIST && !be_guest(p, b, s, site))
		return 0;
	if (err == -ENOSPC && !make_way(p, b, s, site, &plan))
		return 0;
	if (err)
		trace_say(why, "%sprocess %d, address 0x%llx: %s", why->len ? "; " : "", p->pid, (unsigned long long)site->addr,
			  patch_why(err));
	else
		site->plan = plan, take(p, &plan, true);
	return err == -ENOSPC || err == -EEXIST || err == -EILSEQ || err == -EBUSY || err == -ERANGE ? -EOPNOTSUPP : err;
}

/* From here on nobody comes in. */
static int restore(struct proc *p, struct stop *s, struct proc_site *site)
{
	struct patch_plan *plan = &site->plan;
	u8 now[8];
	int err;

	take(p, plan, false);
	if (stop_read(s, plan->start, now, plan->len) || memcmp(now, plan->new, plan->len)) {
		plan->tramp = 0; /* the module is gone, something else may be there */
		return 0;
	}
	err = stop_write(s, plan->start, plan->old, plan->len);
	if (!err && plan->form == PATCH_JMP2)
		err = stop_write(s, plan->pad, plan->old_pad, 5);
	site->restored = !err;
	return err;
}

/* In a stub whose code is the original again? */
static bool in_restored(const struct proc *p, u64 ip)
{
	u64 to;

	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].restored && patch_ip_back(&p->sites[i].plan, ip, &to) == -EAGAIN)
			return true;
	return false;
}

void sites_restore(struct proc *p, const struct blob *b, struct stop *s, bool (*goes)(const struct proc_site *site))
{
	u32 n = 0;

	for (u32 i = 0; i < p->nsites; i++) {
		struct proc_site *site = &p->sites[i];

		if (!site->plan.tramp || site->restored || !goes(site) || restore(p, s, site))
			continue;
		forget_guests(p, site);
		n++;
	}
	if (n)
		stand_leave(p, b, s, in_restored);
}

/* As far as it is its own: guests are left to themselves. */
static int take_out(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site)
{
	struct patch_plan *plan = &site->plan;
	int err;

	if (!plan->tramp)
		return 0;
	if (!site->restored) {
		err = restore(p, s, site);
		if (err || !plan->tramp)
			return err;
		stand_leave(p, b, s, in_restored);
	}
	err = stand_back(p, b, s, plan);
	site->restored = false;
	plan->tramp = 0;
	if (site->remote)
		note_plan(s, site, plan);
	if (site->returns && site->kind == AGENT_UPROBE)
		return 0; /* a thread may still return there */
	if (!err)
		tramp_free(p, s, site->tramp);
	site->tramp = 0; /* with a thread in it that does not leave: not used again */
	return 0;
}

int site_remove(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site)
{
	forget_guests(p, site);
	return take_out(p, b, s, site);
}

int site_mark(struct stop *s, const struct proc_site *site)
{
	struct alone a = alone_at(site);
	u32 v[2] = { site->unwinds, site->unwinds || site->exit.at };

	_Static_assert(offsetof(struct agent_site, special) == offsetof(struct agent_site, unwinds) + 4, "written at once");
	if (stop_write(s, site->remote + offsetof(struct agent_site, bare), &a, sizeof(a)))
		return -EFAULT;
	return stop_write(s, site->remote + offsetof(struct agent_site, unwinds), v, sizeof(v));
}

void site_uncount(struct proc *p, struct stop *s, struct proc_site *site)
{
	u64 none = 0;
	u16 n;

	(void)p;
	if (site->ref_ctr && !stop_read(s, site->ref_ctr, &n, 2) && n) {
		n--;
		stop_write(s, site->ref_ctr, &n, 2);
	}
	if (site->ref_ctr && site->remote)
		stop_write(s, site->remote + offsetof(struct agent_placed, counter), &none, 8);
	site->ref_ctr = 0;
}

void site_count(struct stop *s, struct proc_site *site, u64 at)
{
	u16 n;

	if (stop_read(s, at, &n, 2) || stop_write(s, site->remote + offsetof(struct agent_placed, counter), &at, 8))
		return;
	n++;
	if (!stop_write(s, at, &n, 2))
		site->ref_ctr = at;
}
