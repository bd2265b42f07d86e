# Each target sets itself up: the first one to run makes an environment in `.venv`, and later ones find it ready.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A package that adds an op and blocks, which the tests use as an installed one.
PLUGIN := tests/plugin
DEMO := build/demo
SPEC := specs/alexnet.yaml

# pip builds our own package in a second environment; older versions of pip pin it by the first of these, newer ones by
# the second.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Of the many modules that are installed a third is ever used. Each is compiled by who needs it first, and kept.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench nightly clean

help: ## say what there is to run
	@echo "Targets, each of which sets up what it needs:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "%-13s %s\n", $$1, $$2 }'
	@echo "PYTHON=... chooses the Python, 3.11 or newer, that the environment in $(VENV) is made with."

$(READY): pyproject.toml constraints.txt $(PLUGIN)/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "archspec needs Python 3.11 or newer, and '$(PYTHON)' is `$(PYTHON) --version 2>&1`." >&2; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; \
		exit 1; }
	@echo "Setting up $(VENV) (a few minutes the first time: PyTorch is large) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e ".[dev]" -e $(PLUGIN)
	@touch $@

demo: $(READY) ## check, compile, run and draw AlexNet
	@mkdir -p $(DEMO)
	@echo
	@echo "1. Is the spec right? Every name, setting and shape is checked, without PyTorch."
	$(BIN)/archspec check $(SPEC)
	@echo
	@echo "2. What is in it? Shapes, parameters and multiply-adds, layer by layer."
	$(BIN)/archspec summary $(SPEC)
	@echo
	@echo "3. The model as PyTorch source, which depends on torch alone."
	$(BIN)/archspec compile $(SPEC) -o $(DEMO)/alexnet.py
	@echo
	@echo "4. That source, imported and run on two random images."
	$(BIN)/python docs/demo.py $(DEMO)
	@echo
	@echo "5. The same spec as a figure, as a picture of it, and as a diagram for Markdown."
	$(BIN)/archspec draw $(SPEC) -o $(DEMO)/alexnet.svg
	$(BIN)/archspec draw $(SPEC) -o $(DEMO)/alexnet.png
	$(BIN)/archspec draw $(SPEC) -o $(DEMO)/alexnet.mmd
	@echo
	@echo "All of it lies in $(DEMO): alexnet.py, alexnet.svg, alexnet.png, alexnet.mmd"

test: $(READY) ## run all tests, a process on each core
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

check: $(READY) ## check format, style, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers auto
	$(BIN)/lint-imports

bench: $(READY) ## measure cold starts, building, summaries, layouts, and compiled models beside ones by hand
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/linear_build.py
	$(BIN)/python -m benchmarks.summary
	$(BIN)/python -m benchmarks.layout
	$(BIN)/python -m benchmarks.compiled_models

nightly: $(READY) ## compare 5,000 mutants with torch, and check texts of all kinds, for an hour or so
	ARCHSPEC_MUTANTS=5000 $(BIN)/python -m pytest --numprocesses auto -rP tests/test_agreement.py
	ARCHSPEC_EXAMPLES=10000 $(BIN)/python -m pytest tests/test_robustness.py
	ARCHSPEC_NIGHTLY=600 $(BIN)/python -m pytest tests/fuzz tests/test_syntax_recovery.py tests/test_yaml_recovery.py

clean: ## remove the environment and all that was made
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
