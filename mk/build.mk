# How things are built: rooms into one library, the command, the preload library, test programs, sample objects.
# Packages first: checked once a build directory, installed when root on Debian.
$(B)/.deps: tools/deps.sh
	@mkdir -p $(B)
	$(Q)sh tools/deps.sh && touch $@

# Pages that are part of the program.
$(B)/obj/cli/check_html.o: src/cli/check.html
$(B)/obj/cli/man_api.o: include/skep/skep.h

$(B)/obj/%.o: src/%.c | $(B)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/libskep.a: $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(B)/libskep.so: $(LIB_OBJ)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -shared -Wl,-soname,libskep.so.0 -Wl,-z,now -o $@ $^

$(B)/libskep-preload.so: $(B)/obj/preload.o $(B)/obj/accel.o $(B)/obj/paths.o $(LIB_OBJ)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -shared -Wl,-z,now -o $@ $^ -ldl

# The same for boxes only, of as little as it needs: every program of an accelerated box loads it.
$(B)/libskep-accel.so: $(B)/obj/preload_accel.o $(B)/obj/accel.o $(B)/obj/paths.o $(B)/libskep.a
	$(call say,LD,$@)$(CC) $(LDFLAGS) -shared -Wl,-z,now -Wl,--gc-sections $(if $(SAN),,-Wl,--no-undefined) -o $@ $^

$(B)/obj/preload_accel.o: preload/preload.c | $(B)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -DSKEP_ACCEL -MMD -MP -c -o $@ $<

$(B)/obj/preload.o $(B)/obj/accel.o $(B)/obj/paths.o: $(B)/obj/%.o: preload/%.c | $(B)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/skep: $(CLI_OBJ) $(B)/libskep.a
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)

# One room alone: make room-verifier
.PHONY: room-%
room-%:
	$(Q)$(MAKE) --no-print-directory $(patsubst src/%.c,$(B)/obj/%.o,$(wildcard src/$*/*.c))

$(B)/unit/jit_hardened: TEST_LIBS := -lZydis
$(B)/unit/%: tests/unit/%.c tests/unit/test.h $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(B)/libskep.a $(TEST_LIBS)

$(B)/map/%: tests/map/%.c $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(B)/libskep.a

$(B)/tools/objrun: LDFLAGS += -Wl,--wrap=syscall
$(B)/tools/%: tests/tools/%.c $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(B)/libskep.a -l:libbpf.a -lelf -lz

$(B)/examples/newer/%.bpf.o: CLANG := $(CLANG_NEW)
$(B)/examples/%.bpf.o: examples/%.bpf.c | $(B)/.deps
	@mkdir -p $(@D)
	$(call say,BPF,$<)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

# The embedding example; its types are compiled for BPF, for their BTF.
$(B)/examples/embed/server: examples/embed/server.c examples/embed/request.h $(B)/examples/embed/types.bpf.o $(B)/libskep.a
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -DTYPES_OBJECT='"$(B)/examples/embed/types.bpf.o"' $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libskep.a $(BPF_LIBS)
