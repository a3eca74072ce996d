# Two commands: `make demo` and `make test`. Each sets up what is missing. Neither needs `make real`.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.lock
# LEAN=1: PyTorch without CUDA's libraries, out of PyTorch's own index of builds for CPUs.
PACKAGES := $(if $(LEAN),--torch-backend cpu --constraint requirements.lock \
    --requirement pyproject.toml --extra dev,--requirement requirements.lock)
JUDGES := speechmos==0.0.1.1 silero-vad==6.2.3 distillmos==0.9.1 ctranslate2==4.8.5 \
    visqol-python[lattice]==3.8.0
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test lint ui pictures real setup clean

demo: setup
	cantus check
	dvc repro
	dvc metrics diff audio_vae audio_vae_plus
	dvc metrics diff xtts_phase1 xtts_phase2
	@echo "Listen and look: report.html in models/codec_dac_fixed, models/xtts_phase2, models/rvc_v2_40k, models/higgs_zero_shot"
	@echo "Which phase to use, and why: compare/xtts_phase2.html"
	@echo "Compare the runs: make ui"

test: setup
	pytest -n 2 --dist loadfile --no-loadscope-reorder    # in the order of tests/conftest.py

lint: setup
	ruff check .
	ruff format --check .
	mypy
	lint-imports

ui: setup
	cantus ui

pictures: setup    # those of docs/, from the models of this project: dvc repro first
	python -m docs.pictures

setup: $(READY)

real: setup
	examples/real_speech.sh

# uv is installed into the environment itself, so that nothing but Python is needed.
$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python $(PACKAGES)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	$(INSTALL) pesq==0.0.4 \
	    || echo "PESQ needs a C compiler and Python's headers: without it that figure is left out."
	for judge in $(JUDGES); do $(INSTALL) "$$judge" \
	    || echo "$$judge cannot be installed here: its figures are left out (docs/judges.md)."; done
	$(INSTALL) --no-deps resemblyzer==0.1.4 \
	    || echo "Resemblyzer cannot be installed here: its figure is left out (docs/judges.md)."
	touch $(READY)

clean:
	rm -rf build runs models metrics plots .aim .trackio
