# Installation: the command, the library, its header, pkg-config.
.PHONY: install man clean compile_commands.json
install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/skep
	install -m 755 $(B)/skep $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(B)/libskep.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(B)/libskep.so $(DESTDIR)$(PREFIX)/lib/libskep.so.0
	ln -sf libskep.so.0 $(DESTDIR)$(PREFIX)/lib/libskep.so
	install -m 755 $(B)/libskep-preload.so $(B)/libskep-accel.so $(DESTDIR)$(PREFIX)/lib/
	install -m 644 include/skep/skep.h $(DESTDIR)$(PREFIX)/include/skep/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 $(B)/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(B)/man/*.7 $(DESTDIR)$(PREFIX)/share/man/man7/
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(B)/skep completion >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/skep
	printf 'prefix=%s\nlibdir=$${prefix}/lib\nincludedir=$${prefix}/include\n\nName: skep\nDescription: Linux eBPF in user space\nVersion: %s\nLibs: -L$${libdir} -lskep -pthread\nCflags: -I$${includedir}\n' \
		'$(PREFIX)' '$(VERSION)' > $(DESTDIR)$(PREFIX)/lib/pkgconfig/skep.pc

# Manual pages, from the tables of the command and the verifier; checked where mandoc is there.
man: $(B)/skep
	$(Q)mkdir -p $(B)/man
	$(Q)for page in $$($(B)/skep man); do $(B)/skep man $$page >$(B)/man/$$page || exit 1; done
	$(Q)! command -v mandoc >/dev/null || mandoc -T lint -W warning $(B)/man/*

clean:
	rm -rf $(B)

compile_commands.json:
	$(Q)rm -f $@; bear --output $@ -- $(MAKE) --no-print-directory B=build-cc all
