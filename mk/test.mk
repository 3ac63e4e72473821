# Tests. `make check` builds everything, runs every kind of test and ends with one line of totals.
.PHONY: check unit-tests lint demo
TEST_BINS := $(UNIT) $(MAPTEST)
DIFFTEST := $(patsubst tests/diff/%.c,$(B)/diff/%,$(sort $(wildcard tests/diff/*.c)))

check: all $(TEST_BINS) $(TOOLS) $(BPF_OBJ) $(DIFFTEST)
	$(Q)B=$(B) tests/run.sh

$(B)/diff/%: tests/diff/%.c $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(B)/libskep.a $(BPF_LIBS)

unit-tests: $(TEST_BINS)

lint:
	$(Q)tools/lint/lint.sh

demo: all $(BPF_OBJ) $(TOOLS)
	$(Q)B=$(B) examples/demo.sh

# Linux's own test programs as clients; needs linux-source-6.1 and root (for the comparison with the kernel).
.PHONY: check-linux
check-linux: all
	$(Q)tests/linux/verifier.sh $(B)
