# The agent: what runs inside traced processes. Freestanding sources of several rooms, compiled for it alone and linked to one
# blob (src/agent/agent.lds), which becomes part of the command.
AGENT_SRC := $(wildcard src/agent/*.c) $(addprefix src/,map/array.c map/hash.c map/lru.c map/lru_hash.c map/lock.c map/lpm.c \
	map/perf.c map/pool.c map/queue.c map/bloom.c map/ring.c map/stack_trace.c map/value.c map/fd.c map/prog.c \
	vm/run.c vm/probe.c vm/outline.c helper/basic.c helper/current.c helper/map.c helper/trace.c helper/print.c helper/dynptr.c helper/task.c \
	helper/cookie.c helper/kfunc.c helper/kfunc_probe.c helper/arena.c map/arena.c)
AGENT_OBJ := $(AGENT_SRC:src/%.c=$(B)/agent/%.o) $(B)/agent/entry.o
AGENT_CFLAGS := -std=gnu11 -O2 -g $(WARN) -ffreestanding -fPIC -fvisibility=hidden -mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fno-strict-aliasing -fno-jump-tables -ffunction-sections \
	-fdata-sections -DSKEP_AGENT
BLOB_OBJ :=

ifeq ($(shell uname -m),x86_64)
BLOB_OBJ := $(B)/obj/agent/blob.o
CLI_OBJ += $(BLOB_OBJ)
endif

$(B)/agent/%.o: src/%.c | $(B)/.deps
	@mkdir -p $(@D)
	$(call say,CC,$< (agent))$(CC) $(CPPFLAGS) $(AGENT_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/agent/entry.o: src/agent/entry.S src/agent/layout.h | $(B)/.deps
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) $(CPPFLAGS) -c -o $@ $<

# Only relative relocations, and none in what is mapped read-only: the file says so, or is not made.
$(B)/agent/agent.elf: $(AGENT_OBJ) src/agent/agent.lds tools/agent-check.sh
	$(call say,LD,$@)$(LD) -shared -Bsymbolic -z nodynamic-undefined-weak --gc-sections -z noexecstack -z max-page-size=4096 \
		--no-undefined -u agent_exports -e 0 -T src/agent/agent.lds -o $@.tmp $(AGENT_OBJ)
	$(Q)sh tools/agent-check.sh $@.tmp && objcopy --strip-debug $@.tmp $@

$(B)/obj/agent/blob.o: src/agent/blob.S $(B)/agent/agent.elf
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) -DAGENT_BLOB='"$(B)/agent/agent.elf"' -c -o $@ $<

# Tests of hooks: each traces processes of its own.
HOOK_TEST := $(B)/hook/basic $(B)/hook/heavy $(B)/hook/random
TRACE_OBJ := $(patsubst src/%.c,$(B)/obj/%.o,$(filter-out %_box.c,$(wildcard src/box/trace*.c))) $(BLOB_OBJ)

$(B)/hook/target: tests/hook/target.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -O2 -g -pthread -o $@ $<

$(B)/hook/target-static: tests/hook/target.c
	@mkdir -p $(@D)
	$(call say,CC,$< (static))$(CC) -O2 -g -pthread -static -o $@ $<

$(B)/hook/jitted: tests/hook/jitted.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -O2 -g -pthread -o $@ $<

$(HOOK_TEST): $(B)/hook/%: tests/hook/%.c tests/hook/kit.h $(TRACE_OBJ) $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(TRACE_OBJ) $(B)/libskep.a

.PHONY: check-hook
check-hook: $(HOOK_TEST) $(B)/hook/target $(B)/hook/target-static $(B)/hook/jitted
	$(Q)tests/hook/functions.sh $(B)
	$(Q)tests/hook/heavy.sh $(B)
check: $(HOOK_TEST) $(B)/hook/target $(B)/hook/target-static $(B)/hook/jitted

# Attach and detach under load, N times.
.PHONY: hook-cycles
hook-cycles: $(HOOK_TEST) $(B)/hook/target
	$(Q)N=$(or $(N),1000) TARGET=$(B)/hook/target $(B)/hook/basic comes_and_goes

# skep is killed at random moments, N times: each target goes on; and at each of its calls (minutes), after which the next skep takes over.
.PHONY: hook-kills
hook-kills: $(HOOK_TEST) $(B)/hook/target
	$(Q)MOMENTS=$(or $(N),200) TARGET=$(B)/hook/target $(B)/hook/basic survives_any_moment
	$(Q)sh tests/hook/kills.sh $(B) 1 31 100000 ptrace
	$(Q)sh tests/hook/kills.sh $(B) 1 31 100000 pwrite64

# Random functions, each instruction probed, N of them from seed FIRST on.
.PHONY: fuzz-hooks
fuzz-hooks: $(HOOK_TEST)
	$(Q)sh tests/hook/random.sh $(B) $(or $(N),50) $(or $(FIRST),$(shell date +%s))

# What hooks cost, beside the running kernel's; how long processes stand still for them.
$(B)/bench/hooks $(B)/bench/attach: $(B)/bench/%: bench/%.c bench/stat.h tests/hook/kit.h $(TRACE_OBJ) $(B)/libskep.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(TRACE_OBJ) $(B)/libskep.a

.PHONY: bench-hooks bench-attach
bench-hooks: $(B)/bench/hooks
	$(Q)$(B)/bench/hooks
bench-attach: $(B)/bench/attach
	$(Q)$(B)/bench/attach
