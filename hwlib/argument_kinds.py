"""Public calls refuse arguments of another kind than they say, in a line that names the argument."""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np

from hwlib.errors import InputError, shown

_P = ParamSpec("_P")
_R = TypeVar("_R")
_PLAIN: dict[str, tuple[str, tuple[type, ...]]] = {
    "None": ("None", (type(None),)), "str": ("a text", (str,)), "Path": ("a path", (os.PathLike,)),
    "bool": ("True or False", (bool, np.bool_)), "Mapping": ("a mapping", (Mapping,)),
    "Iterable": ("a list", (Iterable,)), "Callable": ("a function", (Callable,)),  # type: ignore[dict-item]
    "Progress": ("a function", (Callable,)), "Advance": ("a function", (Callable,)),  # type: ignore[dict-item]
}  # fmt: skip
_CLASSES = {
    "Network", "Design", "Process", "Device", "Protocol", "Parasitics", "VariationFields", "Limits", "StudyFields",
    "Dataset", "Component", "Layout", "Drawing",
}  # fmt: skip
_SOURCES = {"LayoutSource": "str | Path | Layout | Drawing"}
_IN_BRACKETS = re.compile(r"\[[^\[\]]*\]")


class _Kind(NamedTuple):
    """What an argument may be: names of classes of ours, which need not be loaded for it, and other types."""

    words: str
    classes: frozenset[str]
    types: tuple[type, ...]

    def includes(self, value: object) -> bool:
        return isinstance(value, self.types) or any(each.__name__ in self.classes for each in type(value).__mro__)


def takes_kinds(call: Callable[_P, _R]) -> Callable[_P, _R]:
    """A call that first compares what it is given with its annotations, as far as these are texts, paths, yes or no,
    functions, mappings and objects of this toolkit; numbers and arrays it checks itself.

    Raises:
        InputError: when called with something else.
    """  # noqa: D205
    parameters = list(inspect.signature(call).parameters.values())
    kinds = {each.name: kind for each in parameters if (kind := _kind(each)) is not None}
    places = [each.name for each in parameters]

    @functools.wraps(call)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for name, value in (*zip(places, args, strict=False), *kwargs.items()):
            kind = kinds.get(name)
            if kind is not None and not kind.includes(value):
                raise InputError(f"{name}: {shown(value)}, allowed: {kind.words}")
        return call(*args, **kwargs)

    return checked


def _kind(parameter: inspect.Parameter) -> _Kind | None:
    """The kind that an annotation names; None where it names anything else too."""
    if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
        return None
    written = str(parameter.annotation)
    while written != (bare := _IN_BRACKETS.sub("", written)):
        written = bare
    written = _SOURCES.get(written, written)
    words: list[str] = []
    classes: set[str] = set()
    types: list[type] = []
    for name in (part.strip().rpartition(".")[2] for part in written.split("|")):
        if name in _CLASSES:
            words.append(f"a {name}")
            classes.add(name)
        elif name in _PLAIN:
            words.append(_PLAIN[name][0])
            types += _PLAIN[name][1]
        else:
            return None
    return _Kind(", ".join(words), frozenset(classes), tuple(types))
