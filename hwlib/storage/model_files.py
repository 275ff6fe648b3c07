"""Design and process files: YAML read into pydantic models, every error of a file in a line of its own."""

from __future__ import annotations

import difflib
import types
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hwlib.errors import FieldsError, InputError, all_of, cut, suggestion
from hwlib.field_words import MISSING, in_words
from hwlib.storage.files import read_text
from hwlib.storage.yaml_text import GIVEN_TWICE, MAX_YAML_BYTES, SourcePlace, YamlDocument, YamlTextError, read_yaml

Model = TypeVar("Model", bound=BaseModel)
_LONGEST_FIELD = 60


class _Problem(NamedTuple):
    line: int
    path: tuple[str | int, ...]
    message: str


def load_model(path: Path, model: type[Model], what: str) -> Model:
    """Read a YAML file and validate it as ``model``.

    Raises:
        InputError: one line per error, each naming the file, the line and the field.
    """
    text = read_text(path, what, MAX_YAML_BYTES)
    try:
        document = read_yaml(text)
    except YamlTextError as error:
        raise InputError(f"{path}{f':{error.line}' if error.line else ''}: {error}") from None
    problems = [_Problem(*problem) for problem in document.problems]
    if not isinstance(document.data, dict):
        kind = {list: "a list", type(None): "nothing"}.get(type(document.data), "a single value")
        problems.append(_Problem(document.place.line, (), f"a {what} file is a mapping of fields, found {kind}"))
        raise _refused(problems, path)
    try:
        found = model.model_validate(document.data, context={"from_file": True, "folder": path.parent})
    except ValidationError as error:
        problems += [p for p in _problems(error, document, model) if not _explained(p, problems)]
    if problems:
        raise _refused(problems, path)
    return found


def refused_fields(path: Path, error: FieldsError, what: str) -> InputError:
    """What is found wrong with the fields of a file that was read before, by who alone knows them, with their lines."""
    document = read_yaml(read_text(path, what, MAX_YAML_BYTES))
    return _refused([_Problem(*_place(document, place, _NAMED), text) for place, text in error.problems], path)


def refused_arguments(model: type[BaseModel], given: dict[str, Any], error: ValidationError) -> InputError:
    """What is wrong with the fields that a model was given in Python, in the words that a file's have."""
    nowhere = SourcePlace(0, keys=defaultdict(int))
    nowhere.children = defaultdict(lambda: nowhere)
    lines = []
    for _, path, message in dict.fromkeys(_problems(error, YamlDocument(given, nowhere, []), model)):
        field = cut(".".join(str(part) for part in path), _LONGEST_FIELD)
        lines.append(f"{model.__name__}: {field + ': ' if field else ''}{message}")
    return all_of(lines, model.__name__)


@contextmanager
def with_lines(where: str, what: str, *, in_file: bool) -> Iterator[None]:
    """Say what the block finds wrong with fields with their lines.

    Args:
        where: the file of the fields, or what else messages call it.
        what: its kind in messages, e.g. ``"study"``.
        in_file: whether the fields are read from the file; else there are no lines.

    Raises:
        InputError: in place of ``FieldsError``.
    """
    try:
        yield
    except FieldsError as error:
        if in_file:
            raise refused_fields(Path(where), error, what) from None
        lines = [f"{where}: {'.'.join(map(str, path))}: {text}" for path, text in error.problems]
        raise all_of(lines, where) from None


def _refused(problems: list[_Problem], path: Path) -> InputError:
    lines = []
    for line, location, message in sorted(dict.fromkeys(problems), key=lambda problem: problem.line):
        field = cut(".".join(str(part) for part in location), _LONGEST_FIELD)
        lines.append(f"{path}:{line}: {field + ': ' if field else ''}{message}")
    return all_of(lines, path)


def _explained(problem: _Problem, known: list[_Problem]) -> bool:
    """Whether the YAML reader has already found something at this field: what the model says of it then misleads."""
    return any(problem.path[: len(path)] == path for _, path, why in known if path and not why.startswith(GIVEN_TWICE))


def _problems(error: ValidationError, document: YamlDocument, model: type[BaseModel]) -> Iterator[_Problem]:
    found = error.errors(include_url=False)
    places = [_place(document, problem["loc"], problem["type"]) for problem in found]
    meant: set[tuple[str | int, ...]] = set()  # by misspelt keys: what then is missing is no second error
    for problem, (line, path) in zip(found, places, strict=True):
        if problem["type"] == _UNKNOWN:
            names = _names(model, path[:-1], document.data)
            close = difflib.get_close_matches(cut(str(path[-1]), _LONGEST_FIELD).replace("-", "_"), names, n=1)
            meant.update((*path[:-1], name) for name in close)
            yield _Problem(line, path, f"unknown key, {suggestion(close, names)}")
    for problem, (line, path) in zip(found, places, strict=True):
        of_fields = problem.get("ctx", {}).get("error")
        if isinstance(of_fields, FieldsError):
            for inner, message in of_fields.problems:
                yield _Problem(*_place(document, (*path, *inner), _NAMED), message)
        elif problem["type"] == MISSING:
            if path not in meant:
                yield _Problem(line, path, in_words(problem, model, document.data))
        elif problem["type"] != _UNKNOWN and not (
            problem["type"] == "too_short" and any(path == other[: len(path)] != other for _, other in places)
        ):  # items that are wrong do not count, so what holds them looks too short
            yield _Problem(line, path, in_words(problem, model, document.data))


_UNKNOWN = "extra_forbidden"
_NAMED = "named"  # by fields alone, by us


def _place(document: YamlDocument, location: tuple[Any, ...], kind: str) -> tuple[int, tuple[str | int, ...]]:
    """Line and path of an error.

    Pydantic puts names of union members and the like into locations; the path of a file holds what the file holds,
    and for a key that is missing or unknown that key.
    """
    data, place, path, line = document.data, document.place, [], document.place.line
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if isinstance(data, dict) and isinstance(part, str) and part in data:
            line = place.keys[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            line = place.children[part].line
        else:
            if kind == _NAMED or (last and kind in (_UNKNOWN, MISSING)):
                path.append(part)
            continue
        data, place = data[part], place.children[part]
        path.append(part)
    return line, tuple(path)


def _names(model: type[BaseModel], parents: tuple[str | int, ...], data: Any) -> list[str]:
    """The keys that a mapping of the file may have."""
    kind: Any = model
    for part in parents:
        kind, data = _inner(kind, part), data[part]
        if hasattr(kind, "chosen") and isinstance(data, dict):  # a model of several kinds, which the data tells
            kind = kind.chosen(data)
    return sorted(kind.model_fields) if _is_model(kind) else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _inner(kind: Any, part: str | int) -> Any:
    """The type that a model, a mapping or a sequence has at a key or index; None when that is no matter of type."""
    if _is_model(kind):
        info = kind.model_fields.get(part)
        return _bare(info.annotation) if info else None
    arguments = [a for a in get_args(kind) if a is not Ellipsis]
    if get_origin(kind) is dict:
        return _bare(arguments[1])
    return _bare(arguments[0]) if get_origin(kind) in (tuple, list) and arguments else None


def _bare(kind: Any) -> Any:
    """A type without ``| None`` and ``Annotated``."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return next((_bare(a) for a in get_args(kind) if a is not type(None)), None)
    return kind
