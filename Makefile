# Inlay. Targets: all run test quality train lint bench asan tsan fuzz clean (see CONTRIBUTING.md).
# DEV=1: warnings are errors. SAN=asan|tsan: another build folder with that sanitizer.
.DEFAULT_GOAL := all
SHELL := /bin/bash

ROOMS := base text catalog intent match link place feed ledger flow hook http app
BUILD := build$(if $(SAN),/$(SAN))
CC ?= cc

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wwrite-strings -Wformat=2 -Wundef -Wpointer-arith -Wcast-qual -fno-common
CFLAGS_asan := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all -O1
CFLAGS_tsan := -fsanitize=thread -O1
CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CPPFLAGS := -D_GNU_SOURCE -Iservice -I$(BUILD)/gen -isystem /usr/include/postgresql
CFLAGS := -std=c11 -g -fPIE $(WARN) $(if $(DEV),-Werror) $(if $(SAN),$(CFLAGS_$(SAN)),$(CFLAGS_release))
LDFLAGS := -pie $(if $(SAN),$(CFLAGS_$(SAN)),-Wl,-z,relro,-z,now)
LDLIBS := -lpq -lmicrohttpd -lhiredis -lpcre2-8 -lcurl -ljansson -lutf8proc -lcrypto -lsqlite3 -lyaml -lz -lzstd -lexpat -lm -lpthread

SRC := $(sort $(foreach r,$(ROOMS),$(wildcard service/$(r)/*.c)))
OBJ := $(SRC:%.c=$(BUILD)/obj/%.o)
# Rooms as archives, so that a test links only what its room may look into; order of floors.
LIBS := $(foreach r,$(ROOMS),$(if $(wildcard service/$(r)/*.c),$(BUILD)/lib/$(r).a))
lib_rooms = $(filter-out %/app.a,$(LIBS))

all: $(BUILD)/inlay

$(BUILD)/inlay: $(OBJ)
	@echo "  LD    $@"; $(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Once a checkout: what the machine lacks of tests/packages is installed, as root or with sudo; where that cannot be, it is said and
# the build goes on as far as it can.
build/packages-build build/packages-test build/packages-bench: tests/packages
	@mkdir -p build; tests/install $(if $(findstring test,$@),test run,$(patsubst build/packages-%,%,$@)) && touch $@ || true
$(OBJ) $(BUILD)/gen/t2s.inc: | build/packages-build

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"; $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define room_lib
$(BUILD)/lib/$(1).a: $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard service/$(1)/*.c)))
	@mkdir -p $$(@D)
	@rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room_lib,$(r))))

# Traditional to Simplified, by character, from the opencc package of the build machine.
$(BUILD)/gen/t2s.inc: service/text/t2s_table.sh
	@mkdir -p $(@D)
	sh $< > $@.tmp && mv $@.tmp $@
$(BUILD)/obj/service/text/fold.o: $(BUILD)/gen/t2s.inc

# ---- tests ----------------------------------------------------------------------
# tests/unit/<room>/<name>.c is a cmocka program that may use its room and those below it.
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/*/*.c)))
$(BUILD)/unit/%: tests/unit/%.c $(lib_rooms)
	@mkdir -p $(@D)
	@echo "  TEST  $@"; $(CC) $(CPPFLAGS) -Itests/unit $(filter-out -Wmissing-prototypes,$(CFLAGS)) $(LDFLAGS) -MMD -MP -o $@ $< \
		-Wl,--start-group $(lib_rooms) -Wl,--end-group $(LDLIBS) -lcmocka -lmd4c-html -lmd4c

$(UNIT): | build/packages-test
unit: $(UNIT)
test: all unit
	tests/run $(BUILD)

asan tsan:
	$(MAKE) SAN=$@ DEV=1 test

# tests/fuzz/<target>/fuzz.c, corpus beside it in corpus/. SECONDS a target.
FUZZ := $(patsubst tests/fuzz/%/fuzz.c,%,$(wildcard tests/fuzz/*/fuzz.c))
FUZZ_SECONDS ?= 600
FUZZ_OBJ := $(patsubst %.c,build/fuzz/obj/%.o,$(filter-out service/app/%,$(SRC)))
FUZZ_FLAGS := -std=c11 -g -O1 $(CPPFLAGS) -Ibuild/gen -fno-sanitize-recover=all
build/fuzz/obj/%.o: %.c build/gen/t2s.inc
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"; clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<
build/fuzz/%: tests/fuzz/%/fuzz.c $(FUZZ_OBJ)
	@echo "  FUZZ  $@"; clang $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDLIBS) -lmd4c-html -lmd4c
.SECONDARY: $(FUZZ_OBJ)
fuzz: $(FUZZ:%=build/fuzz/%)
	tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ)

lint:
	tests/lint/run
# tests/bench/*.c: programs that print their own lines; tests/bench/run starts them one after the other, then those of its folders.
# DATA=FOLDER: phrases and texts for the scan. See tests/bench/README.md.
BENCH := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(sort $(wildcard tests/bench/*.c)))
$(BUILD)/bench/%: tests/bench/%.c $(lib_rooms)
	@mkdir -p $(@D)
	@echo "  BENCH $@"; $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< -Wl,--start-group $(lib_rooms) -Wl,--end-group $(LDLIBS)
bench: all $(BENCH) $(BUILD)/bench/scan/canon | build/packages-bench
	tests/bench/run $(BUILD)
# Links on labelled answers, ours and ../shared/quality: tables, errors by cause (ERRORS=N of each), look-aheads.
quality: all
	tests/quality/measure.py $(BUILD)
# Every phrase of labelled answers that could be linked, with its facts: what tests/quality/weigh/fit.py fits `weigh` on.
$(BUILD)/quality/candidates: tests/quality/weigh/candidates.c $(lib_rooms) $(BUILD)/obj/service/app/rulebook.o
	@mkdir -p $(@D)
	@echo "  CC    $@"; $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/obj/service/app/rulebook.o \
		-Wl,--start-group $(lib_rooms) -Wl,--end-group $(LDLIBS)
# The weights of the linear model, from the questions in tests/quality/train; the same bytes each time.
train: ; tests/quality/train.py
run: ; @tests/demo/run "$(PORT)" "$(DEMO)"
clean: ; rm -rf build

.PHONY: all run train test unit lint quality bench asan tsan fuzz clean
-include $(OBJ:.o=.d) $(UNIT:=.d) $(BENCH:=.d) $(FUZZ_OBJ:.o=.d)
