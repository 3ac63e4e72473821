/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runs later: timers, work items and work for tasks, on one thread that starts with the first of them. Work for the task that
 * runs the program is done on its way back, where who runs it says so (async_returns()).
 *
 * The 16 bytes in a map value (8 of work for tasks) hold a number and no address (maps are shared memory); what it stands for is in a
 * table here.
 * Invariant: an item that has a function holds a reference to the program; it is dropped when the item is cancelled or freed,
 * which is at the latest when user space lets go of the map.
 */
#ifndef SKEP_HELPER_ASYNC_H
#define SKEP_HELPER_ASYNC_H

#include "base/types.h"

struct map;
struct run;

enum async_kind { ASYNC_TIMER, ASYNC_WORK, ASYNC_TASK_WORK };

/* `at`: the 16 bytes in the value. 0, -EBUSY (it is set up already), -ENOMEM. `value`: where the map value starts. */
int async_init(void *at, enum async_kind kind, struct map *m, void *value, u32 clock);
int async_set_callback(void *at, u64 callback, struct run *run); /* -EINVAL: not set up */
/* Run `ns` from now, or at `ns` of the timer's clock. -EINVAL: not set up, or without a function. */
int async_start(void *at, u64 ns, bool absolute);
/* 1: it was waiting, 0: it was not, -EINVAL: not set up, -EDEADLK: called from the function itself. */
int async_cancel(void *at);
/* The function runs once, with the task as the current one. 0, -EBUSY (it waits, or runs), -ENOMEM, -ESRCH (there is no such task). */
int async_task_work(void *at, struct map *m, void *value, u32 tid, u64 callback, struct run *run);
/* The task that made a test run returns from it: what waits for that runs now. */
void async_returns(u32 tid);
/* The value goes away. */
void async_free(void *at);

#endif
