# The map. Each target works on a fresh clone with Python 3.11 to 3.13 and make alone: it makes .venv itself, installs
# what it runs and nothing more, and does nothing twice (the stamps below .venv say what is done).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
unexport PYTHONDONTWRITEBYTECODE
# Where it is set, each of the hundreds of processes that tests and demo start would compile all of our modules again.

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest
ARGS ?=
PART ?=
ROUNDS ?= 0
TREE ?= HEAD
DIST ?= dist

.PHONY: help demo test test-long lint lint-style lint-types lint-borders lint-house bench fuzz docs screenshots languages sbom wheel locks clean

help: ## what there is
	@echo "make TARGET [ARGS=\"...\"]"
	@echo
	@sed -n 's/^\([a-z-]*\):.* ## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  %-11s %s\n' "$$name" "$$text"; done
	@echo
	@echo "The parts of test-long: make test-long PART=list"

demo: .venv/run.stamp ## hub and world on this machine, playing asean-japan; ARGS="--once --json" for a check
	@$(BIN)/tb demo $(ARGS)

test: .venv/test.stamp ## all tests, of the long ones a sample; ARGS="tests/house -k locks" for some
	@$(PYTEST) -n $(WORKERS) --dist worksteal --durations 10 $(ARGS)

test-long: .venv/test.stamp ## the long tests in full; PART=kill for one part, ARGS for pytest
	@$(PYTEST) -m long --full --timeout 5400 $(if $(PART),--part $(PART)) $(ARGS)

lint: lint-style lint-types lint-borders lint-house ## style, types, who imports whom, locks; with make -k all at once

lint-style: .venv/test.stamp
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

lint-types: .venv/test.stamp
	@$(BIN)/mypy

lint-borders: .venv/test.stamp
	@NO_COLOR=1 $(BIN)/lint-imports --no-logo --no-cache

lint-house: .venv/test.stamp
	@$(PYTEST) -q tests/house

bench: .venv/test.stamp ## rates and latencies beside the floor; ARGS="--json --quick"
	@$(BIN)/python -m tests.bench $(ARGS)

fuzz: .venv/test.stamp ## the tests marked fuzz, new examples each round, until one fails or you stop it; ROUNDS=1 for one
	@round=0; until [ "$$round" -gt 0 ] && [ "$$round" -eq $(ROUNDS) ]; do round=$$((round + 1)); echo "round $$round"; \
		$(PYTEST) -q -m fuzz -n $(WORKERS) --hypothesis-profile fuzz --hypothesis-seed random --timeout 0 $(ARGS) || exit $$?; \
	done

docs: .venv/run.stamp ## the reference pages that come out of the code
	@$(BIN)/python -m tradebridge.cli docs

screenshots: .venv/test.stamp ## docs/screenshots anew, from a seeded world with its clock frozen
	@$(PYTEST) -q --screenshots -k taken tests/screenshots

languages: .venv/test.stamp ## the catalogues with the texts of today, and how much of each is translated
	@$(BIN)/python -m tests.languages

sbom: .venv/test.stamp ## what run.lock installs: dist/tradebridge.cdx.json (CycloneDX), and the page of its licences
	@$(BIN)/python -m tests.sbom

# A checkout's times and modes are not its content: the files come out of git, and all have the time of the commit.
wheel: .venv/run.stamp ## the wheel of what is committed, into dist, with its SHA-256: the same commit gives the same bytes
	@umask 022 && files=$$(mktemp -d) && trap 'rm -rf "$$files"' EXIT && \
		git -c tar.umask=0022 archive $(TREE) | tar -xp -C "$$files" && \
		SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m pip --disable-pip-version-check wheel --quiet \
			--no-index --no-deps --no-build-isolation --wheel-dir $(DIST) "$$files" && \
		$(BIN)/python -m pip --disable-pip-version-check hash $(DIST)/tradebridge-*.whl

locks: ## run.lock and test.lock anew from pyproject.toml; ARGS=--upgrade for newer versions
	@test -x .venv-locks/bin/uv || { $(FIND_PYTHON); "$$python" -m venv .venv-locks && .venv-locks/bin/pip install --quiet uv; }
	@.venv-locks/bin/uv pip compile pyproject.toml --group build $(LOCK) $(ARGS) --output-file run.lock
	@.venv-locks/bin/uv pip compile pyproject.toml --group build --extra test --extra pdf --constraint run.lock $(LOCK) $(ARGS) --output-file test.lock

clean: ## remove all that make has made
	rm -rf .venv .venv-locks build dist tradebridge.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet

# The first Python that is new enough, tried by running it: a name on the path may be a shim with nothing behind it.
define FIND_PYTHON
for python in python3 python3.13 python3.12 python3.11 python none; do \
	[ "$$python" = none ] && { echo "Tradebridge needs Python 3.11, 3.12 or 3.13, and found none of them on the path." >&2; exit 1; }; \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 && break; \
done
endef

.venv/made.stamp:
	@$(FIND_PYTHON); echo "making .venv with $$("$$python" --version)" >&2; "$$python" -m venv --clear .venv || \
		{ echo "python -m venv failed; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

# No index for the project itself: what builds it (setuptools) came from the lock, with its hash.
.venv/run.stamp: .venv/made.stamp run.lock pyproject.toml
	@echo "installing run.lock" >&2
	@$(PIP) --require-hashes -r run.lock
	@$(PIP) --no-index --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test.stamp: .venv/run.stamp test.lock
	@echo "installing test.lock" >&2
	@$(PIP) --require-hashes -r test.lock
	@touch $@
