"""The shortest domain-wall track whose device and tiles keep all rules of a process."""

from __future__ import annotations

from functools import lru_cache

from hwlib.cells.device_dimensions import DeviceSpec
from hwlib.cells.rules import process_key, rules_of
from hwlib.cells.tile_dimensions import Tile, TileSpec
from hwlib.errors import InputError
from hwlib.process import Process

LONGEST = 10e-6  # m: what a design's track_length may be


def shortest_track(process: Process, *, track_width: float = 50e-9, pillar_width: float = 20e-9) -> float | None:
    """Length in m of the shortest track that fits, the pillar in its middle; widths are Table I's, or given in m.

    None where none fits: the process wants other widths, or more than 10 µm.
    """
    return _shortest(process_key(process), track_width, pillar_width)


@lru_cache(maxsize=32)
def _shortest(key: str, track_width: float, pillar_width: float) -> float | None:
    step = 2 * rules_of(key).process.grid  # so that the pillar stays on the grid

    def length(steps: int) -> float:
        return round(pillar_width + steps * step, 12)

    def fits(steps: int) -> bool:
        try:
            Tile(TileSpec(DeviceSpec(key, length(steps), track_width, pillar_width)))
        except InputError:
            return False
        return True

    most = 1
    while not fits(most):
        most *= 2
        if length(most) > LONGEST:
            return None
    least = most // 2
    while most - least > 1:
        middle = (most + least) // 2
        least, most = (least, middle) if fits(middle) else (middle, most)
    return length(most)
