# netns: build, show, test and install it. Needs Go; the tests install what else they need.

GO        ?= go
BUILD     := bin
BINARY    := $(BUILD)/netns
# Without urfave/cli's man-page code, which costs two milliseconds at every start.
TAGS      := urfave_cli_no_docs
SUDO      := $(shell test "$$(id -u)" = 0 || echo sudo)
# Tests are built as whoever runs make, and run as root.
AS_ROOT   := $(if $(SUDO),-exec "sudo -E env 'PATH=$(PATH):/usr/sbin:/sbin'")
# git also says no where the tree is another user's.
VCS       := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)
# The CNI project's own, which are Go modules. The tool stands for all of them.
CNI       := bin/cni/cnitool
# Runs go test, and says what it does. The command is built with -trimpath; with it the tests share what that has compiled.
PROGRESS  := $(GO) run -trimpath ./integration/progress $(GO)
TEST      := test -json -trimpath -count=1 -timeout 20m $(AS_ROOT)
BENCH     := bin/installed/bench -binary bin/installed/netns
# What programs for other systems import, and one that does.
PORTABLE  := . ./stages/... ./persist ./rollback ./integration/examples/portable
# Linters, at versions that are known to agree with the code.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Where make install puts things. DESTDIR is put before each, for those who make packages.
DESTDIR   ?=
PREFIX    ?= /usr/local
BINDIR    ?= $(PREFIX)/bin
MANDIR    ?= $(PREFIX)/share/man
DOCDIR    ?= $(PREFIX)/share/doc/netns
BASHDIR   ?= $(PREFIX)/share/bash-completion/completions
# Debian's; elsewhere it is mostly $(PREFIX)/share/zsh/site-functions.
ZSHDIR    ?= $(PREFIX)/share/zsh/vendor-completions
FISHDIR   ?= $(PREFIX)/share/fish/vendor_completions.d
# The directory is made when the machine starts, so that services without root can use it.
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
PLACES     = BUILD='$(BUILD)' BINARY='$(BINARY)' DESTDIR='$(DESTDIR)' BINDIR='$(BINDIR)' MANDIR='$(MANDIR)' DOCDIR='$(DOCDIR)' \
             BASHDIR='$(BASHDIR)' ZSHDIR='$(ZSHDIR)' FISHDIR='$(FISHDIR)' TMPFILESDIR='$(TMPFILESDIR)'
# Installing builds first, but not as root what another user has built: that is installed as it is.
BUILT     := $(shell test -e $(BINARY) && ! test -O $(BINARY) || echo all)

.PHONY: all build docs install uninstall demo test test-all race soak faults worlds vm bench bench-short bench-build tools cni lint fuzz clean

all: build docs

build:
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=$(VCS) -tags $(TAGS) -ldflags "-s -w" -o $(BINARY) ./cmd/netns

# The manual page, from the command's own definitions, and the licences of all that is linked in.
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

# Also the programs that join namespaces, the shells, CNI, and programs that embed the library by cgo. Docker's module is
# fetched before, since there is no network where the tests build with it.
test-all: packages/test-all build cni
	$(GO) -C integration/dockerembed build -trimpath -o /dev/null .
	$(PROGRESS) $(TEST) -tags all ./...
	$(PROGRESS) -C cnicompat $(TEST) ./...
	cd integration/cni && GO='$(GO)' PROGRESS='$(PROGRESS)' sh suites/run.sh -ginkgo.no-color

# With the race detector, which needs gcc.
race: packages/race
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 20m $(AS_ROOT) . ./persist ./stages ./rollback
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 20m -run 'NoThread|Factory|Watch' $(AS_ROOT) ./integration

# The longest tests at full size: ten thousand cycles, and the like.
soak: packages/soak build
	NETNS_TEST_SOAK=1 $(GO) test -count=1 -v -timeout 60m -run 'TestSoak|AtOnce|TestNew|TestPending' \
		$(AS_ROOT) . ./integration

# Every system call of create, delete and recover, broken in every way; see docs/faults.md.
faults: build
	$(GO) build -o bin/faults ./integration/faults
	$(SUDO) bin/faults -binary $(BINARY)

# Every verb in containers, services, chroots, user namespaces and behind filters; see docs/worlds.md.
worlds: packages/test build
	$(GO) build -o bin/worlds ./integration/worlds
	$(SUDO) bin/worlds -binary $(BINARY) -doc docs/worlds.md

# The core of the tests on the kernel of Debian 12, which is fetched, in a machine that qemu emulates. It takes five minutes.
vm: packages/test build
	mkdir -p bin/vm
	CGO_ENABLED=0 $(GO) test -c -trimpath -ldflags "-s -w" -o bin/vm/ ./rollback ./persist ./stages . ./integration
	CGO_ENABLED=0 $(GO) build -o bin/vm/ ./integration/worlds
	$(SUDO) sh integration/vm/run.sh bin/vm

# What it costs, against ip netns and the kernel alone, into docs/performance.md. It takes some minutes on a quiet machine.
bench: bench-build
	$(SUDO) $(BENCH) -write docs/performance.md

# The same, but small: to see that it runs.
bench-short: bench-build
	$(SUDO) $(BENCH) -short

# Copies are measured, as make install makes one: what a linker has written is in smaller pieces in the kernel's cache, and
# takes a tenth longer to start.
bench-build: packages/bench build
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -ldflags "-s -w" -o bin/ ./integration/bench ./integration/bench/empty ./integration/bench/one ./integration/bench/twice
	install -D -t bin/installed bin/bench bin/empty bin/one bin/twice
	install -D $(BINARY) bin/installed/netns

# Installs what a target needs.
packages/%:
	@sh integration/packages.sh $*

tools: packages/test-all

cni: $(CNI)

# Touched, since go build writes nothing where it is up to date.
$(CNI): integration/cni/go.mod integration/cni/go.sum
	CGO_ENABLED=0 $(GO) build -C integration/cni -trimpath -buildvcs=false -ldflags "-s -w" -o $(CURDIR)/$(dir $(CNI)) tool
	touch $@

lint:
	test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags all ./...
	$(GO) vet -tags $(TAGS) ./...
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

# Each for some seconds; go test takes one target at a time. By number, since by time it can fail with its own deadline
# (go.dev/issue/75804).
fuzz:
	$(GO) test -run '^$$' -fuzz FuzzCheckName -fuzztime 400000x ./persist
	$(GO) test -run '^$$' -fuzz FuzzRecord -fuzztime 400000x ./persist
	$(GO) test -run '^$$' -fuzz FuzzMessage -fuzztime 400000x ./stages

clean:
	rm -rf bin
