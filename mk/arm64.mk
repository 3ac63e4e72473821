# The library for arm64, cross-compiled, and its tests under qemu-user: engines, instructions, the cases of tests/t, the examples with
# the results that they have here.
# qemu-user has neither bpf(2) nor ptrace nor seccomp: what needs the kernel runs natively.
.PHONY: check-arm64
ARM64   := $(B)-arm64
ARM64_CC := aarch64-linux-gnu-gcc-12
ARM64_RUN := qemu-aarch64 -L /usr/aarch64-linux-gnu \
	-E LD_LIBRARY_PATH=$(ARM64)/root/usr/lib/aarch64-linux-gnu:$(ARM64)/root/lib/aarch64-linux-gnu
ARM64_UNIT := isa_decode vm_flow vm_oracle vm_budget jit_flow jit_oracle jit_random jit_portable jit_blind jit_lower jit_tail

check-arm64: $(B)/tools/objrun $(B)/tools/mkpcap $(BPF_OBJ)
	$(Q)sh tools/arm64-root.sh $(ARM64)/root
	$(Q)touch $(ARM64)/.deps
	$(Q)$(MAKE) -s B=$(ARM64) CC=$(ARM64_CC) AR=aarch64-linux-gnu-ar \
		CFLAGS_EXTRA="-idirafter $(ARM64)/root/usr/include -L$(ARM64)/root/usr/lib/aarch64-linux-gnu \
		-Wl,-rpath-link,$(ARM64)/root/usr/lib/aarch64-linux-gnu:$(ARM64)/root/lib/aarch64-linux-gnu" \
		$(ARM64_UNIT:%=$(ARM64)/unit/%) $(ARM64)/tools/cases $(ARM64)/tools/objrun
	$(Q)RUN="$(ARM64_RUN)" sh tests/arm64.sh $(ARM64) $(B) $(ARM64_UNIT)

# A part for every `make check`: the engines' rooms and their tests alone, linked statically, so that no library is needed.
.PHONY: arm64-engines
ARM64E := $(B)/arm64
ARM64E_UNIT := vm_flow jit_flow jit_oracle jit_blind jit_random
ARM64E_OBJ := $(patsubst src/%.c,$(ARM64E)/obj/%.o,$(wildcard src/base/*.c src/isa/*.c src/vm/*.c src/jit/*.c))
ARM64E_CFLAGS := -std=gnu11 $(CPPFLAGS) $(OPT) -fno-strict-aliasing -g

arm64-engines: $(ARM64E_UNIT:%=$(ARM64E)/%)
$(ARM64E)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(ARM64_CC) $(ARM64E_CFLAGS) -MMD -MP -c -o $@ $<
$(ARM64E)/engines.a: $(ARM64E_OBJ)
	$(call say,AR,$@)rm -f $@ && aarch64-linux-gnu-ar rcs $@ $^
$(ARM64E)/%: tests/unit/%.c tests/unit/test.h $(ARM64E)/engines.a
	$(call say,CC,$@)$(ARM64_CC) $(ARM64E_CFLAGS) -Itests -static -MMD -MP -o $@ $< $(ARM64E)/engines.a
-include $(ARM64E_OBJ:.o=.d) $(ARM64E_UNIT:%=$(ARM64E)/%.d)
