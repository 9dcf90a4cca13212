# Comptoir. `make help` lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
MEMBERS := infra/service-kit sales-service stock-service report-service

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Comptoir needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make a venv: install python3-venv"; exit 1; }
	@$(VENV)/bin/pip install --quiet --require-hashes -r requirements.lock \
		|| { echo "The packages could not be downloaded: check the network, then run make again"; exit 1; }
	@$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

.PHONY: check
check: $(STAMP) ## Run every check; changes nothing
	@$(VENV)/bin/python -m infra.checks

.PHONY: fix
fix: $(STAMP) ## Repair what can be repaired
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/python -m infra.openapi

.PHONY: test
test: $(STAMP) ## Run all tests, or make test T=tests/sales_service
	@$(VENV)/bin/pytest $(T)

.PHONY: test-fast
test-fast: $(STAMP) ## Run the tests that need neither database nor broker
	@$(VENV)/bin/pytest -m "not integration and not system" $(T)

.PHONY: lock
lock: $(STAMP) ## Resolve requirements.lock anew
	@$(VENV)/bin/python -m infra.checks --compile-lock
