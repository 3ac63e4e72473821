# The code rewriter links alone; its tests have Zydis and libelf beside them as judges.
PATCH_OBJ := $(patsubst src/%.c,$(B)/obj/%.o,$(sort $(wildcard src/patch/*.c)))
$(B)/unit/patch_%: tests/unit/patch_%.c tests/unit/test.h $(PATCH_OBJ)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(PATCH_OBJ) -lZydis -lelf

# The instruction decoder beside Zydis: N random instructions, and all code of FILES.
.PHONY: fuzz-decode
fuzz-decode: $(B)/unit/patch_decode
	$(Q)N=$(or $(N),100000000) FILES="$(FILES)" $(B)/unit/patch_decode
