/* SPDX-License-Identifier: BSD-2-Clause */
/* What the supervisor finds in the blob, and where: offsets from its base, known when it is linked. */
#include "agent/priv.h"


__asm__(
	".pushsection .exports, \"a\"\n"
	".globl agent_exports\n"
	".hidden agent_exports\n"
	"agent_exports:\n"
	".long 0x676b7370\n"
	".long agent_head - agent_exports\n"
	".long agent_uprobe_thunk - agent_exports\n"
	".long agent_function_thunk - agent_exports\n"
	".long agent_return_thunk - agent_exports\n"
	".long agent_sys_only_thunk - agent_exports\n"
	".long agent_sys_enter_thunk - agent_exports\n"
	".long agent_sys_exit_thunk - agent_exports\n"
	".long agent_call_thunk - agent_exports\n"
	".long agent_work_thunk - agent_exports\n"
	".long agent_net_stubs - agent_exports\n"
	".long agent_net_at - agent_exports\n"
	".long agent_sigsys - agent_exports\n"
	".long agent_sigreturn - agent_exports\n"
	".long agent_map_ops - agent_exports\n"
	".long run_tail_call - agent_exports\n"
	".long vm_body_of - agent_exports\n"
	".long run_poll - agent_exports\n"
	".long run_may_goto - agent_exports\n"
	".popsection\n");
