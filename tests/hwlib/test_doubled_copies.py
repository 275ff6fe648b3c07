"""Cells that lie on others which draw the same, under whatever name."""

import klayout.db as kdb
import pytest

from hwlib.checks import drc
from hwlib.drawing.hierarchy import expanded
from hwlib.drawing.reader import open_layout
from tests.support.drawn_network import PX
from tests.support.three_neurons import EBEAM, network


def copy_of(layout, cell, name, draw=lambda region: region):
    """A cell that draws what another does, flat."""
    made = layout.create_cell(name)
    for index in layout.layer_indexes():
        drawn = kdb.Region(cell.begin_shapes_rec(index))
        if not drawn.is_empty():
            made.shapes(index).insert(draw(drawn.merged()))
    return made


@pytest.mark.parametrize("turn", [kdb.Trans(), kdb.Trans(1, True, 0, 0)])
def test_a_copy_on_its_original_is_doubled(turn):
    """Under another name, in other polygons, turned: what is drawn counts."""
    layout = network()
    row, soma = layout.cell("line_1"), layout.cell("soma")
    copy = copy_of(layout, soma, "copy", lambda drawn: drawn.decompose_trapezoids_to_region())
    copy.transform(turn)
    row.insert(kdb.CellInstArray(copy.cell_index(), kdb.Trans(PX, 0) * turn.inverted()))
    drawing = open_layout(layout, EBEAM)
    (double,) = drawing.doubled
    assert (double.parent, double.cells, double.more) == ("line_1", ("soma", "copy"), 1)
    assert len(expanded(drawing.rows[drawing.layout.cell("line_1").cell_index()])) == 3
    (finding,) = drc(layout, EBEAM)
    assert finding.message == "cell 'copy' lies on cell 'soma', which draws the same at the same place"


def test_a_cell_of_the_same_box_that_draws_something_else_is_no_double():
    layout = network()
    row, soma = layout.cell("line_1"), layout.cell("soma")
    frame = layout.create_cell("frame")
    frame.shapes(layout.layer(*EBEAM.layers["outline"].gds)).insert(soma.bbox())
    row.insert(kdb.CellInstArray(frame.cell_index(), kdb.Trans(PX, 0)))
    assert open_layout(layout, EBEAM).doubled == []
