# Sets up .venv when it has to, and runs what one runs every day; `make` alone lists it. A second run installs nothing.

PYTHON ?= python3
ARGS ?=
ARCHIVES ?= ../shared/data/realweb/*.warc.gz
PARALLEL ?= --numprocesses=auto --dist=worksteal
VENV := .venv
BASE := $(VENV)/.installed-base
DEV := $(VENV)/.installed-dev
AIRFLOW_VENV := .venv-airflow
AIRFLOW := $(AIRFLOW_VENV)/.installed
AIRFLOW_PORT ?= 8080

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-long test-airflow airflow airflow-demo lint format contract questions docs constraints axe clean FORCE
.PHONY: bench-realweb bench-ingest bench-gates bench-marts bench-airflow bench-extract bench-placement bench-memory

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "PYTHON=python3.12 chooses the interpreter of a new $(VENV); ARGS=... is handed on to the command."

demo: $(BASE) ## crawl a generated web, build every table, say where to look: make demo ARGS="--seed 7"
	$(VENV)/bin/linklake demo $(ARGS)

test: $(DEV) ## run the tests but the long ones: make test ARGS="-k robots"
	$(VENV)/bin/python -m pytest -m "not kills and not slow" $(PARALLEL) $(ARGS)

test-long: $(DEV) ## run the long tests: kills at random moments and of gates, real inputs, every message of the runbook
	$(VENV)/bin/python -m pytest -m "kills or slow" $(PARALLEL) $(ARGS)

airflow: $(BASE) $(AIRFLOW) ## run Airflow with the DAGs on loopback until Ctrl-C: make airflow AIRFLOW_PORT=8081
	@exec $(AIRFLOW_VENV)/bin/python infra/airflow/serve.py --port $(AIRFLOW_PORT) $(ARGS)

airflow-demo: $(AIRFLOW) ## while make airflow runs: unpause the chain, crawl the built-in web with it, wait for the end
	@exec $(AIRFLOW_VENV)/bin/python infra/airflow/demo.py --port $(AIRFLOW_PORT) $(ARGS)

test-airflow: $(BASE) $(AIRFLOW) ## run the tests of the DAGs against a real Airflow (minutes)
	$(AIRFLOW_VENV)/bin/python -m pytest --confcutdir=tests/dags -m airflow --numprocesses=2 --dist=loadfile tests/dags $(ARGS)

lint: $(DEV) ## check style, types, the SQL and who imports whom
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy
	$(VENV)/bin/python -m tests.sql_linter
	$(VENV)/bin/lint-imports --no-logo

format: $(DEV) ## let ruff mend what it can
	$(VENV)/bin/python -m ruff check --fix .
	$(VENV)/bin/python -m ruff format .

bench-realweb: $(BASE) ## ingest and build real archives, with time and peak memory: ARCHIVES=...
	rm -rf .bench/realweb
	$(VENV)/bin/linklake ingest $(ARCHIVES) --lake .bench/realweb --crawl-id realweb
	$(VENV)/bin/linklake build --lake .bench/realweb

bench-ingest: $(DEV) ## WARC against warcio + LinkExtractor, and WAT, in turns on the same pages: ARCHIVES=...
	$(VENV)/bin/python -m tests.bench.ingest $(ARCHIVES)

bench-gates: $(BASE) ## time the gates beside their stages at ten million links: ARGS="--rows 1000000"
	$(VENV)/bin/python -m tests.bench.gates $(ARGS)

bench-marts: $(BASE) ## time and memory of the marts of ten million links, and ten questions: ARGS="--rows 1000000"
	$(VENV)/bin/python -m tests.bench.marts $(ARGS)

bench-airflow: $(BASE) $(AIRFLOW) ## the same through a fresh Airflow, with time and peak memory of each task: ARCHIVES=...
	$(AIRFLOW_VENV)/bin/python infra/airflow/bench.py $(ARCHIVES) $(ARGS)

bench-extract: $(DEV) ## full link records against Scrapy's LinkExtractor: ARGS="--memory 100000"
	$(VENV)/bin/python -m tests.bench.extract $(ARGS)

bench-memory: $(DEV) ## memory of an ingest of 100,000 pages: ARCHIVES=...
	$(VENV)/bin/python -m tests.bench.memory $(ARCHIVES) $(ARGS)

bench-placement: $(DEV) ## placements against the gold labels of the test half: confusion table, F1, calibration
	$(VENV)/bin/python -m tests.bench.placement

questions: $(DEV) ## ask the fifteen questions of docs/queries of the lake of make bench-realweb again, write docs/questions.md
	$(VENV)/bin/python -m tests.questions_page .bench/realweb

contract: $(DEV) ## write tests/schemas/marts.tsv again, what BI is promised; refused where mart_version does not say so
	$(VENV)/bin/python -m tests.schemas.mart_contract

docs: $(BASE) ## render docs/datasets and docs/gates.md again from the schemas and the rules
	for dataset in $$($(VENV)/bin/linklake schema | awk '{ print $$1 }'); do \
		$(VENV)/bin/linklake schema $$dataset > docs/datasets/$$dataset.md || exit 1; done
	$(VENV)/bin/python -m transforms.rules_page > docs/gates.md

constraints: $(VENV)/bin/uv ## resolve the pins of every extra again: make constraints ARGS=--upgrade
	$< pip compile pyproject.toml --all-extras --universal --fork-strategy fewest --python-version 3.11 \
		--no-header --no-annotate --quiet --output-file constraints.txt $(ARGS)

axe: ## get axe-core (from the npm registry, into .axe) for the tests that look at the report with it
	npm install --prefix .axe --no-save --no-audit --no-fund --ignore-scripts --silent axe-core@4.14.1

clean: ## remove .venv, .venv-airflow, .airflow, caches and built packages; never a lake
	rm -rf $(VENV) $(AIRFLOW_VENV) .airflow .axe .screenshots build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- .venv ---------------------------------------------------------------------------------------------------------
# A venv is made anew when it was cut short (.unfinished), was moved (its scripts and the editable install still name
# the old folder) or its interpreter is gone or too old. A sound one made by other means is taken over.

venv_is_sound := $(shell \
	test ! -e $(VENV)/.unfinished \
	&& { test ! -e $(VENV)/.folder || grep -qxF "$(CURDIR)" $(VENV)/.folder; } \
	&& $(VENV)/bin/python -c 'import pip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo yes)

# Prints one line when PYTHON will not do. It goes to $(error), because a failing recipe would add a line of make's own.
python_complaint = $(shell \
	if ! found=$$("$(PYTHON)" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null); then \
		echo "linklake needs Python 3.11-3.13, and $(PYTHON) does not run: install Python or set PYTHON=python3.12"; \
	else case $$found in \
		(3.11.*|3.12.*|3.13.*) "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
			|| echo "$(PYTHON) has no venv module: apt-get install python$${found%.*}-venv" ;; \
		(*) echo "linklake needs Python 3.11-3.13, found $$found: set PYTHON=python3.12" ;; \
	esac; fi)

$(VENV)/.folder: $(if $(venv_is_sound),,FORCE)
	$(if $(venv_is_sound),,$(if $(python_complaint),$(error $(python_complaint))))
	@$(if $(venv_is_sound),,rm -rf $(VENV) && mkdir $(VENV) && touch $(VENV)/.unfinished && "$(PYTHON)" -m venv $(VENV))
	@echo "$(CURDIR)" > $@

# pip undoes what it could not finish, unless it is killed or interrupted: then .unfinished stays behind.
install = @trap 'exit 130' INT TERM HUP; \
	echo "Installing linklake$(1) into $(VENV): a minute or two, this once."; \
	touch $(VENV)/.unfinished; \
	$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable ".$(1)" \
		|| { status=$$?; test $$status -ge 128 || rm -f $(VENV)/.unfinished; exit $$status; }; \
	rm -f $(VENV)/.unfinished

$(BASE): $(VENV)/.folder pyproject.toml constraints.txt
	$(call install)
	@touch $@

$(DEV): $(VENV)/.folder pyproject.toml constraints.txt
	$(call install,[dev])
	@touch $(BASE) $@

# -- .venv-airflow -------------------------------------------------------------------------------------------------
# Airflow as the extra `airflow` names it, without linklake: the two never share an interpreter (docs/adr/0001).

airflow_is_sound := $(shell grep -qxF "$(CURDIR)" $(AIRFLOW) 2>/dev/null && $(AIRFLOW_VENV)/bin/python -c '' && echo yes)

airflow_extra = import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["airflow"])

$(AIRFLOW): pyproject.toml constraints.txt $(if $(airflow_is_sound),,FORCE) | $(VENV)/.folder
	@echo "Installing Airflow into $(AIRFLOW_VENV): a minute or two, this once."
	@$(if $(airflow_is_sound),,rm -rf $(AIRFLOW_VENV) && $(VENV)/bin/python -m venv $(AIRFLOW_VENV))
	@$(AIRFLOW_VENV)/bin/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt pytest pytest-xdist \
		$$($(VENV)/bin/python -c '$(airflow_extra)')
	@echo "$(CURDIR)" > $@

$(VENV)/bin/uv: $(VENV)/.folder
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv
