"""Instances that lie exactly on another which draws the same: of one cell, or of a copy under another name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import klayout.db as kdb
import numpy as np

from hwlib.drawing.hierarchy import CELL, DX, DY, TURN, Hierarchy, expanded, prune, repeats, turn_of

MOST_PILLARS = 10_000  # of a cell; larger ones are told from others by their name alone
AT_ONCE = 100_000  # instances that are looked at together


@dataclass(frozen=True)
class Doubled:
    """Cells at one place that draw the same.

    Attributes:
        parent: the cell that holds them.
        cells: their names, each once; the first one stays.
        box: where in the parent (dbu).
        more: how many are too many there.
    """

    parent: str
    cells: tuple[str, ...]
    box: kdb.Box
    more: int


def remove_doubled(layout: kdb.Layout, hierarchy: Hierarchy) -> list[Doubled]:
    """Take away every instance that lies exactly on another one of its like, and say which."""
    found, contents, top = [], _Contents(layout, hierarchy.marked), layout.top_cell()
    for parent in _suspects(layout, hierarchy):
        single = expanded(hierarchy.rows[parent])
        boxes = _boxes(layout, single)
        crowd = _crowded(np.zeros(len(boxes), np.int64), boxes)
        alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for k, box in zip(crowd.tolist(), boxes[crowd].tolist(), strict=True):
            alike[tuple(box)].append(k)
        drop: set[int] = set()
        for box, members in alike.items():
            for group in contents.groups(single[members, CELL].tolist(), single[members, TURN].tolist()):
                numbers = [members[k] for k in group]
                names = [layout.cell(int(single[k, CELL])).name for k in numbers]
                place = kdb.Box(*box)
                found.append(Doubled(layout.cell(parent).name, tuple(dict.fromkeys(names)), place, len(names) - 1))
                drop.update(numbers[1:])
        _take_away(layout.cell(parent), single, sorted(drop))
    if found:  # a copy that is placed nowhere any more would be a top cell
        prune(layout, top)
    return found


def _suspects(layout: kdb.Layout, hierarchy: Hierarchy) -> Iterator[int]:
    """Cells with instances that begin at one place, many cells at a time: hundreds of rows hold a few each."""
    some: list[int] = []
    count = 0
    for parent, rows in hierarchy.rows.items():
        if parent not in hierarchy.complex:
            some.append(parent)
            count += _count(rows)
        if count > AT_ONCE:
            yield from _with_crowds(layout, hierarchy, some)
            some, count = [], 0
    yield from _with_crowds(layout, hierarchy, some)


def _with_crowds(layout: kdb.Layout, hierarchy: Hierarchy, parents: list[int]) -> list[int]:
    """Which of some cells hold instances that begin at one place."""
    rows = [hierarchy.rows[parent] for parent in parents]
    single = expanded(np.concatenate([np.zeros((0, 10), np.int64), *rows]))
    parent = np.repeat(np.arange(len(parents)), [_count(of) for of in rows])
    crowd = _crowded(parent, _boxes(layout, single))
    return [parents[k] for k in np.unique(parent[crowd]).tolist()]


def _count(rows: np.ndarray) -> int:
    """How many single instances there are in arrays."""
    return int(repeats(rows).sum())


def _boxes(layout: kdb.Layout, single: np.ndarray) -> np.ndarray:
    """Left, bottom, right and top of instances, shape (instances, 4)."""
    kinds, which = np.unique(single[:, CELL] * 8 + single[:, TURN], return_inverse=True)
    boxes = [layout.cell(kind // 8).bbox().transformed(turn_of(kind % 8)) for kind in kinds.tolist()]
    sides = np.array([(box.left, box.bottom, box.right, box.top) for box in boxes], np.int64).reshape(-1, 4)
    return sides[which] + single[:, [DX, DY, DX, DY]]


def _crowded(parent: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Which boxes begin where another one of the same parent does, ascending."""
    begin = (boxes[:, 0] << 32) + boxes[:, 1]
    order = np.lexsort((begin, parent))
    alike = (np.diff(begin[order]) == 0) & (np.diff(parent[order]) == 0)
    return np.unique(np.concatenate([order[:-1][alike], order[1:][alike]]))


class _Contents:
    """What cells draw, each looked at once."""

    def __init__(self, layout: kdb.Layout, pillars: dict[int, int]):
        self._layout, self._pillars = layout, pillars
        self._known: dict[tuple[int, int], str] = {}

    def groups(self, cells: list[int], turns: list[int]) -> list[list[int]]:
        """Of cells whose boxes are one, those that draw the same, as places in the lists; two or more each."""
        kinds, groups = list(zip(cells, turns, strict=True)), defaultdict[object, list[int]](list)
        for k, kind in enumerate(kinds):
            groups[self._of(*kind) if len(set(kinds)) > 1 else kind].append(k)
        return [group for group in groups.values() if len(group) > 1]

    def _of(self, cell: int, turn: int) -> str:
        if (cell, turn) not in self._known:
            large = self._pillars[cell] > MOST_PILLARS
            self._known[cell, turn] = f"{cell} {turn}" if large else self._digest(self._layout.cell(cell), turn)
        return self._known[cell, turn]

    def _digest(self, cell: kdb.Cell, turn: int) -> str:
        box = cell.bbox().transformed(turn_of(turn))
        place, digest = kdb.Trans(-box.left, -box.bottom) * turn_of(turn), sha256()
        for layer in self._layout.layer_indexes():
            if cell.bbox(layer).empty():
                continue
            drawn = kdb.Region(cell.begin_shapes_rec(layer)).transformed(place).merged()
            texts = Counter(f"{t.string!r} {t.position}" for t in _texts(cell, layer).transformed(place).each())
            digest.update(f"{layer} {sorted(map(str, drawn.each()))} {sorted(texts.items())}".encode())
        return digest.hexdigest()


def _texts(cell: kdb.Cell, layer: int) -> kdb.Texts:
    return kdb.Texts(cell.begin_shapes_rec(layer))


def _take_away(cell: kdb.Cell, single: np.ndarray, drop: list[int]) -> None:
    """Place those kinds of instances anew of which some are too many."""
    if not drop:
        return
    kept = np.delete(single, drop, axis=0)
    for child, turn in np.unique(single[drop][:, [CELL, TURN]], axis=0).tolist():
        for inst in [i for i in cell.each_inst() if i.cell_index == child and i.trans.rot == turn]:
            inst.delete()
        for x, y in kept[(kept[:, CELL] == child) & (kept[:, TURN] == turn)][:, [DX, DY]].tolist():
            cell.insert(kdb.CellInstArray(child, turn_of(turn, x, y)))
