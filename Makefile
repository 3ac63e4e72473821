# skep: `make demo` shows what it does, `make check` passes all tests. No configure step, no generated C.
# B: build directory.  SAN: asan,ubsan or tsan.  WERROR=1: as CI builds.  V=1: show commands.
CC       ?= gcc
CLANG    ?= clang
PREFIX   ?= /usr/local
DESTDIR  ?=
SAN      ?=
V        ?= 0
B        ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
comma    := ,
VERSION  := 0.1.0

include mk/flags.mk

ROOMS := base patch isa spec btf obj verifier lower vm jit map helper prog hook sys
LIB_SRC := $(sort $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c)))
LIB_OBJ := $(LIB_SRC:src/%.c=$(B)/obj/%.o)
CLI_OBJ := $(patsubst src/%.c,$(B)/obj/%.o,$(sort $(wildcard src/cli/*.c src/box/*.c)))
UNIT    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/*.c)))
MAPTEST := $(patsubst tests/map/%.c,$(B)/map/%,$(sort $(wildcard tests/map/*.c)))
TOOLS   := $(patsubst tests/tools/%.c,$(B)/tools/%,$(sort $(wildcard tests/tools/*.c)))
# What needs a newer clang than Debian 12's (address spaces, 64-bit enumerations, type tags) is made where there is one.
CLANG_NEW ?= $(shell command -v clang-20 || command -v clang-19 || command -v clang-18)
BPF_SRC := $(wildcard examples/*.bpf.c examples/bad/*.bpf.c examples/embed/*.bpf.c $(if $(CLANG_NEW),examples/newer/*.bpf.c))
BPF_OBJ := $(patsubst examples/%.bpf.c,$(B)/examples/%.bpf.o,$(sort $(BPF_SRC)))

.PHONY: all
all: $(B)/skep $(B)/libskep.a $(B)/libskep.so $(B)/libskep-preload.so $(B)/libskep-accel.so

include mk/agent.mk
include mk/build.mk
include mk/test.mk
include mk/fuzz.mk
include mk/patch.mk
include mk/arm64.mk
include mk/bench.mk
include mk/install.mk

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
