# Everything a person needs; each target sets up what it uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check format bench lock screenshot

run: $(VENV)/run.stamp
	$(BIN)/motcua serve

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest --numprocesses auto

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)-bench/bench.stamp
	$(VENV)-bench/bin/python benchmarks/answers.py
	$(VENV)-bench/bin/python benchmarks/matchers.py
	$(VENV)-bench/bin/python benchmarks/webhooks.py
	$(VENV)-bench/bin/python benchmarks/sending.py
	$(VENV)-bench/bin/python benchmarks/reminders.py
	$(VENV)-bench/bin/python benchmarks/broadcasts.py

screenshot: $(VENV)/dev.stamp
	$(BIN)/python tests/screenshots.py README.png

# The two stamps: what serving needs, and what developing needs on top.
$(VENV)/run.stamp: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/run.stamp

# Apart, since it is large; without dependencies, since the lock leaves out what is not needed.
$(VENV)-bench/bench.stamp: requirements-bench.lock pyproject.toml
	test -x $(VENV)-bench/bin/python || $(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements-bench.lock
	$(VENV)-bench/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Needs `uv`; run after a change of dependencies in pyproject.toml.
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --quiet
lock:
	$(LOCK) --group build -o requirements.lock
	$(LOCK) --group dev -o requirements-dev.lock
	$(LOCK) --group bench -o requirements-bench.lock
