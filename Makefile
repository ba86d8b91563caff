# GNU make.  `make help` lists the targets; all products go under $(BUILD).
PROGRAMS := s3list s3ack s3fetch logparse sentinelpost
FOLDERS  := s3list s3fetch logparse sentinelpost
# The file with main() of each program; all else in its folder is its library.
MAIN_s3list       := s3list/main.c
MAIN_s3ack        := s3list/s3ack.c
MAIN_s3fetch      := s3fetch/main.c
MAIN_logparse     := logparse/main.c
MAIN_sentinelpost := sentinelpost/main.c
FAKES := sentinelsim s3sim

CC          ?= cc
PKG_CONFIG  ?= pkg-config
CFLAGS      ?= -O2 -g
PREFIX      ?= /usr/local
BINDIR      ?= $(PREFIX)/bin
MANDIR      ?= $(PREFIX)/share/man
DOCDIR      ?= $(PREFIX)/share/doc/logbridge
DESTDIR     ?=
PKGS        := libcurl libssl libcrypto libseccomp sqlite3 libisal libdeflate libzstd zlib expat
FAKE_PKGS   := libmicrohttpd libssl libcrypto zlib jansson
VERSION     := $(shell cat VERSION)

# As many compilers at once as there are cores: -j has the last word, and of
# several goals the next may build upon the one before.
JOBS        ?= $(shell nproc)
ifeq ($(MAKELEVEL)$(word 2,$(MAKECMDGOALS)),0)
MAKEFLAGS   += -j$(JOBS)
endif

# SANITIZE=address,undefined and COVERAGE=1 build into folders of their own.
SANITIZE    ?=
COVERAGE    ?=
comma       := ,
BUILD       ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))$(if $(COVERAGE),-coverage)

