"""Quantities as text: reading ``100 nm`` into SI, and writing ``100 nm`` rather than ``1e-07 m``."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np

from hwlib.errors import InputError, shown

Sign = Literal["any", "positive", "not negative"]
_MAX_TEXT = 80
_MAX_FACTORS = 6
_DECIMALS = 60  # of what pint computes: more than a number may have
# One number, then units with whole powers. Only names reach pint: it would evaluate more, also what never ends.
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,25}(?:\.[0-9]{0,25})?|\.[0-9]{1,25})(?:[eE][+-]?[0-9]{1,3})?")
_FACTOR = re.compile(r"(?P<joint>[*·/ ]?)(?P<name>[A-Za-z\u00b5\u03bc\u03a9\u00c5]{1,20})(?:\^(?P<power>-?[1-9]))?")
_SPACED_SIGN = re.compile(r" ?([*·/^]) ?")
# Signs of their own that look alike: minus as pages print it, dot operator, signs of ohm, angstrom and kelvin.
_ALIKE = str.maketrans({"\u2212": "-", "\u22c5": "·", "\u2126": "Ω", "\u212b": "Å", "\u212a": "K"})
_POWERS = {"**": "^", "⁻²": "^-2", "⁻³": "^-3", "⁻¹": "^-1", "²": "^2", "³": "^3"}
_SCALES = {
    "m": (("um", 1e6), ("nm", 1e9)),
    "s": (("us", 1e6), ("ns", 1e9)),
    "V": (("V", 1.0), ("mV", 1e3)),
    "ohm*m^2": (("ohm*um^2", 1e12),),
    "m^2": (("um^2", 1e12), ("nm^2", 1e18)),
    "J": (("uJ", 1e6), ("nJ", 1e9), ("pJ", 1e12), ("fJ", 1e15), ("aJ", 1e18)),
    "W": (("W", 1.0), ("mW", 1e3), ("uW", 1e6)),
}
_PRINTED_SCALES = {
    "1": (("%", 1e2),),
    "A": (("uA", 1e6),),
    "s": (*_SCALES["s"], ("ps", 1e12)),
}
_TYPOGRAPHY = ("ohm", "Ω"), ("*", "·"), ("^2", "²")
_PREFIX = re.compile(r"\bu(?=[A-Za-z])")
# What pint makes of the units that designs and processes are written in, so that they do not load it (half a second).
USUAL = {
    "m": {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "nm": 1e-9},
    "m^2": {"m^2": 1.0, "um^2": 1e-12, "nm^2": 1e-18},
    "s": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12},
    "m/s": {"m/s": 1.0, "mm/s": 1e-3},
    "V": {"V": 1.0, "mV": 1e-3, "uV": 1e-6},
    "ohm": {"ohm": 1.0, "Ω": 1.0, "kohm": 1e3, "Mohm": 1e6},
    "ohm*m^2": {"ohm*m^2": 1.0, "ohm*um^2": 1e-12},
    "A/m": {"A/m": 1.0, "kA/m": 1e3},
    "A/m^2": {"A/m^2": 1.0},
    "K": {"K": 1.0},
}
_EXAMPLES = {"m": "nm", "s": "ns", "ohm*m^2": "ohm*um^2"}


def parse_quantity(text: str, unit: str) -> float:
    """Return the SI value of a text such as ``100 nm``, ``1e12 A/m^2`` or ``0.5 ohm um²``.

    Args:
        text: a number and a unit: names with whole powers from −9 to 9, joined by ``*``, ``·``, ``/`` or a space.
        unit: the SI unit expected, e.g. ``"m"`` or ``"ohm*m^2"``.

    Raises:
        ValueError: when the text is no quantity, has another dimension or is not finite.
    """
    if len(text) > _MAX_TEXT:
        raise _no_quantity(text, unit)
    return _parse(text.strip(), unit)


def parse_si(text: str) -> float:
    """Return the value of a text such as ``50 mT`` in SI base units, whatever its dimension.

    Raises:
        ValueError: when the text is no quantity with a unit, or not finite.
    """
    if len(text) > _MAX_TEXT:
        raise _no_quantity(text, None)
    return _parse(text.strip(), None)


def in_si(value: float | str, unit: str, name: str, *, sign: Sign = "any") -> float:
    """A quantity that a Python caller gives: a number in SI units, or a text with its unit, as ``"88 mV"``.

    Args:
        value: what was given.
        unit: the SI unit, e.g. ``"V"`` or ``"ohm*m^2"``.
        name: of the argument, for messages.
        sign: what is allowed.

    Returns:
        The number in SI units, finite.

    Raises:
        InputError: no quantity of this dimension, one that is not finite, or of another sign.
    """
    number = math.nan
    if isinstance(value, str):
        try:
            number = parse_quantity(value, unit)
        except ValueError as error:
            raise InputError(f"{name}: {error}") from None
    elif isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(f"{name}: {shown(value)} is not a quantity in {unit}, nor a text such as '1 {example(unit)}'")
    else:
        with contextlib.suppress(OverflowError):  # of a whole number beyond floats
            number = float(value)
    right = {"any": True, "positive": number > 0, "not negative": number >= 0}[sign]
    if not (math.isfinite(number) and right):
        words = {"any": "finite", "positive": "positive and finite", "not negative": "finite and not negative"}[sign]
        raise InputError(f"{name}: {shown(value)}, must be {words}")
    return number


def whole_number(value: Any, name: str, *, least: int = 1, most: int) -> int:
    """A whole number that a caller gave: neither a fraction, yes or no, nor a text.

    Args:
        value: what was given.
        name: of the argument, for the message.
        least: allowed.
        most: likewise.

    Raises:
        InputError: it is none, or out of range.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise InputError(f"{name}: {shown(value)}{'' if whole else ' is no whole number'}, allowed {least} to {most}")
    return int(value)


