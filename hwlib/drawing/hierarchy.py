"""Cells in cells: how far they reach and how often they are repeated, and the same drawing in a plainer hierarchy."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import klayout.db as kdb
import numpy as np

from hwlib.errors import InputError, shown

REACH = 2**27  # database units from the origin, 0.13 m of 1 nm: sums and differences stay well below KLayout's 2**31
MOST_INSTANCES = 30_000_000  # of cells, each counted as often as it is repeated
# Columns of an instance: cell index, rotation code of kdb.Trans, place, counts and steps of an array.
CELL, TURN, DX, DY, NA, NB, AX, AY, BX, BY = range(10)


def turn_of(code: int, x: int = 0, y: int = 0) -> kdb.Trans:
    """The transformation of a rotation code (``kdb.Trans.rot``) and a displacement in database units."""
    return kdb.Trans(code % 4, code >= 4, x, y)


@dataclass
class Hierarchy:
    """What the cells of a layout hold.

    Attributes:
        rows: instances of each cell by its index, shape (instances, 10), columns as above.
        complex: which cells hold an instance that is magnified or tilted.
        marked: shapes of one layer in a cell and below, by cell index.
    """

    rows: dict[int, np.ndarray] = field(default_factory=dict)
    complex: set[int] = field(default_factory=set)
    marked: dict[int, int] = field(default_factory=dict)


def read_hierarchy(layout: kdb.Layout, where: str, counted: int | None) -> Hierarchy:
    """Look at every cell once.

    Args:
        layout: the layout.
        where: its name, for messages.
        counted: index of the layer whose shapes are counted (for devices: pillars).

    Raises:
        InputError: coordinates beyond ``REACH``, or too many instances.
    """
    found = Hierarchy()
    size = 1 + max(layout.each_cell_bottom_up())
    reach, instances, marked = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
    for index in layout.each_cell_bottom_up():
        cell = layout.cell(index)
        rows, stretch = _rows(cell)
        found.rows[index] = rows
        if (stretch > 0).any():
            found.complex.add(index)
        far = max(_own_reach(cell), _reach(rows, np.where(stretch > 0, stretch, 1.0) * reach[rows[:, CELL]]))
        if far > REACH:
            raise InputError(
                f"{where}: coordinates of cell {shown(cell.name)} reach {far:.4g} database units, {REACH} "
                f"({REACH * layout.dbu * 1e-6:.3g} m) can be handled"
            )
        reach[index] = far
        count = repeats(rows)
        instances[index] = (count * (1 + instances[rows[:, CELL]])).sum()
        if instances[index] > MOST_INSTANCES:
            raise InputError(
                f"{where}: cell {shown(cell.name)} holds {instances[index]:.0f} instances of cells, {MOST_INSTANCES} "
                "can be handled"
            )
        own = 0 if counted is None else cell.shapes(counted).size()
        marked[index] = own + (count * marked[rows[:, CELL]]).sum()
        found.marked[index] = int(marked[index])
    return found


def _rows(cell: kdb.Cell) -> tuple[np.ndarray, np.ndarray]:
    """Instances of a cell (see ``Hierarchy``), and by how much at most each one that is complex stretches its cell."""
    rows, stretch = [], []
    for inst in cell.each_inst():
        trans = inst.trans
        place = trans.disp
        if inst.is_regular_array():
            a, b = inst.a, inst.b
            steps = (max(inst.na, 1), max(inst.nb, 1), a.x, a.y, b.x, b.y)
        else:
            steps = (1, 1, 0, 0, 0, 0)
        rows.append((inst.cell_index, trans.rot, place.x, place.y, *steps))
        # Times the square root of two for a tilt.
        stretch.append(1.5 * inst.cplx_trans.mag if inst.is_complex() else 0.0)
    return np.array(rows, np.int64).reshape(-1, 10), np.array(stretch)


def _own_reach(cell: kdb.Cell) -> float:
    """Largest coordinate of a cell's own shapes, in dbu."""
    boxes = [cell.bbox()] if cell.is_leaf() else []  # with instances their sum may be beyond what KLayout counts to
    for layer in [] if boxes else cell.layout().layer_indexes():
        if not cell.shapes(layer).is_empty():
            iterator = kdb.RecursiveShapeIterator(cell.layout(), cell, layer)
            iterator.max_depth = 0
            boxes += [kdb.Region(iterator).bbox(), kdb.Texts(iterator).bbox()]
    return max((abs(v) for b in boxes if not b.empty() for v in (b.left, b.bottom, b.right, b.top)), default=0.0)


