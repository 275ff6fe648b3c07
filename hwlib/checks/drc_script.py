"""The design rules as a KLayout DRC script, written from the same list that the checker runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hwlib.checks.rules import Rule, design_rules
from hwlib.errors import harmless
from hwlib.process import Process
from hwlib.writing import write_atomic

_HEADER = """\
# Design rules of process {name}, for KLayout 0.28 or later. Written by spinhop from the process description.
# In the application: Tools > DRC > New DRC Script, paste, run. On the command line:
#   klayout -b -r {name}.drc -rd input=layout.gds -rd report=layout.lyrdb
source($input) if $input
$report ? report("DRC {name}", $report) : report("DRC {name}")
deep
"""


def drc_script(process: Process) -> str:
    """The text of a KLayout DRC script (.drc) that checks every rule of the process."""
    process.check_names()
    parts = [_HEADER.format(name=process.name)]
    for name, layer in process.layers.items():
        parts.append(f"l_{name} = input({layer.gds[0]}, {layer.gds[1]})")
    parts.append("")
    rules = design_rules(process)
    for rule in rules:
        if rule.kind in _WRITERS:
            text = _WRITERS[rule.kind](rule, process)
            parts.append(f"# {rule.name}: {harmless(rule.text)}\n{text}")
    parts.append(_as_drawn(process, [rule for rule in rules if rule.kind not in _WRITERS]))
    return "\n".join(parts) + "\n"


def write_drc_script(process: Process, path: str | Path) -> Path:
    """Write the DRC script of a process."""
    return write_atomic(Path(path), lambda p: p.write_text(drc_script(process), encoding="utf-8"))


def _quoted(text: str) -> str:
    """A Ruby string in which nothing is replaced or executed."""
    return '"' + re.sub(r'(["#\\])', r"\\\1", harmless(text)) + '"'


def _output(rule: Rule, part: str = "") -> str:
    return f".output({_quoted(rule.name + part)}, {_quoted(rule.text)})"


def _um(value: float) -> str:
    return f"{value * 1e6:.9g}.um" if value else "0.0.um"


def _single(call: str) -> Callable[[Rule, Process], str]:
    return lambda rule, _: f"l_{rule.layers[0]}.{call.format(value=_um(rule.value))}{_output(rule)}"


def _area(rule: Rule, _: Process) -> str:
    return f"l_{rule.layers[0]}.with_area(nil, {rule.value * 1e12:.9g}.um2){_output(rule)}"


def _size(rule: Rule, _: Process) -> str:
    name, size = f"l_{rule.layers[0]}", _um(rule.value)
    parts = f"{name}.non_rectangles + {name}.without_bbox_width({size}) + {name}.without_bbox_height({size})"
    return f"({parts}).merged{_output(rule)}"


def _enclosure(rule: Rule, _: Process) -> str:
    outer, inner = (f"l_{name}" for name in rule.layers)
    if rule.touching_only:
        inner = f"{inner}.interacting({outer})"
    grown = f"{inner}.sized({_um(rule.value)})" if rule.value else inner
    return f"({grown} - {outer}){_output(rule)}"


def _separation(rule: Rule, _: Process) -> str:
    first, second = (f"l_{name}" for name in rule.layers)
    return (
        f"({first} & {second}){_output(rule)}\n{first}.separation({second}, {_um(rule.value)})"
        f"{_output(rule, '.distance')}"
    )


def _extension(rule: Rule, _: Process) -> str:
    layer, past = f"l_{rule.layers[0]}", "part"
    sideways, upright = (f"{past}.sized({grown})" for grown in (f"{_um(rule.value)}, 0.0", f"0.0, {_um(rule.value)}"))
    short = f"{past}.interacting({sideways}.not_inside({layer})).interacting({upright}.not_inside({layer}))"
    return f"part = l_{rule.layers[1]} & {layer}\n{short}{_output(rule)}"


def _overlap(rule: Rule, _: Process) -> str:
    first, second = (f"l_{name}" for name in rule.layers)
    return (
        f"common = {first} & {second}\n{first}.not_interacting(common){_output(rule)}\n"
        f"common.width({_um(rule.value)}){_output(rule, '.narrow')}"
    )


def _acute(rule: Rule, _: Process) -> str:
    name = f"l_{rule.layers[0]}"
    return f"({name}.corners(90.1 .. 180.0) + {name}.corners(-180.0 .. -90.1)).merged{_output(rule)}"


def _density(rule: Rule, _: Process) -> str:
    layer, outline = (f"l_{name}" for name in rule.layers)
    return (
        f"chip = {outline}.is_empty? ? extent : {outline}\n"
        f"chip{_output(rule)} if ({layer} & chip).area < {rule.value:.9g} * chip.area"
    )


def _unknown(rule: Rule, process: Process) -> str:
    known = sorted({n for layer in process.layers.values() for n in (layer.gds, layer.label) if n})
    numbers = ", ".join(f"[{a}, {b}]" for a, b in known)
    return (
        f"known = [{numbers}]\n"
        "source.layout.layer_infos.each do |info|\n"
        "  next if known.include?([info.layer, info.datatype])\n"
        f"  input(info.layer, info.datatype){_output(rule)}\n"
        "end"
    )


# Polygons as drawn, cell by cell: what they enclose twice or the other way round, and cells that lie on their like.
# In KLayout's deep mode a polygon whose two halves cancel is gone before any rule sees it.
_AS_DRAWN = """\
drawn = source.layout.dup
drawn_top = drawn.cell(source.cell_obj.name)
crossing = lambda do |layer, datatype|
  index = drawn.find_layer(layer, datatype)
  marks = drawn.insert_layer(RBA::LayerInfo::new("crossing_#{layer}_#{datatype}"))
  drawn.each_cell do |cell|
    raw = RBA::Region::new
    raw.merged_semantics = false
    cell.shapes(index).each(RBA::Shapes::SPolygons) { |shape| raw.insert(shape.polygon) } if index
    cell.shapes(marks).insert(raw.strange_polygon_check)
  end
