# Two commands, each from nothing but Python 3.11 or later with venv: `make demo` and `make test`.
# Another interpreter: `make demo PYTHON=python3.12`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
# What imports no torch.
FAST := tests/bot tests/migrations tests/test_docs.py tests/test_imports.py

# pip's own words go to a file; the terminal gets a dot for each package, and the name of what is large.
define install
	@printf 'Installing into $(VENV), a few minutes the first time '
	@set -o pipefail; $(BIN)/python -m pip install -c constraints.txt -e '$(1)' 2>&1 | tee $(VENV)/install.log \
	| while read -r word what; do case "$$word" in \
	  Collecting) printf . ;; \
	  Downloading) case "$$what" in *[0-9][0-9][0-9].[0-9]\ MB*) printf ' %s ' "$${what##*/}" ;; esac ;; \
	  Installing) [[ $$what != collected* ]] || printf ' unpacking' ;; \
	  esac; done || { printf '\nThe installation failed:\n' >&2; tail -n 15 $(VENV)/install.log >&2; exit 1; }
	@echo ' done.'
endef

.PHONY: help demo install dev test test-fast test-random lint types clean

help: ## Show what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

demo: $(VENV)/.ready ## Draw a picture in each style, then go on as a console
	@$(BIN)/sanggar demo

install: $(VENV)/.ready ## Make .venv with what running needs
	@echo 'Ready: $(BIN)/sanggar --help'

dev: $(VENV)/.ready-dev ## Make .venv with what developing and training need

test: $(VENV)/.ready-dev lint types ## Lint, check the types, run the tests
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -p no:randomly -n auto --maxprocesses=4 --dist=loadfile --durations=10 \
	  --cov --cov-report=term:skip-covered

test-random: $(VENV)/.ready-dev ## Run them in random order; ARGS=--randomly-seed=7 repeats one
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses=4 --dist=loadfile $(ARGS)

test-fast: $(VENV)/.ready-dev ## Run the tests that need no engine and no training, in seconds
	@$(BIN)/python -m pytest -q -n auto --maxprocesses=4 --dist=loadfile -m 'not slow' $(FAST)

lint: $(VENV)/.ready-dev ## ruff
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(VENV)/.ready-dev ## mypy --strict
	@$(BIN)/mypy

clean: ## Remove .venv and the caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Sanggar needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
	  echo 'Name another one: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo 'No virtual environment could be made. On Debian and Ubuntu: sudo apt install python3-venv' >&2; exit 1; }

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.)
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.[dev])
	@touch $@ $(VENV)/.ready