def plain_number(value: Any, name: str, *, least: float, most: float, of: str = "") -> float:
    """A number without a unit that a caller gave, such as a share; neither yes or no nor a text.

    Args:
        value: what was given.
        name: of the argument, for the message.
        least: allowed.
        most: likewise.
        of: what it is a share of, for the message.

    Raises:
        InputError: it is none, or out of range.
    """
    known = isinstance(value, Real) and not isinstance(value, bool)
    if not known or not least <= value <= most:
        allowed = f"allowed {least:g} to {most:g}{' of ' if of else ''}{of}"
        raise InputError(f"{name}: {shown(value)}{'' if known else ' is no number'}, {allowed}")
    return float(value)


def array_in_si(values: Any, unit: str, name: str) -> np.ndarray:
    """The same for an array or nested sequence; numbers may be NaN or infinite where the caller allows them.

    Raises:
        InputError: as ``in_si``; or no numbers at all.
    """
    refuse_masked(values, name)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):  # no array, or rows of different lengths
        raise InputError(f"{name}: {shown(values)} are no quantities in {unit}") from None
    if array.dtype.kind in "OUS":
        found = [each if each is None else in_si(each, unit, name) for each in array.ravel().tolist()]
        return np.array(found, float).reshape(array.shape)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name}: {shown(values)} are no quantities in {unit}")
    return array.astype(float)


def refuse_masked(values: Any, name: str) -> None:
    """Refuse an array of which some values are masked: NumPy would take what is below the mask without a word.

    Args:
        values: whatever was given.
        name: of the argument, for the message.

    Raises:
        InputError: saying how many are masked.
    """
    if isinstance(values, np.ma.MaskedArray) and (masked := int(np.ma.count_masked(values))):
        raise InputError(f"{name}: {masked} of {values.size} values are masked; fill them, or leave them out")


def texts_in_si(instance: Any, **units: str) -> None:
    """Turn those fields of a frozen dataclass that were given as texts into SI numbers; call it after ``__init__``.

    Args:
        instance: the dataclass.
        units: SI unit by field.

    Raises:
        InputError: as ``in_si``.
    """
    for name, unit in units.items():
        value = getattr(instance, name)
        if isinstance(value, str):
            object.__setattr__(instance, name, in_si(value, unit, name))


def parse_number(text: str) -> float:
    """Return a number as any reader of text files takes it: Python's ``1_0`` and digits of other scripts are none.

    Raises:
        ValueError: no number.
    """
    if "_" in text or not text.isascii():
        raise ValueError(f"{shown(text)} is not a number")
    return float(text)


def on_steps(length: float, step: float) -> float:
    """The multiple of a step that is nearest to a length, both in m, as the same length in a file would be read."""
    return round(round(length / step) * step, 15)  # to femtometres: the product may be a bit beside it


@lru_cache(maxsize=4096)
def _parse(text: str, unit: str | None) -> float:
    plain = text.translate(_ALIKE)
    number = _NUMBER.match(plain)
    factors = _factors(plain[number.end() :]) if number else None
    if number is None or factors is None:
        raise _no_quantity(text, unit)
    if not factors:
        raise ValueError(f"{shown(text)} has no unit; write for example '{text} {example(unit or 'm')}'")
    usual = _usual_factors(unit).get(tuple(factors))
    if usual is not None:
        # As a text with another power of ten: a product of floats is not always the float nearest to the number.
        digits, _, power = number[0].lower().partition("e")
        value = float(f"{digits}e{int(power or 0) + usual}")
    else:
        try:
            value = _by_pint(number[0], factors, unit)
        except Exception:  # pint raises many kinds for texts that are no unit, or one of another dimension
            raise _no_quantity(text, unit) from None
    if not math.isfinite(value):
        raise ValueError(f"{shown(text)} is not finite")
    return value


@lru_cache
def _usual_factors(unit: str | None) -> dict[tuple[tuple[str, int], ...], int]:
    """Powers of ten of the usual ways to write a unit, by the names and powers that ``_factors`` reads from them."""
    return {
        tuple(_factors(text) or ()): round(math.log10(factor)) for text, factor in USUAL.get(unit or "", {}).items()
    }


def _by_pint(number: str, factors: list[tuple[str, int]], unit: str | None) -> float:
    """A number of a unit of names and powers, in ``unit`` or in SI base units; raises what pint does."""
    registry = _registry()
    with localcontext() as context:
        context.prec = _DECIMALS
        product = registry.Unit("")
        for name, power in factors:
            product *= registry.Unit(name) ** power
        found = registry.Quantity(Decimal(number), product)
        return float((found.to_base_units() if unit is None else found.to(unit)).magnitude)


