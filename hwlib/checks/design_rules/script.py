"""The design rules as a KLayout DRC script, written from the same list that the checker runs."""

from __future__ import annotations

from pathlib import Path

from hwlib.argument_kinds import takes_kinds
from hwlib.checks.design_rules.kind import RULE_KINDS
from hwlib.checks.design_rules.ruby import FILES, FILL_CROSSING
from hwlib.checks.design_rules.rule import design_rules
from hwlib.drawing.doubled_cells import MOST_PILLARS
from hwlib.errors import harmless
from hwlib.process import Process
from hwlib.storage.writing import write_text

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
layers = drawn.layer_indexes
doubled = drawn.insert_layer(RBA::LayerInfo::new("doubled"))
pillars = drawn.find_layer({pillar})
known = {{}}
contents = lambda do |cell, turn|
  large = pillars && RBA::Region::new(cell.begin_shapes_rec(pillars)).count > {most}
  next known[[cell.cell_index, turn.to_s]] = [cell.cell_index, turn.to_s] if large
  box = cell.bbox.transformed(turn)
  place = RBA::ICplxTrans::new(-box.left, -box.bottom) * turn
  known[[cell.cell_index, turn.to_s]] = layers.collect do |layer|
    shapes = RBA::Region::new(cell.begin_shapes_rec(layer)).transformed(place).merged
    texts = RBA::Texts::new(cell.begin_shapes_rec(layer)).each.collect do |text|
      [text.string, (place * RBA::Point::new(text.x, text.y)).to_s]
    end
    [shapes.each.collect(&:to_s).sort, texts.sort]
  end
end
drawn.each_cell do |cell|
  at = Hash::new {{ |boxes, box| boxes[box] = [] }}
  cell.each_inst do |inst|
    next if inst.cell.bbox.empty?
    inst.cell_inst.each_cplx_trans do |trans|
      box = inst.cell.bbox.transformed(trans)
      turn = RBA::ICplxTrans::new(trans, 1.0, RBA::Vector::new(-trans.disp.x, -trans.disp.y))
      at[box.to_s] << [box, inst.cell, turn]
    end
  end
  at.each_value do |lying|
    next if lying.size == 1
    one = lying.collect {{ |_, inner, turn| [inner.cell_index, turn.to_s] }}.uniq.size == 1
    alike = lying.group_by do |_, inner, turn|
      one ? 0 : known[[inner.cell_index, turn.to_s]] || contents.call(inner, turn)
    end
    alike.each_value {{ |same| cell.shapes(doubled).insert(same[0][0]) if same.size > 1 }}
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


@takes_kinds
def drc_script(process: Process) -> str:
    """The text of a KLayout DRC script (.drc) that checks every rule of the process."""
    process.check_names()
    numbers = ", ".join(f"[{layer}, {datatype}]" for layer, datatype in (x.gds for x in process.layers.values()))
    head = _HEADER.format(name=process.name) + FILES + _OPEN.replace("$title", f'"DRC {process.name}"')
    pillar = "{}, {}".format(*process.layers["pillar"].gds)
    as_drawn = _AS_DRAWN.format(numbers=numbers, pillar=pillar, most=MOST_PILLARS)
    parts = [head + FILL_CROSSING + as_drawn]
    for name, layer in process.layers.items():
        parts.append(f"l_{name} = polygons({layer.gds[0]}, {layer.gds[1]})")  # no texts, which are boxes of two units
    parts.append("")
    for rule in design_rules(process):
        text = RULE_KINDS[rule.kind].write(rule, process)
        parts.append(f"# {rule.name}: {harmless(rule.text)}\n{text}")
    return "\n".join(parts) + "\n"


def write_drc_script(process: Process, path: str | Path, *, replace: bool = True) -> Path:
    """Write the DRC script of a process.

    Args:
        process: the process.
        path: the file.
        replace: it may be there.

    Raises:
        InputError: it is there and may not be.
        StorageError: the file cannot be written.
    """
    return write_text(Path(path), drc_script(process), replace=replace)
