.DEFAULT_GOAL := help
VENV := .venv
PYTHON := $(VENV)/bin/python
PORT ?= 8000
ONLY ?=

# The tests start hundreds of processes: each would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup serve test test-faults lint bench openapi clean

help: ## Print this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.ready

$(VENV)/.ready: setup.cfg pyproject.toml
	@test -x $(PYTHON) || python3 -m venv $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=24'
	@$(PYTHON) -m pip install --quiet --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@

serve: setup ## Serve the directory with its seed data at http://127.0.0.1:8000 (PORT= to change)
	@$(VENV)/bin/resource-api init
	@exec $(VENV)/bin/resource-api serve --port $(PORT)

test: setup ## Run the tests
	@$(PYTHON) -m pytest -n 2 -m 'not faults'

test-faults: setup ## Run the long forms: faults, every example, full data
	@$(PYTHON) -m pytest -m faults

lint: setup ## Check style and types
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

bench: setup ## Measure everything the README quotes (ONLY=name for one)
	@$(PYTHON) -m benchmarks $(ONLY)

openapi: setup ## Write openapi/openapi.json anew
	@$(VENV)/bin/resource-api openapi

clean: ## Remove the environment and the local instance
	@rm -rf $(VENV) instance build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
