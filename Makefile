# Every verb of the project. Each works on a fresh clone: the environment is .venv, made on the first call.
#   make run     base install, then tune a simulated laser (the main job)
#   make run-twin  the same over the wire: the twin's instruments up, doctor, optimize, twin down, scores compared
#   make run-night  a 12-hour aging test of 64 lasers over the wire in minutes: failures, a killed monitor, the report
#   make test    every extra, then every test
#   make prove-store  kill the log's writer before every call and 200 times at random: nothing acknowledged is lost
#   make check   lint, format, types
#   make bench   speeds of this machine, beside those of gym-laser (installed into .peer, which takes minutes)
#   make clean   remove the environment and the caches
# Without make (Windows): see README.md.

PYTHON ?= python3
BIN    := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_ROOT_USER_ACTION = ignore
# -qq: errors are shown, progress and warnings are not.
INSTALL := $(BIN)/python -m pip install -qq --no-input -c constraints.txt

.PHONY: run run-twin run-night test prove-store check bench clean
.DELETE_ON_ERROR:

run: .venv/.base
	$(BIN)/lasercontrol optimize

run-twin: .venv/.base
	$(BIN)/lasercontrol twin --rehearse

run-night: .venv/.base
	$(BIN)/lasercontrol monitor aging-night --rehearse

test: .venv/.full
	$(BIN)/python -m pytest -n 2

prove-store: .venv/.full
	$(BIN)/python -m tests.lasercontrol.telemetry.prove_store

check: .venv/.full
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: .venv/.base
	$(BIN)/lasercontrol bench --peer

clean:
	rm -rf .venv .peer build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Stamps: what is up to date is not installed again; the second install upgrades the first in place.
.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "lasercontrol needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	@echo "making .venv"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.base: .venv/.made pyproject.toml constraints.txt
	@echo "installing lasercontrol (about half a gigabyte, once)"
	@$(INSTALL) -e .
	@touch $@

.venv/.full: .venv/.made pyproject.toml constraints.txt
	@echo "installing torch and every extra (once, takes minutes)"
	@$(INSTALL) torch==2.13.0
	@$(INSTALL) -e '.[train,bayes,test]'
	@touch .venv/.base $@
