"""Ruby of KLayout's scripts: texts, polygons that cross themselves, and words for rules that write their own lines."""

from __future__ import annotations

import re
from collections.abc import Callable

from hwlib.checks.design_rules.rule import Rule
from hwlib.errors import harmless
from hwlib.process import Process

# What both scripts do with files from outside.
FILES = """\
# One line of printable text, whatever a file holds.
plain = lambda do |text|
  text.dup.force_encoding("UTF-8").scrub("?").lines.first.to_s.strip.gsub(/[^[:print:]]/, "?")
end
# The cell of a name, or the one top cell that holds anything.
only_cell = lambda do |layout, name|
  filled = layout.top_cells.reject { |cell| cell.bbox.empty? }
  cell = name ? layout.cell(name) : (filled.size == 1 ? filled[0] : nil)
  next cell if cell
  raise "the layout has no cell #{name.inspect}" if name
  raise filled.empty? ? "the layout is empty" : "the layout has #{filled.size} top cells; name one by -rd top="
end
"""
# In a copy of the shapes: a layout that the application opened to be viewed lets none be deleted.
FILL_CROSSING = """\
strange = lambda do |polygons|
  raw = RBA::Region::new
  raw.merged_semantics = false
  polygons.each { |polygon| raw.insert(polygon) }
  found = raw.strange_polygon_check
  slanted = raw.non_rectilinear
  next found unless found.is_empty? && !slanted.is_empty?
  # Where edges cross between two database units, a part may be less than one wide.
  box, finer = slanted.bbox, 1
  finer *= 2 while 2 * finer * [box.width, box.height].max < 2**29
  slanted = slanted.moved(-box.left, -box.bottom).transformed(RBA::ICplxTrans::new(finer.to_f))
  slanted.merged_semantics = false
  spots = slanted.strange_polygon_check.each.collect do |polygon|
    b = polygon.bbox
    RBA::Box::new(b.left / finer, b.bottom / finer, -(-b.right / finer), -(-b.top / finer))
  end
  RBA::Region::new(spots).moved(box.left, box.bottom)
end
# Polygons that cross themselves are replaced by all that they enclose. A block is given each with where it crosses.
fill_crossing = lambda do |shapes, &tell|
  drawn = shapes.each(RBA::Shapes::SPolygons).collect { |shape| shape.polygon }
  next if strange.call(drawn).is_empty?
  kept = RBA::Shapes::new
  shapes.each do |shape|
    polygon = shape.is_polygon? ? shape.polygon : nil
    found = strange.call(polygon ? [polygon] : [])
    if found.is_empty?
      kept.insert(shape)
    else
      covered = RBA::Region::new(polygon).merged
      tell.call(polygon.area == 0 && !covered.is_empty? ? covered : found) if tell
      kept.insert(covered)
    end
  end
  shapes.clear
  shapes.insert(kept)
end
"""


def ruby_text(text: str) -> str:
    """A text as a literal of Ruby in which nothing is replaced or executed."""
    return '"' + re.sub(r'(["#\\])', r"\\\1", harmless(text)) + '"'


def output(rule: Rule, part: str = "") -> str:
    """The call that reports what stands before it as violations of a rule, or of a part of it."""
    return f".output({ruby_text(rule.name + part)}, {ruby_text(rule.text)})"


def micrometres(value: float) -> str:
    """A length in m as the script writes it."""
    return f"{value * 1e6:.9g}.um" if value else "0.0.um"


def on_layer(call: str) -> Callable[[Rule, Process], str]:
    """Writer of a rule that is one call on its layer; ``{value}`` in it is the rule's."""
    return lambda rule, _: f"l_{rule.layers[0]}.{call.format(value=micrometres(rule.value))}{output(rule)}"
