# Compiler flags. -Werror only where asked (CI), so that a newer compiler's new warning never stops a user.
WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wmissing-prototypes -Wstrict-prototypes \
	-Wold-style-definition -Wvla -Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings -Wundef
ifdef WERROR
WARN += -Werror
endif
OPT     ?= -O2 -g
SANFLAG := $(if $(SAN),-fsanitize=$(subst asan,address,$(subst ubsan,undefined,$(subst tsan,thread,$(SAN)))) \
	-fno-sanitize-recover=undefined -fno-omit-frame-pointer)
CPPFLAGS := -Isrc -Iinclude -D_GNU_SOURCE -DSKEP_VERSION='"$(VERSION)"'
CFLAGS  := -std=gnu11 $(OPT) $(WARN) -fPIC -fvisibility=hidden -fno-strict-aliasing -fcf-protection=none \
	-pthread $(SANFLAG) $(CFLAGS_EXTRA)
LDFLAGS := -pthread $(SANFLAG)
# libbpf's bpf(2) calls land in skep: it is linked statically and its syscall() wrapped.
BPF_LIBS := -Wl,--wrap=syscall -l:libbpf.a -lelf -lz
CLI_LIBS := -Wl,--wrap=statfs64 $(BPF_LIBS) -lpcap -lZydis -ljansson
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -D__TARGET_ARCH_x86 -D__$(shell uname -m)__ -I/usr/include/$(shell uname -m)-linux-gnu -Iexamples
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@echo "  $(1)	$(2)";)
