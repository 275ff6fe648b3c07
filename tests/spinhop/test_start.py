"""A lean start: what importing a room and asking for help loads."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import layouts
from hwlib.design import load_design

ROOMS = ("hwlib", "sim", "layouts", "spinhop")
DRAWING = {"gdsfactory", "kfactory", "klayout"}
HEAVY = DRAWING | {"numba", "xarray", "matplotlib", "scipy", "pandas", "networkx", "h5py", "pint", "numpy"}


def _loaded(code: str) -> set[str]:
    """Top-level modules that a fresh Python has after running code."""
    program = f"import sys\n{code}\nprint('\\n'.join({{m.split('.')[0] for m in sys.modules}}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_loads_nothing_heavy():
    code = "from spinhop.cli import guarded, app\nguarded(lambda: app(['--help'], standalone_mode=False))"
    assert not _loaded(code) & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [
        ["schema"],
        ["new", "/dev/null/x.yaml"],
        ["run", "none.yaml"],
        ["run", "--help"],
        ["technology", "none"],
        ["views", "none.yaml"],
    ],
)
def test_light_commands_load_no_drawing_and_no_simulation(arguments):
    code = f"from spinhop.cli import guarded, app\nguarded(lambda: app({arguments}, standalone_mode=False))"
    assert not _loaded(code + "\nsys.stderr.write('\\n')") & (HEAVY - {"numpy", "pint"})


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_is_light(room):
    assert not _loaded(f"import {room}") & HEAVY


def test_simulating_loads_no_drawing():
    code = (
        "import sim\nfrom hwlib.design import Design\nfrom hwlib.schematic import ideal_network\n"
        "d = Design(name='a', network={'neurons': 3}); p = d.load_process()\n"
        "sim.recall(ideal_network(d, p), d, p, trials=1)\nassert 'scipy.stats' not in sys.modules"
    )
    loaded = _loaded(code)
    assert "xarray" in loaded and not loaded & DRAWING


def test_checking_a_layout_loads_nothing_that_draws_or_plots(tmp_path):
    """Only drawing it needs gdsfactory; arrays and units that are usual need neither xarray nor pint."""
    design, drawn = tmp_path / "d.yaml", tmp_path / "d.oas"
    design.write_text("name: d\nnetwork: {neurons: 2}\n")
    plan = load_design(design)
    layouts.write_layout(layouts.hopfield(plan), drawn)
    arguments = ["check", str(design), "--layout", str(drawn), "--out", str(tmp_path / "run"), "--json"]
    command = f"guarded(lambda: app({arguments}, standalone_mode=False))"
    loaded = _loaded(f"from spinhop.cli import guarded, app\nassert {command} in (0, 1)\nsys.stderr.write('\\n')")
    assert {"klayout", "netCDF4", "numpy"} <= loaded
    assert not loaded & {"gdsfactory", "kfactory", "matplotlib", "xarray", "pandas", "dask", "numba", "pint"}


def test_reading_results_does_not_load_dask_s_arrays(synthetic_run):
    """xarray loads them, which takes half a second where Dask is installed, for any variable that it makes anew."""
    folder = synthetic_run()
    command = f"guarded(lambda: app(['report', {str(folder)!r}], standalone_mode=False))"
    code = f"from spinhop.cli import guarded, app\nassert {command} in (0, 1, None)"
    loaded = _loaded(code + "\nassert 'dask.array' not in sys.modules\nsys.stderr.write('\\n')")
    assert "xarray" in loaded


def _best_time(code: str, runs: int = 5) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return min(times)


def test_help_costs_little_more_than_typer_itself():
    """Relative to loading typer and rich's console, so that a slow machine does not matter; 0.5 s is the promise."""
    typer = _best_time("import typer, typer.rich_utils")
    spinhop = _best_time("from spinhop.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass")
    assert spinhop < 3 * typer + 0.1, (spinhop, typer)


def test_rules_load_no_layout_tools():
    code = "import sys, sim.rules; print(sorted({'klayout', 'gdsfactory'} & {m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_command_looks_for_no_garbage_as_it_ends():
    """After drawing Python would take half a second for that; what is left goes with the process."""
    code = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count())); from spinhop.__main__ import main"
    done = subprocess.run([sys.executable, "-c", f"{code}; main()", "--version"], capture_output=True, check=True)
    assert int(done.stdout.split()[-1]) > 1000
