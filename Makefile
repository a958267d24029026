# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# make demo     the collection at work on four simulated products
# make test     unit, contract and playbook tests, on one ansible-core
# make check    the whole gate, on every ansible-core that runs here (ONLY=word: only the steps with that word;
#               ALL=1: on every core also what a core has no say in, before a release)
# make benchmark  what it costs, as ratios to the plain way (NAMES="list_runs per_task": only these; some minutes)
# make format   let the tools lay out the code
# make clean    remove everything that these made

# Another interpreter: make PYTHON=python3.12 test
PYTHON ?= python3

VENV := .venv
COLLECTION := tree/ansible_collections/backupops/jobs

.PHONY: help demo test check benchmark format clean python

help:
	@sed -n 's/^# \(make \|   *\)/\1/p' Makefile

demo: $(VENV)/ready $(COLLECTION)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/tree" bash tests/demo.sh

test: $(VENV)/ready $(COLLECTION)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" PYTHONPATH=tree:tests ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/tree" \
		$(VENV)/bin/python -m pytest -n 4 --dist worksteal tests/unit tests/contract tests/playbooks $(PYTEST_ARGS)

check: python $(COLLECTION)
	@$(PYTHON) tests/check.py $(if $(ALL),--all) $(ONLY)

benchmark: $(VENV)/ready $(COLLECTION)
	@$(VENV)/bin/python tests/benchmark $(NAMES)

format: python $(COLLECTION)
	@$(PYTHON) tests/check.py --format

clean:
	rm -rf $(VENV) .venvs .ansible .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build collections output tree
	rm -rf tests/output changelogs/.plugin-cache.yaml *.tar.gz
	find plugins tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Made anew only when the list of packages has changed.
$(VENV)/ready: tests/requirements.txt
	@$(MAKE) --no-print-directory python
	@echo "Making $(VENV) (once) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

# The repository's root is the collection's root; Ansible and Python find it under this path.
$(COLLECTION):
	@mkdir -p $(@D)
	@ln -sfn ../../.. $@

python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) -V 2>&1): 3.11 or newer is needed, for example: make PYTHON=python3.12 test"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment: install the package python3-venv (Debian, Ubuntu)."; exit 1; }
