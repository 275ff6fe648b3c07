"""Reading YAML into pydantic models with one-line errors, and writing files without leaving halves behind."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hwlib.errors import InputError

Model = TypeVar("Model", bound=BaseModel)
MAX_TEXT_BYTES = 64 * 1024 * 1024


def read_text(path: Path, what: str) -> str:
    """Return a text file's content.

    Raises:
        InputError: missing, unreadable, too large or not UTF-8 text.
    """
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise InputError(f"{path}: {what} is larger than {MAX_TEXT_BYTES // 2**20} MiB")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such {what} file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: {what} file is not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read {what} file ({error.strerror})") from None


def load_model(path: Path, model: type[Model], what: str) -> Model:
    """Read a YAML file (safely) and validate it as ``model``.

    Raises:
        InputError: one line naming the file, the line and the field.
    """
    text = read_text(path, what)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise InputError(f"{path}{where}: not valid YAML ({getattr(error, 'problem', None) or 'malformed'})") from None
    if (twice := _repeated_key(node)) is not None:
        raise InputError(f"{path}:{twice.start_mark.line + 1}: {twice.value}: given twice")
    if not isinstance(data, dict):
        raise InputError(f"{path}: a {what} file is a mapping of fields, found {type(data).__name__}")
    try:
        return model.model_validate(data, context={"from_file": True, "folder": path.parent})
    except ValidationError as error:
        raise InputError(_first_problem(error, path, node, model)) from None


def _repeated_key(root: Any) -> Any:
    """The first key that a mapping holds twice (YAML would silently keep the last), or None."""
    nodes, seen = deque([root]), set()
    while nodes:
        node = nodes.popleft()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            names = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in names:
                    return key
                if isinstance(key, yaml.ScalarNode):
                    names.add(key.value)
                nodes.append(value)
        elif isinstance(node, yaml.SequenceNode):
            nodes.extend(node.value)
    return None


def _first_problem(error: ValidationError, path: Path, node: Any, model: type[BaseModel]) -> str:
    problems = error.errors()
    # A misspelt key is reported twice, as unknown and as missing: the first says more.
    problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    location = [part for part in problem["loc"] if not _is_union_tag(part)]
    line = _line_of(node, location)
    field = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        message = f"unknown key{_suggestion(str(location[-1]), model, location[:-1])}"
    else:
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] not in ("value_error", "missing"):
            message += f", found {problem['input']!r:.80}"
    return f"{path}:{line}: {field + ': ' if field else ''}{message}"


def _is_union_tag(part: Any) -> bool:
    """Pydantic puts names of union members into locations; a file's reader knows only its own keys."""
    return isinstance(part, str) and any(c in part for c in "[(<-")


def _line_of(node: Any, location: list[Any]) -> int:
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        child = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    child, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
            line = child.start_mark.line + 1
        if child is None:
            break
        node = child
    return line


def _suggestion(key: str, model: type[BaseModel], parents: list[Any]) -> str:
    fields: Any = model
    for part in parents:
        info = getattr(fields, "model_fields", {}).get(part)
        fields = info.annotation if info else None
    names = sorted(getattr(fields, "model_fields", {}))
    close = difflib.get_close_matches(key, names, n=1)
    if close:
        return f", did you mean {close[0]!r}?"
    return f", allowed: {', '.join(names)}" if names else ""


def inside(folder: Path, relative: str, what: str) -> Path:
    """Return ``folder / relative``, refusing paths that leave the folder.

    Raises:
        InputError: absolute, or climbing out of ``folder`` (also through a link).
    """
    target = (folder / relative).resolve()
    if Path(relative).is_absolute() or not target.is_relative_to(folder.resolve()):
        raise InputError(f"{what}: path {relative!r} leaves its folder; give a relative path inside it")
    return target


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; on success it becomes ``path``, on failure it is removed.

    Raises:
        InputError: when the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error.strerror})") from None
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, write: Callable[[Path], Any]) -> Path:
    """Call ``write`` with a temporary name and rename the result to ``path``."""
    with replacing(path) as temporary:
        write(temporary)
    return path
