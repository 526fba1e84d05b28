# make run    set up and start trapgate with its default configuration
# make test   set up and run every check: style, types, floors, tests
# make bench  measure: a table on the terminal, the figures in build/bench.json
# make docs   write the generated parts of docs/ anew
# make fuzz   mutants against the SNMP decoder for a minute (ARGS="--seconds 600")

VENV := .venv
PYTHON := $(VENV)/bin/python
WORKERS := 2

.PHONY: run test bench docs fuzz clean

run: $(VENV)/run.stamp
	@$(VENV)/bin/trapgate run $(ARGS)

test: $(VENV)/dev.stamp
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	PYTHONPATH=tests $(VENV)/bin/lint-imports
	@tests/install-peers
	$(VENV)/bin/pytest -n $(WORKERS) $(ARGS)

bench: $(VENV)/dev.stamp
	@tests/install-peers
	PYTHONPATH=tests $(PYTHON) -m tests.bench $(ARGS)

docs: $(VENV)/dev.stamp
	$(VENV)/bin/pytest -q tests/docs --update-golden

fuzz: $(VENV)/dev.stamp
	PYTHONPATH=tests $(PYTHON) -m decode.snmp.fuzz $(ARGS)

$(VENV)/run.stamp: pyproject.toml constraints.txt
	@deploy/make-venv $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build
