# What is refused before a path is walked: opcodes, reserved fields, immediates, functions.

-- case an opcode that is none
-- prog socket_filter
raw 0xff 0 0 0 0
exit
-- reject REJ_OPCODE "unknown opcode ff"

-- case class LD with mode MEM is no instruction
-- prog socket_filter
raw 0x60 0 0 0 0
exit
-- reject REJ_OPCODE "unknown opcode 60"

-- case a call that leads outside
-- prog socket_filter
raw 0x85 0 1 0 100
exit
-- reject REJ_CALL_DEST

-- case 257 functions
-- prog socket_filter
repeat 256: raw 0x85 0 1 0 {257+i}
r0 = 0
exit
repeat 512: exit
-- reject REJ_TOO_MANY_SUBPROGS

-- case functions need a privilege
-- prog socket_filter caps=none
call f
exit
f:
r0 = 0
exit
-- reject REJ_CALLS_NEED_BPF

-- case a function ends without exit
-- prog socket_filter
r0 = 0
-- reject REJ_LAST_INSN

-- case a function runs into the next one
-- prog socket_filter
call f
r0 = 0
f:
r0 = 1
exit
-- reject REJ_LAST_INSN

-- case a jump beyond the end
-- prog socket_filter
r0 = 0
if r0 == 0 goto +9
exit
-- reject REJ_JUMP_RANGE "jump out of range from insn 1 to 11"

-- case a jump before the beginning
-- prog socket_filter
r0 = 0
goto -3
exit
-- reject REJ_JUMP_RANGE "jump out of range from insn 1 to -1"

-- case a jump into another function
-- prog socket_filter
call f
goto inside
exit
f:
r0 = 1
inside:
exit
-- reject REJ_JUMP_RANGE

-- case a long jump beyond the end
-- prog socket_filter
gotol +99999
exit
-- reject REJ_JUMP_RANGE

-- case no map at that descriptor
-- prog socket_filter
r1 = map[fd:9999]
r0 = 0
exit
-- reject REJ_MAP_FD "fd 9999 is not pointing to valid bpf_map"

-- case a map by index without an array of descriptors
-- prog socket_filter
r1 = map[idx:0]
r0 = 0
exit
-- reject REJ_FD_IDX

-- case offset into a map value out of this world
-- prog socket_filter
-- map m array 4 8 1
r1 = map[m][0]+536870912
r0 = 0
exit
-- reject REJ_MAP_VALUE_OFF

-- case offset behind the map value
-- prog socket_filter
-- map m array 4 8 1
r1 = map[m][0]+8
r0 = 0
exit
-- reject REJ_MAP_VALUE_RANGE "value_size=8 off=8"

-- case the last byte of a map value
-- prog socket_filter
-- map m array 4 8 1
r1 = map[m][0]+7
r0 = *(u8 *)(r1 +0)
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case hash tables have no direct value
-- prog socket_filter
-- map m hash 4 8 1
r1 = map[m][0]+0
r0 = 0
exit
-- reject REJ_MAP_NO_DIRECT_VALUE

-- case a 64-bit immediate with a damaged second half
-- prog socket_filter
raw 0x18 1 0 0 1
raw 0x00 1 0 0 0
r0 = 0
exit
-- reject REJ_LDIMM64

-- case a 64-bit immediate of an unknown kind
-- prog socket_filter
raw 0x18 1 9 0 1
raw 0x00 0 0 0 0
r0 = 0
exit
-- reject REJ_LDIMM64_KIND

-- case a 64-bit immediate with an offset
-- prog socket_filter
raw 0x18 1 0 1 1
raw 0x00 0 0 0 0
r0 = 0
exit
-- reject REJ_RESERVED "BPF_LD_IMM64 uses reserved fields"

-- case a kernel variable of a module that is none
-- prog socket_filter
r1 = btf[id:1,fd:9999]
r0 = 0
exit
-- reject REJ_MODULE_BTF_FD

-- case a kernel variable that is none
-- prog socket_filter
r1 = btf[id:99999999]
r0 = 0
exit
-- reject REJ_LDIMM64_BTF_ID

-- case a type is no kernel variable
-- prog socket_filter
r1 = btf[id:1]
r0 = 0
exit
-- reject REJ_LDIMM64_BTF_KIND

-- case a move with an immediate and a source register
-- prog socket_filter
raw 0xb7 0 1 0 0
exit
-- reject REJ_RESERVED "BPF_MOV uses reserved fields"

-- case CVE-2025-40169: an addition with an offset
-- prog socket_filter
r0 = 0
raw 0x07 0 0 -1 1
exit
-- reject REJ_RESERVED "BPF_ALU uses reserved fields"

-- case CVE-2025-40169: a sign-extending move of a width that is none
-- prog socket_filter
r0 = 0
raw 0xbf 0 0 24 0
exit
-- reject REJ_RESERVED "BPF_MOV uses reserved fields"

-- case negation with an immediate
-- prog socket_filter
r0 = 1
raw 0x87 0 0 0 5
exit
-- reject REJ_RESERVED "BPF_NEG uses reserved fields"

