/* SPDX-License-Identifier: BSD-2-Clause */
/* btf.c without libFuzzer: type information of one of everything, spoiled in a few places, N times. `btf_main -n N [--seed N]`. */
#include <stdio.h>
#include <string.h>

#include "btf.c"

static u64 rng;
static u64 rnd(void)
{
	u64 z = rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	return z ^ z >> 27;
}

/* Every kind once, small. */
static const u32 types[] = {
	1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32,
	0, BTF_KIND_PTR << 24, 1,
	0, BTF_KIND_ARRAY << 24, 0, 1, 1, 4,
	5, BTF_KIND_STRUCT << 24 | 2, 8, 1, 1, 0, 5, 1, 32,
	5, BTF_KIND_UNION << 24 | 1, 4, 1, 1, 0,
	5, BTF_KIND_ENUM << 24 | 1, 4, 1, 7,
	5, BTF_KIND_FWD << 24, 0,
	5, BTF_KIND_TYPEDEF << 24, 4,
	0, BTF_KIND_CONST << 24, 1,
	0, BTF_KIND_FUNC_PROTO << 24 | 1, 1, 1, 2,
	5, BTF_KIND_FUNC << 24 | 1, 10,
	5, BTF_KIND_VAR << 24, 1, 1,
	5, BTF_KIND_DATASEC << 24 | 1, 4, 12, 0, 4,
	5, BTF_KIND_FLOAT << 24, 8,
	5, 17u << 24, 4, (u32)-1,
	5, 18u << 24, 2,
	5, 19u << 24 | 1, 8, 1, 7, 0,
};

int main(int argc, char **argv)
{
	static const char strings[] = "\0int\0name\0bpf_spin_lock";
	struct btf_header h = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(h), .type_len = sizeof(types),
				.str_off = sizeof(types), .str_len = sizeof(strings) };
	u64 n = 20000, seed = 1;

	for (int i = 1; i + 1 < argc; i += 2)
		*(!strcmp(argv[i], "-n") ? &n : &seed) = strtoull(argv[i + 1], NULL, 0);
	rng = seed << 32;
	for (u64 i = 0; i < n; i++) {
		size_t size = sizeof(h) + sizeof(types) + sizeof(strings), cut = rnd() % 8 ? size : rnd() % size;
		u8 *b = malloc(size + 4);

		memcpy(b, &h, sizeof(h));
		memcpy(b + sizeof(h), types, sizeof(types));
		memcpy(b + sizeof(h) + sizeof(types), strings, sizeof(strings));
		for (u64 k = rnd() % 6; k--;) {
			size_t at = rnd() % size;

			if (rnd() % 2)
				b[at] ^= (u8)(1u << rnd() % 8);
			else
				b[at & ~(size_t)3] = (u8)rnd();
		}
		LLVMFuzzerTestOneInput(b, cut);
		free(b);
	}
	printf("%llu passed, 0 failed, 0 skipped\n", (unsigned long long)n);
	return 0;
}
