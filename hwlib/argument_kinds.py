"""Public calls refuse arguments of another kind than they say, in a line that names the argument."""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar, cast

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.quantities import refuse_masked
from hwlib.storage.writing import refuse_no_name

_P = ParamSpec("_P")
_R = TypeVar("_R")
_PLAIN: dict[str, tuple[str, tuple[type, ...]]] = {
    "None": ("None", (type(None),)), "str": ("a text", (str,)), "Path": ("a path", (os.PathLike,)),
    "bool": ("True or False", (bool, np.bool_)), "Mapping": ("a mapping", (Mapping,)),
    "Callable": ("a function", (Callable,)),  # type: ignore[dict-item]
    "Progress": ("a function", (Callable,)), "Advance": ("a function", (Callable,)),  # type: ignore[dict-item]
    "Report": ("a function", (Callable,)),  # type: ignore[dict-item]
}  # fmt: skip
_CLASSES = {
    "Network", "Design", "Process", "Device", "Protocol", "Parasitics", "VariationFields", "Limits", "StudyFields",
    "Dataset", "Component", "Layout", "Drawing", "Finding", "StaticCircuits", "StoredResults",
}  # fmt: skip
_SOURCES = {"LayoutSource": "str | Path | Layout | Drawing"}
_LISTS = ("Iterable", "Sequence")
_IN_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_LIST_OF = re.compile(rf"(?:{'|'.join(_LISTS)})\[(\w+)\]")


class _Kind(NamedTuple):
    """What an argument may be: names of classes of ours, which need not be loaded for it, other types, and a list."""

    words: str
    classes: frozenset[str]
    types: tuple[type, ...]
    listed: bool
    of: str  # the class of ours that all of a list is; empty where it is of anything else

    def includes(self, value: object) -> bool:
        return isinstance(value, self.types) or _is_a(value, self.classes) or (self.listed and _is_list(value))

    def checked(self, name: str, value: object) -> object:
        """The value, or a refusal; what a generator makes is looked at when it is read, for it is read once."""
        if not self.includes(value):
            raise InputError(f"{name}: {shown(value)}, allowed: {self.words}")
        if os.PathLike in self.types and isinstance(value, (str, os.PathLike)):
            refuse_no_name(Path(value))
        if self.of and isinstance(value, Iterator):
            return self._each(name, value)
        if self.of and self.listed and _is_list(value):
            for _ in self._each(name, cast("Iterable[object]", value)):
                pass
        return value

    def _each(self, name: str, values: Iterable[object]) -> Iterator[object]:
        for k, each in enumerate(values):
            if not _is_a(each, {self.of}):
                raise InputError(f"{name}[{k}]: {shown(each)}, allowed: a {self.of}")
            yield each


def _is_a(value: object, classes: AbstractSet[str]) -> bool:
    return any(each.__name__ in classes for each in type(value).__mro__)


def _is_list(value: object) -> bool:
    """Whether it can be walked through, which an array without dimensions says of itself, and is no text."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes)) and getattr(value, "ndim", 1) > 0


def takes_kinds(call: Callable[_P, _R]) -> Callable[_P, _R]:
    """A call that first compares what it is given with its annotations, as far as these are texts, paths, yes or no,
    functions, mappings, lists and objects of this toolkit; numbers and arrays it checks itself, but for masks.

    Raises:
        InputError: when called with something else.
    """  # noqa: D205
    parameters = list(inspect.signature(call).parameters.values())
    kinds = {each.name: kind for each in parameters if (kind := _kind(each)) is not None}
    places = [each.name for each in parameters]

    @functools.wraps(call)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        def taken(name: str, value: object) -> object:
            for each in value if isinstance(value, (list, tuple)) else (value,):
                refuse_masked(each, name)
            return kinds[name].checked(name, value) if name in kinds else value

        by_place = [taken(*each) for each in zip(places, args, strict=False)]
        by_name = {name: taken(name, value) for name, value in kwargs.items()}
        return call(*by_place, *args[len(by_place) :], **by_name)  # type: ignore[arg-type]

    return checked


def _kind(parameter: inspect.Parameter) -> _Kind | None:
    """The kind that an annotation names; None where it names anything else too."""
    if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
        return None
    written = str(parameter.annotation)
    of = _LIST_OF.search(written)
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
        elif name in _LISTS:
            words.append("a list")
        else:
            return None
    return _Kind(", ".join(words), frozenset(classes), tuple(types), "a list" in words,
                 of[1] if of is not None and of[1] in _CLASSES else "")  # fmt: skip