WARNINGS    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wundef -Wimplicit-fallthrough -Wno-sign-conversion
# Flags that not every compiler has for every machine; tests/filters/hardening.t
# reads back what became of all of them.
cc_has       = $(shell $(CC) -O2 -Werror $(1) -include stdlib.h -x c -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
FORTIFY     := $(or $(call cc_has,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN      := -fstack-protector-strong -fno-common -fPIE \
	$(call cc_has,-fcf-protection=full) $(call cc_has,-mbranch-protection=standard) \
	$(call cc_has,-fstack-clash-protection) $(if $(SANITIZE)$(COVERAGE),,$(FORTIFY))
# The sanitizers' own work at exit does not fit into a sandbox; gcov's neither,
# see tests/coverage/exits.c.
ALL_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Icommon \
	$(if $(SANITIZE),-DLB_NO_SANDBOX) \
	$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null) $(CPPFLAGS)
ALL_CFLAGS   = -std=c11 $(WARNINGS) $(if $(WERROR),-Werror) $(HARDEN) \
	-ffile-prefix-map=$(CURDIR)=. -MMD -MP $(CFLAGS)
ALL_LDFLAGS  = -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed $(LDFLAGS)
LDLIBS      += $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -ljq -lm
FAKE_LIBS    = $(shell $(PKG_CONFIG) --libs $(FAKE_PKGS) 2>/dev/null) -lpthread
ifneq ($(SANITIZE),)
ALL_CFLAGS  += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
endif
ifneq ($(COVERAGE),)
ALL_CFLAGS  += --coverage -O0
ALL_LDFLAGS += --coverage
WRAPPED     := -Wl,--wrap=_exit,--wrap=raise,--wrap=__gcov_fork,--wrap=prctl,--wrap=setgroups,--wrap=syscall
endif
ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2);
endif

obj         = $(patsubst %.c,$(BUILD)/%.o,$(1))
MAINS      := $(foreach p,$(PROGRAMS),$(MAIN_$(p)))
COMMON     := $(call obj,$(wildcard common/*.c) $(if $(COVERAGE),tests/coverage/exits.c))
BINS       := $(PROGRAMS:%=$(BUILD)/bin/%)
# The same programs with an injectable clock and random source, for tests.
TESTBINS   := $(PROGRAMS:%=$(BUILD)/testbin/%)
FAKEBINS   := $(FAKES:%=$(BUILD)/fakes/%)
TOOLBINS   := $(patsubst tests/lib/%.c,$(BUILD)/fakes/%,$(wildcard tests/lib/*.c))
# What test tools and fakes share; no part of the product.
TESTLIB    := $(call obj,$(wildcard tests/lib/*/*.c))
UNITS      := $(patsubst tests/unit/%.c,$(BUILD)/tests/%.t,$(wildcard tests/unit/test_*.c))
# The driver of the torture, and what is preloaded into the filters.
FAULTBINS  := $(addprefix $(BUILD)/faults/,torture failnth.so dns.so)
FUZZERS    := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
ARCHIVES   := $(FOLDERS:%=$(BUILD)/%.a) $(BUILD)/common.a
INJECT     := $(BUILD)/inject/clock.o $(BUILD)/inject/rnd.o $(BUILD)/inject/sandbox.o \
	$(call obj,$(wildcard tests/lib/escape/*.c))
FORMATS    := $(sort $(wildcard logparse/formats/*.format))
SHELL_SRC  := $(wildcard tools/deps tools/*.sh tests/*.t tests/filters/*.t tests/hostile/*.t tests/integration/*.t \
	tests/lib/*.sh tests/fuzz/*.sh tests/faults/*.t tests/faults/*.sh tests/faults/run tests/coverage/*.sh pipelines/* bench/*.sh .ci/run)
ALL_C      := $(wildcard common/*.[ch] $(FOLDERS:%=%/*.[ch]) tests/*/*.[ch] tests/*/*/*.[ch] tools/*.[ch] bench/*.[ch])
# The product itself: cppcheck knows too little of jansson and libmicrohttpd.
PRODUCT_C  := $(wildcard common/*.[ch] $(FOLDERS:%=%/*.[ch]))
MANPAGES   := $(wildcard */*.1 */*.5 */*.7)
# Under $(DOCDIR) as in the tree: they refer to each other.
DOCFILES   := README.md CHANGELOG.md LICENSE tools/dcr.sh \
	$(wildcard docs/*.md docs/decisions/*.md pipelines/* logparse/formats/*.format)
PROVE      := prove -e '' $(PROVE_FLAGS)
# What the sanitizers say goes to files: the one for leaks looks at a program that
# ends, and tells on standard error of threads that it just missed, which says
# nothing of the program but is more than tests expect there.
TEST_ENV    = BUILD=$(CURDIR)/$(BUILD) ASAN_OPTIONS=exitcode=99:detect_leaks=1:log_path=$(CURDIR)/$(BUILD)/sanitizer \
	UBSAN_OPTIONS=exitcode=99:print_stacktrace=1 LC_ALL=C TZ=UTC MAKEFLAGS=

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all programs check test demo bench bench-parse fuzz coverage lint format check-format \
	install uninstall clean help deps deps-test tests fuzzers check-sanitize \
	hostile integration no-landlock faults torture FORCE
.DEFAULT_GOAL := all

all: $(BINS)		## build the five filters

# A change of compiler or flags rebuilds, as a change of source does.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LDLIBS)" | cmp -s - $@ || \
	 printf '%s\n' "$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LDLIBS)" >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) -I$(patsubst %/,%,$(dir $<)) $(EXTRA_$(subst /,_,$<)) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/common/version.o: VERSION
EXTRA_common_version.c = -DVERSION='"$(VERSION)"'

$(BUILD)/inject/%.o: common/%.c $(BUILD)/flags
	$(call say,CC,"$< (injectable)")mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) -DLB_INJECT $(ALL_CFLAGS) -c -o $@ $<

# The format files, as one C file: the product needs no file at run time.
$(BUILD)/logparse/builtin.c: tools/embed.sh $(FORMATS)
	$(call say,EMBED,$@)mkdir -p $(@D)
	$(Q)sh tools/embed.sh $(FORMATS) >$@
$(BUILD)/logparse/builtin.o: $(BUILD)/logparse/builtin.c
	$(Q)$(CC) $(ALL_CPPFLAGS) -Ilogparse $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/testlib.a: $(TESTLIB)
	$(call say,AR,$@)rm -f $@
	$(Q)$(AR) rcD $@ $^

$(BUILD)/common.a: $(COMMON)
	$(call say,AR,$@)rm -f $@
	$(Q)$(AR) rcD $@ $^

define folder_rule
$(BUILD)/$(1).a: $$(call obj,$$(filter-out $(MAINS),$$(wildcard $(1)/*.c))) \
	$(if $(filter logparse,$(1)),$(BUILD)/logparse/builtin.o)
	$$(call say,AR,$$@)rm -f $$@
	$$(Q)mkdir -p $$(@D); $$(AR) rcD $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rule,$(f))))

define program_rule
$(BUILD)/bin/$(1): $(call obj,$(MAIN_$(1))) $(BUILD)/$(patsubst %/,%,$(dir $(MAIN_$(1)))).a $(BUILD)/common.a
	$$(call say,LD,$$@)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) $$(WRAPPED) -o $$@ $$^ $$(LDLIBS)
$(BUILD)/testbin/$(1): $(call obj,$(MAIN_$(1))) $(INJECT) $(BUILD)/$(patsubst %/,%,$(dir $(MAIN_$(1)))).a $(BUILD)/common.a
	$$(call say,LD,$$@)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) $$(WRAPPED) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# libjansson comes before common.a, which has a json_string() of its own.
define fake_rule
$(BUILD)/fakes/$(1): $$(call obj,$$(wildcard tests/fakes/$(1)/*.c)) $(BUILD)/testlib.a $(BUILD)/common.a
	$$(call say,LD,$$@)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$(filter-out %/common.a,$$^) $$(FAKE_LIBS) $(BUILD)/common.a $$(LDLIBS)
endef
$(foreach f,$(FAKES),$(eval $(call fake_rule,$(f))))

$(TOOLBINS): $(BUILD)/fakes/%: $(BUILD)/tests/lib/%.o $(BUILD)/testlib.a $(BUILD)/common.a
	$(call say,LD,$@)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter-out %/common.a,$^) $(FAKE_LIBS) $(BUILD)/common.a $(LDLIBS)

$(BUILD)/tests/%.t: $(BUILD)/tests/unit/%.o $(INJECT) $(BUILD)/testlib.a $(ARCHIVES)
	$(call say,LD,$@)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAPPED) -o $@ $^ $(FAKE_LIBS) $(LDLIBS)

$(BUILD)/faults/torture: $(addprefix $(BUILD)/tests/faults/,torture.o scene.o picks.o judge.o \
	judge_fetch.o judge_post.o judge_save.o judge_state.o) $(BUILD)/common.a
	$(call say,LD,$@)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# Has open(2) and open64(2) under their own names, and none replaced by
# another; a sanitizer or a profile of its own would count as well.
$(BUILD)/faults/%.so: tests/faults/%.c tests/faults/failnth.h $(BUILD)/flags
	$(call say,LD,$@)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) $(if $(WERROR),-Werror) -O2 -g -fno-builtin -fPIC -shared -o $@ $<

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(INJECT) $(ARCHIVES)
	$(call say,LD,$@)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $(filter-out $(UNUSED),$^) $(LDLIBS)
# s3fetch has an object_free() of its own.
$(BUILD)/fuzz/fuzz_object: UNUSED = $(BUILD)/s3fetch.a
# Usage errors end a program; here they end a try.
$(BUILD)/fuzz/fuzz_options: ALL_LDFLAGS += -Wl,--wrap=exit

tests: all $(TESTBINS) $(FAKEBINS) $(TOOLBINS) $(FAULTBINS) $(UNITS)
fuzzers: $(FUZZERS)

deps:
	@tools/deps build
deps-test:
	@tools/deps test

# Run tests; with AGAIN=1 those that failed once more, one after the other, and
# what they said stays in view.  For the sanitizers' run, where demo.t once failed
# beside others, its second pipe having ended with 4 (which no filter does).
proved = rm -f $(BUILD)/sanitizer.*; \
	$(TEST_ENV) $(PROVE) --state=save --statefile=$(BUILD)/proved $(1) || { \
	grep -ls ERROR: $(BUILD)/sanitizer.* | xargs -r cat; [ -n "$(AGAIN)" ] && \
	echo "Those that failed, again:" && $(TEST_ENV) $(PROVE) --state=failed --statefile=$(BUILD)/proved; }

# Tests wait for much: more at once than there are cores, those that take longest
# first, for the last one to end is the end of all.
TEST_JOBS ?= 6
INTEGRATION_JOBS ?= 3
LONG_FILTERS := $(patsubst %,tests/filters/%.t,s3fetch logparse-where logparse-select sandbox sentinelpost-edges \
	logparse-memory s3fetch-io state-faults s3list s3fetch-replies outcomes sentinelpost-service s3fetch-tls)
LONG_INTEGRATION := $(patsubst %,tests/integration/%.t,size kill sentinelsim build resume outage composition)
longest_first = $(1) $(filter-out $(1),$(wildcard $(2)))
check: tests		## unit, golden and filter tests (under two minutes)
	$(call proved,-j$(TEST_JOBS) $(call longest_first,$(LONG_FILTERS),tests/filters/*.t) $(wildcard tests/*.t) $(UNITS))

# How large the bombs are: tests/hostile/bombs.t.
hostile: tests		## what an attacker's bucket, service or log line sends
	$(call proved,-j$(TEST_JOBS) $(wildcard tests/hostile/*.t))

# The tests that docs/threat-model.md names, but for those that take long or have
# no filter in them, as on a kernel that has no Landlock.
THREATS := $(filter-out tests/integration/size.t tests/faults/% tests/fuzz/% tests/hostile/bombs.t,\
	$(sort $(shell grep -o 'tests/[a-z0-9_/-]*[.][tc]\>' docs/threat-model.md)))
no-landlock: tests	## the threat model's tests where there is no Landlock
	$(TEST_ENV) $(BUILD)/fakes/without landlock -- $(PROVE) -j$(TEST_JOBS) tests/filters/confined.t \
	 $(patsubst tests/unit/%.c,$(BUILD)/tests/%.t,$(THREATS))

integration: tests	## tests with real servers
	$(call proved,-j$(INTEGRATION_JOBS) $(call longest_first,$(LONG_INTEGRATION),tests/integration/*.t))

check-sanitize:		## `check` and `hostile` under ASan and UBSan
	$(MAKE) SANITIZE=address,undefined TEST_JOBS=4 check
	$(MAKE) SANITIZE=address,undefined TEST_JOBS=4 hostile

test: deps-test		## everything: what CI runs
	$(MAKE) check-format
	$(MAKE) WERROR=1 lint
	$(MAKE) check-sanitize AGAIN=1
	$(MAKE) fuzz FUZZ_SECONDS=20
	$(MAKE) check
	BOMB_MB=1024 BOMB_RECORDS=1000000 BOMB_MEMBERS=1000000 $(MAKE) hostile
	$(MAKE) integration
	$(MAKE) no-landlock
	$(MAKE) torture TORTURE_SAMPLE=12
	$(TEST_ENV) $(PROVE) tests/faults/faults.t tests/faults/defect.t

# A run alone: make faults SEED=17 RUNS=1
RUNS ?= 300
SEED ?= 1
faults: tests		## RUNS (300) seeded runs while things break, from seed SEED (1)
	$(TEST_ENV) tests/faults/run --runs $(RUNS) --seed $(SEED)

torture: tests		## every call fails once, in each filter
	$(TEST_ENV) TORTURE_SAMPLE=$(or $(TORTURE_SAMPLE),0) $(PROVE) tests/faults/torture.t

demo: deps		## move sample logs end to end on local servers
	@$(MAKE) --no-print-directory all $(FAKEBINS) $(TOOLBINS)
	@BUILD=$(CURDIR)/$(BUILD) tools/demo.sh

bench: all $(FAKEBINS) $(TOOLBINS)	## measure beside peers (see bench/README.md)
	BUILD=$(CURDIR)/$(BUILD) bench/run.sh

bench-parse: all $(TOOLBINS)	## parsing alone, beside jq and mawk
	BUILD=$(CURDIR)/$(BUILD) bench/parse.sh

# Every fuzzer for FUZZ_SECONDS of CPU time; new inputs stay under build-fuzz.
FUZZ_SECONDS ?= 10
fuzz:			## fuzz each parser for FUZZ_SECONDS of CPU time (10)
	$(MAKE) CC=clang BUILD=build-fuzz CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
	 LDFLAGS='-fsanitize=address,undefined' SANITIZE=address,undefined fuzzers
	tests/fuzz/run.sh build-fuzz $(FUZZ_SECONDS)

# What counts, and how code is exempt: tests/coverage/README.md.
coverage:		## the gate of coverage: 95% of lines, 90% of branches
	@[ ! -d build-coverage ] || find build-coverage -name '*.gcda' -delete
	@rc=0; $(MAKE) COVERAGE=1 BUILD=build-coverage check || rc=1; \
	$(MAKE) COVERAGE=1 BUILD=build-coverage hostile || rc=1; \
	$(MAKE) COVERAGE=1 BUILD=build-coverage torture TORTURE_SAMPLE=$(or $(TORTURE_SAMPLE),6) || rc=1; \
	tests/coverage/gate.sh build-coverage || rc=1; exit $$rc

# The analyzer of gcc 12 takes a pointer kept in a struct for lost: leaks are
# for the sanitizer's runs.  cppcheck does not see that INVARIANT() ends the
# program, hence the two that are suppressed.
lint:			## cppcheck, gcc's analyzer, clang's warnings, shellcheck, man pages
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --error-exitcode=1 \
	    --inline-suppr --suppress=missingInclude --library=posix --library=gnu \
	    --suppress=nullPointerRedundantCheck --suppress=nullPointerArithmeticRedundantCheck \
	    -j2 -I. -Icommon $(filter %.c,$(PRODUCT_C))
	$(MAKE) BUILD=build-lint WERROR=1 CFLAGS='-O1 -fanalyzer -Wno-analyzer-malloc-leak' all
	$(MAKE) BUILD=build-clang WERROR=1 CC=clang all tests
	printf '%s\n' $(SHELL_SRC) | xargs -P $(JOBS) -n 8 shellcheck -x -S warning -s bash
	@for m in $(MANPAGES); do mandoc -T lint -W warning "$$m" || exit 1; done

format:			## reformat the C sources
	clang-format -i $(ALL_C)
check-format:		## fail when `make format` would change something
	clang-format --dry-run -Werror $(ALL_C)

install: all		## install under $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(BINDIR)
	install -m 0755 $(BINS) $(DESTDIR)$(BINDIR)
	for s in 1 5 7; do install -d $(DESTDIR)$(MANDIR)/man$$s && \
	 install -m 0644 $$(printf '%s\n' $(MANPAGES) | grep "[.]$$s$$") $(DESTDIR)$(MANDIR)/man$$s || exit 1; done
	for f in $(DOCFILES); do install -d $(DESTDIR)$(DOCDIR)/$$(dirname $$f) && \
	 install -m $$([ -x $$f ] && echo 0755 || echo 0644) $$f $(DESTDIR)$(DOCDIR)/$$f || exit 1; done

uninstall:		## remove what install put there
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BINDIR)/%) \
	 $(foreach m,$(MANPAGES),$(DESTDIR)$(MANDIR)/man$(patsubst .%,%,$(suffix $(m)))/$(notdir $(m)))
	rm -rf $(DESTDIR)$(DOCDIR)

clean:			## remove all build folders
	rm -rf build build-*

help:			## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
