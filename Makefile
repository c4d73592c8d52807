# Two commands on a fresh machine: `make demo` and `make test`. `make` lists them all.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.5
UV := $(BIN)/uv
LOCKED := uv.lock pyproject.toml ti-adapter/pyproject.toml
PYTEST := $(BIN)/pytest -q
# The fast tests run as two processes of about the same length, each of which imports what its own half needs.
QUICK := $(PYTEST) --hypothesis-profile=quick -m "not slow and not peers and not root and not database"
WIRES := $(addprefix tests/,conform dataset dicom dicomweb documents faults transcoding)
# What `make coverage` measures stands in pyproject.toml, [tool.coverage.run].
COVERED := tests/model tests/store/test_trail.py tests/trail/test_check.py tests/ti_adapter/test_attestation.py \
	$(patsubst %,tests/ti_adapter/pki/test_%.py,people service verification) \
	$(patsubst %,tests/test_%.py,decide resolve revoke serve sessions signing weigh)
# What runs at the same time is printed one after another, where make can do so.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync)
# One more than there are processors: the journeys wait a good part of their time.
JOBS ?= 3
CUTS ?= 200
KILLS ?= 300
PULLS ?= 100
STORM ?= 300
ENTRIES ?= 10000
CHANGES ?= 1000
CALLS ?= 500
SEED ?= 77
FUZZ_SECONDS ?= 600
INSTANCES ?= 10000
CASES ?= 20000

# Tests and demo start hundreds of processes; without kept bytecode each would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: lint quick-wires quick-others $(shell awk -F: '/^[a-z-]+:.*\#\# / {print $$1}' $(firstword $(MAKEFILE_LIST)))

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## A whole network on this machine, with real images (ARGS=--once ends after the proof)
	@exec $(BIN)/linkexchange demo $(ARGS)

check: $(VENV)/.dev ## Lint, format, types, import contracts, sizes and the fast tests, in under a minute
	@$(MAKE) --no-print-directory --jobs 3 $(SYNC) quick-others lint quick-wires

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python scripts/sizes.py
	$(BIN)/mypy

quick-wires: $(VENV)/.dev
	$(QUICK) $(WIRES)

quick-others: $(VENV)/.dev
	$(QUICK) tests $(WIRES:%=--ignore=%)

test: $(VENV)/.dev system-packages ## Every test, with real PACS and a real browser
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder tests

cuts: $(VENV)/.dev ## Pulls over lines that are cut at 200 random points (CUTS=200) in each way
	LINKEXCHANGE_CUTS=$(CUTS) LINKEXCHANGE_SEED=$(SEED) $(PYTEST) -n $(JOBS) tests/faults/test_cuts.py

kills: $(VENV)/.dev system-packages ## 300 SIGKILLs at random moments (KILLS=300) over 1,000 transfers, and one at each step of pulling and publishing
	LINKEXCHANGE_KILLS=$(KILLS) LINKEXCHANGE_SEED=$(SEED) $(PYTEST) tests/faults/test_kills.py tests/faults/test_killed.py tests/faults/test_published.py

storm: $(VENV)/.dev system-packages ## Two hub processes, three workers, SIGKILLs and power cuts of the database for five minutes (STORM=300)
	LINKEXCHANGE_STORM=$(STORM) LINKEXCHANGE_SEED=$(SEED) $(PYTEST) -s --timeout=1800 tests/faults/test_storm.py

pulls: $(VENV)/.dev system-packages ## A hundred pulls (PULLS=100), counted in signatures of the card
	LINKEXCHANGE_PULLS=$(PULLS) $(PYTEST) tests/faults/test_card.py

tampering: $(VENV)/.dev ## 1,000 random changes by SQL (CHANGES=1000) to 10,000 audit entries (ENTRIES=10000): each must be found
	LINKEXCHANGE_ENTRIES=$(ENTRIES) LINKEXCHANGE_CHANGES=$(CHANGES) LINKEXCHANGE_SEED=$(SEED) $(PYTEST) tests/store/test_trail.py -k u_01

balp: $(VENV)/.dev ## Hold audit events against the profiles of IHE BALP (BALP_FSH=folder, a working copy; needs node and npm)
	$(BIN)/python tests/balp/conformance.py $(BALP_FSH)

timing: $(VENV)/.dev ## Does an answer of the hub take as long for what is another's as for what is not there? (CALLS=500)
	LINKEXCHANGE_TIMING_CALLS=$(CALLS) $(PYTEST) tests/web/test_indistinct.py

