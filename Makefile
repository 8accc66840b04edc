# Everything a contributor does, by name: `make` lists it.

PYTHON ?= python3
PY := .venv/bin/python
PIP_QUIETLY := -m pip -qq --disable-pip-version-check --no-input
# A profile or a certificate bundle of the caller's must not reach a test or the embedded AWS.
CLEAN_ENV := env -u AWS_PROFILE -u AWS_CA_BUNDLE -u AWS_ENDPOINT_URL

.DEFAULT_GOAL := help
.PHONY: help setup environments demo test check oldest bench template docs deploy clean

help: ## Show what there is to do
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## Install the project, its command line and its tools into .venv

demo: environments ## Show the whole pipeline on an embedded AWS; KEEP=1 leaves it up
	@$(CLEAN_ENV) .venv/bin/readiness demo $(if $(filter-out 0 no false,$(KEEP)),--keep)

test: environments ## Run every test: the fast ones, then those on the embedded AWS
	@$(CLEAN_ENV) $(PY) -m pytest --cov --cov-report=
	@echo "Branch coverage of the fast tests: $$($(PY) -m coverage report --format=total) %"
	@$(CLEAN_ENV) $(PY) -m pytest -m e2e tests/e2e

check: .venv/.ready ## Format, lint, types and the fast tests: what to run before a commit
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(CLEAN_ENV) $(PY) -m pytest -q

oldest: .venv/.ready .local/oldest/.ready ## Run the tests of the readers on the oldest SDK that is supported
	@$(CLEAN_ENV) PYTHONPATH=.local/oldest $(PY) -m pytest -q tests/evidence tests/engine/test_aws.py tests/engine/test_sdk.py

bench: environments ## Measure speed, as ratios within one run
	@$(CLEAN_ENV) $(PY) -m pytest -m bench -s tests/benchmarks

template: .venv/.ready ## Write the evaluators' stanzas of template.yaml from the rules
	@$(PY) -m readiness_cli.template

docs: .venv/.ready ## Write docs/rules.md from the rules
	@$(PY) -m readiness_cli.docs

deploy: .local/venv-sam/.ready ## Build, and deploy into the account of your AWS credentials, guided
	.local/venv-sam/bin/sam build
	.local/venv-sam/bin/sam deploy --guided
	@echo "Now: readiness pagerduty-key, then readiness test-alert."
	@echo "Changes are seen through a CloudTrail trail with management events and an AWS Config recorder:"
	@echo "without them everything waits for the sweep. aws cloudtrail describe-trails says what there is."

clean: ## Remove the environments and everything that was built
	@if [ -x .venv/bin/readiness ]; then .venv/bin/readiness demo --stop; fi
	rm -rf .venv .local .aws-sam build *.egg-info .coverage .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find cli functions layers tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environments: each from its own lock file, since their tools pin different versions of
# boto3 and click. A stamp makes the next run instant; a changed lock file makes it anew.
environments:
	@$(MAKE) --no-print-directory -j3 .venv/.ready .local/venv-sam/.ready .local/venv-aws/.ready

define environment
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"Readiness needs Python 3.11 or newer, and $(PYTHON) is {v[0]}.{v[1]}: say which one to use, for instance make setup PYTHON=python3.12")'
	@echo "Installing $(2) into $(1)" >&2
	@rm -rf $(1) && mkdir -p $(dir $(1)) && $(PYTHON) -m venv $(1)
	@$(1)/bin/python $(PIP_QUIETLY) install --no-deps --no-compile --require-hashes -r $(3)
endef

.venv/.tools: requirements/dev.txt
	$(call environment,.venv,the project and its tools,requirements/dev.txt)
	@touch $@

.venv/.ready: .venv/.tools pyproject.toml
	@.venv/bin/python $(PIP_QUIETLY) install --no-deps --no-build-isolation --editable .
	@touch $@

.local/oldest/.ready: requirements/oldest.txt .venv/.ready
	@rm -rf .local/oldest
	@$(PY) $(PIP_QUIETLY) install --no-deps --require-hashes --target .local/oldest -r requirements/oldest.txt
	@touch $@

.local/venv-sam/.ready: requirements/sam.txt
	$(call environment,.local/venv-sam,the SAM command line,requirements/sam.txt)
	@touch $@

.local/venv-aws/.ready: requirements/aws.txt
	$(call environment,.local/venv-aws,the embedded AWS,requirements/aws.txt)
	@touch $@
