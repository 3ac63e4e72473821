/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSL's libcrypto, loaded on first use: see libcrypto.h. Invariant: all of its functions that are named there, or none. */
#include "helper/libcrypto.h"

#include <dlfcn.h>
#include <pthread.h>

static struct libcrypto lib;
static bool there;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	void *so = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL), *at;

	if (!so)
		return;
	there = true;
#define LOOK_UP(ret, name, args)                                                                          \
	at = dlsym(so, #name);                                                                            \
	there &= at != NULL;                                                                              \
	*(void **)(void *)&lib.name = at;
	LIBCRYPTO_FUNCTIONS(LOOK_UP)
}

const struct libcrypto *libcrypto(void)
{
	pthread_once(&once, load);
	return there ? &lib : NULL;
}
