"""Files that a reader of the docs has before a page begins, small ones: each is made in the current folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spinhop.cli import main

DESIGN = """
name: design
process: copper_thick
network: {neurons: 3, weight_style: lines}
task: {trials: 2}
variation:
  spreads:
    leak: {sigma: 0.2, die: 1.0}
search:
  axes: {operating_point.weight: [60 mV, 120 mV]}
  objectives: [time]
  trials: 2
"""
STUDY = """
name: weight_and_tmr
design: hopfield_8.yaml
wires: ideal
method: grid
trials: 1
axes:
  operating_point.weight: {low: 60 mV, high: 100 mV, count: 2}
  device.tmr: [1, 2, 3]
  process: [ebeam, copper]
"""

WARM = """
name: warm_design
process: copper_thick
network: {neurons: 3, weight_style: lines}
operating_point: {load: 20 ns}
task: {trials: 2, time_limit: 50 ns}
"""

MINE = """
name: mine
process: metals.yaml
network: {neurons: 3, dendrite_width: 200 nm, weight_width: 100 nm}
operating_point: {v_charge: 50 mV, weight: 50 mV}
"""


def _file(name: str, text: str) -> Callable[[], object]:
    return lambda: Path(name).write_text(text)


def _picture(name: str, rows: list[str]) -> Callable[[], object]:
    def draw() -> None:
        from PIL import Image

        picture = Image.new("L", (len(rows[0]), len(rows)), 255)
        picture.putdata([0 if bit == "1" else 255 for row in rows for bit in row])
        picture.save(name)

    return draw


def _spinhop(*words: str) -> None:
    try:
        main(words)
    except SystemExit as left:
        assert not left.code, (words, left.code)  # what is given works


def _small_study() -> None:
    GIVEN["design.yaml"]()
    Path("study.yaml").write_text(STUDY.replace("hopfield_8", "design").replace("weight_and_tmr", "study"))


def _graph() -> None:
    _example("maxcut_8", "a_graph")
    Path("graph.txt").write_text(Path("a_graph/graph_8.txt").read_text())


def _study() -> None:
    Path("small_study.yaml").write_text(STUDY)
    _example("hopfield_8")
    _spinhop("sweep", "small_study.yaml", "--workers", "1")


def _example(name: str, folder: str = ".") -> None:
    if not (Path(folder) / f"{name}.yaml").exists():
        _spinhop("examples", "copy", name, "--out", folder)


def _edited() -> None:
    import layouts
    from hwlib.design import load_design

    design = load_design(next(name for name in ("mine.yaml", "design.yaml") if Path(name).exists()))
    layouts.write_layout(layouts.hopfield(design), Path("edited.gds"))


def _parasitics() -> None:
    GIVEN["design.yaml"]()
    _spinhop("extract", "design.yaml", "--out", "runs/extracted")
    Path("wires.spef").write_bytes(Path("runs/extracted/network.spef").read_bytes())


def _trial() -> None:
    _example("hopfield_8")
    _spinhop("simulate", "hopfield_8.yaml")


GIVEN: dict[str, Callable[[], object]] = {
    "design.yaml": _file("design.yaml", DESIGN),
    "my_design.yaml": _file(
        "my_design.yaml", DESIGN.partition("variation:")[0].replace("name: design", "name: my_design")
    ),
    "warm_design.yaml": _file("warm_design.yaml", WARM),
    "mine_design.yaml": _file("mine_design.yaml", MINE),
    "hopfield_8.yaml": lambda: _example("hopfield_8"),
    "layouts/examples/hopfield_8.yaml": lambda: _example("hopfield_8", "layouts/examples"),
    "layouts/examples/images_25.yaml": lambda: _example("images_25", "layouts/examples"),
    "graph.txt": _graph,
    "a.png": _picture("a.png", ["11000", "11000", "11000", "11000", "11000"]),
    "b.png": _picture("b.png", ["11111", "11111", "00000", "00000", "00000"]),
    "edited.gds": _edited,
    "wires.spef": _parasitics,
    "study.yaml": _small_study,
    "studies/weight_and_tmr": _study,
    "runs/hopfield_8/drawn.nc": _trial,
}
