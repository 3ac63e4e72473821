/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the agent. */
#ifndef SKEP_AGENT_PRIV_H
#define SKEP_AGENT_PRIV_H

#include <asm/unistd.h>

#include "agent/agent.h"
#include "base/syscall.h"
#include "helper/helper.h"
#include "map/os.h"

/* Stack addresses closer than this are on one stack, when one is below the other and younger. */
#define SAME_STACK ((u64)8 << 20)

extern struct agent_head agent_head;
extern u32 agent_sealed;

/* ---- agent.c: called by entry.S ---- */
struct agent_thread *agent_thread_slow(struct agent_thread *gs, u64 sp);
extern struct agent_thread *agent_near[];
u64 agent_nested(struct agent_thread *t, u64 sp);
void agent_uprobe(struct agent_thread *t, const struct agent_site *s);
u64 agent_function(struct agent_thread *t, const struct agent_site *s), agent_any_function(struct agent_thread *t, const struct agent_site *s);
void agent_return(struct agent_thread *t);
u64 agent_return_nested(struct agent_thread *t, u64 thunk_sp);
u64 agent_sys_enter(struct agent_thread *t);
void agent_sys_exit(struct agent_thread *t);
void agent_call(struct agent_cmd *c);

struct agent_thread *agent_current(void);
/* What events will need is had before system calls are given up. */
void agent_seal(void);
u32 agent_pid(void);
void agent_self(void);
u32 agent_tid(void);
u32 agent_tgid(void);
void agent_printk(struct run_env *env, const char *text, u32 len);

/* ---- sys.c: programs on system calls see these while a list runs ---- */
bool agent_wanted(const struct agent_thread *t, const struct agent_ref *ref);
u64 agent_run(struct agent_thread *t, const struct agent_ref *ref, void *ctx);
void agent_at(struct agent_thread *t, u64 ip);

/* ---- life.c: what changes what there is to trace ---- */
void life_enter(struct agent_thread *t, u64 nr);
void life_exit(struct agent_thread *t, u64 nr, s64 ret);

/* ---- net.c ---- */
void net_born(void); /* a new thread, or process: it has no net yet */
/* A call that is about the net's own signal: it was made, with that result. */
bool net_call(u64 nr, const struct agent_regs *r, s64 *ret);
void agent_sigsys(int sig, u8 *info, u8 *uc);
extern const u8 agent_net_stubs[];

/* ---- ask.c ---- */
/* A request to fill in, or NULL; have it answered (false: it was not); give it back. */
struct agent_req *agent_ask_new(u32 kind);
bool agent_ask(struct agent_thread *t, struct agent_req *q);
void agent_ask_end(struct agent_req *q);
/* The same, where the answer is that it was heard. */
void agent_tell(struct agent_thread *t, u32 kind, u64 a, u64 b);
struct perf_sink *agent_find_sink(struct map *m, u32 i);
struct obj *agent_find_obj(struct map *m, u32 slot, u32 id);
const struct image *agent_find_image(struct map *m, u32 slot, u32 id);
int agent_read_kernel(void *dst, u64 addr, u32 size);

/* ---- table.c ---- */
struct map_ops;
extern const struct map_ops *const agent_map_ops[];
/* Helpers by number, behind them kernel functions by row. NULL: not in the agent. */
helper_fn agent_helper(u32 id);

/* ---- entry.S ---- */
void agent_uprobe_thunk(void);
void agent_function_thunk(void);
void agent_return_thunk(void);
void agent_sys_only_thunk(void);
void agent_sys_enter_thunk(void);
void agent_sys_exit_thunk(void);
void agent_call_thunk(void);
void agent_work_thunk(void);

#endif
