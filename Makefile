# Everything a contributor does, by name: `make` lists it. Programs of an environment are run as
# modules of its Python, since a script's first line cannot hold every path.

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
JOBS ?= auto
PIP_QUIETLY := -m pip -qq --disable-pip-version-check --no-input
# Where the caller's pip installs by default; here it installs into the environment that is named.
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_DRY_RUN PIP_CONSTRAINT PYTHONHOME
export PIP_USER := 0
export PIP_REQUIRE_VIRTUALENV := 0
# A profile or a certificate bundle of the caller's must not reach a test or the embedded AWS.
CLEAN_ENV := env -u AWS_PROFILE -u AWS_CA_BUNDLE -u AWS_ENDPOINT_URL
COVERAGE ?= 1
COVERED := $(filter-out 0 no false,$(COVERAGE))
IN_PARALLEL := --numprocesses $(JOBS) --dist worksteal
LINT_IMPORTS := 'from importlinter.cli import lint_imports_command as main; main()'
VERSIONS := 3.11 3.12 3.13
SMOKE := tests/rules tests/cli tests/contract/test_installed.py tests/contract/test_imports.py

.DEFAULT_GOAL := help
.PHONY: help setup environments demo test check lint fast e2e smoke matrix oldest mutants bench cost \
	growth template docs lock deploy clean

help: ## Show what there is to do
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.ready ## Install the project, its command line and its tools into .venv

demo: environments ## Show the whole pipeline on an embedded AWS; KEEP=1 leaves it up
	@$(CLEAN_ENV) $(PY) -m readiness_cli.main demo $(if $(filter-out 0 no false,$(KEEP)),--keep)

test: environments ## Run every test: the fast ones, then those on the embedded AWS; COVERAGE=0 is faster
	@$(CLEAN_ENV) $(PY) -m pytest $(IN_PARALLEL) $(if $(COVERED),--cov --cov-report=)
	@$(if $(COVERED),echo "Branch coverage of the fast tests: $$($(PY) -m coverage report --format=total) %")
	@$(CLEAN_ENV) $(PY) -m pytest -m e2e tests/e2e

check: lint fast ## Format, lint, types, imports and the fast tests: what to run before a commit

lint: $(VENV)/.ready ## Format, lint, types and the direction of imports
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) -c $(LINT_IMPORTS)

fast: $(VENV)/.ready ## The fast tests, on all cores (JOBS=4 for as many)
	@$(CLEAN_ENV) $(PY) -m pytest -q $(IN_PARALLEL)

smoke: $(VENV)/.ready
	@$(CLEAN_ENV) $(PY) -m pytest -q $(IN_PARALLEL) $(SMOKE)

matrix: ## The tests of rules and command line on the other Pythons that are installed
	@for version in $(VERSIONS); do \
		python=$$(sh layers/readiness/python.sh $$version); \
		if [ -z "$$python" ]; then \
			echo "Python $$version is not installed, and not tried"; \
		elif ! [ -x $(PY) ] || $(PY) -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] == '$$version')"; then \
			echo "Python $$version:"; \
			$(MAKE) --no-print-directory smoke VENV=.local/venv-$$version PYTHON="$$python" || exit; \
		fi; \
	done

mutants: $(VENV)/.ready ## Faults that no test notices; ONLY=readiness.model.verdict for one module
	@$(CLEAN_ENV) $(PY) -m tests.mutants $(ONLY) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(filter-out auto,$(JOBS)),--jobs $(JOBS)) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(if $(ALSO),--also $(ALSO)) $(if $(NEAREST),--nearest)

oldest: $(VENV)/.ready .local/oldest/.ready ## Run the tests of the readers on the oldest SDK that is supported
	@$(CLEAN_ENV) PYTHONPATH=.local/oldest $(PY) -m pytest -q tests/evidence tests/engine/test_aws.py tests/engine/test_reader.py tests/engine/test_sdk.py

bench: environments ## Measure speed, as ratios within one run
	@$(CLEAN_ENV) $(PY) -m pytest -m bench -s tests/benchmarks

cost: environments ## What a month costs: of 50 functions, and of 1,000, line by line
	@$(CLEAN_ENV) $(PY) -m pytest -m bench -s tests/benchmarks/test_monthly_cost.py

growth: $(VENV)/.ready ## One heading's sweep over a vast account: HEADING=iam_roles SHARE=0.1 [SWEEPS=first,moving]
	@$(CLEAN_ENV) $(PY) -m tests.benchmarks.growing $(or $(HEADING),iam_roles) $(or $(SHARE),0.1) $(if $(SWEEPS),--sweeps $(SWEEPS)) >/dev/null

