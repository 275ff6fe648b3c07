"""Both ends of a field's range: an error of pydantic has only the one that a value is beyond."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

BOUNDS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}  # and how messages say them


def other_bound(problem: ErrorDetails, shape: Any, data: Any = None) -> dict[str, Any]:
    """The bounds of the number that an error is about, by pydantic's names; empty where they are not known.

    Args:
        problem: the error.
        shape: the type that was validated.
        data: what was validated, where a model is of a kind that its data say.
    """
    broken = {name: limit for name, limit in problem.get("ctx", {}).items() if name in BOUNDS}
    if shape is None or not broken:
        return {}
    ranges = [found for found in map(_bounds, _at(shape, problem["loc"], data)) if broken.items() <= found.items()]
    return ranges[0] if ranges and all(found == ranges[0] for found in ranges) else {}


def _at(shape: Any, location: Sequence[str | int], data: Any) -> list[Any]:
    """The types that may stand at a place: parts of a location that are no field, key or index name one of several."""
    found = [shape]
    for part in location:
        within = [inner for kind in found for plain in _plain(kind) for inner in _inner(plain, part, data)]
        if within:
            found, data = within, _part(data, part)
    return found


def _part(data: Any, part: str | int) -> Any:
    try:
        return data[part]
    except (TypeError, LookupError):
        return None


def _plain(kind: Any) -> Iterator[Any]:
    """The types of a union, without what is annotated."""
    if isinstance(kind, FieldInfo):
        yield from _plain(kind.annotation)
    elif get_origin(kind) is Annotated:
        yield from _plain(get_args(kind)[0])
    elif get_origin(kind) in (Union, types.UnionType):
        for each in get_args(kind):
            yield from _plain(each)
    else:
        yield kind


def _inner(kind: Any, part: str | int, data: Any) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if hasattr(kind, "chosen") and isinstance(data, dict):  # a model of several kinds
            kind = kind.chosen(data)
        return [kind.model_fields[part]] if part in kind.model_fields else []
    if get_origin(kind) is dict and isinstance(part, str):
        return [get_args(kind)[1]]
    if get_origin(kind) in (tuple, list) and isinstance(part, int):
        each = [item for item in get_args(kind) if item is not Ellipsis]
        return [each[part] if part < len(each) > 1 else each[0]]
    return []


def _bounds(kind: Any) -> dict[str, Any]:
    """The bounds that a type or a field is annotated with."""
    found: dict[str, Any] = {}
    for note in _notes(kind):
        found |= {name: getattr(note, name) for name in BOUNDS if getattr(note, name, None) is not None}
    return found


def _notes(kind: Any) -> Iterator[Any]:
    if isinstance(kind, FieldInfo):
        yield from kind.metadata
        yield from _notes(kind.annotation)
    elif get_origin(kind) is Annotated:
        inner, *notes = get_args(kind)
        yield from _notes(inner)
        for note in notes:
            yield from note.metadata if isinstance(note, FieldInfo) else [note]
    elif get_origin(kind) in (Union, types.UnionType):
        for each in get_args(kind):
            yield from _notes(each)
