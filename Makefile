# `make demo` and `make test` are all the set-up there is; both make .venv first. PYTHON picks the interpreter.
PYTHON ?= python3.11
BIN := .venv/bin
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

.PHONY: demo test lint types quick conformance bench docs lock clean
.DEFAULT_GOAL := test

.venv/.installed: pyproject.toml requirements.lock
	"$(shell command -v $(PYTHON) || command -v python3)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch .venv/.installed

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=.importroot $(BIN)/lint-imports

types: .venv/.installed
	$(BIN)/mypy

quick: .venv/.installed
	$(BIN)/pytest -n 2 --dist worksteal -q

test: lint types quick

conformance: .venv/.installed
	$(BIN)/pytest -q -s -m conformance tests/conformance

docs: .venv/.installed
	$(BIN)/python -m portproof.exporter.tflite.operator_table > docs/operators.md

clean:
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis
