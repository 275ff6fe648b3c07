"""From the axes of a design's ``search`` to designs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hwlib.design import Design
from hwlib.errors import FieldsError, InputError, shown
from hwlib.operating_point import nominal_track
from hwlib.quantities import on_steps
from hwlib.sections.search_fields import SIMILARITY, SearchFields
from hwlib.storage.model_files import with_lines
from spinhop.designs.design_fields import (
    TRIES,
    Value,
    design_of,
    field_of,
    field_unit,
    may_be_left_out,
    plain_fields,
    read_field,
    set_field,
    why_none,
)
from spinhop.pages.docs_links import see

_SLACK = 1e-9  # of rounding
_WITHOUT, _WITH = "without", "with"  # a section that a design may leave out
FIXED = {  # what the physics decides, and what a search must not touch
    "device.track_resistance": "it follows from the track's sheet resistance and its squares",
    "name": "it names the result", "seed": "it draws the trials", "search": "it is the search",
    "waivers": "none is waived", "task.required_accuracy": "designs have to reach it",
    "task.required_share": "designs have to reach it",
}  # fmt: skip


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        name: path of the field, or ``s``.
        low, high: ends of a range, SI; both whole for whole numbers.
        choices: instead of a range.
        unit: of the values, SI; ``1`` of texts and plain numbers.
        step: in m, of lengths: what is drawn lies on the process's grid on both sides of its centre.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[Value, ...] = ()
    step: float = 0.0
    unit: str = "1"

    @property
    def logarithmic(self) -> bool:
        """Whether proportions count: both ends have one sign and lie apart by more than a factor of 2."""
        small, large = sorted((abs(self.low), abs(self.high)))
        return self.low * self.high > 0 and large > 2 * small

    @property
    def distribution(self) -> Any:
        """For Optuna; of a negative range the sizes."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices:
            return CategoricalDistribution(self.choices)
        low, high = sorted((abs(self.low), abs(self.high))) if self.high < 0 else (self.low, self.high)
        if isinstance(self.low, int) and isinstance(self.high, int):
            return IntDistribution(int(low), int(high))
        return FloatDistribution(low, high, log=self.logarithmic)

    def at_random(self, rng: np.random.Generator) -> Value:
        """Any proposal."""
        if self.choices:
            return self.choices[int(rng.integers(len(self.choices)))]
        low, high = self.distribution.low, self.distribution.high
        return int(rng.integers(low, high + 1)) if isinstance(self.low, int) else float(rng.uniform(low, high))

    def value(self, proposed: Value) -> Value:
        """What a proposal means for the field."""
        if isinstance(proposed, str):
            return proposed
        if self.step:
            return on_steps(proposed, self.step)
        return -proposed if self.high < 0 else proposed


def axes_of(design: Design, where: str) -> list[Axis]:
    """The axes of a design's search, read with the fields' own units.

    Args:
        design: with a ``search``.
        where: its file, for messages.

    Raises:
        InputError: no search, a field that does not exist or is not to be changed, ends that it does not take, or a
            track of more resistance than its metal can have.
    """
    if design.search is None:
        raise InputError(f"{where}: no section 'search'; {see('optimize')}")
    with with_lines(where, "design", in_file=Path(where).is_file()):
        return _axes_of(design, design.search)


def _axes_of(design: Design, search: SearchFields) -> list[Axis]:
    sheet, most = _track_sheet(design), search.most_sheet_resistance
    if sheet > most * (1 + _SLACK):
        limit = f"allowed {most:.6g} ohm (search.most_sheet_resistance)"
        raise FieldsError([(("device", "track_resistance"), f"{sheet:.6g} ohm per square of the track, {limit}")])
    axes = [_axis(design, name, ends) for name, ends in search.axes.items()]
    rng = np.random.default_rng(0)
    some = ({axis.name: axis.at_random(rng) for axis in axes} for _ in range(TRIES))
    if why := why_none(partial(candidate, design, axes), some):
        raise FieldsError([(("search", "axes"), f"no values of theirs make a design: {why}")])
    return axes


def _track_sheet(design: Design) -> float:
    """Sheet resistance of the track in Ω per square."""
    return design.device.track_sheet_resistance(design.load_process().track_sheet_resistance)


def _wrong(name: str, message: str) -> FieldsError:
    return FieldsError([(("search", "axes", name), message)])


