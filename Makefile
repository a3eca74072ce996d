# Two commands: `make demo` and `make test`. Each sets up what is missing.

PYTHON ?=    # that of the virtual environment: python3.11 or python3.12, whichever is found
BIN := .venv/bin
READY := .venv/ready
MKDOCS := NO_MKDOCS_2_WARNING=1 mkdocs
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo demo-all test lint docs docs-serve ui pictures real setup clean

# The most telling parts; demo-all trains all that dvc.yaml has.
demo: setup
	cantus check
	dvc repro codec_dac_fixed compare@xtts_phase2
	dvc metrics diff xtts_phase1 xtts_phase2
	@echo "Open in a browser: models/codec_dac_fixed/report.html, models/xtts_phase2/report.html"
	@echo "Which of two phases to use, and why: compare/xtts_phase2.html"
	@echo "The curves of all runs: make ui. The other models (audio VAE, voice conversion, voice cloning): make demo-all"

demo-all: setup
	cantus check
	dvc repro
	@echo "Open in a browser: models/NAME/report.html of codec_dac_fixed, xtts_phase2, rvc_v2_40k, higgs_zero_shot"
	@echo "Which of two phases to use, and why: compare/xtts_phase2.html"

test: setup
	pytest -n 2 --dist loadfile --no-loadscope-reorder    # in the order of tests/conftest.py

lint: setup
	ruff check .
	ruff format --check .
	mypy
	lint-imports

docs: setup    # the site of docs/, into site/
	$(MKDOCS) build --strict

docs-serve: setup    # the same on this machine, renewed while you write
	$(MKDOCS) serve

ui: setup
	cantus ui

pictures: setup    # those of docs/, from the models of this project: dvc repro first
	python -m docs.pictures

setup: $(READY)

real: setup
	examples/real_speech.sh

# What is missing on this machine is said by bin/setup before anything is downloaded.
$(READY): requirements.lock pyproject.toml bin/setup
	@bin/setup "$(strip $(PYTHON))"

clean:
	rm -rf build runs models metrics plots site .aim .trackio
