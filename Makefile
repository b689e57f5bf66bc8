# mfvm: a compiler from chaos orchestrations to verified bytecode, and its VM.
#
#   make demo          install what is missing, build, run the demonstration
#   make test          install what tests need, build, run every test
#   make               build mfc, mfvm, libmfvm.a and libmfvm.so
#   make asan|ubsan|debug|switch   the same in build/<mode>/
#   make test T=NAME   only the test suites whose name contains NAME
#   make test-conformance   CEL's conformance suite alone (MF_SHARED=../shared)
#   make test-asan     every test under AddressSanitizer and UBSan
#   make check         dependency rule, formatting, banned calls, stale docs
#   make bench         measure and print (N=name for one)
#   make bench-load    load beside wrk, ab, hey and libcurl, 45 s
#   make bench-accuracy   when requests arrive, against the plan, 25 to 75 s
#   make bench-memory     of loads with 10, 1,000 and 9,000 connections, 40 s
#   make fuzz-NAME     fuzz NAME for FUZZ_SECONDS (60); fuzz: all of them
#   make docs          write the generated documents again
#   make bless         rewrite golden files of tests (review the diff)
#   make install       PREFIX=/usr/local, DESTDIR
#   make clean
#
# MODE=release (default), asan, ubsan, debug, switch, fuzz; CC=gcc or clang-14.

MODE ?= release
B := build/$(MODE)$(if $(filter clang%,$(CC)),-clang)
GEN := $(B)/gen
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(MODE)),clang-14,gcc)
endif

CXX_OF := $(subst clang,clang++,$(CC:gcc%=g++%))
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wcast-qual -Wvla -Wundef -Werror
ifeq ($(findstring clang,$(CC)),)
WARN += -Wno-format-truncation
endif
FLAGS_release := -O2 -g
FLAGS_debug := -O0 -g3 -DMF_DEBUG
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_ubsan := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
FLAGS_switch := -O2 -g -DMF_SWITCH
FLAGS_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -DMF_FUZZ
MODE_FLAGS := $(FLAGS_$(MODE))
CPPFLAGS := -D_GNU_SOURCE -I$(GEN)
CFLAGS := -std=c11 -fPIC -fvisibility=hidden $(MODE_FLAGS)
LDFLAGS := $(filter -fsanitize%,$(subst $(comma)fuzzer-no-link,,$(MODE_FLAGS)))
# RE2 and the C++ library are linked statically: loading them would take longer than most runs.
RE2LIBS := -l:libre2.a -l:libstdc++.a -static-libgcc -pthread -lm
LDLIBS := -lyaml $(RE2LIBS)
comma := ,
ifeq ($(MODE),fuzz)
LDFLAGS := -fsanitize=address,undefined,fuzzer
endif

