# netns: build, show, test and install it. Needs Go; the tests install what else they need.

GO        ?= go
BUILD     := bin
BINARY    := $(BUILD)/netns
# Without urfave/cli's man-page code, which costs two milliseconds at every start.
TAGS      := urfave_cli_no_docs
# The signals that the caller ignores and blocks are in variables of Go's runtime, which the linker protects, see
# cmd/netns/internal/signals.
LINKED    := -tags $(TAGS),netns_inherit -ldflags "-s -w -checklinkname=0"
SUDO      := $(shell test "$$(id -u)" = 0 || echo sudo)
# The user of make builds the tests, and root runs them.
AS_ROOT   := $(if $(SUDO),-exec "sudo -E env 'PATH=$(PATH):/usr/sbin:/sbin'")
# git also refuses a tree of another user's.
VCS       := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)
# The CNI project's own programs, which are Go modules. The tool stands for all of them.
CNI       := bin/cni/cnitool
# Runs go test and prints its progress. The tests use -trimpath like the command, and so share its compiled packages.
PROGRESS  := $(GO) run -trimpath ./integration/progress $(GO)
TEST      := test -json -trimpath -count=1 -timeout 20m $(AS_ROOT)
BENCH     := bin/installed/bench -binary bin/installed/netns
# The packages for programs on other systems, and such a program.
PORTABLE  := . ./holders ./stages/... ./persist ./rollback ./integration/examples/portable
# The packages of integration with the tests that meet most of the kernel.
CORE      := compat create deletion exec failure pids recovery
# The linter, at a version that accepts the code.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The directories of make install. DESTDIR is put before each, for makers of packages.
DESTDIR   ?=
PREFIX    ?= /usr/local
BINDIR    ?= $(PREFIX)/bin
MANDIR    ?= $(PREFIX)/share/man
DOCDIR    ?= $(PREFIX)/share/doc/netns
BASHDIR   ?= $(PREFIX)/share/bash-completion/completions
# Debian's directory; elsewhere it is mostly $(PREFIX)/share/zsh/site-functions.
ZSHDIR    ?= $(PREFIX)/share/zsh/vendor-completions
FISHDIR   ?= $(PREFIX)/share/fish/vendor_completions.d
# systemd makes the run directory when the machine starts, so that services without root can use it.
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
PLACES     = BUILD='$(BUILD)' BINARY='$(BINARY)' DESTDIR='$(DESTDIR)' BINDIR='$(BINDIR)' MANDIR='$(MANDIR)' DOCDIR='$(DOCDIR)' \
             BASHDIR='$(BASHDIR)' ZSHDIR='$(ZSHDIR)' FISHDIR='$(FISHDIR)' TMPFILESDIR='$(TMPFILESDIR)'
# make install builds first, unless another user has built the command: root installs that one as it is.
BUILT     := $(shell test -e $(BINARY) && ! test -O $(BINARY) || echo all)

.PHONY: all build docs install uninstall demo test test-all race soak faults worlds vm bench bench-short bench-build tools cni lint fuzz clean

all: build docs

build:
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=$(VCS) $(LINKED) -o $(BINARY) ./cmd/netns

# The manual page, from the manual and the verbs' usage and examples, and the licences of all linked packages.
docs:
	mkdir -p $(BUILD)
	GOOS= GOARCH= CGO_ENABLED=0 $(GO) run ./cmd/netns man docs/netns.md >$(BUILD)/netns.8
	gzip -9nf $(BUILD)/netns.8
	GO='$(GO)' TAGS='$(TAGS)' sh packaging/copyright.sh >$(BUILD)/copyright.new
	mv $(BUILD)/copyright.new $(BUILD)/copyright

install: $(BUILT)
	@$(PLACES) sh packaging/install.sh install

uninstall:
	@$(PLACES) sh packaging/install.sh uninstall

demo: build
	$(SUDO) sh integration/demo.sh $(BINARY)

test test-all soak: export NETNS_TEST_BINARY := $(CURDIR)/$(BINARY)
test-all: export NETNS_TEST_CNI := $(CURDIR)/$(dir $(CNI))

# The command and the library on the real kernel.
test: packages/test build
	$(PROGRESS) $(TEST) ./...

# Also programs that join namespaces, shells, CNI, and programs that embed the library by cgo. Docker's module is fetched before,
# because the tests build with it in a world without network.
test-all: packages/test-all build cni
	$(GO) -C integration/dockerembed build -trimpath -o /dev/null .
	$(PROGRESS) $(TEST) -tags all ./...
	$(PROGRESS) -C cnicompat $(TEST) ./...
	cd integration/cni && GO='$(GO)' PROGRESS='$(PROGRESS)' sh suites/run.sh -ginkgo.no-color

