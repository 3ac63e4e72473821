# Compiler flags. -Werror only where asked (CI), so that a newer compiler's new warning never stops a user.
WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wmissing-prototypes -Wstrict-prototypes \
	-Wold-style-definition -Wvla -Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings -Wundef
# Two sums that are both to be made, whichever overflows: a | b.
WARN += $(if $(findstring clang,$(CC)),-Wno-bitwise-instead-of-logical)
ifdef WERROR
WARN += -Werror
endif
OPT     ?= -O2 -g
SANFLAG := $(if $(SAN),-fsanitize=$(subst asan,address,$(subst ubsan,undefined,$(subst tsan,thread,$(SAN)))) \
	-fno-sanitize-recover=undefined -fno-omit-frame-pointer)
CPPFLAGS := -Isrc -Iinclude -D_GNU_SOURCE -DSKEP_VERSION='"$(VERSION)"'
CFLAGS  := -std=gnu11 $(OPT) $(WARN) -fPIC -fvisibility=hidden -fno-strict-aliasing -fcf-protection=none \
	-pthread $(SANFLAG) $(CFLAGS_EXTRA)
# Small structures are cleared on every run of a program: by stores, which start at once, not by rep stos.
ifeq ($(shell uname -m),x86_64)
CFLAGS += $(shell echo 'int x;' | $(CC) -mmemset-strategy=vector_loop:512:noalign$(comma)libcall:-1:noalign -xc -fsyntax-only - 2>/dev/null && \
	echo -mmemset-strategy=vector_loop:512:noalign$(comma)libcall:-1:noalign)
endif
LDFLAGS := -pthread $(SANFLAG)
# libbpf's bpf(2) calls land in skep: it is linked statically and its syscall() wrapped.
BPF_LIBS := -Wl,--wrap=syscall -l:libbpf.a -lelf -lz
CLI_LIBS := -Wl,--wrap=statfs64,--wrap=fopen64,--wrap=ioctl,--wrap=epoll_ctl $(BPF_LIBS) -lpcap -lZydis -ljansson
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -D__TARGET_ARCH_x86 -D__$(shell uname -m)__ -I/usr/include/$(shell uname -m)-linux-gnu -Iexamples
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@echo "  $(1)	$(2)";)
