# Installation: the command, the library, its header, pkg-config.
.PHONY: install man clean compile_commands.json
install: all man $(B)/install/libskep.a
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/skep
	install -m 755 $(B)/skep $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(B)/install/libskep.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(B)/libskep.so $(DESTDIR)$(PREFIX)/lib/libskep.so.0
	ln -sf libskep.so.0 $(DESTDIR)$(PREFIX)/lib/libskep.so
	install -m 755 $(B)/libskep-preload.so $(B)/libskep-accel.so $(DESTDIR)$(PREFIX)/lib/
	install -m 644 include/skep/skep.h $(DESTDIR)$(PREFIX)/include/skep/
	for s in 1 3 7; do install -d $(DESTDIR)$(PREFIX)/share/man/man$$s && \
		install -m 644 $(B)/man/*.$$s $(DESTDIR)$(PREFIX)/share/man/man$$s/ || exit 1; done
	for f in $$(sed -n 's/^SKEP_API .*\(skep_[a-z0-9_]*\)(.*/\1/p' include/skep/skep.h); do \
		echo .so man3/libskep.3 >$(DESTDIR)$(PREFIX)/share/man/man3/$$f.3 || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(B)/skep completion >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/skep
	printf 'prefix=%s\nlibdir=$${prefix}/lib\nincludedir=$${prefix}/include\n\nName: skep\nDescription: Linux eBPF in user space\nVersion: %s\nLibs: -L$${libdir} -lskep -pthread\nCflags: -I$${includedir}\n' \
		'$(PREFIX)' '$(VERSION)' > $(DESTDIR)$(PREFIX)/lib/pkgconfig/skep.pc

# The archive for applications is one object in which only the interface is global: they may have a sha256() or a log_init() of their own.
$(B)/install/libskep.a: $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) -r -nostdlib -o $(@D)/skep.o $^ && objcopy --localize-hidden $(@D)/skep.o && rm -f $@ && \
		$(AR) rcs $@ $(@D)/skep.o

# Manual pages, from the tables of the command and the verifier; checked where mandoc is there.
man: $(B)/skep
	$(Q)mkdir -p $(B)/man
	$(Q)for page in $$($(B)/skep man); do $(B)/skep man $$page >$(B)/man/$$page || exit 1; done
	$(Q)! command -v mandoc >/dev/null || mandoc -T lint -W warning $(B)/man/*

clean:
	rm -rf $(B)

compile_commands.json:
	$(Q)rm -f $@; bear --output $@ -- $(MAKE) --no-print-directory B=build-cc all