def _axis(design: Design, name: str, ends: tuple[Value, ...]) -> Axis:
    for field, why in FIXED.items():
        if name == field or name.startswith(f"{field}."):
            raise _wrong(name, f"not to be searched: {why}")
    if name == "operating_point.v_dw" and design.compensated_v_dw is not None:
        raise _wrong(name, "not to be searched: as drawn V_DW is the design's compensation.v_dw; leave that out")
    if name == SIMILARITY:
        found: list[Any] = [float(x) if isinstance(x, (int, float)) else x for x in ends]
        if len(found) != 2 or not all(isinstance(x, float) and 1e-3 <= x <= 1e4 for x in found):
            raise _wrong(name, "two numbers from 0.001 to 10000, lowest first")
    elif may_be_left_out(design, name):
        if sorted(map(str, ends)) != [_WITH, _WITHOUT]:
            raise _wrong(name, f"a section; give [{_WITHOUT}, {_WITH}], and its fields by their paths")
        found = list(ends)
    else:
        found = [_read(design, name, end) for end in ends]
    if all(isinstance(x, str) for x in found):
        if len(set(found)) != len(found) or not found:
            raise _wrong(name, "names to choose from, each once")
        return Axis(name, choices=tuple(found))
    if len(found) != 2 or any(isinstance(x, (str, bool)) for x in found) or not found[0] < found[1]:
        raise _wrong(name, f"two values, lowest first, or names; found {len(ends)}: {shown(str(list(ends)))}")
    unit = "1" if name == SIMILARITY else field_unit(design, name, found[0])
    step = 2 * design.load_process().grid if unit == "m" and found[0] > 0 else 0.0
    return Axis(name, found[0], found[1], step=step, unit=unit)


def _read(design: Design, name: str, end: Value) -> Value:
    try:
        found = read_field(design, name, end)
    except ValueError as error:
        raise _wrong(name, f"{shown(end)}: {error}") from None
    if not isinstance(found, (float, int, str)):
        raise _wrong(name, "not a field with one value")
    return found


def own_values(base: Design, axes: list[Axis]) -> dict[str, Value]:
    """The design of the search as a proposal: its own values, as far as they lie on the axes."""
    found: dict[str, Value] = {}
    for axis in axes:
        value = 1.0 if axis.name == SIMILARITY else field_of(base, axis.name)
        if axis.choices and may_be_left_out(base, axis.name):
            value = _WITHOUT if value is None else _WITH
        if axis.choices:
            if value in axis.choices:
                found[axis.name] = value
        elif isinstance(value, (int, float)) and axis.low <= value <= axis.high:
            found[axis.name] = abs(value) if axis.high < 0 else value
    return found


def candidate(base: Design, axes: list[Axis], proposed: dict[str, Value]) -> Design:
    """The design that a proposal means.

    Args:
        base: the design of the search.
        axes: of the search.
        proposed: value per axis, as Optuna gave it.

    Raises:
        ValueError: the values do not go together.
    """
    assert base.search is not None
    data = plain_fields(base)
    sections = {axis.name for axis in axes if axis.choices and may_be_left_out(base, axis.name)}
    for axis in axes:
        if axis.name != SIMILARITY and axis.name not in sections:
            set_field(data, axis.name, axis.value(proposed[axis.name]))
    for name in sections:
        if proposed[name] == _WITHOUT:
            set_field(data, name, None)
        elif field_of(data, name) is None:
            set_field(data, name, {})
    design = _with_sheet(design_of(data, base), base)
    if SIMILARITY in proposed:
        design = scaled(design, float(proposed[SIMILARITY]), base.search.most_sheet_resistance)
    return design


def _with_sheet(design: Design, base: Design) -> Design:
    """The design with the track's sheet resistance of the base: R_M goes with the number of squares."""
    if base.device.track_resistance is None:
        return design
    device, squares = design.device, design.device.track_length / design.device.track_width
    resistance = base.device.track_sheet_resistance(0.0) * squares
    if math.isclose(resistance, device.track_resistance or 0.0, rel_tol=_SLACK):
        return design
    data = plain_fields(design)
    data["device"]["track_resistance"] = resistance
    return design_of(data, design)


def scaled(design: Design, s: float, most_sheet: float) -> Design:
    """A design slowed s times: RA, R_M and time limits × s, leaks / s (the similarity of ideal networks).

    Wires do not scale, so they weigh 1/s. R_M follows as far as the track's sheet resistance may go.

    Args:
        design: the design.
        s: the factor.
        most_sheet: largest sheet resistance of the track in Ω per square; where it binds, the similarity ends.
    """
    data = plain_fields(design)
    device, point, task = data["device"], data["operating_point"], data["task"]
    device["resistance_area"] *= s
    for name in ("r_parallel", "r_antiparallel"):
        if device.get(name) is not None:
            device[name] *= s
    squares = design.device.track_length / design.device.track_width
    resistance = nominal_track(design, design.load_process())[1]
    device["track_resistance"] = max(resistance, min(s * resistance, most_sheet * squares)) if s > 1 else s * resistance
    point["axon_leak"] /= s
    point["soma_leak"] /= s
    if not isinstance(point["load"], str):
        point["load"] *= s
    task["time_limit"] *= s
    return design_of(data, design)