end
doubled = drawn.insert_layer(RBA::LayerInfo::new("doubled"))
drawn.each_cell do |cell|
  found = Hash::new(0)
  cell.each_inst { |inst| inst.cell_inst.each_cplx_trans { |trans| found[[inst.cell_index, trans.to_s]] += 1 } }
  cell.each_inst do |inst|
    inst.cell_inst.each_cplx_trans do |trans|
      key = [inst.cell_index, trans.to_s]
      cell.shapes(doubled).insert(inst.cell.bbox.transformed(trans)) if found[key] > 1
      found[key] = 0
    end
  end
end
"""


def _as_drawn(process: Process, rules: list[Rule]) -> str:
    """The part of the script that looks at cells as they are drawn; it ends with another source."""
    numbers = [layer.gds for layer in process.layers.values()]
    lines = [_AS_DRAWN, *(f"crossing.call({layer}, {datatype})" for layer, datatype in numbers)]
    lines.append("source(drawn, drawn_top)")
    for rule in rules:
        marks = "doubled"
        if rule.kind == "simple":
            marks = "crossing_{}_{}".format(*process.layers[rule.layers[0]].gds)
        lines.append(f"# {rule.name}: {harmless(rule.text)}\ninput({_quoted(marks)}){_output(rule)}")
    return "\n".join(lines)


def _outline(rule: Rule, _: Process) -> str:
    layer, outline = (f"l_{name}" for name in rule.layers)
    return f"({layer} - {outline}){_output(rule)} unless {outline}.is_empty?"


def _label(rule: Rule, process: Process) -> str:
    label = process.layers[rule.layers[0]].label
    assert label is not None  # only such layers have the rule
    return f"polygons({label[0]}, {label[1]}){_output(rule)}"


_WRITERS: dict[str, Callable[[Rule, Process], str]] = {
    "width": _single("width({value})"),
    "space": _single("space({value})"),
    "grid": _single("ongrid({value})"),
    "orthogonal": _single("non_rectilinear"),
    "area": _area,
    "size": _size,
    "enclosure": _enclosure,
    "separation": _separation,
    "extension": _extension,
    "overlap": _overlap,
    "acute": _acute,
    "density": _density,
    "unknown": _unknown,
    "outline": _outline,
    "label": _label,
}
