"""The shortest domain-wall track whose device and tiles keep all rules of a process."""

from __future__ import annotations

from functools import lru_cache

from hwlib.cells.device_dimensions import DeviceSpec
from hwlib.cells.rules import process_key, rules_of
from hwlib.cells.tile_dimensions import Tile, TileSpec
from hwlib.errors import InputError
from hwlib.process import Process

LONGEST = 10e-6  # m: what a design's track_length may be


def shortest_track(process: Process) -> float | None:
    """Length in m of the shortest track that fits, its width and pillar as in Table I, the pillar in its middle.

    None where none fits: the process wants another width, or more than 10 µm.
    """
    return _shortest(process_key(process))


@lru_cache(maxsize=32)
def _shortest(key: str) -> float | None:
    step = 2 * rules_of(key).process.grid  # so that the pillar stays on the grid

    def fits(steps: int) -> bool:
        try:
            Tile(TileSpec(DeviceSpec(key, round(steps * step, 12))))
        except InputError:
            return False
        return True

    most = 1
    while not fits(most):
        most *= 2
        if most * step > LONGEST:
            return None
    least = most // 2
    while most - least > 1:
        middle = (most + least) // 2
        least, most = (least, middle) if fits(middle) else (middle, most)
    return round(most * step, 12)
