"""The design rules of a process as one list, which the check runs and the KLayout script is written from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hwlib.findings import Severity
from hwlib.process import Process


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: such as ``m2.space`` or ``m1.encloses.v1``.
        kind: what is measured (``kind.RULE_KINDS``).
        layers: the layer; or outer and inner; or the two that keep apart or overlap; or what extends past what.
        value: the limit in SI units (m, m², a fraction, or 0).
        text: the rule in words, for reports.
        touching_only: an enclosure that binds only those inner shapes which touch the outer layer (markers).
        severity: of its findings.
    """

    name: str
    kind: str
    layers: tuple[str, ...]
    value: float
    text: str
    touching_only: bool = False
    severity: Severity = "error"


Source = Callable[[Process], list[Rule]]
SOURCES: list[Source] = []


def add_source(source: Source) -> Source:
    """Add rules to every check: ``source`` makes those of a process. They come after the ones that are there."""
    SOURCES.append(source)
    return source


def design_rules(process: Process) -> list[Rule]:
    """Every rule of the process, in the order of its layers, then the rules between layers and of the layout."""
    return [rule for source in SOURCES for rule in source(process)]


def _layers(process: Process) -> list[Rule]:
    return [rule for name in process.layers for rule in _layer_rules(process, name)]


def _separations(process: Process) -> list[Rule]:
    return [
        Rule(
            f"{r.first}.separation.{r.second}", "separation", (r.first, r.second), r.space,
            f"{r.first} and {r.second} keep {_nm(r.space)} apart and do not overlap",
        )
        for r in process.separations
    ]  # fmt: skip


def _known_layers(process: Process) -> list[Rule]:
    return [Rule("layer.unknown", "unknown", (), 0.0, f"only layers of process {process.name} are used")]


def _layer_rules(process: Process, name: str) -> list[Rule]:
    layer = process.layers[name]
    drawn = layer.kind != "marker"
    rules = []
    if layer.min_width and not layer.size:
        rules.append(Rule(f"{name}.width", "width", (name,), layer.min_width, f"width at least {_nm(layer.min_width)}"))
    if layer.size:
        text = f"a square of exactly {_nm(layer.size)}"
        rules.append(Rule(f"{name}.size", "size", (name,), layer.size, text))
    if layer.min_space:
        rules.append(Rule(f"{name}.space", "space", (name,), layer.min_space, f"space at least {_nm(layer.min_space)}"))
    if layer.min_area:
        text = f"area at least {layer.min_area * 1e18:.6g} nm²"
        rules.append(Rule(f"{name}.area", "area", (name,), layer.min_area, text))
    if layer.min_density:
        text = f"at least {layer.min_density:.3g} of the outline is covered"
        rules.append(Rule(f"{name}.density", "density", (name, "outline"), layer.min_density, text))
    rules.append(Rule(f"{name}.grid", "grid", (name,), process.grid, f"vertices on the {_nm(process.grid)} grid"))
    if drawn:
        rules.append(Rule(f"{name}.acute", "acute", (name,), 0.0, "no corner sharper than 90°"))
    # Devices are measured along the axes, and a via's area is its edge length squared: no slanted edges there.
    if layer.kind in ("device", "via") or name == "pin":
        rules.append(Rule(f"{name}.orthogonal", "orthogonal", (name,), 0.0, "edges parallel to the axes"))
    return rules


def _drawing_rules(process: Process) -> list[Rule]:
    """What holds in any process: how polygons are drawn, and what is likely to be a slip."""
    text = "polygons neither cross nor overlap themselves"
    rules = [Rule(f"{name}.simple", "simple", (name,), 0.0, text) for name in process.layers]
    for name, layer in process.layers.items():
        if layer.kind != "marker":
            text = "all lies within the outline"
            rules.append(Rule(f"{name}.outline", "outline", (name, "outline"), 0.0, text, severity="warning"))
    for name, layer in process.layers.items():
        if layer.label:
            text = f"the labels of {name} are texts"
            rules.append(Rule(f"{name}.label", "label", (name,), 0.0, text, severity="warning"))
    text = "no cell lies on another that draws the same"
    rules.append(Rule("layout.doubled", "doubled", (), 0.0, text, severity="warning"))
    text = "every cell that is placed is in the file"
    return [*rules, Rule("layout.absent", "absent", (), 0.0, text, severity="warning")]


def _enclosures(process: Process) -> list[Rule]:
    """Enclosures of the file, and those that follow from what a via and a pillar are (margin 0)."""
    pairs = [(r.outer, r.inner) for r in process.enclosures]
    pairs += [(end, name) for name, layer in process.of_kind("via").items() for end in layer.connects or ()]
    pairs += [(outer, "pillar") for outer in ("track", "read", "m1")]
    rules = []
    for outer, inner in dict.fromkeys(pairs):
        margin, marker = process.enclosure(outer, inner), process.layers[outer].kind == "marker"
        by = f"by at least {_nm(margin)} " if margin else ""
        which = f"{inner} under {outer} is" if marker else f"{inner} is"
        rules.append(
            Rule(f"{outer}.encloses.{inner}", "enclosure", (outer, inner), margin, f"{which} enclosed {by}", marker)
        )
    return [Rule(r.name, r.kind, r.layers, r.value, r.text.strip(), r.touching_only) for r in rules]


def _extensions(process: Process) -> list[Rule]:
    return [
        Rule(
            f"{r.layer}.extends.{r.past}", "extension", (r.layer, r.past), r.by,
            f"{r.layer} reaches {_nm(r.by)} beyond {r.past} on two opposite sides",
        )
        for r in process.extensions
    ]  # fmt: skip


def _overlaps(process: Process) -> list[Rule]:
    return [
        Rule(
            f"{r.first}.overlap.{r.second}", "overlap", (r.first, r.second), r.width,
            f"{r.first} overlaps {r.second} over at least {_nm(r.width)}",
        )
        for r in process.overlaps
    ]  # fmt: skip


def _nm(value: float) -> str:
    return f"{value * 1e9:.6g} nm"


for _source in (_layers, _enclosures, _separations, _extensions, _overlaps, _known_layers, _drawing_rules):
    add_source(_source)
