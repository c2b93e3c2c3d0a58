# SPDX-License-Identifier: MIT
# The verbs. Each installs what it needs from Debian (as root; else it prints the line to run), then
# does its job through CMake and Ninja.
.POSIX:
.PHONY: all run test asan lint format bench scaling conformance counts aarch64 ktls fuzz install clean

BUILD = build/release
PREFIX = /usr/local

all: build/whysocket

build/whysocket: .FORCE
	@tools/deps build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=$(PREFIX) \
		-DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$$PWD/build" --log-level=WARNING >/dev/null
	@cmake --build $(BUILD)

.FORCE:

run: build/whysocket
	@build/whysocket serve

test asan:
	@tools/deps build test
	@tools/npm-ci tests/interop tests/browser
	@cmake -S . -B build/test -G Ninja -DCMAKE_BUILD_TYPE=Debug -DWHY_TESTS=ON -DWHY_WERROR=ON \
		-DWHY_SANITIZE=address,undefined --log-level=WARNING >/dev/null
	@cmake --build build/test
	@tools/run-tests build/test $(T)

lint:
	@tools/deps build test lint
	@tools/check; held=$$?; tools/lint && exit $$held

format:
	@tools/deps lint
	@git ls-files '*.c' '*.h' | xargs clang-format -i

bench:
	@tools/deps build bench
	@tools/npm-ci tests/interop
	@cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DWHY_BENCH=ON \
		--log-level=WARNING >/dev/null
	@cmake --build build/bench
	@tools/run-bench build/bench

# What docs/performance.md says of many connections and large messages; PART chooses, ROUNDS and
# SECONDS say how often and how long each is measured.
scaling:
	@tools/deps build bench
	@cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DWHY_BENCH=ON \
		--log-level=WARNING >/dev/null
	@cmake --build build/bench
	@bench/scaling.py build/bench --json docs/performance/scaling.json --plots docs/performance \
		$(PART:%=--part %) $(ROUNDS:%=--rounds %) $(SECONDS:%=--seconds %)

# The new baseline of the test that counts instructions.
counts:
	@tools/deps build test
	@tests/scenario/instructions_test.py build/test --write

# The NEON kernels, under qemu-user.
aarch64:
	@tools/test-aarch64 build/aarch64

# The tests of kTLS, under a kernel that has it (user-mode-linux, x86-64).
ktls:
	@tools/deps build test ktls
	@cmake -S . -B build/ktls -G Ninja -DCMAKE_BUILD_TYPE=Debug -DWHY_TESTS=ON --log-level=WARNING \
		>/dev/null
	@cmake --build build/ktls --target whysocket ktls_test server_tls_test
	@tools/test-ktls build/ktls

# PEER, ROLE, MODE and CASE choose, WRITE=1 keeps what is found; no sanitizers: it is measured, too.
conformance:
	@tools/deps build test conformance
	@tools/npm-ci tests/interop tests/browser
	@cmake -S . -B build/conformance -G Ninja -DCMAKE_BUILD_TYPE=Release -DWHY_TESTS=ON \
		--log-level=WARNING >/dev/null
	@cmake --build build/conformance --target whysocket echo_whysocket echo_lws
	@tests/interop/conformance.py build/conformance $(PEER:%=--peer %) $(ROLE:%=--role %) \
		$(MODE:%=--mode %) $(CASE:%=--case %) $(RUNS:%=--runs %) $(WRITE:1=--write)

fuzz:
	@tools/deps build fuzz
	@CC=clang cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DWHY_FUZZ=ON \
		-DWHY_SANITIZE=address,undefined --log-level=WARNING >/dev/null
	@cmake --build build/fuzz
	@tools/run-fuzz build/fuzz $(SECONDS_EACH)

install: all
	@cmake --install $(BUILD)

clean:
	rm -rf build
