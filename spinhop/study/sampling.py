"""Points of a study from its axes: grid, list, Latin hypercube, Sobol."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, product
from typing import Any, get_args

import numpy as np

from hwlib.design import Design
from hwlib.errors import FieldsError, shown
from hwlib.quantities import on_steps
from hwlib.storage.model_files import with_lines
from spinhop.designs.design_fields import (
    TRIES,
    design_of,
    field_unit,
    plain_fields,
    read_field,
    read_process_field,
    set_field,
    why_none,
)
from spinhop.study.study_fields import MOST_POINTS, WIRES, AxisFields, AxisRange, StudyFields, Wires

_FIXED = {
    "name": "it names the result", "search": "it is of spinhop optimize",
}  # fmt: skip
_V_DW = "operating_point.v_dw"
Values = dict[str, Any]


@dataclass(frozen=True)
class StudyAxis:
    """One parameter of a study.

    Attributes:
        name: path of the field.
        values: that it takes, SI; empty for a range without a count.
        low, high: ends of the range, SI; both whole for whole numbers.
        log: whether equal proportions count, not equal steps.
        unit: of its values, SI; ``1`` of texts and plain numbers.
        step: in m, of lengths that are drawn: they lie on the process's grid on both sides of their centre.
    """

    name: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float = 0.0
    unit: str = "1"

    def at(self, share: float) -> Any:
        """The value at a share of the axis, from 0 (the first) to 1 (the last); of a list, equal shares each."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        low, high = self.low, self.high
        if isinstance(low, int) and isinstance(high, int):
            return min(low + int(share * (high - low + 1)), high)
        if self.log:
            sign = math.copysign(1.0, low)
            value = sign * abs(low) ** (1 - share) * abs(high) ** share
        else:
            value = low + share * (high - low)
        value = min(max(value, low), high)
        return on_steps(value, self.step) if self.step else value


def axes_of_study(study: StudyFields, design: Design, where: str) -> list[StudyAxis]:
    """The axes of a study, read with the fields' own units.

    Args:
        study: the study.
        design: its design.
        where: its file, for messages.

    Raises:
        InputError: a field that does not exist, values that it does not take, or a range without a count.
    """
    with with_lines(where, "study", in_file=study.from_file):
        return _axes_of(study, design)


def _axes_of(study: StudyFields, design: Design) -> list[StudyAxis]:
    found: dict[str, StudyAxis] = {}
    if study.draws and _V_DW in study.axes and design.compensated_v_dw is not None:
        raise _wrong(_V_DW, "changes nothing as drawn, where V_DW is the design's compensation.v_dw; vary that")
    lone = [name for name, given in study.axes.items() if not isinstance(given, AxisRange) and len(given) == 1]
    for name in [*lone, *(name for name in study.axes if name not in lone)]:
        found[name] = _axis(study, design, name, study.axes[name])
        if name in lone:
            design = _with(design, name, found[name].values[0])
    shares = np.random.default_rng(0).random((TRIES, 1 if study.method == "list" else len(found)))
    some = ({name: axis.at(share) for (name, axis), share in zip(found.items(), row, strict=True)}
            for row in np.broadcast_to(shares, (TRIES, len(found))).tolist())  # fmt: skip
    if why := why_none(partial(_having, design), some):
        raise FieldsError([(("axes",), f"no values of theirs make a design: {why}")])
    return [found[name] for name in study.axes]


def _with(design: Design, name: str, value: Any) -> Design:
    """The design that the values of other axes are read in: what holds at every point counts for them."""
    try:
        return _having(design, {name: value})
    except ValueError:  # other axes make up for it, or none do, which is told then
        return design


def _having(design: Design, values: Values) -> Design:
    """The design with other values, its process as it is."""
    data = plain_fields(design)
    for name, value in values.items():
        if name != WIRES and not name.startswith("process."):
            set_field(data, name, value)
    return design_of(data, design)


def _wrong(name: str, message: str) -> FieldsError:
    return FieldsError([(("axes", name), message)])


