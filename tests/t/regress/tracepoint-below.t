# Linux compares the offset into a tracepoint's record with 8 as an unsigned number and with the record's size as a signed one.

-- case below a tracepoint's record
-- prog tracepoint
r0 = *(u64 *)(r1 -8)
r0 = 0
exit
-- reject REJ_CTX_ACCESS "invalid bpf_context access off=-8 size=8"
-- kernel differs "a negative offset passes both comparisons: memory before the record is read"

-- case the first bytes of a tracepoint's record
-- prog tracepoint
r0 = *(u64 *)(r1 +0)
r0 = 0
exit
-- reject REJ_CTX_ACCESS "invalid bpf_context access off=0 size=8"
