/* SPDX-License-Identifier: BSD-2-Clause */
#include "box/priv.h"

int files_init(struct box *b)
{
	(void)b;
	return 0;
}
