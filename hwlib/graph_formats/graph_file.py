"""A graph file under reading: its bytes, whole or by lines, and what every format asks of words in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hwlib.errors import InputError, shown
from hwlib.quantities import parse_number
from hwlib.storage.binary_kinds import binary_kind
from hwlib.storage.files import unix_lines

MAX_EDGES = 1_000_000
MAX_BYTES = 256 * 2**20  # of a file that is read by lines
MAX_WHOLE = 64 * 2**20  # of one that is read whole
READ = "formats read: rudy/Gset, Matrix Market, DIMACS, METIS, GML, GraphML"
_MAX_LINE = 4096
_HEAD = 64 * 1024  # in which a format must show itself
_LARGEST = 1e100  # weight: sums of a million stay far from overflow

Line = tuple[int, str]


@dataclass(frozen=True)
class GraphFile:
    """An open graph file.

    Attributes:
        path: for messages.
        stream: its bytes.
        max_nodes: larger graphs are refused.
        weight: edge attribute to take as the weight, in formats that have attributes; None: every edge counts 1.
        directed: whether a directed graph is asked for: directed edges stay as they are, others count both ways.
    """

    path: Path
    stream: BinaryIO
    max_nodes: int
    weight: str | None = None
    directed: bool = False

    def refuse(self, line: int, what: str) -> InputError:
        """The error that names a line of the file."""
        return InputError(f"{self.path}:{line}: {what}")

    def refuse_binary(self, begins: bytes) -> None:
        """Refuse by its first bytes what is no text, or one in UTF-16 or UTF-32: only XML says itself what it is in."""
        if (kind := binary_kind(begins[: len(begins) // 2 * 2])) is not None:  # a line ends within a UTF-16 character
            raise self.refuse(1, f"not UTF-8 text but {kind}")

    def whole(self) -> bytes:
        """All bytes.

        Raises:
            InputError: more than ``MAX_WHOLE``.
        """
        content = self.stream.read(MAX_WHOLE + 1)
        if len(content) > MAX_WHOLE:
            raise InputError(f"{self.path}: larger than {MAX_WHOLE // 2**20} MiB")
        return content

    def first_line(self) -> Line:
        """The first line that is neither empty nor a comment with ``#``, looked up without reading on."""
        head = self.stream.read(_HEAD)
        self.stream.seek(0)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16, of formats read here only XML may be
            head = head.decode("utf-16", "replace").encode()
        text = unix_lines(head.decode("utf-8-sig", "replace"))
        lines = enumerate((line.strip() for line in text.split("\n")), 1)
        return next((line for line in lines if line[1] and not line[1].startswith("#")), (1, ""))

    def lines(self, comments: tuple[str, ...], *, blank: bool = False, longest: int = _MAX_LINE) -> Iterator[Line]:
        """Number and text of each line that says something, decoded and bounded: the file is never read whole.

        Args:
            comments: how lines begin that say nothing.
            blank: whether empty lines say something.
            longest: bytes of a line.

        Raises:
            InputError: binary data, or an endless line.
        """
        for number, raw in enumerate(self._raw_lines(longest + 1), 1):
            if number == 1:
                self.refuse_binary(raw)
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise self.refuse(number, f"not a text file; {READ}") from None
            if "\0" in text or len(raw) > longest:
                raise self.refuse(number, f"not a graph file (binary data or an endless line); {READ}")
            if (text or blank) and not text.startswith(comments):
                yield number, text

    def _raw_lines(self, longest: int) -> Iterator[bytes]:
        """Lines up to a length; where CR ends them, as its first bytes say, all that is longer ends them too."""
        place = self.stream.tell()
        head = self.stream.read(_HEAD)
        self.stream.seek(place)
        if b"\n" in head or b"\r" not in head:
            while raw := self.stream.readline(longest):
                yield raw
            return
        rest = b""
        while len(rest) < longest and (block := self.stream.read(_HEAD)):
            *whole, rest = (rest + block).split(b"\r")
            yield from whole
        if rest:
            yield rest[:longest]

    def counts(self, line: Line, words: list[str], what: str, *, edges: bool = True) -> list[int]:
        """Whole numbers of a header whose first says how many nodes there are.

        Args:
            line: it, for messages.
            words: those that are numbers.
            what: their meaning, a word each.
            edges: whether the last says how many edges there are.

        Raises:
            InputError: other words, or a graph that is too large.
        """
        number, text = line
        if len(words) != len(what.split()) or not all(word.isascii() and word.isdigit() for word in words):
            raise self.refuse(number, f"found {shown(text, 30)}, allowed '{what}' in whole numbers; {READ}")
        if any(len(word) > 18 for word in words):
            raise self.refuse(number, f"{what} {shown(text)} is too large")
        values = [int(word) for word in words]
        self.check_nodes(number, values[0])
        if edges and not 1 <= values[-1] <= MAX_EDGES:
            raise self.refuse(number, f"{values[-1]} edges, allowed 1 to {MAX_EDGES}")
        return values

    def check_nodes(self, line: int, nodes: int) -> None:
        """Refuse a number of nodes that is out of range."""
        if not 1 <= nodes <= self.max_nodes:
            raise self.refuse(line, f"{nodes} nodes, allowed 1 to {self.max_nodes}")

    def number(self, line: int, word: str) -> float:
        """A weight.

        Raises:
            InputError: no finite number, one whose sums would overflow, or a whole one that would be rounded: cuts that
                are said to be exact would not be.
        """
        try:
            weight = parse_number(word)
        except ValueError:
            weight = math.nan
        if not math.isfinite(weight) or abs(weight) > _LARGEST:
            raise self.refuse(line, f"weight {shown(word)}, allowed finite numbers up to ±{_LARGEST:g}")
        if word.lstrip("+-").isdigit() and int(word) != int(weight):
            raise self.refuse(line, f"weight {shown(word)} would become {int(weight)}; whole ones are exact up to 2^53")
        return weight

    def without_attributes(self) -> None:
        """Refuse ``weight`` for a format whose weights have no names."""
        if self.weight is not None:
            raise InputError(
                f"{self.path}: weight {shown(self.weight)} names an edge attribute of GML or GraphML; "
                "the weights of this format have no name"
            )
