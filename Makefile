# Apus: make demo, make test. See "make help".

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR ?=
CC ?= cc
CFLAGS ?= -O2
INSTALL ?= install
STRIP ?= strip

version := $(shell sed -n 's/^.define APUS_VERSION_STRING "\(.*\)"/\1/p' include/apus.h)
major := $(firstword $(subst ., ,$(version)))
soname := libapus.so.$(major)
release := $(CURDIR)/.build/release
library := $(release)/libapus.so
python := .venv/bin/python
c_examples := $(patsubst examples/c/%.c,build/examples/%,$(wildcard examples/c/*.c))

.DEFAULT_GOAL := help
.PHONY: help lib demo test sanitize fuzz bench examples install uninstall clean packages

help:
	@echo 'make demo       train on handwritten digits from C, read the model back from Python'
	@echo 'make test       every test: Swift, C, header and library checks, Python'
	@echo 'make lib        the release library, $(notdir $(library))'
	@echo 'make examples   the C examples, into build/examples'
	@echo 'make install    library, header, pkg-config and CMake files (PREFIX=$(PREFIX), DESTDIR=)'
	@echo 'make uninstall  remove what install laid down'
	@echo 'make sanitize   the C tests under the address, undefined-behaviour and thread checkers'
	@echo 'make fuzz       the readers of files and texts on mutated input, FUZZ_RUNS=20000 executions each'
	@echo 'make bench      the benchmarks beside their peers'
	@echo 'make clean      remove what was built (.venv stays)'

packages:
	@scripts/packages.sh

lib: packages
	swift build -c release --product apus
	@ln -sfn libapus.so $(release)/$(soname)

build/examples/%: examples/c/%.c examples/c/table.h include/apus.h | lib
	@mkdir -p $(@D)
	$(CC) -std=c99 -Wall -Wextra $(CFLAGS) -Iinclude $< -o $@ -L$(release) -Wl,-rpath,$(release) -lapus -lm

examples: $(c_examples)

demo: packages build/examples/quickstart
	@scripts/python.sh demo
	@echo
	@build/examples/quickstart examples/data/digits.csv
	@PYTHONPATH=bindings/python $(python) examples/python/read_digits.py digits.h5 digits_predictions.csv

test:
	@scripts/test.sh

sanitize: lib
	@scripts/test.sh sanitize

fuzz: lib
	@scripts/python.sh test
	@Tests/fuzz/run.sh

bench: lib
	@scripts/python.sh test
	@$(python) benchmarks/run.py

# sed: the templates name the places that a program will be built and run with, which DESTDIR is no part of.
install: lib
	$(INSTALL) -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(LIBDIR)/cmake/apus' '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 755 $(library) '$(DESTDIR)$(LIBDIR)/libapus.so.$(version)'
	$(STRIP) --strip-all '$(DESTDIR)$(LIBDIR)/libapus.so.$(version)'
	ln -sf libapus.so.$(version) '$(DESTDIR)$(LIBDIR)/$(soname)'
	ln -sf $(soname) '$(DESTDIR)$(LIBDIR)/libapus.so'
	$(INSTALL) -m 644 include/apus.h '$(DESTDIR)$(INCLUDEDIR)/apus.h'
	@set -e; for file in apus.pc apusConfig.cmake apusConfigVersion.cmake; do \
	    case $$file in *.pc) to=pkgconfig ;; *) to=cmake/apus ;; esac; \
	    echo "packaging/$$file.in -> $(DESTDIR)$(LIBDIR)/$$to/$$file"; \
	    sed -e 's|@PREFIX@|$(PREFIX)|g; s|@LIBDIR@|$(LIBDIR)|g; s|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
	        -e 's|@VERSION@|$(version)|g; s|@MAJOR@|$(major)|g; s|@SONAME@|$(soname)|g' \
	        -e "s|@INCLUDE_FROM_CMAKE@|$$(realpath -m --relative-to='$(LIBDIR)/cmake/apus' '$(INCLUDEDIR)')|g" \
	        packaging/$$file.in > '$(DESTDIR)$(LIBDIR)'/$$to/$$file; \
	    chmod 644 '$(DESTDIR)$(LIBDIR)'/$$to/$$file; done
	@if [ -z '$(DESTDIR)' ] && [ -w /etc/ld.so.cache ]; then /sbin/ldconfig; fi

uninstall:
	rm -f '$(DESTDIR)$(LIBDIR)'/libapus.so '$(DESTDIR)$(LIBDIR)/$(soname)' '$(DESTDIR)$(LIBDIR)/libapus.so.$(version)'
	rm -f '$(DESTDIR)$(INCLUDEDIR)/apus.h' '$(DESTDIR)$(LIBDIR)/pkgconfig/apus.pc'
	rm -rf '$(DESTDIR)$(LIBDIR)/cmake/apus'

clean:
	rm -rf .build .build-* build digits.h5 digits_predictions.csv