def _reach(rows: np.ndarray, below: np.ndarray) -> float:
    """Largest coordinate of what a cell's instances hold, each of which reaches so far by itself."""
    if not len(rows):
        return 0.0
    far = np.abs(rows[:, [DX, DY]]).max(axis=1).astype(float)
    for count, step in ((NA, [AX, AY]), (NB, [BX, BY])):
        far += (rows[:, count] - 1.0) * np.abs(rows[:, step]).max(axis=1)
    return float((far + below).max())


def repeats(rows: np.ndarray) -> np.ndarray:
    """How many instances each row stands for, an array for each of its places, shape (rows,)."""
    count: np.ndarray = rows[:, NA] * rows[:, NB]
    return count


def expanded(rows: np.ndarray) -> np.ndarray:
    """Every single instance of arrays: cell index, rotation code, x and y, shape (instances, 4)."""
    count = repeats(rows)
    owner = np.repeat(np.arange(len(rows)), count)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    i, j = k // rows[owner, NB], k % rows[owner, NB]
    out = rows[owner, :4].copy()
    out[:, DX] += i * rows[owner, AX] + j * rows[owner, BX]
    out[:, DY] += i * rows[owner, AY] + j * rows[owner, BY]
    return out


def resolve_magnified(layout: kdb.Layout, complex_cells: set[int]) -> set[str]:
    """Give each magnified instance a scaled copy of its cell instead, so that every cell is drawn in its true size.

    Copies keep their cells where everything in them comes to lie on the database unit; else they are flat: what cells
    round one by one would come apart where they touch.

    Returns:
        Names of the copies.
    """
    copies: dict[tuple[int, float], int] = {}
    names: set[str] = set()

    def scaled(index: int, factor: float) -> int:
        if factor == 1.0:
            return index
        if (index, factor) not in copies:
            cell = layout.cell(index)
            copy = layout.create_cell(f"{cell.name}$x{factor:g}")
            if not _scales_exactly(layout, cell, factor):
                cell = cell.dup()
                cell.flatten(-1, False)
            copies[index, factor] = copy.cell_index()
            names.add(copy.name)
            for layer in layout.layer_indexes():
                copy.shapes(layer).insert(cell.shapes(layer), kdb.ICplxTrans(factor))
            for inst in cell.each_inst():
                copy.insert(_in_true_size(inst.cell_inst, factor))
        return copies[index, factor]

    def _in_true_size(array: kdb.CellInstArray, factor: float) -> kdb.CellInstArray:
        trans = array.cplx_trans
        place = kdb.ICplxTrans(1.0, trans.angle, trans.is_mirror(), trans.disp * factor)
        cell = scaled(array.cell_index, round(factor * trans.mag, 9))
        steps = (array.a * factor, array.b * factor, array.na, array.nb)
        return kdb.CellInstArray(cell, place, *steps) if array.is_regular_array() else kdb.CellInstArray(cell, place)

    top = layout.top_cell()
    for index in complex_cells:
        cell = layout.cell(index)
        arrays = [inst.cell_inst.dup() for inst in cell.each_inst()]
        if all(array.cplx_trans.mag == 1.0 for array in arrays):
            continue
        cell.clear_insts()
        for array in arrays:
            cell.insert(_in_true_size(array, 1.0) if array.cplx_trans.mag != 1.0 else array)
    prune(layout, top)
    return names


def refuse_tilted(layout: kdb.Layout, where: str, found: Hierarchy) -> None:
    """Refuse devices that are turned by another angle than 90°: their sizes are read along x and y.

    Args:
        layout: the layout.
        where: its name, for messages.
        found: as read of it, with devices counted.

    Raises:
        InputError: naming an instance.
    """
    for index in sorted(found.complex):
        cell = layout.cell(index)
        for inst in cell.each_inst():
            devices = found.marked[inst.cell_index]
            if devices and not inst.cplx_trans.is_ortho():
                raise InputError(
                    f"{where}: cell {shown(cell.name, 40)} holds {shown(inst.cell.name, 40)} ({devices} pillars) "
                    f"turned by {inst.cplx_trans.angle:.6g}°; devices are read along x and y, turn it by 90° or not"
                )


