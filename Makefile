# The same commands people type and CI runs. `make demo` and `make test` need nothing but Python 3.11+.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test e2e check format clean constraints

setup: $(READY)  ## install Aisle and its tools into .venv

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Aisle needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)

demo: demo.index  ## the chat page over the demo catalogue
	$(BIN)/aisle serve --index demo.index --open

demo.index: $(READY)
	$(BIN)/aisle index demo --index demo.index

test: setup  ## the whole test suite
	$(BIN)/python -m pytest -n auto --dist loadfile

e2e: setup  ## the commands as a new user types them
	$(BIN)/python -m pytest --override-ini addopts= -q tests/e2e --import-mode=importlib

check: setup  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup  ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

constraints:  ## resolve the pinned versions again
	uv pip compile --quiet --all-extras --upgrade --no-header pyproject.toml -o constraints.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