-- case a byte swap of 24 bits
-- prog socket_filter
r0 = 1
raw 0xdc 0 0 0 24
exit
-- reject REJ_RESERVED "BPF_END uses reserved fields"

-- case exit with an immediate
-- prog socket_filter
r0 = 0
raw 0x95 0 0 0 1
-- reject REJ_RESERVED "BPF_EXIT uses reserved fields"

-- case a call with a destination register
-- prog socket_filter
raw 0x85 1 0 0 7
exit
-- reject REJ_RESERVED "BPF_CALL uses reserved fields"

-- case a jump with a source register
-- prog socket_filter
r0 = 0
raw 0x05 0 1 0 0
exit
-- reject REJ_RESERVED "BPF_JA uses reserved fields"

-- case a load with an immediate
-- prog socket_filter
raw 0x61 0 1 0 4
exit
-- reject REJ_RESERVED "BPF_LDX uses reserved fields"

-- case a store of a constant with a source register
-- prog socket_filter
raw 0x62 10 1 -4 0
r0 = 0
exit
-- reject REJ_RESERVED "BPF_ST uses reserved fields"

-- case a store with an immediate
-- prog socket_filter
raw 0x7b 10 1 -8 5
r0 = 0
exit
-- reject REJ_RESERVED "BPF_STX uses reserved fields"

-- case a conditional jump on a constant with a source register
-- prog socket_filter
r0 = 0
raw 0x15 0 1 0 0
exit
-- reject REJ_RESERVED "BPF_JMP/JMP32 uses reserved fields"

-- case a packet load with an offset
-- prog socket_filter
r6 = r1
raw 0x30 0 0 4 0
exit
-- reject REJ_RESERVED "BPF_LD_[ABS|IND] uses reserved fields"

-- case ubpf#596: exchange without the fetch bit
-- prog socket_filter
*(u64 *)(r10 -8) = 0
r1 = 1
raw 0xdb 10 1 -8 0xe0
r0 = 0
exit
-- reject REJ_ATOMIC_OPCODE "e0"

-- case an atomic operation that is none
-- prog socket_filter
*(u64 *)(r10 -8) = 0
r1 = 1
raw 0xdb 10 1 -8 0x30
r0 = 0
exit
-- reject REJ_ATOMIC_OPCODE "30"

-- case an atomic operation on a byte
-- prog socket_filter
*(u64 *)(r10 -8) = 0
r1 = 1
raw 0xd3 10 1 -8 0
r0 = 0
exit
-- reject REJ_ATOMIC_SIZE

-- case may_goto with an immediate
-- prog socket_filter
r0 = 0
raw 0xe5 0 0 0 5
exit
-- reject REJ_MAY_GOTO

-- case a register beyond r10 is written
-- prog socket_filter
raw 0xb7 11 0 0 0
r0 = 0
exit
-- reject REJ_REG_INVALID "R11 is invalid"

-- case a register beyond r10 is read
-- prog socket_filter
raw 0xbf 0 12 0 0
exit
-- reject REJ_REG_INVALID "R12 is invalid"

-- case the frame pointer is written
-- prog socket_filter
r10 = 1
r0 = 0
exit
-- reject REJ_FP_READ_ONLY

-- case a load into the frame pointer
-- prog socket_filter
raw 0x61 10 1 0 0
r0 = 0
exit
-- reject REJ_FP_READ_ONLY

-- case casts go between spaces 0 and 1
-- prog socket_filter
r0 = 0
raw 0xbf 0 0 1 0x20001
exit
-- reject REJ_CAST_SPACES

-- case a cast without an arena
-- prog socket_filter
r0 = 0
r0 = addr_space_cast(r0, 0, 1)
exit
-- reject REJ_CAST_NO_ARENA

-- case packet loads in a function that has no BTF
-- prog socket_filter
r6 = r1
call f
exit
f:
r6 = r1
r0 = *(u8 *)skb[0]
exit
-- reject REJ_LDABS_NO_BTF

-- case tail calls in a function that has no BTF
-- prog socket_filter
-- map m prog_array 4 4 1
call f
exit
f:
r2 = map[m]
r3 = 0
call bpf_tail_call
r0 = 0
exit
-- reject REJ_TAIL_CALL_NO_BTF

-- case socket filters take no maps with locks
-- prog socket_filter
-- map m array 4 16 1 0 lock
r1 = map[m]
r0 = 0
exit
-- reject REJ_MAP_FILTER_LOCK

-- case tracing programs take no maps with timers
-- prog kprobe
-- map m array 4 24 1 0 timer
r1 = map[m]
r0 = 0
exit
-- reject REJ_MAP_TRACING

-- case sleepable programs take no tries
-- prog syscall flags=0x10
-- map m lpm_trie 8 8 4 1
r1 = map[m]
r0 = 0
exit
-- reject REJ_MAP_SLEEPABLE

-- case syscall programs may sleep
-- prog syscall flags=0x0
r0 = 0
exit
-- reject REJ_SYSCALL_SLEEPABLE

-- case socket filters do not sleep
-- prog socket_filter flags=0x10
r0 = 0
exit
-- reject REJ_NOT_SLEEPABLE_TYPE
