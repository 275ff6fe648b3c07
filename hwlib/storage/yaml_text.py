"""YAML 1.2 text as plain data with the line of every value, within limits; and plain data as YAML text.

Only the core schema is read: mappings with text keys, sequences, texts, whole numbers (decimal, ``0o17``, ``0xf``),
decimal fractions, ``true`` and ``false``, ``null``. Tags are refused, keys given twice too. ``010`` is ten, ``1:30``,
``yes`` and ``2001-01-01`` are texts, ``<<`` is a key like any other, and an alias is a copy of what it names.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hwlib.errors import harmless, shown

MAX_YAML_BYTES = 256 * 1024
MAX_VALUES = 20_000  # about a second; aliases count as what they stand for
MAX_DEPTH = 20
MAX_DIGITS = 64
GIVEN_TWICE = "given twice"
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NULL = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL, _HEXADECIMAL = re.compile(r"0o[0-7]+"), re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")
_PLAINLY_TEXT = re.compile(r"(?:[\w/]|[-+](?=[0-9.]))[\w ./*^()+-]*(?<! )")
_WORDS_OF_YAML_1_1 = ("y", "n", "yes", "no", "on", "off")
_NOT_A_NUMBER = (".nan", ".NaN", ".NAN")


class YamlProblem(NamedTuple):
    """Something that cannot be read: its line, the path of keys and indices to it, and what is wrong."""

    line: int
    path: tuple[str | int, ...]
    message: str


class YamlTextError(ValueError):
    """The text is no YAML, or beyond a limit: reading stopped there."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message)
        self.line = line


@dataclass
class SourcePlace:
    """Where a value stands.

    Attributes:
        line: of the value.
        keys: line of each key of a mapping.
        children: places of the values of a mapping or a sequence.
        values: how many values it holds, itself and aliases' included.
    """

    line: int
    keys: dict[str, int] = field(default_factory=dict)
    children: dict[str | int, SourcePlace] = field(default_factory=dict)
    values: int = 1


class YamlDocument(NamedTuple):
    """One document: its plain data, where each value stands, and what could not be taken as it is written."""

    data: Any
    place: SourcePlace
    problems: list[YamlProblem]


def read_yaml(text: str) -> YamlDocument:
    """Read a YAML 1.2 document.

    Raises:
        YamlTextError: no YAML, more than one document, or beyond a limit.
    """
    if len(text.encode("utf-8", "replace")) > MAX_YAML_BYTES:
        raise YamlTextError(f"longer than {MAX_YAML_BYTES // 1024} KiB")
    builder = _TreeBuilder()
    for event in _events(text):
        builder.take(event)
    return YamlDocument(builder.data, builder.place, builder.problems)


def yaml_text(data: Any, *, flow: bool | None = None, width: int = 120) -> str:
    """Plain data as YAML 1.2, keys in their order.

    Args:
        data: mappings, sequences, texts, numbers, booleans and None.
        flow: True for brackets throughout, False for none, None for brackets around the innermost.
        width: of a line.
    """
    from ruamel.yaml import YAML  # loaded on first use, as for reading
    from ruamel.yaml.representer import SafeRepresenter

    class Representer(SafeRepresenter):
        """Quotes every text that is not plainly a text, to this reader and to those of YAML 1.1."""

    def quoted(representer: Any, text: str) -> Any:
        plain = _PLAINLY_TEXT.fullmatch(text) and text.lower() not in _WORDS_OF_YAML_1_1
        return representer.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')

    Representer.add_representer(str, quoted)
    writer = YAML(typ="safe", pure=True)
    writer.Representer = Representer
    writer.default_flow_style = flow
    writer.allow_unicode = True
    writer.width = width
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    stream = io.StringIO()
    writer.dump(data, stream)
    return stream.getvalue()


def _events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.reader import ReaderError

    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except YamlTextError:
        raise
    except ReaderError as error:  # a character that YAML does not allow
        character = f"character {shown(text[error.position])}" if error.position < len(text) else "a character"
        raise YamlTextError(
            f"not valid YAML ({character} is not allowed)", text.count("\n", 0, error.position) + 1
        ) from None
    except Exception as error:  # besides its own kinds the parser raises others on nonsense
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or "malformed"
        raise YamlTextError(f"not valid YAML ({why})", mark.line + 1 if mark else None) from None


@dataclass
class _Open:
    """A mapping or sequence that is being read."""

    data: dict[str, Any] | list[Any]
    place: SourcePlace
    anchor: str | None
    key: str | None = None  # read, its value not yet
    key_line: int = 0
    ignored: bool = False  # the value that follows belongs to a key that is no key, or stands twice


