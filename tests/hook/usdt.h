/* SPDX-License-Identifier: BSD-2-Clause */
/* A static probe as <sys/sdt.h> makes it: a nop, and a note that says where, what its arguments are, and which counter wants it. */
#ifndef USDT_H
#define USDT_H

#define PROBE(provider, name, sem, a, b, c)                                                             \
	__asm__ volatile("990: nop\n"                                                                   \
			 ".pushsection .note.stapsdt, \"\", \"note\"\n"                                 \
			 ".balign 4\n.4byte 992f-991f, 994f-993f, 3\n"                                  \
			 "991: .asciz \"stapsdt\"\n992: .balign 4\n"                                    \
			 "993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte " #sem "\n"                   \
			 ".asciz \"" #provider "\"\n.asciz \"" #name "\"\n.asciz \"-4@%0 8@%1 -8@%2\"\n" \
			 "994: .balign 4\n.popsection\n"                                                \
			 ".ifndef _.stapsdt.base\n"                                                     \
			 ".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"     \
			 ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n"      \
			 ".size _.stapsdt.base, 1\n.popsection\n.endif\n"                               \
			 : : "nor"((int)(a)), "nor"((unsigned long)(b)), "nor"((long)(c)))

#define SEMAPHORE(name) __extension__ volatile unsigned short name __attribute__((section(".probes"), used))

#endif
