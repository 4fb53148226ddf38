# Every command of the project; .ci/run and CONTRIBUTING.md use these.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
NEED := stayrate needs Python 3.12 or newer
WAY := or name one with "make setup PYTHON=python3.13"

.PHONY: help setup run test lint bench build
help: ## list these commands
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 14

setup: $(READY) ## make .venv from the lock, with the package in it
$(READY): requirements.lock pyproject.toml
	@v=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || v=none; \
	case "$$v" in 3.1[2-9]|3.[2-9][0-9]) ;; \
	none) echo '$(NEED), and "$(PYTHON)" does not run: install it, $(WAY).' >&2; exit 2;; \
	*) echo '$(NEED), and "$(PYTHON)" is '"$$v"': install it, $(WAY).' >&2; exit 2;; esac
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY) ## estimate, forecast and report: reports/china_ai_2030/index.html
	$(BIN)/stayrate run china_ai_2030 --out reports/china_ai_2030

test: $(READY) ## all tests, the slow ones too
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY) ## style, types, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/codespell

bench: $(READY) ## time the engines
	$(BIN)/python -m benchmarks

build: $(READY) ## sdist and wheel in dist/
	$(BIN)/python -m build --no-isolation
