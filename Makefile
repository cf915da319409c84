# make demo | test | lint | docs | bench | mutants: each creates .venv and installs what it needs, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt
# What the installed environments depend on: a stamp older than one of these is renewed.
SPECIFICATION := setup.cfg pyproject.toml constraints.txt

# The grid of `make bench`: one corpus, two numbers of topics, one seed, all models and peers.
BENCH := --name bench --only BBC_News --topics 20 50 --seeds 1

.PHONY: help demo test lint docs bench mutants clean

help:
	@echo "make demo     fit topics on 300 news texts, print them with their scores, write a report"
	@echo "make test     run the tests (PYTEST_ARGS= passes options to pytest)"
	@echo "make lint     check format, style, types and the order of the rooms"
	@echo "make docs     build the documentation in build/docs, without the network"
	@echo "make bench    compare with all peers on one corpus (about 10 minutes; all: see benchmarks/README.md)"
	@echo "make mutants  change the code in one place at a time and see which test fails (about 40 minutes)"
	@echo "make clean    remove .venv and caches"

demo: $(VENV)/.installed
	$(BIN)/topicml fit lee --topics 10 --seed 0 --out runs/demo --overwrite

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(PYTEST_ARGS)

lint: $(VENV)/.installed-lint
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Open build/docs/index.html."

bench: $(VENV)/.installed-test .peers/.installed
	$(BIN)/python benchmarks/field.py $(BENCH)

mutants: $(VENV)/.installed-test
	$(BIN)/python benchmarks/mutants.py --out benchmarks/results/mutants.md

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(SPECIFICATION) | $(BIN)/python
	@echo "Installing topicml and what it needs into $(VENV): some minutes, once."
	$(INSTALL) --editable ".[report]"
	@touch $@

# OCTIS pins versions that no longer install; without its dependencies its metrics run, and serve as an oracle.
$(VENV)/.installed-test: $(VENV)/.installed
	$(INSTALL) --editable ".[test]"
	$(PIP) install --quiet --no-deps octis==1.14.0
	@touch $@

$(VENV)/.installed-lint: $(VENV)/.installed
	$(INSTALL) --editable ".[lint]"
	@touch $@

# The peers have an environment of their own. Some of them go without what they ask for: see the file.
.peers/.installed: benchmarks/requirements.txt
	$(PYTHON) -m venv .peers
	.peers/bin/python -m pip install --quiet --requirement $<
	.peers/bin/python -m pip install --quiet --no-deps topmost==1.0.2 fastopic==1.0.1 \
		contextualized-topic-models==2.6.1
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(INSTALL) --editable ".[docs]"
	@touch $@
