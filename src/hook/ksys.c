/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of system calls by name, number and address: see ksys.h. */
#include "hook/ksys.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/ksym.h"
#include "hook/tracepoint.h"

#define PREFIX "__x64_sys_"
#define NR_MAX 512u
#define MADE_UP 0xffffffff90000000ull /* in the kernel's text, where its symbols are not known */
#define MADE_UP_SIZE 64u

static u64 address[NR_MAX];
static bool hidden = true;
static pthread_once_t once = PTHREAD_ONCE_INIT;

int ksys_number(const char *func)
{
	return strncmp(func, PREFIX, strlen(PREFIX)) ? -1 : tracepoint_syscall(func + strlen(PREFIX));
}

u32 ksys_name(u32 nr, char *out, size_t n)
{
	const char *name = tracepoint_syscall_name(nr);

	return name ? (u32)snprintf(out, n, PREFIX "%s", name) : 0;
}

struct hook_place ksys_place(u32 nr, bool exit)
{
	struct hook_place at = { .kind = exit ? HOOK_SYS_EXIT : HOOK_SYS_ENTER, .number = nr };
	const char *name = tracepoint_syscall_name(nr);

	snprintf(at.name, sizeof(at.name), "%s", name ? name : "");
	return at;
}

/* ---- addresses ---- */
static void load(void)
{
	FILE *f = ksym_open();
	struct ksym k;

	while (ksym_next(f, &k)) {
		int nr = k.addr ? ksys_number(k.name) : -1;

		if (nr < 0)
			continue;
		address[nr] = k.addr;
		hidden = false;
	}
	if (f)
		fclose(f);
	for (u32 nr = 0; nr < NR_MAX; nr++)
		if (!address[nr] && tracepoint_syscall_name(nr))
			address[nr] = MADE_UP + nr * MADE_UP_SIZE;
}

u64 ksys_address(u32 nr)
{
	pthread_once(&once, load);
	return nr < NR_MAX ? address[nr] : 0;
}

int ksys_at(u64 addr)
{
	pthread_once(&once, load);
	for (u32 nr = 0; addr && nr < NR_MAX; nr++)
		if (address[nr] == addr)
			return (int)nr;
	return -1;
}

bool ksys_hidden(void)
{
	pthread_once(&once, load);
	return hidden;
}
