"""The house: arrows that run one way between rooms, no import circle, every stem and every class name once."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hwlib", "sim", "layouts", "spinhop")
MAY_IMPORT = {
    "hwlib": {"hwlib"}, "sim": {"sim", "hwlib"}, "layouts": {"layouts", "hwlib"}, "spinhop": set(ROOMS),
}  # fmt: skip
DRAWING = {"gdsfactory", "kfactory", "klayout"}
DRAWING_PARTS = ("hwlib.technology", "hwlib.cells", "hwlib.drawing", "hwlib.extraction", "hwlib.checks")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in SOURCES}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def imports(name: str) -> Iterator[str]:
    """Modules that a file imports, anywhere in it: also inside functions, and for types alone."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{name}: relative import"
            yield from _from(node.module, node)


def lazy(name: str) -> Iterator[str]:
    """Modules whose names a package offers, and loads when they are first used (its stub)."""
    stub = MODULES[name].with_suffix(".pyi")
    if stub.exists():
        for node in ast.walk(ast.parse(stub.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                yield from _from(f"{name}.{node.module}" if node.module else name, node)


def named(name: str) -> Iterator[str]:
    """Modules that a text of a file names, alone or before a colon: registries load them when they are asked for."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            yield node.value.split(":")[0]


def _from(module: str, node: ast.ImportFrom) -> Iterator[str]:
    for alias in node.names:
        part = f"{module}.{alias.name}"
        yield part if part in MODULES else module


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_run_one_way(room):
    for name in MODULES:
        if name.split(".")[0] == room:
            rooms = {imported.split(".")[0] for imported in imports(name)} & set(ROOMS)
            assert rooms <= MAY_IMPORT[room], f"{name} imports {rooms - MAY_IMPORT[room]}"


def test_sim_knows_no_drawing():
    for name in MODULES:
        if name.startswith("sim"):
            for imported in imports(name):
                assert imported.split(".")[0] not in DRAWING, f"{name} imports {imported}"
                assert not imported.startswith(DRAWING_PARTS), f"{name} imports {imported}"


def test_no_import_circle():
    """Imports inside functions and for types alone count as well, and what packages and registries load later."""
    graph = nx.DiGraph()
    for name in MODULES:
        graph.add_edges_from((name, other) for other in {*imports(name), *lazy(name), *named(name)} if other in MODULES)
    circles = [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]
    assert not circles, [list(graph.subgraph(circle).edges) for circle in circles]
    assert graph.number_of_edges() > 1000


def test_every_file_stem_stands_once():
    found = defaultdict(list)
    for path in SOURCES:
        if path.stem not in ("__init__", "__main__"):
            found[path.stem].append(str(path.relative_to(ROOT)))
    assert not {stem: paths for stem, paths in found.items() if len(paths) > 1}


def test_every_class_name_stands_once():
    found = defaultdict(list)
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name)
    assert not {each: names for each, names in found.items() if len(names) > 1}


def test_no_name_of_a_package_hides_a_module_of_it():
    """``import sim.spice.deck_law as m`` gave a function."""
    for name, path in MODULES.items():
        for file in {path, path.with_suffix(".pyi")} if path.stem == "__init__" else ():
            for node in ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else ():
                offered = [getattr(node, "name", "")]
                if isinstance(node, ast.ImportFrom) and node.module and (node.level or node.module != name):
                    offered = [alias.asname or alias.name for alias in node.names]
                assert not [each for each in offered if f"{name}.{each}" in MODULES], name


def test_private_names_stay_in_their_module():
    """None is imported; a private attribute is written where its class writes it as well, or is Numba's."""
    numbas = {"_source_stamp", "_customize_flags"}
    for name, tree in TREES.items():
        nodes = list(ast.walk(tree))
        taken = [alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
        assert not [each for each in taken if _private(each)], name
        written = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
        own = {node.attr for node in written if ast.unparse(node.value) == "self"}
        own |= {getattr(node.target, "id", "") for node in nodes if isinstance(node, ast.AnnAssign)}
        assert not {node.attr for node in written if _private(node.attr)} - own - numbas, name


def _private(name):
    return name.startswith("_") and not name.endswith("__")