# With the race detector, which needs gcc.
race: packages/race
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 20m $(AS_ROOT) . ./holders ./persist ./stages ./rollback
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 20m -run 'NoThread|Factory|Watch' $(AS_ROOT) \
		./integration/library ./integration/failure

# The longest tests at full size: ten thousand cycles, and the like.
soak: packages/soak build
	NETNS_TEST_SOAK=1 $(GO) test -count=1 -v -timeout 60m -run 'TestSoak|AtOnce|TestNew|TestPending' \
		$(AS_ROOT) . ./integration/library ./integration/load ./integration/recovery

# Every system call of create, delete and recover, broken in every way; see docs/faults.md.
faults: build
	$(GO) build -o bin/faults ./integration/faults
	$(SUDO) bin/faults -binary $(BINARY)

# Every verb in containers, services, chroots, user namespaces and behind filters; see docs/worlds.md.
worlds: packages/test build
	$(GO) build -o bin/worlds ./integration/worlds
	$(SUDO) bin/worlds -binary $(BINARY) -doc docs/worlds.md

# The core of the tests on the kernel of Debian 12, which apt downloads, in a machine that qemu emulates. It takes five minutes.
vm: packages/test build
	mkdir -p bin/vm
	rm -f bin/vm/*.test
	CGO_ENABLED=0 $(GO) test -c -trimpath -ldflags "-s -w" -o bin/vm/ \
		./rollback ./persist ./stages ./holders . $(addprefix ./integration/,$(CORE))
	CGO_ENABLED=0 $(GO) build -o bin/vm/ ./integration/worlds
	$(SUDO) sh integration/vm/run.sh bin/vm

# The cost, against ip netns and the kernel alone, into docs/performance.md. It takes some minutes on a quiet machine.
bench: bench-build
	$(SUDO) $(BENCH) -write docs/performance.md

# The same, but small, only to show that it runs.
bench-short: bench-build
	$(SUDO) $(BENCH) -short

# The benchmark measures copies, as make install makes them: a linker writes smaller pieces into the kernel's cache, and such a file
# takes a tenth longer to start.
bench-build: packages/bench build
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -ldflags "-s -w" -o bin/ ./integration/bench ./integration/bench/empty ./integration/bench/one ./integration/bench/twice
	install -D -t bin/installed bin/bench bin/empty bin/one bin/twice
	install -D $(BINARY) bin/installed/netns

# Installs the packages that a target needs.
packages/%:
	@sh integration/packages.sh $*

tools: packages/test-all

cni: $(CNI)

# Touched, because go build writes nothing if the program is up to date.
$(CNI): integration/cni/go.mod integration/cni/go.sum
	CGO_ENABLED=0 $(GO) build -C integration/cni -trimpath -buildvcs=false -ldflags "-s -w" -o $(CURDIR)/$(dir $(CNI)) tool
	touch $@

lint:
	test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags all ./...
	$(GO) vet -tags $(TAGS),netns_inherit ./...
	for arch in 386 arm64 s390x; do GOARCH=$$arch $(GO) build ./... && GOARCH=$$arch $(GO) vet ./... || exit; done
	for system in darwin windows; do GOOS=$$system $(GO) vet $(PORTABLE) || exit; done
	$(GO) run $(STATICCHECK) -tags all ./...
	$(GO) list -m -f '{{.Path}}' all | diff packaging/modules.txt -
	GO='$(GO)' sh packaging/apidiff.sh
	$(GO) -C integration/dockerembed vet ./...
	$(GO) mod tidy -diff
	$(GO) -C integration/dockerembed mod tidy -diff
	$(GO) mod verify
	$(GO) mod tidy -C integration/cni -diff
	$(GO) mod verify -C integration/cni
	$(GO) -C cnicompat vet ./...
	$(GO) -C cnicompat mod tidy -diff

# Each for some seconds; go test takes one target at a time. By number, because by time it can fail with its own deadline
# (go.dev/issue/75804).
fuzz:
	$(GO) test -run '^$$' -fuzz FuzzCheckName -fuzztime 400000x ./persist
	$(GO) test -run '^$$' -fuzz FuzzRecord -fuzztime 400000x ./persist
	$(GO) test -run '^$$' -fuzz FuzzMessage -fuzztime 400000x ./stages

clean:
	rm -rf bin
