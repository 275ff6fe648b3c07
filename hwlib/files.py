"""Reading YAML into pydantic models with one-line errors."""

from __future__ import annotations

import difflib
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hwlib.errors import InputError

Model = TypeVar("Model", bound=BaseModel)
MAX_TEXT_BYTES = 64 * 1024 * 1024


@contextmanager
def open_outside(path: str | Path, what: str, largest: int) -> Iterator[BinaryIO]:
    """Open a file that somebody else wrote, for reading bytes.

    Only a regular file of bounded size is opened: a FIFO would wait for its writer, a device never ends. What was
    looked at is what is read, also when the name is given to another file meanwhile.

    Args:
        path: the file, links are followed.
        what: its kind in messages, e.g. ``"design"``.
        largest: allowed size in bytes.

    Raises:
        InputError: missing, unreadable, no regular file, or too large.
    """
    with ExitStack() as stack:
        with _refusing(path, what):
            _check_regular(Path(path).stat(), path, what, largest)  # before opening: opening a device can do things
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            stream = stack.enter_context(open(descriptor, "rb"))  # noqa: PTH123, by descriptor
            _check_regular(os.fstat(descriptor), path, what, largest)
        yield stream


def read_bytes(path: str | Path, what: str, largest: int = MAX_TEXT_BYTES) -> bytes:
    """Return the content of a file that somebody else wrote; arguments and errors of ``open_outside``."""
    with open_outside(path, what, largest) as stream, _refusing(path, what):
        content = stream.read(largest + 1)  # it may have grown meanwhile
    if content is None:  # nothing to read yet: of /proc, not of a disk
        raise InputError(f"{path}: cannot read {what} file (not a file on a disk)")
    if len(content) > largest:
        raise _too_large(path, what, largest)
    return content


def read_text(path: str | Path, what: str, largest: int = MAX_TEXT_BYTES) -> str:
    """Return the content of a text file that somebody else wrote, without a byte order mark.

    Raises:
        InputError: as ``open_outside``, or not UTF-8 text.
    """
    try:
        return read_bytes(path, what, largest).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: {what} file is not UTF-8 text") from None


@contextmanager
def _refusing(path: str | Path, what: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: no such {what} file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read {what} file ({error.strerror or type(error).__name__})") from None
    except ValueError:  # NUL or half a surrogate pair: no file can have this name
        raise InputError(f"{path}: no name of a {what} file") from None


def _check_regular(status: os.stat_result, path: str | Path, what: str, largest: int) -> None:
    mode = status.st_mode
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))
        kind = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
        raise InputError(f"{path}: cannot read {what} file (it is {kind}, not a regular file)")
    if status.st_size > largest:
        raise _too_large(path, what, largest)


def _too_large(path: str | Path, what: str, largest: int) -> InputError:
    size = f"{largest // 2**20} MiB" if largest >= 2**20 else f"{largest // 2**10} KiB"
    return InputError(f"{path}: {what} file is larger than {size}")


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
