# What programs return.

-- case 2 from a program that decides
-- prog cgroup_skb
r0 = 4
exit
-- reject REJ_RETURN_RANGE

-- case anything from a program that decides
-- prog cgroup_sock attach=2
r0 = *(u32 *)(r1 +0)
exit
-- reject REJ_RETURN_RANGE

-- case a pointer from a program that decides
-- prog cgroup_sock attach=2
r0 = r10
exit
-- reject REJ_RETURN_UNKNOWN "At program exit the register R0 is not a known value (fp)"

-- case a pointer from any program, without privilege
-- prog socket_filter caps=bpf
r0 = r10
exit
-- reject REJ_LEAK_RETURN "R0 leaks addr as return value"

-- case any number
-- prog xdp
r0 = 77
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 77
