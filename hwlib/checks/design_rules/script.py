"""The design rules as a KLayout DRC script, written from the same list that the checker runs."""

from __future__ import annotations

from pathlib import Path

from hwlib.checks.design_rules.kind import RULE_KINDS
from hwlib.checks.design_rules.ruby import FILES, FILL_CROSSING
from hwlib.checks.design_rules.rule import design_rules
from hwlib.errors import harmless
from hwlib.process import Process
from hwlib.storage.writing import write_atomic

_HEADER = """\
# Design rules of process {name}, for KLayout 0.28 or later. Written by spinhop from the process description.
# In the application: Tools > DRC > New DRC Script, paste, run. On the command line:
#   klayout -b -r {name}.drc -rd input=layout.gds -rd report=layout.lyrdb
# -rd top=CELL picks a cell. A file that cannot be checked is one line, and exit code 2.
"""
_OPEN = """\
if $input
  begin
    given = RBA::Layout::new
    given.read($input)
    source(given, only_cell.call(given, $top))
  rescue StandardError => e
    $stderr.puts plain.call(e.message)[0, 200]
    exit(2)
  end
end
$report ? report($title, $report) : report($title)
deep
"""
# Polygons that cross themselves are marked and filled in a copy: in deep mode one whose halves cancel would be gone
# before any rule sees it.
_AS_DRAWN = """\
drawn = source.layout.dup
top = drawn.cell(source.cell_obj.name)
[{numbers}].each do |layer, datatype|
  index = drawn.find_layer(layer, datatype)
  marks = drawn.insert_layer(RBA::LayerInfo::new("crossing_#{{layer}}_#{{datatype}}"))
  next if index.nil?
  drawn.each_cell do |cell|
    fill_crossing.call(cell.shapes(index)) {{ |where| cell.shapes(marks).insert(where) }}
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
absent = drawn.insert_layer(RBA::LayerInfo::new("absent"))
drawn.each_cell do |cell|
  next unless cell.is_ghost_cell?
  cell.each_parent_cell do |index|
    first = drawn.cell(index).each_inst.find {{ |inst| inst.cell_index == cell.cell_index }}
    place = first.trans.disp
    drawn.cell(index).shapes(absent).insert(RBA::Box::new(place.x - 1, place.y - 1, place.x + 1, place.y + 1))
  end
end
source(drawn, top)
"""


def drc_script(process: Process) -> str:
    """The text of a KLayout DRC script (.drc) that checks every rule of the process."""
    process.check_names()
    numbers = ", ".join(f"[{layer}, {datatype}]" for layer, datatype in (x.gds for x in process.layers.values()))
    head = _HEADER.format(name=process.name) + FILES + _OPEN.replace("$title", f'"DRC {process.name}"')
    parts = [head + FILL_CROSSING + _AS_DRAWN.format(numbers=numbers)]
    for name, layer in process.layers.items():
        parts.append(f"l_{name} = polygons({layer.gds[0]}, {layer.gds[1]})")  # no texts, which are boxes of two units
    parts.append("")
    for rule in design_rules(process):
        text = RULE_KINDS[rule.kind].write(rule, process)
        parts.append(f"# {rule.name}: {harmless(rule.text)}\n{text}")
    return "\n".join(parts) + "\n"


def write_drc_script(process: Process, path: str | Path) -> Path:
    """Write the DRC script of a process."""
    return write_atomic(Path(path), lambda p: p.write_text(drc_script(process), encoding="utf-8"))
