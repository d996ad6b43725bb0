# The two commands a newcomer needs: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -u -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
SEED ?= 1
HOURS ?= 1
SEEDS ?= 1000
FIRST ?= 1
JOBS ?= 2
# Arguments for pytest, for example: make test ARGS="-k wrap_up"
ARGS ?=

export PYTHON
# Without compiled modules every process that a test starts would compile acd anew.
unexport PYTHONDONTWRITEBYTECODE

LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header

.PHONY: help run test check check-static fmt lab lab-install smoke sim design bench-idle-gap bench-ami \
	bench-matching bench-menu bench-metrics bench-report bench-restart bench-sim bench-store \
	proof-erlang docs-dashboards docs-menus docs-metrics docs-pictures docs-pooling fault-table soak \
	soak-seeds lock clean venv venv-run

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | \
		while IFS=$$'\t' read -r name what; do printf '  make %-16s %s\n' "$$name" "$$what"; done

run: venv-run ## the daemon against the built-in simulated PBX, live in the terminal
	@exec $(BIN)/acd demo $(ARGS)

# More processes than processors, because not a few of these tests wait: in the first run for a
# simulated PBX (tests/conftest.py puts those that compute among them), in the second for calls.
test: venv lab-install ## the whole suite, with the real Asterisk where the lab can be had
	@rm -f .test-tally.json .fault-tally.jsonl; status=0; \
	$(BIN)/python -m pytest -m "not asterisk" -n $$(($(JOBS) + 2)) --dist loadgroup \
		--tally-to=.test-tally.json $(ARGS) || status=$$?; \
	$(BIN)/python -m pytest -m asterisk -n $$(($(JOBS) + 1)) --dist loadfile \
		--tally-from=.test-tally.json $(ARGS) || status=$$?; \
	exit $$status

check: check-static ## the gate: format, lint, types, layers, fast tests; it is to take no more than 60 s
	@$(BIN)/python -m pytest -m "not asterisk and not slow" -n $(JOBS) --dist loadgroup -q $(ARGS)

check-static: venv ## format, lint and types alone
	@status=0; \
	$(BIN)/ruff format --check . || { echo "make fmt puts these right."; status=1; }; \
	$(BIN)/ruff check --quiet . || status=1; \
	$(BIN)/mypy || status=1; \
	exit $$status

fmt: venv ## put the format right, and what ruff can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lab: venv lab-install ## a real Asterisk with the sample dialplan, kept for hands-on work
	@exec $(BIN)/python -m tests.lab $(ARGS)

# Without the lab the rest of the suite is still worth its time; its last lines say what is missing.
lab-install:
	@tests/lab/install.sh || echo "make: the lab could not be installed (see above); going on."

smoke: venv lab-install ## one real call for each menu option
	@exec $(BIN)/python -m bench.smoke $(ARGS)

sim: venv-run ## virtual time: make sim SEED=7 HOURS=24
	@exec $(BIN)/acd sim --seed $(SEED) --hours $(HOURS) $(ARGS)

docs-menus: venv ## verbs, keys and pictures of menus, from the models into docs/menus.md
	@$(BIN)/python -m acd.config.reference docs/menus.md

docs-metrics: venv ## every metric and its formulas, from the code into docs/metrics.md
	@$(BIN)/python -m acd.metricspage docs/metrics.md

docs-dashboards: venv ## Grafana's dashboards and docs/dashboards.md, from acd/dashboards
	@$(BIN)/python -m acd.dashboards.writing config/grafana/dashboards docs/dashboards.md

docs-pictures: venv lab-install ## redraw the dashboards' pictures from a run of some minutes
	@exec $(BIN)/python -m bench.dashboards docs $(ARGS)

design: venv ## redraw the machines in DESIGN.md from their tables
	@$(BIN)/python -m acd.drawings DESIGN.md

fault-table: venv ## write what the last run saw of the fault matrix into docs/reliability.md
	@$(BIN)/python -m tests.faults.table --write docs/reliability.md

bench-idle-gap: venv lab-install ## agent's hang-up to next ring, acd beside app_queue
	@exec $(BIN)/python -m bench.idle_gap $(ARGS)

bench-ami: venv ## the link's parser beside stock panoramisk
	@exec $(BIN)/python -m bench.ami $(ARGS)

proof-erlang: venv ## the router's waits beside Erlang C and Erlang A (about 3 min)
	@exec $(BIN)/python -m bench.erlang $(ARGS)

docs-pooling: venv ## redraw what a second skill is worth (some minutes)
	@exec $(BIN)/python -m bench.pooling docs/pooling.svg

bench-matching: venv ## what one event costs with 10,000 waiting calls
	@exec $(BIN)/python -m bench.matching $(ARGS)

bench-metrics: venv ## a scrape of a large centre, the stream's readers, the idle daemon
	@$(BIN)/python -m bench.metrics $(ARGS)

bench-sim: venv ## virtual time of a 500-agent centre
	@exec $(BIN)/python -m bench.sim $(ARGS)

bench-store: venv ## what the books cost: SQLite and PostgreSQL beside the event loop
	@exec $(BIN)/python -m bench.store $(ARGS)

bench-report: venv ## reports over five million calls in SQLite (some minutes)
	@exec $(BIN)/python -m bench.report $(ARGS)

bench-menu: venv ## a key to the next prompt, a large tree compiled, a large reload
	@$(BIN)/python -m bench.menu

bench-restart: venv lab-install ## killed with 1,000 living calls, 200 on a real Asterisk
	@exec $(BIN)/python -m bench.restart $(ARGS)

# The full counts of reliability.md's matrix; `make test` does what fits into minutes.
soak: soak-seeds lab-install ## a night: make soak SEEDS=100000, then every fault to its full count
	@ACD_SOAK_KILLS=1000 ACD_SOAK_COMMIT_KILLS=1000 ACD_SOAK_RESTARTS=96 \
	$(BIN)/python -m pytest tests/faults --soak $(ARGS); status=$$?; \
	$(BIN)/python -m tests.faults.table; exit $$status

soak-seeds: venv ## virtual hours in which much goes wrong: make soak-seeds SEEDS=1 FIRST=17
	@$(BIN)/python -m bench.soak --seeds $(SEEDS) --first $(FIRST)

lock: venv ## renew the lock files (make lock ARGS=--upgrade for newer releases)
	@$(LOCK) --group build -o requirements.lock $(ARGS)
	@$(LOCK) --group build --group dev -c requirements.lock -o requirements-dev.lock $(ARGS)

clean: ## remove what was built here (the lab's cache stays)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis \
		.test-tally.json .fault-tally.jsonl dist build
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@.ci/venv requirements-dev.lock

venv-run:
	@.ci/venv requirements.lock
