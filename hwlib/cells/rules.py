"""Design rules as whole numbers of manufacturing-grid steps: the only numbers that geometry is computed with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hwlib.cells.shapes import Box
from hwlib.errors import InputError
from hwlib.process import Process

_SLACK = 1e-6  # of a grid step: rounding of SI floats


class DimensionError(InputError):
    """A size that cannot be drawn in its process.

    Attributes:
        field: of the design that says it, without its section, e.g. ``dendrite_width``, ``straps.row.width``.
    """

    def __init__(self, message: str, field: str):
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent from another process it stays what it is."""
        return type(self), (str(self), self.field)


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of one process in grid steps. Every limit is rounded up, so that geometry on the grid keeps it."""

    process: Process

    def steps(self, length: float) -> int:
        """Smallest number of grid steps that is at least ``length`` (m)."""
        return math.ceil(length / self.process.grid - _SLACK)

    def exact(self, length: float, what: str, field: str = "") -> int:
        """Number of grid steps of a length that must be drawn as it is.

        Args:
            length: m.
            what: it is, in messages.
            field: that says it, if not ``what``.

        Raises:
            DimensionError: off the manufacturing grid.
        """
        steps = round(length / self.process.grid)
        if abs(length / self.process.grid - steps) > 1e-3:
            raise DimensionError(
                f"{what} {length * 1e9:.6g} nm is off the {self.process.grid * 1e9:.6g} nm grid of process "
                f"{self.process.name}",
                field or what,
            )
        return steps

    def width(self, layer: str) -> int:
        """Minimum width of a layer; the edge length of a via."""
        drawn = self.process.layers[layer]
        return self.steps(drawn.size or drawn.min_width or 0.0)

    def space(self, layer: str) -> int:
        """Minimum space of a layer."""
        return self.steps(self.process.layers[layer].min_space or 0.0)

    def enclosure(self, outer: str, inner: str) -> int:
        """Margin of ``outer`` around ``inner``."""
        return self.steps(self.process.enclosure(outer, inner))

    def separation(self, first: str, second: str) -> int:
        """Distance between shapes of two layers."""
        return self.steps(self.process.separation(first, second))

    def extension(self, layer: str, past: str) -> int:
        """Length of ``layer`` beyond ``past``, on two opposite sides."""
        return self.steps(self.process.extension(layer, past))

    def overlap(self, first: str, second: str) -> int:
        """Width of the overlap of two layers."""
        return self.steps(self.process.overlap(first, second))

    def landing(self, layer: str, via: str) -> int:
        """Edge length of the square of ``layer`` that a via needs."""
        return max(self.width(layer), self.width(via) + 2 * self.enclosure(layer, via))

    def island(self, layer: str, via: str) -> int:
        """Edge length of an island of ``layer`` on one via: its landing, or what the minimum area asks for."""
        box = self.pad(layer, via, Box(0, 0, self.width(via), self.width(via)))
        return box.x1 - box.x0

    def pad(self, layer: str, inner: str, box: Box) -> Box:
        """The box of ``layer`` that a shape of ``inner`` needs: its enclosure, widened to the layer's minima.

        The minimum area counts where a via between two wires lands: every island of a wire has such a via.
        """
        grown = box.grown(self.enclosure(layer, inner))
        wide, high = (max(size, self.width(layer)) for size in (grown.x1 - grown.x0, grown.y1 - grown.y0))
        area = self._least_area(layer) if self._joins_wires(inner) else 0
        if wide * high < area:  # toward a square: the shorter edge grows
            wide = max(wide, min(math.isqrt(area - 1) + 1, -(-area // high)))
            high = max(high, -(-area // wide))
        short_x, short_y = wide - (grown.x1 - grown.x0), high - (grown.y1 - grown.y0)
        return Box(
            grown.x0 - short_x // 2, grown.y0 - short_y // 2,
            grown.x1 + short_x - short_x // 2, grown.y1 + short_y - short_y // 2,
        )  # fmt: skip

    def _joins_wires(self, via: str) -> bool:
        layers = self.process.layers
        return all(layers[end].kind == "conductor" for end in layers[via].connects or ("track",))

    def _least_area(self, layer: str) -> int:
        """Minimum area of a layer in squares of the grid."""
        return math.ceil((self.process.layers[layer].min_area or 0.0) / self.process.grid**2 - _SLACK)

    def wire(self, layer: str, asked: float | None, vias: tuple[str, ...], what: str) -> int:
        """Drawn width of a wire: ``asked``, or the least that the layer and the vias on it allow.

        Raises:
            DimensionError: narrower than a rule allows, or off the grid.
        """
        least = max([self.width(layer), *(self.landing(layer, via) for via in vias)])
        if asked is None:
            return least
        width = self.exact(asked, what)
        if width < self.width(layer):
            self.refuse(what, width, f"{layer}.width", self.width(layer))
        for via in vias:
            if width < self.landing(layer, via):
                self.refuse(what, width, f"{layer}.encloses.{via}", self.landing(layer, via))
        return width

    def refuse(self, what: str, found: int, rule: str, needed: int, field: str = "") -> None:
        """Raise the error that names the rule a dimension breaks; ``what`` and ``field`` as of ``exact``."""
        grid = self.process.grid * 1e9
        raise DimensionError(
            f"{what}: {found * grid:.6g} nm found, rule {rule} of process {self.process.name} needs at least "
            f"{needed * grid:.6g} nm",
            field or what,
        )


@lru_cache(maxsize=32)
def _cached(key: str) -> Rules:
    return Rules(process_of(key))


_known: dict[str, Process] = {}


def process_key(process: Process) -> str:
    """A stable name of a process's content, for the settings and names of cells.

    A shipped preset is its own name; any other process gets a digest appended, so that two processes of one name do
    not share cells.
    """
    from hashlib import sha256

    from hwlib.process import load_process, preset_names

    key = process.name
    if key not in preset_names() or load_process(key) != process:
        key += "-" + sha256(process.model_dump_json().encode()).hexdigest()[:8]
    _known.setdefault(key, process)
    return key


def process_of(key: str) -> Process:
    """The process a key stands for: one seen by ``process_key``, a preset's name or a file.

    Raises:
        InputError: unknown.
    """
    from hwlib.process import load_process

    return _known[key] if key in _known else load_process(key)


def rules_of(key: str) -> Rules:
    """The rules of a process by its key (see ``process_key``)."""
    return _cached(key)
