"""The design rules as a KLayout DRC script, written from the same list that the checker runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hwlib.checks.design_rules.rule import Rule, design_rules
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
# A polygon that crosses itself is marked and replaced by all it encloses, in a copy: in deep mode one whose halves
# cancel would be gone before any rule sees it.
_AS_DRAWN = """\
drawn = source.layout.dup
top = drawn.cell(source.cell_obj.name)
strange = lambda do |polygons|
  raw = RBA::Region::new
  raw.merged_semantics = false
  polygons.each {{ |polygon| raw.insert(polygon) }}
  raw.strange_polygon_check
end
[{numbers}].each do |layer, datatype|
  index = drawn.find_layer(layer, datatype)
  marks = drawn.insert_layer(RBA::LayerInfo::new("crossing_#{{layer}}_#{{datatype}}"))
  drawn.each_cell do |cell|
    next if index.nil?
    polygons = cell.shapes(index).each(RBA::Shapes::SPolygons).collect {{ |shape| shape.polygon }}
    next if strange.call(polygons).is_empty?
    kept = RBA::Shapes::new
    cell.shapes(index).each do |shape|
      polygon = shape.is_polygon? ? shape.polygon : nil
      found = strange.call(polygon ? [polygon] : [])
      if found.is_empty?
        kept.insert(shape)
      else
        covered = RBA::Region::new(polygon).merged
        cell.shapes(marks).insert(polygon.area == 0 ? covered : found)
        kept.insert(covered)
      end
    end
    cell.shapes(index).clear
    cell.shapes(index).insert(kept)
  end
end
doubled = drawn.insert_layer(RBA::LayerInfo::new("doubled"))
drawn.each_cell do |cell|
  found = Hash::new(0)
  cell.each_inst {{ |inst| inst.cell_inst.each_cplx_trans {{ |trans| found[[inst.cell_index, trans.to_s]] += 1 }} }}
  cell.each_inst do |inst|
    inst.cell_inst.each_cplx_trans do |trans|
      key = [inst.cell_index, trans.to_s]
      cell.shapes(doubled).insert(inst.cell.bbox.transformed(trans)) if found[key] > 1
      found[key] = 0
    end
  end
end
source(drawn, top)
"""


def drc_script(process: Process) -> str:
    """The text of a KLayout DRC script (.drc) that checks every rule of the process."""
    process.check_names()
    numbers = ", ".join(f"[{layer}, {datatype}]" for layer, datatype in (x.gds for x in process.layers.values()))
    parts = [_HEADER.format(name=process.name), _AS_DRAWN.format(numbers=numbers)]
    for name, layer in process.layers.items():
        parts.append(f"l_{name} = input({layer.gds[0]}, {layer.gds[1]})")
    parts.append("")
    for rule in design_rules(process):
        text = _WRITERS[rule.kind](rule, process)
        parts.append(f"# {rule.name}: {harmless(rule.text)}\n{text}")
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
        "  next if info.is_named? || known.include?([info.layer, info.datatype])\n"
        f"  input(info.layer, info.datatype){_output(rule)}\n"
        "end"
    )


def _simple(rule: Rule, process: Process) -> str:
    layer, datatype = process.layers[rule.layers[0]].gds
    return f'input("crossing_{layer}_{datatype}"){_output(rule)}'


def _outline(rule: Rule, process: Process) -> str:
    layer, outline = (f"l_{name}" for name in rule.layers)
    number = "{}, {}".format(*process.layers[rule.layers[1]].gds)
    own = f"top.shapes(drawn.layer({number})).is_empty?"  # of a macro within the top cell: it does not bind the rest
    return f"({layer} - {outline}){_output(rule)} unless {own}"


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
    "simple": _simple,
    "outline": _outline,
    "label": _label,
    "doubled": lambda rule, _: f'input("doubled"){_output(rule)}',
}
