# Every target sets up what it needs; nothing has to be installed by hand but Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .bench-venv
TORCH ?= torch==2.13.0

.PHONY: train test check bench bench-train bench-zoo bench-classical bench-memory lab docs format clean

train: $(VENV)/ready  ## train LeNet on the bundled digits and show the result
	$(BIN)/shinso train lenet5 --data digits

test: $(VENV)/ready  ## run the whole test suite, a process for each core
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: $(VENV)/ready  ## what CI runs: format, lint, types, a tiny benchmark, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell src tests bench docs README.md CONTRIBUTING.md CHANGELOG.md
	$(BIN)/mypy
	$(BIN)/python -m bench --no-peer --tiny
	$(MAKE) --no-print-directory test

bench: $(BENCH)/ready  ## time one training step and one inference of five networks beside PyTorch
	$(BENCH)/bin/python -m bench

bench-train: $(BENCH)/ready  ## whole trainings beside PyTorch; make bench-train [TASK=cifar10] [DATA=FOLDER]
	$(BENCH)/bin/python -m bench.training $(or $(TASK),mnist) $(if $(DATA),--data-dir "$(DATA)")

bench-zoo: $(BENCH)/zoo  ## the same for networks of the zoo, beside torchvision's and pytorchcv's
	$(BENCH)/bin/python -m bench --zoo --rounds 7 $(if $(ONLY),--only $(ONLY))

bench-classical: $(VENV)/ready  ## time estimators beside scikit-learn's
	$(BIN)/python -m bench.classical

bench-memory: $(BENCH)/ready  ## memory of three training steps beside PyTorch
	$(BENCH)/bin/python -m bench.memory

lab: $(VENV)/ready  ## run every experiment in its quick form; report in runs/lab/index.html
	$(BIN)/shinso lab run all --fast

docs: $(VENV)/docs  ## build the site of the documents in build/docs, in English and Japanese
	$(BIN)/python -m sphinx -q -W --keep-going docs build/docs
	$(BIN)/python -m sphinx -q -W --keep-going docs/ja build/docs/ja
	@echo "build/docs/index.html"

format: $(VENV)/ready  ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the environments and caches
	rm -rf $(VENV) $(BENCH) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

$(VENV)/docs: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $@

# PyTorch is the peer to measure against, pinned, and never part of .venv. Where the default index has
# the CUDA build (gigabytes), name the CPU build: make bench TORCH="torch==2.13.0+cpu --index-url URL"
$(BENCH)/ready: pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

# The peers of the zoo. Their own requirements would replace the pinned PyTorch, hence --no-deps.
$(BENCH)/zoo: $(BENCH)/ready
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps torchvision==0.28.0 pytorchcv==0.0.74 pillow
	touch $@
