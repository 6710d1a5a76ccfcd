# Every target does all its own set-up; stamps make the second run instant.
#
#   make build [FPGA=vu9p] [MODEL=resnet50.h5] [VERIFY=rtl|opencl|reference|none]   model -> verified folder in build/
#   make bitstream [FPGA=ulx3s] [MODEL=digits]                                      the same, to the .bit with the open tools
#   make quick | test | nightly                                                     the tiers of the test suite
#   make bench [NETWORKS="resnet50 vgg16"]                                          cycles, utilisation and times, measured
#   make lint | render | lock                                                       checks, rendered files, dependency lock
#   make setup | clean | help                                                       .venv alone, remove build/, this text

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

FPGA ?= vu9p
MODEL ?= resnet50.h5
VERIFY ?= rtl
OPTIONS ?=
WORKERS ?= 2
PYTEST_OPTIONS ?=
NETWORKS ?= resnet50

VENV := .venv
BIN := $(VENV)/bin
SYSTEM := $(VENV)/.system-packages
LOCKED := $(VENV)/.locked-packages
READY := $(VENV)/.flow-installed

PYTEST := TMPDIR="$(CURDIR)/build/tmp" $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_OPTIONS)

.PHONY: build bitstream setup quick test nightly bench lint render lock clean help

build: $(READY)
	$(BIN)/flow build --fpga $(FPGA) --model $(MODEL) --verify $(VERIFY) $(OPTIONS)

bitstream: FPGA = ulx3s
bitstream: MODEL = digits
bitstream: build

setup: $(READY)

quick: $(READY) build/tmp
	$(PYTEST) -m "not full and not nightly"

test: $(READY) build/tmp
	$(PYTEST) -m "not nightly"

nightly: $(READY) build/tmp
	$(PYTEST)

bench: $(READY) build/tmp
	$(BIN)/python -m tests.bench $(NETWORKS)
	$(BIN)/python -m tests.bench model tiny odd resnet8
	$(BIN)/python -m tests.bench costs $(NETWORKS)

lint: $(READY) build/tmp
	$(PYTEST) tests/structure

render: $(READY)
	$(BIN)/python -m flow.isa.render

lock: $(READY)
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --no-annotate requirements.in -o requirements.txt

clean:
	rm -rf build

help:
	@sed -n '/^#/!q; s/^# \?//p' $(firstword $(MAKEFILE_LIST))

build/tmp:
	mkdir -p $@

$(SYSTEM): .ci/system-packages
	.ci/system-packages
	test -x $(BIN)/python || { python=$$(.ci/system-packages --python) && $$python -m venv $(VENV); }
	touch $@

$(LOCKED): requirements.txt $(SYSTEM)
	if test -x $(BIN)/uv; then \
	    $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt; \
	else \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt; \
	fi
	touch $@

$(READY): pyproject.toml $(LOCKED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