template: $(VENV)/.ready ## Write the evaluators' stanzas of template.yaml from the rules
	@$(PY) -m readiness_cli.template

docs: $(VENV)/.ready ## Write what docs/ and the README tell of the rules
	@$(PY) -m readiness_cli.docs

deploy: .local/venv-sam/.ready ## Build, and deploy into the account of your AWS credentials, guided
	.local/venv-sam/bin/python -m samcli build
	.local/venv-sam/bin/python -m samcli deploy --guided
	@echo "Now run: readiness pagerduty-key, readiness doctor, then readiness test-alert."
	@echo "Changes are seen through a CloudTrail trail with management events and an AWS Config recorder."
	@echo "Without them everything waits for the sweep. aws cloudtrail describe-trails shows your trails."

clean: ## Remove the environments and everything that was built
	@if [ -x $(PY) ]; then $(PY) -m readiness_cli.main demo --stop; fi
	rm -rf .venv .local .aws-sam build mutants *.egg-info
	rm -rf .coverage .coverage.* .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find cli functions layers tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environments: each from its own lock file, since their tools pin different versions of
# boto3 and click. A stamp makes the next run instant; a changed lock file makes it anew, and so
# does another interpreter where one is asked for: it takes the stamp away before make looks.
ASKED := $(if $(filter command environment,$(firstword $(origin PYTHON))),--asked)
NEEDED := $(VENV) $(if $(filter environments demo test bench deploy,$(MAKECMDGOALS)), \
	.local/venv-sam .local/venv-aws)
$(shell "$(PYTHON)" requirements/fits.py $(ASKED) $(NEEDED) >&2)

environments:
	@$(MAKE) --no-print-directory -j3 $(VENV)/.ready .local/venv-sam/.ready .local/venv-aws/.ready

define environment
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Readiness needs Python 3.11 or newer, and %s is %d.%d: say which one to use, for instance make setup PYTHON=python3.12" % (sys.argv[1], v[0], v[1]))' "$(PYTHON)" \
		|| { test $$? -eq 1 || echo "Python does not run as '$(PYTHON)': say which one to use, for instance make setup PYTHON=python3.12"; exit 1; } >&2
	@echo "Installing $(2) into $(1)" >&2
	@rm -rf $(1) && mkdir -p $(dir $(1)) && "$(PYTHON)" -m venv $(1)
	@$(1)/bin/python $(PIP_QUIETLY) install --no-deps --no-compile --require-hashes -r $(3)
endef

$(VENV)/.tools: requirements/dev.txt
	$(call environment,$(VENV),the project and its tools,requirements/dev.txt)
	@touch $@

$(VENV)/.ready: $(VENV)/.tools pyproject.toml setup.py
	@$(PY) $(PIP_QUIETLY) install --no-deps --no-build-isolation --editable .
	@touch $@

.local/oldest/.ready: requirements/oldest.txt $(VENV)/.ready
	@rm -rf .local/oldest
	@$(PY) $(PIP_QUIETLY) install --no-deps --require-hashes --target .local/oldest -r requirements/oldest.txt
	@touch $@

.local/venv-sam/.ready: requirements/sam.txt
	$(call environment,.local/venv-sam,the SAM command line,requirements/sam.txt)
	@touch $@

.local/venv-aws/.ready: requirements/aws.txt
	$(call environment,.local/venv-aws,the embedded AWS,requirements/aws.txt)
	@touch $@

# The lock files hold for every platform and every Python from 3.11.
.local/venv-lock/.ready: requirements/lock.txt
	$(call environment,.local/venv-lock,what resolves the lock files,requirements/lock.txt)
	@touch $@

RESOLVE := .local/venv-lock/bin/python -m uv pip compile --quiet --no-header --universal \
	--python-version 3.11 --generate-hashes $(if $(UPGRADE),--upgrade)

lock: .local/venv-lock/.ready ## Write the lock files; UPGRADE=1 takes the newest of everything
	@$(RESOLVE) --group dev pyproject.toml --constraint layers/readiness/requirements.txt \
		--output-file requirements/dev.txt
	@$(RESOLVE) requirements/sam.in --output-file requirements/sam.txt
	@$(RESOLVE) requirements/aws.in --output-file requirements/aws.txt
	@$(RESOLVE) requirements/lock.in --output-file requirements/lock.txt