def _factors(text: str) -> list[tuple[str, int]] | None:
    """Names and powers of a unit; None when the text is none."""
    for written, sign in _POWERS.items():
        text = text.replace(written, sign)
    text = _SPACED_SIGN.sub(r"\1", " ".join(text.split()))
    factors: list[tuple[str, int]] = []
    place = 0
    while place < len(text):
        factor = _FACTOR.match(text, place)
        if factor is None or bool(factor["joint"]) != bool(factors) or len(factors) == _MAX_FACTORS:
            return None
        power = int(factor["power"] or 1)
        factors.append((factor["name"], -power if factor["joint"] == "/" else power))
        place = factor.end()
    return factors


@lru_cache(maxsize=1)
def _registry() -> Any:
    from pint import UnitRegistry  # loaded on first use: half a second

    registry: Any = UnitRegistry(autoconvert_offset_to_baseunit=False, non_int_type=Decimal)
    registry.define("@alias ohm = Ohm")  # as people write it
    return registry


def _no_quantity(text: str, unit: str | None) -> ValueError:
    if unit is None:
        return ValueError(f"{shown(text)} is no quantity with a unit; write for example '1 nm'")
    return ValueError(f"{shown(text)} is not a quantity in {unit}; write for example '1 {example(unit)}'")


def example(unit: str) -> str:
    """The unit in which a person would write a value whose SI unit this is."""
    return _EXAMPLES.get(unit, unit)


def digits_apart(first: float, second: float, least: int = 4) -> int:
    """How many significant digits, ``least`` to 12, tell two numbers apart: a value and a limit that it just misses."""
    return next((n for n in range(least, 12) if first == second or f"{first:.{n}g}" != f"{second:.{n}g}"), 12)


def human(value: float, unit: str, digits: int = 12) -> str:
    """Format an SI value with the largest usual unit in which it is at least 1, e.g. ``human(1e-7, "m")`` → ``100 nm``.

    It is what files hold, in ASCII; ``printed`` is for people.

    Args:
        value: in SI units.
        unit: the SI unit.
        digits: significant digits.
    """
    name, scale = _fitting(value, _SCALES.get(unit, ((unit, 1.0),)))
    return f"{value * scale:.{digits}g} {name}"


def printed(value: float, unit: str, digits: int = 4, *, beside: float | None = None) -> str:
    """A value as people read it on a page or a terminal: ``3.2 µs``, ``500 Ω``, ``−5 m/s``, ``11.9 %``.

    Args:
        value: in SI units.
        unit: the SI unit; ``"1"`` for a share, told in percent, ``""`` for a plain number.
        digits: significant digits; whole numbers below ten million are written out.
        beside: value whose unit is taken, so that both can be compared; else the value itself.
    """
    name, scale = printed_unit(value if beside is None else beside, unit)
    number = f"{value * scale + 0.0:.{digits}g}"  # −0 is 0
    if "e+" in number and abs(value * scale) < 1e7:
        number = f"{float(number):.0f}"
    return f"{number} {name}".rstrip().replace("-", "−")


def printed_unit(size: float, unit: str) -> tuple[str, float]:
    """The unit in which people read a value of some size, and the factor to it: ``(3e-7, "s")`` → ``("ns", 1e9)``.

    Args:
        size: the value, or the largest of several, in SI units.
        unit: as of ``printed``.
    """
    scales = _PRINTED_SCALES.get(unit) or _SCALES.get(unit) or ((unit, 1.0),)
    name, scale = _fitting(size, scales) if size or unit == "1" else (unit, 1.0)  # nothing has no prefix
    for written, read in _TYPOGRAPHY:
        name = name.replace(written, read)
    return _PREFIX.sub("µ", name), scale


def printed_plain(value: float, unit: str, digits: int = 4) -> str:
    """As ``printed``, but numbers without a unit as they are, shares too; whole ones below ten million in full."""
    if unit not in ("", "1"):
        return printed(value, unit, digits)
    return f"{value + 0.0:.0f}" if abs(value) < 1e7 and value == round(value) else f"{value:.{digits}g}"


def printed_span(low: float, high: float, unit: str, digits: int = 4) -> str:
    """Two ends in one unit, e.g. ``31.15 … 75.26 mV``; arguments as of ``printed``."""
    larger = max(abs(low), abs(high))
    first, last = (printed(value, unit, digits, beside=larger) for value in (low, high))
    return f"{first.split()[0]} … {last}"


def in_percent(share: float, decimals: int = 0) -> str:
    """A share as people read it, with so many decimals: ``in_percent(-0.0444, 1)`` → ``−4.4 %``."""
    return f"{100 * share:.{decimals}f} %".replace("-", "−")


def _fitting(value: float, scales: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """Name and factor of the largest unit in which a value is at least 1; else of the last."""
    return next(((n, s) for n, s in scales if abs(value * s) >= 1 - 1e-9), scales[-1])
