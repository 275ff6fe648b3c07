"""The design rules as a KLayout DRC script, written from the same list that the checker runs."""

from __future__ import annotations

from pathlib import Path

from hwlib.checks.design_rules.kind import RULE_KINDS
from hwlib.checks.design_rules.rule import design_rules
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
        text = RULE_KINDS[rule.kind].write(rule, process)
        parts.append(f"# {rule.name}: {harmless(rule.text)}\n{text}")
    return "\n".join(parts) + "\n"


def write_drc_script(process: Process, path: str | Path) -> Path:
    """Write the DRC script of a process."""
    return write_atomic(Path(path), lambda p: p.write_text(drc_script(process), encoding="utf-8"))
