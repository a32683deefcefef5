# One Makefile, out of tree: everything made goes below $(B).
# make demo, make check; DEVELOPERS: lint asan fuzz bench dist compdb.
include config.mk

VERSION = 0.1
B = build
PROGS = vsapd vsap-bind vsap-connect vsap-relay

WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
       -Wpointer-arith -Wcast-qual -Wvla -Wformat=2
HARDEN = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDHARDEN = -pie -Wl,-z,relro,-z,now
PKG = libbsd-overlay libevent_core libcares
PKGCFLAGS := $(shell pkg-config --cflags $(PKG) 2>/dev/null)
PKGLIBS := $(shell pkg-config --libs $(PKG) 2>/dev/null)

ALLCFLAGS = -std=gnu11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-DLIBEXECDIR='"$(LIBEXECDIR)"' -Ilibcommon $(WARN) $(HARDEN) \
	$(PKGCFLAGS) $(CFLAGS) $(SAN)
ALLLDFLAGS = $(LDHARDEN) $(LDFLAGS) $(SAN)
LIBS = $(PKGLIBS) -lcrypt

COMMON := $(patsubst %.c,$(B)/%.o,$(wildcard libcommon/*.c))
# $(call objs,NAME): the objects of bin/NAME without main.o
objs = $(filter-out $(B)/bin/$(1)/main.o,$(patsubst %.c,$(B)/%.o,$(wildcard bin/$(1)/*.c)))
UNITS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/t_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS := $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c))
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))
SOURCES := $(wildcard libcommon/*.[ch] bin/*/*.[ch] tests/unit/*.[ch] \
	tests/fuzz/*.[ch] tests/tools/*.[ch] bench/*.[ch])

all: $(PROGS:%=$(B)/%)

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
$(foreach p,$(PROGS),$(eval $(call PROGRAM,$(p))))

$(B)/%.o: %.c | $(B)/.deps
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -MMD -MP -c -o $@ $<

# What the build needs is looked for once; a missing one is named.
$(B)/.deps: tests/tools/deps.sh
	@mkdir -p $(B)
	@sh tests/tools/deps.sh check && touch $@

$(B)/unit/%: tests/unit/%.c $(PROGS:%=$(B)/%.a) $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -Itests/unit -Ibin -MMD -MP $(ALLLDFLAGS) -o $@ $< \
	    $(PROGS:%=$(B)/%.a) $(B)/libcommon.a $(LIBS)

$(B)/tools/%: tests/tools/%.c $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -MMD -MP $(ALLLDFLAGS) -o $@ $< $(B)/libcommon.a $(LIBS)

$(B)/bench/%: bench/%.c $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -MMD -MP $(ALLLDFLAGS) -o $@ $< $(B)/libcommon.a $(LIBS)

# A fuzzer is the parser's entry plus fuzz_main.h: replay of files without
# libFuzzer, so that make check needs no clang.
$(B)/fuzz/%: tests/fuzz/%.c $(PROGS:%=$(B)/%.a) $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -DFUZZ_REPLAY -Itests/fuzz -Ibin -MMD -MP $(ALLLDFLAGS) \
	    -o $@ $< $(PROGS:%=$(B)/%.a) $(B)/libcommon.a $(LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: all
.DELETE_ON_ERROR:
