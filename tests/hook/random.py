#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""random.py SEED: functions of random instructions, in assembly, for tests/hook/random.c to put probes on each of them.

r15 leads to data, rbp and rsp are nobody's; all other registers hold numbers that depend on the seed alone."""
import random
import sys

R = random.Random(int(sys.argv[1]))
REGS = ["rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13"]
LOW = {"rax": "al", "rcx": "cl", "rdx": "dl", "rbx": "bl", "rsi": "sil", "rdi": "dil"}
CC = ["e", "ne", "b", "ae", "be", "a", "s", "ns", "l", "ge", "le", "g", "o", "no", "p", "np"]
FUNCS = 40
label = 0


def low(r): return LOW.get(r, r + "b")
def dword(r): return r + "d" if r[1:].isdigit() else "e" + r[1:]
def reg(): return R.choice(REGS)


def simple():
    a, b = reg(), reg()
    imm8, imm32 = R.randint(-128, 127), R.randint(-2**31, 2**31 - 1)
    alu = R.choice(["add", "sub", "xor", "and", "or", "adc", "sbb", "cmp"])
    slot = 8 * R.randint(0, 15)
    return R.choice([
        lambda: [f"{alu} %{a}, %{b}"], lambda: [f"{alu} ${imm8}, %{a}"], lambda: [f"{alu} ${imm32}, %{a}"],
        lambda: [f"{alu}l %{dword(a)}, %{dword(b)}"], lambda: [f"{alu}b %{low(a)}, %{low(b)}"],
        lambda: [f"{alu} data+{slot}(%rip), %{a}"], lambda: [f"{alu} %{a}, {slot}(%r15)"],
        lambda: [f"movq ${imm32}, data+{slot}(%rip)"], lambda: [f"lock xadd %{a}, data+{slot}(%rip)"],
        lambda: [f"test %{a}, %{b}"], lambda: [f"mov %{a}, %{b}"], lambda: [f"movabs ${R.getrandbits(63)}, %{a}"],
        lambda: [f"mov ${R.getrandbits(31)}, %{dword(a)}"], lambda: [f"xor %{dword(a)}, %{dword(a)}"],
        lambda: [f"lea {imm32}(%{a},%{b},{R.choice([1, 2, 4, 8])}), %{reg()}"], lambda: [f"imul %{a}, %{b}"],
        lambda: [f"imul ${imm32}, %{a}, %{b}"], lambda: [f"shl ${R.randint(0, 63)}, %{a}"], lambda: [f"ror %cl, %{a}"],
        lambda: [f"shrd ${R.randint(1, 63)}, %{a}, %{b}"], lambda: [f"not %{a}"], lambda: [f"neg %{a}"], lambda: [f"inc %{a}"],
        lambda: [f"dec %{dword(a)}"], lambda: [f"set{R.choice(CC)} %{low(a)}"], lambda: [f"cmov{R.choice(CC)} %{a}, %{b}"],
        lambda: [f"bswap %{a}"], lambda: [f"xchg %{a}, %{b}"], lambda: [f"movzbl %{low(a)}, %{dword(b)}"], lambda: [f"movslq %{dword(a)}, %{b}"],
        lambda: [f"bt ${R.randint(0, 63)}, %{a}"], lambda: ["cqo"], lambda: [f"mul %{a}"], lambda: ["stc"], lambda: ["clc"], lambda: ["cmc"],
        lambda: ["lahf"], lambda: ["sahf"], lambda: ["nop"], lambda: ["nopl 0(%rax)"], lambda: ["nopw 0x200(%rax,%rax,1)"],
        lambda: [f"push %{a}", f"pop %{b}"], lambda: [f"mov %{a}, -{8 + slot}(%rsp)"],
        lambda: [f"mov %{a}, -{8 + slot}(%rsp)", *[x for x in (simple() if R.random() < .3 else []) if is_safe(x)], f"add -{8 + slot}(%rsp), %{b}"],
        lambda: [f"movq %{a}, %xmm{R.randint(0, 7)}"], lambda: [f"movq %xmm{R.randint(0, 7)}, %{a}"],
        lambda: [f"paddq %xmm{R.randint(0, 7)}, %xmm{R.randint(0, 7)}"],
    ])()


