# One Makefile, nothing recursive about the sources, everything that is made
# goes below $(B).  "make help" lists what can be asked for.
include config.mk

VERSION = 0.1
B = build
NAMES = vsapd vsap-bind vsap-connect vsap-relay ircd-lite
PROGS := $(filter $(NAMES),$(patsubst bin/%/main.c,%,$(wildcard bin/*/main.c)))
# Which system's sandbox: libcommon/sandbox_$(SANDBOX).c; "none" builds anywhere.
SANDBOX := $(if $(filter Linux,$(shell uname -s)),linux,none)

WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wpointer-arith -Wcast-qual -Wvla -Wformat=2
HARDEN = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
# Each program is linked with those libraries only that it calls.
LDHARDEN = -pie -Wl,-z,relro,-z,now,--as-needed
PKG = libbsd-overlay libevent_core libcares libtls libssl libcrypto \
	$(if $(filter linux,$(SANDBOX)),libseccomp)
PKGCFLAGS := $(shell pkg-config --cflags $(PKG) 2>/dev/null)
PKGLIBS := $(shell pkg-config --libs $(PKG) 2>/dev/null)

ALLCFLAGS = -std=gnu11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-Ilibcommon $(WARN) $(HARDEN) $(PKGCFLAGS) $(CFLAGS) $(SAN) $(WHERE)
ALLLDFLAGS = $(LDHARDEN) $(LDFLAGS) $(SAN)
LIBS = $(PKGLIBS) -lcrypt
DEPFLAGS = -MMD -MP -MF $@.d
COMPILE = $(CC) $(ALLCFLAGS) $(DEPFLAGS)

# (Files of another system's are left out: sandbox_linux.c, sandbox_linux_*.c.)
COMMON := $(patsubst %.c,$(B)/%.o,$(filter-out \
	$(filter-out libcommon/sandbox_$(SANDBOX).c \
	libcommon/sandbox_$(SANDBOX)_%.c,\
	$(wildcard libcommon/sandbox_*.c)),$(wildcard libcommon/*.c)))
# $(call objs,NAME): the objects of bin/NAME without main.o
objs = $(filter-out $(B)/bin/$(1)/main.o,\
	$(patsubst %.c,$(B)/%.o,$(wildcard bin/$(1)/*.c))) $(call grammars,$(1))
grammars = $(patsubst %.y,$(B)/%.o,$(wildcard bin/$(1)/*.y))
ARCHIVES := $(NAMES:%=$(B)/%.a) $(B)/libcommon.a
UNITS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/t_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,\
	$(wildcard tests/fuzz/fuzz_*.c))
TOOLS := $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c)) \
	$(B)/tools/probe.so
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))
SOURCES := $(wildcard libcommon/*.[ch] bin/*/*.[ch] tests/unit/*.[ch] \
	tests/fuzz/*.[ch] tests/tools/*.[ch] tests/tools/*/*.[ch] bench/*.[ch])
PAGES := $(wildcard man/*.[1-9])
EXAMPLES := $(wildcard examples/*)
TEXTS := $(wildcard README.md DEVIATIONS.md ARCHITECTURE.md LICENSE)

# Steps that need much are run by a second make, which sees the packages
# that the first one has just installed.
DEPS = sh tests/tools/deps.sh
AGAIN = $(MAKE) -s --no-print-directory \
	$(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null))

all: $(PROGS:%=$(B)/%)

# ---- the programs --------------------------------------------------------

$(B)/libcommon.a: $(COMMON)
	@rm -f $@
	$(AR) -rcs $@ $(COMMON)

define PROGRAM
$(B)/$(1).a: $(call objs,$(1))
	@rm -f $$@
	$$(AR) -rcs $$@ $$^
$(B)/$(1): $(B)/bin/$(1)/main.o $(B)/$(1).a $(B)/libcommon.a
	$$(CC) $$(ALLLDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach p,$(NAMES),$(eval $(call PROGRAM,$(p))))

$(B)/%.o: %.c $(B)/.flags | $(B)/.deps
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# A grammar's parser, which includes the headers beside the grammar; last, for
# one of them may be called as the system's (limits.h).
GRAMMARS := $(foreach p,$(NAMES),$(call grammars,$(p)))
$(GRAMMARS:.o=.c): $(B)/%.c: %.y | $(B)/.deps
	@mkdir -p $(@D)
	bison -Werror -o $@ $<
$(GRAMMARS): $(B)/%.o: $(B)/%.c $(B)/.flags | $(B)/.deps
	$(COMPILE) -idirafter $(*D) -c -o $@ $<

# What the build needs is looked for once; a missing one is named.
$(B)/.deps: tests/tools/deps.sh
	@mkdir -p $(B)
	@$(DEPS) check build && touch $@

# Other flags make all anew; another PREFIX only what knows it.
$(B)/libcommon/spawn.o: WHERE = -DLIBEXECDIR='"$(LIBEXECDIR)"'
$(B)/libcommon/spawn.o: $(B)/.where
FLAGS = $(CC) $(ALLCFLAGS) $(FUZZFLAGS) $(ALLLDFLAGS) $(LIBS)
# $(call stamp,TEXT): write it to the target if it says something else
stamp = @mkdir -p $(B); printf '%s\n' '$(subst ','\'',$(1))' >$@.new; \
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B)/.flags: FORCE
	$(call stamp,$(FLAGS))
$(B)/.where: FORCE
	$(call stamp,$(LIBEXECDIR))

# ---- tests, fuzzers, load generators: one source file each ---------------

# A fuzzer is the parser's entry plus fuzz_main.h: replay of files without
# libFuzzer, so that make check needs no clang.
FUZZFLAGS = -DFUZZ_REPLAY

# $(call archives,FILE): of the programs whose headers the source includes,
# and no others: two programs may have functions of one name.
archives = $(filter $(ARCHIVES),$(sort $(shell \
	sed -n 's|^\#include "\([a-z-]*\)/.*|$(B)/\1.a|p' $(1)))) $(B)/libcommon.a

define ONE
	@mkdir -p $(@D)
	$(COMPILE) $(1) $(ALLLDFLAGS) -o $@ $< $(filter %.a,$^) $(LIBS)
endef
.SECONDEXPANSION:
$(B)/unit/%: tests/unit/%.c $$(call archives,tests/unit/$$*.c)
	$(call ONE,-Itests/unit -Ibin)
$(B)/fuzz/%: tests/fuzz/%.c $$(call archives,tests/fuzz/$$*.c)
	$(call ONE,$(FUZZFLAGS) -Itests/fuzz -Ibin)
$(B)/tools/%: tests/tools/%.c $(B)/libcommon.a
	$(call ONE,)
$(B)/bench/%: bench/%.c $(B)/libcommon.a
	$(call ONE,)

# An intruder for tests/sandbox.bats, preloaded into the programs.
$(B)/tools/probe.so: tests/tools/probe/probe.c $(B)/.flags
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared -o $@ $<

units: $(UNITS)
fuzzers: $(FUZZERS)
tools: $(TOOLS)
benches: $(BENCHES)

# ---- trying it -----------------------------------------------------------

CHECK = sh tests/tools/check.sh $(B)

demo:
	@$(DEPS) ensure build demo
	@echo "Building into $(B)/"
	@$(AGAIN) demo-run
demo-run: all
	@sh tests/tools/demo.sh $(B)

check:
	@$(DEPS) ensure build test
	@echo "Building into $(B)/"
	@$(AGAIN) check-run
check-run: all units fuzzers tools
	@-sh tests/tools/peers.sh
	@$(CHECK) unit fuzz man bats

check-unit: units
	@$(CHECK) unit
check-fuzz: fuzzers
	@$(CHECK) fuzz
check-man:
	@$(CHECK) man
check-bats: all tools
	@$(CHECK) bats

peers:
	@sh tests/tools/peers.sh

# The same tests under the sanitizers; T='tests/20*.bats' picks bats files.
ASAN = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
asan:
	@$(DEPS) ensure build test
	@echo "Building into $(B)/asan/"
	@$(AGAIN) B=$(B)/asan SAN='$(ASAN)' CFLAGS='-O1 -g' \
	    HARDEN=-fPIE asan-run
# (Not the real IRC clients: they take their time, and wait for their own.)
ASANBATS = $(or $(T),$(filter-out tests/irc-clients.bats,\
	$(wildcard tests/*.bats)))
asan-run: all units fuzzers tools
	@-sh tests/tools/peers.sh
	@VSAP_TEST_ASAN=1 T='$(ASANBATS)' $(CHECK) unit fuzz bats

FUZZ_SECONDS = 60
fuzz:
	@$(DEPS) ensure build fuzz
	@$(AGAIN) B=$(B)/libfuzzer CC=clang CFLAGS='-O1 -g' HARDEN=-fPIE \
	    SAN='-fsanitize=address,undefined,fuzzer-no-link' \
	    FUZZFLAGS=-fsanitize=fuzzer fuzz-run
fuzz-run: fuzzers
	@sh tests/tools/fuzz.sh $(B) $(FUZZ_SECONDS)

# Lines of ircd-lite that the tests reach; handlers below 90 % are a failure.
coverage:
	@$(DEPS) ensure build test
	@sh tests/tools/coverage.sh

lint:
	@$(DEPS) ensure lint
	@sh tests/tools/lint.sh $(SOURCES) $(PAGES)

bench:
	@$(DEPS) ensure build bench
	@$(AGAIN) bench-run
bench-run: all benches tools
	@B=$(B) bench/run

deps:
	@$(DEPS) install build demo test lint
	@$(DEPS) check build demo test lint

# ---- handing it on -------------------------------------------------------

INSTALL = install
D = $(DESTDIR)
DAEMONS = $(filter vsapd ircd-lite,$(PROGS))
CLIENTS = $(filter-out $(DAEMONS),$(PROGS))
SYSTEMD := $(wildcard examples/*.service examples/*.socket)

install: all
	$(INSTALL) -d $(D)$(BINDIR) $(D)$(SBINDIR) $(D)$(LIBEXECDIR) \
	    $(D)$(UNITDIR) $(D)$(DOCDIR)/examples $(D)$(BASHCOMPDIR) \
	    $(D)$(ZSHCOMPDIR) $(D)$(FISHCOMPDIR)
	$(INSTALL) -m 755 $(addprefix $(B)/,$(DAEMONS)) $(D)$(SBINDIR)
	$(INSTALL) -m 755 $(addprefix $(B)/,$(CLIENTS)) $(D)$(BINDIR)
	ln -sfn $(BINDIR)/vsap-relay $(D)$(LIBEXECDIR)/vsap-relay
	@set -e; for f in $(PAGES); do \
	    $(INSTALL) -D -m 644 $$f $(D)$(MANDIR)/man$${f##*.}/$${f##*/}; \
	done
	$(INSTALL) -m 644 completions/bash/* $(D)$(BASHCOMPDIR)
	$(INSTALL) -m 644 completions/zsh/* $(D)$(ZSHCOMPDIR)
	$(INSTALL) -m 644 completions/fish/* $(D)$(FISHCOMPDIR)
	@set -e; for f in $(TEXTS); do \
	    $(INSTALL) -m 644 $$f $(D)$(DOCDIR); \
	done
	@set -e; for f in $(EXAMPLES); do \
	    m=644; test ! -x $$f || m=755; \
	    $(INSTALL) -m $$m $$f $(D)$(DOCDIR)/examples; \
	done
	@set -e; for f in $(SYSTEMD); do \
	    sed 's|/usr/local/sbin/|$(SBINDIR)/|' $$f \
	        >$(D)$(UNITDIR)/$${f##*/}; \
	    chmod 644 $(D)$(UNITDIR)/$${f##*/}; \
	done

uninstall:
	rm -f $(addprefix $(D)$(SBINDIR)/,$(DAEMONS)) \
	    $(addprefix $(D)$(BINDIR)/,$(CLIENTS)) \
	    $(D)$(LIBEXECDIR)/vsap-relay \
	    $(foreach f,$(PAGES),\
	        $(D)$(MANDIR)/man$(subst .,,$(suffix $(f)))/$(notdir $(f))) \
	    $(addprefix $(D)$(BASHCOMPDIR)/,$(notdir $(wildcard completions/bash/*))) \
	    $(addprefix $(D)$(ZSHCOMPDIR)/,$(notdir $(wildcard completions/zsh/*))) \
	    $(addprefix $(D)$(FISHCOMPDIR)/,$(notdir $(wildcard completions/fish/*))) \
	    $(addprefix $(D)$(UNITDIR)/,$(notdir $(SYSTEMD)))
	rm -rf $(D)$(DOCDIR)

dist:
	@mkdir -p $(B)
	git archive --prefix=vsap-$(VERSION)/ HEAD | gzip -9n \
	    >$(B)/vsap-$(VERSION).tar.gz
	@echo $(B)/vsap-$(VERSION).tar.gz

compdb:
	@sh tests/tools/compdb.sh $(CC) $(ALLCFLAGS) \
	    -DLIBEXECDIR='"$(LIBEXECDIR)"' -Ibin -Itests/unit \
	    -Itests/fuzz -- $(filter %.c,$(SOURCES)) >compile_commands.json

clean:
	rm -rf $(B) compile_commands.json

help:
	@sh tests/tools/help.sh

-include $(wildcard $(foreach d,libcommon bin/* unit fuzz tools bench,\
	$(B)/$(d)/*.d))

.PHONY: all units fuzzers tools benches demo demo-run check check-run \
	check-unit check-fuzz check-man check-bats peers asan asan-run fuzz \
	fuzz-run coverage lint bench bench-run deps install uninstall dist compdb \
	clean help FORCE
.DELETE_ON_ERROR:
