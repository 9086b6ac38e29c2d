# Everything runs in .venv, which the targets set up themselves. PYTHON chooses the interpreter (3.11 or later).
# REQUIRE (for `make test`): space-separated features whose tests must run; a skip of one of them is a failure.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STUDIES := studies
REQUIRE ?=
PYTEST_ARGS ?=
export REQUIRE

.PHONY: help setup demo test check lint bench-control bench-trainer study-long clean clean-demo clean-venv
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

setup: $(VENV)/.installed ## set up .venv

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --editable '.[dev]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	$(BIN)/pip install --editable '.[bench]'
	@touch $@

demo: $(VENV)/.installed ## run the study `demo`, draw its figures, compare its methods
	$(BIN)/entrocraft sweep study=demo --dir $(STUDIES)
	$(BIN)/entrocraft figures $(STUDIES)/demo --out $(STUDIES)/demo/figures
	$(BIN)/entrocraft compare $(STUDIES)/demo

test: $(VENV)/.installed-dev ## run the tests (PYTEST_ARGS=..., REQUIRE=...)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: lint test ## lint, types and tests

lint: $(VENV)/.installed-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench-control: $(VENV)/.installed ## tracking error of every method on the embedded problem
	$(BIN)/entrocraft sweep study=bench_control --dir $(STUDIES)
	$(BIN)/entrocraft figures $(STUDIES)/bench_control --out $(STUDIES)/bench_control/figures
	$(BIN)/entrocraft compare $(STUDIES)/bench_control

bench-trainer: $(VENV)/.installed-bench ## seconds per step of the torch backend against TRL
	$(BIN)/python benchmarks/bench_trainer.py

study-long: $(VENV)/.installed ## the saturation question: four methods, five seeds, up to 2 hours; resumable
	$(BIN)/entrocraft sweep study=long --dir $(STUDIES)
	$(BIN)/entrocraft figures $(STUDIES)/long --out $(STUDIES)/long/figures
	$(BIN)/entrocraft compare $(STUDIES)/long

clean: ## remove build products and caches
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .coverage htmlcov
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

clean-demo: ## remove the demo study, its runs included
	rm -rf $(STUDIES)/demo

clean-venv: ## remove the environment
	rm -rf $(VENV)
