/* SPDX-License-Identifier: BSD-2-Clause */
/* The linked agent as bytes (AGENT_BLOB: where the build put it). */
	.section .rodata
	.globl	agent_blob, agent_blob_end
	.hidden	agent_blob, agent_blob_end
	.p2align 6
agent_blob:
	.incbin	AGENT_BLOB
agent_blob_end:
	.byte	0
	.section .note.GNU-stack, "", @progbits
