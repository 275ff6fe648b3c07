"""A lean start, and arrows that run one way between the rooms."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hwlib", "sim", "layouts", "spinhop")
MAY_IMPORT = {
    "hwlib": {"hwlib"}, "sim": {"sim", "hwlib"}, "layouts": {"layouts", "hwlib"}, "spinhop": set(ROOMS),
}  # fmt: skip
DRAWING = {"gdsfactory", "kfactory", "klayout"}
HEAVY = DRAWING | {"numba", "xarray", "matplotlib", "bokeh", "scipy", "pandas", "networkx", "h5py", "pint", "numpy"}
DRAWING_PARTS = ("hwlib.pdk", "hwlib.cells", "hwlib.extraction", "hwlib.checks")


def _loaded(code: str) -> set[str]:
    """Top-level modules that a fresh Python has after running code."""
    program = f"import sys\n{code}\nprint('\\n'.join({{m.split('.')[0] for m in sys.modules}}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_loads_nothing_heavy():
    code = "from spinhop.cli import guarded, app\nguarded(lambda: app(['--help'], standalone_mode=False))"
    assert not _loaded(code) & HEAVY


@pytest.mark.parametrize(
    "arguments", [["schema"], ["new", "/dev/null/x.yaml"], ["run", "none.yaml"], ["run", "--help"]]
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
        "sim.recall(ideal_network(d, p), d, p, trials=1)"
    )
    loaded = _loaded(code)
    assert "xarray" in loaded and not loaded & DRAWING


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


# --- arrows ---


def _modules() -> dict[str, Path]:
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


def _imports(path: Path, *, top_level_only: bool = False) -> set[str]:
    """Modules a file imports, anywhere in it or only when it is itself imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _top_level(tree.body) if top_level_only else list(ast.walk(tree))
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, (ast.If, ast.Try)):
            found += _top_level(node.body)
        else:
            found.append(node)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_run_one_way(room):
    for name, path in MODULES.items():
        if name.split(".")[0] != room:
            continue
        rooms = {imported.split(".")[0] for imported in _imports(path)} & set(ROOMS)
        assert rooms <= MAY_IMPORT[room], f"{name} imports {rooms - MAY_IMPORT[room]}"


def test_sim_knows_no_drawing():
    for name, path in MODULES.items():
        if name.startswith("sim"):
            for imported in _imports(path):
                assert imported.split(".")[0] not in DRAWING, f"{name} imports {imported}"
                assert not imported.startswith(DRAWING_PARTS), f"{name} imports {imported}"


def test_no_import_cycles():
    """Of the imports made when a module is imported."""
    graph = {
        name: {n for n in _imports(path, top_level_only=True) if n in MODULES and n != name}
        for name, path in MODULES.items()
    }
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path[path.index(name) :], name])
        if name not in done:
            for following in sorted(graph[name]):
                # A package's own __init__ re-exports its parts; the parts do not need it to be whole.
                if not name.startswith(f"{following}."):
                    walk(following, (*path, name))
            done.add(name)

    for name in graph:
        walk(name, ())
