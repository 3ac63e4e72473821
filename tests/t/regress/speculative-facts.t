# Facts for the engines come from paths that run. Case found by the random programs, in the hardened engine alone.
-- case facts of paths under mistaken prediction do not count
# r1 is the stack there, where the context is read on paths that run: the field was not translated
-- prog cgroup_skb
-- map a array 4 64 1
r9 = *(u32 *)(r1 +48)
r9 &= 3
r7 = 0
loop:
r0 = *(u32 *)(r1 +76)
r3 = *(u32 *)(r1 +80)
r5 = r0
r5 += 30
if r5 > r3 goto skip
r3 = r7
r3 += 1
if r7 < r9 goto skip
r2 = map[a][0]
*(u32 *)(r2 +30) = r3
r1 = r10
skip:
r7 += 1
if r7 s< r9 goto loop
r2 = map[a][0]
r0 = *(u32 *)(r2 +30)
r0 &= 1
exit
-- accept
-- run data=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff001122334455 ctx=000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 -> 0
