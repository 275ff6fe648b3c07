"""Cells that look at their settings before gdsfactory does, whose cache refuses an array without naming the setting."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from numbers import Integral
from types import NoneType
from typing import Any, Literal, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from hwlib.errors import InputError, shown

_P = ParamSpec("_P")
_R = TypeVar("_R")
LONGEST = 1e5  # µm: more is no chip, and no coordinate of a layout
_WORDS = {
    float: f"a number up to {LONGEST:g} in size",
    int: "a whole number",
    bool: "True or False",
    str: "a text",
    NoneType: "None",
}


def plain_settings(cell: Callable[_P, _R]) -> Callable[_P, _R]:
    """A cell that first compares its settings with their annotations; put it above ``gf.cell``.

    Settings that may be anything are left to the cell. NumPy's numbers are plain ones, so that cells of equal settings
    have one name.

    Raises:
        InputError: when called with a setting of another kind, naming it.
    """
    signature, hints = inspect.signature(cell), get_type_hints(cell)
    name = getattr(cell, "__name__", "cell").lstrip("_")

    @functools.wraps(cell)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        given = signature.bind(*args, **kwargs)
        for setting, value in given.arguments.items():
            given.arguments[setting] = _checked(f"{name}: {setting}", value, hints.get(setting, Any))
        return cell(*given.args, **given.kwargs)

    return checked


def _checked(where: str, value: Any, hint: Any) -> Any:
    """The value, as a plain number where it is NumPy's, or a refusal."""
    plain = value.item() if isinstance(value, np.generic) else value
    if get_origin(hint) is Literal:
        allowed = get_args(hint)
        if not (isinstance(plain, str) and plain in allowed):
            raise InputError(f"{where}: {shown(value)}, allowed: {', '.join(allowed)}")
        return plain
    kinds = get_args(hint) or (hint,)
    if all(kind in _WORDS for kind in kinds) and not any(_is(plain, kind) for kind in kinds):
        raise InputError(f"{where}: {shown(value)}, allowed: {' or '.join(_WORDS[kind] for kind in kinds)}")
    return plain


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and -LONGEST <= value <= LONGEST
    if kind is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    return isinstance(value, kind)
