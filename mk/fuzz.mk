# Hostile input: mutated attributes, objects and type information. Best with SAN=asan,ubsan; N= says how much.
.PHONY: fuzz-attr fuzz-objects fuzz-btf
$(B)/fuzz/%: tests/fuzz/%.c $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(B)/libskep.a

fuzz-attr: $(B)/fuzz/attr
	$(Q)$(B)/fuzz/attr -n $(or $(N),200000) --seed $(or $(SEED),1)

fuzz-btf: $(B)/fuzz/btf_main
	$(Q)$(B)/fuzz/btf_main -n $(or $(N),20000) --seed $(or $(SEED),1)

fuzz-objects: $(B)/skep $(B)/fuzz/spoil $(BPF_OBJ)
	$(Q)tests/fuzz/objects.sh $(B) $(or $(N),500) $(or $(SEED),1)