mutation: $(VENV)/.dev ## Change decisions and audit chain one place at a time: does a test notice? (about five minutes)
	@mkdir -p mutants
	$(BIN)/mutmut run --max-children $(JOBS) > mutants/run.log 2>&1 || { tail -c 2000 mutants/run.log; exit 1; }
	@tail -c 400 mutants/run.log | tr '\r' '\n' | tail -n 3
	$(BIN)/mutmut results

coverage: $(VENV)/.dev ## Do the tests of decisions, identity checks, audit chain and transfer states walk every branch of them?
	$(BIN)/coverage run -m pytest -q $(COVERED)
	$(BIN)/coverage report --fail-under=100

fuzz: $(VENV)/.dev ## Fuzz what reads DICOM and the messages of the TI, each part for ten minutes (FUZZ_SECONDS=600)
	for part in codec pki konnektor jose vau xds; do $(BIN)/python tests/fuzz/$$part.py -max_total_time=$(FUZZ_SECONDS) || exit; done

benchmarks-hub: $(VENV)/.dev ## Measure grants, sessions and states per second at the hub, and write the page (or ARGS="--seconds 10")
	$(BIN)/python tests/benchmarks/hub.py $(or $(ARGS),--write-docs)

schemathesis: $(VENV)/.dev ## 20,000 requests made from the OpenAPI document of the hub (CASES=20000)
	LINKEXCHANGE_CASES=$(CASES) LINKEXCHANGE_SEED=$(SEED) $(PYTEST) --timeout=3600 tests/web/test_schemathesis.py

engine: $(VENV)/.dev ## Let the HL7 engine look through a document of 10,000 instances (INSTANCES=10000)
	LINKEXCHANGE_ENGINE_INSTANCES=$(INSTANCES) $(PYTEST) tests/profiles/test_hl7_engine.py

validators: $(VENV)/.dev system-packages ## Broken documents through four validators, checks by hand beside fhirpathpy, and write the page
	$(BIN)/python tests/beside/validators.py

benchmarks: $(VENV)/.dev ## Measure how long the demo takes, beside its limit
	$(BIN)/python tests/benchmarks/start.py

benchmarks-slow-clients: $(VENV)/.dev ## Measure what a good client of the hub notices of 2,000 slow ones
	$(BIN)/python tests/benchmarks/slow_clients.py

benchmarks-churn: $(VENV)/.dev ## Measure what a PACS notices of 500 connections a second at a node's DICOM port
	$(BIN)/python tests/benchmarks/churn.py

benchmarks-documents: $(VENV)/.dev ## Measure a document of 10,000 instances beside fhir.resources, and write the page (or ARGS="--runs 3")
	$(BIN)/python tests/benchmarks/documents.py $(or $(ARGS),--write-docs)

benchmarks-transfers: $(VENV)/.dev system-packages ## Measure transfers beside other ways, and write the page (or ARGS="--only ct --quick")
	$(BIN)/python tests/benchmarks/transfers.py $(or $(ARGS),--write-docs)

benchmarks-relay: $(VENV)/.dev system-packages ## Measure transfers through the relay beside the direct route, and write the page (or ARGS=--quick)
	$(BIN)/python tests/benchmarks/routes.py $(or $(ARGS),--write-docs)

profiles: $(VENV)/.dev ## Compile the FHIR profiles of fhir-profiles/ into the package that is shipped (needs node and npm)
	$(BIN)/python scripts/profiles.py
	$(BIN)/python scripts/definitions.py --package linkexchange/profiles/package

mado: $(VENV)/.dev ## Hold the examples against the profiles of IHE RAD MADO (MADO_FSH=folder MADO_WITH=folder,folder; needs node, npm, Java, Maven)
	$(BIN)/python tests/mado/conformance.py $(MADO_FSH) --with=$(MADO_WITH) $(ARGS)

format: $(VENV)/.dev ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

system-packages: ## Install what the tests need from the system, where that is allowed
	@scripts/system-packages

lock: $(VENV)/.uv ## Renew the lock file; releases younger than a week stay out
	$(UV) lock --upgrade

clean: ## Remove the environment and caches
	rm -rf $(VENV) .coverage .mypy_cache .ruff_cache .import_linter_cache .hypothesis mutants

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	@touch $@

$(VENV)/.demo: $(VENV)/.uv $(LOCKED)
	$(UV) sync --quiet --frozen --inexact --no-dev --extra demo
	@touch $@

$(VENV)/.dev: $(VENV)/.uv $(LOCKED)
	$(UV) sync --quiet --frozen --all-packages --all-extras --compile-bytecode
	@touch $@ $(VENV)/.demo
