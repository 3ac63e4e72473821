# bpf_sk_ancestor_cgroup_id: results at the edges of its arguments, and each pointer refused when it is a number.

-- case cgroup_skb sk_ancestor_cgroup_id: plain
-- prog cgroup_skb attach=0
r0 = 0
r6 = r1
r7 = *(u64 *)(r6 +168)
if r7 == 0 goto out
r1 = r7
r2 = 0
call bpf_sk_ancestor_cgroup_id
out:
r0 = 1
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case cgroup_skb sk_ancestor_cgroup_id: ancestor_level=0
-- prog cgroup_skb attach=0
r0 = 0
r6 = r1
r7 = *(u64 *)(r6 +168)
if r7 == 0 goto out
r1 = r7
r2 = 0
call bpf_sk_ancestor_cgroup_id
out:
r0 = 1
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case cgroup_skb sk_ancestor_cgroup_id: ancestor_level=1
-- prog cgroup_skb attach=0
r0 = 0
r6 = r1
r7 = *(u64 *)(r6 +168)
if r7 == 0 goto out
r1 = r7
r2 = 1
call bpf_sk_ancestor_cgroup_id
out:
r0 = 1
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case cgroup_skb sk_ancestor_cgroup_id: ancestor_level=2
-- prog cgroup_skb attach=0
r0 = 0
r6 = r1
r7 = *(u64 *)(r6 +168)
if r7 == 0 goto out
r1 = r7
r2 = 2
call bpf_sk_ancestor_cgroup_id
out:
r0 = 1
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case cgroup_skb sk_ancestor_cgroup_id: ancestor_level=-1
-- prog cgroup_skb attach=0
r0 = 0
r6 = r1
r7 = *(u64 *)(r6 +168)
if r7 == 0 goto out
r1 = r7
r2 = -1
call bpf_sk_ancestor_cgroup_id
out:
r0 = 1
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case sk is a number
-- prog cgroup_skb attach=0
r6 = r1
r1 = 1
r2 = 0
call bpf_sk_ancestor_cgroup_id
out:
r0 = 1
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_"
