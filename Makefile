# SPDX-License-Identifier: GPL-3.0-or-later
# `make help` lists the targets. Everything that is made goes to .venv/ and build/; nothing else is touched.
# PYTHON=... chooses the interpreter for .venv; WORKERS=... the number of pytest processes; WIRE=0 leaves real packets out.

ENV := scripts/env.sh
CHECKS := $(ENV) python scripts/checks.py

.DEFAULT_GOAL := help
.PHONY: help all test lint unit core sanity e2e wire molecule docs-check artifact demo bench format lock clean clean-venv

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

all: .venv/.stamp ## set up .venv and the installed copy of the collection
	@$(ENV) scripts/install.sh

.venv/.stamp: requirements-dev.txt
	@scripts/venv.sh

test: all ## everything below except the demo, with times
	@$(CHECKS)

lint: all ## ruff, licences, artifact, changelog, mypy, documentation, ansible-lint
	@$(CHECKS) ruff reuse artifact changelog mypy docs ansible-lint

core: all ## the core's tests, where Ansible cannot be imported
	@$(CHECKS) core

unit: all ## all of tests/unit
	@$(CHECKS) core unit

sanity: all ## ansible-test sanity on the installed collection
	@$(CHECKS) sanity

e2e: all ## ansible-playbook over SSH against emulated devices
	@$(CHECKS) e2e

wire: all ## real packets between emulated devices in network namespaces
	@$(CHECKS) wire

molecule: all ## the Molecule scenarios against emulated devices
	@$(CHECKS) molecule

docs-check: all ## the documentation of modules, filters and roles
	@$(CHECKS) docs

artifact: all ## what is in the built collection
	@$(CHECKS) artifact

demo: all ## the first tunnel on two emulated devices: plan, apply, apply again, verify, use
	@$(ENV) scripts/demo.sh

bench: all ## how long a hub of many sites takes, beside a peer; SITES="100 1000" chooses the sizes
	@$(ENV) scripts/bench.sh

format: .venv/.stamp ## let ruff write what it can
	@$(ENV) ruff check --fix --cache-dir build/ruff .
	@$(ENV) ruff format --cache-dir build/ruff .

lock: ## make the pinned lists anew from requirements-dev.in and tests/bench/requirements.in (needs uv)
	for list in requirements-dev tests/bench/requirements; do \
		uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
			--custom-compile-command "make lock" $(LOCK) $$list.in --output-file $$list.txt || exit; done

clean: ## remove build/
	rm -rf build

clean-venv: clean ## remove build/ and .venv/
	rm -rf .venv