def _axis(study: StudyFields, design: Design, name: str, given: AxisFields) -> StudyAxis:
    for field, why in _FIXED.items():
        if name == field or name.startswith(f"{field}."):
            raise _wrong(name, f"not to be changed: {why}")
    if not isinstance(given, AxisRange):
        values = tuple(_read(design, name, value, study.from_file) for value in given)
        if len(set(map(repr, values))) < len(values) and study.method != "list":
            raise _wrong(name, "a value is given twice")
        return StudyAxis(name, values, unit=_unit(design, name, values[0]))
    low, high = (_read(design, name, end, study.from_file) for end in (given.low, given.high))
    if any(isinstance(end, (str, bool, tuple)) for end in (low, high)) or not low < high:
        raise _wrong(name, f"two numbers, lowest first; found {shown(given.low)} and {shown(given.high)}")
    log = given.spacing == "log"
    if log and not low * high > 0:
        raise _wrong(name, f"spacing log needs two ends of one sign, found {shown(given.low)}, {shown(given.high)}")
    unit = _unit(design, name, low)
    drawn = study.draws and unit == "m" and low > 0 and not name.startswith("process.")
    step = 2 * design.load_process().grid if drawn else 0.0
    axis = StudyAxis(name, (), low, high, log, step, unit)
    if study.points is not None:
        if given.count is not None:
            raise _wrong(name, f"count is for grids and lists; {study.method} takes the study's points")
        return axis
    if given.count is None:
        raise _wrong(name, f"a range in a {study.method} needs count: how many values")
    return replace(axis, values=_spread(axis, given.count))


def _spread(axis: StudyAxis, count: int) -> tuple[Any, ...]:
    if isinstance(axis.low, int) and isinstance(axis.high, int):
        values: list[Any] = [round(x) for x in np.linspace(axis.low, axis.high, count).tolist()]
    else:
        values = [axis.at(k / (count - 1)) for k in range(count)]
    if len(set(values)) < count:
        raise _wrong(axis.name, f"fewer than {count} different values between the two ends")
    return tuple(values)


def _read(design: Design, name: str, value: Any, in_file: bool) -> Any:
    if name == WIRES:
        if value not in get_args(Wires):
            raise _wrong(name, f"{shown(value)}, allowed: {', '.join(get_args(Wires))}")
        return value
    try:
        if name.startswith("process."):
            process = design.load_process()
            found = read_process_field(process, name.removeprefix("process."), value, in_file=in_file)
        else:
            found = read_field(design, name, list(value) if isinstance(value, tuple) else value, in_file=in_file)
    except ValueError as error:
        raise _wrong(name, f"{shown(value)}: {error}") from None
    parts = found if isinstance(found, tuple) else (found,)
    if not all(isinstance(part, (float, int, str)) for part in parts):
        raise _wrong(name, "not a field with one value, or a list of values")
    return found


def _unit(design: Design, name: str, value: Any) -> str:
    return "1" if name == WIRES else field_unit(design, name, value)


def points_of(study: StudyFields, axes: Sequence[StudyAxis], where: str) -> list[Values]:
    """The points of a study, each a value per axis, in an order that depends on the study alone.

    A grid's last axis changes fastest. The first points of a Sobol sequence are those of a longer one with its seed.

    Args:
        study: the study.
        axes: its axes.
        where: its file, for messages.

    Raises:
        InputError: lists of different lengths, or too many points.
    """
    with with_lines(where, "study", in_file=study.from_file):
        return _points_of(study, axes)


def _points_of(study: StudyFields, axes: Sequence[StudyAxis]) -> list[Values]:
    names = [axis.name for axis in axes]
    if study.points is not None:
        rows = [tuple(map(StudyAxis.at, axes, shares)) for shares in _shares(study, len(axes)).tolist()]
    elif study.method == "list":
        lengths = {len(axis.values) for axis in axes}
        if len(lengths) > 1:
            found = ", ".join(f"{axis.name} {len(axis.values)}" for axis in axes)
            raise FieldsError([(("axes",), f"method list takes as many values of each, found {found}")])
        rows = list(zip(*(axis.values for axis in axes), strict=True))
    else:
        total = math.prod(len(axis.values) for axis in axes)
        if total > MOST_POINTS:
            raise FieldsError([(("axes",), f"a grid of {total} points, allowed {MOST_POINTS}")])
        rows = list(islice(product(*(axis.values for axis in axes)), total))
    return [dict(zip(names, row, strict=True)) for row in dict.fromkeys(rows)]


def _shares(study: StudyFields, axes: int) -> np.ndarray:
    """Places in the unit cube, shape (points, axes)."""
    from scipy.stats import qmc

    assert study.points is not None
    rng = np.random.default_rng(study.seed)
    if study.method == "latin_hypercube":
        return qmc.LatinHypercube(axes, rng=rng).random(study.points)
    with warnings.catch_warnings(action="ignore"):  # of lengths that are no power of 2: the user's choice
        return qmc.Sobol(axes, scramble=True, rng=rng).random(study.points)
