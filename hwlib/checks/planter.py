"""What plants mistakes on a clean layout: one fault at a time, and what must find it where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import klayout.db as kdb
import numpy as np

from hwlib.checks.flat_view import DrawnDevice, FlatView
from hwlib.checks.loose_metal import device_pitch
from hwlib.findings import Severity


@dataclass(frozen=True)
class Fault:
    """One planted mistake.

    Attributes:
        kind: what it is, see ``faults.KINDS``.
        check: ``drc`` or ``lvs``, which must find it.
        rules: the rules, one of which must report it.
        place: where, in µm in the top cell.
        detail: what was done.
        severity: of the finding.
    """

    kind: str
    check: str
    rules: tuple[str, ...]
    place: kdb.DBox
    detail: str
    severity: Severity = "error"


class Planter:
    """Plants faults on copies of one clean layout."""

    def __init__(self, view: FlatView, rng: np.random.Generator):
        self.view, self.rng = view, rng
        self.process = view.process
        self.unit = view.layout.dbu
        self.step = max(self.steps(self.process.grid), round(1e-3 / self.unit), 1)  # dbu per grid step, 1 nm at least
        centres = [(device.pillar.center().x, device.pillar.center().y) for device in view.devices]
        self.pitch = device_pitch(np.array(centres, float).reshape(-1, 2))  # dbu
        self.used = [name for name in self.process.of_kind("conductor") if not view.regions[name].is_empty()]

    def pick(self, items: list[Any] | np.ndarray) -> Any:
        """One of several, at random; None of none."""
        return items[int(self.rng.integers(len(items)))] if len(items) else None

    def between(self, low: int, high: int) -> int:
        """A random integer from ``low`` to ``high``, both included."""
        return int(self.rng.integers(low, high + 1))

    def steps(self, metres: float | None) -> int:
        """A length of the process in dbu."""
        return round((metres or 0.0) / (self.unit * 1e-6))

    def device(self) -> DrawnDevice | None:
        """A random device."""
        return self.pick(self.view.devices)

    def fault(
        self, kind: str, check: str, rules: tuple[str, ...], box: kdb.Box, detail: str, severity: Severity = "error"
    ) -> Fault:
        """A fault at a box in dbu."""
        return Fault(kind, check, rules, box.to_dtype(self.unit), detail, severity)

    def facing(self, name: str) -> tuple[kdb.Box, bool] | None:
        """The gap between two neighbouring wires of different named nets, and whether it lies along x (gap ↔)."""
        limit = self.steps(self.process.layers[name].min_space)
        pairs = self.view.regions[name].space_check(4 * limit, False, kdb.Metrics.Projection)
        pair = self.pick(list(pairs.each()))
        if pair is None:
            return None
        box, sideways = pair.bbox(), pair.first.dx() == 0
        length = box.height() if sideways else box.width()
        width = self.steps(self.process.layers[name].min_width)
        if length < width or min(box.width(), box.height()) < limit:
            return None
        start = self.between(0, length - width)
        if sideways:
            return kdb.Box(box.left, box.bottom + start, box.right, box.bottom + start + width), True
        return kdb.Box(box.left + start, box.bottom, box.left + start + width, box.top), False

    def nets_at(self, name: str, box: kdb.Box) -> set[str]:
        """Labels of all nets with shapes of a layer at a box; an unlabelled net counts as ''."""
        return {self.view.name(int(self.view.net[k])) for k in self.view.hit(name, box)}
