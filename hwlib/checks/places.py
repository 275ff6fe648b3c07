"""Where a finding lies on the whole layout, whatever cell it was found in."""

from __future__ import annotations

import klayout.db as kdb

from hwlib.drawing.layout_file import read_layout, with_one_top
from hwlib.drawing.reader import Drawing, LayoutSource
from hwlib.findings import Finding

Box = tuple[float, float, float, float]


def first_place(cell: kdb.Cell) -> kdb.ICplxTrans:
    """How the first instance of a cell sits in the top cell."""
    place, layout = kdb.ICplxTrans(), cell.layout()
    while (parent := next(iter(cell.each_parent_inst()), None)) is not None:
        place = kdb.ICplxTrans(parent.child_inst().cplx_trans) * place
        cell = layout.cell(parent.parent_cell_index())
    return place


def places(layout: kdb.Layout, cell: kdb.Cell, most: int = 1000, under: kdb.Cell | None = None) -> list[kdb.DCplxTrans]:
    """Where a cell sits in the top cell (or in ``under``), for its first ``most`` places."""
    root = under or layout.top_cell()
    if cell.cell_index() == root.cell_index():
        return [kdb.DCplxTrans()]
    iterator = kdb.RecursiveInstanceIterator(layout, root)
    iterator.targets = [cell.cell_index()]
    found: list[kdb.DCplxTrans] = []
    while not iterator.at_end() and len(found) < most:
        found.append(iterator.dtrans() * iterator.inst_dtrans())
        iterator.next()
    return found


def marked_boxes(source: LayoutSource, findings: list[Finding]) -> list[Box | None]:
    """Left, bottom, right, top in m of each finding's marker in the top cell; None for one without a place.

    A finding of the design rules in a cell used many times is marked in its first instance.
    """
    if isinstance(source, Drawing):
        layout = source.layout
    else:
        layout = with_one_top(source if isinstance(source, kdb.Layout) else read_layout(source), str(source))
    metre = layout.dbu * 1e-6
    boxes: list[Box | None] = []
    for finding in findings:
        if finding.x is None or finding.y is None:
            boxes.append(None)
            continue
        half_x, half_y = finding.width / 2, finding.height / 2
        corners = (finding.x - half_x, finding.y - half_y, finding.x + half_x, finding.y + half_y)
        cell = layout.cell(finding.cell) if finding.check == "drc" and finding.cell else None
        box = kdb.Box(*(round(value / metre) for value in corners))
        if cell is not None:
            box = box.transformed(first_place(cell))
        boxes.append((box.left * metre, box.bottom * metre, box.right * metre, box.top * metre))
    return boxes