class _TreeBuilder:
    """Makes data of events, without recursion: what is nested deeply costs no stack."""

    def __init__(self) -> None:
        self.data: Any = None
        self.place = SourcePlace(1)
        self.problems: list[YamlProblem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, SourcePlace]] = {}
        self._documents = 0
        self._values = 0

    def take(self, event: Any) -> None:
        """Take the next event of the parser."""
        line = event.start_mark.line + 1
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            self._start_document(event, line)
        elif kind == "AliasEvent":
            if event.anchor not in self._anchors:
                raise YamlTextError(f"alias *{event.anchor} names nothing that stands before it", line)
            data, place = self._anchors[event.anchor]
            self._value(data, SourcePlace(line, place.keys, place.children), None)
        elif kind == "ScalarEvent":
            self._refuse_tag(event, line)
            plain = event.style is None or event.style == ""
            if self._expects_key():
                self._key(event.value, line, event.anchor)
            else:
                self._value(self._scalar(event.value, plain, line), SourcePlace(line), event.anchor)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._refuse_tag(event, line)
            if len(self._open) >= MAX_DEPTH:
                raise YamlTextError(f"nested more than {MAX_DEPTH} deep", line)
            if self._expects_key():
                raise YamlTextError("a key is a text, not a list or a mapping", line)
            self._open.append(_Open({} if kind[0] == "M" else [], SourcePlace(line), event.anchor))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            done = self._open.pop()
            self._value(done.data, done.place, done.anchor)

    def _start_document(self, event: Any, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            raise YamlTextError("a second document begins here, only one is read", line)
        if event.version is not None and tuple(event.version) != (1, 2):
            raise YamlTextError(f"YAML {'.'.join(map(str, event.version))} is not read, only YAML 1.2", line)

    def _expects_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].data, dict) and self._open[-1].key is None

    def _path(self) -> tuple[str | int, ...]:
        """Of the value that comes next."""
        return tuple(len(o.data) if isinstance(o.data, list) else o.key for o in self._open)  # type: ignore[misc]

    def _problem(self, line: int, message: str) -> None:
        path = self._path()
        self.problems.append(YamlProblem(line, path[:-1] if path and path[-1] is None else path, message))

    def _refuse_tag(self, event: Any, line: int) -> None:
        if event.tag is not None:
            self._problem(line, f"tag {shown(str(event.tag))} is not read")

    def _key(self, text: str, line: int, anchor: str | None) -> None:
        mapping = self._open[-1]
        assert isinstance(mapping.data, dict)
        mapping.key, mapping.key_line = harmless(text), line  # as a problem's path shows it
        mapping.key = text = self._scalar(text, False, line)
        mapping.ignored = text in mapping.data
        if mapping.ignored:
            self._problem(line, f"{GIVEN_TWICE}, first on line {mapping.place.keys[text]}")
        if anchor is not None:
            self._anchors[anchor] = (text, SourcePlace(line))

    def _value(self, data: Any, place: SourcePlace, anchor: str | None) -> None:
        if self._expects_key():  # an alias
            if not isinstance(data, str):
                raise YamlTextError("a key is a text", place.line)
            self._key(data, place.line, None)
            return
        place.values = 1 + sum(child.values for child in place.children.values())
        self._values += 1
        if place.values > MAX_VALUES or self._values > MAX_VALUES:
            raise YamlTextError(f"more than {MAX_VALUES} values (aliases count as what they name)", place.line)
        if anchor is not None:
            self._anchors[anchor] = (data, place)
        if not self._open:
            self.data, self.place = data, place
            return
        parent = self._open[-1]
        if isinstance(parent.data, list):
            parent.place.children[len(parent.data)] = place
            parent.data.append(data)
            return
        assert parent.key is not None
        if not parent.ignored:
            parent.data[parent.key] = data
            parent.place.children[parent.key] = place
            parent.place.keys[parent.key] = parent.key_line
        parent.key = None

    def _scalar(self, text: str, plain: bool, line: int) -> Any:
        """The value of a scalar by the core schema."""
        if bad := _NOT_TEXT.search(text):
            self._problem(line, f"character {shown(bad[0])} is not allowed in a text")
            return harmless(text)
        if not plain:
            return text
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        return self._number(text, line)

    def _number(self, text: str, line: int) -> int | float | str:
        bases = ((_INTEGER, 10), (_OCTAL, 8), (_HEXADECIMAL, 16))
        base = next((base for pattern, base in bases if pattern.fullmatch(text)), None)
        if (base or _FLOAT.fullmatch(text)) and len(text) > MAX_DIGITS:
            self._problem(line, f"a number has at most {MAX_DIGITS} characters, found {len(text)}")
            return 0
        if base is not None:
            return int(text.removeprefix("0o") if base == 8 else text, base)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _INFINITE.fullmatch(text):
            return float(text.replace(".", ""))
        return float("nan") if text in _NOT_A_NUMBER else text