def _scales_exactly(layout: kdb.Layout, cell: kdb.Cell, factor: float) -> bool:
    """Whether every point of a cell and of all below it is a whole number of database units when scaled."""
    unit = Fraction(factor).limit_denominator(1000).denominator
    if unit == 1:
        return True
    for inst in cell.each_inst():
        array = inst.cell_inst
        trans = array.cplx_trans
        steps = [trans.disp, *((array.a, array.b) if array.is_regular_array() else ())]
        if any(step.x % unit or step.y % unit for step in steps):
            return False
        if not _scales_exactly(layout, layout.cell(array.cell_index), factor * trans.mag):
            return False
    for layer in layout.layer_indexes():
        for shape in cell.shapes(layer).each():
            if shape.is_text():
                points = [shape.text_pos]
            elif shape.is_box():
                points = [shape.box.p1, shape.box.p2]
            else:
                edges = shape.polygon.each_edge() if shape.polygon else ()
                points = [edge.p1 for edge in edges]
            if any(point.x % unit or point.y % unit for point in points):
                return False
    return True


def without_empty_cells(layout: kdb.Layout) -> None:
    """Take away cells that hold nothing, however often they are placed, but not the top cells."""
    empty = [cell.cell_index() for cell in layout.each_cell() if not cell.is_top() and cell.bbox().empty()]
    if empty:
        layout.delete_cells(empty)


@dataclass(frozen=True)
class Absent:
    """A cell that a file places and does not hold: the cell that places it, its name, and where it does first (dbu)."""

    parent: str
    cell: str
    place: kdb.DPoint  # no more than a number in the file, which may lie beyond whole coordinates with units changed


def absent_cells(layout: kdb.Layout) -> list[Absent]:
    """Cells that are placed somewhere and that the file has nothing of."""
    found = []
    for cell in layout.each_cell():
        if not cell.is_ghost_cell():
            continue
        for parent in (layout.cell(index) for index in cell.each_parent_cell()):
            first = next(inst for inst in parent.each_inst() if inst.cell_index == cell.cell_index())
            found.append(Absent(parent.name, cell.name, kdb.DPoint(first.trans.disp.x, first.trans.disp.y)))
    return sorted(found, key=lambda absent: (absent.parent, absent.cell))


def prune(layout: kdb.Layout, top: kdb.Cell) -> None:
    """Delete cells that nothing below ``top`` uses any more."""
    for cell in layout.top_cells():
        if cell.cell_index() != top.cell_index():
            cell.prune_cell()


def dissolve_wrappers(layout: kdb.Layout, top: kdb.Cell, marked: dict[int, int]) -> bool:
    """Lift what a single instance with more than half of all devices holds into the top cell, as often as there is one.

    A macro placed in another cell is then read as fast as the macro alone.

    Returns:
        Whether anything was lifted.
    """
    chain: list[tuple[kdb.Instance, kdb.Trans]] = []
    cell, place = top, kdb.Trans()
    while heavy := next((inst for inst in cell.each_inst() if _wraps(inst, marked, top)), None):
        chain.append((heavy, place))
        cell, place = heavy.cell, place * heavy.trans
    arrays = []
    for k, (inst, outside) in enumerate(chain):
        trans, within = outside * inst.trans, chain[k + 1][0] if k + 1 < len(chain) else None
        for layer in layout.layer_indexes():
            top.shapes(layer).insert(inst.cell.shapes(layer), kdb.ICplxTrans(trans))
        arrays += [inner.cell_inst.transformed(trans) for inner in inst.cell.each_inst()
                   if within is None or inner != within]  # fmt: skip
    if chain:  # changed at once: KLayout looks at all cells after every change
        chain[0][0].delete()
        for array in arrays:
            top.insert(array)
        prune(layout, top)
    return bool(chain)


def _wraps(inst: kdb.Instance, marked: dict[int, int], top: kdb.Cell) -> bool:
    return 2 * marked[inst.cell_index] > marked[top.cell_index()] and not inst.is_complex() and inst.size() == 1
