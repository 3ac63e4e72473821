# Speed: `make bench` compares native code, the JIT, the interpreter and the running kernel; BENCH_ARGS="-j" gives JSON.
.PHONY: bench
bench: $(B)/bench/bench $(B)/bench/programs.bpf.o
	$(Q)$(B)/bench/bench $(BENCH_ARGS) $(B)/bench/programs.bpf.o $(BENCH_ONLY)

$(B)/bench/programs.bpf.o: bench/programs.c bench/programs.h
	@mkdir -p $(@D)
	$(call say,BPF,$<)$(CLANG) $(BPF_CFLAGS) -Ibench -c -o $@ $<

$(B)/bench/programs.o: bench/programs.c bench/programs.h
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CLANG) -O2 -Wall -Ibench -c -o $@ $<

$(B)/bench/bench: bench/bench.c bench/stat.h bench/programs.h tests/tools/wrap.h $(B)/bench/programs.o $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests -Ibench $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/bench/programs.o $(B)/libskep.a $(BPF_LIBS) -lm

# What loading a small program costs, beside the running kernel's.
.PHONY: bench-load
bench-load: $(B)/bench/load
	$(Q)$(B)/bench/load $(ROUNDS)

$(B)/bench/load: bench/load.c bench/stat.h $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libskep.a

# The verifier beside the running kernel's, on big real programs (root; linux-source-6.1).
.PHONY: bench-verify
bench-verify: $(B)/bench/verify
	$(Q)bench/verify.sh $(B) $(RUNS)

$(B)/bench/verify: bench/verify.c tests/tools/wrap.h $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -Wl,--wrap=syscall -o $@ $< $(B)/libskep.a $(BPF_LIBS)

# What a command costs from outside, beside the running kernel's bpf(2).
.PHONY: bench-door
bench-door: $(B)/bench/door
	$(Q)$(B)/bench/door

$(B)/bench/door: bench/door.c bench/stat.h $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libskep.a

# Maps beside the running kernel's: inside programs, from outside, memory. BENCH_ARGS="-r 15 hash".
.PHONY: bench-maps
bench-maps: $(B)/bench/maps
	$(Q)$(B)/bench/maps $(BENCH_ARGS)

$(B)/bench/maps: bench/maps.c bench/stat.h tests/diff/kit.h $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libskep.a -l:libbpf.a -lelf -lz

# What a run costs an application that embeds skep.
.PHONY: bench-embed
bench-embed: $(B)/bench/embed
	$(Q)$(B)/bench/embed

$(B)/bench/embed: bench/embed.c bench/stat.h $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libskep.a

# The box beside the running kernel: what a client's calls cost (root to compare).
.PHONY: bench-box
bench-box: all $(B)/bench/box $(B)/bench/floor
	$(Q)sh bench/box.sh $(B) $(RUNS)

$(B)/bench/box $(B)/bench/floor: $(B)/bench/%: bench/%.c bench/stat.h bench/rounds.h
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CFLAGS) -o $@ $<

# Helpers and kernel functions inside programs, beside the running kernel's. BENCH_ARGS="-r 15", BENCH_ONLY="kptr_xchg".
.PHONY: bench-helpers
bench-helpers: $(B)/bench/helpers $(B)/bench/helpers.bpf.o
	$(Q)$(B)/bench/helpers $(BENCH_ARGS) $(B)/bench/helpers.bpf.o $(BENCH_ONLY)

$(B)/bench/helpers.bpf.o: bench/helpers.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$<)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$(B)/bench/helpers: bench/helpers.c bench/stat.h tests/tools/wrap.h $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests -Ibench $(CFLAGS) $(LDFLAGS) -Wl,--wrap=syscall -o $@ $< $(B)/libskep.a $(BPF_LIBS)

# Benchmarks are no tests; that they still compile is one.
ifneq ($(SAN),tsan)
check: $(patsubst bench/%.c,$(B)/bench/%,$(filter-out bench/programs.c %.bpf.c,$(wildcard bench/*.c))) \
	$(B)/bench/programs.bpf.o $(B)/bench/helpers.bpf.o
endif
