# Tests. `make check` builds everything, runs every kind of test and ends with one line of totals.
# ONLY="word..." runs the tests whose names contain a word; SHORT=1 does a tenth of the random work.
.PHONY: check unit-tests lint demo golden
TEST_BINS := $(UNIT) $(MAPTEST)
DIFFTEST := $(patsubst tests/diff/%.c,$(B)/diff/%,$(sort $(wildcard tests/diff/*.c)))

# Thread sanitizer: what threads share are maps, objects, what helpers give out, and the lists of hooks. Not sys_sockmap: that an
# application closes a descriptor while its number is looked at is meant to be (helper/sk.h compares what it finds there).
ifeq ($(SAN),tsan)
TSAN_UNIT := base_grace helper_kernel_object helper_object helper_real hook_fire prog_ready sys_leaks sys_retire
check: $(MAPTEST) $(TSAN_UNIT:%=$(B)/unit/%) $(TOOLS)
	$(Q)B=$(B) SHORT=1 tests/run.sh $(if $(ONLY),$(ONLY),map/ t/helper $(TSAN_UNIT:%=unit/%))
else
check: all $(TEST_BINS) $(TOOLS) $(BPF_OBJ) $(DIFFTEST) $(B)/examples/embed/server
	$(Q)B=$(B) tests/run.sh $(ONLY)
endif

$(B)/diff/rand: $(B)/diff/knobs.o
$(B)/diff/rand: LDFLAGS += $(B)/diff/knobs.o -Wl,--wrap=vf_verify -Wl,--wrap=jit_compile -Wl,--wrap=jit_publish
$(B)/diff/knobs.o: tests/diff/knobs/knobs.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/diff/%: tests/diff/%.c $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(B)/libskep.a -l:libbpf.a -lelf -lz

unit-tests: $(TEST_BINS)

# The listings that reviews look at: what the tables say, checked in. `make check` compares, `make golden` renews.
golden: $(B)/skep
	$(Q)sh tests/cli/golden.sh $(B) --renew

lint:
	$(Q)tools/lint/lint.sh

demo: all $(BPF_OBJ) $(TOOLS)
	$(Q)B=$(B) examples/demo.sh

# Linux's own test programs as clients; needs linux-source-6.1 and root (for the comparison with the kernel).
.PHONY: check-linux
check-linux: all
	$(Q)tests/linux/verifier.sh $(B)
	$(Q)sh tests/linux/box.sh $(B)
	$(Q)tests/linux/maps.sh $(B) $(KERNEL)
	$(Q)CC=$(CC) tests/linux/test_bpf.sh $(B)

# The map tests in a box, every call stopped and served: long.
.PHONY: check-linux-box
check-linux-box: all
	$(Q)tests/linux/maps.sh $(B) box

# Verdicts on every object that Debian's packages give, beside the running kernel's (root; long). WHAT="tools ..." does a part.
.PHONY: check-corpus
check-corpus: $(B)/libskep.a
	$(Q)tests/corpus/corpus.sh $(B)

# Random programs against the running kernel: verdicts, and results on every engine. Differences are reduced and shown.
.PHONY: fuzz-verdict
fuzz-verdict: $(B)/diff/rand
	$(Q)$(B)/diff/rand -n $(or $(N),100000) -j $(or $(J),2) --seed $(or $(SEED),1) $(FUZZ_ARGS)

# The same, but to run: N programs that the kernel accepts, in pieces, each with a line in BUILD/fuzz-engines; run again it goes on.
.PHONY: fuzz-engines
fuzz-engines: $(B)/diff/rand
	$(Q)tests/diff/engines.sh $(B) $(or $(N),1000000) $(or $(J),2) $(or $(SEED),1)

# The soundness check: whatever is accepted is run by an interpreter that holds every value against what the verifier claimed of it.
SOUND_OBJ := $(patsubst tests/sound/%.c,$(B)/sound/%.o,$(filter-out tests/sound/random.c,$(wildcard tests/sound/*.c)))
SOUND_WRAP := -Wl,--wrap=vf_verify -Wl,--wrap=skep_bpf_in
$(B)/sound/%.o: tests/sound/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/sound/cases: tests/tools/cases.c $(SOUND_OBJ) $(B)/libskep.a
	$(call say,CC,$@)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) $(SOUND_WRAP) -MMD -MP -o $@ $< $(SOUND_OBJ) $(B)/libskep.a -l:libbpf.a -lelf -lz

$(B)/sound/skep: $(CLI_OBJ) $(SOUND_OBJ) $(B)/libskep.a
	$(call say,LD,$@)$(CC) $(LDFLAGS) $(SOUND_WRAP) -o $@ $^ $(CLI_LIBS)

$(B)/sound/random: tests/sound/random.c $(SOUND_OBJ) $(B)/libskep.a
	$(call say,CC,$@)$(CC) $(CPPFLAGS) -Itests -Itests/diff $(CFLAGS) $(LDFLAGS) $(SOUND_WRAP) -MMD -MP -o $@ $< $(SOUND_OBJ) $(B)/libskep.a -l:libbpf.a -lelf -lz

ifneq ($(SAN),tsan)
check: $(B)/sound/cases $(B)/sound/skep $(B)/sound/random
endif
.PHONY: check-sound
check-sound: $(B)/sound/cases $(B)/sound/skep $(B)/sound/random $(BPF_OBJ)
	$(Q)tests/sound/sound.sh $(B) $(or $(N),20000) $(OBJECTS)

# Clients of the box: those of `make check`, and longer ones: N clients killed, N thousand malformed calls.
.PHONY: check-clients box-robust
check-clients: all
	$(Q)B=$(B) tests/run.sh clients/
box-robust: all
	$(Q)KILLS=$(or $(N),1000) CALLS=$(or $(N),1000)000 SEED=$(or $(SEED),$(shell date +%s)) sh tests/clients/robust.sh $(B)

# All of Debian's stock tracing tools, as root and as an ordinary user, and (as root) more one-liners beside the kernel; --kernel: on the running kernel, for comparison (root).
.PHONY: check-tools
check-tools: all
	$(Q)tools/deps.sh --long && sh tests/clients/tools.sh $(B) --long
	$(Q)[ "$$(id -u)" != 0 ] || sh tests/clients/oneliners.sh $(B) --beside tests/clients/oneliners_more.bt

# Real programs (shells, interpreters, servers) under a million hits of probes each. N=: hits; WHAT="bash nginx ...": only these.
.PHONY: check-targets
check-targets: all
	$(Q)tools/deps.sh --long && sh tests/hook/targets/targets.sh $(B) $(or $(N),1000000) $(WHAT)

# The tools of a later Debian, beside themselves on the kernel (root, network). SUITE=: which one; WHAT="memleak profile ...": only these.
.PHONY: check-tools-next
check-tools-next: all
	$(Q)tools/deps.sh --long && sh tests/clients/tools/next.sh $(B) $(or $(SUITE),trixie) $(WHAT)
