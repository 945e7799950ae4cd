# install: .venv with everything · quickstart: the main job on its embedded default · test · check · ladder
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STUDY ?= studies/quickstart.yaml

# Prefect keeps to this folder, unless you have set a home of your own.
export PREFECT_HOME ?= $(CURDIR)/.prefect
export PREFECT_SERVER_ANALYTICS_ENABLED ?= false
export DO_NOT_TRACK ?= 1
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS ?= 120
# Only what is imported is compiled, at its first import: half the time of compiling everything.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install quickstart test check ladder clean

install: $(VENV)/installed

# A torch that the interpreter has already (a CUDA build, say) is kept.
$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer was expected: set PYTHON=/path/to/python3.11"; exit 2; }
	@echo 'Installing into $(VENV), about a minute'
	@if $(PYTHON) -c 'import torch' 2>/dev/null; then site=--system-site-packages; fi; $(PYTHON) -m venv $$site $(VENV)
	@if $(BIN)/python -c 'import torch' 2>/dev/null; then grep -v '^torch==' constraints.txt; else cat constraints.txt; fi > $(VENV)/constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip # a current pip takes half the time
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --no-compile -c $(VENV)/constraints.txt -e '.[test]'
	@touch $@

quickstart: install
	@$(BIN)/calibration run $(STUDY)

test: install
	@$(BIN)/python -m pytest

check: install
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --no-compile -c $(VENV)/constraints.txt -e '.[test,check]'
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest

ladder: install
	for rung in 60k 172k 431k 935k 2.4M; do $(BIN)/python models/ladder/train.py $$rung || exit 1; done
	$(BIN)/calibration run studies/ladder.yaml
	$(BIN)/calibration export studies/ladder.yaml --out export/ladder
	$(BIN)/python models/ladder/card.py export/ladder/ent_ce.parquet

clean:
	rm -rf $(VENV) .prefect artifacts export