LIB_DIRS := base image vm compiler io stdlib runner
LIB_SRC := $(foreach d,$(LIB_DIRS),$(wildcard $(d)/*.c))
CLI_SRC := $(wildcard cli/*.c)
GEN_SRC := $(GEN)/cel_grammar.c $(GEN)/cel_scanner.c $(GEN)/orchestration.c $(GEN)/zones.c
CXX_SRC := $(wildcard stdlib/*.cc)
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(CXX_SRC:%.cc=$(B)/%.o) $(GEN_SRC:$(GEN)/%.c=$(B)/gen/%.o)
UNIT_SRC := $(wildcard tests/unit/*.c)
FLOW_SRC := $(wildcard tests/flow/*.c)
UNIT_OBJ := $(UNIT_SRC:%.c=$(B)/%.o) $(FLOW_SRC:%.c=$(B)/%.o)
FUZZERS := $(patsubst fuzz/fuzz_%.c,%,$(wildcard fuzz/fuzz_*.c))

.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY: $(GEN_SRC) $(FUZZERS:%=$(B)/fuzz/fuzz_%.o)
.PHONY: all demo test test-asan test-switch test-clang check bench bench-load bench-accuracy bench-memory docs bless clean install \
        asan ubsan debug switch bootstrap bootstrap-test fuzz
.DEFAULT_GOAL := all

all: $(B)/mfc $(B)/mfvm $(B)/libmfvm.a $(B)/libmfvm.so

asan ubsan debug switch:
	@$(MAKE) --no-print-directory MODE=$@ all

# ---- generated sources -------------------------------------------------------

$(GEN)/.made:
	@mkdir -p $(GEN) && touch $@
include tools/generate.mk

# ---- compiling ---------------------------------------------------------------

$(B)/gen/%.o: $(GEN)/%.c
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -Wall -Wno-unused-variable -Wno-unused-parameter -I. -MMD -MP -c $< -o $@
$(B)/vm/interp.o: vm/interp.c | $(GEN_SRC)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(filter-out -Wpedantic,$(WARN)) -MMD -MP -c $< -o $@
$(B)/tests/%.o: tests/%.c | $(GEN_SRC)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -Wall -Wextra -Wno-unused-parameter -Werror -DMF_TESTS_DIR='"tests"' -MMD -MP -c $< -o $@
$(B)/%.o: %.c | $(GEN_SRC)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -c $< -o $@

$(B)/%.o: %.cc | $(GEN_SRC)
	@mkdir -p $(@D)
	@echo "  CXX $<"
	@$(CXX_OF) -std=c++17 -fPIC -fvisibility=hidden $(MODE_FLAGS) -fno-sanitize=vptr -Wall -Wextra -Werror \
	  -MMD -MP -c $< -o $@

$(B)/libmfvm.a: $(LIB_OBJ)
	@rm -f $@ && ar rcs $@ $^
# Debian's libre2.a is not position independent: here RE2 is a library beside.
$(B)/libmfvm.so: $(LIB_OBJ)
	@$(CC) -shared $(LDFLAGS) -Wl,-soname,libmfvm.so.0 -o $@ $^ -lyaml -lre2 -lstdc++ -lm
$(B)/mfc: $(B)/cli/mfc.o $(filter-out $(B)/cli/mfc.o $(B)/cli/mfvm.o,$(CLI_SRC:%.c=$(B)/%.o)) $(B)/libmfvm.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/mfvm: $(B)/cli/mfvm.o $(filter-out $(B)/cli/mfc.o $(B)/cli/mfvm.o,$(CLI_SRC:%.c=$(B)/%.o)) $(B)/libmfvm.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(wildcard $(LIB_OBJ:.o=.d) $(UNIT_OBJ:.o=.d) $(B)/cli/*.d $(B)/gen/*.d)

# ---- tests -------------------------------------------------------------------

$(B)/tests/unit_main.c: $(UNIT_SRC) tools/gen_unit_main
	@mkdir -p $(@D) && sh tools/gen_unit_main $(UNIT_SRC) >$@
$(B)/tests/unit_main.o: $(B)/tests/unit_main.c
	@$(CC) $(CPPFLAGS) $(CFLAGS) -Wall -c $< -o $@
# libyaml whose allocations go through tests/unit/api_memory.c, to make each fail.
$(B)/libyaml_test.a:
	@mkdir -p $(@D)
	@objcopy --redefine-sym malloc=mf_test_malloc --redefine-sym realloc=mf_test_realloc \
	  --redefine-sym strdup=mf_test_strdup $$($(CC) -print-file-name=libyaml.a) $@
$(B)/unit: $(B)/tests/unit_main.o $(UNIT_OBJ) $(B)/libmfvm.a $(B)/libyaml_test.a
	@$(CC) $(LDFLAGS) -o $@ $^ -lcheck -lsubunit -lrt $(RE2LIBS)

test: bootstrap-test
	@$(MAKE) --no-print-directory run-tests
	@$(if $(T),true,$(MAKE) --no-print-directory check)
	@$(if $(T),true,$(MAKE) --no-print-directory test-asan)
	@$(if $(T),true,$(MAKE) --no-print-directory test-switch)
test-asan:
	@$(MAKE) --no-print-directory MODE=asan run-tests
test-switch:
	@$(MAKE) --no-print-directory MODE=switch run-unit T=vm_
test-clang:
	@$(MAKE) --no-print-directory CC=clang-14 all run-unit
# The total comes last, behind what Check says.
test-conformance: $(B)/unit
	@T=cel_conformance B=$(B) $(B)/unit >$(B)/conformance.log 2>&1; code=$$?; \
	  grep -v ' passed, .* failed$$' $(B)/conformance.log; \
	  sed -n 's/^conformance: //p' $(B)/conformance.log; exit $$code
.PHONY: run-tests run-unit test-conformance
# Without T in two parts side by side.
run-unit: $(B)/unit
	@echo "== unit tests ($(MODE))"; $(if $(T),B=$(B) T="$(T)" $(B)/unit,\
	  B=$(B) PART=2/2 $(B)/unit >$(B)/unit-2.log 2>&1 & other=$$!; code=0; B=$(B) PART=1/2 $(B)/unit || code=1; \
	  wait $$other || code=1; cat $(B)/unit-2.log; exit $$code)
run-tests: all run-unit
	@B=$(B) T="$(T)" sh tests/run-corpora

bootstrap:
	@sh tools/bootstrap build
bootstrap-test:
	@sh tools/bootstrap test

check: bootstrap-test
	@sh tools/check
docs: all
	@sh tools/make-docs
bless: all $(B)/unit
	@MF_BLESS=1 B=$(B) T="$(T)" $(B)/unit; MF_BLESS=1 B=$(B) T="$(T)" sh tests/run-corpora

# ---- the rest ----------------------------------------------------------------

demo: bootstrap
	@$(MAKE) --no-print-directory all
	@B=$(B) sh tools/demo
bench: all
	@B=$(B) CC=$(CC) N="$(N)" sh bench/run
bench-load: all
	@B=$(B) CC=$(CC) sh bench/load/run
bench-accuracy bench-memory: all
	@B=$(B) sh bench/load/$(@:bench-%=%)

$(B)/fuzz_%: $(B)/fuzz/fuzz_%.o $(B)/libmfvm.a
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
fuzz-%:
	@$(MAKE) --no-print-directory MODE=fuzz build/fuzz/fuzz_$*
	@SECONDS_EACH=$(FUZZ_SECONDS) sh tools/fuzz $*
fuzz: $(FUZZERS:%=fuzz-%)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include
	install $(B)/mfc $(B)/mfvm $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(B)/libmfvm.a $(DESTDIR)$(PREFIX)/lib
	install $(B)/libmfvm.so $(DESTDIR)$(PREFIX)/lib/libmfvm.so.0
	ln -sf libmfvm.so.0 $(DESTDIR)$(PREFIX)/lib/libmfvm.so
	install -m 644 include/mfvm.h include/mfvm_status.def include/mfvm_notices.def $(DESTDIR)$(PREFIX)/include
clean:
	rm -rf build