def new_label():
    global label
    label += 1
    return f".L{label}"


def is_safe(line):  # what reads the red zone before it was written to, or leaves the stack uneven, is not for skipping
    return "rsp" not in line and not line.startswith(("push", "pop"))


def block(i, depth):
    what = R.random()
    if what < .1:  # forward
        l = new_label()
        body = [x for _ in range(R.randint(1, 4)) for x in simple() if is_safe(x)]
        jump = R.choice([f"j{R.choice(CC)}", f"j{R.choice(CC)}.d32", "jmp", "jrcxz"])
        return [f"{jump} {l}", *body, f"{l}:"]
    if what < .16 and not depth:  # a loop; r14 counts
        l = new_label()
        body = [x for _ in range(R.randint(0, 4)) for x in (block(i, 1) if R.random() < .3 else simple())]
        return [f"mov ${R.randint(1, 5)}, %r14d", f"{l}:", *body, "dec %r14d", f"jnz {l}"]
    if what < .18 and not depth:
        l = new_label()
        return [f"mov ${R.randint(1, 4)}, %ecx", f"{l}:", *[x for x in simple() if "cx" not in x and "cl" not in x and "mul" not in x], f"loop {l}"]
    if what < .22 and i > 8 and not depth:
        return [f"call f{R.randint(0, 8)}", "test %rdx, %rdx"]
    return simple()


print('	.text\n	.globl enter\n'
      'enter:	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n	mov %rdi, %rbp\n	mov %rsi, %rax\n	lea data(%rip), %r15')
for k, r in enumerate(REGS[1:] + ["r14"]):
    print(f"	imul $0x{0x9e3779b1 % 2**31:x}, %rax, %rax\n	lea {k}(%rax), %{r}")
for k in range(8):
    print(f"	movq %rax, %xmm{k}")
print('	call *%rbp\n	add %rbx, %rax; add %rcx, %rax; add %rdx, %rax; add %rsi, %rax; add %rdi, %rax; add %r8, %rax; add %r9, %rax\n'
      '	add %r12, %rax; add %r13, %rax\n	movq %xmm0, %rdx; add %rdx, %rax; movq %xmm5, %rdx; add %rdx, %rax\n'
      '	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n	ret')
for i in range(FUNCS):
    print(f"	{R.choice(['.p2align 4', '.p2align 4, 0xcc', '.p2align 4', ''])}\n	.globl f{i}\n	.type f{i}, @function\nf{i}:")
    if R.random() < .4:
        print("	endbr64")
    size = R.choice([0, 0, 1, 1, 2, 4, 8, 12, 20])
    if size:
        print("	test %rax, %rsi")  # flags are dead where functions begin and end: a probe of the return does not keep them
    if size and R.random() < .2:  # back to where the function begins
        print("	dec %r14b")
        print(f"	jnz f{i}" if R.random() < .5 else f"	jnz.d32 f{i}")
    for _ in range(size):
        for x in block(i, 0):
            print(("" if x.endswith(":") else "	") + x)
    print(f"	jmp f{R.randint(0, i - 1)}" if i and R.random() < .15 else R.choice(["	ret", "	ret", "	repz ret"]))
    print(f"	.size f{i}, .-f{i}")
print("	.globl table\n	.section .data.rel.ro, \"aw\"\n	.p2align 3\ntable:")
for i in range(FUNCS):
    print(f"	.quad f{i}")
print("	.quad 0\n	.data\n	.p2align 6\ndata:	.fill 128, 1, 0x5a\n	.fill 8192, 1, 0\n	.section .note.GNU-stack, \"\", @progbits")
