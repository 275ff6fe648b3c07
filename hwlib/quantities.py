"""Quantities as a person writes them: ``100 nm`` rather than ``1e-07 m``."""

from __future__ import annotations

import re
from typing import Any

_SCALES = {
    "m": (("um", 1e6), ("nm", 1e9)),
    "s": (("us", 1e6), ("ns", 1e9)),
    "V": (("V", 1.0), ("mV", 1e3)),
    "ohm*m^2": (("ohm*um^2", 1e12),),
    "m^2": (("um^2", 1e12), ("nm^2", 1e18)),
    "J": (("uJ", 1e6), ("nJ", 1e9), ("pJ", 1e12), ("fJ", 1e15), ("aJ", 1e18)),
    "W": (("W", 1.0), ("mW", 1e3), ("uW", 1e6)),
}
_SI_TEXT = re.compile(r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?) ([A-Za-z*^/\d]+)")


def human(value: float, unit: str, digits: int = 12) -> str:
    """Format an SI value with the largest usual unit in which it is at least 1, e.g. ``human(1e-7, "m")`` → ``100 nm``.

    Args:
        value: in SI units.
        unit: the SI unit.
        digits: significant digits.
    """
    scales = _SCALES.get(unit, ((unit, 1.0),))
    name, scale = next(((n, s) for n, s in scales if abs(value * s) >= 1 - 1e-9), scales[-1])
    return f"{value * scale:.{digits}g} {name}"


def readable(data: Any) -> Any:
    """Rewrite every SI quantity string (``1e-07 m``) inside plain data with ``human``."""
    if isinstance(data, dict):
        return {key: readable(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [readable(value) for value in data]
    if isinstance(data, str) and (match := _SI_TEXT.fullmatch(data)):
        return human(float(match[1]), match[2])
    return data
