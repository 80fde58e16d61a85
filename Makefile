# Everything here works on a bare machine with Python >= 3.11 and its venv module; nothing outside .venv is changed.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lint format docs bench constraints clean

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
# One thread a test process, and as many processes as there are cores: tests are many and small.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses 8 --dist loadfile --durations 10 -ra
TESTS ?=

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.base  ## install what recognition needs, recognise the bundled recordings, draw one picture
	@$(BIN)/hearfelt demo --out out

test: .venv/.dev  ## install what the tests need and run them all; TESTS=tests/audio runs some
	@$(PYTEST) $(TESTS)

lint: .venv/.dev  ## style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict

format: .venv/.dev  ## put style and format in order where that can be done by machine
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: .venv/.dev  ## build the documentation into site/; any broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

bench:  ## list the benchmarks and how to run each
	@sed -n '/^| /p' benchmarks/README.md

constraints: .venv/.dev  ## move .venv to the newest versions and write them into constraints.txt
	@$(BIN)/python -m pip install --quiet --upgrade --upgrade-strategy eager --editable '.[dev,serve,mic]'
	@sed -n '/^#/p' constraints.txt > .venv/constraints.new
	@$(BIN)/python -m pip freeze --all --exclude-editable --exclude pip --exclude hearfelt \
	  | sed -E 's/\+[a-z0-9.]+$$//' | grep -E '^[A-Za-z0-9._-]+==' >> .venv/constraints.new
	@mv .venv/constraints.new constraints.txt

clean:  ## remove everything that can be made again, .venv included; runs/ stays
	rm -rf .venv site out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp file says that an install is done; a change of what decides on versions makes it stale. A change of the code
# does not: the install is editable.
.venv/.base: pyproject.toml constraints.txt | .venv/.python
	@echo "Installing hearfelt for recognition into .venv (about 250 MB, a minute on a usual line) ..."
	@$(PIP) --editable .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/.python
	@echo "Installing hearfelt with everything that the tests need into .venv (about 2 GB, some minutes) ..."
	@$(PIP) --editable '.[dev]'
	@touch .venv/.base $@

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "hearfelt needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo not there)." \
	    "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments: its modules venv and ensurepip are missing." \
	    "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@
