# A short front for Meson: `make run` and `make test` install what is missing (Debian 12 and 13), build and go.
#
#   make run [ARGS=..]   build and start          make check   unit and golden tests, seconds
#   make test            check + scenarios + SDK  make asan    the same under ASan and UBSan
#   make lint            layers, style, format, clang-tidy
#   make docs            the reference pages into build/docs/reference
#   make fuzz            every fuzz target for FUZZ_SECONDS    make bench   the table in README
#
# BUILD names the build folder, SANITIZE is Meson's b_sanitize, MESON_FLAGS goes to `meson setup`, CC picks the compiler.

SANITIZE     ?= none
BUILD        ?= build$(if $(filter-out none,$(SANITIZE)),-asan)
ARGS         ?= serve
FUZZ_SECONDS ?= 60
CLANG        ?= $(firstword $(notdir $(wildcard /usr/bin/clang-14 /usr/bin/clang-19)) clang)
C_FILES       = $(shell git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]')

build: setup-build $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja: | setup-build
	@echo "configuring $(BUILD)"
	@out=$$(meson setup $(BUILD) -Db_sanitize=$(SANITIZE) -Db_lundef=false $(MESON_FLAGS) 2>&1) || { echo "$$out"; exit 1; }

setup-%:
	@tools/setup $*

run: setup-build $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet throwbar
	@exec $(BUILD)/throwbar $(ARGS)

check: build
	@meson test -C $(BUILD) --print-errorlogs

test: setup-test build
	@tools/run_tests $(BUILD)

asan:
	@$(MAKE) test SANITIZE=address,undefined

lint: setup-lint
	@tools/check_layers
	@tools/check_style
	@if command -v clang-format-14 >/dev/null; then clang-format-14 --dry-run -Werror $(C_FILES); \
	else echo "no clang-format 14 here, and others break lines elsewhere: format not checked"; fi
	@[ -f build-tidy/build.ninja ] || CC=$(CLANG) meson setup build-tidy >/dev/null
	@tools/tidy build-tidy

fuzz: setup-fuzz
	@[ -f build-fuzz/build.ninja ] || CC=$(CLANG) meson setup >/dev/null build-fuzz -Dfuzz=true -Db_sanitize=address,undefined \
	  -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link
	@tools/run_fuzz build-fuzz $(FUZZ_SECONDS)

bench: setup-bench build
	@bench/run $(BUILD)/throwbar

docs: setup-build $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet docs

install: build
	@meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-* tests/build

.PHONY: build run check test asan lint fuzz bench docs install clean
