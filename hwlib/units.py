"""Quantities in design and process files: strings such as ``100 nm``, kept as SI floats inside.

In a file every dimensional value carries its unit; in Python code a bare float is SI. The validation context
``{"from_file": True}`` tells the two apart.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

NM_PER_M = 1e9
# One number and one unit: pint alone would also evaluate "1 2 nm" or take "nm" for 1 nm.
_NUMBER_UNIT = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>(?:[^\W\d_][\w*/^·\-() ]*)?)"
)


@lru_cache(maxsize=1)
def _registry() -> Any:
    from pint import UnitRegistry  # loaded on first use: 0.2 s that --help need not pay

    return UnitRegistry(autoconvert_offset_to_baseunit=False)


@lru_cache(maxsize=4096)
def parse_quantity(text: str, unit: str) -> float:
    """Return the SI value of a string such as ``"100 nm"``.

    Args:
        text: number and unit.
        unit: the SI unit expected, e.g. ``"m"`` or ``"ohm*m^2"``.

    Raises:
        ValueError: when the text is no quantity or has another dimension.
    """
    match = _NUMBER_UNIT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a quantity in {unit}; write for example '1 {_example(unit)}'")
    if not match["unit"]:
        raise ValueError(f"{text!r} has no unit; write for example '{text} {_example(unit)}'")
    try:
        registry = _registry()
        return float(registry.Quantity(float(match["number"]), registry.parse_units(match["unit"])).to(unit).magnitude)
    except Exception:  # pint raises many kinds for texts that are no unit, or one of another dimension
        raise ValueError(f"{text!r} is not a quantity in {unit}; write for example '1 {_example(unit)}'") from None


def _example(unit: str) -> str:
    return {"m": "nm", "s": "ns", "ohm*m^2": "ohm*um^2"}.get(unit, unit)


def _quantity(unit: str) -> Any:
    """An annotated float: reads a string with units, serialises to JSON as a string with its SI unit."""

    def parse(value: Any, info: ValidationInfo) -> float:
        if isinstance(value, str):
            number = parse_quantity(value, unit)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{value!r} is not a quantity in {unit}")
        elif info.context and info.context.get("from_file"):
            raise ValueError(f"{value!r} has no unit; write for example '{value} {_example(unit)}'")
        else:
            number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{value!r} is not finite")
        return number

    return Annotated[
        float,
        BeforeValidator(parse),
        PlainSerializer(lambda v: f"{v:.12g} {unit}", return_type=str, when_used="json"),
        WithJsonSchema({"type": "string", "x-unit": unit, "examples": [f"1 {_example(unit)}"]}),
    ]


Length = _quantity("m")
Time = _quantity("s")
Voltage = _quantity("V")
Resistance = _quantity("ohm")
ResistanceArea = _quantity("ohm*m^2")
Velocity = _quantity("m/s")
Magnetization = _quantity("A/m")
CurrentDensity = _quantity("A/m^2")
Area = _quantity("m^2")
