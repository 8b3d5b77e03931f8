# The README's two commands are `make run` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
EXPERIMENT ?= experiments/mongo-pod-delete.yaml
# Compiled modules are kept, out of the way: a lab starts a dozen Pythons, and the tests hundreds of labs and commands.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/pycache
LAB        ?= # options of `kubelab exec`, like --apply manifests/variants/without-volume

.PHONY: run test setup lint docs tests e2e-alone e2e-measuring e2e-waiting e2e-patient unit-measuring unit-reports unit-rest conformance unit e2e test-long bench experiments mutants clean

# --no-version-check: `chaos` would ask its makers' server for news, and nothing here leaves this machine.
run: $(VENV)/.lab
	@PATH="$(CURDIR)/$(BIN):$$PATH" kubelab exec $(LAB) -- chaos --no-version-check run $(EXPERIMENT)

test: lint tests

WORKFLOWS := $(wildcard .github/workflows/*.yml docs/examples/*.yml)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet --no-progress $(WORKFLOWS) .github/dependabot.yml
	$(BIN)/shellcheck .ci/run $(filter-out %.yaml,$(wildcard .github/kind/*))

# Runs that must be believed have the machine to themselves. Then what measures, one after the other, beside what mostly
# waits; what wants a processor comes last.
LANES := e2e-alone e2e-measuring e2e-waiting e2e-patient unit-measuring unit-reports unit-rest conformance
tests: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs 5 --output-sync=target $(LANES)

e2e-alone: private PICK = alone
e2e-measuring: private PICK = e2e and measures and not alone and not long
e2e-waiting: private PICK = e2e and not measures and not conformance and not patient and not long
e2e-patient: private PICK = e2e and patient and not long
unit-measuring: private PICK = not e2e and measures and not long
unit-reports: private PICK = reports and not measures and not e2e and not long
unit-rest: private PICK = not reports and not measures and not e2e and not long
conformance: private PICK = conformance
unit: private PICK = not e2e
e2e: private PICK = e2e
# What ten minutes have no room for: the commands of the documentation, the scheduled check disturbed, the image's
# contents, loads in pods ...
test-long: private PICK = long
e2e-measuring e2e-waiting e2e-patient: e2e-alone
unit-measuring unit-reports unit-rest: e2e-measuring
ifndef CONFORMANCE_KUBECONFIG
conformance: e2e-waiting
endif
$(LANES) unit e2e test-long: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -m "$(PICK)"

# Every figure of the README, as one table, measured anew: for a machine that does nothing else. BENCH: NAME ..., --quick
bench: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks $(BENCH)

# Every experiment on a lab of its own, N times each: verdicts, recovery times, and whether anything is left behind.
# EXPERIMENTS: NAME ... for some of them. CLUSTER=current: in KUBECONFIG's cluster, with the demo of MANIFESTS.
N ?= 5
CLUSTER   ?= own
MANIFESTS ?= manifests
experiments: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks.experiments -n $(N) \
	  --cluster $(CLUSTER) --manifests $(MANIFESTS) $(EXPERIMENTS)

# Changes every line of the checks in every way that mutmut knows, and counts the changes that no test sees: ten minutes.
mutants: $(VENV)/.dev
	rm -rf build/mutation && mkdir -p build/mutation
	ln -s ../../probes build/mutation/src
	ln -s ../../tests ../../pyproject.toml build/mutation/
	cd build/mutation && nice $(CURDIR)/$(BIN)/mutmut run && $(CURDIR)/$(BIN)/mutmut results

# The documentation: build/docs/html/index.html. A warning is an error; so is a link that leads nowhere.
docs: $(VENV)/.dev
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky --doctree-dir build/docs/doctrees docs build/docs/html
	@echo "build/docs/html/index.html"

setup: $(VENV)/.dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "This needs Python 3.11 or later; say which with: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }

# One stamp for each extra: a second `make run` finds it and sets nothing up. What was installed is on the disk before
# anything is measured: else the load waits for it with every write of its record, and the first run is not believed.
$(VENV)/.lab: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up .venv (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[lab]'
	@sync
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up .venv for development (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@sync
	@touch $@ $(VENV)/.lab

clean:
	rm -rf $(VENV) build *.egg-info
