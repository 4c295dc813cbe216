# leaver: build, test, check. `make` alone prints what there is.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help build test check fmt vet lint house tidy docs fuzz bench demo clean

# One set of flags for programs and tests, so that nothing is compiled twice. The symbol table stays (no -s, no -w): the
# proof that leaver cannot write is read from it. The version is stamped here, so go need not ask git.
export CGO_ENABLED := 0
TAGS     ?=
export GOFLAGS     := $(filter-out -trimpath -buildvcs=% -tags=%,$(GOFLAGS)) -trimpath -buildvcs=false $(if $(TAGS),-tags=$(TAGS))
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS  := -X main.stamped=$(VERSION) -X main.revision=$(REVISION)
BIN      ?= bin
TOOLS    := $(CURDIR)/bin/tools
FUZZTIME ?= 30s
PKGS       ?= ./...
# Modules of their own that hold simulated tenants against the vendors' descriptions.
CONTRACTS  ?= fixtures/graph/contract fixtures/okta/contract
# Packages with goroutines of their own get a second run under the race detector, without their tests of scale (-short). It
# would compile the Graph SDK once more, so Entra ID is left out.
RACE_PKGS  ?= ./scanners ./scanners/internal/api ./scanners/okta ./scanners/table ./scanners/ldap ./reconcile ./policies ./cmd/internal/...
BENCH_PKGS ?= ./scanners/table ./scanners/ldap ./scanners/entra ./scanners/okta ./policies ./reports ./cmd/internal/runstore ./cmd/internal/job ./cmd/leaver ./cmd/internal/join

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

build: ## bin/leaver and bin/leaver-remediate; TAGS=noentra leaves the Graph SDK out, here and in test and demo
	@bash .ci/graphsdk build '$(TAGS)'
	go build -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/leaver ./cmd/leaver-remediate

test: ## every test, with real servers; installs missing Debian packages when root
	@echo 'make test: about 20 minutes from cold (12 when built) and 5 GB of memory, on 2 cores'
	@bash .ci/graphsdk test '$(TAGS)'
	@bash .ci/debian
	@{ failed=0; go test -json -timeout 20m $(PKGS) || failed=1; for c in $(CONTRACTS); do go -C $$c test -json ./... || failed=1; done; $(RACE) || failed=1; exit $$failed; } | go run .ci/testlines.go

# The race detector needs cgo and a C compiler.
RACE = if command -v $${CC:-gcc} >/dev/null; then CGO_ENABLED=1 go test -json -race -short -tags noentra -timeout 20m $(RACE_PKGS); \
	else echo 'skipped: the race detector needs gcc'; test -z "$${CI:-}"; fi

check: fmt vet lint house tidy ## format, vet, lint, house rules, read-only walls, go.mod, generated pages
	@echo 'make check: all good'

fmt:
	@bad=$$(gofmt -l cmd scanners reconcile policies reports fixtures .ci); test -z "$$bad" || { echo "not formatted by gofmt:"; echo "$$bad"; exit 1; }
	@for script in .ci/run .ci/lint .ci/debian .ci/graphsdk; do bash -n $$script; done

vet:
	@bash .ci/graphsdk check '$(TAGS)'
	go vet ./...

lint: ## staticcheck, errcheck and ineffassign, pinned in .ci/tools
	@go -C .ci/tools build -o $(TOOLS)/ tool
	@bash .ci/lint

# The rules of CONTRIBUTING.md, what leaver is linked from, its symbol table, and docs/ against the code.
house:
	go test -count=1 ./cmd

tidy:
	go mod tidy -diff

docs: ## rewrite the generated parts of docs/ from the code
	go test -count=1 $$(dirname scanners/*/testdata/faults.json | xargs dirname | sed 's,^,./,') -run Conformance -update
	go test -count=1 ./cmd -run '^(TestConnectorPages|TestConfigurationKeys|TestSpecialSituations|TestHookFacts|TestFaultMatrix)$$' -update
	go test -count=1 ./cmd/leaver -run '^TestPageOfTraps$$' -update
	go test -count=1 ./scanners/table -run '^TestPageOfPresets$$' -update

fuzz: ## every fuzz target for FUZZTIME (30s) each
	@{ grep -roE --include='*_test.go' '^func Fuzz\w+' cmd scanners reconcile policies reports fixtures || true; } | sort | while IFS=: read -r file func; do \
		echo "$${func#func } in $$(dirname $$file)"; go test ./$$(dirname $$file) -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) </dev/null; done

bench: ## speed and memory, one package after the other; the join against DuckDB needs node, npm and 2 GB of disk
	@for p in $(BENCH_PKGS); do go test $$p -run '^$$' -bench . -benchmem -timeout 60m; done

demo: announce build ## a made-up company, several nights, and its report; no server, no root
	@go run ./fixtures/demo

announce:
	@echo 'make demo: about 5 minutes from cold (20 seconds when built) and 5 GB of memory, on 2 cores'
	@bash .ci/graphsdk demo '$(TAGS)'

clean: ## remove what was built and the demo
	rm -rf bin demo
