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
