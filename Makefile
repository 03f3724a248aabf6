# Landfall. `make help` lists the targets from the comments behind them.

GO     ?= go
BIN    := bin
CACHE  := $(if $(LANDFALL_CACHE),$(LANDFALL_CACHE),$(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/landfall)
export LANDFALL_CACHE := $(CACHE)

.DEFAULT_GOAL := help
.PHONY: help build engine setup setup-tests demo test race bench bench-logs bench-residual bench-objects bench-postgres bench-proxy fuzz lint fmt generate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/landfall and bin/bookshop
	@mkdir -p $(BIN)
	@test -x $(BIN)/landfall || echo "compiling; on a machine that never did, this says nothing for about a quarter of an hour"
	$(GO) build -o $(BIN)/ ./cmd/landfall ./examples/bookshop

engine: ## build bin/landfall-engine, the durable engine, once for its sources
	@./scripts/engine "$(CACHE)" $(BIN)

setup: build engine ## install the sandbox's tools that are missing (moto, Azurite, versitygw, PostgreSQL)
	$(BIN)/landfall sandbox setup

demo: setup ## carry the sample workload through what exists so far, in the sandbox
	$(BIN)/landfall demo

test: setup-tests ## run the whole suite
	$(GO) test ./...
	cd engine && $(GO) test ./...

setup-tests: build engine
	@./scripts/engine "$(CACHE)" $(BIN) --tests
	$(BIN)/landfall sandbox setup --tests

race: setup-tests ## run the suite with the race detector (builds everything a second time)
	$(GO) test -race ./...

bench: setup-tests ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

BENCH_MIB ?= 1024
bench-logs: ## compare the log readers with DuckDB on BENCH_MIB of each log (needs a C compiler)
	cd bench && $(GO) build -o ../$(BIN)/bench-logs .
	$(BIN)/bench-logs generate --dir $(CACHE)/bench --mib $(BENCH_MIB) --seed 1
	$(BIN)/bench-logs compare --dir $(CACHE)/bench --runs 3

bench-residual: ## compare residual use with DuckDB and jq on BENCH_MIB of CloudTrail (needs a C compiler and jq)
	cd bench && $(GO) build -o ../$(BIN)/bench-logs .
	$(BIN)/bench-logs generate --dir $(CACHE)/bench --mib $(BENCH_MIB) --seed 1
	$(BIN)/bench-logs compare --dir $(CACHE)/bench --what residual --runs 3

BENCH_SCALE ?= 1
BENCH_RUNS  ?= 3
RCLONE      := v1.76.0
bench-objects: build ## compare moving objects with rclone: BENCH_RUNS of each, at BENCH_SCALE (0.01 for a trial)
	$(BIN)/landfall sandbox setup
	@test -x $(CACHE)/bench/rclone-$(RCLONE)/rclone || echo "compiling rclone, once"
	@test -x $(CACHE)/bench/rclone-$(RCLONE)/rclone || GOBIN=$(CACHE)/bench/rclone-$(RCLONE) $(GO) install github.com/rclone/rclone@$(RCLONE)
	$(GO) build -o $(BIN)/bench-objects ./internal/testkit/objectbench
	$(BIN)/bench-objects run --landfall $(BIN)/landfall --rclone $(CACHE)/bench/rclone-$(RCLONE)/rclone --scale $(BENCH_SCALE) --runs $(BENCH_RUNS) --out $(CACHE)/bench/objects.jsonl

PG_SCALE ?= 10
bench-postgres: ## compare moving a PostgreSQL database with its own tools and pgcopydb: BENCH_RUNS of each, pgbench at PG_SCALE
	$(GO) build -o $(BIN)/bench-postgres ./internal/testkit/postgresbench
	@mkdir -p $(CACHE)/bench
	$(BIN)/bench-postgres --scale $(PG_SCALE) --runs $(BENCH_RUNS) --out $(CACHE)/bench/postgres.jsonl

bench-proxy: build ## compare the proxy with nginx and HAProxy on one core (needs wrk and nginx), BENCH_SECONDS each
	./scripts/bench-proxy $(BIN)/landfall $(or $(BENCH_SECONDS),20)

fuzz: ## fuzz every parser for FUZZTIME each (default 20s)
	@./scripts/fuzz $(or $(FUZZTIME),20s)

lint: ## formatting, vet and staticcheck
	@test -z "$$(gofmt -l cmd internal examples bench engine)" || { gofmt -l cmd internal examples bench engine; echo "run: make fmt"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

fmt: ## format the code
	gofmt -w cmd internal examples bench engine

generate: ## refresh generated files: golden files, reference pages, schemas
	$(GO) test ./internal/config ./internal/cli ./internal/view ./cmd/landfall -update

clean: ## remove what was built here; downloads and tools in the cache folder stay
	rm -rf $(BIN) dist
